//! Certificate requests (PKCS#10, RFC 2986; for SM2 GM/T 0092 §6) whose signature comes from elsewhere: the key is on a
//! token that signs digests. Invariants: the subject goes in unchanged; a request leaves here only with a signature that
//! fits; one that comes in is checked over the received bytes.

use super::asn1::{self, Signed, context, integer, sequence};
use super::{CryptoError, DEFAULT_ID, PublicKey};
use der::Tag;

/// Longest request that is read.
const LONGEST: usize = 64 * 1024;

/// What a request says, not yet signed.
pub struct UnsignedCsr {
    info: Vec<u8>,
    key: PublicKey,
}

impl UnsignedCsr {
    /// A request for `key`. `subject` is a DER Name and goes in unchanged.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] when `subject` is not one SEQUENCE.
    pub fn new(subject: &[u8], key: &PublicKey) -> Result<Self, CryptoError> {
        if !asn1::is_one(subject, Tag::Sequence) {
            return Err(CryptoError::Encoding);
        }
        let attributes = asn1::element(context(0), &[])?;
        let info = sequence(&[&integer(&[0])?, subject, &key.to_key_info()?, &attributes])?;
        Ok(Self { info, key: *key })
    }

    /// What the key has to sign: e = SM3(Z‖CertificationRequestInfo), Z with the default identity.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.key.digest(DEFAULT_ID.as_bytes(), &self.info)
    }

    /// The request as DER, given the signature r‖s over [`UnsignedCsr::digest`].
    ///
    /// # Errors
    /// [`CryptoError::Verification`] when the signature is not by the key.
    pub fn finish(self, signature: &[u8; 64]) -> Result<Vec<u8>, CryptoError> {
        self.key.verify_digest(&self.digest(), signature)?;
        Signed::write(&self.info, signature)
    }
}

/// A request whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    /// Subject it asks for: DER Name.
    pub subject: Vec<u8>,
    /// Key it asks for, whose private half signed.
    pub key: PublicKey,
}

impl Csr {
    /// Reads a DER request and checks its signature over the received bytes. Attributes are not read.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`], [`CryptoError::Unsupported`] for other algorithms, [`CryptoError::Value`] for a point off
    /// the curve, [`CryptoError::Verification`].
    pub fn verified(der: &[u8]) -> Result<Self, CryptoError> {
        let signed = Signed::read(der, LONGEST)?;
        let (subject, key) = asn1::whole(signed.body, LONGEST, Tag::Sequence, |reader| {
            if !asn1::unsigned(reader)?.is_empty() {
                return Err(CryptoError::Unsupported);
            }
            let subject = asn1::raw(reader, Tag::Sequence)?;
            let key = PublicKey::from_key_info(asn1::raw(reader, Tag::Sequence)?)?;
            asn1::rest(reader)?;
            Ok((subject.to_vec(), key))
        })?;
        key.verify_message(signed.body, &signed.signature)?;
        Ok(Self { subject, key })
    }
}
