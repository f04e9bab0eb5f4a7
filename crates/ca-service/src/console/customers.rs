//! Customers and their contacts.

use super::Console;
use super::certificates;
use super::history::{self, Line};
use super::orders;
use super::page::{Field, Group, Page, ROWS, go_to, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, Filter, ListPage, Table, headings};
use super::texts::{masked, minute, moment};
use super::visit::{Failure, Visit};
use crate::authority::HolderKind;
use crate::error::ServiceError;
use crate::lists::customers::{CustomerRow, DeviceRow};
use crate::lists::{self, Found, Part};
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
    let language = visit.language;
    let contacts = visit.may(Right::ReadContacts);
    let number = page_number(asked.page);
    let part = Part { limit: ROWS, offset: (number - 1) * ROWS };
    let Found { rows, total } = lists::customers::list(&console.service.store, &asked.search, contacts, part).await?;
    let shown = |text: String| if contacts { text } else { masked(&text) };
    let line = |row: CustomerRow| {
        vec![
            Cell::link(row.name, format!("/console/customers/{}", row.id)),
            Cell::line(row.number),
            Cell::text(row.product),
            Cell::line(shown(row.contact_name)),
            Cell::line(shown(row.contact_mobile)),
            Cell::line(minute(row.created)),
        ]
    };
    let lines = rows.into_iter().map(line).collect();
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
    let devices = lists::customers::devices(&console.service.store, id, SHOWN).await?;
    let line = |device: DeviceRow| {
        vec![
            Cell::line(device.serial),
            Cell::line(device.master.to_string()),
            Cell::line(minute(device.created)),
            Cell::line(minute(device.personalised)),
        ]
    };
    let lines = devices.into_iter().map(line).collect();
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
    let rows = lists::certificates::of_customer(&console.service.store, id, SHOWN).await?;
    let now = console.service.now();
    Ok(Table {
        id: "certificates",
        caption: visit.language.text("console.nav.certificates"),
        remark: String::new(),
        headings: certificates::line_headings(visit.language),
        rows: rows.into_iter().map(|row| certificates::line(visit.language, row, now)).collect(),
    })
}

async fn orders_of(console: &Console, visit: &Visit, id: i64) -> Result<Table, Failure> {
    let rows = lists::orders::of_customer(&console.service.store, id, SHOWN).await?;
    let contacts = visit.may(Right::ReadContacts);
    Ok(Table {
        id: "orders",
        caption: visit.language.text("console.nav.orders"),
        remark: String::new(),
        headings: orders::line_headings(visit.language),
        rows: rows.into_iter().map(|row| orders::line(visit.language, row, contacts)).collect(),
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
