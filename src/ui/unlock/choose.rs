//! 1 选择 UKey: filled in; a choice only where several keys are there.

use super::{Scene, Wizard};
use crate::app::{CertificateOnKey, KeyView};
use crate::ui::action::Action;
use crate::ui::theme::space;
use crate::ui::widgets;
use crate::ui::wizard::{sentence, title};
use crate::ui::words;
use eframe::egui::Ui;
use rust_i18n::t;

/// Keys that can be unlocked, with slot.
fn keys<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (u64, &'a KeyView)> {
    let keys = scene.model.keys.iter().filter_map(|key| Some((key.slot.id, key.view()?)));
    keys.filter(|(_, view)| view.contents.pin.is_some() && matches!(view.sign, CertificateOnKey::Present(_)))
}

impl Wizard {
    /// True while the person has to say which key.
    pub(super) fn chooses(&self, scene: &Scene<'_>) -> bool {
        !self.chosen && keys(scene).count() > 1
    }

    /// Shows the step.
    pub(super) fn choose(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        title(ui, &t!("unlock.choose_title"));
        sentence(ui, &t!("unlock.choose_text"));
        let now = scene.around.now;
        for (slot, view) in keys(scene) {
            let state = scene.model.key(slot).map(|key| words::standing(key, now).short).unwrap_or_default();
            let number = words::card_number(view);
            let text = t!(
                "unlock.choice",
                owner = words::brief(&words::owner(view), words::NAME),
                number = number,
                state = state
            );
            if widgets::radio(ui, self.picked == slot, &text).clicked() {
                self.picked = slot;
            }
        }
        ui.add_space(space::XS);
        let next = t!("renew.next");
        let there = keys(scene).any(|(slot, _)| slot == self.picked);
        let obstacle = (!there).then(|| t!("unlock.choose_title"));
        if scene.frame().buttons(ui, Some((&next, obstacle.as_deref())), actions, |_, _| {}) {
            if self.picked == self.slot {
                self.chosen = true;
                self.place = None;
            } else {
                actions.push(Action::UnlockOther { from: self.slot, to: self.picked });
            }
        }
        self.help(ui, scene);
    }
}
