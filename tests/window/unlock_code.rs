//! 找回密码 from the code on: code and new PIN, the writing, what is left after a cut.

use crate::bench::NOW;
use crate::screen::Screen;
use crate::stages::{NO, TELEPHONE, wrong_pin};
use crate::unlock_stages::{
    AGAIN, CODE, NEW, at, bench, code, code_with, done, ended, fail, fault_of, interrupted, prove, reach, type_pins,
};
use cert_assistant::app::{Event, FaultCode, UnlockAsk, UnlockEnd, UnlockLine};
use eframe::egui::Key;
use order_api::UnlockRoute;
use std::time::Duration;

const UNLOCK: &str = "解锁";
const PROOF: &str = "刚设置的新密码";

/// Types code and PIN and sends them.
#[track_caller]
fn send(screen: &mut Screen) {
    screen.fill(CODE, "1234 5678");
    type_pins(screen, "k7m2x9");
    screen.click(UNLOCK);
}

#[test]
fn the_way_by_sms_never_says_that_what_was_filled_in_is_right() {
    let (bench, _) = bench();
    let screen = at(&bench, code(UnlockRoute::Sms));
    screen.shows(&["如果资料与登记一致，授权码已发送到 138****5678。", "还可以输错 5 次"]);
    screen.hides(&["审核已通过"]);
}

#[test]
fn code_and_pin_are_judged_while_they_are_typed_and_sent_once() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    assert_eq!(screen.focused().as_deref(), Some(CODE));
    screen.shows(&["6-8 位", "含字母和数字"]);
    screen.hides(&["与当前密码不同"]);
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "请输入完整的授权码");
    screen.enter("1234 5678");
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "新密码还没有满足要求");
    screen.fill(NEW, "k7m2x9abc");
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "新密码还没有满足要求", "longer than this CA takes");
    screen.select_all();
    screen.enter("k7m2x9");
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "请再次输入相同的新密码");
    screen.fill(AGAIN, "k7m2x8");
    screen.shows(&["两次输入不一致"]);
    screen.select_all();
    screen.enter("k7m2x9");
    screen.shows(&["两次输入一致"]);
    screen.press(Key::Enter);
    let (1, UnlockAsk::Unlock { code, new }) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!((code.unwrap().as_str(), new.expose()), ("1234 5678", b"k7m2x9".as_slice()));
    screen.shows(&["正在解锁 UKey", "请勿拔出"]);
}

#[test]
fn the_clocks_run_only_while_they_are_in_sight() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    screen.shows(&["还剩 10 分 0 秒", "60 秒后可重新发送"]);
    assert!(screen.rests_for() <= Duration::from_secs(1));
    screen.let_pass(Duration::from_secs(60));
    screen.shows(&["还剩 9 分 0 秒"]);
    screen.click("重新发送");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Resend)));
    screen.shows(&["正在重新发送授权码…"]);
    let again = |view: &mut order_api::UnlockView| {
        (view.code_sent, view.resend_from) = (Some(*NOW + 60), Some(*NOW + 120));
        view.code_expires = Some(*NOW + 660);
    };
    reach(&mut screen, 1, code_with(UnlockRoute::Sms, again));
    screen.shows(&["60 秒后可重新发送"]);
    screen.let_pass(Duration::from_secs(600));
    screen.shows(&["授权码已过期，请重新发送"]);
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "授权码已过期，请重新发送");
    assert!(screen.rests_for() > Duration::from_secs(60), "no clock runs any more");
    screen.control("重新发送");
    // the code of an officer counts for a day: no clock, a time
    reach(
        &mut screen,
        1,
        code_with(UnlockRoute::Review, |view| {
            (view.resend_from, view.code_expires) = (None, Some(*NOW + 86_400));
        }),
    );
    screen.hides(&["还剩"]);
    assert!(screen.rests_for() > Duration::from_secs(60));
}

#[test]
fn a_wrong_code_says_how_many_are_left_and_the_last_one_closes_the_order() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    screen.asked();
    reach(&mut screen, 1, code_with(UnlockRoute::Sms, |view| view.tries_left = 4));
    fail(&mut screen, 1, fault_of(FaultCode::CodeWrong));
    screen.shows(&["还可以输错 4 次", "CA-524"]);
    assert_eq!(screen.focused().as_deref(), Some(CODE));
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "请输入完整的授权码", "a wrong one is typed again");
    screen.enter("87654321");
    screen.click(UNLOCK);
    screen.asked();
    reach(&mut screen, 1, ended(UnlockEnd::Cancelled, None));
    fail(&mut screen, 1, fault_of(FaultCode::CodeWrong));
    screen.shows(&["申请已关闭", "授权码输错次数过多", TELEPHONE]);
    screen.control("重新申请");
}

#[test]
fn after_a_failure_of_the_network_the_code_is_still_there_and_the_pins_are_not() {
    for code_of in [
        FaultCode::CaUnreachable,
        FaultCode::CaTimeout,
        FaultCode::CaBroken,
        FaultCode::UnlockChallengeLost,
        FaultCode::KeyHeld,
        FaultCode::KeyRemoved,
        FaultCode::GrantRefused,
        FaultCode::NewPinLength,
        FaultCode::OrderOtherKey,
    ] {
        let (bench, _) = bench();
        let mut screen = at(&bench, code(UnlockRoute::Sms));
        send(&mut screen);
        screen.asked();
        reach(&mut screen, 1, code(UnlockRoute::Sms));
        let fault = fault_of(code_of);
        fail(&mut screen, 1, fault.clone());
        let told = fault.sentences(true);
        screen.shows(&[&told.what, &told.kept, &told.todo, code_of.as_str(), TELEPHONE]);
        assert_eq!(screen.obstacle(UNLOCK).unwrap(), "新密码还没有满足要求", "{code_of:?}");
        assert_eq!(screen.focused().as_deref(), Some(NEW));
        type_pins(&mut screen, "p4q8r2");
        screen.click(UNLOCK);
        let (1, UnlockAsk::Unlock { code, new }) = screen.asked_unlock() else { panic!("another ask") };
        assert_eq!((code.unwrap().as_str(), new.expose()), ("1234 5678", b"p4q8r2".as_slice()), "{code_of:?}");
    }
}

#[test]
fn a_code_of_before_goes_with_the_code() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    screen.asked();
    reach(&mut screen, 1, code_with(UnlockRoute::Sms, |view| view.code_sent = Some(*NOW + 60)));
    type_pins(&mut screen, "k7m2x9");
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "请输入完整的授权码");
    screen.click("重新填写");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Discard)));
}

#[test]
fn a_key_unlocked_by_another_application_waits_with_a_clock() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    screen.asked();
    reach(&mut screen, 1, code(UnlockRoute::Sms));
    fail(&mut screen, 1, fault_of(FaultCode::UnlockInProgress));
    screen.shows(&["CA-562", "42 秒后可以再试"]);
    assert_eq!(screen.obstacle(UNLOCK).unwrap(), "42 秒后可以再试");
}

#[test]
fn the_lines_tick_off_with_their_times_and_leaving_or_closing_asks() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    screen.asked();
    for line in [UnlockLine::Challenge, UnlockLine::Answer, UnlockLine::Key] {
        screen.happens(Event::UnlockLine { slot: 1, line });
        screen.let_pass(Duration::from_millis(400));
    }
    assert_eq!(screen.description("UKey 生成挑战码").as_deref(), Some("已完成"));
    assert_eq!(screen.description("解锁并设置新密码").as_deref(), Some("进行中"));
    assert_eq!(screen.description("向发证机构报告").as_deref(), Some("未开始"));
    assert!(screen.rests_for() <= Duration::from_secs(1), "the seconds run");
    screen.ask_to_close();
    assert!(!screen.closed);
    screen.shows(&["正在解锁 UKey", "不需要重新申请"]);
    screen.click("继续等待");
    screen.press(Key::Escape);
    screen.shows(&["解锁会在后台继续"]);
    screen.click("离开此页");
    screen.shows(&["正在解锁 UKey，请勿拔出。"]);
    assert!(screen.asked().is_empty(), "it goes on");
    reach(&mut screen, 1, done());
    screen.shows(&["UKey 已解锁，请牢记新的证书密码"]);
    screen.ask_to_close();
    assert!(screen.closed);
}

#[test]
fn a_cut_is_told_where_nobody_looks_and_the_page_goes_on_without_a_code() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    screen.asked();
    screen.happens(Event::UnlockLine { slot: 1, line: UnlockLine::Challenge });
    screen.happens(Event::UnlockLine { slot: 1, line: UnlockLine::Key });
    screen.press(Key::Escape);
    screen.click("离开此页");
    reach(&mut screen, 1, interrupted());
    fail(&mut screen, 1, fault_of(FaultCode::UnlockInterrupted));
    screen.shows(&["解锁没有完成，请在卡片上点“继续”。"]);
    screen.click("找回密码");
    screen.shows(&["继续解锁", "不需要重新申请", "CA-563", "UKey 生成挑战码"]);
    assert_eq!(screen.description("解锁并设置新密码").as_deref(), Some("在这一步中断"));
    assert!(screen.controls(CODE).is_empty());
    type_pins(&mut screen, "k7m2x9");
    screen.press(Key::Enter);
    let (1, UnlockAsk::Unlock { code, new }) = screen.asked_unlock() else { panic!("another ask") };
    assert!(code.is_none());
    assert_eq!(new.expose(), b"k7m2x9");
}

#[test]
fn the_missing_report_takes_the_new_pin_once_more() {
    let (bench, _) = crate::stages::bench();
    let mut screen = at(&bench, prove());
    screen.shows(&["还差最后一步", "新密码已经生效", "密码不会发送"]);
    assert_eq!(screen.obstacle("完成").unwrap(), "请输入密码");
    screen.enter("k7m2x9");
    screen.press(Key::Enter);
    let (1, UnlockAsk::Prove(pin)) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!(pin.expose(), b"k7m2x9");
    reach(&mut screen, 1, prove());
    fail(&mut screen, 1, wrong_pin(8));
    screen.shows(&["密码不正确，还可以输错 8 次"]);
    assert_eq!(screen.focused().as_deref(), Some(PROOF));
    screen.enter("k7m2x8");
    screen.press(Key::Enter);
    screen.asked();
    fail(&mut screen, 1, fault_of(FaultCode::UnlockNotReported));
    screen.shows(&["CA-564", "UKey 已解锁"]);
    // who forgot it sets another one, and may come back
    screen.click("重新设置密码");
    screen.shows(&["继续解锁", NEW]);
    screen.press(Key::Escape);
    screen.shows(&["还差最后一步"]);
    screen.click("重新设置密码");
    type_pins(&mut screen, "p4q8r2");
    screen.click("继续");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Unlock { code: None, .. })));
}

#[test]
fn before_the_last_tries_of_the_new_pin_the_person_is_asked_and_can_set_another_one() {
    let (bench, _) = crate::stages::bench();
    let mut screen = at(&bench, prove());
    screen.enter("k7m2x9");
    screen.press(Key::Enter);
    screen.asked();
    fail(&mut screen, 1, wrong_pin(2));
    screen.enter("k7m2x8");
    screen.press(Key::Enter);
    screen.shows(&["还可以输错 2 次", "仍然尝试"]);
    screen.click_last("找回密码");
    screen.shows(&["继续解锁", NEW]);
    assert!(screen.asked().is_empty());
    // locked, nothing else is left
    let (bench, _) = crate::unlock_stages::bench();
    drop(screen);
    let mut screen = at(&bench, prove());
    screen.shows(&["这个密码的次数也用完了"]);
    screen.click("重新设置密码");
    screen.shows(&["继续解锁", NEW]);
}

#[test]
fn a_key_that_refuses_is_never_tried_again() {
    for fault in [FaultCode::UnlockRefused, FaultCode::AdminTriesLow, FaultCode::AdminLocked] {
        let (bench, _) = bench();
        let mut screen = at(&bench, code(UnlockRoute::Sms));
        send(&mut screen);
        screen.asked();
        reach(&mut screen, 1, ended(UnlockEnd::Refused, None));
        fail(&mut screen, 1, fault_of(fault));
        screen.shows(&["UKey 没有接受解锁，已停止", TELEPHONE, NO, fault.as_str()]);
        assert_eq!(screen.buttons(), ["复制 订单号", "返回"]);
    }
}

#[test]
fn after_a_wrong_code_the_new_pin_need_not_be_typed_again_and_past_the_code_it_is_gone() {
    let (bench, _) = bench();
    let mut screen = at(&bench, code(UnlockRoute::Sms));
    send(&mut screen);
    let (1, UnlockAsk::Unlock { new, .. }) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!(new.expose(), b"k7m2x9");
    screen.happens(Event::UnlockLine { slot: 1, line: UnlockLine::Answer });
    // goes nowhere
    screen.enter("zz");
    fail(&mut screen, 1, fault_of(FaultCode::CodeWrong));
    screen.shows(&["两次输入一致"]);
    assert_eq!(screen.focused().as_deref(), Some(CODE));
    assert!(screen.obstacle("解锁").unwrap().contains("授权码"), "only the code is missing");
    screen.enter("87654321");
    screen.press(Key::Enter);
    let (1, UnlockAsk::Unlock { code: Some(typed), new }) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!((typed.as_str(), new.expose()), ("87654321", &b"k7m2x9"[..]));
    screen.happens(Event::UnlockLine { slot: 1, line: UnlockLine::Key });
    fail(&mut screen, 1, fault_of(FaultCode::CaUnreachable));
    screen.hides(&["两次输入一致"]);
    assert_eq!(screen.obstacle("解锁").unwrap(), "新密码还没有满足要求");
}
