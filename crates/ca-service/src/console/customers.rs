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
use crate::authority::HolderKind;
use crate::error::ServiceError;
use crate::registry::customers::{self, Customer};
use crate::registry::{devices, products};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use order_api::Contact;
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
    /// Devices of the customer.
    devices: Table,
    /// What the field for another one holds; `None` without the right.
    device: Option<String>,
    tables: Vec<Table>,
    history: Vec<Line>,
}

/// What the forms of the page hold.
struct Typed {
    contact: Contact,
    device: String,
}

impl Typed {
    /// Nothing but what is registered.
    fn nothing(customer: &Customer) -> Self {
        Self { contact: customer.contact.clone(), device: String::new() }
    }
}

#[derive(Deserialize)]
struct NewDevice {
    serial: String,
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
        .route("/console/customers/{id}/devices", post(register_device))
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
    let filter =
        Filter { action: "/console/customers", label: language.text(label), search: asked.search, selects: Vec::new() };
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
    show_customer(&console, &visit, page, StatusCode::OK, &customer, Typed::nothing(&customer)).await
}

async fn show_customer(
    console: &Console,
    visit: &Visit,
    page: Page,
    status: StatusCode,
    customer: &Customer,
    typed: Typed,
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
    let devices = devices_of(console, visit, customer.id).await?;
    let edit = visit.may(Right::EditContacts).then_some(typed.contact);
    let device = visit.may(Right::RegisterDevices).then_some(typed.device);
    Ok(show(status, &CustomerPage { page, id: customer.id, groups, edit, devices, device, tables, history }))
}

async fn devices_of(console: &Console, visit: &Visit, id: i64) -> Result<Table, Failure> {
    let rows = sqlx::query(
        "SELECT serial, master, created, personalised FROM devices WHERE customer = $1 ORDER BY serial LIMIT $2",
    )
    .bind(id)
    .bind(SHOWN)
    .fetch_all(console.service.store.pool())
    .await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        lines.push(vec![
            Cell::line(row.try_get(0)?),
            Cell::line(row.try_get::<i64, _>(1)?.to_string()),
            Cell::line(minute(row.try_get(2)?)),
            Cell::line(minute(row.try_get(3)?)),
        ]);
    }
    Ok(Table {
        id: "devices",
        caption: visit.language.text("console.device.title"),
        remark: visit.language.text("console.device.remark"),
        headings: headings(
            visit.language,
            &[
                ("console.order.device", false),
                ("console.device.master", false),
                ("console.device.created", false),
                ("console.device.personalised", false),
            ],
        ),
        rows: lines,
    })
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
        "SELECT o.no, o.holder, p.name, o.state, o.contact_mobile, o.fee_fen, o.created, o.kind, u.route, u.matched \
         FROM orders o JOIN products p ON p.code = o.product LEFT JOIN unlocks u ON u.order_no = o.no WHERE o.customer = $1 \
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
            show_customer(
                &console,
                &visit,
                page,
                StatusCode::UNPROCESSABLE_ENTITY,
                &customer,
                Typed { contact, device: String::new() },
            )
            .await
        }
    }
}

async fn register_device(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(id): Path<i64>,
    Form(form): Form<NewDevice>,
) -> Result<Response, Failure> {
    let customer = find(&console, id).await?;
    let serial = form.serial.trim();
    let done = register(&console, &visit, id, serial).await?;
    match done {
        Ok(()) => {
            console.say(visit.session()?, true, "console.device.registered", serial).await?;
            Ok(go_to(&format!("/console/customers/{id}")))
        }
        Err(text) => {
            let page = Page::new(&visit, "customers", customer.name.as_str()).saying(super::bad(text));
            let typed = Typed { device: serial.to_owned(), ..Typed::nothing(&customer) };
            show_customer(&console, &visit, page, StatusCode::UNPROCESSABLE_ENTITY, &customer, typed).await
        }
    }
}

/// Takes a device into the books; otherwise the key of the sentence that says why not.
async fn register(
    console: &Console,
    visit: &Visit,
    customer: i64,
    serial: &str,
) -> Result<Result<(), &'static str>, Failure> {
    let service = &console.service;
    if devices::check_serial(serial).is_err() {
        return Ok(Err("console.device.serial_wrong"));
    }
    let taken = async || -> Result<Option<&'static str>, Failure> {
        Ok(devices::find(&service.store, serial)
            .await?
            .map(|known| if known.customer == customer { "console.device.known" } else { "console.device.taken" }))
    };
    if let Some(text) = taken().await? {
        return Ok(Err(text));
    }
    match devices::register(service, serial, customer, visit.actor()?).await {
        Ok(_) => Ok(Ok(())),
        // somebody was quicker, or there is no master
        Err(ServiceError::Unacceptable(_)) => Ok(Err(taken().await?.unwrap_or("console.device.no_master"))),
        Err(error) => Err(error.into()),
    }
}
