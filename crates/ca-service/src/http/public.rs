//! What everybody may have: certificates of the authorities, the revocation list, and the sandbox's payment page.

use super::{problem_response, text};
use crate::orders::payment::{self, Stored};
use crate::outbox::{escaped, filled};
use crate::{Service, ServiceError, crl};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use order_api::{Problem, ProblemCode};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

const STYLE: &str = include_str!("../../../../assets/ca-service/service.css");

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

/// Words of the payment page in one language.
#[derive(Deserialize)]
struct Words {
    title: String,
    receiver: String,
    order: String,
    paid: String,
    over: String,
    sandbox: String,
    pay: String,
}

/// Parts of the payment page.
#[derive(Deserialize)]
struct Parts {
    page: String,
    paid: String,
    over: String,
    open: String,
}

#[derive(Deserialize)]
struct PayFile {
    html: Parts,
    zh: Words,
    en: Words,
}

/// Without a template engine: practice mode has this page too, and nothing else that would need one.
static PAY: LazyLock<Option<PayFile>> =
    LazyLock::new(|| toml::from_str(include_str!("../../../../assets/ca-service/pay.toml")).ok());

/// The payment page; `None` when its file has a hole nobody fills.
fn pay_page(ca: &str, payment: &Stored, over: bool, english: bool) -> Option<String> {
    let file = PAY.as_ref()?;
    let (locale, words) = if english { ("en", &file.en) } else { ("zh-CN", &file.zh) };
    let amount = format!("{}.{:02}", payment.amount_fen / 100, payment.amount_fen % 100);
    let values = [
        ("locale", locale),
        ("title", &words.title),
        ("receiver", &words.receiver),
        ("order", &words.order),
        ("paid", &words.paid),
        ("over", &words.over),
        ("sandbox", &words.sandbox),
        ("pay", &words.pay),
        ("ca", ca),
        ("amount", &amount),
        ("number", &payment.order_no),
        ("id", &payment.id),
    ];
    let state = match (payment.paid, over) {
        (true, _) => &file.html.paid,
        (false, true) => &file.html.over,
        (false, false) => &file.html.open,
    };
    let (before, behind) = file.html.page.trim_start().split_once("{state}")?;
    Some(
        [before, state.trim(), behind]
            .into_iter()
            .map(|part| filled(part, &values, escaped))
            .collect::<Option<Vec<_>>>()?
            .concat(),
    )
}

/// `GET /pay/{id}`: the sandbox's page.
pub async fn payment(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ServiceError> {
    let payment = payment::get(&service, &id).await?;
    // English for a browser that asks for it first, else Chinese
    let english = text(&headers, ACCEPT_LANGUAGE.as_str()).is_some_and(|asked| asked.starts_with("en"));
    let over = payment.expires <= service.now();
    match pay_page(&service.config.name, &payment, over, english) {
        Some(html) => Ok(Html(html).into_response()),
        None => Err(ServiceError::Damaged("pay.toml does not fit the page".to_owned())),
    }
}

/// `GET /service.css`.
pub async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// `POST /pay/{id}`: the button on it.
pub async fn pay(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, ServiceError> {
    if service.payment.name() != "sandbox" {
        return Ok(problem_response(Problem::new(ProblemCode::NotFound, "this service takes real money elsewhere")));
    }
    payment::settle(&service, &id).await?;
    Ok(Redirect::to(&format!("/pay/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::{Stored, pay_page};

    #[test]
    fn the_payment_page_has_each_state_in_both_languages_and_escapes_what_it_is_given() {
        for (paid, over, shown) in [(true, true, "paid"), (false, true, "over"), (false, false, "open")] {
            for english in [true, false] {
                let payment = Stored {
                    id: "0a".to_owned(),
                    order_no: "20260101-000001".to_owned(),
                    provider: "sandbox".to_owned(),
                    amount_fen: 12_005,
                    paid,
                    expires: 0,
                };
                let page = pay_page("A <b>&", &payment, over, english).unwrap();
                assert!(
                    page.contains("A &lt;b&gt;&amp;") && page.contains("¥ 120.05") && !page.contains(['{', '}']),
                    "{page}"
                );
                assert_eq!(page.contains("<form"), shown == "open", "{page}");
                assert_eq!(page.contains("<strong>"), shown == "paid", "{page}");
                assert!(page.contains(if english { "<html lang=\"en\">" } else { "<html lang=\"zh-CN\">" }));
            }
        }
    }
}
