//! The folder of an authority: certificates in the open, private keys sealed by a passphrase.
//!
//! The root's key is only written; running the service does not need it, so that the file may be kept elsewhere.

use super::{Authority, Names};
use crate::ca_service::error::ServiceError;
use crate::crypto::issue::{certificate_from_pem, certificate_to_pem};
use crate::crypto::{CryptoError, PrivateKey, sealed_key};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const ROOT: &str = "root.pem";
const OPERATION: &str = "operation.pem";
const ROOT_KEY: &str = "root.key";
const OPERATION_KEY: &str = "operation.key";
const SERVICE_KEY: &str = "service.key";
const KMC_KEY: &str = "kmc.key";

/// The keys a service works with.
pub struct Keys {
    /// Who certifies.
    pub authority: Authority,
    /// Secret of the service: order tokens, keyed hashes.
    pub service: PrivateKey,
    /// Master of the key management.
    pub kmc: PrivateKey,
}

/// Why the keys could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Keys are there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The passphrase does not open them.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] ServiceError),
}

impl Keys {
    /// Makes keys that are kept in memory only.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn generate(names: &Names, now: i64) -> Result<Self, ServiceError> {
        let (authority, ..) = Authority::create(names, now)?;
        Ok(Self { authority, service: PrivateKey::generate()?, kmc: PrivateKey::generate()? })
    }

    /// Makes all keys and writes them into a folder, which is made unless it is there. Nothing is overwritten.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn init(dir: &Path, passphrase: &[u8], names: &Names, now: i64) -> Result<Self, FolderError> {
        for name in [ROOT, OPERATION, ROOT_KEY, OPERATION_KEY, SERVICE_KEY, KMC_KEY] {
            let path = dir.join(name);
            if path.exists() {
                return Err(FolderError::Exists(path));
            }
        }
        std::fs::create_dir_all(dir).map_err(at(dir))?;
        let (authority, root_key, operation_key) = Authority::create(names, now).map_err(ServiceError::from)?;
        let service = PrivateKey::generate().map_err(ServiceError::from)?;
        let kmc = PrivateKey::generate().map_err(ServiceError::from)?;
        let keys = [(ROOT_KEY, &root_key), (OPERATION_KEY, &operation_key), (SERVICE_KEY, &service), (KMC_KEY, &kmc)];
        for (name, key) in keys {
            let sealed = sealed_key::seal(key, passphrase).map_err(ServiceError::from)?;
            write_new(&dir.join(name), sealed.as_bytes(), true)?;
        }
        for (name, certificate) in [(ROOT, authority.root()), (OPERATION, authority.operation())] {
            let pem = certificate_to_pem(certificate).map_err(ServiceError::from)?;
            write_new(&dir.join(name), pem.as_bytes(), false)?;
        }
        Ok(Self { authority, service, kmc })
    }

    /// Opens the keys of a folder.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(dir: &Path, passphrase: &[u8]) -> Result<Self, FolderError> {
        let text = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).map_err(at(&path))
        };
        let certificate = |name| Ok::<_, ServiceError>(certificate_from_pem(&text(name)?)?);
        let key = |name| {
            sealed_key::open(&text(name)?, passphrase).map_err(|error| match error {
                CryptoError::Verification => FolderError::Passphrase,
                other => ServiceError::from(other).into(),
            })
        };
        let operation_key = Box::new(key(OPERATION_KEY)?);
        let authority = Authority::new(certificate(ROOT)?, certificate(OPERATION)?, operation_key)
            .map_err(|_| ServiceError::Damaged("keys and certificates of the folder do not fit".to_owned()))?;
        Ok(Self { authority, service: key(SERVICE_KEY)?, kmc: key(KMC_KEY)? })
    }
}

/// Writes a file that was not there before; a secret one can be read by its owner only.
fn write_new(path: &Path, content: &[u8], secret: bool) -> Result<(), ServiceError> {
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
        let mut file: File = options.open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    let _ = secret;
    write().map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> ServiceError {
    let path = path.to_owned();
    move |source| ServiceError::File { path: path.clone(), source }
}
