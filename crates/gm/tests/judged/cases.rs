//! Requests, key envelopes and signed data of every odd form met in the field, each with the right value. All are made up.

use certificate::verify_signed_data;
use gm::csr::Csr;
use gm::{CryptoError, EnvelopedKey};
use std::path::PathBuf;

fn input(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/judged/inputs", name].iter().collect();
    std::fs::read(path).unwrap()
}

#[test]
fn requests_for_keys_of_every_form_are_verified() {
    let key = Csr::verified(&input("csr-named.p10")).unwrap().key;
    for form in ["explicit", "noattrs", "null", "sm2oid"] {
        let read = Csr::verified(&input(&format!("csr-{form}.p10")));
        assert_eq!(read.map(|csr| csr.key), Ok(key), "{form}");
    }
    assert_eq!(Csr::verified(&input("csr-emptyid.p10")), Err(CryptoError::Verification));
}

#[test]
fn key_envelopes_are_read_by_every_name_of_their_algorithm() {
    let plain = EnvelopedKey::from_der(&input("ek-ecb.der")).unwrap();
    for form in ["ecb-null", "ecb-64", "sm4", "sm4-null", "negint", "nonminint"] {
        let read = EnvelopedKey::from_der(&input(&format!("ek-{form}.der")));
        assert_eq!(read.as_ref().map(|read| read.public), Ok(plain.public), "{form}");
        assert_eq!(read.unwrap().encrypted.len(), 32, "{form}");
    }
    for form in ["sm1", "cbc-iv0"] {
        assert_eq!(
            EnvelopedKey::from_der(&input(&format!("ek-{form}.der"))).err(),
            Some(CryptoError::Unsupported),
            "{form}"
        );
    }
    for form in ["ecb-pkcs7", "raw-pub64"] {
        assert!(EnvelopedKey::from_der(&input(&format!("ek-{form}.der"))).is_err(), "{form}");
    }
}

#[test]
fn signed_data_is_verified_by_every_name_of_its_algorithms() {
    for form in [
        "plain",
        "null",
        "rfcoids",
        "emptydigests",
        "301curve",
        "digestset501",
        "digest501",
        "ecpk",
        "issuerothertypes",
    ] {
        let verified = verify_signed_data(&input(&format!("p7-{form}.p7")), None);
        assert_eq!(verified.map(|verified| verified.certificate), Ok(input("p7ee.cer")), "{form}");
    }
}
