//! 综合服务: what the CA of the chosen key offers – whom to call, and its pages. What a CA does not have is not shown.

use super::action::Action;
use super::card::copyable;
use super::icons::{self, Icon};
use super::theme::{self, size, space};
use super::widgets::{self, Weight};
use super::words;
use crate::app::policy::may_open;
use crate::app::{KeyView, Model, Settings};
use ca_client::{CaProfile, Connection, PortalPages, Profiles};
use eframe::egui::{Label, RichText, Ui, Vec2, vec2};
use rust_i18n::t;
use std::borrow::Cow;

const MARK: f32 = 20.0;

/// Whose services are shown.
enum Whose<'a> {
    /// Of the CA of the chosen key, and its slot.
    Key(&'a CaProfile, u64),
    /// Of a CA that no key stands for.
    Ca(&'a CaProfile),
    /// Of every known CA: nobody said which.
    All(&'a [CaProfile]),
    /// The chosen key is of a CA that is not known.
    Unknown(&'a KeyView),
}

fn whose<'a>(model: &'a Model, profiles: &'a Profiles, settings: &Settings) -> Whose<'a> {
    if let Some(key) = model.chosen()
        && let Some(view) = key.view()
        && let Some(certificate) = view.leading()
    {
        return match profiles.of(certificate) {
            Some(profile) => Whose::Key(profile, key.slot.id),
            None => Whose::Unknown(view),
        };
    }
    match settings.ca.as_ref().and_then(|id| profiles.get(id)) {
        Some(profile) => Whose::Ca(profile),
        None => Whose::All(profiles.all()),
    }
}

/// Shows the page.
pub fn show(
    ui: &mut Ui,
    model: &Model,
    profiles: &Profiles,
    settings: &Settings,
    chinese: bool,
    actions: &mut Vec<Action>,
) {
    widgets::heading(ui, &t!("page.services"));
    match whose(model, profiles, settings) {
        Whose::Key(profile, slot) => {
            widgets::caption(ui, &t!("services.of_key"));
            one(ui, profile, Some(slot), chinese, actions);
        }
        Whose::Ca(profile) => {
            widgets::caption(ui, &t!("services.of_choice"));
            one(ui, profile, None, chinese, actions);
        }
        Whose::All(all) => {
            widgets::caption(ui, &t!("services.of_all"));
            all.iter().for_each(|profile| one(ui, profile, None, chinese, actions));
        }
        Whose::Unknown(view) => unknown(ui, view),
    }
}

fn unknown(ui: &mut Ui, view: &KeyView) {
    let issuer = view.leading().and_then(|certificate| certificate.issuer.short());
    widgets::card(ui, |ui| {
        widgets::heading(ui, &t!("services.unknown"));
        widgets::text_row(ui, &t!("field.issuer"), words::or_absent(issuer.as_deref()));
        for text in [t!("services.unknown_1"), t!("services.unknown_2"), t!("services.unknown_3")] {
            ui.add(Label::new(text).wrap());
        }
    });
}

fn one(ui: &mut Ui, profile: &CaProfile, slot: Option<u64>, chinese: bool, actions: &mut Vec<Action>) {
    let in_words = |text: &ca_client::Text| if chinese { text.zh.clone() } else { text.en.clone() };
    let name = in_words(&profile.name);
    ui.push_id(&profile.id, |ui| {
        widgets::card(ui, |ui| {
            widgets::heading(ui, &name);
            ui.add_space(space::XS);
            widgets::row(ui, &t!("services.hot_line"), |ui| {
                let spoken = format!("{} {name}", t!("services.hot_line"));
                copyable(ui, &profile.hot_line, &spoken, actions);
            });
            let hours = in_words(&profile.hours);
            if !hours.is_empty() {
                widgets::text_row(ui, &t!("services.hours"), &hours);
            }
            match &profile.connection {
                Connection::Portal(pages) => {
                    for service in of_pages(pages) {
                        row(ui, &service, &name, actions);
                    }
                }
                Connection::OrderApi(_) => wizards(ui, &name, slot, actions),
            }
        });
    });
}

/// A service and the page it is on.
struct Service<'a> {
    icon: Icon,
    name: Cow<'static, str>,
    text: Cow<'static, str>,
    page: &'a str,
}

fn of_pages(pages: &PortalPages) -> Vec<Service<'_>> {
    let PortalPages { renew, unlock, apply, reissue, change, orders, services } = pages;
    let all = [
        (Icon::Plus, t!("services.apply"), t!("services.apply_text"), apply),
        (Icon::Refresh, t!("action.renew"), t!("services.renew_text"), renew),
        (Icon::Lock, t!("action.unlock"), t!("services.unlock_text"), unlock),
        (Icon::Key, t!("services.reissue"), t!("services.reissue_text"), reissue),
        (Icon::Pencil, t!("services.change"), t!("services.change_text"), change),
        (Icon::List, t!("services.orders"), t!("services.orders_text"), orders),
        (Icon::Info, t!("services.more"), t!("services.more_text"), services),
    ];
    let there = all.into_iter().filter_map(|(icon, name, text, page)| Some((icon, name, text, page.as_deref()?)));
    there.map(|(icon, name, text, page)| Service { icon, name, text, page }).collect()
}

fn row(ui: &mut Ui, service: &Service<'_>, ca: &str, actions: &mut Vec<Action>) {
    let Service { icon, name, text, page } = service;
    let words = [t!("services.open"), t!("services.copy")];
    let width: f32 = words.iter().map(|word| widgets::button_width(ui, word)).sum::<f32>() + space::S;
    let obstacle = (!may_open(page)).then(|| t!("renew.unsafe_address"));
    ui.add_space(space::S);
    widgets::beside(
        ui,
        width,
        |ui| described(ui, *icon, name, text),
        |ui| {
            let [open, copy] = &words;
            let spoken = |word: &str| format!("{word} {name} {ca}");
            let response = widgets::button(ui, open, Weight::Normal, obstacle.as_deref());
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken(open)));
            if response.on_hover_text(*page).clicked() {
                actions.push(Action::Browse((*page).to_owned()));
            }
            let response = widgets::button(ui, copy, Weight::Normal, None);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken(copy)));
            if response.clicked() {
                actions.push(Action::Copy((*page).to_owned()));
            }
        },
    );
}

/// A CA this program talks to itself.
fn wizards(ui: &mut Ui, ca: &str, slot: Option<u64>, actions: &mut Vec<Action>) {
    let obstacle = slot.is_none().then(|| t!("services.insert"));
    let all = [
        (Icon::Refresh, t!("action.renew"), t!("services.renew_here"), slot.map(Action::Renew)),
        (Icon::Lock, t!("action.unlock"), t!("services.unlock_here"), slot.map(Action::Unlock)),
    ];
    for (icon, name, text, then) in all {
        let word = t!("services.begin");
        let width = widgets::button_width(ui, &word);
        ui.add_space(space::S);
        widgets::beside(
            ui,
            width,
            |ui| described(ui, icon, &name, &text),
            |ui| {
                let response = widgets::button(ui, &word, Weight::Normal, obstacle.as_deref());
                ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(format!("{word} {name} {ca}")));
                if response.clicked() {
                    actions.extend(then);
                }
            },
        );
    }
    ui.add_space(space::S);
    widgets::caption(ui, &t!("services.by_phone"));
}

/// Icon, name, one sentence.
fn described(ui: &mut Ui, icon: Icon, name: &str, text: &str) {
    let p = theme::palette(ui.ctx());
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(MARK, MARK), eframe::egui::Sense::hover());
        let square = eframe::egui::Rect::from_center_size(rect.center(), Vec2::splat(size::BODY));
        icons::paint(ui.painter(), square, icon, p.primary);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add(Label::new(RichText::new(name).font(theme::bold_font(size::BODY))).wrap());
            widgets::caption(ui, text);
        });
    });
}
