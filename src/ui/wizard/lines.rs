//! The lines of a writing that tick off.

use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, size, space};
use crate::ui::words;
use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{Align2, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};
use rust_i18n::t;
use std::cmp::Ordering;
use std::time::Duration;

const LINE: f32 = 34.0;

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Done,
    Running,
    Cut,
    Later,
}

/// What is shown of a writing.
pub struct Lines<'a, L> {
    /// All lines in their order, each with its name.
    pub all: &'a [(L, std::borrow::Cow<'static, str>)],
    /// The one worked on, or at which it was cut.
    pub at: Option<L>,
    /// It is being worked on.
    pub running: bool,
    /// It is another one than the last time: kept in sight, unless the person scrolls.
    pub moved: bool,
}

impl<L: Ord + Copy> Lines<'_, L> {
    /// Shows them; `took` says how long a line that is over took.
    pub fn show(&self, ui: &mut Ui, took: impl Fn(L) -> Option<Duration>) {
        ui.add_space(space::XS);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (line, name) in self.all {
                let progress = match self.at.map(|at| line.cmp(&at)) {
                    Some(Ordering::Less) => Progress::Done,
                    Some(Ordering::Equal) if self.running => Progress::Running,
                    Some(Ordering::Equal) => Progress::Cut,
                    Some(Ordering::Greater) | None => Progress::Later,
                };
                let took = took(*line).filter(|_| progress == Progress::Done);
                let response = row(ui, name, progress, took.map(words::tenths).as_deref());
                if self.moved && progress == Progress::Running {
                    response.scroll_to_me(None);
                }
            }
        });
        ui.add_space(space::XS);
    }
}

fn row(ui: &mut Ui, name: &str, progress: Progress, took: Option<&str>) -> Response {
    let p = theme::palette(ui.ctx());
    let (icon, color, text, state) = match progress {
        Progress::Done => (Icon::Check, p.ok, p.text, t!("download.done")),
        Progress::Running => (Icon::Refresh, p.primary, p.text, t!("download.running")),
        Progress::Cut => (Icon::Warning, p.danger, p.danger, t!("download.cut")),
        Progress::Later => (Icon::Circle, p.text2, p.text2, t!("download.later")),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    let painter = ui.painter();
    let mark = Rect::from_center_size(pos2(rect.left() + size::BODY / 2.0, rect.center().y), Vec2::splat(size::BODY));
    icons::paint(painter, mark, icon, color);
    let strong = matches!(progress, Progress::Running | Progress::Cut);
    let font = if strong { theme::bold_font(size::BODY) } else { theme::font(size::BODY) };
    let left = rect.left() + size::BODY + space::L;
    painter.text(pos2(left, rect.center().y), Align2::LEFT_CENTER, name, font, text);
    let right = match progress {
        Progress::Cut => Some(state.as_ref()),
        _ => took,
    };
    if let Some(right) = right {
        let color = if progress == Progress::Cut { p.danger } else { p.text2 };
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, right, theme::font(size::CAPTION), color);
    }
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, p.line));
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(Role::ListItem);
        node.set_description(state.as_ref());
        if progress == Progress::Running {
            node.set_live(Live::Polite);
        }
    });
    response
}
