//! The audit log: search, export, check of the chain.

use super::Console;
use super::history::{ACTIONS, Line};
use super::page::{Choice, Page, Paging, ROWS, encoded, file, go_to, page_number, paging, show};
use super::texts::moment;
use super::visit::{Failure, Visit};
use crate::audit::{self, VerifyError};
use crate::clock::DAY;
use crate::lists::audit::{self as records, Wanted};
use crate::lists::{Found, Part};
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;
use time::{Date, Month, Time, UtcOffset};

/// Most records in one export.
const EXPORTED: i64 = 100_000;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    page: Page,
    actor: String,
    actions: Vec<Choice>,
    object: String,
    outcomes: Vec<Choice>,
    from: String,
    until: String,
    export: String,
    found: String,
    rows: Vec<Line>,
    paging: Option<Paging>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    actor: String,
    action: String,
    object: String,
    outcome: String,
    from: String,
    until: String,
    page: Option<i64>,
}

impl Asked {
    fn filter(&self) -> [(&'static str, &str); 6] {
        [
            ("actor", &self.actor),
            ("action", &self.action),
            ("object", &self.object),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }

    /// First and last second of the days asked for.
    fn period(&self) -> (i64, i64) {
        (beginning(&self.from).unwrap_or(0), beginning(&self.until).map_or(i64::MAX, |start| start + DAY - 1))
    }
}

/// First second of a day in Beijing, `2026-07-18`.
fn beginning(day: &str) -> Option<i64> {
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let offset = UtcOffset::from_hms(8, 0, 0).ok()?;
    parts.next().is_none().then(|| date.with_time(Time::MIDNIGHT).assume_offset(offset).unix_timestamp())
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/console/audit", get(list))
        .route("/console/audit/export", get(export))
        .route("/console/audit/check", post(check))
}

impl Asked {
    fn wanted(&self) -> Wanted<'_> {
        let (actor, action, object, outcome) = (&self.actor, &self.action, &self.object, &self.outcome);
        Wanted { actor, action, object, outcome, period: self.period() }
    }
}

async fn list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visit.language;
    let number = page_number(asked.page);
    let part = Part { limit: ROWS, offset: (number - 1) * ROWS };
    let Found { rows, total } = records::list(&console.service.store, &asked.wanted(), part).await?;
    let choice = |code: &'static str, key: &str, chosen: &str| Choice {
        code,
        label: language.text(key),
        chosen: chosen == code,
    };
    let filter = asked.filter();
    let query: Vec<String> = filter.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    Ok(show(
        StatusCode::OK,
        &AuditPage {
            page: Page::new(&visit, "audit", language.text("console.nav.audit")),
            actions: ACTIONS.iter().map(|(code, key)| choice(code, key, &asked.action)).collect(),
            outcomes: vec![
                choice("done", "console.audit.done", &asked.outcome),
                choice("refused", "console.audit.refused", &asked.outcome),
            ],
            export: format!("/console/audit/export?{}", query.join("&")),
            found: language.text_with("console.found", &total.to_string()),
            rows: rows.into_iter().map(|record| Line::new(language, record)).collect(),
            paging: paging("/console/audit", &filter, number, total),
            actor: asked.actor,
            object: asked.object,
            from: asked.from,
            until: asked.until,
        },
    ))
}

/// The records of a filter as CSV (RFC 4180) with a byte order mark, newest first, for a spreadsheet.
async fn export(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let mut text = String::from("\u{feff}seq,time,actor,role,action,object,outcome,detail,hash\r\n");
    for record in records::records(&console.service.store, &asked.wanted(), Part { limit: EXPORTED, offset: 0 }).await?
    {
        let at = moment(record.at);
        let seq = record.seq.to_string();
        let cells = [
            &seq,
            &at,
            &record.actor,
            &record.role,
            &record.action,
            &record.object,
            &record.outcome,
            &record.detail,
            &record.hash,
        ];
        text.push_str(&cells.map(|text| cell(text)).join(","));
        text.push_str("\r\n");
    }
    Ok(file("audit.csv", "text/csv; charset=utf-8", text.into_bytes()))
}

/// A text in quotes. One that a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

async fn check(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Failure> {
    let (good, text, value) = match audit::verify(&console.service.store).await {
        Ok(records) => (true, "console.audit.intact", records.to_string()),
        Err(VerifyError::BrokenAt(seq)) => (false, "console.audit.broken", seq.to_string()),
        Err(VerifyError::Database(error)) => return Err(error.into()),
    };
    console.say(visit.session()?, good, text, &value).await?;
    Ok(go_to("/console/audit"))
}

#[cfg(test)]
mod tests {
    use super::{beginning, cell};

    #[test]
    fn a_day_begins_in_beijing() {
        assert_eq!(beginning("2026-07-18"), Some(1_784_304_000));
        for wrong in ["", "2026-02-30", "2026-13-01", "2026-07", "2026-07-18-1", "x"] {
            assert_eq!(beginning(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cell_holds_its_text_and_no_formula() {
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell("-1"), "\"'-1\"");
    }
}
