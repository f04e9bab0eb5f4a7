//! Messages to customers: those that wait or failed, and the last ones sent.

use super::Console;
use super::page::{Choice, Page, Paging, Pill, ROWS, go_to, page_number, paging, show};
use super::rights::Right;
use super::texts::{Language, masked, minute};
use super::visit::{Failure, Visit};
use crate::Service;
use crate::delivery::SmsSettings;
use crate::lists::outbox::MessageRow;
use crate::lists::{self, Found, Part};
use crate::outbox::queue::send_again;
use crate::outbox::{Channel, State as MessageState};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/outbox.html")]
struct OutboxPage {
    page: Page,
    choices: Vec<Choices>,
    remark: String,
    lines: Vec<Line>,
    paging: Option<Paging>,
}

/// A choice of the filter.
struct Choices {
    name: &'static str,
    label: String,
    options: Vec<Choice>,
}

/// A message.
struct Line {
    id: i64,
    created: String,
    channel: String,
    recipient: String,
    order: String,
    state: Pill,
    hints: Vec<String>,
    subject: String,
    body: String,
    /// Whether it can be sent again by the person who looks.
    again: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    state: String,
    channel: String,
    page: Option<i64>,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/outbox", get(list)).route("/console/outbox/{id}/again", post(again))
}

async fn list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visit.language;
    let number = page_number(asked.page);
    let part = Part { limit: ROWS, offset: (number - 1) * ROWS };
    let Found { rows, total } = lists::outbox::list(&console.service.store, &asked.state, &asked.channel, part).await?;
    let lines = rows.into_iter().map(|row| line(&console.service, &visit, row)).collect();
    let choice = |code: &'static str, label: String, asked: &str| Choice { code, label, chosen: asked == code };
    let states = MessageState::ALL.map(|state| choice(state.as_str(), state_name(language, state), &asked.state));
    let channels =
        Channel::ALL.map(|channel| choice(channel.as_str(), channel_name(language, channel), &asked.channel));
    let choices = vec![
        Choices { name: "state", label: language.text("console.outbox.state"), options: states.into() },
        Choices { name: "channel", label: language.text("console.outbox.channel"), options: channels.into() },
    ];
    let around = [("state", asked.state.as_str()), ("channel", asked.channel.as_str())];
    let paging = paging("/console/outbox", &around, number, total);
    let page = Page::new(&visit, "outbox", language.text("console.nav.outbox"));
    let remark = language.text_with("console.found", &total.to_string());
    Ok(show(StatusCode::OK, &OutboxPage { page, choices, remark, lines, paging }))
}

fn line(service: &Service, visit: &Visit, row: MessageRow) -> Line {
    let language = visit.language;
    let (may_read, contacts) = (visit.may(Right::ReadMessages), visit.may(Right::ReadContacts));
    let channel = Channel::ALL.into_iter().find(|known| known.as_str() == row.channel);
    let state = MessageState::ALL.into_iter().find(|known| known.as_str() == row.state);
    let failed = state == Some(MessageState::Failed);
    let mut hints = Vec::new();
    if let Some(fault) = row.fault {
        let why = fault_key(&fault).map_or(fault, |key| language.text(key));
        // the words of the other side may name the recipient
        let said: String = if contacts { row.fault_detail.unwrap_or_default() } else { String::new() };
        hints.push(if said.is_empty() {
            why
        } else {
            language.text("console.outbox.said").replace("%{why}", &why).replace("%{said}", &said)
        });
        hints.push(language.text_with("console.outbox.tries", &row.tries.to_string()));
        if state == Some(MessageState::Waiting) {
            hints.push(language.text_with("console.outbox.next", &minute(row.next_try)));
        }
    } else if state == Some(MessageState::Waiting) && !has_gateway(service, channel) {
        hints.push(language.text("console.outbox.no_gateway"));
    }
    let label = match (state, row.sent) {
        (Some(MessageState::Sent), Some(at)) => language.text_with("console.outbox.sent_at", &minute(at)),
        (Some(state), _) => state_name(language, state),
        (None, _) => String::new(),
    };
    let class = match state {
        Some(MessageState::Waiting) => "wait",
        Some(MessageState::Sent) => "ok",
        Some(MessageState::Failed) | None => "danger",
    };
    Line {
        id: row.id,
        created: minute(row.created),
        channel: channel.map(|channel| channel_name(language, channel)).unwrap_or_default(),
        recipient: if contacts { row.recipient } else { masked(&row.recipient) },
        order: row.order.unwrap_or_default(),
        state: Pill { class, label },
        hints,
        subject: if may_read { row.subject } else { String::new() },
        // codes are for the customer; whoever reads them can act for the customer
        body: if may_read { row.body } else { language.text("console.outbox.hidden") },
        again: failed && visit.may(Right::SendMessages) && row.expires.is_none_or(|expires| expires > service.now()),
    }
}

/// Whether somebody sends what waits in the channel.
const fn has_gateway(service: &Service, channel: Option<Channel>) -> bool {
    match channel {
        Some(Channel::Sms) => !matches!(service.config.sms, SmsSettings::Outbox {}),
        Some(Channel::Mail) => service.config.mail.is_some(),
        None => true,
    }
}

fn channel_name(language: Language, channel: Channel) -> String {
    language.text(match channel {
        Channel::Sms => "console.outbox.sms",
        Channel::Mail => "console.outbox.mail",
    })
}

fn state_name(language: Language, state: MessageState) -> String {
    language.text(match state {
        MessageState::Waiting => "console.outbox.waits",
        MessageState::Sent => "console.outbox.sent",
        MessageState::Failed => "console.outbox.failed",
    })
}

/// Key of the words for a failure as it stands in the books.
fn fault_key(fault: &str) -> Option<&'static str> {
    Some(match fault {
        "connection" => "console.outbox.fault_connection",
        "tls" => "console.outbox.fault_tls",
        "timeout" => "console.outbox.fault_timeout",
        "credentials" => "console.outbox.fault_credentials",
        "refused" => "console.outbox.fault_refused",
        "busy" => "console.outbox.fault_busy",
        "answer" => "console.outbox.fault_answer",
        "message" => "console.outbox.fault_message",
        "expired" => "console.outbox.fault_expired",
        "too_old" => "console.outbox.fault_too_old",
        _ => return None,
    })
}

async fn again(State(console): State<Arc<Console>>, visit: Visit, Path(id): Path<i64>) -> Result<Response, Failure> {
    let done = send_again(&console.service, id, visit.actor()?).await?;
    let text = if done { "console.outbox.again_done" } else { "console.outbox.again_not" };
    console.say(visit.session()?, done, text, &id.to_string()).await?;
    Ok(go_to("/console/outbox"))
}

#[cfg(test)]
mod tests {
    use super::{Language, fault_key};
    use crate::delivery::FaultKind;
    use crate::outbox::queue::{EXPIRED, TOO_OLD};

    #[test]
    fn every_failure_has_words() {
        for fault in FaultKind::ALL.map(FaultKind::as_str).into_iter().chain([EXPIRED, TOO_OLD]) {
            let key = fault_key(fault).unwrap_or_else(|| panic!("no words for {fault}"));
            assert_ne!(Language::Chinese.text(key), key);
        }
    }
}
