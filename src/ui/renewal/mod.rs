//! 证书更新: a full page for one key, its steps on the left, one thing a step. It shows the wizard of the model and sends
//! what the person asks for.
//!
//! Invariants: what was typed stays with the wizard while its key is away or another page is shown, except PINs, which are
//! wiped when they are sent and when the page is left; while something runs every button but the way out says why it waits.

mod done;
mod download;
mod form;
mod frame;
mod identify;
mod payment;
mod steps;
mod waiting;

use self::form::FormFields;
use self::frame::{PORTAL, gone, header, opening};
use self::identify::refused;
use self::payment::PaymentView;
use super::action::Action;
use super::pin_entry::PinEntry;
use super::pin_field::PinTaker;
use super::widgets;
use super::wizard::{self, Frame, PageContext, TICK, portal, seconds_until};
use crate::app::{Command, DownloadLine, Fault, KeyView, Model, RenewalAsk, RenewalModel, RenewalStage, RenewalTask};
use eframe::egui::{Align, Event, Id, Key, Modifiers, Ui};
use rust_i18n::t;
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// What the person typed in one wizard, and what was drawn of it.
pub struct Wizard {
    slot: u64,
    pin: PinEntry,
    /// A PIN was asked for or being used on the page the last time it was shown: no other text belongs there.
    shows_pin: bool,
    form: FormFields,
    code: String,
    /// The code whose field has had the keyboard, by the moment it was sent.
    code_seen: Option<i64>,
    payment: PaymentView,
    /// The session ended before the order was sent: said at the next proof of identity.
    session_over: bool,
    /// It turned out that money is due: 支付 is a step, also when it is over.
    costs: bool,
    /// The line of step 4 shown the last time.
    line_seen: Option<DownloadLine>,
    /// A fault was shown the last time.
    had_fault: bool,
    /// The keyboard was in an ordinary text field the last time.
    in_text: bool,
    /// The step shown the last time: a new one takes the keyboard.
    place: Option<std::mem::Discriminant<RenewalStage>>,
}

/// What one step sees.
struct Scene<'a> {
    slot: u64,
    view: Option<&'a KeyView>,
    /// Why the key could not be read again.
    unread: Option<&'a Fault>,
    renewal: &'a RenewalModel,
    around: &'a PageContext,
    /// The fault was not there the last time.
    fault_is_new: bool,
}

impl Scene<'_> {
    fn task(&self) -> Option<RenewalTask> {
        self.renewal.busy.map(|(task, _)| task)
    }

    /// Why nothing can be pressed now.
    fn busy(&self) -> Option<Cow<'static, str>> {
        self.renewal.busy.map(|_| t!("renew.busy"))
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            slot: self.slot,
            fault: self.renewal.fault.as_ref(),
            fault_is_new: self.fault_is_new,
            support: &self.renewal.support,
            chinese: self.around.chinese,
            leave: Action::LeaveRenewal,
        }
    }

    fn ask(&self, ask: RenewalAsk) -> Action {
        Action::Command(Command::Renewal { slot: self.slot, ask })
    }
}

impl Wizard {
    /// A wizard in which nothing was typed.
    #[must_use]
    pub fn new(slot: u64) -> Self {
        Self {
            slot,
            pin: PinEntry::default(),
            shows_pin: false,
            form: FormFields::default(),
            code: String::new(),
            code_seen: None,
            payment: PaymentView::default(),
            session_over: false,
            costs: false,
            line_seen: None,
            had_fault: false,
            in_text: false,
            place: None,
        }
    }

    /// The wizard when its key is in another slot.
    #[must_use]
    pub fn moved_to(mut self, slot: u64) -> Self {
        self.slot = slot;
        self.forget_pin();
        self
    }

    /// True when a PIN is asked for or used on the page.
    #[must_use]
    pub const fn shows_pin(&self) -> bool {
        self.shows_pin
    }

    /// Wipes a typed PIN.
    pub fn forget_pin(&mut self) {
        self.pin.reset();
    }

    /// Shows the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, around: &PageContext, actions: &mut Vec<Action>) {
        let Some(renewal) = model.renewal(self.slot) else { return };
        let escape = ui.input(|input| input.key_pressed(Key::Escape)) && !self.in_text;
        (self.shows_pin, self.in_text) = (false, false);
        let place = Some(std::mem::discriminant(&renewal.stage));
        let arrived = std::mem::replace(&mut self.place, place) != place;
        if arrived {
            self.pin.reset();
            ui.scroll_to_cursor(Some(Align::TOP));
        }
        self.costs |= steps::costs(&renewal.stage);
        let key = model.key(self.slot);
        let unread = key.and_then(|key| wizard::unread(&key.state));
        let view = key.and_then(|key| key.view());
        let has_fault = renewal.fault.is_some();
        let fault_is_new = !std::mem::replace(&mut self.had_fault, has_fault) && has_fault;
        let scene = Scene { slot: self.slot, view, unread, renewal, around, fault_is_new };
        let away = model.away(self.slot);
        header(ui, &scene, away);
        widgets::card(ui, |ui| match away {
            Some(away) => gone(ui, &scene, away, actions),
            None => self.stage(ui, &scene, arrived, actions),
        });
        if escape && ui.memory(|memory| memory.top_modal_layer().is_none()) && !self.pin.step_back() {
            actions.push(Action::LeaveRenewal(self.slot));
        }
    }

    fn stage(&mut self, ui: &mut Ui, scene: &Scene<'_>, arrived: bool, actions: &mut Vec<Action>) {
        match &scene.renewal.stage {
            RenewalStage::Opening => opening(ui, scene, actions),
            RenewalStage::Portal(page) => portal::show(ui, &scene.frame(), page, &PORTAL, actions),
            stage => {
                let (names, at) = steps::names(stage, self.costs);
                wizard::steps::beside(ui, &names, at, |ui| match stage {
                    RenewalStage::Opening | RenewalStage::Portal(_) => {}
                    RenewalStage::Identify { refusal: Some(refusal), .. } => refused(ui, scene, refusal, actions),
                    RenewalStage::Identify { ca, address, .. } => self.identify(ui, scene, ca, address, actions),
                    RenewalStage::Form(form) => self.form(ui, scene, form, arrived, actions),
                    RenewalStage::Waiting(waiting) if waiting.is_ready() => {
                        self.download(ui, scene, &waiting.order, None, false, actions);
                    }
                    RenewalStage::Waiting(waiting) => self.waiting(ui, scene, waiting, actions),
                    RenewalStage::Download(download) => {
                        self.download(ui, scene, &download.order, download.line, download.resumed, actions);
                    }
                    RenewalStage::Done(done) => done::show(ui, scene, done, actions),
                });
            }
        }
    }

    /// When the page changes by time alone; `None` while it rests.
    #[must_use]
    pub fn wakes_in(&self, model: &Model, now: i64, instant: Instant) -> Option<Duration> {
        let renewal = model.key(self.slot)?.renewal.as_ref()?;
        if let Some((task, since)) = renewal.busy {
            if task == RenewalTask::Downloading {
                return Some(TICK);
            }
            if let Some(slow) = wizard::slow_in(since, instant) {
                return Some(slow);
            }
        }
        match &renewal.stage {
            RenewalStage::Form(form) => seconds_until(form.session.expires, now),
            RenewalStage::Waiting(waiting) if waiting::resend_in(waiting, now) > 0 => Some(TICK),
            RenewalStage::Waiting(waiting) => seconds_until(waiting.payment.as_ref()?.expires, now),
            _ => None,
        }
    }
}

impl PinTaker for Wizard {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        self.pin.absorb(focused, events, modifiers)
    }
}

/// What runs now, and after a while that it takes long.
fn running(ui: &mut Ui, scene: &Scene<'_>) {
    let Some((task, since)) = scene.renewal.busy else { return };
    let text = match task {
        RenewalTask::Opening => t!("renew.opening"),
        RenewalTask::Identifying => t!("renew.identifying"),
        RenewalTask::Captcha => t!("renew.fetching_picture"),
        RenewalTask::Submitting => t!("renew.submitting"),
        RenewalTask::Refreshing => t!("renew.refreshing"),
        RenewalTask::SendingCode => t!("renew.sending_code"),
        RenewalTask::CheckingCode => t!("renew.checking_code"),
        RenewalTask::Payment => t!("renew.preparing_payment"),
        RenewalTask::GivingUp => t!("renew.giving_up"),
        RenewalTask::Downloading => return,
    };
    wizard::running(ui, &text, since, scene.around.instant);
}
