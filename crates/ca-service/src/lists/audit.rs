//! Records of the audit log.

use super::{Found, Part, like, read, statements, total};
use crate::audit::Record;
use crate::store::Store;
use sqlx::Error;

/// Which records are wanted; an empty text is every one.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Part of who did it.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// Part of what it was done to.
    pub object: &'a str,
    /// What came of it.
    pub outcome: &'a str,
    /// First and last second.
    pub period: (i64, i64),
}

const COUNT_AND_ROWS: (&str, &str) = statements!(
    "seq, at, actor, role, action, object, outcome, detail, prev, hash",
    "audit WHERE ($1 = '%%' OR LOWER(actor) LIKE $1 ESCAPE '\\') AND ($2 = '' OR action = $2) \
     AND ($3 = '%%' OR LOWER(object) LIKE $3 ESCAPE '\\') AND ($4 = '' OR outcome = $4) AND at >= $5 AND at <= $6",
    "seq DESC LIMIT $7 OFFSET $8"
);

/// Records, the newest first.
///
/// # Errors
/// Of the database.
pub async fn records(store: &Store, wanted: &Wanted<'_>, part: Part) -> Result<Vec<Record>, Error> {
    let rows = sqlx::query(COUNT_AND_ROWS.1)
        .bind(like(wanted.actor))
        .bind(wanted.action)
        .bind(like(wanted.object))
        .bind(wanted.outcome)
        .bind(wanted.period.0)
        .bind(wanted.period.1)
        .bind(part.limit)
        .bind(part.offset)
        .fetch_all(store.pool())
        .await?;
    read(&rows, Record::read)
}

/// Records with their number in all.
///
/// # Errors
/// Of the database.
pub async fn list(store: &Store, wanted: &Wanted<'_>, part: Part) -> Result<Found<Record>, Error> {
    let row = sqlx::query(COUNT_AND_ROWS.0)
        .bind(like(wanted.actor))
        .bind(wanted.action)
        .bind(like(wanted.object))
        .bind(wanted.outcome)
        .bind(wanted.period.0)
        .bind(wanted.period.1)
        .fetch_one(store.pool())
        .await?;
    Ok(Found { rows: records(store, wanted, part).await?, total: total(&row)? })
}

/// The records about an object, oldest first; the last two hundred.
///
/// # Errors
/// Of the database.
pub async fn about(store: &Store, object: &str) -> Result<Vec<Record>, Error> {
    let rows = sqlx::query(
        "SELECT seq, at, actor, role, action, object, outcome, detail, prev, hash FROM audit WHERE object = $1 \
         ORDER BY seq DESC LIMIT 200",
    )
    .bind(object)
    .fetch_all(store.pool())
    .await?;
    rows.iter().rev().map(Record::read).collect()
}
