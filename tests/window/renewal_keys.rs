//! The wizard and its key: pulled out and put back, several at once, and what the card shows of an unfinished renewal.

use crate::bench::{Bench, PIN, spec, twin};
use crate::screen::Screen;
use crate::stages::{
    NO, OWNER, PIN_FIELD, SERIAL, at, bench, done, download, expiring, fail, fault, form_of, identify, line, reach,
    reviewing, session,
};
use cert_assistant::app::{DownloadLine, Event, LineState, RenewalAsk};
use eframe::egui::Key;
use virtual_key::{Spec, State, VirtualKey};

/// A second key, as near to its end as the first.
fn second() -> Spec {
    Spec {
        device_serial: Some("40009876543210".to_owned()),
        ..spec("上海练习贸易有限公司", "2").state(State::Expiring)
    }
}

#[test]
fn a_key_pulled_out_is_asked_for_and_the_page_goes_on_when_the_same_one_is_back() {
    let bench = Bench::empty();
    let state = bench.make(&expiring());
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    let mut screen = at(&bench, reviewing());
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    screen.shows(&["订单不会丢失", SERIAL, OWNER, NO]);
    assert_eq!(screen.buttons(), ["返回"]);
    // another key changes nothing
    bench.insert(&second());
    screen.wait_for("上海练习贸易有限公司 20 天后到期");
    screen.shows(&["请插回这个 UKey"]);
    assert!(screen.asked().is_empty());
    bench.insert_key(VirtualKey::new(state));
    screen.wait_for("正在查询发证机构");
    assert!(matches!(screen.asked_renewal(), (3, RenewalAsk::Open)));
    assert!(screen.chosen_key().unwrap().starts_with(OWNER));
    reach(&mut screen, 3, reviewing());
    screen.shows(&["发证机构正在审核"]);
}

#[test]
fn what_was_typed_is_still_there_when_the_key_is_back_but_no_pin() {
    let bench = Bench::empty();
    let state = bench.make(&expiring());
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    let mut screen = at(&bench, form_of(session(), None));
    screen.click("联系人姓名");
    screen.select_all();
    screen.enter("韩梅梅");
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    screen.shows(&["还没有提交订单"]);
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    screen.wait_for("正在查询发证机构");
    screen.asked();
    reach(&mut screen, 2, identify());
    screen.enter(PIN);
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    bench.insert_key(VirtualKey::new(state));
    screen.wait_for("正在查询发证机构");
    screen.asked();
    reach(&mut screen, 3, identify());
    assert_eq!(screen.obstacle("下一步").unwrap(), "请输入密码");
    reach(&mut screen, 3, form_of(session(), None));
    screen.click("提交");
    let (3, RenewalAsk::Submit { contact, .. }) = screen.asked_renewal() else { panic!("another ask") };
    assert_eq!(contact.name, "韩梅梅");
}

#[test]
fn a_fault_that_is_reported_after_the_key_is_gone_is_not_lost() {
    let (bench, card) = bench();
    let mut screen = at(&bench, download(None, false));
    screen.fill(PIN_FIELD, PIN);
    screen.press(Key::Enter);
    screen.asked();
    screen.happens(Event::RenewalLine { slot: 1, line: DownloadLine::Certificates });
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    fail(&mut screen, 1, fault());
    screen.shows(&["KEY-105", "订单不会丢失"]);
    screen.ask_to_close();
    assert!(screen.closed, "nothing is being written any more");
}

#[test]
fn who_does_not_wait_for_the_key_goes_back() {
    let (bench, card) = bench();
    let mut screen = at(&bench, reviewing());
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    screen.click("返回");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Leave)));
    screen.shows(&["请插入 UKey"]);
    bench.insert(&expiring());
    screen.wait_for("还有 20 天");
    assert!(screen.asked().is_empty(), "it does not begin by itself");
}

#[test]
fn a_key_that_comes_back_while_another_page_is_shown_waits_on_its_card() {
    let bench = Bench::empty();
    let state = bench.make(&expiring());
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    let mut screen = at(&bench, reviewing());
    screen.click("设置");
    bench.remove(&card);
    screen.wait_until("it is gone", |screen| screen.window.model().keys.is_empty());
    bench.insert_key(VirtualKey::new(state));
    screen.wait_for("20 天后到期");
    screen.shows(&["更改立即生效"]);
    assert!(screen.asked().is_empty(), "no CA is asked for a page that nobody looks at");
    screen.choose(OWNER);
    screen.click("证书更新");
    assert!(matches!(screen.asked_renewal(), (2, RenewalAsk::Open)));
}

#[test]
fn a_key_that_cannot_be_read_again_says_why_and_is_read_once_more() {
    let (bench, card) = bench();
    let mut screen = at(&bench, identify());
    screen.happens(Event::Contents { slot: 1, result: Err(fault()) });
    screen.shows(&["KEY-105", "确认您的身份"]);
    assert!(screen.controls(PIN_FIELD).is_empty());
    let before = card.sent().len();
    screen.click("重新读取");
    screen.wait_until("it can be typed", |screen| !screen.controls(PIN_FIELD).is_empty());
    assert!(card.sent().len() > before);
}

#[test]
fn after_the_end_a_key_pulled_out_is_not_asked_for() {
    let (bench, card) = bench();
    let mut screen = at(&bench, done());
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    screen.hides(&["请插回这个 UKey"]);
}

#[test]
fn each_key_has_its_own_wizard_and_keeps_its_place_while_another_is_shown() {
    let bench = Bench::empty();
    bench.insert(&expiring());
    bench.insert(&second());
    let mut screen = Screen::of(&bench);
    screen.choose(OWNER);
    screen.click("证书更新");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    reach(&mut screen, 1, identify());
    screen.fill(PIN_FIELD, PIN);
    screen.choose("上海练习贸易有限公司");
    screen.click("证书更新");
    assert!(matches!(screen.asked_renewal(), (2, RenewalAsk::Open)));
    reach(&mut screen, 2, reviewing());
    screen.shows(&["发证机构正在审核"]);
    // what happens to the first does not show on the second
    fail(&mut screen, 1, fault());
    screen.hides(&["KEY-105"]);
    screen.choose(OWNER);
    screen.click("证书更新");
    screen.shows(&["确认您的身份", "KEY-105"]);
    assert_eq!(screen.obstacle("下一步").unwrap(), "请输入密码", "a PIN is not kept on a page that was left");
    assert!(screen.asked().is_empty(), "the wizard is as it was left");
    screen.choose("上海练习贸易有限公司");
    screen.click("证书更新");
    screen.shows(&["发证机构正在审核"]);
}

#[test]
fn the_card_shows_an_unfinished_renewal_with_its_state_and_goes_on() {
    for (state, text) in [
        (LineState::Sending, "有一个未完成的更新（正在提交）。"),
        (LineState::VerifyMobile, "有一个未完成的更新（待验证手机）。"),
        (LineState::Reviewing, "有一个未完成的更新（审核中）。"),
        (LineState::Payment, "有一个未完成的更新（待支付）。"),
        (LineState::Ready, "更新申请已通过审核，可以下载新证书。"),
        (LineState::Interrupted, "有一个未完成的更新（下载中断）。"),
    ] {
        let (bench, _) = bench();
        let mut screen = Screen::of(&bench);
        screen.happens(Event::Orders(vec![line(&screen, 1, state)]));
        screen.shows(&[text]);
        assert!(screen.controls("立即更新").is_empty(), "the banner goes on with the order");
        screen.click(if state == LineState::Payment { "继续更新" } else { "继续" });
        assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    }
}

#[test]
fn finished_orders_and_orders_of_other_keys_do_not_show_on_the_card() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    let mut orders: Vec<_> = [LineState::Done, LineState::Rejected, LineState::Expired, LineState::Cancelled]
        .map(|state| line(&screen, 1, state))
        .into();
    let mut foreign = line(&screen, 1, LineState::Ready);
    foreign.device_serial = "1".to_owned();
    orders.push(foreign);
    let mut other = line(&screen, 1, LineState::Ready);
    other.public_key = [7; 64];
    orders.push(other);
    screen.happens(Event::Orders(orders));
    screen.hides(&["未完成的更新", "可以下载新证书"]);
    screen.control("立即更新");
}

#[test]
fn an_order_that_becomes_ready_is_told_by_toast_task_bar_and_desktop() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    screen.notices();
    screen.click("设置");
    let ready = line(&screen, 1, LineState::Ready);
    screen.happens(Event::OrderReady(ready));
    screen.shows(&["的订单 20261120-000040 已通过，可以下载新证书。"]);
    assert!(screen.calls, "the task bar");
    let notices = screen.notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].title, "证书更新已通过");
    assert!(notices[0].text.contains(NO) && notices[0].text.contains(OWNER));
    screen.let_pass(std::time::Duration::from_secs(5));
    screen.hides(&["的订单 20261120-000040 已通过"]);
}
