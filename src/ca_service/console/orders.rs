//! List of orders: by state, by number, holder, serial numbers and mobile number.

use super::Console;
use super::page::{Choice, Page, Paging, Pill, ROWS, like, page_number, paging, show};
use super::rights::Right;
use super::texts::{Language, masked, moment, yuan};
use super::visit::{Failure, Visit};
use crate::ca::protocol::OrderState;
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use sqlx::Row;
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

#[derive(Template)]
#[template(path = "console/orders.html")]
struct OrdersPage {
    page: Page,
    search: String,
    search_label: String,
    states: Vec<Choice>,
    rows: Vec<Line>,
    found: String,
    paging: Option<Paging>,
}

struct Line {
    no: String,
    holder: String,
    product: String,
    state: Pill,
    mobile: String,
    fee: String,
    created: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Filter {
    state: String,
    search: String,
    page: Option<i64>,
}

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
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let pool = console.service.store.pool();
    let language = visit.language;
    let contacts = visit.may(Right::ReadContacts);
    let number = page_number(filter.page);
    let pattern = like(&filter.search);
    // whoever may not read a mobile number must not find it out by searching either
    let total: i64 = sqlx::query(
        "SELECT COUNT(*) FROM orders o WHERE ($1 = '' OR o.state = $1) AND ($2 = '%%' \
         OR LOWER(o.no) LIKE $2 ESCAPE '\\' OR LOWER(o.holder) LIKE $2 ESCAPE '\\' \
         OR LOWER(o.certificate) LIKE $2 ESCAPE '\\' OR LOWER(o.device_serial) LIKE $2 ESCAPE '\\' \
         OR ($3 = 1 AND (o.contact_mobile LIKE $2 ESCAPE '\\' OR LOWER(o.contact_name) LIKE $2 ESCAPE '\\')))",
    )
    .bind(&filter.state)
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
         OR LOWER(o.certificate) LIKE $2 ESCAPE '\\' OR LOWER(o.device_serial) LIKE $2 ESCAPE '\\' \
         OR ($3 = 1 AND (o.contact_mobile LIKE $2 ESCAPE '\\' OR LOWER(o.contact_name) LIKE $2 ESCAPE '\\'))) \
         ORDER BY o.created DESC, o.no DESC LIMIT $4 OFFSET $5",
    )
    .bind(&filter.state)
    .bind(&pattern)
    .bind(i64::from(contacts))
    .bind(ROWS)
    .bind((number - 1) * ROWS)
    .fetch_all(pool)
    .await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let mobile: String = row.try_get(4)?;
        lines.push(Line {
            no: row.try_get(0)?,
            holder: row.try_get(1)?,
            product: row.try_get(2)?,
            state: state_pill(language, &row.try_get::<String, _>(3)?),
            mobile: if contacts { mobile } else { masked(&mobile) },
            fee: yuan(row.try_get(5)?),
            created: moment(row.try_get(6)?),
        });
    }
    let states = STATES.iter().map(|&state| Choice {
        code: state.as_str(),
        label: language.text(state_key(state)),
        chosen: filter.state == state.as_str(),
    });
    let label = if contacts { "console.order.search" } else { "console.order.search_masked" };
    Ok(show(
        StatusCode::OK,
        &OrdersPage {
            page: Page::new(&visit, "orders", language.text("console.nav.orders")),
            search_label: language.text(label),
            states: states.collect(),
            rows: lines,
            found: language.text_with("console.found", &total.to_string()),
            paging: paging("/console/orders", &[("state", &filter.state), ("search", &filter.search)], number, total),
            search: filter.search,
        },
    ))
}
