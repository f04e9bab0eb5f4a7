//! Practice mode below the window: commands to the hub, events from it, keys and CA in this process, the CA over HTTP with
//! its books in files. What the window would show is in the model.
#![allow(dead_code)] // every test file uses its part

use base::secret::Pin;
use cert_assistant::app::{Command, Engine, EngineContext, Event, KeyState, Model, Online, Site};
use cert_assistant::practice::{KeySet, PRACTICE_PIN, PracticeCa, PracticeReaders};
use net::Proxy;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// What every picture shows.
pub const CAPTCHA: &str = "K7MP";
/// Only a broken program waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Practice {
    pub engine: Option<Engine>,
    pub events: Receiver<Event>,
    pub model: Model,
    pub source: Arc<PracticeReaders>,
    pub ca: Arc<PracticeCa>,
}

impl Practice {
    pub fn start(set: KeySet) -> Self {
        let (source, ca) = PracticeReaders::with_keys_and_captcha(set, Arc::new(|| Some(CAPTCHA.to_owned()))).unwrap();
        let mut practice = Self::open(source, Arc::new(ca));
        practice.until(|model| // the service is reported after the keys that were there
            model.service.is_some() && model.keys.iter().all(|key| !matches!(key.state, KeyState::Reading)));
        practice
    }

    pub fn open(source: PracticeReaders, ca: Arc<PracticeCa>) -> Self {
        let source = Arc::new(source);
        let (profiles, journal) = ca.online().unwrap();
        let online = Online { profiles, journal, proxy: Proxy::None };
        let (engine, events) = Engine::start(EngineContext {
            source: source.clone(),
            trust: Arc::new(certificate::TrustStore::default),
            wake: Arc::new(|| {}),
            online: Some(online),
            site: Site { practice: true, ..Site::default() },
        });
        ca.on_message(engine.teller());
        Self { engine: Some(engine), events, model: Model::default(), source, ca }
    }

    /// Takes events in until the model is as wanted.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&Model) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.model) {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).unwrap_or_else(|_| {
                let wizards: Vec<_> = self.model.keys.iter().map(|key| (&key.renewal, &key.unlock)).collect();
                let states: Vec<_> = self.model.keys.iter().map(|key| matches!(key.state, KeyState::Reading)).collect();
                panic!(
                    "not reached; service: {:?}, reading: {states:?}, wizards: {wizards:?}, orders: {:?}",
                    self.model.service, self.model.orders
                )
            });
            self.model.apply(event, Instant::now());
        }
    }

    pub fn slot(&self, owner: &str) -> u64 {
        let found = self.model.keys.iter().find(|key| {
            let certificate = key.view().and_then(|view| view.leading());
            certificate
                .is_some_and(|certificate| certificate.subject.get("CN").is_some_and(|name| name.contains(owner)))
        });
        found.unwrap_or_else(|| panic!("no key of {owner}")).slot.id
    }

    /// The same for a program that was closed and opened in one process: threads of the closed one may hold an order for a
    /// while, which the end of a process ends, so the services are asked again now and then.
    #[track_caller]
    pub fn until_with_refreshes(&mut self, wanted: impl Fn(&Model) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.model) {
            assert!(Instant::now() < end, "{:?}", self.model.orders);
            match self.events.recv_timeout(Duration::from_millis(500)) {
                Ok(event) => self.model.apply(event, Instant::now()),
                Err(_) => self.send(Command::RefreshOrders),
            }
        }
    }

    /// A command, as the window sends it.
    pub fn send(&self, command: Command) {
        self.engine.as_ref().unwrap().send(command);
    }
}

/// The PIN of the practice keys.
pub fn pin() -> Pin {
    Pin::new(PRACTICE_PIN.as_bytes()).unwrap()
}
