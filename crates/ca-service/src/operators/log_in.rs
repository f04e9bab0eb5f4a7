//! Log-in, the wait after wrong passwords, and sessions.
//!
//! Invariants: a name that does not exist gets the same answers after the same work as one that does; a try is counted
//! before the password is looked at, so that no number of parallel tries gets more than [`TRIES`]; the books hold the SM3
//! of a session's cookie, not the cookie; whatever may open a session (log-in, changed password) gets a new cookie.

use super::{OperatorError, Operators, Password, Role, login_name, read_role};
use crate::audit::{self, Actor, Entry};
use crate::secrets::{hex, random_hex};
use crate::store::Tx;
use gm::sm3;
use serde::{Deserialize, Serialize};
use sqlx::Row;

/// Wrong passwords allowed …
pub const TRIES: i64 = 5;
/// … within so many seconds; the wait afterwards is as long.
pub const TRIES_WITHIN: i64 = 15 * 60;
/// A session ends after so many seconds without a request …
pub const IDLE: i64 = 30 * 60;
/// … and after so many in any case.
pub const LONGEST: i64 = 8 * 3600;

/// `seen` is not written more often than this.
const SEEN_GRAIN: i64 = 30;

/// Why a person was not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Name or password is wrong, or the account is not active.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many wrong passwords; nothing was looked at.
    #[error("too many wrong passwords")]
    Locked,
    /// The service failed.
    #[error(transparent)]
    Failed(#[from] OperatorError),
}

impl From<sqlx::Error> for LogInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The present password is wrong.
    #[error("the present password is wrong")]
    Wrong,
    /// Too many wrong passwords; nothing was looked at.
    #[error("too many wrong passwords")]
    Locked,
    /// The new one is too short, too long, too simple, or holds the name.
    #[error("the new password is not acceptable")]
    Weak,
    /// The new one is the present one.
    #[error("the new password is the present one")]
    Same,
    /// The service failed.
    #[error(transparent)]
    Failed(#[from] OperatorError),
}

impl From<sqlx::Error> for PasswordError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Something the next page says once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whether it went well.
    pub good: bool,
    /// Key of the text.
    pub text: String,
    /// Its value, `%{value}`; may be empty.
    #[serde(default)]
    pub value: String,
}

/// An open session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Log-in name.
    pub name: String,
    /// What the person may do now.
    pub role: Role,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
    /// Said on the next page.
    pub notice: Option<Notice>,
    hash: String,
}

impl Session {
    /// For the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor<'_> {
        Actor { name: &self.name, role: self.role.as_str() }
    }
}

impl Operators {
    /// Logs a person in and returns the cookie of a new session, 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn log_in(&self, name: &str, password: &Password) -> Result<String, LogInError> {
        let known = login_name(name);
        // a name that can't exist is counted as it was typed
        let name = known.unwrap_or_else(|| name.trim().to_lowercase());
        let last_try = self.count_try(&name).await?.ok_or(LogInError::Locked)?;
        let row = sqlx::query("SELECT password, role FROM operators WHERE name = $1 AND active = 1")
            .bind(&name)
            .fetch_optional(self.store.pool())
            .await?;
        let (hash, role) = match row {
            Some(row) => (Some(row.try_get(0)?), Some(read_role(row.try_get(1)?)?)),
            None => (None, None),
        };
        let fits = self.fits(password, hash).await?;
        let mut tx = self.store.begin().await?;
        let Some(role) = role.filter(|_| fits) else {
            self.record_refusal(&mut tx, role.map(|_| name.as_str()), last_try).await?;
            tx.commit().await?;
            return Err(LogInError::Wrong);
        };
        sqlx::query("UPDATE operators SET last_login = $2 WHERE name = $1")
            .bind(&name)
            .bind((self.clock)())
            .execute(&mut *tx)
            .await?;
        forget_tries(&mut tx, &name).await?;
        let cookie = self.open_session(&mut tx, &name).await?;
        let actor = Actor { name: &name, role: role.as_str() };
        audit::append(&mut tx, &self.clock, &Entry::done(actor, "operator.login", &object(&name), "")).await?;
        tx.commit().await?;
        self.forget_ended_sessions().await?;
        Ok(cookie)
    }

    async fn forget_ended_sessions(&self) -> Result<(), sqlx::Error> {
        let now = (self.clock)();
        let mut tx = self.store.begin().await?;
        sqlx::query("DELETE FROM operator_sessions WHERE seen <= $1 OR created <= $2")
            .bind(now - IDLE)
            .bind(now - LONGEST)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The session of a cookie, when it is still open and its person may still log in.
    ///
    /// # Errors
    /// [`sqlx::Error`].
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, sqlx::Error> {
        let hash = cookie_hash(cookie);
        let now = (self.clock)();
        let row = sqlx::query(
            "SELECT o.name, o.role, o.must_change, s.seen, s.notice FROM operator_sessions s \
             JOIN operators o ON o.name = s.operator \
             WHERE s.hash = $1 AND s.seen > $2 AND s.created > $3 AND o.active = 1",
        )
        .bind(&hash)
        .bind(now - IDLE)
        .bind(now - LONGEST)
        .fetch_optional(self.store.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        if now >= row.try_get::<i64, _>(3)? + SEEN_GRAIN {
            let mut tx = self.store.begin().await?;
            sqlx::query("UPDATE operator_sessions SET seen = $2 WHERE hash = $1")
                .bind(&hash)
                .bind(now)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        let notice: Option<String> = row.try_get(4)?;
        Ok(Some(Session {
            name: row.try_get(0)?,
            role: read_role(row.try_get(1)?)?,
            must_change: row.try_get::<i64, _>(2)? == 1,
            notice: notice.and_then(|text| serde_json::from_str(&text).ok()),
            hash,
        }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`sqlx::Error`].
    pub async fn log_out(&self, session: &Session) -> Result<(), sqlx::Error> {
        let mut tx = self.store.begin().await?;
        sqlx::query("DELETE FROM operator_sessions WHERE hash = $1").bind(&session.hash).execute(&mut *tx).await?;
        let object = object(&session.name);
        let entry = Entry::done(session.actor(), "operator.logout", &object, "");
        audit::append(&mut tx, &self.clock, &entry).await?;
        tx.commit().await
    }

    /// Ends the session of a cookie that a new log-in replaces.
    ///
    /// # Errors
    /// [`sqlx::Error`].
    pub async fn discard(&self, cookie: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.store.begin().await?;
        sqlx::query("DELETE FROM operator_sessions WHERE hash = $1")
            .bind(cookie_hash(cookie))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Keeps something for the next page, or nothing.
    ///
    /// # Errors
    /// [`sqlx::Error`].
    pub async fn set_notice(&self, session: &Session, notice: Option<&Notice>) -> Result<(), sqlx::Error> {
        let mut tx = self.store.begin().await?;
        sqlx::query("UPDATE operator_sessions SET notice = $2 WHERE hash = $1")
            .bind(&session.hash)
            .bind(notice.and_then(|notice| serde_json::to_string(notice).ok()))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Changes the password of the session's person, ends all their sessions, and returns the cookie of a new one.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn change_password(
        &self,
        session: &Session,
        present: &Password,
        new: &Password,
    ) -> Result<String, PasswordError> {
        let name = &session.name;
        if !new.is_acceptable(name) {
            return Err(PasswordError::Weak);
        }
        let last_try = self.count_try(name).await?.ok_or(PasswordError::Locked)?;
        let row = sqlx::query("SELECT password FROM operators WHERE name = $1 AND active = 1")
            .bind(name)
            .fetch_optional(self.store.pool())
            .await?;
        let hash: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        if !self.fits(present, hash.clone()).await? {
            let mut tx = self.store.begin().await?;
            self.record_refusal(&mut tx, Some(name), last_try).await?;
            tx.commit().await?;
            return Err(PasswordError::Wrong);
        }
        if present.is_same(new) {
            return Err(PasswordError::Same);
        }
        let new = self.hash(new).await?;
        let mut tx = self.store.begin().await?;
        // the one that was checked, not one that came from a reset meanwhile
        let changed = sqlx::query(
            "UPDATE operators SET password = $2, must_change = 0, updated = $3 WHERE name = $1 AND password = $4",
        )
        .bind(name)
        .bind(new)
        .bind((self.clock)())
        .bind(hash)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(PasswordError::Wrong);
        }
        forget_tries(&mut tx, name).await?;
        end_sessions(&mut tx, name).await?;
        let cookie = self.open_session(&mut tx, name).await?;
        let object = object(name);
        let entry = Entry::done(session.actor(), "operator.password", &object, "");
        audit::append(&mut tx, &self.clock, &entry).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Counts a try; says whether it is the last one allowed, `None` when none is left.
    async fn count_try(&self, name: &str) -> Result<Option<bool>, sqlx::Error> {
        let now = (self.clock)();
        let mut tx = self.store.begin().await?;
        sqlx::query("DELETE FROM operator_tries WHERE since <= $1").bind(now - TRIES_WITHIN).execute(&mut *tx).await?;
        let row = sqlx::query(
            "INSERT INTO operator_tries (name, wrong, since) VALUES ($1, 1, $2) \
             ON CONFLICT (name) DO UPDATE SET \
             since = CASE WHEN operator_tries.wrong + 1 = $3 THEN $2 ELSE operator_tries.since END, \
             wrong = CASE WHEN operator_tries.wrong > $3 THEN operator_tries.wrong ELSE operator_tries.wrong + 1 END \
             RETURNING wrong",
        )
        .bind(tries_key(name))
        .bind(now)
        .bind(TRIES)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let wrong: i64 = row.try_get(0)?;
        Ok((wrong <= TRIES).then_some(wrong == TRIES))
    }

    async fn record_refusal(&self, tx: &mut Tx, name: Option<&str>, last_try: bool) -> Result<(), sqlx::Error> {
        // a name that does not exist may be a password typed into the wrong field
        let actor = name.unwrap_or("unknown");
        let entry = Entry {
            actor,
            role: "operator",
            action: if last_try { "operator.locked" } else { "operator.login" },
            object: &object(actor),
            outcome: "refused",
            detail: "",
        };
        audit::append(tx, &self.clock, &entry).await
    }

    async fn open_session(&self, tx: &mut Tx, name: &str) -> Result<String, OperatorError> {
        let cookie = random_hex::<32>()?;
        sqlx::query("INSERT INTO operator_sessions (hash, operator, created, seen) VALUES ($1, $2, $3, $3)")
            .bind(cookie_hash(&cookie))
            .bind(name)
            .bind((self.clock)())
            .execute(&mut **tx)
            .await?;
        Ok(cookie)
    }
}

pub(super) async fn forget_tries(tx: &mut Tx, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM operator_tries WHERE name = $1").bind(tries_key(name)).execute(&mut **tx).await?;
    Ok(())
}

pub(super) async fn end_sessions(tx: &mut Tx, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM operator_sessions WHERE operator = $1").bind(name).execute(&mut **tx).await?;
    Ok(())
}

fn object(name: &str) -> String {
    format!("operator/{name}")
}

fn cookie_hash(cookie: &str) -> String {
    hex(&sm3(&[b"operator session\0", cookie.as_bytes()]))
}

fn tries_key(name: &str) -> String {
    hex(&sm3(&[b"operator tries\0", name.as_bytes()]))
}
