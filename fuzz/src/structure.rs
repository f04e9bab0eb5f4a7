//! Requests, responses, envelopes, signed data and cipher texts from anywhere: read or refused, never anything else; what
//! has one encoding comes out as it went in.

use gm::csr::Csr;
use gm::csr_response::CsrResponse;
use gm::enveloped_data::Sealed;
use gm::enveloped_key::EnvelopedKey;
use gm::issue::{public_key_of, serial_of, subject_der, validity_of, verify_issued};
use gm::{Sm2Cipher, signature_from_der, signature_to_der, signed_data};

pub fn run(data: &[u8]) {
    let _ = (public_key_of(data), serial_of(data), subject_der(data), validity_of(data), verify_issued(data, data));
    let _ = Csr::verified(data);
    let _ = signed_data::verify(data, None);
    if let Ok(verified) = signed_data::verify(data, Some(b"content")) {
        assert_eq!(public_key_of(&verified.certificate), Ok(verified.key));
        assert!(verified.content.is_none_or(|content| content == b"content"));
    }
    if let Ok(response) = CsrResponse::from_der(data) {
        let _ = response.authorities();
        if let Some(key) = &response.key {
            let _ = (response.sign_certificate_for(&key.public), response.encrypt_certificate_for(&key.public));
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
        assert_eq!(cipher.to_der().unwrap(), data);
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
