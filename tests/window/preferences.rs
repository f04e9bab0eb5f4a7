//! 设置, group by group: each change holds at once and is stored; what can't be used is told and not stored.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use crate::stages::fault;
use cert_assistant::app::{Command, Event, ProxyChoice, Settings, SettingsFile, UpdateFeed};
use net::Proxy;
use std::path::Path;

const KEY: &str = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                   bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";

fn stored(path: &Path) -> Settings {
    let (settings, damaged) = SettingsFile::at(Some(path.to_owned())).load();
    assert!(!damaged);
    settings
}

/// The page over settings in a file.
fn page(path: &Path, test: impl FnOnce(&mut Screen)) {
    let bench = Bench::empty();
    let mut screen = Plan::new(&bench).settings(path).open();
    screen.click("设置");
    test(&mut screen);
}

fn with_file(test: impl FnOnce(&mut Screen, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    page(&file, |screen| test(screen, &file));
}

#[test]
fn the_start_with_the_desktop_is_asked_for_shown_and_set() {
    with_file(|screen, _| {
        assert!(screen.asked_aside().iter().any(|one| matches!(one, Command::Autostart(None))));
        assert_eq!(screen.obstacle("开机后自动启动").unwrap(), "正在查询…");
        screen.happens(Event::Autostart(Ok(Some(false))));
        assert!(!screen.is_checked("开机后自动启动"));
        screen.click("开机后自动启动");
        assert!(matches!(screen.asked()[..], [Command::Autostart(Some(true))]));
        screen.happens(Event::Autostart(Ok(Some(true))));
        assert!(screen.is_checked("开机后自动启动"));
        screen.click("开机后自动启动");
        assert!(matches!(screen.asked()[..], [Command::Autostart(Some(false))]));
        let fault = fault();
        screen.happens(Event::Autostart(Err(fault.clone())));
        screen.shows(&[&fault.sentences(true).what]);
        screen.happens(Event::Autostart(Ok(None)));
        assert_eq!(screen.obstacle("开机后自动启动").unwrap(), "当前系统不支持自动启动");
    });
}

#[test]
fn the_icon_on_the_desktop_is_offered_where_there_can_be_one() {
    with_file(|screen, _| {
        let name = "在桌面上显示图标";
        assert!(screen.asked_aside().iter().any(|one| matches!(one, Command::DesktopIcon(None))));
        screen.hides(&[name]);
        screen.happens(Event::DesktopIcon(Ok(Some(false))));
        assert!(!screen.is_checked(name));
        screen.click(name);
        assert!(matches!(screen.asked()[..], [Command::DesktopIcon(Some(true))]));
        screen.happens(Event::DesktopIcon(Ok(Some(true))));
        assert!(screen.is_checked(name));
        screen.click(name);
        assert!(matches!(screen.asked()[..], [Command::DesktopIcon(Some(false))]));
        let fault = fault();
        screen.happens(Event::DesktopIcon(Err(fault.clone())));
        screen.shows(&[&fault.sentences(true).what]);
        screen.happens(Event::DesktopIcon(Ok(None)));
        screen.hides(&[name]);
    });
}

#[test]
fn staying_in_the_tray_needs_a_tray() {
    with_file(|screen, file| {
        let name = "关闭窗口后留在托盘，以便按时提醒";
        assert_eq!(screen.obstacle(name).unwrap(), "当前桌面没有托盘");
        screen.happens(Event::Tray(true));
        assert!(screen.is_checked(name));
        screen.click(name);
        assert!(!screen.is_checked(name) && !stored(file).stay_in_tray);
    });
}

#[test]
fn reminders_come_as_the_issuer_says_or_on_chosen_days() {
    with_file(|screen, file| {
        assert!(screen.is_checked("按发证机构的规定"));
        screen.hides(&["到期前 30 天"]);
        screen.click("自己选择");
        assert_eq!(stored(file).reminder_days, Some(vec![60, 30, 15, 7, 3, 1]));
        screen.click("到期前 30 天");
        screen.click("到期前 1 天");
        assert_eq!(stored(file).reminder_days, Some(vec![60, 15, 7, 3]));
        screen.click("到期前 30 天");
        assert_eq!(stored(file).reminder_days, Some(vec![60, 30, 15, 7, 3]));
        for day in [60, 30, 15, 7, 3] {
            screen.click(&format!("到期前 {day} 天"));
        }
        screen.shows(&["没有选择日期，不会提醒。"]);
        screen.click("按发证机构的规定");
        assert_eq!(stored(file).reminder_days, None);
    });
}

#[test]
fn a_proxy_holds_at_once_and_a_wrong_one_is_told_and_not_stored() {
    with_file(|screen, file| {
        screen.click("不使用代理");
        assert!(matches!(screen.asked()[..], [Command::UseProxy(Proxy::None)]));
        assert_eq!(stored(file).proxy, ProxyChoice::None);
        screen.click("指定代理");
        screen.shows(&["请输入地址，例如 192.168.1.1:8080"]);
        for (typed, told) in [
            ("socks5://127.0.0.1:1080", "只支持 http 和 https 代理"),
            ("http://me:secret@proxy:80", "地址中不能有用户名和密码"),
            ("proxy:port", "应为“主机:端口”"),
        ] {
            screen.click("代理地址");
            screen.select_all();
            screen.enter(typed);
            screen.click("指定代理");
            assert_eq!(screen.description("代理地址").unwrap(), told);
            assert_eq!(stored(file).proxy, ProxyChoice::None, "{typed}");
        }
        assert_eq!(screen.asked().len(), 0);
        screen.click("代理地址");
        screen.select_all();
        screen.enter("192.168.1.1:8080");
        assert_eq!(stored(file).proxy, ProxyChoice::None, "half an address is none");
        screen.press(eframe::egui::Key::Enter);
        assert_eq!(stored(file).proxy, ProxyChoice::Given("http://192.168.1.1:8080".to_owned()));
        let asked = screen.asked();
        assert!(matches!(&asked[..], [Command::UseProxy(Proxy::Given(url))] if url == "http://192.168.1.1:8080"));
        screen.click("使用系统代理");
        assert!(matches!(screen.asked()[..], [Command::UseProxy(Proxy::System)]));
    });
}

#[test]
fn what_was_typed_and_not_used_is_gone_when_the_page_is_opened_again() {
    with_file(|screen, _| {
        screen.click("指定代理");
        screen.fill("代理地址", "nonsense here");
        screen.click_last("环境检测");
        screen.click("设置");
        assert!(screen.is_checked("使用系统代理"));
        assert!(screen.controls("代理地址").is_empty());
    });
}

#[test]
fn a_ca_can_be_chosen() {
    with_file(|screen, file| {
        assert!(screen.is_checked("与 UKey 一致"));
        screen.click("中国检察网（12309）");
        assert_eq!(stored(file).ca.as_deref(), Some("spp"));
        screen.click("与 UKey 一致");
        assert_eq!(stored(file).ca, None);
    });
}

#[test]
fn a_feed_is_stored_when_both_its_address_and_its_key_can_be_used() {
    with_file(|screen, file| {
        screen.hides(&["更新源地址"]);
        screen.click("高级：更新源");
        assert!(screen.is_expanded("高级：更新源"));
        let (address, key) = ("更新源地址", "SM2 公钥（十六进制，04 开头）");
        screen.fill(address, "http://update.example.cn/feed.json");
        assert_eq!(screen.description(address).unwrap(), "应为 https 地址");
        assert_eq!(screen.description(key).unwrap(), "请输入公钥");
        screen.select_all();
        screen.enter("https://update.example.cn/feed.json");
        screen.fill(key, &KEY[..128]);
        assert_eq!(screen.description(key).unwrap(), "不是 SM2 公钥");
        screen.click("高级：更新源");
        assert_eq!(stored(file).update_feed, None);
        screen.click("高级：更新源");
        screen.fill(address, "https://update.example.cn/feed.json");
        screen.fill(key, KEY);
        screen.press(eframe::egui::Key::Enter);
        let feed = UpdateFeed { address: "https://update.example.cn/feed.json".to_owned(), key: KEY.to_owned() };
        assert_eq!(stored(file).update_feed, Some(feed));
        for field in [address, key] {
            screen.click(field);
            screen.select_all();
            screen.press(eframe::egui::Key::Backspace);
        }
        screen.press(eframe::egui::Key::Enter);
        assert_eq!(stored(file).update_feed, None);
    });
}
