//! Rules over the program's source. Each rule is a function from the files to its violations, so that it can be shown to
//! find what it forbids.

use crate::source::{Kind, Source, program};

/// Which room of the desktop program may call which. What the crates may call stands in their manifests.
const ROOMS: &[(&str, &[&str])] = &[
    ("check", &["desktop"]),
    ("desktop", &[]),
    ("update", &[]),
    ("practice", &[]),
    ("app", &["check", "desktop", "update"]),
    // the window shows the data types of the rooms below app, and reaches them through app only
    ("ui", &["app", "check", "desktop", "update"]),
    // its arguments name the sets of practice keys
    ("cli", &["app", "practice"]),
    ("lib", &[]),
    ("main", &["app", "ui", "cli", "practice", "check", "desktop"]),
];

/// Libraries that only some rooms of the desktop program may know.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("egui", &["src/ui/", "src/main.rs"]),
    ("eframe", &["src/ui/", "src/main.rs"]),
    ("egui_system_font_provider", &["src/ui/"]),
    ("accesskit", &["src/ui/"]),
    ("reqwest", &["src/check/", "src/update/"]),
    ("tokio", &["src/check/", "src/update/", "src/desktop/", "src/practice/ca.rs", "src/app/engine/watcher"]),
    ("ksni", &["src/desktop/"]),
    ("ca_service", &["src/practice/"]),
    ("virtual_key", &["src/practice/"]),
    // reads of a key and its refusals reach the window through app
    ("gm", &["src/app/", "src/check/", "src/practice/", "src/update/", "src/main.rs"]),
];

/// Files that may hold Chinese text, and why.
const CHINESE_ALLOWED: &[(&str, &str)] = &[
    ("src/practice/keys.rs", "names of the made-up owners of practice keys"),
    ("crates/virtual-key/src/main.rs", "name of the made-up owner of a new key"),
];

/// The file that loads libraries of makers, in a child process.
const UNSAFE_ALLOWED: &str = "src/check/chain/driver_child.rs";

/// One subject a file.
const LONGEST_FILE: usize = 500;

fn calls(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        let room = file.room();
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: the room {room} is not in the table of rooms", file.path));
            continue;
        };
        for at in file.paths_from("crate").into_iter().chain(file.paths_from("cert_assistant")) {
            let path = file.path_at(at);
            let name = path.split("::").next().unwrap_or_default();
            let free = name == room || allowed.contains(&name);
            if !free && ROOMS.iter().any(|(other, _)| *other == name) {
                wrong.push(format!("{}:{}: {room} must not use {path}", file.path, file.tokens[at].line));
            }
        }
        // from a file at the top of its room, `super` is the whole house
        let at_top = file.path.matches('/').count() == 1
            || file.path.ends_with("/mod.rs") && file.path.matches('/').count() == 2;
        if at_top && let Some(at) = file.find("super : :").next() {
            wrong.push(format!("{}:{}: name the room with crate::", file.path, file.tokens[at].line));
        }
    }
    wrong
}

fn libraries(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        for (library, places) in LIBRARIES {
            if places.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            for at in file.find(&format!("{library} : :")) {
                if at == 0 || !file.tokens[at - 1].is(":") {
                    wrong.push(format!("{}:{}: {library} does not belong here", file.path, file.tokens[at].line));
                }
            }
        }
    }
    wrong
}

fn long_files(files: &[Source]) -> Vec<String> {
    let long = files.iter().filter(|file| file.lines > LONGEST_FILE);
    long.map(|file| format!("{}: {} lines", file.path, file.lines)).collect()
}

/// Pages of the console show what `lists` read; no statement stands in them.
fn statements_in_pages(files: &[Source]) -> Vec<String> {
    let pages = files.iter().filter(|file| file.path.starts_with("crates/ca-service/src/console/"));
    let found = pages.flat_map(|file| file.find("sqlx").map(move |at| (file, at)));
    // its error is what a page passes on
    let error = |file: &Source, at: usize| file.find("sqlx : : Error").any(|allowed| allowed == at);
    found
        .filter(|(file, at)| !error(file, *at))
        .map(|(file, at)| format!("{}:{}: a statement in a page", file.path, file.tokens[at].line))
        .collect()
}

fn colours(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.path != "src/ui/theme.rs") {
        for at in file.find("Color32 : :").chain(file.find("Rgba : :")) {
            let harmless =
                file.tokens.get(at + 3).is_some_and(|token| token.is("TRANSPARENT") || token.is("PLACEHOLDER"));
            if !harmless {
                wrong.push(format!("{}:{}: a colour outside the theme", file.path, file.tokens[at].line));
            }
        }
        for at in file.find("hex_color !") {
            wrong.push(format!("{}:{}: a colour outside the theme", file.path, file.tokens[at].line));
        }
    }
    wrong
}

fn is_chinese(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{303F}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn chinese(files: &[Source], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut needed = vec![false; allowed.len()];
    for file in files {
        let entry = allowed.iter().position(|(path, _)| *path == file.path);
        for token in &file.tokens {
            let Kind::Literal(text) = &token.kind else { continue };
            if !text.contains(is_chinese) {
                continue;
            }
            match entry {
                Some(entry) => needed[entry] = true,
                None => wrong.push(format!("{}:{}: {text} belongs into assets", file.path, token.line)),
            }
        }
    }
    for ((path, _), needed) in allowed.iter().zip(needed) {
        if !needed {
            wrong.push(format!("{path} needs no exception any more"));
        }
    }
    wrong
}

/// The lint is denied for the whole package; only one file may allow it. A file that only says `allow` would do no harm yet,
/// but it would open the door.
fn unsafe_code(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.path != UNSAFE_ALLOWED) {
        for at in file.find("unsafe").chain(file.find("unsafe_code")) {
            wrong.push(format!("{}:{}: unsafe", file.path, file.tokens[at].line));
        }
    }
    wrong
}

fn unnamed_threads(files: &[Source]) -> Vec<String> {
    let spawned = files.iter().flat_map(|file| file.find("thread : : spawn").map(move |at| (file, at)));
    spawned.map(|(file, at)| format!("{}:{}: a thread without a name", file.path, file.tokens[at].line)).collect()
}

#[track_caller]
fn holds(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn rooms_call_only_the_rooms_they_may() {
    holds(&calls(&program()));
}

#[test]
fn toolkit_reader_and_network_libraries_stay_in_their_rooms() {
    holds(&libraries(&program()));
}

#[test]
fn no_file_is_too_long_for_one_subject() {
    holds(&long_files(&program()));
}

#[test]
fn no_statement_stands_in_a_page_of_the_console() {
    holds(&statements_in_pages(&program()));
}

#[test]
fn every_colour_stands_in_the_theme() {
    holds(&colours(&program()));
}

#[test]
fn every_chinese_sentence_stands_in_assets() {
    holds(&chinese(&program(), CHINESE_ALLOWED));
}

#[test]
fn only_one_file_is_unsafe() {
    let files = program();
    holds(&unsafe_code(&files));
    let allowed = files.iter().find(|file| file.path == UNSAFE_ALLOWED).expect("the file is gone: forbid unsafe again");
    assert!(allowed.find("unsafe").next().is_some(), "it needs no exception any more: forbid unsafe again");
    let lints = std::fs::read_to_string(crate::source::top().join("Cargo.toml")).unwrap();
    assert!(lints.contains("unsafe_code = \"deny\""));
}

#[test]
fn every_thread_has_a_name() {
    holds(&unnamed_threads(&program()));
}

#[test]
fn the_rules_find_what_they_forbid() {
    let finds = |rule: fn(&[Source]) -> Vec<String>, path: &str, text: &str| {
        let found = rule(&[Source::parse(path, text)]);
        assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
    };
    finds(calls, "src/ui/page.rs", "use crate::practice::KeySet;");
    finds(calls, "src/ui/page.rs", "use crate::{app::Model, practice::{KeySet, PRACTICE_PIN}};");
    finds(calls, "src/app/hub.rs", "use crate::ui::Window;");
    finds(calls, "src/check/mod.rs", "fn f() { crate::app::start() }");
    finds(calls, "src/check/mod.rs", "use super::app;");
    finds(calls, "src/update.rs", "use super::app;");
    finds(calls, "src/main.rs", "use cert_assistant::update;");
    finds(calls, "src/newroom/mod.rs", "");
    finds(libraries, "src/app/model.rs", "fn f(context: &egui::Context) {}");
    finds(libraries, "src/app/net.rs", "use reqwest::Client;");
    finds(libraries, "src/ui/page.rs", "use virtual_key::Card;");
    finds(long_files, "src/app/model.rs", &"//\n".repeat(LONGEST_FILE + 1));
    finds(colours, "src/ui/page.rs", "const RED: Color32 = Color32::from_rgb(255, 0, 0);");
    finds(statements_in_pages, "crates/ca-service/src/console/orders.rs", "fn f() { sqlx::query(\"SELECT 1\"); }");
    finds(statements_in_pages, "crates/ca-service/src/console/orders.rs", "use sqlx::{Error, query};");
    finds(colours, "src/ui/page.rs", "fn f() { hex_color!(\"#fff\"); }");
    finds(|files| chinese(files, &[]), "src/ui/page.rs", "fn f(ui: &mut Ui) { ui.label(\"修改密码\"); }");
    finds(|files| chinese(files, &[("src/x.rs", "")]), "src/x.rs", "// 修改密码");
    finds(unnamed_threads, "src/app/work.rs", "fn f() { std::thread::spawn(|| ()); }");
    finds(unsafe_code, "src/check/chain/drivers.rs", "fn f() { unsafe { g() } }");
    finds(unsafe_code, "crates/token/src/lib.rs", "#![allow(unsafe_code)]");
}

#[test]
fn the_rules_leave_alone_what_is_allowed() {
    let passes = |rule: fn(&[Source]) -> Vec<String>, path: &str, text: &str| {
        holds(&rule(&[Source::parse(path, text)]));
    };
    passes(calls, "src/ui/page.rs", "use crate::{app::{Model, Command}, desktop::Place};");
    passes(calls, "src/ui/page.rs", "#[cfg(test)]\nmod tests { use crate::practice::KeySet; }");
    passes(calls, "src/check/chain/mod.rs", "use super::Probe;");
    passes(libraries, "src/ui/page.rs", "use egui::Ui;");
    passes(colours, "src/ui/theme.rs", "const RED: Color32 = Color32::from_rgb(255, 0, 0);");
    passes(colours, "src/ui/page.rs", "const NONE: Color32 = Color32::TRANSPARENT;");
    passes(|files| chinese(files, &[]), "src/ui/page.rs", "/// 修改密码\nfn f() { g(\"text\") } // 密码");
    passes(statements_in_pages, "crates/ca-service/src/lists/orders.rs", "fn f() { sqlx::query(\"SELECT 1\"); }");
    passes(statements_in_pages, "crates/ca-service/src/console/orders.rs", "fn f() -> Result<(), sqlx::Error> { g() }");
    passes(unsafe_code, UNSAFE_ALLOWED, "#![allow(unsafe_code)]\nfn f() { unsafe { g() } }");
    passes(unnamed_threads, "src/app/work.rs", "fn f() { std::thread::Builder::new().name(n).spawn(|| ()); }");
}
