//! Names and texts inside certificates. Subjects in the field carry UTF-8, UTF-16 (BMPString) and bare GBK bytes under
//! nearly any string tag; the decoder takes the first reading that is free of errors.
//!
//! Texts come from a stranger and end up on a window: control characters and characters that turn the direction of
//! writing are replaced, so that no text can pass for another.

use encoding_rs::GBK;
use std::fmt;
use x509_parser::asn1_rs::{Any, Class, FromDer};
use x509_parser::x509::X509Name;

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameEntry {
    /// Short name such as CN or O, or the dotted object identifier.
    pub label: String,
    /// Its text; `#` and hex digits when it is no text.
    pub value: String,
}

/// A distinguished name with its entries in the order of the certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// All attributes.
    pub entries: Vec<NameEntry>,
    /// DER as received.
    pub(super) raw: Vec<u8>,
}

impl Name {
    pub(super) fn from_x509(name: &X509Name<'_>) -> Self {
        let entry = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            let oid = attribute.attr_type().to_id_string();
            let value = attribute.attr_value();
            NameEntry {
                label: label(&oid).map_or(oid, str::to_owned),
                value: decode_any(value).unwrap_or_else(|| format!("#{}", hex(value.data))),
            }
        };
        Self { entries: name.iter_attributes().map(entry).collect(), raw: name.as_raw().to_vec() }
    }

    /// First non-empty value under a label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.label == label && !entry.value.is_empty()).map(|e| e.value.as_str())
    }

    /// The same name, whatever string types were used to write it.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.raw == other.raw || (!self.entries.is_empty() && self.entries == other.entries)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, NameEntry { label, value }) in self.entries.iter().enumerate() {
            write!(f, "{}{label}={value}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
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
        Some(text) => text,
        None => {
            let raw = std::str::from_utf8(trim_nul(value)).ok()?;
            if raw.chars().any(is_unsafe) {
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

/// Text of a string type by its universal tag number.
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
    Some(clean(&text))
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

fn clean(text: &str) -> String {
    let safe = |c| if is_unsafe(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.trim_end_matches('\0').trim().chars().map(safe).collect()
}

/// Characters that change how neighbours are read, or that are not seen at all.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Upper-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}"); // writing to a String can't fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, extension_text};

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
