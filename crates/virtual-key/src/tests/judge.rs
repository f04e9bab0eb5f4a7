//! What the `openssl` command says about certificates, lists and signatures.

use super::host::{APP, CONT, PIN, USER, all, apdu, key_in, ok, open, opened, verify};
use crate::personalise::{OwnerKind, personalise};
use crate::{Spec, State, TestCa, VirtualKey};
use gm::issue::{Revoked, certificate_to_pem, private_key_to_pem, revocation_list};
use gm::{DEFAULT_ID, PrivateKey, PublicKey, signature_to_der, sm3};
use std::path::Path;
use std::process::Command;
use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;

/// Runs openssl in a folder; standard output and error together, and whether it succeeded.
fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn passes(folder: &Path, arguments: &[&str]) -> String {
    let (success, text) = openssl(folder, arguments);
    assert!(success, "openssl {arguments:?}: {text}");
    text
}

const DISTID: &str = "distid:1234567812345678";

fn verify_link(folder: &Path, issuer: &str, subject: &str) -> bool {
    openssl(folder, &["verify", "-partial_chain", "-vfyopt", DISTID, "-CAfile", issuer, subject]).0
}

fn certificate(key: &mut VirtualKey, kind: u8) -> Vec<u8> {
    let (answer, _) = all(key, &apdu(0x80, 0x4E, kind, 0, &[APP, CONT].concat(), Some(0)));
    answer[4..].to_vec()
}

fn write_chain(folder: &Path, ca: &TestCa) {
    std::fs::write(folder.join("root.pem"), certificate_to_pem(ca.root()).unwrap()).unwrap();
    std::fs::write(folder.join("opca.pem"), certificate_to_pem(ca.operation()).unwrap()).unwrap();
}

#[test]
fn certificates_of_a_key_parse_and_every_link_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let ca = TestCa::create().unwrap();
    write_chain(folder.path(), &ca);
    assert!(verify_link(folder.path(), "root.pem", "root.pem"));
    assert!(verify_link(folder.path(), "root.pem", "opca.pem"));
    for kind in [OwnerKind::Organisation, OwnerKind::Person] {
        let spec = Spec {
            kind,
            crl_uri: Some("http://127.0.0.1:8080/ca.crl".to_owned()),
            ..Spec::new("北京演示科技有限公司", "10200000016873")
        };
        let mut key = VirtualKey::new(personalise(&spec, &ca).unwrap());
        open(&mut key);
        for (slot, usage) in
            [(1, "Digital Signature, Non Repudiation"), (0, "Key Encipherment, Data Encipherment, Key Agreement")]
        {
            let der = certificate(&mut key, slot);
            std::fs::write(folder.path().join("leaf.pem"), certificate_to_pem(&der).unwrap()).unwrap();
            assert!(verify_link(folder.path(), "opca.pem", "leaf.pem"));
            assert!(!verify_link(folder.path(), "root.pem", "leaf.pem"));
            let text = passes(
                folder.path(),
                &["x509", "-in", "leaf.pem", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space"],
            );
            for part in [
                "Signature Algorithm: SM2-with-SM3",
                "ASN1 OID: SM2",
                "CN=北京演示科技有限公司",
                "Demo SM2 Operation CA",
                "1a:10:",
                usage,
                "URI:http://127.0.0.1:8080/ca.crl",
                "1.2.156.112562.2.1.1.14",
                "10200000016873",
                "Authority Key Identifier",
                "Subject Key Identifier",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
            assert!(!text.contains("Basic Constraints"));
            // AlgorithmIdentifier without parameters, and the card number as UTF8String in the OCTET STRING
            let bytes = |needle: &[u8]| der.windows(needle.len()).filter(|window| *window == needle).count();
            assert_eq!(bytes(&[0x30, 0x0A, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x83, 0x75]), 2);
            assert_eq!(bytes(b"\x04\x10\x0C\x0E10200000016873"), 1);
        }
    }
}

#[test]
fn validity_is_counted_in_whole_days_of_beijing() {
    let folder = tempfile::tempdir().unwrap();
    let mut key = key_in(State::Expiring);
    open(&mut key);
    std::fs::write(folder.path().join("leaf.pem"), certificate_to_pem(&certificate(&mut key, 1)).unwrap()).unwrap();
    let day = 24 * 60 * 60;
    let ends = |seconds: i64| {
        openssl(folder.path(), &["x509", "-in", "leaf.pem", "-noout", "-checkend", &seconds.to_string()]).0
    };
    assert!(ends(20 * day), "20 days from now it is still valid");
    assert!(!ends(21 * day));
    let dates = passes(folder.path(), &["x509", "-in", "leaf.pem", "-noout", "-dates"]);
    assert!(dates.contains("16:00:00") && dates.contains("15:59:59"), "{dates}");
}

#[test]
fn signatures_of_the_key_verify_over_the_digest_and_over_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut key = opened();
    std::fs::write(path.join("leaf.pem"), certificate_to_pem(&certificate(&mut key, 1)).unwrap()).unwrap();
    let public_pem = passes(path, &["x509", "-in", "leaf.pem", "-noout", "-pubkey"]);
    std::fs::write(path.join("public.pem"), public_pem).unwrap();
    let exported = ok(&mut key, &apdu(0x80, 0x88, 1, 0, &[APP, CONT].concat(), Some(0)));
    assert_eq!(exported[..4], [0, 0, 1, 0]);
    let public = PublicKey(exported[4..].try_into().unwrap());
    let message = b"message digest";
    let e = public.digest(DEFAULT_ID.as_bytes(), message);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let by_digest = ok(&mut key, &apdu(0x80, 0x74, 2, 0, &[APP.as_slice(), &CONT, &e].concat(), None));
    let id = [&16u32.to_be_bytes(), DEFAULT_ID.as_bytes()].concat();
    let by_message = ok(&mut key, &apdu(0x80, 0x74, 1, 0, &[APP.as_slice(), &CONT, &id, message].concat(), None));
    std::fs::write(path.join("message"), message).unwrap();
    std::fs::write(path.join("e"), e).unwrap();
    for answer in [by_digest, by_message] {
        assert_eq!(answer[..4], [0, 0, 1, 0]);
        let signature: [u8; 64] = answer[4..].try_into().unwrap();
        std::fs::write(path.join("signature"), signature_to_der(&signature).unwrap()).unwrap();
        passes(path, &["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-in", "e", "-sigfile", "signature"]);
        passes(
            path,
            &["dgst", "-sm3", "-verify", "public.pem", "-sigopt", DISTID, "-signature", "signature", "message"],
        );
    }
    let wrong = sm3(&[message]);
    std::fs::write(path.join("e"), wrong).unwrap();
    assert!(
        !openssl(path, &["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-in", "e", "-sigfile", "signature"])
            .0
    );
}

#[test]
fn an_authority_in_a_folder_is_made_once_and_openssl_reads_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca");
    let first = TestCa::of_folder(&path).unwrap();
    let second = TestCa::of_folder(&path).unwrap();
    assert_eq!(first.root(), second.root());
    assert_eq!(first.operation(), second.operation());
    let spec = Spec::new("某某", "1");
    personalise(&spec, &second).unwrap();
    for name in ["root", "opca"] {
        let of_key = passes(&path, &["pkey", "-in", &format!("{name}.key"), "-pubout"]);
        let of_certificate = passes(&path, &["x509", "-in", &format!("{name}.pem"), "-noout", "-pubkey"]);
        assert_eq!(of_key, of_certificate);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path.join(format!("{name}.key"))).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

#[test]
fn a_private_key_of_openssl_is_read() {
    let folder = tempfile::tempdir().unwrap();
    passes(folder.path(), &["genpkey", "-algorithm", "SM2", "-out", "key.pem"]);
    let text = std::fs::read_to_string(folder.path().join("key.pem")).unwrap();
    let key = gm::issue::private_key_from_pem(&text).unwrap();
    assert_eq!(private_key_to_pem(&key).unwrap().as_str(), text);
    assert!(gm::issue::private_key_from_pem(&text.replace("PRIVATE", "PUBLIC")).is_err());
}

#[test]
fn a_revocation_list_lists_the_revoked_and_its_signature_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let ca = TestCa::create().unwrap();
    write_chain(path, &ca);
    let now = OffsetDateTime::now_utc();
    let serial = [0x1A, 0x10, 1, 2, 3, 4, 5, 6, 7, 8];
    let revoked = [Revoked { serial: &serial, at: now, reason: CrlReason::KeyCompromise }];
    let next = now + time::Duration::days(7);
    let der = revocation_list(ca.operation(), ca.operation_key(), 5, now, next, &revoked).unwrap();
    std::fs::write(path.join("list.crl"), &der).unwrap();
    let text = passes(path, &["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"]);
    for part in ["1A100102030405060708", "Key Compromise", "Demo SM2 Operation CA", "SM2-with-SM3", "Next Update"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // the command can't be told the identity for lists: check the signature over the first part of the sequence
    let (tbs, signature) = parts(&der);
    std::fs::write(path.join("tbs"), tbs).unwrap();
    std::fs::write(path.join("signature"), signature).unwrap();
    std::fs::write(path.join("public.pem"), passes(path, &["x509", "-in", "opca.pem", "-noout", "-pubkey"])).unwrap();
    passes(path, &["dgst", "-sm3", "-verify", "public.pem", "-sigopt", DISTID, "-signature", "signature", "tbs"]);
    let empty = revocation_list(ca.operation(), ca.operation_key(), 6, now, next, &[]).unwrap();
    std::fs::write(path.join("list.crl"), empty).unwrap();
    assert!(passes(path, &["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"]).contains("No Revoked"));
}

/// First element of a signed sequence, and the contents of the BIT STRING at its end.
fn parts(der: &[u8]) -> (&[u8], &[u8]) {
    let element = |bytes: &[u8]| match bytes[1] {
        0x82 => 4 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]])),
        0x81 => 3 + usize::from(bytes[2]),
        short => 2 + usize::from(short),
    };
    let body = &der[der.len() - (element(der) - if der[1] == 0x82 { 4 } else { 3 })..];
    let tbs = element(body);
    let algorithm = element(&body[tbs..]);
    (&body[..tbs], &body[tbs + algorithm + 3..])
}

#[test]
fn plain_text_sealed_by_openssl_is_opened_with_the_encryption_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut key = opened();
    std::fs::write(path.join("leaf.pem"), certificate_to_pem(&certificate(&mut key, 0)).unwrap()).unwrap();
    std::fs::write(path.join("plain"), b"0123456789abcdef").unwrap();
    passes(path, &["pkeyutl", "-encrypt", "-certin", "-inkey", "leaf.pem", "-in", "plain", "-out", "sealed"]);
    let sealed = std::fs::read(path.join("sealed")).unwrap();
    let blob = wire_cipher(&sealed);
    let data = [APP.as_slice(), &CONT, &u32::try_from(blob.len()).unwrap().to_be_bytes(), &blob].concat();
    let command = apdu(0xC0, 0x28, 0, 0, &data, Some(0));
    assert_eq!(super::host::word(&mut key, &command), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    assert_eq!(ok(&mut key, &command), b"0123456789abcdef");
}

#[test]
fn what_the_key_seals_openssl_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let private = PrivateKey::generate().unwrap();
    std::fs::write(path.join("key.pem"), private_key_to_pem(&private).unwrap().as_bytes()).unwrap();
    let mut key = opened();
    let point = [[0, 0, 1, 0].as_slice(), &private.public().0].concat();
    let answer = ok(&mut key, &apdu(0x80, 0x7A, 0, 0, &[point.as_slice(), &[0, 0, 0, 5], b"hello"].concat(), Some(0)));
    assert_eq!(answer.len(), 4 + 1 + 64 + 32 + 4 + 5);
    std::fs::write(path.join("sealed"), der_cipher(&answer)).unwrap();
    assert_eq!(passes(path, &["pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "sealed"]), "hello");
}

/// `SEQUENCE { x, y INTEGER, hash, text OCTET STRING }` to the form of the wire.
fn wire_cipher(der: &[u8]) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut next = || {
        let length = usize::from(rest[1]);
        let value = &rest[2..2 + length];
        rest = &rest[2 + length..];
        value
    };
    let coordinate = |value: &[u8]| {
        let mut padded = [0; 32];
        let value = &value[value.len().saturating_sub(32)..];
        padded[32 - value.len()..].copy_from_slice(value);
        padded
    };
    let (x, y) = (coordinate(next()), coordinate(next()));
    let (hash, text) = (next(), next());
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [[0, 1, 0, 0, 4].as_slice(), &x, &y, hash, &length, text].concat()
}

/// The form of the wire to DER.
fn der_cipher(wire: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        let sign: &[u8] = if bytes[0] & 0x80 == 0 { &[] } else { &[0] };
        [&[2, u8::try_from(bytes.len() + sign.len()).unwrap()], sign, bytes].concat()
    };
    let octets = |bytes: &[u8]| [&[4, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let body = [integer(&wire[5..37]), integer(&wire[37..69]), octets(&wire[69..101]), octets(&wire[105..])].concat();
    [[0x30, u8::try_from(body.len()).unwrap()].as_slice(), &body].concat()
}
