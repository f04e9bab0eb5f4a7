//! 3 提交与审核 and 支付: every state and everything the service may want next.

use crate::bench::NOW;
use crate::screen::Screen;
use crate::stages::{
    NO, PIN_FIELD, TELEPHONE, at, bench, ended, fail, fault, order, paying, payment, reach, reviewing, verifying,
    waiting,
};
use cert_assistant::app::{DownloadLine, Event, RenewalAsk};
use eframe::egui::Key;
use order_api::{NextAction, OrderState, PaymentState};
use std::time::Duration;

/// States of 已提交 → 审核中 → 已通过.
fn progress(screen: &Screen) -> [String; 3] {
    ["已提交", "审核中", "已通过"].map(|name| screen.description(name).unwrap())
}

#[test]
fn an_order_under_review_shows_its_number_and_may_be_left_alone() {
    let (bench, _) = bench();
    let mut screen = at(&bench, reviewing());
    screen.shows(&["发证机构正在审核", "可以关闭本程序，通过后会提醒您。"]);
    assert_eq!(screen.field("订单号"), NO);
    assert_eq!(progress(&screen), ["已完成", "进行中", "未开始"]);
    screen.click("复制 订单号");
    assert_eq!(screen.copied, [NO]);
    screen.click("刷新");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Refresh)));
    screen.ask_to_close();
    assert!(screen.closed, "it may be closed");
}

#[test]
fn a_mistyped_number_is_filled_in_again_while_the_order_waits() {
    let (bench, _) = bench();
    let mut screen = at(&bench, reviewing());
    for stage in [reviewing(), verifying(None), paying(None)] {
        reach(&mut screen, 1, stage);
        screen.click("修改手机号或取消…");
        screen.shows(&["放弃这个订单？"]);
        screen.click("保留订单");
        screen.click("修改手机号或取消…");
        screen.click("放弃");
        assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::GiveUp)));
        screen.shows(&["正在取消订单…"]);
    }
}

#[test]
fn every_state_shows_how_far_it_is_and_every_next_action_has_its_button() {
    use NextAction::{Confirm, Issue, Pay, VerifyMobile, Wait};
    /// State, next actions, title, buttons, stations.
    type Case = (OrderState, &'static [NextAction], &'static str, &'static [&'static str], Option<[&'static str; 3]>);
    let cases: [Case; 8] = [
        (OrderState::Submitted, &[Wait], "订单已提交", &["刷新"], Some(["进行中", "未开始", "未开始"])),
        (OrderState::Submitted, &[], "订单已提交", &["刷新"], Some(["进行中", "未开始", "未开始"])),
        (
            OrderState::Submitted,
            &[VerifyMobile],
            "验证手机号码",
            &["发送验证码", "刷新"],
            Some(["进行中", "未开始", "未开始"]),
        ),
        (OrderState::Reviewing, &[Wait], "发证机构正在审核", &["刷新"], Some(["已完成", "进行中", "未开始"])),
        (OrderState::Payment, &[Pay], "支付", &["去支付", "刷新"], Some(["已完成", "已完成", "已完成"])),
        (OrderState::Authorized, &[Issue], "下载证书", &["开始下载"], None),
        (OrderState::Issued, &[Issue, Confirm], "下载证书", &["开始下载"], None),
        (OrderState::Issued, &[Confirm], "下载证书", &["开始下载"], None),
    ];
    let (bench, _) = bench();
    let mut screen = at(&bench, reviewing());
    for (state, next, title, buttons, stations) in cases {
        reach(&mut screen, 1, waiting(order(state, next)));
        screen.shows(&[title]);
        for name in buttons {
            screen.control(name);
        }
        if let Some(stations) = stations {
            assert_eq!(progress(&screen), stations, "{state:?}");
        }
    }
}

#[test]
fn an_authorized_order_asks_for_the_pin_and_downloads() {
    let (bench, _) = bench();
    let mut screen = at(&bench, waiting(order(OrderState::Authorized, &[NextAction::Issue])));
    screen.shows(&["请再输入一次"]);
    screen.fill(PIN_FIELD, "123456");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Download(_))));
    screen.happens(Event::RenewalLine { slot: 1, line: DownloadLine::Container });
    screen.shows(&["正在把新证书写入 UKey"]);
    assert_eq!(screen.description("准备新的容器").unwrap(), "进行中");
}

#[test]
fn the_mobile_number_is_verified_by_a_code_that_can_be_sent_again_after_a_minute() {
    let (bench, _) = bench();
    let mut screen = at(&bench, verifying(None));
    screen.shows(&["需要验证手机 138****8000"]);
    screen.click("发送验证码");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::SendCode)));
    reach(&mut screen, 1, verifying(Some(*NOW)));
    assert_eq!(screen.focused().unwrap(), "短信验证码");
    assert_eq!(screen.obstacle("60 秒后可重新发送").unwrap(), "60 秒后可重新发送");
    assert_eq!(screen.rests_for(), Duration::from_secs(1), "the clock ticks");
    screen.let_pass(Duration::from_secs(18));
    screen.control("42 秒后可重新发送");
    screen.let_pass(Duration::from_secs(42));
    assert!(screen.rests_for() > Duration::from_secs(60), "the clock has stopped");
    screen.click("重新发送");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::SendCode)));
    reach(&mut screen, 1, verifying(Some(*NOW + 60)));
    for (typed, note) in [("12345", "验证码已发送"), ("x", "应为 6 位数字")] {
        screen.enter(typed);
        assert_eq!(screen.description("短信验证码").unwrap(), note);
        assert_eq!(screen.obstacle("验证").unwrap(), "请输入 6 位数字的验证码");
    }
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty());
    screen.fill("短信验证码", "");
    screen.select_all();
    screen.enter("123456");
    screen.press(Key::Enter);
    let (_, RenewalAsk::CheckCode(code)) = screen.asked_renewal() else { panic!("another ask") };
    assert_eq!(code, "123456");
    // a wrong code: it is typed again
    fail(&mut screen, 1, fault());
    assert_eq!(screen.focused().unwrap(), "短信验证码");
    assert_eq!(screen.obstacle("验证").unwrap(), "请输入 6 位数字的验证码", "the wrong one is gone");
}

#[test]
fn payment_shows_amount_code_browser_and_expiry() {
    let (bench, _) = bench();
    let mut screen = at(&bench, paying(None));
    assert_eq!(screen.field("应付金额"), "200.00 元");
    screen.shows(&["请在 "]);
    screen.click("去支付");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Pay)));
    reach(&mut screen, 1, paying(Some(payment())));
    assert!(screen.shows_picture("支付二维码"));
    screen.shows(&["沙箱支付", "二维码有效至 ", "12:30"]);
    screen.click("用浏览器打开");
    assert_eq!(screen.browsed, [payment().url]);
    // it runs out by itself
    assert!(screen.rests_for() <= Duration::from_secs(1801));
    screen.let_pass(Duration::from_secs(1800));
    assert!(!screen.shows_picture("支付二维码"));
    screen.shows(&["已过期，没有扣款"]);
    screen.click("重新获取");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Pay)));
}

#[test]
fn a_payment_that_arrived_shows_no_code_any_more() {
    let (bench, _) = bench();
    let mut paid = payment();
    paid.state = PaymentState::Paid;
    let screen = at(&bench, paying(Some(paid)));
    screen.shows(&["已收到付款"]);
    assert!(!screen.shows_picture("支付二维码"));
}

#[test]
fn an_unsafe_payment_address_is_not_opened_and_one_on_this_machine_is() {
    for (url, opens) in
        [("http://pay.example.cn/1", false), ("file:///etc/passwd", false), ("http://127.0.0.1:8080/pay/1", true)]
    {
        let (bench, _) = bench();
        let mut payment = payment();
        payment.url = url.to_owned();
        let screen = at(&bench, paying(Some(payment)));
        assert_eq!(screen.controls("用浏览器打开").len(), usize::from(opens), "{url}");
        assert_eq!(screen.sees("不安全"), !opens, "{url}");
    }
}

#[test]
fn an_address_too_long_for_a_code_can_still_be_opened() {
    let (bench, _) = bench();
    let mut payment = payment();
    payment.url = format!("https://pay.example.cn/{}", "a".repeat(4000));
    let screen = at(&bench, paying(Some(payment)));
    assert!(!screen.shows_picture("支付二维码"));
    screen.control("用浏览器打开");
}

#[test]
fn an_order_that_ended_says_why_what_was_kept_and_what_to_do() {
    for (state, title, todo, word) in [
        (OrderState::Rejected, "审核未通过", "更正后重新申请", "rejected"),
        (OrderState::Expired, "订单已过期", "没有在规定时间内完成", "expired"),
        (OrderState::Cancelled, "订单已取消", "如果不是您取消的", "cancelled"),
    ] {
        let (bench, _) = bench();
        let mut screen = at(&bench, ended(state, Some("营业执照副本不清楚")));
        screen.shows(&[title, todo, "原证书仍可使用", TELEPHONE, "营业执照副本不清楚", word]);
        assert_eq!(screen.field("订单号"), NO);
        screen.hides(&["可以关闭本程序"]);
        screen.click("重新申请");
        assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    }
}
