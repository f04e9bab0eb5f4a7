//! 找回密码 in practice mode, below the window: every way it can go, with the codes from the messages beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a failing test panics

#[path = "support/practice.rs"]
mod practice;

use base::secret::Pin;
use cert_assistant::app::{Command, FaultCode, LineState, Model, UnlockAsk, UnlockEnd, UnlockStage, UnlockTask};
use cert_assistant::practice::{KeySet, practice_contact};
use order_api::{Applicant, OrderKind, UnlockRoute};
use practice::{CAPTCHA, Practice, pin};
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

const NEW: &str = "Lianxi2026";

fn new_pin() -> Pin {
    Pin::new(NEW.as_bytes()).unwrap()
}

fn application(route: UnlockRoute) -> UnlockAsk {
    let contact = practice_contact();
    let applicant = Applicant {
        name: contact.name,
        telephone: "010-00000000".to_owned(),
        mobile: contact.mobile,
        email: contact.email,
    };
    UnlockAsk::Submit { route, applicant, captcha: Some(CAPTCHA.to_owned()) }
}

fn with_code(code: &str) -> UnlockAsk {
    UnlockAsk::Unlock { code: Some(Zeroizing::new(code.to_owned())), new: new_pin() }
}

fn ask(practice: &mut Practice, slot: u64, ask: UnlockAsk) {
    // as the window does with every question
    practice.model.begin_unlock(slot, UnlockTask::Refreshing, Instant::now());
    practice.send(Command::Unlock { slot, ask });
}

fn stage(model: &Model, slot: u64) -> Option<&UnlockStage> {
    Some(&model.key(slot)?.unlock.as_ref()?.stage)
}

#[track_caller]
fn ask_until(practice: &mut Practice, slot: u64, what: UnlockAsk, wanted: fn(&UnlockStage) -> bool) {
    ask(practice, slot, what);
    practice.until(|model| {
        let unlock = model.key(slot).and_then(|key| key.unlock.as_ref());
        unlock.is_some_and(|unlock| {
            assert_eq!(unlock.fault, None);
            wanted(&unlock.stage)
        })
    });
}

/// Asks and waits for the fault of it.
#[track_caller]
fn fault(practice: &mut Practice, slot: u64, what: UnlockAsk) -> FaultCode {
    ask(practice, slot, what);
    let fault = |model: &Model| Some(model.key(slot)?.unlock.as_ref()?.fault.as_ref()?.code);
    practice.until(|model| fault(model).is_some());
    fault(&practice.model).unwrap()
}

fn open(practice: &mut Practice, owner: &str) -> u64 {
    let slot = practice.slot(owner);
    ask_until(practice, slot, UnlockAsk::Open, |stage| matches!(stage, UnlockStage::Form(_)));
    slot
}

/// The code in the message that came last, of which nobody but this window knows.
fn code(practice: &mut Practice, before: usize) -> String {
    practice.until(|model| model.messages.len() > before);
    let text = &practice.model.messages.last().unwrap().text;
    // 验证码 or 授权码, then the code
    let (_, behind) = text.split_once("证码").or_else(|| text.split_once("权码")).unwrap();
    let found = behind.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.len() == 8);
    found.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

fn tries_left(model: &Model, slot: u64) -> Option<u8> {
    Some(model.key(slot)?.view()?.contents.pin?.tries_left)
}

/// The new PIN is that of the key: it changes into another one.
fn new_pin_holds(practice: &mut Practice, slot: u64) {
    practice.send(Command::ChangePin { slot, current: new_pin(), new: pin() });
    practice.until(|model| model.pin_outcome.is_some());
    practice.model.pin_outcome.take().unwrap().result.unwrap();
}

#[test]
fn a_forgotten_pin_and_a_locked_key_are_unlocked_with_the_code_of_the_message() {
    let mut practice = Practice::start(KeySet::Unlock);
    for owner in ["忘记密码", "密码已锁"] {
        let slot = open(&mut practice, owner);
        let before = practice.model.messages.len();
        ask_until(&mut practice, slot, application(UnlockRoute::Sms), |stage| matches!(stage, UnlockStage::Code(_)));
        let code = code(&mut practice, before);
        ask_until(&mut practice, slot, with_code(&code), |stage| matches!(stage, UnlockStage::Done(_)));
        practice.until(|model| tries_left(model, slot) == Some(10));
        new_pin_holds(&mut practice, slot);
        practice.until(|model| model.open_order(slot, OrderKind::Unlock).is_none());
    }
}

#[test]
fn another_mobile_number_is_a_matter_for_the_officer() {
    let mut practice = Practice::start(KeySet::Unlock);
    let slot = open(&mut practice, "号码已换");
    // by SMS the answer is the same as for one that fits, and no message leaves
    ask_until(&mut practice, slot, application(UnlockRoute::Sms), |stage| matches!(stage, UnlockStage::Code(_)));
    assert_eq!(fault(&mut practice, slot, with_code("00000000")), FaultCode::CodeWrong);
    assert!(practice.model.messages.is_empty());
    ask_until(&mut practice, slot, UnlockAsk::Discard, |stage| matches!(stage, UnlockStage::Form(_)));
    ask_until(&mut practice, slot, application(UnlockRoute::Review), |stage| matches!(stage, UnlockStage::Waiting(_)));
    practice.until(|model| matches!(stage(model, slot), Some(UnlockStage::Code(_))));
    let code = code(&mut practice, 0);
    ask_until(&mut practice, slot, with_code(&code.to_lowercase()), |stage| matches!(stage, UnlockStage::Done(_)));
    new_pin_holds(&mut practice, slot);
}

#[test]
fn every_way_an_unlock_is_refused_can_be_met() {
    let mut practice = Practice::start(KeySet::Unlock);
    for (owner, refusal) in [
        ("已被吊销", FaultCode::CertificateRevoked),
        ("非本系统", FaultCode::CertificateUnknown),
        ("次数用完", FaultCode::DailyLimit),
    ] {
        let slot = open(&mut practice, owner);
        assert_eq!(fault(&mut practice, slot, application(UnlockRoute::Sms)), refusal, "{owner}");
    }
    let slot = open(&mut practice, "口令未登记");
    ask_until(&mut practice, slot, application(UnlockRoute::Review), |stage| matches!(stage, UnlockStage::Waiting(_)));
    practice.until(
        |model| matches!(stage(model, slot), Some(UnlockStage::Ended(ended)) if ended.why == UnlockEnd::Rejected),
    );
    let Some(UnlockStage::Ended(ended)) = stage(&practice.model, slot) else { unreachable!() };
    assert!(ended.order.as_ref().unwrap().reason.as_ref().is_some_and(|reason| !reason.is_empty()));
}

#[test]
fn the_fifth_wrong_code_ends_the_order_and_the_key_is_as_before() {
    let mut practice = Practice::start(KeySet::Unlock);
    let slot = open(&mut practice, "忘记密码");
    ask_until(&mut practice, slot, application(UnlockRoute::Sms), |stage| matches!(stage, UnlockStage::Code(_)));
    let right = code(&mut practice, 0);
    let wrong = if right == "00000000" { "00000001" } else { "00000000" };
    for _ in 0..4 {
        assert_eq!(fault(&mut practice, slot, with_code(wrong)), FaultCode::CodeWrong);
    }
    ask(&mut practice, slot, with_code(wrong));
    practice.until(
        |model| matches!(stage(model, slot), Some(UnlockStage::Ended(ended)) if ended.why == UnlockEnd::Cancelled),
    );
    // the PIN is the one it was
    practice.send(Command::ChangePin { slot, current: pin(), new: new_pin() });
    practice.until(|model| model.pin_outcome.is_some());
    practice.model.pin_outcome.take().unwrap().result.unwrap();
}

#[test]
fn an_application_goes_on_after_the_program_was_closed() {
    let mut practice = Practice::start(KeySet::Unlock);
    let slot = open(&mut practice, "号码已换");
    ask_until(&mut practice, slot, application(UnlockRoute::Review), |stage| matches!(stage, UnlockStage::Waiting(_)));
    drop(practice.engine.take());
    let mut again = Practice::open(practice.source.again(), Arc::clone(&practice.ca));
    again.until_with_refreshes(|model| model.orders.first().is_some_and(|order| order.state == LineState::CodeSent));
    again.until(|model| model.service.is_some() && model.keys.iter().all(|key| key.view().is_some()));
    let slot = again.slot("号码已换");
    assert!(again.model.open_order(slot, OrderKind::Unlock).is_some(), "the card says that an order is open");
    ask_until(&mut again, slot, UnlockAsk::Open, |stage| matches!(stage, UnlockStage::Code(_)));
    let code = code(&mut again, 0);
    ask_until(&mut again, slot, with_code(&code), |stage| matches!(stage, UnlockStage::Done(_)));
    new_pin_holds(&mut again, slot);
}
