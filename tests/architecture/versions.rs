//! One place for the version: Cargo.toml. The changelog and the notes tell of it, and no other file has one of its own.

use crate::source::top;
use std::process::Command;

fn read(name: &str) -> String {
    std::fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Version and day of the entries of the changelog, newest first; what is not released yet has no day.
fn entries(changelog: &str) -> Vec<(&str, Option<&str>)> {
    let headings = changelog.lines().filter_map(|line| line.strip_prefix("## ["));
    headings
        .map(|heading| {
            let (version, rest) = heading.split_once(']').expect("a version in brackets");
            (version, rest.strip_prefix(" - "))
        })
        .collect()
}

#[test]
fn the_newest_release_of_the_changelog_is_the_version_of_the_program() {
    let changelog = read("CHANGELOG.md");
    let all = entries(&changelog);
    let released: Vec<_> = all.iter().skip_while(|(version, _)| *version == "Unreleased").collect();
    let (version, day) = released[0];
    assert_eq!(*version, env!("CARGO_PKG_VERSION"));
    for (version, day) in &released {
        let day = day.unwrap_or_else(|| panic!("{version} has no day"));
        let form = |pattern: &str| {
            day.len() == pattern.len()
                && day
                    .bytes()
                    .zip(pattern.bytes())
                    .all(|(is, must)| if must == b'0' { is.is_ascii_digit() } else { is == must })
        };
        assert!(form("0000-00-00"), "{version}: {day}");
    }
    assert!(day.is_some());
}

#[test]
fn the_notes_people_see_tell_of_this_version_in_both_languages() {
    let notes: toml::Table = read("installer/notes.toml").parse().unwrap();
    let of_this = &notes[env!("CARGO_PKG_VERSION")];
    for language in ["zh", "en"] {
        let text = of_this[language].as_str().unwrap().trim();
        assert!(!text.is_empty() && text.lines().count() <= 8, "{language}: a few sentences");
    }
}

/// Files that may name the version: it is theirs, or they are made and held equal by a test.
const MAY: &[&str] =
    &["Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", "CHANGELOG.md", "installer/notes.toml", "assets/licences.txt"];

/// Files that build, install or describe the program.
fn of_the_release(file: &str) -> bool {
    let made = file.starts_with("installer/linux/man/") || file.starts_with("installer/linux/completions/");
    let named = file.starts_with("installer/")
        || file.starts_with("scripts/")
        || file.starts_with("src/")
        || file.starts_with("crates/")
        || !file.contains('/');
    named && !made && !MAY.contains(&file)
}

fn names(text: &str, version: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '.');
    text.match_indices(version)
        .any(|(at, _)| !digit(text[..at].chars().next_back()) && !digit(text[at + version.len()..].chars().next()))
}

#[test]
fn no_other_file_has_a_version_of_its_own() {
    let listed = Command::new("git").args(["ls-files"]).current_dir(top()).output().unwrap();
    assert!(listed.status.success());
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> = listed.lines().filter(|file| of_the_release(file)).collect();
    assert!(files.contains(&"installer/release.sh") && files.contains(&"README.md"));
    let version = env!("CARGO_PKG_VERSION");
    let text = |file: &str| std::fs::read(top().join(file)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let wrong: Vec<_> = files.into_iter().filter(|file| text(file).is_some_and(|text| names(&text, version))).collect();
    assert_eq!(wrong, [""; 0], "take the version from Cargo.toml");
}

#[test]
fn the_search_for_versions_finds_them() {
    for found in ["v1.2.3", "\"1.2.3\"", "x_1.2.3_amd64", "1.2.3-beta"] {
        assert!(names(found, "1.2.3"), "{found}");
    }
    for other in ["11.2.3", "1.2.30", "1.2.3.4", "0.1.2.3", "1.2"] {
        assert!(!names(other, "1.2.3"), "{other}");
    }
    assert!(of_the_release("installer/windows/setup.nsi") && !of_the_release("Cargo.toml"));
    assert_eq!(
        entries("## [Unreleased]\n## [1.2.3] - 2026-11-21\n"),
        [("Unreleased", None), ("1.2.3", Some("2026-11-21"))]
    );
}
