//! Texts and fault codes: what the program names exists, in every language, and nothing is left over.

use crate::source::{Source, program, top};
use std::collections::{BTreeMap, BTreeSet};

/// One language: key → text.
type Texts = BTreeMap<String, String>;

fn language(name: &str) -> Option<Texts> {
    let text = std::fs::read_to_string(top().join("assets/locale").join(name)).ok()?;
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut texts = Texts::new();
    flatten("", &table, &mut texts);
    Some(texts)
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut Texts) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, texts),
            toml::Value::String(text) => {
                texts.insert(format!("{prefix}{key}"), text.clone());
            }
            // the format version of the file
            _ => assert_eq!(key, "_version", "{key} is not a text"),
        }
    }
}

/// `%{name}` and `{name}`.
fn values_in(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn differences(chinese: &Texts, english: &Texts) -> Vec<String> {
    let mut wrong = Vec::new();
    for key in chinese.keys().chain(english.keys()).collect::<BTreeSet<_>>() {
        match (chinese.get(key), english.get(key)) {
            (Some(zh), Some(en)) if values_in(zh) != values_in(en) => {
                wrong.push(format!("{key}: the languages name other values"));
            }
            (Some(zh), Some(en)) if zh.trim().is_empty() || en.trim().is_empty() => {
                wrong.push(format!("{key}: empty text"));
            }
            (Some(_), Some(_)) => {}
            _ => wrong.push(format!("{key}: in one language only")),
        }
    }
    wrong
}

fn missing_keys(files: &[Source], texts: &Texts) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        for at in file.find("t ! (") {
            let Some(key) = file.tokens.get(at + 3).and_then(|token| token.string()) else { continue };
            if !texts.contains_key(key) {
                wrong.push(format!("{}:{}: no text {key}", file.path, file.tokens[at].line));
            }
        }
    }
    wrong
}

fn unused_keys(files: &[Source], texts: &Texts) -> Vec<String> {
    let named: BTreeSet<&str> = files.iter().flat_map(|file| &file.tokens).filter_map(|token| token.string()).collect();
    texts
        .keys()
        .filter(|key| !named.contains(key.as_str()))
        .map(|key| format!("{key}: nobody shows this text"))
        .collect()
}

/// The names declared in `fault_codes!`: the word before each `= "…-…"`.
fn fault_names(files: &[Source]) -> Vec<&str> {
    let Some(file) = files.iter().find(|file| file.path == "src/fault.rs") else { return Vec::new() };
    let mut names = Vec::new();
    for window in file.tokens.windows(3) {
        if let [name, equals, code] = window
            && equals.is("=")
            && code.string().is_some_and(|code| code.len() == 7 && code.as_bytes()[3] == b'-')
            && let crate::source::Kind::Word(name) = &name.kind
        {
            names.push(name.as_str());
        }
    }
    names
}

fn unused_faults(files: &[Source]) -> Vec<String> {
    let others: Vec<&Source> = files.iter().filter(|file| file.path != "src/fault.rs").collect();
    let used: BTreeSet<&str> = others
        .iter()
        .flat_map(|file| file.paths_from("FaultCode").into_iter().filter_map(|at| file.tokens[at].word()))
        .collect();
    fault_names(files)
        .into_iter()
        .filter(|name| !used.contains(name))
        .map(|name| format!("{name}: nobody reports it"))
        .collect()
}

#[track_caller]
fn holds(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_text_is_there_in_both_languages_and_is_shown_somewhere() {
    let [chinese, english] = ["zh-CN.toml", "en.toml"].map(|name| language(name).expect(name));
    let files = program();
    holds(&differences(&chinese, &english));
    holds(&missing_keys(&files, &chinese));
    holds(&unused_keys(&files, &chinese));
}

#[test]
fn every_fault_is_reported_somewhere() {
    let files = program();
    assert!(!fault_names(&files).is_empty(), "the codes were not found");
    holds(&unused_faults(&files));
}

#[test]
fn a_missing_an_unused_and_a_different_text_are_found() {
    let texts =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    let chinese: Texts = texts(&[("page.title", "标题"), ("page.left", "还剩 %{n} 次"), ("page.old", "旧")]);
    let english: Texts = texts(&[("page.title", "Title"), ("page.left", "%{m} left")]);
    let source =
        Source::parse("src/ui/page.rs", r#"fn f() { t!("page.title"); t!("page.left", n = 3); t!("page.gone"); }"#);
    let found = differences(&chinese, &english);
    assert_eq!(found, ["page.left: the languages name other values", "page.old: in one language only"]);
    let files = [source];
    assert_eq!(missing_keys(&files, &chinese), ["src/ui/page.rs:1: no text page.gone"]);
    assert_eq!(unused_keys(&files, &chinese), ["page.old: nobody shows this text"]);
}

#[test]
fn a_fault_that_nobody_reports_is_found() {
    let declared = Source::parse("src/fault.rs", r#"fault_codes! { KeyRemoved = "KEY-101", KeyHeld = "KEY-102", }"#);
    let user = Source::parse("src/app/model.rs", "fn f() { Fault::new(FaultCode::KeyHeld) }");
    assert_eq!(unused_faults(&[declared, user]), ["KeyRemoved: nobody reports it"]);
}
