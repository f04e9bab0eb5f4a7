//! What the probes look at. Everything a test has to make up – the root of the file system, variables, keys, the service –
//! is a field; the real scene is made by the app.

use super::outside::Reached;
use base::fault::Fault;
use ca_client::Profiles;
use certificate::TrustStore;
use gm::PublicKey;
use net::Proxy;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use token::{KeyContents, KeyUse, ServiceReport, ServiceState};

/// An inserted card and what it said when it was read just now.
#[derive(Clone, Debug)]
pub struct Inserted {
    /// Reader name.
    pub reader: String,
    /// ATR.
    pub atr: Vec<u8>,
    /// Contents, or why it could not be read.
    pub result: Result<KeyContents, Fault>,
    /// Public keys of the container in use, as far as the key gives them.
    pub public_keys: Vec<(KeyUse, PublicKey)>,
    /// A workflow of this program has the key, so that it was not read.
    pub lent: bool,
}

/// Folders of this person.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// Settings, CA profiles, trusted roots.
    pub config: PathBuf,
    /// Orders, logs, crash reports.
    pub data: PathBuf,
    /// What may be lost.
    pub cache: PathBuf,
}

/// A file or folder of the administrator that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Which.
    pub path: PathBuf,
    /// Names of what it sets; none of a folder.
    pub what: Vec<String>,
}

/// Asks for something that takes time; called once a check at most.
pub type Asked<T> = Box<dyn Fn() -> T + Send + Sync>;

/// What the probes look at.
pub struct Scene {
    /// Root of the file system: `/`, in tests a made-up tree for what is read of `/sys`, `/proc`, `/etc` and `/usr`.
    pub root: PathBuf,
    /// Variables of the environment.
    pub variables: HashMap<String, String>,
    /// Asks the smart-card service anew.
    pub ask_service: Asked<ServiceReport>,
    /// Reads every inserted card anew.
    pub ask_keys: Asked<Vec<Inserted>>,
    /// Loads the certificates the check trusts.
    pub trust: Asked<TrustStore>,
    /// Which CA issues which certificates.
    pub profiles: Profiles,
    /// How services are reached.
    pub proxy: Proxy,
    /// Folders of this person.
    pub folders: Folders,
    /// What the administrator set for everybody, as the program uses it.
    pub presets: Vec<Preset>,
    /// What of it can't be used.
    pub preset_faults: Vec<Fault>,
    /// This program's file: it runs itself as a child to load driver libraries.
    pub program: PathBuf,
    /// The clock of this computer, seconds since 1970 UTC.
    pub now: fn() -> i64,
    /// Practice keys: what lies below them has no meaning.
    pub practice: bool,
    /// Answers that were given, so that probes share them.
    pub answers: Answers,
}

/// What was asked for once and is shared by the probes of one check.
#[derive(Default)]
pub struct Answers {
    service: OnceLock<ServiceReport>,
    keys: OnceLock<Vec<Inserted>>,
    pub(super) reached: OnceLock<Vec<Reached>>,
    trust: OnceLock<TrustStore>,
}

impl Scene {
    /// A computer with nothing on it below this root, without service and keys: what a made-up scene begins with.
    #[must_use]
    pub fn bare(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            variables: HashMap::new(),
            ask_service: Box::new(|| ServiceState::Stopped.into()),
            ask_keys: Box::new(Vec::new),
            trust: Box::new(TrustStore::default),
            profiles: Profiles::default(),
            proxy: Proxy::None,
            folders: Folders::default(),
            presets: Vec::new(),
            preset_faults: Vec::new(),
            program: PathBuf::new(),
            now: certificate::now,
            practice: false,
            answers: Answers::default(),
        }
    }

    /// State of the smart-card service; the first probe that asks waits for it.
    pub fn service(&self) -> &ServiceState {
        &self.service_report().state
    }

    /// All that is known of the service and its readers.
    pub fn service_report(&self) -> &ServiceReport {
        self.answers.service.get_or_init(|| (self.ask_service)())
    }

    /// The certificates the check trusts, loaded once for all probes.
    pub fn trust_store(&self) -> &TrustStore {
        self.answers.trust.get_or_init(|| (self.trust)())
    }

    /// The inserted cards, read once for all probes; empty when the service can't be used.
    pub fn keys(&self) -> &[Inserted] {
        self.answers.keys.get_or_init(|| match self.service() {
            ServiceState::Running { .. } => (self.ask_keys)(),
            _ => Vec::new(),
        })
    }

    /// A path of the file system, below [`Scene::root`].
    #[must_use]
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }
}
