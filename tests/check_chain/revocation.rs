//! Revocation over http on the loopback, with lists made by openssl.

use crate::bench::{Tree, look, words};
use cert_assistant::check::ProbeId::Revocation;
use cert_assistant::check::{Inserted, Scene, Verdict};
use std::time::Instant;
use testkit::pki::{LEAF, Order, Pki, SERIAL};
use testkit::server::{Answer, Server, dead_url};
use token::{CardSeen, Container, DeviceInfo, KeyContents, PinInfo, ReaderSeen, ServiceReport, ServiceState};

/// A key with one certificate, as it would be read.
fn scene(tree: &Tree, pki: &Pki) -> Scene {
    let contents = KeyContents {
        device: DeviceInfo::default(),
        application: Some("APP".to_owned()),
        pin: Some(PinInfo { max_tries: 10, tries_left: 10, is_default: false }),
        containers: vec![Container {
            name: "C".to_owned(),
            kind: 2,
            sign: Some(pki.der("leaf")),
            encrypt: Some(pki.der("leaf")),
        }],
        current: Some(0),
        files: Vec::new(),
        medium: None,
        known_model: true,
    };
    let mut scene = tree.scene(|| ServiceReport {
        readers: vec![ReaderSeen { name: "Reader".to_owned(), card: CardSeen::There, atr: Vec::new() }],
        ..ServiceState::Running { readers: 1 }.into()
    });
    let store = pki.store(&["root", "ca"]);
    scene.trust = Box::new(move || store.clone());
    scene.ask_keys = Box::new(move || {
        vec![Inserted {
            reader: "Reader".to_owned(),
            atr: Vec::new(),
            result: Ok(contents.clone()),
            public_keys: Vec::new(),
            lent: false,
        }]
    });
    scene
}

fn leaf_with(address: &str) -> Pki {
    let pki = Pki::with_chain();
    let extensions = format!("{LEAF}\ncrlDistributionPoints = URI:{address}");
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    pki
}

#[test]
fn a_list_says_good_revoked_or_suspended_and_what_is_no_list_is_said_to_be_none() {
    let server = Server::start();
    let pki = leaf_with(&server.url());
    let tree = Tree::new();
    let line = |answer| {
        server.answer(answer);
        let lines = look(scene(&tree, &pki));
        println!("{}", words(&lines));
        (lines[&Revocation].verdict, lines[&Revocation].sentence.key)
    };
    assert_eq!(line(Answer::Body(pki.crl("ca", &[], ""))), (Verdict::Ok, "revocation.good"));
    let revoked = pki.crl("ca", &[(SERIAL, "keyCompromise")], "");
    assert_eq!(line(Answer::Body(revoked)), (Verdict::Problem, "revocation.revoked"));
    let hold = pki.crl("ca", &[(SERIAL, "certificateHold")], "");
    assert_eq!(line(Answer::Body(hold)), (Verdict::Problem, "revocation.hold"));
    assert_eq!(line(Answer::Status(404)), (Verdict::Notice, "revocation.list_unusable"));
}

#[test]
fn a_server_that_is_not_there_or_too_slow_is_worth_a_notice_and_ends_in_time() {
    let tree = Tree::new();
    let lines = look(scene(&tree, &leaf_with(&dead_url())));
    assert_eq!(
        (lines[&Revocation].verdict, lines[&Revocation].sentence.key),
        (Verdict::Notice, "revocation.unreachable")
    );

    let server = Server::start();
    server.answer(Answer::Trickle);
    let began = Instant::now();
    let lines = look(scene(&tree, &leaf_with(&server.url())));
    println!("measured: a list that never ends is given up after {:?}", began.elapsed());
    assert_eq!(
        (lines[&Revocation].verdict, lines[&Revocation].sentence.key),
        (Verdict::Notice, "revocation.timed_out")
    );
}
