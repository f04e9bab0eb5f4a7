//! The folder of trusted certificates.

use certificate::{MAX_ROOT_FILE, SkipReason, TrustStore, chain, now};
use std::fs;
use tempfile::TempDir;
use testkit::pki::Pki;

#[test]
fn a_folder_of_pem_and_der_files_makes_a_chain() {
    let pki = Pki::with_chain();
    let folder = TempDir::new().unwrap();
    fs::copy(pki.path("root.der"), folder.path().join("root.CER")).unwrap();
    fs::copy(pki.path("ca.pem"), folder.path().join("ca.pem")).unwrap();
    fs::write(folder.path().join("README.md"), "how to add roots").unwrap();
    let store = TrustStore::from_folder(folder.path());
    assert_eq!(store.skipped(), []);
    assert_eq!(store.roots(), [pki.certificate("root")]);
    assert_eq!(chain(&pki.certificate("leaf"), &store, now()).fault, None);
}

#[test]
fn one_pem_file_may_hold_several_certificates() {
    let pki = Pki::with_chain();
    let folder = TempDir::new().unwrap();
    let both = [fs::read(pki.path("root.pem")).unwrap(), fs::read(pki.path("ca.pem")).unwrap()].concat();
    fs::write(folder.path().join("chain.pem"), both).unwrap();
    let store = TrustStore::from_folder(folder.path());
    assert_eq!(chain(&pki.certificate("leaf"), &store, now()).fault, None);
}

#[test]
fn bad_files_are_passed_over_and_named() {
    let pki = Pki::with_chain();
    let folder = TempDir::new().unwrap();
    fs::copy(pki.path("root.pem"), folder.path().join("root.pem")).unwrap();
    fs::write(folder.path().join("bad.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    fs::write(folder.path().join("empty.der"), "").unwrap();
    fs::write(folder.path().join("large.cer"), vec![b'x'; MAX_ROOT_FILE + 1]).unwrap();
    fs::create_dir(folder.path().join("folder.crt")).unwrap();
    let store = TrustStore::from_folder(folder.path());
    let skipped: Vec<_> =
        store.skipped().iter().map(|s| (s.file.file_name().unwrap().to_str().unwrap(), s.reason)).collect();
    let expected = [
        ("bad.pem", SkipReason::Damaged),
        ("empty.der", SkipReason::NoCertificate),
        ("folder.crt", SkipReason::Unreadable),
        ("large.cer", SkipReason::TooLarge),
    ];
    assert_eq!(skipped, expected);
    assert_eq!(store.roots().len(), 1);
}

#[test]
fn only_what_signed_itself_is_a_root() {
    let pki = Pki::with_chain();
    assert_eq!(pki.store(&["root", "ca", "leaf"]).roots(), [pki.certificate("root")]);
    let mut der = pki.der("root");
    let last = der.len() - 1;
    der[last] ^= 1;
    let mut store = TrustStore::default();
    store.add(certificate::Certificate::parse(&der).unwrap());
    assert_eq!(store.roots(), [], "a root with a wrong signature");
}

#[test]
fn for_an_algorithm_that_cannot_be_verified_the_key_identifiers_tell_a_root() {
    let pki = Pki::new();
    for name in ["old", "new"] {
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        pki.openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &pem, "-subj", "/CN=r",
        ]);
    }
    // the new key under the same name, signed by the old one
    pki.write("ext.cnf", "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always\n");
    pki.openssl(&["x509", "-x509toreq", "-in", "new.pem", "-signkey", "new.key", "-out", "new.csr"]);
    pki.openssl(&[
        "x509", "-req", "-in", "new.csr", "-CA", "old.pem", "-CAkey", "old.key", "-extfile", "ext.cnf", "-out",
        "link.pem",
    ]);
    for name in ["old", "link"] {
        let (pem, der) = (format!("{name}.pem"), format!("{name}.der"));
        pki.openssl(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
    }
    assert_eq!(pki.store(&["old", "link"]).roots(), [pki.certificate("old")]);
}

#[test]
fn a_missing_folder_is_an_empty_one() {
    let folder = TempDir::new().unwrap();
    let store = TrustStore::from_folder(&folder.path().join("none"));
    assert!(store.roots().is_empty() && store.skipped().is_empty());
}
