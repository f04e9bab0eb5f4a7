//! What everybody may have: certificates of the authorities, the revocation list, and the sandbox's payment page.

use super::{problem_response, text};
use crate::orders::payment::{self, Stored};
use crate::{Service, ServiceError, crl};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use order_api::{Problem, ProblemCode};
use rust_i18n::t;
use std::borrow::Cow;
use std::sync::Arc;

/// `GET /crl/{name}.crl`.
pub async fn revocation_list(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
) -> Result<Response, ServiceError> {
    let name = file.strip_suffix(".crl").ok_or_else(nothing)?;
    let list = crl::current(&service.store, name).await?.ok_or_else(nothing)?;
    Ok(file_response("application/pkix-crl", list))
}

/// `GET /ca/root.cer`, `GET /ca/operation.cer`.
pub async fn authority(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
) -> Result<Response, ServiceError> {
    let der = match file.as_str() {
        "root.cer" => service.authority.root(),
        "operation.cer" => service.authority.operation(),
        _ => return Err(nothing()),
    };
    Ok(file_response("application/pkix-cert", der.to_vec()))
}

fn file_response(kind: &'static str, bytes: Vec<u8>) -> Response {
    // always asked again whether it still holds
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], bytes).into_response()
}

fn nothing() -> ServiceError {
    ServiceError::refused(ProblemCode::NotFound, "no such file")
}

/// Texts of the payment page.
struct Words {
    locale: &'static str,
    title: Cow<'static, str>,
    receiver: Cow<'static, str>,
    order: Cow<'static, str>,
    paid: Cow<'static, str>,
    over: Cow<'static, str>,
    sandbox: Cow<'static, str>,
    pay: Cow<'static, str>,
}

impl Words {
    /// English for a browser that asks for it first, else Chinese.
    fn new(headers: &HeaderMap) -> Self {
        let english = text(headers, ACCEPT_LANGUAGE.as_str()).is_some_and(|asked| asked.starts_with("en"));
        let locale = if english { "en" } else { "zh-CN" };
        Self {
            locale,
            title: t!("pay.title", locale = locale),
            receiver: t!("pay.receiver", locale = locale),
            order: t!("pay.order", locale = locale),
            paid: t!("pay.paid", locale = locale),
            over: t!("pay.over", locale = locale),
            sandbox: t!("pay.sandbox", locale = locale),
            pay: t!("pay.pay", locale = locale),
        }
    }
}

#[derive(Template)]
#[template(path = "pay.html")]
struct Page<'a> {
    words: Words,
    ca: &'a str,
    payment: &'a Stored,
    amount: String,
    over: bool,
}

/// `GET /pay/{id}`: the sandbox's page.
pub async fn payment(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ServiceError> {
    let payment = payment::get(&service, &id).await?;
    let page = Page {
        words: Words::new(&headers),
        ca: &service.config.name,
        amount: format!("{}.{:02}", payment.amount_fen / 100, payment.amount_fen % 100),
        over: payment.expires <= service.now(),
        payment: &payment,
    };
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(ServiceError::Damaged(error.to_string())),
    }
}

/// `POST /pay/{id}`: the button on it.
pub async fn pay(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, ServiceError> {
    if service.payment.name() != "sandbox" {
        return Ok(problem_response(Problem::new(ProblemCode::NotFound, "this service takes real money elsewhere")));
    }
    payment::settle(&service, &id).await?;
    Ok(Redirect::to(&format!("/pay/{id}")).into_response())
}
