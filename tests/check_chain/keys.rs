//! Keys in every state over the real service: the layer that is wrong is named, and no try of a PIN is spent.

use crate::bench::{RealDesk, Tree, blames, detail, look, words};
use cert_assistant::check::ProbeId::{Application, Certificates, Keys, Permission, Readers, Revocation, Service, Usb};
use cert_assistant::check::{Page, ProbeId, Repair, Scene, Verdict};
use certificate::{TrustStore, now};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use testkit::reader::{ReaderService, Watching, authority, faults, key, make, with_private_service};
use virtual_key::ForeignCard;
use virtual_key::personalise::personalise;
use virtual_key::{Plug, Spec, State, VirtualKey};

const HOLD: &str = "CHECK_CHAIN_HOLD";

fn spec(state: State) -> Spec {
    Spec::new("示例有限公司", "10200000016873").state(state)
}

#[test]
fn every_state_of_a_key_is_blamed_on_its_layer_and_costs_no_try() {
    use State::{Damaged, DefaultPin, Empty, Expired, Expiring, Locked, Mismatch, NoApplication, NotYetValid};
    with_private_service("keys::every_state_of_a_key_is_blamed_on_its_layer_and_costs_no_try", 2, |model| {
        let cases: &[(State, ProbeId, Verdict, &str, Option<Repair>)] = &[
            (Locked, Application, Verdict::Problem, "application.locked", Some(Repair::Open(Page::Unlock))),
            (DefaultPin, Application, Verdict::Notice, "application.default_pin", Some(Repair::Open(Page::ChangePin))),
            (NoApplication, Application, Verdict::Problem, "application.none", None),
            (Empty, Certificates, Verdict::Problem, "certificates.none", None),
            (Expired, Certificates, Verdict::Problem, "certificates.expired", Some(Repair::Open(Page::Renew))),
            (Expiring, Certificates, Verdict::Notice, "certificates.expiring", Some(Repair::Open(Page::Renew))),
            (NotYetValid, Certificates, Verdict::Problem, "certificates.not_yet", None),
            (Mismatch, Certificates, Verdict::Problem, "certificates.mismatch_sign", None),
            (Damaged, Certificates, Verdict::Problem, "certificates.damaged_sign", None),
        ];
        let watching = Watching::start();
        for (state, layer, verdict, sentence, repair) in cases {
            let plugged = model.plug_key(0, make(&spec(*state)));
            watching.inserted();
            let tries = plugged.card().state().applications.first().map(|application| application.user.tries.left);
            let lines = RealDesk::start().look(Tree::new().root());
            blames(&lines, *layer, *verdict, sentence, &[]);
            assert_eq!(lines[layer].repair, *repair, "{state:?}");
            assert_eq!(lines[&Keys].verdict, Verdict::Ok, "{state:?}: {}", words(&lines));
            assert_eq!(lines[&Readers].verdict, Verdict::Ok, "{state:?}");
            let sent = plugged.take_headers();
            assert!(sent.iter().all(|[_, instruction, ..]| *instruction != 0x18), "{state:?} was sent a PIN");
            let left = plugged.card().state().applications.first().map(|application| application.user.tries.left);
            assert_eq!(left, tries);
            plugged.pull();
            // the service looks for cards from time to time only
            watching.removed();
        }
        watching.stop();
    });
}

/// Threads that know of the card that was just put in.
fn desk_with_card() -> RealDesk {
    card_is_in();
    RealDesk::start()
}

/// Until the service has seen the card.
fn card_is_in() {
    let watching = Watching::start();
    watching.inserted();
    watching.stop();
}

#[test]
fn a_good_key_is_fine_in_every_layer_and_its_owner_is_private() {
    with_private_service("keys::a_good_key_is_fine_in_every_layer_and_its_owner_is_private", 2, |model| {
        let _plugged = model.plug_key(0, make(&spec(State::Valid)));
        let lines = desk_with_card().look(Tree::new().root());
        for layer in [Permission, Service, Readers, Keys, Application, Certificates] {
            assert_eq!(lines[&layer].verdict, Verdict::Ok, "{}", words(&lines));
        }
        assert_eq!(lines[&Usb].verdict, Verdict::NotApplicable);
        let revocation = &lines[&Revocation];
        assert_eq!((revocation.verdict, revocation.sentence.key), (Verdict::NotApplicable, "revocation.no_list"));
        assert!(lines[&Application].words(true, true).contains("示例有限公司"));
        for line in lines.values() {
            let texts = line.details.iter().chain(&line.remedy).map(|more| more.words(true, false));
            for text in texts.chain([line.words(true, false)]) {
                assert!(!text.contains("示例") && !text.contains("10200000016873"), "{text}");
            }
        }
    });
}

#[test]
fn without_a_root_the_chain_is_worth_a_notice_and_revocation_is_not_asked() {
    with_private_service("keys::without_a_root_the_chain_is_worth_a_notice_and_revocation_is_not_asked", 2, |model| {
        let listed = Spec { crl_uri: Some("http://127.0.0.1:9/list.crl".to_owned()), ..spec(State::Valid) };
        let _plugged = model.plug_key(0, make(&listed));
        let real = desk_with_card();
        let scene = || Scene { root: Tree::new().root().to_owned(), ..real.scene() };
        let lines = look(Scene { trust: Box::new(TrustStore::default), ..scene() });
        blames(&lines, Certificates, Verdict::Notice, "certificates.issuer_unknown", &[]);
        assert_eq!(lines[&Revocation].sentence.key, "revocation.issuer_not_proven");
        let lines = look(scene());
        assert_eq!(lines[&Revocation].sentence.key, "revocation.unreachable", "{}", words(&lines));
        assert_eq!(lines[&Revocation].verdict, Verdict::Notice);
        // the same certificate in two years
        let lines = look(Scene { now: || now() + 2 * 365 * 86_400, ..scene() });
        blames(&lines, Certificates, Verdict::Problem, "certificates.expired", &[]);
    });
}

#[test]
fn few_tries_are_told_before_the_last_is_lost() {
    with_private_service("keys::few_tries_are_told_before_the_last_is_lost", 2, |model| {
        let mut state = personalise(&spec(State::Valid), authority()).unwrap();
        state.applications[0].user.tries.left = 2;
        let plugged = model.plug_key(0, VirtualKey::new(state));
        let lines = desk_with_card().look(Tree::new().root());
        blames(&lines, Application, Verdict::Notice, "application.few", &[]);
        assert!(lines[&Application].words(false, true).contains("only 2 tries"));
        assert_eq!(plugged.tries_left(), 2);
    });
}

#[test]
fn a_foreign_card_is_told_with_its_atr_and_never_gets_a_pin() {
    with_private_service("keys::a_foreign_card_is_told_with_its_atr_and_never_gets_a_pin", 2, |model| {
        let foreign = model.plug(0, ForeignCard::default(), Arc::new(Plug::default()));
        let lines = desk_with_card().look(Tree::new().root());
        blames(&lines, Keys, Verdict::Notice, "keys.foreign", &[Application, Certificates, Revocation]);
        assert!(detail(&lines[&Keys], "keys.atr").contains("3B 85 80 01 4F 54 48 45 52 40"));
        assert!(foreign.card().headers().iter().all(|[_, instruction, ..]| *instruction != 0x18));
    });
}

#[test]
fn a_key_that_does_not_answer_holds_up_no_other() {
    with_private_service("keys::a_key_that_does_not_answer_holds_up_no_other", 2, |model| {
        let silent = model.plug_key(0, make(&spec(State::Valid)).with_faults(faults(&["slow=forever"])));
        let _good = model.plug_key(1, key("2"));
        let lines = two_cards(model).look(Tree::new().root());
        blames(&lines, Keys, Verdict::Problem, "keys.mute", &[]);
        assert!(lines[&Keys].details.iter().any(|detail| detail.key == "keys.answers"), "{}", words(&lines));
        assert_eq!(lines[&Application].verdict, Verdict::Ok, "of the key that answers");
        silent.pull();
    });
}

fn two_cards(_: &ReaderService) -> RealDesk {
    let watching = Watching::start();
    watching.inserted();
    watching.inserted();
    watching.stop();
    RealDesk::start()
}

#[test]
fn several_keys_share_a_line_with_the_worst_in_front_and_a_detail_each() {
    with_private_service("keys::several_keys_share_a_line_with_the_worst_in_front_and_a_detail_each", 2, |model| {
        let _good = model.plug_key(0, key("1"));
        let _locked = model.plug_key(1, make(&Spec::new("锁定公司", "2").state(State::Locked)));
        let lines = two_cards(model).look(Tree::new().root());
        blames(&lines, Application, Verdict::Problem, "application.locked", &[]);
        let line = &lines[&Application];
        assert!(line.words(true, true).contains("锁定公司"));
        let about = ["application.fine", "application.locked"];
        assert!(about.iter().all(|key| line.details.iter().any(|detail| detail.key == *key)), "{}", words(&lines));
    });
}

#[test]
fn a_key_another_program_holds_is_told_with_the_name_of_that_program() {
    with_private_service("keys::a_key_another_program_holds_is_told_with_the_name_of_that_program", 2, |model| {
        let _plugged = model.plug_key(0, key("1"));
        card_is_in();
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keys::a_program_that_holds_the_key", "--nocapture"])
            .env(HOLD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("held")), "the holder got the key");
        // the processes of this machine, for their names
        let lines = RealDesk::start().look(std::path::Path::new("/"));
        let held = &lines[&Keys];
        assert_eq!((held.verdict, held.sentence.key), (Verdict::Problem, "keys.held"), "{}", words(&lines));
        assert!(detail(held, "keys.holders").contains(&format!("({})", holder.id())), "{}", words(&lines));
        assert_eq!(lines[&Application].because, Some(Keys));
        holder.stdin.take().unwrap().write_all(b"\n").unwrap();
        holder.wait().unwrap();
    });
}

/// Not a test by itself: the other program of the test above.
#[test]
fn a_program_that_holds_the_key() {
    if std::env::var_os(HOLD).is_none() {
        return;
    }
    let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
    let readers = context.list_readers_owned().unwrap();
    // nobody else looks at the card yet, but right after it was put in it may not answer
    let _held = (0..100)
        .find_map(|_| {
            let exclusive = |reader| context.connect(reader, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).ok();
            let held = readers.iter().find_map(|reader| exclusive(reader));
            if held.is_none() {
                std::thread::sleep(Duration::from_millis(50));
            }
            held
        })
        .unwrap();
    println!("held");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
