//! The new PIN: it ends on the key, whatever happens on the way.

use crate::office::{Befall, TRANSPORT, lost, problem};
use crate::person::{NEW, OLD, application, code, failed, lines_of, locked_out, person, pin, told, with};
use base::fault::FaultCode;
use ca_client::{UnlockLine, UnlockMark, UnlockStep};
use order_api::{OrderState, ProblemCode};
use token::PinKind;
use virtual_key::State;
use zeroize::Zeroizing;

#[test]
fn a_forgotten_pin_is_replaced() {
    let mut person = person();
    let mut unlock = person.applied();
    let outcome = person.unlock(&mut unlock).unwrap();
    person.pin_is(NEW);
    assert_eq!((outcome.pin.tries_left, outcome.pin.max_tries, outcome.pin.is_default), (10, 10, false));
    assert_eq!(unlock.step(), UnlockStep::Done);
    assert_eq!(person.office.state(), OrderState::Installed);
    let entry = person.entry();
    assert_eq!((entry.finished.is_some(), entry.token.as_str()), (true, ""));
    assert_eq!(entry.unlock.unwrap().client_key, None);
    let calls = ["order", "challenge", "begin", "challenge of report", "finish"];
    assert_eq!(person.office.take_calls(), calls, "everything of the report but its signature is there before the key");
}

#[test]
fn a_locked_key_is_unlocked() {
    let mut person = locked_out();
    let mut unlock = person.applied();
    assert_eq!(lines_of(&mut person, &mut unlock), UnlockLine::ALL);
    person.pin_is(NEW);
    told(person.token.verify_pin(pin(NEW)).map_err(|error| base::fault::Fault::from(&error))).unwrap();
}

#[test]
fn a_code_is_taken_as_people_type_it() {
    for typed in ["ndk4mdg4", " NDK4 MDG4 ", "ndk4-MDG4"] {
        let mut person = person();
        let mut unlock = person.applied();
        person.unlock_with(&mut unlock, Some(Zeroizing::new(typed.to_owned())), NEW).unwrap();
        person.pin_is(NEW);
    }
}

#[test]
fn a_wrong_code_leaves_the_key_alone_and_the_fifth_ends_the_order() {
    let mut person = person();
    let mut unlock = person.applied();
    for left in (0..5).rev() {
        let wrong = Some(Zeroizing::new("NDK4MDG5".to_owned()));
        let fault = person.unlock_with(&mut unlock, wrong, NEW).unwrap_err();
        assert_eq!((fault.code, fault.value("left")), (FaultCode::CodeWrong, Some(left.to_string().as_str())));
        assert_eq!(unlock.order().unwrap().unlock.as_ref().unwrap().tries_left, left, "the window shows it");
        person.key_is_untouched();
    }
    assert_eq!(unlock.step(), UnlockStep::Failed(OrderState::Cancelled));
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::OrderState, "also with the right code");
    person.key_is_untouched();
    person.pin_is(OLD);
}

#[test]
fn without_a_code_none_is_spent() {
    let mut person = person();
    let mut unlock = person.applied();
    assert_eq!(failed(person.unlock_with(&mut unlock, None, NEW)), FaultCode::OrderState);
    assert_eq!(person.office.take_calls(), ["order"]);
    assert_eq!(unlock.step(), UnlockStep::Code);
}

#[test]
fn a_new_pin_the_key_can_not_take_is_told_before_anything_is_sent() {
    let mut person = person();
    let mut unlock = person.applied();
    let cases = [
        ("12345", FaultCode::NewPinLength),
        ("1234567890123456", FaultCode::NewPinLength),
        ("密码密码", FaultCode::NewPinCharacters),
        ("12345\u{7f}", FaultCode::NewPinCharacters),
    ];
    for (new, expected) in cases {
        assert_eq!(failed(person.unlock_with(&mut unlock, code(), new)), expected);
        assert!(person.office.take_calls().is_empty());
        assert!(person.key.take_sent().is_empty());
    }
    person.unlock(&mut unlock).unwrap();
}

#[test]
fn another_key_is_told_before_anything_is_sent() {
    let mut person = person();
    let mut unlock = person.applied();
    let binding = unlock.entry().binding.clone();
    let others = [
        // another key of the same person, and the same key with another certificate
        with(|spec| spec),
        with(|mut spec| {
            spec.device_serial = Some(binding.device_serial.clone());
            spec
        }),
        with(|mut spec| {
            spec.device_serial = Some(binding.device_serial.clone());
            spec.state(State::Empty)
        }),
    ];
    for other in others {
        let mut inserted = other.key.connect();
        other.forget_the_past();
        let fault = told(unlock.unlock(&mut inserted, code(), pin(NEW), &mut |_| ())).unwrap_err();
        assert_eq!(fault.code, FaultCode::OrderOtherKey);
        assert!(fault.sentences(true).todo.contains(&binding.device_serial), "which one is wanted");
        assert_eq!(person.office.take_calls(), ["order"]);
        other.key_is_untouched();
    }
    person.unlock(&mut unlock).unwrap();
    person.pin_is(NEW);
}

#[test]
fn a_key_that_may_only_be_read_is_left_alone() {
    let mut person = person();
    let mut unlock = person.applied();
    person.token = person.key.connect_as(vec![0x3B, 0x00]);
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::ModelUnproven);
    person.key_is_untouched();
    assert_eq!(person.office.take_calls(), ["order"]);
}

#[test]
fn a_clock_that_is_wrong_is_told_before_the_code_is_spent() {
    for off in [-301, 301] {
        let mut person = person();
        let mut unlock = person.applied();
        person.office.set_client_off(off);
        let fault = person.unlock(&mut unlock).unwrap_err();
        assert_eq!((fault.code, fault.value("difference")), (FaultCode::ClockWrong, Some("6")));
        person.key_is_untouched();
        person.office.set_client_off(off.signum() * 300);
        person.unlock(&mut unlock).unwrap();
        person.pin_is(NEW);
    }
}

#[test]
fn every_refusal_of_the_service_leaves_the_key_alone_and_the_order_goes_on() {
    let refusals = [
        (ProblemCode::CodeExpired, FaultCode::CodeExpired),
        (ProblemCode::UnlockInProgress, FaultCode::UnlockInProgress),
        (ProblemCode::OrderOtherKey, FaultCode::OrderOtherKey),
        (ProblemCode::OrderState, FaultCode::OrderState),
        (ProblemCode::RateLimited, FaultCode::RateLimited),
        (ProblemCode::Internal, FaultCode::CaInternal),
        (ProblemCode::ChallengeInvalid, FaultCode::SignatureRefused),
    ];
    for (refusal, expected) in refusals {
        let mut person = person();
        let mut unlock = person.applied();
        person.office.befall("begin", Befall::Before(problem(refusal)));
        assert_eq!(failed(person.unlock(&mut unlock)), expected);
        person.key_is_untouched();
        assert_eq!(unlock.step(), UnlockStep::Code);
        person.unlock(&mut unlock).unwrap();
        person.pin_is(NEW);
    }
}

#[test]
fn a_call_that_is_lost_before_the_key_leaves_it_alone_and_needs_the_code_only_if_it_was_not_taken() {
    for call in ["order", "challenge", "begin", "challenge of report"] {
        for after in [false, true] {
            let mut person = locked_out();
            let mut unlock = person.applied();
            person.office.befall(call, if after { Befall::After } else { Befall::Before(lost()) });
            assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::CaBroken);
            person.key_is_untouched();
            let mut unlock = person.restart(unlock);
            told(unlock.refresh(None)).unwrap();
            let taken = call == "challenge of report" || call == "begin" && after;
            assert_eq!(unlock.step(), if taken { UnlockStep::NewPin } else { UnlockStep::Code }, "{call} {after}");
            person.unlock_with(&mut unlock, if taken { None } else { code() }, NEW).unwrap();
            person.pin_is(NEW);
        }
    }
}

#[test]
fn a_card_that_was_reset_while_the_ca_answered_gets_nothing_and_the_order_goes_on() {
    for call in ["challenge", "begin", "challenge of report"] {
        let mut person = person();
        let mut unlock = person.applied();
        let key = person.key.clone();
        person.office.when(call, move || key.reset_by_another());
        assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockChallengeLost);
        person.key_is_untouched();
        person.pin_is(OLD);
        assert_eq!(unlock.step(), UnlockStep::NewPin);
        assert_eq!(person.entry().unlock.unwrap().mark, UnlockMark::Begun, "the key took nothing");
        person.unlock_with(&mut unlock, None, NEW).unwrap();
        person.pin_is(NEW);
    }
}

#[test]
fn a_key_cut_off_while_the_pin_is_set_is_put_right_by_the_same_order() {
    // UnblockPIN, ChangePIN: what was there before, the transport PIN, the new one
    let cases = [
        ("cut-before@ins:1A", OLD),
        ("unplug-before@ins:1A", OLD),
        ("unplug-after@ins:1A", TRANSPORT),
        ("cut-after@ins:1A", TRANSPORT),
        ("unplug-before@ins:16", TRANSPORT),
        ("unplug-after@ins:16", NEW),
    ];
    for (rule, holds) in cases {
        let mut person = person();
        let mut unlock = person.applied();
        let fault = person.unlock_until(&mut unlock, rule);
        assert_eq!(fault.code, FaultCode::UnlockInterrupted, "{rule}");
        assert!(person.has_pin(holds), "{rule}: {holds}");
        assert_eq!(unlock.step(), UnlockStep::NewPin);
        let entry = person.entry();
        assert!(entry.is_on_key());
        let id = entry.id;
        let mut unlock = person.restart(unlock);
        assert_eq!(unlock.step(), UnlockStep::NewPin, "{rule}");
        person.office.take_calls();
        person.unlock_with(&mut unlock, None, "another 1").unwrap();
        person.pin_is("another 1");
        assert_eq!(unlock.step(), UnlockStep::Done);
        drop(unlock);
        told(person.journal.forget(&id)).unwrap();
    }
}

#[test]
fn an_order_with_the_pin_in_between_is_not_forgotten() {
    let mut person = person();
    let mut unlock = person.applied();
    person.unlock_until(&mut unlock, "unplug-after@ins:1A");
    assert_eq!(failed(unlock.forget()), FaultCode::OrderOnKey);
    let id = person.entry().id;
    assert_eq!(failed(person.journal.forget(&id)), FaultCode::OrderOnKey);
    let mut unlock = person.resume();
    person.unlock(&mut unlock).unwrap();
    person.pin_is(NEW);
}

#[test]
fn a_report_that_is_not_signed_or_does_not_arrive_is_made_good_with_the_new_pin() {
    type Cut = fn(&mut crate::person::Person);
    let cuts: [(&str, Cut); 4] = [
        ("not signed", |person| person.key.set_faults(&["unplug-before@ins:74"])),
        ("lost", |person| person.office.befall("finish", Befall::Before(lost()))),
        ("failed", |person| person.office.befall("finish", Befall::Before(problem(ProblemCode::Internal)))),
        ("refused", |person| person.office.befall("finish", Befall::Before(problem(ProblemCode::ChallengeInvalid)))),
    ];
    for (what, cut) in cuts {
        let mut person = locked_out();
        let mut unlock = person.applied();
        cut(&mut person);
        assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockNotReported, "{what}");
        person.key.set_faults(&[]);
        person.pin_is(NEW);
        assert!(!person.entry().is_on_key(), "the PIN is the person's");
        let mut unlock = person.restart(unlock);
        assert_eq!(unlock.step(), UnlockStep::Prove, "{what}");
        let outcome = told(unlock.prove(&mut person.token, pin(NEW))).unwrap();
        assert_eq!((outcome.pin.tries_left, outcome.pin.is_default), (10, false));
        assert_eq!((unlock.step(), person.office.state()), (UnlockStep::Done, OrderState::Installed), "{what}");
        person.pin_is(NEW);
    }
}

#[test]
fn a_report_whose_answer_was_lost_needs_no_pin() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.befall("finish", Befall::After);
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockNotReported);
    let mut unlock = person.restart(unlock);
    assert_eq!(unlock.step(), UnlockStep::Prove);
    person.forget_the_past();
    let outcome = told(unlock.prove(&mut person.token, pin("whatever"))).unwrap();
    assert_eq!(outcome.pin.tries_left, 10);
    assert!(!person.key.take_sent().contains(&"VerifyPIN".to_owned()), "the PIN is not sent");
    assert_eq!(unlock.step(), UnlockStep::Done);
}

#[test]
fn a_wrong_pin_in_the_report_costs_one_try_and_another_key_none() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.befall("finish", Befall::Before(lost()));
    person.unlock(&mut unlock).unwrap_err();
    let other = with(|spec| spec);
    let mut inserted = other.key.connect();
    assert_eq!(failed(unlock.prove(&mut inserted, pin(NEW))), FaultCode::OrderOtherKey);
    other.key_is_untouched();
    person.forget_the_past();
    let fault = told(unlock.prove(&mut person.token, pin("wrong 12"))).unwrap_err();
    assert_eq!((fault.code, fault.value("left")), (FaultCode::WrongPin, Some("9")));
    assert_eq!(person.key.take_sent().iter().filter(|name| *name == "VerifyPIN").count(), 1);
    assert_eq!((unlock.step(), person.office.state()), (UnlockStep::Prove, OrderState::Issued));
    told(unlock.prove(&mut person.token, pin(NEW))).unwrap();
}

#[test]
fn a_new_pin_that_was_forgotten_or_locked_before_the_report_is_replaced_without_a_code() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.befall("finish", Befall::Before(lost()));
    person.unlock(&mut unlock).unwrap_err();
    for _ in 0..10 {
        unlock.prove(&mut person.token, pin("wrong 12")).unwrap_err();
    }
    assert_eq!(failed(unlock.prove(&mut person.token, pin(NEW))), FaultCode::PinLocked);
    assert_eq!(unlock.step(), UnlockStep::Prove);
    person.unlock_with(&mut unlock, None, "another 1").unwrap();
    person.pin_is("another 1");
    assert_eq!(unlock.step(), UnlockStep::Done);
}

#[test]
fn nothing_is_proven_before_the_code_was() {
    let mut person = person();
    let mut unlock = person.applied();
    assert_eq!(failed(unlock.prove(&mut person.token, pin(OLD))), FaultCode::OrderState);
    assert!(!person.key.take_sent().contains(&"VerifyPIN".to_owned()));
}

#[test]
fn an_order_that_ended_while_the_key_was_changed_is_no_failure_for_the_person() {
    let mut person = person();
    let mut unlock = person.applied();
    let office = std::sync::Arc::clone(&person.office);
    person.office.when("challenge of report", move || office.decide(|order| order.state = OrderState::Expired));
    let outcome = person.unlock(&mut unlock).unwrap();
    assert_eq!(outcome.pin.tries_left, 10);
    assert_eq!(unlock.step(), UnlockStep::Done);
    person.pin_is(NEW);
}

#[test]
fn another_order_for_the_same_key_puts_right_what_one_left_in_between() {
    let mut person = person();
    let mut unlock = person.applied();
    person.unlock_until(&mut unlock, "unplug-after@ins:1A");
    assert!(person.has_pin(TRANSPORT));
    // the first one expires before it is gone on with
    person.office.decide(|order| order.state = OrderState::Expired);
    told(unlock.refresh(None)).unwrap();
    assert_eq!(unlock.step(), UnlockStep::Failed(OrderState::Expired));
    let mut second = person.apply_with(application()).unwrap();
    person.unlock(&mut second).unwrap();
    person.pin_is(NEW);
    told(unlock.forget()).unwrap();
}

#[test]
fn a_journal_that_fails_stops_before_the_key_and_never_behind_it() {
    // gone with everything in it: no entry can be written any more
    let gone = |folder: std::path::PathBuf| move || std::fs::remove_dir_all(folder).unwrap();
    for call in ["begin", "challenge of report"] {
        let mut person = locked_out();
        let mut unlock = person.applied();
        person.office.when(call, gone(person.orders()));
        assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::JournalNotUsable);
        person.key_is_untouched();
    }
    let mut person = locked_out();
    let mut unlock = person.applied();
    person.office.when("finish", gone(person.orders()));
    assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::UnlockNotReported, "the PIN holds, that is what is told");
    person.pin_is(NEW);
    let mut token = person.key.connect();
    assert_eq!(token.pin_info(PinKind::User).unwrap().tries_left, 10);
}

#[test]
fn a_key_that_answers_nonsense_or_whose_memory_fails_is_put_right_by_the_same_order() {
    let (uncertain, unsigned) = (FaultCode::UnlockInterrupted, FaultCode::UnlockNotReported);
    let cases = [
        ("full=6581@ins:1A", uncertain, UnlockMark::Sent),
        ("garbage@ins:1A", uncertain, UnlockMark::Sent),
        ("garbage=0@ins:1A", uncertain, UnlockMark::Sent),
        ("garbage@ins:18", uncertain, UnlockMark::Sent),
        ("full=6581@ins:16", uncertain, UnlockMark::Sent),
        ("garbage=1@ins:16", uncertain, UnlockMark::Sent),
        ("short@ins:74", unsigned, UnlockMark::Changed),
        ("garbage=64@ins:74", unsigned, UnlockMark::Changed),
    ];
    for (rule, expected, mark) in cases {
        let mut person = locked_out();
        let mut unlock = person.applied();
        assert_eq!(person.unlock_until(&mut unlock, rule).code, expected, "{rule}");
        let mut unlock = person.restart(unlock);
        assert_eq!(unlock.entry().unlock.as_ref().unwrap().mark, mark, "{rule}");
        person.unlock_with(&mut unlock, None, "another 1").unwrap();
        person.pin_is("another 1");
        assert_eq!(unlock.step(), UnlockStep::Done, "{rule}");
    }
}
