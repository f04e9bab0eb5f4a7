//! Texts of strangers – names in certificates, labels of keys, applications to the CA – on their way to a person's eyes.

/// What stands for a character that is not shown.
const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// Whether a character is not seen itself, or changes how its neighbours are seen, so that a text with it can pass for another:
/// controls, format characters (among them those that turn the direction of writing), separators of lines, fillers, joiners,
/// variation selectors and tags (Unicode 16, general categories Cc, Cf, Zl, Zp and the property
/// Default_Ignorable_Code_Point, with the blank of Braille).
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}'
            | '\u{8E2}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text with a visible mark for each character that could deceive.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { REPLACED } else { c }).collect()
}

/// At most so many characters of a text, "…" for the rest.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{short, visible};

    #[test]
    fn what_deceives_is_marked_and_names_stay() {
        for name in ["北京演示科技有限公司", "𠮷野家", "Zoë O’Neil", "e\u{301}", "名\u{3000}字", "한국", "a-b_c.d (e)"]
        {
            assert_eq!(visible(name), name);
        }
        for hidden in [
            '\0',
            '\n',
            '\u{1B}',
            '\u{7F}',
            '\u{9B}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{180E}',
            '\u{200B}',
            '\u{200D}',
            '\u{200F}',
            '\u{2028}',
            '\u{202E}',
            '\u{2060}',
            '\u{2069}',
            '\u{206F}',
            '\u{2800}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFF9}',
            '\u{1D173}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{E01EF}',
        ] {
            assert_eq!(visible(&format!("甲{hidden}乙")), "甲\u{FFFD}乙", "{:x}", hidden as u32);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(short("北京演示", 4), "北京演示");
        assert_eq!(short("北京演示", 3), "北京演…");
        assert_eq!(short(&"甲".repeat(8000), 200).chars().count(), 201);
    }
}
