//! 找回密码: a full page for one key, its steps on the left, one thing a step. It shows the wizard of the model and sends
//! what the person asks for.
//!
//! Invariants: what was typed about the person stays with the wizard while its key is away or another page is shown. A
//! new PIN is wiped when the service has taken the code or anything but the code was wrong, a proof when it is sent, both
//! and the code when the page is left. Code and PINs are typed into fields of our own, never the toolkit's. It is never
//! said that what the person says fits the books of the CA.

mod choose;
mod code;
mod ended;
mod form;
mod frame;
mod help;
mod prove;
mod steps;
mod waiting;

use self::form::Form;
use super::action::Action;
use super::new_pin::NewPinFields;
use super::pin_entry::PinEntry;
use super::pin_field::{PinField, PinTaker};
use super::widgets;
use super::wizard::{self, Frame, PageContext, TICK, portal, seconds_until, steps::beside};
use crate::app::{
    Command, Fault, FaultCode, KeyView, Model, UnlockAsk, UnlockLine, UnlockModel, UnlockStage, UnlockTask,
};
use eframe::egui::{Align, Event, Id, Key, Modifiers, Ui};
use order_api::{Contact, Order};
use rust_i18n::t;
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// What the person typed in one wizard, and what was drawn of it.
pub struct Wizard {
    slot: u64,
    /// Step 1 is over.
    chosen: bool,
    /// The key picked in step 1.
    picked: u64,
    form: Form,
    code: PinField,
    /// The code that was being typed, by the moment it was sent.
    code_seen: Option<i64>,
    pins: NewPinFields,
    proof: PinEntry,
    /// The PIN that holds is not known any more: another one is set instead of the proof.
    set_again: bool,
    /// A PIN was asked for or being used on the page the last time it was shown: no other text belongs there.
    shows_pin: bool,
    /// The first field has had the keyboard.
    has_arrived: bool,
    help_open: bool,
    /// The line of the writing shown the last time.
    line_seen: Option<UnlockLine>,
    /// A fault was shown the last time.
    had_fault: bool,
    /// The service takes nothing before this moment.
    wait_until: i64,
    /// The keyboard was in an ordinary text field the last time.
    in_text: bool,
    /// The step shown the last time: a new one takes the keyboard.
    place: Option<std::mem::Discriminant<UnlockStage>>,
}

/// What one step sees.
struct Scene<'a> {
    slot: u64,
    model: &'a Model,
    view: Option<&'a KeyView>,
    /// Why the key could not be read again.
    unread: Option<&'a Fault>,
    unlock: &'a UnlockModel,
    around: &'a PageContext,
    /// The fault was not there the last time.
    fault_is_new: bool,
    /// Seconds until the service takes anything.
    wait: i64,
}

impl Scene<'_> {
    fn task(&self) -> Option<UnlockTask> {
        self.unlock.busy.map(|(task, _)| task)
    }

    /// Why nothing can be pressed now.
    fn busy(&self) -> Option<Cow<'static, str>> {
        self.unlock.busy.map(|_| t!("renew.busy"))
    }

    /// Why nothing can be sent to the service now.
    fn blocked(&self) -> Option<Cow<'static, str>> {
        let wait = (self.wait > 0).then(|| t!("unlock.wait", seconds = self.wait));
        self.busy().or(wait)
    }

    /// Why the key can't be unlocked here.
    fn useless(&self) -> Option<Cow<'static, str>> {
        match self.view {
            Some(view) if view.contents.pin.is_none() => Some(t!("obstacle.no_pin")),
            Some(view) if !view.contents.known_model => Some(t!("unlock.unknown_model")),
            Some(_) => None,
            None => Some(t!("obstacle.busy")),
        }
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            slot: self.slot,
            fault: self.unlock.fault.as_ref(),
            fault_is_new: self.fault_is_new,
            support: &self.unlock.support,
            chinese: self.around.chinese,
            leave: Action::LeaveUnlock,
        }
    }

    fn ask(&self, ask: UnlockAsk) -> Action {
        Action::Command(Command::Unlock { slot: self.slot, ask })
    }
}

/// Seconds until another code can be sent.
fn resend_in(order: &Order, now: i64) -> i64 {
    order.unlock.as_ref().and_then(|view| view.resend_from).map_or(0, |from| (from - now).max(0))
}

/// Seconds until the code ends; `None` when nothing is known of it.
fn expires_in(order: &Order, now: i64) -> Option<i64> {
    order.unlock.as_ref().and_then(|view| view.code_expires).map(|end| end - now)
}

/// Shorter than this, what is left of a code is shown as a clock.
const CLOCK_UNDER: i64 = 3600;

impl Wizard {
    /// A wizard in which nothing was typed but what is known of the person.
    #[must_use]
    pub fn new(slot: u64, known: Option<Contact>) -> Self {
        Self {
            slot,
            chosen: false,
            picked: slot,
            form: Form::new(known),
            code: PinField::revealed(),
            code_seen: None,
            pins: NewPinFields::default(),
            proof: PinEntry::default(),
            set_again: false,
            shows_pin: false,
            has_arrived: false,
            help_open: false,
            line_seen: None,
            had_fault: false,
            wait_until: 0,
            in_text: false,
            place: None,
        }
    }

    /// The wizard when its key is in another slot.
    #[must_use]
    pub fn moved_to(mut self, slot: u64) -> Self {
        (self.slot, self.picked) = (slot, slot);
        self.forget_pin();
        self
    }

    /// The wizard of a key that was chosen in another wizard.
    #[must_use]
    pub fn chosen(mut self) -> Self {
        self.chosen = true;
        self
    }

    /// True when a PIN is asked for or used on the page.
    #[must_use]
    pub const fn shows_pin(&self) -> bool {
        self.shows_pin
    }

    /// Wipes typed PINs and codes.
    pub fn forget_pin(&mut self) {
        self.code.buffer.clear();
        self.pins.reset();
        self.proof.reset();
    }

    /// Shows the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, around: &PageContext, actions: &mut Vec<Action>) {
        let Some(unlock) = model.unlock(self.slot) else { return };
        let escape = ui.input(|input| input.key_pressed(Key::Escape)) && !self.in_text;
        (self.shows_pin, self.in_text) = (false, false);
        let place = Some(std::mem::discriminant(&unlock.stage));
        let arrived = std::mem::replace(&mut self.place, place) != place;
        if arrived {
            self.forget_pin();
            (self.set_again, self.has_arrived) = (false, false);
            ui.scroll_to_cursor(Some(Align::TOP));
        }
        let key = model.key(self.slot);
        let unread = key.and_then(|key| wizard::unread(&key.state));
        let view = key.and_then(|key| key.view());
        let has_fault = unlock.fault.is_some();
        let fault_is_new = !std::mem::replace(&mut self.had_fault, has_fault) && has_fault;
        if let Some(fault) = unlock.fault.as_ref().filter(|_| fault_is_new) {
            self.hear(fault, around.now);
        }
        let wait = (self.wait_until - around.now).max(0);
        let scene = Scene { slot: self.slot, model, view, unread, unlock, around, fault_is_new, wait };
        let away = model.away(self.slot);
        frame::header(ui, &scene, away);
        widgets::card(ui, |ui| match away {
            Some(away) => frame::gone(ui, &scene, away, actions),
            None => self.stage(ui, &scene, arrived, actions),
        });
        if away.is_none() {
            frame::counter(ui, &scene, actions);
        }
        if escape && ui.memory(|memory| memory.top_modal_layer().is_none()) && !self.step_back() {
            actions.push(Action::LeaveUnlock(self.slot));
        }
    }

    /// Back within a step; false when there is no way back in it.
    fn step_back(&mut self) -> bool {
        self.proof.step_back() || std::mem::take(&mut self.set_again)
    }

    /// Takes in a fault the moment it is told.
    fn hear(&mut self, fault: &Fault, now: i64) {
        self.wait_until = now;
        match fault.code {
            FaultCode::RateLimited | FaultCode::UnlockInProgress => {
                let wait: i64 = fault.value("wait").and_then(|wait| wait.parse().ok()).unwrap_or_default();
                self.wait_until = now + wait;
            }
            // typed again, or another one is sent
            FaultCode::CodeWrong | FaultCode::CodeExpired => {
                self.code.buffer.clear();
                self.code_seen = None;
            }
            _ => {}
        }
        // with a wrong code nothing has reached the key: only the code is typed again
        if !matches!(fault.code, FaultCode::CodeWrong | FaultCode::CodeExpired) {
            self.pins.reset();
        }
        self.has_arrived = false;
    }

    fn stage(&mut self, ui: &mut Ui, scene: &Scene<'_>, arrived: bool, actions: &mut Vec<Action>) {
        match &scene.unlock.stage {
            UnlockStage::Opening => self.opening(ui, scene, actions),
            UnlockStage::Portal(page) => portal::show(ui, &scene.frame(), page, &frame::PORTAL, actions),
            stage => {
                let choosing = matches!(stage, UnlockStage::Form(_)) && self.chooses(scene);
                let (names, at) = steps::names(stage, choosing);
                beside(ui, &names, at, |ui| match stage {
                    UnlockStage::Opening | UnlockStage::Portal(_) => {}
                    UnlockStage::Form(_) if choosing => self.choose(ui, scene, actions),
                    UnlockStage::Form(form) => self.form(ui, scene, form, arrived, actions),
                    UnlockStage::Waiting(order) => waiting::show(ui, scene, order, actions),
                    UnlockStage::Code(pin) => self.code(ui, scene, pin, true, actions),
                    UnlockStage::NewPin(pin) => self.code(ui, scene, pin, false, actions),
                    UnlockStage::Prove(pin) if self.set_again => self.code(ui, scene, pin, false, actions),
                    UnlockStage::Prove(_) => self.prove(ui, scene, actions),
                    UnlockStage::Ended(ended) => ended::show(ui, scene, ended, actions),
                    UnlockStage::Done(done) => ended::done(ui, scene, done, actions),
                });
            }
        }
    }

    /// When the page changes by time alone; `None` while it rests.
    #[must_use]
    pub fn wakes_in(&self, model: &Model, now: i64, instant: Instant) -> Option<Duration> {
        let unlock = model.key(self.slot)?.unlock.as_ref()?;
        if let Some((task, since)) = unlock.busy {
            if task.is_writing() {
                return Some(TICK);
            }
            if let Some(slow) = wizard::slow_in(since, instant) {
                return Some(slow);
            }
        }
        if self.wait_until > now && unlock.fault.is_some() {
            return Some(TICK);
        }
        match &unlock.stage {
            UnlockStage::Code(pin) => {
                let left = expires_in(&pin.order, now).filter(|left| *left > 0);
                if resend_in(&pin.order, now) > 0 || left.is_some_and(|left| left < CLOCK_UNDER) {
                    return Some(TICK);
                }
                seconds_until(now + left? - CLOCK_UNDER, now)
            }
            _ => None,
        }
    }
}

impl PinTaker for Wizard {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        let code = self.code.is_focused(focused).then_some(&mut self.code.buffer);
        match code.or_else(|| self.pins.focused(focused)).filter(|_| self.has_arrived) {
            Some(buffer) => buffer.absorb(events, modifiers),
            None => self.proof.absorb(focused, events, modifiers),
        }
    }
}

/// What runs now, and after a while that it takes long.
fn running(ui: &mut Ui, scene: &Scene<'_>) {
    let Some((task, since)) = scene.unlock.busy else { return };
    let text = match task {
        UnlockTask::Opening => t!("unlock.opening"),
        UnlockTask::Captcha => t!("renew.fetching_picture"),
        UnlockTask::Submitting => t!("renew.submitting"),
        UnlockTask::Refreshing => t!("renew.refreshing"),
        UnlockTask::Resending => t!("unlock.resending"),
        UnlockTask::Discarding => t!("unlock.discarding"),
        UnlockTask::Unlocking | UnlockTask::Proving => return,
    };
    wizard::running(ui, &text, since, scene.around.instant);
}
