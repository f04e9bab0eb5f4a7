//! What the administrator set: shown as such in 设置 and 关于, and not to be changed there.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use cert_assistant::app::desktop::system_folder::SystemFolder;
use cert_assistant::app::{Command, Event, Lock, Presets};
use egui_kittest::kittest::NodeT;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

/// Presets of a file with this text.
pub fn presets(text: &str) -> Arc<Presets> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let owner = fs::metadata(&file).unwrap().uid();
    let presets = Presets::read(Some(SystemFolder::owned_by(folder.path(), owner)));
    assert_eq!(presets.faults(), []);
    Arc::new(presets)
}

const KEY: &str = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                   bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";

/// Every field set and locked but the language, which pictures choose.
pub fn all_locked() -> Arc<Presets> {
    let locks: Vec<_> = Lock::ALL.into_iter().filter(|lock| *lock != Lock::Language).map(Lock::name).collect();
    let text = serde_json::json!({
        "theme": "system", "counter_mode": true, "stay_in_tray": true, "reminder_days": [30, 7], "ca": "spp",
        "proxy": { "given": "http://10.1.1.1:3128" },
        "update_feed": { "address": "https://update.example.cn/feed.json", "key": KEY },
        "locked": locks,
    });
    presets(&text.to_string())
}

fn settings(presets: Arc<Presets>, file: &Path, english: bool, test: impl FnOnce(&mut Screen)) {
    let bench = Bench::empty();
    let plan = Plan::new(&bench).presets(presets).english(english);
    let mut screen = if english { plan } else { plan.settings(file) }.open();
    screen.click(if english { "Settings" } else { "设置" });
    screen.happens(Event::Tray(true));
    test(&mut screen);
}

#[test]
fn what_is_locked_says_so_to_eyes_and_ears_and_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    settings(all_locked(), &file, false, |screen| {
        screen.click("高级：更新源");
        let chosen = ["跟随系统", "自己选择", "到期前 30 天", "到期前 7 天", "指定代理", "中国检察网（12309）"];
        let others = ["深色", "按发证机构的规定", "到期前 60 天", "使用系统代理", "与 UKey 一致"];
        let boxes = ["关闭窗口后留在托盘，以便按时提醒", "用管理口令解锁（仅供发证机构柜台）"];
        for (names, marked) in [(&chosen[..], true), (&others[..], false), (&boxes[..], true)] {
            for name in names {
                assert_eq!(screen.obstacle(name).as_deref(), Some("由管理员设定"), "{name}");
                assert_eq!(screen.is_checked(name), marked, "{name}");
                screen.control(name).click();
                screen.settle();
            }
        }
        for (field, value) in [
            ("代理地址", "http://10.1.1.1:3128"),
            ("更新源地址", "https://update.example.cn/feed.json"),
            ("SM2 公钥（十六进制，04 开头）", KEY),
        ] {
            assert_eq!(screen.obstacle(field).as_deref(), Some("由管理员设定"), "{field}");
            assert_eq!(screen.value(field), value);
        }
        assert_eq!(screen.asked().len(), 0);
        // what is free stays so
        assert_eq!(screen.obstacle("English"), None);
        screen.click("English");
        assert_eq!(screen.obstacle("Dark").as_deref(), Some("Set by the administrator"));
    });
    let stored: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(stored, serde_json::json!({"version": 2, "language": "en"}));
}

#[test]
fn a_default_of_the_administrator_is_shown_and_the_person_may_choose_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    settings(presets(r#"{"theme": "dark", "proxy": "none"}"#), &file, false, |screen| {
        assert!(screen.is_checked("深色") && screen.is_checked("不使用代理"));
        assert_eq!(screen.obstacle("浅色"), None);
        screen.hides(&["由管理员设定"]);
        assert!(!file.exists(), "nothing was chosen yet");
        screen.click("浅色");
    });
    let stored: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(stored, serde_json::json!({"version": 2, "theme": "light"}));
}

#[test]
fn where_updates_are_turned_off_every_place_says_by_whom() {
    for (english, ask, settings_page, about, told, advanced) in [
        (false, "检查更新", "设置", "关于", "检查更新已由管理员关闭", "高级：更新源"),
        (
            true,
            "Check for updates",
            "Settings",
            "About",
            "Checking for updates was turned off by the administrator",
            "Advanced: where updates come from",
        ),
    ] {
        let bench = Bench::empty();
        let mut screen = Plan::new(&bench).presets(presets(r#"{"updates": "off"}"#)).english(english).open();
        assert_eq!(screen.obstacle(ask).as_deref(), Some(told), "in the status bar");
        screen.control(ask).click();
        screen.settle();
        screen.click(settings_page);
        screen.shows(&[told]);
        screen.hides(&[advanced]);
        screen.click(about);
        screen.shows(&[told]);
        let controls = screen.controls(ask);
        assert_eq!(controls.len(), 2, "on the page and in the status bar");
        for control in controls {
            assert!(control.accesskit_node().is_disabled());
            assert_eq!(control.accesskit_node().data().description(), Some(told));
        }
        assert!(!screen.asked().iter().any(|one| matches!(one, Command::CheckUpdate)));
    }
}
