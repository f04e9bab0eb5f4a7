//! First page after the log-in: what waits, and how much is in the books.

use super::Console;
use super::orders::{KINDS, kind_key, kind_of, state_key, states_of};
use super::page::{Page, show};
use super::rights::Right;
use super::table::{Cell, Table, headings};
use super::texts::minute;
use super::visit::{Failure, Visit};
use crate::clock::DAY;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use order_api::{OrderKind, OrderState};
use sqlx::{AnyPool, Row};
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
    let pool = console.service.store.pool();
    let now = console.service.now();
    let language = visit.language;
    let rows = sqlx::query("SELECT kind, state, COUNT(*) FROM orders GROUP BY kind, state").fetch_all(pool).await?;
    let mut counts: HashMap<(String, String), i64> = HashMap::new();
    for row in &rows {
        counts.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    }
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
    let rows = sqlx::query(
        "SELECT o.no, o.holder, p.name, o.created, o.updated, o.kind FROM orders o JOIN products p ON p.code = o.product \
         WHERE o.state = 'reviewing' ORDER BY o.updated, o.no LIMIT 10",
    )
    .fetch_all(pool)
    .await?;
    let mut waiting_orders = Vec::with_capacity(rows.len());
    for row in &rows {
        let (no, since): (String, i64) = (row.try_get(0)?, row.try_get(4)?);
        let href = format!("/console/orders/{no}");
        waiting_orders.push(vec![
            Cell::link(no, href),
            Cell::line(language.text(kind_key(kind_of(&row.try_get::<String, _>(5)?)))),
            Cell::text(row.try_get(1)?),
            Cell::text(row.try_get(2)?),
            Cell::line(minute(row.try_get(3)?)),
            Cell::line(waiting(&visit, now - since)),
        ]);
    }
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
    let soon = now + 90 * DAY;
    let mut facts = vec![
        fact(
            "/console/customers",
            "console.overview.customers",
            count(pool, "SELECT COUNT(*) FROM customers WHERE $1 >= 0 AND $2 >= 0", now, soon).await?,
        ),
        fact(
            "/console/certificates?state=valid",
            "console.overview.valid",
            count(
                pool,
                "SELECT COUNT(*) FROM certificates WHERE status = 'valid' AND not_after >= $1 AND $2 >= 0",
                now,
                soon,
            )
            .await?,
        ),
        fact(
            "/console/certificates?state=expiring",
            "console.overview.expiring",
            count(
                pool,
                "SELECT COUNT(*) FROM certificates WHERE status = 'valid' AND not_after >= $1 AND not_after <= $2",
                now,
                soon,
            )
            .await?,
        ),
    ];
    if visit.may(Right::ReadOutbox) {
        let waiting = "SELECT COUNT(*) FROM outbox WHERE state = 'waiting' AND $1 >= 0 AND $2 >= 0";
        facts.push(fact("/console/outbox", "console.overview.messages", count(pool, waiting, now, soon).await?));
        let failed = "SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND $1 >= 0 AND $2 >= 0";
        let failed = count(pool, failed, now, soon).await?;
        facts.push(fact("/console/outbox?state=failed", "console.overview.messages_failed", failed));
    }
    let page = Page::new(&visit, "overview", language.text("console.nav.overview"));
    Ok(show(StatusCode::OK, &OverviewPage { page, kinds: kinds.into(), table, facts }))
}

/// Counts by a statement with the two moments of the page.
async fn count(pool: &AnyPool, statement: &'static str, now: i64, soon: i64) -> Result<i64, sqlx::Error> {
    sqlx::query(statement).bind(now).bind(soon).fetch_one(pool).await?.try_get(0)
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
