//! CSRResponse (GM/T 0092 §8): what an authority answers to a request – certificates of the signing key, and with a second
//! key pair the enveloped key and its certificates. The certificates are sets: their order is lost, they are told apart by
//! their keys. IMPLICIT tags.

use super::CryptoError;
use super::asn1::{self, context, set_of};
use super::enveloped_key::EnvelopedKey;
use der::{SliceReader, Tag};

/// Longest response that is read.
const LONGEST: usize = 1024 * 1024;
/// Most certificates of one set.
const MOST_CERTIFICATES: usize = 32;

/// The answer to a request. Nothing in it is checked but its form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsrResponse {
    /// DER of the signing certificate and its authorities, in no order.
    pub sign: Vec<Vec<u8>>,
    /// The encryption key pair.
    pub key: Option<EnvelopedKey>,
    /// DER of the encryption certificate and its authorities, in no order.
    pub encrypt: Vec<Vec<u8>>,
}

impl CsrResponse {
    /// The response as DER; an empty `encrypt` is left out.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] never in practice.
    pub fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        let set = |tag, certificates: &[Vec<u8>]| set_of(tag, certificates.iter().map(Vec::as_slice));
        let mut parts = set(Tag::Set, &self.sign)?;
        if let Some(key) = &self.key {
            parts.extend(asn1::element(context(0), &[&key.content()?])?);
        }
        if !self.encrypt.is_empty() {
            parts.extend(set(context(1), &self.encrypt)?);
        }
        asn1::sequence(&[&parts])
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`], [`CryptoError::Unsupported`] when the key is not enveloped with SM4-ECB (as in Annex A of
    /// the standard, whose EncryptedData no token imports), [`CryptoError::Value`] for a public key off the curve.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        asn1::whole(bytes, LONGEST, Tag::Sequence, |reader| {
            let sign = asn1::inside(reader, Tag::Set, certificates)?;
            let key = asn1::inside_optional(reader, context(0), |reader| {
                if asn1::is_next(reader, Tag::Integer) {
                    return Err(CryptoError::Unsupported);
                }
                EnvelopedKey::read_content(reader)
            })?;
            let encrypt = asn1::inside_optional(reader, context(1), certificates)?.unwrap_or_default();
            Ok(Self { sign, key, encrypt })
        })
    }
}

fn certificates(reader: &mut SliceReader<'_>) -> Result<Vec<Vec<u8>>, CryptoError> {
    let all = asn1::elements(reader, MOST_CERTIFICATES)?;
    if !all.iter().all(|certificate| asn1::is_one(certificate, Tag::Sequence)) {
        return Err(CryptoError::Encoding);
    }
    Ok(all.into_iter().map(<[u8]>::to_vec).collect())
}
