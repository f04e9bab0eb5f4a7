//! The audit log: append-only, every record chained to the one before by SM3, so that a record changed, left out or
//! put in later is found. Each change of the books writes its record in the same transaction.
//!
//! hash(n) = SM3(hash(n−1) ‖ seq ‖ at ‖ actor ‖ role ‖ action ‖ object ‖ outcome ‖ detail): hashes are their 32 bytes,
//! numbers 8 bytes big-endian, texts UTF-8 behind their length in 4 bytes big-endian. The head row holds the last number
//! and hash; writing locks it until the transaction ends, which puts the records of several instances in one order.

use super::clock::Clock;
use super::store::{Store, Tx};
use gm::sm3;
use sqlx::Row;

/// Who does something.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// Name of the operator, serial number of the certificate, or `service`.
    pub name: &'a str,
    /// `customer`, `system`, or a role of the console.
    pub role: &'a str,
}

impl<'a> Actor<'a> {
    /// The service itself, or whoever runs its program.
    pub const SERVICE: Self = Self { name: "service", role: "system" };

    /// The holder of a certificate.
    #[must_use]
    pub const fn customer(certificate: &'a str) -> Self {
        Self { name: certificate, role: "customer" }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who did it: name of the operator, serial number of the certificate, or `service`.
    pub actor: &'a str,
    /// As what: `customer`, `system`, or a role of the console.
    pub role: &'a str,
    /// What was done, such as `order.create`.
    pub action: &'a str,
    /// To what, such as `order/20261120-000001`.
    pub object: &'a str,
    /// `done`, or `refused`.
    pub outcome: &'a str,
    /// More for people, never a secret.
    pub detail: &'a str,
}

impl<'a> Entry<'a> {
    /// Something that was done.
    #[must_use]
    pub const fn done(actor: Actor<'a>, action: &'a str, object: &'a str, detail: &'a str) -> Self {
        Self { actor: actor.name, role: actor.role, action, object, outcome: "done", detail }
    }
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number, from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// See [`Entry`].
    pub actor: String,
    /// See [`Entry`].
    pub role: String,
    /// See [`Entry`].
    pub action: String,
    /// See [`Entry`].
    pub object: String,
    /// See [`Entry`].
    pub outcome: String,
    /// See [`Entry`].
    pub detail: String,
    /// Hash of the record before, 64 hexadecimal digits.
    pub prev: String,
    /// Hash of this one.
    pub hash: String,
}

impl Record {
    /// Columns in the order [`Record::read`] takes them.
    pub const COLUMNS: &'static str = "seq, at, actor, role, action, object, outcome, detail, prev, hash";

    /// Reads a row of [`Record::COLUMNS`].
    ///
    /// # Errors
    /// [`sqlx::Error`] when the row has other columns.
    pub fn read(row: &sqlx::any::AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get(0)?,
            at: row.try_get(1)?,
            actor: row.try_get(2)?,
            role: row.try_get(3)?,
            action: row.try_get(4)?,
            object: row.try_get(5)?,
            outcome: row.try_get(6)?,
            detail: row.try_get(7)?,
            prev: row.try_get(8)?,
            hash: row.try_get(9)?,
        })
    }

    fn entry(&self) -> Entry<'_> {
        Entry {
            actor: &self.actor,
            role: &self.role,
            action: &self.action,
            object: &self.object,
            outcome: &self.outcome,
            detail: &self.detail,
        }
    }
}

/// Appends a record. Best the last statement of its transaction: from here on other writers wait.
///
/// # Errors
/// [`sqlx::Error`].
pub async fn append(tx: &mut Tx, clock: &Clock, entry: &Entry<'_>) -> Result<(), sqlx::Error> {
    let head = sqlx::query("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash")
        .fetch_one(&mut **tx)
        .await?;
    let (seq, prev): (i64, String) = (head.try_get(0)?, head.try_get(1)?);
    let at = clock();
    let hash = hash(&prev, seq, at, entry);
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, role, action, object, outcome, detail, prev, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(seq)
    .bind(at)
    .bind(entry.actor)
    .bind(entry.role)
    .bind(entry.action)
    .bind(entry.object)
    .bind(entry.outcome)
    .bind(entry.detail)
    .bind(&prev)
    .bind(&hash)
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&hash).execute(&mut **tx).await?;
    Ok(())
}

/// Why the log does not stand.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// This record was changed, is missing or was put in.
    #[error("the audit log is broken at record {0}")]
    BrokenAt(i64),
    /// The log could not be read.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Checks the whole log and returns the number of records. What is written meanwhile is not looked at.
///
/// # Errors
/// [`VerifyError`].
pub async fn verify(store: &Store) -> Result<u64, VerifyError> {
    const PAGE: i64 = 1000;
    // records are read before the head, which only ever lies behind them
    let last = sqlx::query("SELECT COALESCE(MAX(seq), 0) FROM audit").fetch_one(store.pool()).await?;
    let last: i64 = last.try_get(0)?;
    let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(store.pool()).await?;
    let (head_seq, head_hash): (i64, String) = (head.try_get(0)?, head.try_get(1)?);
    if last > head_seq {
        return Err(VerifyError::BrokenAt(head_seq + 1));
    }
    let mut seq = 0;
    let mut prev = START.to_owned();
    while seq < head_seq {
        let rows = sqlx::query(
            "SELECT seq, at, actor, role, action, object, outcome, detail, prev, hash FROM audit \
             WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        )
        .bind(seq)
        .bind(head_seq)
        .bind(PAGE)
        .fetch_all(store.pool())
        .await?;
        if rows.is_empty() {
            return Err(VerifyError::BrokenAt(seq + 1));
        }
        for row in &rows {
            let record = Record::read(row)?;
            seq += 1;
            let whole = hash(&prev, seq, record.at, &record.entry());
            if record.seq != seq || record.prev != prev || record.hash != whole {
                return Err(VerifyError::BrokenAt(seq));
            }
            prev = whole;
        }
    }
    if prev != head_hash {
        return Err(VerifyError::BrokenAt(head_seq));
    }
    Ok(u64::try_from(head_seq).unwrap_or_default())
}

/// What the first record is chained to.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn hash(prev: &str, seq: i64, at: i64, entry: &Entry<'_>) -> String {
    let mut text = super::secrets::from_hex(prev).unwrap_or_default();
    text.extend(seq.to_be_bytes());
    text.extend(at.to_be_bytes());
    for field in [entry.actor, entry.role, entry.action, entry.object, entry.outcome, entry.detail] {
        text.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        text.extend(field.as_bytes());
    }
    super::secrets::hex(&sm3(&[&text]))
}

#[cfg(test)]
mod tests {
    use super::{Actor, Entry, VerifyError, append, verify};
    use crate::clock::Clock;
    use crate::store::Store;
    use std::sync::Arc;

    async fn log(records: usize) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("books.db")).await.unwrap();
        let clock: Clock = Arc::new(|| 1_795_104_000);
        for number in 0..records {
            let mut tx = store.begin().await.unwrap();
            let detail = format!("证书 {number}");
            append(&mut tx, &clock, &Entry::done(Actor::SERVICE, "test", "thing/1", &detail)).await.unwrap();
            tx.commit().await.unwrap();
        }
        (dir, store)
    }

    async fn broken_at(statements: &[&'static str]) -> i64 {
        let (_dir, store) = log(5).await;
        for statement in statements {
            sqlx::query(*statement).execute(store.pool()).await.unwrap();
        }
        match verify(&store).await {
            Err(VerifyError::BrokenAt(at)) => at,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_untouched_log_stands() {
        let (_dir, store) = log(5).await;
        assert_eq!(verify(&store).await.unwrap(), 5);
        let (_dir, store) = log(0).await;
        assert_eq!(verify(&store).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_long_log_is_read_in_pages() {
        let (_dir, store) = log(1).await;
        let mut tx = store.begin().await.unwrap();
        for _ in 0..2100 {
            append(&mut tx, &(Arc::new(|| 0_i64) as Clock), &Entry::done(Actor::SERVICE, "a", "b", "c")).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(verify(&store).await.unwrap(), 2101);
    }

    #[tokio::test]
    async fn every_way_to_change_the_log_is_found() {
        assert_eq!(broken_at(&["UPDATE audit SET detail = 'x' WHERE seq = 3"]).await, 3);
        assert_eq!(broken_at(&["UPDATE audit SET at = at + 1 WHERE seq = 1"]).await, 1);
        assert_eq!(broken_at(&["UPDATE audit SET actor = 'servic', role = 'esystem' WHERE seq = 2"]).await, 2);
        assert_eq!(broken_at(&["DELETE FROM audit WHERE seq = 2"]).await, 2);
        assert_eq!(broken_at(&["DELETE FROM audit WHERE seq = 5"]).await, 5);
        assert_eq!(broken_at(&["DELETE FROM audit"]).await, 1);
        let cut = ["DELETE FROM audit WHERE seq = 5", "UPDATE audit_head SET seq = 4"];
        assert_eq!(broken_at(&cut).await, 4);
        let swap = [
            "UPDATE audit SET seq = 99 WHERE seq = 2",
            "UPDATE audit SET seq = 2 WHERE seq = 3",
            "UPDATE audit SET seq = 3 WHERE seq = 99",
        ];
        assert_eq!(broken_at(&swap).await, 2);
        let added = "INSERT INTO audit SELECT 6, at, actor, role, action, object, outcome, detail, hash, hash \
                     FROM audit WHERE seq = 5";
        assert_eq!(broken_at(&[added]).await, 6);
    }

    #[tokio::test]
    async fn the_hash_is_the_documented_one() {
        // python3: hashlib.new('sm3', bytes(32) + pack('>qq', 1, 1795104000) + fields, each pack('>I', len) + UTF-8)
        let (_dir, store) = log(1).await;
        let row = sqlx::query("SELECT hash FROM audit").fetch_one(store.pool()).await.unwrap();
        let hash: String = sqlx::Row::get(&row, 0);
        assert_eq!(hash, "3126E0526C4843972518BF3BC091A717765B37767491D16860C5CBF931F55B5E");
    }
}
