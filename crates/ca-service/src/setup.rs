//! Making and opening a service from its folder and databases, for the program and for tests that work on files.
//!
//! Invariant: nothing that exists is overwritten – neither keys nor books that belong to another service.

use super::audit::{self, Actor, Entry};
use super::authority::{FolderError, HolderKind, Keys, Names};
use super::clock::Clock;
use super::config::{self, Config};
use super::error::ServiceError;
use super::kmc::Kmc;
use super::operators::{OneTimePassword, OperatorError, Operators, Role, is_login_name};
use super::registry::certificates;
use super::registry::customers::{self, NewCustomer};
use super::registry::devices;
use super::service::Service;
use super::store::{Store, StoreError, sqlite_url};
use base::files::{Access, options, private_folder};
use certificate::Certificate;
use gm::issue::certificate_from_pem;
use order_api::Contact;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Fewest bytes of a passphrase for the keys.
pub const SHORTEST_PASSPHRASE: usize = 8;

/// Where a service lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// Keys and settings; databases too unless the URLs say otherwise.
    pub dir: PathBuf,
    /// Database of the books; `books.db` in the folder.
    pub database: Option<String>,
    /// Database of the key management; that of the books on PostgreSQL, otherwise `kmc.db` in the folder.
    pub kmc_database: Option<String>,
}

/// Why a service was not made or opened.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Keys.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Accounts.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no service in the folder.
    #[error("there is no service in {}; make one with `ca-service init`", .0.display())]
    Missing(PathBuf),
    /// The database has operators already.
    #[error("the database holds the books of another service")]
    UsedDatabase,
    /// The passphrase is too short.
    #[error("the passphrase needs at least {SHORTEST_PASSPHRASE} characters")]
    ShortPassphrase,
    /// Neither PEM nor DER of a certificate.
    #[error("{}: not a certificate", .0.display())]
    NotACertificate(PathBuf),
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<sqlx::Error> for SetupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Service(error.into())
    }
}

impl Place {
    fn books(&self) -> String {
        self.database.clone().unwrap_or_else(|| sqlite_url(&self.dir.join("books.db")))
    }

    fn keys(&self) -> String {
        let shared = self.database.as_ref().filter(|url| url.starts_with("postgres"));
        let own = || sqlite_url(&self.dir.join("kmc.db"));
        self.kmc_database.as_ref().or(shared).cloned().unwrap_or_else(own)
    }

    /// Opens the books of a service that was made.
    ///
    /// # Errors
    /// [`SetupError::Missing`].
    pub async fn store(&self) -> Result<Store, SetupError> {
        if !self.dir.join(config::FILE).exists() {
            return Err(SetupError::Missing(self.dir.clone()));
        }
        Ok(Store::open_any(&self.books()).await?)
    }

    /// Makes keys, settings, databases and the first administrator. Returns the administrator's first password.
    ///
    /// # Errors
    /// [`SetupError`]; what exists already is left as it is.
    pub async fn init(
        &self,
        passphrase: &[u8],
        settings: &Config,
        administrator: &str,
        clock: Clock,
    ) -> Result<OneTimePassword, SetupError> {
        if !is_login_name(administrator) {
            return Err(OperatorError::Name.into());
        }
        if passphrase.len() < SHORTEST_PASSPHRASE {
            return Err(SetupError::ShortPassphrase);
        }
        let file = self.dir.join(config::FILE);
        if file.exists() {
            return Err(FolderError::Exists(file).into());
        }
        private_folder(&self.dir).map_err(at(&self.dir))?;
        let store = Store::open_any(&self.books()).await?;
        let operators = Operators::new(store.clone(), clock.clone());
        if !operators.list().await?.is_empty() {
            return Err(SetupError::UsedDatabase);
        }
        let names = Names { organisation: settings.name.clone(), ..Names::default() };
        let keys = Keys::init(&self.dir, passphrase, &names, clock())?;
        let kmc = Kmc::open_any(&self.keys(), &keys.kmc, clock.clone()).await?;
        let service = Service::new(settings.clone(), store, kmc, keys, clock).await?;
        let mut tx = service.store.begin().await?;
        let entry = Entry::done(COMMAND_LINE, "service.init", "service", &settings.name);
        audit::append(&mut tx, &service.clock, &entry).await?;
        tx.commit().await?;
        let password = operators.add(COMMAND_LINE, administrator, Role::Administrator).await?;
        // last: a folder with it is a whole service
        write_new(&file, &settings_text(settings)).map_err(at(&file))?;
        service.close().await;
        Ok(password)
    }

    /// Makes the next master of the admin PINs; returns its number.
    ///
    /// # Errors
    /// [`SetupError`]; [`ServiceError::Damaged`] when a master that devices have got their admin PIN from is missing.
    pub async fn add_admin_master(&self, passphrase: &[u8], clock: Clock) -> Result<u32, SetupError> {
        let service = self.open(passphrase, false, clock).await?;
        devices::check_masters(&service).await?;
        let number = Keys::add_admin_master(&self.dir, passphrase)?;
        let mut tx = service.store.begin().await?;
        let detail = format!("number {number}");
        audit::append(&mut tx, &service.clock, &Entry::done(COMMAND_LINE, "device.master", "service", &detail)).await?;
        tx.commit().await?;
        service.close().await;
        Ok(number)
    }

    /// Opens a service. Given `behind_proxy`, it takes the addresses of its visitors from a proxy in front.
    ///
    /// # Errors
    /// [`SetupError`]; [`FolderError::Passphrase`] for a wrong one.
    pub async fn open(&self, passphrase: &[u8], behind_proxy: bool, clock: Clock) -> Result<Service, SetupError> {
        let store = self.store().await?;
        let mut settings = Config::load(&self.dir)?;
        settings.behind_proxy |= behind_proxy;
        let keys = Keys::open(&self.dir, passphrase)?;
        let kmc = Kmc::open_any(&self.keys(), &keys.kmc, clock.clone()).await?;
        Ok(Service::new(settings, store, kmc, keys, clock).await?)
    }
}

/// Somebody at the command line of the machine the service runs on.
pub const COMMAND_LINE: Actor<'static> = Actor { name: "command-line", role: "system" };

/// A customer to be registered with what is on the key, or a key of one who is in the books.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Number of a customer in the books; a new one when `None`.
    pub customer: Option<i64>,
    /// Name; that of the signing certificate when `None`.
    pub name: Option<String>,
    /// Whether the customer is a person.
    pub person: bool,
    /// Identity number or organisation code.
    pub code: String,
    /// Number of the customer; may be empty.
    pub number: String,
    /// Code of the product.
    pub product: String,
    /// Whom the CA calls: name, mobile number, e-mail address; all empty when nobody is known.
    pub contact: (String, String, String),
    /// File of the signing certificate.
    pub sign: Option<PathBuf>,
    /// File of the encryption certificate.
    pub encrypt: Option<PathBuf>,
    /// USB-Key 序列号; the key gets, or has, an admin PIN of this CA.
    pub device: Option<String>,
}

/// What came into the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Number of the customer.
    pub customer: i64,
    /// Serial number of the signing certificate.
    pub certificate: Option<String>,
    /// Number of the master that the admin PIN of the key is made from.
    pub master: Option<i64>,
}

/// Registers a customer, and takes the certificates and the device of the key into the books.
///
/// # Errors
/// [`SetupError`].
pub async fn register(service: &Service, new: &Registration) -> Result<Registered, SetupError> {
    let sign = new.sign.as_deref().map(read_certificate).transpose()?;
    let encrypt = new.encrypt.as_deref().map(read_certificate).transpose()?;
    let parsed = sign.as_deref().and_then(|der| Certificate::parse(der).ok());
    let owner = parsed.as_ref().and_then(|parsed| parsed.owner.clone());
    let (contact, mobile, email) = new.contact.clone();
    let customer = NewCustomer {
        name: new.name.clone().or(owner).unwrap_or_default(),
        kind: if new.person { HolderKind::Person } else { HolderKind::Organisation },
        entity: String::new(),
        code: new.code.clone(),
        number: new.number.clone(),
        product: new.product.clone(),
        contact: Contact { name: contact, mobile, email },
    };
    let id = match new.customer {
        Some(id) => id,
        None => customers::register(service, &customer, COMMAND_LINE).await?,
    };
    let certificate = match sign {
        Some(sign) => Some(certificates::enrol(service, id, &sign, encrypt.as_deref(), COMMAND_LINE).await?),
        None => None,
    };
    let master = match &new.device {
        Some(serial) => Some(devices::register(service, serial, id, COMMAND_LINE).await?),
        None => None,
    };
    Ok(Registered { customer: id, certificate, master })
}

/// A certificate in PEM or DER, as DER.
fn read_certificate(path: &Path) -> Result<Vec<u8>, SetupError> {
    let bytes = std::fs::read(path).map_err(at(path))?;
    let pem = std::str::from_utf8(&bytes).ok().and_then(|text| certificate_from_pem(text).ok());
    let der = pem.unwrap_or(bytes);
    match Certificate::parse(&der) {
        Ok(_) => Ok(der),
        Err(_) => Err(SetupError::NotACertificate(path.to_owned())),
    }
}

/// The settings a new service begins with; the rest is written down where they are explained.
fn settings_text(settings: &Config) -> String {
    // the escapes of JSON are escapes of TOML
    let text = |value: &str| serde_json::Value::from(value).to_string();
    format!("name = {}\npublic_url = {}\n", text(&settings.name), text(&settings.public_url))
}

/// Writes the admin PIN of a device into a new file that only its owner can read. `anew` when the key is personalised once
/// more; then it gets one from the newest master. Nothing is overwritten.
///
/// # Errors
/// [`SetupError`].
pub async fn hand_out_admin_pin(service: &Service, serial: &str, file: &Path, anew: bool) -> Result<(), SetupError> {
    // first, because what is written down in the books can't be taken back
    let mut out = options(Access::Owner).write(true).create_new(true).open(file).map_err(at(file))?;
    let written = async {
        if anew {
            devices::personalise_again(service, serial, COMMAND_LINE).await?;
        }
        let pin = devices::admin_pin(service, serial, COMMAND_LINE).await?;
        out.write_all(pin.expose()).and_then(|()| out.sync_all()).map_err(at(file))
    };
    let result = written.await;
    if result.is_err() {
        // nothing is in it that anybody needs
        let _ = std::fs::remove_file(file);
    }
    result
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn at(path: &Path) -> impl Fn(io::Error) -> SetupError {
    let path = path.to_owned();
    move |source| SetupError::File { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::{Place, settings_text};
    use crate::config::{Config, FILE};

    #[test]
    fn settings_are_read_back_as_they_were_given() {
        let dir = tempfile::tempdir().unwrap();
        let name = "北京 \"CA\"\\\n\u{7}".to_owned();
        let settings = Config { name, public_url: "https://ca.example".to_owned(), ..Config::default() };
        std::fs::write(dir.path().join(FILE), settings_text(&settings)).unwrap();
        assert_eq!(Config::load(dir.path()).unwrap(), settings);
    }

    #[test]
    fn the_key_management_is_shared_on_postgresql_and_a_file_of_its_own_otherwise() {
        let place = |database: Option<&str>, kmc: Option<&str>| Place {
            dir: "/srv/ca".into(),
            database: database.map(str::to_owned),
            kmc_database: kmc.map(str::to_owned),
        };
        assert_eq!(place(None, None).keys(), "sqlite:/srv/ca/kmc.db?mode=rwc");
        assert_eq!(place(Some("sqlite:/x.db"), None).keys(), "sqlite:/srv/ca/kmc.db?mode=rwc");
        assert_eq!(place(Some("postgres://a/b"), None).keys(), "postgres://a/b");
        assert_eq!(place(Some("postgres://a/b"), Some("postgres://a/k")).keys(), "postgres://a/k");
    }
}
