//! What the service takes as a contact, checked while the person types, and what this computer knows of the person: the
//! contact used last for each key. The service has the last word.

use crate::app::config::json_file;
use base::display::is_deceptive;
use order_api::{Applicant, Contact};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest name, characters.
pub const LONGEST_NAME: usize = 64;
/// Digits of a mobile number.
pub const MOBILE_DIGITS: usize = 11;
/// Longest e-mail address (RFC 5321 §4.5.3.1), characters.
pub const LONGEST_EMAIL: usize = 254;

/// Longest telephone number, characters.
pub const LONGEST_TELEPHONE: usize = 32;

/// The contact used last for each key, by USB-Key 序列号.
#[derive(Debug)]
pub struct Contacts {
    path: Option<PathBuf>,
    damaged: bool,
    known: BTreeMap<String, Contact>,
}

impl Contacts {
    /// Reads what is known; `None` keeps it in memory only. A damaged file is set aside: then the person types it again.
    #[must_use]
    pub fn at(path: Option<PathBuf>) -> Self {
        let (known, damaged) = path.as_deref().map(json_file::load).unwrap_or_default();
        Self { path, damaged, known: known.unwrap_or_default() }
    }

    /// The file that was damaged and set aside.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.path.as_deref().filter(|_| self.damaged)
    }

    /// The contact of a key.
    #[must_use]
    pub fn of(&self, device_serial: &str) -> Option<&Contact> {
        self.known.get(device_serial)
    }

    /// Keeps what the person filled in for a key.
    pub fn remember(&mut self, device_serial: &str, contact: Contact) {
        if device_serial.is_empty() || self.of(device_serial) == Some(&contact) {
            return;
        }
        self.known.insert(device_serial.to_owned(), contact);
        if let Some(path) = &self.path
            && let Err(error) = json_file::store(path, &self.known)
        {
            // it is typed again then
            tracing::warn!(%error, "the contact could not be kept");
        }
    }
}

/// What of an applicant is a contact.
#[must_use]
pub fn of_applicant(applicant: &Applicant) -> Contact {
    let Applicant { name, mobile, email, .. } = applicant.clone();
    Contact { name, mobile, email }
}

/// Why a field is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactProblem {
    /// Nothing stands there.
    Missing,
    /// Not of the form it needs.
    Malformed,
}

/// A name: 1–64 characters, none of them one that deceives.
///
/// # Errors
/// [`ContactProblem`].
pub fn name(text: &str) -> Result<(), ContactProblem> {
    match text.trim() {
        "" => Err(ContactProblem::Missing),
        name if name.chars().count() > LONGEST_NAME || name.chars().any(is_deceptive) => Err(ContactProblem::Malformed),
        _ => Ok(()),
    }
}

/// A mobile number of mainland China: eleven digits, the first a 1, the second 3–9.
///
/// # Errors
/// [`ContactProblem`].
pub fn mobile(text: &str) -> Result<(), ContactProblem> {
    match text.trim() {
        "" => Err(ContactProblem::Missing),
        number
            if number.len() == MOBILE_DIGITS
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && number.starts_with('1')
                && number.as_bytes().get(1) >= Some(&b'3') =>
        {
            Ok(())
        }
        _ => Err(ContactProblem::Malformed),
    }
}

/// A telephone number somebody can call: at least three digits, with the marks people write between them.
///
/// # Errors
/// [`ContactProblem`].
pub fn telephone(text: &str) -> Result<(), ContactProblem> {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte));
    match text {
        "" => Err(ContactProblem::Missing),
        number if plain && digits >= 3 && number.len() <= LONGEST_TELEPHONE => Ok(()),
        _ => Err(ContactProblem::Malformed),
    }
}

/// An e-mail address, or nothing: a dot-atom (RFC 5322 §3.4.1), an `@`, and a domain of labels.
///
/// # Errors
/// [`ContactProblem::Malformed`].
pub fn email(text: &str) -> Result<(), ContactProblem> {
    let text = text.trim();
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let fits = text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
            && domain.contains('.')
            && domain.split('.').all(label)
    });
    if text.is_empty() || fits && text.len() <= LONGEST_EMAIL { Ok(()) } else { Err(ContactProblem::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::{ContactProblem, email, mobile, name};
    use ca_service::registry::customers::check_contact;
    use order_api::Contact;

    /// What the reference service says of a contact that is good but for one field.
    fn accepted(change: impl FnOnce(&mut Contact)) -> bool {
        let mut contact = Contact { name: "李雷".to_owned(), mobile: "13800138000".to_owned(), email: String::new() };
        change(&mut contact);
        check_contact(&contact).is_ok()
    }

    #[test]
    fn names_are_judged_by_their_characters_as_the_service_does() {
        assert_eq!(name("  "), Err(ContactProblem::Missing));
        for (text, fits) in [
            ("李雷".to_owned(), true),
            ("欧".repeat(64), true),
            ("欧".repeat(65), false),
            ("a\u{7}b".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(name(&text).is_ok(), fits, "{text}");
            assert_eq!(accepted(|contact| contact.name.clone_from(&text)), fits, "the service: {text}");
        }
    }

    #[test]
    fn a_mobile_number_is_judged_as_the_service_does() {
        assert_eq!(mobile(""), Err(ContactProblem::Missing));
        assert_eq!(mobile(" 13800138000 "), Ok(()), "sent without the spaces");
        for (text, fits) in [
            ("13800138000", true),
            ("19900138000", true),
            ("12800138000", false),
            ("1380013800", false),
            ("138001380000", false),
            ("23800138000", false),
            ("1380013800a", false),
            ("１３８００１３８０００", false),
        ] {
            assert_eq!(mobile(text).is_ok(), fits, "{text}");
            assert_eq!(accepted(|contact| text.clone_into(&mut contact.mobile)), fits, "the service: {text}");
        }
    }

    #[test]
    fn an_address_may_be_missing_and_is_judged_as_the_service_does() {
        let long = format!("{}@example.com", "a".repeat(250));
        for (text, fits) in [
            ("", true),
            ("lilei@example.com", true),
            ("li.lei+ca@mail.example.com", true),
            ("lilei", false),
            ("@example.com", false),
            ("lilei@example", false),
            ("lilei@example..com", false),
            ("lilei@-example.com", false),
            ("lilei@ex@mple.com", false),
            ("li..lei@example.com", false),
            ("li lei@example.com", false),
            ("李雷@example.com", false),
            (long.as_str(), false),
        ] {
            assert_eq!(email(text).is_ok(), fits, "{text}");
            assert_eq!(accepted(|contact| text.clone_into(&mut contact.email)), fits, "the service: {text}");
        }
    }
}
