//! Private keys under a passphrase.

use crate::tools::{Folder, alg, oid, seq, tlv};
use der::pem::{LineEnding, encode_string};
use gm::sealed_key::{open, seal};
use gm::{CryptoError, PrivateKey};

#[test]
fn openssl_opens_a_sealed_key() {
    let folder = Folder::new();
    let key = folder.key("plain");
    let sealed = seal(&key, b"correct horse").unwrap();
    assert!(sealed.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    folder.write("sealed.pem", sealed.as_bytes());
    let public = folder.openssl(&["pkey", "-in", "sealed.pem", "-passin", "pass:correct horse", "-pubout"]);
    assert_eq!(public, folder.read_text("plain.pub"));
    let wrong = folder.run("openssl", &["pkey", "-in", "sealed.pem", "-passin", "pass:wrong", "-noout"]);
    assert!(!wrong.status.success());
    let text = folder.openssl(&["asn1parse", "-in", "sealed.pem"]);
    for part in ["PBES2", ":scrypt", "aes-256-cbc"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(*open(&sealed, b"correct horse").unwrap().to_bytes(), *key.to_bytes());
    assert_eq!(open(&sealed, b"correct hors").err(), Some(CryptoError::Verification));
    assert_eq!(open(&sealed, b"").err(), Some(CryptoError::Verification));
    assert_ne!(sealed.as_str(), seal(&key, b"correct horse").unwrap().as_str(), "salted");
}

/// A key sealed by openssl.
fn foreign(folder: &Folder, key: &str, options: &[&str]) -> String {
    let common = ["pkcs8", "-topk8", "-in", key, "-passout", "pass:秘密 1", "-out", "foreign.pem"];
    folder.openssl(&[&common, options].concat());
    folder.read_text("foreign.pem")
}

#[test]
fn keys_sealed_by_openssl_are_opened() {
    let folder = Folder::new();
    let key = folder.foreign_key("key");
    for options in [
        ["-scrypt"].as_slice(),
        &["-scrypt", "-v2", "aes-128-cbc"],
        &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "20000"],
    ] {
        let sealed = foreign(&folder, "key.key", options);
        assert_eq!(*open(&sealed, "秘密 1".as_bytes()).unwrap().to_bytes(), *key.to_bytes(), "{options:?}");
        assert_eq!(open(&sealed, b"wrong").err(), Some(CryptoError::Verification), "{options:?}");
    }
}

#[test]
fn other_files_are_refused_with_their_reason() {
    let folder = Folder::new();
    folder.foreign_key("key");
    assert_eq!(open(&folder.read_text("key.key"), b"x").err(), Some(CryptoError::Encoding), "not sealed");
    assert_eq!(open("", b"x").err(), Some(CryptoError::Encoding));
    let sealed = foreign(&folder, "key.key", &["-scrypt"]);
    assert_eq!(open(&sealed[..sealed.len() / 2], b"x").err(), Some(CryptoError::Encoding), "cut off");
    assert_eq!(open(&"\n".repeat(70_000), b"x").err(), Some(CryptoError::Encoding), "longer than any key");
    let triple = foreign(&folder, "key.key", &["-v2", "des3"]);
    assert_eq!(open(&triple, "秘密 1".as_bytes()).err(), Some(CryptoError::Unsupported), "Triple DES");
    folder.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "p256.key"]);
    let p256 = foreign(&folder, "p256.key", &["-scrypt"]);
    assert_eq!(open(&p256, "秘密 1".as_bytes()).err(), Some(CryptoError::Unsupported), "another curve");
}

fn number(value: u64) -> Vec<u8> {
    let bytes = [&[0], value.to_be_bytes().as_slice()].concat();
    let start = (0..bytes.len() - 1).find(|at| bytes[*at] != 0 || bytes[at + 1] >= 0x80).unwrap_or(bytes.len() - 1);
    tlv(2, &[&bytes[start..]])
}

fn pem(kdf: &[u8]) -> String {
    let cipher = alg("2.16.840.1.101.3.4.1.42", &tlv(4, &[&[7; 16]]));
    let scheme = alg("1.2.840.113549.1.5.13", &seq(&[kdf, &cipher]));
    encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, &seq(&[&scheme, &tlv(4, &[&[9; 160]])])).unwrap()
}

#[test]
fn costs_that_would_stop_the_program_are_refused_before_anything_is_computed() {
    let scrypt = |n: u64, r: u64, p: u64| {
        let parameters = seq(&[&tlv(4, &[&[1; 8]]), &number(n), &number(r), &number(p)]);
        open(&pem(&alg("1.3.6.1.4.1.11591.4.11", &parameters)), b"x").err()
    };
    assert_eq!(scrypt(1024, 8, 1), Some(CryptoError::Verification), "computed, and then not a key");
    for (n, r, p) in [(0, 8, 1), (1023, 8, 1), (1 << 40, 8, 1), (1 << 63, 8, 1), (1024, 0, 1), (1024, 8, 0)] {
        assert_eq!(scrypt(n, r, p), Some(CryptoError::Unsupported), "N {n}, r {r}, p {p}");
    }
    assert_eq!(scrypt(1 << 16, 65535, 65535), Some(CryptoError::Unsupported));
    let pbkdf2 = |rounds: u64| {
        let hash = seq(&[&oid("1.2.840.113549.2.9"), &[5, 0]]);
        let parameters = seq(&[&tlv(4, &[&[1; 8]]), &number(rounds), &hash]);
        open(&pem(&alg("1.2.840.113549.1.5.12", &parameters)), b"x").err()
    };
    assert_eq!(pbkdf2(10), Some(CryptoError::Verification));
    assert_eq!(pbkdf2(90_000_000), Some(CryptoError::Unsupported));
    assert!(pbkdf2(4_000_000_000).is_some());
}

#[test]
fn a_private_key_survives_being_sealed_with_an_empty_passphrase_and_with_any_bytes() {
    let key = PrivateKey::generate().unwrap();
    for passphrase in [b"".as_slice(), &[0xFF, 0, 0xD6, 0xD0]] {
        assert_eq!(*open(&seal(&key, passphrase).unwrap(), passphrase).unwrap().to_bytes(), *key.to_bytes());
    }
}
