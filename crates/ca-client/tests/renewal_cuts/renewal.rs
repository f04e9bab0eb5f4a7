//! One renewal that is cut once, and what must hold in the moment of the cut and at the end.

use crate::desk::{Key, KeyCut, Killed};
use crate::points::{Cut, Report};
use crate::wire::Wire;
use crate::world::World;
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use ca_client::{CaAdapter, DownloadStep, Entry, Journal, KeyBinding, Outcome, Renewal, Step};
use certificate::Certificate;
use order_api::Contact;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use token::{KeyUse, Token};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa};

static TEST_CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());
static NUMBER: AtomicUsize = AtomicUsize::new(1);

const TRIES: u8 = 10;

fn pin() -> Pin {
    Pin::new(b"123456").unwrap()
}

/// A program: what it has in memory.
struct Program {
    ca: Arc<dyn CaAdapter>,
    journal: Journal,
    token: Box<dyn Token>,
    renewal: Option<Renewal>,
}

impl Program {
    fn start(wire: &Arc<Wire>, journal: &Journal, key: &Key) -> Self {
        let ca: Arc<dyn CaAdapter> = Arc::clone(wire) as Arc<dyn CaAdapter>;
        Self { ca, journal: journal.clone(), token: key.connect(), renewal: None }
    }

    /// What a person does who wants a new certificate: goes on with what is there, else begins.
    fn renew(&mut self, steps: &mut Vec<DownloadStep>) -> Result<Outcome, Fault> {
        if self.renewal.is_none() {
            let open = self.journal.entries()?.0.into_iter().find(Entry::is_open);
            self.renewal = match open {
                Some(entry) => Some(Renewal::resume(Arc::clone(&self.ca), self.journal.open(&entry.id)?)),
                None => Some(self.order()?),
            };
        }
        let renewal = self.renewal.as_mut().unwrap();
        if renewal.step() == Step::Submit {
            renewal.refresh(None)?;
        }
        renewal.download(&mut self.token, pin(), &mut |step| steps.push(step))
    }

    fn order(&mut self) -> Result<Renewal, Fault> {
        let contents = self.token.read().map_err(|error| Fault::from(&error))?;
        let binding = KeyBinding::of(&contents)?;
        let identified = Renewal::identify(Arc::clone(&self.ca), &mut self.token, binding, pin())?;
        match identified.unfinished() {
            [] => {
                let contact = identified.session().contact.clone();
                assert_eq!(contact.name, "李四", "the registered contact is offered");
                let contact = Contact { email: "li@example.org".to_owned(), ..contact };
                Renewal::submit(&identified, "demo", contact, None, &self.journal)
            }
            [handle] => Renewal::adopt(&identified, "demo", handle, &self.journal),
            more => panic!("{} orders", more.len()),
        }
    }
}

/// Runs a renewal that is cut once.
pub fn renew(world: &Arc<World>, cut: Cut) -> Report {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let spec = Spec::new("示例有限公司", &format!("{number:014}")).state(State::Expiring);
    let state = personalise(&spec, &TEST_CA).unwrap();
    let old = Old::of(&state, world.enrol(&state, number));
    let key = Key::new(state, if let Cut::Key(at, kind) = cut { Some((at, kind)) } else { None });
    let wire = match cut {
        Cut::Line(at, kind) => Wire::over_a_line(world, Some((at, kind))),
        Cut::Call(at, kind) => Wire::new(world, Some((at, kind))),
        Cut::Nowhere | Cut::Key(..) => Wire::new(world, None),
    };
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path().join("orders"));
    let check = Check { world, key: &key, old: &old, journal: &journal, cut };

    let (mut seen, mut killed, mut again, mut steps) = (None, false, 0, Vec::new());
    let mut program = Program::start(&wire, &journal, &key);
    let outcome = loop {
        steps.clear();
        match catch_unwind(AssertUnwindSafe(|| program.renew(&mut steps))) {
            Ok(Ok(outcome)) => break Some(outcome),
            Ok(Err(fault)) => {
                check.fault(&fault);
                assert_eq!(seen, None, "{cut:?}: cut once, failed twice: {}", fault.reference());
                seen = Some(fault.code);
            }
            Err(payload) if payload.is::<Killed>() => killed = true,
            Err(payload) => resume_unwind(payload),
        }
        check.in_between();
        if journal.entries().unwrap().0.iter().any(|entry| entry.step() == Step::Done) {
            // killed when there was nothing more to do
            break None;
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
    };
    assert_eq!(steps, DownloadStep::ALL, "{cut:?}");
    drop(program);
    check.at_the_end(outcome.as_ref());
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

/// The certificate that is renewed.
struct Old {
    serial: String,
    container: serde_json::Value,
    certificate: Certificate,
}

impl Old {
    fn of(state: &virtual_key::KeyState, serial: String) -> Self {
        let container = &state.applications[0].containers[0];
        let certificate = Certificate::parse(container.sign.certificate.as_ref().unwrap()).unwrap();
        Self { serial, container: serde_json::to_value(container).unwrap(), certificate }
    }

    fn name(&self) -> &str {
        self.container["name"].as_str().unwrap()
    }
}

struct Check<'a> {
    world: &'a World,
    key: &'a Key,
    old: &'a Old,
    journal: &'a Journal,
    cut: Cut,
}

impl Check<'_> {
    /// What the person is told fits what happened, completely.
    fn fault(&self, fault: &Fault) {
        let expected: &[FaultCode] = match self.cut {
            Cut::Nowhere => &[],
            Cut::Key(..) => &[FaultCode::KeyRemoved, FaultCode::RenewalKeyRemoved],
            Cut::Call(..) | Cut::Line(..) => &[FaultCode::CaBroken],
        };
        assert!(expected.contains(&fault.code), "{:?}: {}", self.cut, fault.reference());
        for chinese in [true, false] {
            let sentences = fault.sentences(chinese);
            for text in [&sentences.what, &sentences.kept, &sentences.todo] {
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{:?}: {text}", self.cut);
            }
        }
        let kept = fault.sentences(true).kept;
        assert!(kept.contains("证书没有改变"), "{:?}: {kept}", self.cut);
    }

    fn state(&self) -> serde_json::Value {
        serde_json::to_value(self.key.lock().state()).unwrap()["applications"][0].clone()
    }

    /// Holds at every moment: the old container as it was, its key signing, no try lost.
    fn old_works(&self, tries: u8) -> String {
        let state = self.state();
        assert_eq!(state["containers"][0], self.old.container, "{:?}: the old container was touched", self.cut);
        assert_eq!(state["user"]["tries"]["left"], tries, "{:?}: a try was lost", self.cut);
        let double = self.key.double();
        let mut token = double.connect();
        let e = [7; 32];
        let signature = token.sign_digest(self.old.name(), pin(), &e).unwrap();
        self.old.certificate.sm2_key().unwrap().verify_digest(&e, &signature).unwrap();
        token.read().unwrap().current_container().unwrap().name.clone()
    }

    /// After the cut, before it is gone on with.
    fn in_between(&self) {
        // a key takes the try away before it compares: without power in between it gives it back with the next right PIN
        let comparing = self.key.fell_on().as_deref() == Some("VerifyPIN")
            && matches!(self.cut, Cut::Key(_, KeyCut::PowerBefore | KeyCut::PowerAfter));
        let spent = u8::from(comparing && self.state()["user"]["tries"]["left"] != TRIES);
        let current = self.old_works(TRIES - spent);
        let orders = self.world.orders(&self.old.serial);
        assert!(orders.len() <= 1, "{:?}: {orders:?}", self.cut);
        let installed = orders.iter().any(|(_, state)| state == "installed");
        let status = self.world.certificate(&self.old.serial).status.as_str();
        if installed {
            assert_eq!(status, "superseded", "{:?}", self.cut);
        } else {
            assert_eq!(status, "valid", "{:?}: superseded before it was confirmed", self.cut);
            assert_eq!(current, self.old.name(), "{:?}: switched before it was confirmed", self.cut);
        }
        let (entries, damaged) = self.journal.entries().unwrap();
        assert!(entries.len() <= 1 && damaged.is_empty(), "{:?}: {entries:?} {damaged:?}", self.cut);
        if !orders.is_empty() {
            assert_eq!(entries.len(), 1, "{:?}: an order that does not stand in the journal", self.cut);
        }
    }

    fn at_the_end(&self, outcome: Option<&Outcome>) {
        let cut = self.cut;
        let current = self.old_works(TRIES);
        let state = self.state();
        let containers = state["containers"].as_array().unwrap();
        assert_eq!(containers.len(), 2, "{cut:?}: one new container");
        assert_eq!(current, containers[1]["name"].as_str().unwrap(), "{cut:?}: the new one is in use");
        assert_eq!(self.key.signing_keys(), 2, "{cut:?}: one new key pair was ever made");

        let [(no, order_state)] = &self.world.orders(&self.old.serial)[..] else { panic!("{cut:?}: one order") };
        assert_eq!(order_state, "installed", "{cut:?}");
        assert_eq!(self.world.encryption_keys(no), 1, "{cut:?}: one key from the key management");
        let issued = self.world.issued(no);
        let kinds: Vec<_> = issued.iter().map(|(kind, status, _)| (kind.as_str(), status.as_str())).collect();
        assert_eq!(kinds, [("sign", "valid"), ("encrypt", "valid")], "{cut:?}: one new pair of certificates");
        assert_eq!(self.world.certificate(&self.old.serial).status.as_str(), "superseded", "{cut:?}");

        let double = self.key.double();
        let mut token = double.connect();
        let contents = token.read().unwrap();
        let new = contents.current_container().unwrap();
        let [sign, encrypt] = [&new.sign, &new.encrypt].map(|der| Certificate::parse(der.as_ref().unwrap()).unwrap());
        assert_eq!([sign.serial_hex(), encrypt.serial_hex()], [issued[0].2.clone(), issued[1].2.clone()], "{cut:?}");
        for (certificate, key_use) in [(&sign, KeyUse::Sign), (&encrypt, KeyUse::Encrypt)] {
            assert_eq!(token.public_key(&current, key_use).as_ref(), Ok(certificate.sm2_key().unwrap()), "{cut:?}");
            assert!(certificate.subject == self.old.certificate.subject, "{cut:?}");
        }
        let e = [9; 32];
        let signature = token.sign_digest(&current, pin(), &e).unwrap();
        sign.sm2_key().unwrap().verify_digest(&e, &signature).unwrap();
        let mut login = token.login(pin()).unwrap();
        let sealed = encrypt.sm2_key().unwrap().encrypt(b"to the new certificate").unwrap();
        assert_eq!(login.decrypt(&current, &sealed).unwrap().as_slice(), b"to the new certificate", "{cut:?}");

        // nothing is lost of a certificate that has not expired
        let (old, day) = (self.old.certificate.validity.unwrap(), 86_400);
        assert_eq!(sign.validity.unwrap().not_after, old.not_after + 365 * day, "{cut:?}");
        assert_eq!(encrypt.validity, sign.validity, "{cut:?}");
        if let Some(outcome) = outcome {
            assert_eq!((outcome.old.from, outcome.old.until), (old.not_before, old.not_after), "{cut:?}");
            let new = (sign.validity.unwrap().not_before, sign.validity.unwrap().not_after);
            assert_eq!((outcome.new.from, outcome.new.until), new, "{cut:?}");
        }
        let (entries, damaged) = self.journal.entries().unwrap();
        assert_eq!((entries.len(), damaged.len()), (1, 0), "{cut:?}");
        assert_eq!(entries[0].step(), Step::Done, "{cut:?}");
    }
}
