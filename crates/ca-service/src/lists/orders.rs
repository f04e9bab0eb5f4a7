//! Orders.

use super::{Found, Part, like, read, statements, total};
use crate::store::Store;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// An order in a list.
pub struct OrderRow {
    /// Its number.
    pub no: String,
    /// Whose certificate it is about.
    pub holder: String,
    /// Name of the product.
    pub product: String,
    /// Its state as it is stored.
    pub state: String,
    /// Mobile number of its contact.
    pub mobile: String,
    /// Fee in fen.
    pub fee_fen: i64,
    /// When it was made.
    pub created: i64,
    /// Its kind as it is stored.
    pub kind: String,
    /// Whether it is an unlock by SMS that looks like others but fits nobody.
    pub decoy: bool,
}

impl OrderRow {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        let (route, matched): (Option<String>, Option<i64>) = (row.try_get("route")?, row.try_get("matched")?);
        Ok(Self {
            no: row.try_get("no")?,
            holder: row.try_get("holder")?,
            product: row.try_get("product_name")?,
            state: row.try_get("state")?,
            mobile: row.try_get("contact_mobile")?,
            fee_fen: row.try_get("fee_fen")?,
            created: row.try_get("created")?,
            kind: row.try_get("kind")?,
            decoy: route.is_some_and(|route| route == "sms") && matched == Some(0),
        })
    }
}

/// Which orders are wanted; an empty text is every one.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// State.
    pub state: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Part of number, holder, serial numbers.
    pub search: &'a str,
    /// Whether contacts are searched too: whoever may not read them must not find them out by searching either.
    pub contacts: bool,
}

/// Orders, those under review first, then the newest.
///
/// # Errors
/// Of the database.
pub async fn list(store: &Store, wanted: &Wanted<'_>, part: Part) -> Result<Found<OrderRow>, Error> {
    let (count, rows) = statements!(
        "o.no, o.holder, p.name AS product_name, o.state, o.contact_mobile, o.fee_fen, o.created, o.kind, u.route, \
         u.matched",
        "orders o JOIN products p ON p.code = o.product LEFT JOIN unlocks u ON u.order_no = o.no \
         WHERE ($1 = '' OR o.state = $1) AND ($4 = '' OR o.kind = $4) AND ($2 = '%%' \
         OR LOWER(o.no) LIKE $2 ESCAPE '\\' OR LOWER(o.holder) LIKE $2 ESCAPE '\\' \
         OR LOWER(o.certificate || ' ' || COALESCE(o.sign_serial, '') || ' ' || COALESCE(o.encrypt_serial, '')) \
         LIKE $2 ESCAPE '\\' OR LOWER(o.device_serial) LIKE $2 ESCAPE '\\' \
         OR ($3 = 1 AND (o.contact_mobile LIKE $2 ESCAPE '\\' OR LOWER(o.contact_name) LIKE $2 ESCAPE '\\')))",
        "CASE WHEN o.state = 'reviewing' THEN 0 ELSE 1 END, o.created DESC, o.no DESC LIMIT $5 OFFSET $6"
    );
    let row = sqlx::query(count)
        .bind(wanted.state)
        .bind(like(wanted.search))
        .bind(i64::from(wanted.contacts))
        .bind(wanted.kind)
        .fetch_one(store.pool())
        .await?;
    let rows = sqlx::query(rows)
        .bind(wanted.state)
        .bind(like(wanted.search))
        .bind(i64::from(wanted.contacts))
        .bind(wanted.kind)
        .bind(part.limit)
        .bind(part.offset)
        .fetch_all(store.pool())
        .await?;
    Ok(Found { rows: read(&rows, OrderRow::read)?, total: total(&row)? })
}

/// Orders of a customer, the newest first.
///
/// # Errors
/// Of the database.
pub async fn of_customer(store: &Store, customer: i64, limit: i64) -> Result<Vec<OrderRow>, Error> {
    let rows = sqlx::query(
        "SELECT o.no, o.holder, p.name AS product_name, o.state, o.contact_mobile, o.fee_fen, o.created, o.kind, u.route, \
         u.matched FROM orders o JOIN products p ON p.code = o.product LEFT JOIN unlocks u ON u.order_no = o.no \
         WHERE o.customer = $1 ORDER BY o.created DESC, o.no DESC LIMIT $2",
    )
    .bind(customer)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    read(&rows, OrderRow::read)
}

/// Whether the mobile number of an order was verified by a code.
///
/// # Errors
/// Of the database.
pub async fn mobile_verified(store: &Store, no: &str) -> Result<bool, Error> {
    let row = sqlx::query("SELECT used FROM codes WHERE order_no = $1").bind(no).fetch_optional(store.pool()).await?;
    let used: Option<i64> = row.map(|row| row.try_get("used")).transpose()?;
    Ok(used == Some(1))
}

/// When an order was paid; `None` when it was not.
///
/// # Errors
/// Of the database.
pub async fn paid(store: &Store, no: &str) -> Result<Option<i64>, Error> {
    let row = sqlx::query("SELECT paid FROM payments WHERE order_no = $1 AND state = 'paid'")
        .bind(no)
        .fetch_optional(store.pool())
        .await?;
    Ok(row.map(|row| row.try_get("paid")).transpose()?.flatten())
}
