//! SignedData (GM/T 0010 §8, GB/T 35275) with one signer. Written strictly, read tolerantly: the identifiers seen in the
//! field all stand for the same algorithms (SM3, SM2), with parameters NULL or absent. What is hashed are the received
//! bytes, never an encoding of our own. Whether the signer's certificate is trusted is decided elsewhere.

use super::asn1::{
    self, DATA, DIGESTS, SIGNATURES, SIGNED_DATA, SM2_SIGN, SM3, algorithm, context, element, integer, sequence, set_of,
};
use super::{CryptoError, Holder, PublicKey, signature_from_der, signature_to_der, sm3};
use der::asn1::ObjectIdentifier;
use der::{Encode, Reader, SliceReader, Tag};

/// Longest structure that is read.
const LONGEST: usize = 16 * 1024 * 1024;
/// Most certificates, signed attributes.
const MOST: usize = 32;
/// Attribute contentType (RFC 5652 §11.1).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// Attribute messageDigest (RFC 5652 §11.2).
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// Whether the content is part of the signed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// It is.
    Attached,
    /// It travels by itself.
    Detached,
}

/// Builds signed data of version 1 as DER: SM3, SM2, no attributes, the signer's certificate inside. `certificate` is DER,
/// `signer` what it says, `signature` r‖s over e = SM3(Z‖content), Z by the signer's key and the default identity.
///
/// # Errors
/// [`CryptoError::Verification`] when the signature is not by the signer's key.
pub fn build(
    certificate: &[u8],
    signer: &Holder<'_>,
    content: &[u8],
    kind: Content,
    signature: &[u8; 64],
) -> Result<Vec<u8>, CryptoError> {
    signer.key.verify_message(content, signature)?;
    let one = integer(&[1])?;
    let digest = algorithm(SM3, &[])?;
    let data = match kind {
        Content::Attached => element(context(0), &[&element(Tag::OctetString, &[content])?])?,
        Content::Detached => Vec::new(),
    };
    let signer_info = sequence(&[
        &one,
        &sequence(&[signer.issuer, &element(Tag::Integer, &[&signer.serial])?])?,
        &digest,
        &algorithm(SM2_SIGN, &[])?,
        &element(Tag::OctetString, &[&signature_to_der(signature)?])?,
    ])?;
    let [data_type, _] = DATA;
    let [signed_type, _] = SIGNED_DATA;
    let signed = sequence(&[
        &one,
        &set_of(Tag::Set, [digest.as_slice()])?,
        &sequence(&[&data_type.to_der()?, &data])?,
        &set_of(context(0), [certificate])?,
        &set_of(Tag::Set, [signer_info.as_slice()])?,
    ])?;
    sequence(&[&signed_type.to_der()?, &element(context(0), &[&signed])?])
}

/// Signed data whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// DER of the signer's certificate, as it came with the signature: not yet trusted.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: PublicKey,
    /// The content, when it was attached.
    pub content: Option<Vec<u8>>,
}

/// Whom signed data name as their signer.
#[derive(Clone, Copy, Debug)]
pub struct SignerId<'a> {
    /// Issuer of the certificate: DER Name.
    pub issuer: &'a [u8],
    /// Serial number of the certificate: content of an INTEGER.
    pub serial: &'a [u8],
}

/// Reads signed data and checks the signature of its only signer, whose certificate must be in it: `find` takes it, with its
/// key, from the certificates that came along. The content is the attached one, or `detached`; when both are given they must
/// be the same.
///
/// # Errors
/// [`CryptoError::Verification`] when the signature, the digest or the content is not right; [`CryptoError::Encoding`] for
/// bad DER, no content, not exactly one signer; what `find` gives when it finds none; [`CryptoError::Unsupported`] for
/// another type or algorithm; [`CryptoError::Value`] for a malformed signature.
pub fn verify(
    p7: &[u8],
    detached: Option<&[u8]>,
    find: impl for<'a> FnOnce(SignerId<'a>, &[&'a [u8]]) -> Result<(&'a [u8], PublicKey), CryptoError>,
) -> Result<Verified, CryptoError> {
    let signed = asn1::whole(p7, LONGEST, Tag::Sequence, |reader| {
        expect_type(reader, &SIGNED_DATA)?;
        asn1::inside(reader, context(0), |reader| asn1::inside(reader, Tag::Sequence, SignedData::read))
    })?;
    let content = match (signed.content, detached) {
        (Some(attached), Some(detached)) if attached != detached => return Err(CryptoError::Verification),
        (Some(content), _) | (None, Some(content)) => content,
        (None, None) => return Err(CryptoError::Encoding),
    };
    let (certificate, key) = find(signed.signer.id, &signed.certificates)?;
    signed.signer.check(&key, content, signed.content_type)?;
    Ok(Verified { certificate: certificate.to_vec(), key, content: signed.content.map(<[u8]>::to_vec) })
}

/// The next object identifier must be one of these content types.
pub(super) fn expect_type(reader: &mut SliceReader<'_>, known: &[ObjectIdentifier]) -> Result<(), CryptoError> {
    let oid: ObjectIdentifier = reader.decode()?;
    if known.contains(&oid) { Ok(()) } else { Err(CryptoError::Unsupported) }
}

/// Issuer (DER Name) and serial number (content of the INTEGER), next in the reader.
pub(super) fn issuer_and_serial<'a>(reader: &mut SliceReader<'a>) -> Result<(&'a [u8], &'a [u8]), CryptoError> {
    asn1::inside(reader, Tag::Sequence, |reader| {
        Ok((asn1::raw(reader, Tag::Sequence)?, asn1::content(reader, Tag::Integer)?))
    })
}

struct SignedData<'a> {
    content_type: ObjectIdentifier,
    content: Option<&'a [u8]>,
    certificates: Vec<&'a [u8]>,
    signer: Signer<'a>,
}

impl<'a> SignedData<'a> {
    fn read(reader: &mut SliceReader<'a>) -> Result<Self, CryptoError> {
        asn1::unsigned(reader)?;
        // the signer names its algorithm again
        asn1::raw(reader, Tag::Set)?;
        let (content_type, content) = asn1::inside(reader, Tag::Sequence, |reader| {
            let oid: ObjectIdentifier = reader.decode()?;
            let content = asn1::inside_optional(reader, context(0), |reader| asn1::content(reader, Tag::OctetString))?;
            Ok((oid, content))
        })?;
        let certificates =
            asn1::inside_optional(reader, context(0), |reader| asn1::elements(reader, MOST))?.unwrap_or_default();
        asn1::inside_optional(reader, context(1), asn1::rest)?;
        let signer = asn1::inside(reader, Tag::Set, |reader| asn1::inside(reader, Tag::Sequence, Signer::read))?;
        Ok(Self { content_type, content, certificates, signer })
    }
}

struct Signer<'a> {
    id: SignerId<'a>,
    /// Content of the signed attributes.
    attributes: Option<&'a [u8]>,
    signature: [u8; 64],
}

impl<'a> Signer<'a> {
    fn read(reader: &mut SliceReader<'a>) -> Result<Self, CryptoError> {
        asn1::unsigned(reader)?;
        let (issuer, serial) = issuer_and_serial(reader)?;
        asn1::expect_algorithm(reader, &DIGESTS)?;
        let attributes = asn1::inside_optional(reader, context(0), asn1::rest)?;
        asn1::expect_algorithm(reader, &SIGNATURES)?;
        let signature = signature_from_der(asn1::content(reader, Tag::OctetString)?)?;
        asn1::inside_optional(reader, context(1), asn1::rest)?;
        Ok(Self { id: SignerId { issuer, serial }, attributes, signature })
    }

    fn check(&self, key: &PublicKey, content: &[u8], content_type: ObjectIdentifier) -> Result<(), CryptoError> {
        let Some(attributes) = self.attributes else {
            // a signature over attributes must not pass for one over a content that looks like them
            let looks_like_attributes = asn1::whole(content, LONGEST, Tag::Set, Attributes::read);
            return match looks_like_attributes {
                Ok(_) => Err(CryptoError::Verification),
                Err(_) => key.verify_message(content, &self.signature),
            };
        };
        let mut reader = SliceReader::new(attributes)?;
        let said = Attributes::read(&mut reader)?;
        if said.digest != sm3(&[content]) || said.content_type.is_some_and(|said| said != content_type) {
            return Err(CryptoError::Verification);
        }
        // signed as a SET, sent as [0]
        key.verify_message(&element(Tag::Set, &[attributes])?, &self.signature)
    }
}

/// What the signed attributes say of the content.
struct Attributes {
    digest: [u8; 32],
    content_type: Option<ObjectIdentifier>,
}

impl Attributes {
    /// Exactly one messageDigest, at most one contentType, anything else.
    fn read(reader: &mut SliceReader<'_>) -> Result<Self, CryptoError> {
        let (mut digest, mut content_type) = (None, None);
        for attribute in asn1::elements(reader, MOST)? {
            asn1::whole(attribute, LONGEST, Tag::Sequence, |reader| {
                let oid: ObjectIdentifier = reader.decode()?;
                let values = asn1::content(reader, Tag::Set)?;
                let mut values = SliceReader::new(values)?;
                let before = if oid == MESSAGE_DIGEST {
                    let value = asn1::content(&mut values, Tag::OctetString)?;
                    digest.replace(value.try_into().map_err(|_| CryptoError::Encoding)?).is_some()
                } else if oid == CONTENT_TYPE {
                    content_type.replace(values.decode()?).is_some()
                } else {
                    return Ok(());
                };
                values.finish()?;
                if before { Err(CryptoError::Encoding) } else { Ok(()) }
            })?;
        }
        Ok(Self { digest: digest.ok_or(CryptoError::Encoding)?, content_type })
    }
}
