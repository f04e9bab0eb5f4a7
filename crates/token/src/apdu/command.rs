//! One command APDU: building on the host side, parsing on the key's side.
//!
//! The host always writes extended length, even for two bytes of data, as the vendors' libraries do
//! (wire-format/commands.md#shape). The parser accepts the short form as well.

use base::secret::SecretBytes;
use std::fmt;

/// CLA bit 5: more commands of this chain follow (wire-format/commands.md#class).
pub const CHAIN_BIT: u8 = 0x10;

/// Expected answer length as it is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Le {
    /// No Le field at all: some commands of real hosts omit it (wire-format/commands.md#le).
    Absent,
    /// `00 00`: as much as there is.
    Any,
    /// Exactly this number; 0 means the same as [`Le::Any`].
    Exactly(u16),
}

enum Data {
    Plain(Vec<u8>),
    Secret(SecretBytes),
}

/// A command APDU to be sent. Not `Clone`: a command that carries a PIN block must not be sent twice by accident.
pub struct Command {
    header: [u8; 4],
    data: Data,
    le: Le,
}

/// The data field is longer than an extended APDU can carry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("command data of {0} bytes does not fit an extended APDU")]
pub struct EncodeError(pub usize);

impl Command {
    /// A command without data and without Le.
    #[must_use]
    pub const fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { header: [cla, ins, p1, p2], data: Data::Plain(Vec::new()), le: Le::Absent }
    }

    /// Sets the data field.
    #[must_use]
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Data::Plain(data.into());
        self
    }

    /// Sets a data field that must not be shown: PIN blocks, keys, plain text.
    #[must_use]
    pub fn secret(mut self, data: SecretBytes) -> Self {
        self.data = Data::Secret(data);
        self
    }

    /// Sets the expected length.
    #[must_use]
    pub const fn le(mut self, le: Le) -> Self {
        self.le = le;
        self
    }

    /// CLA INS P1 P2.
    #[must_use]
    pub const fn header(&self) -> [u8; 4] {
        self.header
    }

    /// True when the data field is secret: such a command is sent at most once.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.data, Data::Secret(_))
    }

    /// The same command with another expected length, for the `6Cxx` answer of a command without secrets.
    ///
    /// Returns `None` for a secret command: it must not be repeated.
    #[must_use]
    pub fn with_exact_le(&self, le: u16) -> Option<Self> {
        match &self.data {
            Data::Plain(data) => {
                Some(Self { header: self.header, data: Data::Plain(data.clone()), le: Le::Exactly(le) })
            }
            Data::Secret(_) => None,
        }
    }

    fn payload(&self) -> &[u8] {
        match &self.data {
            Data::Plain(data) => data,
            Data::Secret(data) => data.expose(),
        }
    }

    /// The bytes on the wire, always extended length; Lc and Le big-endian.
    ///
    /// # Errors
    /// [`EncodeError`] above 65 535 bytes of data.
    pub fn encode(&self) -> Result<SecretBytes, EncodeError> {
        let data = self.payload();
        let length = u16::try_from(data.len()).map_err(|_| EncodeError(data.len()))?.to_be_bytes();
        let le = match self.le {
            Le::Absent => None,
            Le::Any => Some([0, 0]),
            Le::Exactly(n) => Some(n.to_be_bytes()),
        };
        let le: &[u8] = le.as_ref().map_or(&[], |le| le.as_slice());
        Ok(match (data.is_empty(), le.is_empty()) {
            (true, true) => SecretBytes::copy_of(&self.header),
            (true, false) => SecretBytes::concat(&[&self.header, &[0], le]),
            (false, _) => SecretBytes::concat(&[&self.header, &[0], &length, data, le]),
        })
    }
}

/// For logs: header and lengths; plain data in hex, secret data never.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cla, ins, p1, p2] = self.header;
        write!(f, "{cla:02X} {ins:02X} {p1:02X} {p2:02X} Lc={}", self.payload().len())?;
        match &self.data {
            Data::Secret(_) => f.write_str(" [secret]")?,
            Data::Plain(data) => {
                for byte in data {
                    write!(f, " {byte:02X}")?;
                }
            }
        }
        match self.le {
            Le::Absent => Ok(()),
            Le::Any => f.write_str(" Le=0000"),
            Le::Exactly(n) => write!(f, " Le={n:04X}"),
        }
    }
}

/// A received command, borrowed from its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CommandView<'a> {
    /// Class byte.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data field, possibly empty.
    pub data: &'a [u8],
    /// Longest answer the sender takes: `None` without Le, 256 or 65 536 for zero.
    pub ne: Option<u32>,
}

/// The bytes are not a command APDU.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParseError {
    /// Fewer than four bytes.
    #[error("command of {0} bytes has no header")]
    NoHeader(usize),
    /// Lc does not match the bytes that follow.
    #[error("length field does not match the data")]
    Length,
}

impl<'a> CommandView<'a> {
    /// Parses short and extended form.
    ///
    /// # Errors
    /// [`ParseError`] when the header is missing or Lc and the data disagree.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (&[cla, ins, p1, p2], rest) = bytes.split_first_chunk().ok_or(ParseError::NoHeader(bytes.len()))?;
        let (data, ne): (&[u8], Option<u32>) = match rest {
            [] => (&[], None),
            [le] => (&[], Some(if *le == 0 { 256 } else { u32::from(*le) })),
            [0, high, low] => (&[], Some(extended_ne(*high, *low))),
            [0, high, low, body @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if length == 0 {
                    return Err(ParseError::Length);
                }
                let (data, le) = body.split_at_checked(length).ok_or(ParseError::Length)?;
                match le {
                    [] => (data, None),
                    [high, low] => (data, Some(extended_ne(*high, *low))),
                    _ => return Err(ParseError::Length),
                }
            }
            [0, ..] => return Err(ParseError::Length),
            [length, body @ ..] => {
                let (data, le) = body.split_at_checked(usize::from(*length)).ok_or(ParseError::Length)?;
                match le {
                    [] => (data, None),
                    [le] => (data, Some(if *le == 0 { 256 } else { u32::from(*le) })),
                    _ => return Err(ParseError::Length),
                }
            }
        };
        Ok(Self { cla, ins, p1, p2, data, ne })
    }
}

fn extended_ne(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => 65_536,
        n => u32::from(n),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandView, EncodeError, Le, ParseError};
    use base::secret::SecretBytes;
    use static_assertions::assert_not_impl_any;

    assert_not_impl_any!(Command: Clone, std::fmt::Debug);

    fn hex(command: &Command) -> String {
        command.encode().unwrap().expose().iter().map(|b| format!("{b:02X}")).collect()
    }

    #[test]
    fn the_four_cases_are_written_in_extended_form() {
        assert_eq!(hex(&Command::new(0xC0, 0x52, 0, 0)), "C0520000");
        assert_eq!(hex(&Command::new(0x80, 0x50, 0, 0).le(Le::Exactly(8))), "80500000000008");
        assert_eq!(hex(&Command::new(0x80, 0x1C, 0, 0).data([0x10, 0])), "801C00000000021000");
        assert_eq!(
            hex(&Command::new(0x80, 0x4E, 1, 0).data([0x10, 0, 0x30, 1]).le(Le::Any)),
            "804E0100000004100030010000"
        );
    }

    #[test]
    fn data_longer_than_an_extended_apdu_is_refused() {
        let command = Command::new(0x80, 0, 0, 0).data(vec![0; 65_536]);
        assert_eq!(command.encode().err(), Some(EncodeError(65_536)));
        assert!(Command::new(0x80, 0, 0, 0).data(vec![0; 65_535]).encode().is_ok());
    }

    #[test]
    fn short_and_extended_forms_parse_to_the_same_command() {
        let short = CommandView::parse(&[0x80, 0x1C, 0, 0, 2, 0x10, 0]).unwrap();
        let extended = CommandView::parse(&[0x80, 0x1C, 0, 0, 0, 0, 2, 0x10, 0]).unwrap();
        assert!(short == extended);
        assert_eq!(CommandView::parse(&[0x80, 0x04, 0, 0, 0]).unwrap().ne, Some(256));
        assert_eq!(CommandView::parse(&[0x80, 0x04, 0, 0, 0, 0, 0]).unwrap().ne, Some(65_536));
        assert_eq!(CommandView::parse(&[0x80, 0xB4, 0, 1]).unwrap().ne, None);
    }

    #[test]
    fn lengths_that_do_not_match_are_refused() {
        for bytes in
            [&[0x80, 0, 0][..], &[0x80, 0, 0, 0, 3, 1, 2], &[0x80, 0, 0, 0, 0, 0, 3, 1, 2], &[0x80, 0, 0, 0, 0, 1]]
        {
            assert!(CommandView::parse(bytes).is_err());
        }
        assert_eq!(CommandView::parse(&[0x80, 0, 0, 0, 0, 0, 1, 9, 1]).err(), Some(ParseError::Length));
    }

    #[test]
    fn a_secret_data_field_is_not_formatted_and_not_repeated() {
        let command = Command::new(0x80, 0x18, 0, 1).secret(SecretBytes::copy_of(&[0xAB, 0xCD]));
        assert_eq!(command.to_string(), "80 18 00 01 Lc=2 [secret]");
        assert!(command.with_exact_le(3).is_none());
    }
}
