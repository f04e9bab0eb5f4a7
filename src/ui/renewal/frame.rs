//! What all steps have around them: the head line, faults with the telephone, the way out; and the states without steps.

use super::{Scene, running};
use crate::app::{Away, RenewalAsk, RenewalStage};
use crate::ui::action::Action;
use crate::ui::dialogs;
use crate::ui::faults;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, CONTROL_HEIGHT, size, space};
use crate::ui::widgets::{self, Weight};
use crate::ui::words;
use eframe::egui::{Align, Label, Layout, Rect, RichText, Sense, Ui, vec2};
use rust_i18n::t;

/// 证书更新 · owner · order.
pub fn header(ui: &mut Ui, scene: &Scene<'_>, away: Option<&Away>) {
    let p = theme::palette(ui.ctx());
    let here = scene.view.map(words::owner);
    let owner = here.or_else(|| away.and_then(|away| away.owner.clone()));
    let no = match &scene.renewal.stage {
        RenewalStage::Done(done) => Some(done.no.clone()),
        stage => stage.order().map(|order| order.no.clone()),
    };
    let about = [owner, no.map(|no| t!("renew.order", no = no).into_owned())];
    let about: Vec<String> = about.into_iter().flatten().collect();
    ui.horizontal(|ui| {
        widgets::heading(ui, &t!("action.renew"));
        ui.add_space(space::XS);
        ui.add(Label::new(RichText::new(about.join(" · ")).color(p.text2)).truncate());
    });
}

/// The title of a step.
pub fn title(ui: &mut Ui, text: &str) {
    widgets::heading(ui, text);
    ui.add_space(space::XS);
}

/// A sentence.
pub fn sentence(ui: &mut Ui, text: &str) {
    ui.add(Label::new(text).wrap());
}

/// Why the last attempt failed, with whom to call; scrolled into view when it is new.
pub fn fault(ui: &mut Ui, scene: &Scene<'_>) {
    if let Some(fault) = &scene.renewal.fault {
        let shown = faults::boxed(ui, fault, &scene.renewal.support, scene.around.chinese);
        if scene.fault_is_new {
            let below = vec2(0.0, CONTROL_HEIGHT + space::XXL);
            ui.scroll_to_rect(Rect::from_min_max(shown.rect.min, shown.rect.max + below), None);
        }
    }
}

/// The buttons below a step: the main one, what `more` adds, and the way out. True when the main one was pressed.
pub fn buttons(
    ui: &mut Ui,
    scene: &Scene<'_>,
    main: Option<(&str, Option<&str>)>,
    actions: &mut Vec<Action>,
    more: impl FnOnce(&mut Ui, &mut Vec<Action>),
) -> bool {
    ui.add_space(space::S);
    let mut pressed = false;
    ui.horizontal_wrapped(|ui| {
        if let Some((text, obstacle)) = main {
            pressed = dialogs::main_button(ui, text, obstacle).clicked();
        }
        more(ui, actions);
        if widgets::button(ui, &t!("common.back"), Weight::Normal, None).clicked() {
            actions.push(Action::LeaveRenewal(scene.slot));
        }
    });
    pressed
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
    bars(ui);
    ui.add_space(space::S);
    running(ui, scene);
    buttons(ui, scene, None, actions, |_, _| {});
}

/// Grey bars in the places of the lines that are coming.
fn bars(ui: &mut Ui) {
    let p = theme::palette(ui.ctx());
    for share in [0.6, 0.75, 0.45, 0.68] {
        let wide = ui.available_width() * share;
        let (rect, _) = ui.allocate_exact_size(vec2(wide, size::BODY + space::S), Sense::hover());
        let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), space::M));
        ui.painter().rect_filled(bar, space::XS, p.ground);
    }
}

/// The key was pulled out.
pub fn gone(ui: &mut Ui, scene: &Scene<'_>, away: &Away, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    ui.add_space(space::L);
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(GONE_PICTURE, GONE_PICTURE), Sense::hover());
        icons::paint(ui.painter(), rect, Icon::Key, p.primary);
        ui.add_space(space::S);
        widgets::heading(ui, &t!("renew.gone"));
        let text = match scene.renewal.stage.order() {
            Some(_) => t!("renew.gone_order"),
            None => t!("renew.gone_no_order"),
        };
        sentence(ui, &text);
        widgets::caption(ui, &t!("renew.gone_serial", serial = away.serial));
    });
    ui.add_space(space::S);
    fault(ui, scene);
    buttons(ui, scene, None, actions, |_, _| {});
}

const GONE_PICTURE: f32 = 64.0;
