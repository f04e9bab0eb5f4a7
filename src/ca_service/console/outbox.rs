//! Messages to customers that wait for a sender, and the last ones sent.

use super::Console;
use super::page::{Page, Pill, ROWS, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, ListPage, Table, headings};
use super::texts::{masked, minute};
use super::visit::{Failure, Visit};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use sqlx::Row;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/outbox", get(list))
}

async fn list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let pool = console.service.store.pool();
    let language = visit.language;
    let (may_read, contacts) = (visit.may(Right::ReadMessages), visit.may(Right::ReadContacts));
    let number = page_number(asked.page);
    let total: i64 = sqlx::query("SELECT COUNT(*) FROM outbox").fetch_one(pool).await?.try_get(0)?;
    let rows = sqlx::query(
        "SELECT id, channel, recipient, body, order_no, created, sent FROM outbox \
         ORDER BY CASE WHEN sent IS NULL THEN 0 ELSE 1 END, id DESC LIMIT $1 OFFSET $2",
    )
    .bind(ROWS)
    .bind((number - 1) * ROWS)
    .fetch_all(pool)
    .await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let (channel, recipient): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let order: String = row.try_get::<Option<String>, _>(4)?.unwrap_or_default();
        let channel = match channel.as_str() {
            "sms" => language.text("console.outbox.sms"),
            "mail" => language.text("console.outbox.mail"),
            _ => channel,
        };
        let pill = match row.try_get::<Option<i64>, _>(6)? {
            Some(at) => Pill { class: "ok", label: language.text_with("console.outbox.sent", &minute(at)) },
            None => Pill { class: "wait", label: language.text("console.outbox.waits") },
        };
        let href = format!("/console/orders/{order}");
        // codes are for the customer; whoever reads them can act for the customer
        let body = if may_read { row.try_get(3)? } else { language.text("console.outbox.hidden") };
        lines.push(vec![
            Cell::line(minute(row.try_get(5)?)),
            Cell::line(channel),
            Cell::line(if contacts { recipient } else { masked(&recipient) }),
            if order.is_empty() { Cell::line(order) } else { Cell::link(order, href) },
            Cell::pill(pill),
            Cell::text(body),
        ]);
    }
    let title = language.text("console.nav.outbox");
    let table = Table {
        id: "outbox",
        caption: title.clone(),
        remark: language.text_with("console.found", &total.to_string()),
        headings: headings(
            language,
            &[
                ("console.outbox.created", false),
                ("console.outbox.channel", false),
                ("console.outbox.recipient", false),
                ("console.order.no", false),
                ("console.outbox.state", false),
                ("console.outbox.body", false),
            ],
        ),
        rows: lines,
    };
    let page = Page::new(&visit, "outbox", title);
    let paging = paging("/console/outbox", &[], number, total);
    Ok(show(StatusCode::OK, &ListPage { page, filter: None, table, paging }))
}
