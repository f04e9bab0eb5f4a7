//! Certificates of this CA and those taken in.

use super::{Found, Part, like, read, statements, total};
use crate::clock::DAY;
use crate::registry::certificates::{Certificate, Kind};
use crate::store::Store;
use certificate::EXPIRING_DAYS;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// A certificate in a list.
pub struct CertificateRow {
    /// Serial number, hex.
    pub serial: String,
    /// Whether it is for signing.
    pub signs: bool,
    /// Whose it is.
    pub holder: String,
    /// First second of validity.
    pub from: i64,
    /// Last second of validity.
    pub until: i64,
    /// Its status as it is stored.
    pub status: String,
}

impl CertificateRow {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        Ok(Self {
            serial: row.try_get("serial")?,
            signs: row.try_get::<String, _>("kind")? == Kind::Sign.as_str(),
            holder: row.try_get("holder")?,
            from: row.try_get("not_before")?,
            until: row.try_get("not_after")?,
            status: row.try_get("status")?,
        })
    }
}

/// Certificates in a state (`expiring` and `expired` are states of valid ones at `now`; empty for every one) with a text in
/// serial number or holder, the newest first.
///
/// # Errors
/// Of the database.
pub async fn list(
    store: &Store,
    state: &str,
    search: &str,
    now: i64,
    part: Part,
) -> Result<Found<CertificateRow>, Error> {
    let soon = now + EXPIRING_DAYS * DAY;
    let (count, rows) = statements!(
        "serial, kind, holder, not_before, not_after, status",
        "certificates WHERE ($1 = '' OR ($1 = 'expiring' AND status = 'valid' \
         AND not_after >= $3 AND not_after <= $4) OR ($1 = 'expired' AND status = 'valid' AND not_after < $3) \
         OR ($1 = status AND (status <> 'valid' OR not_after >= $3))) \
         AND ($2 = '%%' OR LOWER(serial) LIKE $2 ESCAPE '\\' OR LOWER(holder) LIKE $2 ESCAPE '\\')",
        "created DESC, pair, kind DESC LIMIT $5 OFFSET $6"
    );
    let row = sqlx::query(count).bind(state).bind(like(search)).bind(now).bind(soon).fetch_one(store.pool()).await?;
    let rows = sqlx::query(rows)
        .bind(state)
        .bind(like(search))
        .bind(now)
        .bind(soon)
        .bind(part.limit)
        .bind(part.offset)
        .fetch_all(store.pool())
        .await?;
    Ok(Found { rows: read(&rows, CertificateRow::read)?, total: total(&row)? })
}

/// Certificates of a customer, the newest first.
///
/// # Errors
/// Of the database.
pub async fn of_customer(store: &Store, customer: i64, limit: i64) -> Result<Vec<CertificateRow>, Error> {
    let rows = sqlx::query(
        "SELECT serial, kind, holder, not_before, not_after, status FROM certificates WHERE customer = $1 \
         ORDER BY created DESC, kind DESC LIMIT $2",
    )
    .bind(customer)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    read(&rows, CertificateRow::read)
}

/// Serial numbers of the others of a pair, with whether they are for signing.
///
/// # Errors
/// Of the database.
pub async fn partners(store: &Store, known: &Certificate) -> Result<Vec<(String, bool)>, Error> {
    let rows = sqlx::query("SELECT serial, kind FROM certificates WHERE pair = $1 AND serial <> $2")
        .bind(&known.pair)
        .bind(&known.serial)
        .fetch_all(store.pool())
        .await?;
    read(&rows, |row| Ok((row.try_get("serial")?, row.try_get::<String, _>("kind")? == Kind::Sign.as_str())))
}
