//! The order: captcha, contact, lost answers, what the CA does with it.

use crate::person::{Person, code, contact, of, person, told};
use crate::wire::CallCut;
use crate::world::{CAPTCHA, DAY, World};
use base::fault::FaultCode;
use ca_client::{Identified, Journal, Renewal, Step};
use ca_service::audit::Actor;
use ca_service::orders::steps;
use order_api::{Base64, CaptchaAnswer, Contact, NextAction, OrderState, PaymentState};
use sqlx::Row;
use std::sync::Arc;
use std::time::Duration;
use virtual_key::State;

fn of_product(world: &Arc<World>, product: &str) -> Person {
    of(world, product, |spec| spec.state(State::Expiring))
}

fn answer(identified: &Identified, text: &str) -> Option<CaptchaAnswer> {
    Some(CaptchaAnswer { id: identified.captcha().unwrap().id, text: text.to_owned() })
}

fn no(renewal: &Renewal) -> String {
    renewal.order().unwrap().no.clone()
}

#[test]
fn a_wrong_picture_is_tried_again_without_the_pin() {
    let world = Arc::new(World::with_captcha(true));
    let mut person = person(&world);
    let identified = person.identify();
    assert!(identified.session().captcha);
    let wrong = answer(&identified, "XXXX");
    assert_eq!(code(person.submit(&identified, wrong.clone())), FaultCode::CaptchaWrong);
    assert_eq!(code(person.submit(&identified, wrong)), FaultCode::CaptchaStale, "a picture is good once");
    assert_eq!(code(person.submit(&identified, None)), FaultCode::CaptchaStale);
    assert_eq!(person.entries(), [], "what was refused leaves nothing");
    let old = answer(&identified, CAPTCHA);
    world.pass(3600);
    assert_eq!(code(person.submit(&identified, old)), FaultCode::SessionEnded);
    let identified = person.identify();
    let right = answer(&identified, &CAPTCHA.to_lowercase());
    let renewal = person.submit(&identified, right).unwrap();
    assert_eq!(renewal.step(), Step::Download(ca_client::DownloadStep::Prepare));
    assert_eq!(person.entries().len(), 1);
}

#[test]
fn a_wrong_contact_is_told_with_its_field() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let identified = person.identify();
    for (wrong, field) in [
        (Contact { mobile: "1390000000".into(), ..contact() }, "mobile"),
        (Contact { name: String::new(), ..contact() }, "name"),
        (Contact { email: "nowhere".into(), ..contact() }, "email"),
    ] {
        let fault = told(Renewal::submit(&identified, "demo", wrong, None, &person.journal)).err().unwrap();
        assert_eq!(fault.code, FaultCode::ContactRefused);
        let named = fault.values.iter().find(|(name, _)| *name == "field").map(|(_, value)| value.clone());
        assert!(named.unwrap().ends_with(field), "{fault:?}");
    }
    assert_eq!(person.entries(), []);
    assert!(person.submit(&identified, None).is_ok());
}

#[test]
fn the_entry_stands_in_the_journal_before_the_order_is_sent() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let identified = person.identify();
    person.wire.cut_next("orders", CallCut::LostBefore);
    assert_eq!(code(person.submit(&identified, None)), FaultCode::CaBroken);
    let entries = person.entries();
    assert_eq!((entries.len(), entries[0].step()), (1, Step::Submit));
    assert_eq!(world.orders(&person.serial), []);
    let body = entries[0].sent.as_ref().unwrap().body.0.clone();
    let mut renewal = person.resume();
    renewal.refresh(None).unwrap();
    assert_eq!(world.orders(&person.serial).len(), 1);
    assert_eq!(person.wire.bodies().iter().filter(|sent| **sent == body).count(), 2, "the same bytes again");
    let entry = renewal.entry();
    assert_eq!((entry.sent.as_ref(), entry.token.is_empty()), (None, false));
}

#[test]
fn a_lost_answer_makes_no_second_order_however_it_is_gone_on_with() {
    let world = Arc::new(World::new());
    let goings_on: [fn(&mut Person, &Identified) -> Renewal; 4] = [
        |person, _| {
            let mut renewal = person.resume();
            renewal.refresh(None).unwrap();
            renewal
        },
        |person, identified| person.submit(identified, None).unwrap(),
        // days later, when the session is over
        |person, _| {
            person.world.pass(DAY / 2);
            let mut renewal = person.resume();
            renewal.refresh(None).unwrap();
            renewal
        },
        |person, _| {
            let identified = person.identify();
            let [handle] = identified.unfinished() else { panic!("one order") };
            let handle = handle.clone();
            Renewal::adopt(&identified, "demo", &handle, &person.journal).unwrap()
        },
    ];
    for go_on in goings_on {
        let mut person = person(&world);
        let identified = person.identify();
        person.wire.cut_next("orders", CallCut::LostAfter);
        assert_eq!(code(person.submit(&identified, None)), FaultCode::CaBroken);
        let mut renewal = go_on(&mut person, &identified);
        assert_eq!(world.orders(&person.serial).len(), 1);
        assert_eq!(person.entries().len(), 1, "one entry");
        person.download(&mut renewal).unwrap();
        person.is_renewed();
    }
}

#[test]
fn an_order_that_is_refused_when_it_is_sent_again_ends() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let identified = person.identify();
    person.wire.cut_next("orders", CallCut::LostBefore);
    assert_eq!(code(person.submit(&identified, None)), FaultCode::CaBroken);
    world.pass(3600);
    let mut renewal = person.resume();
    assert_eq!(code(renewal.refresh(None).map(drop)), FaultCode::SessionEnded);
    assert_eq!(renewal.step(), Step::Failed(OrderState::Cancelled));
    drop(renewal);
    assert!(!person.entries()[0].is_open());
    // and is in nobody's way
    let mut renewal = person.order();
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn what_was_shown_is_what_is_ordered() {
    let world = Arc::new(World::new());
    let mut person = of(&world, "unit", |spec| spec.state(State::Expired));
    let identified = person.identify();
    // from noon past midnight; a session lives on for a quarter of an hour only
    world.pass(DAY / 2 - 60);
    let late = person.identify();
    world.pass(120);
    assert_eq!(code(person.submit(&late, None)), FaultCode::TermsChanged);
    assert_eq!(code(person.submit(&identified, None)), FaultCode::SessionEnded);
    assert_eq!(person.entries(), []);
}

#[test]
fn another_unfinished_order_is_named_and_can_be_taken_over() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let (first, second) = (person.identify(), person.identify());
    let renewal = person.submit(&first, None).unwrap();
    let number = no(&renewal);
    drop(renewal);
    // at another computer nothing is known of it
    person.at_another_computer();
    let fault = person.submit(&second, None).err().unwrap();
    assert_eq!(fault.code, FaultCode::OrderExists);
    assert!(fault.sentences(true).what.contains(&number));
    let identified = person.identify();
    assert_eq!(identified.unfinished()[0].order.no, number);
    let handle = identified.unfinished()[0].clone();
    let mut renewal = Renewal::adopt(&identified, "demo", &handle, &person.journal).unwrap();
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn only_one_program_works_on_an_order() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let renewal = person.order();
    let id = renewal.entry().id.clone();
    assert_eq!(code(Journal::at(person.folder.path().join("orders")).open(&id).map(drop)), FaultCode::OrderInUse);
    let identified = person.identify();
    let handle = identified.unfinished()[0].clone();
    let second = Renewal::adopt(&identified, "demo", &handle, &person.journal);
    assert_eq!(code(second.map(drop)), FaultCode::OrderInUse);
    drop(renewal);
    assert!(person.journal.open(&id).is_ok());
}

#[test]
fn an_officer_says_yes_while_somebody_waits() {
    let world = Arc::new(World::new());
    let mut person = of_product(&world, "unit-review");
    let mut renewal = person.order();
    assert_eq!(renewal.step(), Step::Waiting(OrderState::Reviewing));
    assert_eq!(renewal.refresh(None).unwrap().next_actions, [NextAction::Wait]);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::OrderState);
    assert_eq!(person.key.take_sent(), [""; 0], "the key is not asked anything before");
    let number = no(&renewal);
    let approving = {
        let world = Arc::clone(&world);
        std::thread::spawn(move || {
            world.look(|service| async move { steps::approve(&service, &number, Actor::SERVICE).await.unwrap() });
        })
    };
    let state = renewal.refresh(Some(Duration::from_secs(25))).unwrap().state;
    approving.join().unwrap();
    // the answer may have come before the officer
    let state = if state == OrderState::Reviewing { renewal.refresh(None).unwrap().state } else { state };
    assert_eq!(state, OrderState::Authorized);
    assert_eq!(renewal.refresh(None).unwrap().state, OrderState::Authorized, "unchanged");
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn an_officer_says_no_with_a_reason() {
    let world = Arc::new(World::new());
    let mut person = of_product(&world, "unit-review");
    let mut renewal = person.order();
    let number = no(&renewal);
    world.look(|service| async move { steps::reject(&service, &number, Actor::SERVICE, "材料不全").await.unwrap() });
    assert_eq!(renewal.refresh(None).unwrap().reason.as_deref(), Some("材料不全"));
    assert_eq!(renewal.step(), Step::Failed(OrderState::Rejected));
    assert_eq!(code(person.download(&mut renewal)), FaultCode::OrderState);
    let calls = person.wire.calls().len();
    renewal.refresh(None).unwrap();
    assert_eq!(person.wire.calls().len(), calls, "nothing is asked about what ended");
    let id = renewal.entry().id.clone();
    drop(renewal);
    assert!(person.entries()[0].token.is_empty());
    person.journal.forget(&id).unwrap();
    assert_eq!(person.entries(), []);
    assert_eq!(person.order().step(), Step::Waiting(OrderState::Reviewing), "and another try is free");
}

#[test]
fn a_mobile_number_is_proven_by_its_code() {
    let world = Arc::new(World::new());
    let mut person = of_product(&world, "unit-mobile");
    let mut renewal = person.order();
    assert_eq!(renewal.step(), Step::Waiting(OrderState::Submitted));
    assert_eq!(renewal.order().unwrap().mobile, "139****0000");
    assert_eq!(code(renewal.verify_code("000000").map(drop)), FaultCode::CodeExpired, "none was sent yet");
    renewal.send_code().unwrap();
    let often = told(renewal.send_code().map(drop)).unwrap_err();
    assert_eq!(often.code, FaultCode::RateLimited);
    assert!(often.sentences(false).todo.contains("60 seconds"), "{often:?}");
    let sent = |world: &World| {
        let text: String = world.look(|service| async move {
            let query = "SELECT body FROM outbox ORDER BY id DESC LIMIT 1";
            sqlx::query(query).fetch_one(service.store.pool()).await.unwrap().get(0)
        });
        let at =
            text.char_indices().find(|(at, _)| text[*at..].chars().take(6).filter(char::is_ascii_digit).count() == 6);
        text[at.unwrap().0..][..6].to_owned()
    };
    let right = sent(&world);
    let wrong = if right == "123456" { "654321" } else { "123456" };
    let fault = told(renewal.verify_code(wrong).map(drop)).unwrap_err();
    assert_eq!((fault.code, fault.sentences(true).what.contains("还可以输错 4 次")), (FaultCode::CodeWrong, true));
    world.pass(601);
    assert_eq!(code(renewal.verify_code(&right).map(drop)), FaultCode::CodeExpired);
    renewal.send_code().unwrap();
    let state = renewal.verify_code(&sent(&world)).unwrap().state;
    assert_eq!(state, OrderState::Authorized);
    assert_eq!(renewal.step(), Step::Download(ca_client::DownloadStep::Prepare));
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn what_costs_money_is_paid_before_it_is_fetched() {
    let world = Arc::new(World::new());
    let mut person = of_product(&world, "unit-paid");
    let mut renewal = person.order();
    assert_eq!(renewal.step(), Step::Waiting(OrderState::Payment));
    let payment = renewal.payment().unwrap();
    assert_eq!((payment.amount_fen, payment.state), (20_000, PaymentState::Open));
    assert_eq!(renewal.payment().unwrap(), payment, "asked again, the same");
    let id = payment.url.rsplit('/').next().unwrap().to_owned();
    world.look(|service| async move {
        ca_service::orders::payment::settle(&service, &id).await.unwrap();
    });
    assert_eq!(renewal.refresh(None).unwrap().state, OrderState::Authorized);
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn what_is_not_paid_ends_after_a_day() {
    let world = Arc::new(World::new());
    let mut person = of_product(&world, "unit-paid");
    let mut renewal = person.order();
    world.pass(DAY + 1);
    assert_eq!(renewal.refresh(None).unwrap().state, OrderState::Expired);
    assert_eq!(renewal.step(), Step::Failed(OrderState::Expired));
    assert_eq!(code(renewal.payment().map(drop)), FaultCode::OrderNotFound, "its token is not kept");
}

#[test]
fn an_order_is_withdrawn_from_the_list_until_the_key_holds_something_of_it() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let renewal = person.order();
    renewal.forget().unwrap();
    assert_eq!(person.entries(), []);
    let identified = person.identify();
    let handle = identified.unfinished()[0].clone();
    let mut renewal = Renewal::adopt(&identified, "demo", &handle, &person.journal).unwrap();
    person.download_until(&mut renewal, "unplug-after@ins:70");
    assert_eq!(code(renewal.forget()), FaultCode::OrderOnKey);
    assert_eq!(person.entries().len(), 1);
}

#[test]
fn neither_pin_nor_anything_made_of_it_reaches_network_or_disk() {
    let world = Arc::new(World::new());
    let mut person = of(&world, "unit", |mut spec| {
        spec.pin = "Zq7Xw9Kt".to_owned();
        spec.state(State::Expiring)
    });
    let secret = "Zq7Xw9Kt";
    let identified = person.identify_with(secret).unwrap();
    let mut renewal = person.submit(&identified, None).unwrap();
    person.download_with(&mut renewal, secret).unwrap();
    let mut written = person.wire.bodies();
    assert_eq!(written.len(), 4);
    for file in std::fs::read_dir(person.folder.path().join("orders")).unwrap() {
        written.push(std::fs::read(file.unwrap().path()).unwrap());
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = Base64::text(secret.as_bytes());
    for bytes in written {
        let text = String::from_utf8(bytes).unwrap();
        let found =
            text.contains(secret) || text.to_lowercase().contains(&hex) || text.contains(base64.trim_end_matches('='));
        assert!(!found, "{text}");
    }
}

#[test]
fn an_order_the_service_does_not_know_ends_and_is_in_nobodys_way() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.download_until(&mut renewal, "unplug-after@ins:70");
    drop(renewal);
    let id = person.entries()[0].id.clone();
    // a service whose books were lost
    let other = crate::wire::Wire::new(&Arc::new(World::new()), None);
    let mut renewal = Renewal::resume(other, person.journal.open(&id).unwrap());
    assert_eq!(code(renewal.refresh(None).map(drop)), FaultCode::OrderNotFound);
    assert_eq!(renewal.step(), Step::Failed(OrderState::Cancelled));
    drop(renewal);
    person.journal.forget(&id).unwrap();
    // and were it only the wrong service, the right one still has it
    let identified = person.identify();
    let handle = identified.unfinished()[0].clone();
    let mut renewal = Renewal::adopt(&identified, "demo", &handle, &person.journal).unwrap();
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn an_order_with_a_mistyped_number_is_withdrawn_and_another_is_taken() {
    let world = Arc::new(World::new());
    for product in ["unit-mobile", "unit-paid"] {
        let mut person = of_product(&world, product);
        let renewal = person.order();
        let waits = renewal.order().unwrap().state;
        assert!(matches!(waits, OrderState::Submitted | OrderState::Payment), "{product}: {waits:?}");
        renewal.give_up().unwrap();
        assert_eq!(person.entries(), []);
        assert_eq!(world.orders(&person.serial)[0].1, "cancelled");
        let renewal = person.order();
        assert_eq!(renewal.order().unwrap().state, waits);
        // one that can't be withdrawn, because the service is not reached, is given up here all the same
        person.wire.cut_next("cancel", CallCut::LostBefore);
        renewal.give_up().unwrap();
        assert_eq!(person.entries(), []);
        assert_eq!(person.identify().unfinished().len(), 1, "a session shows it");
    }
}

#[test]
fn an_authorized_order_is_not_withdrawn_by_giving_it_up() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    person.order().give_up().unwrap();
    assert!(!person.wire.calls().contains(&"cancel"));
    assert_eq!(world.orders(&person.serial)[0].1, "authorized");
}
