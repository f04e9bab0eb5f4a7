//! Every structure with one byte changed and cut off at every length: no reader panics, and no signature that still holds
//! says anything else than before.

use crate::certificates::{Ca, issued};
use crate::tools::{read, sign_data};
use certificate::{Certificate, certificate_of, verify_signed_data};
use gm::csr::{Csr, UnsignedCsr};
use gm::csr_response::CsrResponse;
use gm::enveloped_data::{self, Sealed};
use gm::enveloped_key::EnvelopedKey;
use gm::issue::Role;
use gm::signed_data::Content;
use gm::{PrivateKey, Sm2Cipher, signature_from_der};

/// Calls with every cut and with every byte changed in two ways; says where.
fn each_damage(bytes: &[u8], mut take: impl FnMut(&[u8], usize)) {
    for length in 0..bytes.len() {
        take(&bytes[..length], length);
    }
    let mut changed = bytes.to_vec();
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80] {
            changed[at] ^= mask;
            take(&changed, at);
            changed[at] ^= mask;
        }
    }
}

#[test]
fn a_damaged_request_is_never_taken() {
    let ca = Ca::new();
    let key = PrivateKey::generate().unwrap();
    let request = UnsignedCsr::new(read(&ca.certificate).subject.der(), &key.public()).unwrap();
    let signature = key.sign_digest(&request.digest()).unwrap();
    let der = request.finish(&signature).unwrap();
    assert!(Csr::verified(&der).is_ok());
    each_damage(&der, |damaged, at| assert!(Csr::verified(damaged).is_err(), "at {at}"));
}

#[test]
fn a_damaged_certificate_is_never_taken_for_issued() {
    let ca = Ca::new();
    let leaf = issued(&ca, &PrivateKey::generate().unwrap().public(), Role::Signing, &[7]);
    let authority = read(&ca.certificate);
    each_damage(&leaf, |damaged, at| {
        let issued = Certificate::parse(damaged).is_ok_and(|damaged| damaged.verify_issued_by(&authority).is_ok());
        assert!(!issued, "at {at}");
    });
    each_damage(&ca.certificate, |damaged, _| {
        let _ = Certificate::parse(damaged).map(|damaged| read(&leaf).verify_issued_by(&damaged));
    });
}

#[test]
fn damaged_signed_data_says_what_was_signed_or_nothing() {
    let ca = Ca::new();
    let key = PrivateKey::generate().unwrap();
    let certificate = issued(&ca, &key.public(), Role::Signing, &[7]);
    let signature = key.sign_message(b"content").unwrap();
    let p7 = sign_data(&certificate, b"content", Content::Attached, &signature).unwrap();
    let mut held = 0;
    each_damage(&p7, |damaged, at| {
        // the certificate's own signature and names are not what is checked here
        if let Ok(verified) = verify_signed_data(damaged, None) {
            assert_eq!((verified.content.as_deref(), verified.key), (Some(&b"content"[..]), key.public()), "at {at}");
            held += 1;
        }
    });
    assert!(held > 0, "the certificate's own signature may change without harm to this one");
}

#[test]
fn damaged_responses_and_envelopes_are_read_or_refused() {
    let ca = Ca::new();
    let [signing, encryption] = [(); 2].map(|()| PrivateKey::generate().unwrap());
    let envelope = EnvelopedKey::build(&signing.public(), &encryption).unwrap();
    each_damage(&envelope.to_der().unwrap(), |damaged, at| {
        if let Ok(read) = EnvelopedKey::from_der(damaged) {
            let opened = read.open(&signing);
            assert!(opened.is_err() || read == envelope, "at {at}");
        }
    });
    let response = CsrResponse {
        sign: vec![issued(&ca, &signing.public(), Role::Signing, &[1]), ca.certificate.clone()],
        key: Some(envelope),
        encrypt: vec![issued(&ca, &encryption.public(), Role::Encryption, &[2])],
    };
    each_damage(&response.to_der().unwrap(), |damaged, _| {
        if let Ok(read) = CsrResponse::from_der(damaged) {
            let _ = certificate_of(&signing.public(), &read.sign);
        }
    });
}

#[test]
fn damaged_sealed_data_and_cipher_texts_are_read_or_refused() {
    let key = PrivateKey::generate().unwrap();
    let certificate = issued(&Ca::new(), &key.public(), Role::Encryption, &[7]);
    each_damage(&enveloped_data::seal(&read(&certificate).holder().unwrap(), b"plain text").unwrap(), |damaged, _| {
        if let Ok(sealed) = Sealed::from_der(damaged) {
            let _ = sealed.open(&key);
        }
    });
    each_damage(&key.public().encrypt(b"plain").unwrap().to_der().unwrap(), |damaged, at| {
        if let Ok(cipher) = Sm2Cipher::from_der(damaged) {
            assert!(key.decrypt(&cipher).is_err(), "at {at}");
        }
    });
    let signature = [0xFF; 64];
    each_damage(&gm::signature_to_der(&signature).unwrap(), |damaged, _| {
        let _ = signature_from_der(damaged);
    });
}
