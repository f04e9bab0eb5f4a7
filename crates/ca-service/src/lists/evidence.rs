//! What was signed for orders.

use super::read;
use crate::store::Store;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// Something that was signed.
pub struct EvidenceRow {
    /// Its name.
    pub id: String,
    /// What it is, such as `session` or `confirm`.
    pub kind: String,
    /// When it came.
    pub at: i64,
    /// Serial number of the certificate that signed; empty for a one-time key.
    pub certificate: String,
    /// Length of what was signed.
    pub body_bytes: i64,
    /// Length of the signature.
    pub signature_bytes: i64,
}

impl EvidenceRow {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            at: row.try_get("at")?,
            certificate: row.try_get("certificate")?,
            body_bytes: length(row, "body_bytes")?,
            signature_bytes: length(row, "signature_bytes")?,
        })
    }
}

/// `LENGTH` of bytes is an INTEGER of PostgreSQL and a BIGINT of SQLite.
fn length(row: &AnyRow, column: &str) -> Result<i64, Error> {
    row.try_get::<i64, _>(column).or_else(|_| row.try_get::<i32, _>(column).map(i64::from))
}

/// What was signed for an order, oldest first. The session's opening belongs to every order made in it.
///
/// # Errors
/// Of the database.
pub async fn of_order(store: &Store, no: &str, session: Option<&str>) -> Result<Vec<EvidenceRow>, Error> {
    let rows = sqlx::query(
        "SELECT id, kind, at, certificate, LENGTH(body) AS body_bytes, LENGTH(signature) AS signature_bytes FROM evidence \
         WHERE order_no = $1 OR (kind = 'session' AND session = $2) ORDER BY at, kind DESC",
    )
    .bind(no)
    .bind(session)
    .fetch_all(store.pool())
    .await?;
    read(&rows, EvidenceRow::read)
}

/// A piece with its bytes.
pub struct Piece {
    /// What it is.
    pub kind: String,
    /// What was signed, as it came.
    pub body: Vec<u8>,
    /// The signature, DER.
    pub signature: Vec<u8>,
}

/// One piece of an order.
///
/// # Errors
/// Of the database.
pub async fn find(store: &Store, id: &str, no: &str, session: Option<&str>) -> Result<Option<Piece>, Error> {
    let row = sqlx::query(
        "SELECT kind, body, signature FROM evidence \
         WHERE id = $1 AND (order_no = $2 OR (kind = 'session' AND session = $3))",
    )
    .bind(id)
    .bind(no)
    .bind(session)
    .fetch_optional(store.pool())
    .await?;
    let piece = |row: &AnyRow| {
        Ok(Piece { kind: row.try_get("kind")?, body: row.try_get("body")?, signature: row.try_get("signature")? })
    };
    row.as_ref().map(piece).transpose()
}
