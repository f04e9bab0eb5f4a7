//! 检查更新 in every stage. Nothing is installed by itself, and nothing is fetched while a key is being written.

use crate::app::update::Release;
use crate::app::{Command, Model, UpdateStage};
use crate::ui::action::{Action, Page};
use crate::ui::faults;
use crate::ui::icons::Icon;
use crate::ui::theme::space;
use crate::ui::widgets::{self, Tone, Weight};
use eframe::egui::{Label, Ui};
use rust_i18n::t;

/// Shows the stage with its buttons.
pub fn show(ui: &mut Ui, model: &Model, chinese: bool, actions: &mut Vec<Action>) {
    let writing = model.writing().map(|_| t!("update.writing"));
    match &model.update {
        UpdateStage::Unasked => ask_button(ui, None, actions),
        UpdateStage::Asking => ask_button(ui, Some(&t!("update.asking")), actions),
        UpdateStage::NoFeed => {
            widgets::caption(ui, &t!("update.no_feed"));
            ui.horizontal_wrapped(|ui| {
                ask_button(ui, None, actions);
                if widgets::button(ui, &t!("env.to_settings"), Weight::Normal, None).clicked() {
                    actions.push(Action::Open(Page::Settings));
                }
            });
        }
        UpdateStage::TurnedOff => {
            widgets::button(ui, &t!("update.ask"), Weight::Normal, Some(&t!("update.turned_off")));
            widgets::caption(ui, &t!("update.turned_off"));
        }
        UpdateStage::UpToDate => {
            widgets::pill(ui, Icon::Check, Tone::Ok, &t!("update.up_to_date"));
            ask_button(ui, None, actions);
        }
        UpdateStage::Newer(release) => {
            about(ui, release, chinese);
            if release.file.is_none() {
                widgets::caption(ui, &t!("update.no_file"));
            } else if widgets::button(ui, &t!("update.download"), Weight::Main, writing.as_deref()).clicked() {
                actions.push(Action::Command(Command::DownloadUpdate(release.clone())));
            }
        }
        UpdateStage::Downloading { release, bytes } => {
            about(ui, release, chinese);
            let all = release.file.as_ref().map_or(0, |file| file.size);
            let done = t!("update.downloading", done = megabytes(*bytes), all = megabytes(all));
            widgets::caption(ui, &done);
            widgets::progress(ui, share(*bytes, all), &t!("update.progress"));
            if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                actions.push(Action::Command(Command::CancelDownload));
            }
        }
        UpdateStage::Downloaded { release, file, opened } => {
            widgets::pill(ui, Icon::Check, Tone::Ok, &t!("update.downloaded", version = release.version));
            ui.add(Label::new(file.display().to_string()).wrap().selectable(true));
            widgets::caption(ui, &if *opened { t!("update.opened") } else { t!("update.install_text") });
            ui.horizontal_wrapped(|ui| {
                let obstacle = writing.as_ref().map(|_| t!("update.writing_install"));
                if widgets::button(ui, &t!("update.install"), Weight::Main, obstacle.as_deref()).clicked() {
                    let (release, file) = (release.clone(), file.clone());
                    actions.push(Action::Command(Command::InstallUpdate { release, file }));
                }
                if widgets::button(ui, &t!("about.open_folder"), Weight::Normal, None).clicked() {
                    actions.push(Action::Command(Command::OpenFolder(file.clone())));
                }
            });
        }
        UpdateStage::Failed(fault) => {
            faults::inline(ui, fault, chinese);
            ask_button(ui, None, actions);
        }
    }
}

fn ask_button(ui: &mut Ui, obstacle: Option<&str>, actions: &mut Vec<Action>) {
    let word = if obstacle.is_some() { t!("update.asking") } else { t!("update.ask") };
    if widgets::button(ui, &word, Weight::Normal, obstacle).clicked() {
        actions.push(Action::Command(Command::CheckUpdate));
    }
}

/// Which version, of when, how large, and what is new in it.
fn about(ui: &mut Ui, release: &Release, chinese: bool) {
    widgets::pill(ui, Icon::Info, Tone::Warn, &t!("update.newer", version = release.version));
    let size = release.file.as_ref().map(|file| megabytes(file.size));
    let day = t!("update.day", day = release.date).into_owned();
    let facts: Vec<String> = [Some(day), size].into_iter().flatten().collect();
    widgets::caption(ui, &facts.join(" · "));
    let notes = if chinese { &release.notes_zh } else { &release.notes_en };
    if !notes.is_empty() {
        ui.add(Label::new(notes).wrap().selectable(true));
    }
    ui.add_space(space::XS);
}

/// Bytes as people read them.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / 1_000_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// How much of all, from 0 to 1; nothing of an unknown size.
fn share(bytes: u64, all: u64) -> f32 {
    let thousandths = bytes.min(all).saturating_mul(1000).checked_div(all).unwrap_or(0);
    f32::from(u16::try_from(thousandths).unwrap_or(1000)) / 1000.0
}
