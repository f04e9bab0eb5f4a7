//! 常规 and 提醒.

use super::{PageContext, choice};
use crate::app::{Command, Fault, Language, Lock, Settings, ThemeChoice};
use crate::ui::action::Action;
use crate::ui::faults;
use crate::ui::theme::space;
use crate::ui::widgets;
use crate::ui::words;
use eframe::egui::Ui;
use rust_i18n::t;

/// Days that can be chosen.
const DAYS: [u32; 6] = [60, 30, 15, 7, 3, 1];

/// Language, look, start with the desktop, tray.
pub fn general(ui: &mut Ui, new: &mut Settings, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    // each language is named in itself, so that it can be found by who reads no other
    let languages = [(Language::Chinese, t!("settings.chinese")), (Language::English, t!("settings.english"))];
    let obstacle = around.obstacle(Lock::Language);
    choice(ui, &t!("settings.language"), &mut new.language, &languages, obstacle.as_deref());
    let themes = [
        (ThemeChoice::System, t!("settings.theme_system")),
        (ThemeChoice::Light, t!("settings.theme_light")),
        (ThemeChoice::Dark, t!("settings.theme_dark")),
    ];
    let obstacle = around.obstacle(Lock::Theme);
    choice(ui, &t!("settings.theme"), &mut new.theme, &themes, obstacle.as_deref());
    widgets::control_row(ui, &t!("settings.start"), |ui| autostart(ui, around, actions));
    if let Some(icon) = &around.model.guest.icon {
        widgets::control_row(ui, &t!("settings.desktop"), |ui| desktop_icon(ui, icon, around.chinese, actions));
    }
    widgets::control_row(ui, &t!("settings.close"), |ui| {
        let no_tray = (!around.model.guest.tray).then(|| t!("settings.no_tray"));
        let obstacle = no_tray.or_else(|| around.obstacle(Lock::StayInTray));
        let kept = new.stay_in_tray && around.model.guest.tray;
        if widgets::tick_box_unless(ui, kept, &t!("settings.stay_in_tray"), obstacle.as_deref()) {
            new.stay_in_tray = !new.stay_in_tray;
        }
    });
}

fn autostart(ui: &mut Ui, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    let (on, obstacle) = match &around.model.guest.autostart {
        None => (false, Some(t!("settings.autostart_unknown"))),
        Some(Ok(None)) => (false, Some(t!("settings.autostart_never"))),
        Some(Ok(Some(on))) => (*on, None),
        Some(Err(_)) => (false, None),
    };
    if widgets::tick_box_unless(ui, on, &t!("settings.autostart"), obstacle.as_deref()) {
        actions.push(Action::Command(Command::Autostart(Some(!on))));
    }
    if let Some(Err(fault)) = &around.model.guest.autostart {
        faults::inline(ui, fault, around.chinese);
    }
}

fn desktop_icon(ui: &mut Ui, icon: &Result<bool, Fault>, chinese: bool, actions: &mut Vec<Action>) {
    let there = *icon.as_ref().unwrap_or(&false);
    if widgets::tick_box_unless(ui, there, &t!("settings.desktop_icon"), None) {
        actions.push(Action::Command(Command::DesktopIcon(Some(!there))));
    }
    if let Err(fault) = icon {
        faults::inline(ui, fault, chinese);
    }
}

/// On which days before the end the person is reminded.
pub fn reminders(ui: &mut Ui, new: &mut Settings, around: &PageContext<'_>) {
    let obstacle = around.obstacle(Lock::ReminderDays);
    let mut own = new.reminder_days.is_some();
    let ways = [(false, t!("settings.remind_by_ca")), (true, t!("settings.remind_own"))];
    choice(ui, &t!("settings.remind"), &mut own, &ways, obstacle.as_deref());
    if own != new.reminder_days.is_some() {
        new.reminder_days = own.then(|| DAYS.to_vec());
    }
    let Some(days) = &mut new.reminder_days else { return };
    widgets::control_row(ui, "", |ui| {
        ui.horizontal_wrapped(|ui| {
            for day in DAYS {
                let ticked = days.contains(&day);
                let text = t!("settings.days_before", days = words::days(i64::from(day)));
                // beside others it needs a width of its own
                let width = widgets::button_width(ui, &text) + space::XL;
                let response = ui
                    .allocate_ui(eframe::egui::vec2(width, crate::ui::theme::CONTROL_HEIGHT), |ui| {
                        ui.add_enabled_ui(obstacle.is_none(), |ui| widgets::tick_box(ui, ticked, &text)).inner
                    })
                    .inner;
                if let Some(reason) = &obstacle {
                    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason.as_ref()));
                } else if response.clicked() {
                    days.retain(|one| *one != day);
                    if !ticked {
                        days.push(day);
                    }
                    days.sort_unstable_by(|a, b| b.cmp(a));
                }
            }
        });
        if days.is_empty() {
            widgets::caption(ui, &t!("settings.remind_never"));
        }
    });
}
