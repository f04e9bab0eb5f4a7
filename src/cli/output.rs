//! What the command line prints: JSON for programs, with words that never change, and lines for people in their language.

use super::say;
use crate::app::{KeyModel, KeyState, KeyView, Standing};
use base::display::line as one_line;
use certificate::{self, Certificate};
use rust_i18n::t;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

pub(super) fn card_number(view: &KeyView) -> Option<&str> {
    view.leading()?.identity.card_number.as_ref().map(|number| number.value.as_str())
}

/// The state of a key in words.
pub(super) fn state(key: &KeyModel, now: i64) -> String {
    let days = |count: i64| if count == 1 { t!("date.one_day") } else { t!("date.days", n = count) };
    match &key.state {
        KeyState::Reading => t!("standing.reading"),
        KeyState::Failed(_) => t!("standing.failed"),
        KeyState::Ready(view) => match view.standing(now) {
            Standing::Locked => t!("standing.locked"),
            Standing::Empty => t!("standing.empty"),
            Standing::Damaged => t!("standing.damaged"),
            Standing::DatesUnreadable => t!("standing.dates_unreadable"),
            Standing::NotYetValid => t!("standing.not_yet_valid"),
            Standing::Expired(_) => t!("standing.expired"),
            Standing::Expiring(0) => t!("standing.last_day"),
            Standing::Expiring(left) => t!("standing.expiring_short", days = days(left)),
            Standing::Valid(left) => t!("standing.valid", days = days(left)),
        },
    }
    .into_owned()
}

/// The state of a key for programs.
fn state_word(key: &KeyModel, now: i64) -> String {
    match &key.state {
        KeyState::Reading => "reading".to_owned(),
        KeyState::Failed(fault) => fault.code.as_str().to_owned(),
        KeyState::Ready(view) => match view.standing(now) {
            Standing::Locked => "locked",
            Standing::Empty => "empty",
            Standing::Damaged => "damaged",
            Standing::DatesUnreadable => "dates-unreadable",
            Standing::NotYetValid => "not-yet-valid",
            Standing::Expired(_) => "expired",
            Standing::Expiring(_) => "expiring",
            Standing::Valid(_) => "valid",
        }
        .to_owned(),
    }
}

pub(super) fn summary(key: &KeyModel, now: i64) -> Value {
    let mut all = json!({ "reader": key.slot.reader, "state": state_word(key, now) });
    let Some(view) = key.view() else { return all };
    let leading = view.leading();
    let validity = leading.and_then(|found| found.validity);
    let more = json!({
        "serial": view.contents.device.serial,
        "label": view.contents.device.label,
        "medium": view.contents.medium,
        "application": view.contents.application,
        "owner": leading.and_then(|found| found.owner.clone()),
        "card_number": card_number(view),
        "issuer": leading.and_then(|found| found.issuer.short()),
        "not_before": validity.map(|validity| date(validity.first_day())),
        "not_after": validity.map(|validity| date(validity.last_day())),
        "days_left": validity.map(|validity| validity.days_left(now)),
        "tries_left": view.contents.pin.map(|pin| pin.tries_left),
        "max_tries": view.contents.pin.map(|pin| pin.max_tries),
        "pin_is_default": view.contents.pin.map(|pin| pin.is_default),
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

fn date(day: certificate::Day) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

pub(super) fn certificate(found: Option<&Certificate>) -> Value {
    found.map_or(Value::Null, |found| {
        json!({
            "subject": found.subject.to_string(),
            "issuer": found.issuer.to_string(),
            "serial": found.serial_hex(),
            "unique_id": found.identity.unique_id,
            "organisation_number": found.identity.organisation_number,
            "credit_code": found.identity.credit_code,
            "not_before": found.validity.map(|validity| date(validity.first_day())),
            "not_after": found.validity.map(|validity| date(validity.last_day())),
            "algorithm": found.algorithm.to_string(),
            "sm3": found.fingerprint_hex(),
        })
    })
}

/// The heads of the columns of [`line()`].
pub(super) fn columns() -> String {
    let heads =
        [t!("field.device_serial"), t!("field.card_number"), t!("field.owner"), t!("cli.until"), t!("cli.state")];
    heads.join("\t")
}

/// A key in one line, its columns with tabs between.
pub(super) fn line(key: &KeyModel, now: i64, chinese: bool) -> String {
    match &key.state {
        KeyState::Reading => format!("-\t-\t-\t-\t{} ({})", state(key, now), key.slot.reader),
        KeyState::Failed(fault) => {
            format!("-\t-\t-\t-\t{} ({} {})", fault.sentences(chinese).what, key.slot.reader, fault.code.as_str())
        }
        KeyState::Ready(view) => {
            let leading = view.leading();
            let owner = one_line(leading.and_then(|found| found.owner.as_deref()).unwrap_or("-"));
            let end = leading
                .and_then(|found| found.validity)
                .map_or_else(|| "-".to_owned(), |validity| date(validity.last_day()));
            let serial = &view.contents.device.serial;
            format!("{serial}\t{}\t{owner}\t{end}\t{}", card_number(view).unwrap_or("-"), state(key, now))
        }
    }
}

/// Which key it is, for somebody who has several before him.
pub(super) fn place(key: &KeyModel, view: &KeyView) -> String {
    let owner = one_line(view.leading().and_then(|found| found.owner.as_deref()).unwrap_or("-"));
    format!("  {}\t{}\t{owner}\t{}", view.contents.device.serial, card_number(view).unwrap_or("-"), key.slot.reader)
}

/// The fields of a summary in the order people look for them.
const ORDER: [&str; 23] = [
    "owner",
    "state",
    "not_before",
    "not_after",
    "days_left",
    "card_number",
    "serial",
    "issuer",
    "subject",
    "medium",
    "label",
    "application",
    "reader",
    "tries_left",
    "max_tries",
    "pin_is_default",
    "unique_id",
    "organisation_number",
    "credit_code",
    "algorithm",
    "sm3",
    "sign",
    "encrypt",
];

/// A summary in rows, a name and a value each.
pub(super) fn rows(out: &mut dyn Write, all: &Value, state: &str) {
    for (name, value) in ordered(all) {
        match value {
            Value::Object(_) => {
                say(out, &format!("{}:", label(name)));
                for (name, value) in ordered(value) {
                    say(out, &format!("  {}: {}", label(name), shown(value)));
                }
            }
            _ if name == "state" => say(out, &format!("{}: {state}", label(name))),
            value => say(out, &format!("{}: {}", label(name), shown(value))),
        }
    }
}

fn ordered(all: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    ORDER.into_iter().filter_map(|name| Some((name, all.get(name)?)))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => one_line(text),
        Value::Bool(true) => t!("cli.yes").into_owned(),
        Value::Bool(false) => t!("cli.no").into_owned(),
        other => other.to_string(),
    }
}

/// The name of a field of a summary, for people.
fn label(name: &str) -> String {
    match name {
        "reader" => t!("field.reader"),
        "state" => t!("cli.state"),
        "serial" => t!("cli.serial"),
        "label" => t!("cli.label"),
        "medium" => t!("field.medium"),
        "application" => t!("cli.application"),
        "owner" => t!("field.owner"),
        "card_number" => t!("field.card_number"),
        "issuer" => t!("field.issuer"),
        "not_before" => t!("cli.from"),
        "not_after" => t!("cli.until"),
        "days_left" => t!("cli.days_left"),
        "tries_left" => t!("cli.tries_left"),
        "max_tries" => t!("cli.max_tries"),
        "pin_is_default" => t!("cli.pin_is_default"),
        "sign" => t!("details.sign"),
        "encrypt" => t!("details.encrypt"),
        "subject" => t!("field.subject"),
        "unique_id" => t!("field.unique_id"),
        "organisation_number" => t!("field.organisation_number"),
        "credit_code" => t!("field.credit_code"),
        "algorithm" => t!("field.algorithm"),
        "sm3" => t!("field.fingerprint"),
        other => other.into(),
    }
    .into_owned()
}

/// Says which certificates a file with a chain holds.
pub(super) fn chain(err: &mut dyn Write, file: &Path) {
    let Ok(names) = std::fs::read(file).map(|bytes| certificate::names_in(&bytes)) else { return };
    say(err, &t!("cli.chain", count = names.len()));
    for name in names {
        say(err, &format!("  {}", one_line(&name)));
    }
}
