//! 历史证书: the list below the details, and removing one for good.

use crate::bench::{Bench, Card, PIN};
use crate::screen::Screen;
use crate::stages::{PIN_FIELD, fault, wrong_pin};
use cert_assistant::app::{Command, Event, Fault, FaultCode};
use eframe::egui::Key;
use std::sync::Arc;
use virtual_key::State;

const AGREE: &str = "我已了解，不再需要解密这些旧文件";
const REMOVE: &str = "永久移除";

fn details() -> (Arc<Bench>, Arc<Card>, Screen) {
    let (bench, card) = Bench::with(State::TwoContainers);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    (bench, card, screen)
}

/// Name of the button of the one historic certificate.
fn button(screen: &Screen) -> String {
    let names = screen.buttons();
    let mut names = names.into_iter().filter(|name| name.starts_with("移除历史证书 "));
    let name = names.next().unwrap();
    assert_eq!(names.next(), None);
    name
}

fn dialog() -> (Arc<Bench>, Arc<Card>, Screen) {
    let (bench, card, mut screen) = details();
    let name = button(&screen);
    screen.click(&name);
    (bench, card, screen)
}

/// Agrees, types the PIN and sends it.
#[track_caller]
fn remove(screen: &mut Screen) {
    if !screen.is_checked(AGREE) {
        screen.click(AGREE);
    }
    screen.click(PIN_FIELD);
    screen.select_all();
    screen.enter(PIN);
    screen.click(REMOVE);
}

fn ends(screen: &mut Screen, result: Result<(), Fault>) {
    screen.happens(Event::HistoryRemoved { slot: 1, result });
}

#[test]
fn former_certificates_are_listed_with_owner_validity_serial_and_why_they_stay() {
    let (_bench, _, screen) = details();
    screen.shows(&["历史证书（1）", "更新前加密的文件（如投标文件）要用它们解密"]);
    let view = screen.window.model().key(1).unwrap().view().unwrap();
    let historic = view.history[0].leading().unwrap();
    screen.shows(&[&historic.serial_hex(), historic.owner.as_deref().unwrap()]);
    assert!(button(&screen).ends_with(&historic.serial_hex()));
}

#[test]
fn a_key_without_former_certificates_shows_no_list() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    screen.hides(&["历史证书"]);
}

#[test]
fn removing_takes_the_warning_the_tick_and_the_pin() {
    let (_bench, _, mut screen) = dialog();
    screen.shows(&["移除历史证书", "永远无法解密，任何人都不能恢复", "当前证书不受影响", "还可以输错 10 次"]);
    assert_eq!(screen.obstacle(REMOVE).unwrap(), "请先确认不再需要旧文件");
    screen.fill(PIN_FIELD, PIN);
    assert_eq!(screen.obstacle(REMOVE).unwrap(), "请先确认不再需要旧文件", "the PIN alone is not enough");
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty());
    screen.click(AGREE);
    assert!(screen.is_checked(AGREE));
    assert_eq!(screen.obstacle(REMOVE), None);
    screen.click(AGREE);
    assert_eq!(screen.obstacle(REMOVE).unwrap(), "请先确认不再需要旧文件");
    remove(&mut screen);
    let asked = screen.asked();
    let [Command::RemoveHistory { slot: 1, container, pin }] = &asked[..] else { panic!("{} asks", asked.len()) };
    let view = screen.window.model().key(1).unwrap().view().unwrap();
    assert_eq!(container, &view.history[0].container);
    assert_ne!(Some(container), view.contents.current_container().map(|container| &container.name));
    assert_eq!(pin.expose(), PIN.as_bytes());
    screen.shows(&["正在移除，请勿拔出 UKey…"]);
    screen.press(Key::Escape);
    screen.shows(&["正在移除，请勿拔出 UKey…"]);
    ends(&mut screen, Ok(()));
    screen.shows(&["历史证书已移除。"]);
    screen.hides(&[AGREE]);
}

#[test]
fn every_failure_stays_in_the_dialog_and_a_wrong_pin_marks_the_field() {
    let (_bench, _, mut screen) = dialog();
    remove(&mut screen);
    ends(&mut screen, Err(wrong_pin(9)));
    screen.shows(&["密码不正确，还可以输错 9 次"]);
    assert_eq!(screen.focused().unwrap(), PIN_FIELD);
    assert_eq!(screen.obstacle(REMOVE).unwrap(), "请输入密码");
    remove(&mut screen);
    ends(&mut screen, Err(fault()));
    screen.shows(&["UKey 没有响应", "KEY-105 · 6F00"]);
    remove(&mut screen);
    ends(&mut screen, Err(wrong_pin(2)));
    remove(&mut screen);
    assert_eq!(screen.asked().len(), 3, "at few tries the person is asked once more");
    screen.press(Key::Escape);
    screen.shows(&[AGREE]);
    screen.click(REMOVE);
    screen.click("仍然尝试");
    assert_eq!(screen.asked().len(), 1);
    ends(&mut screen, Ok(()));
    screen.hides(&[AGREE]);
}

#[test]
fn before_the_last_tries_unlocking_is_offered() {
    let (_bench, _, mut screen) = dialog();
    remove(&mut screen);
    ends(&mut screen, Err(wrong_pin(1)));
    remove(&mut screen);
    screen.asked();
    screen.click_last("找回密码");
    crate::unlock_stages::opened(&screen);
    screen.hides(&[AGREE]);
}

#[test]
fn escape_and_cancel_close_the_dialog_and_nothing_is_sent() {
    for by_key in [true, false] {
        let (_bench, _, mut screen) = dialog();
        screen.fill(PIN_FIELD, PIN);
        if by_key {
            screen.press(Key::Escape);
        } else {
            screen.click("取消");
        }
        screen.hides(&[AGREE]);
        assert!(screen.asked().is_empty());
        let name = button(&screen);
        screen.click(&name);
        screen.click(AGREE);
        assert_eq!(screen.obstacle(REMOVE).unwrap(), "请输入密码", "nothing is left of what was typed");
    }
}

#[test]
fn closing_the_window_while_it_runs_asks() {
    let (_bench, _, mut screen) = dialog();
    remove(&mut screen);
    screen.ask_to_close();
    assert!(!screen.closed);
    screen.shows(&["正在移除历史证书", "当前证书不受影响。请等待几秒"]);
    screen.click("继续等待");
    ends(&mut screen, Ok(()));
    screen.ask_to_close();
    assert!(screen.closed);
}

#[test]
fn a_key_pulled_out_takes_the_dialog_along_and_the_fault_is_still_told() {
    let (bench, card, mut screen) = dialog();
    remove(&mut screen);
    ends(&mut screen, Err(Fault::new(FaultCode::KeyRemoved)));
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    screen.shows(&["KEY-101"]);
    drop(screen);
    let (bench, card, mut screen) = dialog();
    remove(&mut screen);
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    ends(&mut screen, Err(Fault::new(FaultCode::KeyRemoved)));
    screen.shows(&["KEY-101"]);
}

#[test]
fn with_the_keyboard_alone() {
    let (_bench, _, mut screen) = details();
    let name = button(&screen);
    crate::keyboard::tab_to(&mut screen, &name);
    screen.press(Key::Enter);
    crate::keyboard::tab_to(&mut screen, AGREE);
    screen.press(Key::Space);
    crate::keyboard::tab_to(&mut screen, PIN_FIELD);
    screen.enter(PIN);
    screen.press(Key::Enter);
    assert!(matches!(screen.asked()[..], [Command::RemoveHistory { .. }]));
}
