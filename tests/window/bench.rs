//! Keys on a bench: a source of keys whose cards a test puts in, takes away, holds, and stops in the middle of a command.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use token::apdu::{Command, Response};
use token::{Channel, KeySource, ServiceState, Slot, SourceEvent, Transport, TransportError as Error};
use virtual_key::personalise::personalise;
use virtual_key::{Endpoint, Faults, ForeignCard, KeyState, Outcome, Plug, Spec, State, TestCa, VirtualKey};

/// User PIN of every key on the bench.
pub const PIN: &str = "123456";
/// VerifyPIN, carries the current PIN.
pub const VERIFY_PIN: u8 = 0x18;
/// ChangePIN, carries the new one.
pub const CHANGE_PIN: u8 = 0x16;
/// DevInfo, the first command a key gets.
pub const DEVICE_INFO: u8 = 0x04;

const DAY: i64 = 86_400;
const BEIJING: i64 = 8 * 3600;

/// Noon in Beijing of the day the tests began: the clock of the window stands still there.
pub static NOW: LazyLock<i64> = LazyLock::new(|| day(certificate::now()) * DAY - BEIJING + DAY / 2);

fn day(unix: i64) -> i64 {
    (unix + BEIJING).div_euclid(DAY)
}

/// A key of an organisation.
pub fn spec(owner: &str, serial: &str) -> Spec {
    Spec { pin: PIN.to_owned(), ..Spec::new(owner, serial) }
}

/// The same key once more, to be put in again.
pub fn twin(state: &KeyState) -> KeyState {
    serde_json::from_value(serde_json::to_value(state).unwrap()).unwrap()
}

/// The bench.
pub struct Bench {
    pub ca: TestCa,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    cards: BTreeMap<u64, Arc<Card>>,
    last: u64,
    events: VecDeque<SourceEvent>,
    stopped: bool,
}

/// A card that was put in.
pub struct Card {
    pub slot: Slot,
    endpoint: Mutex<Box<dyn Endpoint + Send>>,
    plug: Option<Arc<Plug>>,
    gate: Mutex<Gate>,
    moved: Condvar,
}

#[derive(Default)]
struct Gate {
    removed: bool,
    held: bool,
    stop_at: Option<u8>,
    arrived: bool,
    sent: Vec<u8>,
}

impl Bench {
    /// Nothing on it, and nothing known about the service.
    pub fn silent() -> Arc<Self> {
        Arc::new(Self { ca: TestCa::create().unwrap(), inner: Mutex::default(), changed: Condvar::new() })
    }

    /// Nothing on it, the service runs.
    pub fn empty() -> Arc<Self> {
        let bench = Self::silent();
        bench.service(ServiceState::Running { readers: 1 });
        bench
    }

    /// One key in this state.
    pub fn with(state: State) -> (Arc<Self>, Arc<Card>) {
        let bench = Self::empty();
        let card = bench.insert(&spec("北京演示科技有限公司", "10200000016873").state(state));
        (bench, card)
    }

    /// The service changes its state.
    pub fn service(&self, state: ServiceState) {
        self.tell(SourceEvent::Service(state));
    }

    fn tell(&self, event: SourceEvent) {
        self.inner.lock().unwrap().events.push_back(event);
        self.changed.notify_all();
    }

    /// Makes a key; its days count from [`NOW`], also when midnight passes while the tests run.
    pub fn make(&self, spec: &Spec) -> KeyState {
        let days = spec.days.unwrap_or(match spec.state {
            State::Expiring => 20,
            State::Expired => -10,
            State::NotYetValid => 370,
            _ => 300,
        });
        let began = spec.valid_from_days_ago.unwrap_or(365 - days);
        let passed = day(certificate::now()) - day(*NOW);
        let spec = Spec { days: Some(days - passed), valid_from_days_ago: Some(began + passed), ..spec.clone() };
        personalise(&spec, &self.ca).unwrap()
    }

    /// Makes a key and puts it in.
    pub fn insert(&self, spec: &Spec) -> Arc<Card> {
        self.insert_key(VirtualKey::new(self.make(spec)))
    }

    /// Makes a key with faults and puts it in.
    pub fn insert_faulty(&self, spec: &Spec, faults: Faults) -> Arc<Card> {
        self.insert_key(VirtualKey::new(self.make(spec)).with_faults(faults))
    }

    /// Puts a key in.
    pub fn insert_key(&self, key: VirtualKey) -> Arc<Card> {
        let atr = key.atr().to_vec();
        self.insert_with_atr(key, atr)
    }

    /// Puts a key in that answers to reset like another model.
    pub fn insert_with_atr(&self, key: VirtualKey, atr: Vec<u8>) -> Arc<Card> {
        let plug = key.plug();
        self.put(Box::new(key), Some(plug), atr, Gate::default())
    }

    /// Puts a card in that is no key.
    pub fn insert_foreign(&self) -> Arc<Card> {
        let card = ForeignCard::default();
        let atr = card.atr().to_vec();
        self.put(Box::new(card), None, atr, Gate::default())
    }

    /// Puts a key in that another program holds.
    pub fn insert_held(&self, spec: &Spec) -> Arc<Card> {
        let key = VirtualKey::new(self.make(spec));
        let (plug, atr) = (key.plug(), key.atr().to_vec());
        self.put(Box::new(key), Some(plug), atr, Gate { held: true, ..Gate::default() })
    }

    /// Puts a key in that stops before the first command with this instruction.
    pub fn insert_stopping(&self, spec: &Spec, instruction: u8) -> Arc<Card> {
        let key = VirtualKey::new(self.make(spec));
        let (plug, atr) = (key.plug(), key.atr().to_vec());
        self.put(Box::new(key), Some(plug), atr, Gate { stop_at: Some(instruction), ..Gate::default() })
    }

    fn put(&self, endpoint: Box<dyn Endpoint + Send>, plug: Option<Arc<Plug>>, atr: Vec<u8>, gate: Gate) -> Arc<Card> {
        let mut inner = self.inner.lock().unwrap();
        inner.last += 1;
        let id = inner.last;
        let card = Arc::new(Card {
            slot: Slot { id, reader: format!("Bench Reader {id:02}"), atr },
            endpoint: Mutex::new(endpoint),
            plug,
            gate: Mutex::new(gate),
            moved: Condvar::new(),
        });
        inner.cards.insert(id, Arc::clone(&card));
        inner.events.push_back(SourceEvent::Inserted(card.slot.clone()));
        self.changed.notify_all();
        card
    }

    /// Number of cards on it.
    pub fn cards(&self) -> usize {
        self.inner.lock().unwrap().cards.len()
    }

    /// Pulls a card out, also in the middle of a command.
    pub fn remove(&self, card: &Card) {
        let mut inner = self.inner.lock().unwrap();
        if inner.cards.remove(&card.slot.id).is_some() {
            card.pull();
            inner.events.push_back(SourceEvent::Removed(card.slot.id));
            self.changed.notify_all();
        }
    }

    /// Pulls a card out; the news of it waits for [`Bench::report_removal`].
    pub fn pull_quietly(&self, card: &Card) {
        self.inner.lock().unwrap().cards.remove(&card.slot.id);
        card.pull();
    }

    /// The news that a card is gone.
    pub fn report_removal(&self, card: &Card) {
        self.tell(SourceEvent::Removed(card.slot.id));
    }

    /// The other program gives the card up.
    pub fn free(&self, card: &Card) {
        card.gate.lock().unwrap().held = false;
        self.tell(SourceEvent::Freed(card.slot.id));
    }
}

impl Card {
    /// The next command with this instruction stops until [`Card::go_on`].
    pub fn stop_at(&self, instruction: u8) {
        let mut gate = self.gate.lock().unwrap();
        (gate.stop_at, gate.arrived) = (Some(instruction), false);
    }

    /// Waits until a command has been stopped.
    pub fn wait_until_stopped(&self) {
        let gate = self.gate.lock().unwrap();
        drop(self.moved.wait_while(gate, |gate| !gate.arrived).unwrap());
    }

    /// Lets the stopped command go on.
    pub fn go_on(&self) {
        self.gate.lock().unwrap().stop_at = None;
        self.moved.notify_all();
    }

    /// Another program takes the card.
    pub fn hold(&self) {
        self.gate.lock().unwrap().held = true;
    }

    /// Instructions of all commands so far.
    pub fn sent(&self) -> Vec<u8> {
        self.gate.lock().unwrap().sent.clone()
    }

    /// How often a command with this instruction was sent.
    pub fn times_sent(&self, instruction: u8) -> usize {
        self.sent().iter().filter(|sent| **sent == instruction).count()
    }

    fn pull(&self) {
        self.gate.lock().unwrap().removed = true;
        self.moved.notify_all();
        if let Some(plug) = &self.plug {
            plug.pull();
        }
    }
}

impl KeySource for Bench {
    fn watch(&self, sink: &mut dyn FnMut(SourceEvent) -> bool) {
        let mut inner = self.inner.lock().unwrap();
        loop {
            inner = self.changed.wait_while(inner, |inner| inner.events.is_empty() && !inner.stopped).unwrap();
            if inner.stopped {
                return;
            }
            let Some(event) = inner.events.pop_front() else { continue };
            drop(inner);
            if !sink(event) {
                return;
            }
            inner = self.inner.lock().unwrap();
        }
    }

    fn stop(&self) {
        self.inner.lock().unwrap().stopped = true;
        self.changed.notify_all();
    }

    fn open(&self, slot: &Slot) -> Result<Box<dyn Transport>, Error> {
        let card = self.inner.lock().unwrap().cards.get(&slot.id).cloned().ok_or(Error::Removed)?;
        Ok(Box::new(Connection(card)))
    }
}

struct Connection(Arc<Card>);

impl Transport for Connection {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, Error> {
        let gate = self.0.gate.lock().unwrap();
        match (gate.removed, gate.held) {
            (true, _) => Err(Error::Removed),
            (_, true) => Err(Error::Held),
            _ => Ok(Box::new(Open(&self.0))),
        }
    }

    fn atr(&self) -> &[u8] {
        &self.0.slot.atr
    }
}

struct Open<'a>(&'a Card);

impl Channel for Open<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, Error> {
        let bytes = command.encode().map_err(|_| Error::TooLong)?;
        let instruction = bytes.expose()[1];
        let mut gate = self.0.gate.lock().unwrap();
        gate.sent.push(instruction);
        if gate.stop_at == Some(instruction) {
            gate.arrived = true;
            self.0.moved.notify_all();
            gate = self.0.moved.wait_while(gate, |gate| gate.stop_at.is_some() && !gate.removed).unwrap();
        }
        if gate.removed {
            return Err(Error::Removed);
        }
        drop(gate);
        let answer = self.0.endpoint.lock().unwrap().exchange(bytes.expose());
        match answer {
            Outcome::Answer(answer) => Response::parse(&answer).map_err(|_| Error::Garbage),
            Outcome::Unplugged | Outcome::PowerLost => Err(Error::Removed),
        }
    }

    fn was_reset(&self) -> bool {
        false
    }
}
