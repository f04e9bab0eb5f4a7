//! A CA without a service of ours: its own page in the browser, step by step.

use super::{Frame, sentence, title};
use crate::app::PortalPage;
use crate::app::policy::may_open;
use crate::ui::action::Action;
use crate::ui::faults::telephone;
use crate::ui::theme::{self, size, space};
use crate::ui::widgets;
use eframe::egui::{Label, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;

/// What is said about the page, given the name of the CA.
pub struct Texts {
    /// Title.
    pub title: fn(&str) -> Cow<'static, str>,
    /// One sentence.
    pub text: fn(&str) -> Cow<'static, str>,
    /// What to do there, in order.
    pub steps: fn(&str) -> Vec<Cow<'static, str>>,
    /// No page is known.
    pub none: fn(&str) -> Cow<'static, str>,
}

/// Shows the page.
pub fn show(ui: &mut Ui, frame: &Frame<'_>, page: &PortalPage, texts: &Texts, actions: &mut Vec<Action>) {
    let ca = if page.ca.is_empty() { t!("renew.unknown_ca") } else { page.ca.as_str().into() };
    title(ui, &(texts.title)(&ca));
    let opens = may_open(&page.url);
    if opens {
        sentence(ui, &(texts.text)(&ca));
        for (number, text) in (1..).zip(&(texts.steps)(&ca)) {
            numbered(ui, number, text);
        }
        widgets::caption(ui, &t!("renew.portal_address", url = page.url));
    } else if page.url.is_empty() {
        sentence(ui, &(texts.none)(&ca));
    } else {
        sentence(ui, &t!("renew.unsafe_address"));
        widgets::caption(ui, &page.url);
    }
    if let Some(telephone) = telephone(frame.support) {
        sentence(ui, &telephone);
    }
    frame.show_fault(ui);
    let word = t!("renew.open_browser");
    let main = opens.then_some((word.as_ref(), None));
    if frame.buttons(ui, main, actions, |_, _| {}) {
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
