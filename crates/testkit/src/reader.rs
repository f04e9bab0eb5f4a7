//! A private reader service with virtual readers, keys to put in and pull out.
//!
//! The client library reads the address of the service once, from the environment, so a test runs itself again as a
//! child with that address. The service belongs to the child and dies with it.

use base::secret::Pin;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use token::{Gmt0017, KeySource, PcscSource, ServiceState, Slot, SourceEvent, Token, Transport, TransportError};
use virtual_key::faults::FaultRule;
use virtual_key::personalise::personalise;
use virtual_key::{Control, Endpoint, Faults, LinkEvent, Outcome, Plug, Spec, State, TestCa, VirtualKey, link_vpcd};

/// A test that waits so long for something that must happen has failed.
pub const WATCHDOG: Duration = Duration::from_secs(30);

const CHILD: &str = "CERT_ASSISTANT_TEST_CHILD";
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// Runs `body` in a child process that talks to a private service with at least `readers` readers.
pub fn with_private_service(test: &str, readers: usize, body: impl FnOnce(&ReaderService)) {
    with_private_socket(test, |directory| {
        let service = ReaderService::new(directory, readers);
        service.start_service();
        body(&service);
    });
}

/// Runs `body` in a child process whose service is expected at `pcscd.comm` in the given directory.
pub fn with_private_socket(test: &str, body: impl FnOnce(&Path)) {
    if std::env::var(CHILD).as_deref() == Ok(test) {
        let socket = PathBuf::from(std::env::var_os(SOCKET).unwrap());
        return body(socket.parent().unwrap());
    }
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, test)
        .env(SOCKET, directory.path().join("pcscd.comm"))
        .status()
        .unwrap();
    assert!(status.success(), "the test failed in its child process");
}

/// The private service and its readers.
pub struct ReaderService {
    directory: PathBuf,
    ports: Vec<u16>,
    service: Mutex<Option<Child>>,
}

impl ReaderService {
    /// Readers for a service whose socket is in `directory`; the service is not started yet.
    pub fn new(directory: &Path, readers: usize) -> Self {
        let entries = readers.div_ceil(2);
        let ports = free_ports(entries * 2);
        let config = directory.join("readers");
        std::fs::create_dir(&config).unwrap();
        for (entry, pair) in ports.chunks(2).enumerate() {
            let port = pair[0];
            // the driver numbers its readers by slot only: each pair needs a copy with variables of its own
            let driver = directory.join(format!("driver{entry:02}.so"));
            std::fs::copy(DRIVER, &driver).unwrap();
            let text = format!(
                "FRIENDLYNAME \"Desk {entry}\"\nDEVICENAME /dev/null:{port}\nLIBPATH {}\nCHANNELID {port}\n",
                driver.display()
            );
            std::fs::write(config.join(format!("service{entry:02}")), text).unwrap();
        }
        Self { directory: directory.to_owned(), ports, service: Mutex::new(None) }
    }

    /// Number of readers.
    pub fn readers(&self) -> usize {
        self.ports.len()
    }

    /// Starts the service and waits until it listens.
    pub fn start_service(&self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("socket_activation.py");
        let log = std::fs::File::create(self.directory.join("pcscd.log")).unwrap();
        let mut service = Command::new("python3")
            .arg(script)
            .arg(self.directory.join("pcscd.comm"))
            .args(["pcscd", "-f", "-i", "-c"])
            .arg(self.directory.join("readers"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(service.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        *self.service.lock().unwrap() = Some(service);
    }

    /// Kills the service.
    pub fn stop_service(&self) {
        if let Some(mut service) = self.service.lock().unwrap().take() {
            service.kill().unwrap();
            service.wait().unwrap();
        }
    }

    /// Puts a card into a reader.
    pub fn plug<E: Endpoint + Send + 'static>(&self, reader: usize, card: E, contact: Arc<Plug>) -> Plugged<E> {
        Plugged::new(self.ports[reader], card, contact)
    }

    /// Puts a key into a reader.
    pub fn plug_key(&self, reader: usize, key: VirtualKey) -> Plugged<VirtualKey> {
        let contact = key.plug();
        self.plug(reader, key, contact)
    }
}

impl Drop for ReaderService {
    fn drop(&mut self) {
        self.stop_service();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.directory.join("pcscd.log")).unwrap_or_default();
            eprintln!("what the service said:\n{log}");
        }
    }
}

/// Consecutive ports nobody listens on, below the range outgoing connections are given.
fn free_ports(count: usize) -> Vec<u16> {
    let start = 10_000 + (std::process::id() % 500) as u16 * 40;
    let ranges = (0..500u16).map(|step| 10_000 + (start - 10_000 + step * 40) % 20_000);
    for first in ranges {
        let ports: Vec<u16> = (first..).take(count).collect();
        let taken: Result<Vec<_>, _> =
            ports.iter().map(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port))).collect();
        if taken.is_ok() {
            return ports;
        }
    }
    panic!("no free ports");
}

/// A card in a virtual reader, with everything it was sent.
pub struct Plugged<E> {
    card: Arc<Mutex<E>>,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    control: Arc<Control>,
    pulled: Receiver<()>,
}

struct Recorder<E> {
    atr: Vec<u8>,
    card: Arc<Mutex<E>>,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<E: Endpoint> Endpoint for Recorder<E> {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn reset(&mut self) {
        self.card.lock().unwrap().reset();
    }

    fn exchange(&mut self, apdu: &[u8]) -> Outcome {
        self.sent.lock().unwrap().push(apdu.to_vec());
        self.card.lock().unwrap().exchange(apdu)
    }
}

impl<E: Endpoint + Send + 'static> Plugged<E> {
    fn new(port: u16, card: E, contact: Arc<Plug>) -> Self {
        let atr = card.atr().to_vec();
        let card = Arc::new(Mutex::new(card));
        let sent = Arc::default();
        let control = Arc::new(Control::new(contact));
        let (tell, pulled) = channel();
        let mut recorder = Recorder { atr, card: Arc::clone(&card), sent: Arc::clone(&sent) };
        let by = Arc::clone(&control);
        // ends with the process: a link serves for ever
        std::thread::spawn(move || {
            link_vpcd::run(port, &mut recorder, &by, &mut |event| {
                if matches!(event, LinkEvent::Out { .. }) {
                    let _ = tell.send(());
                }
            });
        });
        Self { card, sent, control, pulled }
    }

    /// Pulls it out and waits until it is out.
    pub fn pull(&self) {
        self.control.unplug();
        self.wait_pulled();
    }

    /// Waits until a fault pulled it out.
    pub fn wait_pulled(&self) {
        self.pulled.recv_timeout(WATCHDOG).unwrap();
    }

    /// Puts it in again.
    pub fn put_back(&self) {
        self.control.plug();
    }

    /// Everything it was sent since the last call.
    pub fn take_sent(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Headers of everything it was sent since the last call.
    pub fn take_headers(&self) -> Vec<[u8; 4]> {
        self.take_sent().iter().map(|apdu| apdu[..4].try_into().unwrap()).collect()
    }

    /// The card itself.
    pub fn card(&self) -> std::sync::MutexGuard<'_, E> {
        self.card.lock().unwrap()
    }
}

impl Plugged<VirtualKey> {
    /// Sets the faults from now on, as `virtual-key` takes them; instructions are counted from here.
    pub fn set_faults(&self, rules: &[&str]) {
        let mut key = self.card();
        let taken = std::mem::replace(&mut *key, make(&Spec::new("", "").state(State::NoApplication)));
        *key = taken.with_faults(faults(rules));
    }

    /// Tries left of the user PIN, as the key keeps it.
    pub fn tries_left(&self) -> u8 {
        self.card().state().applications[0].user.tries.left
    }
}

static CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());

/// The authority of all keys made here.
pub fn authority() -> &'static TestCa {
    &CA
}

/// A valid key with PIN 123456.
pub fn key(serial: &str) -> VirtualKey {
    make(&Spec::new("示例有限公司", serial))
}

/// A key as described.
pub fn make(spec: &Spec) -> VirtualKey {
    VirtualKey::new(personalise(spec, &CA).unwrap())
}

/// Faults as `virtual-key` takes them.
pub fn faults(rules: &[&str]) -> Faults {
    rules.iter().map(|rule| rule.parse::<FaultRule>().unwrap()).collect()
}

/// A PIN.
pub fn pin(text: &str) -> Pin {
    Pin::new(text.as_bytes()).unwrap()
}

/// The hot-plug thread and what it reports.
pub struct Watching {
    source: Arc<PcscSource>,
    events: Receiver<SourceEvent>,
    early: RefCell<VecDeque<SourceEvent>>,
    thread: Option<JoinHandle<()>>,
}

impl Watching {
    /// Starts watching.
    pub fn start() -> Self {
        let (tell, events) = channel();
        Self::with_sink(events, move |event| tell.send(event).is_ok())
    }

    /// Starts watching; before every event is taken, `gate` has to let it pass.
    pub fn gated() -> (Self, Sender<()>) {
        let (open, gate) = channel();
        let (tell, events) = channel();
        let watching =
            Self::with_sink(events, move |event| tell.send(event).is_ok() && gate.recv_timeout(WATCHDOG).is_ok());
        (watching, open)
    }

    fn with_sink(events: Receiver<SourceEvent>, mut sink: impl FnMut(SourceEvent) -> bool + Send + 'static) -> Self {
        let source = Arc::new(PcscSource::new());
        let by = Arc::clone(&source);
        let thread = std::thread::spawn(move || by.watch(&mut sink));
        Self { source, events, early: RefCell::default(), thread: Some(thread) }
    }

    /// The next event.
    pub fn next(&self) -> SourceEvent {
        let early = self.early.borrow_mut().pop_front();
        early.unwrap_or_else(|| self.events.recv_timeout(WATCHDOG).expect("an event"))
    }

    /// The next event of one kind; others are kept for later, because the state of the service and the cards that are in
    /// are told in the order they are found.
    fn next_of<T>(&self, kind: impl Fn(&SourceEvent) -> Option<T>) -> T {
        let mut early = self.early.borrow_mut();
        if let Some((index, found)) = early.iter().enumerate().find_map(|(index, event)| Some((index, kind(event)?))) {
            early.remove(index);
            return found;
        }
        loop {
            let event = self.events.recv_timeout(WATCHDOG).expect("an event");
            match kind(&event) {
                Some(found) => return found,
                None => early.push_back(event),
            }
        }
    }

    /// The next state of the service.
    pub fn service(&self) -> ServiceState {
        self.next_of(|event| match event {
            SourceEvent::Service(state) => Some(state.clone()),
            _ => None,
        })
    }

    /// The next insertion.
    pub fn inserted(&self) -> Slot {
        self.next_of(|event| match event {
            SourceEvent::Inserted(slot) => Some(slot.clone()),
            _ => None,
        })
    }

    /// The next removal.
    pub fn removed(&self) -> u64 {
        self.next_of(|event| match event {
            SourceEvent::Removed(slot) => Some(*slot),
            _ => None,
        })
    }

    /// The next end of another program's hold.
    pub fn freed(&self) -> u64 {
        self.next_of(|event| match event {
            SourceEvent::Freed(slot) => Some(*slot),
            _ => None,
        })
    }

    /// Connects to the card of a slot.
    pub fn open(&self, slot: &Slot) -> Gmt0017 {
        Gmt0017::new(self.link(slot), &slot.reader)
    }

    /// The connection alone. On a loaded machine a card that was just put in may be too slow for the reader's driver, which
    /// a person sees as a key that does not respond, and reads again.
    pub fn link(&self, slot: &Slot) -> Box<dyn Transport> {
        for _ in 0..3 {
            match self.source.open(slot) {
                Err(TransportError::Mute) => {}
                other => return other.unwrap(),
            }
        }
        self.source.open(slot).unwrap()
    }

    /// Why the card of a slot can't be connected to.
    pub fn source_error(&self, slot: &Slot) -> Option<TransportError> {
        self.source.open(slot).err()
    }

    /// Stops and waits for the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.source.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.end();
    }
}

/// A key in the first reader, watched and connected.
pub fn with_key(test: &str, key: impl FnOnce() -> VirtualKey, body: impl FnOnce(&Plugged<VirtualKey>, &mut dyn Token)) {
    with_private_service(test, 2, |service| {
        let plugged = service.plug_key(0, key());
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token = watching.open(&slot);
        body(&plugged, &mut token);
        drop(token);
        watching.stop();
    });
}
