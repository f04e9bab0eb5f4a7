//! A fault as people see it: what happened · what was kept · what to do · whom to call, and the code in grey.

use super::icons::{self, Icon};
use super::theme::{self, RADIUS_CARD, space};
use super::widgets;
use crate::app::Fault;
use eframe::egui::accesskit::Live;
use eframe::egui::{Frame, Label, Margin, Response, RichText, Ui};
use order_api::Support;
use rust_i18n::t;

/// The lines of a fault.
pub fn lines(ui: &mut Ui, fault: &Fault, chinese: bool) {
    lines_with(ui, fault, None, chinese);
}

/// The lines of a fault on soft ground, below what they are about.
pub fn inline(ui: &mut Ui, fault: &Fault, chinese: bool) {
    boxed(ui, fault, &Support::default(), chinese);
}

/// The lines of a fault on soft ground, with whom to call.
pub fn boxed(ui: &mut Ui, fault: &Fault, support: &Support, chinese: bool) -> Response {
    let p = theme::palette(ui.ctx());
    let frame = Frame::new().fill(p.danger_soft).corner_radius(RADIUS_CARD).inner_margin(Margin::symmetric(14, 10));
    let whom = telephone(support);
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        lines_with(ui, fault, whom.as_deref(), chinese);
    });
    shown.response
}

fn lines_with(ui: &mut Ui, fault: &Fault, telephone: Option<&str>, chinese: bool) {
    let p = theme::palette(ui.ctx());
    let sentences = fault.sentences(chinese);
    ui.add_space(space::XS);
    ui.horizontal_top(|ui| {
        icons::show_in_line(ui, Icon::Warning, p.danger);
        ui.vertical(|ui| {
            let what = ui.add(Label::new(RichText::new(sentences.what).color(p.danger)).wrap());
            ui.ctx().accesskit_node_builder(what.id, |node| node.set_live(Live::Polite));
            widgets::caption(ui, &sentences.kept);
            widgets::caption(ui, &sentences.todo);
            if let Some(telephone) = telephone {
                widgets::caption(ui, telephone);
            }
            widgets::caption(ui, &fault.reference());
        });
    });
}

/// Whom to call, as a sentence; `None` when nobody is known.
#[must_use]
pub fn telephone(support: &Support) -> Option<String> {
    let Support { telephone, hours } = support;
    match (telephone.is_empty(), hours.is_empty()) {
        (true, _) => None,
        (false, true) => Some(t!("renew.telephone", number = telephone).into_owned()),
        (false, false) => Some(t!("renew.telephone_hours", number = telephone, hours = hours).into_owned()),
    }
}
