//! Readers: none although a key is on the bus, and one without a card.

use crate::bench::{RealDesk, Tree, blames, detail, look, no_readers};
use cert_assistant::check::ProbeId::{Application, Certificates, Keys, Readers, Revocation};
use cert_assistant::check::Verdict;
use testkit::reader::with_private_service;

const ABOVE: &[cert_assistant::check::ProbeId] = &[Keys, Application, Certificates, Revocation];
const LIST: &str = "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist";

fn list(vendor: &str, product: &str) -> String {
    format!(
        "<plist><dict><key>ifdVendorID</key>\n<array>\n<string>0x096E</string>\n<string>{vendor}</string>\n</array>\n\
         <key>ifdProductID</key>\n<array>\n<string>0x0503</string>\n<string>{product}</string>\n</array></dict></plist>"
    )
}

#[test]
fn a_key_without_a_reader_is_a_matter_of_the_ccid_driver() {
    let tree = Tree::new();
    tree.usb("1-2", "6588:1514", "0b");
    blames(&look(tree.scene(no_readers)), Readers, Verdict::Problem, "readers.no_driver", ABOVE);
    tree.write(LIST, list("0x6588", "0x1515"));
    let lines = look(tree.scene(no_readers));
    blames(&lines, Readers, Verdict::Problem, "readers.not_listed", ABOVE);
    detail(&lines[&Readers], "readers.list");
    tree.write(LIST, list("0x6588", "0x1514"));
    blames(&look(tree.scene(no_readers)), Readers, Verdict::Problem, "readers.not_taken", ABOVE);
}

/// The list of the driver as it is installed here, if it is.
#[test]
fn the_installed_list_of_the_driver_is_understood() {
    let Ok(installed) = std::fs::read(LIST) else {
        println!("not run: libccid is not installed");
        return;
    };
    let tree = Tree::new();
    tree.write(LIST, installed);
    // of the Gemalto reader every version of the list has
    tree.usb("1-2", "08E6:3437", "0b");
    blames(&look(tree.scene(no_readers)), Readers, Verdict::Problem, "readers.not_taken", ABOVE);
}

#[test]
fn a_reader_without_a_card_is_told_and_the_keys_wait_for_it() {
    with_private_service("readers::a_reader_without_a_card_is_told_and_the_keys_wait_for_it", 2, |_| {
        let lines = RealDesk::start().look(Tree::new().root());
        blames(&lines, Readers, Verdict::Notice, "readers.no_card", ABOVE);
        assert_eq!(lines[&Readers].details.len(), 2, "both readers are named");
        assert!(detail(&lines[&Readers], "readers.empty").contains("Desk 0"));
    });
}
