//! What the console shows of the database: a module a subject, rows by the names of their columns. Nothing is changed here.

pub mod audit;
pub mod certificates;
pub mod customers;
pub mod evidence;
pub mod orders;
pub mod outbox;
pub mod overview;

use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// At most so many rows.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// Rows of a list, and how many there are in all.
pub struct Found<T> {
    /// The part that was asked for.
    pub rows: Vec<T>,
    /// Rows in all.
    pub total: i64,
}

/// The columns and the condition of a list, once for its rows and once for their number: `$columns`, the tables and the
/// condition, the order.
macro_rules! statements {
    ($columns:literal, $from:expr, $order:literal) => {
        (
            concat!("SELECT COUNT(*) AS total FROM ", $from),
            concat!("SELECT ", $columns, " FROM ", $from, " ORDER BY ", $order),
        )
    };
}
use statements;

/// A pattern for `LIKE … ESCAPE '\'` that finds a text anywhere, in lower case; `%%` for an empty one.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "%"
}

fn read<T>(rows: &[AnyRow], one: impl Fn(&AnyRow) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(one).collect()
}

fn total(row: &AnyRow) -> Result<i64, Error> {
    row.try_get("total")
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn what_people_search_for_has_no_meaning_to_the_database() {
        assert_eq!(like(" A%b_c\\ "), "%a\\%b\\_c\\\\%");
        assert_eq!(like(""), "%%");
    }
}
