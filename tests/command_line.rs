//! The command line as a script meets it: the built program with practice keys, its output and its exit codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failing unwrap is a failing test

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const VALID: &str = "10200000016873";
const LOCKED: &str = "10200000035526";

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cert-assistant"));
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME").args(["--lang", "en"]);
    command
}

fn practise(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    program(home.path()).arg("--practice").args(arguments).output().unwrap()
}

fn change_pin(serial: &str, lines: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut child = program(home.path())
        .args(["--practice", "change-pin", serial, "--pin-fd", "0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn list_names_every_key_with_its_state() {
    let output = practise(&["list", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    let states: Vec<&str> = keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["valid", "expiring", "locked", "damaged"]);
    assert_eq!(keys[0]["card_number"], VALID);
    assert_eq!(keys[0]["tries_left"], 10);
    assert_eq!(keys[2]["tries_left"], 0);

    let plain = practise(&["list"]);
    let lines: Vec<&str> = text(&plain.stdout).lines().collect();
    assert_eq!(lines[0], "UKey serial\tCard number\tOwner\tValid until\tState");
    assert!(lines[1].contains(VALID) && lines[1].ends_with("Valid · 300 days left"), "{}", lines[1]);
    let columns = |line: &str| line.split('\t').count();
    assert!(lines.len() == 5 && lines.iter().all(|line| columns(line) == 5), "{lines:?}");
}

#[test]
fn show_finds_a_key_by_card_number_and_by_its_own_serial_number() {
    let by_card = practise(&["show", VALID, "--json"]);
    let shown: Value = serde_json::from_slice(&by_card.stdout).unwrap();
    assert_eq!(shown["medium"], "UKEY-Mini(LM3KM3)");
    assert!(shown["sign"]["serial"].as_str().unwrap().starts_with("1A10"));
    assert_ne!(shown["sign"]["serial"], shown["encrypt"]["serial"]);
    let missing = practise(&["show", "no-such-key"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(!missing.stderr.is_empty());
}

#[test]
fn a_changed_pin_ends_with_zero_and_each_refusal_with_its_own_code() {
    let cases = [
        (VALID, "123456\nk7m2x9\n", 0, "PIN changed"),
        (VALID, "654321\nk7m2x9\n", 5, "9 tries left"),
        (LOCKED, "123456\nk7m2x9\n", 6, "locked"),
        (VALID, "123456\nk7m2\n", 7, "6 to 15"),
        (VALID, "123456\nk7m2x9k7m2x9k7m2\n", 7, "6 to 15"),
        (VALID, "123456\n密码密码1a\n", 7, "letters"),
        (VALID, "12345678901234567\nk7m2x9\n", 7, "length"),
        ("no-such-key", "123456\nk7m2x9\n", 3, "no key"),
        (VALID, "123456", 1, "two lines"),
    ];
    for (serial, lines, code, said) in cases {
        let output = change_pin(serial, lines);
        assert_eq!(output.status.code(), Some(code), "{lines:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{lines:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_current_pin_that_was_not_typed_right_never_reaches_the_key() {
    let odd = [
        "123456\r\r",
        "\t123456",
        "123456\t",
        "123\t456",
        "123456\0",
        "\u{1B}[D123456",
        "123456\u{7F}",
        "\u{FEFF}123456",
        "123456\u{200B}",
        "123\u{2060}456",
        "\u{202A}123456",
        "１２３４５６",
        "123456。",
        " 123456",
        "123456 ",
        "\u{3000}123456",
        "123456\u{A0}",
        "12345б",
        "密码123456",
        "12345",
        "1",
        "",
        "12345678901234567",
    ];
    for current in odd {
        let output = change_pin(VALID, &format!("{current}\nk7m2x9\n"));
        assert_eq!(output.status.code(), Some(7), "{current:?}: {}", text(&output.stderr));
        let said = text(&output.stderr);
        assert!(said.contains("no try was used") && !said.contains('{'), "{current:?}: {said}");
    }
}

#[test]
fn a_number_of_two_keys_names_none_of_them() {
    let home = tempfile::tempdir().unwrap();
    let both = "10200000010011";
    for task in [vec!["show", both], vec!["change-pin", both], vec!["export", both, "--out", "/dev/null"]] {
        let output = program(home.path()).arg("--practice=renewal").args(&task).output().unwrap();
        assert_eq!(output.status.code(), Some(12), "{task:?}");
        let said = text(&output.stderr);
        assert!(said.contains("0000000000000011") && said.contains("0000000000000012"), "{said}");
    }
    let one = program(home.path()).args(["--practice=renewal", "show", "0000000000000012"]).output().unwrap();
    assert_eq!(one.status.code(), Some(0));
}

#[test]
fn people_are_spoken_to_in_their_language_and_programs_in_one() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cert-assistant"));
        command.env("HOME", home.path()).env_remove("XDG_CONFIG_HOME").arg("--practice").args(arguments);
        command.output().unwrap()
    };
    let chinese = run(&["show", VALID, "--lang", "zh"]);
    assert!(text(&chinese.stdout).contains("状态: 有效"), "{}", text(&chinese.stdout));
    let english = run(&["show", VALID, "--lang", "en"]);
    assert!(text(&english.stdout).contains("State: Valid"), "{}", text(&english.stdout));
    let missing = run(&["show", "nothing", "--lang", "zh"]);
    assert!(text(&missing.stderr).contains("没有插入"), "{}", text(&missing.stderr));
    let json: Value = serde_json::from_slice(&run(&["show", VALID, "--json", "--lang", "zh"]).stdout).unwrap();
    assert_eq!(json["state"], "valid");
}

#[test]
fn an_export_overwrites_nothing_unasked_and_says_what_a_chain_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.p7b");
    std::fs::write(&file, "mine").unwrap();
    let arguments = ["export", VALID, "--format", "p7b", "--out", file.to_str().unwrap()];
    assert_eq!(practise(&arguments).status.code(), Some(14));
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let forced = practise(&[&arguments[..], &["--force"]].concat());
    assert_eq!(forced.status.code(), Some(0));
    let said = text(&forced.stderr);
    assert!(said.contains("3 certificates") && said.contains("Demo SM2 Root CA"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_export_overwrites_no_link_that_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("certificate.pem");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert_eq!(practise(&["export", VALID, "--out", link.to_str().unwrap()]).status.code(), Some(14));
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("nowhere"));
}

#[test]
fn a_pin_is_not_taken_as_an_argument() {
    let output = practise(&["change-pin", VALID, "123456", "k7m2x9"]);
    assert_eq!(output.status.code(), Some(2), "a wrong command line");
}

#[test]
fn without_the_reader_service_the_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output =
        program(home.path()).env("PCSCLITE_CSOCK_NAME", home.path().join("none")).arg("list").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("SVC-201"));
}

#[test]
fn exports_are_read_by_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (format, extra) in [("pem", None), ("der", Some("--encrypt"))] {
        let file = folder.path().join(format);
        let mut arguments = vec!["export", VALID, "--format", format, "--out", file.to_str().unwrap()];
        arguments.extend(extra);
        assert_eq!(practise(&arguments).status.code(), Some(0));
        let subject = openssl(&[
            "x509",
            "-inform",
            format,
            "-in",
            file.to_str().unwrap(),
            "-noout",
            "-subject",
            "-nameopt",
            "utf8",
        ]);
        assert!(subject.contains("北京演示科技有限公司"), "{subject}");
    }
    let chain = folder.path().join("p7b");
    practise(&["export", VALID, "--format", "p7b", "--out", chain.to_str().unwrap()]);
    let printed = openssl(&["pkcs7", "-inform", "der", "-in", chain.to_str().unwrap(), "-print_certs"]);
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 3, "certificate, operation CA, root");

    let nowhere = folder.path().join("missing/out.pem");
    assert_eq!(practise(&["export", VALID, "--out", nowhere.to_str().unwrap()]).status.code(), Some(9));
}
