//! The last run ended by a fault of the program: what it was, what was kept, and the report.

use super::action::Action;
use super::change_pin::Wish;
use super::dialogs::{button_row, close_on, main_button, modal_of};
use super::theme::{READING_HEIGHT, READING_WIDTH, space};
use super::widgets::{self, Weight};
use crate::app::Command;
use crate::app::desktop::crash::Crash;
use eframe::egui::{Context, Label};
use rust_i18n::t;

/// The dialog.
pub struct CrashDialog {
    crash: Crash,
    open: bool,
}

impl CrashDialog {
    /// For a report.
    #[must_use]
    pub const fn new(crash: Crash) -> Self {
        Self { crash, open: false }
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &Context, actions: &mut Vec<Action>) -> Wish {
        let ((), escape) = modal_of(ctx, "crash", READING_WIDTH, |ui| {
            widgets::heading(ui, &t!("crash.title"));
            ui.add(Label::new(t!("crash.what")).wrap());
            widgets::caption(ui, &t!("crash.kept"));
            widgets::caption(ui, &t!("crash.todo"));
            let word = if self.open { t!("crash.hide") } else { t!("crash.look") };
            if widgets::expander(ui, &word, &word, self.open).clicked() {
                self.open = !self.open;
            }
            if self.open {
                widgets::readable(ui, &t!("crash.report"), &self.crash.text, READING_HEIGHT);
                widgets::caption(ui, &self.crash.file.display().to_string());
            }
            ui.add_space(space::S);
            button_row(ui, |ui| {
                if main_button(ui, &t!("common.ok"), None).clicked() {
                    actions.push(Action::CloseDialog);
                }
                if widgets::button(ui, &t!("action.copy"), Weight::Normal, None).clicked() {
                    actions.push(Action::Copy(self.crash.text.clone()));
                }
                if widgets::button(ui, &t!("crash.delete"), Weight::Normal, None).clicked() {
                    actions.push(Action::Command(Command::RemoveReport(self.crash.file.clone())));
                    actions.push(Action::CloseDialog);
                }
            });
        });
        close_on(escape)
    }
}
