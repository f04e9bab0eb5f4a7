//! One order: all its fields, what was signed, its history, and the officer's decision. The page of an unlock is
//! [`super::unlock`].

use super::Console;
use super::evidence::{self, Piece};
use super::history::{self, Line};
use super::orders::state_pill;
use super::page::{Field, Group, Page, Pill, go_to, show};
use super::rights::Right;
use super::texts::{day, masked, moment, yuan};
use super::unlock::{self, Decision};
use super::visit::{Failure, Visit};
use crate::error::ServiceError;
use crate::lists;
use crate::orders::unlock::review;
use crate::orders::{self, Row, steps};
use crate::registry::products;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use order_api::{OrderKind, OrderState, ProblemCode};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/order.html")]
struct OrderPage {
    page: Page,
    no: String,
    state: Pill,
    decide: bool,
    approve_text: String,
    groups: Vec<Group>,
    evidence: Vec<Piece>,
    history: Vec<Line>,
}

#[derive(Deserialize)]
struct Rejection {
    reason: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/orders/{no}", get(order))
        .route("/console/orders/{no}/approve", post(approve))
        .route("/console/orders/{no}/reject", post(reject))
}

async fn order(State(console): State<Arc<Console>>, visit: Visit, Path(no): Path<String>) -> Result<Response, Failure> {
    let language = visit.language;
    let row = orders::find(&console.service.store, &no).await?.ok_or(Failure::NotFound)?;
    if row.kind == OrderKind::Unlock {
        return unlock::order(&console, &visit, &no).await;
    }
    let approved = if row.fee_fen > 0 { "console.order.approve_pay" } else { "console.order.approve_issue" };
    let title = language.text_with("console.order.title", &row.no);
    Ok(show(
        StatusCode::OK,
        &OrderPage {
            page: Page::new(&visit, "orders", title),
            state: state_pill(language, row.kind, row.state.as_str(), false),
            decide: row.state == OrderState::Reviewing && visit.may(Right::DecideOrders),
            approve_text: language.text_with(approved, &yuan(row.fee_fen)),
            groups: groups(&console, &visit, &row).await?,
            evidence: evidence::of(&console, &visit, &row).await?,
            history: history::of(&console, &visit, &format!("order/{no}")).await?,
            no,
        },
    ))
}

async fn groups(console: &Console, visit: &Visit, row: &Row) -> Result<Vec<Group>, Failure> {
    let text = |key: &str| visit.language.text(key);
    let certificate =
        |key: &str, serial: &str| Field::link(text(key), serial, format!("/console/certificates/{serial}"));
    let product = products::get(&console.service.store, &row.product).await?;
    let view = row.view(console.service.now());
    let period = |from: i64, until: i64| format!("{} – {}", day(from), day(until));
    let shown = |value: &str| {
        let value = if visit.may(Right::ReadContacts) { value.to_owned() } else { masked(value) };
        if value.is_empty() { "–".to_owned() } else { value }
    };

    let mut order = vec![
        Field::new(text("console.order.no"), row.no.as_str()),
        Field::link(text("console.order.product"), product.name, format!("/console/products/{}", row.product)),
        Field::new(text("console.order.fee"), yuan(row.fee_fen)),
        Field::new(text("console.order.created"), moment(row.created)),
        Field::new(text("console.order.updated"), moment(row.updated)),
    ];
    if let Some(end) = row.expires {
        order.push(Field::new(text("console.order.expires"), moment(end)));
    }
    if let Some(reason) = &row.reason {
        order.push(Field::new(text("console.order.reason"), reason.as_str()));
    }
    if row.fee_fen > 0 {
        order.push(Field::new(text("console.order.paid"), paid(console, visit, &row.no).await?));
    }
    let holder = vec![
        Field::link(text("console.order.holder"), row.holder.as_str(), format!("/console/customers/{}", row.customer)),
        certificate("console.order.old_certificate", &row.certificate),
        Field::new(text("console.order.device"), row.device_serial.as_str()),
    ];
    let mut contact = vec![
        Field::new(text("console.contact.name"), shown(&row.contact.name)),
        Field::new(text("console.contact.mobile"), shown(&row.contact.mobile)),
        Field::new(text("console.contact.email"), shown(&row.contact.email)),
    ];
    if row.verify_mobile {
        let verified = lists::orders::mobile_verified(&console.service.store, &row.no).await?;
        let key = if verified { "console.order.mobile_verified" } else { "console.order.mobile_open" };
        contact.push(Field::new(text("console.product.verify_mobile"), text(key)));
    }
    let mut validity = vec![
        Field::new(text("console.order.old"), period(view.old.from, view.old.until)),
        Field::new(text("console.order.new"), period(view.new.from, view.new.until)),
    ];
    for (key, serial) in
        [("console.order.new_sign", &row.sign_serial), ("console.order.new_encrypt", &row.encrypt_serial)]
    {
        validity.extend(serial.as_ref().map(|serial| certificate(key, serial)));
    }
    let group = |key: &str, fields| Group { title: text(key), fields };
    Ok(vec![
        group("console.order.group_order", order),
        group("console.order.group_holder", holder),
        group("console.order.group_contact", contact),
        group("console.order.group_validity", validity),
    ])
}

/// Whether and when the order was paid.
async fn paid(console: &Console, visit: &Visit, no: &str) -> Result<String, Failure> {
    let at = lists::orders::paid(&console.service.store, no).await?;
    Ok(at.map_or_else(|| visit.language.text("console.order.unpaid"), moment))
}

async fn approve(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(no): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Failure> {
    match kind(&console, &no).await? {
        OrderKind::Unlock => unlock::approve(&console, &visit, &no, form).await,
        OrderKind::Renew => {
            let done = steps::approve(&console.service, &no, visit.actor()?).await;
            decided(&console, &visit, &no, done, "console.order.approved").await
        }
    }
}

async fn reject(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(no): Path<String>,
    Form(form): Form<Rejection>,
) -> Result<Response, Failure> {
    let done = match kind(&console, &no).await? {
        OrderKind::Unlock => review::reject(&console.service, &no, visit.actor()?, &form.reason).await,
        OrderKind::Renew => steps::reject(&console.service, &no, visit.actor()?, &form.reason).await,
    };
    decided(&console, &visit, &no, done, "console.order.rejected").await
}

async fn kind(console: &Console, no: &str) -> Result<OrderKind, Failure> {
    Ok(orders::find(&console.service.store, no).await?.ok_or(Failure::NotFound)?.kind)
}

/// Back to the order, which says what became of the decision.
pub async fn decided(
    console: &Console,
    visit: &Visit,
    no: &str,
    done: Result<(), ServiceError>,
    text: &str,
) -> Result<Response, Failure> {
    let (good, text) = match done {
        Ok(()) => (true, text),
        Err(ServiceError::Unacceptable(_)) => (false, "console.order.reason_needed"),
        Err(error) => match error.code() {
            Some(ProblemCode::OrderState) => (false, late(console, no).await?),
            Some(ProblemCode::OrderNotFound) => return Err(Failure::NotFound),
            _ => return Err(error.into()),
        },
    };
    console.say(visit.session()?, good, text, no).await?;
    Ok(go_to(&format!("/console/orders/{no}")))
}

/// Why a decision came too late: nobody need have been quicker.
async fn late(console: &Console, no: &str) -> Result<&'static str, Failure> {
    let order = orders::find(&console.service.store, no).await?.ok_or(Failure::NotFound)?;
    let ended = matches!(order.state, OrderState::Expired | OrderState::Cancelled);
    Ok(if ended { "console.order.ended" } else { "console.order.already" })
}
