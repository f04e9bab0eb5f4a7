//! 订单: the orders of this computer, each with its state and what can be done.

use super::action::{Action, Page};
use super::card::copyable;
use super::empty;
use super::faults;
use super::give_up::GiveUp;
use super::icons::Icon;
use super::theme::{self, size, space};
use super::widgets::{self, Weight};
use super::words;
use crate::app::{Command, LineState, Model, OrderLine};
use eframe::egui::{Align, Label, Layout, Ui};
use order_api::OrderKind;
use rust_i18n::t;

/// Shows the page.
pub fn show(ui: &mut Ui, model: &Model, chinese: bool, actions: &mut Vec<Action>) {
    if model.orders.is_empty() {
        nothing(ui, actions);
        return;
    }
    ui.horizontal(|ui| {
        widgets::heading(ui, &t!("page.orders"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let open = model.orders.iter().any(|order| order.state.is_open());
            let obstacle = match (model.orders_busy, open) {
                (true, _) => Some(t!("order.refreshing")),
                (false, false) => Some(t!("order.all_finished")),
                (false, true) => None,
            };
            if widgets::button(ui, &t!("renew.refresh"), Weight::Normal, obstacle.as_deref()).clicked() {
                actions.push(Action::Command(Command::RefreshOrders));
            }
        });
    });
    if let Some(fault) = &model.orders_fault {
        widgets::card(ui, |ui| faults::lines(ui, fault, chinese));
    }
    for order in &model.orders {
        ui.push_id(&order.id, |ui| widgets::card(ui, |ui| one(ui, model, order, actions)));
        ui.add_space(space::XS);
    }
}

fn nothing(ui: &mut Ui, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    let lines = [t!("order.none_text").into_owned()];
    empty::page(ui, Icon::Clock, p.primary, &t!("order.none"), &lines, |ui| {
        if widgets::button(ui, &t!("order.none_button"), Weight::Normal, None).clicked() {
            actions.push(Action::Open(Page::Keys));
        }
    });
}

fn one(ui: &mut Ui, model: &Model, order: &OrderLine, actions: &mut Vec<Action>) {
    let (icon, tone, state) = words::order_state(order.kind, order.state);
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        widgets::pill(ui, icon, tone, &state);
        ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
            widgets::foreign(ui, words::or_absent(Some(&order.holder)), theme::bold_font(size::SECTION));
        });
    });
    let kind = match order.kind {
        OrderKind::Renew => t!("action.renew"),
        OrderKind::Unlock => t!("action.unlock"),
    };
    widgets::text_row(ui, &t!("order.kind"), &kind);
    widgets::row(ui, &t!("renew.no"), |ui| {
        if order.no.is_empty() {
            ui.add(Label::new(t!("order.no_unknown")).wrap());
        } else {
            copyable(ui, &order.no, &order.no, actions);
        }
    });
    widgets::text_row(ui, &t!("field.device_serial"), words::or_absent(Some(&order.device_serial)));
    widgets::text_row(ui, &t!("order.created"), &words::moment(order.created));
    if let Some(new) = order.new {
        widgets::text_row(ui, &t!("renew.new_validity"), &words::period(new));
    }
    if let Some(reason) = order.reason.as_ref().filter(|reason| !reason.is_empty()) {
        widgets::long_row(ui, &t!("renew.reason"), reason);
    }
    if order.state.is_open() {
        ui.horizontal_wrapped(|ui| {
            go_on(ui, model, order, actions);
            let name = if order.no.is_empty() { &order.id } else { &order.no };
            let spoken = t!("give_up.spoken", no = name);
            let response = widgets::button(ui, &t!("give_up.ask"), Weight::Normal, None);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken.as_ref()));
            if response.clicked() {
                actions.push(Action::AskGiveUp(GiveUp::of_list(order)));
            }
        });
    } else {
        let name = if order.no.is_empty() { &order.id } else { &order.no };
        let spoken = t!("order.forget_spoken", no = name);
        let response = widgets::button(ui, &t!("order.forget"), Weight::Normal, None);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken.as_ref()));
        if response.clicked() {
            actions.push(Action::Command(Command::ForgetOrder(order.id.clone())));
        }
    }
}

fn go_on(ui: &mut Ui, model: &Model, order: &OrderLine, actions: &mut Vec<Action>) {
    let Some(slot) = model.slot_of(order) else {
        widgets::caption(ui, &t!("order.insert", serial = order.device_serial));
        return;
    };
    let weight =
        if matches!(order.state, LineState::Ready | LineState::CodeSent) { Weight::Main } else { Weight::Normal };
    let response = widgets::button(ui, &t!("card.go_on"), weight, None);
    let name = if order.no.is_empty() { &order.holder } else { &order.no };
    let spoken = t!("order.go_on_spoken", no = name);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken.as_ref()));
    if response.clicked() {
        actions.push(match order.kind {
            OrderKind::Renew => Action::Renew(slot),
            OrderKind::Unlock => Action::Unlock(slot),
        });
    }
}
