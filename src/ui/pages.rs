//! The pages beside the keys. What is not built yet says so and says what will be there; nothing pretends.

use super::action::{Action, Page};
use super::empty;
use super::icons::Icon;
use super::theme::{self, space};
use super::widgets::{self, Weight};
use crate::app::{Command, Language, Settings, ThemeChoice};
use eframe::egui::{Label, Ui};
use rust_i18n::t;

/// Shows a page that has no module of its own.
pub fn show(ui: &mut Ui, page: Page, settings: &Settings, data_folder: &str, actions: &mut Vec<Action>) {
    match page {
        Page::Keys | Page::Orders | Page::Renew(_) | Page::Unlock(_) => {}
        Page::Check => coming(ui, Icon::Check, &t!("page.check"), &t!("coming.check"), actions, true),
        Page::Services => coming(ui, Icon::Info, &t!("page.services"), &t!("coming.services"), actions, false),
        Page::Settings => settings_page(ui, settings, actions),
        Page::About => about(ui, data_folder),
    }
}

/// An honest page for what is not built yet.
fn coming(ui: &mut Ui, icon: Icon, title: &str, text: &str, actions: &mut Vec<Action>, refresh: bool) {
    let p = theme::palette(ui.ctx());
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    empty::page(ui, icon, p.primary, &t!("coming.title", page = title), &lines, |ui| {
        if widgets::button(ui, &t!("common.back"), Weight::Normal, None).clicked() {
            actions.push(Action::Open(Page::Keys));
        }
        if refresh && widgets::button(ui, &t!("action.read_all_again"), Weight::Normal, None).clicked() {
            actions.push(Action::Command(Command::RefreshAll));
            actions.push(Action::Open(Page::Keys));
        }
    });
}

fn settings_page(ui: &mut Ui, settings: &Settings, actions: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(ui, &t!("page.settings"));
        ui.add_space(space::S);
        let mut new = settings.clone();
        // each language is named in itself, so that it can be found by who reads no other
        let languages = [(Language::Chinese, t!("settings.chinese")), (Language::English, t!("settings.english"))];
        choice(ui, &t!("settings.language"), &mut new.language, &languages);
        ui.add_space(space::S);
        let themes = [
            (ThemeChoice::System, t!("settings.theme_system")),
            (ThemeChoice::Light, t!("settings.theme_light")),
            (ThemeChoice::Dark, t!("settings.theme_dark")),
        ];
        choice(ui, &t!("settings.theme"), &mut new.theme, &themes);
        ui.add_space(space::S);
        widgets::row(ui, &t!("settings.counter"), |ui| {
            if widgets::tick_box(ui, new.counter_mode, &t!("settings.counter_mode")).clicked() {
                new.counter_mode = !new.counter_mode;
            }
        });
        ui.add_space(space::S);
        widgets::caption(ui, &t!("settings.more"));
        if new != *settings {
            actions.push(Action::Settings(new));
        }
    });
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, value: &mut T, options: &[(T, std::borrow::Cow<'_, str>)]) {
    widgets::row(ui, name, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (option, text) in options {
                if widgets::radio(ui, *value == *option, text).clicked() {
                    *value = *option;
                }
            }
        });
    });
}

fn about(ui: &mut Ui, data_folder: &str) {
    widgets::card(ui, |ui| {
        widgets::heading(ui, &t!("app.name"));
        ui.add_space(space::S);
        widgets::text_row(ui, &t!("about.version"), env!("CARGO_PKG_VERSION"));
        widgets::text_row(ui, &t!("about.licence"), &t!("about.licence_text"));
        widgets::text_row(ui, &t!("about.fonts"), &t!("about.fonts_text"));
        widgets::text_row(ui, &t!("about.folder"), data_folder);
        ui.add_space(space::S);
        ui.add(Label::new(t!("about.independent")).wrap());
    });
}
