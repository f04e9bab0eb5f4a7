//! Texts of strangers – names in certificates, labels of keys, what a client sends – on their way to a window, a page, a
//! message, a log or a terminal: no such text can pass for another one, or turn what stands beside it.
//!
//! This is the one list of characters that must not be shown as they are. What people write their names with stays:
//! every script, rare characters, combining accents, blanks.

/// Characters of a text in one line; what is longer is cut.
pub const LONGEST_LINE: usize = 256;

/// True for a character that is not seen, or that changes how its neighbours are read: controls, separators of lines,
/// everything of the Unicode category Cf, fillers, variation selectors, tags.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // soft hyphen, joiner of graphemes
            '\u{AD}' | '\u{34F}'
            // marks of Arabic, Syriac and Mongolian
            | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}'
            | '\u{180B}'..='\u{180F}'
            // fillers of Hangul, vowels of Khmer that are not seen, the empty cell of Braille
            | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{17B4}' | '\u{17B5}' | '\u{2800}'
            // zero width, direction, separators, invisible operators
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            // variation selectors, annotation, what is reserved for such
            | '\u{FE00}'..='\u{FE0F}' | '\u{FFF0}'..='\u{FFFB}'
            // controls of old scripts, of shorthand and of music
            | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1345F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            // tags and more variation selectors
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The text with a replacement character in the place of each deceptive one.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The text for one line: harmless, and not longer than [`LONGEST_LINE`]; a cut one ends with "…".
#[must_use]
pub fn line(text: &str) -> String {
    let mut rest = text.chars();
    let line: String = rest.by_ref().take(LONGEST_LINE).collect();
    if rest.next().is_none() {
        return harmless(&line);
    }
    harmless(&line.chars().take(LONGEST_LINE - 1).collect::<String>()) + "…"
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, harmless, is_deceptive, line};

    #[test]
    fn characters_that_deceive_are_replaced_one_by_one() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{13430}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e0100}',
            '\u{e01ef}',
        ] {
            assert!(is_deceptive(c), "U+{:04X}", u32::from(c));
            assert_eq!(harmless(&format!("甲{c}乙")), "甲\u{FFFD}乙", "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn names_as_people_write_them_stay() {
        for name in [
            "北京演示科技有限公司",
            "𠮷野家（中国）有限公司",
            "龘䶮𫖮𪚥",
            "e\u{301}té Ångström",
            "ＡＢＣ　１２３",
            "木村·玛丽亚",
            "Ελλάδα",
            "한국",
            "مرحبا",
            "a b\u{a0}c",
            "\u{e000}",
        ] {
            assert_eq!(line(name), name);
        }
    }

    #[test]
    fn what_is_too_long_for_a_line_is_cut_and_says_so() {
        let whole = "名".repeat(LONGEST_LINE);
        assert_eq!(line(&whole), whole);
        let cut = line(&"名".repeat(8000));
        assert_eq!(cut.chars().count(), LONGEST_LINE);
        assert!(cut.ends_with("名…"));
    }
}
