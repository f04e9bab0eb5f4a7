//! 导出报告: what will be in the file is read before it is saved; what belongs to a person is in it only when wanted.

use crate::app::check::{Line, report};
use crate::ui::action::Action;
use crate::ui::change_pin::Wish;
use crate::ui::dialogs::{button_row, close_on, main_button, modal_of};
use crate::ui::save_dialog;
use crate::ui::theme::{READING_HEIGHT, READING_WIDTH, space};
use crate::ui::widgets::{self, Weight};
use eframe::egui::Context;
use rust_i18n::t;

/// The dialog.
pub struct Report {
    lines: Vec<Line>,
    options: report::Options,
    /// As a web page, else as text.
    html: bool,
    preview: String,
}

impl Report {
    /// Of what was found.
    #[must_use]
    pub fn new(lines: Vec<Line>, chinese: bool, now: i64) -> Self {
        let options = report::Options { chinese, private: false, now };
        let preview = report::text(&lines, &options);
        Self { lines, options, html: false, preview }
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &Context, actions: &mut Vec<Action>) -> Wish {
        let ((), escape) = modal_of(ctx, "report", READING_WIDTH, |ui| {
            widgets::heading(ui, &t!("env.export"));
            widgets::caption(ui, &t!("report.text"));
            widgets::readable(ui, &t!("report.preview"), &self.preview, READING_HEIGHT);
            if widgets::tick_box(ui, self.options.private, &t!("report.private")).clicked() {
                self.options.private = !self.options.private;
                self.preview = report::text(&self.lines, &self.options);
            }
            ui.horizontal_wrapped(|ui| {
                for (html, text) in [(false, t!("report.as_text")), (true, t!("report.as_html"))] {
                    if widgets::radio(ui, self.html == html, &text).clicked() {
                        self.html = html;
                    }
                }
            });
            ui.add_space(space::S);
            button_row(ui, |ui| {
                if main_button(ui, &t!("report.save"), None).clicked() {
                    actions.push(self.save());
                    actions.push(Action::CloseDialog);
                }
                if widgets::button(ui, &t!("action.copy"), Weight::Normal, None).clicked() {
                    actions.push(Action::Copy(self.preview.clone()));
                }
                if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                    actions.push(Action::CloseDialog);
                }
            });
        });
        close_on(escape)
    }

    fn save(&self) -> Action {
        let (extension, text) =
            if self.html { ("html", report::html(&self.lines, &self.options)) } else { ("txt", self.preview.clone()) };
        Action::Save(save_dialog::text(
            &t!("env.export"),
            &format!("cert-assistant-check.{extension}"),
            extension,
            text,
        ))
    }
}
