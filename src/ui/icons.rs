//! Icons as painted shapes: fonts lack many symbols, and emoji differ from machine to machine.

use super::theme::size;
use eframe::egui::{Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};
use std::f32::consts::PI;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A tick.
    Check,
    /// A clock.
    Clock,
    /// A padlock.
    Lock,
    /// A triangle with an exclamation mark.
    Warning,
    /// A cross.
    Cross,
    /// An empty circle: not judged, or advice.
    Circle,
    /// An i in a circle.
    Info,
    /// A USB key, standing.
    Key,
    /// A plug pulled out: service not running.
    Plug,
    /// Two different arrows: versions that do not fit.
    Mismatch,
    /// A question mark in a circle.
    Question,
    /// A turning arrow.
    Refresh,
    /// Pointing down, or up when open.
    Chevron {
        /// Pointing up.
        open: bool,
    },
    /// Caps lock.
    Caps,
    /// Something new.
    Plus,
    /// A pencil.
    Pencil,
    /// A sheet with lines.
    List,
}

/// Shows an icon inline, as high as caption text unless another size is given.
pub fn show(ui: &mut Ui, icon: Icon, color: Color32) -> Response {
    show_sized(ui, icon, color, size::CAPTION)
}

/// Shows an icon as high as caption text in the middle of a line of body text, before text that may wrap.
pub fn show_in_line(ui: &mut Ui, icon: Icon, color: Color32) -> Response {
    let line = ui.text_style_height(&eframe::egui::TextStyle::Body);
    let (rect, response) = ui.allocate_exact_size(vec2(size::CAPTION, line), Sense::hover());
    paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(size::CAPTION)), icon, color);
    response
}

/// Shows an icon of a size.
pub fn show_sized(ui: &mut Ui, icon: Icon, color: Color32, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    paint(ui.painter(), rect, icon, color);
    response
}

/// Paints an icon into a square.
pub fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let s = rect.width();
    let stroke = Stroke::new((s / 12.0).clamp(1.2, 3.0), color);
    let at = |x: f32, y: f32| rect.min + vec2(x * s, y * s);
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
    };
    let center = rect.center();
    match icon {
        Icon::Check => line(&[(0.15, 0.55), (0.4, 0.8), (0.88, 0.2)]),
        Icon::Cross => {
            line(&[(0.2, 0.2), (0.8, 0.8)]);
            line(&[(0.8, 0.2), (0.2, 0.8)]);
        }
        Icon::Circle => {
            painter.circle_stroke(center, s * 0.4, stroke);
        }
        Icon::Clock => {
            painter.circle_stroke(center, s * 0.44, stroke);
            line(&[(0.5, 0.26), (0.5, 0.52), (0.68, 0.62)]);
        }
        Icon::Lock => {
            let body = Rect::from_min_max(at(0.16, 0.45), at(0.84, 0.94));
            painter.rect_stroke(body, s * 0.1, stroke, StrokeKind::Middle);
            arc(painter, at(0.5, 0.42), s * 0.22, PI, 2.0 * PI, stroke);
            line(&[(0.28, 0.42), (0.28, 0.46)]);
            line(&[(0.72, 0.42), (0.72, 0.46)]);
        }
        Icon::Warning => {
            let corners = vec![at(0.5, 0.08), at(0.96, 0.9), at(0.04, 0.9)];
            painter.add(Shape::closed_line(corners, stroke));
            line(&[(0.5, 0.38), (0.5, 0.62)]);
            painter.circle_filled(at(0.5, 0.76), stroke.width * 0.8, color);
        }
        Icon::Info | Icon::Question => {
            painter.circle_stroke(center, s * 0.45, stroke);
            if icon == Icon::Info {
                painter.circle_filled(at(0.5, 0.29), stroke.width * 0.8, color);
                line(&[(0.5, 0.45), (0.5, 0.74)]);
            } else {
                arc(painter, at(0.5, 0.39), s * 0.14, PI * 0.95, PI * 2.4, stroke);
                line(&[(0.55, 0.51), (0.5, 0.6)]);
                painter.circle_filled(at(0.5, 0.74), stroke.width * 0.8, color);
            }
        }
        Icon::Key => usb_key(painter, rect, stroke),
        Icon::Plug => {
            line(&[(0.34, 0.12), (0.34, 0.34)]);
            line(&[(0.66, 0.12), (0.66, 0.34)]);
            let body = Rect::from_min_max(at(0.2, 0.34), at(0.8, 0.62));
            painter.rect_stroke(body, s * 0.06, stroke, StrokeKind::Middle);
            line(&[(0.5, 0.62), (0.5, 0.92)]);
        }
        Icon::Mismatch => {
            line(&[(0.1, 0.32), (0.9, 0.32), (0.72, 0.14)]);
            line(&[(0.9, 0.68), (0.1, 0.68), (0.28, 0.86)]);
        }
        Icon::Refresh => {
            arc(painter, center, s * 0.38, -PI * 0.2, PI * 1.45, stroke);
            line(&[(0.58, 0.02), (0.5, 0.14), (0.62, 0.24)]);
        }
        Icon::Chevron { open } => {
            let (outer, inner) = if open { (0.64, 0.36) } else { (0.36, 0.64) };
            line(&[(0.2, outer), (0.5, inner), (0.8, outer)]);
        }
        Icon::Plus => {
            line(&[(0.5, 0.15), (0.5, 0.85)]);
            line(&[(0.15, 0.5), (0.85, 0.5)]);
        }
        Icon::Pencil => {
            let outline = [(0.12, 0.88), (0.18, 0.62), (0.7, 0.1), (0.9, 0.3), (0.38, 0.82)];
            painter.add(Shape::closed_line(outline.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
            line(&[(0.58, 0.22), (0.78, 0.42)]);
        }
        Icon::List => {
            let sheet = Rect::from_min_max(at(0.16, 0.06), at(0.84, 0.94));
            painter.rect_stroke(sheet, s * 0.08, stroke, StrokeKind::Middle);
            for y in [0.3, 0.5, 0.7] {
                line(&[(0.32, y), (0.68, y)]);
            }
        }
        Icon::Caps => {
            let arrow = [(0.5, 0.08), (0.9, 0.5), (0.68, 0.5), (0.68, 0.72), (0.32, 0.72), (0.32, 0.5), (0.1, 0.5)];
            painter.add(Shape::closed_line(arrow.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
            line(&[(0.32, 0.9), (0.68, 0.9)]);
        }
    }
}

fn arc(painter: &Painter, center: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) {
    const STEPS: u8 = 20;
    let points = (0..=STEPS)
        .map(|step| {
            let angle = from + (to - from) * f32::from(step) / f32::from(STEPS);
            center + radius * vec2(angle.cos(), angle.sin())
        })
        .collect();
    painter.add(Shape::line(points, stroke));
}

fn usb_key(painter: &Painter, rect: Rect, stroke: Stroke) {
    let (w, h) = (rect.height() * 0.4, rect.height());
    let left = rect.center().x - w / 2.0;
    let top = rect.top();
    let plug = Rect::from_min_max(pos2(left + w * 0.16, top), pos2(left + w * 0.84, top + h * 0.26));
    let body = Rect::from_min_max(pos2(left, top + h * 0.26), pos2(left + w, top + h));
    painter.rect_stroke(plug, 0.0, stroke, StrokeKind::Middle);
    painter.rect_stroke(body, w * 0.22, stroke, StrokeKind::Middle);
    if h > 40.0 {
        for x in [0.36, 0.58] {
            let contact = Rect::from_min_size(pos2(left + w * x, top + h * 0.1), Vec2::splat(h * 0.04));
            painter.rect_filled(contact, 0.0, stroke.color);
        }
        painter.circle_stroke(pos2(body.center().x, body.center().y), w * 0.2, stroke);
    }
}
