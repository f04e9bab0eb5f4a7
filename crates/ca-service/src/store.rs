//! The database: one pool, one SQL text for SQLite and PostgreSQL.
//!
//! Invariants
//! * Whatever changes the books happens in a [`Tx`]. On SQLite there is one writer at a time in the process, served in the
//!   order of asking, and a transaction takes the write lock when it begins, so that it can't fail half-way for a lock.
//! * SQLite: WAL, every commit on disk before it is answered, foreign keys checked.
//! * Statements hold `$n` placeholders only; numbers are `i64`, yes and no are 1 and 0.

use sqlx::any::install_default_drivers;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Row, Transaction};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// The books' tables.
static BOOKS: Migrator = sqlx::migrate!("src/migrations");

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, or refused a statement.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Its tables are not those of this program.
    #[error(transparent)]
    Migration(#[from] MigrateError),
}

/// An open database; clones share it.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    /// On SQLite: whose turn it is to write.
    writer: Option<Arc<Mutex<()>>>,
    messages: Arc<watch::Sender<()>>,
}

static DRIVERS: Once = Once::new();

impl Store {
    /// Opens the books in an SQLite file, which is made unless it is there. Only the SQLite driver becomes part of a program
    /// that calls nothing else; in one process either this or [`Store::open_any`] comes first, and what the first of
    /// them brings is all there is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        sqlite_driver();
        Self::connect(&sqlite_url(file), &BOOKS).await
    }

    /// Opens the books by URL: `sqlite:…` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_any(url: &str) -> Result<Self, StoreError> {
        all_drivers();
        Self::connect(url, &BOOKS).await
    }

    /// Opens a database with tables of another kind.
    pub(super) async fn connect(url: &str, tables: &Migrator) -> Result<Self, StoreError> {
        let sqlite = url.starts_with("sqlite:");
        let pool = PoolOptions::<Any>::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        connection
                            .execute(
                                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                                 PRAGMA busy_timeout = 30000",
                            )
                            .await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await?;
        tables.run(&pool).await?;
        Ok(Self { pool, writer: sqlite.then(Arc::default), messages: Arc::new(watch::channel(()).0) })
    }

    /// For reading.
    #[must_use]
    pub const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Begins a transaction that writes. Without [`Tx::commit`] nothing happened.
    ///
    /// # Errors
    /// [`sqlx::Error`].
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let (inner, turn) = match &self.writer {
            Some(writer) => {
                let turn = Arc::clone(writer).lock_owned().await;
                (self.pool.begin_with("BEGIN IMMEDIATE").await?, Some(turn))
            }
            None => (self.pool.begin().await?, None),
        };
        Ok(Tx { inner, _turn: turn, messages: Arc::clone(&self.messages), message: false })
    }

    /// Changes when this instance has committed a message to people.
    #[must_use]
    pub fn messages(&self) -> watch::Receiver<()> {
        self.messages.subscribe()
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A transaction that writes; rolled back when dropped.
pub struct Tx {
    inner: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
    messages: Arc<watch::Sender<()>>,
    message: bool,
}

impl Tx {
    /// Makes it last.
    ///
    /// # Errors
    /// [`sqlx::Error`]; then nothing happened.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await?;
        if self.message {
            self.messages.send_replace(());
        }
        Ok(())
    }

    /// Whoever sends messages is to look for them once this lasts.
    pub(super) const fn tell_of_message(&mut self) {
        self.message = true;
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

/// Makes SQLite known to the process, unless both are.
pub(super) fn sqlite_driver() {
    // fails when drivers are there already, which is as good
    DRIVERS.call_once(|| drop(sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER])));
}

/// Makes both databases known to the process, unless [`Store::open`] was there before.
pub(super) fn all_drivers() {
    DRIVERS.call_once(install_default_drivers);
}

/// The URL of an SQLite file that is made unless it is there.
#[must_use]
pub fn sqlite_url(file: &Path) -> String {
    let mut url = String::from("sqlite:");
    for byte in file.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b':' => {
                url.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => url.push('/'),
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url + "?mode=rwc"
}

/// The next number of a sequence, from 1. Others who ask for the same sequence wait until the transaction ends.
///
/// # Errors
/// [`sqlx::Error`].
pub async fn next_number(tx: &mut Tx, sequence: &str) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO counters (name, value) VALUES ($1, 1) \
         ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value",
    )
    .bind(sequence)
    .fetch_one(&mut **tx)
    .await?;
    row.try_get(0)
}

/// Whether a statement was refused because a value that must be unique is there already.
#[must_use]
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

#[cfg(test)]
mod tests {
    use super::{Store, next_number, sqlite_url};
    use sqlx::Row;
    use std::path::Path;

    /// With every odd character the system takes.
    const NAME: &str = if cfg!(windows) { "a b%#证.db" } else { "a b?%#证.db" };

    async fn books() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join(NAME)).await.unwrap();
        (dir, store)
    }

    #[test]
    fn odd_characters_of_a_path_are_escaped() {
        assert_eq!(sqlite_url(Path::new("/a b/c?d")), "sqlite:/a%20b/c%3Fd?mode=rwc");
    }

    #[tokio::test]
    async fn a_file_is_made_under_its_own_name_and_opens_again() {
        let (dir, store) = books().await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(next_number(&mut tx, "x").await.unwrap(), 1);
        tx.commit().await.unwrap();
        store.close().await;
        let path = dir.path().join(NAME);
        assert!(path.exists());
        let store = Store::open(&path).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(next_number(&mut tx, "x").await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_is_not_committed_did_not_happen() {
        let (_dir, store) = books().await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(next_number(&mut tx, "x").await.unwrap(), 1);
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(next_number(&mut tx, "x").await.unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writers_wait_for_each_other() {
        let (_dir, store) = books().await;
        let mut tasks = Vec::new();
        for _ in 0..50 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let row = sqlx::query("SELECT COUNT(*) FROM counters").fetch_one(&mut *tx).await.unwrap();
                let _: i64 = row.get(0);
                let number = next_number(&mut tx, "x").await.unwrap();
                tx.commit().await.unwrap();
                number
            }));
        }
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.push(task.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=50).collect::<Vec<i64>>());
    }

    #[tokio::test]
    async fn every_commit_is_on_disk_and_links_are_checked() {
        let (_dir, store) = books().await;
        for (pragma, value) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1)] {
            let row = sqlx::query(pragma).fetch_one(store.pool()).await.unwrap();
            assert_eq!(row.get::<i64, _>(0), value, "{pragma}");
        }
        let row = sqlx::query("PRAGMA journal_mode").fetch_one(store.pool()).await.unwrap();
        assert_eq!(row.get::<String, _>(0), "wal");
    }
}
