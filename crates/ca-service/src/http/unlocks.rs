//! The calls of order API v1 that only unlocks have.

use super::api::{Answer, open};
use super::{Origin, RawBody, text};
use crate::orders::create::Headers;
use crate::orders::unlock;
use crate::{Service, ServiceError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use order_api::{BODY_P7, IDEMPOTENCY_KEY, Order, OrderCreated, SESSION_SIGNATURE, UnlockAnswer};
use std::sync::Arc;

/// Takes an application for an unlock; signed by the client key. What it answers does not depend on whether the applicant
/// fits the books.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/unlocks", request_body = order_api::UnlockRequest, params(("x-session-signature" = String, Header, description = "DER signature of the client key over the body, base64"), ("idempotency-key" = String, Header, description = "The same key with the same body gets the same order")), responses((status = 201, description = "Done", body = OrderCreated), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn create(
    State(service): State<Arc<Service>>,
    Origin(from): Origin,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<OrderCreated>), ServiceError> {
    let given = Headers {
        session: None,
        signature: text(&headers, SESSION_SIGNATURE),
        idempotency_key: text(&headers, IDEMPOTENCY_KEY),
    };
    let created = unlock::create::create(&service, &body, &given, from).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// What sets a transport PIN on the key, for the proof of the code; signed by the client key. Asked again by the same client
/// key with a fresh challenge it needs no code any more.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/unlock", request_body = order_api::UnlockBegin, params(("no" = String, Path, description = "Order number"), ("authorization" = String, Header, description = "Bearer and the order's token"), ("x-session-signature" = String, Header, description = "DER signature of the client key over the body, base64")), responses((status = 200, description = "Done", body = UnlockAnswer), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn begin(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    Origin(from): Origin,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<UnlockAnswer> {
    let order = open(&service, &no, &headers).await?;
    let signature = text(&headers, SESSION_SIGNATURE);
    unlock::begin::begin(&service, &order, &body, signature, from).await.map(Json)
}

/// The key has its new PIN; signed by the key of the certificate.
#[cfg_attr(feature = "console", utoipa::path(post, path = "/v1/orders/{no}/unlock/finish", request_body = order_api::UnlockFinish, params(("no" = String, Path, description = "Order number"), ("x-body-p7" = String, Header, description = "Detached SignedData over the body, DER in base64")), responses((status = 200, description = "Done", body = Order), (status = "default", description = "Refused", body = order_api::Problem))))]
pub async fn finish(
    State(service): State<Arc<Service>>,
    Path(no): Path<String>,
    Origin(from): Origin,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Order> {
    unlock::finish::finish(&service, &no, &body, text(&headers, BODY_P7), from).await.map(Json)
}
