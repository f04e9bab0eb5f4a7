//! One order: all its fields, what was signed, its history, and the officer's decision.

use super::Console;
use super::history::{self, Line};
use super::orders::state_pill;
use super::page::{Field, Group, Page, Pill, file, go_to, show};
use super::rights::Right;
use super::texts::{day, masked, moment, yuan};
use super::visit::{Failure, Visit};
use crate::ca::protocol::{OrderKind, OrderState, ProblemCode};
use crate::ca_service::books::products;
use crate::ca_service::error::ServiceError;
use crate::ca_service::orders::{self, Row, steps};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use sqlx::Row as _;
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

/// Something that was signed.
struct Piece {
    kind: String,
    at: String,
    certificate: String,
    files: Vec<PieceFile>,
}

struct PieceFile {
    name: String,
    label: String,
    size: String,
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
        .route("/console/orders/{no}/evidence/{file}", get(evidence_file))
}

async fn order(State(console): State<Arc<Console>>, visit: Visit, Path(no): Path<String>) -> Result<Response, Failure> {
    let language = visit.language;
    let row = orders::find(&console.service.store, &no).await?.ok_or(Failure::NotFound)?;
    let approved = if row.fee_fen > 0 { "console.order.approve_pay" } else { "console.order.approve_issue" };
    let title = language.text_with("console.order.title", &row.no);
    Ok(show(
        StatusCode::OK,
        &OrderPage {
            page: Page::new(&visit, "orders", title),
            state: state_pill(language, row.state.as_str()),
            decide: row.kind == OrderKind::Renew
                && row.state == OrderState::Reviewing
                && visit.may(Right::DecideOrders),
            approve_text: language.text_with(approved, &yuan(row.fee_fen)),
            groups: groups(&console, &visit, &row).await?,
            evidence: evidence(&console, &visit, &row).await?,
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
        let verified = sqlx::query("SELECT used FROM codes WHERE order_no = $1")
            .bind(&row.no)
            .fetch_optional(console.service.store.pool())
            .await?;
        let verified = verified.map(|code| code.try_get::<i64, _>(0)).transpose()? == Some(1);
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
    let payment = sqlx::query("SELECT paid FROM payments WHERE order_no = $1 AND state = 'paid'")
        .bind(no)
        .fetch_optional(console.service.store.pool())
        .await?;
    let at: Option<i64> = payment.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(at.map_or_else(|| visit.language.text("console.order.unpaid"), moment))
}

async fn evidence(console: &Console, visit: &Visit, row: &Row) -> Result<Vec<Piece>, Failure> {
    if !visit.may(Right::ReadEvidence) {
        return Ok(Vec::new());
    }
    // the session's opening belongs to every order made in it
    let rows = sqlx::query(
        "SELECT id, kind, at, certificate, LENGTH(body), LENGTH(signature) FROM evidence \
         WHERE order_no = $1 OR (kind = 'session' AND session = $2) ORDER BY at, kind DESC",
    )
    .bind(&row.no)
    .bind(&row.session)
    .fetch_all(console.service.store.pool())
    .await?;
    let mut pieces = Vec::with_capacity(rows.len());
    for row in &rows {
        let (id, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let bytes = |size: i64| visit.language.text_with("console.evidence.bytes", &size.to_string());
        let signature = signature_form(&kind);
        let mut files = vec![PieceFile {
            name: format!("{id}.{signature}"),
            label: visit.language.text("console.evidence.signature"),
            size: bytes(number(row, 5)?),
        }];
        if may_read(visit, &kind) {
            let label = visit.language.text("console.evidence.body");
            files.insert(0, PieceFile { name: format!("{id}.json"), label, size: bytes(number(row, 4)?) });
        }
        pieces.push(Piece {
            kind: kind_key(&kind).map_or(kind, |key| visit.language.text(key)),
            at: moment(row.try_get(2)?),
            certificate: row.try_get(3)?,
            files,
        });
    }
    Ok(pieces)
}

/// What a key on a token signed is `SignedData`; a key made for a session or an unlock gives the signature alone.
fn signature_form(kind: &str) -> &'static str {
    match kind {
        "order" | "unlock" | "unlock_begin" => "der",
        _ => "p7s",
    }
}

/// The body of an order holds the contact in full.
fn may_read(visit: &Visit, kind: &str) -> bool {
    !matches!(kind, "order" | "unlock") || visit.may(Right::ReadContacts)
}

/// `LENGTH` of bytes is an INTEGER of PostgreSQL and a BIGINT of SQLite.
fn number(row: &sqlx::any::AnyRow, column: usize) -> Result<i64, sqlx::Error> {
    row.try_get::<i64, _>(column).or_else(|_| row.try_get::<i32, _>(column).map(i64::from))
}

fn kind_key(kind: &str) -> Option<&'static str> {
    match kind {
        "session" => Some("console.evidence.session"),
        "order" => Some("console.evidence.order"),
        "issue" => Some("console.evidence.issue"),
        "confirm" => Some("console.evidence.confirm"),
        "unlock" => Some("console.evidence.unlock"),
        "unlock_begin" => Some("console.evidence.unlock_begin"),
        "unlock_finish" => Some("console.evidence.unlock_finish"),
        _ => None,
    }
}

/// `{id}.json` is the body as it came, `{id}.p7s` or `{id}.der` its signature.
async fn evidence_file(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path((no, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (id, form) = name.split_once('.').ok_or(Failure::NotFound)?;
    let order = orders::find(&console.service.store, &no).await?.ok_or(Failure::NotFound)?;
    let row = sqlx::query(
        "SELECT kind, body, signature FROM evidence \
         WHERE id = $1 AND (order_no = $2 OR (kind = 'session' AND session = $3))",
    )
    .bind(id)
    .bind(&no)
    .bind(&order.session)
    .fetch_optional(console.service.store.pool())
    .await?
    .ok_or(Failure::NotFound)?;
    let kind: String = row.try_get(0)?;
    let (media_type, bytes): (_, Vec<u8>) = match form {
        "json" if !may_read(&visit, &kind) => return Err(Failure::Refused),
        "json" => ("application/json", row.try_get(1)?),
        "p7s" if signature_form(&kind) == form => ("application/pkcs7-signature", row.try_get(2)?),
        "der" if signature_form(&kind) == form => ("application/octet-stream", row.try_get(2)?),
        _ => return Err(Failure::NotFound),
    };
    Ok(file(&format!("{no}-{kind}.{form}"), media_type, bytes))
}

async fn approve(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(no): Path<String>,
) -> Result<Response, Failure> {
    let done = steps::approve(&console.service, &no, visit.actor()?).await;
    decided(&console, &visit, &no, done, "console.order.approved").await
}

async fn reject(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(no): Path<String>,
    Form(form): Form<Rejection>,
) -> Result<Response, Failure> {
    let done = steps::reject(&console.service, &no, visit.actor()?, &form.reason).await;
    decided(&console, &visit, &no, done, "console.order.rejected").await
}

async fn decided(
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
            Some(ProblemCode::OrderState) => (false, "console.order.already"),
            Some(ProblemCode::OrderNotFound) => return Err(Failure::NotFound),
            _ => return Err(error.into()),
        },
    };
    console.say(visit.session()?, good, text, no).await?;
    Ok(go_to(&format!("/console/orders/{no}")))
}
