//! A person who does not know the PIN of their key, and a computer.

use crate::desk::Key;
use crate::office::{CODE, Office, TRANSPORT};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use ca_client::{Application, CaAdapter, Entry, Journal, KeyBinding, Unlock, UnlockLine, UnlockOutcome, UnlockStep};
use order_api::{Applicant, UnlockRoute};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use token::{PinKind, Token, TokenError};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa};
use zeroize::Zeroizing;

pub static TEST_CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());

/// The PIN of a fresh key, which the person forgot.
pub const OLD: &str = "123456";
/// The PIN the person types.
pub const NEW: &str = "nEw Pin 7";
pub const ADMIN: &str = "Adm1nK7QX2MNP4RT";

pub struct Person {
    pub office: Arc<Office>,
    pub key: Key,
    pub token: Box<dyn Token>,
    pub journal: Journal,
    folder: tempfile::TempDir,
}

/// Somebody who forgot the PIN.
pub fn person() -> Person {
    with(|spec| spec)
}

/// Somebody who locked the key.
pub fn locked_out() -> Person {
    with(|spec| spec.state(State::Locked))
}

pub fn with(change: impl FnOnce(Spec) -> Spec) -> Person {
    let spec = Spec { admin_pin: ADMIN.to_owned(), ..Spec::new("示例有限公司", "00000000000001") };
    let key = Key::new(personalise(&change(spec), &TEST_CA).unwrap(), None);
    let folder = tempfile::tempdir().unwrap();
    Person {
        office: Arc::new(Office::knowing(ADMIN)),
        token: key.connect(),
        key,
        journal: Journal::at(folder.path().join("orders")),
        folder,
    }
}

pub fn pin(text: &str) -> Pin {
    Pin::new(text.as_bytes()).unwrap()
}

pub fn code() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(CODE.to_owned()))
}

pub fn application() -> Application {
    let applicant = Applicant {
        name: "李四".to_owned(),
        telephone: String::new(),
        mobile: "13800000000".to_owned(),
        email: String::new(),
    };
    Application { route: UnlockRoute::Sms, applicant, captcha: None }
}

impl Person {
    pub fn ca(&self) -> Arc<dyn CaAdapter> {
        Arc::clone(&self.office) as Arc<dyn CaAdapter>
    }

    pub fn binding(&mut self) -> KeyBinding {
        KeyBinding::of(&self.token.read().unwrap()).unwrap()
    }

    pub fn apply_with(&mut self, application: Application) -> Result<Unlock, Fault> {
        let binding = self.binding();
        told(Unlock::apply(&self.ca(), "demo", binding, application, &self.journal))
    }

    /// An order whose code was sent; what was called and commanded so far is forgotten.
    pub fn applied(&mut self) -> Unlock {
        let unlock = self.apply_with(application()).unwrap();
        assert_eq!(unlock.step(), UnlockStep::Code);
        self.forget_the_past();
        unlock
    }

    pub fn forget_the_past(&self) {
        self.office.take_calls();
        self.key.take_sent();
    }

    pub fn unlock_with(
        &mut self,
        unlock: &mut Unlock,
        code: Option<Zeroizing<String>>,
        new: &str,
    ) -> Result<UnlockOutcome, Fault> {
        told(unlock.unlock(&mut self.token, code, pin(new), &mut |_| ()))
    }

    /// With the right code and the new PIN.
    pub fn unlock(&mut self, unlock: &mut Unlock) -> Result<UnlockOutcome, Fault> {
        self.unlock_with(unlock, code(), NEW)
    }

    /// Unlocks, and the key is cut off by a fault at a command.
    pub fn unlock_until(&mut self, unlock: &mut Unlock, rule: &str) -> Fault {
        self.key.set_faults(&[rule]);
        let fault = self.unlock(unlock).unwrap_err();
        self.key.set_faults(&[]);
        self.put_in_again();
        fault
    }

    pub fn put_in_again(&mut self) {
        self.key.put_in_again();
        self.token = self.key.connect();
    }

    /// The program is started again: from the journal, with a new connection to the key.
    pub fn restart(&mut self, unlock: Unlock) -> Unlock {
        drop(unlock);
        self.put_in_again();
        self.resume()
    }

    pub fn resume(&mut self) -> Unlock {
        let entry = self.entry();
        Unlock::resume(self.ca(), self.journal.open(&entry.id).unwrap())
    }

    pub fn entries(&self) -> Vec<Entry> {
        let (entries, damaged) = self.journal.entries().unwrap();
        assert_eq!(damaged, []);
        entries
    }

    /// The only entry.
    pub fn entry(&self) -> Entry {
        let entries = self.entries();
        assert_eq!(entries.len(), 1);
        entries.into_iter().next().unwrap()
    }

    /// The folder of the journal.
    pub fn orders(&self) -> PathBuf {
        self.folder.path().join("orders")
    }

    pub fn admin_tries(&self) -> u8 {
        self.key.lock().state().applications[0].admin.tries.left
    }

    /// Whether a PIN is that of the key; tried on a double, so that no try is spent.
    pub fn has_pin(&self, text: &str) -> bool {
        let double = self.key.double();
        let mut token = double.connect();
        match token.verify_pin(pin(text)) {
            Ok(()) => true,
            Err(TokenError::WrongPin { .. } | TokenError::Locked) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// The key was not touched: it is as it was, and no command went to it that could change that.
    #[track_caller]
    pub fn key_is_untouched(&self) {
        let sent = self.key.take_sent();
        let dangerous = ["UnblockPIN", "ChangePIN", "VerifyPIN"];
        assert!(!sent.iter().any(|name| dangerous.contains(&name.as_str())), "{sent:?}");
        assert!(!self.has_pin(TRANSPORT) && !self.has_pin(NEW));
        assert_eq!(self.admin_tries(), 10);
    }

    /// The key has this PIN and no other.
    #[track_caller]
    pub fn pin_is(&self, wanted: &str) {
        let known = [OLD, NEW, TRANSPORT, "another 1"];
        let holding: Vec<_> = known.into_iter().filter(|text| self.has_pin(text)).collect();
        assert_eq!(holding, [wanted]);
        assert_eq!(self.admin_tries(), 10);
        let mut token = self.key.double().connect();
        assert_eq!(token.pin_info(PinKind::User).unwrap().tries_left, 10);
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
pub fn failed<T>(result: Result<T, Fault>) -> FaultCode {
    match told(result) {
        Ok(_) => panic!("it went well"),
        Err(fault) => fault.code,
    }
}

/// Steps an unlock told of.
pub fn lines_of(person: &mut Person, unlock: &mut Unlock) -> Vec<UnlockLine> {
    let mut lines = Vec::new();
    told(unlock.unlock(&mut person.token, code(), pin(NEW), &mut |line| lines.push(line))).unwrap();
    lines
}
