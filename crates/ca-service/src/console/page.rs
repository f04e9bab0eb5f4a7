//! What all pages share: frame, navigation, notice, paging, and how a template becomes an answer.

use super::rights::Right;
use super::texts::Language;
use super::visit::Visit;
use crate::operators::{Notice, Role};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Rows of a list on one page.
pub const ROWS: i64 = 25;

/// Frame of a page.
pub struct Page {
    /// Language of everything on it.
    pub language: Language,
    /// Heading and title of the window.
    pub title: String,
    /// Name of the CA.
    pub ca_name: String,
    /// Log-in name; empty before the log-in.
    pub operator: String,
    /// Name of the role.
    pub role: String,
    /// For the forms.
    pub csrf: String,
    notice: Option<Notice>,
    section: &'static str,
    may: Option<Role>,
}

/// A line of the navigation.
pub struct Item {
    /// Where to.
    pub href: String,
    /// Name.
    pub label: String,
    /// Whether the page belongs there.
    pub current: bool,
}

/// A notice with its text.
pub struct Said {
    /// Whether it went well.
    pub good: bool,
    /// Text.
    pub text: String,
}

/// Word and looks of a state.
pub struct Pill {
    /// Class in the style sheet: `ok`, `warn`, `danger`, `wait` or nothing.
    pub class: &'static str,
    /// Word.
    pub label: String,
}

/// A line of a list of fields.
pub struct Field {
    /// Name.
    pub label: String,
    /// Value.
    pub value: String,
    /// Where the value leads; may be empty.
    pub href: String,
    /// Class of a value that is a state, as in [`Pill`].
    pub pill: Option<&'static str>,
}

/// Fields under one heading.
pub struct Group {
    /// Heading.
    pub title: String,
    /// Lines.
    pub fields: Vec<Field>,
}

/// A choice of a list.
pub struct Choice {
    /// What the form sends.
    pub code: &'static str,
    /// What people read.
    pub label: String,
    /// Whether it is the present one.
    pub chosen: bool,
}

impl Field {
    /// A value.
    pub fn new(label: String, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), href: String::new(), pill: None }
    }

    /// A value that leads somewhere.
    pub fn link(label: String, value: impl Into<String>, href: String) -> Self {
        Self { label, value: value.into(), href, pill: None }
    }

    /// A state.
    pub fn pill(label: String, pill: Pill) -> Self {
        Self { label, value: pill.label, href: String::new(), pill: Some(pill.class) }
    }
}

/// The parts of the console: name in the path, key of the title, right that opens it.
const SECTIONS: &[(&str, &str, Right)] = &[
    ("overview", "console.nav.overview", Right::ReadBooks),
    ("orders", "console.nav.orders", Right::ReadBooks),
    ("customers", "console.nav.customers", Right::ReadBooks),
    ("certificates", "console.nav.certificates", Right::ReadBooks),
    ("products", "console.nav.products", Right::ReadBooks),
    ("outbox", "console.nav.outbox", Right::ReadOutbox),
    ("operators", "console.nav.operators", Right::ManageOperators),
    ("audit", "console.nav.audit", Right::ReadAudit),
];

impl Page {
    /// A page of a section; `section` is empty outside of all.
    #[must_use]
    pub fn new(visit: &Visit, section: &'static str, title: impl Into<String>) -> Self {
        let language = visit.language;
        let session = visit.session.as_ref();
        Self {
            language,
            title: title.into(),
            ca_name: visit.ca_name.clone(),
            operator: session.map(|session| session.name.clone()).unwrap_or_default(),
            role: session.map(|session| language.text(role_key(session.role))).unwrap_or_default(),
            csrf: visit.csrf.clone(),
            notice: session.and_then(|session| session.notice.clone()),
            section,
            may: session.map(|session| session.role),
        }
    }

    /// The page that says this and nothing from before.
    #[must_use]
    pub fn saying(mut self, notice: Notice) -> Self {
        self.notice = Some(notice);
        self
    }

    /// The text of a key.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.language.text(key)
    }

    /// The text of a key with its value.
    #[must_use]
    pub fn t_with(&self, key: &str, value: &str) -> String {
        self.language.text_with(key, value)
    }

    /// What is said once.
    #[must_use]
    pub fn notice(&self) -> Option<Said> {
        self.notice.as_ref().map(|notice| Said { good: notice.good, text: self.t_with(&notice.text, &notice.value) })
    }

    /// The sections this person may open.
    #[must_use]
    pub fn navigation(&self) -> Vec<Item> {
        let sections = SECTIONS.iter().filter(|(_, _, right)| self.may.is_some_and(|role| role.may(*right)));
        sections
            .map(|(name, key, _)| Item {
                href: format!("/console/{name}"),
                label: self.t(key),
                current: *name == self.section,
            })
            .collect()
    }

    /// The language one can change to.
    #[must_use]
    pub const fn other_language(&self) -> Language {
        match self.language {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }
}

/// Key of the name of a role.
#[must_use]
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Administrator => "console.role.administrator",
        Role::Operator => "console.role.operator",
        Role::Auditor => "console.role.auditor",
    }
}

/// A template as an answer.
#[must_use]
pub fn show(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(header::CONTENT_TYPE, html)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The answer to a form that did its work.
#[must_use]
pub fn go_to(path: &str) -> Response {
    match HeaderValue::try_from(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A file to be saved.
#[must_use]
pub fn file(name: &str, media_type: &'static str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}

/// Where one is in a list.
pub struct Paging {
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
    /// `2 / 7`.
    pub place: String,
}

/// Number of a page as a person asked for it, from 1.
#[must_use]
pub fn page_number(asked: Option<i64>) -> i64 {
    asked.unwrap_or(1).clamp(1, 1_000_000)
}

/// Links to the pages around; `None` when there is only one.
#[must_use]
pub fn paging(path: &str, filter: &[(&str, &str)], number: i64, total: i64) -> Option<Paging> {
    let pages = (total + ROWS - 1) / ROWS;
    let link = |number: i64| {
        let filter = filter.iter().filter(|(_, value)| !value.is_empty());
        let text: String = filter.map(|(name, value)| format!("{name}={}&", encoded(value))).collect();
        format!("{path}?{text}page={number}")
    };
    (pages > 1 || number > 1).then(|| Paging {
        previous: (number > 1).then(|| link((number - 1).min(pages.max(1)))),
        next: (number < pages).then(|| link(number + 1)),
        place: format!("{number} / {pages}"),
    })
}

/// A value in an address (RFC 3986 §2.1).
#[must_use]
pub fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{encoded, paging};

    #[test]
    fn pages_lead_to_their_neighbours_and_keep_the_filter() {
        let filter = [("state", "reviewing"), ("search", "a&b 证"), ("none", "")];
        let middle = paging("/console/orders", &filter, 2, 60).unwrap();
        assert_eq!(middle.place, "2 / 3");
        assert_eq!(middle.previous.unwrap(), "/console/orders?state=reviewing&search=a%26b%20%E8%AF%81&page=1");
        assert!(middle.next.unwrap().ends_with("page=3"));
        assert!(paging("/x", &[], 3, 60).unwrap().next.is_none());
        assert!(paging("/x", &[], 1, 25).is_none());
        // beyond the end there is a way back
        assert_eq!(paging("/x", &[], 9, 60).unwrap().previous.unwrap(), "/x?page=3");
        assert_eq!(paging("/x", &[], 9, 0).unwrap().previous.unwrap(), "/x?page=1");
    }

    #[test]
    fn what_stands_in_an_address_is_encoded() {
        assert_eq!(encoded("a-b/ü"), "a-b%2F%C3%BC");
    }
}
