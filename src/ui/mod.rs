//! The window. It shows the model and sends commands; it never works on its own thread for long.
//!
//! Invariants: idle means no repaint at all; events are taken in for at most 10 ms a frame; PIN characters are taken out
//! of the raw input before the toolkit sees them; no colour, size or text literal stands in a page.

mod about;
mod action;
mod card;
mod change_pin;
mod counter;
mod crash;
mod details;
mod dialogs;
mod empty;
mod environment;
mod faults;
mod findings;
mod foot;
mod give_up;
mod history;
mod icons;
mod log;
mod new_pin;
mod orders;
mod pin_entry;
mod pin_field;
mod practice_messages;
mod preferences;
mod renewal;
mod save_dialog;
mod services;
mod sidebar;
mod status_bar;
mod text_field;
pub mod theme;
mod toast;
mod unlock;
mod widgets;
mod window;
mod wizard;
mod words;

pub use window::{Clock, Notify, Setting, StartTray, Stopwatch, Window, start_tray};

use crate::app::Language;
use eframe::egui::IconData;

/// The picture of the window in task bars.
#[must_use]
pub fn icon() -> IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon/icon-64.png")).unwrap_or_default()
}

/// What a start says that meets another one that does not answer.
#[must_use]
pub fn hung() -> String {
    rust_i18n::t!("start.hung").into_owned()
}

/// What a start says that can't show a window, with the words of the system.
#[must_use]
pub fn no_window(detail: &str) -> String {
    rust_i18n::t!("start.no_window", detail = detail).into_owned()
}

/// What a program says that has ended and could not start the new version, with the words of the system.
#[must_use]
pub fn not_restarted(detail: &str) -> String {
    rust_i18n::t!("version.not_restarted", detail = detail).into_owned()
}

/// What `--quit` says when the program stays.
#[must_use]
pub fn stays() -> String {
    rust_i18n::t!("start.stays").into_owned()
}

/// Tells something when there is no window of the program: in one of the system, where a person who started it from the
/// desktop reads nothing else.
#[cfg(windows)]
pub fn alert(text: &str) {
    let message = rfd::MessageDialog::new().set_level(rfd::MessageLevel::Error);
    message.set_title(Window::title(false)).set_description(text).show();
}

/// Makes a language the one of all texts.
pub fn use_language(language: Language) {
    rust_i18n::set_locale(match language {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    });
}
