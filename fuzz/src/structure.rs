//! Requests, responses, envelopes, signed data and cipher texts from anywhere: read or refused, never anything else; what
//! has one encoding comes out as it went in.

use certificate::{Certificate, certificate_of, verify_signed_data};
use gm::csr::Csr;
use gm::csr_response::CsrResponse;
use gm::enveloped_data::Sealed;
use gm::enveloped_key::EnvelopedKey;
use gm::{Sm2Cipher, signature_from_der, signature_to_der};

pub fn run(data: &[u8]) {
    let _ = Csr::verified(data);
    let _ = verify_signed_data(data, None);
    if let Ok(verified) = verify_signed_data(data, Some(b"content")) {
        assert_eq!(Certificate::parse(&verified.certificate).unwrap().sm2_key(), Some(&verified.key));
        assert!(verified.content.is_none_or(|content| content == b"content"));
    }
    if let Ok(response) = CsrResponse::from_der(data) {
        if let Some(key) = &response.key {
            let _ = certificate_of(&key.public, &response.encrypt);
        }
        sorted_again(response);
    }
    if let Ok(envelope) = EnvelopedKey::from_der(data) {
        assert_eq!(EnvelopedKey::from_der(&envelope.to_der().unwrap()), Ok(envelope));
    }
    if let Ok(sealed) = Sealed::from_der(data) {
        let _ = sealed.open_with_key(&[7; 16]);
    }
    if let Ok(cipher) = Sm2Cipher::from_der(data) {
        // the numbers of a point may be written longer or shorter than they are here
        assert_eq!(Sm2Cipher::from_der(&cipher.to_der().unwrap()), Ok(cipher));
    }
    if let Ok(signature) = signature_from_der(data) {
        assert_eq!(signature_to_der(&signature).unwrap(), data);
    }
}

/// Written and read again, the sets are the same, in order and each certificate once.
fn sorted_again(mut response: CsrResponse) {
    let again = CsrResponse::from_der(&response.to_der().unwrap()).unwrap();
    for set in [&mut response.sign, &mut response.encrypt] {
        set.sort();
        set.dedup();
    }
    assert_eq!(again, response);
}
