//! Files of roots in the forms that CAs hand out.

use super::{NOW, certificate, path};
use certificate::{SkipReason, SkippedFile, TrustStore, chain};

#[test]
fn every_form_of_a_file_of_roots_is_read() {
    for form in [
        "ok", "upper", "crlf", "noeol", "oneline", "text", "gbktext", "trusted", "x509l", "p7bder", "p7bpem",
        "p7bascer", "p7aspem", "p7c", "b64", "b641", "bom", "dernl", "noext",
    ] {
        let store = TrustStore::from_folder(&path(&format!("root-files/{form}")));
        assert_eq!(store.skipped(), [], "{form}");
        assert_eq!(store.roots(), [certificate("roots-named/root.cer")], "{form}");
        assert_eq!(chain(&certificate("ee.cer"), &store, NOW).fault, None, "{form}");
    }
}

#[test]
fn of_a_bundle_only_the_bad_block_is_skipped_and_named() {
    let folder = path("root-files/bundlecrl");
    let store = TrustStore::from_folder(&folder);
    let list = SkippedFile { file: folder.join("all.pem"), block: Some(3), reason: SkipReason::NoCertificate };
    assert_eq!(store.skipped(), [list]);
    assert_eq!(chain(&certificate("ee.cer"), &store, NOW).fault, None);
}

#[test]
fn folders_in_the_folder_are_not_read() {
    let store = TrustStore::from_folder(&path("root-files/sub"));
    assert_eq!(store.roots(), []);
}
