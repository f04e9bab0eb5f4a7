//! Texts and fault codes: what the program names exists, in every language, and nothing is left over.

use crate::source::{Source, program, top};
use std::collections::{BTreeMap, BTreeSet};

/// One language: key → text.
type Texts = BTreeMap<String, String>;

/// The texts of the program and those of the CA service in one language.
fn language(name: &str) -> Texts {
    let mut texts = Texts::new();
    for file in [format!("assets/locale/{name}.toml"), format!("assets/ca-service/locale/{name}.toml")] {
        let text = std::fs::read_to_string(top().join(&file)).expect(&file);
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        flatten("", &table, &mut texts);
    }
    texts
}

/// The keys in quotes in the pages of the CA service.
fn keys_in_templates() -> Vec<String> {
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(top().join("assets/ca-service/templates/console")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        keys.extend(keys_in_template(&text));
    }
    keys
}

/// The arguments of `t("…")` and `t_with("…", …)`.
fn keys_in_template(text: &str) -> Vec<String> {
    let after =
        |call: &str| text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    let mut keys: Vec<String> = after(".t(\"");
    keys.extend::<Vec<String>>(after(".t_with(\""));
    keys
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

fn unused_keys(files: &[Source], templates: &[String], texts: &Texts) -> Vec<String> {
    let in_code = files.iter().flat_map(|file| &file.tokens).filter_map(|token| token.string());
    let named: BTreeSet<&str> = in_code.chain(templates.iter().map(String::as_str)).collect();
    texts
        .keys()
        .filter(|key| !named.contains(key.as_str()))
        .map(|key| format!("{key}: nobody shows this text"))
        .collect()
}

/// The words of the environment check in both languages: `probe.name` → text. The names of the probes stand beside them.
fn check_texts(text: &str) -> (Texts, Texts, BTreeSet<String>) {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("checks.toml: {error}"));
    let (mut chinese, mut english) = (Texts::new(), Texts::new());
    for (section, entries) in &table {
        for (name, words) in entries.as_table().unwrap() {
            let key = format!("{section}.{name}");
            for (language, texts) in [("zh", &mut chinese), ("en", &mut english)] {
                texts.insert(key.clone(), words[language].as_str().unwrap_or_default().to_owned());
            }
        }
    }
    (chinese, english, table.keys().cloned().collect())
}

/// `Statement::new("…")` in all files, and other literals of that form in the room.
fn missing_statements(files: &[Source], texts: &Texts, sections: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let mut named: Vec<usize> = file.find("Statement : : new (").map(|at| at + 5).collect();
        if file.path.starts_with("src/check/") {
            let is_key = |at: &usize| {
                let text = file.tokens[*at].string().unwrap_or_default();
                text.split_once('.').is_some_and(|(section, name)| {
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                    sections.contains(section) && !name.is_empty() && name.chars().all(plain)
                })
            };
            named.extend((0..file.tokens.len()).filter(is_key));
        }
        named.sort_unstable();
        named.dedup();
        for at in named {
            let Some(key) = file.tokens.get(at).and_then(|token| token.string()) else { continue };
            if !texts.contains_key(key) {
                wrong.push(format!("{}:{}: no words {key}", file.path, file.tokens[at].line));
            }
        }
    }
    wrong
}

fn missing_in_templates(keys: &[String], texts: &Texts) -> Vec<String> {
    let missing = keys.iter().filter(|key| !texts.contains_key(*key));
    missing.map(|key| format!("a page of the console: no text {key}")).collect()
}

/// The console hands keys to its templates as strings.
fn missing_in_console(files: &[Source], texts: &Texts) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/ca-service/src/console/")) {
        for token in &file.tokens {
            let Some(text) = token.string().filter(|text| text.starts_with("console.")) else { continue };
            // names of files and of records in the audit log
            let is_key = text.matches('.').count() > 1 || texts.contains_key(text);
            if is_key && !texts.contains_key(text) {
                wrong.push(format!("{}:{}: no text {text}", file.path, token.line));
            }
        }
    }
    wrong
}

/// The names declared in `fault_codes!`: the word before each `= "…-…"`.
fn fault_names(files: &[Source]) -> Vec<&str> {
    let Some(file) = files.iter().find(|file| file.path == "crates/base/src/fault.rs") else { return Vec::new() };
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
    let others: Vec<&Source> = files.iter().filter(|file| file.path != "crates/base/src/fault.rs").collect();
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
    let [chinese, english] = ["zh-CN", "en"].map(language);
    let (files, templates) = (program(), keys_in_templates());
    assert!(!templates.is_empty(), "the templates were not found");
    holds(&differences(&chinese, &english));
    holds(&missing_keys(&files, &chinese));
    holds(&missing_in_templates(&templates, &chinese));
    holds(&missing_in_console(&files, &chinese));
    holds(&unused_keys(&files, &templates, &chinese));
}

#[test]
fn every_finding_of_the_environment_check_has_words_and_none_is_left_over() {
    let text = std::fs::read_to_string(top().join("assets/checks.toml")).unwrap();
    let (mut chinese, english, sections) = check_texts(&text);
    let files = program();
    holds(&differences(&chinese, &english));
    holds(&missing_statements(&files, &chinese, &sections));
    // the name of a line is looked up by its probe
    chinese.retain(|key, _| !key.ends_with(".name"));
    holds(&unused_keys(&files, &[], &chinese));
}

#[test]
fn a_finding_without_words_and_words_without_a_finding_are_found() {
    let (chinese, english, sections) =
        check_texts("[usb]\nnone = { zh = \"无 {n}\", en = \"None {m}\" }\nold = { zh = \"旧\", en = \"Old\" }");
    assert_eq!(differences(&chinese, &english), ["usb.none: the languages name other values"]);
    let source =
        r#"fn f() { Statement::new("usb.none"); Statement::new("usb.gone"); let key = "usb.lost"; g("a.usb"); }"#;
    let files = [Source::parse("src/check/chain/usb.rs", source)];
    let found = missing_statements(&files, &chinese, &sections);
    assert_eq!(found, ["usb.gone", "usb.lost"].map(|key| format!("src/check/chain/usb.rs:1: no words {key}")));
    assert_eq!(unused_keys(&files, &[], &chinese), ["usb.old: nobody shows this text"]);
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
    assert_eq!(unused_keys(&files, &[], &chinese), ["page.old: nobody shows this text"]);
    let keys = keys_in_template(r#"<b>{{ page.t("page.old") }}</b>{{ page.t_with("page.new", x) }}"#);
    assert_eq!(keys, ["page.old", "page.new"]);
    assert_eq!(unused_keys(&files, &keys, &chinese), [""; 0]);
    assert_eq!(missing_in_templates(&keys, &chinese), ["a page of the console: no text page.new"]);
    let console =
        Source::parse("crates/ca-service/src/console/x.rs", r#"fn f() { ("console.refused", "console.page.gone") }"#);
    assert_eq!(
        missing_in_console(&[console], &chinese),
        ["crates/ca-service/src/console/x.rs:1: no text console.page.gone"]
    );
}

#[test]
fn a_fault_that_nobody_reports_is_found() {
    let declared =
        Source::parse("crates/base/src/fault.rs", r#"fault_codes! { KeyRemoved = "KEY-101", KeyHeld = "KEY-102", }"#);
    let user = Source::parse("src/app/model.rs", "fn f() { Fault::new(FaultCode::KeyHeld) }");
    assert_eq!(unused_faults(&[declared, user]), ["KeyRemoved: nobody reports it"]);
}
