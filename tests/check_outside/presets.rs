//! What the administrator set, met by the real program in a system of its own below `/etc`.

use crate::storage::{mount, with_own_mounts};
use crate::world::{World, complete, details};
use base::fault::{Fault, FaultCode};
use cert_assistant::check::{Preset, ProbeId, Verdict};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const FOLDER: &str = "/etc/cert-assistant";

#[test]
fn what_is_in_use_is_named_and_what_is_wrong_is_a_notice_with_whom_to_ask() {
    let file = Path::new("/etc/cert-assistant/settings.json");
    let mut world = World::new();
    world.scene.presets = vec![
        Preset { path: file.to_owned(), what: vec!["language".to_owned(), "locked".to_owned()] },
        Preset { path: file.with_file_name("roots"), what: Vec::new() },
    ];
    let line = world.line(ProbeId::Program);
    assert_eq!(line.verdict, Verdict::Ok);
    let words: Vec<String> = line.details.iter().map(|detail| detail.words(true, false)).collect();
    assert!(
        words.contains(&"由管理员设定：/etc/cert-assistant/settings.json（language, locked）".to_owned()),
        "{words:?}"
    );
    assert!(words.contains(&"由管理员设定：/etc/cert-assistant/roots".to_owned()), "{words:?}");

    let mut world = World::new();
    world.scene.preset_faults = vec![
        Fault::new(FaultCode::PresetsNotUsable).detail("/etc/cert-assistant/settings.json: theme"),
        Fault::new(FaultCode::PresetsOpen).detail("/etc/cert-assistant/roots"),
    ];
    let line = world.line(ProbeId::Program);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "program.presets_wrong"));
    let keys = details(&line);
    assert!(keys.contains(&"program.preset_wrong") && keys.contains(&"program.preset_open"), "{keys:?}");
    for chinese in [true, false] {
        complete(&line, chinese);
        assert!(line.remedy[0].words(chinese, false).contains(if chinese { "管理员" } else { "administrator" }));
    }
}

/// The program on the command line, for a person who chose Chinese and has a home of their own.
fn program(home: &Path, arguments: &[&str]) -> Output {
    let config = home.join("config/cert-assistant");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("settings.json"), r#"{"version": 2, "language": "zh-CN"}"#).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cert-assistant"));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).env("XDG_DATA_HOME", home.join("data"));
    command.env("PCSCLITE_CSOCK_NAME", home.join("no-service")).args(arguments).output().unwrap()
}

fn put(name: &str, text: &str) {
    let path = Path::new(FOLDER).join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

/// What the program says about the service that does not run, and about itself.
fn said() -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let list = program(home.path(), &["list"]);
    assert_eq!(list.status.code(), Some(4), "{list:?}");
    let check = program(home.path(), &["check", "--json"]);
    let all: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap_or_else(|_| panic!("{check:?}"));
    let lines = all["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["probe"] == "program").unwrap_or_else(|| panic!("{all}"));
    (String::from_utf8(list.stderr).unwrap(), line.to_string())
}

#[test]
fn the_command_line_holds_to_what_is_locked_passes_over_what_is_damaged_and_believes_no_folder_open_to_others() {
    if !with_own_mounts(
        "presets::the_command_line_holds_to_what_is_locked_passes_over_what_is_damaged_and_believes_no_folder_open_to_others",
    ) {
        return;
    }
    mount(Path::new("/etc"), "mode=0755");
    let chinese = |text: &str| text.contains("智能卡服务");
    let (service, line) = said();
    assert!(chinese(&service) && !line.contains("FIL-40"), "{service} {line}");

    fs::create_dir(FOLDER).unwrap();
    let folder = |mode| fs::set_permissions(FOLDER, fs::Permissions::from_mode(mode)).unwrap();
    folder(0o755);
    put("settings.json", r#"{"language": "en", "locked": ["language"]}"#);
    let (service, line) = said();
    assert!(!chinese(&service), "{service}");
    assert!(line.contains("/etc/cert-assistant/settings.json (language, locked)"), "{line}");

    put("settings.json", r#"{"language": "en"}"#);
    assert!(chinese(&said().0), "only a lock stands over what the person chose");

    folder(0o777);
    put("settings.json", r#"{"language": "en", "locked": ["language"]}"#);
    let (service, line) = said();
    assert!(chinese(&service) && line.contains("FIL-407") && line.contains(FOLDER), "{line}");
    folder(0o755);

    put("settings.json", r#"{"language": "en", "locked": ["#);
    let (service, line) = said();
    assert!(chinese(&service) && line.contains("FIL-406") && line.contains("settings.json"), "{line}");
    assert_eq!(fs::read_dir(FOLDER).unwrap().count(), 1, "nothing is set aside there");
    put("settings.json", r#"{"language": "en", "locked": ["#);
    let before = fs::read(Path::new(FOLDER).join("settings.json")).unwrap();
    assert_eq!(before, br#"{"language": "en", "locked": ["#);
}
