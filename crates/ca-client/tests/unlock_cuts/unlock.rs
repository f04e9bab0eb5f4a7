//! One unlock that is cut once, and what must hold in the moment of the cut and at the end.

use crate::desk::{Key, KeyCut, Killed};
use crate::points::{Cut, Report};
use crate::wire::Wire;
use crate::world::World;
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use ca_client::{Application, CaAdapter, Entry, Journal, KeyBinding, Unlock, UnlockLine, UnlockOutcome, UnlockStep};
use certificate::Certificate;
use gm::PrivateKey;
use order_api::{Applicant, Base64, Grant, UnlockRoute};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use testkit::search::{files, forms, holds};
use token::{Token, TokenError};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa};
use zeroize::Zeroizing;

static TEST_CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());
static NUMBER: AtomicUsize = AtomicUsize::new(1);

const TRIES: u8 = 10;
/// The PIN of a fresh key.
const OLD: &str = "123456";

/// A program: what it has in memory.
struct Program {
    ca: Arc<dyn CaAdapter>,
    journal: Journal,
    token: Box<dyn Token>,
    unlock: Option<Unlock>,
}

/// A person: what they read in a message and typed.
struct Person<'a> {
    world: &'a World,
    typed: Vec<String>,
    codes: Vec<String>,
    lines: Vec<UnlockLine>,
}

impl Program {
    fn start(wire: &Arc<Wire>, journal: &Journal, key: &Key) -> Self {
        let ca: Arc<dyn CaAdapter> = Arc::clone(wire) as Arc<dyn CaAdapter>;
        Self { ca, journal: journal.clone(), token: key.connect(), unlock: None }
    }

    /// What a person does who wants a new PIN: goes on with what is there, else begins.
    fn unlock(&mut self, person: &mut Person<'_>) -> Result<UnlockOutcome, Fault> {
        if self.unlock.is_none() {
            let open = self.journal.entries()?.0.into_iter().find(Entry::is_open);
            self.unlock = match open {
                Some(entry) => Some(Unlock::resume(Arc::clone(&self.ca), self.journal.open(&entry.id)?)),
                None => Some(self.apply()?),
            };
        }
        let unlock = self.unlock.as_mut().unwrap();
        unlock.refresh(None)?;
        match unlock.step() {
            UnlockStep::Code => {
                let code = person.world.code(&unlock.order().unwrap().no);
                person.codes.push(code.clone());
                let new = person.types_another();
                unlock.unlock(&mut self.token, Some(Zeroizing::new(code)), new, &mut |line| person.lines.push(line))
            }
            UnlockStep::NewPin => {
                let new = person.types_another();
                unlock.unlock(&mut self.token, None, new, &mut |line| person.lines.push(line))
            }
            UnlockStep::Prove | UnlockStep::Done => unlock.prove(&mut self.token, person.types_again()),
            step => panic!("{step:?}"),
        }
    }

    fn apply(&mut self) -> Result<Unlock, Fault> {
        let contents = self.token.read().map_err(|error| Fault::from(&error))?;
        let applicant =
            Applicant { name: "李四".to_owned(), mobile: "13800000000".to_owned(), ..Applicant::default() };
        let application = Application { route: UnlockRoute::Sms, applicant, captcha: None };
        Unlock::apply(&self.ca, "demo", KeyBinding::of(&contents)?, application, &self.journal)
    }
}

impl Person<'_> {
    /// Another PIN each time, so that it shows which one holds.
    fn types_another(&mut self) -> Pin {
        self.typed.push(format!("my pin {}", self.typed.len() + 1));
        self.types_again()
    }

    fn types_again(&self) -> Pin {
        Pin::new(self.typed.last().unwrap().as_bytes()).unwrap()
    }
}

/// An unlock by somebody who forgot the PIN, cut once.
pub fn forgotten(world: &Arc<World>, cut: Cut) -> Report {
    run(world, cut, State::Valid)
}

/// An unlock by somebody who locked the key, cut once.
pub fn locked(world: &Arc<World>, cut: Cut) -> Report {
    run(world, cut, State::Locked)
}

fn run(world: &Arc<World>, cut: Cut, state: State) -> Report {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let device = format!("{number:016X}");
    let spec = Spec {
        device_serial: Some(device.clone()),
        admin_pin: world.admin_pin(&device),
        ..Spec::new("示例有限公司", &format!("{number:014}")).state(state)
    };
    let state = personalise(&spec, &TEST_CA).unwrap();
    let containers = serde_json::to_value(&state.applications[0].containers).unwrap();
    let serial = world.enrol(&state, number);
    let key = Key::new(state, if let Cut::Key(at, kind) = cut { Some((at, kind)) } else { None });
    let wire = match cut {
        Cut::Line(at, kind) => Wire::over_a_line(world, Some((at, kind))),
        Cut::Call(at, kind) => Wire::new(world, Some((at, kind))),
        Cut::Nowhere | Cut::Key(..) => Wire::new(world, None),
    };
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    let journal = Journal::at(orders.clone());
    let written: Arc<Mutex<Vec<u8>>> = Arc::default();
    wire.watch({
        let (written, orders) = (Arc::clone(&written), orders.clone());
        move || written.lock().unwrap().extend(files(&orders))
    });
    let check =
        Check { world, key: &key, serial, admin_pin: spec.admin_pin, containers, journal: &journal, orders, cut };
    let mut person = Person { world, typed: Vec::new(), codes: Vec::new(), lines: Vec::new() };

    let (mut seen, mut killed, mut again) = (None, false, 0);
    let mut program = Program::start(&wire, &journal, &key);
    loop {
        person.lines.clear();
        match catch_unwind(AssertUnwindSafe(|| program.unlock(&mut person))) {
            Ok(Ok(outcome)) => {
                assert_eq!((outcome.pin.tries_left, outcome.pin.is_default), (TRIES, false), "{cut:?}");
                break;
            }
            Ok(Err(fault)) => {
                check.fault(&fault);
                assert_eq!(seen, None, "{cut:?}: cut once, failed twice: {}", fault.reference());
                seen = Some(fault.code);
            }
            Err(payload) if payload.is::<Killed>() => killed = true,
            Err(payload) => resume_unwind(payload),
        }
        written.lock().unwrap().extend(files(&check.orders));
        check.in_between();
        if journal.entries().unwrap().0.iter().any(|entry| entry.unlock_step() == UnlockStep::Done) {
            // killed when there was nothing more to do
            break;
        }
        again += 1;
        assert_eq!(again, 1, "{cut:?}: begun again once");
        key.put_in_again();
        if killed {
            program = Program::start(&wire, &journal, &key);
        } else {
            // the window opens the connection anew, and keeps what it knows of the order
            program.token = key.connect();
        }
    }
    drop(program);
    check.at_the_end(&person);
    check.secrets(&person, &wire.grants(), &written.lock().unwrap());
    let calls = wire.calls();
    let fell_on = match cut {
        Cut::Nowhere => String::new(),
        Cut::Key(..) => key.fell_on().unwrap_or_else(|| "-".to_owned()),
        Cut::Call(at, _) => calls[at - 1].to_owned(),
        Cut::Line(at, _) => calls.get(at.wrapping_sub(1)).copied().unwrap_or("-").to_owned(),
    };
    let connections = wire.connections();
    Report { commands: key.commands(), calls, connections, fell_on, seen, killed, again }
}

struct Check<'a> {
    world: &'a World,
    key: &'a Key,
    /// Serial number of the certificate.
    serial: String,
    admin_pin: String,
    /// As they were before.
    containers: serde_json::Value,
    journal: &'a Journal,
    orders: PathBuf,
    cut: Cut,
}

impl Check<'_> {
    /// What the person is told fits what happened, completely.
    fn fault(&self, fault: &Fault) {
        let expected: &[FaultCode] = match self.cut {
            Cut::Nowhere => &[],
            Cut::Key(..) => &[FaultCode::KeyRemoved, FaultCode::UnlockInterrupted, FaultCode::UnlockNotReported],
            Cut::Call(..) | Cut::Line(..) => &[FaultCode::CaBroken, FaultCode::UnlockNotReported],
        };
        assert!(expected.contains(&fault.code), "{:?}: {}", self.cut, fault.reference());
        for chinese in [true, false] {
            let sentences = fault.sentences(chinese);
            for text in [&sentences.what, &sentences.kept, &sentences.todo] {
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{:?}: {text}", self.cut);
            }
        }
    }

    /// Tries left of the admin PIN. What is in the containers is as it was, at every moment.
    fn admin_tries(&self) -> u8 {
        let key = self.key.lock();
        let application = &key.state().applications[0];
        let containers = serde_json::to_value(&application.containers).unwrap();
        assert_eq!(containers, self.containers, "{:?}: a container was touched", self.cut);
        application.admin.tries.left
    }

    /// After the cut, before it is gone on with.
    fn in_between(&self) {
        // a key takes the try away before it compares: without power in between it gives it back with the next right answer
        let comparing =
            self.key.fell_on().as_deref() == Some("UnblockPIN") && matches!(self.cut, Cut::Key(_, KeyCut::PowerBefore));
        assert_eq!(self.admin_tries(), TRIES - u8::from(comparing), "{:?}", self.cut);
        let orders = self.world.orders(&self.serial);
        assert!(orders.len() <= 1, "{:?}: {orders:?}", self.cut);
        let (entries, damaged) = self.journal.entries().unwrap();
        assert!(entries.len() <= 1 && damaged.is_empty(), "{:?}: {entries:?} {damaged:?}", self.cut);
        if !orders.is_empty() {
            assert_eq!(entries.len(), 1, "{:?}: an order that does not stand in the journal", self.cut);
        }
    }

    /// Exactly one PIN holds, and it is the one that was typed last.
    fn at_the_end(&self, person: &Person<'_>) {
        let cut = self.cut;
        assert_eq!(self.admin_tries(), TRIES, "{cut:?}: a try of the admin PIN was lost");
        assert_eq!(self.key.lock().state().applications[0].user.tries.left, TRIES, "{cut:?}");
        let holds = |pin: &str| {
            let mut token = self.key.double().connect();
            match token.verify_pin(Pin::new(pin.as_bytes()).unwrap()) {
                Ok(()) => true,
                Err(TokenError::WrongPin { .. }) => false,
                Err(error) => panic!("{cut:?}: {error}"),
            }
        };
        let known = person.typed.iter().map(String::as_str).chain([OLD]);
        let holding: Vec<_> = known.filter(|pin| holds(pin)).collect();
        assert_eq!(holding, [person.typed.last().unwrap().as_str()], "{cut:?}");
        assert!(person.typed.len() <= 2, "{cut:?}: {:?}", person.typed);

        // and the key signs with it
        let mut token = self.key.double().connect();
        let contents = token.read().unwrap();
        let container = contents.current_container().unwrap();
        let certificate = Certificate::parse(container.sign.as_ref().unwrap()).unwrap();
        let signature = token.sign_digest(&container.name, person.types_again(), &[9; 32]).unwrap();
        certificate.sm2_key().unwrap().verify_digest(&[9; 32], &signature).unwrap();

        let [(no, state)] = &self.world.orders(&self.serial)[..] else { panic!("{cut:?}: one order") };
        assert_eq!(state, "installed", "{cut:?}");
        let (entries, damaged) = self.journal.entries().unwrap();
        assert_eq!((entries.len(), damaged.len()), (1, 0), "{cut:?}");
        assert_eq!((entries[0].unlock_step(), entries[0].no()), (UnlockStep::Done, no.as_str()), "{cut:?}");
        assert!(person.codes.iter().all(|code| *code == person.codes[0]), "{cut:?}: one code was enough");
    }

    /// What was ever written into the journal holds nothing that sets or is a PIN; the client key is gone in the end.
    fn secrets(&self, person: &Person<'_>, grants: &[Vec<u8>], written: &[u8]) {
        let cut = self.cut;
        let text = String::from_utf8_lossy(written);
        let client = text.split("\"client_key\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let client = Base64::parse(client).unwrap().0;
        let key = PrivateKey::from_bytes(&client).unwrap();
        let grants: Vec<_> = grants.iter().map(|sealed| Grant::open(sealed, &key).unwrap()).collect();
        assert!(!grants.is_empty(), "{cut:?}");
        let transport = grants[0].transport_pin.expose();
        assert!(grants.iter().all(|grant| grant.transport_pin.expose() == transport), "{cut:?}: one transport PIN");
        let mut secrets = vec![OLD.as_bytes(), self.admin_pin.as_bytes(), transport];
        secrets.extend(grants.iter().map(|grant| grant.response.expose()));
        secrets.extend(person.typed.iter().chain(&person.codes).map(String::as_bytes));
        let at_the_end = files(&self.orders);
        for secret in &secrets {
            assert!(!holds(written, secret), "{cut:?}: {}", String::from_utf8_lossy(secret));
            assert!(!holds(&at_the_end, secret), "{cut:?}: {}", String::from_utf8_lossy(secret));
        }
        assert!(holds(written, &client) && !holds(&at_the_end, &client), "{cut:?}: the client key, until the end");
        // the search finds each of them in every form
        let found = |secret: &&[u8]| forms(secret).iter().all(|form| holds(&[written, form].concat(), secret));
        if cut == Cut::Nowhere {
            assert!(secrets.iter().all(found));
        }
    }
}
