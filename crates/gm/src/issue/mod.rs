//! Issuing: SM2 certificates and revocation lists (GB/T 20518, RFC 5280), and the PEM forms of keys and certificates.
//!
//! Invariants: the signature algorithm is SM2-with-SM3 without parameters
//! (wire-format/certificates.md#algorithm-identifiers), the identity is the default one, names and private extensions
//! are UTF8String, end-entity certificates carry no basicConstraints, and the signing key is only borrowed.

mod extensions;

pub use super::key_file::{certificate_from_pem, certificate_to_pem, private_key_from_pem, private_key_to_pem};
pub use extensions::{Extras, Policy};

use super::asn1::{EC_PUBLIC_KEY, SM2, SM2_WITH_SM3};
use super::{CryptoError, DEFAULT_ID, PrivateKey, PublicKey, signature_to_der};
use ::sm2::dsa::signature::{Error as SignatureError, Keypair, Signer};
use der::asn1::{Any, BitString, SetOfVec, Utf8StringRef};
use der::flagset::FlagSet;
use der::{Decode, Document, Encode};
use time::OffsetDateTime;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder, CrlBuilder};
use x509_cert::crl::RevokedCert;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, CrlReason, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, ObjectIdentifier,
    SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

/// countryName.
pub const COUNTRY: &str = "2.5.4.6";
/// organizationName.
pub const ORGANISATION: &str = "2.5.4.10";
/// commonName.
pub const COMMON_NAME: &str = "2.5.4.3";

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A key operation failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A field does not encode: name, serial number, date or extension.
    #[error("the certificate does not encode: {0}")]
    Encode(String),
    /// A PEM file is not what it should be.
    #[error("not a PEM file of this kind")]
    Pem,
}

impl From<der::Error> for IssueError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error.to_string())
    }
}

impl From<builder::Error> for IssueError {
    fn from(error: builder::Error) -> Self {
        Self::Encode(error.to_string())
    }
}

/// What a certificate is for; decides key usage and basicConstraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Self-signed root.
    Root,
    /// Authority under the root that certifies people.
    OperationCa,
    /// Signing certificate: digitalSignature, nonRepudiation.
    Signing,
    /// Encryption certificate: keyEncipherment, dataEncipherment, keyAgreement.
    Encryption,
}

impl Role {
    fn key_usage(self) -> FlagSet<KeyUsages> {
        match self {
            Self::Root | Self::OperationCa => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Self::Signing => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            Self::Encryption => KeyUsages::KeyEncipherment | KeyUsages::DataEncipherment | KeyUsages::KeyAgreement,
        }
    }

    fn constraints(self) -> Option<BasicConstraints> {
        match self {
            Self::Root => Some(BasicConstraints { ca: true, path_len_constraint: None }),
            Self::OperationCa => Some(BasicConstraints { ca: true, path_len_constraint: Some(0) }),
            Self::Signing | Self::Encryption => None,
        }
    }
}

/// A key that signs for an authority: in memory, or in a device that gives away nothing but signatures.
pub trait SigningBackend: Send + Sync {
    /// Its public half.
    fn public(&self) -> PublicKey;

    /// Signs e = SM3(Z ‖ message); r ‖ s.
    ///
    /// # Errors
    /// [`CryptoError`].
    fn sign_digest(&self, e: &[u8; 32]) -> Result<[u8; 64], CryptoError>;
}

impl SigningBackend for PrivateKey {
    fn public(&self) -> PublicKey {
        Self::public(self)
    }

    fn sign_digest(&self, e: &[u8; 32]) -> Result<[u8; 64], CryptoError> {
        Self::sign_digest(self, e)
    }
}

/// A name as attribute OID and text, in the order of encoding (country first).
pub type NameParts<'a> = &'a [(&'a str, &'a str)];

/// The subject of a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Made from its parts.
    Parts(NameParts<'a>),
    /// A DER Name, taken over unchanged from a certificate or request.
    Der(&'a [u8]),
}

/// What is to be certified.
pub struct CertificateRequest<'a> {
    /// Serial number, big-endian, positive.
    pub serial: &'a [u8],
    /// Subject.
    pub subject: Subject<'a>,
    /// Key of the subject.
    pub key: &'a PublicKey,
    /// First second of validity.
    pub not_before: OffsetDateTime,
    /// Last second of validity.
    pub not_after: OffsetDateTime,
    /// Use of the certificate.
    pub role: Role,
    /// Private extensions: OID and text, each a UTF8String in the extension's OCTET STRING.
    pub texts: &'a [(&'a str, String)],
    /// Where the revocation list is to be found.
    pub crl_uri: Option<&'a str>,
    /// Extensions that are not always wanted.
    pub extras: Extras<'a>,
}

/// Who certifies.
pub struct Authority<'a> {
    /// Its name; for a root the same as the subject.
    pub name: NameParts<'a>,
    /// Its private key.
    pub key: &'a PrivateKey,
}

/// Issues a certificate and returns its DER.
///
/// # Errors
/// [`IssueError`].
pub fn certificate(request: &CertificateRequest<'_>, authority: &Authority<'_>) -> Result<Vec<u8>, IssueError> {
    issue(request, name(authority.name)?, authority.key)
}

/// Issues a certificate under an authority given by the subject of its own certificate (DER Name), which becomes the issuer
/// unchanged, and returns its DER. That `key` belongs to `issuer` is for the caller to know.
///
/// # Errors
/// [`IssueError`].
pub fn certificate_under(
    request: &CertificateRequest<'_>,
    issuer: &[u8],
    key: &dyn SigningBackend,
) -> Result<Vec<u8>, IssueError> {
    issue(request, name_from_der(issuer)?, key)
}

fn issue(request: &CertificateRequest<'_>, issuer: Name, key: &dyn SigningBackend) -> Result<Vec<u8>, IssueError> {
    let mut extensions = extensions::of(request.crl_uri, &request.extras)?;
    extensions.extend(extensions::texts(request.texts)?);
    let subject = match request.subject {
        Subject::Parts(parts) => name(parts)?,
        Subject::Der(der) => name_from_der(der)?,
    };
    let builder = CertificateBuilder::new(
        Profile { subject, issuer, role: request.role, extensions },
        SerialNumber::new(request.serial)?,
        Validity::new(at(request.not_before)?, at(request.not_after)?),
        public_key_info(request.key)?,
    )?;
    let certificate = builder.build::<_, DerSignature>(&CertificateSigner::new(key))?;
    Ok(certificate.to_der()?)
}

/// A revoked certificate.
pub struct Revoked<'a> {
    /// Its serial number, big-endian.
    pub serial: &'a [u8],
    /// When it was revoked.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: CrlReason,
}

/// Issues a revocation list and returns its DER; `issuer` is the authority's own certificate.
///
/// # Errors
/// [`IssueError`].
pub fn revocation_list(
    issuer: &[u8],
    key: &dyn SigningBackend,
    number: u64,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    revoked: &[Revoked<'_>],
) -> Result<Vec<u8>, IssueError> {
    let issuer = Certificate::from_der(issuer)?;
    let entries = revoked.iter().map(revoked_entry).collect::<Result<Vec<_>, _>>()?;
    let mut builder: CrlBuilder =
        CrlBuilder::new_with_this_update(&issuer, CrlNumber::try_from(number)?, at(this_update)?)?
            .with_next_update(Some(at(next_update)?));
    if !entries.is_empty() {
        builder = builder.with_certificates(entries.into_iter());
    }
    Ok(builder.build::<_, DerSignature>(&CertificateSigner::new(key))?.to_der()?)
}

fn revoked_entry(revoked: &Revoked<'_>) -> Result<RevokedCert, IssueError> {
    let reason = revoked.reason.to_extension(&Name::default(), &[])?;
    Ok(RevokedCert {
        serial_number: SerialNumber::new(revoked.serial)?,
        revocation_date: at(revoked.at)?,
        crl_entry_extensions: Some(vec![reason]),
    })
}

struct Profile {
    subject: Name,
    issuer: Name,
    role: Role,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let mut all = vec![
            AuthorityKeyIdentifier::try_from(issuer_key)?.to_extension(&self.subject, &[])?,
            SubjectKeyIdentifier::try_from(key)?.to_extension(&self.subject, &[])?,
            KeyUsage(self.role.key_usage()).to_extension(&self.subject, &[])?,
        ];
        if let Some(constraints) = self.role.constraints() {
            all.push(constraints.to_extension(&self.subject, &[])?);
        }
        all.extend(self.extensions.iter().cloned());
        Ok(all)
    }
}

fn at(moment: OffsetDateTime) -> Result<Time, IssueError> {
    let seconds = u64::try_from(moment.unix_timestamp()).map_err(|_| IssueError::Encode("date before 1970".into()))?;
    Ok(Time::try_from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))?)
}

/// A name with every value as UTF8String, as the certificates in the field have it – even for the country.
fn name(parts: NameParts<'_>) -> Result<Name, IssueError> {
    let mut sequence = RdnSequence::default();
    for (oid, text) in parts {
        let value = Any::encode_from(&Utf8StringRef::new(text)?)?;
        let mut set = SetOfVec::new();
        set.insert(AttributeTypeAndValue { oid: self::oid(oid)?, value })?;
        sequence.push(RelativeDistinguishedName::from(set));
    }
    Ok(Name::from_der(&sequence.to_der()?)?)
}

/// A Name as it is; refused when writing it again would change it.
fn name_from_der(der: &[u8]) -> Result<Name, IssueError> {
    let name = Name::from_der(der)?;
    if name.to_der()? == der { Ok(name) } else { Err(IssueError::Encode("a name that is not DER".into())) }
}

fn oid(text: &str) -> Result<ObjectIdentifier, IssueError> {
    ObjectIdentifier::new(text).map_err(|error| IssueError::Encode(error.to_string()))
}

fn public_key_info(key: &PublicKey) -> Result<SubjectPublicKeyInfoOwned, IssueError> {
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid: EC_PUBLIC_KEY, parameters: Some(Any::encode_from(&SM2)?) },
        subject_public_key: BitString::from_bytes(&key.uncompressed())?,
    })
}

/// Signs through our own key type: the library's signer writes r‖s without DER and is not wiped
/// (wire-format/certificates.md#signer-trap).
struct CertificateSigner<'a> {
    key: &'a dyn SigningBackend,
    public: InfoKey,
}

impl<'a> CertificateSigner<'a> {
    fn new(key: &'a dyn SigningBackend) -> Self {
        Self { public: InfoKey(key.public()), key }
    }
}

#[derive(Clone)]
struct InfoKey(PublicKey);

struct DerSignature(Vec<u8>);

impl Keypair for CertificateSigner<'_> {
    type VerifyingKey = InfoKey;

    fn verifying_key(&self) -> InfoKey {
        self.public.clone()
    }
}

impl Signer<DerSignature> for CertificateSigner<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<DerSignature, SignatureError> {
        let signature = self
            .key
            .sign_digest(&self.public.0.digest(DEFAULT_ID.as_bytes(), message))
            .map_err(|_| SignatureError::new())?;
        signature_to_der(&signature).map(DerSignature).map_err(|_| SignatureError::new())
    }
}

impl DynSignatureAlgorithmIdentifier for CertificateSigner<'_> {
    fn signature_algorithm_identifier(&self) -> x509_cert::spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned { oid: SM2_WITH_SM3, parameters: None })
    }
}

impl EncodePublicKey for InfoKey {
    fn to_public_key_der(&self) -> x509_cert::spki::Result<Document> {
        let info = public_key_info(&self.0).map_err(|_| x509_cert::spki::Error::KeyMalformed)?;
        Ok(Document::try_from(info.to_der()?)?)
    }
}

impl SignatureBitStringEncoding for DerSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}
