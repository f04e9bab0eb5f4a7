//! 日志: what the program wrote down, newest last. Thousands of lines cost as much as those in sight.

use super::action::{Action, Page};
use super::empty;
use super::icons::Icon;
use super::save_dialog;
use super::text_field::TextField;
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use crate::app::Command;
use crate::app::desktop::log::{Level, LogLine};
use eframe::egui::{Label, RichText, ScrollArea, TextStyle, Ui};
use rust_i18n::t;

const LONGEST: usize = 100;

/// What the person looks for.
pub struct View {
    /// This grave at least.
    level: Level,
    /// Text that a line must have.
    text: String,
    /// Lines that pass, and for what they were looked for.
    passing: Option<(Level, String, Vec<usize>)>,
}

impl Default for View {
    fn default() -> Self {
        Self { level: Level::Debug, text: String::new(), passing: None }
    }
}

impl View {
    /// The log was read anew.
    pub fn renew(&mut self) {
        self.passing = None;
    }

    /// The lines to be shown, by their number.
    fn passing(&mut self, log: &[LogLine]) -> &[usize] {
        let known = self.passing.take().filter(|(level, text, _)| *level == self.level && *text == self.text);
        let (.., lines) = self.passing.insert(known.unwrap_or_else(|| {
            let wanted = self.text.to_lowercase();
            let fits = |line: &LogLine| {
                line.level <= self.level && (wanted.is_empty() || as_text(line).to_lowercase().contains(&wanted))
            };
            let lines = (0..).zip(log).filter(|(_, line)| fits(line)).map(|(number, _)| number).collect();
            (self.level, self.text.clone(), lines)
        }));
        lines
    }
}

/// Shows the page.
pub fn show(ui: &mut Ui, view: &mut View, log: Option<&[LogLine]>, actions: &mut Vec<Action>) {
    head(ui, view, log.unwrap_or_default(), actions);
    match log {
        None => {
            widgets::caption(ui, &t!("log.reading"));
        }
        Some([]) => {
            let p = theme::palette(ui.ctx());
            let lines = [t!("log.none_text").into_owned()];
            empty::page(ui, Icon::List, p.primary, &t!("log.none"), &lines, |_| {});
        }
        Some(log) => lines(ui, view, log),
    }
}

fn head(ui: &mut Ui, view: &mut View, log: &[LogLine], actions: &mut Vec<Action>) {
    let nothing = view.passing(log).is_empty().then(|| t!("log.nothing"));
    let words = [t!("log.again"), t!("log.copy"), t!("log.save"), t!("common.back")];
    let width: f32 = words.iter().map(|word| widgets::button_width(ui, word) + space::S).sum::<f32>() - space::S;
    widgets::beside(
        ui,
        width,
        |ui| widgets::heading(ui, &t!("page.log")),
        |ui| {
            if widgets::button(ui, &t!("log.again"), Weight::Normal, None).clicked() {
                actions.push(Action::Command(Command::ReadLog));
            }
            if widgets::button(ui, &t!("log.copy"), Weight::Normal, nothing.as_deref()).clicked() {
                actions.push(Action::Copy(whole(view, log)));
            }
            if widgets::button(ui, &t!("log.save"), Weight::Normal, nothing.as_deref()).clicked() {
                let text = whole(view, log);
                actions.push(Action::Save(save_dialog::text(&t!("log.save"), "cert-assistant-log.txt", "txt", text)));
            }
            if widgets::button(ui, &t!("common.back"), Weight::Normal, None).clicked() {
                actions.push(Action::Open(Page::About));
            }
        },
    );
    let levels = [
        (Level::Debug, t!("log.all")),
        (Level::Info, t!("log.info")),
        (Level::Warn, t!("log.warn")),
        (Level::Error, t!("log.error")),
    ];
    ui.horizontal_wrapped(|ui| {
        for (level, text) in levels {
            if widgets::radio(ui, view.level == level, &text).clicked() {
                view.level = level;
            }
        }
    });
    let count = t!("log.count", n = view.passing(log).len(), all = log.len());
    let label = t!("log.search");
    let field = TextField { label: &label, note: &count, wrong: false, enabled: true, limit: LONGEST };
    field.show(ui, &mut view.text);
}

fn lines(ui: &mut Ui, view: &mut View, log: &[LogLine]) {
    let p = theme::palette(ui.ctx());
    let height = (ui.available_height() - space::XXL - space::L).max(space::XXL * 4.0);
    let line = ui.text_style_height(&TextStyle::Small);
    let passing = view.passing(log);
    widgets::card(ui, |ui| {
        if passing.is_empty() {
            widgets::caption(ui, &t!("log.nothing"));
            return;
        }
        ui.spacing_mut().item_spacing.y = space::XS;
        let rows = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
        rows.stick_to_bottom(true).show_rows(ui, line, passing.len(), |ui, shown| {
            for line in passing.get(shown).unwrap_or_default().iter().filter_map(|number| log.get(*number)) {
                let tone = match line.level {
                    Level::Error => Tone::Danger,
                    Level::Warn => Tone::Warn,
                    Level::Info | Level::Debug => Tone::Quiet,
                };
                let text = as_text(line);
                let shown = RichText::new(&text).size(size::CAPTION).color(tone.colors(p).0);
                ui.add(Label::new(shown).truncate().selectable(true)).on_hover_text(text);
            }
        });
    });
}

/// A line as it is copied.
fn as_text(line: &LogLine) -> String {
    let level = match line.level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "INFO",
        Level::Debug => "DEBUG",
    };
    format!("{} {level} {} {}", line.time, line.target, line.text)
}

/// All lines that are shown.
fn whole(view: &mut View, log: &[LogLine]) -> String {
    let lines = view.passing(log).iter().filter_map(|number| log.get(*number));
    lines.map(|line| as_text(line) + "\n").collect()
}
