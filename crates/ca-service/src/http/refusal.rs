//! Refusals and failures as problem documents (RFC 9457).

use crate::error::ServiceError;
use crate::secrets::random_hex;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use order_api::{PROBLEM_JSON, Problem, ProblemCode};
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

/// Turns an error that a library answered in its own form – an odd path, query or method, a time-out – into a problem.
/// Pages for people stay.
pub(super) async fn in_words(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if !(status.is_client_error() || status.is_server_error())
        || kind == PROBLEM_JSON.as_bytes()
        || kind.starts_with(b"text/html")
    {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ProblemCode::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
        StatusCode::SERVICE_UNAVAILABLE => ProblemCode::Unavailable,
        _ if status.is_server_error() => ProblemCode::Internal,
        _ => ProblemCode::InvalidRequest,
    };
    problem_response(Problem::new(code, status.canonical_reason().unwrap_or_default()))
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

#[cfg(test)]
mod tests {
    use crate::ServiceError;
    use crate::http::guarded;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Path;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use order_api::{Problem, ProblemCode};
    use tower::Service;

    async fn answer(path: &str) -> (StatusCode, String) {
        let broken = || async { ServiceError::Damaged("row 7 of the books".to_owned()) };
        let panics = || async { "x".parse::<u8>().expect("the books lie open").to_string() };
        let routes = Router::new()
            .route("/broken", get(broken))
            .route("/panics", get(panics))
            .route("/number/{n}", get(|Path(n): Path<u8>| async move { n.to_string() }))
            .route("/page", get(|| async { (StatusCode::FORBIDDEN, axum::response::Html("no")) }));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = guarded(routes).call(request).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap())
    }

    async fn code(path: &str) -> ProblemCode {
        let (status, text) = answer(path).await;
        let problem: Problem = serde_json::from_str(&text).unwrap();
        assert_eq!(problem.status, status.as_u16());
        assert!(!problem.instance.is_empty());
        problem.code
    }

    #[tokio::test]
    async fn what_fails_inside_is_told_to_nobody() {
        for path in ["/broken", "/panics"] {
            assert_eq!(code(path).await, ProblemCode::Internal);
            assert!(!answer(path).await.1.contains("books"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_a_library_refuses_becomes_a_problem_and_a_page_stays() {
        assert_eq!(code("/number/300").await, ProblemCode::InvalidRequest);
        assert_eq!(code("/number/%FF").await, ProblemCode::InvalidRequest);
        assert_eq!(code("/nowhere").await, ProblemCode::NotFound);
        assert_eq!(answer("/page").await, (StatusCode::FORBIDDEN, "no".to_owned()));
    }
}
