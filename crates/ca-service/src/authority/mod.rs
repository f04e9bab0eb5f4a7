//! The certificate authority: root and operation CA. The root signs once, when both are made; the operation CA signs the
//! certificates of customers and the revocation lists.
//!
//! Invariants: every serial number is 10 bytes, the CA's two then eight from the random source (CA/B baseline: at least
//! 64 random bits); the signing key is only asked for signatures, so that it may as well lie in a device.

mod folder;
mod profile;

pub use folder::{FolderError, Keys};
pub use profile::{Holder, HolderKind, Profile, private_texts};

use gm::issue::{
    Authority as Issuer, COMMON_NAME, COUNTRY, CertificateRequest, Extras, IssueError, ORGANISATION, Revoked, Role,
    SigningBackend, Subject, certificate, certificate_under, revocation_list,
};
use gm::{CryptoError, PrivateKey, PublicKey, random};
use time::{Duration, OffsetDateTime};

/// First two bytes of every serial number.
const CA_ID: [u8; 2] = [0x1A, 0x10];
const ROOT_YEARS: i64 = 30;
const OPERATION_YEARS: i64 = 20;
const DAYS_OF_YEAR: i64 = 365;

/// Names of the authorities.
#[derive(Clone, Debug)]
pub struct Names {
    /// Organisation of both.
    pub organisation: String,
    /// Common name of the root.
    pub root: String,
    /// Common name of the operation CA.
    pub operation: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            organisation: "Demo Trust Centre".to_owned(),
            root: "Demo Service Root CA".to_owned(),
            operation: "Demo SM2 Service CA".to_owned(),
        }
    }
}

/// The authority that certifies customers.
pub struct Authority {
    root: Vec<u8>,
    operation: Vec<u8>,
    key: Box<dyn SigningBackend>,
}

impl Authority {
    /// Authority with the operation CA's key wherever it lies; certificates as DER.
    ///
    /// # Errors
    /// [`CryptoError::Verification`] unless the key belongs to the operation certificate and that to the root.
    pub fn new(root: Vec<u8>, operation: Vec<u8>, key: Box<dyn SigningBackend>) -> Result<Self, CryptoError> {
        let [read_root, read_operation] = [&root, &operation].map(|der| ::certificate::Certificate::parse(der));
        let (read_root, read_operation) =
            read_root.and_then(|root| Ok((root, read_operation?))).map_err(|_| CryptoError::Encoding)?;
        if read_operation.verify_issued_by(&read_root).is_err() || read_operation.sm2_key() != Some(&key.public()) {
            return Err(CryptoError::Verification);
        }
        Ok(Self { root, operation, key })
    }

    /// Makes root and operation CA, valid from `now` on. Returns the authority and the keys of both.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn create(names: &Names, now: i64) -> Result<(Self, PrivateKey, PrivateKey), IssueError> {
        let from = moment(super::clock::day_start(now))?;
        let root_name = [(COUNTRY, "CN"), (ORGANISATION, &names.organisation), (COMMON_NAME, names.root.as_str())];
        let name = [(COUNTRY, "CN"), (ORGANISATION, &names.organisation), (COMMON_NAME, names.operation.as_str())];
        let root_key = PrivateKey::generate()?;
        let key = PrivateKey::generate()?;
        let issuer = Issuer { name: &root_name, key: &root_key };
        let make = |subject: &[(&str, &str)], key: &PublicKey, role, years| {
            let request = CertificateRequest {
                serial: &serial_number()?,
                subject: Subject::Parts(subject),
                key,
                not_before: from,
                not_after: from + Duration::days(years * DAYS_OF_YEAR) - Duration::SECOND,
                role,
                texts: &[],
                crl_uri: None,
                extras: Extras::default(),
            };
            certificate(&request, &issuer)
        };
        let root = make(&root_name, &root_key.public(), Role::Root, ROOT_YEARS)?;
        let operation = make(&name, &key.public(), Role::OperationCa, OPERATION_YEARS)?;
        let copy = PrivateKey::from_bytes(key.to_bytes().as_slice())?;
        Ok((Self { root, operation, key: Box::new(copy) }, root_key, key))
    }

    /// The root's certificate, DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The operation CA's certificate, DER.
    #[must_use]
    pub fn operation(&self) -> &[u8] {
        &self.operation
    }

    /// Whether a certificate is of this authority.
    #[must_use]
    pub fn issued(&self, certificate: &[u8]) -> bool {
        let read = |der| ::certificate::Certificate::parse(der).ok();
        let link = read(certificate).zip(read(&self.operation));
        link.is_some_and(|(certificate, operation)| certificate.verify_issued_by(&operation).is_ok())
    }

    /// Certifies a customer's key. Returns the certificate's DER.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn certify(&self, profile: &Profile<'_>) -> Result<Vec<u8>, IssueError> {
        let crl_name = profile.crl_name(&self.operation)?;
        let crl_name: Vec<(&str, &str)> = crl_name.iter().map(|(oid, text)| (*oid, text.as_str())).collect();
        let texts: Vec<(&str, String)> = profile.texts.iter().map(|(oid, text)| (oid.as_str(), text.clone())).collect();
        let crl_uri = format!("{}/crl/{}.crl", profile.service, super::crl::NAME);
        let issuer_uri = format!("{}/ca/operation.cer", profile.service);
        let cps_uri = format!("{}/docs", profile.service);
        let request = CertificateRequest {
            serial: &serial_number()?,
            subject: profile.subject,
            key: profile.key,
            not_before: moment(profile.validity.from)?,
            not_after: moment(profile.validity.until)?,
            role: profile.role,
            texts: &texts,
            crl_uri: Some(&crl_uri),
            extras: profile::extras(&crl_name, &issuer_uri, &cps_uri),
        };
        let operation = ::certificate::Certificate::parse(&self.operation).map_err(|_| CryptoError::Encoding)?;
        certificate_under(&request, operation.subject.der(), self.key.as_ref())
    }

    /// Signs a revocation list. Returns its DER.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn revocation_list(
        &self,
        number: u64,
        this_update: i64,
        next_update: i64,
        revoked: &[Revoked<'_>],
    ) -> Result<Vec<u8>, IssueError> {
        let (this_update, next_update) = (moment(this_update)?, moment(next_update)?);
        revocation_list(&self.operation, self.key.as_ref(), number, this_update, next_update, revoked)
    }
}

fn serial_number() -> Result<[u8; 10], CryptoError> {
    let mut serial = [0; 10];
    let all = CA_ID.into_iter().chain(random::<8>()?);
    serial.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    Ok(serial)
}

/// A moment in the form certificates are made with.
pub(super) fn moment(unix: i64) -> Result<OffsetDateTime, IssueError> {
    OffsetDateTime::from_unix_timestamp(unix).map_err(|error| IssueError::Encode(error.to_string()))
}
