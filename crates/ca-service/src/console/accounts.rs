//! Operators: add, role, active, new password.

use super::Console;
use super::page::{Choice, Page, Pill, go_to, role_key, show};
use super::texts::{Language, minute};
use super::visit::{Failure, Visit};
use crate::operators::{OneTimePassword, OperatorError, Role};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/operators.html")]
struct OperatorsPage {
    page: Page,
    handed: Option<Handed>,
    operators: Vec<Line>,
    roles: Vec<Choice>,
}

/// A password to hand over; on this one page only.
struct Handed {
    title: String,
    password: OneTimePassword,
}

struct Line {
    name: String,
    state: Pill,
    role: String,
    roles: Vec<Choice>,
    created: String,
    last_login: String,
    active: bool,
    toggle: String,
    own: bool,
}

#[derive(Deserialize)]
struct New {
    name: String,
    role: String,
}

#[derive(Deserialize)]
struct NewRole {
    role: String,
}

#[derive(Deserialize)]
struct Active {
    active: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/operators", get(list).post(add))
        .route("/console/operators/{name}/role", post(set_role))
        .route("/console/operators/{name}/active", post(set_active))
        .route("/console/operators/{name}/reset", post(reset))
}

fn roles(language: Language, chosen: Role) -> Vec<Choice> {
    let choice =
        |role: Role| Choice { code: role.as_str(), label: language.text(role_key(role)), chosen: role == chosen };
    Role::ALL.into_iter().map(choice).collect()
}

async fn show_list(
    console: &Console,
    visit: &Visit,
    handed: Option<Handed>,
    wrong: Option<&str>,
) -> Result<Response, Failure> {
    let language = visit.language;
    let own = &visit.session()?.name;
    let operators = console.operators.list().await?.into_iter().map(|operator| {
        let (class, key) = match (operator.active, operator.must_change) {
            (false, _) => ("", "console.operator.inactive"),
            (true, true) => ("warn", "console.operator.new_password"),
            (true, false) => ("ok", "console.operator.active"),
        };
        let toggle = if operator.active { "console.operator.deactivate" } else { "console.operator.activate" };
        Line {
            state: Pill { class, label: language.text(key) },
            role: language.text(role_key(operator.role)),
            roles: roles(language, operator.role),
            created: minute(operator.created),
            last_login: operator.last_login.map_or_else(|| "–".to_owned(), minute),
            active: operator.active,
            toggle: language.text(toggle),
            own: operator.name == *own,
            name: operator.name,
        }
    });
    let page = Page::new(visit, "operators", language.text("console.nav.operators"));
    let (page, status) = match wrong {
        Some(text) => (page.saying(super::bad(text)), StatusCode::UNPROCESSABLE_ENTITY),
        None => (page, StatusCode::OK),
    };
    let operators = operators.collect();
    Ok(show(status, &OperatorsPage { page, handed, operators, roles: roles(language, Role::Operator) }))
}

async fn list(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Failure> {
    show_list(&console, &visit, None, None).await
}

async fn add(State(console): State<Arc<Console>>, visit: Visit, Form(form): Form<New>) -> Result<Response, Failure> {
    let role = Role::parse(&form.role).ok_or(Failure::Input)?;
    match console.operators.add(visit.actor()?, &form.name, role).await {
        Ok(password) => hand_over(&console, &visit, &form.name, password).await,
        Err(error) => show_list(&console, &visit, None, Some(sentence(error)?)).await,
    }
}

async fn reset(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    // one's own is changed on the page that asks for the present one
    let done = if visit.session()?.name == name {
        Err(OperatorError::Own)
    } else {
        console.operators.reset(visit.actor()?, &name).await
    };
    match done {
        Ok(password) => hand_over(&console, &visit, &name, password).await,
        Err(error) => show_list(&console, &visit, None, Some(sentence(error)?)).await,
    }
}

/// The one answer without a redirect: the password is kept nowhere from where a later page could show it.
async fn hand_over(
    console: &Console,
    visit: &Visit,
    name: &str,
    password: OneTimePassword,
) -> Result<Response, Failure> {
    let title = visit.language.text_with("console.operator.password_of", name.trim());
    show_list(console, visit, Some(Handed { title, password }), None).await
}

async fn set_role(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(name): Path<String>,
    Form(form): Form<NewRole>,
) -> Result<Response, Failure> {
    let role = Role::parse(&form.role).ok_or(Failure::Input)?;
    let done = console.operators.set_role(visit.actor()?, &name, role).await;
    changed(&console, &visit, &name, done).await
}

async fn set_active(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(name): Path<String>,
    Form(form): Form<Active>,
) -> Result<Response, Failure> {
    let active = match form.active.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Failure::Input),
    };
    let done = console.operators.set_active(visit.actor()?, &name, active).await;
    changed(&console, &visit, &name, done).await
}

async fn changed(
    console: &Console,
    visit: &Visit,
    name: &str,
    done: Result<(), OperatorError>,
) -> Result<Response, Failure> {
    let (good, text) = match done {
        Ok(()) => (true, "console.operator.changed"),
        Err(error) => (false, sentence(error)?),
    };
    console.say(visit.session()?, good, text, name).await?;
    Ok(go_to("/console/operators"))
}

/// What a person can do something about.
fn sentence(error: OperatorError) -> Result<&'static str, Failure> {
    match error {
        OperatorError::Name => Ok("console.operator.name_wrong"),
        OperatorError::Exists => Ok("console.operator.exists"),
        OperatorError::Own => Ok("console.operator.not_own"),
        OperatorError::LastAdministrator => Ok("console.operator.last_administrator"),
        OperatorError::Unknown => Err(Failure::NotFound),
        error => Err(error.into()),
    }
}
