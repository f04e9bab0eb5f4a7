//! SM2EnvelopedKey (GM/T 0009 §7.4): an encryption key pair on its way into a token. A fresh SM4 key is encrypted to the
//! token's signing key and encrypts the private half; only the token, or the holder of the signing key, opens it.

use super::asn1::{self, ECB, SM4_ECB, algorithm, bits};
use super::{CryptoError, PrivateKey, PublicKey, Sm2Cipher, Sm4Key, ecb_decrypt, ecb_encrypt, random};
use der::{Reader, SliceReader, Tag};

/// Longest structure that is read.
const LONGEST: usize = 4 * 1024;

/// An enveloped encryption key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopedKey {
    /// The SM4 key, encrypted to the signing key.
    pub wrapped: Sm2Cipher,
    /// Public half of the encryption key pair.
    pub public: PublicKey,
    /// Private half: 32 bytes, SM4-ECB.
    pub encrypted: Vec<u8>,
}

impl EnvelopedKey {
    /// Envelops a key pair for the holder of a signing key.
    ///
    /// # Errors
    /// [`CryptoError::Random`], [`CryptoError::Value`] for a signing key off the curve.
    pub fn build(for_signing_key: &PublicKey, encryption_key: &PrivateKey) -> Result<Self, CryptoError> {
        let key = Sm4Key::new(random()?);
        Ok(Self {
            wrapped: for_signing_key.encrypt(key.as_slice())?,
            public: encryption_key.public(),
            encrypted: ecb_encrypt(&key, encryption_key.to_bytes().as_slice())?,
        })
    }

    /// The structure as DER.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] never in practice.
    pub fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        asn1::element(Tag::Sequence, &[&self.content()?])
    }

    /// The elements of the structure, for when it is tagged otherwise.
    pub(super) fn content(&self) -> Result<Vec<u8>, CryptoError> {
        let (key, encrypted) = (bits(&self.public.uncompressed())?, bits(&self.encrypted)?);
        Ok([algorithm(SM4_ECB, &[])?, self.wrapped.to_der()?, key, encrypted].concat())
    }

    /// Reads DER. Of a private key that was padded with zeros to 64 bytes before it was encrypted, the second half is
    /// taken: in ECB it is the same as of the key alone.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for another algorithm than SM4-ECB, [`CryptoError::Encoding`], [`CryptoError::Value`]
    /// for a public key off the curve.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        asn1::whole(bytes, LONGEST, Tag::Sequence, Self::read_content)
    }

    /// Reads the elements of the structure.
    pub(super) fn read_content(reader: &mut SliceReader<'_>) -> Result<Self, CryptoError> {
        asn1::expect_algorithm(reader, &ECB)?;
        let wrapped = Sm2Cipher::from_der(reader.tlv_bytes()?)?;
        let public = PublicKey::from_uncompressed(asn1::read_bits(reader)?)?;
        let encrypted = match asn1::read_bits(reader)? {
            key if key.len() == 32 => key,
            padded if padded.len() == 64 => padded.split_at(32).1,
            _ => return Err(CryptoError::Encoding),
        };
        Ok(Self { wrapped, public, encrypted: encrypted.to_vec() })
    }

    /// Opens the envelope and checks that private and public half fit.
    ///
    /// # Errors
    /// [`CryptoError::Verification`] when it is for another signing key or the halves do not fit, [`CryptoError::Value`]
    /// when it does not hold an SM4 key and a private key.
    pub fn open(&self, signing_key: &PrivateKey) -> Result<PrivateKey, CryptoError> {
        let key = signing_key.decrypt(&self.wrapped)?;
        let key = Sm4Key::new(key.as_slice().try_into().map_err(|_| CryptoError::Value)?);
        let private = PrivateKey::from_bytes(&ecb_decrypt(&key, &self.encrypted)?)?;
        if private.public() == self.public { Ok(private) } else { Err(CryptoError::Verification) }
    }
}
