//! A new PIN, typed twice, with the rules that are judged while it is typed.

use super::icons::{self, Icon};
use super::pin_entry::labelled;
use super::pin_field::{PinBuffer, PinField};
use super::theme::{self, size, space};
use super::widgets::Tone;
use crate::app::policy::NewPinRules;
use base::secret::{Pin, PinTooLong};
use eframe::egui::{Id, Label, Response, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The two fields.
#[derive(Default)]
pub struct NewPinFields {
    new: PinField,
    again: PinField,
}

impl NewPinFields {
    /// Shows them with the rules between. `current` is the PIN it must differ from, where that is known.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        current: Option<&[char]>,
        length: &RangeInclusive<usize>,
        enabled: bool,
    ) -> Response {
        let response = labelled(ui, &mut self.new, &t!("pin.new"), "", Tone::Quiet, false, enabled);
        let rules = NewPinRules::judge(self.new.buffer.chars(), current.unwrap_or_default(), length);
        rule_list(ui, &rules, self.new.buffer.is_empty(), current.is_some(), length);
        let (note, tone) = match (self.again.buffer.is_empty(), self.is_same()) {
            (true, _) => (String::new(), Tone::Quiet),
            (false, true) => (t!("pin.same").into_owned(), Tone::Ok),
            (false, false) => (t!("pin.not_same").into_owned(), Tone::Danger),
        };
        labelled(ui, &mut self.again, &t!("pin.again"), &note, tone, false, enabled);
        response
    }

    fn is_same(&self) -> bool {
        self.again.buffer.chars() == self.new.buffer.chars()
    }

    /// Why they can't be sent.
    #[must_use]
    pub fn obstacle(&self, current: Option<&[char]>, length: &RangeInclusive<usize>) -> Option<Cow<'static, str>> {
        if !NewPinRules::judge(self.new.buffer.chars(), current.unwrap_or_default(), length).acceptable() {
            Some(t!("pin.obstacle_rules"))
        } else if !self.is_same() {
            Some(t!("pin.obstacle_again"))
        } else {
            None
        }
    }

    /// The buffer of the field that has the keyboard, if it is one of them.
    pub fn focused(&mut self, focused: Option<Id>) -> Option<&mut PinBuffer> {
        let mut fields = [&mut self.new, &mut self.again].into_iter();
        fields.find(|field| field.is_focused(focused)).map(|field| &mut field.buffer)
    }

    /// True when the keyboard is on one of them.
    #[must_use]
    pub fn is_focused(&self, focused: Option<Id>) -> bool {
        self.new.is_focused(focused) || self.again.is_focused(focused)
    }

    /// The PIN; the fields keep it.
    ///
    /// # Errors
    /// [`PinTooLong`].
    pub fn copy(&self) -> Result<Pin, PinTooLong> {
        self.new.buffer.copy()
    }

    /// Wipes what was typed.
    pub fn reset(&mut self) {
        for field in [&mut self.new, &mut self.again] {
            field.buffer.clear();
            field.revealed = false;
        }
    }
}

fn rule_list(ui: &mut Ui, rules: &NewPinRules, empty: bool, changes: bool, length: &RangeInclusive<usize>) {
    let mut rows = vec![
        (rules.length && rules.characters, t!("pin.rule_length", min = length.start(), max = length.end()), false),
        (rules.letters_and_digits, t!("pin.rule_letters_digits"), false),
    ];
    if changes {
        rows.push((rules.differs, t!("pin.rule_differs"), false));
    }
    rows.push((rules.no_runs, t!("pin.rule_no_runs"), true));
    for pair in rows.chunks(2) {
        ui.columns(2, |columns| {
            for (ui, (holds, text, advice)) in columns.iter_mut().zip(pair) {
                rule(ui, *holds, empty, text, *advice);
            }
        });
    }
}

fn rule(ui: &mut Ui, holds: bool, empty: bool, text: &str, advice: bool) {
    let p = theme::palette(ui.ctx());
    let (icon, color, state) = match (holds, empty || advice) {
        (true, _) => (Icon::Check, p.ok, t!("pin.rule_holds")),
        (false, true) => (Icon::Circle, p.text2, t!("pin.rule_open")),
        (false, false) => (Icon::Cross, p.danger, t!("pin.rule_broken")),
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        icons::show_in_line(ui, icon, color);
        let label = ui.add(Label::new(RichText::new(text).size(size::CAPTION).color(color)).wrap());
        ui.ctx().accesskit_node_builder(label.id, |node| node.set_description(state.as_ref()));
    });
}
