//! The check on the command line, with practice keys: what it prints and writes holds nothing of the person.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const USER: &str = "zhangsan7";

fn program(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cert-assistant"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .env("USER", USER)
        .output()
        .unwrap()
}

/// What belongs to the owners of the practice keys.
fn of_the_person(home: &Path) -> Vec<String> {
    let listed = program(home, &["--lang", "en", "--practice", "list", "--json"]);
    let keys: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let values = keys
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|key| ["serial", "owner", "card_number"].map(|name| key[name].as_str().map(str::to_owned)));
    let values: Vec<String> = values.flatten().filter(|value| !value.is_empty()).collect();
    assert!(values.len() > 6, "{keys}");
    values
}

#[test]
fn nothing_of_the_person_is_in_lines_page_or_json_unless_wanted() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("home").join(USER);
    std::fs::create_dir_all(home.join(".local/share/cert-assistant/orders")).unwrap();
    // something of the person that a line has to name
    std::fs::write(home.join(".local/share/cert-assistant/orders/ab12.json"), "{").unwrap();
    let secret = of_the_person(&home);
    let page = folder.path().join("report.html");
    let mut reports = Vec::new();
    for lang in ["zh", "en"] {
        let arguments = ["--lang", lang, "--practice", "check", "--html", page.to_str().unwrap()];
        let lines = program(&home, &arguments);
        assert_eq!(lines.status.code(), Some(11), "{}", String::from_utf8_lossy(&lines.stderr));
        reports.push(String::from_utf8(lines.stdout).unwrap());
        reports.push(std::fs::read_to_string(&page).unwrap());
        let json = program(&home, &["--lang", lang, "--practice", "check", "--json"]);
        let value: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(value["worst"], "problem");
        let lines = value["lines"].as_array().unwrap();
        assert!(lines.len() >= 9, "{value}");
        let ca = lines.iter().find(|line| line["probe"] == "ca").unwrap();
        assert_eq!(ca["verdict"], "ok", "the practice CA answers: {ca}");
        reports.push(String::from_utf8(json.stdout).unwrap());
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let mut never: Vec<String> = vec![USER.to_owned(), home.display().to_string(), "123456".to_owned()];
    never.extend((host.trim().len() > 3 && host.trim() != "localhost").then(|| host.trim().to_owned()));
    for report in &reports {
        for word in secret.iter().chain(&never) {
            assert!(!report.contains(word.as_str()), "{word} is in\n{report}");
        }
    }
    let wanted = program(&home, &["--lang", "en", "--practice", "check", "--private"]);
    let wanted = String::from_utf8(wanted.stdout).unwrap();
    assert!(wanted.contains("~/.local/share/cert-assistant/orders/ab12.json"), "{wanted}");
    for word in &never {
        assert!(!wanted.contains(word.as_str()), "{word} is never in a report");
    }
}

#[test]
fn a_page_that_can_not_be_written_is_told() {
    let home = TempDir::new().unwrap();
    let output = program(home.path(), &["--practice", "check", "--html", "/nowhere/report.html"]);
    assert_eq!(output.status.code(), Some(9));
    assert!(String::from_utf8_lossy(&output.stderr).contains("FIL-401"));
}
