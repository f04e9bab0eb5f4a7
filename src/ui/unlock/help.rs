//! 怎样找回密码: what people should try before, what is needed, how long it takes, whom to call.

use super::{Scene, Wizard};
use crate::ui::faults::telephone;
use crate::ui::icons::Icon;
use crate::ui::theme::space;
use crate::ui::widgets;
use eframe::egui::Ui;
use rust_i18n::t;

impl Wizard {
    /// The text, folded until somebody asks.
    pub(super) fn help(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ui.add_space(space::XS);
        let icon = Some(Icon::Chevron { open: self.help_open });
        if widgets::link(ui, &t!("unlock.help"), icon).clicked() {
            self.help_open = !self.help_open;
        }
        if !self.help_open {
            return;
        }
        for text in [t!("unlock.help_initial"), t!("unlock.help_needed"), t!("unlock.help_time")] {
            widgets::caption(ui, &text);
        }
        if let Some(telephone) = telephone(&scene.unlock.support) {
            widgets::caption(ui, &telephone);
        }
    }
}
