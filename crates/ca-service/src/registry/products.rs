//! Products with the rules of their renewal.

use crate::error::ServiceError;
use crate::store::{Store, Tx};
use serde::Deserialize;
use sqlx::Row;
use sqlx::any::AnyRow;

/// The products a new service starts with.
const DEFAULTS: &str = include_str!("../../../../assets/ca-service/products.toml");

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Short name in the books.
    pub code: String,
    /// As people know it.
    pub name: String,
    /// Price of a renewal in fen; 0 = free.
    pub fee_fen: i64,
    /// Days a renewal adds.
    pub term_days: i64,
    /// Renewal is possible from so many days before the end.
    pub renew_before_days: i64,
    /// And until so many days after it.
    pub renew_after_days: i64,
    /// Whether an officer reviews orders.
    pub review: bool,
    /// Whether the mobile number is checked by a code.
    pub verify_mobile: bool,
}

#[derive(Deserialize)]
struct File {
    product: Vec<Product>,
}

impl Product {
    /// Columns in the order [`Product::read`] takes them.
    pub const COLUMNS: &'static str =
        "code, name, fee_fen, term_days, renew_before_days, renew_after_days, review, verify_mobile";

    /// Reads a row of [`Product::COLUMNS`].
    ///
    /// # Errors
    /// [`sqlx::Error`] when the row has other columns.
    pub fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            code: row.try_get(0)?,
            name: row.try_get(1)?,
            fee_fen: row.try_get(2)?,
            term_days: row.try_get(3)?,
            renew_before_days: row.try_get(4)?,
            renew_after_days: row.try_get(5)?,
            review: row.try_get::<i64, _>(6)? != 0,
            verify_mobile: row.try_get::<i64, _>(7)? != 0,
        })
    }
}

/// All products, by code.
///
/// # Errors
/// [`ServiceError`].
pub async fn list(store: &Store) -> Result<Vec<Product>, ServiceError> {
    let rows = sqlx::query(
        "SELECT code, name, fee_fen, term_days, renew_before_days, renew_after_days, review, verify_mobile \
         FROM products ORDER BY code",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(Product::read).collect::<Result<_, _>>()?)
}

/// A product.
///
/// # Errors
/// [`ServiceError`]; [`ServiceError::Unacceptable`] when there is none of this code.
pub async fn get(store: &Store, code: &str) -> Result<Product, ServiceError> {
    let row = sqlx::query(
        "SELECT code, name, fee_fen, term_days, renew_before_days, renew_after_days, review, verify_mobile \
         FROM products WHERE code = $1",
    )
    .bind(code)
    .fetch_optional(store.pool())
    .await?;
    let row = row.ok_or_else(|| ServiceError::Unacceptable(format!("no product {code}")))?;
    Ok(Product::read(&row)?)
}

/// Puts a product into the books or changes it; the caller writes the audit record.
///
/// # Errors
/// [`ServiceError::Unacceptable`] for rules that make no sense.
pub async fn put(tx: &mut Tx, product: &Product) -> Result<(), ServiceError> {
    let days = 0..=3660;
    let sane = !product.code.is_empty()
        && !product.name.is_empty()
        && (0..=100_000_000).contains(&product.fee_fen)
        && (1..=3660).contains(&product.term_days)
        && days.contains(&product.renew_before_days)
        && days.contains(&product.renew_after_days);
    if !sane {
        return Err(ServiceError::Unacceptable(format!("the rules of product {}", product.code)));
    }
    sqlx::query(
        "INSERT INTO products \
         (code, name, fee_fen, term_days, renew_before_days, renew_after_days, review, verify_mobile) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (code) DO UPDATE SET name = $2, fee_fen = $3, term_days = $4, renew_before_days = $5, \
         renew_after_days = $6, review = $7, verify_mobile = $8",
    )
    .bind(&product.code)
    .bind(&product.name)
    .bind(product.fee_fen)
    .bind(product.term_days)
    .bind(product.renew_before_days)
    .bind(product.renew_after_days)
    .bind(i64::from(product.review))
    .bind(i64::from(product.verify_mobile))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a service without products those to start with.
///
/// # Errors
/// [`ServiceError`].
pub async fn install_defaults(store: &Store) -> Result<(), ServiceError> {
    if !list(store).await?.is_empty() {
        return Ok(());
    }
    let file: File = toml::from_str(DEFAULTS).map_err(|error| ServiceError::Damaged(error.to_string()))?;
    let mut tx = store.begin().await?;
    for product in &file.product {
        put(&mut tx, product).await?;
    }
    Ok(tx.commit().await?)
}
