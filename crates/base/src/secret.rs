//! Secret bytes and PINs.
//!
//! Invariants: the bytes are wiped when the value is dropped, never reallocated while they grow, and the types
//! implement neither `Debug`, `Display`, `Clone` nor `Serialize`, so a secret can't reach a log or a file by accident.

use zeroize::{Zeroize, Zeroizing};

/// The longest PIN any known key accepts on its interface is 32 bytes, longer ones are cut by the vendor's code
/// (wire-format/pins.md#pin-key); room for a wrong, overlong entry is kept so that it can be refused with a reason
/// instead of being cut.
pub const PIN_CAPACITY: usize = 64;

/// Bytes that are wiped when dropped.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Copies `bytes`; the caller stays responsible for the original.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::concat(&[bytes])
    }

    /// Joins parts in one allocation of the final size, so that no half-filled copy stays behind.
    #[must_use]
    pub fn concat(parts: &[&[u8]]) -> Self {
        let mut all = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            all.extend_from_slice(part);
        }
        Self(Zeroizing::new(all))
    }

    /// Takes over a vector; its spare capacity is wiped as well.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the place that must send or compute with them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A PIN as the person typed it, taken by value by the one operation that sends it.
pub struct Pin(SecretBytes);

/// More than [`PIN_CAPACITY`] bytes were offered as a PIN.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a PIN has at most {PIN_CAPACITY} bytes")]
pub struct PinTooLong;

impl Pin {
    /// Copies the bytes of a PIN; the caller wipes the original.
    ///
    /// # Errors
    /// [`PinTooLong`] above [`PIN_CAPACITY`] bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, PinTooLong> {
        if bytes.len() > PIN_CAPACITY {
            return Err(PinTooLong);
        }
        Ok(Self(SecretBytes::copy_of(bytes)))
    }

    /// Takes a string and wipes it.
    ///
    /// # Errors
    /// [`PinTooLong`] above [`PIN_CAPACITY`] bytes; the string is wiped then too.
    pub fn from_string(mut text: String) -> Result<Self, PinTooLong> {
        let pin = Self::new(text.as_bytes());
        text.zeroize();
        pin
    }

    /// Copies a line of a file or of the clipboard without its one line end, which is not part of the PIN. Any other line
    /// end stays, to be refused as an [`crate::odd_pin::OddPin`].
    ///
    /// # Errors
    /// [`PinTooLong`] above [`PIN_CAPACITY`] bytes.
    pub fn from_line(line: &[u8]) -> Result<Self, PinTooLong> {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        Self::new(line)
    }

    /// The bytes, for the PIN block.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{PIN_CAPACITY, Pin, PinTooLong, SecretBytes};
    use static_assertions::assert_not_impl_any;

    assert_not_impl_any!(Pin: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);
    assert_not_impl_any!(SecretBytes: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

    #[test]
    fn a_pin_longer_than_the_capacity_is_refused_not_cut() {
        assert_eq!(Pin::new(&[b'1'; PIN_CAPACITY + 1]).err(), Some(PinTooLong));
        assert_eq!(Pin::new(&[b'1'; PIN_CAPACITY]).map(|pin| pin.len()), Ok(PIN_CAPACITY));
    }

    #[test]
    fn the_one_line_end_of_a_line_is_not_part_of_the_pin() {
        for (line, pin) in [
            ("123456", "123456"),
            ("123456\n", "123456"),
            ("123456\r\n", "123456"),
            ("123456\n\n", "123456\n"),
            ("123456\r", "123456\r"),
            ("123456\r\r\n", "123456\r"),
            (" 123456 \n", " 123456 "),
            ("\n", ""),
        ] {
            assert_eq!(Pin::from_line(line.as_bytes()).map(|pin| pin.expose().to_vec()), Ok(pin.as_bytes().to_vec()));
        }
    }
}
