//! 关于: what this program is, whether there is a newer one, where its folders and logs are.

mod licences;
mod update;

pub use licences::show as licences;

use super::action::{Action, Page};
use super::findings;
use super::theme::space;
use super::widgets::{self, Weight};
use crate::app::check::Folders;
use crate::app::{Command, Model};
use eframe::egui::{Label, Ui};
use rust_i18n::t;

/// Shows the page.
pub fn show(ui: &mut Ui, model: &Model, folders: &Folders, chinese: bool, actions: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(ui, &t!("app.name"));
        ui.add_space(space::XS);
        widgets::text_row(ui, &t!("about.version"), env!("CARGO_PKG_VERSION"));
        update::show(ui, model, chinese, actions);
    });
    widgets::card(ui, |ui| {
        ui.add(Label::new(t!("about.independent")).wrap());
        ui.add_space(space::XS);
        widgets::text_row(ui, &t!("about.licence"), &t!("about.licence_text"));
        widgets::text_row(ui, &t!("about.fonts"), &t!("about.fonts_text"));
        widgets::control_row(ui, &t!("about.parts"), |ui| {
            if widgets::link(ui, &t!("about.licences"), None).clicked() {
                actions.push(Action::Open(Page::Licences));
            }
        });
    });
    widgets::card(ui, |ui| {
        widgets::heading(ui, &t!("about.folders"));
        ui.add_space(space::XS);
        let all = [
            (t!("about.config"), &folders.config),
            (t!("about.data"), &folders.data),
            (t!("about.cache"), &folders.cache),
        ];
        for (name, folder) in all {
            folder_row(ui, &name, folder, actions);
        }
        if let Some(roots) = &model.roots {
            widgets::row(ui, &t!("roots.title"), |ui| {
                ui.add(Label::new(t!("roots.known", count = roots.known)).wrap());
                for skipped in &roots.skipped {
                    ui.add(Label::new(findings::unused_file(skipped)).wrap().selectable(true));
                }
            });
        }
        ui.add_space(space::S);
        if widgets::button(ui, &t!("about.log"), Weight::Normal, None).clicked() {
            actions.push(Action::Open(Page::Log));
        }
    });
}

fn folder_row(ui: &mut Ui, name: &str, folder: &std::path::Path, actions: &mut Vec<Action>) {
    let path = folder.display().to_string();
    widgets::row(ui, name, |ui| {
        ui.add(Label::new(&path).wrap().selectable(true));
        ui.horizontal(|ui| {
            let words = [t!("about.open_folder"), t!("action.copy")];
            let [open, copy] = words.map(|word| (format!("{word} {name}"), word));
            if widgets::quiet_button(ui, &open.1, &open.0).clicked() {
                actions.push(Action::Command(Command::OpenFolder(folder.to_owned())));
            }
            if widgets::quiet_button(ui, &copy.1, &copy.0).clicked() {
                actions.push(Action::Copy(path.clone()));
            }
        });
    });
}
