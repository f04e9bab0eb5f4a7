//! 5 完成: what holds now.

use super::Scene;
use super::frame::{fault, sentence, title};
use crate::app::Done;
use crate::ui::action::Action;
use crate::ui::foot;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, RADIUS_CARD, size, space};
use crate::ui::widgets::{self, Weight};
use crate::ui::words;
use eframe::egui::{Color32, Frame, Label, Margin, RichText, Ui};
use order_api::Period;
use rust_i18n::t;

/// Shows the step.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, done: &Done, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    title(ui, &t!("renew.done_title"));
    let half = (ui.available_width() - space::M) / 2.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        validity(ui, half, &t!("renew.old_validity"), done.old, p.ground, p.text2);
        validity(ui, half, &t!("renew.new_validity"), done.new, p.ok_soft, p.ok);
    });
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        icons::show_sized(ui, Icon::Check, p.ok, size::BODY);
        ui.label(RichText::new(t!("renew.tested")).color(p.ok));
        widgets::caption(ui, &t!("renew.took", time = words::tenths(std::time::Duration::from_millis(done.took_ms))));
    });
    sentence(ui, &t!("renew.fifteen_minutes"));
    sentence(ui, &t!("renew.history_kept"));
    fault(ui, scene);
    let back = t!("renew.finish");
    ui.add_space(space::S);
    foot::row(ui, |ui| {
        if crate::ui::dialogs::main_button(ui, &back, None).clicked() {
            actions.push(Action::LeaveRenewal(scene.slot));
        }
        let obstacle = scene.view.and_then(words::pin_obstacle);
        if widgets::button(ui, &t!("action.change_pin"), Weight::Normal, obstacle.as_deref()).clicked() {
            actions.push(Action::ChangePin(scene.slot));
        }
    });
}

fn validity(ui: &mut Ui, width: f32, name: &str, period: Period, ground: Color32, color: Color32) {
    Frame::new().fill(ground).corner_radius(RADIUS_CARD).inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
        ui.vertical(|ui| {
            ui.set_width(width - 2.0 * 14.0);
            ui.label(RichText::new(name).size(size::CAPTION).color(color));
            ui.add(Label::new(words::day_of(period.from)).wrap());
            ui.add(Label::new(t!("renew.to", day = words::day_of(period.until))).wrap());
        });
    });
}
