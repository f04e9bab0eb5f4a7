//! One unlock: what the applicant says beside what is registered, how far it is, and the officer's decision.
//!
//! Invariants: no code, no PIN and nothing they could be made from is on the page; what can't be approved is not offered, and
//! the page says why; an order whose applicant is not the registered contact looks as any other to the applicant, and is
//! named here.

use super::Console;
use super::evidence::{self, Piece};
use super::history::{self, Line};
use super::order::decided;
use super::orders::state_pill;
use super::page::{Field, Group, Page, Pill, show};
use super::rights::Right;
use super::table::{Cell, Table, headings};
use super::texts::{Language, day, masked, moment};
use super::visit::{Failure, Visit};
use crate::error::ServiceError;
use crate::orders::unlock::review::{self, Approval, By, Shown};
use crate::orders::unlock::{Details, SentTo};
use crate::registry::certificates;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use order_api::{Contact, OrderKind, OrderState, ProblemCode, UnlockRoute};
use serde::Deserialize;

/// Longest note, characters, as the service has it.
const LONGEST_NOTE: usize = 500;

/// Whom the code goes to and how, as the form sends it.
const WAYS: [(&str, SentTo, By); 6] = [
    ("registered-sms", SentTo::Registered, By::Sms),
    ("registered-mail", SentTo::Registered, By::Mail),
    ("registered-both", SentTo::Registered, By::Both),
    ("applicant-sms", SentTo::Applicant, By::Sms),
    ("applicant-mail", SentTo::Applicant, By::Mail),
    ("applicant-both", SentTo::Applicant, By::Both),
];

#[derive(Template)]
#[template(path = "console/unlock.html")]
struct UnlockPage {
    page: Page,
    no: String,
    customer: i64,
    state: Pill,
    warnings: Vec<Warning>,
    decide: Option<Decide>,
    table: Table,
    groups: Vec<Group>,
    evidence: Vec<Piece>,
    history: Vec<Line>,
}

/// What an officer must not overlook.
struct Warning {
    id: &'static str,
    text: String,
}

/// The decision.
struct Decide {
    /// Whether the CA can unlock the key at all.
    possible: bool,
    targets: Vec<Target>,
    note: String,
}

/// To whom the code can go.
struct Target {
    id: &'static str,
    legend: String,
    hint: String,
    ways: Vec<Way>,
}

/// How it can go there.
struct Way {
    code: &'static str,
    label: String,
    /// Whether the number and address for it are there.
    possible: bool,
    chosen: bool,
}

/// What the officer filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Decision {
    way: String,
    note: String,
}

/// The page of an unlock.
///
/// # Errors
/// [`Failure`].
pub async fn order(console: &Console, visit: &Visit, no: &str) -> Result<Response, Failure> {
    let page = Page::new(visit, "orders", visit.language.text_with("console.unlock.page_title", no));
    let shown = shown(console, no).await?;
    show_unlock(console, visit, page, StatusCode::OK, shown, Decision::default()).await
}

async fn shown(console: &Console, no: &str) -> Result<Shown, Failure> {
    review::shown(&console.service, no).await.map_err(|error| match error.code() {
        Some(ProblemCode::OrderNotFound) => Failure::NotFound,
        _ => error.into(),
    })
}

async fn show_unlock(
    console: &Console,
    visit: &Visit,
    page: Page,
    status: StatusCode,
    shown: Shown,
    typed: Decision,
) -> Result<Response, Failure> {
    let (order, decoy) = (&shown.order, is_decoy(&shown.details));
    let decide = order.state == OrderState::Reviewing && visit.may(Right::DecideOrders);
    Ok(show(
        status,
        &UnlockPage {
            page,
            customer: order.customer,
            state: state_pill(visit.language, OrderKind::Unlock, order.state.as_str(), decoy),
            warnings: warnings(visit, &shown),
            decide: decide.then(|| Decide {
                possible: shown.device.is_some(),
                targets: targets(visit, &shown, &typed.way),
                note: typed.note,
            }),
            table: comparison(visit, &shown),
            groups: groups(console, visit, &shown).await?,
            evidence: evidence::of(console, visit, order).await?,
            history: history::of(console, visit, &format!("order/{}", order.no)).await?,
            no: order.no.clone(),
        },
    ))
}

/// Whether its codes went nowhere, because the applicant is not the registered contact.
fn is_decoy(details: &Details) -> bool {
    details.route == UnlockRoute::Sms && !details.matched
}

fn warnings(visit: &Visit, shown: &Shown) -> Vec<Warning> {
    let (details, language) = (&shown.details, visit.language);
    let mut warnings = Vec::new();
    let mut warn = |id, text: String| warnings.push(Warning { id, text });
    if is_decoy(details) {
        warn("decoy", language.text("console.unlock.decoy"));
    }
    if let Some(at) = details.refused {
        warn("refused-key", language.text_with("console.unlock.refused_key", &moment(at)));
    }
    if (&shown.registered.mobile, &shown.registered.email) != (&details.owner_mobile, &details.owner_email) {
        let before = [&details.owner_mobile, &details.owner_email].map(|text| shown_text(visit, text));
        warn("changed", language.text_with("console.unlock.changed", &before.join(", ")));
    }
    warnings
}

/// A name, number or address to those who may read it, and a mask to others.
fn shown_text(visit: &Visit, value: &str) -> String {
    match value {
        "" => "–".to_owned(),
        value if visit.may(Right::ReadContacts) => value.to_owned(),
        value => masked(value),
    }
}

/// What the applicant says beside what is registered.
fn comparison(visit: &Visit, shown: &Shown) -> Table {
    let language = visit.language;
    let (applicant, registered, fits) = (&shown.order.contact, &shown.registered, shown.fits);
    let row = |key: &str, given: &str, known: &str, pill: Pill| {
        let cells = [given, known].map(|value| Cell::text(shown_text(visit, value)));
        let [given, known] = cells;
        vec![Cell::line(language.text(key)), given, known, Cell::pill(pill)]
    };
    let same = |given: &str, fits: bool| if given.is_empty() { not_given(language) } else { fit(language, fits) };
    let known = match &shown.device {
        Some(_) => language.text("console.unlock.device_known"),
        None => language.text("console.unlock.device_unknown"),
    };
    let nothing = Pill { class: "", label: language.text("console.unlock.no_counterpart") };
    let telephone = &shown.details.telephone;
    Table {
        id: "comparison",
        caption: language.text("console.unlock.comparison"),
        remark: language.text("console.unlock.comparison_remark"),
        headings: headings(
            language,
            &[
                ("console.unlock.field", false),
                ("console.unlock.given", false),
                ("console.unlock.registered", false),
                ("console.unlock.fits", false),
            ],
        ),
        rows: vec![
            row("console.contact.name", &applicant.name, &registered.name, same(&applicant.name, fits.name)),
            row(
                "console.contact.telephone",
                telephone,
                "",
                if telephone.is_empty() { not_given(language) } else { nothing },
            ),
            row("console.contact.mobile", &applicant.mobile, &registered.mobile, same(&applicant.mobile, fits.mobile)),
            row("console.contact.email", &applicant.email, &registered.email, same(&applicant.email, fits.email)),
            vec![
                Cell::line(language.text("console.order.device")),
                Cell::text(shown.order.device_serial.clone()),
                Cell::text(known),
                Cell::pill(fit(language, shown.device.is_some())),
            ],
        ],
    }
}

fn fit(language: Language, fits: bool) -> Pill {
    let (class, key) = if fits { ("ok", "console.unlock.same") } else { ("danger", "console.unlock.different") };
    Pill { class, label: language.text(key) }
}

fn not_given(language: Language) -> Pill {
    Pill { class: "", label: language.text("console.unlock.not_given") }
}

async fn groups(console: &Console, visit: &Visit, shown: &Shown) -> Result<Vec<Group>, Failure> {
    let text = |key: &str| visit.language.text(key);
    let group = |key: &str, fields| Group { title: text(key), fields };
    let (order, details) = (&shown.order, &shown.details);
    let route = match details.route {
        UnlockRoute::Sms => "console.unlock.route_sms",
        UnlockRoute::Review => "console.unlock.route_review",
    };
    let mut application = vec![
        Field::new(text("console.order.no"), order.no.as_str()),
        Field::new(text("console.unlock.route"), text(route)),
        Field::new(text("console.order.created"), moment(order.created)),
        Field::new(text("console.order.updated"), moment(order.updated)),
    ];
    if let Some(end) = order.expires {
        application.push(Field::new(text("console.order.expires"), moment(end)));
    }
    if let Some(reason) = &order.reason {
        application.push(Field::new(text("console.order.reason"), reason.as_str()));
    }
    let certificate = certificates::find(&console.service.store, &order.certificate).await?;
    let mut holder = vec![
        Field::link(
            text("console.order.holder"),
            order.holder.as_str(),
            format!("/console/customers/{}", order.customer),
        ),
        Field::link(
            text("console.certificate.sign"),
            order.certificate.as_str(),
            format!("/console/certificates/{}", order.certificate),
        ),
    ];
    if let Some(known) = certificate {
        let over = known.validity.until < console.service.now();
        let pill = super::certificates::status_pill(visit.language, known.status.as_str(), over);
        holder.push(Field::pill(text("console.unlock.certificate_status"), pill));
        let validity = format!("{} – {}", day(known.validity.from), day(known.validity.until));
        holder.push(Field::new(text("console.unlock.validity"), validity));
    }
    holder.push(Field::new(text("console.order.device"), order.device_serial.as_str()));
    holder.push(match &shown.device {
        Some(device) => Field::new(text("console.device.master"), device.master.to_string()),
        None => {
            let label = text("console.unlock.device_unknown");
            Field::pill(text("console.device.title"), Pill { class: "danger", label })
        }
    });
    Ok(vec![
        group("console.unlock.group_application", application),
        group("console.order.group_holder", holder),
        group("console.unlock.group_code", code(visit, shown, console.service.now())),
        group("console.unlock.group_key", key(visit, details)),
    ])
}

/// What became of the code; never the code.
fn code(visit: &Visit, shown: &Shown, now: i64) -> Vec<Field> {
    let text = |key: &str| visit.language.text(key);
    let details = &shown.details;
    let state = |class, key: &str| Field::pill(text("console.unlock.code"), Pill { class, label: text(key) });
    let waits = shown.order.state == OrderState::Authorized;
    let mut fields = vec![match (is_decoy(details), details.code_sent, details.code_expires) {
        (true, ..) => state("danger", "console.unlock.code_decoy"),
        (_, None, _) => state("", "console.unlock.code_none"),
        (_, Some(_), Some(end)) if waits && end <= now => state("warn", "console.unlock.code_over"),
        (_, Some(_), _) if waits => state("wait", "console.unlock.code_sent"),
        _ if details.begun.is_some() => state("ok", "console.unlock.code_used"),
        _ => state("", "console.unlock.code_void"),
    }];
    if let (Some(sent), false) = (details.code_sent, is_decoy(details)) {
        let to: Vec<String> = [&details.to_mobile, &details.to_email]
            .into_iter()
            .filter(|to| !to.is_empty())
            .map(|to| masked(to))
            .collect();
        fields.push(Field::new(text("console.unlock.sent_to"), to.join(", ")));
        fields.push(Field::new(text("console.unlock.sent_at"), moment(sent)));
        if let Some(end) = details.code_expires {
            fields.push(Field::new(text("console.unlock.code_ends"), moment(end)));
        }
    }
    fields.push(Field::new(text("console.unlock.tries"), details.tries_left.max(0).to_string()));
    if !details.officer.is_empty() {
        fields.push(Field::new(text("console.unlock.officer"), details.officer.as_str()));
    }
    if let Some(to) = details.sent_to {
        fields.push(Field::new(text("console.unlock.decided_for"), text(target_key(to))));
        fields.push(Field::new(text("console.unlock.note"), details.note.as_str()));
    }
    fields
}

/// What is known of the key itself.
fn key(visit: &Visit, details: &Details) -> Vec<Field> {
    let text = |key: &str| visit.language.text(key);
    let at = |moment_of: Option<i64>| moment_of.map_or_else(|| "–".to_owned(), moment);
    let tries = details.admin_tries.map_or_else(|| "–".to_owned(), |tries| tries.to_string());
    let refused = match (details.refused, details.answered) {
        (Some(_), _) => Pill { class: "danger", label: text("console.unlock.key_refused") },
        (None, Some(_)) => Pill { class: "ok", label: text("console.unlock.key_not_refused") },
        (None, None) => Pill { class: "", label: text("console.unlock.key_not_begun") },
    };
    vec![
        Field::pill(text("console.unlock.key"), refused),
        Field::new(text("console.unlock.begun"), at(details.begun)),
        Field::new(text("console.unlock.answered"), at(details.answered)),
        Field::new(text("console.unlock.admin_tries"), tries),
    ]
}

const fn target_key(to: SentTo) -> &'static str {
    match to {
        SentTo::Registered => "console.unlock.to_registered",
        SentTo::Applicant => "console.unlock.to_applicant",
    }
}

const fn contact_of(shown: &Shown, to: SentTo) -> &Contact {
    match to {
        SentTo::Registered => &shown.registered,
        SentTo::Applicant => &shown.order.contact,
    }
}

/// What a way needs and the contact does not have.
#[derive(Clone, Copy)]
enum Missing {
    Mobile,
    Email,
}

fn missing(contact: &Contact, by: By) -> Option<Missing> {
    if by != By::Mail && contact.mobile.is_empty() {
        Some(Missing::Mobile)
    } else if by != By::Sms && contact.email.is_empty() {
        Some(Missing::Email)
    } else {
        None
    }
}

fn targets(visit: &Visit, shown: &Shown, chosen: &str) -> Vec<Target> {
    let language = visit.language;
    let way = |code: &'static str, to: SentTo, by: By| {
        let contact = contact_of(shown, to);
        let (mobile, email) = (shown_text(visit, &contact.mobile), shown_text(visit, &contact.email));
        let (key, value) = match by {
            By::Sms => ("console.unlock.by_sms", mobile),
            By::Mail => ("console.unlock.by_mail", email),
            By::Both => ("console.unlock.by_both", String::new()),
        };
        let missing = missing(contact, by);
        let label = match missing {
            Some(Missing::Mobile) => language.text_with(key, &language.text("console.unlock.no_mobile")),
            Some(Missing::Email) => language.text_with(key, &language.text("console.unlock.no_email")),
            None => language.text_with(key, &value),
        };
        Way { code, label, possible: missing.is_none(), chosen: missing.is_none() && chosen == code }
    };
    [
        ("to-registered", SentTo::Registered, "console.unlock.to_registered_hint"),
        ("to-applicant", SentTo::Applicant, "console.unlock.to_applicant_hint"),
    ]
    .map(|(id, of, hint)| Target {
        id,
        legend: language.text(target_key(of)),
        hint: language.text(hint),
        ways: WAYS.iter().filter(|(_, to, _)| *to == of).map(|&(code, to, by)| way(code, to, by)).collect(),
    })
    .into()
}

/// Key of the sentence that says why an order can't be approved like this; the service has the same rules.
fn obstacle(shown: &Shown, way: Option<(SentTo, By)>, note: &str) -> Option<&'static str> {
    if shown.device.is_none() {
        return Some("console.unlock.no_device");
    }
    let Some((to, by)) = way else { return Some("console.unlock.way_needed") };
    match missing(contact_of(shown, to), by) {
        Some(Missing::Mobile) => return Some("console.unlock.no_mobile_now"),
        Some(Missing::Email) => return Some("console.unlock.no_email_now"),
        None => {}
    }
    let length = note.chars().count();
    (length == 0 || length > LONGEST_NOTE).then_some("console.unlock.note_needed")
}

/// An officer says yes.
///
/// # Errors
/// [`Failure`].
pub async fn approve(console: &Console, visit: &Visit, no: &str, form: Decision) -> Result<Response, Failure> {
    let before = shown(console, no).await?;
    let way = WAYS.iter().find(|(code, ..)| *code == form.way).map(|&(_, to, by)| (to, by));
    // a browser counts the end of a line as one character, and sends two
    let note = form.note.replace("\r\n", "\n").trim().to_owned();
    let open = before.order.state == OrderState::Reviewing;
    let done = match (obstacle(&before, way, &note).filter(|_| open), way) {
        (Some(text), _) => return not_like_this(console, visit, no, before, text, form).await,
        (None, Some((to, by))) => {
            let approval = Approval { to, by, note: &note };
            review::approve(&console.service, no, visit.actor()?, &approval).await
        }
        (None, None) => Err(crate::orders::wrong_state(before.order.state)),
    };
    if let Err(ServiceError::Unacceptable(_)) = done {
        // something changed in between
        let after = shown(console, no).await?;
        let text = obstacle(&after, way, &note).unwrap_or("console.unlock.not_acceptable");
        return not_like_this(console, visit, no, after, text, form).await;
    }
    decided(console, visit, no, done, "console.unlock.approved").await
}

/// The page again, with what was filled in and why it is not accepted.
async fn not_like_this(
    console: &Console,
    visit: &Visit,
    no: &str,
    shown: Shown,
    text: &str,
    typed: Decision,
) -> Result<Response, Failure> {
    let title = visit.language.text_with("console.unlock.page_title", no);
    let page = Page::new(visit, "orders", title).saying(super::bad(text));
    show_unlock(console, visit, page, StatusCode::UNPROCESSABLE_ENTITY, shown, typed).await
}
