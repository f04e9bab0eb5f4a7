//! A CA without a service of ours (R11): its own page in the browser, step by step.

use super::Scene;
use super::frame::{buttons, fault, sentence, title};
use crate::app::PortalPage;
use crate::app::policy::may_open;
use crate::ui::action::Action;
use crate::ui::faults::telephone;
use crate::ui::theme::{self, size, space};
use crate::ui::widgets::{self};
use eframe::egui::{Label, RichText, Ui};
use rust_i18n::t;

/// Shows the page.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, page: &PortalPage, actions: &mut Vec<Action>) {
    let ca = if page.ca.is_empty() { t!("renew.unknown_ca") } else { page.ca.as_str().into() };
    title(ui, &t!("renew.portal_title", ca = ca));
    let opens = may_open(&page.url);
    if opens {
        sentence(ui, &t!("renew.portal_text", ca = ca));
        let steps = [t!("renew.portal_1", ca = ca), t!("renew.portal_2"), t!("renew.portal_3"), t!("renew.portal_4")];
        for (number, text) in (1..).zip(&steps) {
            numbered(ui, number, text);
        }
        widgets::caption(ui, &t!("renew.portal_address", url = page.url));
    } else if page.url.is_empty() {
        sentence(ui, &t!("renew.portal_none", ca = ca));
    } else {
        sentence(ui, &t!("renew.unsafe_address"));
        widgets::caption(ui, &page.url);
    }
    if let Some(telephone) = telephone(&scene.renewal.support) {
        sentence(ui, &telephone);
    }
    fault(ui, scene);
    let word = t!("renew.open_browser");
    let main = opens.then_some((word.as_ref(), None));
    if buttons(ui, scene, main, actions, |_, _| {}) {
        actions.push(Action::Browse(page.url.clone()));
    }
}

fn numbered(ui: &mut Ui, number: u8, text: &str) {
    let p = theme::palette(ui.ctx());
    ui.horizontal_top(|ui| {
        ui.add_space(space::XS);
        ui.label(RichText::new(format!("{number}.")).font(theme::bold_font(size::BODY)).color(p.primary));
        ui.add(Label::new(text).wrap());
    });
}
