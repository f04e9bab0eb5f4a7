//! 4 下载证书: the PIN once more, then seven lines that tick off.

use super::frame::{sentence, title};
use super::{Scene, Wizard};
use crate::app::protocol::Order;
use crate::app::{DownloadLine, RenewalAsk};
use crate::ui::action::Action;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, size, space};
use crate::ui::widgets::{self, Tone};
use crate::ui::words;
use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{Align2, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};
use rust_i18n::t;
use std::borrow::Cow;

const LINE: f32 = 34.0;

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Done,
    Running,
    Cut,
    Later,
}

impl Wizard {
    /// Shows the step.
    pub(super) fn download(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        order: &Order,
        line: Option<DownloadLine>,
        resumed: bool,
        actions: &mut Vec<Action>,
    ) {
        let running = scene.renewal.is_downloading();
        let cut = if running { None } else { line };
        let heading = match (running, cut) {
            (true, _) => t!("renew.writing_title"),
            (false, Some(_)) => t!("renew.cut_title"),
            (false, None) => t!("renew.download_title"),
        };
        title(ui, &heading);
        if running {
            let p = theme::palette(ui.ctx());
            let warning = eframe::egui::RichText::new(t!("renew.do_not_unplug")).color(p.warn_text);
            ui.add(eframe::egui::Label::new(warning).wrap());
        } else if let Some(cut) = cut {
            sentence(ui, &t!("renew.cut_at", line = name(cut)));
        } else if resumed {
            sentence(ui, &t!("renew.resumed"));
        } else {
            sentence(ui, &t!("renew.why_again"));
        }
        if running || cut.is_some() {
            // the line being worked on stays in sight, unless the person scrolls
            let moved = std::mem::replace(&mut self.line_seen, line) != line;
            list(ui, scene, line, running, moved);
        }
        if running {
            // who goes on typing the PIN types it into nothing
            self.pin.reset();
            self.shows_pin = true;
            let elapsed = scene
                .renewal
                .busy
                .map_or(0, |(_, since)| scene.around.instant.saturating_duration_since(since).as_secs());
            widgets::caption(ui, &t!("renew.elapsed", time = words::seconds(elapsed)));
            widgets::caption(
                ui,
                &t!(
                    "renew.validity_change",
                    old = words::day_of(order.old.until),
                    new = words::day_of(order.new.until)
                ),
            );
            return;
        }
        if cut.is_some() {
            widgets::strip(ui, Icon::Check, Tone::Ok, &t!("renew.kept_cut"), |_| {});
        }
        let word = if cut.is_some() || resumed { t!("renew.go_on") } else { t!("renew.download") };
        if let Some(pin) = self.pin_step(ui, scene, &word, actions) {
            actions.push(scene.ask(RenewalAsk::Download(pin)));
        }
    }
}

fn name(line: DownloadLine) -> Cow<'static, str> {
    match line {
        DownloadLine::Container => t!("download.container"),
        DownloadLine::KeyPair => t!("download.key_pair"),
        DownloadLine::Issue => t!("download.issue"),
        DownloadLine::EncryptionKey => t!("download.encryption_key"),
        DownloadLine::Certificates => t!("download.certificates"),
        DownloadLine::SelfTest => t!("download.self_test"),
        DownloadLine::Activate => t!("download.activate"),
    }
}

fn list(ui: &mut Ui, scene: &Scene<'_>, at: Option<DownloadLine>, running: bool, moved: bool) {
    ui.add_space(space::XS);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in DownloadLine::ALL {
            let progress = match at.map(|at| line.cmp(&at)) {
                Some(std::cmp::Ordering::Less) => Progress::Done,
                Some(std::cmp::Ordering::Equal) if running => Progress::Running,
                Some(std::cmp::Ordering::Equal) => Progress::Cut,
                Some(std::cmp::Ordering::Greater) | None => Progress::Later,
            };
            let took = scene.renewal.line_took(line).filter(|_| progress == Progress::Done);
            let response = row(ui, line, progress, took.map(words::tenths).as_deref());
            if moved && progress == Progress::Running {
                response.scroll_to_me(None);
            }
        }
    });
    ui.add_space(space::XS);
}

fn row(ui: &mut Ui, line: DownloadLine, progress: Progress, took: Option<&str>) -> Response {
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
    painter.text(pos2(left, rect.center().y), Align2::LEFT_CENTER, name(line), font, text);
    let right = match progress {
        Progress::Cut => Some(state.as_ref()),
        _ => took,
    };
    if let Some(right) = right {
        let color = if progress == Progress::Cut { p.danger } else { p.text2 };
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, right, theme::font(size::CAPTION), color);
    }
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, p.line));
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name(line)));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(Role::ListItem);
        node.set_description(state.as_ref());
        if progress == Progress::Running {
            node.set_live(Live::Polite);
        }
    });
    response
}
