//! 设置: what the person chooses. A change holds at once and is stored; what can't be used is told beside its field and
//! not stored.

mod everyday;
mod network;
mod update;

use super::action::Action;
use super::theme::space;
use super::widgets;
use crate::app::{Lock, Model, Presets, Settings};
use ca_client::Profiles;
use eframe::egui::Ui;
use rust_i18n::t;
use std::borrow::Cow;

/// What stands in the fields, before it can be used.
#[derive(Default)]
pub struct View {
    proxy: Option<network::Draft>,
    update: update::Draft,
    /// 高级 is shown.
    advanced: bool,
}

/// What the page shows besides the settings.
pub struct PageContext<'a> {
    /// For the start with the desktop and the tray.
    pub model: &'a Model,
    /// CAs that can be chosen.
    pub profiles: &'a Profiles,
    /// What the administrator set.
    pub presets: &'a Presets,
    /// Details are being logged.
    pub details: bool,
    /// Language of the window.
    pub chinese: bool,
}

impl PageContext<'_> {
    /// Why the person can't change this; `None` for what is free.
    fn obstacle(&self, lock: Lock) -> Option<Cow<'static, str>> {
        self.presets.locks(lock).then(|| t!("settings.by_administrator"))
    }
}

/// Shows the page.
pub fn show(ui: &mut Ui, view: &mut View, settings: &Settings, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    let mut new = settings.clone();
    widgets::heading(ui, &t!("page.settings"));
    widgets::caption(ui, &t!("settings.more"));
    group(ui, &t!("settings.general"), |ui| everyday::general(ui, &mut new, around, actions));
    group(ui, &t!("settings.reminders"), |ui| everyday::reminders(ui, &mut new, around));
    group(ui, &t!("settings.network"), |ui| {
        network::show(ui, view.proxy.get_or_insert_with(|| network::Draft::of(&settings.proxy)), &mut new, around);
    });
    group(ui, &t!("settings.update"), |ui| {
        if around.presets.updates_off() {
            widgets::caption(ui, &t!("update.turned_off"));
            return;
        }
        let word = t!("settings.advanced");
        if widgets::expander(ui, &word, &word, view.advanced).clicked() {
            view.advanced = !view.advanced;
            view.update = update::Draft::of(settings.update_feed.as_ref());
        }
        if view.advanced {
            update::show(ui, &mut view.update, &mut new, around);
        }
    });
    group(ui, &t!("settings.log"), |ui| {
        if widgets::tick_box(ui, around.details, &t!("settings.log_details")).clicked() {
            actions.push(Action::LogDetails(!around.details));
        }
        widgets::caption(ui, &t!("settings.log_text"));
    });
    group(ui, &t!("settings.counter"), |ui| {
        let obstacle = around.obstacle(Lock::CounterMode);
        if widgets::tick_box_unless(ui, new.counter_mode, &t!("settings.counter_mode"), obstacle.as_deref()) {
            new.counter_mode = !new.counter_mode;
        }
    });
    if new != *settings {
        actions.push(Action::Settings(new));
    }
}

fn group(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    widgets::card(ui, |ui| {
        widgets::heading(ui, name);
        ui.add_space(space::XS);
        add(ui);
    });
}

/// One of several; when `obstacle` is given nothing can be chosen, and it says why, below and to a screen reader.
fn choice<T: Clone + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    options: &[(T, Cow<'_, str>)],
    obstacle: Option<&str>,
) {
    widgets::control_row(ui, name, |ui| {
        let free = obstacle.is_none();
        let row = |ui: &mut Ui| {
            for (option, text) in options {
                let response = widgets::radio(ui, *value == *option, text);
                if let Some(reason) = obstacle {
                    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason));
                } else if response.clicked() {
                    *value = option.clone();
                }
            }
        };
        ui.add_enabled_ui(free, |ui| ui.horizontal_wrapped(row));
        if let Some(reason) = obstacle {
            widgets::caption(ui, reason);
        }
    });
}
