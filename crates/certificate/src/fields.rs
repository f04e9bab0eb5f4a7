//! One certificate, read into the fields that people see and the parts that the check needs.
//!
//! Reading is lenient about everything a person may still want to see (an odd date, an odd extension, no extension at all)
//! and strict about structure: what a field can't say stays absent, and what limits the certificate and can't be read
//! forbids to call it good. The signed bytes are kept exactly as received, because a signature covers these and no re-encoding.

use super::der::{Parts, SEQUENCE, content, moment, next, object_identifier};
use super::extensions::{Extensions, ListPlace};
use super::identity::Identity;
use super::name::{Name, hex};
use super::serial::CertificateSerial;
use super::validity::Validity;
use gm::{CryptoError, PublicKey, sm3};
use std::fmt;
use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::public_key::PublicKey as AnyKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Longest certificate that is read.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const SM2_CURVE: &str = "1.2.156.10197.1.301";

/// Why bytes were not read as a certificate.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CertError {
    /// Longer than [`MAX_CERTIFICATE`].
    #[error("too large for a certificate")]
    TooLarge,
    /// Not the structure of RFC 5280.
    #[error("not a certificate")]
    Malformed,
}

/// How a certificate or revocation list is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// SM2 with SM3, parameters absent or NULL (both occur).
    Sm2WithSm3,
    /// RSA with the named hash.
    Rsa(&'static str),
    /// ECDSA with the named hash.
    Ecdsa(&'static str),
    /// Any other, by its dotted object identifier.
    Other(String),
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sm2WithSm3 => f.write_str("SM2 / SM3"),
            Self::Rsa(hash) => write!(f, "RSA / {hash}"),
            Self::Ecdsa(hash) => write!(f, "ECDSA / {hash}"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

/// The public key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyInfo {
    /// A point on the SM2 curve.
    Sm2(PublicKey),
    /// RSA of so many bits.
    Rsa(usize),
    /// Any other, by the dotted object identifier of its algorithm or curve.
    Other(String),
}

/// A bit of 密钥用途 (RFC 5280 §4.2.1.3), in the order of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// Signing data.
    DigitalSignature,
    /// Signing with the intent to be bound by it.
    NonRepudiation,
    /// Encrypting keys.
    KeyEncipherment,
    /// Encrypting data.
    DataEncipherment,
    /// Agreeing on keys.
    KeyAgreement,
    /// Signing certificates.
    CertificateSigning,
    /// Signing revocation lists.
    CrlSigning,
    /// Key agreement for encryption only.
    EncipherOnly,
    /// Key agreement for decryption only.
    DecipherOnly,
}

impl Usage {
    pub(super) const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::CertificateSigning,
        Self::CrlSigning,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];
}

/// A certificate. Absent fields are `None` or empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Short name of the subject.
    pub owner: Option<String>,
    /// All of the subject.
    pub subject: Name,
    /// All of the issuer.
    pub issuer: Name,
    /// From when until when; `None` when one of the dates can't be read.
    pub validity: Option<Validity>,
    /// Serial number.
    pub serial: CertificateSerial,
    /// How the issuer signed it.
    pub algorithm: SignatureAlgorithm,
    /// The key it speaks for.
    pub key: PublicKeyInfo,
    /// What the key may be used for; `None` when the certificate does not restrict it.
    pub usage: Option<Vec<Usage>>,
    /// Who holds it.
    pub identity: Identity,
    /// Addresses of revocation lists, all schemes.
    pub crl_uris: Vec<String>,
    /// Addresses of the issuer's certificate.
    pub issuer_uris: Vec<String>,
    /// Addresses of the online status service; the scheme `OCSP://` occurs.
    pub ocsp_uris: Vec<String>,
    /// Key identifier of the subject.
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the issuer.
    pub authority_key_id: Option<Vec<u8>>,
    /// SM3 over the whole certificate.
    pub fingerprint: [u8; 32],
    /// Path length when basicConstraints says this is a CA: outer `Some` = CA, inner = limit.
    pub(super) ca: Option<Option<u32>>,
    /// An extension that forbids to call the certificate good: critical and not handled here, twice, or unreadable.
    pub(super) unhandled: Option<String>,
    /// Where its revocation lists are to be found.
    pub(super) list_places: Vec<ListPlace>,
    pub(super) tbs: Vec<u8>,
    pub(super) signature: Vec<u8>,
    der: Vec<u8>,
}

impl fmt::Debug for Certificate {
    /// Neither name nor number of the holder gets into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", hex(self.fingerprint.get(..4).unwrap_or_default()))
    }
}

impl Certificate {
    /// Reads the DER certificate at the start of `der`; what stands behind it, as in a file of fixed size, is left.
    ///
    /// # Errors
    /// [`CertError`]; the input is not trusted.
    pub fn parse(der: &[u8]) -> Result<Self, CertError> {
        let (_, whole) = next(der, SEQUENCE).ok_or(CertError::Malformed)?;
        if whole.len() > MAX_CERTIFICATE {
            return Err(CertError::TooLarge);
        }
        let parts = Parts::read(whole).ok_or(CertError::Malformed)?;
        let subject = Name::from_der(parts.subject);
        let extensions = Extensions::read(parts.extensions);
        let (issuer_uris, ocsp_uris) = extensions.access_uris();
        let list_places = extensions.list_places();
        Ok(Self {
            owner: subject.short(),
            subject,
            issuer: Name::from_der(parts.issuer),
            validity: validity(parts.validity),
            serial: CertificateSerial::from_integer(parts.serial),
            algorithm: algorithm(&parts),
            key: public_key(parts.key),
            usage: extensions.usage(),
            identity: Identity::read(|oid| extensions.text(oid), |oid| extensions.unique(oid).is_some()),
            crl_uris: list_places.iter().flat_map(|place| place.uris.iter().cloned()).collect(),
            issuer_uris,
            ocsp_uris,
            subject_key_id: extensions.subject_key_id(),
            authority_key_id: extensions.authority_key_id(),
            fingerprint: sm3(&[whole]),
            ca: extensions.ca().filter(|_| parts.version == 2),
            unhandled: extensions.unhandled(),
            list_places,
            tbs: parts.tbs.to_vec(),
            signature: parts.signature.to_vec(),
            der: whole.to_vec(),
        })
    }

    /// The certificate as it was received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Serial number in upper-case hex, with a minus sign when it is negative.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        self.serial.to_string()
    }

    /// SM3 fingerprint in upper-case hex.
    #[must_use]
    pub fn fingerprint_hex(&self) -> String {
        hex(&self.fingerprint)
    }

    /// The key, when it is an SM2 key.
    #[must_use]
    pub const fn sm2_key(&self) -> Option<&PublicKey> {
        match &self.key {
            PublicKeyInfo::Sm2(key) => Some(key),
            _ => None,
        }
    }

    /// Whether the usage names at least one of `wanted`; `None` when the certificate does not restrict it.
    #[must_use]
    pub fn allows_any(&self, wanted: &[Usage]) -> Option<bool> {
        self.usage.as_ref().map(|have| have.iter().any(|usage| wanted.contains(usage)))
    }
}

/// Object identifier and parameters of an AlgorithmIdentifier.
fn read_algorithm(identifier: &[u8]) -> Option<(String, Option<Any<'_>>)> {
    let (rest, algorithm) = Any::from_der(content(identifier)?).ok()?;
    let oid = object_identifier(&algorithm)?;
    if rest.is_empty() {
        return Some((oid, None));
    }
    let (rest, parameters) = Any::from_der(rest).ok()?;
    rest.is_empty().then_some((oid, Some(parameters)))
}

fn validity(dates: &[u8]) -> Option<Validity> {
    let (rest, not_before) = moment(dates)?;
    let (_, not_after) = moment(rest)?;
    Some(Validity { not_before: not_before?, not_after: not_after? })
}

/// The inner copy of the algorithm is the signed one; a difference makes the outer one meaningless.
fn algorithm(parts: &Parts<'_>) -> SignatureAlgorithm {
    let (inner, outer) = (signature_algorithm(parts.inner_algorithm), signature_algorithm(parts.outer_algorithm));
    if inner == outer { inner } else { SignatureAlgorithm::Other(format!("{inner} ≠ {outer}")) }
}

/// Reads an AlgorithmIdentifier (DER). Parameters that say nothing new occur: NULL, none, or the curve.
pub(super) fn signature_algorithm(identifier: &[u8]) -> SignatureAlgorithm {
    let Some((oid, parameters)) = read_algorithm(identifier) else { return SignatureAlgorithm::Other("?".to_owned()) };
    let plain = parameters.is_none_or(|p| {
        (p.tag().0 == 5 && p.data.is_empty()) || object_identifier(&p).is_some_and(|oid| oid == SM2_CURVE)
    });
    match oid.as_str() {
        SM2_WITH_SM3 if plain => SignatureAlgorithm::Sm2WithSm3,
        "1.2.840.113549.1.1.5" => SignatureAlgorithm::Rsa("SHA-1"),
        "1.2.840.113549.1.1.11" => SignatureAlgorithm::Rsa("SHA-256"),
        "1.2.840.113549.1.1.12" => SignatureAlgorithm::Rsa("SHA-384"),
        "1.2.840.113549.1.1.13" => SignatureAlgorithm::Rsa("SHA-512"),
        "1.2.156.10197.1.504" => SignatureAlgorithm::Rsa("SM3"),
        "1.2.840.10045.4.3.2" => SignatureAlgorithm::Ecdsa("SHA-256"),
        "1.2.840.10045.4.3.3" => SignatureAlgorithm::Ecdsa("SHA-384"),
        other => SignatureAlgorithm::Other(other.to_owned()),
    }
}

fn public_key(bytes: &[u8]) -> PublicKeyInfo {
    match PublicKey::from_key_info(bytes) {
        Ok(key) => return PublicKeyInfo::Sm2(key),
        Err(CryptoError::Value) => return PublicKeyInfo::Other(SM2_CURVE.to_owned()),
        Err(_) => {}
    }
    let Ok((_, info)) = SubjectPublicKeyInfo::from_der(bytes) else { return PublicKeyInfo::Other("?".to_owned()) };
    if let Ok(AnyKey::RSA(rsa)) = info.parsed() {
        return PublicKeyInfo::Rsa(rsa.key_size());
    }
    let algorithm = info.algorithm.algorithm.to_id_string();
    let curve = info.algorithm.parameters.as_ref().and_then(object_identifier);
    PublicKeyInfo::Other(curve.filter(|_| algorithm == EC_PUBLIC_KEY).unwrap_or(algorithm))
}
