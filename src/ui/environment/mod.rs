//! 环境检测: every line of the chain in its order, filling in as the probes end.

mod line;
mod repair;
mod report;

pub use repair::{RepairDialog, fitting_key};
pub use report::Report;

use super::action::Action;
use super::theme::{self, size, space};
use super::widgets::{self, Weight};
use crate::app::check::{ProbeId, Verdict};
use crate::app::{Command, EnvironmentModel};
use eframe::egui::accesskit::Live;
use eframe::egui::{RichText, Stroke, Ui};
use rust_i18n::t;
use std::collections::BTreeSet;

/// What is open on the page.
#[derive(Default)]
pub struct View {
    /// Lines whose details are shown.
    pub open: BTreeSet<ProbeId>,
}

/// Shows the page.
pub fn show(ui: &mut Ui, view: &mut View, model: &EnvironmentModel, chinese: bool, actions: &mut Vec<Action>) {
    let texts = [t!("env.export"), t!("env.again")];
    let width: f32 = texts.iter().map(|text| widgets::button_width(ui, text)).sum::<f32>() + space::S;
    widgets::beside(
        ui,
        width,
        |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            widgets::heading(ui, &t!("page.check"));
            summary(ui, model);
        },
        |ui| {
            let [export, again] = &texts;
            let nothing = model.lines.is_empty().then(|| t!("env.nothing_yet"));
            if widgets::button(ui, export, Weight::Normal, nothing.as_deref()).clicked() {
                actions.push(Action::Report);
            }
            let busy =
                if model.is_running() { Some(t!("env.running")) } else { model.repairing.map(|_| t!("env.repairing")) };
            if widgets::button(ui, again, Weight::Normal, busy.as_deref()).clicked() {
                actions.push(Action::Command(Command::CheckEnvironment));
            }
        },
    );
    widgets::card(ui, |ui| {
        let mut first = true;
        for probe in ProbeId::ALL {
            let open = model.open.contains(probe);
            let found = model.lines.get(probe);
            if !open && found.is_none() {
                continue;
            }
            if !std::mem::take(&mut first) {
                separator(ui);
            }
            ui.push_id(probe.as_str(), |ui| match found.filter(|_| !open) {
                Some(found) => line::show(ui, view, model, found, chinese, actions),
                None => line::pending(ui, *probe, chinese),
            });
        }
    });
}

/// How many problems there are, or how far the check is.
fn summary(ui: &mut Ui, model: &EnvironmentModel) {
    let text = if model.is_running() {
        let all = model.lines.keys().chain(&model.open).collect::<BTreeSet<_>>().len();
        t!("env.progress", done = all.saturating_sub(model.open.len()), all = all).into_owned()
    } else {
        let found = words(model);
        model.took.map_or_else(
            || found.clone(),
            |took| {
                let seconds = format!("{:.1}", took.as_secs_f32());
                t!("env.summary", found = found, time = t!("date.seconds", n = seconds)).into_owned()
            },
        )
    };
    let p = theme::palette(ui.ctx());
    let label = ui.add(eframe::egui::Label::new(RichText::new(text).size(size::CAPTION).color(p.text2)).wrap());
    if !model.is_running() {
        // said once, when all is known
        ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
    }
}

fn words(model: &EnvironmentModel) -> String {
    let count = |verdict| model.lines.values().filter(|line| line.verdict == verdict).count();
    let problems = match count(Verdict::Problem) {
        0 => None,
        1 => Some(t!("env.problem")),
        n => Some(t!("env.problems", n = n)),
    };
    let notices = match count(Verdict::Notice) {
        0 => None,
        1 => Some(t!("env.notice")),
        n => Some(t!("env.notices", n = n)),
    };
    match (problems, notices) {
        (None, None) => t!("env.all_good").into_owned(),
        (None, Some(notices)) => t!("env.good_but", found = notices).into_owned(),
        (Some(problems), None) => t!("env.found", found = problems).into_owned(),
        (Some(problems), Some(notices)) => {
            let both = [problems, notices].join(&t!("common.list_separator"));
            t!("env.found", found = both).into_owned()
        }
    }
}

fn separator(ui: &mut Ui) {
    let p = theme::palette(ui.ctx());
    let y = ui.cursor().top() + space::XS;
    ui.painter().hline(ui.max_rect().x_range(), y, Stroke::new(1.0, p.line));
    ui.add_space(space::S + 1.0);
}
