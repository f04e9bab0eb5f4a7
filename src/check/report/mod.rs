//! The check as a file for a support desk: text, HTML, JSON. What belongs to a person is left out unless wanted; the log-in
//! name, the home folder and the name of this computer never stand in it.

mod person;

use super::line::{Line, Statement, Verdict};
use super::text::sentence;
use person::Person;
use serde_json::{Value, json};
use std::fmt::Write;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, UtcOffset};

/// The page around the lines.
const PAGE: &str = include_str!("../../../assets/check-report.html");

/// What the report says besides the lines.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// In Chinese, else in English.
    pub chinese: bool,
    /// With names, serial numbers, addresses and paths of the person.
    pub private: bool,
    /// When it was made, seconds since 1970 UTC.
    pub now: i64,
}

/// As plain text.
#[must_use]
pub fn text(lines: &[Line], options: &Options) -> String {
    let head = Head::of(lines, options);
    let mut text = format!("{}\n", head.title);
    head.facts.iter().for_each(|fact| add(&mut text, format_args!("{fact}\n")));
    for line in in_order(lines, options.chinese) {
        add(&mut text, format_args!("\n{}", line_text(&line, options)));
    }
    text
}

/// One line with what belongs to it, as in [`text`].
#[must_use]
pub fn line(line: &Line, options: &Options) -> String {
    line_text(&Person::here().hide(line.clone(), options.chinese), options)
}

/// As one HTML page without anything from outside.
#[must_use]
pub fn html(lines: &[Line], options: &Options) -> String {
    let head = Head::of(lines, options);
    let facts: String = head.facts.iter().map(|fact| format!("<p>{}</p>\n", escape(fact))).collect();
    let rows: String = in_order(lines, options.chinese).iter().map(|line| row(line, options)).collect();
    let parts = [
        ("{language}", if options.chinese { "zh-CN" } else { "en" }),
        ("{title}", &escape(&head.title)),
        ("{facts}", &facts),
        ("{rows}", &rows),
    ];
    // piece by piece, so that nothing of a line is taken for a place to fill
    let mut page = String::new();
    let mut rest = PAGE;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        page.push_str(before);
        match parts.iter().find(|(mark, _)| from.starts_with(mark)) {
            Some((mark, value)) => {
                page.push_str(value);
                rest = from.get(mark.len()..).unwrap_or_default();
            }
            None => {
                page.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    page.push_str(rest);
    page
}

/// As JSON, for programs: one object with the lines in the order of the chain.
#[must_use]
pub fn json(lines: &[Line], options: &Options) -> Value {
    let lines: Vec<Line> = in_order(lines, options.chinese);
    let words = |statements: &[Statement]| -> Vec<String> {
        statements.iter().map(|statement| statement.words(options.chinese, options.private)).collect()
    };
    let line = |line: &Line| {
        json!({
            "probe": line.probe.as_str(),
            "name": line.name(options.chinese),
            "verdict": line.verdict.as_str(),
            "finding": line.sentence.key,
            "sentence": line.words(options.chinese, options.private),
            "details": words(&line.details),
            "remedy": words(&line.remedy),
            "because": line.because.map(super::ProbeId::as_str),
            "repair": line.repair.map(super::Repair::as_str),
            "milliseconds": u64::try_from(line.took.as_millis()).unwrap_or(u64::MAX),
        })
    };
    json!({
        "program": "cert-assistant",
        "version": env!("CARGO_PKG_VERSION"),
        "system": system(),
        "time": moment(options.now, offset!(UTC)),
        "private": options.private,
        "worst": lines.iter().map(|line| line.verdict).max().map(Verdict::as_str),
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// What stands above the lines.
struct Head {
    title: String,
    facts: Vec<String>,
}

impl Head {
    fn of(lines: &[Line], options: &Options) -> Self {
        let say = |key| Statement::new(key);
        let count = |verdict| lines.iter().filter(|line| line.verdict == verdict).count();
        let facts = [
            say("report.program").with("version", env!("CARGO_PKG_VERSION")),
            say("report.system").with("system", system()),
            say("report.time").with("time", moment(options.now, offset!(+8))),
            say("report.counts")
                .with("problems", count(Verdict::Problem))
                .with("notices", count(Verdict::Notice))
                .with("all", lines.len()),
            say(if options.private { "report.with_private" } else { "report.without_private" }),
        ];
        let facts = facts.iter().map(|fact| fact.words(options.chinese, true)).collect();
        Self { title: sentence("report.title", options.chinese), facts }
    }
}

/// In the order of the chain, without what names this person's computer.
fn in_order(lines: &[Line], chinese: bool) -> Vec<Line> {
    let person = Person::here();
    let mut lines: Vec<Line> = lines.to_vec();
    lines.sort_by_key(|line| line.probe);
    lines.into_iter().map(|line| person.hide(line, chinese)).collect()
}

fn line_text(line: &Line, options: &Options) -> String {
    let (chinese, private) = (options.chinese, options.private);
    let mut text = format!(
        "[{}] {}{}{} ({} ms)\n",
        verdict(line.verdict, chinese),
        line.name(chinese),
        sentence("report.colon", chinese),
        line.words(chinese, private),
        line.took.as_millis()
    );
    for detail in &line.details {
        add(&mut text, format_args!("    - {}\n", detail.words(chinese, private)));
    }
    for step in &line.remedy {
        add(&mut text, format_args!("    > {}\n", step.words(chinese, private)));
    }
    text
}

fn row(line: &Line, options: &Options) -> String {
    let (chinese, private) = (options.chinese, options.private);
    let items = |name: &str, statements: &[Statement]| -> String {
        if statements.is_empty() {
            return String::new();
        }
        let item = |statement: &Statement| format!("<li>{}</li>", escape(&statement.words(chinese, private)));
        format!("<ul class=\"{name}\">{}</ul>", statements.iter().map(item).collect::<String>())
    };
    format!(
        "<section class=\"{}\"><h2><span class=\"icon\" aria-hidden=\"true\">{}</span> <span class=\"word\">{}</span> \
         {}</h2><p>{}</p>{}{}</section>\n",
        line.verdict.as_str(),
        icon(line.verdict),
        escape(&verdict(line.verdict, chinese)),
        escape(&line.name(chinese)),
        escape(&line.words(chinese, private)),
        items("details", &line.details),
        items("remedy", &line.remedy),
    )
}

const fn icon(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "\u{2713}",
        Verdict::NotApplicable => "\u{2013}",
        Verdict::Notice => "!",
        Verdict::Problem => "\u{2717}",
    }
}

fn verdict(verdict: Verdict, chinese: bool) -> String {
    let key = match verdict {
        Verdict::Ok => "report.ok",
        Verdict::NotApplicable => "report.not_applicable",
        Verdict::Notice => "report.notice",
        Verdict::Problem => "report.problem",
    };
    sentence(key, chinese)
}

/// Text in HTML (living standard, 13.1.4 and 13.1.2.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `2026-11-21 11:04` there.
fn moment(now: i64, there: UtcOffset) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(there);
    moment.format(format_description!("[year]-[month]-[day] [hour]:[minute]")).unwrap_or_default()
}

/// Name of the system, os-release(5).
fn system() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map(|name| name.trim_matches('"').to_owned());
    name.unwrap_or_else(|| format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    // writing to a string does not fail
    let _written = text.write_fmt(more);
}

#[cfg(test)]
mod tests;
