//! An ordinary line of text with its name above and what is wrong with it below. Never for a PIN: the toolkit keeps copies.

use super::foot;
use super::pin_entry::describe;
use super::theme::{self, CONTROL_HEIGHT, RADIUS_CONTROL, size, space};
use super::widgets::Tone;
use eframe::egui::{Align, Key, Layout, Margin, Response, RichText, Stroke, StrokeKind, TextEdit, Ui, vec2};

/// How a field is shown.
pub struct TextField<'a> {
    /// Its name.
    pub label: &'a str,
    /// A hint or what is wrong, at the right end of the line of its name; may be empty.
    pub note: &'a str,
    /// True when what stands there can't be sent.
    pub wrong: bool,
    /// False while it is being used.
    pub enabled: bool,
    /// Most characters.
    pub limit: usize,
}

/// What happened in a field.
pub struct Typed {
    /// The field.
    pub response: Response,
    /// Enter was pressed in it.
    pub entered: bool,
}

impl TextField<'_> {
    /// Shows the field over the whole width.
    pub fn show(&self, ui: &mut Ui, text: &mut String) -> Typed {
        let p = theme::palette(ui.ctx());
        ui.horizontal(|ui| {
            ui.label(RichText::new(self.label).size(size::CAPTION).color(p.text2));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let tone = if self.wrong { Tone::Danger } else { Tone::Quiet };
                if !self.note.is_empty() {
                    ui.label(RichText::new(self.note).size(size::CAPTION).color(tone.colors(p).0));
                }
            });
        });
        self.bare(ui, text, ui.available_width())
    }

    /// As [`TextField::show`] without the line above, in a width.
    pub fn bare(&self, ui: &mut Ui, text: &mut String, width: f32) -> Typed {
        let p = theme::palette(ui.ctx());
        let vertical = ((CONTROL_HEIGHT - size::BODY * 1.45) / 2.0).round() as i8;
        let edit = TextEdit::singleline(text)
            .id(foot::steady_id(ui, ("text", self.label)))
            .char_limit(self.limit)
            .margin(Margin::symmetric(space::M as i8, vertical))
            .desired_width(width)
            .min_size(vec2(0.0, CONTROL_HEIGHT));
        let response = ui.add_enabled(self.enabled, edit);
        let stroke = match (response.has_focus(), self.wrong) {
            (true, _) => Stroke::new(2.0, p.primary),
            (false, true) => Stroke::new(1.0, p.danger),
            (false, false) => Stroke::new(1.0, p.line),
        };
        ui.painter().rect_stroke(response.rect, f32::from(RADIUS_CONTROL), stroke, StrokeKind::Inside);
        foot::keep_in_sight(ui, &response);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(self.label));
        describe(ui, &response, self.note, self.wrong);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        Typed { response, entered }
    }
}
