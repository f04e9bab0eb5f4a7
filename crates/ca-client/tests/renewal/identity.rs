//! Who is there: PIN, certificate, clock.

use crate::person::{OLD, PIN, code, of, person, pin, stranger, told};
use crate::world::{DAY, World};
use base::fault::FaultCode;
use ca_client::{KeyBinding, Renewal};
use ca_service::audit::Actor;
use ca_service::crl::{Reason, revoke};
use std::sync::Arc;
use virtual_key::{Spec, State};

#[test]
fn the_service_says_who_it_is_and_what_a_renewal_gives() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let identified = person.identify();
    let session = identified.session();
    assert_eq!(session.holder.certificate_serial, person.serial);
    assert_eq!(session.contact.mobile, "13800000000");
    assert_eq!(session.new.until, session.old.until + 365 * DAY);
    assert!(identified.unfinished().is_empty());
    assert_eq!(person.tries_left(), 10);
    assert_eq!(person.entries(), [], "nothing is ordered yet");
    // the right was given back: nothing can be signed with it any more
    let sent = person.key.take_sent();
    assert_eq!(sent.iter().filter(|name| *name == "VerifyPIN").count(), 1, "{sent:?}");
    assert_eq!(sent.last().map(String::as_str), Some("ClearSecureState"));
}

#[test]
fn a_wrong_pin_costs_one_try_and_says_how_many_are_left() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let fault = told(person.identify_with("000000")).err().unwrap();
    assert_eq!((fault.code, fault.sentences(false).what.as_str()), (FaultCode::WrongPin, "Wrong PIN, 9 tries left"));
    assert_eq!(person.tries_left(), 9);
    person.identify();
    assert_eq!(person.tries_left(), 10);
}

#[test]
fn a_locked_key_is_told_without_a_try() {
    let world = Arc::new(World::new());
    let mut person = of(&world, "unit", |spec| spec.state(State::Locked));
    assert_eq!(code(person.identify_with(PIN)), FaultCode::PinLocked);
}

#[test]
fn another_key_in_the_reader_gets_no_pin() {
    let world = Arc::new(World::new());
    let (mut one, mut other) = (person(&world), person(&world));
    let binding = KeyBinding::of(&one.read()).unwrap();
    assert!(binding.is_of(&one.read()) && !binding.is_of(&other.read()));
    other.key.take_sent();
    let refused = Renewal::identify(other.ca(), &mut other.token, binding, pin(PIN));
    assert_eq!(code(refused), FaultCode::CertificateMissing);
    assert!(!other.key.take_sent().contains(&"VerifyPIN".to_owned()));
}

#[test]
fn keys_without_a_certificate_to_renew_are_told_apart() {
    let world = Arc::new(World::new());
    let binding = |state| KeyBinding::of(&stranger(&world, |spec| spec.state(state)).read());
    assert_eq!(code(binding(State::Empty)), FaultCode::CertificateMissing);
    assert_eq!(code(binding(State::NoApplication)), FaultCode::CertificateMissing);
    assert_eq!(code(binding(State::Damaged)), FaultCode::CertificateDamaged);
    assert_eq!(binding(State::Valid).unwrap().container, OLD);
}

#[test]
fn a_certificate_that_is_not_of_this_key_signs_nothing() {
    let world = Arc::new(World::new());
    let mut person = stranger(&world, |spec| spec.state(State::Mismatch));
    assert_eq!(code(person.identify_with(PIN)), FaultCode::CertificateMissing);
    assert!(!person.key.take_sent().contains(&"VerifyPIN".to_owned()));
    assert_eq!(person.wire.calls(), ["challenges"]);
}

#[test]
fn somebody_the_ca_does_not_know_is_told_so() {
    let world = Arc::new(World::new());
    let mut person = stranger(&world, |spec| spec.state(State::Expiring));
    let fault = told(person.identify_with(PIN)).err().unwrap();
    assert_eq!(fault.code, FaultCode::CertificateUnknown);
    let sentences = fault.sentences(true);
    assert!(sentences.what.contains("非本系统用户") && sentences.todo.contains("400-000-0000"), "{sentences:?}");
}

#[test]
fn the_time_of_renewal_is_told() {
    let world = Arc::new(World::new());
    let mut early = of(&world, "unit", |spec| spec.state(State::Valid));
    let fault = told(early.identify_with(PIN)).err().unwrap();
    assert_eq!(fault.code, FaultCode::RenewalTooEarly);
    let todo = fault.sentences(true).todo;
    assert!(todo.matches("20").count() >= 2, "from when until when: {todo}");
    let mut late = of(&world, "unit", |mut spec| {
        spec.days = Some(-366);
        spec.valid_from_days_ago = Some(731);
        spec.state(State::Expired)
    });
    assert_eq!(code(late.identify_with(PIN)), FaultCode::RenewalTooLate);
    let mut expired = of(&world, "unit", |spec| spec.state(State::Expired));
    assert!(expired.identify_with(PIN).is_ok(), "an expired one can be renewed for a while");
}

#[test]
fn a_refusal_that_is_public_is_known_before_the_pin() {
    let world = Arc::new(World::new());
    // beyond what any product allows
    let far = |spec: Spec| {
        let mut spec = spec.state(State::Valid);
        spec.days = Some(1000);
        spec
    };
    let late = |mut spec: Spec| {
        spec.days = Some(-1000);
        spec.valid_from_days_ago = Some(1400);
        spec.state(State::Expired)
    };
    for (mut person, expected) in [
        (of(&world, "unit", far), Some(FaultCode::RenewalTooEarly)),
        (of(&world, "unit", late), Some(FaultCode::RenewalTooLate)),
        (of(&world, "unit", |spec| spec.state(State::Expiring)), None),
    ] {
        let binding = KeyBinding::of(&person.read()).unwrap();
        person.key.take_sent();
        let refusal = Renewal::refusal(person.ca().as_ref(), &binding).unwrap();
        assert_eq!(refusal.as_ref().map(|fault| fault.code), expected);
        assert_eq!(person.key.take_sent(), [""; 0], "the key is not asked");
        assert_eq!(person.identify_with(PIN).err().map(|fault| fault.code), expected, "the same is said to who asks");
    }
}

#[test]
fn a_revoked_certificate_is_told_and_not_called_usable() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let serial = person.serial.clone();
    world.look(|service| async move {
        revoke(&service, &serial, Reason::KeyCompromise, Actor::SERVICE, "lost").await.unwrap();
    });
    let fault = told(person.identify_with(PIN)).err().unwrap();
    assert_eq!(fault.code, FaultCode::CertificateRevoked);
    assert!(!fault.sentences(true).kept.contains("使用"), "a revoked certificate does not work any more");
}

#[test]
fn a_wrong_clock_is_told_before_the_pin_is_sent() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    for (off, minutes) in [(-3600, "60"), (301, "6")] {
        person.wire.set_clock_off(off);
        let fault = told(person.identify_with(PIN)).err().unwrap();
        assert_eq!(fault.code, FaultCode::ClockWrong);
        assert!(fault.sentences(false).what.contains(&format!("{minutes} minutes")), "{fault:?}");
        assert_eq!(person.key.take_sent(), [""; 0]);
    }
    person.wire.set_clock_off(300);
    person.identify();
}
