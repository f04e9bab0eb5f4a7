//! The pages beside keys, wizards and orders, and what stands above every page.

use super::Window;
use crate::ui::action::{Action, Page};
use crate::ui::icons::Icon;
use crate::ui::theme;
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::{about, environment, log, preferences, services};
use eframe::egui::{Frame, Margin, Panel, Ui};
use rust_i18n::t;

impl Window {
    /// The pages beside keys, wizards and orders.
    pub(super) fn other_page(&mut self, ui: &mut Ui, page: Page, actions: &mut Vec<Action>) {
        let chinese = self.chinese();
        match page {
            Page::Keys | Page::Orders | Page::Renew(_) | Page::Unlock(_) => {}
            Page::Check => environment::show(ui, &mut self.environment, &self.model.environment, chinese, actions),
            Page::Services => {
                services::show(ui, &self.model, &self.setting.profiles, &self.settings, chinese, actions);
            }
            Page::Settings => {
                let (model, profiles, details) = (&self.model, &self.setting.profiles, self.log_details);
                let presets = self.setting.settings_file.presets();
                let around = preferences::PageContext { model, profiles, presets, details, chinese };
                preferences::show(ui, &mut self.preferences, &self.settings, &around, actions);
            }
            Page::About => about::show(ui, &self.model, &self.setting.folders, chinese, actions),
            Page::Log => log::show(ui, &mut self.log, self.model.log.as_deref(), actions),
            Page::Licences => about::licences(ui, actions),
        }
    }

    /// Nobody forgets that details are being logged: it stands above every page.
    pub(super) fn log_strip(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !self.log_details {
            return;
        }
        above_every_page(ui, "log-details", |ui| {
            widgets::strip(ui, Icon::Warning, Tone::Danger, &t!("log.details"), |ui| {
                if widgets::button(ui, &t!("log.stop"), Weight::Normal, None).clicked() {
                    actions.push(Action::LogDetails(false));
                }
            });
        });
    }

    /// A new version was installed while this one runs.
    pub(super) fn version_strip(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !self.offers_new_version() {
            return;
        }
        let busy = self.model.writing().map(|_| t!("version.busy"));
        above_every_page(ui, "new-version", |ui| {
            widgets::strip(ui, Icon::Info, Tone::Ok, &t!("version.installed"), |ui| {
                if widgets::button(ui, &t!("version.later"), Weight::Normal, None).clicked() {
                    actions.push(Action::KeepThisVersion);
                }
                if widgets::button(ui, &t!("version.start"), Weight::Main, busy.as_deref()).clicked() {
                    actions.push(Action::StartNewVersion);
                }
            });
        });
    }
}

fn above_every_page(ui: &mut Ui, id: &'static str, add: impl FnOnce(&mut Ui)) {
    let frame = Frame::new().fill(theme::palette(ui.ctx()).ground).inner_margin(Margin::symmetric(24, 6));
    Panel::top(id).resizable(false).show_separator_line(false).frame(frame).show(ui, add);
}
