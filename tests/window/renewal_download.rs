//! 4 下载证书: seven lines, cuts, going on, and what holds while the key is being written.

use crate::bench::PIN;
use crate::screen::Screen;
use crate::stages::{PIN_FIELD, TELEPHONE, at, bench, done, download, fail, fault, line, reach, wrong_pin};
use cert_assistant::app::{DownloadLine, Event, Fault, FaultCode, LineState, RenewalAsk};
use eframe::egui::Key;
use std::time::Duration;

const LINES: [&str; 7] = [
    "准备新的容器",
    "在 UKey 内生成新密钥",
    "由 CA 签发证书",
    "写入加密密钥",
    "写入签名证书和加密证书",
    "试签名和试解密",
    "向 CA 确认并启用新证书",
];

fn progress(screen: &Screen) -> [String; 7] {
    LINES.map(|name| screen.description(name).unwrap_or_else(|| panic!("{name} is missing in\n{}", screen.text())))
}

/// Types the PIN and starts.
#[track_caller]
fn start(screen: &mut Screen) {
    screen.fill(PIN_FIELD, PIN);
    screen.press(Key::Enter);
    let (slot, RenewalAsk::Download(pin)) = screen.asked_renewal() else { panic!("another ask") };
    assert_eq!((slot, pin.expose()), (1, PIN.as_bytes()));
}

fn running() -> (std::sync::Arc<crate::bench::Bench>, Screen) {
    let (bench, _) = bench();
    let mut screen = at(&bench, download(None, false));
    start(&mut screen);
    (bench, screen)
}

fn reach_line(screen: &mut Screen, line: DownloadLine) {
    screen.happens(Event::RenewalLine { slot: 1, line });
}

#[test]
fn the_pin_is_asked_for_once_more_with_the_reason() {
    let (bench, _) = bench();
    let mut screen = at(&bench, download(None, false));
    screen.shows(&["程序不保存密码，所以请再输入一次", "还可以输错 10 次"]);
    assert_eq!(screen.focused().unwrap(), PIN_FIELD);
    assert_eq!(screen.obstacle("开始下载").unwrap(), "请输入密码");
    start(&mut screen);
    screen.shows(&["正在把新证书写入 UKey", "请勿拔出 UKey、断电或断网"]);
    assert!(screen.controls(PIN_FIELD).is_empty(), "nothing can be typed while it runs");
    assert_eq!(progress(&screen), ["未开始"; 7]);
}

#[test]
fn the_lines_tick_off_one_by_one_with_their_time_and_the_whole_time_runs() {
    let (_bench, mut screen) = running();
    for (at, line) in DownloadLine::ALL.into_iter().enumerate() {
        reach_line(&mut screen, line);
        for (n, state) in progress(&screen).into_iter().enumerate() {
            let expected = match n.cmp(&at) {
                std::cmp::Ordering::Less => "已完成",
                std::cmp::Ordering::Equal => "进行中",
                std::cmp::Ordering::Greater => "未开始",
            };
            assert_eq!(state, expected, "line {n} at {at}");
        }
        assert_eq!(screen.rests_for(), Duration::from_secs(1), "it ticks");
        screen.let_pass(Duration::from_secs(10));
    }
    screen.shows(&["已用 1 分 10 秒"]);
    reach(&mut screen, 1, done());
    screen.shows(&["证书更新完成"]);
    assert!(screen.rests_for() > Duration::from_secs(60), "and rests again");
}

#[test]
fn a_cut_at_any_line_says_where_what_was_kept_and_goes_on_from_there() {
    for (at, line) in DownloadLine::ALL.into_iter().enumerate() {
        let (_bench, mut screen) = running();
        for reached in &DownloadLine::ALL[..=at] {
            reach_line(&mut screen, *reached);
        }
        fail(&mut screen, 1, fault());
        let name = LINES[at];
        screen.shows(&[
            "下载没有完成",
            &format!("在“{name}”这一步中断"),
            "不会产生第二套密钥",
            "原证书仍可使用，订单没有丢失。",
            "KEY-105",
            TELEPHONE,
        ]);
        let shown = progress(&screen);
        assert_eq!(shown[at], "在这一步中断");
        assert!(shown[..at].iter().all(|state| state == "已完成"));
        assert!(shown[at + 1..].iter().all(|state| state == "未开始"));
        assert_eq!(screen.focused().unwrap(), PIN_FIELD);
        assert!(screen.rests_for() > Duration::from_secs(60), "{line:?}: it rests");
        screen.enter(PIN);
        screen.click("继续");
        assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Download(_))));
        screen.hides(&["KEY-105", "这一步中断"]);
    }
}

#[test]
fn an_attempt_that_was_cut_before_says_so_and_goes_on() {
    let (bench, _) = bench();
    let mut screen = at(&bench, download(None, true));
    screen.shows(&["上次下载中断了", "从中断处继续"]);
    screen.fill(PIN_FIELD, PIN);
    screen.click("继续");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Download(_))));
}

#[test]
fn a_wrong_pin_starts_nothing_and_marks_the_field() {
    let (_bench, mut screen) = running();
    fail(&mut screen, 1, wrong_pin(9));
    screen.shows(&["密码不正确，还可以输错 9 次", "下载证书"]);
    screen.hides(&["下载没有完成"]);
    start(&mut screen);
    fail(&mut screen, 1, wrong_pin(2));
    screen.fill(PIN_FIELD, PIN);
    screen.click("开始下载");
    assert!(screen.asked().is_empty());
    screen.click("返回");
    screen.shows(&["程序不保存密码"]);
    fail(&mut screen, 1, Fault::new(FaultCode::PinLocked));
    screen.shows(&["KEY-104"]);
    screen.click("找回密码");
}

#[test]
fn leaving_during_the_write_asks_and_it_goes_on_beside() {
    for by_key in [false, true] {
        let (_bench, mut screen) = running();
        let leave = |screen: &mut Screen| {
            // while it runs there is no button but the sidebar: Esc asks
            screen.press(Key::Escape);
        };
        leave(&mut screen);
        screen.shows(&["正在写入新证书", "离开此页不会中断写入"]);
        if by_key {
            screen.press(Key::Enter);
        } else {
            screen.click("继续等待");
        }
        screen.shows(&["请勿拔出 UKey、断电或断网"]);
        leave(&mut screen);
        screen.click("离开此页");
        assert!(screen.asked().is_empty(), "nothing is told: it goes on");
        screen.shows(&["正在把新证书写入 UKey，请勿拔出。"]);
        screen.click("查看");
        screen.shows(&["请勿拔出 UKey、断电或断网"]);
        screen.choose("北京演示科技有限公司");
        reach(&mut screen, 1, done());
        screen.shows(&["证书更新完成，新证书已启用。", "证书已更新。"]);
        screen.click("查看");
        screen.shows(&["签名测试通过"]);
    }
}

#[test]
fn the_question_goes_by_itself_when_the_write_is_done() {
    let (_bench, mut screen) = running();
    screen.press(Key::Escape);
    screen.shows(&["离开此页不会中断写入"]);
    reach(&mut screen, 1, done());
    screen.hides(&["离开此页不会中断写入"]);
    screen.shows(&["证书更新完成"]);
}

#[test]
fn a_cut_beside_another_page_is_told_and_found_on_the_card() {
    let (_bench, mut screen) = running();
    let order = line(&screen, 1, LineState::Interrupted);
    reach_line(&mut screen, DownloadLine::Certificates);
    screen.click("设置");
    fail(&mut screen, 1, fault());
    screen.shows(&["新证书没有写完"]);
    screen.happens(Event::Orders(vec![order]));
    screen.choose("北京演示科技有限公司");
    screen.shows(&["有一个未完成的更新（下载中断）。"]);
    screen.click("继续");
    screen.shows(&["在“写入签名证书和加密证书”这一步中断", "KEY-105"]);
    assert!(screen.asked().is_empty(), "the wizard is as it was left");
}

#[test]
fn closing_the_window_during_the_write_asks() {
    let (_bench, mut screen) = running();
    screen.ask_to_close();
    assert!(!screen.closed);
    screen.shows(&["正在写入新证书", "原证书仍可使用，下次打开本程序会从中断处继续"]);
    screen.click("继续等待");
    screen.shows(&["请勿拔出 UKey、断电或断网"]);
    screen.ask_to_close();
    screen.click("仍然关闭");
    assert!(screen.closed);
    let (_bench, mut screen) = {
        drop(screen);
        running()
    };
    screen.ask_to_close();
    reach(&mut screen, 1, done());
    screen.hides(&["继续等待"]);
    screen.ask_to_close();
    assert!(screen.closed, "nothing is written any more");
}
