//! Customers and their devices.

use super::{Found, Part, like, read, statements, total};
use crate::store::Store;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// A customer in a list.
pub struct CustomerRow {
    /// Its number in the database.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Number of the organisation.
    pub number: String,
    /// Name of the product.
    pub product: String,
    /// Name of the registered contact.
    pub contact_name: String,
    /// Mobile number of the registered contact.
    pub contact_mobile: String,
    /// When it was registered.
    pub created: i64,
}

impl CustomerRow {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            number: row.try_get("number")?,
            product: row.try_get("product_name")?,
            contact_name: row.try_get("contact_name")?,
            contact_mobile: row.try_get("contact_mobile")?,
            created: row.try_get("created")?,
        })
    }
}

/// Customers with a text in name, entity or number, the newest first. Contacts are searched only when `contacts`: whoever
/// may not read them must not find them out by searching either.
///
/// # Errors
/// Of the database.
pub async fn list(store: &Store, search: &str, contacts: bool, part: Part) -> Result<Found<CustomerRow>, Error> {
    let (count, rows) = statements!(
        "c.id, c.name, c.number, p.name AS product_name, c.contact_name, c.contact_mobile, c.created",
        "customers c JOIN products p ON p.code = c.product WHERE $1 = '%%' OR LOWER(c.name) LIKE $1 ESCAPE '\\' \
         OR LOWER(c.entity) LIKE $1 ESCAPE '\\' OR LOWER(c.number) LIKE $1 ESCAPE '\\' \
         OR ($2 = 1 AND (c.contact_mobile LIKE $1 ESCAPE '\\' OR LOWER(c.contact_name) LIKE $1 ESCAPE '\\'))",
        "c.id DESC LIMIT $3 OFFSET $4"
    );
    let row = sqlx::query(count).bind(like(search)).bind(i64::from(contacts)).fetch_one(store.pool()).await?;
    let rows = sqlx::query(rows)
        .bind(like(search))
        .bind(i64::from(contacts))
        .bind(part.limit)
        .bind(part.offset)
        .fetch_all(store.pool())
        .await?;
    Ok(Found { rows: read(&rows, CustomerRow::read)?, total: total(&row)? })
}

/// A key of a customer.
pub struct DeviceRow {
    /// Serial number of the key.
    pub serial: String,
    /// Version of the master its admin PIN comes from.
    pub master: i64,
    /// When it was registered.
    pub created: i64,
    /// When it was personalised last.
    pub personalised: i64,
}

/// Keys of a customer by their serial numbers.
///
/// # Errors
/// Of the database.
pub async fn devices(store: &Store, customer: i64, limit: i64) -> Result<Vec<DeviceRow>, Error> {
    let rows = sqlx::query(
        "SELECT serial, master, created, personalised FROM devices WHERE customer = $1 ORDER BY serial LIMIT $2",
    )
    .bind(customer)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    read(&rows, |row| {
        Ok(DeviceRow {
            serial: row.try_get("serial")?,
            master: row.try_get("master")?,
            created: row.try_get("created")?,
            personalised: row.try_get("personalised")?,
        })
    })
}
