//! Answers that must not reach the key, and a key that does not take one: at most one try of the admin PIN is ever spent,
//! and never a second one.

use crate::office::{Befall, TRANSPORT, problem};
use crate::person::{ADMIN, NEW, OLD, Person, application, code, failed, locked_out, person, pin, told, with};
use base::fault::FaultCode;
use base::secret::SecretBytes;
use ca_client::{KeyAccess, KeyGone, KeyRefusal, UnlockMark, UnlockStep};
use gm::{PrivateKey, pin_key, protect_new_pin};
use order_api::{Base64, Grant, OrderState, ProblemCode};
use token::{Token, TokenError};

fn grant(pin_text: &str, response: Vec<u8>) -> Grant {
    Grant { transport_pin: pin(pin_text), response: SecretBytes::from_vec(response) }
}

#[test]
fn a_grant_that_is_forged_or_for_another_client_reaches_no_key_and_the_order_goes_on() {
    type Forger = fn(&mut order_api::UnlockAnswer, &[u8], &gm::PublicKey);
    let forgers: [(&str, Forger); 6] = [
        ("not a grant", |answer, _, _| answer.grant = Base64(vec![0x30, 0])),
        ("a bit is another one", |answer, _, _| *answer.grant.0.last_mut().unwrap() ^= 1),
        ("for another client", |answer, challenge, _| {
            let response = protect_new_pin(&pin_key(ADMIN.as_bytes()), challenge, TRANSPORT.as_bytes()).unwrap();
            let other = PrivateKey::generate().unwrap().public();
            answer.grant = Base64(grant(TRANSPORT, response.expose().to_vec()).seal(&other).unwrap());
        }),
        ("without an answer", |answer, _, client| {
            answer.grant = Base64(client.encrypt(&[3, b'1', b'2', b'3']).unwrap().to_der().unwrap());
        }),
        ("without a PIN", |answer, _, client| {
            answer.grant = Base64(client.encrypt(&[0; 37]).unwrap().to_der().unwrap());
        }),
        ("a transport PIN no key can have", |answer, _, client| {
            answer.grant = Base64(grant("12345678901234567", vec![7; 36]).seal(client).unwrap());
        }),
    ];
    for (what, forger) in forgers {
        let mut person = locked_out();
        let mut unlock = person.applied();
        person.office.forge(forger);
        assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::GrantRefused, "{what}");
        person.key_is_untouched();
        assert_eq!(unlock.step(), UnlockStep::NewPin, "{what}");
        assert_eq!(person.entry().unlock.unwrap().mark, UnlockMark::Begun, "{what}");
        person.unlock_with(&mut unlock, None, NEW).unwrap();
        person.pin_is(NEW);
    }
}

#[test]
fn an_answer_about_another_order_or_none_reaches_no_key() {
    type Forger = fn(&mut order_api::Order);
    let forgers: [(Forger, FaultCode); 3] = [
        (|order| order.no = "20260528-000099".to_owned(), FaultCode::OrderNotFound),
        (|order| order.state = OrderState::Installed, FaultCode::CaAnswer),
        (|order| order.state = OrderState::Authorized, FaultCode::CaAnswer),
    ];
    for (forger, expected) in forgers {
        let mut person = person();
        let mut unlock = person.applied();
        person.office.forge(move |answer, _, _| forger(&mut answer.order));
        assert_eq!(failed(person.unlock(&mut unlock)), expected);
        person.key_is_untouched();
        person.unlock(&mut unlock).unwrap();
        person.pin_is(NEW);
    }
}

/// A reader in which the key is changed for another before a job.
struct Swapped {
    first: Box<dyn Token>,
    second: Box<dyn Token>,
    jobs_before: usize,
}

impl KeyAccess for Swapped {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        if let Some(left) = self.jobs_before.checked_sub(1) {
            self.jobs_before = left;
            job(self.first.as_mut());
        } else {
            job(self.second.as_mut());
        }
        Ok(())
    }
}

#[test]
fn another_key_put_in_at_any_moment_gets_nothing() {
    let mut changed = 0;
    for jobs_before in 0..3 {
        let mut person = person();
        let mut unlock = person.applied();
        let other = with(|spec| spec);
        let mut reader = Swapped { first: person.key.connect(), second: other.key.connect(), jobs_before };
        let fault = told(unlock.unlock(&mut reader, code(), pin(NEW), &mut |_| ())).unwrap_err();
        let expected = [FaultCode::OrderOtherKey, FaultCode::UnlockChallengeLost];
        assert!(expected.contains(&fault.code), "{}", fault.reference());
        changed += usize::from(fault.code == FaultCode::UnlockChallengeLost);
        person.key_is_untouched();
        other.key_is_untouched();
        person.put_in_again();
        let again = if unlock.step() == UnlockStep::Code { code() } else { None };
        person.unlock_with(&mut unlock, again, NEW).unwrap();
        person.pin_is(NEW);
        other.pin_is(OLD);
    }
    assert_eq!(changed, 1, "once it was changed between challenge and answer");
}

/// After the key refused: nothing more is ever asked or sent for this order.
#[track_caller]
fn stays_refused(person: &mut Person, unlock: ca_client::Unlock, expected: FaultCode) {
    assert_eq!(unlock.step(), UnlockStep::Failed(OrderState::Cancelled));
    let tries = person.admin_tries();
    let mut unlock = unlock;
    for restarted in [false, true] {
        if restarted {
            unlock = person.restart(unlock);
        }
        person.forget_the_past();
        assert_eq!(failed(person.unlock(&mut unlock)), expected);
        assert_eq!(failed(person.unlock_with(&mut unlock, None, NEW)), expected);
        assert_eq!(failed(unlock.prove(&mut person.token, pin(NEW))), expected);
        assert_eq!(person.office.take_calls(), [""; 0], "not even a question");
        assert_eq!(person.key.take_sent(), [""; 0]);
    }
    assert_eq!(person.admin_tries(), tries);
    let entry = person.entry();
    assert!(!entry.is_open() && !entry.is_on_key());
    assert_eq!(entry.unlock.unwrap().client_key, None, "what could ask again is gone");
    told(unlock.forget()).unwrap();
}

#[test]
fn an_old_answer_for_a_new_challenge_costs_the_one_try_there_is_to_lose() {
    let mut person = locked_out();
    let mut unlock = person.applied();
    // the first answer never reaches the key
    let key = person.key.clone();
    person.office.when("challenge of report", move || key.reset_by_another());
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockChallengeLost);
    let (_, old) = person.office.cases.lock().unwrap()[0].answers[0].clone();
    person.office.forge(move |answer, _, client| {
        answer.grant = Base64(grant(TRANSPORT, old).seal(client).unwrap());
    });
    let fault = person.unlock_with(&mut unlock, None, NEW).unwrap_err();
    assert_eq!(fault.code, FaultCode::UnlockRefused);
    assert!(fault.sentences(true).todo.contains("20260528-000001"));
    assert_eq!(person.admin_tries(), 9, "once");
    assert_eq!(unlock.entry().unlock_refusal(), Some(KeyRefusal::Answer));
    stays_refused(&mut person, unlock, FaultCode::UnlockRefused);
    assert!(!person.has_pin(TRANSPORT) && !person.has_pin(NEW));
}

#[test]
fn a_ca_with_another_admin_pin_in_its_books_costs_the_one_try_there_is_to_lose() {
    let mut person = person();
    person.office.set_admin_pin("11111111");
    let mut unlock = person.applied();
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockRefused);
    assert_eq!(person.admin_tries(), 9, "once");
    assert!(person.has_pin(OLD), "the PIN of before");
    stays_refused(&mut person, unlock, FaultCode::UnlockRefused);
    // the books were put right: another application
    person.office.set_admin_pin(ADMIN);
    let mut unlock = person.apply_with(application()).unwrap();
    person.unlock(&mut unlock).unwrap();
    person.pin_is(NEW);
}

/// A computer whose disk fails while the key works.
struct Failing {
    key: Box<dyn Token>,
    jobs_before: usize,
    folder: std::path::PathBuf,
}

impl KeyAccess for Failing {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        if self.jobs_before == 0 {
            std::fs::remove_dir_all(&self.folder).unwrap();
        }
        self.jobs_before = self.jobs_before.wrapping_sub(1);
        self.key.with(job)
    }
}

#[test]
fn a_refusal_the_journal_does_not_take_holds_as_long_as_the_program_runs() {
    let mut person = person();
    person.office.set_admin_pin("11111111");
    let mut unlock = person.applied();
    let folder = person.orders();
    // the challenge was the second job
    let mut key = Failing { key: person.key.connect(), jobs_before: 2, folder };
    let fault = told(unlock.unlock(&mut key, code(), pin(NEW), &mut |_| ())).unwrap_err();
    assert_eq!(fault.code, FaultCode::UnlockRefused);
    assert_eq!(person.admin_tries(), 9);
    person.forget_the_past();
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockRefused);
    assert_eq!(person.key.take_sent(), [""; 0]);
    assert_eq!(person.admin_tries(), 9);
}

#[test]
fn a_key_with_few_or_no_tries_of_its_admin_pin_is_not_asked_to_take_an_answer() {
    for (left, expected, refusal) in [
        (2, FaultCode::AdminTriesLow, KeyRefusal::TriesLow { left: 2 }),
        (0, FaultCode::AdminLocked, KeyRefusal::Locked),
    ] {
        let mut person = person();
        let mut unlock = person.applied();
        spend_admin_tries(&mut person, 10 - left);
        person.forget_the_past();
        assert_eq!(failed(person.unlock(&mut unlock)), expected);
        assert_eq!(person.office.take_calls(), ["order"], "the code was not spent");
        assert!(!person.key.take_sent().contains(&"UnblockPIN".to_owned()));
        assert_eq!(unlock.entry().unlock_refusal(), Some(refusal));
        stays_refused(&mut person, unlock, expected);
    }
}

fn spend_admin_tries(person: &mut Person, count: u8) {
    for _ in 0..count {
        let wrong = person.token.unblock_pin(pin("wrong admin"), pin(NEW));
        assert!(matches!(wrong, Err(TokenError::WrongAdminPin { .. } | TokenError::AdminLocked)), "{wrong:?}");
    }
}

#[test]
fn a_service_that_saw_a_try_of_the_admin_pin_go_ends_the_order() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.befall("begin", Befall::Before(problem(ProblemCode::KeyRefused)));
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockRefused);
    person.key_is_untouched();
    stays_refused(&mut person, unlock, FaultCode::UnlockRefused);
}
