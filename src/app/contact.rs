//! What the service takes as a contact, checked while the person types. The service has the last word.

/// Longest name, characters.
pub const LONGEST_NAME: usize = 64;
/// Digits of a mobile number.
pub const MOBILE_DIGITS: usize = 11;
/// Longest e-mail address (RFC 5321 §4.5.3.1), characters.
pub const LONGEST_EMAIL: usize = 254;

/// Why a field is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactProblem {
    /// Nothing stands there.
    Missing,
    /// Not of the form it needs.
    Malformed,
}

/// A name: 1–64 characters, none of them a control character.
///
/// # Errors
/// [`ContactProblem`].
pub fn name(text: &str) -> Result<(), ContactProblem> {
    match text.trim() {
        "" => Err(ContactProblem::Missing),
        name if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) => {
            Err(ContactProblem::Malformed)
        }
        _ => Ok(()),
    }
}

/// A mobile number of mainland China: eleven digits, the first a 1.
///
/// # Errors
/// [`ContactProblem`].
pub fn mobile(text: &str) -> Result<(), ContactProblem> {
    match text.trim() {
        "" => Err(ContactProblem::Missing),
        number
            if number.len() == MOBILE_DIGITS
                && number.starts_with('1')
                && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Ok(())
        }
        _ => Err(ContactProblem::Malformed),
    }
}

/// An e-mail address, or nothing: something before one `@`, behind it names joined by dots.
///
/// # Errors
/// [`ContactProblem::Malformed`].
pub fn email(text: &str) -> Result<(), ContactProblem> {
    let text = text.trim();
    let fits = text.is_empty()
        || text.len() <= LONGEST_EMAIL
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && domain.contains('.')
                    && !domain.contains('@')
                    && domain.split('.').all(|label| !label.is_empty())
            });
    if fits { Ok(()) } else { Err(ContactProblem::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::{ContactProblem, email, mobile, name};

    #[test]
    fn names_are_judged_by_their_characters() {
        assert_eq!(name("  "), Err(ContactProblem::Missing));
        for (text, fits) in [("李雷".to_owned(), true), ("欧".repeat(64), true), ("欧".repeat(65), false)] {
            assert_eq!(name(&text).is_ok(), fits, "{text}");
        }
        assert_eq!(name("a\u{7}b"), Err(ContactProblem::Malformed));
    }

    #[test]
    fn a_mobile_number_is_eleven_digits_that_begin_with_one() {
        assert_eq!(mobile(""), Err(ContactProblem::Missing));
        for (text, fits) in [
            ("13800138000", true),
            (" 13800138000 ", true),
            ("1380013800", false),
            ("138001380000", false),
            ("23800138000", false),
            ("1380013800a", false),
            ("１３８００１３８０００", false),
        ] {
            assert_eq!(mobile(text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn an_address_may_be_missing_but_not_malformed() {
        for (text, fits) in [
            ("", true),
            ("lilei@example.com", true),
            ("李雷@例子.中国", true),
            ("lilei", false),
            ("@example.com", false),
            ("lilei@example", false),
            ("lilei@example..com", false),
            ("lilei@ex@mple.com", false),
            ("li lei@example.com", false),
        ] {
            assert_eq!(email(text).is_ok(), fits, "{text}");
        }
        assert!(email(&format!("{}@example.com", "a".repeat(250))).is_err());
    }
}
