//! Customers and their contacts.

use super::Console;
use super::certificates;
use super::history::{self, Line};
use super::orders;
use super::page::{Field, Group, Page, ROWS, go_to, like, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, Filter, ListPage, Table, headings};
use super::texts::{masked, minute, moment};
use super::visit::{Failure, Visit};
use crate::ca::protocol::Contact;
use crate::ca_service::authority::HolderKind;
use crate::ca_service::books::customers::{self, Customer};
use crate::ca_service::books::products;
use crate::ca_service::error::ServiceError;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use sqlx::Row;
use std::sync::Arc;

/// Orders and certificates shown with a customer.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "console/customer.html")]
struct CustomerPage {
    page: Page,
    id: i64,
    groups: Vec<Group>,
    edit: Option<Contact>,
    tables: Vec<Table>,
    history: Vec<Line>,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    mobile: String,
    email: String,
    why: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/customers", get(list))
        .route("/console/customers/{id}", get(customer))
        .route("/console/customers/{id}/contact", post(set_contact))
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
    let total: i64 = sqlx::query(
        "SELECT COUNT(*) FROM customers WHERE $1 = '%%' OR LOWER(name) LIKE $1 ESCAPE '\\' \
         OR LOWER(entity) LIKE $1 ESCAPE '\\' OR LOWER(number) LIKE $1 ESCAPE '\\' \
         OR ($2 = 1 AND (contact_mobile LIKE $1 ESCAPE '\\' OR LOWER(contact_name) LIKE $1 ESCAPE '\\'))",
    )
    .bind(&pattern)
    .bind(i64::from(contacts))
    .fetch_one(pool)
    .await?
    .try_get(0)?;
    let rows = sqlx::query(
        "SELECT c.id, c.name, c.number, p.name, c.contact_name, c.contact_mobile, c.created FROM customers c \
         JOIN products p ON p.code = c.product WHERE $1 = '%%' OR LOWER(c.name) LIKE $1 ESCAPE '\\' \
         OR LOWER(c.entity) LIKE $1 ESCAPE '\\' OR LOWER(c.number) LIKE $1 ESCAPE '\\' \
         OR ($2 = 1 AND (c.contact_mobile LIKE $1 ESCAPE '\\' OR LOWER(c.contact_name) LIKE $1 ESCAPE '\\')) \
         ORDER BY c.id DESC LIMIT $3 OFFSET $4",
    )
    .bind(&pattern)
    .bind(i64::from(contacts))
    .bind(ROWS)
    .bind((number - 1) * ROWS)
    .fetch_all(pool)
    .await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: i64 = row.try_get(0)?;
        let shown = |text: String| if contacts { text } else { masked(&text) };
        lines.push(vec![
            Cell::link(row.try_get(1)?, format!("/console/customers/{id}")),
            Cell::line(row.try_get(2)?),
            Cell::text(row.try_get(3)?),
            Cell::line(shown(row.try_get(4)?)),
            Cell::line(shown(row.try_get(5)?)),
            Cell::line(minute(row.try_get(6)?)),
        ]);
    }
    let label = if contacts { "console.customer.search" } else { "console.customer.search_masked" };
    let title = language.text("console.nav.customers");
    let table = Table {
        id: "customers",
        caption: title.clone(),
        remark: language.text_with("console.found", &total.to_string()),
        headings: headings(
            language,
            &[
                ("console.customer.name", false),
                ("console.customer.number", false),
                ("console.order.product", false),
                ("console.contact.name", false),
                ("console.contact.mobile", false),
                ("console.customer.created", false),
            ],
        ),
        rows: lines,
    };
    let paging = paging("/console/customers", &[("search", &asked.search)], number, total);
    let filter = Filter {
        action: "/console/customers",
        label: language.text(label),
        search: asked.search,
        choices_label: String::new(),
        choices: Vec::new(),
    };
    let page = Page::new(&visit, "customers", title);
    Ok(show(StatusCode::OK, &ListPage { page, filter: Some(filter), table, paging }))
}

async fn find(console: &Console, id: i64) -> Result<Customer, Failure> {
    customers::get(&console.service.store, id).await.map_err(|error| match error {
        ServiceError::Unacceptable(_) => Failure::NotFound,
        error => error.into(),
    })
}

async fn customer(State(console): State<Arc<Console>>, visit: Visit, Path(id): Path<i64>) -> Result<Response, Failure> {
    let customer = find(&console, id).await?;
    let page = Page::new(&visit, "customers", customer.name.as_str());
    show_customer(&console, &visit, page, StatusCode::OK, &customer, customer.contact.clone()).await
}

async fn show_customer(
    console: &Console,
    visit: &Visit,
    page: Page,
    status: StatusCode,
    customer: &Customer,
    edited: Contact,
) -> Result<Response, Failure> {
    let text = |key: &str| visit.language.text(key);
    let product = products::get(&console.service.store, &customer.product).await?;
    let kind = match customer.kind {
        HolderKind::Person => "console.customer.person",
        HolderKind::Organisation => "console.customer.organisation",
    };
    let may_read = visit.may(Right::ReadContacts);
    let shown = |value: &str| match (value, may_read) {
        ("", _) => "–".to_owned(),
        (value, true) => value.to_owned(),
        (value, false) => masked(value),
    };
    let groups = vec![
        Group {
            title: text("console.customer.group"),
            fields: vec![
                Field::new(text("console.customer.name"), customer.name.as_str()),
                Field::new(text("console.customer.kind"), text(kind)),
                Field::new(text("console.customer.number"), customer.number.as_str()),
                Field::new(text("console.customer.entity"), customer.entity.as_str()),
                Field::link(
                    text("console.order.product"),
                    product.name,
                    format!("/console/products/{}", customer.product),
                ),
                Field::new(text("console.customer.created"), moment(customer.created)),
            ],
        },
        Group {
            title: text("console.order.group_contact"),
            fields: vec![
                Field::new(text("console.contact.name"), shown(&customer.contact.name)),
                Field::new(text("console.contact.mobile"), shown(&customer.contact.mobile)),
                Field::new(text("console.contact.email"), shown(&customer.contact.email)),
                Field::new(text("console.customer.updated"), moment(customer.updated)),
            ],
        },
    ];
    let tables =
        vec![certificates_of(console, visit, customer.id).await?, orders_of(console, visit, customer.id).await?];
    let history = history::of(console, visit, &format!("customer/{}", customer.id)).await?;
    let edit = visit.may(Right::EditContacts).then_some(edited);
    Ok(show(status, &CustomerPage { page, id: customer.id, groups, edit, tables, history }))
}

async fn certificates_of(console: &Console, visit: &Visit, id: i64) -> Result<Table, Failure> {
    let rows = sqlx::query(
        "SELECT serial, kind, holder, not_before, not_after, status FROM certificates WHERE customer = $1 \
         ORDER BY created DESC, kind DESC LIMIT $2",
    )
    .bind(id)
    .bind(SHOWN)
    .fetch_all(console.service.store.pool())
    .await?;
    let now = console.service.now();
    Ok(Table {
        id: "certificates",
        caption: visit.language.text("console.nav.certificates"),
        remark: String::new(),
        headings: certificates::line_headings(visit.language),
        rows: rows.iter().map(|row| certificates::line(visit.language, row, now)).collect::<Result<_, _>>()?,
    })
}

async fn orders_of(console: &Console, visit: &Visit, id: i64) -> Result<Table, Failure> {
    let rows = sqlx::query(
        "SELECT o.no, o.holder, p.name, o.state, o.contact_mobile, o.fee_fen, o.created \
         FROM orders o JOIN products p ON p.code = o.product WHERE o.customer = $1 \
         ORDER BY o.created DESC, o.no DESC LIMIT $2",
    )
    .bind(id)
    .bind(SHOWN)
    .fetch_all(console.service.store.pool())
    .await?;
    let contacts = visit.may(Right::ReadContacts);
    Ok(Table {
        id: "orders",
        caption: visit.language.text("console.nav.orders"),
        remark: String::new(),
        headings: orders::line_headings(visit.language),
        rows: rows.iter().map(|row| orders::line(visit.language, row, contacts)).collect::<Result<_, _>>()?,
    })
}

async fn set_contact(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(id): Path<i64>,
    Form(form): Form<Change>,
) -> Result<Response, Failure> {
    let customer = find(&console, id).await?;
    let trimmed = |text: &str| text.trim().to_owned();
    let contact = Contact { name: trimmed(&form.name), mobile: trimmed(&form.mobile), email: trimmed(&form.email) };
    let why: String = form.why.trim().chars().take(200).collect();
    let done = if why.is_empty() {
        Err("console.customer.why_needed")
    } else {
        let mut tx = console.service.store.begin().await?;
        match customers::set_contact(&console.service, &mut tx, id, &contact, visit.actor()?, &why).await {
            Ok(()) => Ok(tx.commit().await?),
            Err(ServiceError::Refused(_)) => Err("console.customer.contact_wrong"),
            Err(error) => return Err(error.into()),
        }
    };
    match done {
        Ok(()) => {
            console.say(visit.session()?, true, "console.customer.contact_saved", "").await?;
            Ok(go_to(&format!("/console/customers/{id}")))
        }
        Err(text) => {
            let page = Page::new(&visit, "customers", customer.name.as_str()).saying(super::bad(text));
            show_customer(&console, &visit, page, StatusCode::UNPROCESSABLE_ENTITY, &customer, contact).await
        }
    }
}
