//! Status words and what they mean (wire-format/status-words.md).
//!
//! The raw word is always kept; [`StatusWord::meaning`] is a pure, total function over all 65 536 values.

use std::fmt;

/// SW1 SW2 as received.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusWord(pub u16);

/// What a status word says, by effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// 9000.
    Ok,
    /// 6A9E: repeat the identical command, the answer continues.
    MoreData,
    /// 61xx: this many bytes wait (0 = 256 or more).
    BytesWaiting(u8),
    /// 6Cxx: this Le is the right one.
    WrongLe(u8),
    /// 63Cx with x > 0: wrong PIN or key, x tries left.
    TriesLeft(u8),
    /// 63C0, 6983: no try left.
    Locked,
    /// 6982: the needed right is missing.
    NotLoggedIn,
    /// 6984: no challenge pending or the referenced data is not usable.
    NoChallenge,
    /// 6985, 6986: not allowed in this state.
    NotAllowed,
    /// 6988: MAC or secure-messaging object wrong.
    WrongMac,
    /// 6A88, 6A8B, 698A: the application does not exist or is not open.
    NoApplication,
    /// 6A89: the application exists.
    ApplicationExists,
    /// 6A91, 6A94: the container does not exist.
    NoContainer,
    /// 6E02: the container exists.
    ContainerExists,
    /// 6A82, 6A83, 6A93: the file does not exist.
    NoFile,
    /// 6A92: the file exists.
    FileExists,
    /// 6A8C, 6A95, 6A9F: no such key.
    NoKey,
    /// 6A96: no certificate.
    NoCertificate,
    /// 6A84: memory full.
    NoSpace,
    /// 64xx, 65xx, 6A97: the memory of the key did not take or give the data.
    MemoryFault,
    /// 6915, 6A98 … 6A9C, 6B01, 6B02: a cryptographic operation failed.
    CryptoFailed,
    /// 6700, 6A80, 6A85, 6A86, 6A87, 6A8D, 6B00, 6E01: the key does not accept the form of the command.
    BadCommand,
    /// 68xx, 6A81, 6A99, 6A9D, 6D00, 6E00: the key does not know the command.
    Unsupported,
    /// 62xx and 63xx other than 63Cx: done with a warning.
    Warning,
    /// 6Fxx and every other word of the ranges of ISO 7816-4 without a meaning here.
    Other,
    /// Outside 6000–6FFF and 9000–9FFF: not a status word at all.
    NotAStatusWord,
}

impl StatusWord {
    /// 9000.
    pub const OK: Self = Self(0x9000);

    /// The class of the word.
    #[must_use]
    pub const fn meaning(self) -> Meaning {
        let low = self.0.to_be_bytes()[1];
        match self.0 {
            0x9000 => Meaning::Ok,
            0x6A9E => Meaning::MoreData,
            0x6100..=0x61FF => Meaning::BytesWaiting(low),
            0x6C00..=0x6CFF => Meaning::WrongLe(low),
            0x63C0 | 0x6983 => Meaning::Locked,
            0x63C1..=0x63CF => Meaning::TriesLeft(low & 0x0F),
            0x6200..=0x63FF => Meaning::Warning,
            0x6400..=0x65FF | 0x6A97 => Meaning::MemoryFault,
            0x6982 => Meaning::NotLoggedIn,
            0x6984 => Meaning::NoChallenge,
            0x6985 | 0x6986 => Meaning::NotAllowed,
            0x6988 => Meaning::WrongMac,
            0x6A88 | 0x6A8B | 0x698A => Meaning::NoApplication,
            0x6A89 => Meaning::ApplicationExists,
            0x6A91 | 0x6A94 => Meaning::NoContainer,
            0x6E02 => Meaning::ContainerExists,
            0x6A82 | 0x6A83 | 0x6A93 => Meaning::NoFile,
            0x6A92 => Meaning::FileExists,
            0x6A8C | 0x6A95 | 0x6A9F => Meaning::NoKey,
            0x6A96 => Meaning::NoCertificate,
            0x6A84 => Meaning::NoSpace,
            0x6915 | 0x6A98 | 0x6A9A..=0x6A9C | 0x6B01 | 0x6B02 => Meaning::CryptoFailed,
            0x6700 | 0x6A80 | 0x6A85..=0x6A87 | 0x6A8D | 0x6B00 | 0x6E01 => Meaning::BadCommand,
            0x6800..=0x68FF | 0x6A81 | 0x6A99 | 0x6A9D | 0x6D00 | 0x6E00 => Meaning::Unsupported,
            0x6000..=0x6FFF | 0x9001..=0x9FFF => Meaning::Other,
            _ => Meaning::NotAStatusWord,
        }
    }

    /// True for 9000.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0x9000
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, StatusWord};

    /// Words of wire-format/status-words.md#words, each beside the meaning the client acts on.
    const TABLE: &[(u16, Meaning)] = &[
        (0x9000, Meaning::Ok),
        (0x6A9E, Meaning::MoreData),
        (0x6C20, Meaning::WrongLe(0x20)),
        (0x63C9, Meaning::TriesLeft(9)),
        (0x63C1, Meaning::TriesLeft(1)),
        (0x63C0, Meaning::Locked),
        (0x6983, Meaning::Locked),
        (0x6982, Meaning::NotLoggedIn),
        (0x6984, Meaning::NoChallenge),
        (0x6985, Meaning::NotAllowed),
        (0x6986, Meaning::NotAllowed),
        (0x6988, Meaning::WrongMac),
        (0x698A, Meaning::NoApplication),
        (0x6A88, Meaning::NoApplication),
        (0x6A8B, Meaning::NoApplication),
        (0x6A89, Meaning::ApplicationExists),
        (0x6A91, Meaning::NoContainer),
        (0x6A94, Meaning::NoContainer),
        (0x6E02, Meaning::ContainerExists),
        (0x6A93, Meaning::NoFile),
        (0x6A92, Meaning::FileExists),
        (0x6A95, Meaning::NoKey),
        (0x6A96, Meaning::NoCertificate),
        (0x6A84, Meaning::NoSpace),
        (0x6581, Meaning::MemoryFault),
        (0x6915, Meaning::CryptoFailed),
        (0x6A80, Meaning::BadCommand),
        (0x6700, Meaning::BadCommand),
        (0x6D00, Meaning::Unsupported),
        (0x6E00, Meaning::Unsupported),
        (0x6F00, Meaning::Other),
    ];

    #[test]
    fn the_words_of_the_standard_have_their_meaning() {
        for &(word, meaning) in TABLE {
            assert_eq!(StatusWord(word).meaning(), meaning, "{word:04X}");
        }
    }

    #[test]
    fn every_word_is_classified_and_only_9000_is_success() {
        let mut counts = std::collections::HashMap::new();
        for raw in 0..=u16::MAX {
            let word = StatusWord(raw);
            let meaning = word.meaning();
            assert_eq!(meaning == Meaning::Ok, raw == 0x9000, "{raw:04X}");
            assert_eq!(word.is_ok(), raw == 0x9000);
            let in_range = matches!(raw >> 12, 6 | 9);
            assert_eq!(meaning == Meaning::NotAStatusWord, !in_range, "{raw:04X}");
            assert_eq!(format!("{word}"), format!("{raw:04X}"), "the raw word stays readable");
            if let Meaning::TriesLeft(tries) = meaning {
                assert_eq!(raw, 0x63C0 | u16::from(tries));
                assert!(tries > 0);
            }
            if let Meaning::WrongLe(le) = meaning {
                assert_eq!(raw, 0x6C00 | u16::from(le));
            }
            *counts.entry(std::mem::discriminant(&meaning)).or_insert(0u32) += 1;
        }
        assert_eq!(counts.values().sum::<u32>(), 65_536);
        assert_eq!(counts[&std::mem::discriminant(&Meaning::NotAStatusWord)], 65_536 - 2 * 4096);
        assert_eq!(counts[&std::mem::discriminant(&Meaning::TriesLeft(1))], 15);
        assert_eq!(counts[&std::mem::discriminant(&Meaning::Locked)], 2);
    }
}
