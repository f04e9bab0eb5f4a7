//! People who work at the console: accounts, roles, passwords, sessions.
//!
//! Invariants: a password is kept as its Argon2id hash only; one that somebody else has seen (the first one, and after a
//! reset) opens nothing but the page on which it is changed; there is always an active administrator; every change and
//! every log-in is in the audit log. Rows are locked in one order: account, tries, sessions, audit log.

mod log_in;
mod password;

pub use log_in::{IDLE, LONGEST, LogInError, Notice, PasswordError, Session, TRIES, TRIES_WITHIN};
pub use password::{LONGEST_PASSWORD, OneTimePassword, Password, SHORTEST_PASSWORD};

use super::audit::{self, Actor, Entry};
use super::clock::Clock;
use super::store::{Store, Tx, is_duplicate, next_number};
use gm::CryptoError;
use sqlx::Row;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Role of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Keeps operators and products, and may do everything an operator may.
    Administrator,
    /// Decides orders and looks after customers.
    Operator,
    /// Reads the books and checks the audit log, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Operator, Self::Auditor];

    /// As written in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// From the books or a form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// An account as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Log-in name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may log in.
    pub active: bool,
    /// Whether the password must be changed first.
    pub must_change: bool,
    /// When the account was made.
    pub created: i64,
    /// When the person last logged in.
    pub last_login: Option<i64>,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// A log-in name has 2 to 32 of a–z, 0–9, `.`, `_`, `-`.
    #[error("a log-in name has 2 to 32 of the characters a-z 0-9 . _ -")]
    Name,
    /// The name is taken.
    #[error("there is an operator of this name")]
    Exists,
    /// There is no such operator.
    #[error("there is no operator of this name")]
    Unknown,
    /// It would leave no active administrator.
    #[error("the last active administrator can't be taken away")]
    LastAdministrator,
    /// Nobody changes the own role or deactivates oneself.
    #[error("operators don't change their own account here")]
    Own,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] CryptoError),
    /// The books.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The accounts in the books.
#[derive(Clone)]
pub struct Operators {
    store: Store,
    clock: Clock,
    /// A hash takes 19 MiB; a flood of log-ins must not take all memory.
    hashing: Arc<Semaphore>,
}

impl Operators {
    /// The accounts in these books.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, hashing: Arc::new(Semaphore::new(2)) }
    }

    /// Adds an operator and returns the password to hand over; it must be changed at the first log-in.
    ///
    /// # Errors
    /// [`OperatorError::Name`], [`OperatorError::Exists`].
    pub async fn add(&self, by: Actor<'_>, name: &str, role: Role) -> Result<OneTimePassword, OperatorError> {
        let name = login_name(name).ok_or(OperatorError::Name)?;
        let (one_time, hash) = self.one_time().await?;
        let mut tx = self.store.begin().await?;
        let now = (self.clock)();
        sqlx::query(
            "INSERT INTO operators (name, role, active, password, must_change, created, updated) \
             VALUES ($1, $2, 1, $3, 1, $4, $4)",
        )
        .bind(&name)
        .bind(role.as_str())
        .bind(hash)
        .bind(now)
        .execute(&mut *tx)
        .await
        .map_err(|error| if is_duplicate(&error) { OperatorError::Exists } else { error.into() })?;
        self.record(tx, by, "operator.add", &name, role.as_str()).await?;
        Ok(one_time)
    }

    /// Gives a new password to hand over, ends the person's sessions and the wait after wrong passwords.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`].
    pub async fn reset(&self, by: Actor<'_>, name: &str) -> Result<OneTimePassword, OperatorError> {
        let name = login_name(name).ok_or(OperatorError::Unknown)?;
        let (one_time, hash) = self.one_time().await?;
        let mut tx = self.store.begin().await?;
        let changed = sqlx::query("UPDATE operators SET password = $2, must_change = 1, updated = $3 WHERE name = $1")
            .bind(&name)
            .bind(hash)
            .bind((self.clock)())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(OperatorError::Unknown);
        }
        log_in::forget_tries(&mut tx, &name).await?;
        log_in::end_sessions(&mut tx, &name).await?;
        self.record(tx, by, "operator.reset", &name, "").await?;
        Ok(one_time)
    }

    /// Lets a person log in or not. Sessions end with the right to log in.
    ///
    /// # Errors
    /// [`OperatorError::Own`], [`OperatorError::LastAdministrator`], [`OperatorError::Unknown`].
    pub async fn set_active(&self, by: Actor<'_>, name: &str, active: bool) -> Result<(), OperatorError> {
        let mut tx = self.other(by, name).await?;
        let changed = sqlx::query("UPDATE operators SET active = $2, updated = $3 WHERE name = $1")
            .bind(name)
            .bind(i64::from(active))
            .bind((self.clock)())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(OperatorError::Unknown);
        }
        if !active {
            log_in::end_sessions(&mut tx, name).await?;
        }
        keeps_an_administrator(&mut tx).await?;
        let action = if active { "operator.activate" } else { "operator.deactivate" };
        self.record(tx, by, action, name, "").await
    }

    /// Gives a person another role, from the next request on.
    ///
    /// # Errors
    /// [`OperatorError::Own`], [`OperatorError::LastAdministrator`], [`OperatorError::Unknown`].
    pub async fn set_role(&self, by: Actor<'_>, name: &str, role: Role) -> Result<(), OperatorError> {
        let mut tx = self.other(by, name).await?;
        let changed = sqlx::query("UPDATE operators SET role = $2, updated = $3 WHERE name = $1")
            .bind(name)
            .bind(role.as_str())
            .bind((self.clock)())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(OperatorError::Unknown);
        }
        keeps_an_administrator(&mut tx).await?;
        self.record(tx, by, "operator.role", name, role.as_str()).await
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// [`OperatorError::Database`].
    pub async fn list(&self) -> Result<Vec<Operator>, OperatorError> {
        let rows =
            sqlx::query("SELECT name, role, active, must_change, created, last_login FROM operators ORDER BY name")
                .fetch_all(self.store.pool())
                .await?;
        rows.iter()
            .map(|row| {
                Ok(Operator {
                    name: row.try_get(0)?,
                    role: read_role(row.try_get(1)?)?,
                    active: row.try_get::<i64, _>(2)? == 1,
                    must_change: row.try_get::<i64, _>(3)? == 1,
                    created: row.try_get(4)?,
                    last_login: row.try_get(5)?,
                })
            })
            .collect()
    }

    async fn one_time(&self) -> Result<(OneTimePassword, String), OperatorError> {
        let one_time = OneTimePassword::random()?;
        let hash = self.hash(one_time.as_password()).await?;
        Ok((one_time, hash))
    }

    /// A transaction in which this person may change that account.
    async fn other(&self, by: Actor<'_>, name: &str) -> Result<Tx, OperatorError> {
        if by.name == name {
            return Err(OperatorError::Own);
        }
        let mut tx = self.store.begin().await?;
        // one after the other: two administrators who deactivate each other must not both see the other one still there
        next_number(&mut tx, "operator changes").await?;
        Ok(tx)
    }

    async fn record(
        &self,
        mut tx: Tx,
        by: Actor<'_>,
        action: &str,
        name: &str,
        detail: &str,
    ) -> Result<(), OperatorError> {
        audit::append(&mut tx, &self.clock, &Entry::done(by, action, &format!("operator/{name}"), detail)).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether an operator may be called so.
#[must_use]
pub fn is_login_name(text: &str) -> bool {
    login_name(text).is_some()
}

/// A log-in name as it is kept; case and blanks around it do not matter.
fn login_name(text: &str) -> Option<String> {
    let name = text.trim().to_ascii_lowercase();
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    ((2..=32).contains(&name.len()) && name.bytes().all(known)).then_some(name)
}

fn read_role(text: &str) -> Result<Role, sqlx::Error> {
    Role::parse(text).ok_or_else(|| sqlx::Error::Decode(format!("unknown role {text}").into()))
}

async fn keeps_an_administrator(tx: &mut Tx) -> Result<(), OperatorError> {
    let row = sqlx::query("SELECT COUNT(*) FROM operators WHERE role = 'administrator' AND active = 1")
        .fetch_one(&mut **tx)
        .await?;
    if row.try_get::<i64, _>(0)? == 0 { Err(OperatorError::LastAdministrator) } else { Ok(()) }
}
