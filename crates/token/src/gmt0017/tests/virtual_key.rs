//! The calls of a renewal against a virtual key: what they cost, what is on the key afterwards, and after every cut.

use super::pin;
use crate::apdu::{Command, Response};
use crate::gmt0017::{Gmt0017, Login};
use crate::{Channel, KeyUse, PinKind, Token, TokenError, Transport, TransportError};
use gm::{DEFAULT_ID, EnvelopedKey, PrivateKey, PublicKey};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use virtual_key::faults::FaultRule;
use virtual_key::personalise::personalise;
use virtual_key::{Outcome, Spec, State, TestCa, VirtualKey};

const PIN: &str = "123456";
const OLD: &str = "personalCert00";
const NEW: &str = "personalCert01";
const CURRENT: &str = "BJCAENVSN";

static CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());

/// A key on the desk, and what its transport notices.
pub(super) struct Desk {
    pub(super) key: VirtualKey,
    sent: Vec<u8>,
    pub(super) was_reset: bool,
    held: bool,
}

#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Desk>>);

impl Shared {
    pub(super) fn new(state: State) -> Self {
        let key = VirtualKey::new(personalise(&Spec::new("示例有限公司", "1").state(state), &CA).unwrap());
        Self(Arc::new(Mutex::new(Desk { key, sent: Vec::new(), was_reset: false, held: false })))
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap()
    }

    pub(super) fn token(&self) -> Gmt0017 {
        Gmt0017::new(Box::new(self.clone()), "Virtual PCD 00 00")
    }

    /// A login; the token itself is never dropped.
    fn logged_in(&self) -> Login<'static> {
        let login = Box::leak(Box::new(self.token())).login(pin(PIN)).unwrap();
        self.take_sent();
        login
    }

    /// Instructions sent since the last call.
    pub(super) fn take_sent(&self) -> Vec<u8> {
        std::mem::take(&mut self.desk().sent)
    }

    /// Faults from now on; instructions are counted from here.
    pub(super) fn set_faults(&self, rules: &[&str]) {
        let mut desk = self.desk();
        let empty = Spec::new("", "").state(State::NoApplication);
        let key = std::mem::replace(&mut desk.key, VirtualKey::new(personalise(&empty, &CA).unwrap()));
        desk.key = key.with_faults(rules.iter().map(|rule| rule.parse::<FaultRule>().unwrap()).collect());
    }

    /// What is stored, as text.
    fn stored(&self) -> String {
        serde_json::to_string(self.desk().key.state()).unwrap()
    }

    pub(super) fn raw(&self, hex: &str) -> Vec<u8> {
        let apdu = crate::replay::Step::hex(hex, "").unwrap().expect;
        match self.desk().key.exchange(&apdu) {
            Outcome::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn file(&self) -> Vec<u8> {
        let desk = self.desk();
        desk.key.state().applications[0].files.iter().find(|file| file.name == CURRENT).unwrap().data.clone()
    }
}

impl Transport for Shared {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        let mut desk = self.desk();
        if desk.held {
            return Err(TransportError::Held);
        }
        let was_reset = std::mem::take(&mut desk.was_reset);
        Ok(Box::new(Transaction { desk, was_reset }))
    }

    fn atr(&self) -> &[u8] {
        &super::LONGMAI
    }
}

struct Transaction<'a> {
    desk: MutexGuard<'a, Desk>,
    was_reset: bool,
}

impl Channel for Transaction<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        self.desk.sent.push(command.header()[1]);
        match self.desk.key.exchange(command.encode().unwrap().expose()) {
            Outcome::Answer(answer) => Response::parse(&answer).map_err(|_| TransportError::Garbage),
            Outcome::Unplugged | Outcome::PowerLost => Err(TransportError::Removed),
        }
    }

    fn was_reset(&self) -> bool {
        self.was_reset
    }
}

/// A key with the new container and its signing pair.
fn with_new_pair() -> (Shared, Login<'static>, PublicKey) {
    let shared = Shared::new(State::Valid);
    let mut login = shared.logged_in();
    login.create_container(NEW).unwrap();
    let public = login.generate_key_pair(NEW).unwrap();
    shared.take_sent();
    (shared, login, public)
}

#[test]
fn every_call_of_a_renewal_costs_what_is_written_here() {
    let shared = Shared::new(State::Valid);
    let mut token = shared.token();
    let costs = |what: &str, sent: &[u8]| assert_eq!(shared.take_sent(), sent, "{what}");
    token.containers().unwrap();
    costs("containers, first command of the token", &[0x04, 0x22, 0x26, 0x46, 0x4A]);
    let mut login = token.login(pin(PIN)).unwrap();
    costs("login", &[0x14, 0x50, 0x18]);
    login.create_container(NEW).unwrap();
    costs("create_container", &[0x46, 0x40]);
    let public = login.generate_key_pair(NEW).unwrap();
    costs("generate_key_pair", &[0x4A, 0x42, 0x70]);
    login.sign(NEW, &[7; 32]).unwrap();
    costs("sign", &[0x74]);
    let pair = PrivateKey::generate().unwrap();
    login.import_key_pair(NEW, &EnvelopedKey::build(&public, &pair).unwrap()).unwrap();
    costs("import_key_pair", &[0x42, 0x72]);
    login.import_certificate(NEW, KeyUse::Sign, &[0x30; 1500]).unwrap();
    costs("import_certificate, head and two pieces", &[0x42, 0x4C, 0x4C, 0x4C]);
    login.decrypt(NEW, &pair.public().encrypt(b"test").unwrap()).unwrap();
    costs("decrypt", &[0x28]);
    login.read_certificate(NEW, KeyUse::Sign).unwrap();
    costs("read_certificate, four pieces", &[0x52, 0x4E, 0x4E, 0x4E, 0x4E]);
    login.containers().unwrap();
    costs("containers, two of them", &[0x46, 0x4A, 0x4A]);
    login.write_file(CURRENT, NEW.as_bytes()).unwrap();
    costs("write_file that fits", &[0x36, 0x3A]);
    login.write_file("OTHER", b"new").unwrap();
    costs("write_file that is missing", &[0x36, 0x30, 0x3A]);
    login.write_file("OTHER", &[1; 129]).unwrap();
    costs("write_file that is too small", &[0x36, 0x32, 0x30, 0x3A]);
    login.delete_container(NEW).unwrap();
    costs("delete_container", &[0x46, 0x48]);
    login.close().unwrap();
    costs("close", &[0x1C]);
    drop(token);
    costs("drop after it", &[]);
}

#[test]
fn a_renewal_ends_with_keys_that_work_and_the_new_container_in_use() {
    let (shared, mut login, public) = with_new_pair();
    assert_eq!(login.public_key(NEW, KeyUse::Sign), Ok(public));
    let e = public.digest(DEFAULT_ID.as_bytes(), b"request");
    public.verify_digest(&e, &login.sign(NEW, &e).unwrap()).unwrap();
    let pair = PrivateKey::generate().unwrap();
    login.import_key_pair(NEW, &EnvelopedKey::build(&public, &pair).unwrap()).unwrap();
    let cipher = pair.public().encrypt(b"0123456789abcdef").unwrap();
    assert_eq!(login.decrypt(NEW, &cipher).unwrap().as_slice(), b"0123456789abcdef");
    assert_eq!(login.read_certificate(NEW, KeyUse::Sign), Ok(None));
    let [sign, encrypt] = [vec![0x30; 700], vec![0x31; 2000]];
    login.import_certificate(NEW, KeyUse::Sign, &sign).unwrap();
    login.import_certificate(NEW, KeyUse::Encrypt, &encrypt).unwrap();
    assert_eq!(login.read_certificate(NEW, KeyUse::Sign), Ok(Some(sign)));
    assert_eq!(login.read_certificate(NEW, KeyUse::Encrypt), Ok(Some(encrypt)));
    let read = || shared.token().read().unwrap();
    for name in [OLD, NEW] {
        login.write_file(CURRENT, name.as_bytes()).unwrap();
        assert_eq!(read().current_container().unwrap().name, name);
    }
    // a longer name, which needs a larger file, then a shorter one with zeros behind it
    let long = format!("{NEW}-{NEW}");
    login.create_container(&long).unwrap();
    for name in [long.as_str(), OLD] {
        login.write_file(CURRENT, name.as_bytes()).unwrap();
        assert_eq!(read().current_container().unwrap().name, name);
    }
    assert_eq!(shared.file().len(), 128);
    assert_eq!(shared.token().pin_info(PinKind::User).unwrap().tries_left, 10);
    let old = &read().containers[0];
    assert!(old.sign.is_some() && old.encrypt.is_some(), "the old container keeps everything");
}

type Call = fn(&mut Login<'_>, &EnvelopedKey) -> Result<(), TokenError>;

/// Every call with an effect: the instruction that has it, the call on a key of [`with_new_pair`], and whether it needs
/// memory.
const EFFECTS: &[(&str, Call, bool)] = &[
    ("40", |login, _| login.create_container("another"), true),
    ("48", |login, _| login.delete_container(NEW), false),
    ("72", |login, package| login.import_key_pair(NEW, package), true),
    ("4C#3", |login, _| login.import_certificate(NEW, KeyUse::Sign, &[0x30; 1500]), true),
    ("3A", |login, _| login.write_file(CURRENT, NEW.as_bytes()), true),
    ("30", |login, _| login.write_file("OTHER", b"new"), true),
];

fn package_for(public: &PublicKey) -> EnvelopedKey {
    EnvelopedKey::build(public, &PrivateKey::generate().unwrap()).unwrap()
}

#[test]
fn a_cut_before_an_effect_changes_nothing_and_a_cut_after_it_has_it_whole() {
    for (instruction, call, _) in EFFECTS {
        for (fault, changes) in
            [("cut-before", false), ("unplug-before", false), ("cut-after", true), ("unplug-after", true)]
        {
            let (shared, mut login, public) = with_new_pair();
            let package = package_for(&public);
            let before = shared.stored();
            shared.set_faults(&[&format!("{fault}@ins:{instruction}")]);
            let result = call(&mut login, &package);
            assert_eq!(result, Err(TokenError::Transport(TransportError::Removed)), "{fault} {instruction}");
            assert_eq!(shared.stored() != before, changes, "{fault} {instruction}");
            drop(login);
            shared.set_faults(&[]);
            shared.desk().key.plug().push_in();
            shared.desk().key.reset();
            let mut login = shared.logged_in();
            let seen = (shared.stored() != before, login.containers().unwrap().len());
            let expected = match (*instruction, changes) {
                ("40", true) => 3,
                ("48", true) => 1,
                _ => 2,
            };
            assert_eq!(seen, (changes, expected), "{fault} {instruction}: the key tells what became of it");
        }
    }
}

#[test]
fn a_pair_whose_answer_was_lost_is_found_on_the_key_and_not_made_again() {
    for (fault, made) in [("cut-before", false), ("cut-after", true), ("garbage=0", true), ("short", true)] {
        let shared = Shared::new(State::Valid);
        let mut login = shared.logged_in();
        login.create_container(NEW).unwrap();
        shared.set_faults(&[&format!("{fault}@ins:70")]);
        login.generate_key_pair(NEW).unwrap_err();
        drop(login);
        let mut login = shared.logged_in();
        let there = login.containers().unwrap().into_iter().find(|one| one.name == NEW).unwrap();
        assert_eq!(there.sign_key, made, "{fault}");
        if made {
            let public = login.public_key(NEW, KeyUse::Sign).unwrap();
            assert_eq!(login.generate_key_pair(NEW), Err(TokenError::KeyPairExists), "{fault}");
            assert_eq!(login.public_key(NEW, KeyUse::Sign), Ok(public), "{fault}");
        } else {
            login.generate_key_pair(NEW).unwrap();
        }
    }
}

#[test]
fn a_chain_cut_at_any_piece_leaves_the_certificate_that_was_there_and_the_next_one_goes_in() {
    for at in 1..=3 {
        for fault in ["cut-before", "unplug-before", "garbage=0"] {
            let (shared, mut login, _) = with_new_pair();
            login.import_certificate(NEW, KeyUse::Sign, b"previous").unwrap();
            shared.set_faults(&[&format!("{fault}@ins:4C#{at}")]);
            let result = login.import_certificate(NEW, KeyUse::Sign, &[0x30; 1500]);
            assert!(matches!(result, Err(TokenError::Transport(_))), "{fault} {at}: {result:?}");
            drop(login);
            // the last piece was taken, only its answer was lost
            let taken = fault == "garbage=0" && at == 3;
            shared.set_faults(&[]);
            shared.desk().key.plug().push_in();
            if fault != "garbage=0" {
                shared.desk().key.reset();
            }
            let mut login = shared.logged_in();
            let kept = if taken { vec![0x30; 1500] } else { b"previous".to_vec() };
            assert_eq!(login.read_certificate(NEW, KeyUse::Sign), Ok(Some(kept)), "{fault} {at}");
            login.import_certificate(NEW, KeyUse::Sign, &[0x31; 1200]).unwrap();
            assert_eq!(login.read_certificate(NEW, KeyUse::Sign), Ok(Some(vec![0x31; 1200])), "{fault} {at}");
        }
    }
}

#[test]
fn a_chain_another_program_left_open_does_not_run_into_ours() {
    let (shared, mut login, _) = with_new_pair();
    assert_eq!(shared.raw("90 4C 00 00 00 0009 1000 3001 01 00000400"), [0x90, 0x00]);
    login.import_certificate(NEW, KeyUse::Sign, b"ours").unwrap();
    assert_eq!(login.read_certificate(NEW, KeyUse::Sign), Ok(Some(b"ours".to_vec())));
}

#[test]
fn the_file_of_the_container_in_use_is_old_or_new_after_every_cut_never_a_mix() {
    for fault in ["cut-before", "cut-after", "unplug-before", "unplug-after"] {
        for ins in ["36", "3A"] {
            let (shared, mut login, _) = with_new_pair();
            login.write_file(CURRENT, b"a name that is much longer than the next").unwrap();
            let old = shared.file();
            shared.set_faults(&[&format!("{fault}@ins:{ins}")]);
            login.write_file(CURRENT, NEW.as_bytes()).unwrap_err();
            let mut new = NEW.as_bytes().to_vec();
            new.resize(old.len(), 0);
            let switched = ins == "3A" && fault.ends_with("after");
            assert_eq!(shared.file(), if switched { new } else { old }, "{fault} {ins}");
        }
    }
}

#[test]
fn full_or_broken_memory_is_said_and_keeps_everything() {
    for (instruction, call, needs_memory) in EFFECTS {
        for (fault, full) in [("full=6A84", true), ("full=6581", false)] {
            let (shared, mut login, public) = with_new_pair();
            let package = package_for(&public);
            let before = shared.stored();
            shared.set_faults(&[&format!("{fault}@ins:{instruction}")]);
            let result = call(&mut login, &package);
            match (full, needs_memory) {
                (true, false) => assert_eq!(result, Ok(()), "{instruction}: gives memory back"),
                (true, true) => assert_eq!(result, Err(TokenError::NoSpace), "{instruction}"),
                (false, _) => {
                    let broken = |error: &TokenError| matches!(error, TokenError::Refused { sw, .. } if sw.0 == 0x6581);
                    assert!(result.as_ref().is_err_and(broken), "{instruction}: {result:?}");
                }
            }
            assert_eq!(shared.stored() == before, result.is_err(), "{fault} {instruction}");
        }
    }
}

#[test]
fn a_key_is_full_of_containers_at_the_number_it_states() {
    let shared = Shared::new(State::Empty);
    let mut login = shared.logged_in();
    for number in 0..64 {
        login.create_container(&format!("container {number}")).unwrap();
    }
    assert_eq!(login.create_container("one more"), Err(TokenError::NoSpace));
    assert_eq!(login.containers().unwrap().len(), 64);
    login.delete_container("container 7").unwrap();
    assert_eq!(login.create_container("one more"), Ok(()));
}

#[test]
fn without_the_right_the_key_itself_refuses_every_effect_and_changes_nothing() {
    let generate: Call = |login, _| login.generate_key_pair("empty").map(drop);
    let sign: Call = |login, _| login.sign(NEW, &[1; 32]).map(drop);
    let calls = EFFECTS.iter().map(|(_, call, _)| *call).chain([generate, sign]);
    for (index, call) in calls.enumerate() {
        let (shared, mut login, public) = with_new_pair();
        login.create_container("empty").unwrap();
        let package = package_for(&public);
        let before = shared.stored();
        // another program gives the right back between two calls
        assert_eq!(shared.raw("80 1C 00 00 00 0002 1000"), [0x90, 0x00]);
        assert_eq!(call(&mut login, &package), Err(TokenError::NotLoggedIn), "{index}");
        shared.take_sent();
        assert_eq!(call(&mut login, &package), Err(TokenError::NotLoggedIn), "{index}");
        assert!(shared.take_sent().is_empty(), "{index}: known now, so nothing is sent");
        assert_eq!(shared.stored(), before, "{index}");
        drop(login);
        let mut login = shared.logged_in();
        assert_eq!(call(&mut login, &package), Ok(()), "{index}: goes on after the PIN");
    }
}

#[test]
fn a_key_that_wants_the_pin_for_every_signature_says_so_at_the_second_one() {
    let shared = Shared::new(State::Valid);
    let ca = TestCa::create().unwrap();
    let mut state = personalise(&Spec::new("示例有限公司", "1"), &ca).unwrap();
    state.device.login_per_signature = true;
    shared.desk().key = VirtualKey::new(state);
    let mut token = shared.token();
    let mut login = token.login(pin(PIN)).unwrap();
    login.sign(OLD, &[1; 32]).unwrap();
    assert_eq!(login.sign(OLD, &[1; 32]), Err(TokenError::NotLoggedIn));
    drop(login);
    let mut login = token.login(pin(PIN)).unwrap();
    login.sign(OLD, &[1; 32]).unwrap();
}

#[test]
fn a_reset_between_two_calls_takes_the_right_and_nothing_else() {
    let (shared, first, public) = with_new_pair();
    drop(first);
    let mut token = shared.token();
    let mut login = token.login(pin(PIN)).unwrap();
    shared.take_sent();
    {
        let mut desk = shared.desk();
        desk.key.reset();
        desk.was_reset = true;
    }
    assert_eq!(login.sign(NEW, &[1; 32]), Err(TokenError::NotLoggedIn));
    assert!(shared.take_sent().is_empty());
    assert_eq!(login.public_key(NEW, KeyUse::Sign), Ok(public), "application and container are opened anew");
    drop(login);
    token.login(pin(PIN)).unwrap().sign(NEW, &[1; 32]).unwrap();
}

#[test]
fn a_key_another_program_holds_for_a_while_keeps_the_right() {
    let (shared, mut login, _) = with_new_pair();
    shared.desk().held = true;
    assert_eq!(login.sign(NEW, &[1; 32]), Err(TokenError::Transport(TransportError::Held)));
    shared.desk().held = false;
    login.sign(NEW, &[1; 32]).unwrap();
    login.close().unwrap();
    assert_eq!(shared.take_sent().last(), Some(&0x1C));
}

#[test]
fn a_container_another_program_replaced_is_written_by_its_name() {
    let (shared, mut login, _) = with_new_pair();
    login.sign(NEW, &[1; 32]).unwrap();
    let mut other = shared.token();
    let mut other = other.login(pin(PIN)).unwrap();
    other.delete_container(NEW).unwrap();
    other.create_container(NEW).unwrap();
    let public = login.generate_key_pair(NEW).unwrap();
    assert_eq!(other.public_key(NEW, KeyUse::Sign), Ok(public));
    assert_eq!(login.sign("missing", &[1; 32]), Err(TokenError::NoContainer));
    assert_eq!(login.import_certificate("missing", KeyUse::Sign, &[1]), Err(TokenError::NoContainer));
}

#[test]
fn a_package_for_another_key_is_refused_and_leaves_the_container_as_it_was() {
    let (shared, mut login, _) = with_new_pair();
    let before = shared.stored();
    let stranger = PrivateKey::generate().unwrap().public();
    let result = login.import_key_pair(NEW, &package_for(&stranger));
    assert!(matches!(result, Err(TokenError::Refused { command: "ImportECCKeyPair", .. })), "{result:?}");
    assert_eq!(shared.stored(), before);
}

#[test]
fn a_key_without_application_has_no_containers_to_list() {
    assert_eq!(Shared::new(State::NoApplication).token().containers(), Err(TokenError::NoApplication));
    assert_eq!(Shared::new(State::Empty).token().containers(), Ok(Vec::new()));
}
