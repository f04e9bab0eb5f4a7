//! The line at the bottom: the smart-card service, the CA's service of the chosen key, the version and 检查更新.

use super::action::{Action, Page};
use super::theme::{self, size, space};
use super::widgets;
use crate::app::{Fault, FaultCode, Model, ServiceState, UpdateStage};
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Color32, CursorIcon, Frame, Layout, Margin, Panel, Rect, Response, RichText, Sense, Stroke, Ui, UiBuilder,
    Vec2, WidgetInfo, vec2,
};
use rust_i18n::t;
use std::borrow::Cow;
use std::time::Duration;

const HEIGHT: f32 = 24.0;

/// Keeps its place free; what stands in it is shown after the page, as it is read.
pub fn reserve(ui: &mut Ui) -> Rect {
    let p = theme::palette(ui.ctx());
    let frame = Frame::new().fill(p.ground).inner_margin(Margin::symmetric(24, 6));
    let panel = Panel::bottom("status").resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        let top = ui.max_rect().top() - 6.0;
        ui.painter().hline(ui.max_rect().expand2(vec2(24.0, 0.0)).x_range(), top, Stroke::new(1.0, p.line));
        ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover()).0
    });
    panel.inner
}

/// Shows it in its place.
pub fn show(ui: &mut Ui, place: Rect, model: &Model, chinese: bool, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    ui.scope_builder(UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let right = right_width(ui, model);
        let (color, text) = service(model.service.as_ref(), p);
        let reached = model.chosen().and_then(|key| model.reached.get(&key.slot.id));
        let left = |ui: &Ui| ui.max_rect().right() - ui.cursor().left() - right;
        // two share the room
        let room = if reached.is_some() { (place.width() - right) / 2.0 } else { left(ui) };
        if item(ui, Some(color), &text, None, room).clicked() {
            actions.push(Action::Open(Page::Check));
        }
        if let Some(reached) = reached {
            ui.add_space(space::S);
            let (color, text, reason) = ca(reached, p, chinese);
            if item(ui, Some(color), &text, reason.as_deref(), left(ui)).clicked() {
                actions.push(Action::Open(Page::Check));
            }
        }
        ui.add_space((ui.available_width() - right).max(0.0));
        ui.label(RichText::new(version()).size(size::CAPTION).color(p.text2));
        let obstacle = match model.update {
            UpdateStage::Asking => Some(t!("update.asking")),
            UpdateStage::TurnedOff => Some(t!("update.turned_off")),
            _ => None,
        };
        let free = obstacle.is_none();
        let response = ui.add_enabled_ui(free, |ui| item(ui, None, &update(model), None, f32::INFINITY)).inner;
        if let Some(reason) = obstacle {
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason.as_ref()));
            response.on_disabled_hover_text(reason);
        } else if response.clicked() {
            actions.push(Action::CheckUpdate);
        }
    });
}

fn version() -> Cow<'static, str> {
    t!("status.version", version = env!("CARGO_PKG_VERSION"))
}

fn update(model: &Model) -> Cow<'static, str> {
    if model.update == UpdateStage::Asking { t!("update.asking") } else { t!("update.ask") }
}

fn service(state: Option<&ServiceState>, p: &theme::Palette) -> (Color32, Cow<'static, str>) {
    match state {
        None => (p.text2, t!("status.service_unknown")),
        Some(ServiceState::Running { readers: 0 }) => (p.ok, t!("status.service_no_reader")),
        Some(ServiceState::Running { .. }) => (p.ok, t!("status.service_ok")),
        Some(ServiceState::Asleep) => (p.ok, t!("status.service_asleep")),
        Some(ServiceState::Stopped) => (p.danger, t!("status.service_stopped")),
        Some(ServiceState::VersionMismatch { .. }) => (p.danger, t!("status.service_version")),
        Some(ServiceState::Denied) => (p.danger, t!("status.service_denied")),
    }
}

/// Colour, words, and the whole sentence of a fault.
fn ca(
    reached: &Result<Duration, Fault>,
    p: &theme::Palette,
    chinese: bool,
) -> (Color32, Cow<'static, str>, Option<String>) {
    match reached {
        Ok(time) => (p.ok, t!("status.ca", ms = time.as_millis()), None),
        Err(fault) => {
            let words = match fault.code {
                FaultCode::CaNameUnknown => t!("status.ca_name"),
                FaultCode::CaTimeout => t!("status.ca_timeout"),
                FaultCode::CaNotTrusted => t!("status.ca_not_trusted"),
                FaultCode::CaProxy => t!("status.ca_proxy"),
                _ => t!("status.ca_unreachable"),
            };
            (p.danger, words, Some(fault.sentences(chinese).what))
        }
    }
}

/// Room for the version and 检查更新.
fn right_width(ui: &Ui, model: &Model) -> f32 {
    let texts = [version(), update(model)];
    let width = |text: &str| {
        ui.painter().layout_no_wrap(text.to_owned(), theme::font(size::CAPTION), Color32::PLACEHOLDER).size().x
    };
    texts.iter().map(|text| width(text)).sum::<f32>() + 2.0 * space::S + space::XS
}

/// A caption that can be pressed, with a dot before it or the look of a link; no wider than there is room.
fn item(ui: &mut Ui, dot: Option<Color32>, text: &str, reason: Option<&str>, most: f32) -> Response {
    let p = theme::palette(ui.ctx());
    let lead = if dot.is_some() { size::CAPTION } else { 0.0 };
    let color = if dot.is_some() || !ui.is_enabled() { p.text2 } else { p.primary };
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::font(size::CAPTION), color);
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width((most - lead - space::S).max(space::XXL));
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(lead + galley.size().x + space::S, HEIGHT), Sense::click());
    if let Some(dot) = dot {
        ui.painter().circle_filled(rect.left_center() + vec2(space::S, 0.0), 4.0, dot);
    }
    let at = rect.left_center() + Vec2::new(space::XS + lead, -galley.size().y / 2.0);
    ui.painter().galley(at, galley.clone(), color);
    if response.hovered() {
        let y = at.y + galley.size().y;
        ui.painter().hline(at.x..=at.x + galley.size().x, y, Stroke::new(1.0, color));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), text));
    if let Some(reason) = reason {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason));
    }
    widgets::focus_ring(ui, &response);
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    let hint = reason.or(galley.elided.then_some(text));
    if let Some(hint) = hint { response.on_hover_text(hint) } else { response }
}
