//! SM2 keys, signatures and encryption (GB/T 32918). Coordinates, r, s and digests are 32 bytes, big-endian.

use super::asn1;
use super::sm3;
use ::sm2::SecretKey;
use ::sm2::dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::Generate;
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::pke::{DecryptingKey, EncryptingKey, Mode};
use der::{SliceReader, Tag};
use pkcs8::DecodePrivateKey;
use zeroize::Zeroizing;

/// The identity everyone uses when nothing is agreed (GM/T 0009 §10).
pub const DEFAULT_ID: &str = "1234567812345678";

/// Longest DER signature: two INTEGERs of 33 bytes.
const LONGEST_SIGNATURE: usize = 72;
/// Longest DER cipher text that is read.
const LONGEST_CIPHER: usize = 16 * 1024 * 1024;

/// Why a cryptographic operation was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CryptoError {
    /// Data is not a whole number of blocks.
    #[error("data has the wrong length")]
    Length,
    /// Bytes are not a point, scalar, signature or cipher text of this curve.
    #[error("not a valid SM2 value")]
    Value,
    /// Signature or hash did not match.
    #[error("verification failed")]
    Verification,
    /// The system's random source failed.
    #[error("no random numbers")]
    Random,
    /// Bytes are not the DER structure they should be.
    #[error("malformed DER")]
    Encoding,
    /// Well-formed, but of a type or algorithm not handled here.
    #[error("type or algorithm not supported")]
    Unsupported,
}

/// An SM2 public key, X‖Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 64]);

impl PublicKey {
    /// X coordinate.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        self.0.split_at(32).0
    }

    /// Y coordinate.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        self.0.split_at(32).1
    }

    /// `04‖X‖Y`, the form of certificates and of GM/T 0009.
    #[must_use]
    pub fn uncompressed(&self) -> [u8; 65] {
        let mut bytes = [4; 65];
        for (to, from) in bytes.iter_mut().skip(1).zip(&self.0) {
            *to = *from;
        }
        bytes
    }

    /// Reads `04‖X‖Y` and checks that the point is on the curve.
    ///
    /// # Errors
    /// [`CryptoError::Value`].
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, CryptoError> {
        let Some((4, xy)) = bytes.split_first() else { return Err(CryptoError::Value) };
        let key = Self(xy.try_into().map_err(|_| CryptoError::Value)?);
        key.verifying(DEFAULT_ID)?;
        Ok(key)
    }

    /// Reads `04‖X‖Y`, or X with the parity of Y in front (`02‖X`, `03‖X`; SEC 1 §2.3.4).
    ///
    /// # Errors
    /// [`CryptoError::Value`].
    pub(super) fn from_point(bytes: &[u8]) -> Result<Self, CryptoError> {
        match bytes.first() {
            Some(2 | 3) => {
                let key = ::sm2::PublicKey::from_sec1_bytes(bytes).map_err(|_| CryptoError::Value)?;
                Self::from_uncompressed(key.to_sec1_point(false).as_bytes())
            }
            _ => Self::from_uncompressed(bytes),
        }
    }

    /// Reads `04‖X‖Y` in hex.
    ///
    /// # Errors
    /// [`CryptoError::Value`].
    pub fn from_hex(text: &str) -> Result<Self, CryptoError> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        Self::from_uncompressed(&bytes.ok_or(CryptoError::Value)?)
    }

    fn verifying(&self, id: &str) -> Result<VerifyingKey, CryptoError> {
        VerifyingKey::from_sec1_bytes(id, &self.uncompressed()).map_err(|_| CryptoError::Value)
    }

    /// Z of GB/T 32918.2: SM3 over identity, curve and public key.
    #[must_use]
    pub fn z(&self, id: &[u8]) -> [u8; 32] {
        let bits = u16::try_from(id.len() * 8).unwrap_or(u16::MAX).to_be_bytes();
        sm3(&[&bits, id, &CURVE, &self.0])
    }

    /// e = SM3(Z‖message): what a key signs.
    #[must_use]
    pub fn digest(&self, id: &[u8], message: &[u8]) -> [u8; 32] {
        sm3(&[&self.z(id), message])
    }

    /// Checks r‖s over a digest e.
    ///
    /// # Errors
    /// [`CryptoError::Verification`], or [`CryptoError::Value`] when key or signature are malformed.
    pub fn verify_digest(&self, e: &[u8; 32], signature: &[u8; 64]) -> Result<(), CryptoError> {
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::Value)?;
        self.verifying(DEFAULT_ID)?.verify_prehash(e, &signature).map_err(|_| CryptoError::Verification)
    }

    /// Checks r‖s over a message with the default identity.
    ///
    /// # Errors
    /// As [`PublicKey::verify_digest`].
    pub fn verify_message(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), CryptoError> {
        self.verify_digest(&self.digest(DEFAULT_ID.as_bytes(), message), signature)
    }

    /// SM2 encryption.
    ///
    /// # Errors
    /// [`CryptoError::Value`] for a point off the curve or an empty message, [`CryptoError::Random`].
    pub fn encrypt(&self, message: &[u8]) -> Result<Sm2Cipher, CryptoError> {
        let key = EncryptingKey::from_sec1_bytes(&self.uncompressed()).map_err(|_| CryptoError::Value)?;
        let bytes = key.encrypt(&mut getrandom::SysRng, message).map_err(|_| CryptoError::Random)?;
        Sm2Cipher::from_raw(&bytes)
    }
}

/// a ‖ b ‖ xG ‖ yG of the curve sm2p256v1.
const CURVE: [u8; 128] = hex(b"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC\
      28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93\
      32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7\
      BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0");

/// Characteristic of the field.
pub(super) const PRIME: [u8; 32] = hex(b"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF");
/// Order of G.
pub(super) const ORDER: [u8; 32] = hex(b"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123");

/// Coefficients a and b, and G as X‖Y.
pub(super) fn curve() -> (&'static [u8], &'static [u8], &'static [u8]) {
    let (coefficients, generator) = CURVE.split_at(64);
    let (a, b) = coefficients.split_at(32);
    (a, b, generator)
}

#[allow(clippy::indexing_slicing)] // evaluated by the compiler: a wrong index fails the build
const fn hex<const DIGITS: usize, const BYTES: usize>(text: &[u8; DIGITS]) -> [u8; BYTES] {
    assert!(DIGITS == 2 * BYTES);
    const fn nibble(c: u8) -> u8 {
        if c <= b'9' { c - b'0' } else { c - b'A' + 10 }
    }
    let mut out = [0; BYTES];
    let mut i = 0;
    while i < BYTES {
        out[i] = nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]);
        i += 1;
    }
    out
}

/// An SM2 private key; wiped when dropped, never printed.
pub struct PrivateKey(SecretKey);

impl PrivateKey {
    /// A fresh key pair.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        SecretKey::try_generate().map(Self).map_err(|_| CryptoError::Random)
    }

    /// From the 32-byte scalar d.
    ///
    /// # Errors
    /// [`CryptoError::Value`] unless 1 ≤ d < n − 1 (GB/T 32918.2 excludes n − 1).
    pub fn from_bytes(d: &[u8]) -> Result<Self, CryptoError> {
        Self(SecretKey::from_slice(d).map_err(|_| CryptoError::Value)?).checked()
    }

    fn checked(self) -> Result<Self, CryptoError> {
        SigningKey::new(DEFAULT_ID, &self.0).map_err(|_| CryptoError::Value)?;
        Ok(self)
    }

    /// From PKCS#8 (RFC 5958) in DER.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] unless it is a key of this curve, [`CryptoError::Value`] for a scalar out of range.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let secret = SecretKey::from_pkcs8_der(der).map_err(|_| CryptoError::Encoding)?;
        Self(secret).checked()
    }

    /// The scalar d, for storing it sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let point = self.0.public_key().to_sec1_point(false);
        let mut xy = [0; 64];
        for (to, from) in xy.iter_mut().zip(point.as_bytes().iter().skip(1)) {
            *to = *from;
        }
        PublicKey(xy)
    }

    /// Signs a digest e, as a key does: r‖s.
    ///
    /// # Errors
    /// [`CryptoError::Value`] in the cases the standard excludes.
    pub fn sign_digest(&self, e: &[u8; 32]) -> Result<[u8; 64], CryptoError> {
        // built per operation: the library's signing key is not wiped on drop
        let key = SigningKey::new(DEFAULT_ID, &self.0).map_err(|_| CryptoError::Value)?;
        let signature: Signature = key.sign_prehash(e).map_err(|_| CryptoError::Value)?;
        Ok(signature.to_bytes().into())
    }

    /// Signs a message with the default identity: r‖s.
    ///
    /// # Errors
    /// As [`PrivateKey::sign_digest`].
    pub fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], CryptoError> {
        self.sign_digest(&self.public().digest(DEFAULT_ID.as_bytes(), message))
    }

    /// SM2 decryption.
    ///
    /// # Errors
    /// [`CryptoError::Value`] when C1 is off the curve, [`CryptoError::Verification`] when C3 does not match.
    pub fn decrypt(&self, cipher: &Sm2Cipher) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        PublicKey(cipher.point).verifying(DEFAULT_ID)?;
        // never printed: the library's Debug of this type shows the private scalar
        let key = DecryptingKey::new_with_mode(self.0.to_nonzero_scalar(), Mode::C1C3C2);
        key.decrypt(&cipher.to_raw()).map(Zeroizing::new).map_err(|_| CryptoError::Verification)
    }
}

/// SM2 cipher text in parts (GM/T 0009 §7.2: C1, C3, C2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sm2Cipher {
    /// C1: X‖Y.
    pub point: [u8; 64],
    /// C3.
    pub hash: [u8; 32],
    /// C2, as long as the message.
    pub text: Vec<u8>,
}

impl Sm2Cipher {
    /// `04‖C1‖C3‖C2`.
    #[must_use]
    pub fn to_raw(&self) -> Vec<u8> {
        [[4].as_slice(), &self.point, &self.hash, &self.text].concat()
    }

    /// Reads `04‖C1‖C3‖C2`.
    ///
    /// # Errors
    /// [`CryptoError::Value`].
    pub fn from_raw(bytes: &[u8]) -> Result<Self, CryptoError> {
        let Some((4, rest)) = bytes.split_first() else { return Err(CryptoError::Value) };
        let (point, rest) = rest.split_first_chunk().ok_or(CryptoError::Value)?;
        let (hash, text) = rest.split_first_chunk().ok_or(CryptoError::Value)?;
        Ok(Self { point: *point, hash: *hash, text: text.to_vec() })
    }

    /// `SEQUENCE { x INTEGER, y INTEGER, hash OCTET STRING, text OCTET STRING }` (GM/T 0009 §7.2).
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] never in practice.
    pub fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        let (x, y) = self.point.split_at(32);
        let octets = |bytes: &[u8]| asn1::element(Tag::OctetString, &[bytes]);
        asn1::sequence(&[&asn1::integer(x)?, &asn1::integer(y)?, &octets(&self.hash)?, &octets(&self.text)?])
    }

    /// Inverse of [`Sm2Cipher::to_der`]; whether C1 is on the curve shows when it is decrypted.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`], [`CryptoError::Value`] for a coordinate or hash of the wrong length.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        asn1::whole(bytes, LONGEST_CIPHER, Tag::Sequence, |reader| {
            let point = read_pair(reader, asn1::magnitude)?;
            let hash = asn1::content(reader, Tag::OctetString)?.try_into().map_err(|_| CryptoError::Value)?;
            Ok(Self { point, hash, text: asn1::content(reader, Tag::OctetString)?.to_vec() })
        })
    }
}

/// Two INTEGERs of at most 32 bytes, each filled up to 32.
fn read_pair<'a>(
    reader: &mut SliceReader<'a>,
    integer: impl Fn(&mut SliceReader<'a>) -> Result<&'a [u8], CryptoError>,
) -> Result<[u8; 64], CryptoError> {
    let mut out = [0; 64];
    for half in out.chunks_exact_mut(32) {
        let value = integer(reader)?;
        let start = 32usize.checked_sub(value.len()).ok_or(CryptoError::Value)?;
        for (to, from) in half.iter_mut().skip(start).zip(value) {
            *to = *from;
        }
    }
    Ok(out)
}

/// r‖s to `SEQUENCE { r INTEGER, s INTEGER }` (GM/T 0009 §7.3).
///
/// # Errors
/// [`CryptoError::Value`] never in practice: 32-byte integers always encode.
pub fn signature_to_der(signature: &[u8; 64]) -> Result<Vec<u8>, CryptoError> {
    let (r, s) = signature.split_at(32);
    let parts = asn1::integer(r).and_then(|r| asn1::sequence(&[&r, &asn1::integer(s)?]));
    parts.map_err(|_| CryptoError::Value)
}

/// Inverse of [`signature_to_der`]; strict DER.
///
/// # Errors
/// [`CryptoError::Value`].
pub fn signature_from_der(bytes: &[u8]) -> Result<[u8; 64], CryptoError> {
    asn1::whole(bytes, LONGEST_SIGNATURE, Tag::Sequence, |reader| read_pair(reader, asn1::unsigned))
        .map_err(|_| CryptoError::Value)
}

#[cfg(test)]
mod tests {
    use super::{
        CryptoError, DEFAULT_ID, PrivateKey, PublicKey, SecretKey, SigningKey, Sm2Cipher, signature_from_der,
        signature_to_der,
    };
    use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert};
    use zeroize::ZeroizeOnDrop;

    assert_not_impl_any!(PrivateKey: std::fmt::Debug, Clone);
    // all it holds is wiped when dropped; the library's signing key is not
    assert_impl_all!(SecretKey: ZeroizeOnDrop);
    const_assert!(size_of::<PrivateKey>() == size_of::<SecretKey>());
    assert_not_impl_any!(SigningKey: ZeroizeOnDrop);
    assert_impl_all!(crate::Sm4Key: ZeroizeOnDrop);

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let all: Vec<u8> = (0..N).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        all.try_into().unwrap()
    }

    /// The example of GB/T 32918.2 (wire-format/crypto-commands.md#sm2-example).
    #[test]
    fn z_e_and_the_signature_of_the_standard_example_hold() {
        let d =
            PrivateKey::from_bytes(&bytes::<32>("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"))
                .unwrap();
        let public = PublicKey(bytes(
            "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
             CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
        ));
        assert_eq!(d.public(), public);
        assert_eq!(
            public.z(DEFAULT_ID.as_bytes()),
            bytes("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
        );
        let e = public.digest(DEFAULT_ID.as_bytes(), b"message digest");
        assert_eq!(e, bytes("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"));
        let signature = bytes(
            "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3\
             B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
        );
        public.verify_digest(&e, &signature).unwrap();
        let mut wrong = e;
        wrong[0] ^= 1;
        assert_eq!(public.verify_digest(&wrong, &signature), Err(CryptoError::Verification));
    }

    #[test]
    fn der_signatures_round_trip_with_leading_zero_and_short_values() {
        let mut signature = [0xFF; 64];
        signature[32..40].fill(0);
        let der = signature_to_der(&signature).unwrap();
        assert_eq!(signature_from_der(&der), Ok(signature));
        assert_eq!(signature_from_der(&der[1..]), Err(CryptoError::Value));
    }

    #[test]
    fn a_point_off_the_curve_and_a_changed_cipher_text_are_refused() {
        assert_eq!(PublicKey::from_uncompressed(&[4; 65]), Err(CryptoError::Value));
        let key = PrivateKey::generate().unwrap();
        let mut cipher = key.public().encrypt(b"0123456789abcdef").unwrap();
        assert_eq!(*key.decrypt(&cipher).unwrap(), b"0123456789abcdef");
        cipher.text[0] ^= 1;
        assert_eq!(key.decrypt(&cipher).err(), Some(CryptoError::Verification));
        assert_eq!(Sm2Cipher::from_raw(&[4; 90]).err(), Some(CryptoError::Value));
    }
}
