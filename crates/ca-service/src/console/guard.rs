//! The guard in front of every handler: session, right, origin, form token; and what every answer carries.
//!
//! Invariants: nothing reaches a handler but by the table of routes; every `POST` comes from a page of this console
//! (`Origin` is the host asked, and the form holds the token of the visitor's cookie); a person whose password somebody
//! else has seen reaches the page that changes it and nothing else; what a person has no right to is answered 403 and
//! stands in the audit log.

use super::page::{Page, go_to, show};
use super::rights::{Access, access};
use super::texts::Language;
use super::visit::{Failure, Visit};
use super::{Console, LANGUAGE, SESSION, VISIT};
use crate::audit::{self, Entry};
use crate::operators::Session;
use crate::secrets::{hex, random_hex, same};
use askama::Template;
use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use gm::sm3;
use serde::Deserialize;
use std::sync::Arc;

/// Largest form, bytes.
const LARGEST_FORM: usize = 64 * 1024;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // not no-referrer: it would make browsers send the origin `null` with forms
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Why a request does not reach its handler.
enum Stop {
    LogIn { ended: bool },
    ChangePassword,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

#[derive(Template)]
#[template(path = "console/refused.html")]
struct RefusedPage {
    page: Page,
    text: String,
}

/// Stands before every handler.
pub async fn guard(
    State(console): State<Arc<Console>>,
    matched: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let language = language(request.headers());
    let known = cookie(request.headers(), VISIT).filter(|cookie| cookie.len() == 64).map(str::to_owned);
    let fresh = if known.is_none() { random_hex::<32>().ok() } else { None };
    let mut visit = Visit {
        language,
        session: None,
        csrf: known.as_ref().or(fresh.as_ref()).map(|cookie| form_token(cookie)).unwrap_or_default(),
        ca_name: console.service.config.name.clone(),
    };
    let answer = match enter(&console, &mut visit, matched.as_str(), request).await {
        Ok(request) => next.run(request).await,
        Err(Stop::LogIn { ended: true }) => go_to("/console/login?ended=1"),
        Err(Stop::LogIn { ended: false }) => go_to("/console/login"),
        Err(Stop::ChangePassword) => go_to("/console/password"),
        Err(Stop::Failed(failure)) => failed(&visit, failure),
    };
    let failure = answer.extensions().get::<Failure>().copied().or_else(|| unreadable(&answer));
    let mut answer = failure.map_or(answer, |failure| failed(&visit, failure));
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let (None, Some(fresh)) = (&visit.session, fresh) {
        headers.append(header::SET_COOKIE, console.cookie(VISIT, &fresh));
    }
    answer
}

/// What the framework answers to an address or form that does not hold what its handler reads.
fn unreadable(answer: &Response) -> Option<Failure> {
    let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_page = media_type.is_some_and(|text| text.starts_with("text/html"));
    (answer.status().is_client_error() && !is_page).then_some(Failure::Input)
}

fn failed(visit: &Visit, failure: Failure) -> Response {
    let (status, title, text) = failure.texts();
    let page = Page::new(visit, "", visit.language.text(title));
    show(status, &RefusedPage { page, text: visit.language.text(text) })
}

async fn enter(console: &Console, visit: &mut Visit, path: &str, request: Request) -> Result<Request, Stop> {
    let access = access(request.method().as_str(), path).ok_or(Failure::NotFound)?;
    if access != Access::Anybody {
        let cookie = cookie(request.headers(), SESSION).map(str::to_owned);
        let session = match &cookie {
            Some(cookie) => console.operators.session(cookie).await?,
            None => None,
        };
        let (Some(cookie), Some(session)) = (&cookie, session) else {
            return Err(Stop::LogIn { ended: cookie.is_some() });
        };
        visit.csrf = form_token(cookie);
        visit.session = Some(session);
    }
    if request.uri().path_and_query().is_some_and(|text| holds_zero(text.as_str().as_bytes())) {
        return Err(Stop::Failed(Failure::Input));
    }
    let mut request = request;
    if request.method() == Method::POST {
        request = from_own_page(&visit.csrf, request).await?;
    }
    if let (Access::Needs(right), Some(session)) = (access, &visit.session) {
        if session.must_change {
            return Err(Stop::ChangePassword);
        }
        if !session.role.may(right) {
            let (method, object) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
            refusal(console, session, &method, &object).await?;
            return Err(Stop::Failed(Failure::Refused));
        }
    }
    if let Some(session) = visit.session.as_ref().filter(|session| session.notice.is_some())
        && request.method() == Method::GET
    {
        // the page that is being made says it
        console.operators.set_notice(session, None).await?;
    }
    request.extensions_mut().insert(visit.clone());
    Ok(request)
}

/// Lets a form pass that a page of this console holds.
async fn from_own_page(expected: &str, request: Request) -> Result<Request, Failure> {
    #[derive(Deserialize)]
    struct Token {
        csrf: String,
    }
    if !is_own_origin(&request) {
        return Err(Failure::Foreign);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST_FORM).await.map_err(|_| Failure::Input)?;
    if holds_zero(&bytes) {
        return Err(Failure::Input);
    }
    let copy = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    let Form(token) = Form::<Token>::from_request(copy, &()).await.map_err(|_| Failure::Foreign)?;
    if expected.is_empty() || !same(&token.csrf, expected) {
        return Err(Failure::Foreign);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Whether an address or a form holds the byte 0, which PostgreSQL takes in no text.
fn holds_zero(encoded: &[u8]) -> bool {
    encoded.contains(&0) || encoded.windows(3).any(|window| window == b"%00")
}

/// Whether the browser says that the request comes from a page of the host that was asked.
fn is_own_origin(request: &Request) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let host = request.uri().authority().map(Authority::as_str).or_else(|| text(header::HOST));
    origin.is_some() && origin == host
}

async fn refusal(console: &Console, session: &Session, method: &str, path: &str) -> Result<(), sqlx::Error> {
    let path: String = path.chars().take(200).collect();
    let entry = Entry { outcome: "refused", ..Entry::done(session.actor(), "console.refused", &path, method) };
    let mut tx = console.service.store.begin().await?;
    audit::append(&mut tx, &console.service.clock, &entry).await?;
    tx.commit().await
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
}

fn language(headers: &HeaderMap) -> Language {
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = cookie(headers, LANGUAGE).and_then(Language::parse);
    chosen.unwrap_or_else(|| Language::accepted(accepted()))
}

/// What the forms of the visitor with this cookie hold; the cookie can't be learned from it.
fn form_token(cookie: &str) -> String {
    hex(&sm3(&[b"form\0", cookie.as_bytes()]))
}
