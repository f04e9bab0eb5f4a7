//! Giving up an unfinished order: what is lost by it, before it is done.

use super::action::Action;
use super::change_pin::Wish;
use super::dialogs::{button_row, close_on, main_button, modal};
use super::widgets::{self, Weight};
use crate::app::{Command, LineState, OrderLine, RenewalAsk};
use crate::ui::theme::space;
use eframe::egui::{self, Label};
use order_api::OrderKind;
use rust_i18n::t;

/// The question before an order is given up.
pub struct GiveUp {
    of: Of,
    lost: Lost,
}

/// Whose order it is.
enum Of {
    /// Of the list, by its name in the journal.
    List(String),
    /// Of the wizard 证书更新 of this slot.
    Renewal(u64),
}

/// What is lost.
#[derive(Clone, Copy)]
enum Lost {
    /// A renewal of which nothing is on the key.
    Renewal,
    /// A renewal that has begun to write into the key.
    Certificates,
    /// An unlock that has not reached the key.
    Unlock,
    /// An unlock after which the key may have a PIN nobody knows.
    Pin,
}

impl GiveUp {
    /// The question for an order of the list.
    pub fn of_list(order: &OrderLine) -> Self {
        let lost = match (order.kind, order.state) {
            (OrderKind::Renew, LineState::Interrupted) => Lost::Certificates,
            (OrderKind::Renew, _) => Lost::Renewal,
            (OrderKind::Unlock, LineState::Interrupted | LineState::ReportMissing) => Lost::Pin,
            (OrderKind::Unlock, _) => Lost::Unlock,
        };
        Self { of: Of::List(order.id.clone()), lost }
    }

    /// The question for the order of a wizard that is not approved yet.
    pub const fn of_renewal(slot: u64) -> Self {
        Self { of: Of::Renewal(slot), lost: Lost::Renewal }
    }

    /// Shows the dialog; the safe answer is to keep the order.
    pub fn show(&self, ctx: &egui::Context, actions: &mut Vec<Action>) -> Wish {
        let text = match self.lost {
            Lost::Renewal => t!("give_up.renewal"),
            Lost::Certificates => t!("give_up.certificates"),
            Lost::Unlock => t!("give_up.unlock"),
            Lost::Pin => t!("give_up.pin"),
        };
        let (mut keep, mut go) = (false, false);
        let ((), escape) = modal(ctx, "give-up", |ui| {
            widgets::heading(ui, &t!("give_up.title"));
            ui.add(Label::new(text).wrap());
            ui.add_space(space::M);
            button_row(ui, |ui| {
                keep = main_button(ui, &t!("give_up.keep"), None).clicked();
                go = widgets::button(ui, &t!("give_up.now"), Weight::Normal, None).clicked();
            });
        });
        if go {
            actions.push(Action::Command(match &self.of {
                Of::List(id) => Command::GiveUpOrder(id.clone()),
                Of::Renewal(slot) => Command::Renewal { slot: *slot, ask: RenewalAsk::GiveUp },
            }));
        }
        close_on(escape || keep || go)
    }
}
