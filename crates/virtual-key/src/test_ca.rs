//! A certificate authority made for the purpose: a root and an operation authority, shared by all keys of one run or one
//! folder, so that a program under test can be told to trust the root. All names are invented.

use base::files::{self, Access};
use gm::issue::{
    Authority, COMMON_NAME, COUNTRY, CertificateRequest, Extras, IssueError, NameParts, ORGANISATION, Role, Subject,
    certificate, certificate_from_pem, certificate_to_pem, private_key_from_pem, private_key_to_pem,
};
use gm::{CryptoError, PrivateKey, random};
use std::io;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::macros::datetime;
use zeroize::Zeroizing;

const ROOT: NameParts<'static> =
    &[(COUNTRY, "CN"), (ORGANISATION, "Demo Trust Centre"), (COMMON_NAME, "Demo SM2 Root CA")];
const OPERATION: NameParts<'static> =
    &[(COUNTRY, "CN"), (ORGANISATION, "Demo Trust Centre"), (COMMON_NAME, "Demo SM2 Operation CA")];
/// Both outlive any certificate personalised under them.
const FROM: OffsetDateTime = datetime!(2015-01-01 00:00 UTC);
const ROOT_UNTIL: OffsetDateTime = datetime!(2049-12-31 23:59:59 UTC);
const OPERATION_UNTIL: OffsetDateTime = datetime!(2045-12-31 23:59:59 UTC);

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// Keys or certificates could not be made or read.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A file of the folder can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Root and operation authority with their private keys.
pub struct TestCa {
    root: Member,
    operation: Member,
}

struct Member {
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl TestCa {
    /// A fresh authority.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn create() -> Result<Self, IssueError> {
        let root_key = PrivateKey::generate()?;
        let operation_key = PrivateKey::generate()?;
        let signer = Authority { name: ROOT, key: &root_key };
        let member = |subject, key: &PrivateKey, until, role| {
            let request = CertificateRequest {
                serial: &serial_number()?,
                subject: Subject::Parts(subject),
                key: &key.public(),
                not_before: FROM,
                not_after: until,
                role,
                texts: &[],
                crl_uri: None,
                extras: Extras::default(),
            };
            certificate(&request, &signer)
        };
        let root = member(ROOT, &root_key, ROOT_UNTIL, Role::Root)?;
        let operation = member(OPERATION, &operation_key, OPERATION_UNTIL, Role::OperationCa)?;
        Ok(Self {
            root: Member { key: root_key, certificate: root },
            operation: Member { key: operation_key, certificate: operation },
        })
    }

    /// The authority of a folder (`root.pem`, `opca.pem`, `root.key`, `opca.key`); made there when the folder has none.
    ///
    /// # Errors
    /// [`CaError`].
    pub fn of_folder(folder: &Path) -> Result<Self, CaError> {
        if folder.join("root.pem").exists() {
            return Ok(Self { root: Member::load(folder, "root")?, operation: Member::load(folder, "opca")? });
        }
        std::fs::create_dir_all(folder).map_err(|source| CaError::Io { path: folder.to_owned(), source })?;
        let ca = Self::create()?;
        ca.operation.save(folder, "opca")?;
        // last, because its presence says that the folder is complete
        ca.root.save(folder, "root")?;
        Ok(ca)
    }

    /// DER of the root: what a program under test has to trust.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root.certificate
    }

    /// DER of the operation authority, the issuer of all keys' certificates.
    #[must_use]
    pub fn operation(&self) -> &[u8] {
        &self.operation.certificate
    }

    /// The root's private key, for revocation lists in tests.
    #[must_use]
    pub const fn root_key(&self) -> &PrivateKey {
        &self.root.key
    }

    /// The operation authority's private key, for revocation lists in tests.
    #[must_use]
    pub const fn operation_key(&self) -> &PrivateKey {
        &self.operation.key
    }

    /// Certifies a person or organisation.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn certify(&self, request: &CertificateRequest<'_>) -> Result<Vec<u8>, IssueError> {
        certificate(request, &Authority { name: OPERATION, key: &self.operation.key })
    }
}

impl Member {
    fn load(folder: &Path, name: &str) -> Result<Self, CaError> {
        let read = |end: &str| {
            let path = folder.join(format!("{name}.{end}"));
            std::fs::read_to_string(&path).map(Zeroizing::new).map_err(|source| CaError::Io { path, source })
        };
        Ok(Self { key: private_key_from_pem(&read("key")?)?, certificate: certificate_from_pem(&read("pem")?)? })
    }

    fn save(&self, folder: &Path, name: &str) -> Result<(), CaError> {
        let write = |end: &str, text: &str| {
            let path = folder.join(format!("{name}.{end}"));
            files::replace(&path, text.as_bytes(), Access::Owner).map_err(|source| CaError::Io { path, source })
        };
        write("key", &private_key_to_pem(&self.key)?)?;
        write("pem", &certificate_to_pem(&self.certificate)?)
    }
}

/// Ten bytes that begin with `1A 10`, as the authority of the field numbers its certificates
/// (wire-format/certificates.md#serial-numbers).
pub(super) fn serial_number() -> Result<[u8; 10], CryptoError> {
    let mut serial = random::<10>()?;
    if let Some((head, _)) = serial.split_first_chunk_mut() {
        *head = [0x1A, 0x10];
    }
    Ok(serial)
}
