//! Before a repair runs with an administrator's rights, the person sees exactly what will be run. And: which key a repair
//! on another page is for.

use crate::app::check::{Page, ProbeId, Repair};
use crate::app::{Command, KeyView, MainAction, Model, Standing};
use crate::ui::action::Action;
use crate::ui::change_pin::Wish;
use crate::ui::dialogs::{button_row, close_on, main_button, modal};
use crate::ui::theme::{self, RADIUS_CONTROL, space};
use crate::ui::widgets::{self, Weight};
use eframe::egui::{Context, Frame, Label, Margin};
use rust_i18n::t;

/// The question before a repair.
pub struct RepairDialog {
    probe: ProbeId,
    repair: Repair,
    name: String,
    command: String,
}

impl RepairDialog {
    /// A repair of what a probe found, with the command it runs.
    #[must_use]
    pub fn new(probe: ProbeId, repair: Repair, name: &str, command: &str) -> Self {
        Self { probe, repair, name: name.to_owned(), command: command.to_owned() }
    }

    /// Shows the dialog.
    pub fn show(&self, ctx: &Context, actions: &mut Vec<Action>) -> Wish {
        let p = theme::palette(ctx);
        let ((), escape) = modal(ctx, "repair", |ui| {
            widgets::heading(ui, &t!("env.repair_title", name = self.name));
            ui.add(Label::new(t!("env.repair_text")).wrap());
            let frame =
                Frame::new().fill(p.ground).corner_radius(RADIUS_CONTROL).inner_margin(Margin::symmetric(12, 8));
            frame.show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.add(Label::new(&self.command).wrap().selectable(true));
            });
            widgets::caption(ui, &t!("env.repair_note"));
            ui.add_space(space::S);
            button_row(ui, |ui| {
                if main_button(ui, &t!("env.repair_go"), None).clicked() {
                    actions.push(Action::CloseDialog);
                    actions.push(Action::Command(Command::Repair { probe: self.probe, repair: self.repair }));
                }
                if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                    actions.push(Action::CloseDialog);
                }
                if widgets::button(ui, &t!("env.copy_command"), Weight::Normal, None).clicked() {
                    actions.push(Action::Copy(self.command.clone()));
                }
            });
        });
        close_on(escape)
    }
}

/// The key a page is opened for: the chosen one when it needs that, else the first that does, else the chosen one.
#[must_use]
pub fn fitting_key(model: &Model, page: Page, now: i64) -> Option<u64> {
    let fits = |view: &KeyView| match page {
        Page::Renew => view.standing(now).main_action() == Some(MainAction::Renew),
        Page::Unlock => view.standing(now) == Standing::Locked,
        Page::ChangePin => view.contents.pin.is_some_and(|pin| pin.is_default && !pin.is_locked()),
        Page::Settings | Page::Keys => true,
    };
    let keys = || model.chosen().into_iter().chain(&model.keys);
    let read = |key: &crate::app::KeyModel| key.view().is_some();
    let fitting = keys().find(|key| key.view().is_some_and(fits));
    fitting.or_else(|| keys().find(|key| read(key))).map(|key| key.slot.id)
}
