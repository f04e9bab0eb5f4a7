//! Every state of the renewal, the orders and the former certificates as a picture: both themes, both languages, from the
//! smallest window to twice the pixels. Judged here: nothing is drawn beyond the right edge of the page. The rest is for
//! eyes: with `CERT_ASSISTANT_PICTURES` set, pictures are left in `pictures` of the target directory.

use crate::bench::{Bench, NOW, PIN, spec};
use crate::screen::{Plan, Screen};
use crate::stages::{
    bench, done, download, ended, expiring, fail, fault, form, form_of, identify, line, paid_session, paying, payment,
    portal, reach, reviewing, verifying, wrong_pin,
};
use cert_assistant::app::protocol::{NextAction, OrderState};
use cert_assistant::app::{DownloadLine, Event, LineState, OrderLine, RenewalStage};
use cert_assistant::virtual_key::{Spec, State};
use eframe::egui::Theme;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How the window is.
#[derive(Clone, Copy)]
struct Look {
    name: &'static str,
    english: bool,
    theme: Theme,
    size: (f32, f32),
    scale: f32,
}

const LOOKS: [Look; 4] = [
    Look { name: "zh-light", english: false, theme: Theme::Light, size: (960.0, 640.0), scale: 1.0 },
    Look { name: "en-dark", english: true, theme: Theme::Dark, size: (960.0, 640.0), scale: 1.0 },
    Look { name: "zh-dark-small", english: false, theme: Theme::Dark, size: (720.0, 480.0), scale: 2.0 },
    Look { name: "en-light-small", english: true, theme: Theme::Light, size: (720.0, 480.0), scale: 1.0 },
];

/// A window with one look; its pictures go into a folder.
struct Gallery {
    look: Look,
    folder: Option<PathBuf>,
    screen: Screen,
}

impl Gallery {
    /// The keys have been read.
    fn open(look: Look, bench: &Arc<Bench>) -> Self {
        let folder = std::env::var_os("CERT_ASSISTANT_PICTURES")
            .map(|_| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures"));
        folder.iter().for_each(|folder| std::fs::create_dir_all(folder).unwrap());
        let Look { english, theme, size: (width, height), scale, .. } = look;
        let plan = Plan::new(bench).english(english).theme(theme).size(width, height).scale(scale);
        Self { look, folder, screen: Screen::read(plan, bench) }
    }

    fn word<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        if self.look.english { english } else { chinese }
    }

    fn press(&mut self, chinese: &str, english: &str) {
        let word = self.word(chinese, english).to_owned();
        self.screen.press_button(&word);
    }

    /// Paints what the window shows now.
    fn hang(&mut self, name: &str) {
        self.screen.stays_within_its_width(name);
        if let Some(folder) = &self.folder {
            self.screen.picture().save(&folder.join(format!("{}-{name}.png", self.look.name)));
        }
    }

    fn stage(&mut self, name: &str, stage: RenewalStage) {
        reach(&mut self.screen, 1, stage);
        self.hang(name);
    }
}

#[test]
fn the_steps_of_a_renewal() {
    for look in LOOKS {
        let (bench, _) = bench();
        let mut gallery = Gallery::open(look, &bench);
        gallery.press("证书更新", "Renew");
        gallery.hang("00-opening");
        gallery.stage("01-identify", identify());
        gallery.stage("02-form", form());
        gallery.stage("02-form-paid", form_of(paid_session(), None));
        gallery.stage("03-reviewing", reviewing());
        gallery.stage("03-verify", verifying(None));
        gallery.stage("03-verify-sent", verifying(Some(*NOW - 18)));
        gallery.stage("04-pay", paying(Some(payment())));
        gallery.stage("05-download", download(None, false));
        gallery.stage("06-done", done());
        gallery.stage("07-portal", portal("https://portal.example.cn/renew"));
        gallery.stage("08-rejected", ended(OrderState::Rejected, Some("营业执照副本已过期，请更新后重新申请。")));
    }
}
