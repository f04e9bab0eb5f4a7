//! The dialog 修改密码: rules, tries, and every way a change can end.

use crate::bench::{Bench, CHANGE_PIN, Card, PIN, VERIFY_PIN, spec};
use crate::screen::Screen;
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key};
use egui_kittest::kittest::NodeT;
use std::sync::Arc;
use virtual_key::{Spec, State, VirtualKey};

pub const CURRENT: &str = "当前密码";
pub const NEW: &str = "新密码";
pub const AGAIN: &str = "再次输入新密码";
pub const NEW_PIN: &str = "k7m2x9";

/// A window with the dialog open for one key.
pub fn dialog() -> (Arc<Bench>, Arc<Card>, Screen) {
    let (bench, card) = Bench::with(State::Valid);
    let screen = open(&bench);
    (bench, card, screen)
}

fn open(bench: &Arc<Bench>) -> Screen {
    let mut screen = Screen::of(bench);
    screen.click("修改密码");
    assert_eq!(screen.focused().unwrap(), CURRENT, "typing can begin at once");
    screen
}

/// A bench with one key that has so many tries left.
fn with_tries(left: u8) -> (Arc<Bench>, Arc<Card>) {
    let bench = Bench::empty();
    let mut state = bench.make(&spec("北京演示科技有限公司", "1"));
    state.applications[0].user.tries.left = left;
    let card = bench.insert_key(VirtualKey::new(state));
    (bench, card)
}

/// Fills in all three fields.
pub fn fill(screen: &mut Screen, current: &str, new: &str) {
    screen.fill(CURRENT, current);
    screen.fill(NEW, new);
    screen.fill(AGAIN, new);
}

const DONE: &str = "修改密码成功，下次使用请输入新密码。";

#[test]
fn the_dialog_names_the_key_and_the_tries_and_says_what_is_missing() {
    let (_bench, _, mut screen) = dialog();
    screen.shows(&["北京演示科技有限公司 · 10200000016873", "还可以输错 10 次"]);
    assert_eq!(screen.obstacle("确定").unwrap(), "请输入当前密码");
    screen.fill(CURRENT, "987654");
    assert_eq!(screen.obstacle("确定").unwrap(), "新密码还没有满足要求");
    screen.fill(NEW, NEW_PIN);
    assert_eq!(screen.obstacle("确定").unwrap(), "请再次输入相同的新密码");
    screen.fill(AGAIN, "k7m2x8");
    screen.shows(&["两次输入不一致"]);
    assert_eq!(screen.obstacle("确定").unwrap(), "请再次输入相同的新密码");
    screen.press(Key::Backspace);
    screen.enter("9");
    screen.shows(&["两次输入一致"]);
    assert_eq!(screen.obstacle("确定"), None);
}

#[test]
fn the_rules_of_a_new_pin_are_judged_while_it_is_typed() {
    const RULES: [&str; 4] = ["6-15 位", "含字母和数字", "与当前密码不同", "没有连续或重复字符（建议）"];
    let judged = |screen: &Screen| RULES.map(|rule| screen.description(rule).unwrap());
    let (_bench, _, mut screen) = dialog();
    screen.fill(CURRENT, "a1b2c3");
    assert_eq!(judged(&screen), ["尚未满足"; 4]);
    for (new, expected) in [
        ("1", ["不满足", "不满足", "已满足", "已满足"]),
        ("a1b2c3", ["已满足", "已满足", "不满足", "已满足"]),
        ("a12345", ["已满足", "已满足", "已满足", "尚未满足"]),
        ("k7m2x", ["不满足", "已满足", "已满足", "已满足"]),
        ("k7m2x9k7m2x9k7m", ["已满足"; 4]),
        ("k7m2x9k7m2x9k7m2", ["不满足", "已满足", "已满足", "已满足"]),
        ("密码k7m2", ["不满足", "已满足", "已满足", "已满足"]),
    ] {
        screen.click(NEW);
        screen.select_all();
        screen.enter(new);
        assert_eq!(judged(&screen), expected, "{new}");
    }
}

#[test]
fn a_new_pin_holds_on_the_key_and_the_message_goes_by_itself() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, PIN, NEW_PIN);
    screen.click("确定");
    screen.wait_for(DONE);
    screen.hides(&[CURRENT]);
    assert_eq!((card.times_sent(VERIFY_PIN), card.times_sent(CHANGE_PIN)), (1, 1), "each PIN is sent once");
    screen.let_pass(std::time::Duration::from_secs(5));
    screen.hides(&[DONE]);

    // the old PIN is now wrong, the new one right
    screen.click("修改密码");
    fill(&mut screen, PIN, "p4q8r2");
    screen.click("确定");
    screen.wait_for("密码不正确，还可以输错 9 次");
    screen.fill(CURRENT, NEW_PIN);
    screen.click("确定");
    screen.wait_for(DONE);
}

#[test]
fn a_wrong_pin_keeps_the_dialog_marks_the_field_and_keeps_the_new_pin() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, "999999", NEW_PIN);
    screen.click("确定");
    screen.wait_for("密码不正确，还可以输错 9 次");
    assert_eq!(card.times_sent(VERIFY_PIN), 1, "a PIN is never sent again");
    assert_eq!(screen.focused().unwrap(), CURRENT);
    assert_eq!(screen.description(CURRENT).unwrap(), "密码不正确，还可以输错 9 次");
    assert_eq!(screen.obstacle("确定").unwrap(), "请输入当前密码", "the wrong one is gone, the new one is kept");
    screen.shows(&["两次输入一致"]);
    screen.enter(PIN);
    screen.click("确定");
    screen.wait_for(DONE);
    assert_eq!(screen.field("密码"), "还可以输错 10 次");
}

#[test]
fn two_tries_before_the_end_a_second_question_offers_to_unlock_instead() {
    let (bench, card) = with_tries(2);
    let mut screen = open(&bench);
    fill(&mut screen, "999999", NEW_PIN);
    screen.click("确定");
    screen.shows(&["还可以输错 2 次", "密码次数用完后 UKey 会被锁定", "找回密码", "仍然尝试"]);
    assert_eq!(card.times_sent(VERIFY_PIN), 0, "nothing is sent before the answer");
    screen.click_last("找回密码");
    crate::unlock_stages::opened(&screen);
    screen.hides(&[CURRENT]);
    assert_eq!(card.times_sent(VERIFY_PIN), 0);
}

#[test]
fn the_second_question_can_be_left_and_can_be_answered() {
    let (bench, card) = with_tries(2);
    let mut screen = open(&bench);
    fill(&mut screen, "999999", NEW_PIN);
    screen.click("确定");
    screen.click("返回");
    screen.shows(&["两次输入一致"]);
    screen.click("确定");
    screen.press(Key::Escape);
    screen.shows(&[CURRENT]);
    screen.click("确定");
    screen.click("仍然尝试");
    screen.wait_for("密码不正确，还可以输错 1 次");
    assert_eq!(card.times_sent(VERIFY_PIN), 1);
    // the last try
    screen.fill(CURRENT, PIN);
    screen.click("确定");
    screen.shows(&["还可以输错 1 次"]);
    screen.click("仍然尝试");
    screen.wait_for(DONE);
}

#[test]
fn with_three_tries_left_no_second_question_is_asked() {
    let (bench, _) = with_tries(3);
    let mut screen = open(&bench);
    fill(&mut screen, PIN, NEW_PIN);
    screen.click("确定");
    screen.wait_for(DONE);
}

#[test]
fn the_last_wrong_pin_locks_the_key_and_says_that_nothing_is_lost() {
    let (bench, _) = with_tries(1);
    let mut screen = open(&bench);
    fill(&mut screen, "999999", NEW_PIN);
    screen.click("确定");
    screen.click("仍然尝试");
    screen.wait_for("UKey 已锁定：密码输错次数已用完");
    screen.shows(&["没有丢失。", "KEY-104"]);
    screen.press(Key::Escape);
    screen.hides(&[CURRENT]);
    assert_eq!(screen.keys(), ["北京演示科技有限公司 已锁定"]);
    assert_eq!(screen.obstacle("修改密码").unwrap(), "UKey 已锁定，请使用找回密码");
}

#[test]
fn a_key_pulled_out_before_the_new_pin_was_sent_says_so_whatever_is_heard_first() {
    for removal_first in [true, false] {
        let (bench, card, mut screen) = dialog();
        fill(&mut screen, PIN, NEW_PIN);
        card.stop_at(VERIFY_PIN);
        screen.click("确定");
        card.wait_until_stopped();
        screen.shows(&["正在修改，请勿拔出 UKey…"]);
        if removal_first {
            bench.remove(&card);
        } else {
            bench.pull_quietly(&card);
            screen.wait_for("KEY-101");
            bench.report_removal(&card);
        }
        screen.wait_for("请插入 UKey");
        screen.wait_for("UKey 被拔出，操作没有完成");
        screen.shows(&["请重新插入 UKey，再试一次。"]);
        screen.hides(&[CURRENT]);
        screen.click("确定");
        screen.hides(&["KEY-101"]);
    }
}

#[test]
fn a_key_pulled_out_while_the_new_pin_is_stored_leaves_no_doubt_about_the_doubt() {
    for removal_first in [true, false] {
        let (bench, card, mut screen) = dialog();
        fill(&mut screen, PIN, NEW_PIN);
        card.stop_at(CHANGE_PIN);
        screen.click("确定");
        card.wait_until_stopped();
        if removal_first {
            bench.remove(&card);
        } else {
            bench.pull_quietly(&card);
            screen.wait_for("KEY-113");
            bench.report_removal(&card);
        }
        screen.wait_for("请插入 UKey");
        screen.wait_for("不能确定密码是否已经修改");
        screen.shows(&["UKey 的密码是原密码或新密码其中之一。", "先用新密码试一次"]);
        screen.hides(&[CURRENT]);
    }
}

#[test]
fn a_wrong_pin_that_was_read_is_not_told_again_when_the_key_is_pulled_out() {
    let (bench, card, mut screen) = dialog();
    fill(&mut screen, "999999", NEW_PIN);
    screen.click("确定");
    screen.wait_for("密码不正确，还可以输错 9 次");
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    screen.hides(&["密码不正确", CURRENT]);
}

#[test]
fn a_key_pulled_out_while_a_pin_is_typed_closes_the_dialog() {
    let (bench, card, mut screen) = dialog();
    screen.fill(CURRENT, PIN);
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    screen.hides(&[CURRENT]);
}

#[test]
fn a_key_that_another_program_takes_says_so_and_no_try_is_lost() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, PIN, NEW_PIN);
    card.hold();
    screen.click("确定");
    screen.wait_for("KEY-102");
    screen.shows(&["没有向 UKey 发送任何内容。", "还可以输错 10 次"]);
    assert_eq!(card.times_sent(VERIFY_PIN), 0);
}

#[test]
fn while_the_key_works_nothing_can_be_typed_or_closed_and_the_other_keys_live() {
    let (bench, card, mut screen) = dialog();
    fill(&mut screen, "999999", NEW_PIN);
    card.stop_at(VERIFY_PIN);
    screen.click("确定");
    card.wait_until_stopped();
    screen.enter("12");
    screen.press(Key::Escape);
    screen.shows(&["正在修改，请勿拔出 UKey…"]);
    assert!(screen.controls("确定").is_empty() && screen.controls("取消").is_empty());
    bench.insert(&spec("上海练习贸易有限公司", "2"));
    screen.wait_for("上海练习贸易有限公司 有效");
    card.go_on();
    screen.wait_for("密码不正确，还可以输错 9 次");
    assert_eq!(screen.obstacle("确定").unwrap(), "请输入当前密码", "what was typed meanwhile is not in the field");
}

#[test]
fn a_known_initial_pin_and_caps_lock_are_noticed() {
    let (_bench, _, mut screen) = dialog();
    screen.hides(&["这是常见的初始密码", "大写已锁定"]);
    screen.fill(CURRENT, "111111");
    screen.shows(&["这是常见的初始密码，请务必修改。"]);
    screen.fill(NEW, "A");
    screen.shows(&["大写已锁定"]);
    screen.enter("b");
    screen.hides(&["大写已锁定"]);
    screen.fill(CURRENT, "A");
    screen.shows(&["大写已锁定", "还可以输错 10 次"]);
}

#[test]
fn where_an_initial_pin_may_come_from_is_told_on_request() {
    let (_bench, _, mut screen) = dialog();
    screen.hides(&["1234MA"]);
    screen.click("不知道当前密码？");
    screen.shows(&["统一社会信用代码的后六位", "1234MA", "111111", "密码卡"]);
}

#[test]
fn a_pin_is_never_in_the_accessibility_tree_hidden_or_shown() {
    let (_bench, _, mut screen) = dialog();
    fill(&mut screen, "q3w4e5", "z9x8c7");
    for word in ["显示", "隐藏"] {
        for field in [CURRENT, NEW, AGAIN] {
            let node = screen.control(field);
            assert_eq!(node.accesskit_node().role(), Role::PasswordInput);
            assert_eq!(node.value(), None);
            screen.hides(&["q3w4e5", "z9x8c7"]);
            screen.click(&format!("{word} {field}"));
        }
    }
    screen.hides(&["q3w4e5", "z9x8c7"]);
}

#[test]
fn a_pin_can_be_pasted_but_not_copied() {
    let (_bench, _, mut screen) = dialog();
    screen.click(CURRENT);
    screen.frame(vec![Event::Paste(format!("{PIN}\n"))]);
    screen.select_all();
    screen.frame(vec![Event::Copy]);
    screen.frame(vec![Event::Cut]);
    screen.settle();
    assert!(screen.copied.is_empty());
    fill(&mut screen, PIN, NEW_PIN);
    screen.click(CURRENT);
    screen.select_all();
    screen.frame(vec![Event::Paste(PIN.to_owned())]);
    screen.settle();
    screen.click("确定");
    screen.wait_for(DONE);
}

#[test]
fn the_dialog_is_for_the_key_it_was_opened_for() {
    let bench = Bench::empty();
    let device = |owner: &str, serial: &str| Spec { device_serial: Some(serial.to_owned()), ..spec(owner, serial) };
    let first = bench.insert(&device("甲公司", "A1"));
    let second = bench.insert(&device("乙公司", "B2"));
    let mut screen = Screen::of(&bench);
    screen.choose("乙公司");
    screen.click("修改密码");
    screen.shows(&["乙公司 · B2"]);
    bench.remove(&first);
    screen.wait_for("UKey（1）");
    fill(&mut screen, PIN, NEW_PIN);
    screen.click("确定");
    screen.wait_for(DONE);
    assert_eq!((first.times_sent(CHANGE_PIN), second.times_sent(CHANGE_PIN)), (0, 1));
}

#[test]
fn the_command_line_stops_before_the_last_tries() {
    use cert_assistant::app::{Engine, EngineContext};
    use cert_assistant::cli::{Exit, Task, Terminal, run};
    let bench = Bench::silent();
    let mut state = bench.make(&spec("北京演示科技有限公司", "1"));
    state.applications[0].user.tries.left = 2;
    let card = bench.insert_key(VirtualKey::new(state));
    // what is in is reported before the service is, as the real one does
    bench.service(token::ServiceState::Running { readers: 1 });
    let context = EngineContext {
        source: bench,
        trust: Arc::new(certificate::TrustStore::default),
        wake: Arc::new(|| ()),
        online: None,
        site: Default::default(),
    };
    let (engine, events) = Engine::start(context);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal { out: &mut out, err: &mut err, now: certificate::now(), chinese: true };
    // a descriptor that is not open: whoever reads PINs fails
    let task = |last_tries| Task::ChangePin { serial: "1".to_owned(), last_tries, pin_fd: Some(9999) };
    assert_eq!(run(task(false), &engine, &events, &mut terminal), Exit::LastTries);
    let said = String::from_utf8(err.clone()).unwrap();
    assert!(said.contains("--last-tries") && said.contains('2'), "{said}");
    assert!(!card.sent().contains(&VERIFY_PIN));
    drop(engine);
}
