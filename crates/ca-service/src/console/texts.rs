//! Language of a page and the form of moments, amounts and numbers in it.
//!
//! Texts stand in `assets/ca-service/locale/*.toml`; a template names the key, so both languages share one template.

use rust_i18n::t;
use time::{OffsetDateTime, UtcOffset};

/// Language of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Tag as in the `lang` attribute and in the names of the text files.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// From its tag.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        [Self::Chinese, Self::English].into_iter().find(|language| language.tag() == tag)
    }

    /// The first known language of an `Accept-Language` header, in the order the browser wrote them; Chinese when none is.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let wanted =
            header.split(',').map(|part| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let known = wanted.filter_map(|tag| match tag.split('-').next() {
            Some("zh") => Some(Self::Chinese),
            Some("en") => Some(Self::English),
            _ => None,
        });
        known.into_iter().next().unwrap_or_default()
    }

    /// The text of a key.
    #[must_use]
    pub fn text(self, key: &str) -> String {
        t!(key, locale = self.tag()).into_owned()
    }

    /// The text of a key with one value, `%{value}`.
    #[must_use]
    pub fn text_with(self, key: &str, value: &str) -> String {
        self.text(key).replace("%{value}", value)
    }
}

/// A moment in Beijing time, to the second: `2026-07-18 09:30:00`.
#[must_use]
pub fn moment(seconds: i64) -> String {
    let Some(at) = beijing(seconds) else { return seconds.to_string() };
    format!("{} {:02}:{:02}:{:02}", date(at), at.hour(), at.minute(), at.second())
}

/// A moment in Beijing time to the minute, for lists: `2026-07-18 09:30`.
#[must_use]
pub fn minute(seconds: i64) -> String {
    let mut text = moment(seconds);
    if text.len() == 19 {
        text.truncate(16);
    }
    text
}

/// A day in Beijing time: `2026-07-18`.
#[must_use]
pub fn day(seconds: i64) -> String {
    beijing(seconds).map_or_else(|| seconds.to_string(), date)
}

fn date(at: OffsetDateTime) -> String {
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

fn beijing(seconds: i64) -> Option<OffsetDateTime> {
    let offset = UtcOffset::from_hms(8, 0, 0).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.checked_to_offset(offset)
}

/// An amount in yuan: `230.00`.
#[must_use]
pub fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, (fen % 100).abs())
}

/// An amount in fen from what a person typed in yuan, at most a million yuan; `None` when it is no amount.
#[must_use]
pub fn fen(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    let fen = whole.parse::<i64>().ok()? * 100 + part;
    (fen <= 100_000_000).then_some(fen)
}

/// A mobile number, a name or an address with its middle hidden: `138****5678`, `张*`, `z***@example.com`.
#[must_use]
pub fn masked(text: &str) -> String {
    if let Some((name, host)) = text.split_once('@') {
        let first = name.chars().next().map(String::from).unwrap_or_default();
        return format!("{first}***@{host}");
    }
    let characters: Vec<char> = text.chars().collect();
    if characters.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let (head, tail): (String, String) = (text.chars().take(3).collect(), text.chars().skip(7).collect());
        return format!("{head}****{tail}");
    }
    match characters.first() {
        Some(first) => format!("{first}{}", "*".repeat(characters.len() - 1)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, day, fen, masked, minute, moment, yuan};

    #[test]
    fn the_browsers_first_known_language_is_taken_and_chinese_otherwise() {
        assert_eq!(Language::accepted("en-GB,en;q=0.9,zh-CN;q=0.8"), Language::English);
        assert_eq!(Language::accepted("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::accepted("fr, en;q=0.5"), Language::English);
        assert_eq!(Language::accepted("fr"), Language::Chinese);
        assert_eq!(Language::accepted(""), Language::Chinese);
    }

    #[test]
    fn moments_are_beijing_time() {
        // 2026-07-17T16:00:00Z is midnight in Beijing
        assert_eq!(moment(1_784_304_000), "2026-07-18 00:00:00");
        assert_eq!(minute(1_784_304_059), "2026-07-18 00:00");
        assert_eq!(day(1_784_303_999), "2026-07-17");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        assert_eq!(yuan(23_005), "230.05");
        for (text, amount) in [("0", 0), ("230", 23_000), ("230.5", 23_050), (" 1.05 ", 105), ("1000000", 100_000_000)]
        {
            assert_eq!(fen(text), Some(amount), "{text}");
        }
        for text in ["", ".5", "-1", "1.005", "1e3", "1,5", "1000000.01", "99999999", "１"] {
            assert_eq!(fen(text), None, "{text}");
        }
    }

    #[test]
    fn a_mask_leaves_too_little_to_call_or_write() {
        assert_eq!(masked("13812345678"), "138****5678");
        assert_eq!(masked("zhang.san@example.com"), "z***@example.com");
        assert_eq!(masked("张三丰"), "张**");
        assert_eq!(masked(""), "");
    }
}
