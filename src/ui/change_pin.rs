//! 修改密码: current → new → again, live rules, tries left before and after, a second confirmation before the last tries.
//! The typed current PIN is wiped the moment it is sent; the new one when the dialog closes.

use super::action::Action;
use super::dialogs;
use super::faults;
use super::foot;
use super::new_pin::NewPinFields;
use super::pin_entry::{Answer, Place, few_tries, labelled, oddity, refusal};
use super::pin_field::{PinField, PinTaker, wipe_stray};
use super::theme::{self, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::policy::{FEW_TRIES, is_known_default};
use crate::app::{Command, Fault, FaultCode, KeyView, Model, PinOutcome, SERVICE_STOPPED};
use eframe::egui::{self, Event, Id, Key, Modifiers, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;

/// The dialog of one key.
pub struct ChangePin {
    slot: u64,
    owner: String,
    serial: String,
    current: PinField,
    new: NewPinFields,
    stage: Stage,
    fault: Option<Fault>,
    help_open: bool,
    wants_focus: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Typing,
    /// The person is asked once more because few tries are left.
    Confirming,
    /// The key is working.
    Sending,
}

impl PinTaker for ChangePin {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        let current = self.current.is_focused(focused).then_some(&mut self.current.buffer);
        match current.or_else(|| self.new.focused(focused)).filter(|_| self.stage == Stage::Typing) {
            Some(buffer) => buffer.absorb(events, modifiers),
            None => wipe_stray(events),
        }
    }
}

/// What the dialog wants after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Stay open.
    Stay,
    /// Close.
    Close,
}

impl ChangePin {
    /// Opens for a key.
    #[must_use]
    pub fn new(slot: u64, view: &KeyView) -> Self {
        Self {
            slot,
            owner: words::brief(&words::owner(view), words::NAME),
            serial: words::card_number(view),
            current: PinField::default(),
            new: NewPinFields::default(),
            stage: Stage::Typing,
            fault: None,
            help_open: false,
            wants_focus: true,
        }
    }

    /// The slot this dialog works on.
    #[must_use]
    pub const fn slot(&self) -> u64 {
        self.slot
    }

    /// Takes in how the change ended; true when the dialog is done.
    pub fn finish(&mut self, outcome: PinOutcome) -> bool {
        self.stage = Stage::Typing;
        self.fault = outcome.result.err();
        self.wants_focus = true;
        if self.fault.is_none() {
            return true;
        }
        false
    }

    /// How a change ended that broke off: still to be told when the dialog goes because its key is gone.
    #[must_use]
    pub fn broken_off(&mut self) -> Option<Fault> {
        let connection = [FaultCode::KeyRemoved, FaultCode::PinUncertain, SERVICE_STOPPED];
        self.fault.take_if(|fault| connection.contains(&fault.code))
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &egui::Context, model: &Model, chinese: bool, actions: &mut Vec<Action>) -> Wish {
        let Some(view) = model.key(self.slot).and_then(|key| key.view()) else {
            // the key is gone; the window tells how a running change ended
            return Wish::Close;
        };
        let ((), escape) = dialogs::modal(ctx, "change-pin", |ui| {
            widgets::heading(ui, &t!("pin.title"));
            widgets::caption(ui, &format!("{} · {}", self.owner, self.serial));
            match self.stage {
                Stage::Confirming => self.confirmation(ui, view, actions),
                Stage::Typing | Stage::Sending => self.form(ui, view, chinese, actions),
            }
        });
        if escape && self.stage == Stage::Confirming {
            self.stage = Stage::Typing;
            return Wish::Stay;
        }
        let closes = escape && self.stage != Stage::Sending;
        if closes || actions.iter().any(|action| matches!(action, Action::CloseDialog)) {
            Wish::Close
        } else {
            Wish::Stay
        }
    }

    fn form(&mut self, ui: &mut Ui, view: &KeyView, chinese: bool, actions: &mut Vec<Action>) {
        let p = theme::palette(ui.ctx());
        let enabled = self.stage == Stage::Typing;
        let wrong = self.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::WrongPin);
        let tries = view.contents.pin.map(|pin| pin.tries_left);

        ui.add_space(space::S);
        let odd = oddity(&self.current.buffer, chinese);
        let is_odd = odd.is_some();
        let (note, tone) = match (&self.fault, tries) {
            _ if is_odd => (odd.unwrap_or_default(), Tone::Danger),
            (Some(fault), _) if wrong => (fault.sentences(chinese).what, Tone::Danger),
            (_, Some(left)) => (words::tries(left), if left <= FEW_TRIES { Tone::Danger } else { Tone::Quiet }),
            (_, None) => (String::new(), Tone::Quiet),
        };
        let response = labelled(ui, &mut self.current, &t!("pin.current"), &note, tone, wrong || is_odd, enabled);
        if std::mem::take(&mut self.wants_focus) {
            response.request_focus();
        }
        if is_known_default(self.current.buffer.chars()) {
            widgets::caption(ui, &t!("pin.known_default"));
        }

        self.new.show(ui, Some(self.current.buffer.chars()), &view.pin_length, enabled);

        if let Some(fault) = self.fault.as_ref().filter(|_| !wrong) {
            faults::lines(ui, fault, chinese);
        }
        if self.help_open {
            widgets::caption(ui, &t!("pin.help"));
        }

        let obstacle = self.obstacle(view, chinese);
        let enter =
            enabled && obstacle.is_none() && ui.input(|input| input.key_pressed(Key::Enter)) && self.has_focus(ui);
        ui.add_space(space::S);
        let mut asks_help = false;
        let help = |ui: &mut Ui| {
            asks_help = widgets::quiet_button(ui, &t!("pin.help_open"), &t!("pin.help_open")).clicked();
        };
        foot::row_from_right(ui, help, |ui| {
            if self.stage == Stage::Sending {
                ui.label(RichText::new(t!("pin.sending")).color(p.text2));
                return;
            }
            let pressed = dialogs::main_button(ui, &t!("common.ok"), obstacle.as_deref()).clicked();
            if pressed || enter {
                self.submit(tries, actions);
            }
            if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                actions.push(Action::CloseDialog);
            }
        });
        self.help_open ^= asks_help;
    }

    fn has_focus(&self, ui: &Ui) -> bool {
        let focused = ui.memory(|memory| memory.focused());
        self.current.is_focused(focused) || self.new.is_focused(focused)
    }

    fn obstacle(&self, view: &KeyView, chinese: bool) -> Option<Cow<'static, str>> {
        if self.current.buffer.is_empty() {
            return Some(t!("pin.obstacle_current"));
        }
        if let Some(refusal) = refusal(&self.current.buffer, &view.present_pin_length, chinese) {
            return Some(refusal);
        }
        self.new.obstacle(Some(self.current.buffer.chars()), &view.pin_length)
    }

    fn submit(&mut self, tries: Option<u8>, actions: &mut Vec<Action>) {
        if self.stage == Stage::Typing && tries.is_some_and(|left| left <= FEW_TRIES) {
            self.stage = Stage::Confirming;
            return;
        }
        // the field of the new PIN keeps its characters: after a wrong current PIN they need not be typed again
        let (Ok(current), Ok(new)) = (self.current.buffer.take(), self.new.copy()) else {
            // the form says why
            self.stage = Stage::Typing;
            return;
        };
        self.stage = Stage::Sending;
        self.fault = None;
        actions.push(Action::Command(Command::ChangePin { slot: self.slot, current, new }));
    }

    fn confirmation(&mut self, ui: &mut Ui, view: &KeyView, actions: &mut Vec<Action>) {
        match few_tries(ui, view.contents.pin.map_or(0, |pin| pin.tries_left), Place::Dialog) {
            Some(Answer::Unlock) => {
                actions.push(Action::Unlock(self.slot));
                actions.push(Action::CloseDialog);
            }
            Some(Answer::Try) => self.submit(None, actions),
            Some(Answer::Back) => self.stage = Stage::Typing,
            None => {}
        }
    }
}
