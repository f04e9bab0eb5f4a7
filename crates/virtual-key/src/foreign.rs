//! A card that is no key of this kind: another ATR, refuses everything but SELECT, remembers what it was sent. It proves
//! that a program under test never sends a PIN to a card it does not know.

use super::Outcome;
use super::link::Endpoint;

/// Direct convention, T=1, historical bytes `OTHER`, check byte.
const ATR: [u8; 10] = [0x3B, 0x85, 0x80, 0x01, b'O', b'T', b'H', b'E', b'R', 0x40];

/// The card.
#[derive(Default)]
pub struct ForeignCard {
    headers: Vec<[u8; 4]>,
}

impl ForeignCard {
    /// Headers of all commands received.
    #[must_use]
    pub fn headers(&self) -> &[[u8; 4]] {
        &self.headers
    }
}

impl Endpoint for ForeignCard {
    fn atr(&self) -> &[u8] {
        &ATR
    }

    fn reset(&mut self) {}

    fn exchange(&mut self, apdu: &[u8]) -> Outcome {
        let header = apdu.first_chunk::<4>().copied().unwrap_or_default();
        self.headers.push(header);
        let word: u16 = match header {
            [0x00, 0xA4, ..] => 0x9000,
            [0x00, ..] => 0x6D00,
            _ => 0x6E00,
        };
        Outcome::Answer(word.to_be_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::{ATR, ForeignCard};
    use crate::{Outcome, link::Endpoint};

    #[test]
    fn it_refuses_what_keys_understand_and_counts_it() {
        let mut card = ForeignCard::default();
        assert_eq!(card.exchange(&[0, 0xA4, 4, 0, 0]), Outcome::Answer(vec![0x90, 0]));
        assert_eq!(card.exchange(&[0x80, 4, 0, 0, 0, 0, 0]), Outcome::Answer(vec![0x6E, 0]));
        assert_eq!(card.headers(), [[0, 0xA4, 4, 0], [0x80, 4, 0, 0]]);
        assert_eq!(ATR[1..].iter().fold(0, |sum, byte| sum ^ byte), 0, "TCK");
    }
}
