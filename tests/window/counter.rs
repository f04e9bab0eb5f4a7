//! 柜台模式: off by default; with it a key is unlocked by its admin PIN, for real on a virtual key.

use crate::bench::{Bench, Card};
use crate::screen::{Plan, Screen};
use crate::unlock_stages::{AGAIN, NEW, locked, open, portal, reach, type_pins};
use cert_assistant::app::{FaultCode, KeyState, Settings, SettingsFile};
use eframe::egui::Key;
use std::sync::Arc;
use virtual_key::{KeyState as State, VirtualKey};

const BUTTON: &str = "用管理口令解锁…";
const ADMIN: &str = "管理口令";
/// Admin PIN of every key on the bench.
const RIGHT: &str = "111111";
const ADMIN_SENDING: &str = "正在解锁，请勿拔出 UKey…";
/// 84 1A, UnblockPIN.
const UNBLOCK: u8 = 0x1A;

/// A locked key whose admin PIN has so many tries left.
fn with_admin_tries(bench: &Bench, left: u32) -> Arc<Card> {
    let mut state: State = bench.make(&locked());
    state.applications[0].admin.tries.left = left as _;
    bench.insert_key(VirtualKey::new(state))
}

/// A window in counter mode on the page of the key, and the dialog open.
fn dialog(bench: &Arc<Bench>) -> Screen {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    SettingsFile::at(Some(file.clone())).store(&Settings { counter_mode: true, ..Settings::default() }).unwrap();
    let mut screen = Screen::read(Plan::new(bench).settings(&file), bench);
    open(&mut screen);
    reach(&mut screen, 1, portal(""));
    screen.click(BUTTON);
    screen.wait_until("the tries are known", |screen| screen.sees("还可以输错") || screen.sees("已锁定，不能再解锁"));
    screen
}

#[test]
fn it_is_off_until_somebody_switches_it_on_and_stays_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    let bench = Bench::empty();
    bench.insert(&locked());
    let mut screen = Screen::read(Plan::new(&bench).settings(&file), &bench);
    open(&mut screen);
    reach(&mut screen, 1, portal(""));
    assert!(screen.controls(BUTTON).is_empty());
    screen.click("设置");
    let switch = "用管理口令解锁（仅供发证机构柜台）";
    assert!(!screen.is_checked(switch));
    screen.click(switch);
    assert!(screen.is_checked(switch));
    drop(screen);
    assert!(SettingsFile::at(Some(file.clone())).load().0.counter_mode);
    let again = Bench::empty();
    again.insert(&locked());
    let mut screen = Screen::read(Plan::new(&again).settings(&file), &again);
    open(&mut screen);
    reach(&mut screen, 1, portal(""));
    screen.control(BUTTON);
}

#[test]
fn the_admin_pin_unlocks_the_key_and_the_new_pin_holds() {
    let bench = Bench::empty();
    let card = bench.insert(&locked());
    let mut screen = dialog(&bench);
    assert_eq!(screen.focused().as_deref(), Some(ADMIN));
    screen.shows(&["还可以输错 10 次", "管理口令锁定后，这个 UKey 再也不能解锁"]);
    assert_eq!(screen.obstacle("解锁").unwrap(), "请输入管理口令");
    screen.enter(RIGHT);
    type_pins(&mut screen, "k7m2x9");
    screen.press(Key::Enter);
    screen.wait_for("UKey 已解锁，请牢记新的证书密码");
    assert_eq!(card.times_sent(UNBLOCK), 1);
    screen.hides(&[ADMIN_SENDING, "这个 UKey 已锁定"]);
    let view = screen.window.model().key(1).unwrap().view().unwrap();
    assert_eq!(view.contents.pin.unwrap().tries_left, 10);
}

#[test]
fn a_wrong_admin_pin_costs_one_try_and_the_new_pin_need_not_be_typed_again() {
    let bench = Bench::empty();
    let card = bench.insert(&locked());
    let mut screen = dialog(&bench);
    screen.enter("222222");
    type_pins(&mut screen, "k7m2x9");
    screen.click("解锁");
    screen.wait_for("管理口令不正确，还可以输错 9 次");
    screen.shows(&["KEY-124", "不要猜测", "两次输入一致"]);
    assert_eq!(screen.obstacle("解锁").unwrap(), "请输入管理口令");
    assert_eq!(card.times_sent(UNBLOCK), 1);
    screen.enter(RIGHT);
    screen.click("解锁");
    screen.wait_for("UKey 已解锁，请牢记新的证书密码");
}

#[test]
fn what_can_not_be_an_admin_pin_costs_no_try() {
    let bench = Bench::empty();
    let card = bench.insert(&locked());
    let mut screen = dialog(&bench);
    type_pins(&mut screen, "k7m2x9");
    for (odd, said) in
        [("111111\t", "控制字符"), ("１１１１１１", "全角"), ("111111 ", "空格"), ("11111111111111111", "1-16 位")]
    {
        screen.click(ADMIN);
        screen.select_all();
        screen.enter(odd);
        let why = screen.obstacle("解锁").unwrap();
        assert!(why.contains(said) && why.contains("没有消耗次数"), "{odd:?}: {why}");
        screen.press(Key::Enter);
    }
    assert_eq!(card.times_sent(UNBLOCK), 0);
}

#[test]
fn before_its_last_three_tries_the_person_is_asked_once_more() {
    let bench = Bench::empty();
    let card = with_admin_tries(&bench, 3);
    let mut screen = dialog(&bench);
    screen.enter(RIGHT);
    type_pins(&mut screen, "k7m2x9");
    screen.click("解锁");
    screen.shows(&["还可以输错 3 次", "永远不能解锁"]);
    assert_eq!(card.times_sent(UNBLOCK), 0, "nothing is sent before the answer");
    screen.press(Key::Escape);
    screen.shows(&[AGAIN, NEW]);
    screen.click("解锁");
    screen.click_last("返回");
    assert_eq!(card.times_sent(UNBLOCK), 0);
    screen.click("解锁");
    screen.click("仍然尝试");
    screen.wait_for("UKey 已解锁，请牢记新的证书密码");
}

#[test]
fn a_locked_admin_pin_is_said_and_nothing_can_be_sent() {
    let bench = Bench::empty();
    let card = with_admin_tries(&bench, 0);
    let screen = dialog(&bench);
    assert_eq!(screen.obstacle("解锁").unwrap(), "管理口令已锁定，不能再解锁");
    assert_eq!(card.times_sent(UNBLOCK), 0);
}

#[test]
fn the_last_wrong_one_locks_it_and_the_key_is_said_to_be_lost() {
    let bench = Bench::empty();
    with_admin_tries(&bench, 1);
    let mut screen = dialog(&bench);
    screen.enter("222222");
    type_pins(&mut screen, "k7m2x9");
    screen.click("解锁");
    screen.click("仍然尝试");
    screen.wait_for(FaultCode::AdminLocked.as_str());
    screen.shows(&["不能再解锁", "可能需要更换 UKey"]);
}

#[test]
fn a_key_pulled_out_in_the_middle_takes_the_dialog_along_and_says_so() {
    let bench = Bench::empty();
    let card = bench.insert(&locked());
    let mut screen = dialog(&bench);
    screen.enter(RIGHT);
    type_pins(&mut screen, "k7m2x9");
    card.stop_at(UNBLOCK);
    screen.click("解锁");
    card.wait_until_stopped();
    screen.ask_to_close();
    assert!(!screen.closed, "it is being written");
    screen.click("继续等待");
    bench.remove(&card);
    screen.wait_until("the key is gone", |screen| screen.window.model().keys.is_empty());
    screen.wait_until("it is told", |screen| screen.sees("KEY-"));
    assert!(!screen.window.model().keys.iter().any(|key| matches!(key.state, KeyState::Ready(_))));
}
