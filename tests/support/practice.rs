//! Practice mode below the window: commands to the hub, events from it, keys and CA in this process, the CA over HTTP with
//! its books in files. What the window would show is in the model.
#![allow(dead_code)] // every test file uses its part

use base::secret::Pin;
use cert_assistant::app::{Command, Desk, Event, Hub, KeyState, Online, Site, Surroundings};
use cert_assistant::practice::{KeySet, PRACTICE_PIN, PracticeCa, PracticeDesk};
use net::Proxy;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// What every picture shows.
pub const CAPTCHA: &str = "K7MP";
/// Only a broken program waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Practice {
    pub hub: Option<Hub>,
    pub events: Receiver<Event>,
    pub desk: Desk,
    pub source: Arc<PracticeDesk>,
    pub ca: Arc<PracticeCa>,
}

impl Practice {
    pub fn start(set: KeySet) -> Self {
        let (source, ca) = PracticeDesk::with_keys_and_captcha(set, Arc::new(|| Some(CAPTCHA.to_owned()))).unwrap();
        let mut practice = Self::open(source, Arc::new(ca));
        practice.until(|desk| // the service is reported after the keys that were there
            desk.service.is_some() && desk.keys.iter().all(|key| !matches!(key.state, KeyState::Reading)));
        practice
    }

    pub fn open(source: PracticeDesk, ca: Arc<PracticeCa>) -> Self {
        let source = Arc::new(source);
        let (profiles, journal) = ca.online().unwrap();
        let online = Online { profiles, journal, proxy: Proxy::None };
        let (hub, events) = Hub::start(Surroundings {
            source: source.clone(),
            trust: Arc::new(certificate::TrustStore::default),
            wake: Arc::new(|| {}),
            online: Some(online),
            site: Site { practice: true, ..Site::default() },
        });
        ca.on_message(hub.teller());
        Self { hub: Some(hub), events, desk: Desk::default(), source, ca }
    }

    /// Takes events in until the model is as wanted.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&Desk) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.desk) {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).unwrap_or_else(|_| {
                let wizards: Vec<_> = self.desk.keys.iter().map(|key| (&key.renewal, &key.unlock)).collect();
                let states: Vec<_> = self.desk.keys.iter().map(|key| matches!(key.state, KeyState::Reading)).collect();
                panic!(
                    "not reached; service: {:?}, reading: {states:?}, wizards: {wizards:?}, orders: {:?}",
                    self.desk.service, self.desk.orders
                )
            });
            self.desk.apply(event, Instant::now());
        }
    }

    pub fn slot(&self, owner: &str) -> u64 {
        let found = self.desk.keys.iter().find(|key| {
            let certificate = key.view().and_then(|view| view.leading());
            certificate
                .is_some_and(|certificate| certificate.subject.get("CN").is_some_and(|name| name.contains(owner)))
        });
        found.unwrap_or_else(|| panic!("no key of {owner}")).slot.id
    }

    /// The same for a program that was closed and opened in one process: threads of the closed one may hold an order for a
    /// while, which the end of a process ends, so the services are asked again now and then.
    #[track_caller]
    pub fn until_with_refreshes(&mut self, wanted: impl Fn(&Desk) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.desk) {
            assert!(Instant::now() < end, "{:?}", self.desk.orders);
            match self.events.recv_timeout(Duration::from_millis(500)) {
                Ok(event) => self.desk.apply(event, Instant::now()),
                Err(_) => self.send(Command::RefreshOrders),
            }
        }
    }

    /// A command, as the window sends it.
    pub fn send(&self, command: Command) {
        self.hub.as_ref().unwrap().send(command);
    }
}

/// The PIN of the practice keys.
pub fn pin() -> Pin {
    Pin::new(PRACTICE_PIN.as_bytes()).unwrap()
}
