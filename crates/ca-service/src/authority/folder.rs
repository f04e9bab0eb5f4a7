//! The folder of an authority: certificates in the open, private keys sealed by a passphrase.
//!
//! The root's key is only written; running the service does not need it, so that the file may be kept elsewhere.

use super::{Authority, Names};
use crate::error::ServiceError;
use base::files::{Access, options};
use gm::issue::{certificate_from_pem, certificate_to_pem};
use gm::{CryptoError, PrivateKey, sealed_key};
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
    /// Masters of the admin PINs, number 1 first; none in a folder made before there were any.
    pub admin_masters: Vec<PrivateKey>,
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
        let key = PrivateKey::generate;
        Ok(Self { authority, service: key()?, kmc: key()?, admin_masters: vec![key()?] })
    }

    /// Makes all keys and writes them into a folder, which is made unless it is there. Nothing is overwritten.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn init(dir: &Path, passphrase: &[u8], names: &Names, now: i64) -> Result<Self, FolderError> {
        let first = master_file(1);
        for name in [ROOT, OPERATION, ROOT_KEY, OPERATION_KEY, SERVICE_KEY, KMC_KEY, &first] {
            let path = dir.join(name);
            if path.exists() {
                return Err(FolderError::Exists(path));
            }
        }
        std::fs::create_dir_all(dir).map_err(at(dir))?;
        let (authority, root_key, operation_key) = Authority::create(names, now).map_err(ServiceError::from)?;
        let service = PrivateKey::generate().map_err(ServiceError::from)?;
        let kmc = PrivateKey::generate().map_err(ServiceError::from)?;
        let master = PrivateKey::generate().map_err(ServiceError::from)?;
        let keys = [
            (ROOT_KEY, &root_key),
            (OPERATION_KEY, &operation_key),
            (SERVICE_KEY, &service),
            (KMC_KEY, &kmc),
            (&first, &master),
        ];
        for (name, key) in keys {
            let sealed = sealed_key::seal(key, passphrase).map_err(ServiceError::from)?;
            write_new(&dir.join(name), sealed.as_bytes(), true)?;
        }
        for (name, certificate) in [(ROOT, authority.root()), (OPERATION, authority.operation())] {
            let pem = certificate_to_pem(certificate).map_err(ServiceError::from)?;
            write_new(&dir.join(name), pem.as_bytes(), false)?;
        }
        Ok(Self { authority, service, kmc, admin_masters: vec![master] })
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
        let key = |name: &str| {
            sealed_key::open(&text(name)?, passphrase).map_err(|error| match error {
                CryptoError::Verification => FolderError::Passphrase,
                other => ServiceError::from(other).into(),
            })
        };
        let operation_key = Box::new(key(OPERATION_KEY)?);
        let authority = Authority::new(certificate(ROOT)?, certificate(OPERATION)?, operation_key)
            .map_err(|_| ServiceError::Damaged("keys and certificates of the folder do not fit".to_owned()))?;
        let mut admin_masters = Vec::new();
        for number in 1..=newest_master(dir)? {
            admin_masters.push(key(&master_file(number))?);
        }
        Ok(Self { authority, service: key(SERVICE_KEY)?, kmc: key(KMC_KEY)?, admin_masters })
    }

    /// Makes the next master of the admin PINs in a folder and returns its number; devices that are registered from now on
    /// get their admin PIN from it, the others keep theirs.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn add_admin_master(dir: &Path, passphrase: &[u8]) -> Result<u32, FolderError> {
        // with another passphrase the service would not start again
        Self::open(dir, passphrase)?;
        let number = newest_master(dir)?.saturating_add(1);
        let master = PrivateKey::generate().map_err(ServiceError::from)?;
        let sealed = sealed_key::seal(&master, passphrase).map_err(ServiceError::from)?;
        write_new(&dir.join(master_file(number)), sealed.as_bytes(), true)?;
        Ok(number)
    }
}

/// Name of the file of a master of the admin PINs.
fn master_file(number: u32) -> String {
    format!("admin-pin-{number}.key")
}

/// The highest number there is a master of; 0 when there is none. One missing in between is found when it is read.
fn newest_master(dir: &Path) -> Result<u32, ServiceError> {
    let mut newest = 0;
    for entry in std::fs::read_dir(dir).map_err(at(dir))? {
        let name = entry.map_err(at(dir))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("admin-pin-")?.strip_suffix(".key"));
        newest = newest.max(number.and_then(|number| number.parse().ok()).unwrap_or(0));
    }
    Ok(newest)
}

/// Writes a file that was not there before; a secret one can be read by its owner only.
fn write_new(path: &Path, content: &[u8], secret: bool) -> Result<(), ServiceError> {
    let write = || -> io::Result<()> {
        let access = if secret { Access::Owner } else { Access::Everybody };
        let mut file = options(access).write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> ServiceError {
    let path = path.to_owned();
    move |source| ServiceError::File { path: path.clone(), source }
}
