//! The ends: 5 完成, and an application that came to nothing.

use super::{Scene, running};
use crate::app::{UnlockAsk, UnlockDone, UnlockEnd, UnlockEnded};
use crate::ui::action::Action;
use crate::ui::card::copyable;
use crate::ui::dialogs;
use crate::ui::faults::telephone;
use crate::ui::foot;
use crate::ui::icons::Icon;
use crate::ui::theme::space;
use crate::ui::widgets::{self, Tone};
use crate::ui::wizard::{sentence, title};
use crate::ui::words;
use eframe::egui::Ui;
use rust_i18n::t;
use std::time::Duration;

/// What happened, what was kept, what to do, whom to call.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, ended: &UnlockEnded, actions: &mut Vec<Action>) {
    let (what, todo) = match ended.why {
        UnlockEnd::Rejected => (t!("unlock.rejected"), t!("unlock.rejected_todo")),
        UnlockEnd::Expired => (t!("unlock.expired"), t!("unlock.expired_todo")),
        UnlockEnd::Cancelled => (t!("unlock.cancelled"), t!("unlock.cancelled_todo")),
        UnlockEnd::Refused => (t!("unlock.refused"), t!("unlock.refused_todo")),
    };
    title(ui, &what);
    let order = ended.order.as_ref();
    if let Some(order) = order {
        widgets::row(ui, &t!("renew.no"), |ui| copyable(ui, &order.no, &t!("renew.no"), actions));
    }
    if let Some(reason) = order.and_then(|order| order.reason.as_ref()).filter(|reason| !reason.is_empty()) {
        widgets::long_row(ui, &t!("renew.reason"), reason);
    }
    widgets::strip(ui, Icon::Check, Tone::Ok, &t!("unlock.kept"), |_| {});
    sentence(ui, &todo);
    if let Some(telephone) = telephone(&scene.unlock.support) {
        sentence(ui, &telephone);
    }
    scene.frame().show_fault(ui);
    running(ui, scene);
    let again = t!("renew.apply_again");
    let busy = scene.busy();
    // each further try could cost the key its last one
    let main = (ended.why != UnlockEnd::Refused).then_some((again.as_ref(), busy.as_deref()));
    if scene.frame().buttons(ui, main, actions, |_, _| {}) {
        actions.push(scene.ask(UnlockAsk::Open));
    }
}

/// The key has its new PIN.
pub fn done(ui: &mut Ui, scene: &Scene<'_>, done: &UnlockDone, actions: &mut Vec<Action>) {
    title(ui, &t!("unlock.done_title"));
    let text = match done.tries {
        Some(tries) => t!("unlock.done_tries", tries = words::tries(tries)),
        None => t!("unlock.done_text"),
    };
    widgets::strip(ui, Icon::Check, Tone::Ok, &text, |_| {});
    if let Some(took) = done.took_ms {
        widgets::caption(ui, &t!("renew.took", time = words::tenths(Duration::from_millis(took))));
    }
    sentence(ui, &t!("unlock.done_remember"));
    sentence(ui, &t!("unlock.done_told"));
    scene.frame().show_fault(ui);
    ui.add_space(space::S);
    foot::row(ui, |ui| {
        if dialogs::main_button(ui, &t!("renew.finish"), None).clicked() {
            actions.push(Action::LeaveUnlock(scene.slot));
        }
    });
}
