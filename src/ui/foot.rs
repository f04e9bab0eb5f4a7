//! The foot of a page or a dialog: its buttons stay in sight while what is above them scrolls.
//!
//! Buttons are written where they are read, by [`show`]. What fits has them there, at the end of the card; of what does not
//! fit they stand in a bar at the lower edge. Ids inside are the same both ways, so that a button keeps the keyboard.

use super::theme::{self, CONTROL_HEIGHT, space};
use eframe::egui::{
    Align, Id, Layout, Rect, Response, ScrollArea, Stroke, Ui, UiBuilder, UiStackInfo, Vec2, pos2, vec2,
};

/// Tag of the scope between a body and what is written in it.
const TAG: &str = "body";
/// Above the buttons of the bar; below them is what stands between controls.
const MARGIN: f32 = space::S;

/// What scrolls, and how much room it has.
pub struct Body {
    /// Of the page or the dialog.
    pub id: Id,
    /// With the foot and the gap.
    pub height: f32,
    /// Kept free above the bar.
    pub gap: f32,
    /// Takes the whole height also when it needs less.
    pub fills: bool,
}

/// What what is written in a body knows of it.
#[derive(Clone, Copy)]
struct Scope {
    id: Id,
    /// Accessibility node of what is around the scrolled part.
    around: Id,
    /// Where the buttons stand; `None` when everything fits.
    bar: Option<Rect>,
    /// It has another size than a moment ago.
    resized: bool,
}

/// What was measured the last time.
#[derive(Clone, Copy, Default, PartialEq)]
struct Measured {
    content: f32,
    foot: f32,
}

/// What the foot took in this pass: its height with the space to its neighbour, and what it added to the scrolled content.
#[derive(Clone, Copy, Default)]
struct Taken {
    height: f32,
    inline: f32,
}

/// Size of a body, and the frame in which it got it.
#[derive(Clone, Copy, Default)]
struct Size {
    size: Vec2,
    since: u64,
}

impl Body {
    /// Shows it; also returns the gap that was kept free.
    pub fn show<R>(&self, ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> (R, Rect) {
        let taken = self.id.with("foot taken");
        let known: Measured = ui.data(|data| data.get_temp(self.id)).unwrap_or_default();
        let fits = known.foot == 0.0 || known.content + known.foot <= self.height - self.gap + 0.5;
        let bar_height = if fits { 0.0 } else { known.foot + MARGIN };
        let room = (self.height - self.gap - bar_height).max(0.0);
        let area = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), self.height));
        let bar = Rect::from_min_max(pos2(area.left(), area.bottom() - bar_height), area.max);
        let gap = Rect::from_min_max(pos2(area.left(), bar.top() - self.gap), bar.right_top());
        let scope = Scope {
            id: self.id,
            around: ui.unique_id(),
            bar: (!fits).then_some(bar),
            resized: self.is_resized(ui, vec2(area.width(), room)),
        };
        ui.data_mut(|data| data.insert_temp(taken, Taken::default()));
        let info = UiStackInfo::default().with_tag_value(TAG, scope);
        let scrolled = ui
            .scope_builder(UiBuilder::new().id_salt(self.id).ui_stack_info(info), |ui| {
                let scroll = ScrollArea::vertical().auto_shrink([false, !self.fills]);
                scroll.max_height(room).min_scrolled_height(room).show(ui, add)
            })
            .inner;
        let foot: Taken = ui.data(|data| data.get_temp(taken)).unwrap_or_default();
        let measured = Measured { content: scrolled.content_size.y - foot.inline, foot: foot.height };
        if (measured.content - known.content).abs() > 0.5 || (measured.foot - known.foot).abs() > 0.5 {
            ui.data_mut(|data| data.insert_temp(self.id, measured));
            ui.ctx().request_discard("the height of the foot became known");
            ui.ctx().request_repaint();
        }
        if !fits {
            ui.expand_to_include_rect(bar);
        }
        (scrolled.inner, gap)
    }

    /// True in the frame in which the size changes and in the next one, in which it is laid out again.
    fn is_resized(&self, ui: &Ui, size: Vec2) -> bool {
        let (id, frame) = (self.id.with("size"), ui.ctx().cumulative_frame_nr());
        let last: Option<Size> = ui.data(|data| data.get_temp(id));
        match last {
            Some(last) if (last.size - size).length() < 0.5 => frame <= last.since + 1,
            _ => {
                ui.data_mut(|data| data.insert_temp(id, Size { size, since: frame }));
                ui.ctx().request_repaint();
                last.is_some()
            }
        }
    }
}

fn scope(ui: &Ui) -> Option<Scope> {
    ui.stack().iter().find_map(|stack| stack.tags().get_downcast::<Scope>(TAG).copied())
}

/// Id of something on a page or in a dialog, wherever the layout puts it: a field keeps keyboard and text when the window
/// gets another size.
#[must_use]
pub fn steady_id(ui: &Ui, source: impl std::hash::Hash + std::fmt::Debug) -> Id {
    scope(ui).map_or_else(|| ui.scope_id(), |scope| scope.id).with(source)
}

/// Scrolls what has the keyboard into view when it gets it, and when the window gets another size.
pub fn keep_in_sight(ui: &Ui, response: &Response) {
    let moved = || scope(ui).is_some_and(|scope| scope.resized) && response.has_focus();
    // what stands in the bar is in sight
    let hidden = !ui.clip_rect().contains_rect(response.rect);
    if hidden && (response.gained_focus() || moved()) {
        response.scroll_to_me(None);
    }
}

/// Shows the buttons that belong to what is above: in the bar when that has to be scrolled.
pub fn show<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let Some(scope) = scope(ui) else { return add(ui) };
    let before = ui.cursor().top();
    let mut rect = ui.available_rect_before_wrap();
    if let Some(bar) = scope.bar {
        rect = Rect::from_x_y_ranges(rect.x_range(), bar.top() + MARGIN..=bar.bottom());
    }
    let builder = UiBuilder::new().scope_id(scope.id.with("foot")).accessibility_parent(scope.around);
    let mut foot = ui.new_child(builder.max_rect(rect).layout(Layout::top_down(Align::Min)));
    if let Some(bar) = scope.bar {
        foot.set_clip_rect(bar);
        let p = theme::palette(ui.ctx());
        foot.painter().rect_filled(bar, 0.0, p.surface);
        foot.painter().hline(bar.x_range(), bar.top(), Stroke::new(1.0, p.line));
    }
    ui.ctx().accesskit_node_builder(foot.unique_id(), |node| node.set_author_id("foot"));
    let result = add(&mut foot);
    let used = foot.min_rect();
    if scope.bar.is_none() {
        ui.advance_cursor_after_rect(used);
    }
    let height = used.height() + ui.spacing().item_spacing.y;
    let taken = Taken { height, inline: ui.cursor().top() - before };
    ui.data_mut(|data| data.insert_temp(scope.id.with("foot taken"), taken));
    result
}

/// As [`show`], in a row from the left that wraps.
pub fn row<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    show(ui, |ui| ui.horizontal_wrapped(add).inner)
}

/// As [`show`], in a row from the right, the main button first; `left` stands at its other end.
pub fn row_from_right<R>(ui: &mut Ui, left: impl FnOnce(&mut Ui), add: impl FnOnce(&mut Ui) -> R) -> R {
    show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(CONTROL_HEIGHT);
            left(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), add).inner
        })
        .inner
    })
}
