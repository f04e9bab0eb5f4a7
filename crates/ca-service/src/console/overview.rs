//! First page after the log-in: what waits, and how much is in the books.

use super::Console;
use super::orders::{KINDS, kind_key, kind_of, state_key, states_of};
use super::page::{Page, show};
use super::rights::Right;
use super::table::{Cell, Table, headings};
use super::texts::minute;
use super::visit::{Failure, Visit};
use crate::clock::DAY;
use crate::lists;
use crate::lists::overview::WaitingOrder;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use order_api::{OrderKind, OrderState};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    page: Page,
    kinds: Vec<Kind>,
    table: Table,
    facts: Vec<Fact>,
}

/// The orders of a kind.
struct Kind {
    id: &'static str,
    label: String,
    states: Vec<Count>,
}

struct Count {
    href: String,
    label: String,
    count: i64,
    attention: bool,
}

struct Fact {
    href: &'static str,
    label: String,
    count: i64,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/overview", get(overview))
}

async fn overview(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Failure> {
    let store = &console.service.store;
    let now = console.service.now();
    let language = visit.language;
    let counts: HashMap<(String, String), i64> =
        lists::overview::orders(store).await?.into_iter().map(|row| ((row.kind, row.state), row.count)).collect();
    let count_of = |kind: OrderKind, state: OrderState| {
        let known = counts.get(&(kind.as_str().to_owned(), state.as_str().to_owned()));
        let count = known.copied().unwrap_or_default();
        let attention = state == OrderState::Reviewing && count > 0;
        let href = format!("/console/orders?kind={}&state={}", kind.as_str(), state.as_str());
        Count { href, label: language.text(state_key(kind, state)), count, attention }
    };
    let kinds = KINDS.map(|kind| Kind {
        id: kind.as_str(),
        label: language.text_with("console.overview.orders", &language.text(kind_key(kind))),
        states: states_of(kind).map(|state| count_of(kind, state)).collect(),
    });
    let line = |order: WaitingOrder| {
        let href = format!("/console/orders/{}", order.no);
        vec![
            Cell::link(order.no, href),
            Cell::line(language.text(kind_key(kind_of(&order.kind)))),
            Cell::text(order.holder),
            Cell::text(order.product),
            Cell::line(minute(order.created)),
            Cell::line(waiting(&visit, now - order.since)),
        ]
    };
    let waiting_orders = lists::overview::longest_waiting(store).await?.into_iter().map(line).collect();
    let table = Table {
        id: "oldest",
        caption: language.text("console.overview.oldest"),
        remark: String::new(),
        headings: headings(
            language,
            &[
                ("console.order.no", false),
                ("console.order.kind", false),
                ("console.order.holder", false),
                ("console.order.product", false),
                ("console.order.created", false),
                ("console.overview.waits", false),
            ],
        ),
        rows: waiting_orders,
    };
    let fact = |href, key: &str, count| Fact { href, label: language.text(key), count };
    let (valid, expiring) = lists::overview::valid_certificates(store, now).await?;
    let mut facts = vec![
        fact("/console/customers", "console.overview.customers", lists::overview::customers(store).await?),
        fact("/console/certificates?state=valid", "console.overview.valid", valid),
        fact("/console/certificates?state=expiring", "console.overview.expiring", expiring),
    ];
    if visit.may(Right::ReadOutbox) {
        let [open, failed] = ["waiting", "failed"].map(|state| lists::overview::messages(store, state));
        facts.push(fact("/console/outbox", "console.overview.messages", open.await?));
        facts.push(fact("/console/outbox?state=failed", "console.overview.messages_failed", failed.await?));
    }
    let page = Page::new(&visit, "overview", language.text("console.nav.overview"));
    Ok(show(StatusCode::OK, &OverviewPage { page, kinds: kinds.into(), table, facts }))
}

/// A length of time in the largest whole unit.
fn waiting(visit: &Visit, seconds: i64) -> String {
    let (key, number) = match seconds {
        ..3600 => ("console.time.minutes", seconds / 60),
        3600..DAY => ("console.time.hours", seconds / 3600),
        _ => ("console.time.days", seconds / DAY),
    };
    visit.language.text_with(key, &number.max(0).to_string())
}
