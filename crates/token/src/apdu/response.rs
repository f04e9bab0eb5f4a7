//! One response APDU: data, then SW1 SW2.

use super::StatusWord;

/// An answer of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Data in front of the status word.
    pub data: Vec<u8>,
    /// The status word, always kept as received.
    pub sw: StatusWord,
}

/// Fewer than two bytes came back.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("answer of {0} bytes has no status word")]
pub struct TooShort(pub usize);

impl Response {
    /// An answer with data.
    #[must_use]
    pub fn new(data: impl Into<Vec<u8>>, sw: StatusWord) -> Self {
        Self { data: data.into(), sw }
    }

    /// Splits received bytes.
    ///
    /// # Errors
    /// [`TooShort`] below two bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, TooShort> {
        let (data, &[sw1, sw2]) = bytes.split_last_chunk().ok_or(TooShort(bytes.len()))?;
        Ok(Self { data: data.to_vec(), sw: StatusWord(u16::from_be_bytes([sw1, sw2])) })
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.data.as_slice(), &self.sw.0.to_be_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, StatusWord, TooShort};

    #[test]
    fn the_last_two_bytes_are_the_status_word() {
        let response = Response::parse(&[1, 2, 0x90, 0x00]).unwrap();
        assert_eq!(response, Response::new([1, 2], StatusWord(0x9000)));
        assert_eq!(response.encode(), [1, 2, 0x90, 0x00]);
        assert_eq!(Response::parse(&[0x90]), Err(TooShort(1)));
    }
}
