//! Stages of an unlock as a CA and a journal would bring them, for a key on the bench.

use crate::bench::{Bench, Card, NOW, spec};
use crate::screen::Screen;
use crate::stages::{NO, OWNER, SERIAL, captcha, order, support};
use cert_assistant::app::{
    Event, Fault, FaultCode, LineState, NewPin, OrderLine, PinPolicy, PortalPage, UnlockAsk, UnlockDone, UnlockEnd,
    UnlockEnded, UnlockForm, UnlockStage,
};
use order_api::{NextAction, Order, OrderKind, OrderState, UnlockRoute, UnlockView};
use std::sync::Arc;
use virtual_key::{Spec, State};

pub const CA: &str = crate::stages::CA;
pub const CODE: &str = "授权码";
pub const NEW: &str = "新密码";
pub const AGAIN: &str = "再次输入新密码";

/// A key whose PIN is locked.
pub fn locked() -> Spec {
    Spec { device_serial: Some(SERIAL.to_owned()), ..spec(OWNER, "10200000016873").state(State::Locked) }
}

/// A bench with that key.
pub fn bench() -> (Arc<Bench>, Arc<Card>) {
    let bench = Bench::empty();
    let card = bench.insert(&locked());
    (bench, card)
}

pub fn form() -> UnlockStage {
    form_with("c1")
}

pub fn form_with(picture: &str) -> UnlockStage {
    UnlockStage::Form(Box::new(UnlockForm { ca: CA.to_owned(), captcha: Some(captcha(picture)) }))
}

/// An order of this kind.
pub fn unlock_order(state: OrderState, route: UnlockRoute, next: &[NextAction]) -> Order {
    let sent_to = match route {
        UnlockRoute::Sms => vec!["138****5678".to_owned()],
        UnlockRoute::Review => vec!["139****0000".to_owned(), "l***@example.com".to_owned()],
    };
    let life = if route == UnlockRoute::Sms { 600 } else { 86_400 };
    let sent = matches!(state, OrderState::Authorized | OrderState::Issued);
    Order {
        kind: OrderKind::Unlock,
        new: crate::stages::old(),
        unlock: Some(UnlockView {
            route,
            sent_to: if sent { sent_to } else { Vec::new() },
            code_sent: sent.then_some(*NOW),
            resend_from: sent.then_some(*NOW + 60),
            code_expires: sent.then_some(*NOW + life),
            tries_left: 5,
        }),
        ..order(state, next)
    }
}

pub fn reviewing() -> UnlockStage {
    let mut order = unlock_order(OrderState::Reviewing, UnlockRoute::Review, &[NextAction::Wait]);
    order.expires = Some(*NOW + 7 * 86_400);
    UnlockStage::Waiting(Box::new(order))
}

pub const PINS: PinPolicy = PinPolicy { min: 6, max: 8 };

/// The code was sent; `change` makes it another one.
pub fn code_with(route: UnlockRoute, change: impl FnOnce(&mut UnlockView)) -> UnlockStage {
    let mut order = unlock_order(OrderState::Authorized, route, &[NextAction::ResendCode, NextAction::Unlock]);
    change(order.unlock.as_mut().unwrap());
    UnlockStage::Code(Box::new(NewPin { order, pins: PINS }))
}

pub fn code(route: UnlockRoute) -> UnlockStage {
    code_with(route, |_| {})
}

fn issued() -> Box<NewPin> {
    let order = unlock_order(OrderState::Issued, UnlockRoute::Sms, &[NextAction::Unlock, NextAction::FinishUnlock]);
    Box::new(NewPin { order, pins: PINS })
}

pub fn interrupted() -> UnlockStage {
    UnlockStage::NewPin(issued())
}

pub fn prove() -> UnlockStage {
    UnlockStage::Prove(issued())
}

pub fn ended(why: UnlockEnd, reason: Option<&str>) -> UnlockStage {
    let state = match why {
        UnlockEnd::Rejected => OrderState::Rejected,
        UnlockEnd::Expired => OrderState::Expired,
        UnlockEnd::Cancelled => OrderState::Cancelled,
        UnlockEnd::Refused => OrderState::Issued,
    };
    let mut order = unlock_order(state, UnlockRoute::Review, &[]);
    order.reason = reason.map(str::to_owned);
    UnlockStage::Ended(Box::new(UnlockEnded { order: Some(order), why }))
}

pub fn done() -> UnlockStage {
    UnlockStage::Done(Box::new(UnlockDone { no: NO.to_owned(), tries: Some(10), took_ms: Some(1240) }))
}

pub fn portal(url: &str) -> UnlockStage {
    UnlockStage::Portal(PortalPage { ca: CA.to_owned(), url: url.to_owned() })
}

/// A fault with every value a sentence may ask for.
pub fn fault_of(code: FaultCode) -> Fault {
    Fault::new(code)
        .with("telephone", crate::stages::TELEPHONE)
        .with("order", NO)
        .with("serial", SERIAL)
        .with("wait", "42")
        .with("left", "4")
        .with("field", "mobile")
        .with("difference", "11")
        .with("from", "2026-01-01")
        .with("until", "2026-12-31")
        .with("min", "6")
        .with("max", "15")
}

/// An unlock of this computer for the key in slot 1.
pub fn line(screen: &Screen, state: LineState) -> OrderLine {
    OrderLine { kind: OrderKind::Unlock, new: None, ..crate::stages::line(screen, 1, state) }
}

/// Fails unless the page was just opened and asked.
#[track_caller]
pub fn opened(screen: &Screen) {
    screen.shows(&["找回密码", "正在查询发证机构"]);
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Open)));
}

/// A window with the wizard of the key in slot 1 open, at this stage.
pub fn at(bench: &Arc<Bench>, stage: UnlockStage) -> Screen {
    let mut screen = Screen::of(bench);
    open(&mut screen);
    reach(&mut screen, 1, stage);
    screen
}

/// Opens the wizard from the card.
#[track_caller]
pub fn open(screen: &mut Screen) {
    screen.click("找回密码");
    opened(screen);
}

/// The app reports a stage.
pub fn reach(screen: &mut Screen, slot: u64, stage: UnlockStage) {
    screen.happens(Event::UnlockStage { slot, stage, support: support() });
}

/// The app reports a fault.
pub fn fail(screen: &mut Screen, slot: u64, fault: Fault) {
    screen.happens(Event::UnlockFault { slot, fault });
}

/// Types the new PIN twice.
#[track_caller]
pub fn type_pins(screen: &mut Screen, pin: &str) {
    screen.fill(NEW, pin);
    screen.fill(AGAIN, pin);
}
