//! The SM4 key made from a PIN (wire-format/pins.md#pin-key): both the host's PIN blocks and the virtual key's check
//! use it.

use super::Sm4Key;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// First 16 bytes of SHA-1 over the PIN: up to 16 bytes zero-padded to 16, up to 32 as they are, longer ones cut at 32.
#[must_use]
pub fn pin_key(pin: &[u8]) -> Sm4Key {
    let mut padded = Zeroizing::new([0u8; 32]);
    let used = pin.len().min(32);
    for (to, from) in padded.iter_mut().zip(pin) {
        *to = *from;
    }
    let hashed = padded.get(..used.max(16)).unwrap_or_default();
    let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(hashed)));
    let mut key = Zeroizing::new([0u8; 16]);
    for (to, from) in key.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::pin_key;

    fn hex(pin: &str) -> String {
        pin_key(pin.as_bytes()).iter().map(|b| format!("{b:02X}")).collect()
    }

    #[test]
    fn the_vectors_of_the_wire_format_hold() {
        assert_eq!(hex("111111"), "546BDAB611F22FAEECAE003F130CC0CB");
        assert_eq!(hex("123456"), "F41B44DBECCCACCFBB4CCF6A7FC4921C");
        assert_eq!(hex("12345678"), "002FE525CB3AFA592E4011157437C666");
    }

    #[test]
    fn more_than_eight_characters_all_count_and_32_is_the_limit() {
        assert_ne!(hex("123456789"), hex("12345678"));
        let long = "a".repeat(33);
        assert_eq!(hex(&long), hex(&"a".repeat(32)));
        assert_ne!(hex(&"a".repeat(17)), hex(&"a".repeat(16)));
    }
}
