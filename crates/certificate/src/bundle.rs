//! Files with certificates in the forms that CAs hand out: DER, PEM, Base64 without its frame, PKCS#7 in any of these, one
//! certificate or many, with a byte order mark, text around them or blanks behind.

use super::der::{SEQUENCE, content, next, object_identifier, optional};
use super::fields::Certificate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::asn1_rs::{Any, Class, FromDer};
use x509_parser::pem::Pem;

/// Types of signed data: PKCS#7 and GM/T 0010.
const SIGNED_DATA: [&str; 2] = ["1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2"];
/// Labels of a certificate in PEM.
const CERTIFICATE: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
/// Labels of PKCS#7 in PEM.
const PKCS7: [&str; 2] = ["PKCS7", "CMS"];

/// A part of a file.
pub(super) enum Block {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// Meant to be one, but it can't be read.
    Damaged,
    /// Something else, such as a revocation list.
    Other,
}

/// The parts of a file, in its order; none when nothing like a certificate is in it.
pub(super) fn read_bundle(bytes: &[u8]) -> Vec<Block> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.windows(10).any(|window| window == b"-----BEGIN") {
        return Pem::iter_from_buffer(bytes)
            .flat_map(|block| block.map_or_else(|_| vec![Block::Damaged], |pem| from_pem(&pem)))
            .collect();
    }
    if bytes.first() == Some(&0x30) {
        return from_der(bytes);
    }
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    match STANDARD.decode(text) {
        Ok(der) if der.first() == Some(&0x30) => from_der(&der),
        _ => Vec::new(),
    }
}

/// Short names of the certificates in a file, in its order.
#[must_use]
pub fn names_in(bytes: &[u8]) -> Vec<String> {
    let certificates = read_bundle(bytes).into_iter().filter_map(|block| match block {
        Block::Certificate(certificate) => Some(certificate.short_name()),
        Block::Damaged | Block::Other => None,
    });
    certificates.collect()
}

fn from_pem(pem: &Pem) -> Vec<Block> {
    if CERTIFICATE.contains(&pem.label.as_str()) {
        vec![certificate(&pem.contents)]
    } else if PKCS7.contains(&pem.label.as_str()) {
        from_der(&pem.contents)
    } else {
        vec![Block::Other]
    }
}

fn from_der(bytes: &[u8]) -> Vec<Block> {
    match certificates_of_signed_data(bytes) {
        Some(certificates) => certificates,
        None => vec![certificate(bytes)],
    }
}

fn certificate(der: &[u8]) -> Block {
    Certificate::parse(der).map_or(Block::Damaged, |certificate| Block::Certificate(Box::new(certificate)))
}

/// The certificates in PKCS#7 signed data (RFC 2315 §9.1); `None` when the bytes are something else.
fn certificates_of_signed_data(bytes: &[u8]) -> Option<Vec<Block>> {
    let (_, message) = next(bytes, SEQUENCE)?;
    let (rest, kind) = Any::from_der(content(message)?).ok()?;
    let kind = object_identifier(&kind)?;
    SIGNED_DATA.contains(&kind.as_str()).then_some(())?;
    let signed = optional(rest, Class::ContextSpecific, 0)?.1.and_then(|inside| content(next(inside, SEQUENCE)?.1));
    let mut found = Vec::new();
    let mut rest = signed.unwrap_or_default();
    while let Ok((behind, element)) = Any::from_der(rest) {
        rest = behind;
        if element.class() != Class::ContextSpecific || element.tag().0 != 0 {
            continue;
        }
        let mut inside = element.data;
        while let Ok((behind, _)) = Any::from_der(inside) {
            found.push(inside.get(..inside.len() - behind.len()).map_or(Block::Damaged, certificate));
            inside = behind;
        }
    }
    Some(found)
}
