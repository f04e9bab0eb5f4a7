//! Every page and dialog by keyboard and screen reader: each control has a name (looked for after every frame by the
//! screen itself), and Tab comes to each of them.

use crate::about::release;
use crate::bench::{Bench, PIN, spec};
use crate::checks::{mixed, run};
use crate::log;
use crate::screen::{Plan, Screen};
use crate::stages::{
    bench, download, ended, form, identify, line, paying, payment, portal, reach, reviewing, verifying,
};
use cert_assistant::app::desktop::crash::Crash;
use cert_assistant::app::{Event, LineState, UpdateStage};
use eframe::egui::Key;
use order_api::OrderState;
use virtual_key::State;

#[track_caller]
fn all_reached(screen: &mut Screen, what: &str) {
    let missed = screen.unreached_by_tab();
    assert!(missed.is_empty(), "{what}: Tab never comes to {missed:?}");
}

#[test]
fn tab_comes_to_every_control_of_the_pages() {
    let (bench, _) = Bench::with(State::Expiring);
    let mut screen = Screen::of(&bench);
    all_reached(&mut screen, "the card");
    screen.click("更多证书信息");
    all_reached(&mut screen, "details");
    screen.click("环境检测");
    all_reached(&mut screen, "check running");
    run(&mut screen, &mixed(true));
    screen.click("详情 UKey");
    screen.click("如何处理 系统时间");
    all_reached(&mut screen, "check");
    screen.click("综合服务");
    all_reached(&mut screen, "services unknown");
    screen.click("设置");
    screen.happens(Event::Autostart(Ok(Some(true))));
    screen.happens(Event::DesktopIcon(Ok(Some(true))));
    screen.happens(Event::Tray(true));
    screen.click("自己选择");
    screen.click("指定代理");
    screen.click("高级：更新源");
    screen.click("记录详细日志");
    all_reached(&mut screen, "settings");
    screen.click("关于");
    let file = "/home/user/Downloads/new.deb".into();
    for stage in [
        UpdateStage::Unasked,
        UpdateStage::Asking,
        UpdateStage::UpToDate,
        UpdateStage::NoFeed,
        UpdateStage::Newer(release()),
        UpdateStage::Downloading { release: release(), bytes: 1 },
        UpdateStage::Downloaded { release: release(), file, opened: false },
    ] {
        let what = format!("about {stage:?}");
        screen.happens(Event::Update(stage));
        all_reached(&mut screen, &what);
    }
    screen.click("第三方组件许可证");
    all_reached(&mut screen, "licences");
    screen.click("关于");
    screen.click("查看日志");
    screen.happens(Event::Log(log::some()));
    all_reached(&mut screen, "log");
    screen.click("订单");
    let orders = [LineState::Ready, LineState::Rejected].map(|state| line(&screen, 1, state));
    let [first, second] = orders;
    let second = cert_assistant::app::OrderLine { id: "other".to_owned(), no: "2".to_owned(), ..second };
    screen.happens(Event::Orders(vec![first, second]));
    all_reached(&mut screen, "orders");
}

#[test]
fn tab_comes_to_every_service_and_key() {
    let bench = Bench::empty();
    let mut screen = Screen::of(&bench);
    all_reached(&mut screen, "no key");
    screen.click("综合服务");
    all_reached(&mut screen, "services of all");
    for n in 0..4 {
        bench.insert(&spec(&format!("第{n}公司"), &format!("{n}")));
    }
    bench.insert_foreign();
    screen.wait_until("all are read", |screen| screen.keys().len() == 5 && !screen.sees("正在读取"));
    screen.click_row(4);
    all_reached(&mut screen, "an unknown card");
}

#[test]
fn tab_comes_to_every_control_of_the_dialogs() {
    let (bench, _) = Bench::with(State::TwoContainers);
    let crash = Crash { file: "/data/crash-1.txt".into(), text: "panicked".to_owned() };
    let mut screen = Screen::read(Plan::new(&bench).crash(crash), &bench);
    // below a dialog nothing is reached; it is enough that all of the dialog is
    let in_dialog = |screen: &mut Screen, what: &str, below: &[String]| {
        let missed: Vec<_> = screen.unreached_by_tab().into_iter().filter(|name| !below.contains(name)).collect();
        assert!(missed.is_empty(), "{what}: Tab never comes to {missed:?}");
    };
    screen.click("查看报告");
    screen.press(Key::Escape);
    let page = |screen: &Screen| screen.names();
    let card = page(&screen);
    screen.click("修改密码");
    in_dialog(&mut screen, "change PIN", &card);
    screen.press(Key::Escape);
    screen.click("更多证书信息");
    let card = page(&screen);
    screen.click("导出证书");
    in_dialog(&mut screen, "export", &card);
    screen.press(Key::Escape);
    let remove = screen.buttons().into_iter().find(|name| name.starts_with("移除历史证书")).unwrap();
    screen.press_button(&remove);
    in_dialog(&mut screen, "remove", &card);
    screen.press(Key::Escape);
    screen.click("环境检测");
    run(&mut screen, &mixed(true));
    let list = page(&screen);
    screen.click("导出报告");
    in_dialog(&mut screen, "report", &list);
    screen.press(Key::Escape);
    screen.click("修复 设备权限");
    in_dialog(&mut screen, "repair", &list);
    screen.press(Key::Escape);
    drop(screen);
    let crash = Crash { file: "/data/crash-1.txt".into(), text: "panicked".to_owned() };
    let mut screen = Plan::new(&bench).open();
    screen.settle();
    let below = page(&screen);
    drop(screen);
    let mut screen = Plan::new(&bench).crash(crash).open();
    screen.click("查看报告");
    let mut below = below;
    below.extend(screen.keys());
    in_dialog(&mut screen, "crash", &below);
}

#[test]
fn tab_comes_to_every_control_of_the_renewal() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    screen.click("证书更新");
    let stages = [
        identify(),
        form(),
        reviewing(),
        verifying(Some(*crate::bench::NOW - 18)),
        paying(None),
        paying(Some(payment())),
        ended(OrderState::Rejected, None),
        download(None, false),
        portal("https://portal.example.cn/renew"),
    ];
    for (number, stage) in stages.into_iter().enumerate() {
        reach(&mut screen, 1, stage);
        all_reached(&mut screen, &format!("stage {number}"));
    }
    reach(&mut screen, 1, download(None, false));
    screen.enter(PIN);
    screen.press(Key::Enter);
    all_reached(&mut screen, "writing");
}
