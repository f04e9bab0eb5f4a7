//! The key: a virtual one in this process, cut off at a command of its whole life.
#![allow(dead_code)] // every test crate uses its part

use std::collections::BTreeSet;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use token::apdu::{Command, Le, Response, StatusWord};
use token::{Channel, Gmt0017, Token, Transport, TransportError};
use virtual_key::faults::{Fault, FaultRule, Where};
use virtual_key::{Faults, KeyState, Outcome, VirtualKey, command_name};

/// What a program dies of here.
pub struct Killed;

/// How a key is cut off at a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCut {
    UnplugBefore,
    UnplugAfter,
    PowerBefore,
    PowerAfter,
    KillBefore,
    KillAfter,
}

/// A key and everything that was ever on it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    key: Mutex<VirtualKey>,
    kill: Option<(u64, KeyCut)>,
    /// It happens once, also when the command that was not carried out is the next one again.
    killed: AtomicBool,
    /// Every signing key that ever was in a container.
    signing_keys: Mutex<BTreeSet<Vec<u8>>>,
    /// Name of the command a cut fell on.
    fell_on: Mutex<Option<String>>,
    /// Names of all commands since they were taken last.
    sent: Mutex<Vec<String>>,
    /// How often another program reset the card.
    resets: AtomicU64,
}

impl Key {
    pub fn new(state: KeyState, cut: Option<(u64, KeyCut)>) -> Self {
        let fault = |kind| Faults::default().and(kind, Where::Number(cut.map_or(0, |(number, _)| number)));
        let faults = match cut.map(|(_, kind)| kind) {
            Some(KeyCut::UnplugBefore) => fault(Fault::UnplugBefore),
            Some(KeyCut::UnplugAfter) => fault(Fault::UnplugAfter),
            Some(KeyCut::PowerBefore) => fault(Fault::CutBefore),
            Some(KeyCut::PowerAfter) => fault(Fault::CutAfter),
            Some(KeyCut::KillBefore | KeyCut::KillAfter) | None => Faults::default(),
        };
        let kill = cut.filter(|(_, kind)| matches!(kind, KeyCut::KillBefore | KeyCut::KillAfter));
        let mut key = VirtualKey::new(state).with_faults(faults);
        key.reset();
        let (key, killed) = (Mutex::new(key), AtomicBool::new(false));
        Self(Arc::new(Inner {
            key,
            kill,
            killed,
            signing_keys: Mutex::default(),
            fell_on: Mutex::default(),
            sent: Mutex::default(),
            resets: AtomicU64::default(),
        }))
    }

    pub fn lock(&self) -> MutexGuard<'_, VirtualKey> {
        self.0.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of a program that starts now.
    pub fn connect(&self) -> Box<dyn Token> {
        let atr = self.lock().atr().to_vec();
        self.connect_as(atr)
    }

    /// The same, with the ATR of another model.
    pub fn connect_as(&self, atr: Vec<u8>) -> Box<dyn Token> {
        let seen = self.0.resets.load(Ordering::Relaxed);
        let link = Link { key: Arc::clone(&self.0), atr, dead: AtomicBool::new(false), seen, reset: false };
        Box::new(Gmt0017::new(Box::new(link), "Desk 00 00"))
    }

    /// Another program resets the card.
    pub fn reset_by_another(&self) {
        self.lock().reset();
        self.0.resets.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts a key that was cut off into the reader again. A program that was killed leaves it in.
    pub fn put_in_again(&self) {
        let mut key = self.lock();
        let plug = key.plug();
        if plug.is_out() {
            plug.push_in();
        }
        if self.0.kill.is_none() {
            key.reset();
        }
    }

    /// Whether the key itself would sign for anybody who asks now.
    pub fn signs_without_a_login(&self, container: &str) -> bool {
        let mut key = self.lock();
        let mut send = |command: Command| {
            let Outcome::Answer(answer) = key.exchange(command.encode().unwrap().expose()) else { panic!("cut off") };
            Response::parse(&answer).unwrap()
        };
        send(Command::new(0x80, 0x26, 0, 0).data(*b"BJCA-Application").le(Le::Exactly(10)));
        let name = [&[0x10, 0x00], container.as_bytes()].concat();
        let opened = send(Command::new(0x80, 0x42, 0, 0).data(name).le(Le::Exactly(2)));
        assert_eq!(opened.sw, StatusWord::OK);
        let digest = [&[0x10, 0x00], opened.data.as_slice(), &[1; 32]].concat();
        let signed = send(Command::new(0x80, 0x74, 2, 0).data(digest)).sw;
        assert!(matches!(signed, StatusWord::OK | StatusWord(0x6982)), "{signed}");
        signed == StatusWord::OK
    }

    /// Sets the faults from now on, as `virtual-key` takes them.
    pub fn set_faults(&self, rules: &[&str]) {
        let faults: Faults = rules.iter().map(|rule| rule.parse::<FaultRule>().unwrap()).collect();
        let mut key = self.lock();
        let none = KeyState { applications: Vec::new(), ..copy(key.state()) };
        *key = std::mem::replace(&mut *key, VirtualKey::new(none)).with_faults(faults);
    }

    /// Names of the commands sent since this was asked last.
    pub fn take_sent(&self) -> Vec<String> {
        std::mem::take(&mut self.0.sent.lock().unwrap())
    }

    /// Commands so far.
    pub fn commands(&self) -> u64 {
        self.lock().apdu_count()
    }

    /// A second key with the same contents, to look at without touching this one.
    pub fn double(&self) -> Self {
        Self::new(copy(self.lock().state()), None)
    }

    /// All signing keys there ever were.
    pub fn signing_keys(&self) -> usize {
        self.0.signing_keys.lock().unwrap().len()
    }

    pub fn fell_on(&self) -> Option<String> {
        self.0.fell_on.lock().unwrap().clone()
    }
}

fn copy(state: &KeyState) -> KeyState {
    serde_json::from_value(serde_json::to_value(state).unwrap()).unwrap()
}

fn name(apdu: &[u8]) -> String {
    command_name(apdu[0], apdu[1]).to_owned()
}

impl Inner {
    fn kills(&self, number: u64, kind: KeyCut) -> bool {
        self.kill == Some((number, kind)) && !self.killed.swap(true, Ordering::Relaxed)
    }
}

struct Link {
    key: Arc<Inner>,
    atr: Vec<u8>,
    /// The program behind it is not there any more.
    dead: AtomicBool,
    /// Resets the program knows of.
    seen: u64,
    reset: bool,
}

impl Transport for Link {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        let resets = self.key.resets.load(Ordering::Relaxed);
        self.reset = std::mem::replace(&mut self.seen, resets) != resets;
        Ok(Box::new(Line(self)))
    }

    fn atr(&self) -> &[u8] {
        &self.atr
    }
}

struct Line<'a>(&'a Link);

impl Channel for Line<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let Line(link) = self;
        if link.dead.load(Ordering::Relaxed) {
            return Err(TransportError::Removed);
        }
        let bytes = command.encode().unwrap();
        link.key.sent.lock().unwrap().push(name(bytes.expose()));
        let (outcome, number) = {
            let mut key = link.key.key.lock().unwrap_or_else(PoisonError::into_inner);
            let next = key.apdu_count() + 1;
            if link.key.kills(next, KeyCut::KillBefore) {
                drop(key);
                link.die(bytes.expose());
            }
            let outcome = key.exchange(bytes.expose());
            let mut known = link.key.signing_keys.lock().unwrap_or_else(PoisonError::into_inner);
            let containers = key.state().applications.iter().flat_map(|application| &application.containers);
            known.extend(containers.filter_map(|container| Some(container.sign.key.as_ref()?.expose().to_vec())));
            (outcome, next)
        };
        if link.key.kills(number, KeyCut::KillAfter) {
            link.die(bytes.expose());
        }
        match outcome {
            Outcome::Answer(answer) => Response::parse(&answer).map_err(|_| TransportError::Garbage),
            Outcome::Unplugged | Outcome::PowerLost => {
                link.note(bytes.expose());
                link.dead.store(true, Ordering::Relaxed);
                Err(TransportError::Removed)
            }
        }
    }

    fn was_reset(&self) -> bool {
        self.0.reset
    }
}

impl Link {
    fn note(&self, apdu: &[u8]) {
        let mut fell_on = self.key.fell_on.lock().unwrap_or_else(PoisonError::into_inner);
        fell_on.get_or_insert_with(|| name(apdu));
    }

    fn die(&self, apdu: &[u8]) -> ! {
        self.note(apdu);
        self.dead.store(true, Ordering::Relaxed);
        panic_any(Killed)
    }
}
