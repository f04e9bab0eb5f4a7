//! Names and texts inside certificates. Subjects in the field carry UTF-8, UTF-16 (BMPString) and bare GBK bytes under
//! nearly any string tag; the decoder takes the first reading that is free of errors.
//!
//! Texts come from a stranger and end up on a window: characters that deceive are replaced ([`base::display`]), so that no
//! text can pass for another.

use base::display;
use encoding_rs::GBK;
use std::fmt::{self, Write as _};
use x509_parser::asn1_rs::{Any, Class, FromDer};
use x509_parser::x509::X509Name;

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameEntry {
    /// Short name such as CN or O, or the dotted object identifier.
    pub label: String,
    /// Its text; `#` and hex digits when it is no text.
    pub value: String,
    /// Whether it stands beside the one before it in one step of the name.
    pub joined: bool,
    /// Whether the value is text.
    is_text: bool,
}

/// A distinguished name with its entries in the order of the certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// All attributes; none when the name can't be read.
    pub entries: Vec<NameEntry>,
    /// Its steps for comparing: object identifiers and values, the attributes of one step in order.
    steps: Vec<Vec<(String, String)>>,
    /// DER as received.
    raw: Vec<u8>,
}

impl Name {
    /// Reads a DER name; one that can't be read has no entries and is equal only to the same bytes.
    pub(super) fn from_der(der: &[u8]) -> Self {
        match X509Name::from_der(der) {
            Ok((_, name)) => Self::from_x509(&name),
            Err(_) => Self { entries: Vec::new(), steps: Vec::new(), raw: der.to_vec() },
        }
    }

    pub(super) fn from_x509(name: &X509Name<'_>) -> Self {
        let (mut entries, mut steps) = (Vec::new(), Vec::new());
        for step in name.iter_rdn() {
            let mut compared = Vec::new();
            for (index, attribute) in step.iter().enumerate() {
                let (oid, any) = (attribute.attr_type().to_id_string(), attribute.attr_value());
                let text = decode_any(any);
                let other = || format!("#{}", hex(any.data));
                // what is no text, or not wholly, is compared by its bytes
                let whole = text.as_deref().filter(|text| !text.contains(char::REPLACEMENT_CHARACTER));
                compared.push((oid.clone(), whole.map_or_else(other, comparable)));
                entries.push(NameEntry {
                    label: label(&oid).map_or(oid, str::to_owned),
                    is_text: text.is_some(),
                    value: text.as_deref().map_or_else(other, clean),
                    joined: index > 0,
                });
            }
            compared.sort_unstable();
            steps.push(compared);
        }
        Self { entries, steps, raw: name.as_raw().to_vec() }
    }

    /// DER as received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.raw
    }

    /// What to call it in a line: the common name, else the organisation, else its unit, else all of it. `None` when it
    /// holds no text at all.
    #[must_use]
    pub fn short(&self) -> Option<String> {
        let known = ["CN", "O", "OU"].iter().find_map(|label| self.get(label));
        let filled = self.entries.iter().any(|entry| !entry.value.is_empty() && entry.label != "C");
        known.map(str::to_owned).or_else(|| filled.then(|| self.to_string()))
    }

    /// First non-empty value under a label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.label == label && !entry.value.is_empty()).map(|e| e.value.as_str())
    }

    /// The same name by value (RFC 5280 §7.1): whatever string types were used to write it, without regard to case and to
    /// how many blanks stand between words.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.raw == other.raw || (!self.steps.is_empty() && self.steps == other.steps)
    }
}

impl fmt::Display for Name {
    /// Attributes in the order of the certificate, escaped as in RFC 4514 §2.4, so that no value looks like an attribute.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, NameEntry { label, value, joined, is_text }) in self.entries.iter().enumerate() {
            let between = if index == 0 {
                ""
            } else if *joined {
                "+"
            } else {
                ", "
            };
            write!(f, "{between}{label}=")?;
            for (at, c) in value.char_indices() {
                let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') || (at == 0 && c == '#');
                if *is_text && special {
                    f.write_char('\\')?;
                }
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// A value for comparing: lower case, words with one blank between.
fn comparable(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn label(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.17" => "postalCode",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.97" => "organizationIdentifier",
        "1.2.840.113549.1.9.1" => "E",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}

/// Text of an extension value: a string type whose length fits is unwrapped, printable bytes are taken as they are
/// (wire-format/certificates.md#private-extensions); anything else is no text.
pub(super) fn extension_text(value: &[u8]) -> Option<String> {
    let wrapped = Any::from_der(value).ok().filter(|(rest, _)| rest.is_empty());
    let text = match wrapped.and_then(|(_, any)| decode_any(&any)) {
        Some(text) => clean(&text),
        None => {
            let raw = std::str::from_utf8(trim_nul(value)).ok()?;
            if raw.chars().any(display::is_deceptive) {
                return None;
            }
            raw.trim().to_owned()
        }
    };
    (!text.is_empty() && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

fn decode_any(any: &Any<'_>) -> Option<String> {
    if any.class() != Class::Universal || any.header.is_constructed() {
        return None;
    }
    decode(any.tag().0, any.data)
}

/// Text of a string type by its universal tag number, as it stands there.
fn decode(tag: u32, data: &[u8]) -> Option<String> {
    let text = match tag {
        // UTF8, Numeric, Printable, T61, IA5, Visible, General
        12 | 18 | 19 | 20 | 22 | 26 | 27 => {
            let data = trim_nul(data);
            match std::str::from_utf8(data) {
                Ok(text) => text.to_owned(),
                Err(_) => match GBK.decode_without_bom_handling_and_without_replacement(data) {
                    Some(text) => text.into_owned(),
                    None => String::from_utf8_lossy(data).into_owned(),
                },
            }
        }
        28 => units(data, |&[a, b, c, d]: &[u8; 4]| char::from_u32(u32::from_be_bytes([a, b, c, d]))),
        30 => {
            let (pairs, rest) = data.as_chunks::<2>();
            let wide = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            let tail = (!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            char::decode_utf16(wide).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(tail).collect()
        }
        _ => return None,
    };
    Some(text)
}

fn units<const N: usize>(data: &[u8], read: impl Fn(&[u8; N]) -> Option<char>) -> String {
    let (chunks, rest) = data.as_chunks::<N>();
    let tail = (!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    chunks.iter().map(|chunk| read(chunk).unwrap_or(char::REPLACEMENT_CHARACTER)).chain(tail).collect()
}

fn trim_nul(data: &[u8]) -> &[u8] {
    let end = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    data.get(..end).unwrap_or_default()
}

/// Text for people: without padding, and with a replacement for characters that deceive.
pub(super) fn clean(text: &str) -> String {
    display::harmless(text.trim_end_matches('\0').trim())
}

/// Upper-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}"); // writing to a String can't fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{clean, comparable, extension_text};

    fn decode(tag: u32, data: &[u8]) -> Option<String> {
        super::decode(tag, data).map(|text| clean(&text))
    }

    #[test]
    fn values_are_compared_without_case_and_blanks() {
        assert_eq!(comparable("  Made  Op\u{3000}CA "), comparable("MADE op ca"));
        assert_ne!(comparable("MadeOp CA"), comparable("Made Op CA"));
    }

    #[test]
    fn every_string_type_of_the_field_is_read() {
        assert_eq!(decode(12, "电信测试1".as_bytes()).unwrap(), "电信测试1");
        assert_eq!(decode(19, b"Beijing SM2 CA").unwrap(), "Beijing SM2 CA");
        assert_eq!(decode(30, &[0x79, 0xD1, 0x62, 0x80]).unwrap(), "科技");
        assert_eq!(decode(28, &[0, 0, 0x79, 0xD1]).unwrap(), "科");
        assert_eq!(decode(3, b"bits"), None);
    }

    #[test]
    fn gbk_bytes_are_read_under_any_byte_string_type() {
        for tag in [12, 19, 20, 22] {
            assert_eq!(decode(tag, b"\xBF\xC6\xBC\xBC 1").unwrap(), "科技 1");
        }
        assert_eq!(decode(12, b"\xFF\xFFab").unwrap(), "\u{FFFD}\u{FFFD}ab");
    }

    #[test]
    fn padding_goes_and_characters_that_deceive_are_replaced() {
        assert_eq!(decode(12, b" abc \0\0").unwrap(), "abc");
        assert_eq!(decode(12, "a\u{202E}b\nc".as_bytes()).unwrap(), "a\u{FFFD}b\u{FFFD}c");
        assert_eq!(decode(30, &[0, b'a', 0xD8, 0, 1]).unwrap(), "a\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn extension_values_are_unwrapped_or_taken_as_ascii_or_left() {
        assert_eq!(extension_text(b"\x0C\x05JJ123").as_deref(), Some("JJ123"));
        assert_eq!(extension_text(b"\x13\x05JJ123").as_deref(), Some("JJ123"));
        assert_eq!(extension_text(b"JJ123").as_deref(), Some("JJ123"));
        // '0' is the tag of a sequence; the length does not fit
        assert_eq!(extension_text(b"0123456").as_deref(), Some("0123456"));
        assert_eq!(extension_text(b"\x0C\x06JJ123"), None);
        assert_eq!(extension_text(&[0x03, 0x02, 0x06, 0xC0]), None);
        assert_eq!(extension_text(b"\x0C\x00"), None);
        assert_eq!(extension_text(b""), None);
    }
}
