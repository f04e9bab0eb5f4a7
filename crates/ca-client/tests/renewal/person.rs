//! A person with a key whose certificate ends soon, and a computer.

use crate::desk::Key;
use crate::wire::Wire;
use crate::world::World;
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use ca_client::{CaAdapter, DownloadStep, Entry, Identified, Journal, KeyBinding, Outcome, Renewal};
use order_api::{CaptchaAnswer, Contact};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use token::{KeyContents, Token};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa};

pub static TEST_CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());
static NUMBER: AtomicUsize = AtomicUsize::new(1);

pub const PIN: &str = "123456";
/// Name of the container of a fresh key.
pub const OLD: &str = "personalCert00";

pub struct Person {
    pub world: Arc<World>,
    pub wire: Arc<Wire>,
    pub key: Key,
    pub token: Box<dyn Token>,
    pub journal: Journal,
    pub folder: tempfile::TempDir,
    /// Serial number of the certificate; empty when the CA does not know it.
    pub serial: String,
}

/// Somebody the CA knows, with 20 days left.
pub fn person(world: &Arc<World>) -> Person {
    of(world, "unit", |spec| spec.state(State::Expiring))
}

/// Somebody with a certificate of a product.
pub fn of(world: &Arc<World>, product: &str, change: impl FnOnce(Spec) -> Spec) -> Person {
    let mut person = stranger(world, change);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    person.serial = world.enrol_for(person.key.lock().state(), number, product);
    person
}

/// Somebody the CA does not know.
pub fn stranger(world: &Arc<World>, change: impl FnOnce(Spec) -> Spec) -> Person {
    let spec = Spec::new("示例有限公司", &format!("{:014}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let key = Key::new(personalise(&change(spec), &TEST_CA).unwrap(), None);
    let folder = tempfile::tempdir().unwrap();
    Person {
        world: Arc::clone(world),
        wire: Wire::new(world, None),
        token: key.connect(),
        key,
        journal: Journal::at(folder.path().join("orders")),
        folder,
        serial: String::new(),
    }
}

pub fn pin(text: &str) -> Pin {
    Pin::new(text.as_bytes()).unwrap()
}

pub fn contact() -> Contact {
    Contact { name: "李四".into(), mobile: "13900000000".into(), email: "li@example.org".into() }
}

impl Person {
    pub fn ca(&self) -> Arc<dyn CaAdapter> {
        Arc::clone(&self.wire) as Arc<dyn CaAdapter>
    }

    pub fn read(&mut self) -> KeyContents {
        self.token.read().unwrap()
    }

    /// Name of the container in use.
    pub fn current(&mut self) -> String {
        self.read().current_container().unwrap().name.clone()
    }

    pub fn identify_with(&mut self, text: &str) -> Result<Identified, Fault> {
        let binding = KeyBinding::of(&self.read())?;
        self.key.take_sent();
        Renewal::identify(self.ca(), &mut self.token, binding, pin(text))
    }

    pub fn identify(&mut self) -> Identified {
        told(self.identify_with(PIN)).unwrap()
    }

    pub fn submit(&self, identified: &Identified, captcha: Option<CaptchaAnswer>) -> Result<Renewal, Fault> {
        told(Renewal::submit(identified, "demo", contact(), captcha, &self.journal))
    }

    /// An order as it is right after it was submitted.
    pub fn order(&mut self) -> Renewal {
        let identified = self.identify();
        self.submit(&identified, None).unwrap()
    }

    pub fn download_with(&mut self, renewal: &mut Renewal, text: &str) -> Result<Outcome, Fault> {
        self.key.take_sent();
        told(renewal.download(&mut self.token, pin(text), &mut |_| ()))
    }

    pub fn download(&mut self, renewal: &mut Renewal) -> Result<Outcome, Fault> {
        self.download_with(renewal, PIN)
    }

    /// Downloads, and dies of the fault at a command.
    pub fn download_until(&mut self, renewal: &mut Renewal, rule: &str) -> Fault {
        self.key.set_faults(&[rule]);
        let fault = self.download(renewal).unwrap_err();
        self.key.set_faults(&[]);
        self.put_in_again();
        fault
    }

    pub fn put_in_again(&mut self) {
        self.key.put_in_again();
        self.token = self.key.connect();
    }

    /// The same person at another computer, or at this one after its disk was lost.
    pub fn at_another_computer(&mut self) {
        self.folder = tempfile::tempdir().unwrap();
        self.journal = Journal::at(self.folder.path().join("orders"));
        self.token = self.key.connect();
    }

    pub fn entries(&self) -> Vec<Entry> {
        let (entries, damaged) = self.journal.entries().unwrap();
        assert_eq!(damaged, []);
        entries
    }

    pub fn resume(&self) -> Renewal {
        let entries = self.entries();
        let open: Vec<_> = entries.iter().filter(|entry| entry.is_open()).collect();
        assert_eq!(open.len(), 1);
        Renewal::resume(self.ca(), self.journal.open(&open[0].id).unwrap())
    }

    /// Names of the containers on the key.
    pub fn containers(&mut self) -> Vec<String> {
        self.token.containers().unwrap().into_iter().map(|info| info.name).collect()
    }

    pub fn tries_left(&self) -> u8 {
        self.key.lock().state().applications[0].user.tries.left
    }

    /// The renewal is complete: a new container in use, one new key pair, one order.
    #[track_caller]
    pub fn is_renewed(&mut self) {
        let orders = self.world.orders(&self.serial);
        assert_eq!(orders.len(), 1);
        let (no, state) = &orders[0];
        assert_eq!(state, "installed");
        assert_eq!(self.world.issued(no).len(), 2);
        assert_eq!(self.world.encryption_keys(no), 1);
        assert_eq!(self.key.signing_keys(), 2, "one new pair");
        let containers = self.containers();
        assert_eq!(containers.len(), 2);
        assert_eq!(self.current(), containers[1]);
        assert_eq!(self.tries_left(), 10);
    }
}

/// Every fault has all its sentences, without holes.
#[track_caller]
pub fn told<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    result.inspect_err(|fault| {
        for chinese in [true, false] {
            let sentences = fault.sentences(chinese);
            for text in [sentences.what, sentences.kept, sentences.todo] {
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{}: {text}", fault.reference());
            }
        }
    })
}

/// The code of a failure.
#[track_caller]
pub fn code<T>(result: Result<T, Fault>) -> FaultCode {
    match told(result) {
        Ok(_) => panic!("it went well"),
        Err(fault) => fault.code,
    }
}

/// Steps a download told of.
pub fn steps_of(person: &mut Person, renewal: &mut Renewal) -> Vec<DownloadStep> {
    let mut steps = Vec::new();
    told(renewal.download(&mut person.token, pin(PIN), &mut |step| steps.push(step))).unwrap();
    steps
}
