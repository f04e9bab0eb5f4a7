//! 关于, 检查更新 in every stage, and the licences.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use crate::stages::{bench, download, fault, reach};
use cert_assistant::app::update::{Release, ReleaseFile};
use cert_assistant::app::{Command, Event, UpdateStage};
use std::path::Path;

/// A version of tomorrow.
pub fn release() -> Box<Release> {
    Box::new(Release {
        version: "0.2.0".to_owned(),
        date: "2026-12-01".to_owned(),
        notes_zh: "支持信创系统。\n修复了几个问题。".to_owned(),
        notes_en: "Runs on more systems.\nA few faults are mended.".to_owned(),
        file: Some(ReleaseFile {
            url: "https://update.example.cn/cert-assistant_0.2.0_amd64.deb".to_owned(),
            name: "cert-assistant_0.2.0_amd64.deb".to_owned(),
            size: 12_345_678,
            sha256: "00".repeat(32),
        }),
    })
}

fn about() -> Screen {
    let mut screen = Screen::of(&Bench::empty());
    screen.click("关于");
    screen
}

fn stage(screen: &mut Screen, stage: UpdateStage) {
    screen.happens(Event::Update(stage));
}

/// Presses the one of both 检查更新 that stands on the page.
fn ask(screen: &mut Screen) {
    let buttons = screen.buttons().into_iter().filter(|name| name == "检查更新").count();
    assert_eq!(buttons, 1);
    screen.controls("检查更新")[0].click();
    screen.settle();
}

#[test]
fn it_counts_the_roots_and_names_what_is_not_used() {
    let mut screen = about();
    assert_eq!(screen.field("受信任的根证书"), "1 张");
    drop(screen);
    let roots = tempfile::tempdir().unwrap();
    std::fs::write(roots.path().join("other.pem"), "notes").unwrap();
    let bench = Bench::empty();
    screen = Plan::new(&bench).roots(roots.path()).open();
    screen.click("关于");
    screen.wait_for("1 张");
    screen.shows(&["other.pem：不是证书"]);
}

#[test]
fn it_tells_version_licence_folders_and_independence() {
    let mut screen = about();
    assert_eq!(screen.field("版本"), env!("CARGO_PKG_VERSION"));
    assert_eq!(screen.field("许可证"), "Apache License 2.0");
    screen.shows(&["本程序独立开发，不是任何发证机构（CA）的产品"]);
    for (name, folder) in [
        ("设置", "/home/user/.config/cert-assistant"),
        ("数据和日志", "/home/user/.local/share/cert-assistant"),
        ("缓存", "/home/user/.cache/cert-assistant"),
    ] {
        screen.shows(&[folder]);
        screen.click(&format!("打开文件夹 {name}"));
        assert!(matches!(&screen.asked()[..], [Command::OpenFolder(path)] if path == Path::new(folder)));
        screen.click(&format!("复制 {name}"));
        assert_eq!(screen.copied.last().unwrap(), folder);
    }
}

#[test]
fn an_update_is_asked_for_shown_downloaded_and_installed_only_at_a_press() {
    let mut screen = about();
    ask(&mut screen);
    assert!(matches!(screen.asked()[..], [Command::CheckUpdate]));
    // the one on the page and the one in the status bar
    assert_eq!(screen.controls("正在检查更新…").len(), 2);
    stage(&mut screen, UpdateStage::UpToDate);
    screen.shows(&["已是最新版本"]);
    stage(&mut screen, UpdateStage::Newer(release()));
    screen.shows(&["有新版本 0.2.0", "发布于 2026-12-01 · 12.3 MB", "支持信创系统。"]);
    screen.hides(&["Runs on more systems."]);
    screen.click("下载");
    assert!(matches!(&screen.asked()[..], [Command::DownloadUpdate(wanted)] if *wanted == release()));
    stage(&mut screen, UpdateStage::Downloading { release: release(), bytes: 3_086_419 });
    screen.shows(&["正在下载 3.0 MB / 12.3 MB"]);
    assert_eq!(screen.progress("下载进度"), 25.0);
    screen.click("取消");
    assert!(matches!(screen.asked()[..], [Command::CancelDownload]));
    let file = Path::new("/home/user/Downloads/cert-assistant_0.2.0_amd64.deb").to_owned();
    stage(&mut screen, UpdateStage::Downloaded { release: release(), file: file.clone(), opened: false });
    screen.shows(&["新版本 0.2.0 已下载，校验无误", file.to_str().unwrap(), "系统会打开安装程序"]);
    assert_eq!(screen.asked().len(), 0, "nothing by itself");
    screen.press_button("打开文件夹");
    assert!(matches!(&screen.asked()[..], [Command::OpenFolder(path)] if *path == file));
    screen.click("安装");
    let asked = screen.asked();
    assert!(matches!(&asked[..], [Command::InstallUpdate { file: path, .. }] if *path == file));
    stage(&mut screen, UpdateStage::Downloaded { release: release(), file, opened: true });
    screen.shows(&["安装程序已打开", "双击上面的文件"]);
    assert_eq!(screen.obstacle("安装"), None, "the installer may have been closed");
}

#[test]
fn a_failed_update_says_what_was_kept_and_can_be_asked_for_again() {
    let mut screen = about();
    let fault = fault();
    let sentences = fault.sentences(true);
    let code = fault.code.as_str();
    stage(&mut screen, UpdateStage::Failed(fault));
    screen.shows(&[&sentences.what, &sentences.kept, &sentences.todo, code]);
    ask(&mut screen);
    screen.hides(&[code]);
}

#[test]
fn without_a_feed_or_a_file_it_says_so() {
    let mut screen = about();
    stage(&mut screen, UpdateStage::NoFeed);
    screen.shows(&["没有设置更新源"]);
    screen.click("去设置");
    screen.shows(&["高级：更新源"]);
    screen.click("关于");
    stage(&mut screen, UpdateStage::Newer(Box::new(Release { file: None, ..*release() })));
    screen.shows(&["有新版本 0.2.0", "没有适用于本机系统的安装包"]);
    assert!(screen.controls("下载").is_empty());
}

#[test]
fn an_empty_or_overfull_download_has_a_sound_bar() {
    let mut screen = about();
    for (bytes, size, share) in [(0, 0, 0.0), (5, 0, 0.0), (10, 5, 100.0)] {
        let mut odd = release();
        odd.file.as_mut().unwrap().size = size;
        stage(&mut screen, UpdateStage::Downloading { release: odd, bytes });
        assert_eq!(screen.progress("下载进度"), share, "{bytes} of {size}");
    }
}

#[test]
fn nothing_is_downloaded_while_a_key_is_being_written() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    screen.click("证书更新");
    reach(&mut screen, 1, download(None, false));
    screen.enter(crate::bench::PIN);
    screen.press(eframe::egui::Key::Enter);
    screen.click("关于");
    stage(&mut screen, UpdateStage::Newer(release()));
    assert_eq!(screen.obstacle("下载").unwrap(), "正在写入 UKey，完成后才能下载");
}

/// Libraries that only builds and tests need.
const OF_TESTS: [&str; 5] = ["clap_complete", "clap_mangen", "egui_kittest", "fantoccini", "winresource"];

#[test]
fn the_licences_are_those_of_the_libraries_in_use() {
    let lock = include_str!("../../Cargo.lock");
    let listed: Vec<&str> = include_str!("../../assets/licences.txt").lines().collect();
    assert!(listed.len() > 100);
    for line in &listed {
        let (library, licence) = line.split_once(" — ").unwrap();
        let (name, version) = library.split_once(' ').unwrap();
        assert!(!licence.trim().is_empty(), "{line}");
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert!(lock.contains(&locked), "{library} is not in use: run scripts/licences.sh");
    }
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let all = manifest["workspace"]["dependencies"].as_table().unwrap();
    let (own, others): (Vec<_>, Vec<_>) = all.iter().partition(|(_, from)| from.get("path").is_some());
    assert!(!own.is_empty() && others.len() > 30);
    for (name, _) in others {
        if OF_TESTS.contains(&name.as_str()) {
            continue;
        }
        let begins = format!("{name} ");
        assert!(listed.iter().any(|line| line.starts_with(&begins)), "{name} is missing: run scripts/licences.sh");
    }
    let mut screen = about();
    screen.click("第三方组件许可证");
    screen.shows(&[&format!("{} 个组件", listed.len()), listed[0]]);
    // only what is in sight is laid out
    screen.hides(&[listed[listed.len() - 1]]);
    screen.click("返回");
    screen.shows(&["本程序独立开发"]);
}
