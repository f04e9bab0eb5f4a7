//! The USB bus as a made-up tree: the machine that runs tests has no bus.

use crate::bench::{Tree, blames, detail, look, no_readers, words};
use cert_assistant::check::ProbeId::{Application, Certificates, Drivers, Keys, Readers, Revocation, Usb};
use cert_assistant::check::Verdict;
use token::{CardSeen, ReaderSeen, ServiceReport, ServiceState};

const KEYS: &[cert_assistant::check::ProbeId] = &[Keys, Application, Certificates, Revocation];

#[test]
fn a_bus_without_a_key_is_the_cause_and_a_computer_without_a_bus_is_not() {
    let tree = Tree::new();
    let lines = look(tree.scene(no_readers));
    blames(&lines, Readers, Verdict::Notice, "readers.none", KEYS);
    assert_eq!((lines[&Usb].verdict, lines[&Usb].sentence.key), (Verdict::NotApplicable, "usb.no_bus"));

    tree.empty_bus();
    tree.usb("1-2", "046D:C077", "03");
    let lines = look(tree.scene(no_readers));
    let above: Vec<_> = KEYS.iter().copied().chain([Readers]).collect();
    blames(&lines, Usb, Verdict::Notice, "usb.none", &above);
    assert!(lines[&Usb].details.is_empty(), "a mouse is nobody's business");
    assert!(lines[&Usb].remedy.len() >= 3);

    let lines = look(tree.scene(|| ServiceReport {
        readers: vec![ReaderSeen { name: "Serial".to_owned(), card: CardSeen::None, atr: Vec::new() }],
        ..ServiceState::Running { readers: 1 }.into()
    }));
    assert_eq!((lines[&Usb].verdict, lines[&Usb].sentence.key), (Verdict::Ok, "usb.elsewhere"));
}

#[test]
fn a_key_of_the_table_is_named_and_other_devices_are_told_as_what_they_are() {
    let tree = Tree::new();
    tree.empty_bus();
    tree.usb("1-1.4", "096E:0858", "03");
    let lines = look(tree.scene(no_readers));
    assert_eq!((lines[&Usb].verdict, lines[&Usb].sentence.key), (Verdict::Notice, "usb.unknown"), "{}", words(&lines));
    assert!(detail(&lines[&Usb], "usb.unknown_model").contains("Token (096E:0858), port 1-1.4"));

    tree.usb("1-3", "072F:B100", "0B");
    let lines = look(tree.scene(no_readers));
    assert_eq!((lines[&Usb].verdict, lines[&Usb].sentence.key), (Verdict::Ok, "usb.readers"));
    assert!(detail(&lines[&Usb], "usb.reader").contains("072F:B100"));

    tree.usb("1-2", "6588:1514", "0b");
    let lines = look(tree.scene(no_readers));
    assert_eq!((lines[&Usb].verdict, lines[&Usb].sentence.key), (Verdict::Ok, "usb.found"));
    assert!(detail(&lines[&Usb], "usb.key").contains("UKEY-G-RS(LG3073) (6588:1514), port 1-2"));
}

#[test]
fn a_key_that_is_no_reader_is_not_blamed_on_the_service() {
    let tree = Tree::new();
    tree.usb("1-5", "055C:E618", "03");
    let lines = look(tree.scene(no_readers));
    blames(&lines, Readers, Verdict::Notice, "readers.not_ccid", KEYS);
    assert_eq!((lines[&Drivers].verdict, lines[&Drivers].sentence.key), (Verdict::Notice, "drivers.needed"));
}
