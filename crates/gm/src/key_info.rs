//! SubjectPublicKeyInfo of SM2 keys (GM/T 0009 §7.1, RFC 5480): written in one form, read in all that occur.

use super::asn1::{self, EC_PUBLIC_KEY, SM2, algorithm, bits, is_sm2_curve, sequence};
use super::{CryptoError, PublicKey, sm2};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};

const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
/// Longest structure that is read: with the whole curve in it.
const LONGEST: usize = 1024;

impl PublicKey {
    /// The key as id-ecPublicKey with the name of the curve, uncompressed.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`] never in practice.
    pub(super) fn to_key_info(self) -> Result<Vec<u8>, CryptoError> {
        sequence(&[&algorithm(EC_PUBLIC_KEY, &SM2.to_der()?)?, &bits(&self.uncompressed())?])
    }

    /// Reads a SubjectPublicKeyInfo (DER): the algorithm id-ecPublicKey with the curve by name or by all its numbers, or the
    /// name of the curve as the algorithm itself; the point compressed or not.
    ///
    /// # Errors
    /// [`CryptoError::Encoding`], [`CryptoError::Unsupported`] for another algorithm or curve, [`CryptoError::Value`] for a
    /// point off the curve.
    pub fn from_key_info(bytes: &[u8]) -> Result<Self, CryptoError> {
        asn1::whole(bytes, LONGEST, Tag::Sequence, |reader| {
            let (oid, parameters) = asn1::read_algorithm(reader)?;
            let sm2 = match parameters {
                None => oid == SM2,
                Some(parameters) if parameters.is_null() => oid == SM2,
                Some(parameters) if is_sm2_curve(parameters) => oid == SM2 || oid == EC_PUBLIC_KEY,
                Some(parameters) => oid == EC_PUBLIC_KEY && is_explicit_sm2(parameters),
            };
            if !sm2 {
                return Err(CryptoError::Unsupported);
            }
            Self::from_point(asn1::read_bits(reader)?)
        })
    }
}

/// Whether a curve given by its numbers (X9.62 ECParameters) is that of SM2: each number is compared, a seed says nothing.
fn is_explicit_sm2(parameters: AnyRef<'_>) -> bool {
    let numbers = SliceReader::new(parameters.value()).map_err(CryptoError::from);
    parameters.tag() == Tag::Sequence && numbers.and_then(compare_with_sm2).is_ok()
}

fn compare_with_sm2(mut reader: SliceReader<'_>) -> Result<(), CryptoError> {
    let same = |right: bool| if right { Ok(()) } else { Err(CryptoError::Unsupported) };
    same(asn1::unsigned(&mut reader)? == [1])?;
    asn1::inside(&mut reader, Tag::Sequence, |reader| {
        same(ObjectIdentifier::decode(reader)? == PRIME_FIELD)?;
        same(asn1::unsigned(reader)? == sm2::PRIME)
    })?;
    let (a, b, generator) = sm2::curve();
    asn1::inside(&mut reader, Tag::Sequence, |reader| {
        same(asn1::content(reader, Tag::OctetString)? == a)?;
        same(asn1::content(reader, Tag::OctetString)? == b)?;
        asn1::rest(reader)?;
        Ok(())
    })?;
    same(PublicKey::from_point(asn1::content(&mut reader, Tag::OctetString)?)?.0 == generator)?;
    same(asn1::unsigned(&mut reader)? == sm2::ORDER)?;
    if !reader.is_finished() {
        same(asn1::unsigned(&mut reader)? == [1])?;
    }
    Ok(reader.finish()?)
}
