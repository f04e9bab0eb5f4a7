//! HTTP: order API v1, certificates and revocation lists, documentation, the sandbox's payment page.
//!
//! Every refusal is a problem document (RFC 9457); what failed inside is logged under its instance number and told to
//! nobody. No answer may be framed, sniffed, or – but for certificates and lists – kept.

mod api;
#[cfg(feature = "console")]
mod docs;
mod public;
mod refusal;
mod server;
mod unlocks;

pub use refusal::problem_response;
pub use server::{InProcess, Running, round, serve};

use super::Service;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use order_api::path::{self, Step};
use order_api::{LARGEST_BODY, Problem, ProblemCode};
use std::any::Any;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tower_governor::GovernorError;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::{KeyExtractor, PeerIpKeyExtractor};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

/// No request takes longer; one that waits for an order to change takes at most 25 s.
const LONGEST: Duration = Duration::from_secs(60);

/// All routes of the service but the console's.
pub fn router(service: &Arc<Service>) -> Router {
    let api = Router::new()
        .route(path::CA, get(api::ca))
        .route(path::CAPTCHAS, post(api::captcha))
        .route(path::CHALLENGES, post(api::challenge))
        .route(path::SESSIONS, post(api::session))
        .route(path::ORDERS, post(api::create))
        .route(&Step::Look.route(), get(api::order))
        .route(&Step::Codes.route(), post(api::send_code))
        .route(&Step::Verify.route(), post(api::verify_code))
        .route(&Step::Payment.route(), post(api::payment))
        .route(&Step::Cancel.route(), post(api::cancel))
        .route(&Step::Issue.route(), post(api::issue))
        .route(&Step::Confirm.route(), post(api::confirm))
        .route(path::UNLOCKS, post(unlocks::create))
        .route(&Step::Unlock.route(), post(unlocks::begin))
        .route(&Step::UnlockFinish.route(), post(unlocks::finish))
        .route("/service.css", get(public::style))
        .route("/crl/{file}", get(public::revocation_list))
        .route("/ca/{file}", get(public::authority))
        .route("/pay/{id}", get(public::payment).post(public::pay))
        .with_state(Arc::clone(service));
    #[cfg(feature = "console")]
    let api = api
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .route("/docs/problems", get(docs::page));
    limited(api, service)
}

/// With a limit for each address, when there is one.
fn limited(api: Router, service: &Service) -> Router {
    if service.config.behind_proxy {
        limited_by(api, service, Forwarded)
    } else {
        limited_by(api, service, PeerIpKeyExtractor)
    }
}

/// The address that the reverse proxy in front of the service saw: what it added at the end of `X-Forwarded-For`. What
/// stands before that came from the client, who may write there what he likes.
#[derive(Clone)]
struct Forwarded;

impl KeyExtractor for Forwarded {
    type Key = IpAddr;

    fn extract<T>(&self, request: &axum::http::Request<T>) -> Result<IpAddr, GovernorError> {
        match forwarded(request.headers()) {
            Some(address) => Ok(address),
            None => PeerIpKeyExtractor.extract(request),
        }
    }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok())
}

/// The address a request comes from, when it is known.
struct Origin(Option<IpAddr>);

impl FromRequestParts<Arc<Service>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let through = forwarded(&parts.headers).filter(|_| service.config.behind_proxy);
        Ok(Self(through.or(peer)))
    }
}

fn limited_by<K>(api: Router, service: &Service, address: K) -> Router
where
    K: KeyExtractor + Send + Sync + 'static,
    K::Key: Send + Sync,
{
    let limits = service.config.limits;
    if limits.per_address_second == 0 {
        return api;
    }
    let mut builder = GovernorConfigBuilder::default().key_extractor(address);
    builder.period(Duration::from_secs(1) / limits.per_address_second).burst_size(limits.per_address_burst.max(1));
    match builder.finish() {
        Some(config) => {
            let limiter = Arc::clone(config.limiter());
            forget_quiet_addresses(service, move || limiter.retain_recent());
            api.layer(GovernorLayer::new(config).error_handler(refusal::too_fast))
        }
        None => api,
    }
}

/// Addresses that were not heard of for a while need not be remembered.
fn forget_quiet_addresses(service: &Service, forget: impl Fn() + Send + 'static) {
    let mut stopping = service.stopping();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(Duration::from_secs(60)) => forget(),
            }
        }
    });
}

/// What lies around everything, the console included.
fn guarded(all: Router) -> Router {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    all.fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send>| refusal::panicked()))
        .layer(axum::middleware::map_response(refusal::in_words))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ))
}

async fn nothing_here() -> Response {
    problem_response(Problem::new(ProblemCode::NotFound, "there is nothing under this path and method"))
}

/// A body as it came, not longer than it may be.
struct RawBody(Bytes);

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let said = number(request.headers(), header::CONTENT_LENGTH);
        let too_large = || problem_response(Problem::new(ProblemCode::TooLarge, "the body is too large"));
        if said.is_some_and(|length| length > LARGEST_BODY) {
            return Err(too_large());
        }
        let body: Body = request.into_body();
        match axum::body::to_bytes(body, LARGEST_BODY).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) if is_limit(&error) => Err(too_large()),
            Err(_) => Err(problem_response(Problem::new(ProblemCode::InvalidRequest, "the body broke off"))),
        }
    }
}

/// Whether a body was not read for its length.
fn is_limit(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        source = error.source();
    }
    false
}

fn number(headers: &HeaderMap, name: HeaderName) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A header's text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::Forwarded;
    use axum::http::Request;
    use tower_governor::key_extractor::KeyExtractor;

    fn address(headers: &[&str]) -> Option<String> {
        let mut request = Request::get("/");
        for value in headers {
            request = request.header("x-forwarded-for", *value);
        }
        Forwarded.extract(&request.body(()).unwrap()).ok().map(|address| address.to_string())
    }

    #[test]
    fn of_the_forwarding_addresses_only_that_of_our_own_proxy_counts() {
        assert_eq!(address(&["192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(address(&["10.0.0.1, 198.51.100.2,192.0.2.7 "]).as_deref(), Some("192.0.2.7"));
        assert_eq!(address(&["10.0.0.1", "2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(address(&["not an address"]), None, "then that of the connection, which is missing here");
        assert_eq!(address(&[]), None);
    }
}
