//! What the pages 证书更新 and 找回密码 are made of: head line, steps, faults with the telephone, the lines of a writing, the
//! way out, and the states without steps.

pub mod fields;
pub mod lines;
pub mod portal;
pub mod steps;

use super::action::Action;
use super::card::SLOW_AFTER;
use super::dialogs;
use super::faults;
use super::foot;
use super::icons::{self, Icon};
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::{Away, Fault, KeyState, KeyView};
use eframe::egui::{Align, Label, Layout, Rect, RichText, Sense, Ui, vec2};
use order_api::Support;
use rust_i18n::t;
use std::time::{Duration, Instant};

/// Between two looks at what counts seconds.
pub const TICK: Duration = Duration::from_secs(1);

/// What a page needs besides the model.
pub struct PageContext {
    /// Seconds since 1970 UTC.
    pub now: i64,
    /// For how long something lasts.
    pub instant: Instant,
    /// Language for faults.
    pub chinese: bool,
    /// 柜台模式.
    pub counter: bool,
}

/// What a page shows besides the stage.
pub struct Frame<'a> {
    /// The slot of the key.
    pub slot: u64,
    /// Why the last attempt failed.
    pub fault: Option<&'a Fault>,
    /// It was not there the last time.
    pub fault_is_new: bool,
    /// Whom to call.
    pub support: &'a Support,
    /// Language for faults.
    pub chinese: bool,
    /// The way out.
    pub leave: fn(u64) -> Action,
}

/// Why a key could not be read again.
#[must_use]
pub const fn unread(state: &KeyState) -> Option<&Fault> {
    match state {
        KeyState::Failed(fault) => Some(fault),
        KeyState::Ready(_) | KeyState::Reading => None,
    }
}

/// Name of the page · owner · order.
pub fn header(ui: &mut Ui, page: &str, view: Option<&KeyView>, away: Option<&Away>, no: Option<&str>) {
    let p = theme::palette(ui.ctx());
    let owner = view.map(words::owner).or_else(|| away.and_then(|away| away.owner.clone()));
    let no = no.filter(|no| !no.is_empty()).map(|no| t!("renew.order", no = no).into_owned());
    let about: Vec<String> = [owner, no].into_iter().flatten().collect();
    ui.horizontal(|ui| {
        widgets::heading(ui, page);
        ui.add_space(space::XS);
        ui.add(Label::new(RichText::new(about.join(" · ")).color(p.text2)).truncate());
    });
}

/// The title of a step.
pub fn title(ui: &mut Ui, text: &str) {
    widgets::heading(ui, text);
    ui.add_space(space::XS);
}

/// A sentence.
pub fn sentence(ui: &mut Ui, text: &str) {
    ui.add(Label::new(text).wrap());
}

/// What is under way, and after a while that it takes long.
pub fn running(ui: &mut Ui, text: &str, since: Instant, now: Instant) {
    widgets::caption(ui, text);
    if now.saturating_duration_since(since) >= SLOW_AFTER {
        widgets::strip(ui, Icon::Clock, Tone::Warn, &t!("renew.slow"), |_| {});
    }
}

/// Time until [`running`] has something to add.
#[must_use]
pub fn slow_in(since: Instant, now: Instant) -> Option<Duration> {
    let age = now.saturating_duration_since(since);
    (age < SLOW_AFTER).then(|| SLOW_AFTER - age + Duration::from_millis(20))
}

/// Time until a moment has come; `None` when it has.
#[must_use]
pub fn seconds_until(moment: i64, now: i64) -> Option<Duration> {
    u64::try_from(moment - now + 1).ok().filter(|left| *left > 0).map(Duration::from_secs)
}

impl Frame<'_> {
    /// Why the last attempt failed, with whom to call; scrolled into view when it is new.
    pub fn show_fault(&self, ui: &mut Ui) {
        if let Some(fault) = self.fault {
            let shown = faults::boxed(ui, fault, self.support, self.chinese);
            if self.fault_is_new {
                shown.scroll_to_me(None);
            }
        }
    }

    /// The buttons below a step: the main one, what `more` adds, and the way out. True when the main one was pressed.
    pub fn buttons(
        &self,
        ui: &mut Ui,
        main: Option<(&str, Option<&str>)>,
        actions: &mut Vec<Action>,
        more: impl FnOnce(&mut Ui, &mut Vec<Action>),
    ) -> bool {
        ui.add_space(space::S);
        let mut pressed = false;
        foot::row(ui, |ui| {
            if let Some((text, obstacle)) = main {
                pressed = dialogs::main_button(ui, text, obstacle).clicked();
            }
            more(ui, actions);
            if widgets::button(ui, &t!("common.back"), Weight::Normal, None).clicked() {
                actions.push((self.leave)(self.slot));
            }
        });
        pressed
    }

    /// The key was pulled out.
    pub fn gone(&self, ui: &mut Ui, away: &Away, text: &str, actions: &mut Vec<Action>) {
        let p = theme::palette(ui.ctx());
        ui.add_space(space::L);
        ui.with_layout(Layout::top_down(Align::Center), |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(GONE_PICTURE, GONE_PICTURE), Sense::hover());
            icons::paint(ui.painter(), rect, Icon::Key, p.primary);
            ui.add_space(space::S);
            widgets::heading(ui, &t!("renew.gone"));
            sentence(ui, text);
            widgets::caption(ui, &t!("renew.gone_serial", serial = away.serial));
        });
        ui.add_space(space::S);
        self.show_fault(ui);
        self.buttons(ui, None, actions, |_, _| {});
    }
}

/// Grey bars in the places of the lines that are coming.
pub fn bars(ui: &mut Ui) {
    let p = theme::palette(ui.ctx());
    for share in [0.6, 0.75, 0.45, 0.68] {
        let wide = ui.available_width() * share;
        let (rect, _) = ui.allocate_exact_size(vec2(wide, size::BODY + space::S), Sense::hover());
        let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), space::M));
        ui.painter().rect_filled(bar, space::XS, p.ground);
    }
}

const GONE_PICTURE: f32 = 64.0;
