//! 导出证书: what is written is read by `openssl` as the same certificate.

use certificate::{Certificate, ExportError, Format, chain, export, now, suggested_name, write_file};
use std::fs;
use tempfile::TempDir;
use testkit::pki::{Order, Pki};

/// Exports "leaf" to a file and gives its path's name.
fn exported(pki: &Pki, format: Format) -> &'static str {
    let leaf = pki.certificate("leaf");
    let issuers = chain(&leaf, &pki.store(&["root", "ca"]), now()).issuers;
    write_file(&pki.path("out"), &export(&leaf, &issuers, format).unwrap()).unwrap();
    "out"
}

#[test]
fn pem_and_der_hold_the_certificate_as_received() {
    let pki = Pki::with_chain();
    let out = exported(&pki, Format::Pem);
    assert_eq!(fs::read(pki.path(out)).unwrap(), fs::read(pki.path("leaf.pem")).unwrap(), "as openssl writes it");
    let out = exported(&pki, Format::Der);
    assert_eq!(fs::read(pki.path(out)).unwrap(), pki.der("leaf"));
}

#[test]
fn p7b_holds_the_chain_from_leaf_to_root() {
    let pki = Pki::with_chain();
    let out = exported(&pki, Format::P7b);
    let printed = pki.openssl(&["pkcs7", "-inform", "DER", "-in", out, "-print_certs"]);
    let blocks: Vec<&str> = printed.split_inclusive("-----END CERTIFICATE-----\n").collect();
    for (block, name) in blocks.iter().zip(["leaf", "ca", "root"]) {
        let pem = fs::read_to_string(pki.path(&format!("{name}.pem"))).unwrap();
        assert!(block.ends_with(&pem), "{name} in {block}");
    }
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 3);
    let parsed = pki.openssl(&["asn1parse", "-inform", "DER", "-in", out]);
    assert!(parsed.contains("pkcs7-signedData"), "{parsed}");
    let again = pki.openssl(&["pkcs7", "-inform", "DER", "-in", out, "-outform", "DER", "-out", "again"]);
    assert!(again.is_empty());
    assert_eq!(fs::read(pki.path("again")).unwrap(), fs::read(pki.path(out)).unwrap(), "openssl writes the same bytes");
}

#[test]
fn a_p7b_without_known_issuers_holds_the_certificate_alone() {
    let pki = Pki::with_chain();
    pki.write("alone", export(&pki.certificate("leaf"), &[], Format::P7b).unwrap());
    let printed = pki.openssl(&["pkcs7", "-inform", "DER", "-in", "alone", "-print_certs"]);
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn file_names_are_fit_for_windows_and_linux() {
    let pki = Pki::with_chain();
    let mut leaf: Certificate = pki.certificate("leaf");
    let mut name = |owner: &str| {
        leaf.owner = Some(owner.to_owned());
        suggested_name(&leaf, "签名证书", Format::Pem)
    };
    assert_eq!(name("测试单位"), "测试单位-签名证书.pem");
    assert_eq!(name("../a/b\\c:d*?\"<>|\n"), "_a_b_c_d_______-签名证书.pem");
    assert_eq!(name("CON"), "_CON-签名证书.pem");
    assert_eq!(name("com1.x"), "_com1.x-签名证书.pem");
    assert_eq!(name("company"), "company-签名证书.pem");
    assert_eq!(name(".."), "1A100000000000000001-签名证书.pem");
    let long = name(&"某".repeat(300));
    assert!(long.len() <= 240 && long.chars().count() <= 100 && long.ends_with("-签名证书.pem"), "{long}");
    assert_eq!(name(&"a".repeat(300)).chars().count(), 100);
    leaf.owner = None;
    assert_eq!(suggested_name(&leaf, "a/b", Format::P7b), "1A100000000000000001-a_b.p7b");
}

#[test]
fn a_file_is_replaced_whole_and_nothing_else_is_left() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.pem");
    write_file(&path, b"old").unwrap();
    write_file(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_vanished_folder_is_said_so_and_a_failure_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let gone = folder.path().join("gone").join("a.pem");
    assert_eq!(write_file(&gone, b"x"), Err(ExportError::FolderMissing));
    // the name is taken by a folder that is not empty: only the last step fails
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("full")).unwrap();
    assert!(write_file(&taken, b"x").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_certificate_with_an_odd_subject_is_exported_unchanged() {
    let pki = Pki::with_chain();
    pki.write("request.cnf", "[req]\ndistinguished_name = dn\nprompt = no\nstring_mask = MASK:0x800\n[dn]\n");
    pki.issue(&Order { subject: "/C=CN/CN=电信测试1", ..Order::default() });
    let out = exported(&pki, Format::P7b);
    let printed = pki.openssl(&["pkcs7", "-inform", "DER", "-in", out, "-print_certs"]);
    assert!(printed.contains(&fs::read_to_string(pki.path("leaf.pem")).unwrap()));
}
