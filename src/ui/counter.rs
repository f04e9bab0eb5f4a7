//! 用管理口令解锁: for a counter of the CA, off by default. The admin PIN is typed here, sent once to the key and never kept;
//! before its last tries the person is asked once more, because a key whose admin PIN is locked is lost.

use super::action::Action;
use super::change_pin::Wish;
use super::dialogs;
use super::faults;
use super::icons::{self, Icon};
use super::new_pin::NewPinFields;
use super::pin_entry::{labelled, oddity, refusal};
use super::pin_field::{PinField, PinTaker, wipe_stray};
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::{ADMIN_PIN_LENGTH, Command, Fault, FaultCode, KeyView, Model, PinInfo, SERVICE_STOPPED};
use eframe::egui::{self, Event, Id, Key, Label, Modifiers, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;

/// At so few tries of the admin PIN the person is asked once more.
const FEW_ADMIN_TRIES: u8 = 3;

/// The dialog of one key.
pub struct Unblock {
    slot: u64,
    about: String,
    admin: PinField,
    new: NewPinFields,
    tries: Option<Result<PinInfo, Fault>>,
    stage: Stage,
    fault: Option<Fault>,
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

impl Unblock {
    /// Opens for a key; [`Command::AdminTries`] is to be sent with it.
    #[must_use]
    pub fn new(slot: u64, view: &KeyView) -> Self {
        Self {
            slot,
            about: format!("{} · {}", words::brief(&words::owner(view), words::NAME), words::card_number(view)),
            admin: PinField::default(),
            new: NewPinFields::default(),
            tries: None,
            stage: Stage::Typing,
            fault: None,
            wants_focus: true,
        }
    }

    /// The slot this dialog works on.
    #[must_use]
    pub const fn slot(&self) -> u64 {
        self.slot
    }

    /// Takes in how many tries are left.
    pub fn hear(&mut self, tries: Result<PinInfo, Fault>) {
        self.tries = Some(tries);
    }

    /// Takes in how it ended; true when the dialog is done.
    pub fn finish(&mut self, result: Result<(), Fault>) -> bool {
        self.stage = Stage::Typing;
        self.fault = result.err();
        self.wants_focus = true;
        self.fault.is_none()
    }

    /// How an attempt ended that broke off: still to be told when the dialog goes because its key is gone.
    #[must_use]
    pub fn broken_off(&mut self) -> Option<Fault> {
        let connection = [FaultCode::KeyRemoved, FaultCode::PinUncertain, SERVICE_STOPPED];
        self.fault.take_if(|fault| connection.contains(&fault.code))
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &egui::Context, model: &Model, chinese: bool, actions: &mut Vec<Action>) -> Wish {
        let Some(view) = model.key(self.slot).and_then(|key| key.view()) else { return Wish::Close };
        let ((), escape) = dialogs::modal(ctx, "unblock", |ui| {
            widgets::heading(ui, &t!("counter.title"));
            widgets::caption(ui, &self.about);
            match self.stage {
                Stage::Confirming => self.confirmation(ui, actions),
                Stage::Typing | Stage::Sending => self.form(ui, view, chinese, actions),
            }
        });
        match (escape, self.stage) {
            (true, Stage::Confirming) => {
                self.stage = Stage::Typing;
                Wish::Stay
            }
            (true, Stage::Typing) => Wish::Close,
            _ => Wish::Stay,
        }
    }

    fn left(&self) -> Option<u8> {
        self.tries.as_ref().and_then(|tries| tries.as_ref().ok()).map(|info| info.tries_left)
    }

    fn form(&mut self, ui: &mut Ui, view: &KeyView, chinese: bool, actions: &mut Vec<Action>) {
        let enabled = self.stage == Stage::Typing;
        let wrong = self.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::WrongAdminPin);
        ui.add_space(space::XS);
        match self.left() {
            Some(0) => widgets::strip(ui, Icon::Lock, Tone::Danger, &t!("counter.locked"), |_| {}),
            _ => widgets::strip(ui, Icon::Warning, Tone::Warn, &t!("counter.warning"), |_| {}),
        }
        let odd = oddity(&self.admin.buffer, chinese);
        let is_odd = odd.is_some();
        let (note, tone) = match self.left() {
            _ if is_odd => (odd.unwrap_or_default(), Tone::Danger),
            Some(left) => (words::tries(left), if left <= FEW_ADMIN_TRIES { Tone::Danger } else { Tone::Quiet }),
            None => (String::new(), Tone::Quiet),
        };
        let response = labelled(ui, &mut self.admin, &t!("counter.admin"), &note, tone, wrong || is_odd, enabled);
        if enabled && std::mem::take(&mut self.wants_focus) {
            response.request_focus();
        }
        self.new.show(ui, None, &view.pin_length, enabled);
        let unknown = self.tries.as_ref().and_then(|tries| tries.as_ref().err());
        if let Some(fault) = self.fault.as_ref().or(unknown) {
            faults::lines(ui, fault, chinese);
        }
        let obstacle = self.obstacle(view, chinese);
        let focused = ui.memory(|memory| memory.focused());
        let in_fields = self.admin.is_focused(focused) || self.new.is_focused(focused);
        let enter = enabled && obstacle.is_none() && in_fields && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(space::S);
        dialogs::button_row(ui, |ui| {
            if !enabled {
                widgets::caption(ui, &t!("counter.sending"));
                return;
            }
            let pressed = dialogs::main_button(ui, &t!("unlock.unlock"), obstacle.as_deref()).clicked();
            if pressed || enter {
                self.submit(false, actions);
            }
            if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                actions.push(Action::CloseDialog);
            }
        });
    }

    fn obstacle(&self, view: &KeyView, chinese: bool) -> Option<Cow<'static, str>> {
        match self.left() {
            Some(0) => return Some(t!("counter.locked")),
            None => return Some(t!("counter.unknown")),
            Some(_) => {}
        }
        if self.admin.buffer.is_empty() {
            return Some(t!("counter.missing"));
        }
        if let Some(refusal) = refusal(&self.admin.buffer, &ADMIN_PIN_LENGTH, chinese) {
            return Some(refusal);
        }
        self.new.obstacle(None, &view.pin_length)
    }

    fn submit(&mut self, sure: bool, actions: &mut Vec<Action>) {
        if !sure && self.left().is_none_or(|left| left <= FEW_ADMIN_TRIES) {
            self.stage = Stage::Confirming;
            return;
        }
        // the fields of the new PIN keep their characters: after a wrong admin PIN they need not be typed again
        let (Ok(admin), Ok(new)) = (self.admin.buffer.take(), self.new.copy()) else {
            // the form says why
            self.stage = Stage::Typing;
            return;
        };
        (self.stage, self.fault) = (Stage::Sending, None);
        actions.push(Action::Command(Command::UnblockPin { slot: self.slot, admin, new }));
    }

    fn confirmation(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        ui.add_space(space::L);
        ui.horizontal_top(|ui| {
            let color = theme::palette(ui.ctx()).danger;
            icons::show_sized(ui, Icon::Warning, color, size::OWNER);
            ui.vertical(|ui| {
                let left = words::tries(self.left().unwrap_or_default());
                ui.add(Label::new(RichText::new(left).family(theme::bold()).color(color)).wrap());
                ui.add(Label::new(t!("counter.confirm")).wrap());
            });
        });
        ui.add_space(space::L);
        let (mut back, mut sure) = (false, false);
        dialogs::button_row(ui, |ui| {
            back = dialogs::main_button(ui, &t!("common.back"), None).clicked();
            sure = widgets::button(ui, &t!("pin.confirm_try"), Weight::Normal, None).clicked();
        });
        if sure {
            self.submit(true, actions);
        } else if back {
            (self.stage, self.wants_focus) = (Stage::Typing, true);
        }
    }
}

impl PinTaker for Unblock {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        let admin = self.admin.is_focused(focused).then_some(&mut self.admin.buffer);
        match admin.or_else(|| self.new.focused(focused)).filter(|_| self.stage == Stage::Typing) {
            Some(buffer) => buffer.absorb(events, modifiers),
            None => wipe_stray(events),
        }
    }
}
