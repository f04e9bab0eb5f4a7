//! Messages to customers.

use super::{Found, Part, read, statements, total};
use crate::store::Store;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// A message.
pub struct MessageRow {
    /// Its number.
    pub id: i64,
    /// Channel as it is stored.
    pub channel: String,
    /// Number or address it goes to.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// Text; codes are in it until it was sent.
    pub body: String,
    /// Order it is about.
    pub order: Option<String>,
    /// When it was written.
    pub created: i64,
    /// State as it is stored.
    pub state: String,
    /// When it was sent.
    pub sent: Option<i64>,
    /// When it is tried next.
    pub next_try: i64,
    /// How often it was tried.
    pub tries: i64,
    /// Why it was not sent.
    pub fault: Option<String>,
    /// What the other side said about that; may name the recipient.
    pub fault_detail: Option<String>,
    /// From when on it is of no use.
    pub expires: Option<i64>,
}

impl MessageRow {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            channel: row.try_get("channel")?,
            recipient: row.try_get("recipient")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            order: row.try_get("order_no")?,
            created: row.try_get("created")?,
            state: row.try_get("state")?,
            sent: row.try_get("sent")?,
            next_try: row.try_get("next_try")?,
            tries: row.try_get("tries")?,
            fault: row.try_get("fault")?,
            fault_detail: row.try_get("fault_detail")?,
            expires: row.try_get("expires")?,
        })
    }
}

/// Messages of a state and a channel (empty for every one), those not sent first, then the newest.
///
/// # Errors
/// Of the database.
pub async fn list(store: &Store, state: &str, channel: &str, part: Part) -> Result<Found<MessageRow>, Error> {
    let (count, rows) = statements!(
        "id, channel, recipient, subject, body, order_no, created, state, sent, next_try, tries, fault, fault_detail, \
         expires",
        "outbox WHERE ($1 = '' OR state = $1) AND ($2 = '' OR channel = $2)",
        "CASE WHEN state = 'sent' THEN 1 ELSE 0 END, id DESC LIMIT $3 OFFSET $4"
    );
    let row = sqlx::query(count).bind(state).bind(channel).fetch_one(store.pool()).await?;
    let rows =
        sqlx::query(rows).bind(state).bind(channel).bind(part.limit).bind(part.offset).fetch_all(store.pool()).await?;
    Ok(Found { rows: read(&rows, MessageRow::read)?, total: total(&row)? })
}
