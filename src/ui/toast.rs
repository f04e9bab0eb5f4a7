//! A short message that goes by itself: it has a place of its own below the page and above the foot, over no control.

use super::action::Page;
use super::icons::{self, Icon};
use super::theme::{self, CONTROL_HEIGHT, RADIUS_CONTROL, size, space};
use super::widgets::{self, Tone};
use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{Color32, Galley, Id, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use rust_i18n::t;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it stays.
const TIME: Duration = Duration::from_secs(4);
/// Widest text.
const WIDEST: f32 = 520.0;
/// At the left and the right of the page.
const MARGIN: f32 = space::XL;

/// The message.
pub struct Toast {
    text: String,
    tone: Tone,
    since: Instant,
    /// The page it is told on: it goes with it.
    page: Option<Page>,
}

impl Toast {
    /// To be shown from now on, on the page that is shown then.
    pub fn new(text: impl Into<Cow<'static, str>>, tone: Tone, now: Instant) -> Self {
        Self { text: text.into().into_owned(), tone, since: now, page: None }
    }

    /// False when its time is over or its page is gone.
    pub fn stands(&mut self, now: Instant, page: Page) -> bool {
        *self.page.get_or_insert(page) == page && self.left(now) > Duration::ZERO
    }

    fn left(&self, now: Instant) -> Duration {
        TIME.saturating_sub(now.saturating_duration_since(self.since))
    }

    /// Room it takes.
    pub fn height(&self, ui: &Ui) -> f32 {
        self.galley(ui, ui.available_width()).size().y + 2.0 * space::M + space::S
    }

    fn galley(&self, ui: &Ui, width: f32) -> Arc<Galley> {
        let text = (width - 2.0 * (MARGIN + space::L) - CONTROL_HEIGHT).min(WIDEST);
        let (color, _) = self.tone.colors(theme::palette(ui.ctx()));
        widgets::shortened(ui, &self.text, theme::font(size::BODY), color, text)
    }

    /// Shows it in its place; true when the person closes it.
    pub fn show(&self, ui: &Ui, place: Rect, now: Instant) -> bool {
        ui.ctx().request_repaint_after(self.left(now));
        let (color, soft) = self.tone.colors(theme::palette(ui.ctx()));
        let galley = self.galley(ui, place.width());
        let wanted = vec2(galley.size().x + 2.0 * space::L + CONTROL_HEIGHT, place.height() - space::S);
        let area = Rect::from_center_size(place.center() - vec2(0.0, space::XS), wanted);
        let stroke = Stroke::new(1.0, color);
        ui.painter().rect(area, f32::from(RADIUS_CONTROL), soft, stroke, StrokeKind::Inside);
        let id = Id::unique("toast");
        let at = pos2(area.left() + space::L, area.center().y - galley.size().y / 2.0);
        let label = ui.interact(Rect::from_min_size(at, galley.size()), id, Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.text));
        ui.ctx().accesskit_node_builder(id, |node| node.set_live(Live::Polite));
        ui.painter().galley(at, galley, Color32::PLACEHOLDER);

        let square = Rect::from_center_size(
            pos2(area.right() - CONTROL_HEIGHT / 2.0, area.center().y),
            Vec2::splat(CONTROL_HEIGHT - space::XS),
        );
        let close = ui.interact(square, id.with("close"), Sense::click());
        icons::paint(
            ui.painter(),
            Rect::from_center_size(square.center(), Vec2::splat(size::CAPTION)),
            Icon::Cross,
            color,
        );
        close.widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("toast.close")));
        widgets::focus_ring(ui, &close);
        close.clicked()
    }
}
