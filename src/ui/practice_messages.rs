//! Practice: the messages of the CA, which in earnest go to the owner's telephone and mailbox.

use super::theme::{self, size, space};
use super::widgets;
use crate::app::PracticeMessage;
use eframe::egui::{Frame, Label, Margin, Panel, RichText, ScrollArea, Stroke, Ui, Vec2};
use rust_i18n::t;

/// Height of the part that scrolls.
const HEIGHT: f32 = 88.0;

/// Shows them above the status bar, the last one first; nothing while there is none.
pub fn show(ui: &mut Ui, messages: &[PracticeMessage]) {
    if messages.is_empty() {
        return;
    }
    let p = theme::palette(ui.ctx());
    let frame = Frame::new().fill(p.surface).inner_margin(Margin::symmetric(24, 8));
    Panel::bottom("practice-messages").resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        let top = ui.max_rect().top() - space::S;
        ui.painter().hline(ui.max_rect().expand2(Vec2::new(24.0, 0.0)).x_range(), top, Stroke::new(1.0, p.line));
        widgets::caption(ui, &t!("practice.messages"));
        ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
            for message in messages.iter().rev() {
                ui.add(Label::new(RichText::new(&message.recipient).size(size::CAPTION).color(p.text2)));
                ui.add(Label::new(&message.text).wrap().selectable(true));
                ui.add_space(space::XS);
            }
        });
    });
}
