//! What all steps have around them, and the states without steps.

use super::{Scene, Wizard, running};
use crate::app::{Away, FaultCode, LineState, UnlockAsk, UnlockStage};
use crate::ui::action::Action;
use crate::ui::theme::space;
use crate::ui::widgets::{self, Weight};
use crate::ui::wizard::portal::Texts;
use crate::ui::wizard::{self, sentence, title};
use eframe::egui::Ui;
use order_api::OrderKind;
use rust_i18n::t;

/// 找回密码 · owner · order.
pub fn header(ui: &mut Ui, scene: &Scene<'_>, away: Option<&Away>) {
    let no = match &scene.unlock.stage {
        UnlockStage::Done(done) => Some(done.no.as_str()),
        stage => stage.order().map(|order| order.no.as_str()),
    };
    wizard::header(ui, &t!("action.unlock"), scene.view, away, no);
}

impl Wizard {
    /// The CA is looked up: the outline of what is coming, or why it can't come.
    pub(super) fn opening(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(fault) = &scene.unlock.fault else {
            title(ui, &t!("renew.opening_title"));
            wizard::bars(ui);
            ui.add_space(space::S);
            running(ui, scene);
            scene.frame().buttons(ui, None, actions, |_, _| {});
            return;
        };
        let frame = scene.frame();
        if fault.code == FaultCode::CertificateMissing {
            title(ui, &t!("unlock.no_certificate_title"));
            sentence(ui, &t!("unlock.no_certificate"));
            frame.show_fault(ui);
            frame.buttons(ui, None, actions, |_, _| {});
            return;
        }
        // an application whose answer was lost is sent again, or given up to be written anew
        let order = scene.model.open_order(scene.slot, OrderKind::Unlock);
        let lost = order.is_some_and(|order| order.state == LineState::Sending);
        title(ui, &if lost { t!("unlock.lost_title") } else { t!("renew.not_opened") });
        if lost {
            sentence(ui, &t!("unlock.lost"));
        }
        frame.show_fault(ui);
        waits(ui, scene);
        let again = t!("renew.again");
        let blocked = scene.blocked();
        self.help(ui, scene);
        let pressed = frame.buttons(ui, Some((&again, blocked.as_deref())), actions, |ui, actions| {
            if lost && widgets::button(ui, &t!("unlock.write_anew"), Weight::Normal, None).clicked() {
                actions.push(scene.ask(UnlockAsk::Discard));
            }
        });
        if pressed {
            actions.push(scene.ask(UnlockAsk::Open));
        }
    }
}

/// The clock of a service that wants to be left alone for a while.
pub fn waits(ui: &mut Ui, scene: &Scene<'_>) {
    if scene.wait > 0 && scene.unlock.fault.is_some() {
        widgets::caption(ui, &t!("unlock.wait", seconds = scene.wait));
    }
}

/// The key was pulled out.
pub fn gone(ui: &mut Ui, scene: &Scene<'_>, away: &Away, actions: &mut Vec<Action>) {
    let text = match &scene.unlock.stage {
        UnlockStage::Ended(_) => t!("unlock.gone_no_order"),
        stage if stage.order().is_some() => t!("unlock.gone_order"),
        _ => t!("unlock.gone_no_order"),
    };
    scene.frame().gone(ui, away, &text, actions);
}

/// 用管理口令解锁, where the counter mode is on.
pub fn counter(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let over = matches!(scene.unlock.stage, UnlockStage::Done(_));
    if !scene.around.counter || over || scene.view.is_none() {
        return;
    }
    ui.add_space(space::XS);
    widgets::card(ui, |ui| {
        sentence(ui, &t!("counter.offer"));
        ui.horizontal(|ui| {
            let obstacle = scene.busy().or_else(|| scene.useless());
            if widgets::button(ui, &t!("counter.button"), Weight::Normal, obstacle.as_deref()).clicked() {
                actions.push(Action::Unblock(scene.slot));
            }
        });
    });
}

/// What is said about the page of a CA without a service of ours.
pub const PORTAL: Texts = Texts {
    title: |ca| t!("unlock.portal_title", ca = ca),
    text: |ca| t!("unlock.portal_text", ca = ca),
    steps: |ca| {
        vec![t!("renew.portal_1", ca = ca), t!("unlock.portal_2"), t!("unlock.portal_3"), t!("unlock.portal_4")]
    },
    none: |ca| t!("unlock.portal_none", ca = ca),
};
