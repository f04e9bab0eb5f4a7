use super::{Options, html, json, line, text};
use crate::check::{Line, ProbeId, Repair, Statement, Verdict};
use std::time::Duration;

fn lines() -> Vec<Line> {
    let program = Line::new(ProbeId::Program, Verdict::Ok, Statement::new("program.ok").with("version", "<b>&\"'"));
    let ports = Statement::new("ports.taken").with("port", 21061).with("program", "{rows}").with("pid", 7);
    let ports = Line::new(ProbeId::Ports, Verdict::Notice, ports).remedy(Statement::new("ports.todo_two"));
    let path = Statement::new("storage.damaged").with_private("path", "/somewhere/secret.json");
    let storage = Line::new(ProbeId::Storage, Verdict::Problem, path).repair(Repair::CleanStorage);
    let waits = Line::waits_for(ProbeId::CaService, ProbeId::Network);
    vec![program, Line { took: Duration::from_millis(42), ..ports }, storage, waits]
}

const fn options(chinese: bool, private: bool) -> Options {
    // 2026-11-21 03:04:05 UTC
    Options { chinese, private, now: 1_795_230_245 }
}

#[test]
fn lines_stand_in_the_order_of_the_chain_with_verdict_details_and_steps() {
    let report = text(&lines(), &options(false, false));
    let at = |part: &str| report.find(part).unwrap_or_else(|| panic!("{part} is not in\n{report}"));
    assert!(
        at("CA service") < at("21061") && at("21061") < at("Data folders") && at("Data folders") < at("This program")
    );
    assert!(report.contains("2026-11-21 11:04") && report.contains(env!("CARGO_PKG_VERSION")));
    assert!(report.contains("42 ms"));
    assert!(at("held by") < at("    > It is most likely another"), "what to do follows what was found");
    assert!(report.contains("Network"), "what it waits for is named");
    let chinese = text(&lines(), &options(true, false));
    assert!(chinese.chars().filter(|c| !c.is_ascii()).count() > 100);
    assert!(!report.contains("\u{95ee}\u{9898}"), "no Chinese words in English");
}

#[test]
fn what_belongs_to_a_person_is_in_only_when_wanted() {
    for report in [text, html] {
        assert!(!report(&lines(), &options(false, false)).contains("secret"));
        assert!(report(&lines(), &options(false, true)).contains("/somewhere/secret.json"));
    }
    assert!(!json(&lines(), &options(true, false)).to_string().contains("secret"));
    assert!(!line(&lines()[2], &options(true, false)).contains("secret"));
}

#[test]
fn the_page_holds_no_live_mark_up_of_a_value_and_nothing_from_outside() {
    let page = html(&lines(), &options(true, true));
    assert!(!page.contains("<b>") && page.contains("&lt;b&gt;&amp;&quot;&#39;"));
    assert!(page.contains("\u{201c}{rows}\u{201d}"), "a value is no place to fill");
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("lang=\"zh-CN\""));
    for place in ["{language}", "{title}", "{facts}"] {
        assert!(!page.contains(place));
    }
}

#[test]
fn programs_read_verdicts_causes_and_repairs() {
    let value = json(&lines(), &options(false, false));
    assert_eq!(value["worst"], "problem");
    let of =
        |probe: &str| value["lines"].as_array().unwrap().iter().find(|line| line["probe"] == probe).unwrap().clone();
    assert_eq!(of("ca")["because"], "network");
    assert_eq!(of("storage")["repair"], "clean-storage");
    assert_eq!(of("storage")["finding"], "storage.damaged");
    assert_eq!(of("ports")["milliseconds"], 42);
    assert_eq!(value["time"], "2026-11-21 03:04");
}
