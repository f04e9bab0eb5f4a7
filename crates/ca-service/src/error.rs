//! Why the service did not do what was asked: a refusal the customer can act on, or a failure of its own.

use gm::CryptoError;
use gm::issue::IssueError;
use order_api::{Problem, ProblemCode};
use std::io;
use std::path::PathBuf;

/// Why nothing was done. Nothing has changed in the books unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The customer is told.
    #[error("{}: {}", .0.code.as_str(), .0.detail)]
    Refused(Box<Problem>),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The database's tables.
    #[error(transparent)]
    Store(#[from] super::store::StoreError),
    /// A key operation.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A certificate or revocation list could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The key management has no key to give.
    #[error("key management: {0}")]
    Keys(Box<ServiceError>),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or row does not hold what this program writes.
    #[error("{0}")]
    Damaged(String),
    /// Something given by an operator is not acceptable.
    #[error("{0}")]
    Unacceptable(String),
}

impl ServiceError {
    /// A refusal with one sentence for logs and support.
    #[must_use]
    pub fn refused(code: ProblemCode, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// What the customer is told. Of a failure nothing but that it happened.
    #[must_use]
    pub fn problem(self) -> Problem {
        match self {
            Self::Refused(problem) => *problem,
            Self::Keys(_) => Problem::new(ProblemCode::Unavailable, "keys can't be made now"),
            Self::Database(error) if passes(&error) => {
                Problem::new(ProblemCode::Unavailable, "the books can't be reached now")
            }
            _ => Problem::new(ProblemCode::Internal, "the service failed"),
        }
    }
}

/// Whether the same request may succeed later: no connection, or another writer in the way.
fn passes(error: &sqlx::Error) -> bool {
    /// PostgreSQL: serialization failure, deadlock, lock timeout, no more connections, shutting down; SQLite: busy, locked.
    const CODES: [&str; 11] = ["40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03", "5", "6", "261", "517"];
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| CODES.contains(&code.as_ref())),
        _ => false,
    }
}

impl From<Problem> for ServiceError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}
