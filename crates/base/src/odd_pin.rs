//! What can't be a PIN, found before a key hears of it: a PIN that was pasted with a line end or typed in full width would
//! cost a try although the person knows the right one.

use crate::display::is_deceptive;
use crate::fault::{Fault, FaultCode};
use crate::secret::Pin;

/// What is odd about what was given as a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddPin {
    /// A line end, a tab or another control character.
    Control,
    /// A character that is not seen: zero width, a byte-order mark, a variation selector.
    Invisible,
    /// A full-width letter, digit, symbol or blank.
    FullWidth,
    /// A blank at the beginning or the end.
    OuterBlank,
    /// Another character that is no English letter, digit or symbol, or bytes that are no text.
    Foreign,
}

impl OddPin {
    /// The first oddity of a PIN; `None` for printable ASCII, blanks between others included.
    #[must_use]
    pub fn of(pin: &Pin) -> Option<Self> {
        let Ok(text) = std::str::from_utf8(pin.expose()) else { return Some(Self::Foreign) };
        let odd = |c: char| match c {
            ' '..='~' => None,
            c if c.is_control() => Some(Self::Control),
            c if is_deceptive(c) => Some(Self::Invisible),
            '\u{3000}' | '\u{FF01}'..='\u{FFE6}' => Some(Self::FullWidth),
            _ => Some(Self::Foreign),
        };
        let blank = text.starts_with(' ') || text.ends_with(' ');
        text.chars().find_map(odd).or(blank.then_some(Self::OuterBlank))
    }

    /// What people are told.
    #[must_use]
    pub const fn code(self) -> FaultCode {
        match self {
            Self::Control => FaultCode::PinControl,
            Self::Invisible => FaultCode::PinInvisible,
            Self::FullWidth => FaultCode::PinFullWidth,
            Self::OuterBlank => FaultCode::PinOuterBlank,
            Self::Foreign => FaultCode::PinForeign,
        }
    }
}

impl From<OddPin> for Fault {
    fn from(odd: OddPin) -> Self {
        Self::new(odd.code())
    }
}

#[cfg(test)]
mod tests {
    use super::OddPin;
    use crate::secret::Pin;

    fn of(text: &[u8]) -> Option<OddPin> {
        OddPin::of(&Pin::new(text).unwrap())
    }

    #[test]
    fn printable_ascii_with_blanks_inside_is_a_pin() {
        let all: String = ('!'..='~').collect();
        for half in [&all[..47], &all[47..], "123456", "a b  c1", ""] {
            assert_eq!(of(half.as_bytes()), None, "{half}");
        }
    }

    #[test]
    fn each_oddity_is_named_also_in_the_middle() {
        for (odd, characters) in [
            (OddPin::Control, "\r\n\t\0\u{1b}\u{7f}\u{85}"),
            (OddPin::Invisible, "\u{feff}\u{200b}\u{200d}\u{2060}\u{ad}\u{202e}\u{fe0f}\u{3164}\u{e0031}"),
            (OddPin::FullWidth, "１Ａｚ！　"),
            (OddPin::Foreign, "é密\u{a0}\u{430}٣\u{2003}"),
        ] {
            for c in characters.chars() {
                for text in [format!("{c}123456"), format!("123{c}456"), format!("123456{c}")] {
                    assert_eq!(of(text.as_bytes()), Some(odd), "{}", text.escape_unicode());
                }
            }
        }
        assert_eq!(of(b"12\xff3456"), Some(OddPin::Foreign));
        for text in [" 123456", "123456 ", " "] {
            assert_eq!(of(text.as_bytes()), Some(OddPin::OuterBlank));
        }
    }
}
