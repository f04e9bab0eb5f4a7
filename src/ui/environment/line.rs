//! One line: icon, name, one sentence, what can be done, and behind it the details.

use super::{RepairDialog, View};
use crate::app::check::{Line, Page, ProbeId, Repair, Verdict};
use crate::app::{Command, EnvironmentModel};
use crate::ui::action::Action;
use crate::ui::faults;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{self, CONTROL_HEIGHT, size, space};
use crate::ui::widgets::{self, Tone, Weight};
use eframe::egui::accesskit::Role;
use eframe::egui::{CursorIcon, Label, Rect, RichText, Sense, Ui, Vec2, WidgetInfo, vec2};
use rust_i18n::t;
use std::borrow::Cow;

const MARK: f32 = 24.0;
const ARROW: f32 = 28.0;

/// A probe that has not ended.
pub fn pending(ui: &mut Ui, probe: ProbeId, chinese: bool) {
    let name =
        Line::new(probe, Verdict::NotApplicable, crate::app::check::Statement::new("common.waits")).name(chinese);
    ui.horizontal_top(|ui| {
        mark(ui, Icon::Clock, Tone::Quiet, &t!("env.pending"));
        ui.vertical(|ui| sentences(ui, &name, &t!("env.pending"), true));
    });
}

/// What a probe found.
pub fn show(
    ui: &mut Ui,
    view: &mut View,
    model: &EnvironmentModel,
    line: &Line,
    chinese: bool,
    actions: &mut Vec<Action>,
) {
    let name = line.name(chinese);
    let (icon, tone, verdict) = looks(line.verdict);
    let button = button(model, line);
    let more = !line.details.is_empty() || !line.remedy.is_empty();
    let opened = view.open.contains(&line.probe);
    let width = button.as_ref().map_or(0.0, |button| widgets::button_width(ui, &button.text) + space::S) + ARROW;
    let mut toggle = false;
    widgets::beside(
        ui,
        width,
        |ui| {
            ui.horizontal_top(|ui| {
                mark(ui, icon, tone, &verdict);
                let quiet = line.verdict == Verdict::NotApplicable;
                ui.vertical(|ui| sentences(ui, &name, &line.words(chinese, true), quiet));
            });
        },
        |ui| {
            if let Some(Button { text, weight, obstacle, then }) = button {
                let response = widgets::button(ui, &text, weight, obstacle.as_deref());
                let spoken = format!("{text} {name}");
                ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(spoken));
                if response.clicked() {
                    match then {
                        Then::Explain => toggle = true,
                        Then::Do(repair) => actions.push(start(line, repair, &name)),
                    }
                }
            }
            if more {
                toggle |= arrow(ui, opened, &t!("env.details", name = name));
            }
        },
    );
    if toggle && !view.open.remove(&line.probe) {
        view.open.insert(line.probe);
    }
    if more && view.open.contains(&line.probe) {
        details(ui, line, &name, chinese, actions);
    }
    if let Some((_, fault)) = model.fault.as_ref().filter(|(probe, _)| *probe == line.probe) {
        faults::inline(ui, fault, chinese);
    }
}

/// What the button beside a line does.
enum Then {
    /// Shows the steps of 如何处理.
    Explain,
    /// Repairs.
    Do(Repair),
}

struct Button {
    text: Cow<'static, str>,
    weight: Weight,
    obstacle: Option<Cow<'static, str>>,
    then: Then,
}

fn button(model: &EnvironmentModel, line: &Line) -> Option<Button> {
    let wrong = matches!(line.verdict, Verdict::Problem | Verdict::Notice);
    let weight = if line.verdict == Verdict::Problem { Weight::Main } else { Weight::Normal };
    match line.repair {
        Some(Repair::Open(page)) => {
            let text = match page {
                Page::Settings => t!("env.to_settings"),
                Page::Renew => t!("action.renew"),
                Page::Unlock => t!("action.unlock"),
                Page::ChangePin => t!("action.change_pin"),
                Page::Keys => t!("env.to_keys"),
            };
            Some(Button { text, weight, obstacle: None, then: Then::Do(Repair::Open(page)) })
        }
        Some(repair) => {
            let (text, obstacle) = match model.repairing {
                Some((probe, _)) if probe == line.probe => (t!("env.repairing_this"), Some(t!("env.repairing"))),
                Some(_) => (t!("env.repair"), Some(t!("env.repairing"))),
                None => (t!("env.repair"), model.is_running().then(|| t!("env.running"))),
            };
            Some(Button { text, weight, obstacle, then: Then::Do(repair) })
        }
        None if wrong && !line.remedy.is_empty() => {
            Some(Button { text: t!("env.how"), weight: Weight::Normal, obstacle: None, then: Then::Explain })
        }
        None => None,
    }
}

/// What pressing the button of a repair does: what needs an administrator's rights is shown first.
fn start(line: &Line, repair: Repair, name: &str) -> Action {
    match (repair, &line.repair_command) {
        (Repair::Open(page), _) => Action::Help(page),
        (_, Some(command)) => Action::AskRepair(RepairDialog::new(line.probe, repair, name, command)),
        (_, None) => Action::Command(Command::Repair { probe: line.probe, repair }),
    }
}

fn looks(verdict: Verdict) -> (Icon, Tone, Cow<'static, str>) {
    match verdict {
        Verdict::Ok => (Icon::Check, Tone::Ok, t!("check.ok")),
        Verdict::NotApplicable => (Icon::Circle, Tone::Quiet, t!("check.unchecked")),
        Verdict::Notice => (Icon::Warning, Tone::Warn, t!("check.notice")),
        Verdict::Problem => (Icon::Cross, Tone::Danger, t!("check.problem")),
    }
}

/// The icon on its soft ground; a screen reader says the word.
fn mark(ui: &mut Ui, icon: Icon, tone: Tone, word: &str) {
    let (color, soft) = tone.colors(theme::palette(ui.ctx()));
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(MARK), Sense::hover());
    ui.painter().circle_filled(rect.center(), MARK / 2.0, soft);
    icons::paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(12.0)), icon, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, word));
}

fn sentences(ui: &mut Ui, name: &str, sentence: &str, quiet: bool) {
    let p = theme::palette(ui.ctx());
    ui.spacing_mut().item_spacing.y = 2.0;
    let color = if quiet { p.text2 } else { p.text };
    ui.add(Label::new(RichText::new(name).font(theme::bold_font(size::BODY)).color(color)).wrap());
    widgets::caption(ui, sentence);
}

/// Opens and closes the details.
fn arrow(ui: &mut Ui, open: bool, name: &str) -> bool {
    let p = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ARROW, CONTROL_HEIGHT), Sense::click());
    let color = if response.hovered() || response.has_focus() { p.primary } else { p.text2 };
    let square = Rect::from_center_size(rect.center(), Vec2::splat(11.0));
    icons::paint(ui.painter(), square, Icon::Chevron { open }, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
    widgets::focus_ring(ui, &response);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name).clicked()
}

/// What else was found, and what to do, step by step.
fn details(ui: &mut Ui, line: &Line, name: &str, chinese: bool, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    let text =
        |text: String| Label::new(RichText::new(text).size(size::CAPTION).color(p.text2)).wrap().selectable(true);
    let mut copy = Vec::new();
    ui.horizontal_top(|ui| {
        ui.add_space(MARK + ui.spacing().item_spacing.x);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            for detail in &line.details {
                let words = detail.words(chinese, true);
                ui.add(text(words.clone()));
                copy.push(words);
            }
            if !line.remedy.is_empty() {
                ui.label(RichText::new(t!("env.how")).font(theme::bold_font(size::CAPTION)));
            }
            for (number, step) in (1..).zip(&line.remedy) {
                let words = format!("{number}. {}", step.words(chinese, true));
                ui.add(text(words.clone()));
                copy.push(words);
            }
            ui.horizontal(|ui| {
                let took = format!("{:.2}", line.took.as_secs_f32());
                widgets::caption(ui, &t!("env.took", time = t!("date.seconds", n = took)));
                let spoken = format!("{} {name}", t!("action.copy"));
                if widgets::quiet_button(ui, &t!("action.copy"), &spoken).clicked() {
                    let head = format!("{name}: {}", line.words(chinese, true));
                    copy.insert(0, head);
                    actions.push(Action::Copy(copy.join("\n")));
                }
            });
        });
    });
}
