//! Certificates as they are received (RFC 5280 §4.1), read into slices: what issuing, signed data and responses need to
//! know of them. Whom to trust is decided elsewhere.

use super::asn1::{self, Signed, context};
use super::{CryptoError, PublicKey};
use der::asn1::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::time::Validity;

/// Longest certificate that is read.
pub(super) const LONGEST: usize = 64 * 1024;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// The fields of a certificate, borrowed from its DER.
pub(super) struct Fields<'a> {
    /// Serial number, big-endian without leading zeros.
    pub(super) serial: &'a [u8],
    /// Issuer, DER Name.
    pub(super) issuer: &'a [u8],
    validity: &'a [u8],
    /// Subject, DER Name.
    pub(super) subject: &'a [u8],
    key_info: &'a [u8],
    extensions: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// Reads a certificate signed by anyone with anything.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CryptoError> {
        asn1::whole(certificate, LONGEST, Tag::Sequence, |reader| {
            let fields = asn1::inside(reader, Tag::Sequence, Self::read_body)?;
            asn1::rest(reader)?;
            Ok(fields)
        })
    }

    fn read_body(reader: &mut SliceReader<'a>) -> Result<Self, CryptoError> {
        asn1::inside_optional(reader, context(0), asn1::rest)?;
        let serial = asn1::unsigned(reader)?;
        asn1::read_algorithm(reader)?;
        let mut next = || asn1::raw(reader, Tag::Sequence);
        let (issuer, validity, subject, key_info) = (next()?, next()?, next()?, next()?);
        let mut extensions = None;
        while !reader.is_finished() {
            let element = reader.tlv_bytes()?;
            if Tag::from_der(element.get(..1).unwrap_or_default()).is_ok_and(|tag| tag == context(3)) {
                extensions = Some(element);
            }
        }
        Ok(Self { serial, issuer, validity, subject, key_info, extensions })
    }

    /// The public key.
    pub(super) fn key(&self) -> Result<PublicKey, CryptoError> {
        asn1::read_key_info(self.key_info)
    }

    /// Content of the OCTET STRING of an extension.
    fn extension(&self, wanted: ObjectIdentifier) -> Result<Option<&'a [u8]>, CryptoError> {
        let Some(extensions) = self.extensions else { return Ok(None) };
        let all = asn1::whole(extensions, LONGEST, context(3), |reader| {
            asn1::inside(reader, Tag::Sequence, |reader| asn1::elements(reader, 64))
        })?;
        for extension in all {
            let (oid, value) = asn1::whole(extension, LONGEST, Tag::Sequence, |reader| {
                let oid: ObjectIdentifier = reader.decode()?;
                asn1::inside_optional(reader, Tag::Boolean, asn1::rest)?;
                Ok((oid, asn1::content(reader, Tag::OctetString)?))
            })?;
            if oid == wanted {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Whether it may certify others: basicConstraints say so, and the key usage, if there is one, too.
    pub(super) fn is_authority(&self) -> Result<bool, CryptoError> {
        let Some(constraints) = self.extension(BASIC_CONSTRAINTS)? else { return Ok(false) };
        let usage = self.extension(KEY_USAGE)?.map(KeyUsage::from_der).transpose()?;
        Ok(BasicConstraints::from_der(constraints)?.ca && usage.is_none_or(|usage| usage.key_cert_sign()))
    }
}

/// The subject of a certificate: DER Name, unchanged.
///
/// # Errors
/// [`CryptoError::Encoding`].
pub fn subject_der(certificate: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(Fields::read(certificate)?.subject.to_vec())
}

/// The public key of a certificate.
///
/// # Errors
/// [`CryptoError::Encoding`], [`CryptoError::Unsupported`] unless it is an SM2 key, [`CryptoError::Value`] for a point off
/// the curve.
pub fn public_key_of(certificate: &[u8]) -> Result<PublicKey, CryptoError> {
    Fields::read(certificate)?.key()
}

/// The serial number of a certificate, big-endian without leading zeros.
///
/// # Errors
/// [`CryptoError::Encoding`], also for a negative one.
pub fn serial_of(certificate: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(Fields::read(certificate)?.serial.to_vec())
}

/// First and last second of a certificate's validity, in seconds since 1970 UTC.
///
/// # Errors
/// [`CryptoError::Encoding`].
pub fn validity_of(certificate: &[u8]) -> Result<(i64, i64), CryptoError> {
    let validity: Validity = Validity::from_der(Fields::read(certificate)?.validity)?;
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs());
    match (seconds(validity.not_before), seconds(validity.not_after)) {
        (Ok(from), Ok(until)) => Ok((from, until)),
        _ => Err(CryptoError::Encoding),
    }
}

/// Checks one link of a chain: `issuer` may certify, has the name the certificate gives, and signed the received bytes.
/// Validity, path lengths and revocation are not looked at.
///
/// # Errors
/// [`CryptoError::Verification`] when the link does not hold, [`CryptoError::Encoding`], [`CryptoError::Unsupported`] for
/// other algorithms than SM2 with SM3.
pub fn verify_issued(certificate: &[u8], issuer: &[u8]) -> Result<(), CryptoError> {
    let (fields, issuer) = (Fields::read(certificate)?, Fields::read(issuer)?);
    if fields.issuer != issuer.subject || !issuer.is_authority()? {
        return Err(CryptoError::Verification);
    }
    let signed = Signed::read(certificate, LONGEST)?;
    issuer.key()?.verify_message(signed.body, &signed.signature)
}
