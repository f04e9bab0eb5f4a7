//! The calls of order API v1.

use super::{Origin, RawBody, text};
use crate::orders::{self, Row, codes, create, payment, unlock};
use crate::registry::products::{self, Product};
use crate::secrets::hex;
use crate::{Service, ServiceError, captchas, json, sessions, signed};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use gm::sm3;
use order_api::{
    BODY_P7, Base64, CaInfo, Captcha, Challenge, ChallengeRequest, CodeCheck, CodeRequest, IDEMPOTENCY_KEY,
    IssueResponse, Order, OrderCreated, OrderKind, Payment, RenewalWindow, SESSION, SESSION_SIGNATURE, Session,
};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for an order to change, seconds.
const LONGEST_WAIT: u64 = 25;
/// How often the books are looked at while waiting: another instance may have changed the order.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) type Answer<T> = Result<Json<T>, ServiceError>;

/// Body of a call that takes none, or an empty object.
fn nothing(body: &[u8]) -> Result<(), ServiceError> {
    if body.is_empty() { Ok(()) } else { json::<CodeRequest>(body).map(drop) }
}

/// Who the service is and what it can do.
#[cfg_attr(feature = "console", utoipa::path(get, path = "/v1/ca", responses((status = 200, description = "Done", body = CaInfo), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn ca(State(service): State<Arc<Service>>) -> Answer<CaInfo> {
    let products = products::list(&service.store).await?;
    let widest = |days: fn(&Product) -> i64| products.iter().map(days).max();
    let renewal = widest(|product| product.renew_before_days).zip(widest(|product| product.renew_after_days));
    let chain = [service.authority.operation(), service.authority.root()];
    Ok(Json(CaInfo {
        name: service.config.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time: service.now(),
        chain: chain.map(|der| Base64(der.to_vec())).into(),
        kinds: vec![OrderKind::Renew, OrderKind::Unlock],
        support: service.config.support.clone(),
        renewal: renewal.map(|(days_before, days_after)| RenewalWindow { days_before, days_after }),
    }))
}

/// A picture whose characters prove that a person orders.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/captchas", responses((status = 200, description = "Done", body = Captcha), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn captcha(State(service): State<Arc<Service>>, RawBody(body): RawBody) -> Answer<Captcha> {
    nothing(&body)?;
    captchas::make(&service).await.map(Json)
}

/// A challenge for one signed request.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/challenges", request_body = ChallengeRequest, responses((status = 200, description = "Done", body = Challenge), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn challenge(State(service): State<Arc<Service>>, RawBody(body): RawBody) -> Answer<Challenge> {
    let request: ChallengeRequest = json(&body)?;
    signed::challenge(&service, request.purpose).await.map(Json)
}

/// Opens a session; signed by the key on the token.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/sessions", request_body = order_api::SessionRequest, params(("x-body-p7" = String, Header, description = "Detached SignedData over the body, DER in base64")), responses((status = 201, description = "Done", body = Session), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn session(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Session>), ServiceError> {
    let session = sessions::open(&service, &body, text(&headers, BODY_P7)).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// Takes an order; signed by the session key.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders", request_body = order_api::OrderRequest, params(("x-session" = String, Header, description = "Id of the session"), ("x-session-signature" = String, Header, description = "DER signature of the session key over the body, base64"), ("idempotency-key" = String, Header, description = "The same key with the same body gets the same order")), responses((status = 201, description = "Done", body = OrderCreated), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn create(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<OrderCreated>), ServiceError> {
    let given = create::Headers {
        session: text(&headers, SESSION),
        signature: text(&headers, SESSION_SIGNATURE),
        idempotency_key: text(&headers, IDEMPOTENCY_KEY),
    };
    let created = create::create(&service, &body, &given).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// How long to wait for a change.
#[derive(Deserialize)]
pub struct Wait {
    wait: Option<u64>,
}

/// An order; waits for a change when asked to.
#[cfg_attr(feature = "console", utoipa::path(get, path = "/v1/orders/{no}", params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token"), ("wait" = Option<u64>, Query, description = "Seconds to wait for another state than that of If-None-Match, at most 25"), ("if-none-match" = Option<String>, Header, description = "Tag of the order as it is known")), responses((status = 200, description = "Done", body = Order), (status = 304, description = "Not changed"), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn order(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    Query(Wait { wait }): Query<Wait>,
    headers: HeaderMap,
) -> Result<Response, ServiceError> {
    let mut changes = service.changes();
    let mut stopping = service.stopping();
    let (mut tag, mut body) = shown(&service, &open(&service, &no, &headers).await?)?;
    let known = text(&headers, IF_NONE_MATCH.as_str()).map_or_else(|| tag.clone(), str::to_owned);
    let until = Instant::now() + Duration::from_secs(wait.unwrap_or(0).min(LONGEST_WAIT));
    while tag == known && Instant::now() < until && !*stopping.borrow() {
        let look = (Instant::now() + LOOK_AGAIN).min(until);
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep_until(look) => {}
            () = changed(&mut changes, &no) => {}
        }
        (tag, body) = shown(&service, &open(&service, &no, &headers).await?)?;
    }
    if headers.contains_key(IF_NONE_MATCH) && tag == known {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    Ok(([(ETAG, tag.as_str()), (CONTENT_TYPE, "application/json")], body).into_response())
}

/// Ends when this order changed on this instance, or when so much changed that some was missed.
async fn changed(changes: &mut tokio::sync::broadcast::Receiver<String>, no: &str) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match changes.recv().await {
            Ok(other) if other != no => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // never while the service lives
            Err(RecvError::Closed) => std::future::pending::<()>().await,
        }
    }
}

/// The order's JSON with its tag.
fn shown(service: &Service, row: &Row) -> Result<(String, Vec<u8>), ServiceError> {
    let body = serde_json::to_vec(&row.view(service.now()))
        .map_err(|error| ServiceError::Damaged(format!("order {}: {error}", row.no)))?;
    let hash = hex(&sm3(&[&body]));
    Ok((format!("\"{}\"", hash.get(..32).unwrap_or_default()), body))
}

pub(super) async fn open(service: &Service, no: &str, headers: &HeaderMap) -> Result<Row, ServiceError> {
    let token = text(headers, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    orders::open(service, no, token.unwrap_or_default()).await
}

async fn view(service: &Service, no: &str) -> Answer<Order> {
    let row = orders::find(&service.store, no).await?.ok_or_else(orders::not_found)?;
    Ok(Json(row.view(service.now())))
}

/// Sends a code to the mobile number of the order; of an unlock a new one to where the last one went.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/codes", request_body = CodeRequest, params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token")), responses((status = 200, description = "Done", body = Order), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn send_code(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    Origin(from): Origin,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Order> {
    let row = open(&service, &no, &headers).await?;
    nothing(&body)?;
    match row.kind {
        OrderKind::Renew => codes::send(&service, &row).await?,
        OrderKind::Unlock => unlock::code::resend(&service, &row, from).await?,
    }
    view(&service, &no).await
}

/// Checks the code.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/codes/verify", request_body = CodeCheck, params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token")), responses((status = 200, description = "Done", body = Order), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn verify_code(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Order> {
    let row = open(&service, &no, &headers).await?;
    let check: CodeCheck = json(&body)?;
    codes::verify(&service, &row, &check.code).await?;
    view(&service, &no).await
}

/// How to pay; asked again, the same payment.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/payment", request_body = CodeRequest, params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token")), responses((status = 200, description = "Done", body = Payment), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn payment(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Payment> {
    let row = open(&service, &no, &headers).await?;
    nothing(&body)?;
    payment::request(&service, &row).await.map(Json)
}

/// Withdraws a renewal that is not authorized yet.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/cancel", request_body = CodeRequest, params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token")), responses((status = 200, description = "Done", body = Order), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn cancel(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Order> {
    let row = open(&service, &no, &headers).await?;
    nothing(&body)?;
    orders::steps::cancel(&service, &row).await?;
    view(&service, &no).await
}

/// The package of new certificates; signed by the key of the old certificate.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/issue", request_body = order_api::IssueRequest, params(("no" = String, Path, description = "Order number"), ("x-body-p7" = String, Header, description = "Detached SignedData over the body, DER in base64")), responses((status = 200, description = "Done", body = IssueResponse), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn issue(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<IssueResponse> {
    orders::issue::issue(&service, &no, &body, text(&headers, BODY_P7)).await.map(Json)
}

/// The new certificates work; signed by the key of the new one.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/confirm", request_body = order_api::ConfirmRequest, params(("no" = String, Path, description = "Order number"), ("x-body-p7" = String, Header, description = "Detached SignedData over the body, DER in base64")), responses((status = 200, description = "Done", body = Order), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn confirm(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Order> {
    orders::confirm::confirm(&service, &no, &body, text(&headers, BODY_P7)).await.map(Json)
}
