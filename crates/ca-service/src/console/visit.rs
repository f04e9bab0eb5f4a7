//! What is known of a request before its handler runs, and how a handler fails.

use super::rights::Right;
use super::texts::Language;
use crate::audit::Actor;
use crate::error::ServiceError;
use crate::operators::{OperatorError, Session};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

/// Who asks and how to answer; made by the guard, so a handler that has one was let in.
#[derive(Clone)]
pub struct Visit {
    /// Language of the answer.
    pub language: Language,
    /// The person, unless the route is for anybody.
    pub session: Option<Session>,
    /// What a form has to send back.
    pub csrf: String,
    /// Name of the CA.
    pub ca_name: String,
}

impl Visit {
    /// The person.
    ///
    /// # Errors
    /// [`Failure::Refused`] on a route for anybody.
    pub fn session(&self) -> Result<&Session, Failure> {
        self.session.as_ref().ok_or(Failure::Refused)
    }

    /// The person as the audit log names them.
    ///
    /// # Errors
    /// As [`Visit::session`].
    pub fn actor(&self) -> Result<Actor<'_>, Failure> {
        self.session().map(Session::actor)
    }

    /// Whether the person has a right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.session.as_ref().is_some_and(|session| session.role.may(right))
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::Refused)
    }
}

/// Why there is no page; the guard makes one that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such thing.
    NotFound,
    /// The person has no right to it.
    Refused,
    /// The request did not come from a page of this console, or from one that is too old.
    Foreign,
    /// What was sent can't be.
    Input,
    /// The service failed; logged where it happened.
    Internal,
}

impl Failure {
    /// Status, key of the heading and key of the sentence.
    #[must_use]
    pub const fn texts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "console.refused.missing_title", "console.refused.missing"),
            Self::Refused => (StatusCode::FORBIDDEN, "console.refused.title", "console.refused.text"),
            Self::Foreign => (StatusCode::FORBIDDEN, "console.refused.foreign_title", "console.refused.foreign"),
            Self::Input => (StatusCode::UNPROCESSABLE_ENTITY, "console.refused.input_title", "console.refused.input"),
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "console.refused.failed_title", "console.refused.failed")
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.texts().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the books failed under the console");
        Self::Internal
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(_) | ServiceError::Unacceptable(_) => Self::Input,
            error => {
                tracing::error!(%error, "the service failed under the console");
                Self::Internal
            }
        }
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        tracing::error!(%error, "an operator's account failed");
        Self::Internal
    }
}
