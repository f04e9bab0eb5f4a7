//! Strings as keys and readers give them.

/// A padded string: UTF-8 by the standard, GBK in practice; ends at NUL, harmless ([`base::display`]).
pub fn shown(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let bytes = field.get(..end).unwrap_or_default();
    let decoded = std::str::from_utf8(bytes).map_or_else(|_| encoding_rs::GBK.decode(bytes).0, Into::into);
    base::display::harmless(decoded.trim())
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn padded_text_is_utf8_else_gbk_and_never_carries_characters_that_deceive() {
        assert_eq!(shown(b"BJCA-UserKey\0\0\xFF\xFF"), "BJCA-UserKey");
        assert_eq!(shown("龙脉".as_bytes()), "龙脉");
        assert_eq!(shown(&[0xC1, 0xFA, 0xC2, 0xF6, 0x20, 0x20]), "龙脉");
        assert_eq!(shown(b"a\x1b[31mb"), "a\u{FFFD}[31mb");
        assert_eq!(shown("12\u{200b}3".as_bytes()), "12\u{FFFD}3", "no other key's serial number");
    }
}
