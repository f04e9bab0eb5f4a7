//! Refusals and failures as problem documents (RFC 9457).

use crate::ca::protocol::{PROBLEM_JSON, Problem, ProblemCode};
use crate::ca_service::error::ServiceError;
use crate::ca_service::secrets::random_hex;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower_governor::GovernorError;

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let cause = self.to_string();
        respond(self.problem(), &cause)
    }
}

/// A problem as answer, logged under its instance number.
#[must_use]
pub fn problem_response(problem: Problem) -> Response {
    let cause = problem.detail.clone();
    respond(problem, &cause)
}

fn respond(mut problem: Problem, cause: &str) -> Response {
    problem.instance = random_hex::<8>().unwrap_or_default();
    let code = problem.code.as_str();
    if problem.status >= 500 {
        tracing::error!(code, instance = problem.instance, cause, "request failed");
    } else {
        tracing::info!(code, instance = problem.instance, cause, "request refused");
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The answer when a handler panicked.
pub(super) fn panicked() -> Response {
    respond(Problem::new(ProblemCode::Internal, "the service failed"), "a handler panicked")
}

/// The answer when an address asks too often.
pub(super) fn too_fast(error: GovernorError) -> Response {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            let mut problem = Problem::new(ProblemCode::RateLimited, "too many requests from this address");
            problem.retry_after = u32::try_from(wait_time.max(1)).ok();
            problem_response(problem)
        }
        other => respond(Problem::new(ProblemCode::Internal, "the service failed"), &other.to_string()),
    }
}
