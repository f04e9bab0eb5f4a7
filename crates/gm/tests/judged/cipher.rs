//! SM2 cipher texts as DER (GM/T 0009 §7.2).

use crate::tools::{Folder, seq, tlv};
use gm::{CryptoError, PublicKey, Sm2Cipher};

#[test]
fn openssl_opens_what_is_encrypted_here() {
    let folder = Folder::new();
    let key = folder.foreign_key("key").public();
    // coordinates with a high first bit, with a zero byte in front, and plain ones
    let shapes: [fn(&[u8; 64]) -> bool; 4] =
        [|c| c[0] >= 0x80, |c| c[0] == 0, |c| c[32] == 0, |c| c[0] < 0x80 && c[32] < 0x80];
    for (number, shape) in shapes.into_iter().enumerate() {
        let cipher = until(&key, shape);
        folder.write("cipher", cipher.to_der().unwrap());
        let plain = folder.openssl(&["pkeyutl", "-decrypt", "-inkey", "key.key", "-in", "cipher"]);
        assert_eq!(plain, "0123456789abcdef", "shape {number}");
        assert_eq!(Sm2Cipher::from_der(&folder.read("cipher")), Ok(cipher));
    }
}

/// Encrypts until C1 looks as wished: one in 256 does at worst.
fn until(key: &PublicKey, shape: fn(&[u8; 64]) -> bool) -> Sm2Cipher {
    loop {
        let cipher = key.encrypt(b"0123456789abcdef").unwrap();
        if shape(&cipher.point) {
            return cipher;
        }
    }
}

#[test]
fn what_openssl_encrypts_is_opened_here() {
    let folder = Folder::new();
    let key = folder.foreign_key("key");
    for length in [1usize, 16, 32, 100, 300] {
        let plain: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
        folder.write("plain", &plain);
        folder.openssl(&["pkeyutl", "-encrypt", "-pubin", "-inkey", "key.pub", "-in", "plain", "-out", "cipher"]);
        let cipher = Sm2Cipher::from_der(&folder.read("cipher")).unwrap();
        assert_eq!(*key.decrypt(&cipher).unwrap(), plain);
        assert_eq!(cipher.to_der().unwrap(), folder.read("cipher"), "one encoding");
    }
}

#[test]
fn cipher_texts_of_another_form_are_refused() {
    let number = |bytes: &[u8]| tlv(2, &[bytes]);
    let octets = |bytes: &[u8]| tlv(4, &[bytes]);
    let (hash, text) = (octets(&[3; 32]), octets(&[4; 16]));
    let of = |x: &[u8], y: &[u8], hash: &[u8]| Sm2Cipher::from_der(&seq(&[x, y, hash, &text])).err();
    let one = number(&[1; 32]);
    assert_eq!(of(&one, &one, &hash), None);
    assert_eq!(of(&number(&[1; 33]), &one, &hash), Some(CryptoError::Value), "a coordinate too long");
    assert_eq!(of(&one, &one, &octets(&[3; 31])), Some(CryptoError::Value), "a short hash");
    assert_eq!(of(&number(&[0x80; 32]), &one, &hash), None, "a coordinate without the zero of its sign");
    assert_eq!(of(&number(&[0, 1]), &one, &hash), None, "not the shortest integer");
    assert_eq!(of(&octets(&[1; 32]), &one, &hash), Some(CryptoError::Encoding), "no integer");
    let whole = seq(&[&one, &one, &hash, &text]);
    assert_eq!(Sm2Cipher::from_der(&[whole.as_slice(), &[0]].concat()).err(), Some(CryptoError::Encoding));
    assert_eq!(Sm2Cipher::from_der(&seq(&[&one, &one, &hash])).err(), Some(CryptoError::Encoding));
    assert_eq!(Sm2Cipher::from_der(&seq(&[&one, &one, &hash, &text, &text])).err(), Some(CryptoError::Encoding));
}
