//! Serial numbers of certificates.

use super::name::hex;
use std::fmt;

/// The number an issuer gave a certificate. By the standard it is positive and of at most 20 bytes; others occur and are
/// handled all the same (RFC 5280 §4.1.2.2): equal when the numbers are, however they are written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CertificateSerial {
    negative: bool,
    /// Big-endian without leading zeros; zero is one byte.
    magnitude: Vec<u8>,
}

impl CertificateSerial {
    /// Reads the content of an INTEGER: two's complement, big-endian, also with more bytes in front than it needs.
    pub(super) fn from_integer(content: &[u8]) -> Self {
        let negative = content.first().is_some_and(|first| first & 0x80 != 0);
        let mut magnitude = content.to_vec();
        if negative {
            negate(&mut magnitude);
        }
        let start = magnitude.iter().position(|&byte| byte != 0).unwrap_or(magnitude.len().saturating_sub(1));
        magnitude.drain(..start);
        Self { negative, magnitude }
    }

    /// Content of the INTEGER in its shortest form.
    #[must_use]
    pub fn to_integer(&self) -> Vec<u8> {
        let mut content = [&[0], self.magnitude.as_slice()].concat();
        if self.negative {
            negate(&mut content);
        }
        while let [first, second, ..] = content.as_slice()
            && (*first == 0 && second & 0x80 == 0 || *first == 0xFF && second & 0x80 != 0)
        {
            content.remove(0);
        }
        content
    }

    /// Absolute value, big-endian without leading zeros.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// Whether it is above zero, as the standard wants it.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        !self.negative && self.magnitude.iter().any(|&byte| byte != 0)
    }
}

/// Two's complement of the negative number.
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

impl fmt::Display for CertificateSerial {
    /// Upper-case hex, a minus sign in front of a negative one, as `openssl` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.negative { "-" } else { "" }, hex(&self.magnitude))
    }
}

impl fmt::Debug for CertificateSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::CertificateSerial;

    #[test]
    fn numbers_are_equal_by_value_and_shown_with_their_sign() {
        let read = |content: &[u8]| CertificateSerial::from_integer(content);
        assert_eq!(read(&[0, 0, 0x1A, 0x10]), read(&[0x1A, 0x10]));
        assert_eq!(read(&[0xFF, 0xFF, 0x10]), read(&[0xFF, 0x10]));
        assert_ne!(read(&[0xFF]), read(&[0, 0xFF]));
        for (content, shortest) in [
            (&[0, 0, 0x80][..], &[0, 0x80][..]),
            (&[0xFF, 0xFF, 0x10], &[0xFF, 0x10]),
            (&[0x80], &[0x80]),
            (&[0, 0], &[0]),
        ] {
            assert_eq!(read(content).to_integer(), shortest);
        }
        for (content, shown, positive) in [
            (&[0xFF][..], "-01", false),
            (&[0, 0xFF], "FF", true),
            (&[0xFF, 0x10], "-F0", false),
            (&[0x80], "-80", false),
            (&[0], "00", false),
            (&[], "", false),
        ] {
            let again = read(&read(content).to_integer());
            assert!(content.is_empty() || again == read(content), "{shown}");
            assert_eq!((read(content).to_string().as_str(), read(content).is_positive()), (shown, positive));
        }
    }
}
