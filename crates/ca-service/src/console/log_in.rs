//! Log-in, log-out, own password, language.

use super::page::{Page, go_to, show};
use super::texts::Language;
use super::visit::{Failure, Visit};
use super::{Console, LANGUAGE, SESSION, bad, guard};
use crate::operators::{LONGEST_PASSWORD, LogInError, Notice, Password, PasswordError, SHORTEST_PASSWORD};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/login.html")]
struct LogInPage {
    page: Page,
}

#[derive(Template)]
#[template(path = "console/password.html")]
struct PasswordPage {
    page: Page,
    forced: bool,
    shortest: usize,
    longest: usize,
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    ended: String,
}

#[derive(Deserialize)]
struct LogIn {
    name: String,
    password: Password,
}

#[derive(Deserialize)]
struct Change {
    present: Password,
    new: Password,
    again: Password,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/login", get(log_in_page).post(log_in))
        .route("/console/logout", post(log_out))
        .route("/console/password", get(password_page).post(change_password))
        .route("/console/language/{language}", get(choose_language))
}

fn log_in_again(visit: &Visit, status: StatusCode, notice: Option<Notice>) -> Response {
    let page = Page::new(visit, "", visit.language.text("console.login.title"));
    let page = match notice {
        Some(notice) => page.saying(notice),
        None => page,
    };
    show(status, &LogInPage { page })
}

async fn log_in_page(visit: Visit, Query(query): Query<Ended>) -> Response {
    let ended = (!query.ended.is_empty()).then(|| bad("console.login.ended"));
    log_in_again(&visit, StatusCode::OK, ended)
}

async fn log_in(
    State(console): State<Arc<Console>>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<LogIn>,
) -> Result<Response, Failure> {
    let cookie = match console.operators.log_in(&form.name, &form.password).await {
        Ok(cookie) => cookie,
        Err(LogInError::Wrong) => {
            return Ok(log_in_again(&visit, StatusCode::FORBIDDEN, Some(bad("console.login.wrong"))));
        }
        Err(LogInError::Locked) => {
            return Ok(log_in_again(&visit, StatusCode::TOO_MANY_REQUESTS, Some(bad("console.login.locked"))));
        }
        Err(LogInError::Failed(error)) => return Err(error.into()),
    };
    if let Some(old) = guard::cookie(&headers, SESSION) {
        console.operators.discard(old).await?;
    }
    Ok(with_cookie(go_to("/console/overview"), console.cookie(SESSION, &cookie)))
}

async fn log_out(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Failure> {
    console.operators.log_out(visit.session()?).await?;
    let gone = format!("{SESSION}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0");
    let gone = HeaderValue::try_from(gone).map_err(|_| Failure::Internal)?;
    Ok(with_cookie(go_to("/console/login"), gone))
}

fn password_again(visit: &Visit, status: StatusCode, notice: Option<Notice>) -> Result<Response, Failure> {
    let forced = visit.session()?.must_change;
    let page = Page::new(visit, "", visit.language.text("console.password.title"));
    let page = match notice {
        Some(notice) => page.saying(notice),
        None => page,
    };
    Ok(show(status, &PasswordPage { page, forced, shortest: SHORTEST_PASSWORD, longest: LONGEST_PASSWORD }))
}

async fn password_page(visit: Visit) -> Result<Response, Failure> {
    password_again(&visit, StatusCode::OK, None)
}

async fn change_password(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Form(form): Form<Change>,
) -> Result<Response, Failure> {
    let wrong = |text| password_again(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(bad(text)));
    if !form.new.is_same(&form.again) {
        return wrong("console.password.differ");
    }
    let cookie = match console.operators.change_password(visit.session()?, &form.present, &form.new).await {
        Ok(cookie) => cookie,
        Err(PasswordError::Wrong) => return wrong("console.password.wrong"),
        Err(PasswordError::Locked) => return wrong("console.login.locked"),
        Err(PasswordError::Weak) => return wrong("console.password.weak"),
        Err(PasswordError::Same) => return wrong("console.password.same"),
        Err(PasswordError::Failed(error)) => return Err(error.into()),
    };
    if let Some(session) = console.operators.session(&cookie).await? {
        console.say(&session, true, "console.password.changed", "").await?;
    }
    Ok(with_cookie(go_to("/console/overview"), console.cookie(SESSION, &cookie)))
}

async fn choose_language(
    State(console): State<Arc<Console>>,
    Path(language): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let language = Language::parse(&language).ok_or(Failure::NotFound)?;
    // back to the page the link stood on, which is one of this console or the address is not followed
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(|url| url.split_once("://"));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = from.and_then(|(_, rest)| rest.strip_prefix(host)).filter(|path| path.starts_with("/console/"));
    Ok(with_cookie(go_to(path.unwrap_or("/console/overview")), console.cookie(LANGUAGE, language.tag())))
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
