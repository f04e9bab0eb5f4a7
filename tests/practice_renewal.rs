//! 证书更新 in practice mode, below the window.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a failing test panics

#[path = "support/practice.rs"]
mod practice;

use base::secret::Pin;
use cert_assistant::app::{Command, FaultCode, LineState, Model, RenewalAsk, RenewalStage, RenewalTask};
use cert_assistant::practice::KeySet;
use order_api::{Contact, OrderKind, OrderState};
use practice::{CAPTCHA, Practice, pin};
use std::sync::Arc;
use std::time::Instant;

/// What the tests ask of the wizard.
trait Renewing {
    fn ask(&mut self, slot: u64, ask: RenewalAsk);
    fn stage(&self, slot: u64) -> Option<&RenewalStage>;
    fn fault(&mut self, slot: u64, ask: RenewalAsk) -> FaultCode;
    fn ask_until(&mut self, slot: u64, ask: RenewalAsk, wanted: fn(&RenewalStage) -> bool);
    fn open_wizard(&mut self, owner: &str) -> u64;
    fn reach_form(&mut self, owner: &str) -> u64;
    fn submit(&mut self, slot: u64);
    fn download(&mut self, slot: u64);
    fn days_left(&self, slot: u64) -> i64;
}

impl Renewing for Practice {
    fn ask(&mut self, slot: u64, ask: RenewalAsk) {
        // as the window does with every question
        self.model.begin_renewal(slot, RenewalTask::Refreshing, Instant::now());
        self.send(Command::Renewal { slot, ask });
    }

    fn stage(&self, slot: u64) -> Option<&RenewalStage> {
        Some(&self.model.key(slot)?.renewal.as_ref()?.stage)
    }

    /// Asks and waits for the fault of it.
    #[track_caller]
    fn fault(&mut self, slot: u64, ask: RenewalAsk) -> FaultCode {
        self.ask(slot, ask);
        let fault = |model: &Model| Some(model.key(slot)?.renewal.as_ref()?.fault.as_ref()?.code);
        self.until(|model| fault(model).is_some());
        fault(&self.model).unwrap()
    }

    #[track_caller]
    fn ask_until(&mut self, slot: u64, ask: RenewalAsk, wanted: fn(&RenewalStage) -> bool) {
        self.ask(slot, ask);
        self.until(|model| {
            let renewal = model.key(slot).and_then(|key| key.renewal.as_ref());
            renewal.is_some_and(|renewal| {
                assert_eq!(renewal.fault, None);
                wanted(&renewal.stage)
            })
        });
    }

    fn open_wizard(&mut self, owner: &str) -> u64 {
        let slot = self.slot(owner);
        self.ask_until(slot, RenewalAsk::Open, |stage| !matches!(stage, RenewalStage::Opening));
        slot
    }

    fn reach_form(&mut self, owner: &str) -> u64 {
        let slot = self.open_wizard(owner);
        self.ask_until(slot, RenewalAsk::Identify(pin()), |stage| matches!(stage, RenewalStage::Form(_)));
        slot
    }

    fn submit(&mut self, slot: u64) {
        self.ask_until(slot, submission(CAPTCHA), |stage| {
            matches!(stage, RenewalStage::Waiting(_) | RenewalStage::Download(_))
        });
    }

    fn download(&mut self, slot: u64) {
        self.ask_until(slot, RenewalAsk::Download(pin()), |stage| matches!(stage, RenewalStage::Done(_)));
    }

    fn days_left(&self, slot: u64) -> i64 {
        let validity = self.model.key(slot).unwrap().view().unwrap().leading().unwrap().validity.unwrap();
        (validity.not_after - certificate::now()) / 86_400
    }
}

fn submission(captcha: &str) -> RenewalAsk {
    let contact = Contact { name: "王练习".into(), mobile: "13800000000".into(), email: String::new() };
    RenewalAsk::Submit { contact, captcha: Some(captcha.to_owned()) }
}

#[test]
fn a_certificate_is_renewed_and_the_card_shows_the_new_one() {
    let mut practice = Practice::start(KeySet::Standard);
    let slot = practice.reach_form("上海练习");
    let before = practice.days_left(slot);
    practice.submit(slot);
    assert!(matches!(practice.stage(slot), Some(RenewalStage::Download(download)) if !download.resumed));
    practice.download(slot);
    practice.until(|model| {
        model.key(slot).is_some_and(|key| key.view().is_some_and(|view| view.contents.containers.len() == 2))
    });
    assert_eq!(practice.days_left(slot), before + 365);
    let view = practice.model.key(slot).unwrap().view().unwrap();
    assert_eq!(view.history.len(), 1, "the old certificate stays as 历史证书");
    assert_eq!(view.contents.pin.unwrap().tries_left, 10);
    practice.until(|model| model.orders.len() == 1 && model.orders[0].state == LineState::Done);
}

#[test]
fn every_way_a_renewal_is_refused_can_be_met() {
    let mut practice = Practice::start(KeySet::Renewal);
    for (owner, code) in [
        ("尚未到期", FaultCode::RenewalTooEarly),
        ("过期太久", FaultCode::RenewalTooLate),
        ("已被吊销", FaultCode::CertificateRevoked),
        ("非本系统", FaultCode::CertificateUnknown),
    ] {
        let slot = practice.open_wizard(owner);
        assert_eq!(practice.fault(slot, RenewalAsk::Identify(pin())), code, "{owner}");
    }
    let slot = practice.reach_form("次数用完");
    assert_eq!(practice.fault(slot, submission(CAPTCHA)), FaultCode::DailyLimit);
    let slot = practice.reach_form("即时签发");
    assert_eq!(practice.fault(slot, submission("WRNG")), FaultCode::CaptchaWrong);
    assert!(matches!(practice.stage(slot), Some(RenewalStage::Form(_))), "the form stays, with a new picture");
    practice.submit(slot);
    let slot = practice.reach_form("密钥已满");
    practice.submit(slot);
    let fault = practice.fault(slot, RenewalAsk::Download(pin()));
    assert_eq!(fault, FaultCode::RenewalKeyFull);
    assert!(practice.days_left(slot) < 30, "the old certificate is still the one in use");
}

#[test]
fn a_wrong_pin_is_told_and_spends_one_try() {
    let mut practice = Practice::start(KeySet::Standard);
    let slot = practice.open_wizard("上海练习");
    let wrong = Pin::new(b"654321").unwrap();
    assert_eq!(practice.fault(slot, RenewalAsk::Identify(wrong)), FaultCode::WrongPin);
    practice
        .until(|model| model.key(slot).unwrap().view().is_some_and(|view| view.contents.pin.unwrap().tries_left == 9));
    practice.ask_until(slot, RenewalAsk::Identify(pin()), |stage| matches!(stage, RenewalStage::Form(_)));
}

#[test]
fn an_order_under_review_goes_on_after_the_program_was_closed() {
    let mut practice = Practice::start(KeySet::Renewal);
    let slot = practice.reach_form("人工审核");
    practice.submit(slot);
    let Some(RenewalStage::Waiting(waiting)) = practice.stage(slot) else { panic!("an officer looks first") };
    assert_eq!(waiting.order.state, OrderState::Reviewing);
    practice.until(|model| model.orders.first().is_some_and(|order| order.state == LineState::Reviewing));
    // closed: the officer says yes meanwhile or later, either way the program hears of it
    drop(practice.engine.take());
    let mut again = Practice::open(practice.source.again(), Arc::clone(&practice.ca));
    again.until_with_refreshes(|model| model.orders.first().is_some_and(|order| order.state == LineState::Ready));
    again.until(|model| model.service.is_some() && model.keys.iter().all(|key| key.view().is_some()));
    let slot = again.slot("人工审核");
    assert!(again.model.open_order(slot, OrderKind::Renew).is_some(), "the card says that an order is open");
    again.ask_until(slot, RenewalAsk::Open, |stage| matches!(stage, RenewalStage::Download(_)));
    again.download(slot);
    again.until(|model| model.open_order(slot, OrderKind::Renew).is_none());
}

#[test]
fn an_approval_reaches_the_open_wizard_and_is_announced() {
    let mut practice = Practice::start(KeySet::Renewal);
    let slot = practice.reach_form("人工审核");
    practice.submit(slot);
    practice.until(|model| model.order_ready.is_some());
    practice
        .until(|model| matches!(model.key(slot).unwrap().renewal.as_ref().unwrap().stage, RenewalStage::Download(_)));
}

#[test]
fn an_order_belongs_to_one_key() {
    let mut practice = Practice::start(KeySet::Renewal);
    let twins: Vec<u64> = practice
        .model
        .keys
        .iter()
        .filter(|key| key.view().unwrap().leading().unwrap().subject.get("CN").unwrap().contains("两个相同"))
        .map(|key| key.slot.id)
        .collect();
    let [first, second] = twins[..] else {
        panic!("two keys with one certificate, not {twins:?} of {:?}", practice.model.keys.len())
    };
    practice.ask_until(first, RenewalAsk::Open, |stage| matches!(stage, RenewalStage::Identify { .. }));
    practice.ask_until(first, RenewalAsk::Identify(pin()), |stage| matches!(stage, RenewalStage::Form(_)));
    practice.submit(first);
    practice.ask_until(second, RenewalAsk::Open, |stage| matches!(stage, RenewalStage::Identify { .. }));
    let code = practice.fault(second, RenewalAsk::Identify(pin()));
    assert_eq!(code, FaultCode::OrderOtherKey);
}
