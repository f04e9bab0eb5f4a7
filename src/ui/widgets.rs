//! Small pieces all pages are made of. Each has an accessible name and a visible focus ring.

use super::foot;
use super::icons::{self, Icon};
use super::theme::{
    self, CONTROL_HEIGHT, CONTROL_MIN_WIDTH, LABEL_WIDTH, Palette, RADIUS_CARD, RADIUS_CONTROL, TWO_LISTS_FROM, size,
    space,
};
use super::words;
use base::display::harmless;
use eframe::egui::accesskit::Role;
use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Align, Align2, Button, Color32, CursorIcon, FontId, Frame, Galley, Id, Label, Layout, Margin, Rect, Response,
    RichText, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// How much a button stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The one main button: filled.
    Main,
    /// Outlined.
    Normal,
}

/// A button; when `obstacle` is given it can't be pressed and says why, under the pointer and to a screen reader.
pub fn button(ui: &mut Ui, text: &str, weight: Weight, obstacle: Option<&str>) -> Response {
    let p = theme::palette(ui.ctx());
    let (label, fill, stroke) = match weight {
        Weight::Main => (RichText::new(text).color(p.on_primary).family(theme::bold()), p.primary, Stroke::NONE),
        Weight::Normal => (RichText::new(text), p.surface, Stroke::new(1.0, p.line)),
    };
    let button = Button::new(label.size(size::BODY))
        .corner_radius(RADIUS_CONTROL)
        .min_size(vec2(CONTROL_MIN_WIDTH, CONTROL_HEIGHT))
        .fill(fill)
        .stroke(stroke);
    let response = ui.add_enabled(obstacle.is_none(), button);
    focus_ring(ui, &response);
    if let Some(reason) = obstacle {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason));
        return response.on_disabled_hover_text(reason);
    }
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// As [`link`], at the right end of a row that wraps; in the next row when this one has no room for it.
pub fn end_link(ui: &mut Ui, text: &str, icon: Option<Icon>) -> Response {
    let width = link_width(ui, text, icon);
    let free = ui.available_size_before_wrap().x;
    if free >= width {
        ui.add_space(free - width);
    }
    link(ui, text, icon)
}

fn link_width(ui: &Ui, text: &str, icon: Option<Icon>) -> f32 {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::font(size::BODY), Color32::PLACEHOLDER);
    galley.size().x + if icon.is_some() { space::XS + size::CAPTION } else { 0.0 } + space::S
}

/// A button that looks like a link, with an optional icon behind it.
pub fn link(ui: &mut Ui, text: &str, icon: Option<Icon>) -> Response {
    let p = theme::palette(ui.ctx());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::font(size::BODY), p.primary);
    let wanted = vec2(link_width(ui, text, icon), CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(wanted, Sense::click());
    let left = rect.left() + space::XS;
    ui.painter().galley(rect.left_center() + vec2(space::XS, -galley.size().y / 2.0), galley.clone(), p.primary);
    if let Some(icon) = icon {
        let center =
            rect.left_center() + vec2(left - rect.left() + galley.size().x + space::XS + size::CAPTION / 2.0, 1.0);
        icons::paint(ui.painter(), Rect::from_center_size(center, vec2(11.0, 11.0)), icon, p.primary);
    }
    if response.hovered() {
        let y = rect.center().y + galley.size().y / 2.0;
        ui.painter().hline(left..=left + galley.size().x, y, Stroke::new(1.0, p.primary));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// A quiet caption-sized button at a given place; `name` is what a screen reader says.
pub fn quiet_button_at(ui: &Ui, rect: Rect, id: Id, text: &str, name: &str) -> Response {
    let response = ui.interact(rect, id, Sense::click());
    quiet_look(ui, response, text, name)
}

/// As [`quiet_button_at`], inline.
pub fn quiet_button(ui: &mut Ui, text: &str, name: &str) -> Response {
    let p = theme::palette(ui.ctx());
    let width = ui.painter().layout_no_wrap(text.to_owned(), theme::font(size::CAPTION), p.text2).size().x;
    let (_, response) = ui.allocate_exact_size(vec2(width + space::S, size::BODY + space::S), Sense::click());
    quiet_look(ui, response, text, name)
}

fn quiet_look(ui: &Ui, response: Response, text: &str, name: &str) -> Response {
    let p = theme::palette(ui.ctx());
    let color = if response.hovered() || response.has_focus() { p.primary } else { p.text2 };
    ui.painter().text(response.rect.center(), Align2::CENTER_CENTER, text, theme::font(size::CAPTION), color);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// One of several choices.
pub fn radio(ui: &mut Ui, chosen: bool, text: &str) -> Response {
    let p = theme::palette(ui.ctx());
    let beside = size::SECTION + space::S + space::M;
    // beside others it goes into a row of its own before it wraps
    let width = ui.max_rect().width() - beside;
    let galley = ui.painter().layout(text.to_owned(), theme::font(size::BODY), p.text, width);
    let height = (galley.size().y + space::M).max(CONTROL_HEIGHT - space::XS);
    let (rect, response) = ui.allocate_exact_size(vec2(beside + galley.size().x, height), Sense::click());
    let center = pos2(rect.left() + size::SECTION / 2.0, rect.center().y);
    let ring = if chosen || response.hovered() { p.primary } else { p.text2 };
    ui.painter().circle(center, 8.0, p.surface, Stroke::new(1.5, ring));
    if chosen {
        ui.painter().circle_filled(center, 4.5, p.primary);
    }
    let at = pos2(rect.left() + size::SECTION + space::S, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, p.text);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, text));
    focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// How wide a button with this text is.
#[must_use]
pub fn button_width(ui: &Ui, text: &str) -> f32 {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::bold_font(size::BODY), Color32::PLACEHOLDER);
    (galley.size().x + 2.0 * space::L).max(CONTROL_MIN_WIDTH).ceil() + 1.0
}

/// What stands at the left may wrap; what stands at the right has its width and its place at the right edge.
pub fn beside(ui: &mut Ui, right_width: f32, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - right_width - ui.spacing().item_spacing.x).max(0.0);
        ui.vertical(|ui| {
            ui.set_width(width);
            left(ui);
        });
        ui.horizontal(right);
    });
}

/// A link that opens and closes what stands below it; `name` is what a screen reader says.
pub fn expander(ui: &mut Ui, text: &str, name: &str, open: bool) -> Response {
    let response = link(ui, text, Some(Icon::Chevron { open }));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_label(name);
        node.set_expanded(open);
    });
    response
}

/// How far something is, from 0 to 1.
pub fn progress(ui: &mut Ui, share: f32, name: &str) {
    let p = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), space::S), Sense::hover());
    let round = space::XS;
    ui.painter().rect_filled(rect, round, p.line);
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * share.clamp(0.0, 1.0), rect.height()));
    ui.painter().rect_filled(done, round, p.primary);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(100.0);
        node.set_numeric_value(f64::from((share * 100.0).round()));
    });
}

/// Text to read, mark and copy, also by the keyboard; scrolled within a height, less in a low window.
pub fn readable(ui: &mut Ui, name: &str, text: &str, height: f32) {
    let p = theme::palette(ui.ctx());
    let height = height.min(ui.ctx().content_rect().height() * 0.24);
    let frame = Frame::new().fill(p.ground).corner_radius(RADIUS_CONTROL).inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ScrollArea::vertical().id_salt(name).max_height(height).min_scrolled_height(height).show(ui, |ui| {
            let mut shown = text;
            let edit = TextEdit::multiline(&mut shown)
                .id_salt(("readable", name))
                .font(theme::font(size::CAPTION))
                .frame(Frame::NONE)
                .margin(Margin::same(4))
                .desired_width(f32::INFINITY)
                .show(ui);
            ui.ctx().accesskit_node_builder(edit.response.id, |node| node.set_label(name));
            focus_ring(ui, &edit.response);
        });
    });
}

/// As [`tick_box`]; when `obstacle` is given it can't be ticked and says why, below and to a screen reader.
pub fn tick_box_unless(ui: &mut Ui, ticked: bool, text: &str, obstacle: Option<&str>) -> bool {
    let Some(reason) = obstacle else { return tick_box(ui, ticked, text).clicked() };
    let response = ui.add_enabled_ui(false, |ui| tick_box(ui, ticked, text)).inner;
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(reason));
    ui.horizontal_top(|ui| {
        ui.add_space(size::SECTION);
        caption(ui, reason);
    });
    false
}

/// A box that is ticked or not; its text may wrap.
pub fn tick_box(ui: &mut Ui, ticked: bool, text: &str) -> Response {
    let p = theme::palette(ui.ctx());
    let left = size::SECTION + space::S;
    let width = ui.available_width() - left - space::XS;
    let galley = ui.painter().layout(text.to_owned(), theme::font(size::BODY), p.text, width);
    let height = galley.size().y.max(size::SECTION) + space::M;
    let (rect, response) = ui.allocate_exact_size(vec2(left + galley.size().x + space::XS, height), Sense::click());
    let first = rect.top() + space::M / 2.0 + size::SECTION / 2.0;
    let square = Rect::from_center_size(pos2(rect.left() + size::SECTION / 2.0, first), Vec2::splat(size::SECTION));
    let ring = if ticked || response.hovered() { p.primary } else { p.text2 };
    let fill = if ticked { p.primary } else { p.surface };
    ui.painter().rect(square, 4.0, fill, Stroke::new(1.5, ring), StrokeKind::Inside);
    if ticked {
        icons::paint(ui.painter(), square.shrink(3.0), Icon::Check, p.on_primary);
    }
    ui.painter().galley(pos2(rect.left() + left, rect.top() + space::M / 2.0 - 1.0), galley, p.text);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), ticked, text));
    focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// Draws the ring that shows where the keyboard is; what the keyboard comes to is scrolled into view.
pub fn focus_ring(ui: &Ui, response: &Response) {
    foot::keep_in_sight(ui, response);
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme::palette(ui.ctx()).primary);
        let radius = f32::from(RADIUS_CONTROL) + 2.0;
        ui.painter().rect_stroke(response.rect.expand(2.0), radius, ring, StrokeKind::Outside);
    }
}

/// A white card.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let p = theme::palette(ui.ctx());
    Frame::new()
        .fill(p.surface)
        .stroke(Stroke::new(1.0, p.line))
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::same(22))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A coloured strip over the whole width: icon, sentence, and whatever `add` puts at its right end.
pub fn strip(ui: &mut Ui, icon: Icon, tone: Tone, text: &str, add: impl FnOnce(&mut Ui)) {
    let (color, soft) = tone.colors(theme::palette(ui.ctx()));
    Frame::new().fill(soft).corner_radius(RADIUS_CARD).inner_margin(Margin::symmetric(14, 6)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(CONTROL_HEIGHT);
            icons::show(ui, icon, color);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                add(ui);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(RichText::new(text).color(color)).wrap());
                });
            });
        });
    });
}

/// Meaning of a colour. Always beside an icon and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Ok,
    /// Attention.
    Warn,
    /// Bad.
    Danger,
    /// Neither.
    Quiet,
}

impl Tone {
    /// Text colour and soft ground.
    #[must_use]
    pub const fn colors(self, p: &Palette) -> (Color32, Color32) {
        match self {
            Self::Ok => (p.ok, p.ok_soft),
            Self::Warn => (p.warn_text, p.warn_soft),
            Self::Danger => (p.danger, p.danger_soft),
            Self::Quiet => (p.text2, p.ground),
        }
    }
}

/// A rounded state with icon and word.
pub fn pill(ui: &mut Ui, icon: Icon, tone: Tone, text: &str) {
    let (color, soft) = tone.colors(theme::palette(ui.ctx()));
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::bold_font(size::CAPTION), color);
    let inner = vec2(size::CAPTION + space::XS + galley.size().x, galley.size().y);
    let (rect, response) = ui.allocate_exact_size(inner + vec2(space::XL, space::S), Sense::hover());
    ui.painter().rect_filled(rect, rect.height() / 2.0, soft);
    let left = rect.left() + space::M;
    let mark = Rect::from_center_size(pos2(left + size::CAPTION / 2.0, rect.center().y), Vec2::splat(size::CAPTION));
    icons::paint(ui.painter(), mark, icon, color);
    let at = pos2(left + size::CAPTION + space::XS, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

/// Two lists of facts: beside each other in a wide window, else one below the other.
pub fn side_by_side(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    if ui.available_width() < TWO_LISTS_FROM {
        left(ui);
        right(ui);
        return;
    }
    ui.columns(2, |columns| {
        if let [first, second] = columns {
            left(first);
            right(second);
        }
    });
}

/// One line of a list of facts: the name in its column, then whatever `add` shows.
pub fn row(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    lowered_row(ui, name, 0.0, add);
}

/// As [`row`], for what is as high as a control: the name stands level with the words of the first one.
pub fn control_row(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    lowered_row(ui, name, (CONTROL_HEIGHT - size::BODY - space::S) / 2.0 - 1.0, add);
}

fn lowered_row(ui: &mut Ui, name: &str, lower: f32, add: impl FnOnce(&mut Ui)) {
    let p = theme::palette(ui.ctx());
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(LABEL_WIDTH, size::BODY + space::S), Layout::top_down(Align::Min), |ui| {
            ui.set_min_width(LABEL_WIDTH);
            ui.add_space(lower);
            ui.add(Label::new(RichText::new(name).color(p.text2)).wrap());
        });
        ui.vertical(|ui| add(ui));
    });
}

/// A line with plain text, cut where it is longer than anything honest.
pub fn text_row(ui: &mut Ui, name: &str, value: &str) {
    row(ui, name, |ui| {
        foreign(ui, &harmless(value), theme::font(size::BODY));
    });
}

/// As [`text_row`], for what is read as a whole: a reason, a distinguished name.
pub fn long_row(ui: &mut Ui, name: &str, value: &str) {
    row(ui, name, |ui| {
        foreign_of(ui, &harmless(value), theme::font(size::BODY), MANY_LINES);
    });
}

/// Tells a screen reader that this is one of several, and whether it is the chosen one.
pub fn one_of(ui: &Ui, response: &Response, role: Role, chosen: bool, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(role, ui.is_enabled(), name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
}

/// Most lines of a name or a value that somebody else wrote.
const LINES: usize = 3;
/// Most lines of what is read as a whole.
const MANY_LINES: usize = 8;
/// Most characters under the pointer.
const HINT: usize = 600;

/// Text that somebody else wrote, such as a name: a few lines at most, more of it under the pointer, all of it for a screen
/// reader.
pub fn foreign(ui: &mut Ui, text: &str, font: FontId) -> Response {
    foreign_of(ui, text, font, LINES)
}

fn foreign_of(ui: &mut Ui, text: &str, font: FontId, lines: usize) -> Response {
    let color = theme::palette(ui.ctx()).text;
    let galley = shortened_to(ui, text, font, color, ui.available_width(), lines);
    let elided = galley.elided;
    let response = ui.add(Label::new(galley).selectable(true));
    if elided {
        return response.on_hover_text(words::brief(text, HINT));
    }
    response
}

/// Text of anybody in a width: what does not fit into a few lines ends in "…".
pub fn shortened(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    shortened_to(ui, text, font, color, width, LINES)
}

fn shortened_to(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32, lines: usize) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(space::XXL));
    job.wrap.max_rows = lines;
    ui.painter().layout_job(job)
}

/// Quiet caption text.
pub fn caption(ui: &mut Ui, text: &str) -> Response {
    let p = theme::palette(ui.ctx());
    ui.add(Label::new(RichText::new(text).size(size::CAPTION).color(p.text2)).wrap())
}

/// A section heading.
pub fn heading(ui: &mut Ui, text: &str) {
    let response = ui.label(RichText::new(text).font(theme::bold_font(size::SECTION)));
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, text));
}
