//! Commands that change a key or use its private keys, as the vendor's host writes them (wire-format/objects.md,
//! wire-format/crypto-commands.md, wire-format/vendor-commands.md#decryption).
//!
//! None of them is repeated. Integers are big-endian but for the rights of files and the constant in front of SM2 cipher
//! text, which are in the order of the host.

use super::wire::{Id, Request, use_code};
use crate::KeyUse;
use crate::apdu::{Command, Le, split};
use base::secret::SecretBytes;
use gm::{EnvelopedKey, Sm2Cipher};

/// SGD_SM2_3: encryption with SM2 (GM/T 0006).
const SM2_ENCRYPTION: [u8; 4] = [0x00, 0x02, 0x04, 0x00];
/// SGD_SM4_ECB, the only cipher a key pair may be wrapped with (GM/T 0016 §6.4.10).
const SM4_ECB: [u8; 4] = [0x00, 0x00, 0x04, 0x01];
/// 256 bits, big-endian.
const BITS_256: [u8; 4] = [0x00, 0x00, 0x01, 0x00];
/// In front of SM2 cipher text: 256 bits in the order of the host; the key does not look at it.
const CIPHER_PREFIX: [u8; 4] = [0x00, 0x01, 0x00, 0x00];
/// Length of a wrapped private key.
const PRIVATE_KEY: usize = 32;
/// Width of a file's name.
const FILE_NAME: usize = 32;

/// Everyone may read, the user may write (GM/T 0016 table 14), in the order of the host.
pub const PUBLIC_FILE: [u8; 8] = [0xFF, 0, 0, 0, 0x10, 0, 0, 0];

/// 80 40.
pub fn create_container(application: Id, name: &[u8]) -> Request {
    let data = [&application, name].concat();
    Request::new("CreateContainer", Command::new(0x80, 0x40, 0, 0).data(data).le(Le::Exactly(2)))
}

/// 80 48.
pub fn delete_container(application: Id, name: &[u8]) -> Request {
    let data = [&application, name].concat();
    Request::new("DeleteContainer", Command::new(0x80, 0x48, 0, 0).data(data))
}

/// 80 70: SM2 of 256 bits.
pub fn generate_key_pair(application: Id, container: Id) -> Request {
    let data = [application.as_slice(), &container, &BITS_256].concat();
    Request::new("GenECCKeyPair", Command::new(0x80, 0x70, 0, 0).data(data).le(Le::Any))
}

/// 80 72: app2 ‖ cont2 ‖ algorithm of the pair4 ‖ of the wrapping4 ‖ cipher ‖ bits4 ‖ X ‖ Y ‖ length4 ‖ the last 32 bytes
/// of the wrapped private key. Not shown in a log, although only the signing key opens it.
pub fn import_key_pair(application: Id, container: Id, key: &EnvelopedKey) -> Request {
    let start = key.encrypted.len().saturating_sub(PRIVATE_KEY);
    let private = key.encrypted.get(start..).unwrap_or_default();
    let data = SecretBytes::concat(&[
        &application,
        &container,
        &SM2_ENCRYPTION,
        &SM4_ECB,
        &cipher(&key.wrapped),
        &BITS_256,
        &key.public.0,
        &length(private),
        private,
    ]);
    Request::new("ImportECCKeyPair", Command::new(0x80, 0x72, 0, 0).secret(data))
}

/// 90 4C … 80 4C: app2 ‖ cont2 ‖ kind1 ‖ length4 alone, then the certificate in pieces.
pub fn import_certificate(
    application: Id,
    container: Id,
    key_use: KeyUse,
    der: &[u8],
    piece: usize,
) -> impl Iterator<Item = Request> {
    let head = [application.as_slice(), &container, &[use_code(key_use)], &length(der)].concat();
    let data = [head.as_slice(), der].concat();
    let chain = split([0x80, 0x4C, 0, 0], &data, head.len(), piece, Le::Absent);
    chain.into_iter().map(|command| Request::new("ImportCertificate", command))
}

/// C0 28: app2 ‖ cont2 ‖ length4 ‖ cipher.
pub fn decrypt(application: Id, container: Id, text: &Sm2Cipher) -> Request {
    let blob = cipher(text);
    let data = [application.as_slice(), &container, &length(&blob), &blob].concat();
    Request::new("ECCDecrypt", Command::new(0xC0, 0x28, 0, 0).data(data).le(Le::Any))
}

/// Length of the data field of C0 28.
pub fn decrypt_length(text: &Sm2Cipher) -> usize {
    8 + cipher(text).len()
}

/// `00 01 00 00` ‖ 04 ‖ C1 ‖ C3 ‖ length4 ‖ C2.
fn cipher(text: &Sm2Cipher) -> Vec<u8> {
    [CIPHER_PREFIX.as_slice(), &[4], &text.point, &text.hash, &length(&text.text), &text.text].concat()
}

/// 80 30, application in P1P2: name32 ‖ size4 ‖ read and write rights.
pub fn create_file([high, low]: Id, name: &[u8], size: u16, rights: [u8; 8]) -> Request {
    let mut data = name.to_vec();
    data.resize(FILE_NAME, 0);
    data.extend(u32::from(size).to_be_bytes());
    data.extend(rights);
    Request::new("CreateFile", Command::new(0x80, 0x30, high, low).data(data))
}

/// 80 32, application in P1P2.
pub fn delete_file([high, low]: Id, name: &[u8]) -> Request {
    Request::new("DeleteFile", Command::new(0x80, 0x32, high, low).data(name))
}

/// 80 3A: app2 ‖ offset2 ‖ name length2 ‖ name ‖ data length2 ‖ data.
pub fn write_file(application: Id, name: &[u8], offset: u16, bytes: &[u8]) -> Request {
    let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes();
    let parts = [&application, &offset.to_be_bytes(), &number(name.len()), name, &number(bytes.len()), bytes];
    Request::new("WriteFile", Command::new(0x80, 0x3A, 0, 0).data(parts.concat()))
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::{decrypt, decrypt_length, import_key_pair};
    use crate::apdu::CommandView;
    use gm::{EnvelopedKey, PublicKey, Sm2Cipher};

    #[test]
    fn a_wrapped_private_key_is_not_written_to_a_log() {
        let wrapped = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; 16] };
        let key = EnvelopedKey { wrapped, public: PublicKey([4; 64]), encrypted: vec![5; 32] };
        let request = import_key_pair([0x10, 0], [0x30, 1], &key);
        assert_eq!(request.command.to_string(), "80 72 00 00 Lc=237 [secret]");
    }

    #[test]
    fn the_length_of_a_decryption_is_known_before_it_is_built() {
        for length in [1, 16, 900] {
            let text = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; length] };
            let bytes = decrypt([0x10, 0], [0x30, 1], &text).command.encode().unwrap();
            assert_eq!(CommandView::parse(bytes.expose()).unwrap().data.len(), decrypt_length(&text));
        }
    }
}
