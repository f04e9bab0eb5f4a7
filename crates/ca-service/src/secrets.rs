//! The service's own secret and what is derived from it: tokens of orders, keyed hashes of codes and captchas, codes and
//! transport PINs of unlocks.
//!
//! Invariant: nothing that a customer has to prove lies in the database in a form that could be used.

use gm::{CryptoError, PrivateKey, hmac, random};
use zeroize::Zeroizing;

/// The service's secret. All instances on one database share it.
pub struct Secrets(Zeroizing<[u8; 32]>);

impl Secrets {
    /// From the key kept for it.
    #[must_use]
    pub fn new(key: &PrivateKey) -> Self {
        Self(key.to_bytes())
    }

    /// A value only this service can make: for `purpose` and `parts`, 64 hexadecimal digits.
    #[must_use]
    pub fn tag(&self, purpose: &str, parts: &[&str]) -> String {
        hex(self.derive(purpose, parts).as_slice())
    }

    /// The same as 32 bytes that are wiped, for what is itself a secret.
    #[must_use]
    pub fn derive(&self, purpose: &str, parts: &[&str]) -> Zeroizing<[u8; 32]> {
        let mut all: Vec<&[u8]> = vec![purpose.as_bytes()];
        for part in parts {
            all.extend([[0].as_slice(), part.as_bytes()]);
        }
        Zeroizing::new(hmac(self.0.as_slice(), &all))
    }
}

/// Compares in a time that does not depend on where the texts differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Whether a text can be a name the service gave – of an order, a session, a challenge – and not something a database
/// would choke on.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Upper-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase());
        }
        text
    })
}

/// Bytes of a hexadecimal text.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect::<Option<_>>()?;
    digits.chunks(2).map(|pair| if let [high, low] = pair { Some(high << 4 | low) } else { None }).collect()
}

/// So many random bytes as hexadecimal.
///
/// # Errors
/// [`CryptoError::Random`].
pub fn random_hex<const N: usize>() -> Result<String, CryptoError> {
    random::<N>().map(|bytes| hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::{Secrets, from_hex, hex, is_name, same};
    use gm::PrivateKey;

    #[test]
    fn a_tag_depends_on_purpose_parts_and_their_borders() {
        let secrets = Secrets::new(&PrivateKey::generate().unwrap());
        let tag = secrets.tag("a", &["b", "c"]);
        assert_eq!(tag, secrets.tag("a", &["b", "c"]));
        for other in [secrets.tag("ab", &["c"]), secrets.tag("a", &["bc"]), secrets.tag("a", &["c", "b"])] {
            assert_ne!(tag, other);
        }
        assert_ne!(tag, Secrets::new(&PrivateKey::generate().unwrap()).tag("a", &["b", "c"]));
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(hex(&[0, 0x1A, 0xFF]), "001AFF");
        assert_eq!(from_hex("001aFF"), Some(vec![0, 0x1A, 0xFF]));
        for wrong in ["0", "0g", "证书", "+1"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_letters_digits_and_dashes() {
        for name in ["20261120-000001", "operation", "00FF"] {
            assert!(is_name(name), "{name}");
        }
        for other in ["", "a\0", "a b", "证书", "'", "A".repeat(129).as_str()] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn only_equal_texts_are_the_same() {
        assert!(same("abc", "abc"));
        for other in ["abd", "ab", "abcd", ""] {
            assert!(!same("abc", other));
        }
    }
}
