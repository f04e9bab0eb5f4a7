//! 3 等待授权码: an officer looks at the application and calls.

use super::{Scene, running};
use crate::app::UnlockAsk;
use crate::ui::action::Action;
use crate::ui::card::copyable;
use crate::ui::faults::telephone;
use crate::ui::icons::Icon;
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::wizard::{sentence, title};
use crate::ui::words;
use eframe::egui::Ui;
use order_api::Order;
use rust_i18n::t;

/// Shows the step.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, order: &Order, actions: &mut Vec<Action>) {
    title(ui, &t!("unlock.review_title"));
    widgets::row(ui, &t!("renew.no"), |ui| copyable(ui, &order.no, &t!("renew.no"), actions));
    sentence(ui, &t!("unlock.review_text"));
    if let Some(telephone) = telephone(&scene.unlock.support) {
        sentence(ui, &telephone);
    }
    widgets::strip(ui, Icon::Info, Tone::Quiet, &t!("renew.may_close"), |_| {});
    if let Some(expires) = order.expires {
        widgets::caption(ui, &t!("renew.order_expires", when = words::moment(expires)));
    }
    scene.frame().show_fault(ui);
    super::frame::waits(ui, scene);
    running(ui, scene);
    let refresh = t!("renew.refresh");
    let blocked = scene.blocked();
    let pressed = scene.frame().buttons(ui, Some((&refresh, blocked.as_deref())), actions, |ui, actions| {
        if widgets::button(ui, &t!("unlock.write_anew"), Weight::Normal, scene.busy().as_deref()).clicked() {
            actions.push(scene.ask(UnlockAsk::Discard));
        }
    });
    if pressed {
        actions.push(scene.ask(UnlockAsk::Refresh));
    }
}
