//! Everything without a pointer: Tab order, Enter for the main button, Esc for cancel, and where the keyboard goes when a
//! dialog opens and closes.

use crate::bench::{Bench, PIN};
use crate::change_pin::{AGAIN, CURRENT, NEW, NEW_PIN, dialog};
use crate::screen::{Plan, Screen};
use eframe::egui::{Event, Key, Modifiers};
use virtual_key::State;

fn key(key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
}

/// Presses Tab until the keyboard is on this control.
#[track_caller]
pub fn tab_to(screen: &mut Screen, name: &str) {
    for _ in 0..40 {
        if screen.focused().as_deref() == Some(name) {
            return;
        }
        screen.press(Key::Tab);
    }
    panic!("Tab never reaches {name}; it is on {:?}", screen.focused());
}

#[test]
fn a_pin_is_changed_with_the_keyboard_alone() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    tab_to(&mut screen, "修改密码");
    screen.press(Key::Enter);
    screen.enter(PIN);
    tab_to(&mut screen, NEW);
    screen.enter(NEW_PIN);
    tab_to(&mut screen, AGAIN);
    screen.enter(NEW_PIN);
    screen.press(Key::Enter);
    screen.wait_for("修改密码成功");
}

#[test]
fn tab_goes_through_the_dialog_in_reading_order_and_stays_in_it() {
    let (_bench, _, mut screen) = dialog();
    let mut order = Vec::new();
    for _ in 0..10 {
        order.extend(screen.focused());
        screen.press(Key::Tab);
    }
    let cycle = ["当前密码", "显示 当前密码", "新密码", "显示 新密码", "再次输入新密码", "显示 再次输入新密码"];
    assert_eq!(order[..6], cycle);
    assert!(order[6..8].iter().all(|name| name == "不知道当前密码？" || name == "取消"), "{order:?}");
    assert_eq!(order[8..], cycle[..2], "from the last control back to the first, never to the page below");
}

#[test]
fn characters_typed_faster_than_frames_reach_the_fields_they_were_typed_for() {
    let (_bench, _, mut screen) = dialog();
    let text = |text: &str| Event::Text(text.to_owned());
    let next = || [key(Key::Tab), key(Key::Tab)];
    let mut all = vec![text(PIN)];
    all.extend(next());
    all.push(text(NEW_PIN));
    all.extend(next());
    all.push(text(NEW_PIN));
    all.push(key(Key::Enter));
    screen.frame(all);
    screen.wait_for("修改密码成功");
}

#[test]
fn enter_does_nothing_while_something_is_missing_and_escape_closes() {
    let (_bench, card, mut screen) = dialog();
    screen.enter(PIN);
    screen.press(Key::Enter);
    screen.shows(&[CURRENT]);
    screen.press(Key::Escape);
    screen.hides(&[CURRENT]);
    assert_eq!(card.times_sent(crate::bench::VERIFY_PIN), 0);
    screen.click("修改密码");
    assert_eq!(screen.obstacle("确定").unwrap(), "请输入当前密码", "nothing is left of what was typed");
}

#[test]
fn a_dialog_takes_the_keyboard_from_the_page_and_gives_it_back() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    tab_to(&mut screen, "导出证书");
    screen.press(Key::Enter);
    screen.shows(&["PEM（文本，.pem）"]);
    assert_eq!(screen.focused().unwrap(), "选择位置…", "Enter is the main button");
    for _ in 0..12 {
        screen.press(Key::Tab);
        let at = screen.focused().unwrap();
        assert!(["选择位置…", "取消"].contains(&at.as_str()) || at.contains("，."), "{at} is below the dialog");
    }
    tab_to(&mut screen, "取消");
    screen.press(Key::Enter);
    screen.hides(&["PEM（文本，.pem）"]);
    assert_eq!(screen.focused().unwrap(), "导出证书");
}

#[test]
fn enter_closes_a_message_and_space_presses_buttons() {
    let (bench, card, mut screen) = dialog();
    screen.fill(CURRENT, PIN);
    screen.fill(NEW, NEW_PIN);
    screen.fill(AGAIN, NEW_PIN);
    card.stop_at(crate::bench::VERIFY_PIN);
    screen.press(Key::Enter);
    card.wait_until_stopped();
    bench.remove(&card);
    screen.wait_for("KEY-101");
    assert_eq!(screen.focused().unwrap(), "确定");
    screen.press(Key::Enter);
    screen.hides(&["KEY-101"]);
    tab_to(&mut screen, "环境检测");
    screen.press(Key::Space);
    screen.shows(&["重新检测", "检测中…"]);
}

#[test]
fn every_page_and_key_is_reached_by_tab() {
    let (bench, _) = Bench::with(State::Expiring);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    let reachable = [
        "北京演示科技有限公司 20 天后到期",
        "环境检测",
        "订单",
        "综合服务",
        "设置",
        "关于",
        "立即更新",
        "证书更新",
        "修改密码",
        "找回密码",
        "收起证书信息",
        "签名证书",
        "加密证书",
        "检查证书",
        "导出证书",
        "复制全部",
    ];
    for name in reachable {
        tab_to(&mut screen, name);
    }
}

#[test]
fn tab_order_is_reading_order() {
    let (bench, _) = Bench::with(State::Expiring);
    let mut screen = Screen::of(&bench);
    let mut order = Vec::new();
    for _ in 0..15 {
        screen.press(Key::Tab);
        order.extend(screen.focused());
    }
    let expected = [
        "北京演示科技有限公司 20 天后到期",
        "环境检测",
        "订单",
        "综合服务",
        "设置",
        "关于",
        "立即更新",
        "复制 密码卡序列号",
        "证书更新",
        "修改密码",
        "找回密码",
        "更多证书信息",
        "智能卡服务正常",
        "检查更新",
        "北京演示科技有限公司 20 天后到期",
    ];
    assert_eq!(order, expected);
}

#[test]
fn at_the_smallest_window_size_the_dialog_can_be_finished() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Plan::new(&bench).size(720.0, 480.0).open();
    screen.wait_for("有效 · 还有 300 天");
    tab_to(&mut screen, "修改密码");
    screen.press(Key::Enter);
    screen.enter(PIN);
    tab_to(&mut screen, NEW);
    screen.enter(NEW_PIN);
    tab_to(&mut screen, AGAIN);
    screen.enter(NEW_PIN);
    tab_to(&mut screen, "确定");
    let seen = screen.control("确定").rect();
    assert!(screen.ctx.content_rect().contains_rect(seen), "the focused button is out of sight: {seen:?}");
    screen.press(Key::Enter);
    screen.wait_for("修改密码成功");
}
