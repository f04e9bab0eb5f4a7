//! The crates: what the desktop program is made of, and whose lines its log keeps.

use crate::source::top;
use cert_assistant::desktop::log::OURS;
use std::collections::BTreeSet;
use std::process::Command;

/// Names of the libraries a package is made of, by `cargo tree`.
fn libraries(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--target", "all", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .current_dir(top())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// What only those need who run a CA.
const OF_THE_OPERATORS: [&str; 5] = ["argon2", "askama", "lettre", "sqlx-postgres", "utoipa"];

#[test]
fn the_desktop_program_is_made_without_what_only_operators_need() {
    let desktop = libraries("cert-assistant");
    for library in OF_THE_OPERATORS {
        assert!(!desktop.contains(library), "{library}");
    }
    assert!(desktop.contains("ca-service") && desktop.contains("sqlx-sqlite"), "practice has the core of the service");
    let service = libraries("ca-service");
    for library in OF_THE_OPERATORS {
        assert!(service.contains(library), "{library} is not used any more: take it from the list");
    }
}

#[test]
fn the_log_keeps_the_lines_of_every_crate() {
    let crates = std::fs::read_dir(top().join("crates")).unwrap();
    let names = crates.map(|entry| entry.unwrap().file_name().into_string().unwrap().replace('-', "_"));
    let mut names: BTreeSet<String> = names.filter(|name| name != "testkit").collect();
    names.insert("cert_assistant".to_owned());
    assert_eq!(names, OURS.map(str::to_owned).into(), "desktop::log::OURS");
}
