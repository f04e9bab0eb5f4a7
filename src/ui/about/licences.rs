//! The libraries this program is made of, with their licences (assets/licences.txt, written by scripts/licences.sh).

use crate::ui::action::{Action, Page};
use crate::ui::theme::{self, size, space};
use crate::ui::widgets::{self, Weight};
use eframe::egui::{Label, RichText, ScrollArea, TextStyle, Ui};
use rust_i18n::t;
use std::sync::LazyLock;

/// Only the lines in sight are laid out.
static LINES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../../../assets/licences.txt").lines().collect());

/// Shows the page.
pub fn show(ui: &mut Ui, actions: &mut Vec<Action>) {
    let word = t!("common.back");
    let width = widgets::button_width(ui, &word);
    widgets::beside(
        ui,
        width,
        |ui| {
            widgets::heading(ui, &t!("about.licences"));
            widgets::caption(ui, &t!("about.licences_text", n = LINES.len()));
        },
        |ui| {
            if widgets::button(ui, &word, Weight::Normal, None).clicked() {
                actions.push(Action::Open(Page::About));
            }
        },
    );
    let p = theme::palette(ui.ctx());
    let height = (ui.available_height() - space::XXL - space::L).max(space::XXL * 4.0);
    let line = ui.text_style_height(&TextStyle::Small);
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        let rows = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
        rows.show_rows(ui, line, LINES.len(), |ui, shown| {
            for library in LINES.get(shown).unwrap_or_default() {
                let text = RichText::new(*library).size(size::CAPTION).color(p.text2);
                ui.add(Label::new(text).truncate().selectable(true));
            }
        });
    });
}
