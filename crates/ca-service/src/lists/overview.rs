//! Counts for the first page.

use super::read;
use crate::clock::DAY;
use crate::store::Store;
use certificate::EXPIRING_DAYS;
use sqlx::{Error, Row};

/// How many orders of a kind are in a state.
pub struct OrderCount {
    /// Kind as it is stored.
    pub kind: String,
    /// State as it is stored.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// Orders by kind and state.
///
/// # Errors
/// Of the database.
pub async fn orders(store: &Store) -> Result<Vec<OrderCount>, Error> {
    let rows = sqlx::query("SELECT kind, state, COUNT(*) AS total FROM orders GROUP BY kind, state")
        .fetch_all(store.pool())
        .await?;
    read(&rows, |row| {
        Ok(OrderCount { kind: row.try_get("kind")?, state: row.try_get("state")?, count: row.try_get("total")? })
    })
}

/// An order that waits for an officer.
pub struct WaitingOrder {
    /// Its number.
    pub no: String,
    /// Kind as it is stored.
    pub kind: String,
    /// Whose certificate it is about.
    pub holder: String,
    /// Name of the product.
    pub product: String,
    /// When it was made.
    pub created: i64,
    /// Since when it waits.
    pub since: i64,
}

/// The ten orders that wait longest for an officer.
///
/// # Errors
/// Of the database.
pub async fn longest_waiting(store: &Store) -> Result<Vec<WaitingOrder>, Error> {
    let rows = sqlx::query(
        "SELECT o.no, o.holder, p.name AS product_name, o.created, o.updated, o.kind FROM orders o \
         JOIN products p ON p.code = o.product WHERE o.state = 'reviewing' ORDER BY o.updated, o.no LIMIT 10",
    )
    .fetch_all(store.pool())
    .await?;
    read(&rows, |row| {
        Ok(WaitingOrder {
            no: row.try_get("no")?,
            kind: row.try_get("kind")?,
            holder: row.try_get("holder")?,
            product: row.try_get("product_name")?,
            created: row.try_get("created")?,
            since: row.try_get("updated")?,
        })
    })
}

/// Customers in all.
///
/// # Errors
/// Of the database.
pub async fn customers(store: &Store) -> Result<i64, Error> {
    sqlx::query("SELECT COUNT(*) AS total FROM customers").fetch_one(store.pool()).await?.try_get("total")
}

/// Certificates that are valid at a moment, and those of them that end soon.
///
/// # Errors
/// Of the database.
pub async fn valid_certificates(store: &Store, now: i64) -> Result<(i64, i64), Error> {
    let up_to = async |last: i64| -> Result<i64, Error> {
        sqlx::query(
            "SELECT COUNT(*) AS total FROM certificates WHERE status = 'valid' AND not_after >= $1 AND not_after <= $2",
        )
        .bind(now)
        .bind(last)
        .fetch_one(store.pool())
        .await?
        .try_get("total")
    };
    Ok((up_to(i64::MAX).await?, up_to(now + EXPIRING_DAYS * DAY).await?))
}

/// Messages in a state.
///
/// # Errors
/// Of the database.
pub async fn messages(store: &Store, state: &str) -> Result<i64, Error> {
    sqlx::query("SELECT COUNT(*) AS total FROM outbox WHERE state = $1")
        .bind(state)
        .fetch_one(store.pool())
        .await?
        .try_get("total")
}
