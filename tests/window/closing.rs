//! Closing the window: at once, except in the middle of a write.

use crate::bench::{Bench, CHANGE_PIN, PIN, VERIFY_PIN};
use crate::change_pin::{CURRENT, NEW_PIN, dialog, fill};
use crate::screen::Screen;
use eframe::egui::Key;
use virtual_key::State;

#[test]
fn the_window_closes_at_once_when_nothing_is_written() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.ask_to_close();
    assert!(screen.closed);
    drop(screen);
    let (_bench, _, mut screen) = dialog();
    screen.fill(CURRENT, PIN);
    screen.ask_to_close();
    assert!(screen.closed, "typing is no write");
}

#[test]
fn closing_during_a_change_asks_and_waiting_leaves_the_dialog_as_it_was() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, "999999", NEW_PIN);
    card.stop_at(VERIFY_PIN);
    screen.click("确定");
    card.wait_until_stopped();
    screen.ask_to_close();
    assert!(!screen.closed);
    screen.shows(&["正在修改密码", "UKey 正在保存新密码。"]);
    let gap = screen.control("继续等待").rect().top() - screen.place_of("UKey 正在保存新密码。").bottom();
    assert!((0.0..60.0).contains(&gap), "the dialog is as high as what it says, not as the window: {gap}");
    screen.click("继续等待");
    screen.shows(&["正在修改，请勿拔出 UKey…"]);
    screen.ask_to_close();
    screen.press(Key::Escape);
    screen.shows(&["正在修改，请勿拔出 UKey…"]);
    assert!(!screen.closed);
    card.go_on();
    screen.wait_for("密码不正确，还可以输错 9 次");
    screen.shows(&["两次输入一致"]);
}

#[test]
fn the_question_goes_by_itself_when_the_change_is_done() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, PIN, NEW_PIN);
    card.stop_at(CHANGE_PIN);
    screen.click("确定");
    card.wait_until_stopped();
    screen.ask_to_close();
    screen.shows(&["继续等待"]);
    card.go_on();
    screen.wait_for("修改密码成功");
    screen.hides(&["继续等待", CURRENT]);
    assert!(!screen.closed);
    screen.ask_to_close();
    assert!(screen.closed);
}

#[test]
fn who_insists_can_close_in_the_middle() {
    let (_bench, card, mut screen) = dialog();
    fill(&mut screen, PIN, NEW_PIN);
    card.stop_at(CHANGE_PIN);
    screen.click("确定");
    card.wait_until_stopped();
    screen.ask_to_close();
    screen.click("仍然关闭");
    assert!(screen.closed);
    card.go_on();
}
