//! Every state of the unlock as a picture, as in [`crate::gallery`].

use crate::bench::{Bench, NOW, spec};
use crate::gallery::{Gallery, LOOKS, tour};
use crate::screen::Screen;
use crate::stages::wrong_pin;
use crate::unlock_stages::{
    bench, code, code_with, done, ended, fail, fault_of, form, interrupted, line, portal, prove, reach, reviewing,
};
use cert_assistant::app::{Event, FaultCode, LineState, UnlockEnd, UnlockLine, UnlockStage};
use eframe::egui::Key;
use order_api::UnlockRoute;
use std::time::Duration;
use virtual_key::State;

fn stage(gallery: &mut Gallery, name: &str, stage: UnlockStage) {
    reach(&mut gallery.screen, 1, stage);
    gallery.hang(name);
}

fn faulty(gallery: &mut Gallery, name: &str, fault: FaultCode) {
    fail(&mut gallery.screen, 1, fault_of(fault));
    gallery.hang(name);
}

/// Types code and PIN without looking where the fields are.
fn send(gallery: &mut Gallery) {
    let screen: &mut Screen = &mut gallery.screen;
    for text in ["12345678", "k7m2x9", "k7m2x9"] {
        screen.enter(text);
        screen.press(Key::Tab);
        screen.press(Key::Tab);
    }
}

fn steps(gallery: &mut Gallery) {
    gallery.press("找回密码", "Unlock");
    gallery.hang("20-opening");
    faulty(gallery, "20-opening-fault", FaultCode::CaUnreachable);
    faulty(gallery, "20-no-certificate", FaultCode::CertificateMissing);
    let lost = line(&gallery.screen, LineState::Sending);
    gallery.screen.happens(Event::Orders(vec![lost]));
    faulty(gallery, "20-lost", FaultCode::CaBroken);
    gallery.screen.happens(Event::Orders(Vec::new()));
    stage(gallery, "22-form", form());
    faulty(gallery, "22-form-fault", FaultCode::RateLimited);
    reach(&mut gallery.screen, 1, reviewing());
    reach(&mut gallery.screen, 1, form());
    gallery.press("号码已更换 / 收不到短信", "Number changed / no SMS");
    gallery.hang("22-form-review");
    gallery.press("怎样找回密码", "How the PIN is reset");
    gallery.hang("22-form-help");
    gallery.press("怎样找回密码", "How the PIN is reset");
    stage(gallery, "23-reviewing", reviewing());
    stage(gallery, "24-code-review", code_with(UnlockRoute::Review, |view| view.resend_from = None));
    stage(gallery, "23-again", reviewing());
    stage(gallery, "24-code", code(UnlockRoute::Sms));
    faulty(gallery, "24-code-wrong", FaultCode::CodeWrong);
    stage(gallery, "23-once-more", reviewing());
    stage(gallery, "24-code-over", code_with(UnlockRoute::Sms, |view| view.code_expires = Some(*NOW - 1)));
    stage(gallery, "23-last", reviewing());
    reach(&mut gallery.screen, 1, code(UnlockRoute::Sms));
    send(gallery);
    gallery.hang("24-code-typed");
    gallery.press("解锁", "Unlock");
    for line in [UnlockLine::Challenge, UnlockLine::Answer, UnlockLine::Key] {
        gallery.screen.happens(Event::UnlockLine { slot: 1, line });
        gallery.screen.let_pass(Duration::from_millis(430));
    }
    gallery.hang("25-writing");
    gallery.screen.press(Key::Escape);
    gallery.hang("25-leave");
    gallery.screen.press(Key::Escape);
    reach(&mut gallery.screen, 1, interrupted());
    faulty(gallery, "25-interrupted", FaultCode::UnlockInterrupted);
    stage(gallery, "26-prove", prove());
    fail(&mut gallery.screen, 1, wrong_pin(8));
    gallery.hang("26-prove-wrong");
    stage(gallery, "27-rejected", ended(UnlockEnd::Rejected, Some("电话无人接听，请确认号码后重新申请。")));
    stage(gallery, "27-cancelled", ended(UnlockEnd::Cancelled, None));
    stage(gallery, "27-refused", ended(UnlockEnd::Refused, None));
    stage(gallery, "28-done", done());
    stage(gallery, "29-portal", portal("https://portal.example.cn/unlock"));
    stage(gallery, "29-portal-unknown", portal(""));
}

fn around(gallery: &mut Gallery) {
    let order = line(&gallery.screen, LineState::Interrupted);
    gallery.screen.happens(Event::Orders(vec![order.clone()]));
    gallery.hang("30-card");
    gallery.press("订单", "Orders");
    gallery.hang("30-orders");
    gallery.screen.happens(Event::OrderReady(order));
    gallery.hang("30-toast");
    gallery.press("设置", "Settings");
    let switch = gallery
        .word("用管理口令解锁（仅供发证机构柜台）", "Unlock with the admin PIN (for counters of the issuer only)");
    let switch = switch.to_owned();
    gallery.screen.press_button(&switch);
    gallery.hang("31-settings");
    let row = gallery.screen.keys()[0].clone();
    gallery.screen.press_button(&row);
    gallery.press("找回密码", "Unlock");
    reach(&mut gallery.screen, 1, form());
    gallery.hang("32-choose");
    let button = gallery.word("用管理口令解锁…", "Unlock with the admin PIN…").to_owned();
    gallery.screen.focus(&button);
    gallery.hang("32-counter");
    gallery.screen.press_button(&button);
    gallery.screen.wait_until("the tries are known", |screen| screen.sees("10"));
    gallery.hang("33-unblock");
}

#[test]
fn the_steps_at_the_usual_size() {
    tour(&LOOKS[..2], || bench().0, steps);
}

#[test]
fn the_steps_at_the_smallest_size() {
    tour(&LOOKS[2..], || bench().0, steps);
}

#[test]
fn what_is_around_them() {
    let two = || {
        let bench: std::sync::Arc<Bench> = bench().0;
        bench.insert(&spec("上海练习贸易有限公司", "2").state(State::Valid));
        bench
    };
    tour(&LOOKS, two, around);
}
