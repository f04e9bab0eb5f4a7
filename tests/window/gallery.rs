//! Every state of the renewal, the orders and the former certificates as a picture: both themes, both languages, from the
//! smallest window to twice the pixels. Judged here: nothing is drawn beyond the right edge of the page, no
//! control covers another, and the buttons of the foot are whole. The rest is for
//! eyes: with `CERT_ASSISTANT_PICTURES` set, pictures are left in `pictures` of the target directory.

use crate::bench::{Bench, NOW, PIN};
use crate::layout;
use crate::screen::{Plan, Screen};
use crate::stages::{
    bench, done, download, ended, fail, fault, form, form_of, identify, line, paid_session, paying, payment, portal,
    reach, reviewing, verifying, wrong_pin,
};
use cert_assistant::app::{DownloadLine, Event, LineState, OrderLine, RenewalStage};
use eframe::egui::{Key, Theme};
use order_api::OrderState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use virtual_key::State;

/// How the window is.
#[derive(Clone, Copy)]
pub struct Look {
    name: &'static str,
    english: bool,
    theme: Theme,
    size: (f32, f32),
    scale: f32,
}

const USUAL: (f32, f32) = (960.0, 640.0);
const SMALLEST: (f32, f32) = (720.0, 480.0);

pub const LOOKS: [Look; 4] = [
    Look { name: "zh-light-100", english: false, theme: Theme::Light, size: USUAL, scale: 1.0 },
    Look { name: "en-dark-100", english: true, theme: Theme::Dark, size: USUAL, scale: 1.0 },
    Look { name: "zh-dark-200", english: false, theme: Theme::Dark, size: SMALLEST, scale: 2.0 },
    Look { name: "en-light-small", english: true, theme: Theme::Light, size: SMALLEST, scale: 1.0 },
];

/// The rest of both languages and themes at 100 and 200 %.
const FOR_EYES: [Look; 5] = [
    Look { name: "zh-dark-100", english: false, theme: Theme::Dark, size: USUAL, scale: 1.0 },
    Look { name: "en-light-100", english: true, theme: Theme::Light, size: USUAL, scale: 1.0 },
    Look { name: "zh-light-200", english: false, theme: Theme::Light, size: SMALLEST, scale: 2.0 },
    Look { name: "en-light-200", english: true, theme: Theme::Light, size: SMALLEST, scale: 2.0 },
    Look { name: "en-dark-200", english: true, theme: Theme::Dark, size: SMALLEST, scale: 2.0 },
];

fn wants_pictures() -> bool {
    std::env::var_os("CERT_ASSISTANT_PICTURES").is_some()
}

/// How the pages are shown: for pictures in every way.
pub fn looks() -> Vec<Look> {
    let more: &[Look] = if wants_pictures() { &FOR_EYES } else { &[] };
    [&LOOKS, more].concat()
}

/// A window with one look; its pictures go into a folder.
pub struct Gallery {
    look: Look,
    folder: Option<PathBuf>,
    pub screen: Screen,
}

impl Gallery {
    /// The keys have been read.
    fn open(look: Look, bench: &Arc<Bench>) -> Self {
        Self::planned(look, bench, |plan| plan)
    }

    /// As [`Gallery::open`], with more in the plan.
    pub fn planned<'a>(look: Look, bench: &'a Arc<Bench>, more: impl FnOnce(Plan<'a>) -> Plan<'a>) -> Self {
        let folder = wants_pictures().then(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures"));
        folder.iter().for_each(|folder| std::fs::create_dir_all(folder).unwrap());
        let Look { english, theme, size: (width, height), scale, .. } = look;
        let plan = Plan::new(bench).english(english).theme(theme).size(width, height).scale(scale);
        Self { look, folder, screen: Screen::read(more(plan), bench) }
    }

    /// True in Chinese.
    #[cfg(unix)] // as the pages that need it
    pub fn chinese(&self) -> bool {
        !self.look.english
    }

    pub fn word<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        if self.look.english { english } else { chinese }
    }

    pub fn press(&mut self, chinese: &str, english: &str) {
        let word = self.word(chinese, english).to_owned();
        self.screen.press_button(&word);
    }

    /// Paints what the window shows now.
    pub fn hang(&mut self, name: &str) {
        self.screen.stays_within_its_width(name);
        layout::judge(&self.screen, &format!("{} {name}", self.look.name));
        if let Some(folder) = &self.folder {
            self.screen.picture().save(&folder.join(format!("{}-{name}.png", self.look.name)));
        }
    }

    fn stage(&mut self, name: &str, stage: RenewalStage) {
        reach(&mut self.screen, 1, stage);
        self.hang(name);
    }
}

/// Hangs what `tour` shows, in every look.
pub fn tour(looks: &[Look], bench: impl Fn() -> Arc<Bench>, tour: impl Fn(&mut Gallery)) {
    for look in looks {
        let bench = bench();
        tour(&mut Gallery::open(*look, &bench));
    }
}

fn steps(gallery: &mut Gallery) {
    gallery.press("证书更新", "Renew");
    gallery.hang("00-opening");
    fail(&mut gallery.screen, 1, fault());
    gallery.hang("00-opening-fault");
    gallery.stage("01-identify", identify());
    fail(&mut gallery.screen, 1, wrong_pin(2));
    gallery.hang("01-identify-wrong-pin");
    gallery.screen.enter(PIN);
    gallery.screen.press(Key::Enter);
    gallery.hang("01-identify-few-tries");
    fail(&mut gallery.screen, 1, wrong_pin(10));
    gallery.stage("02-form", form());
    fail(&mut gallery.screen, 1, fault());
    gallery.hang("02-form-fault");
    gallery.stage("02-form-paid", form_of(paid_session(), None));
    gallery.stage("03-reviewing", reviewing());
    fail(&mut gallery.screen, 1, fault());
    gallery.hang("03-reviewing-fault");
    gallery.stage("03-verify", verifying(None));
    gallery.stage("03-verify-sent", verifying(Some(*NOW - 18)));
    gallery.stage("03-rejected", ended(OrderState::Rejected, Some("营业执照副本已过期，请更新后重新申请。")));
    gallery.stage("04-pay", paying(None));
    gallery.stage("04-pay-code", paying(Some(payment())));
    gallery.stage("05-download", download(None, false));
    gallery.screen.enter(PIN);
    gallery.screen.press(Key::Enter);
    for line in &DownloadLine::ALL[..4] {
        gallery.screen.happens(Event::RenewalLine { slot: 1, line: *line });
        gallery.screen.let_pass(Duration::from_millis(430));
    }
    gallery.hang("05-download-running");
    gallery.screen.press(Key::Escape);
    gallery.hang("05-download-leave");
    gallery.screen.press(Key::Escape);
    fail(&mut gallery.screen, 1, fault());
    gallery.hang("05-download-cut");
    gallery.stage("05-download-resumed", download(None, true));
    gallery.stage("06-done", done());
    gallery.stage("07-portal", portal("https://portal.example.cn/renew"));
    gallery.stage("07-portal-unknown", portal(""));
}

fn cards(gallery: &mut Gallery) {
    let order =
        |screen: &Screen, state, no: &str| OrderLine { id: no.to_owned(), no: no.to_owned(), ..line(screen, 1, state) };
    let ready = order(&gallery.screen, LineState::Ready, "20261120-000040");
    gallery.screen.happens(Event::Orders(vec![ready.clone()]));
    gallery.hang("10-card-ready");
    let reviewing = OrderLine { state: LineState::Reviewing, ..ready.clone() };
    gallery.screen.happens(Event::Orders(vec![reviewing]));
    gallery.hang("10-card-reviewing");
    gallery.press("订单", "Orders");
    let rejected = OrderLine {
        reason: Some("营业执照副本已过期，请更新后重新申请。".to_owned()),
        ..order(&gallery.screen, LineState::Rejected, "20261020-000012")
    };
    let elsewhere = OrderLine {
        device_serial: "30009999999999".to_owned(),
        holder: "上海练习贸易有限公司".to_owned(),
        ..order(&gallery.screen, LineState::Payment, "20261119-000007")
    };
    gallery.screen.happens(Event::Orders(vec![ready.clone(), elsewhere, rejected]));
    gallery.hang("11-orders");
    gallery.screen.happens(Event::OrdersFault(fault()));
    gallery.hang("11-orders-fault");
    gallery.screen.happens(Event::Orders(Vec::new()));
    gallery.hang("11-orders-none");
    gallery.screen.happens(Event::OrderReady(ready));
    gallery.hang("12-toast");
}

fn history(gallery: &mut Gallery) {
    gallery.press("修改密码", "Change PIN");
    gallery.hang("14-change-pin");
    gallery.screen.press(Key::Escape);
    gallery.press("更多证书信息", "More details");
    gallery.hang("13-history");
    let begins = gallery.word("移除历史证书", "Remove former certificate").to_owned();
    let name = gallery.screen.buttons().into_iter().find(|name| name.starts_with(&begins)).unwrap();
    gallery.screen.focus(&name);
    gallery.hang("13-history-list");
    gallery.screen.press_button(&name);
    gallery.hang("13-history-remove");
}

fn two_containers() -> Arc<Bench> {
    Bench::with(State::TwoContainers).0
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
fn cards_and_orders() {
    tour(&looks(), || bench().0, cards);
}

#[test]
fn former_certificates() {
    tour(&looks(), two_containers, history);
}

#[test]
fn a_key_pulled_out() {
    for look in LOOKS {
        let (bench, card) = bench();
        let mut gallery = Gallery::open(look, &bench);
        gallery.press("证书更新", "Renew");
        reach(&mut gallery.screen, 1, reviewing());
        bench.remove(&card);
        gallery.screen.wait_until("the key is gone", |screen| screen.window.model().keys.is_empty());
        gallery.hang("09-gone");
    }
}
