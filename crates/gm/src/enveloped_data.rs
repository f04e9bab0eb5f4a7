//! EnvelopedData (GM/T 0010 §9, GB/T 35275) for one recipient: the content under SM4-CBC, its key encrypted to the
//! recipient's certificate. Written strictly, read tolerantly. It hides, it does not authenticate: who needs to know the
//! sender signs.

use super::asn1::{
    self, CBC, DATA, ENVELOPED_DATA, KEY_ENCRYPTIONS, SM2_ENCRYPT, SM4_CBC, algorithm, context, context_primitive,
    element, integer, sequence, set_of,
};
use super::signed_data::{expect_type, issuer_and_serial};
use super::{CryptoError, Holder, PrivateKey, Sm2Cipher, Sm4Key, cbc_decrypt, cbc_encrypt, random};
use der::asn1::OctetStringRef;
use der::{Encode, SliceReader, Tag};
use zeroize::Zeroizing;

/// Longest structure that is read.
const LONGEST: usize = 16 * 1024 * 1024;
const BLOCK: usize = 16;

/// Seals `plain` for the holder of a certificate; the result is DER of version 1.
///
/// # Errors
/// [`CryptoError::Random`].
pub fn seal(recipient: &Holder<'_>, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = Sm4Key::new(random()?);
    let iv: [u8; BLOCK] = random()?;
    let wrapped = recipient.key.encrypt(key.as_slice())?;
    let encrypted = cbc_encrypt(&key, &iv, &padded(plain))?;
    let one = integer(&[1])?;
    let recipient_info = sequence(&[
        &one,
        &sequence(&[recipient.issuer, &element(Tag::Integer, &[&recipient.serial])?])?,
        &algorithm(SM2_ENCRYPT, &[])?,
        &element(Tag::OctetString, &[&wrapped.to_der()?])?,
    ])?;
    let [data_type, _] = DATA;
    let [enveloped_type, _] = ENVELOPED_DATA;
    let content = sequence(&[
        &data_type.to_der()?,
        &algorithm(SM4_CBC, &OctetStringRef::new(&iv)?.to_der()?)?,
        &element(context_primitive(0), &[&encrypted])?,
    ])?;
    let enveloped = sequence(&[&one, &set_of(Tag::Set, [recipient_info.as_slice()])?, &content])?;
    sequence(&[&enveloped_type.to_der()?, &element(context(0), &[&enveloped])?])
}

/// Sealed data for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The SM4 key, encrypted to the recipient.
    pub wrapped: Sm2Cipher,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    iv: [u8; BLOCK],
    encrypted: Vec<u8>,
}

impl Sealed {
    /// Reads DER.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] also for more than one recipient, [`CryptoError::Unsupported`] for another type, algorithm
    /// or way of naming the recipient.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        asn1::whole(bytes, LONGEST, Tag::Sequence, |reader| {
            expect_type(reader, &ENVELOPED_DATA)?;
            asn1::inside(reader, context(0), |reader| asn1::inside(reader, Tag::Sequence, Self::read))
        })
    }

    fn read(reader: &mut SliceReader<'_>) -> Result<Self, CryptoError> {
        asn1::unsigned(reader)?;
        let (issuer, serial, wrapped) =
            asn1::inside(reader, Tag::Set, |reader| asn1::inside(reader, Tag::Sequence, recipient))?;
        let (iv, encrypted) = asn1::inside(reader, Tag::Sequence, |reader| {
            expect_type(reader, &DATA)?;
            let (oid, iv) = asn1::read_algorithm(reader)?;
            if !CBC.contains(&oid) {
                return Err(CryptoError::Unsupported);
            }
            let iv = iv.and_then(|iv| iv.decode_as::<&OctetStringRef>().ok()).ok_or(CryptoError::Encoding)?;
            let iv = iv.as_bytes().try_into().map_err(|_| CryptoError::Encoding)?;
            Ok((iv, asn1::content(reader, context_primitive(0))?))
        })?;
        Ok(Self { wrapped, issuer: issuer.to_vec(), serial: serial.to_vec(), iv, encrypted: encrypted.to_vec() })
    }

    /// Whose certificate it is for: issuer (DER Name) and serial number (content of the INTEGER).
    #[must_use]
    pub fn recipient(&self) -> (&[u8], &[u8]) {
        (&self.issuer, &self.serial)
    }

    /// Opens it with the 16-byte SM4 key, which a token took from [`Sealed::wrapped`].
    ///
    /// # Errors
    /// [`CryptoError::Length`] for a key of another length, [`CryptoError::Verification`] when what comes out is not padded
    /// as it should be.
    pub fn open_with_key(&self, sm4_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = Sm4Key::new(sm4_key.try_into().map_err(|_| CryptoError::Length)?);
        let mut plain = cbc_decrypt(&key, &self.iv, &self.encrypted).map_err(|_| CryptoError::Verification)?;
        let fill = plain.last().copied().unwrap_or_default();
        let length = plain.len().checked_sub(usize::from(fill)).ok_or(CryptoError::Verification)?;
        let right = (1..=BLOCK).contains(&usize::from(fill)) && plain.iter().skip(length).all(|byte| *byte == fill);
        if !right {
            return Err(CryptoError::Verification);
        }
        plain.truncate(length);
        Ok(plain)
    }

    /// Opens it with the recipient's private key.
    ///
    /// # Errors
    /// [`CryptoError::Verification`] when it is for another key; as [`Sealed::open_with_key`].
    pub fn open(&self, key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.open_with_key(&key.decrypt(&self.wrapped)?)
    }
}

fn recipient<'a>(reader: &mut SliceReader<'a>) -> Result<(&'a [u8], &'a [u8], Sm2Cipher), CryptoError> {
    asn1::unsigned(reader)?;
    if !asn1::is_next(reader, Tag::Sequence) {
        return Err(CryptoError::Unsupported);
    }
    let (issuer, serial) = issuer_and_serial(reader)?;
    asn1::expect_algorithm(reader, &KEY_ENCRYPTIONS)?;
    let wrapped = Sm2Cipher::from_der(asn1::content(reader, Tag::OctetString)?)?;
    Ok((issuer, serial, wrapped))
}

/// PKCS#7 padding (RFC 5652 §6.3): n bytes n, at least one.
fn padded(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = (plain.len() / BLOCK + 1) * BLOCK;
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.extend_from_slice(plain);
    // at most a block, so it fits
    out.resize(length, u8::try_from(length - plain.len()).unwrap_or_default());
    out
}
