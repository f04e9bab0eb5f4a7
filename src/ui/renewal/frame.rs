//! What all steps have around them, for this wizard; and its states without steps.

use super::{Scene, running};
use crate::app::{Away, RenewalAsk, RenewalStage};
use crate::ui::action::Action;
use crate::ui::theme::space;
use crate::ui::wizard;
use crate::ui::wizard::portal::Texts;
pub use crate::ui::wizard::{sentence, title};
use eframe::egui::Ui;
use rust_i18n::t;

/// 证书更新 · owner · order.
pub fn header(ui: &mut Ui, scene: &Scene<'_>, away: Option<&Away>) {
    let no = match &scene.renewal.stage {
        RenewalStage::Done(done) => Some(done.no.as_str()),
        stage => stage.order().map(|order| order.no.as_str()),
    };
    wizard::header(ui, &t!("action.renew"), scene.view, away, no);
}

/// Why the last attempt failed.
pub fn fault(ui: &mut Ui, scene: &Scene<'_>) {
    scene.frame().show_fault(ui);
}

/// The buttons below a step; true when the main one was pressed.
pub fn buttons(
    ui: &mut Ui,
    scene: &Scene<'_>,
    main: Option<(&str, Option<&str>)>,
    actions: &mut Vec<Action>,
    more: impl FnOnce(&mut Ui, &mut Vec<Action>),
) -> bool {
    scene.frame().buttons(ui, main, actions, more)
}

/// The CA is looked up: the outline of what is coming, or why it can't come.
pub fn opening(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    if scene.renewal.fault.is_some() {
        title(ui, &t!("renew.not_opened"));
        fault(ui, scene);
        let again = t!("renew.again");
        if buttons(ui, scene, Some((&again, None)), actions, |_, _| {}) {
            actions.push(scene.ask(RenewalAsk::Open));
        }
        return;
    }
    title(ui, &t!("renew.opening_title"));
    wizard::bars(ui);
    ui.add_space(space::S);
    running(ui, scene);
    buttons(ui, scene, None, actions, |_, _| {});
}

/// The key was pulled out.
pub fn gone(ui: &mut Ui, scene: &Scene<'_>, away: &Away, actions: &mut Vec<Action>) {
    let text = match scene.renewal.stage.order() {
        Some(_) => t!("renew.gone_order"),
        None => t!("renew.gone_no_order"),
    };
    scene.frame().gone(ui, away, &text, actions);
}

/// What is said about the page of a CA without a service of ours.
pub const PORTAL: Texts = Texts {
    title: |ca| t!("renew.portal_title", ca = ca),
    text: |ca| t!("renew.portal_text", ca = ca),
    steps: |ca| vec![t!("renew.portal_1", ca = ca), t!("renew.portal_2"), t!("renew.portal_3"), t!("renew.portal_4")],
    none: |ca| t!("renew.portal_none", ca = ca),
};
