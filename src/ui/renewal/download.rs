//! 4 下载证书: the PIN once more, then seven lines that tick off.

use super::frame::{sentence, title};
use super::{Scene, Wizard};
use crate::app::{DownloadLine, RenewalAsk};
use crate::ui::action::Action;
use crate::ui::icons::Icon;
use crate::ui::theme;
use crate::ui::widgets::{self, Tone};
use crate::ui::wizard::lines::Lines;
use crate::ui::words;
use eframe::egui::Ui;
use order_api::Order;
use rust_i18n::t;
use std::borrow::Cow;

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
            let moved = std::mem::replace(&mut self.line_seen, line) != line;
            let all = DownloadLine::ALL.map(|line| (line, name(line)));
            Lines { all: &all, at: line, running, moved }.show(ui, |line| scene.renewal.line_took(line));
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
