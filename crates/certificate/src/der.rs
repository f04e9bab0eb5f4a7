//! The structure of a certificate, taken apart by hand: each part is kept as received, so that one odd field does not cost
//! the others, and so that signatures are verified over the bytes that were signed.

use x509_parser::asn1_rs::{Any, Class, FromDer};

/// A certificate cut into its parts (RFC 5280 §4.1). Nothing is decoded; the parts are DER elements unless said otherwise.
pub(super) struct Parts<'a> {
    /// What is signed.
    pub(super) tbs: &'a [u8],
    /// 0 for version 1, 2 for version 3.
    pub(super) version: u8,
    /// Content of the INTEGER.
    pub(super) serial: &'a [u8],
    /// Algorithm inside what is signed.
    pub(super) inner_algorithm: &'a [u8],
    /// Algorithm beside the signature.
    pub(super) outer_algorithm: &'a [u8],
    pub(super) issuer: &'a [u8],
    /// Content of the SEQUENCE of both dates.
    pub(super) validity: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) key: &'a [u8],
    /// Content of the SEQUENCE of extensions.
    pub(super) extensions: &'a [u8],
    /// Content of the BIT STRING.
    pub(super) signature: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Cuts a certificate.
    pub(super) fn read(whole: &'a [u8]) -> Option<Self> {
        let (rest, tbs) = next(content(whole)?, SEQUENCE)?;
        let (rest, outer_algorithm) = next(rest, SEQUENCE)?;
        let (rest, signature) = bits(rest)?;
        rest.is_empty().then_some(())?;

        let (rest, version) = optional(content(tbs)?, Class::ContextSpecific, 0)?;
        let version = match version {
            Some(number) => *content(next(number, INTEGER)?.1)?.last()?,
            None => 0,
        };
        let (rest, serial) = next(rest, INTEGER)?;
        let (rest, inner_algorithm) = next(rest, SEQUENCE)?;
        let (rest, issuer) = next(rest, SEQUENCE)?;
        let (rest, validity) = next(rest, SEQUENCE)?;
        let (rest, subject) = next(rest, SEQUENCE)?;
        let (mut rest, key) = next(rest, SEQUENCE)?;
        let mut extensions: &[u8] = &[];
        while !rest.is_empty() {
            let (behind, any) = Any::from_der(rest).ok()?;
            // the unique identifiers in front of them mean nothing to anybody
            if any.class() == Class::ContextSpecific && any.tag().0 == 3 {
                extensions = content(next(any.data, SEQUENCE)?.1)?;
            }
            rest = behind;
        }
        Some(Self {
            tbs,
            version,
            serial: content(serial)?,
            inner_algorithm,
            outer_algorithm,
            issuer,
            validity: content(validity)?,
            subject,
            key,
            extensions,
            signature,
        })
    }
}

/// First bytes of elements.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const SEQUENCE: u8 = 0x30;

/// What follows the next element with this first byte, and all its bytes.
pub(super) fn next(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    (bytes.first() == Some(&tag)).then_some(())?;
    let (rest, _) = Any::from_der(bytes).ok()?;
    Some((rest, bytes.get(..bytes.len() - rest.len())?))
}

/// What follows the next BIT STRING of whole bytes, and its content.
pub(super) fn bits(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, element) = next(bytes, BIT_STRING)?;
    Some((rest, content(element)?.strip_prefix(&[0])?))
}

/// An object identifier in dotted form. The library takes the content of any element for one, and leaves out a last number
/// that is cut off.
pub(super) fn object_identifier(any: &Any<'_>) -> Option<String> {
    let whole = any.data.last().is_some_and(|byte| byte & 0x80 == 0);
    (any.class() == Class::Universal && any.tag().0 == 6 && whole).then_some(())?;
    Some(any.as_oid().ok()?.to_id_string())
}

/// Content of an element.
pub(super) fn content(element: &[u8]) -> Option<&[u8]> {
    Some(Any::from_der(element).ok()?.1.data)
}

/// What follows the next SEQUENCE, and its content.
pub(super) fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, element) = next(bytes, SEQUENCE)?;
    Some((rest, content(element)?))
}

/// What follows an element that may be absent, and its content; `None` when the bytes are no DER at all.
pub(super) fn optional(bytes: &[u8], class: Class, tag: u32) -> Option<(&[u8], Option<&[u8]>)> {
    if bytes.is_empty() {
        return Some((bytes, None));
    }
    let (rest, any) = Any::from_der(bytes).ok()?;
    Some(if any.class() == class && any.tag().0 == tag { (rest, Some(any.data)) } else { (bytes, None) })
}

/// A moment in seconds since 1970 UTC, next in the bytes (X.680 §46, §47): the second may be missing, a fraction is cut
/// off, another zone is converted. `None` for a moment without a zone, or that does not exist: a day could be wrong.
pub(super) fn moment(bytes: &[u8]) -> Option<(&[u8], Option<i64>)> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    (any.class() == Class::Universal).then_some(())?;
    let moment = match any.tag().0 {
        23 => utc_time(any.data),
        24 => generalized_time(any.data),
        _ => return None,
    };
    Some((rest, moment))
}

fn utc_time(text: &[u8]) -> Option<i64> {
    let (year, rest) = number(text, 2)?;
    let year = if year < 50 { 2000 + year } else { 1900 + year };
    let (date, rest) = day(year, rest)?;
    let ((hour, rest), seconds) = (number(rest, 2)?, |rest| number(rest, 2));
    let (minute, rest) = number(rest, 2)?;
    let (second, zone) = seconds(rest).unwrap_or((0, rest));
    at(date, hour, minute, second, zone)
}

fn generalized_time(text: &[u8]) -> Option<i64> {
    let (year, rest) = number(text, 4)?;
    let (date, rest) = day(year, rest)?;
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest, 2)?;
    let (second, rest) = number(rest, 2).unwrap_or((0, rest));
    let zone = match rest {
        [b'.' | b',', fraction @ ..] => {
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit()).filter(|end| *end > 0)?;
            fraction.get(end..)?
        }
        zone => zone,
    };
    at(date, hour, minute, second, zone)
}

fn day(year: i32, text: &[u8]) -> Option<(time::Date, &[u8])> {
    let (month, rest) = number(text, 2)?;
    let (day, rest) = number(rest, 2)?;
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    Some((time::Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?, rest))
}

fn at(date: time::Date, hour: i32, minute: i32, second: i32, zone: &[u8]) -> Option<i64> {
    let part = |number: i32| u8::try_from(number).ok();
    let time = time::Time::from_hms(part(hour)?, part(minute)?, part(second)?).ok()?;
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let (hours, rest) = number(digits, 2)?;
            let (minutes, rest) = number(rest, 2)?;
            (rest.is_empty() && hours < 24 && minutes < 60).then_some(())?;
            (hours * 60 + minutes) * if *sign == b'+' { 60 } else { -60 }
        }
        _ => return None,
    };
    Some(date.with_time(time).assume_utc().unix_timestamp() - i64::from(offset))
}

/// A number of so many digits, and what follows it.
fn number(text: &[u8], digits: usize) -> Option<(i32, &[u8])> {
    let (head, rest) = text.split_at_checked(digits)?;
    head.iter().all(u8::is_ascii_digit).then_some(())?;
    Some((std::str::from_utf8(head).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::moment;

    fn read(tag: u8, text: &str) -> Option<i64> {
        let der = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        moment(&der).unwrap().1
    }

    #[test]
    fn moments_of_every_form_of_the_standard_are_read() {
        let noon = 1_767_268_800; // 2026-01-01 12:00:00 UTC
        for text in ["260101120000Z", "2601011200Z", "260101200000+0800", "2601010730-0430"] {
            assert_eq!(read(23, text), Some(noon), "{text}");
        }
        for text in
            ["20260101120000Z", "202601011200Z", "20260101120000.5Z", "20260101120000,999Z", "20260101200000+0800"]
        {
            assert_eq!(read(24, text), Some(noon), "{text}");
        }
        assert_eq!(read(23, "500101000000Z"), Some(-631_152_000), "1950");
        assert_eq!(read(24, "99991231235959Z"), Some(253_402_300_799));
    }

    #[test]
    fn a_moment_that_is_not_certain_is_not_guessed() {
        for text in
            ["260101120000", "260101120060Z", "260230120000Z", "26010112Z", "2601011200z", "260101120000+08", ""]
        {
            assert_eq!(read(23, text), None, "{text}");
        }
        for text in ["20260101120000", "20261301120000Z", "20260101120000.Z", "20260101120000Zx", "20260101250000Z"] {
            assert_eq!(read(24, text), None, "{text}");
        }
        assert_eq!(moment(&[0x02, 0x01, 0x05]), None, "no time at all");
    }
}
