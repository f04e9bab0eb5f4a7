//! 环境检测: the list, its details, repairs and the report.

use crate::bench::{Bench, spec};
use crate::checks::{good, mixed, run};
use crate::keyboard::tab_to;
use crate::screen::{Plan, Screen};
use cert_assistant::app::check::{Line, Page, ProbeId, Repair, Statement, Verdict};
use cert_assistant::app::{Command, Event, Fault, FaultCode, RenewalAsk, UnlockAsk};
use eframe::egui::Key;
use std::time::Duration;
use virtual_key::State;

/// The page with a finished check.
fn checked() -> Screen {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click("环境检测");
    screen.asked();
    run(&mut screen, &mixed(true));
    screen
}

fn checks(asked: &[Command]) -> usize {
    asked.iter().filter(|one| matches!(one, Command::CheckEnvironment)).count()
}

#[test]
fn the_check_runs_when_the_page_is_opened_and_not_again_while_it_runs() {
    let mut screen = Screen::of(&Bench::with(State::Valid).0);
    screen.click("环境检测");
    assert_eq!(checks(&screen.asked()), 1);
    assert_eq!(screen.obstacle("重新检测").unwrap(), "正在检测，请稍候");
    screen.click("订单");
    screen.click("环境检测");
    assert_eq!(checks(&screen.asked()), 0);
    run(&mut screen, &mixed(true));
    screen.click("重新检测");
    assert_eq!(checks(&screen.asked()), 1);
    run(&mut screen, &mixed(true));
    screen.click("订单");
    screen.click("环境检测");
    assert_eq!(checks(&screen.asked()), 1);
}

#[test]
fn the_buttons_of_other_pages_lead_here_and_the_check_begins() {
    let bench = Bench::empty();
    let mut screen = Screen::of(&bench);
    // one in the list, one on the page
    assert_eq!(screen.controls("环境检测").len(), 2);
    screen.click_last("环境检测");
    assert_eq!(checks(&screen.asked()), 1);
    screen.shows(&["检测中…"]);
}

#[test]
fn lines_fill_in_as_they_come_in_the_order_of_the_chain_and_nothing_repaints_meanwhile() {
    let mut screen = Screen::of(&Bench::with(State::Valid).0);
    screen.click("环境检测");
    let probes = [ProbeId::Usb, ProbeId::Service, ProbeId::Clock];
    screen.happens(Event::CheckBegan(probes.to_vec()));
    screen.shows(&["USB 设备", "智能卡服务", "系统时间", "正在检测… 已完成 0 / 3"]);
    screen.hides(&["打印机", "网络"]);
    screen.happens(Event::CheckLine(Box::new(good(ProbeId::Clock, "与 CA 服务一致。"))));
    screen.shows(&["与 CA 服务一致。", "正在检测… 已完成 1 / 3"]);
    assert!(screen.rests_for() > Duration::from_secs(60), "a check that runs keeps the window painting");
    screen.happens(Event::CheckLine(Box::new(good(ProbeId::Usb, "找到 1 个 UKey。"))));
    let text = screen.text();
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(at("找到 1 个 UKey。") < at("检测中…") && at("检测中…") < at("与 CA 服务一致。"), "{text}");
}

#[test]
fn the_summary_counts_in_words_and_is_said_once_when_all_is_known() {
    let mut screen = checked();
    screen.shows(&["发现 1 个问题、3 个提醒 · 用时 1.8 秒"]);
    assert!(screen.is_live("发现 1 个问题、3 个提醒 · 用时 1.8 秒"));
    screen.click("重新检测");
    screen.happens(Event::CheckBegan(vec![ProbeId::Usb]));
    assert!(!screen.is_live("正在检测…"));
    let mut all_good: Vec<_> = mixed(true).into_iter().map(|line| good(line.probe, "正常。")).collect();
    run(&mut screen, &all_good);
    screen.shows(&["没有发现问题 · 用时 1.8 秒"]);
    all_good[0].verdict = Verdict::Notice;
    run(&mut screen, &all_good);
    screen.shows(&["没有发现问题，有 1 个提醒"]);
}

#[test]
fn details_open_by_mouse_and_keyboard_and_say_that_they_are_open() {
    let mut screen = checked();
    screen.hides(&["北京演示科技有限公司 10200000016873"]);
    assert!(!screen.is_expanded("详情 UKey"));
    screen.click("详情 UKey");
    assert!(screen.is_expanded("详情 UKey"));
    // on the screen nothing is left out
    screen.shows(&["北京演示科技有限公司 10200000016873", "用时 0.01 秒"]);
    screen.click("复制 UKey");
    assert_eq!(screen.copied, ["UKey: 1 个 UKey 应答正常。\n北京演示科技有限公司 10200000016873"]);
    screen.click("详情 UKey");
    screen.hides(&["北京演示科技有限公司 10200000016873"]);
    tab_to(&mut screen, "详情 USB 设备");
    screen.press(Key::Space);
    screen.shows(&["USB 1-1.2 · 096e:0309"]);
    screen.press(Key::Enter);
    screen.hides(&["USB 1-1.2 · 096e:0309"]);
}

#[test]
fn what_the_program_can_not_mend_it_explains() {
    let mut screen = checked();
    screen.hides(&["打开系统设置，校准时间。"]);
    screen.click("如何处理 系统时间");
    screen.shows(&["1. 打开系统设置，校准时间。"]);
    assert!(screen.is_expanded("详情 系统时间"));
    assert_eq!(screen.asked().len(), 0);
}

#[test]
fn a_line_that_waits_names_the_layer_and_offers_nothing() {
    let screen = checked();
    screen.shows(&["要先解决“网络”的问题。"]);
    assert!(screen.controls("详情 CA 服务").is_empty() && screen.controls("如何处理 CA 服务").is_empty());
}

#[test]
fn every_state_is_told_by_a_word_and_not_by_colour_alone() {
    let screen = checked();
    for word in ["正常", "有问题", "注意", "未检查"] {
        assert!(screen.pictures().iter().any(|name| name == word), "{word}: {:?}", screen.pictures());
    }
}

#[test]
fn a_repair_without_special_rights_runs_at_once_and_its_button_says_so() {
    let mut screen = checked();
    screen.click("修复 数据文件夹");
    let asked = screen.asked();
    assert!(matches!(asked[..], [Command::Repair { probe: ProbeId::Storage, repair: Repair::CleanStorage }]));
    assert_eq!(screen.obstacle("正在修复… 数据文件夹").unwrap(), "正在修复，请稍候");
    assert_eq!(screen.obstacle("修复 设备权限").unwrap(), "正在修复，请稍候");
    assert_eq!(screen.obstacle("重新检测").unwrap(), "正在修复，请稍候");
    screen.happens(Event::Repaired { probe: ProbeId::Storage, result: Ok(()) });
    screen.happens(Event::CheckLine(Box::new(good(ProbeId::Storage, "文件夹正常。"))));
    screen.shows(&["文件夹正常。", "发现 1 个问题、2 个提醒"]);
    assert!(screen.controls("修复 数据文件夹").is_empty());
    assert_eq!(screen.obstacle("重新检测"), None);
}

#[test]
fn a_repair_that_failed_is_told_below_its_line_until_the_next_attempt() {
    let mut screen = checked();
    screen.click("修复 数据文件夹");
    let fault = Fault::new(FaultCode::FileNotWritten);
    let sentences = fault.sentences(true);
    screen.happens(Event::Repaired { probe: ProbeId::Storage, result: Err(fault) });
    screen.shows(&[&sentences.what, &sentences.kept, &sentences.todo, "FIL-401"]);
    screen.click("修复 数据文件夹");
    screen.hides(&["FIL-401"]);
}

#[test]
fn a_repair_with_an_administrators_rights_shows_its_command_first() {
    let command = "pkexec install -m 0644 /tmp/70-cert-assistant.rules /etc/udev/rules.d/70-cert-assistant.rules";
    let mut screen = checked();
    screen.click("修复 设备权限");
    screen.shows(&["修复：设备权限", command, "管理员权限"]);
    screen.click("复制命令");
    assert_eq!(screen.copied, [command]);
    screen.click("取消");
    screen.hides(&[command]);
    screen.click("修复 设备权限");
    screen.press(Key::Escape);
    screen.hides(&[command]);
    assert_eq!(screen.asked().len(), 0, "nothing runs without a yes");
    screen.click("修复 设备权限");
    assert_eq!(screen.focused().unwrap(), "继续");
    screen.press(Key::Enter);
    let asked = screen.asked();
    assert!(matches!(asked[..], [Command::Repair { probe: ProbeId::Permission, repair: Repair::InstallUdevRule }]));
    screen.hides(&[command]);
    assert!(screen.obstacle("正在修复… 设备权限").is_some());
}

/// The page over two keys, the second in a state, with one finding that another page mends.
fn helped(state: State, page: Page) -> Screen {
    let bench = Bench::empty();
    bench.insert(&spec("甲公司", "1"));
    bench.insert(&spec("乙公司", "2").state(state));
    let mut screen = Screen::of(&bench);
    screen.choose("甲公司");
    screen.click("环境检测");
    screen.asked();
    let line = Line::new(ProbeId::Application, Verdict::Notice, Statement::new("有提醒。"));
    run(&mut screen, &[line.repair(Repair::Open(page))]);
    screen
}

#[test]
fn a_finding_that_another_page_mends_opens_it_for_the_key_it_is_about() {
    let mut screen = helped(State::Expiring, Page::Renew);
    screen.click("证书更新 证书应用和密码");
    assert!(matches!(screen.asked_renewal(), (_, RenewalAsk::Open)));
    assert!(screen.chosen_key().unwrap().starts_with("乙公司"));

    drop(screen);
    let mut screen = helped(State::Locked, Page::Unlock);
    screen.click("找回密码 证书应用和密码");
    assert!(matches!(screen.asked_unlock(), (_, UnlockAsk::Open)));
    assert!(screen.chosen_key().unwrap().starts_with("乙公司"));

    drop(screen);
    let mut screen = helped(State::DefaultPin, Page::ChangePin);
    screen.click("修改密码 证书应用和密码");
    screen.shows(&["当前密码", "再次输入新密码"]);
    assert!(screen.chosen_key().unwrap().starts_with("乙公司"));

    drop(screen);
    let mut screen = helped(State::Valid, Page::Settings);
    screen.click("去设置 证书应用和密码");
    screen.shows(&["外观"]);

    drop(screen);
    let mut screen = helped(State::Valid, Page::Keys);
    screen.click("查看 UKey 证书应用和密码");
    screen.shows(&["密码卡序列号"]);
}

#[test]
fn the_report_is_read_before_it_is_saved_and_names_nobody_unless_wanted() {
    let mut screen = checked();
    screen.click("导出报告");
    screen.shows(&["默认不含姓名、序列号和路径"]);
    let preview = |screen: &Screen| screen.value("报告内容");
    assert!(preview(&screen).contains("设备 6588:1501"), "{}", preview(&screen));
    assert!(!preview(&screen).contains("10200000016873") && !preview(&screen).contains("北京演示科技"));
    screen.click("复制");
    assert!(!screen.copied[0].contains("10200000016873"));
    assert!(!screen.is_checked("包括姓名、序列号和路径"));
    screen.click("包括姓名、序列号和路径");
    screen.click("复制");
    assert_eq!(screen.copied[1], preview(&screen));
    screen.click("网页（.html）");
    screen.click("保存…");
    assert_eq!(screen.saves(), 1);
    screen.hides(&["报告内容"]);
    screen.click("导出报告");
    assert!(!screen.is_checked("包括姓名、序列号和路径"), "asked anew every time");
    screen.press(Key::Escape);
    screen.hides(&["报告内容"]);
    assert_eq!(screen.saves(), 0);
}

#[test]
fn without_results_there_is_nothing_to_save() {
    let mut screen = Plan::new(&Bench::empty()).open();
    screen.click_last("环境检测");
    assert_eq!(screen.obstacle("导出报告").unwrap(), "还没有检测结果");
}
