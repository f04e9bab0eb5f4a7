//! From the application to the code: sent once, kept until it is answered, watched, given up.

use crate::office::{Befall, NOW, lost, problem};
use crate::person::{application, failed, locked_out, person, told, with};
use base::fault::{Fault, FaultCode};
use ca_client::{Entry, KeyRefusal, Unlock, UnlockMark, UnlockStep};
use certificate::Certificate;
use order_api::{CaptchaAnswer, Order, OrderKind, OrderState, ProblemCode, UnlockRequest, UnlockRoute};

#[test]
fn an_application_names_the_key_its_certificate_and_the_person_and_is_signed_by_the_key_made_for_it() {
    let mut person = person();
    let unlock = person.applied();
    let case = person.office.cases.lock().unwrap()[0].clone();
    let contents = person.token.read().unwrap();
    let certificate = contents.current_container().unwrap().sign.clone().unwrap();
    assert_eq!(case.request.certificate.0, certificate);
    assert_eq!(case.request.device_serial, contents.device.serial);
    assert_eq!((case.request.route, case.request.applicant), (UnlockRoute::Sms, application().applicant));
    let entry = unlock.entry();
    let parsed = Certificate::parse(&certificate).unwrap();
    assert_eq!((entry.kind, entry.ca.as_str(), entry.holder.as_str()), (OrderKind::Unlock, "demo", "示例有限公司"));
    assert_eq!(
        (entry.old.from, entry.old.until),
        (parsed.validity.unwrap().not_before, parsed.validity.unwrap().not_after)
    );
    assert_eq!((entry.new, &entry.sent), (entry.old, &None));
    assert!(!entry.token.is_empty());
    assert_eq!(unlock.order().unwrap().no, case.order.no);
    assert_eq!(person.entry(), *unlock.entry(), "the journal holds what the program knows");
}

#[test]
fn the_application_stands_in_the_journal_before_it_is_sent() {
    let mut person = person();
    let journal = person.journal.clone();
    let (seen, look) = std::sync::mpsc::channel();
    person.office.when("apply", move || seen.send(journal.entries().unwrap().0).unwrap());
    person.apply_with(application()).unwrap();
    let entries: Vec<Entry> = look.recv().unwrap();
    assert_eq!(entries.len(), 1);
    let sent = entries[0].sent.as_ref().unwrap();
    assert_eq!(person.office.bodies()[0], sent.body.0);
    assert_eq!(entries[0].unlock_step(), UnlockStep::Submit);
    assert_eq!(entries[0].unlock.as_ref().unwrap().mark, UnlockMark::Applied);
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_bytes() {
    for befall in [Befall::Before(lost()), Befall::After] {
        let mut person = person();
        person.office.befall("apply", befall);
        assert_eq!(failed(person.apply_with(application())), FaultCode::CaBroken);
        // the service checks that the bytes are the same ones
        let mut resumed = person.resume();
        assert_eq!(resumed.step(), UnlockStep::Submit);
        told(resumed.refresh(None)).unwrap();
        assert_eq!(resumed.step(), UnlockStep::Code);
        assert_eq!(person.office.cases.lock().unwrap().len(), 1);
        let bodies = person.office.bodies();
        assert!(bodies.chunks(2).all(|sent| sent == &bodies[..2]));
    }
}

#[test]
fn the_same_person_applying_again_gets_the_order_whose_answer_was_lost() {
    let mut person = person();
    person.office.befall("apply", Befall::After);
    person.apply_with(application()).err().unwrap();
    let captcha = Some(CaptchaAnswer { id: "2".to_owned(), text: "KA7X".to_owned() });
    let unlock = person.apply_with(ca_client::Application { captcha, ..application() }).unwrap();
    assert_eq!(unlock.step(), UnlockStep::Code);
    assert_eq!((person.office.cases.lock().unwrap().len(), person.entries().len()), (1, 1));
}

#[test]
fn an_application_that_says_something_else_is_another_one() {
    let mut person = person();
    person.office.befall("apply", Befall::After);
    person.apply_with(application()).err().unwrap();
    let mut other = application();
    other.applicant.mobile = "13900000000".to_owned();
    let unlock = person.apply_with(other).unwrap();
    assert_eq!(person.office.cases.lock().unwrap().len(), 2);
    assert_eq!(person.entries().len(), 2);
    let keys = person.office.cases.lock().unwrap().iter().map(|case| case.request.client_key).collect::<Vec<_>>();
    assert_ne!(keys[0], keys[1], "a key an order");
    assert_eq!(unlock.order().unwrap().no, "20260528-000002");
}

#[test]
fn an_application_that_is_refused_is_not_kept_and_one_that_may_be_taken_later_is() {
    for &code in ProblemCode::ALL {
        let mut person = person();
        person.office.befall("apply", Befall::Before(problem(code)));
        let fault = person.apply_with(application()).err().unwrap();
        let passes = matches!(code, ProblemCode::RateLimited | ProblemCode::Internal | ProblemCode::Unavailable);
        assert_eq!(person.entries().len(), usize::from(passes), "{}: {}", code.as_str(), fault.reference());
    }
}

#[test]
fn an_application_that_is_refused_when_it_is_sent_again_ends() {
    let mut person = person();
    person.office.befall("apply", Befall::Before(lost()));
    person.apply_with(application()).err().unwrap();
    let mut resumed = person.resume();
    person.office.befall("apply", Befall::Before(problem(ProblemCode::CertificateRevoked)));
    assert_eq!(failed(resumed.refresh(None)), FaultCode::CertificateRevoked);
    assert_eq!(resumed.step(), UnlockStep::Failed(OrderState::Cancelled));
    assert_eq!(person.entry().unlock.unwrap().client_key, None);
    told(resumed.forget()).unwrap();
    assert!(person.entries().is_empty());
}

#[test]
fn nothing_is_sent_when_the_journal_does_not_take_it() {
    let mut person = person();
    std::fs::write(person.orders(), "not a folder").unwrap();
    let binding = person.binding();
    let applied = Unlock::apply(&person.ca(), "demo", binding, application(), &person.journal);
    assert_eq!(failed(applied), FaultCode::JournalNotUsable);
    assert!(person.office.take_calls().is_empty());
}

#[test]
fn a_certificate_that_does_not_read_is_told_before_anything_is_sent() {
    let mut person = person();
    let mut binding = person.binding();
    binding.certificate.0.truncate(40);
    let applied = Unlock::apply(&person.ca(), "demo", binding, application(), &person.journal);
    assert_eq!(failed(applied), FaultCode::CertificateDamaged);
    assert!(person.office.take_calls().is_empty() && person.entries().is_empty());
}

#[test]
fn an_order_is_where_the_service_says_and_how_far_the_key_is() {
    let (applied, begun, sent, changed) =
        (UnlockMark::Applied, UnlockMark::Begun, UnlockMark::Sent, UnlockMark::Changed);
    let waiting = UnlockStep::Waiting;
    let cases = [
        (OrderState::Submitted, applied, waiting(OrderState::Submitted)),
        (OrderState::Reviewing, applied, waiting(OrderState::Reviewing)),
        (OrderState::Authorized, applied, UnlockStep::Code),
        (OrderState::Issued, applied, UnlockStep::NewPin),
        (OrderState::Issued, begun, UnlockStep::NewPin),
        (OrderState::Issued, sent, UnlockStep::NewPin),
        (OrderState::Issued, changed, UnlockStep::Prove),
        (OrderState::Installed, changed, UnlockStep::Done),
        (OrderState::Installed, sent, UnlockStep::Done),
        (OrderState::Rejected, applied, UnlockStep::Failed(OrderState::Rejected)),
        (OrderState::Expired, sent, UnlockStep::Failed(OrderState::Expired)),
        (OrderState::Cancelled, begun, UnlockStep::Failed(OrderState::Cancelled)),
        // the person has the PIN they typed, and nobody waits for a report
        (OrderState::Expired, changed, UnlockStep::Done),
        (OrderState::Cancelled, changed, UnlockStep::Done),
    ];
    let mut person = person();
    let entry = person.applied().entry().clone();
    for (state, mark, step) in cases {
        let mut entry = entry.clone();
        entry.order.as_mut().unwrap().state = state;
        entry.unlock.as_mut().unwrap().mark = mark;
        entry.finished = state.is_final().then_some(1);
        assert_eq!(entry.unlock_step(), step, "{state:?} {mark:?}");
        assert_eq!(entry.is_on_key(), entry.is_open() && mark == sent);
        entry.unlock.as_mut().unwrap().refused = Some(KeyRefusal::Answer);
        entry.finished = Some(1);
        let refused = if state == OrderState::Installed { step } else { UnlockStep::Failed(OrderState::Cancelled) };
        assert_eq!(entry.unlock_step(), refused);
    }
}

#[test]
fn an_officer_decides_while_the_program_watches() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.decide(|order| order.state = OrderState::Reviewing);
    told(unlock.refresh(None)).unwrap();
    assert_eq!(unlock.step(), UnlockStep::Waiting(OrderState::Reviewing));
    // nothing new: the tag of the last answer says so
    told(unlock.refresh(None)).unwrap();
    person.office.decide(|order| order.state = OrderState::Authorized);
    told(unlock.refresh(None)).unwrap();
    assert_eq!(unlock.step(), UnlockStep::Code);
}

#[test]
fn an_order_that_ends_ends_here_too_and_its_secrets_are_gone() {
    for state in [OrderState::Rejected, OrderState::Expired, OrderState::Cancelled] {
        let mut person = person();
        let mut unlock = person.applied();
        person.office.decide(|order| {
            order.state = state;
            order.reason = Some("电话无人接听".to_owned());
        });
        told(unlock.refresh(None)).unwrap();
        assert_eq!(unlock.step(), UnlockStep::Failed(state));
        let entry = person.entry();
        assert_eq!((entry.token.as_str(), &entry.unlock.as_ref().unwrap().client_key), ("", &None));
        assert_eq!(entry.order.unwrap().reason.as_deref(), Some("电话无人接听"));
        assert_eq!(failed(person.unlock(&mut unlock)), FaultCode::OrderState);
        person.key_is_untouched();
        // and another one can be applied for
        drop(unlock);
        person.apply_with(application()).unwrap();
    }
}

#[test]
fn an_order_the_service_does_not_know_ends() {
    let mut person = person();
    let mut unlock = person.applied();
    person.office.cases.lock().unwrap().clear();
    assert_eq!(failed(unlock.refresh(None)), FaultCode::OrderNotFound);
    assert_eq!(unlock.step(), UnlockStep::Failed(OrderState::Cancelled));
}

#[test]
fn a_code_is_sent_again_and_every_refusal_of_that_leaves_the_order_as_it_was() {
    let mut person = person();
    let mut unlock = person.applied();
    let order: Order = told(unlock.resend()).unwrap().clone();
    assert_eq!(order.unlock.unwrap().code_sent, Some(NOW + 60));
    assert_eq!(unlock.order().unwrap().unlock.as_ref().unwrap().code_sent, Some(NOW + 60));
    let refusals: [(_, FaultCode); 4] = [
        (problem(ProblemCode::RateLimited), FaultCode::RateLimited),
        (problem(ProblemCode::DailyLimit), FaultCode::DailyLimit),
        (problem(ProblemCode::OrderState), FaultCode::OrderState),
        (lost(), FaultCode::CaBroken),
    ];
    for (error, code) in refusals {
        person.office.befall("resend", Befall::Before(error));
        let before = unlock.entry().clone();
        assert_eq!(failed(unlock.resend()), code);
        assert_eq!(*unlock.entry(), before);
    }
}

#[test]
fn an_application_is_forgotten_as_long_as_the_key_was_not_touched() {
    let mut person = person();
    let unlock = person.applied();
    told(unlock.forget()).unwrap();
    assert!(person.entries().is_empty());
    let left: Vec<_> = std::fs::read_dir(person.orders()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn one_program_at_a_time_works_on_an_order() {
    let mut person = person();
    let unlock = person.applied();
    let id = unlock.entry().id.clone();
    assert_eq!(person.journal.open(&id).err().map(|fault: Fault| fault.code), Some(FaultCode::OrderInUse));
    drop(unlock);
    person.journal.open(&id).unwrap();
}

#[test]
fn an_entry_of_before_unlocks_were_known_still_opens() {
    let mut person = with(|spec| spec);
    let unlock = person.applied();
    let id = unlock.entry().id.clone();
    drop(unlock);
    let file = person.orders().join(format!("{id}.json"));
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    json.as_object_mut().unwrap().remove("unlock").unwrap();
    json["kind"] = "renew".into();
    json["order"]["kind"] = "renew".into();
    json["order"].as_object_mut().unwrap().remove("unlock").unwrap();
    std::fs::write(&file, json.to_string()).unwrap();
    let entry = person.entry();
    assert_eq!((entry.kind, entry.unlock), (OrderKind::Renew, None));
}

#[test]
fn a_locked_key_is_bound_without_its_pin() {
    let mut person = locked_out();
    let unlock = person.applied();
    let body: UnlockRequest = serde_json::from_slice(&person.office.bodies()[0]).unwrap();
    assert_eq!(body.device_serial, unlock.entry().binding.device_serial);
    person.key_is_untouched();
}
