//! 历史证书: certificates that were replaced. What was encrypted to them can only be opened with their keys, which stay on
//! the key until the person removes them, warned.

use super::action::Action;
use super::change_pin::Wish;
use super::dialogs;
use super::faults;
use super::icons::Icon;
use super::pin_entry::{PinEntry, Place, Question};
use super::pin_field::PinTaker;
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::{Command, Fault, FaultCode, Historic, KeyModel, KeyView, Model, SERVICE_STOPPED};
use eframe::egui::{self, Event, Id, Modifiers, Ui};
use rust_i18n::t;

/// The list below the details of a key; nothing when it holds none.
pub fn section(ui: &mut Ui, key: &KeyModel, view: &KeyView, actions: &mut Vec<Action>) {
    if view.history.is_empty() {
        return;
    }
    ui.add_space(space::L);
    widgets::heading(ui, &t!("history.title", n = view.history.len()));
    widgets::caption(ui, &t!("history.why"));
    for historic in &view.history {
        ui.add_space(space::S);
        one(ui, key, view, historic, actions);
    }
}

fn one(ui: &mut Ui, key: &KeyModel, view: &KeyView, historic: &Historic, actions: &mut Vec<Action>) {
    let certificate = historic.leading();
    let owner = certificate.and_then(|certificate| certificate.owner.clone());
    let serial = certificate.map_or_else(|| words::ABSENT.to_owned(), certificate::Certificate::serial_hex);
    widgets::foreign(ui, words::or_absent(owner.as_deref()), theme::bold_font(size::BODY));
    match certificate {
        Some(certificate) => widgets::text_row(ui, &t!("field.validity"), &words::validity(certificate)),
        None => widgets::text_row(ui, &t!("field.validity"), &t!("history.damaged")),
    }
    widgets::text_row(ui, &t!("field.serial"), &serial);
    let busy = key.task.is_some() || key.renewal.as_ref().is_some_and(|renewal| renewal.busy.is_some());
    let obstacle = busy.then(|| t!("obstacle.busy")).or_else(|| words::pin_obstacle(view));
    let response = widgets::button(ui, &t!("history.remove"), Weight::Normal, obstacle.as_deref());
    let spoken = t!("history.remove_spoken", serial = serial);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken.as_ref()));
    if response.clicked() {
        actions.push(Action::RemoveHistory(key.slot.id, historic.container.clone()));
    }
}

/// The dialog that removes one.
pub struct RemoveHistory {
    slot: u64,
    container: String,
    about: String,
    understood: bool,
    running: bool,
    pin: PinEntry,
    fault: Option<Fault>,
}

impl RemoveHistory {
    /// Opens for a historic certificate of the key in a slot.
    #[must_use]
    pub fn new(slot: u64, historic: &Historic) -> Self {
        let about = historic.leading().map_or_else(
            || historic.container.clone(),
            |one| {
                format!(
                    "{} · {}",
                    words::brief(words::or_absent(one.owner.as_deref()), words::NAME),
                    words::validity(one)
                )
            },
        );
        Self {
            slot,
            container: historic.container.clone(),
            about,
            understood: false,
            running: false,
            pin: PinEntry::default(),
            fault: None,
        }
    }

    /// The slot this dialog works on.
    #[must_use]
    pub const fn slot(&self) -> u64 {
        self.slot
    }

    /// Takes in how it ended; true when the dialog is done.
    pub fn finish(&mut self, result: Result<(), Fault>) -> bool {
        self.running = false;
        self.fault = result.err();
        self.fault.is_none()
    }

    /// Why a removal broke off: still to be told when the dialog goes because its key is gone.
    #[must_use]
    pub fn broken_off(&mut self) -> Option<Fault> {
        let connection = [FaultCode::KeyRemoved, SERVICE_STOPPED];
        self.fault.take_if(|fault| connection.contains(&fault.code))
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &egui::Context, model: &Model, chinese: bool, actions: &mut Vec<Action>) -> Wish {
        let Some(view) = model.key(self.slot).and_then(|key| key.view()) else { return Wish::Close };
        let ((), escape) = dialogs::modal(ctx, "remove-history", |ui| {
            widgets::heading(ui, &t!("history.dialog_title"));
            widgets::caption(ui, &self.about);
            ui.add_space(space::XS);
            if self.pin.is_confirming() {
                if let Some(pin) = self.pin.confirmation(ui, view.contents.pin, Place::Dialog, actions, self.slot) {
                    self.send(pin, actions);
                }
                return;
            }
            self.form(ui, view, chinese, actions);
        });
        if escape && !self.running && !self.pin.step_back() {
            return Wish::Close;
        }
        Wish::Stay
    }

    fn form(&mut self, ui: &mut Ui, view: &KeyView, chinese: bool, actions: &mut Vec<Action>) {
        widgets::strip(ui, Icon::Warning, Tone::Danger, &t!("history.warning"), |_| {});
        let running = self.running;
        ui.add_enabled_ui(!running, |ui| {
            if widgets::tick_box(ui, self.understood, &t!("history.understood")).clicked() {
                self.understood = !self.understood;
            }
        });
        let question = Question {
            label: &t!("renew.pin"),
            pin: view.contents.pin,
            fault: self.fault.as_ref(),
            enabled: !running,
            chinese,
        };
        self.pin.show(ui, &question);
        if let Some(fault) = self.fault.as_ref().filter(|fault| fault.code != FaultCode::WrongPin) {
            faults::lines(ui, fault, chinese);
        }
        let unread = (!self.understood).then(|| t!("history.obstacle"));
        let obstacle = unread.or_else(|| words::pin_obstacle(view)).or_else(|| self.pin.obstacle(Some(view), chinese));
        let entered = self.pin.entered(ui) && obstacle.is_none() && !running;
        ui.add_space(space::S);
        dialogs::button_row(ui, |ui| {
            if running {
                widgets::caption(ui, &t!("history.removing"));
                return;
            }
            let pressed = dialogs::main_button(ui, &t!("history.remove_now"), obstacle.as_deref()).clicked();
            if (pressed || entered)
                && let Some(pin) = self.pin.submit(view.contents.pin)
            {
                self.send(pin, actions);
            }
            if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                actions.push(Action::CloseDialog);
            }
        });
    }

    fn send(&mut self, pin: base::secret::Pin, actions: &mut Vec<Action>) {
        (self.running, self.fault) = (true, None);
        let container = self.container.clone();
        actions.push(Action::Command(Command::RemoveHistory { slot: self.slot, container, pin }));
    }
}

impl PinTaker for RemoveHistory {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        self.pin.absorb(focused, events, modifiers)
    }
}
