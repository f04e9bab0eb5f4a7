//! Two back ends without a card, for tests and fuzzing: a script that refuses every unexpected byte, and answers taken
//! from a byte string.

use super::{Channel, Transport, TransportError};
use crate::apdu::{Command, Response};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One exchange of a script.
pub struct Step {
    /// The command, byte for byte.
    pub expect: Vec<u8>,
    /// What comes back.
    pub answer: Result<Vec<u8>, TransportError>,
}

impl Step {
    /// A step in hex, blanks ignored; `None` when it is not hex.
    #[must_use]
    pub fn hex(expect: &str, answer: &str) -> Option<Self> {
        Some(Self { expect: from_hex(expect)?, answer: Ok(from_hex(answer)?) })
    }

    /// A step at which the connection breaks.
    #[must_use]
    pub fn broken(expect: &str, error: TransportError) -> Option<Self> {
        Some(Self { expect: from_hex(expect)?, answer: Err(error) })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[derive(Default)]
struct Tape {
    steps: VecDeque<Step>,
    sent: Vec<[u8; 4]>,
    wrong: Option<String>,
    reset: bool,
}

/// What became of a script; shared with the transport that plays it.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Tape>>);

impl Script {
    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds steps to be played.
    pub fn expect(&self, steps: impl IntoIterator<Item = Step>) {
        self.tape().steps.extend(steps);
    }

    /// Lets the next transaction report that the card was reset.
    pub fn reset(&self) {
        self.tape().reset = true;
    }

    /// Headers of everything sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<[u8; 4]> {
        self.tape().sent.clone()
    }

    /// Everything was sent as written, and nothing else.
    ///
    /// # Errors
    /// The first difference, without secret bytes.
    pub fn verdict(&self) -> Result<(), String> {
        let tape = self.tape();
        match (&tape.wrong, tape.steps.len()) {
            (Some(wrong), _) => Err(wrong.clone()),
            (None, 0) => Ok(()),
            (None, left) => Err(format!("{left} steps were never sent")),
        }
    }
}

/// Plays a [`Script`].
pub struct Replay {
    script: Script,
    atr: Vec<u8>,
}

impl Replay {
    /// A card with this ATR and the script to watch and extend it.
    #[must_use]
    pub fn new(atr: &[u8]) -> (Self, Script) {
        let script = Script::default();
        (Self { script: script.clone(), atr: atr.to_vec() }, script)
    }
}

impl Transport for Replay {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        let reset = std::mem::take(&mut self.script.tape().reset);
        Ok(Box::new(ReplayChannel { script: &self.script, reset }))
    }

    fn atr(&self) -> &[u8] {
        &self.atr
    }
}

struct ReplayChannel<'a> {
    script: &'a Script,
    reset: bool,
}

impl Channel for ReplayChannel<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let bytes = command.encode().map_err(|_| TransportError::TooLong)?;
        let mut tape = self.script.tape();
        tape.sent.push(command.header());
        let number = tape.sent.len();
        let step = tape.steps.pop_front().filter(|step| step.expect == bytes.expose());
        let Some(step) = step else {
            tape.wrong.get_or_insert_with(|| format!("command {number} is not the expected one: {command}"));
            return Err(TransportError::Garbage);
        };
        Response::parse(&step.answer?).map_err(|_| TransportError::Garbage)
    }

    fn was_reset(&self) -> bool {
        self.reset
    }
}

/// Answers every command with the next piece of a byte string: length big-endian in two bytes, then the answer with its
/// status word. The top bit of the length means a broken connection; when the bytes end, the card is gone.
pub struct FuzzBytes {
    rest: VecDeque<u8>,
}

impl FuzzBytes {
    /// Answers from these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self { rest: bytes.iter().copied().collect() }
    }
}

impl Transport for FuzzBytes {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        Ok(Box::new(FuzzChannel(&mut self.rest)))
    }

    fn atr(&self) -> &[u8] {
        // the ATR of the proven family, so that the PIN functions are reached
        &[0x3B, 0x9F, 0x11, 0x81, 0x31, 0xFE, 0x9F, 0x00, 0x6A, 0x6D, 0x54, 0x6F, 0x6B, 0x65, 0x6E, 0x2D]
    }
}

struct FuzzChannel<'a>(&'a mut VecDeque<u8>);

impl Channel for FuzzChannel<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        command.encode().map_err(|_| TransportError::TooLong)?;
        let (Some(high), Some(low)) = (self.0.pop_front(), self.0.pop_front()) else {
            return Err(TransportError::Removed);
        };
        if high & 0x80 != 0 {
            return Err(TransportError::Mute);
        }
        let length = usize::from(u16::from_be_bytes([high, low])).min(self.0.len());
        let answer: Vec<u8> = self.0.drain(..length).collect();
        Response::parse(&answer).map_err(|_| TransportError::Garbage)
    }

    fn was_reset(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{FuzzBytes, Replay, Step};
    use crate::apdu::{Command, Response, StatusWord};
    use crate::{Transport, TransportError};

    #[test]
    fn a_script_refuses_an_unexpected_byte_and_notices_what_was_not_sent() {
        let (mut card, script) = Replay::new(&[]);
        script.expect([Step::hex("80 1C 00 00", "90 00").unwrap(), Step::hex("80 50 00 00", "90 00").unwrap()]);
        let mut channel = card.begin().unwrap();
        assert_eq!(channel.transmit(&Command::new(0x80, 0x1C, 0, 0)), Ok(Response::new([], StatusWord::OK)));
        assert_eq!(script.verdict(), Err("1 steps were never sent".to_owned()));
        assert_eq!(channel.transmit(&Command::new(0x80, 0x50, 0, 1)), Err(TransportError::Garbage));
        assert_eq!(script.verdict(), Err("command 2 is not the expected one: 80 50 00 01 Lc=0".to_owned()));
    }

    #[test]
    fn fuzz_bytes_are_answers_until_they_end() {
        let mut card = FuzzBytes::new(&[0, 3, 7, 0x90, 0, 0x80, 0, 0, 1, 9]);
        let mut channel = card.begin().unwrap();
        let command = Command::new(0x80, 4, 0, 0);
        assert_eq!(channel.transmit(&command), Ok(Response::new([7], StatusWord::OK)));
        assert_eq!(channel.transmit(&command), Err(TransportError::Mute));
        assert_eq!(channel.transmit(&command), Err(TransportError::Garbage));
        assert_eq!(channel.transmit(&command), Err(TransportError::Removed));
    }
}
