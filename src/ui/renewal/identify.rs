//! 1 确认身份: the PIN, and in plain words what will be sent to whom.

use super::frame::{buttons, fault, sentence, title};
use super::{Scene, Wizard, running};
use crate::app::{Command, Fault, FaultCode, RenewalAsk};
use crate::ui::action::Action;
use crate::ui::faults;
use crate::ui::icons::{self, Icon};
use crate::ui::pin_entry::{Place, Question};
use crate::ui::theme::{self, space};
use crate::ui::widgets::{self, Tone};
use crate::ui::words;
use eframe::egui::{Color32, Label, Ui};
use rust_i18n::t;

impl Wizard {
    /// Shows the step.
    pub(super) fn identify(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        ca: &str,
        address: &str,
        actions: &mut Vec<Action>,
    ) {
        title(ui, &t!("renew.identify_title"));
        if self.session_over {
            widgets::strip(ui, Icon::Clock, Tone::Warn, &t!("renew.session_over"), |_| {});
        }
        sentence(ui, &t!("renew.identify_text", ca = ca, address = address));
        let serial = scene.view.map(|view| view.contents.device.serial.clone()).unwrap_or_default();
        let p = theme::palette(ui.ctx());
        widgets::caption(ui, &t!("renew.sent"));
        point(ui, Icon::Check, p.ok, &t!("renew.sent_certificate"));
        point(ui, Icon::Check, p.ok, &t!("renew.sent_serial", serial = serial));
        point(ui, Icon::Check, p.ok, &t!("renew.sent_signature"));
        point(ui, Icon::Lock, p.text2, &t!("renew.not_sent"));
        let next = t!("renew.next");
        if let Some(ask) = self.pin_step(ui, scene, &next, actions) {
            actions.push(scene.ask(RenewalAsk::Identify(ask)));
        }
    }

    /// The PIN field with what belongs below it: faults, the main button and the way out. The PIN when it is to be used.
    pub(super) fn pin_step(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        main: &str,
        actions: &mut Vec<Action>,
    ) -> Option<base::secret::Pin> {
        self.shows_pin = true;
        let pin = scene.view.and_then(|view| view.contents.pin);
        if self.pin.is_confirming() {
            return self.pin.confirmation(ui, pin, Place::Page, actions, scene.slot);
        }
        if let Some(unread) = scene.unread {
            faults::boxed(ui, unread, &scene.renewal.support, scene.around.chinese);
            let again = t!("action.read_again");
            if buttons(ui, scene, Some((&again, scene.busy().as_deref())), actions, |_, _| {}) {
                actions.push(Action::Command(Command::Refresh(scene.slot)));
            }
            return None;
        }
        let useless = scene.view.and_then(words::pin_obstacle);
        let question = Question {
            label: &t!("renew.pin"),
            pin,
            fault: scene.renewal.fault.as_ref(),
            enabled: scene.renewal.busy.is_none() && useless.is_none() && scene.view.is_some(),
            chinese: scene.around.chinese,
        };
        self.pin.show(ui, &question);
        let locked = pin.is_some_and(|pin| pin.is_locked());
        let wrong = scene.renewal.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::WrongPin);
        if !wrong {
            fault(ui, scene);
        }
        if let Some(reason) = &useless {
            widgets::strip(ui, Icon::Lock, Tone::Danger, reason, |_| {});
        }
        running(ui, scene);
        if locked {
            let unlock = t!("action.unlock");
            if buttons(ui, scene, Some((&unlock, scene.busy().as_deref())), actions, |_, _| {}) {
                actions.push(Action::Unlock(scene.slot));
            }
            return None;
        }
        let reading = scene.view.is_none().then(|| t!("obstacle.busy"));
        let obstacle =
            scene.busy().or(reading).or(useless).or_else(|| self.pin.obstacle(scene.view, scene.around.chinese));
        let entered = self.pin.entered(ui) && obstacle.is_none();
        let pressed = buttons(ui, scene, Some((main, obstacle.as_deref())), actions, |_, _| {});
        if pressed || entered { self.pin.submit(pin) } else { None }
    }
}

/// The CA says in public that it would refuse: no PIN is asked for.
pub(super) fn refused(ui: &mut Ui, scene: &Scene<'_>, refusal: &Fault, actions: &mut Vec<Action>) {
    title(ui, &t!("renew.identify_title"));
    faults::boxed(ui, refusal, &scene.renewal.support, scene.around.chinese);
    let why = refusal.sentences(scene.around.chinese).what;
    buttons(ui, scene, Some((&t!("renew.next"), Some(&why))), actions, |_, _| {});
}

fn point(ui: &mut Ui, icon: Icon, color: Color32, text: &str) {
    ui.horizontal_top(|ui| {
        ui.add_space(space::XS);
        icons::show_in_line(ui, icon, color);
        ui.add(Label::new(text).wrap());
    });
}
