//! Certificates: list, one of them, its file, its revocation.

use super::Console;
use super::history::{self, Line};
use super::page::{Choice, Field, Group, Page, Pill, ROWS, file, go_to, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, Filter, Heading, ListPage, Select, Table, headings};
use super::texts::{Language, minute, moment};
use super::visit::{Failure, Visit};
use crate::crl::{self, Reason};
use crate::error::ServiceError;
use crate::lists::certificates::{self as list, CertificateRow};
use crate::lists::{Found, Part};
use crate::registry::certificates::{self, Certificate, Kind, Status};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use gm::issue::certificate_to_pem;
use serde::Deserialize;
use std::sync::Arc;

/// What a list can be narrowed to: code in the address, key of the text.
const STATES: [(&str, &str); 6] = [
    ("valid", "console.certificate.valid"),
    ("expiring", "console.certificate.expiring"),
    ("expired", "console.certificate.expired"),
    ("pending", "console.certificate.pending"),
    ("superseded", "console.certificate.superseded"),
    ("revoked", "console.certificate.revoked"),
];

#[derive(Template)]
#[template(path = "console/certificate.html")]
struct CertificatePage {
    page: Page,
    serial: String,
    status: Pill,
    groups: Vec<Group>,
    revoke: bool,
    reasons: Vec<ReasonChoice>,
    history: Vec<Line>,
}

struct ReasonChoice {
    code: i64,
    label: String,
}

#[derive(Deserialize)]
struct Revocation {
    reason: i64,
    why: String,
    #[serde(default)]
    sure: String,
}

#[derive(Deserialize)]
struct FileForm {
    #[serde(default)]
    form: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/certificates", get(certificate_list))
        .route("/console/certificates/{serial}", get(certificate))
        .route("/console/certificates/{serial}/file", get(certificate_file))
        .route("/console/certificates/{serial}/revoke", post(revoke))
}

async fn certificate_list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visit.language;
    let now = console.service.now();
    let number = page_number(asked.page);
    let part = Part { limit: ROWS, offset: (number - 1) * ROWS };
    let Found { rows, total } = list::list(&console.service.store, &asked.state, &asked.search, now, part).await?;
    let rows = rows.into_iter().map(|row| line(language, row, now)).collect();
    let title = language.text("console.nav.certificates");
    let states =
        STATES.iter().map(|&(code, key)| Choice { code, label: language.text(key), chosen: asked.state == code });
    let around = [("state", asked.state.as_str()), ("search", asked.search.as_str())];
    let paging = paging("/console/certificates", &around, number, total);
    let table = Table {
        id: "certificates",
        caption: title.clone(),
        remark: language.text_with("console.found", &total.to_string()),
        headings: line_headings(language),
        rows,
    };
    let filter = Filter {
        action: "/console/certificates",
        label: language.text("console.certificate.search"),
        search: asked.search,
        selects: vec![Select {
            name: "state",
            label: language.text("console.certificate.status"),
            choices: states.collect(),
        }],
    };
    let page = Page::new(&visit, "certificates", title);
    Ok(show(StatusCode::OK, &ListPage { page, filter: Some(filter), table, paging }))
}

/// Headings over [`line()`].
pub fn line_headings(language: Language) -> Vec<Heading> {
    headings(
        language,
        &[
            ("console.certificate.serial", false),
            ("console.certificate.kind", false),
            ("console.order.holder", false),
            ("console.certificate.from", false),
            ("console.certificate.until", false),
            ("console.certificate.status", false),
        ],
    )
}

/// A certificate in a list: serial number, kind, holder, first and last second, status.
pub fn line(language: Language, row: CertificateRow, now: i64) -> Vec<Cell> {
    let href = format!("/console/certificates/{}", row.serial);
    vec![
        Cell::link(row.serial, href),
        Cell::line(language.text(kind_key(row.signs))),
        Cell::text(row.holder),
        Cell::line(minute(row.from)),
        Cell::line(minute(row.until)),
        Cell::pill(status_pill(language, &row.status, row.until < now)),
    ]
}

const fn kind_key(sign: bool) -> &'static str {
    if sign { "console.certificate.sign" } else { "console.certificate.encrypt" }
}

/// Word and looks of a certificate's status; `over` when its validity has ended.
pub fn status_pill(language: Language, status: &str, over: bool) -> Pill {
    let status = if over && status == Status::Valid.as_str() { "expired" } else { status };
    let class = match status {
        "valid" => "ok",
        "pending" => "wait",
        "expired" => "warn",
        "revoked" => "danger",
        _ => "",
    };
    let key = STATES.iter().find(|(code, _)| *code == status);
    Pill { class, label: key.map_or_else(|| status.to_owned(), |(_, key)| language.text(key)) }
}

const fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "console.revocation.unspecified",
        Reason::KeyCompromise => "console.revocation.key_compromise",
        Reason::AffiliationChanged => "console.revocation.affiliation_changed",
        Reason::Superseded => "console.revocation.superseded",
        Reason::CessationOfOperation => "console.revocation.cessation",
    }
}

async fn find(console: &Console, serial: &str) -> Result<Certificate, Failure> {
    certificates::find(&console.service.store, serial).await?.ok_or(Failure::NotFound)
}

async fn certificate(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(serial): Path<String>,
) -> Result<Response, Failure> {
    let page = Page::new(&visit, "certificates", visit.language.text_with("console.certificate.title", &serial));
    show_certificate(&console, &visit, page, StatusCode::OK, &serial).await
}

async fn show_certificate(
    console: &Console,
    visit: &Visit,
    page: Page,
    status: StatusCode,
    serial: &str,
) -> Result<Response, Failure> {
    let known = find(console, serial).await?;
    let language = visit.language;
    let revoke = known.status != Status::Revoked && visit.may(Right::RevokeCertificates);
    let reasons = Reason::ALL
        .iter()
        .map(|&reason| ReasonChoice { code: reason.number(), label: language.text(reason_key(reason)) });
    Ok(show(
        status,
        &CertificatePage {
            page,
            status: status_pill(language, known.status.as_str(), known.validity.until < console.service.now()),
            groups: groups(console, language, &known).await?,
            revoke,
            reasons: reasons.collect(),
            history: history::of(console, visit, &format!("certificate/{}", known.pair)).await?,
            serial: known.serial,
        },
    ))
}

async fn groups(console: &Console, language: Language, known: &Certificate) -> Result<Vec<Group>, Failure> {
    let text = |key: &str| language.text(key);
    let mut certificate = vec![
        Field::new(text("console.certificate.serial"), known.serial.as_str()),
        Field::new(text("console.certificate.kind"), text(kind_key(known.kind == Kind::Sign))),
    ];
    if let Ok(parsed) = certificate::Certificate::parse(&known.der) {
        certificate.push(Field::new(text("console.certificate.subject"), parsed.subject.to_string()));
        certificate.push(Field::new(text("console.certificate.issuer"), parsed.issuer.to_string()));
        certificate.push(Field::new(text("console.certificate.fingerprint"), parsed.fingerprint_hex()));
    }
    certificate.push(Field::new(text("console.certificate.from"), moment(known.validity.from)));
    certificate.push(Field::new(text("console.certificate.until"), moment(known.validity.until)));
    let mut books = vec![Field::link(
        text("console.order.holder"),
        known.holder.as_str(),
        format!("/console/customers/{}", known.customer),
    )];
    for (serial, signs) in list::partners(&console.service.store, known).await? {
        let href = format!("/console/certificates/{serial}");
        books.push(Field::link(text(kind_key(signs)), serial, href));
    }
    if let Some(no) = &known.order_no {
        books.push(Field::link(text("console.order.no"), no.as_str(), format!("/console/orders/{no}")));
    }
    let origin = if known.own { "console.certificate.own" } else { "console.certificate.foreign" };
    books.push(Field::new(text("console.certificate.origin"), text(origin)));
    books.push(Field::new(text("console.certificate.status_at"), moment(known.status_at)));
    if let Some(reason) = known.reason {
        let key = Reason::ALL.into_iter().find(|known| known.number() == reason).map(reason_key);
        books.push(Field::new(text("console.certificate.reason"), key.map_or_else(|| reason.to_string(), text)));
    }
    let group = |key: &str, fields| Group { title: text(key), fields };
    Ok(vec![group("console.certificate.group", certificate), group("console.certificate.group_books", books)])
}

async fn certificate_file(
    State(console): State<Arc<Console>>,
    Path(serial): Path<String>,
    Query(asked): Query<FileForm>,
) -> Result<Response, Failure> {
    let known = find(&console, &serial).await?;
    if asked.form == "der" {
        return Ok(file(&format!("{}.cer", known.serial), "application/pkix-cert", known.der));
    }
    let pem = certificate_to_pem(&known.der).map_err(ServiceError::from)?;
    Ok(file(&format!("{}.pem", known.serial), "application/x-pem-file", pem.into_bytes()))
}

async fn revoke(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(serial): Path<String>,
    Form(form): Form<Revocation>,
) -> Result<Response, Failure> {
    let known = find(&console, &serial).await?;
    let why: String = form.why.trim().chars().take(200).collect();
    let reason = Reason::ALL.into_iter().find(|reason| reason.number() == form.reason).ok_or(Failure::Input)?;
    if why.is_empty() || form.sure != "yes" {
        let title = visit.language.text_with("console.certificate.title", &serial);
        let page = Page::new(&visit, "certificates", title).saying(super::bad("console.certificate.why_needed"));
        return show_certificate(&console, &visit, page, StatusCode::UNPROCESSABLE_ENTITY, &serial).await;
    }
    let (good, text) = match crl::revoke(&console.service, &known.serial, reason, visit.actor()?, &why).await {
        Ok(()) => (true, "console.certificate.revoked_now"),
        // somebody else was quicker
        Err(ServiceError::Unacceptable(_)) => (false, "console.certificate.already"),
        Err(error) => return Err(error.into()),
    };
    console.say(visit.session()?, good, text, &known.serial).await?;
    Ok(go_to(&format!("/console/certificates/{}", known.serial)))
}
