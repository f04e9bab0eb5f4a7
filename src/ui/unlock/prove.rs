//! 4 after the new PIN holds: it is typed once more to sign the report.

use super::frame::waits;
use super::{Scene, Wizard, running};
use crate::app::{FaultCode, UnlockAsk};
use crate::ui::action::Action;
use crate::ui::icons::Icon;
use crate::ui::pin_entry::{Place, Question};
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::wizard::{sentence, title};
use eframe::egui::Ui;
use rust_i18n::t;

impl Wizard {
    /// Shows the step.
    pub(super) fn prove(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        self.shows_pin = true;
        if scene.unlock.is_writing() {
            self.writing(ui, scene);
            return;
        }
        let pin = scene.view.and_then(|view| view.contents.pin);
        if self.proof.is_confirming() {
            let before = actions.len();
            let sure = self.proof.confirmation(ui, pin, Place::Page, actions, scene.slot);
            if actions.len() > before {
                // who would rather unlock is here already
                actions.truncate(before);
                self.set_anew();
            }
            if let Some(pin) = sure {
                actions.push(scene.ask(UnlockAsk::Prove(pin)));
            }
            return;
        }
        title(ui, &t!("unlock.prove_title"));
        widgets::strip(ui, Icon::Check, Tone::Ok, &t!("unlock.prove_holds"), |_| {});
        sentence(ui, &t!("unlock.prove_text"));
        if let Some(unread) = scene.unread {
            self.unread(ui, scene, unread, actions);
            return;
        }
        let locked = pin.is_some_and(|pin| pin.is_locked());
        let question = Question {
            label: &t!("unlock.proof"),
            pin,
            fault: scene.unlock.fault.as_ref(),
            enabled: scene.unlock.busy.is_none() && scene.view.is_some() && !locked,
            chinese: scene.around.chinese,
        };
        self.proof.show(ui, &question);
        let wrong = scene.unlock.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::WrongPin);
        if !wrong {
            scene.frame().show_fault(ui);
        }
        waits(ui, scene);
        running(ui, scene);
        let anew = t!("unlock.set_anew");
        if locked {
            sentence(ui, &t!("unlock.locked_again"));
            if scene.frame().buttons(ui, Some((&anew, scene.busy().as_deref())), actions, |_, _| {}) {
                self.set_anew();
            }
            return;
        }
        let obstacle = scene
            .blocked()
            .or_else(|| scene.useless())
            .or_else(|| self.proof.obstacle(scene.view, scene.around.chinese));
        let entered = self.proof.entered(ui) && obstacle.is_none();
        let finish = t!("unlock.prove");
        let mut forgotten = false;
        let pressed = scene.frame().buttons(ui, Some((&finish, obstacle.as_deref())), actions, |ui, _| {
            forgotten = widgets::button(ui, &anew, Weight::Normal, scene.busy().as_deref()).clicked();
        });
        if forgotten {
            self.set_anew();
        } else if (pressed || entered)
            && let Some(pin) = self.proof.submit(pin)
        {
            actions.push(scene.ask(UnlockAsk::Prove(pin)));
        }
    }

    fn set_anew(&mut self) {
        self.proof.reset();
        (self.set_again, self.has_arrived) = (true, false);
    }
}
