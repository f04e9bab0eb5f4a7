//! Stages of a renewal as a CA and a journal would bring them, for a key on the bench.

use crate::bench::{Bench, Card, NOW, spec};
use crate::screen::Screen;
use cert_assistant::app::{
    Done, Download, DownloadLine, Event, Fault, FaultCode, Form, LineState, OrderLine, PortalPage, RenewalAsk,
    RenewalStage, Waiting,
};
use order_api::{
    Base64, Captcha, Contact, Holder, NextAction, Order, OrderKind, OrderState, Payment, PaymentState, Period, Product,
    Session, Support,
};
use std::io::Cursor;
use std::sync::Arc;
use virtual_key::Spec;

pub const OWNER: &str = "北京演示科技有限公司";
pub const SERIAL: &str = "30001234567890";
pub const CA: &str = "演示证书认证中心";
pub const ADDRESS: &str = "ca.example.cn";
pub const NO: &str = "20261120-000040";
pub const TELEPHONE: &str = "010-58045600";
pub const PIN_FIELD: &str = "UKey 密码";

const DAY: i64 = 86_400;

/// A key with twenty days left.
pub fn expiring() -> Spec {
    Spec { device_serial: Some(SERIAL.to_owned()), ..spec(OWNER, "10200000016873").state(virtual_key::State::Expiring) }
}

/// A bench with that key.
pub fn bench() -> (Arc<Bench>, Arc<Card>) {
    let bench = Bench::empty();
    let card = bench.insert(&expiring());
    (bench, card)
}

pub fn support() -> Support {
    Support { telephone: TELEPHONE.to_owned(), hours: "工作日 9:00-18:00".to_owned() }
}

pub fn old() -> Period {
    Period { from: *NOW - 345 * DAY, until: *NOW + 20 * DAY }
}

pub fn new() -> Period {
    Period { from: *NOW, until: *NOW + 385 * DAY }
}

pub fn identify() -> RenewalStage {
    RenewalStage::Identify { ca: CA.to_owned(), address: ADDRESS.to_owned(), refusal: None }
}

/// A picture with nothing to read in it.
pub fn png() -> Base64 {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(160, 60, |x, y| {
        if (x / 8 + y / 8) % 5 == 0 { image::Rgb([40, 80, 160]) } else { image::Rgb([238, 242, 250]) }
    });
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    Base64(bytes.into_inner())
}

pub fn captcha(id: &str) -> Captcha {
    Captcha { id: id.to_owned(), image: png(), expires: *NOW + 300 }
}

pub fn session() -> Session {
    Session {
        id: "session-1".to_owned(),
        expires: *NOW + 900,
        holder: Holder { name: OWNER.to_owned(), entity: String::new(), certificate_serial: "01".to_owned() },
        product: Product {
            code: "unit".to_owned(),
            name: "单位证书（一年）".to_owned(),
            fee_fen: 0,
            review: true,
            verify_mobile: false,
        },
        old: old(),
        new: new(),
        renewable: Period { from: *NOW - 70 * DAY, until: *NOW + 385 * DAY },
        contact: Contact {
            name: "李雷".to_owned(),
            mobile: "13800138000".to_owned(),
            email: "lilei@example.com".to_owned(),
        },
        captcha: true,
        orders: Vec::new(),
    }
}

/// A session in which money is due.
pub fn paid_session() -> Session {
    let mut session = session();
    session.product.fee_fen = 20_000;
    session
}

pub fn form() -> RenewalStage {
    RenewalStage::Form(Box::new(Form { session: session(), captcha: Some(captcha("c1")) }))
}

pub fn form_of(session: Session, captcha: Option<Captcha>) -> RenewalStage {
    RenewalStage::Form(Box::new(Form { session, captcha }))
}

pub fn order(state: OrderState, next: &[NextAction]) -> Order {
    Order {
        no: NO.to_owned(),
        kind: OrderKind::Renew,
        state,
        next_actions: next.to_vec(),
        holder: OWNER.to_owned(),
        certificate_serial: "01".to_owned(),
        device_serial: SERIAL.to_owned(),
        old: old(),
        new: new(),
        fee_fen: 0,
        mobile: "138****8000".to_owned(),
        created: *NOW,
        updated: *NOW,
        reason: None,
        expires: None,
        issued: Vec::new(),
        unlock: None,
    }
}

pub fn waiting(order: Order) -> RenewalStage {
    RenewalStage::Waiting(Box::new(Waiting { order, payment: None, code_sent: None }))
}

pub fn reviewing() -> RenewalStage {
    waiting(order(OrderState::Reviewing, &[NextAction::Wait]))
}

pub fn verifying(code_sent: Option<i64>) -> RenewalStage {
    let order = order(OrderState::Submitted, &[NextAction::VerifyMobile]);
    RenewalStage::Waiting(Box::new(Waiting { order, payment: None, code_sent }))
}

pub fn payment() -> Payment {
    Payment {
        provider: "沙箱支付".to_owned(),
        amount_fen: 20_000,
        url: "https://pay.example.cn/p/9f2c71d4a8b04e6d".to_owned(),
        expires: *NOW + 1800,
        state: PaymentState::Open,
    }
}

pub fn paying(payment: Option<Payment>) -> RenewalStage {
    let mut order = order(OrderState::Payment, &[NextAction::Pay, NextAction::Wait]);
    order.fee_fen = 20_000;
    order.expires = Some(*NOW + DAY);
    RenewalStage::Waiting(Box::new(Waiting { order, payment, code_sent: None }))
}

pub fn ended(state: OrderState, reason: Option<&str>) -> RenewalStage {
    let mut order = order(state, &[]);
    order.reason = reason.map(str::to_owned);
    waiting(order)
}

pub fn download(line: Option<DownloadLine>, resumed: bool) -> RenewalStage {
    let order = order(OrderState::Authorized, &[NextAction::Issue]);
    RenewalStage::Download(Box::new(Download { order, line, resumed }))
}

pub fn done() -> RenewalStage {
    RenewalStage::Done(Box::new(Done { no: NO.to_owned(), old: old(), new: new(), took_ms: 1840 }))
}

pub fn portal(url: &str) -> RenewalStage {
    RenewalStage::Portal(PortalPage { ca: CA.to_owned(), url: url.to_owned() })
}

pub fn wrong_pin(left: u8) -> Fault {
    Fault::new(FaultCode::WrongPin).with("left", left.to_string())
}

pub fn fault() -> Fault {
    Fault::new(FaultCode::KeyMute).detail("6F00")
}

/// An order of this computer for the signing key of a key on the bench.
pub fn line(screen: &Screen, slot: u64, state: LineState) -> OrderLine {
    let view = screen.window.model().key(slot).unwrap().view().unwrap();
    OrderLine {
        id: "order-1".to_owned(),
        kind: OrderKind::Renew,
        no: NO.to_owned(),
        holder: OWNER.to_owned(),
        device_serial: view.contents.device.serial.clone(),
        public_key: view.signing_keys().next().unwrap().0,
        state,
        created: *NOW - DAY,
        new: Some(new()),
        reason: None,
    }
}

/// A window with the wizard of the key in slot 1 open, at this stage.
pub fn at(bench: &Arc<Bench>, stage: RenewalStage) -> Screen {
    let mut screen = Screen::of(bench);
    open(&mut screen);
    reach(&mut screen, 1, stage);
    screen
}

/// Opens the wizard from the card.
#[track_caller]
pub fn open(screen: &mut Screen) {
    screen.click("证书更新");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
}

/// The app reports a stage.
pub fn reach(screen: &mut Screen, slot: u64, stage: RenewalStage) {
    screen.happens(Event::RenewalStage { slot, stage, support: support() });
}

/// The app reports a fault.
pub fn fail(screen: &mut Screen, slot: u64, fault: Fault) {
    screen.happens(Event::RenewalFault { slot, fault });
}
