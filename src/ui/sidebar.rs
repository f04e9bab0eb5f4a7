//! The left side: every inserted key, then the pages.

use super::action::{Action, Page};
use super::icons::{self, Icon};
use super::theme::{self, RADIUS_CONTROL, SIDEBAR_WIDTH, size, space};
use super::widgets::{self, Tone};
use super::words;
use crate::app::{KeyModel, KeyState, Model};
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, CursorIcon, Frame, Margin, Panel, Rect, RichText, ScrollArea, Sense, Stroke, TextWrapMode, Ui, Vec2, pos2,
    vec2,
};
use rust_i18n::t;

const KEY_ROW_HEIGHT: f32 = 60.0;
/// Of many keys, so that more of them are in sight.
const LOW_KEY_ROW_HEIGHT: f32 = 46.0;
const PAGE_ROW_HEIGHT: f32 = 36.0;
/// Number of pages in the list.
const PAGES: usize = 5;
const MARGIN: f32 = 12.0;
/// Most characters of a name under the pointer.
const HINT: usize = 200;

/// Shows the sidebar.
pub fn show(ui: &mut Ui, model: &Model, page: Page, now: i64, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    let frame = Frame::new().fill(p.surface).inner_margin(Margin::symmetric(MARGIN as i8, 16));
    Panel::left("sidebar").exact_size(SIDEBAR_WIDTH).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        brand(ui);
        ui.add_space(space::L);
        ui.horizontal(|ui| {
            ui.add_space(space::S);
            widgets::caption(ui, &t!("sidebar.keys", n = model.keys.len()));
        });
        ui.add_space(space::XS);
        // keys before pages, as they are read: that is the order of the keyboard too
        let rows = PAGES as f32 * (PAGE_ROW_HEIGHT + ui.spacing().item_spacing.y);
        let list = ui.available_height() - rows - space::L;
        ScrollArea::vertical()
            .auto_shrink(false)
            .max_height(list)
            .show(ui, |ui| keys(ui, model, page, now, list, actions));
        let line = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover()).0;
        ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, p.line));
        ui.add_space(space::S);
        pages(ui, page, actions);
    });
}

fn brand(ui: &mut Ui) {
    let p = theme::palette(ui.ctx());
    ui.horizontal(|ui| {
        ui.add_space(space::XS + 2.0);
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(28.0), Sense::hover());
        ui.painter().rect_filled(rect, f32::from(RADIUS_CONTROL) - 2.0, p.primary);
        let sign = t!("app.sign");
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, sign, theme::bold_font(size::BODY), p.on_primary);
        ui.add_space(2.0);
        widgets::heading(ui, &t!("app.brand"));
    });
}

fn keys(ui: &mut Ui, model: &Model, page: Page, now: i64, room: f32, actions: &mut Vec<Action>) {
    if model.keys.is_empty() {
        ui.horizontal(|ui| {
            ui.add_space(space::S);
            widgets::caption(ui, &t!("sidebar.no_keys"));
        });
    }
    let chosen = model.chosen().map(|key| key.slot.id);
    let all = model.keys.len() as f32 * (KEY_ROW_HEIGHT + ui.spacing().item_spacing.y);
    let height = if all > room { LOW_KEY_ROW_HEIGHT } else { KEY_ROW_HEIGHT };
    for key in &model.keys {
        let marked = chosen == Some(key.slot.id) && matches!(page, Page::Keys | Page::Renew(_) | Page::Unlock(_));
        if key_row(ui, key, marked, now, height) {
            actions.push(Action::Choose(key.slot.id));
            actions.push(Action::Open(Page::Keys));
        }
    }
}

/// Name of a key in the list.
fn name(key: &KeyModel) -> String {
    match &key.state {
        KeyState::Ready(view) => words::owner(view),
        KeyState::Reading | KeyState::Failed(_) => key.slot.reader.clone(),
    }
}

fn key_row(ui: &mut Ui, key: &KeyModel, chosen: bool, now: i64, height: f32) -> bool {
    let p = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let words = words::standing(key, now);
    let name = name(key);
    let spoken = format!("{name} {}", words.short);
    widgets::one_of(ui, &response, Role::ListBoxOption, chosen, &spoken);
    if !ui.is_rect_visible(rect) {
        return response.clicked();
    }
    if chosen || response.hovered() {
        let fill = if chosen { p.primary_soft } else { p.ground };
        ui.painter().rect_filled(rect, f32::from(RADIUS_CONTROL), fill);
    }
    let icon = Rect::from_center_size(pos2(rect.left() + 16.0, rect.center().y - 6.0), Vec2::splat(30.0));
    icons::paint(ui.painter(), icon, Icon::Key, if chosen { p.primary } else { p.text2 });
    let left = rect.left() + 32.0;
    let slack = (height - LOW_KEY_ROW_HEIGHT) / 2.0;
    let width = rect.right() - left - space::S;
    let line = |top: f32, text: RichText, x: f32| {
        let galley = eframe::egui::WidgetText::from(text).into_galley(
            ui,
            Some(TextWrapMode::Truncate),
            width - (x - left),
            theme::font(size::BODY),
        );
        ui.painter().galley(pos2(x, rect.top() + top), galley, p.text);
    };
    line(slack + 2.0, RichText::new(&name).font(theme::bold_font(size::BODY)), left);
    let (color, _) = words.tone.colors(p);
    let color = if words.tone == Tone::Quiet { p.text2 } else { color };
    line(slack + 25.0, RichText::new(&words.short).size(size::CAPTION).color(color), left + 17.0);
    let mark = Rect::from_min_size(pos2(left, rect.top() + slack + 28.0), Vec2::splat(12.0));
    icons::paint(ui.painter(), mark, words.icon, color);
    widgets::focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(words::brief(&name, HINT)).clicked()
}

fn pages(ui: &mut Ui, page: Page, actions: &mut Vec<Action>) {
    let rows: [_; PAGES] = [
        (Page::Check, t!("page.check")),
        (Page::Orders, t!("page.orders")),
        (Page::Services, t!("page.services")),
        (Page::Settings, t!("page.settings")),
        (Page::About, t!("page.about")),
    ];
    for (target, text) in rows {
        let p = theme::palette(ui.ctx());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), PAGE_ROW_HEIGHT), Sense::click());
        let open = page == target || target == Page::About && matches!(page, Page::Log | Page::Licences);
        widgets::one_of(ui, &response, Role::Tab, open, &text);
        if open || response.hovered() {
            ui.painter().rect_filled(rect, f32::from(RADIUS_CONTROL), if open { p.primary_soft } else { p.ground });
        }
        let color = if open { p.primary } else { p.text2 };
        let at = rect.left_center() + vec2(10.0, 0.0);
        ui.painter().text(at, Align2::LEFT_CENTER, text, theme::font(size::BODY), color);
        widgets::focus_ring(ui, &response);
        if response.on_hover_cursor(CursorIcon::PointingHand).clicked() {
            actions.push(Action::Open(target));
        }
    }
}

/// A thin line between sidebar and page.
pub fn edge(ui: &Ui) {
    let p = theme::palette(ui.ctx());
    let x = ui.max_rect().left();
    ui.painter().vline(x, ui.max_rect().y_range(), Stroke::new(1.0, p.line));
}
