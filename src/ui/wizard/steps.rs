//! The steps of a wizard: a column at the left, a row above where the page is narrow.

use crate::ui::foot;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, STEPS_BESIDE_FROM, STEPS_WIDTH, size, space};
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Align2, Layout, Pos2, Rect, RichText, Sense, Stroke, TextWrapMode, Ui, UiBuilder, Vec2, WidgetText, pos2,
    vec2,
};
use rust_i18n::t;
use std::borrow::Cow;

/// Name of a step.
pub type Step = Cow<'static, str>;

const CIRCLE: f32 = 24.0;
const ROW: f32 = 42.0;

/// Shows the steps, the one at `at` being the present one, with `content` beside or below them.
pub fn beside(ui: &mut Ui, steps: &[Step], at: usize, content: impl FnOnce(&mut Ui)) {
    let p = theme::palette(ui.ctx());
    // the same ids beside and below: what has the keyboard keeps it
    let steady = UiBuilder::new().scope_id(foot::steady_id(ui, "step"));
    if ui.available_width() < STEPS_BESIDE_FROM {
        row(ui, steps, at);
        ui.add_space(space::S);
        ui.scope_builder(steady, content);
        return;
    }
    let inner = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.allocate_ui_with_layout(vec2(STEPS_WIDTH, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_width(STEPS_WIDTH);
            column(ui, steps, at);
        });
        let line = ui.cursor().left();
        ui.add_space(space::XL);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            ui.set_width(ui.available_width());
            ui.scope_builder(steady, content);
        });
        line
    });
    ui.painter().vline(inner.inner, inner.response.rect.y_range(), Stroke::new(1.0, p.line));
}

fn column(ui: &mut Ui, steps: &[Step], at: usize) {
    for (index, step) in steps.iter().enumerate() {
        let (rect, response) = ui.allocate_exact_size(vec2(STEPS_WIDTH - space::L, ROW), Sense::hover());
        circle(ui, pos2(rect.left() + CIRCLE / 2.0, rect.center().y), index, at);
        let left = rect.left() + CIRCLE + space::M;
        let text = name(ui, step, index, at, rect.right() - left);
        ui.painter().galley(pos2(left, rect.center().y - text.size().y / 2.0), text, theme::palette(ui.ctx()).text);
        tell(ui, response.id, step, index, at);
    }
}

/// Circles in a row; only the present step shows its name.
fn row(ui: &mut Ui, steps: &[Step], at: usize) {
    let p = theme::palette(ui.ctx());
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), CIRCLE + space::S), Sense::hover());
    let links = steps.len().saturating_sub(1) as f32;
    let free = rect.width() - CIRCLE * steps.len() as f32 - links * space::S;
    let text = steps.get(at).map(|step| name(ui, step, at, at, free - space::S));
    let mut x = rect.left();
    for (index, step) in steps.iter().enumerate() {
        let middle = pos2(x + CIRCLE / 2.0, rect.center().y);
        circle(ui, middle, index, at);
        let spot = Rect::from_center_size(middle, Vec2::splat(CIRCLE));
        let response = ui.interact(spot, ui.scope_id().with(("step", index)), Sense::hover());
        tell(ui, response.id, step, index, at);
        x += CIRCLE + space::S;
        if index == at
            && let Some(text) = &text
        {
            ui.painter().galley(pos2(x, rect.center().y - text.size().y / 2.0), text.clone(), p.text);
            x += text.size().x + space::S;
        }
    }
}

fn name(ui: &Ui, step: &str, index: usize, at: usize, width: f32) -> std::sync::Arc<eframe::egui::Galley> {
    let p = theme::palette(ui.ctx());
    let font = if index == at { theme::bold_font(size::BODY) } else { theme::font(size::BODY) };
    let color = if index == at { p.text } else { p.text2 };
    let text = WidgetText::from(RichText::new(step).font(font).color(color));
    text.into_galley(ui, Some(TextWrapMode::Truncate), width, theme::font(size::BODY))
}

fn circle(ui: &Ui, middle: Pos2, index: usize, at: usize) {
    let p = theme::palette(ui.ctx());
    let painter = ui.painter();
    let radius = CIRCLE / 2.0;
    if index < at {
        painter.circle_filled(middle, radius, p.ok_soft);
        icons::paint(painter, Rect::from_center_size(middle, Vec2::splat(size::CAPTION)), Icon::Check, p.ok);
        return;
    }
    let (fill, stroke, color) = if index == at {
        (p.primary, Stroke::NONE, p.on_primary)
    } else {
        (p.surface, Stroke::new(1.0, p.line), p.text2)
    };
    painter.circle(middle, radius, fill, stroke);
    painter.text(middle, Align2::CENTER_CENTER, index + 1, theme::bold_font(size::CAPTION), color);
}

/// Name, number and state for a screen reader.
fn tell(ui: &Ui, id: eframe::egui::Id, step: &str, index: usize, at: usize) {
    let state = match index.cmp(&at) {
        std::cmp::Ordering::Less => t!("step.over"),
        std::cmp::Ordering::Equal => t!("step.now"),
        std::cmp::Ordering::Greater => t!("step.later"),
    };
    let spoken = t!("step.spoken", n = index + 1, name = step, state = state);
    ui.ctx().accesskit_node_builder(id, |node| {
        node.set_role(Role::ListItem);
        node.set_label(spoken.as_ref());
    });
}
