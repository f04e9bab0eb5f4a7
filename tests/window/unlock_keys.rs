//! The wizard 找回密码 and its key: pulled out and put back, several at once, and what card and list show of it.

use crate::bench::{Bench, spec, twin};
use crate::screen::Screen;
use crate::stages::{NO, OWNER, SERIAL, line as renewal_line};
use crate::unlock_stages::{at, bench, code, done, form, interrupted, line, locked, open, opened, reach, type_pins};
use cert_assistant::app::{Event, LineState, UnlockAsk};
use order_api::UnlockRoute;
use virtual_key::{Spec, State, VirtualKey};

const OTHER: &str = "上海练习贸易有限公司";

fn second() -> Spec {
    Spec { device_serial: Some("40009876543210".to_owned()), ..spec(OTHER, "2").state(State::Valid) }
}

#[test]
fn with_several_keys_the_first_step_asks_which_one() {
    let (bench, _) = bench();
    bench.insert(&second());
    let mut screen = Screen::of(&bench);
    screen.choose(OWNER);
    open(&mut screen);
    reach(&mut screen, 1, form());
    screen.shows(&["选择要找回密码的 UKey", "第 1 步 选择 UKey：进行中"]);
    assert!(screen.is_checked(&format!("{OWNER} · 10200000016873 · 已锁定")));
    screen.click("下一步");
    screen.shows(&["核验您的身份"]);
    screen.click("返回");
    screen.asked();
    // the other one
    screen.choose(OWNER);
    open(&mut screen);
    reach(&mut screen, 1, form());
    screen.click(&format!("{OTHER} · 2 · 有效 · 还有 300 天"));
    screen.click("下一步");
    let asked = screen.asked();
    assert_eq!(asked.len(), 2, "the one is left, the other opened");
    reach(&mut screen, 2, form());
    screen.shows(&["核验您的身份", OTHER]);
}

#[test]
fn a_key_pulled_out_is_asked_for_and_the_page_goes_on_when_the_same_one_is_back() {
    let bench = Bench::empty();
    let state = bench.make(&locked());
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    screen.enter("12345678");
    bench.remove(&card);
    screen.wait_for("请插回这个 UKey");
    screen.shows(&["申请不会丢失", SERIAL, OWNER, NO]);
    assert_eq!(screen.buttons(), ["返回"]);
    bench.insert(&second());
    screen.wait_for(OTHER);
    assert!(screen.asked().is_empty(), "another key changes nothing");
    bench.insert_key(VirtualKey::new(state));
    screen.wait_for("正在查询发证机构");
    assert!(matches!(screen.asked_unlock(), (3, UnlockAsk::Open)));
    reach(&mut screen, 3, interrupted());
    type_pins(&mut screen, "k7m2x9");
    screen.click("继续");
    assert!(matches!(screen.asked_unlock(), (3, UnlockAsk::Unlock { code: None, .. })));
}

#[test]
fn the_card_shows_an_unfinished_unlock_and_goes_on() {
    for (state, word) in [
        (LineState::Reviewing, "审核中"),
        (LineState::CodeSent, "待输入授权码"),
        (LineState::Interrupted, "解锁中断"),
        (LineState::ReportMissing, "已解锁，待报告"),
        (LineState::Sending, "正在提交"),
    ] {
        let (bench, _) = bench();
        let mut screen = Screen::of(&bench);
        let order = line(&screen, state);
        screen.happens(Event::Orders(vec![order]));
        screen.shows(&[&format!("有一个未完成的解锁（{word}）。")]);
        assert_eq!(screen.buttons()[0], "继续");
        screen.click("继续");
        opened(&screen);
    }
}

#[test]
fn a_renewal_and_an_unlock_of_the_same_key_each_have_their_strip() {
    let (bench, _) = crate::stages::bench();
    let mut screen = Screen::of(&bench);
    let orders = vec![line(&screen, LineState::Reviewing), renewal_line(&screen, 1, LineState::Ready)];
    screen.happens(Event::Orders(orders));
    screen.shows(&["有一个未完成的解锁（审核中）。", "更新申请已通过审核"]);
    assert_eq!(screen.controls("继续").len(), 2);
}

#[test]
fn the_list_of_orders_shows_unlocks_with_their_kind_and_goes_on() {
    for (state, word, open) in [
        (LineState::CodeSent, "待输入授权码", true),
        (LineState::ReportMissing, "已解锁，待报告", true),
        (LineState::Interrupted, "解锁中断", true),
        (LineState::Refused, "UKey 未接受", false),
        (LineState::Done, "已完成", false),
    ] {
        let (bench, _) = bench();
        let mut screen = Screen::of(&bench);
        let order = line(&screen, state);
        screen.happens(Event::Orders(vec![order]));
        screen.click("订单");
        screen.asked();
        screen.shows(&[word]);
        screen.hides(&["新有效期"]);
        assert_eq!(screen.field("类型"), "找回密码");
        if open {
            screen.click(&format!("继续 {NO}"));
            opened(&screen);
        } else {
            screen.control(&format!("移除记录 {NO}"));
        }
    }
}

#[test]
fn a_page_that_was_left_keeps_no_code() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    screen.enter("12345678");
    type_pins(&mut screen, "k7m2x9");
    screen.click("设置");
    screen.choose(OWNER);
    screen.click("找回密码");
    assert!(screen.asked().is_empty(), "the wizard is still there");
    assert_eq!(screen.obstacle("解锁").unwrap(), "请输入完整的授权码");
}

#[test]
fn a_key_that_was_unlocked_says_so_on_its_card() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    screen.click("设置");
    reach(&mut screen, 1, done());
    screen.choose(OWNER);
    screen.shows(&["UKey 已解锁，请牢记新的证书密码。"]);
    screen.click("查看");
    screen.shows(&["用时 1.2 秒"]);
}
