//! The program as a screen reader finds it, over the accessibility bus of a desktop of its own: every page can be opened
//! through the bus, and everything that can be operated has a name.
#![cfg(target_os = "linux")]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use testkit::xvfb::Display;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cert-assistant");

/// Runs one of the scripts beside this file on a desktop of its own, with the person's files in a folder.
fn on_a_desktop(folder: &Path, script: &str, arguments: &[&Path]) -> Output {
    let display = Display::start();
    // the interpreter of the system: the bindings of the bus are installed for it
    Command::new("dbus-run-session")
        .args(["--", "/usr/bin/python3", "-W", "ignore", "-B"])
        .arg(Path::new("tests/accessibility").join(script))
        .args(arguments)
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .env("XDG_CACHE_HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .output()
        .unwrap()
}

/// What the bus says of the program with practice keys in a language: `walk.py` tells the form.
fn walk(folder: &Path, language: &str, button: &str) -> Value {
    let config = folder.join("cert-assistant");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("settings.json"), format!(r#"{{"language": "{language}"}}"#)).unwrap();
    let found = folder.join("found.json");
    let call = [&found, Path::new(button), Path::new(PROGRAM), Path::new("--practice")];
    let output = on_a_desktop(folder, "walk.py", &call);
    let text = std::fs::read_to_string(found).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_str(&text).unwrap()
}

/// Nodes a person can do something with. A scroll bar is part of what it scrolls and has no name of its own.
fn controls(nodes: &Value) -> impl Iterator<Item = &Value> {
    let operable = |node: &&Value| node["focusable"] == true || !node["actions"].as_array().unwrap().is_empty();
    nodes.as_array().unwrap().iter().filter(operable).filter(|node| node["role"] != "scroll bar")
}

fn names<'a>(nodes: &'a Value, role: &str) -> Vec<&'a str> {
    controls(nodes).filter(|node| node["role"] == role).map(|node| node["name"].as_str().unwrap()).collect()
}

fn everything_is_named(found: &Value) {
    let pages = found["pages"].as_object().unwrap().iter().map(|(name, nodes)| (name.as_str(), nodes));
    for (page, nodes) in pages.chain([("dialog", &found["dialog"])]) {
        for node in controls(nodes) {
            assert!(!node["name"].as_str().unwrap().trim().is_empty(), "{page}: {node} has no name");
        }
    }
}

#[test]
fn a_screen_reader_opens_every_page_and_finds_everything_named_in_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let found = walk(folder.path(), "zh-CN", "修改密码");
    everything_is_named(&found);
    let tabs = names(&found["pages"][""], "page tab");
    assert_eq!(tabs, ["环境检测", "订单", "综合服务", "设置", "关于"]);
    let keys = names(&found["pages"][""], "list item");
    assert!(keys.iter().any(|key| key.contains("北京演示科技有限公司")), "{keys:?}");
    // each page shows something of its own
    let texts = |nodes: &Value| {
        let names = nodes.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned());
        names.collect::<BTreeSet<String>>()
    };
    for tab in tabs {
        let own: Vec<_> = texts(&found["pages"][tab]).difference(&texts(&found["pages"][""])).cloned().collect();
        assert!(own.len() >= 2, "{tab}: {own:?}");
    }
    assert_eq!(names(&found["dialog"], "password text"), ["当前密码", "新密码", "再次输入新密码"]);
}

#[test]
fn it_finds_everything_named_in_english() {
    let folder = tempfile::tempdir().unwrap();
    let found = walk(folder.path(), "en", "Change PIN");
    everything_is_named(&found);
    for nodes in found["pages"].as_object().unwrap().values() {
        // keys are named by their owners, languages by themselves
        for name in ["push button", "page tab", "check box"].into_iter().flat_map(|role| names(nodes, role)) {
            assert!(!name.contains(|c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c)), "{name} in an English window");
        }
    }
}

#[test]
fn the_new_version_opens_its_window_in_place_of_the_old_one_at_a_press() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (installed, new, note) = (path("cert-assistant-installed"), path("new"), path("note"));
    std::fs::copy(PROGRAM, &installed).unwrap();
    // the next version writes down how it was called, and is the program itself
    let text = format!("#!/bin/sh\necho \"$*\" > '{}'\nexec '{PROGRAM}' \"$@\"\n", note.display());
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = on_a_desktop(folder.path(), "restart.py", &[&installed, &new, Path::new(PROGRAM)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(note).unwrap(), "--practice\n");
}
