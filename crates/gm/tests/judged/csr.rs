//! Certificate requests.

use crate::tools::{Folder, ID, NULL, alg, children, oid, patched, read, seq, signed, tlv};
use gm::csr::{Csr, UnsignedCsr};
use gm::{CryptoError, DEFAULT_ID, PrivateKey, signature_from_der};

/// With strings of three types: a name must come back as it went in.
const SUBJECT: &str = "/C=CN/O=某某科技有限公司/CN=测试单位/emailAddress=someone@example.cn";

fn subject(folder: &Folder) -> Vec<u8> {
    folder.foreign_key("old");
    read(&folder.self_signed("old", SUBJECT, "")).subject.der().to_vec()
}

#[test]
fn openssl_verifies_a_request_whose_signature_came_from_elsewhere() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let key = folder.foreign_key("new");
    let request = UnsignedCsr::new(&subject, &key.public()).unwrap();
    // as a token does: sign the 32 bytes, know nothing of what they are
    folder.write("e", request.digest());
    folder.openssl(&["pkeyutl", "-sign", "-inkey", "new.key", "-in", "e", "-out", "signature"]);
    let der = request.finish(&signature_from_der(&folder.read("signature")).unwrap()).unwrap();
    folder.write("request", &der);
    let arguments = ["req", "-inform", "DER", "-in", "request", "-noout", "-verify", "-vfyopt", ID];
    assert!(folder.openssl(&arguments).contains("verify OK"));
    let name = ["-nameopt", "utf8,sep_comma_plus_space,esc_msb"];
    let of_request =
        folder.openssl(&[&["req", "-inform", "DER", "-in", "request", "-noout", "-subject"], &name[..]].concat());
    assert_eq!(of_request, folder.openssl(&[&["x509", "-in", "old.pem", "-noout", "-subject"], &name[..]].concat()));
    let public = folder.openssl(&["req", "-inform", "DER", "-in", "request", "-noout", "-pubkey"]);
    assert_eq!(public, folder.read_text("new.pub"));
    assert_eq!(folder.judge(&["signed", "request", "new.pub"])["algorithm"][1], "", "no parameters, not NULL");
    assert_eq!(Csr::verified(&der).unwrap(), Csr { subject, key: key.public() });
}

#[test]
fn a_request_does_not_leave_with_a_signature_of_another_key_or_digest() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let request = || UnsignedCsr::new(&subject, &key.public()).unwrap();
    let e = request().digest();
    assert_eq!(request().finish(&other.sign_digest(&e).unwrap()).err(), Some(CryptoError::Verification));
    assert_eq!(request().finish(&key.sign_digest(&[7; 32]).unwrap()).err(), Some(CryptoError::Verification));
    assert_eq!(request().finish(&[0; 64]).err(), Some(CryptoError::Value));
    assert!(request().finish(&key.sign_digest(&e).unwrap()).is_ok());
}

#[test]
fn a_subject_that_is_no_name_is_refused() {
    let key = PrivateKey::generate().unwrap().public();
    for bad in [b"".as_slice(), b"\x31\x00", b"\x30\x01", b"\x30\x00\x00"] {
        assert_eq!(UnsignedCsr::new(bad, &key).err(), Some(CryptoError::Encoding), "{bad:?}");
    }
}

fn openssl_request(folder: &Folder, key: &str, options: &[&str]) -> Vec<u8> {
    folder.write("request.cnf", "[req]\ndistinguished_name = dn\nprompt = no\nattributes = a\n[dn]\n[a]\n");
    let common = ["req", "-new", "-utf8", "-key", key, "-config", "request.cnf", "-subj", SUBJECT];
    folder.openssl(&[&common, options, &["-outform", "DER", "-out", "foreign"]].concat());
    folder.read("foreign")
}

#[test]
fn a_request_of_openssl_is_read_and_one_under_another_identity_is_refused() {
    let folder = Folder::new();
    let key = folder.foreign_key("new");
    let der = openssl_request(&folder, "new.key", &["-sm3", "-sigopt", ID]);
    let read = Csr::verified(&der).unwrap();
    assert_eq!(read.key, key.public());
    assert_eq!(read.subject, subject(&folder));
    let empty = openssl_request(&folder, "new.key", &["-sm3"]);
    assert_eq!(Csr::verified(&empty), Err(CryptoError::Verification), "no identity");
    let other = openssl_request(&folder, "new.key", &["-sm3", "-sigopt", "distid:someone@example.cn"]);
    assert_eq!(Csr::verified(&other), Err(CryptoError::Verification), "another identity");
}

#[test]
fn requests_of_other_algorithms_are_told_from_broken_ones() {
    let folder = Folder::new();
    folder.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "p256.key"]);
    folder.openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.key"]);
    for key in ["p256.key", "rsa.key"] {
        let der = openssl_request(&folder, key, &["-sha256"]);
        assert_eq!(Csr::verified(&der), Err(CryptoError::Unsupported), "{key}");
    }
    folder.foreign_key("new");
    let der = openssl_request(&folder, "new.key", &["-sm3", "-sigopt", ID]);
    assert_eq!(Csr::verified(&[der.as_slice(), &[0]].concat()), Err(CryptoError::Encoding));
    assert_eq!(Csr::verified(&der[..der.len() - 1]), Err(CryptoError::Encoding));
    assert_eq!(Csr::verified(&[]), Err(CryptoError::Encoding));
    let changed = patched(&der, "测试单位".as_bytes(), "测试单元".as_bytes());
    assert_eq!(Csr::verified(&changed), Err(CryptoError::Verification));
    let long = tlv(0x30, &[&vec![0; 70_000]]);
    assert_eq!(Csr::verified(&long), Err(CryptoError::Encoding), "longer than any request");
}

/// A request body with these attributes.
fn body(subject: &[u8], key: &PrivateKey, version: u8, attributes: &[&[u8]]) -> Vec<u8> {
    let algorithm = seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.156.10197.1.301")]);
    let info = seq(&[&algorithm, &tlv(3, &[&[0], &key.public().uncompressed()])]);
    let attributes: Vec<u8> = attributes.iter().flat_map(|attributes| tlv(0xA0, &[attributes])).collect();
    seq(&[&[2, 1, version], subject, &info, &attributes])
}

#[test]
fn the_signature_is_checked_over_the_bytes_that_came() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let key = folder.key("new");
    let plain = alg("1.2.156.10197.1.501", &[]);
    // a set in the wrong order, which an encoder would sort and so change what was signed
    let attribute = |last: &str| seq(&[&oid(last), &tlv(0x31, &[&tlv(0x0C, &[b"x"])])]);
    let (high, low) = (attribute("1.2.840.113549.1.9.8"), attribute("1.2.840.113549.1.9.7"));
    assert!(high > low);
    let unsorted = body(&subject, &key, 0, &[&[high, low].concat()]);
    let der = signed(&unsorted, &plain, &key);
    folder.write("request", &der);
    folder.judge(&["signed", "request", "new.pub"]);
    assert_eq!(Csr::verified(&der).unwrap().key, key.public());
    assert_eq!(children(&der)[0], unsorted);
}

#[test]
fn null_parameters_and_missing_attributes_are_accepted_and_another_version_is_not() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let key = folder.key("new");
    let expected = Csr { subject: subject.clone(), key: key.public() };
    let null = signed(&body(&subject, &key, 0, &[&[]]), &alg("1.2.156.10197.1.501", NULL), &key);
    assert_eq!(Csr::verified(&null), Ok(expected.clone()));
    let none = signed(&body(&subject, &key, 0, &[]), &alg("1.2.156.10197.1.501", &[]), &key);
    assert_eq!(Csr::verified(&none), Ok(expected));
    let version = signed(&body(&subject, &key, 1, &[&[]]), &alg("1.2.156.10197.1.501", &[]), &key);
    assert_eq!(Csr::verified(&version), Err(CryptoError::Unsupported));
    let algorithm = signed(&body(&subject, &key, 0, &[&[]]), &alg("1.2.156.10197.1.502", &[]), &key);
    assert_eq!(Csr::verified(&algorithm), Err(CryptoError::Unsupported));
    let parameters = signed(&body(&subject, &key, 0, &[&[]]), &alg("1.2.156.10197.1.501", &[4, 0]), &key);
    assert_eq!(Csr::verified(&parameters), Err(CryptoError::Unsupported));
}

#[test]
fn a_request_for_a_point_off_the_curve_is_refused() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let key = folder.key("new");
    let good = body(&subject, &key, 0, &[&[]]);
    let mut point = key.public().0;
    point[63] ^= 1;
    let bad = signed(&patched(&good, &key.public().0, &point), &alg("1.2.156.10197.1.501", &[]), &key);
    assert_eq!(Csr::verified(&bad), Err(CryptoError::Value));
}

#[test]
fn the_digest_is_the_one_of_the_standard_over_the_body_of_the_request() {
    let folder = Folder::new();
    let subject = subject(&folder);
    let key = folder.key("new");
    let request = UnsignedCsr::new(&subject, &key.public()).unwrap();
    let info = body(&subject, &key, 0, &[&[]]);
    assert_eq!(request.digest(), key.public().digest(DEFAULT_ID.as_bytes(), &info));
}
