//! CSRResponse.

use crate::certificates::{Ca, issued};
use crate::tools::{Folder, alg, seq, tlv, to_hex};
use certificate::certificate_of;
use gm::csr_response::CsrResponse;
use gm::enveloped_key::EnvelopedKey;
use gm::issue::Role;
use gm::{CryptoError, PrivateKey, PublicKey};
use serde_json::json;

struct Package {
    folder: Folder,
    ca: Ca,
    signing: PrivateKey,
    encryption: PrivateKey,
    sign: Vec<u8>,
    encrypt: Vec<u8>,
}

impl Package {
    fn new() -> Self {
        let folder = Folder::new();
        let ca = Ca::new();
        let signing = folder.foreign_key("signing");
        let encryption = PrivateKey::generate().unwrap();
        let sign = issued(&ca, &signing.public(), Role::Signing, &[1]);
        let encrypt = issued(&ca, &encryption.public(), Role::Encryption, &[2]);
        Self { folder, ca, signing, encryption, sign, encrypt }
    }

    fn response(&self) -> CsrResponse {
        CsrResponse {
            sign: vec![self.sign.clone(), self.ca.certificate.clone()],
            key: Some(EnvelopedKey::build(&self.signing.public(), &self.encryption).unwrap()),
            encrypt: vec![self.ca.certificate.clone(), self.encrypt.clone()],
        }
    }
}

fn sorted(certificates: &[&[u8]]) -> Vec<String> {
    let mut all: Vec<String> = certificates.iter().map(|certificate| to_hex(certificate)).collect();
    all.sort();
    all
}

#[test]
fn openssl_recovers_the_key_of_the_encryption_certificate_from_a_response() {
    let package = Package::new();
    let der = package.response().to_der().unwrap();
    package.folder.write("response", &der);
    let found = package.folder.judge(&["response", "response", "signing.key"]);
    let ca = package.ca.certificate.as_slice();
    assert_eq!(found["sign"], json!(sorted(&[&package.sign, ca])));
    assert_eq!(found["encrypt"], json!(sorted(&[&package.encrypt, ca])));
    assert_eq!(found["key"]["private"], to_hex(package.encryption.to_bytes().as_slice()));
    // the public key openssl finds in the certificate
    package.folder.write("encrypt.der", &package.encrypt);
    let arguments = ["x509", "-inform", "DER", "-in", "encrypt.der", "-noout", "-pubkey", "-out", "encrypt.pub"];
    package.folder.openssl(&arguments);
    package.folder.openssl(&["pkey", "-pubin", "-in", "encrypt.pub", "-outform", "DER", "-out", "encrypt.spki"]);
    let public = found["key"]["public"].as_str().unwrap();
    assert!(to_hex(&package.folder.read("encrypt.spki")).ends_with(public));
}

#[test]
fn certificates_are_found_by_their_keys_whatever_their_order() {
    let package = Package::new();
    for swapped in [false, true] {
        let mut response = package.response();
        if swapped {
            response.sign.reverse();
            response.encrypt.reverse();
        }
        // by hand, so that the order stays
        let der = seq(&[
            &tlv(0x31, &[&response.sign.concat()]),
            &tlv(0xA0, &[&content(&response.key.as_ref().unwrap().to_der().unwrap())]),
            &tlv(0xA1, &[&response.encrypt.concat()]),
        ]);
        let read = CsrResponse::from_der(&der).unwrap();
        assert_eq!(read, response);
        let (signing, encryption) = (package.signing.public(), package.encryption.public());
        assert_eq!(of(&signing, &read.sign), Some(package.sign.clone()));
        assert_eq!(of(&encryption, &read.encrypt), Some(package.encrypt.clone()));
        assert_eq!(of(&encryption, &read.sign), None);
        assert_eq!(of(&signing, &read.encrypt), None);
        let opened = read.key.unwrap().open(&package.signing).unwrap();
        assert_eq!(opened.public(), encryption);
    }
}

/// The certificate of a key among others.
fn of(key: &PublicKey, certificates: &[Vec<u8>]) -> Option<Vec<u8>> {
    Some(certificate_of(key, certificates)?.der().to_vec())
}

/// What is inside an element.
fn content(element: &[u8]) -> Vec<u8> {
    crate::tools::children(element).concat()
}

#[test]
fn a_response_for_the_signing_key_alone_has_nothing_else() {
    let package = Package::new();
    let response = CsrResponse { sign: vec![package.sign.clone()], ..CsrResponse::default() };
    let der = response.to_der().unwrap();
    assert_eq!(der, seq(&[&tlv(0x31, &[&package.sign])]));
    assert_eq!(CsrResponse::from_der(&der), Ok(response));
}

#[test]
fn a_certificate_given_twice_is_written_once() {
    let package = Package::new();
    let sign = vec![package.sign.clone(), package.sign.clone()];
    let der = CsrResponse { sign, ..CsrResponse::default() }.to_der().unwrap();
    assert_eq!(CsrResponse::from_der(&der).unwrap().sign, [package.sign]);
}

#[test]
fn certificates_of_other_algorithms_lie_beside_without_harm() {
    let package = Package::new();
    package.folder.write("rsa.cnf", "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n");
    package.folder.openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "rsa.key",
        "-config",
        "rsa.cnf",
        "-subj",
        "/CN=x",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-out",
        "rsa.pem",
    ]);
    let rsa = package.folder.to_der("rsa.pem");
    let strange = b"\x30\x03\x02\x01\x01".to_vec();
    let response = CsrResponse { sign: vec![rsa, strange, package.sign.clone()], ..CsrResponse::default() };
    let read = CsrResponse::from_der(&response.to_der().unwrap()).unwrap();
    assert_eq!(of(&package.signing.public(), &read.sign), Some(package.sign));
}

#[test]
fn other_responses_are_refused_with_their_reason() {
    let package = Package::new();
    let sign = tlv(0x31, &[&package.sign]);
    let of = |parts: &[&[u8]]| CsrResponse::from_der(&seq(parts)).err();
    assert_eq!(of(&[&sign]), None);
    let encrypted_data = tlv(0xA0, &[&[2, 1, 0], &seq(&[])]);
    assert_eq!(of(&[&sign, &encrypted_data]), Some(CryptoError::Unsupported), "EncryptedData");
    let key = package.response().key.unwrap().to_der().unwrap();
    assert_eq!(of(&[&sign, &tlv(0xA0, &[&key])]), Some(CryptoError::Encoding), "an explicit tag");
    let sm1 = [alg("1.2.156.10197.1.102.1", &[]), crate::tools::children(&key)[1..].concat()].concat();
    assert_eq!(of(&[&sign, &tlv(0xA0, &[&sm1])]), Some(CryptoError::Unsupported), "SM1");
    assert_eq!(of(&[]), Some(CryptoError::Encoding));
    assert_eq!(of(&[&tlv(0xA1, &[&package.encrypt])]), Some(CryptoError::Encoding), "no signing certificate");
    let key_part = tlv(0xA0, &[&content(&key)]);
    let encrypt = tlv(0xA1, &[&package.encrypt]);
    assert_eq!(of(&[&sign, &key_part, &encrypt]), None);
    assert_eq!(of(&[&sign, &encrypt, &key_part]), Some(CryptoError::Encoding), "in another order");
    assert_eq!(of(&[&sign, &tlv(0xA2, &[])]), Some(CryptoError::Encoding), "something more");
    assert_eq!(of(&[&tlv(0x31, &[b"\x02\x01\x01"])]), Some(CryptoError::Encoding), "no certificate");
    let many = seq(&[]).repeat(33);
    assert_eq!(of(&[&tlv(0x31, &[&many])]), Some(CryptoError::Encoding), "more than anyone sends");
    assert_eq!(of(&[&tlv(0x31, &[&seq(&[&vec![0; 2_000_000]])])]), Some(CryptoError::Encoding), "too long");
}
