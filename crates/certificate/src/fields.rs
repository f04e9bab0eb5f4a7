//! One certificate, read into the fields that people see and the parts that the check needs.
//!
//! Reading is lenient about everything a person may still want to see (an odd extension, no extension at all) and strict
//! about structure. The signed bytes are kept exactly as received, because a signature covers these and no re-encoding.

use super::identity::Identity;
use super::name::{Name, extension_text, hex};
use super::validity::Validity;
use gm::{PublicKey, sm3};
use std::fmt;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension, X509Extension};
use x509_parser::public_key::PublicKey as AnyKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Version};

/// Longest certificate that is read.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const SM2_CURVE: &str = "1.2.156.10197.1.301";
/// Restricts the issuer below it even where a CA forgot to mark it critical.
const NAME_CONSTRAINTS: &str = "2.5.29.30";

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
    const ALL: [Self; 9] = [
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
    /// First common name of the subject, nothing else.
    pub owner: Option<String>,
    /// All of the subject.
    pub subject: Name,
    /// All of the issuer; its short name is under "CN".
    pub issuer: Name,
    /// From when until when.
    pub validity: Validity,
    /// Serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
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
    /// Names of the distribution points for matching with a partitioned list: DER of directory names.
    pub(super) crl_directory_names: Vec<Vec<u8>>,
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
    /// Reads one DER certificate. Padding of 00 or FF behind it, as in a file of fixed size, is cut off.
    ///
    /// # Errors
    /// [`CertError`]; the input is not trusted.
    pub fn parse(der: &[u8]) -> Result<Self, CertError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertError::TooLarge);
        }
        let (rest, x509) = X509Certificate::from_der(der).map_err(|_| CertError::Malformed)?;
        if !(rest.iter().all(|&b| b == 0) || rest.iter().all(|&b| b == 0xFF)) {
            return Err(CertError::Malformed);
        }
        let subject = Name::from_x509(&x509.subject);
        let extensions = Extensions(x509.extensions());
        let (crl_uris, crl_directory_names) = extensions.distribution_points();
        let (issuer_uris, ocsp_uris) = extensions.access_uris();
        let algorithm = signature_algorithm(&x509.signature_algorithm);
        // the inner copy is the signed one; a difference makes the outer one meaningless
        let algorithm = match signature_algorithm(&x509.tbs_certificate.signature) {
            inner if inner == algorithm => algorithm,
            inner => SignatureAlgorithm::Other(format!("{inner} ≠ {algorithm}")),
        };
        Ok(Self {
            owner: subject.get("CN").map(str::to_owned),
            subject,
            issuer: Name::from_x509(&x509.issuer),
            validity: Validity {
                not_before: x509.validity.not_before.timestamp(),
                not_after: x509.validity.not_after.timestamp(),
            },
            serial: without_leading_zeros(x509.raw_serial()).to_vec(),
            algorithm,
            key: public_key(&x509.subject_pki),
            usage: extensions.usage(),
            identity: Identity::read(|oid| extensions.text(oid), |oid| extensions.unique(oid).is_some()),
            crl_uris,
            issuer_uris,
            ocsp_uris,
            subject_key_id: extensions.subject_key_id(),
            authority_key_id: extensions.authority_key_id(),
            fingerprint: sm3(&[x509.as_raw()]),
            ca: extensions.ca().filter(|_| x509.version == X509Version::V3),
            unhandled: extensions.unhandled(),
            crl_directory_names,
            tbs: x509.tbs_certificate.as_ref().to_vec(),
            signature: x509.signature_value.data.to_vec(),
            der: x509.as_raw().to_vec(),
        })
    }

    /// The certificate as it was received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Serial number in upper-case hex.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex(&self.serial)
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

/// Serial numbers compare as numbers.
pub(super) fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&b| b != 0).unwrap_or(bytes.len().saturating_sub(1));
    bytes.get(start..).unwrap_or_default()
}

pub(super) fn signature_algorithm(id: &AlgorithmIdentifier<'_>) -> SignatureAlgorithm {
    let plain = id.parameters.as_ref().is_none_or(|p| p.tag().0 == 5 && p.data.is_empty());
    match id.algorithm.to_id_string().as_str() {
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

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> PublicKeyInfo {
    let algorithm = info.algorithm.algorithm.to_id_string();
    if let Ok(AnyKey::RSA(rsa)) = info.parsed() {
        return PublicKeyInfo::Rsa(rsa.key_size());
    }
    if algorithm != EC_PUBLIC_KEY {
        return PublicKeyInfo::Other(algorithm);
    }
    let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|oid| oid.to_id_string());
    match curve {
        Some(curve) if curve == SM2_CURVE => PublicKey::from_uncompressed(&info.subject_public_key.data)
            .map_or(PublicKeyInfo::Other(curve), PublicKeyInfo::Sm2),
        Some(curve) => PublicKeyInfo::Other(curve),
        None => PublicKeyInfo::Other(algorithm),
    }
}

/// The extensions of one certificate. One that is there twice counts as absent: neither copy can be trusted.
struct Extensions<'a>(&'a [X509Extension<'a>]);

impl<'a> Extensions<'a> {
    /// Extensions whose meaning is honoured here or that restrict nothing the check relies on.
    const HANDLED: [&'static str; 9] = [
        "2.5.29.14",         // subject key identifier
        "2.5.29.15",         // key usage
        "2.5.29.17",         // subject alternative name
        "2.5.29.19",         // basic constraints
        "2.5.29.31",         // CRL distribution points
        "2.5.29.32",         // policies: any is accepted
        "2.5.29.35",         // authority key identifier
        "2.5.29.37",         // extended key usage
        "1.3.6.1.5.5.7.1.1", // authority information access
    ];

    fn unique(&self, oid: &str) -> Option<&'a X509Extension<'a>> {
        let mut found = self.0.iter().filter(|extension| extension.oid.to_id_string() == oid);
        found.next().filter(|_| found.next().is_none())
    }

    fn text(&self, oid: &str) -> Option<String> {
        extension_text(self.unique(oid)?.value)
    }

    fn parsed(&self, oid: &str) -> Option<&'a ParsedExtension<'a>> {
        self.unique(oid).map(X509Extension::parsed_extension)
    }

    fn unhandled(&self) -> Option<String> {
        let oids: Vec<String> = self.0.iter().map(|extension| extension.oid.to_id_string()).collect();
        let bad = self.0.iter().zip(&oids).find(|(extension, oid)| {
            let known = Self::HANDLED.contains(&oid.as_str());
            let limits = extension.critical || oid.as_str() == NAME_CONSTRAINTS;
            let twice = oids.iter().filter(|other| other == oid).count() > 1;
            let unreadable = matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
            (known || limits) && (!known || twice || unreadable)
        });
        bad.map(|(_, oid)| oid.clone())
    }

    fn usage(&self) -> Option<Vec<Usage>> {
        let Some(ParsedExtension::KeyUsage(bits)) = self.parsed("2.5.29.15") else { return None };
        let set = |(bit, _): &(usize, Usage)| bits.flags >> bit & 1 == 1;
        Some(Usage::ALL.into_iter().enumerate().filter(set).map(|(_, usage)| usage).collect())
    }

    fn ca(&self) -> Option<Option<u32>> {
        match self.parsed("2.5.29.19") {
            Some(ParsedExtension::BasicConstraints(constraints)) if constraints.ca => {
                Some(constraints.path_len_constraint)
            }
            _ => None,
        }
    }

    fn subject_key_id(&self) -> Option<Vec<u8>> {
        match self.parsed("2.5.29.14") {
            Some(ParsedExtension::SubjectKeyIdentifier(id)) => Some(id.0.to_vec()),
            _ => None,
        }
    }

    fn authority_key_id(&self) -> Option<Vec<u8>> {
        match self.parsed("2.5.29.35") {
            Some(ParsedExtension::AuthorityKeyIdentifier(id)) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        }
    }

    fn distribution_points(&self) -> (Vec<String>, Vec<Vec<u8>>) {
        match self.parsed("2.5.29.31") {
            Some(ParsedExtension::CRLDistributionPoints(points)) => {
                point_names(points.iter().filter_map(|point| point.distribution_point.as_ref()))
            }
            _ => Default::default(),
        }
    }

    /// Addresses of the issuer's certificate and of the status service.
    fn access_uris(&self) -> (Vec<String>, Vec<String>) {
        let Some(ParsedExtension::AuthorityInfoAccess(access)) = self.parsed("1.3.6.1.5.5.7.1.1") else {
            return Default::default();
        };
        let uris = |method: &str| {
            let entries = access.iter().filter(|entry| entry.access_method.to_id_string() == method);
            entries.filter_map(|entry| uri(&entry.access_location)).collect()
        };
        (uris("1.3.6.1.5.5.7.48.2"), uris("1.3.6.1.5.5.7.48.1"))
    }
}

/// URIs and directory names (DER) of distribution points.
pub(super) fn point_names<'a>(
    points: impl Iterator<Item = &'a DistributionPointName<'a>>,
) -> (Vec<String>, Vec<Vec<u8>>) {
    let names = points.filter_map(|point| match point {
        DistributionPointName::FullName(names) => Some(names),
        DistributionPointName::NameRelativeToCRLIssuer(_) => None,
    });
    let (mut uris, mut directories) = (Vec::new(), Vec::new());
    for name in names.flatten() {
        if let Some(uri) = uri(name) {
            uris.push(uri);
        } else if let GeneralName::DirectoryName(directory) = name {
            directories.push(directory.as_raw().to_vec());
        }
    }
    (uris, directories)
}

/// A URI that is visible ASCII from end to end, as RFC 3986 wants it.
fn uri(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) if text.bytes().all(|b| b.is_ascii_graphic()) => Some((*text).to_owned()),
        _ => None,
    }
}
