//! Products and the rules of their renewal.

use super::Console;
use super::history::{self, Line};
use super::page::{Field, Group, Page, go_to, show};
use super::rights::Right;
use super::table::{Cell, ListPage, Table, headings};
use super::texts::{Language, fen, yuan};
use super::visit::{Failure, Visit};
use crate::audit::{self, Entry};
use crate::error::ServiceError;
use crate::registry::products::{self, Product};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Form, Router};
use base::display::is_deceptive;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/product.html")]
struct ProductPage {
    page: Page,
    code: String,
    name: String,
    fee: String,
    numbers: Vec<Number>,
    review: bool,
    verify_mobile: bool,
    edit: bool,
    groups: Vec<Group>,
    history: Vec<Line>,
}

struct Number {
    name: &'static str,
    label: String,
    least: i64,
    value: i64,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    fee: String,
    term_days: i64,
    renew_before_days: i64,
    renew_after_days: i64,
    #[serde(default)]
    review: String,
    #[serde(default)]
    verify_mobile: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/products", get(list)).route("/console/products/{code}", get(product).post(change))
}

fn yes_or_no(language: Language, yes: bool) -> String {
    language.text(if yes { "console.yes" } else { "console.no" })
}

async fn list(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Failure> {
    let language = visit.language;
    let products = products::list(&console.service.store).await?;
    let rows = products.into_iter().map(|product| {
        vec![
            Cell::link(product.name, format!("/console/products/{}", product.code)),
            Cell::line(product.code),
            Cell::number(yuan(product.fee_fen)),
            Cell::number(product.term_days.to_string()),
            Cell::number(product.renew_before_days.to_string()),
            Cell::number(product.renew_after_days.to_string()),
            Cell::line(yes_or_no(language, product.review)),
            Cell::line(yes_or_no(language, product.verify_mobile)),
        ]
    });
    let title = language.text("console.nav.products");
    let table = Table {
        id: "products",
        caption: title.clone(),
        remark: String::new(),
        headings: headings(
            language,
            &[
                ("console.product.name", false),
                ("console.product.code", false),
                ("console.product.fee", true),
                ("console.product.term_days", true),
                ("console.product.renew_before_days", true),
                ("console.product.renew_after_days", true),
                ("console.product.review", false),
                ("console.product.verify_mobile", false),
            ],
        ),
        rows: rows.collect(),
    };
    Ok(show(
        StatusCode::OK,
        &ListPage { page: Page::new(&visit, "products", title), filter: None, table, paging: None },
    ))
}

async fn find(console: &Console, code: &str) -> Result<Product, Failure> {
    products::get(&console.service.store, code).await.map_err(|error| match error {
        ServiceError::Unacceptable(_) => Failure::NotFound,
        error => error.into(),
    })
}

async fn product(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    let product = find(&console, &code).await?;
    let page = Page::new(&visit, "products", product.name.as_str());
    show_product(&console, &visit, page, StatusCode::OK, &product).await
}

async fn show_product(
    console: &Console,
    visit: &Visit,
    page: Page,
    status: StatusCode,
    product: &Product,
) -> Result<Response, Failure> {
    let language = visit.language;
    let number = |name, key: &str, least, value| Number { name, label: language.text(key), least, value };
    let numbers = vec![
        number("term_days", "console.product.term_days", 1, product.term_days),
        number("renew_before_days", "console.product.renew_before_days", 0, product.renew_before_days),
        number("renew_after_days", "console.product.renew_after_days", 0, product.renew_after_days),
    ];
    let field = |key: &str, value: String| Field::new(language.text(key), value);
    let mut rules = vec![field("console.product.fee", yuan(product.fee_fen))];
    rules.extend(numbers.iter().map(|number| Field::new(number.label.clone(), number.value.to_string())));
    let groups = vec![
        Group {
            title: language.text("console.product.group"),
            fields: vec![
                field("console.product.name", product.name.clone()),
                field("console.product.code", product.code.clone()),
                field("console.product.review", yes_or_no(language, product.review)),
                field("console.product.verify_mobile", yes_or_no(language, product.verify_mobile)),
            ],
        },
        Group { title: language.text("console.product.group_rules"), fields: rules },
    ];
    let history = history::of(console, visit, &format!("product/{}", product.code)).await?;
    Ok(show(
        status,
        &ProductPage {
            page,
            code: product.code.clone(),
            name: product.name.clone(),
            fee: yuan(product.fee_fen),
            numbers,
            review: product.review,
            verify_mobile: product.verify_mobile,
            edit: visit.may(Right::EditProducts),
            groups,
            history,
        },
    ))
}

async fn change(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(code): Path<String>,
    Form(form): Form<Change>,
) -> Result<Response, Failure> {
    let old = find(&console, &code).await?;
    let name = form.name.trim();
    let new = fen(&form.fee).filter(|_| name.chars().count() <= 64 && !name.chars().any(is_deceptive)).map(|fee_fen| {
        Product {
            code: old.code.clone(),
            name: name.to_owned(),
            fee_fen,
            term_days: form.term_days,
            renew_before_days: form.renew_before_days,
            renew_after_days: form.renew_after_days,
            review: form.review == "yes",
            verify_mobile: form.verify_mobile == "yes",
        }
    });
    let saved = match &new {
        Some(new) => save(&console, &visit, &old, new).await?,
        None => false,
    };
    if !saved {
        let page = Page::new(&visit, "products", old.name.as_str()).saying(super::bad("console.product.wrong"));
        return show_product(&console, &visit, page, StatusCode::UNPROCESSABLE_ENTITY, &old).await;
    }
    console.say(visit.session()?, true, "console.product.saved", "").await?;
    Ok(go_to(&format!("/console/products/{code}")))
}

/// Writes a product with its record; false when its rules make no sense.
async fn save(console: &Console, visit: &Visit, old: &Product, new: &Product) -> Result<bool, Failure> {
    let changes = differences(old, new);
    if changes.is_empty() {
        return Ok(true);
    }
    let mut tx = console.service.store.begin().await?;
    match products::put(&mut tx, new).await {
        Ok(()) => {}
        Err(ServiceError::Unacceptable(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let object = format!("product/{}", new.code);
    let entry = Entry::done(visit.actor()?, "product.change", &object, &changes);
    audit::append(&mut tx, &console.service.clock, &entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// What changed, for the audit log: `fee_fen 0 → 20000, review no → yes`.
fn differences(old: &Product, new: &Product) -> String {
    let flag = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let fields = |product: &Product| {
        [
            ("name", product.name.clone()),
            ("fee_fen", product.fee_fen.to_string()),
            ("term_days", product.term_days.to_string()),
            ("renew_before_days", product.renew_before_days.to_string()),
            ("renew_after_days", product.renew_after_days.to_string()),
            ("review", flag(product.review)),
            ("verify_mobile", flag(product.verify_mobile)),
        ]
    };
    let pairs = fields(old).into_iter().zip(fields(new));
    let changed = pairs.filter(|(old, new)| old != new).map(|((name, old), (_, new))| format!("{name} {old} → {new}"));
    changed.collect::<Vec<_>>().join(", ")
}
