//! List of orders: by state, by number, holder, serial numbers and mobile number.

use super::Console;
use super::page::{Choice, Page, Pill, ROWS, like, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, Filter, Heading, ListPage, Table, headings};
use super::texts::{Language, masked, minute, yuan};
use super::visit::{Failure, Visit};
use crate::ca::protocol::OrderState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::sync::Arc;

/// The states in the order of an officer's interest.
pub const STATES: [OrderState; 9] = [
    OrderState::Reviewing,
    OrderState::Submitted,
    OrderState::Payment,
    OrderState::Authorized,
    OrderState::Issued,
    OrderState::Installed,
    OrderState::Rejected,
    OrderState::Expired,
    OrderState::Cancelled,
];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/orders", get(list))
}

/// Key of the name of a state.
#[must_use]
pub const fn state_key(state: OrderState) -> &'static str {
    match state {
        OrderState::Submitted => "console.state.submitted",
        OrderState::Reviewing => "console.state.reviewing",
        OrderState::Payment => "console.state.payment",
        OrderState::Authorized => "console.state.authorized",
        OrderState::Issued => "console.state.issued",
        OrderState::Installed => "console.state.installed",
        OrderState::Rejected => "console.state.rejected",
        OrderState::Expired => "console.state.expired",
        OrderState::Cancelled => "console.state.cancelled",
    }
}

/// Word and looks of a state as it stands in the books.
#[must_use]
pub fn state_pill(language: Language, state: &str) -> Pill {
    let Some(state) = OrderState::ALL.into_iter().find(|known| known.as_str() == state) else {
        return Pill { class: "", label: state.to_owned() };
    };
    let class = match state {
        OrderState::Reviewing => "warn",
        OrderState::Submitted | OrderState::Payment | OrderState::Authorized | OrderState::Issued => "wait",
        OrderState::Installed => "ok",
        OrderState::Rejected => "danger",
        OrderState::Expired | OrderState::Cancelled => "",
    };
    Pill { class, label: language.text(state_key(state)) }
}

async fn list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let pool = console.service.store.pool();
    let language = visit.language;
    let contacts = visit.may(Right::ReadContacts);
    let number = page_number(asked.page);
    let pattern = like(&asked.search);
    // whoever may not read a mobile number must not find it out by searching either
    let total: i64 = sqlx::query(
        "SELECT COUNT(*) FROM orders o WHERE ($1 = '' OR o.state = $1) AND ($2 = '%%' \
         OR LOWER(o.no) LIKE $2 ESCAPE '\\' OR LOWER(o.holder) LIKE $2 ESCAPE '\\' \
         OR LOWER(o.certificate || ' ' || COALESCE(o.sign_serial, '') || ' ' || COALESCE(o.encrypt_serial, '')) \
         LIKE $2 ESCAPE '\\' OR LOWER(o.device_serial) LIKE $2 ESCAPE '\\' \
         OR ($3 = 1 AND (o.contact_mobile LIKE $2 ESCAPE '\\' OR LOWER(o.contact_name) LIKE $2 ESCAPE '\\')))",
    )
    .bind(&asked.state)
    .bind(&pattern)
    .bind(i64::from(contacts))
    .fetch_one(pool)
    .await?
    .try_get(0)?;
    let rows = sqlx::query(
        "SELECT o.no, o.holder, p.name, o.state, o.contact_mobile, o.fee_fen, o.created \
         FROM orders o JOIN products p ON p.code = o.product \
         WHERE ($1 = '' OR o.state = $1) AND ($2 = '%%' \
         OR LOWER(o.no) LIKE $2 ESCAPE '\\' OR LOWER(o.holder) LIKE $2 ESCAPE '\\' \
         OR LOWER(o.certificate || ' ' || COALESCE(o.sign_serial, '') || ' ' || COALESCE(o.encrypt_serial, '')) \
         LIKE $2 ESCAPE '\\' OR LOWER(o.device_serial) LIKE $2 ESCAPE '\\' \
         OR ($3 = 1 AND (o.contact_mobile LIKE $2 ESCAPE '\\' OR LOWER(o.contact_name) LIKE $2 ESCAPE '\\'))) \
         ORDER BY o.created DESC, o.no DESC LIMIT $4 OFFSET $5",
    )
    .bind(&asked.state)
    .bind(&pattern)
    .bind(i64::from(contacts))
    .bind(ROWS)
    .bind((number - 1) * ROWS)
    .fetch_all(pool)
    .await?;
    let rows = rows.iter().map(|row| line(language, row, contacts)).collect::<Result<_, _>>()?;
    let states = STATES.iter().map(|&state| Choice {
        code: state.as_str(),
        label: language.text(state_key(state)),
        chosen: asked.state == state.as_str(),
    });
    let label = if contacts { "console.order.search" } else { "console.order.search_masked" };
    let title = language.text("console.nav.orders");
    let around = [("state", asked.state.as_str()), ("search", asked.search.as_str())];
    let paging = paging("/console/orders", &around, number, total);
    let table = Table {
        id: "orders",
        caption: title.clone(),
        remark: language.text_with("console.found", &total.to_string()),
        headings: line_headings(language),
        rows,
    };
    let filter = Filter {
        action: "/console/orders",
        label: language.text(label),
        search: asked.search,
        choices_label: language.text("console.order.state"),
        choices: states.collect(),
    };
    let page = Page::new(&visit, "orders", title);
    Ok(show(StatusCode::OK, &ListPage { page, filter: Some(filter), table, paging }))
}

/// Headings over [`line()`].
pub fn line_headings(language: Language) -> Vec<Heading> {
    headings(
        language,
        &[
            ("console.order.no", false),
            ("console.order.holder", false),
            ("console.order.product", false),
            ("console.order.state", false),
            ("console.contact.mobile", false),
            ("console.order.fee", true),
            ("console.order.created", false),
        ],
    )
}

/// An order in a list: number, holder, name of the product, state, mobile number, fee, moment.
pub fn line(language: Language, row: &AnyRow, contacts: bool) -> Result<Vec<Cell>, sqlx::Error> {
    let (no, state, mobile): (String, String, String) = (row.try_get(0)?, row.try_get(3)?, row.try_get(4)?);
    let href = format!("/console/orders/{no}");
    Ok(vec![
        Cell::link(no, href),
        Cell::text(row.try_get(1)?),
        Cell::text(row.try_get(2)?),
        Cell::pill(state_pill(language, &state)),
        Cell::line(if contacts { mobile } else { masked(&mobile) }),
        Cell::number(yuan(row.try_get(5)?)),
        Cell::line(minute(row.try_get(6)?)),
    ])
}
