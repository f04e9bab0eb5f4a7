//! Practice: virtual keys in this process as a source of keys, without any reader service, and a CA for them. Only for
//! practice mode and tests; the one place besides the program `virtual-key` that uses a virtual key.
//!
//! Invariants: a key pulled out in the middle of an operation ends it with [`TransportError::Removed`]; waiting is done on
//! a condition, never by asking again.

mod ca;
mod keys;

pub use ca::PracticeCa;
pub use keys::{Enrolment, KeySet, NotASet, Situation, practice_contact};

use ca_service::ServiceError;
use ca_service::admin_pins::Masters;
use ca_service::captchas::{self, CaptchaText};
use gm::PrivateKey;
use gm::issue::IssueError;
use keys::Issuer;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use token::apdu::{Command, Response};
use token::{Channel, KeySource, ServiceState, Slot, SourceEvent, Transport, TransportError};
use virtual_key::{Outcome, Plug, TestCa, VirtualKey};

/// User PIN of all practice keys; shown to the person who practises.
pub const PRACTICE_PIN: &str = "123456";
/// Name of the reader practice keys are in.
pub const PRACTICE_READER: &str = "Practice";

/// A desk with practice keys on it.
pub struct PracticeReaders {
    readers: Arc<Readers>,
    anchors: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Readers {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    keys: BTreeMap<u64, InsertedKey>,
    last_id: u64,
    events: VecDeque<SourceEvent>,
    stopped: bool,
}

/// A key on the desk.
#[derive(Clone)]
struct InsertedKey {
    key: Arc<Mutex<VirtualKey>>,
    plug: Arc<Plug>,
    slot: Slot,
}

/// The practice keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// No keys or certificates.
    #[error("practice keys could not be made: {0}")]
    Keys(#[from] IssueError),
    /// A key could not be copied.
    #[error("a practice key could not be copied")]
    Copy,
    /// No CA.
    #[error("the practice CA could not be started: {0}")]
    Service(#[from] ServiceError),
    /// Its address.
    #[error("the address of the practice CA can't be used: {0}")]
    Address(#[from] net::UrlRefused),
    /// No folder for its books.
    #[error("no folder for the books of the practice CA: {0}")]
    Folder(#[from] std::io::Error),
}

impl PracticeReaders {
    /// A desk without keys that trusts this authority.
    #[must_use]
    pub fn empty(ca: &TestCa) -> Self {
        let anchors = vec![ca.root().to_vec(), ca.operation().to_vec()];
        Self { readers: Arc::default(), anchors }
    }

    /// A desk with keys, and the CA that issued them.
    ///
    /// # Errors
    /// [`Unprepared`].
    pub fn with_keys(set: KeySet) -> Result<(Self, PracticeCa), Unprepared> {
        Self::with_keys_and_captcha(set, captchas::random_text())
    }

    /// The same; the pictures of the CA show a text that is known.
    ///
    /// # Errors
    /// [`Unprepared`].
    pub fn with_keys_and_captcha(set: KeySet, captcha: CaptchaText) -> Result<(Self, PracticeCa), Unprepared> {
        let ca = TestCa::create()?;
        let readers = Self::empty(&ca);
        let masters = vec![PrivateKey::generate().map_err(ServiceError::from)?];
        let issuer = Issuer { ca: &ca, masters: &Masters::new(&masters) };
        let (keys, holders) = keys::make(set, &issuer)?;
        for key in keys {
            readers.insert(key);
        }
        Ok((readers, PracticeCa::start(&ca, masters, holders, captcha)?))
    }

    /// The same keys for a program that is started again after [`KeySource::stop`].
    #[must_use]
    pub fn again(&self) -> Self {
        let keys = self.readers.lock().keys.clone();
        let last_id = keys.keys().next_back().copied().unwrap_or_default();
        let inner = Inner { keys, last_id, ..Inner::default() };
        let readers = Readers { inner: Mutex::new(inner), changed: Condvar::new() };
        Self { readers: Arc::new(readers), anchors: self.anchors.clone() }
    }

    /// DER certificates a check in practice mode has to trust: the root and the operation authority.
    #[must_use]
    pub fn trust_anchors(&self) -> &[Vec<u8>] {
        &self.anchors
    }

    /// Puts a key on the desk; returns the id of its slot.
    pub fn insert(&self, mut key: VirtualKey) -> u64 {
        let plug = key.plug();
        plug.push_in();
        key.reset();
        let mut inner = self.readers.lock();
        inner.last_id += 1;
        let id = inner.last_id;
        let slot = Slot { id, reader: format!("{PRACTICE_READER} {id:02}"), atr: key.atr().to_vec() };
        inner.events.push_back(SourceEvent::Inserted(slot.clone()));
        inner.keys.insert(id, InsertedKey { key: Arc::new(Mutex::new(key)), plug, slot });
        self.readers.changed.notify_all();
        id
    }

    /// Takes a key away, also in the middle of an operation. Does nothing for an id that is not there.
    pub fn remove(&self, id: u64) {
        self.readers.remove(id);
    }
}

impl Readers {
    fn remove(&self, id: u64) {
        let mut inner = self.lock();
        if let Some(inserted) = inner.keys.remove(&id) {
            inserted.plug.pull();
            inner.events.push_back(SourceEvent::Removed(id));
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySource for PracticeReaders {
    fn watch(&self, sink: &mut dyn FnMut(SourceEvent) -> bool) {
        let readers = &self.readers;
        let mut inner = readers.lock();
        // whoever watches anew is told of everything that lies here
        let service = SourceEvent::Service(ServiceState::Running { readers: inner.keys.len() });
        let keys = inner.keys.values().map(|inserted| SourceEvent::Inserted(inserted.slot.clone()));
        inner.events = keys.chain([service]).collect();
        loop {
            let waiting = readers.changed.wait_while(inner, |inner| inner.events.is_empty() && !inner.stopped);
            inner = waiting.unwrap_or_else(PoisonError::into_inner);
            if inner.stopped {
                return;
            }
            let Some(event) = inner.events.pop_front() else { continue };
            drop(inner);
            if !sink(event) {
                return;
            }
            inner = readers.lock();
        }
    }

    fn stop(&self) {
        self.readers.lock().stopped = true;
        self.readers.changed.notify_all();
    }

    fn open(&self, slot: &Slot) -> Result<Box<dyn Transport>, TransportError> {
        let inner = self.readers.lock();
        let inserted = inner.keys.get(&slot.id).ok_or(TransportError::Removed)?;
        Ok(Box::new(PracticeTransport {
            key: Arc::clone(&inserted.key),
            plug: Arc::clone(&inserted.plug),
            readers: Arc::clone(&self.readers),
            slot: inserted.slot.clone(),
        }))
    }
}

/// A connection to a virtual key in this process.
struct PracticeTransport {
    key: Arc<Mutex<VirtualKey>>,
    plug: Arc<Plug>,
    readers: Arc<Readers>,
    slot: Slot,
}

impl Transport for PracticeTransport {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        if self.plug.is_out() {
            return Err(TransportError::Removed);
        }
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(PracticeChannel { key, readers: &self.readers, id: self.slot.id }))
    }

    fn atr(&self) -> &[u8] {
        &self.slot.atr
    }
}

struct PracticeChannel<'a> {
    key: MutexGuard<'a, VirtualKey>,
    readers: &'a Readers,
    id: u64,
}

impl Channel for PracticeChannel<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let bytes = command.encode().map_err(|_| TransportError::TooLong)?;
        match self.key.exchange(bytes.expose()) {
            Outcome::Answer(answer) => Response::parse(&answer).map_err(|_| TransportError::Garbage),
            Outcome::Unplugged | Outcome::PowerLost => {
                self.readers.remove(self.id);
                Err(TransportError::Removed)
            }
        }
    }

    fn was_reset(&self) -> bool {
        // nobody but the desk resets its keys, and only before they are put on it
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{KeySet, PracticeReaders};

    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread::{self, JoinHandle};
    use token::apdu::{Command, Le};
    use token::{KeySource, Slot, SourceEvent, TransportError};
    use virtual_key::faults::{Fault, Where};
    use virtual_key::personalise::personalise;
    use virtual_key::{Faults, Spec, TestCa, VirtualKey};

    fn info() -> Command {
        Command::new(0x80, 0x04, 0, 0).le(Le::Any)
    }

    fn watch(readers: &Arc<PracticeReaders>) -> (Receiver<SourceEvent>, JoinHandle<()>) {
        let (send, receive) = channel();
        let watched = Arc::clone(readers);
        let thread = thread::spawn(move || watched.watch(&mut |event| send.send(event).is_ok()));
        (receive, thread)
    }

    fn service(events: &Receiver<SourceEvent>) {
        assert!(matches!(events.recv().unwrap(), SourceEvent::Service(_)));
    }

    fn inserted(events: &Receiver<SourceEvent>) -> Slot {
        match events.recv().unwrap() {
            SourceEvent::Inserted(slot) => slot,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn standard_keys_lie_there_and_answer() {
        let readers = Arc::new(PracticeReaders::with_keys(KeySet::Standard).unwrap().0);
        let (events, thread) = watch(&readers);
        for id in 1..=4 {
            let slot = inserted(&events);
            assert_eq!(slot.id, id);
            let mut transport = readers.open(&slot).unwrap();
            assert_eq!(transport.atr(), slot.atr);
            assert_eq!(transport.begin().unwrap().transmit(&info()).unwrap().data.len(), 288);
        }
        service(&events);
        assert_eq!(readers.trust_anchors().len(), 2);
        readers.stop();
        thread.join().unwrap();
        assert!(events.recv().is_err(), "nothing more is reported after stop");
    }

    #[test]
    fn a_key_removed_in_the_middle_of_an_operation_ends_it_and_is_reported() {
        let ca = TestCa::create().unwrap();
        let readers = Arc::new(PracticeReaders::empty(&ca));
        let slow = Faults::default().and(Fault::Slow(None), Where::Number(2));
        let key = VirtualKey::new(personalise(&Spec::new("某某", "1"), &ca).unwrap()).with_faults(slow);
        let (events, thread) = watch(&readers);
        service(&events);
        let id = readers.insert(key);
        let slot = inserted(&events);
        let mut transport = readers.open(&slot).unwrap();
        let mut operation = transport.begin().unwrap();
        operation.transmit(&info()).unwrap();
        let remover = Arc::clone(&readers);
        let removing = thread::spawn(move || remover.remove(id));
        assert_eq!(operation.transmit(&info()).err(), Some(TransportError::Removed));
        drop(operation);
        removing.join().unwrap();
        assert_eq!(events.recv().unwrap(), SourceEvent::Removed(id));
        assert_eq!(transport.begin().err(), Some(TransportError::Removed));
        assert_eq!(readers.open(&slot).err(), Some(TransportError::Removed));
        readers.stop();
        thread.join().unwrap();
    }

    #[test]
    fn a_key_that_loses_contact_by_a_fault_is_reported_removed() {
        let ca = TestCa::create().unwrap();
        let readers = Arc::new(PracticeReaders::empty(&ca));
        let faults = Faults::default().and(Fault::UnplugAfter, Where::Instruction(0x04, Some(1)));
        let state = personalise(&Spec::new("某某", "1"), &ca).unwrap();
        let id = readers.insert(VirtualKey::new(state).with_faults(faults));
        let (events, thread) = watch(&readers);
        let slot = inserted(&events);
        service(&events);
        let mut transport = readers.open(&slot).unwrap();
        assert_eq!(transport.begin().unwrap().transmit(&info()).err(), Some(TransportError::Removed));
        assert_eq!(events.recv().unwrap(), SourceEvent::Removed(id));
        readers.stop();
        thread.join().unwrap();
    }
}
