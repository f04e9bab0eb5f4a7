//! Fetching the new certificates: the right key and PIN, a full key, a lost right, things that vanish.

use crate::person::{OLD, PIN, code, of, person, steps_of, told};
use crate::wire::CallCut;
use crate::world::{DAY, World};
use base::fault::FaultCode;
use ca_client::{DownloadStep, KeyAccess, KeyBinding, KeyGone, Step};
use certificate::Certificate;
use order_api::OrderState;
use std::sync::Arc;
use token::Token;
use virtual_key::{Outcome, State};

#[test]
fn all_steps_are_told_in_their_order_and_the_new_validity_is_shown() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    assert_eq!(steps_of(&mut person, &mut renewal), DownloadStep::ALL);
    assert_eq!(renewal.step(), Step::Done);
    person.is_renewed();
    assert_eq!(person.key.take_sent().iter().filter(|name| *name == "VerifyPIN").count(), 2, "identity and download");
    let contents = person.read();
    assert_eq!(contents.containers[0].name, OLD);
    let new = Certificate::parse(contents.containers[1].sign.as_ref().unwrap()).unwrap();
    assert_eq!(
        new.identity.card_number,
        Certificate::parse(contents.containers[0].sign.as_ref().unwrap()).unwrap().identity.card_number
    );
    // the next renewal begins with the new certificate, and it is too early for it
    assert_eq!(KeyBinding::of(&contents).unwrap().container, contents.containers[1].name);
    assert_eq!(code(person.identify_with(PIN)), FaultCode::RenewalTooEarly);
}

#[test]
fn an_expired_certificate_is_renewed_from_the_day_of_issue() {
    let world = Arc::new(World::new());
    let mut person = of(&world, "unit", |spec| spec.state(State::Expired));
    let mut renewal = person.order();
    let shown = renewal.entry().new;
    // it may take some days until it is fetched
    world.pass(3 * DAY);
    let outcome = person.download(&mut renewal).unwrap();
    assert_eq!(outcome.new.until, shown.until + 3 * DAY);
    person.is_renewed();
}

#[test]
fn another_key_gets_neither_pin_nor_change() {
    let world = Arc::new(World::new());
    let (mut right, mut wrong) = (person(&world), person(&world));
    let mut renewal = right.order();
    wrong.key.take_sent();
    let before = serde_json::to_string(wrong.key.lock().state()).unwrap();
    let fault = wrong.download(&mut renewal).unwrap_err();
    assert_eq!(fault.code, FaultCode::OrderOtherKey);
    assert!(fault.sentences(true).todo.contains(&renewal.entry().binding.device_serial), "{fault:?}");
    assert!(!wrong.key.take_sent().contains(&"VerifyPIN".to_owned()));
    assert_eq!(serde_json::to_string(wrong.key.lock().state()).unwrap(), before);
    right.download(&mut renewal).unwrap();
    right.is_renewed();
}

#[test]
fn a_key_with_the_right_number_and_another_key_pair_is_another_key() {
    let world = Arc::new(World::new());
    let mut right = person(&world);
    let serial = right.read().device.serial;
    let mut wrong = of(&world, "unit", |mut spec| {
        spec.device_serial = Some(serial);
        spec.state(State::Expiring)
    });
    let mut renewal = right.order();
    assert_eq!(code(wrong.download(&mut renewal)), FaultCode::OrderOtherKey);
    assert!(!wrong.key.take_sent().contains(&"VerifyPIN".to_owned()));
}

#[test]
fn a_wrong_pin_costs_one_try_and_changes_nothing() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let before = person.containers();
    assert_eq!(code(person.download_with(&mut renewal, "000000")), FaultCode::WrongPin);
    assert_eq!((person.tries_left(), person.containers()), (9, before));
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn a_full_key_is_told_and_goes_on_when_there_is_room() {
    let world = Arc::new(World::new());
    // create container, key pair, encryption pair, both certificates, and the file that names the container in use
    for rule in ["full@ins:40", "full@ins:70", "full@ins:72", "full@ins:4C#*", "full@ins:30", "full@ins:3A"] {
        let mut person = person(&world);
        let mut renewal = person.order();
        person.key.set_faults(&[rule]);
        let fault = person.download(&mut renewal).unwrap_err();
        assert_eq!(fault.code, FaultCode::RenewalKeyFull, "{rule}: {}", fault.reference());
        assert_eq!(person.current(), OLD, "{rule}");
        let empty = person.token.containers().unwrap().iter().any(|info| !info.sign_key);
        assert!(!empty, "{rule}: an empty container takes no room");
        person.key.set_faults(&[]);
        person.download(&mut renewal).unwrap();
        person.is_renewed();
    }
}

#[test]
fn a_key_that_makes_no_pair_is_told_as_such() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.key.set_faults(&["full=6581@ins:70"]);
    let fault = person.download(&mut renewal).unwrap_err();
    assert_eq!(fault.code, FaultCode::KeyPairNotMade);
    assert!(fault.sentences(true).what.contains("产生密钥对失败"));
    person.key.set_faults(&["full=6581@ins:72"]);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::ImportFailed);
    person.key.set_faults(&["full=6581@ins:4C#*"]);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::ImportFailed);
    person.key.set_faults(&[]);
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn a_right_that_is_lost_in_the_middle_is_told_and_the_pin_asked_again() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let mut steps = Vec::new();
    let (token, key) = (&mut person.token, &person.key);
    let lost = told(renewal.download(token, crate::person::pin(PIN), &mut |step| {
        steps.push(step);
        if step == DownloadStep::SelfTest {
            // another program gives the right back
            let [high, low] = key.lock().state().applications[0].id.to_be_bytes();
            let answer = key.lock().exchange(&[0x80, 0x1C, 0, 0, 0, 0, 2, high, low]);
            assert_eq!(answer, Outcome::Answer(vec![0x90, 0]));
        }
    }));
    assert_eq!(code(lost), FaultCode::RenewalLoginLost);
    assert_eq!(steps.last(), Some(&DownloadStep::SelfTest));
    assert_eq!(renewal.step(), Step::Download(DownloadStep::SelfTest));
    assert_eq!(person.current(), OLD);
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

/// A key that can be had so many times and is gone then.
struct Lent {
    token: Box<dyn Token>,
    times: usize,
}

impl KeyAccess for Lent {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        self.times = self.times.checked_sub(1).ok_or(KeyGone)?;
        job(self.token.as_mut());
        Ok(())
    }
}

#[test]
fn the_key_that_was_looked_at_is_the_one_that_gets_the_pin_and_is_not_let_go_before_the_end() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let mut lent = Lent { token: person.key.connect(), times: 0 };
    let fault = told(renewal.download(&mut lent, crate::person::pin(PIN), &mut |_| ()));
    assert_eq!(code(fault), FaultCode::RenewalKeyRemoved);
    lent.times = 1;
    told(renewal.download(&mut lent, crate::person::pin(PIN), &mut |_| ())).unwrap();
    person.is_renewed();
}

#[test]
fn the_right_is_given_back_on_every_way_out() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    for cut in ["challenges", "issue", "confirm"] {
        person.wire.cut_next(cut, CallCut::LostBefore);
        assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
        assert!(!person.key.signs_without_a_login(OLD), "not only by what this program remembers");
        assert_eq!(person.key.take_sent().iter().filter(|name| *name == "ClearSecureState").count(), 1);
    }
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn a_new_container_that_vanished_before_the_issue_is_made_again() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.wire.cut_next("issue", CallCut::LostBefore);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
    delete_new(&mut person.token);
    person.download(&mut renewal).unwrap();
    assert_eq!(world.orders(&person.serial)[0].1, "installed");
    assert_ne!(person.current(), OLD);
}

fn delete_new(token: &mut Box<dyn Token>) {
    let name = token.containers().unwrap()[1].name.clone();
    let mut login = token.login(crate::person::pin(PIN)).unwrap();
    login.delete_container(&name).unwrap();
    login.close().unwrap();
}

#[test]
fn a_new_container_that_vanished_after_the_issue_is_told_and_never_replaced() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.wire.cut_next("confirm", CallCut::LostBefore);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
    delete_new(&mut person.token);
    for _ in 0..2 {
        assert_eq!(code(person.download(&mut renewal)), FaultCode::NewKeyMissing);
        assert_eq!(person.containers(), [OLD], "nothing is made for certificates that exist already");
    }
    assert_eq!(person.key.signing_keys(), 2);
    let number = renewal.entry().no().to_owned();
    assert_eq!(world.orders(&person.serial), [(number, "issued".to_owned())]);
    // the CA takes it back some day, and the old certificate was in use all the time
    world.pass(31 * DAY);
    renewal.refresh(None).unwrap();
    assert_eq!(renewal.step(), Step::Failed(OrderState::Expired));
    assert_eq!(person.current(), OLD);
}

#[test]
fn another_key_pair_in_the_new_container_is_not_taken_for_the_ordered_one() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.wire.cut_next("confirm", CallCut::LostBefore);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
    let name = person.containers()[1].clone();
    delete_new(&mut person.token);
    let mut login = person.token.login(crate::person::pin(PIN)).unwrap();
    login.create_container(&name).unwrap();
    login.generate_key_pair(&name).unwrap();
    login.close().unwrap();
    assert_eq!(code(person.download(&mut renewal)), FaultCode::NewKeyMissing);
    assert_eq!(person.current(), OLD);
}

#[test]
fn a_container_of_the_wanted_name_that_is_somebody_elses_is_left_alone() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let taken = format!("R{}", renewal.entry().no());
    let mut token = person.key.connect();
    let mut login = token.login(crate::person::pin(PIN)).unwrap();
    login.create_container(&taken).unwrap();
    login.generate_key_pair(&taken).unwrap();
    let der = person.read().containers[0].sign.clone().unwrap();
    login.import_certificate(&taken, token::KeyUse::Sign, &der).unwrap();
    login.close().unwrap();
    // the foreign one is the last with a certificate now; the file still names the old one
    assert_eq!(person.current(), OLD);
    person.download(&mut renewal).unwrap();
    assert_eq!(person.containers(), [OLD.to_owned(), taken.clone(), format!("{taken}.2")]);
    assert_eq!(person.current(), format!("{taken}.2"));
    assert_eq!(person.read().containers[1].sign, Some(der), "as it was");
}

#[test]
fn a_key_whose_file_is_missing_empty_or_wrong_never_changes_containers_too_early() {
    let world = Arc::new(World::new());
    for file in [None, Some(""), Some("gone"), Some("personalCert00\0\0")] {
        let mut person = person(&world);
        let mut state = serde_json::to_value(person.key.lock().state()).unwrap();
        let files = state["applications"][0]["files"].as_array_mut().unwrap();
        match file {
            None => files.clear(),
            Some(text) => files[0]["data"] = text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>().into(),
        }
        person.key = crate::desk::Key::new(serde_json::from_value(state).unwrap(), None);
        person.put_in_again();
        assert_eq!(person.current(), OLD, "{file:?}");
        let mut renewal = person.order();
        person.wire.cut_next("confirm", CallCut::LostBefore);
        assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
        assert_eq!(person.containers().len(), 2, "{file:?}");
        assert_eq!(person.current(), OLD, "{file:?}: the new one is not proven yet");
        person.download(&mut renewal).unwrap();
        person.is_renewed();
    }
}

#[test]
fn the_switch_is_one_command() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.wire.cut_next("confirm", CallCut::LostAfter);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
    let sent = |person: &crate::person::Person| {
        let sent = person.key.take_sent();
        sent.into_iter()
            .filter(|name| ["WriteFile", "CreateFile", "DeleteFile"].contains(&name.as_str()))
            .collect::<Vec<_>>()
    };
    sent(&person);
    person.download(&mut renewal).unwrap();
    assert_eq!(sent(&person), ["WriteFile"]);
    person.is_renewed();
}

#[test]
fn a_journal_that_can_not_be_written_stops_before_the_next_effect() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let blocked = person.folder.path().join("orders").join(format!("{}.json.new", renewal.entry().id));
    std::fs::create_dir(&blocked).unwrap();
    assert_eq!(code(person.download(&mut renewal)), FaultCode::JournalNotUsable);
    assert_eq!(person.containers(), [OLD]);
    std::fs::remove_dir(&blocked).unwrap();
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn a_revocation_in_the_middle_ends_the_order_and_is_told() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    let serial = person.serial.clone();
    world.look(|service| async move {
        use ca_service::audit::Actor;
        use ca_service::crl::{Reason, revoke};
        revoke(&service, &serial, Reason::KeyCompromise, Actor::SERVICE, "lost").await.unwrap();
    });
    assert_eq!(code(person.download(&mut renewal)), FaultCode::OrderState);
    assert_eq!(renewal.step(), Step::Failed(OrderState::Cancelled));
    assert_eq!(person.containers(), [OLD]);
}
