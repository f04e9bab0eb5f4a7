//! Second starts, a first that hangs, a crash and what comes after it.

use crate::program::{Session, names};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

#[test]
fn a_second_start_raises_the_first_with_its_wish_and_ends() {
    let session = Session::start();
    let first = session.open(&[]);
    session.wait_for("first-frame");
    session.window();
    let second = session.run(&["--open", "check"]);
    assert!(second.status.success(), "{second:?}");
    session.wait_for("summoned cert-assistant:check");
    let link = session.run(&["--open", "cert-assistant:renew?serial=AB12"]);
    assert!(link.status.success(), "{link:?}");
    session.wait_for("summoned cert-assistant:renew?serial=AB12");
    assert!(session.run(&["--open"]).status.success());
    session.wait_for("summoned cert-assistant:window");
    assert_eq!(session.windows().len(), 1);
    assert_eq!(session.run(&["--open", "cert-assistant:renew?pin=1"]).status.code(), Some(2), "a link that is none");
    drop(first);
    // the first was killed: its socket lies there, and the next is the first again
    let _third = session.open(&["--open", "check"]);
    session.wait_for("first-frame");
}

#[test]
fn a_damaged_settings_file_is_set_aside_and_the_window_says_so() {
    let session = Session::start();
    let file = session.path("config/cert-assistant/settings.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "{\"language\": \"en").unwrap();
    // who only looks at them leaves them to the window
    assert!(session.run(&["check", "--json"]).status.code().is_some());
    assert!(file.exists());
    let _program = session.open(&[]);
    session.wait_for("set-aside settings.json");
    session.wait_for("first-frame");
    assert!(!file.exists());
    assert_eq!(fs::read_to_string(file.with_extension("damaged")).unwrap(), "{\"language\": \"en");
}

#[test]
fn a_first_that_hangs_is_told_in_words_and_there_is_no_second_window() {
    let session = Session::start();
    let first = session.open(&[]);
    session.wait_for("first-frame");
    session.window();
    let signal =
        |name: &str| assert!(Command::new("kill").args([name, &first.0.id().to_string()]).status().unwrap().success());
    signal("-STOP");
    let second = session.run(&[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("没有响应"), "{second:?}");
    assert_eq!(session.windows().len(), 1);
    signal("-CONT");
    assert!(session.run(&[]).status.success());
}

#[test]
fn a_start_that_asks_to_quit_ends_the_window_and_waits_for_it() {
    let session = Session::start();
    assert!(session.run(&["--quit"]).status.success(), "none runs");
    let mut desk = session.open(&[]);
    session.wait_for("first-frame");
    let mut practice = session.open(&["--practice"]);
    session.wait_for("first-frame");
    let asked = session.run(&["--quit"]);
    assert!(asked.status.success(), "{asked:?}");
    // without a tray and with one, in practice or not: both are gone and nothing is left that a start would wait for
    assert!(desk.0.wait().unwrap().success());
    assert!(practice.0.wait().unwrap().success());
    assert!(session.run(&["--quit"]).status.success());
    let _next = session.open(&[]);
    session.wait_for("first-frame");
}

#[test]
fn a_window_that_does_not_end_is_told_and_left_alone() {
    let session = Session::start();
    let mut program = session.open(&[]);
    session.wait_for("first-frame");
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &program.0.id().to_string()]).status().unwrap().success());
    };
    signal("-STOP");
    let asked = session.run(&["--quit"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("没有退出"), "{asked:?}");
    signal("-CONT");
    assert!(session.run(&["--quit"]).status.success());
    assert!(program.0.wait().unwrap().success());
}

#[test]
fn only_the_argument_ends_the_program_and_no_link() {
    let session = Session::start();
    let _program = session.open(&[]);
    session.wait_for("first-frame");
    for link in ["quit", "cert-assistant:quit", "cert-assistant://quit/"] {
        assert_eq!(session.run(&["--open", link]).status.code(), Some(2), "{link}");
    }
    assert_eq!(session.run(&["--quit", "--open", "check"]).status.code(), Some(2), "one wish at a time");
    assert!(session.run(&["--open", "check"]).status.success());
    session.wait_for("summoned cert-assistant:check");
}

#[test]
fn a_window_that_fails_leaves_a_report_and_the_program_starts_again_once() {
    let session = Session::start();
    let failing = |again: &[&str]| {
        let mut command = session.program(again);
        command.env("CERT_ASSISTANT_CRASH", "window").stderr(Stdio::null());
        command
    };
    let mut first = crate::program::Process(failing(&[]).spawn().unwrap());
    assert!(!first.0.wait().unwrap().success());
    // the one that was started again is whole, and the first of the desktop
    session.wait_for("first-frame");
    assert!(session.run(&["--open", "check"]).status.success());
    session.wait_for("summoned cert-assistant:check");
    let crashes = session.path("data/cert-assistant/crashes");
    let reports = names(&crashes);
    assert_eq!(reports.len(), 1, "the end was told, one report stays: {reports:?}");
    let report = crashes.join(&reports[0]);
    assert_eq!(report.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(report).unwrap();
    assert!(text.contains("main: a test wants the window to fail") && text.contains("src/desktop/crash.rs"), "{text}");
    assert!(
        !text.contains(session.folder.path().to_str().unwrap()) && !text.contains(env!("CARGO_MANIFEST_DIR")),
        "{text}"
    );
    // ends the one that was started again, which is nobody's child
    let pid =
        session.tool("xdotool", &["search", "--sync", "--onlyvisible", "--class", "cert-assistant", "getwindowpid"]);
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
}

#[test]
fn a_program_that_fails_right_after_it_was_started_again_stays_ended() {
    let session = Session::start();
    let mut command = session.program(&["--after-crash"]);
    let ended = command.env("CERT_ASSISTANT_CRASH", "window").stderr(Stdio::null()).status().unwrap();
    assert!(!ended.success());
    assert_eq!(names(&session.path("data/cert-assistant/crashes")).len(), 2, "a report, and that it ended");
    assert_eq!(session.windows().len(), 0);
}

#[test]
fn a_worker_that_fails_costs_its_key_only() {
    let session = Session::start();
    let mut command = session.program(&["--practice"]);
    let _program =
        crate::program::Process(command.env("CERT_ASSISTANT_CRASH", "worker").stderr(Stdio::null()).spawn().unwrap());
    session.wait_for("first-frame");
    // the window lives
    assert!(session.run(&["--practice", "--open", "check"]).status.success());
    session.wait_for("summoned cert-assistant:check");
    let reports = names(&session.path("data/cert-assistant/crashes"));
    assert!(!reports.is_empty() && reports.iter().all(|name| name.starts_with("crash-")), "{reports:?}");
}

#[test]
fn the_log_is_a_file_of_the_day_for_its_owner_only_without_the_pin() {
    let session = Session::start();
    let program = env!("CARGO_BIN_EXE_cert-assistant");
    let list = session.command(program).args(["--practice", "list"]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    // by 密码卡序列号: the keys are made anew with every start, that one stays
    let card = list.lines().nth(1).unwrap().split('\t').nth(1).unwrap();
    let line = format!("printf '%s\\n' 123456 Geheim97 | {program} --practice change-pin {card} --pin-fd 0");
    let change = session.command("sh").args(["-c", &line]).env("CERT_ASSISTANT_LOG", "trace").output().unwrap();
    assert!(change.status.success(), "{change:?}");
    let logs = session.path("data/cert-assistant/logs");
    let all = names(&logs);
    // more than one when the day ends meanwhile
    assert!(!all.is_empty() && all.iter().all(|name| name.starts_with("cert-assistant-2")), "{all:?}");
    assert_eq!(logs.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let mut text = String::from_utf8(change.stderr).unwrap();
    assert!(text.contains("TRACE") && text.contains("ChangePIN"), "the whole exchange is logged: {text}");
    for file in all {
        assert_eq!(logs.join(&file).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        text += &fs::read_to_string(logs.join(&file)).unwrap();
    }
    assert!(text.contains("INFO cert_assistant started"), "{text}");
    let hex = |secret: &str| secret.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>();
    for secret in ["123456", "Geheim97"] {
        let forms = [secret.to_owned(), hex(secret).join(" "), hex(secret).concat()];
        assert!(forms.iter().all(|form| !text.contains(form)), "{secret}: {text}");
    }
}
