//! Tables and the page that is a filter over a table.

use super::page::{Choice, Page, Paging, Pill};
use super::texts::Language;
use askama::Template;

/// A table.
pub struct Table {
    /// Name in the page.
    pub id: &'static str,
    /// What it holds.
    pub caption: String,
    /// Small print behind the caption; may be empty.
    pub remark: String,
    /// Headings of the columns.
    pub headings: Vec<Heading>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<Cell>>,
}

/// Heading of a column.
pub struct Heading {
    /// Text.
    pub label: String,
    /// Whether the column holds numbers.
    pub number: bool,
}

/// A cell.
pub struct Cell {
    /// Text.
    pub text: String,
    /// Where it leads; may be empty.
    pub href: String,
    /// Class of the cell in the style sheet.
    pub class: &'static str,
    /// Looks of a state.
    pub pill: Option<&'static str>,
}

impl Cell {
    /// Text that may be broken anywhere.
    #[must_use]
    pub const fn text(text: String) -> Self {
        Self { text, href: String::new(), class: "wrap", pill: None }
    }

    /// Text that stays on one line.
    #[must_use]
    pub const fn line(text: String) -> Self {
        Self { text, href: String::new(), class: "nowrap", pill: None }
    }

    /// A number.
    #[must_use]
    pub const fn number(text: String) -> Self {
        Self { text, href: String::new(), class: "number", pill: None }
    }

    /// A link.
    #[must_use]
    pub const fn link(text: String, href: String) -> Self {
        Self { text, href, class: "nowrap", pill: None }
    }

    /// A state.
    #[must_use]
    pub fn pill(pill: Pill) -> Self {
        Self { text: pill.label, href: String::new(), class: "nowrap", pill: Some(pill.class) }
    }
}

/// Headings by the keys of their texts; `true` is over numbers.
#[must_use]
pub fn headings(language: Language, keys: &[(&str, bool)]) -> Vec<Heading> {
    keys.iter().map(|(key, number)| Heading { label: language.text(key), number: *number }).collect()
}

/// What a list is searched by.
pub struct Filter {
    /// Address of the list.
    pub action: &'static str,
    /// Label of the search field.
    pub label: String,
    /// What is searched.
    pub search: String,
    /// What else it is narrowed by.
    pub selects: Vec<Select>,
}

/// A choice the list is narrowed by.
pub struct Select {
    /// Name in the address.
    pub name: &'static str,
    /// Label.
    pub label: String,
    /// What can be chosen beside everything.
    pub choices: Vec<Choice>,
}

/// The page of a list.
#[derive(Template)]
#[template(path = "console/list.html")]
pub struct ListPage {
    /// Frame.
    pub page: Page,
    /// What it is searched by.
    pub filter: Option<Filter>,
    /// The list.
    pub table: Table,
    /// Where one is in it.
    pub paging: Option<Paging>,
}

/// What a list's address holds.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Code of a kind.
    pub kind: String,
    /// Code of a state.
    pub state: String,
    /// Text to be found.
    pub search: String,
    /// Number of the page.
    pub page: Option<i64>,
}
