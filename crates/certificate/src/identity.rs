//! Who holds the certificate, from the private extensions (wire-format/certificates.md#private-extensions) and the
//! standard ones of GB/T 20518. A value that the certificate does not state stays absent. What these extensions mean is
//! inferred from public samples except where the standard says it; each field names its sources in order.

/// Kind of holder (the person or organisation part of 证书类型).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// 个人.
    Person,
    /// 单位.
    Organisation,
}

/// 密码卡序列号 as far as a certificate tells it. Not confirmed on a key in the field: the number of these extensions is
/// the best candidate known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardNumber {
    /// The number as text.
    pub value: String,
    /// Object identifier of the extension it was read from.
    pub source: &'static str,
}

/// What the extensions state about the holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// 唯一实体标识, such as `SF…` (person) or `JJ…` (organisation).
    pub unique_id: Option<String>,
    /// From the prefix of the unique id; without one from the presence of GB/T 20518 identity extensions.
    pub holder: Option<Holder>,
    /// 组织机构号: the number in the `JJ` value, else the stated organisation code.
    pub organisation_number: Option<String>,
    /// 统一社会信用代码, when one of the organisation's values has that form (GB 32100, 18 characters).
    pub credit_code: Option<String>,
    /// 密码卡序列号.
    pub card_number: Option<CardNumber>,
}

const UNIQUE_ID: [&str; 4] = ["1.2.156.112562.2.1.1.1", "2.16.840.1.113732.2", "1.2.86.11.7.1", "1.2.86.11.7.8"];
const JJ_STRINGS: [&str; 3] = ["1.2.156.112562.2.1.1.24", "1.2.156.112562.2.1.1.4", OLD_ORGANISATION];
const OLD_ORGANISATION: &str = "1.2.86.11.7.9";
const CARD_NUMBER: [&str; 2] = ["1.2.156.112562.2.1.1.14", "1.2.86.840.1.176.1"];
/// Organisation code of GB/T 20518 and the one other CAs use likewise.
const ORGANISATION_CODE: [&str; 2] = ["1.2.156.10260.4.1.4", "1.2.86.11.7.3"];
/// GB/T 20518: identity document, insurance number.
const PERSON: [&str; 2] = ["1.2.156.10260.4.1.1", "1.2.156.10260.4.1.2"];
/// GB/T 20518: business registration, organisation code, tax number.
const ORGANISATION: [&str; 3] = ["1.2.156.10260.4.1.3", "1.2.156.10260.4.1.4", "1.2.156.10260.4.1.5"];

impl Identity {
    /// `text` gives the text of an extension, `present` whether it is there at all.
    pub(super) fn read(text: impl Fn(&str) -> Option<String>, present: impl Fn(&str) -> bool) -> Self {
        let unique_id = UNIQUE_ID.iter().find_map(|oid| text(oid));
        let jj: Vec<String> = JJ_STRINGS.iter().filter_map(|oid| text(oid)).collect();
        let jj_numbers = jj.iter().chain(&unique_id).filter_map(|value| jj_number(value));
        let codes = ORGANISATION_CODE.iter().chain(&ORGANISATION).filter_map(|oid| text(oid)).filter(|c| is_code(c));

        let holder = unique_id.clone().or_else(|| text(OLD_ORGANISATION)).and_then(|id| holder_of(&id));
        let stated = |oids: &[&str], holder| oids.iter().any(|oid| present(oid)).then_some(holder);
        let credit_code = jj_numbers.clone().chain(codes.clone()).find(|code| is_credit_code(code));
        Self {
            holder: holder
                .or_else(|| stated(&ORGANISATION, Holder::Organisation))
                .or_else(|| stated(&PERSON, Holder::Person)),
            organisation_number: jj
                .iter()
                .find_map(|value| jj_number(value))
                .or_else(|| ORGANISATION_CODE.iter().filter_map(|oid| text(oid)).find(|code| is_code(code)))
                .or_else(|| unique_id.as_deref().and_then(jj_number)),
            credit_code,
            card_number: CARD_NUMBER.iter().find_map(|&source| {
                text(source).filter(|value| is_code(value)).map(|value| CardNumber { value, source })
            }),
            unique_id,
        }
    }
}

fn holder_of(id: &str) -> Option<Holder> {
    if id.starts_with("SF") {
        Some(Holder::Person)
    } else if id.starts_with("JJ") {
        Some(Holder::Organisation)
    } else {
        None
    }
}

/// The number in `JJ<number>` or in `<form>@<channel>JJ0<number>`.
fn jj_number(value: &str) -> Option<String> {
    let number = match value.split_once('@') {
        None => value.strip_prefix("JJ")?,
        Some((_, rest)) => {
            let number = rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("JJ")?;
            if rest.starts_with("JJ") { number } else { number.strip_prefix('0').unwrap_or(number) }
        }
    };
    is_code(number).then(|| number.to_owned())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// Form of GB 32100: 18 digits and capitals without I, O, S, V, Z; characters 3–8 are digits (the region).
fn is_credit_code(code: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_digit() || (c.is_ascii_uppercase() && !b"IOSVZ".contains(&c));
    code.len() == 18 && code.bytes().all(allowed) && code.bytes().skip(2).take(6).all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{CardNumber, Holder, Identity};

    fn read(extensions: &[(&str, &str)]) -> Identity {
        let find = |oid: &str| extensions.iter().find(|(have, _)| *have == oid);
        Identity::read(|oid| find(oid).map(|(_, text)| (*text).to_owned()), |oid| find(oid).is_some())
    }

    #[test]
    fn nothing_stated_gives_nothing() {
        assert_eq!(read(&[]), Identity::default());
    }

    #[test]
    fn an_organisation_of_the_sm2_generation_is_read() {
        let identity = read(&[
            ("2.16.840.1.113732.2", "JJ999"),
            ("1.2.156.112562.2.1.1.1", "JJ990000000000017"),
            ("1.2.156.112562.2.1.1.24", "2@5009JJ0123456789"),
            ("1.2.156.112562.2.1.1.14", "990000000000017"),
            ("1.2.86.840.1.176.1", "1"),
            ("1.2.156.10260.4.1.4", "91110108MA01ABCD2X"),
        ]);
        assert_eq!(identity.unique_id.as_deref(), Some("JJ990000000000017"));
        assert_eq!(identity.holder, Some(Holder::Organisation));
        assert_eq!(identity.organisation_number.as_deref(), Some("123456789"));
        assert_eq!(identity.credit_code.as_deref(), Some("91110108MA01ABCD2X"));
        let card = CardNumber { value: "990000000000017".to_owned(), source: "1.2.156.112562.2.1.1.14" };
        assert_eq!(identity.card_number, Some(card));
    }

    #[test]
    fn a_person_has_no_organisation_number() {
        let identity = read(&[
            ("1.2.156.112562.2.1.1.1", "SF110101199001010000"),
            ("1.2.156.112562.2.1.1.4", "1@5009SF0110101199001010000"),
        ]);
        assert_eq!(identity.holder, Some(Holder::Person));
        assert_eq!((identity.organisation_number, identity.credit_code), (None, None));
    }

    #[test]
    fn the_unique_id_follows_the_order_of_generations() {
        let id = |extensions: &[(&str, &str)]| read(extensions).unique_id.unwrap();
        assert_eq!(id(&[("1.2.86.11.7.1", "c"), ("2.16.840.1.113732.2", "b")]), "b");
        assert_eq!(id(&[("1.2.86.11.7.8", "d"), ("1.2.86.11.7.1", "c")]), "c");
    }

    #[test]
    fn the_holder_is_not_guessed_without_prefix_or_standard_extension() {
        assert_eq!(read(&[("2.16.840.1.113732.2", "110101199001010000")]).holder, None);
        assert_eq!(read(&[("1.2.86.11.7.9", "JJ123456789012345")]).holder, Some(Holder::Organisation));
        assert_eq!(read(&[("1.2.156.10260.4.1.1", "x")]).holder, Some(Holder::Person));
        let agent = [("1.2.156.10260.4.1.1", "x"), ("1.2.156.10260.4.1.4", "y")];
        assert_eq!(read(&agent).holder, Some(Holder::Organisation));
    }

    #[test]
    fn each_form_of_the_organisation_string_gives_its_number() {
        let number = |text| read(&[("1.2.156.112562.2.1.1.4", text)]).organisation_number;
        assert_eq!(number("JJ0123456789").as_deref(), Some("0123456789"));
        assert_eq!(number("1B@JJ0123456789").as_deref(), Some("0123456789"));
        assert_eq!(number("1@5009JJ012345678-9").as_deref(), Some("12345678-9"));
        assert_eq!(number("JJ"), None);
        assert_eq!(number("1@5009JJ0<b>"), None);
        assert_eq!(number("5009"), None);
    }

    #[test]
    fn only_the_form_of_a_credit_code_is_taken_for_one() {
        let code = |text| read(&[("1.2.156.10260.4.1.3", text)]).credit_code;
        assert!(code("91110108MA01ABCD2X").is_some());
        assert_eq!(code("91110108MA01ABCD2"), None);
        assert_eq!(code("9111010AMA01ABCD2X"), None);
        assert_eq!(code("91110108MA01ABCDSX"), None);
    }
}
