//! The line at the bottom: the smart-card service and the version.

use super::theme::{self, size, space};
use crate::app::ServiceState;
use eframe::egui::{Align, Frame, Layout, Margin, Panel, RichText, Sense, Stroke, Ui, Vec2};
use rust_i18n::t;

/// Shows the status bar.
pub fn show(ui: &mut Ui, service: Option<&ServiceState>) {
    let p = theme::palette(ui.ctx());
    let frame = Frame::new().fill(p.ground).inner_margin(Margin::symmetric(24, 8));
    Panel::bottom("status").resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        let top = ui.max_rect().top() - space::S;
        ui.painter().hline(ui.max_rect().expand2(Vec2::new(24.0, 0.0)).x_range(), top, Stroke::new(1.0, p.line));
        ui.horizontal(|ui| {
            let (color, text) = match service {
                None => (p.text2, t!("status.service_unknown")),
                Some(ServiceState::Running { readers: 0 }) => (p.ok, t!("status.service_no_reader")),
                Some(ServiceState::Running { .. }) => (p.ok, t!("status.service_ok")),
                Some(ServiceState::Stopped) => (p.danger, t!("status.service_stopped")),
                Some(ServiceState::VersionMismatch { .. }) => (p.danger, t!("status.service_version")),
                Some(ServiceState::Denied) => (p.danger, t!("status.service_denied")),
            };
            let (dot, _) = ui.allocate_exact_size(Vec2::splat(size::CAPTION), Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, color);
            ui.label(RichText::new(text).size(size::CAPTION).color(p.text2));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let version = t!("status.version", version = env!("CARGO_PKG_VERSION"));
                ui.label(RichText::new(version).size(size::CAPTION).color(p.text2));
            });
        });
    });
}
