//! The window as a guest of the desktop: raised by a second start, a link or the tray, hidden in the tray instead of closed.
//!
//! Invariants: whoever summons only chooses what is shown; nobody is torn out of a dialog; while a key is being written the
//! window asks before it ends, however it is asked to.

use super::Window;
use crate::app::desktop::instance::Target;
use crate::app::desktop::tray::{Hear, Picture, Tray, Words};
use crate::app::{Command, Notice, timeline};
use crate::ui::action::Page;
use crate::ui::toast::Toast;
use crate::ui::widgets::Tone;
use eframe::egui::{self, RawInput, Ui, ViewportCommand};
use rust_i18n::t;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Starts the tray with its words; the tray is told nothing else.
pub type StartTray = Arc<dyn Fn(Words) -> Tray + Send + Sync>;

/// The clock is looked at so often also when nothing happens: a computer that slept does not count the time.
const LOOK: Duration = Duration::from_secs(3600);

/// What the window is for the desktop.
#[derive(Default)]
pub(super) struct Guest {
    tray: Option<Tray>,
    /// Not shown: the program waits in the tray.
    hidden: bool,
    /// It was said once that the program goes on in the tray.
    told: bool,
    /// The person wants the program to end, not to hide.
    leaving: bool,
    /// What was asked for and could not be shown yet: its key was not read.
    wanted: Option<Target>,
    /// On Windows the toolkit shows every window with its first frame: one that starts into the tray was hidden again.
    put_away: bool,
    /// It did not have the keyboard at the last look.
    elsewhere: bool,
    /// The person goes on with this version for now.
    keeps_version: bool,
}

impl Guest {
    /// What is shown first, and whether in the tray only.
    pub(super) fn arriving(target: &Target, background: bool) -> Self {
        let wanted = (*target != Target::Window).then(|| target.clone());
        Self { hidden: background, wanted, ..Self::default() }
    }
}

impl Window {
    /// The program ends with the next closing of the window.
    pub(super) const fn leave(&mut self) {
        self.guest.leaving = true;
    }

    /// Does what the desktop asked for since the last look. Runs also while the window is hidden.
    pub(super) fn answer_desktop(&mut self, ctx: &egui::Context) {
        self.notice_return(ctx);
        if let Some(target) = self.model.summoned.take() {
            timeline::mark("summoned", target.line());
            self.look_for_new_version();
            self.raise(ctx);
            self.guest.wanted = Some(target);
        }
        self.show_wanted();
        if std::mem::take(&mut self.model.quit) {
            if self.model.writing().is_some() {
                self.raise(ctx);
                self.asks_to_close = true;
            } else {
                self.guest.leaving = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
        let files: Vec<_> = self.model.set_aside.drain(..).collect();
        if !files.is_empty() {
            let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
            self.toast = Some(Toast::new(t!("files.set_aside", files = names.join(", ")), Tone::Warn, self.instant()));
        }
    }

    /// The desktop shows the tray icon now, or no longer: without it a hidden window would be lost.
    pub(super) fn tray_changed(&mut self, ctx: &egui::Context) {
        timeline::mark("tray", self.model.guest.tray);
        if self.guest.hidden && !self.model.guest.tray {
            self.guest.hidden = false;
            ctx.send_viewport_cmd(ViewportCommand::Visible(true));
            ctx.send_viewport_cmd(ViewportCommand::Minimized(true));
        }
    }

    /// Somebody installed something elsewhere, perhaps a new version of this program: looked at when the person comes back.
    fn notice_return(&mut self, ctx: &egui::Context) {
        let elsewhere = !ctx.input(|input| input.focused);
        if std::mem::replace(&mut self.guest.elsewhere, elsewhere) && !elsewhere {
            self.look_for_new_version();
        }
    }

    fn look_for_new_version(&self) {
        // on Windows the setup closes what runs
        if cfg!(target_os = "linux") && !self.model.guest.replaced {
            self.engine.send(Command::LookForNewVersion);
        }
    }

    /// A new version waits, and the person has not said how to go on.
    pub(super) const fn offers_new_version(&self) -> bool {
        self.model.guest.replaced && !self.guest.keeps_version
    }

    pub(super) const fn keep_this_version(&mut self) {
        self.guest.keeps_version = true;
    }

    /// Ends as if the person had closed the window; what started this one starts the new version then.
    pub(super) fn start_new_version(&mut self, ctx: &egui::Context) {
        self.setting.new_version.store(true, Ordering::Relaxed);
        self.guest.leaving = true;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    fn raise(&mut self, ctx: &egui::Context) {
        self.guest.hidden = false;
        ctx.send_viewport_cmd(ViewportCommand::Visible(true));
        ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        ctx.send_viewport_cmd(ViewportCommand::Focus);
        ctx.request_repaint();
    }

    /// Goes where somebody wanted to; waits for a key that is still being read.
    fn show_wanted(&mut self) {
        let Some(wanted) = self.guest.wanted.clone() else { return };
        if self.dialog.is_some() || self.asks_to_close {
            self.guest.wanted = None;
            return;
        }
        match wanted {
            Target::Window => {}
            Target::Check => self.open(Page::Check),
            Target::Orders => self.open(Page::Orders),
            Target::Renew(serial) | Target::Unlock(serial) if self.slot_for(serial.as_deref()).is_none() => {
                // where the person went meanwhile is where the person wants to be
                if self.page != Page::Keys {
                    self.guest.wanted = None;
                }
                return;
            }
            Target::Renew(serial) => {
                if let Some(slot) = self.slot_for(serial.as_deref()) {
                    self.open_renewal(slot);
                }
            }
            Target::Unlock(serial) => {
                if let Some(slot) = self.slot_for(serial.as_deref()) {
                    self.open_unlock(slot);
                }
            }
        }
        self.guest.wanted = None;
    }

    /// The key with a serial number, else the chosen one; only once it was read.
    fn slot_for(&self, serial: Option<&str>) -> Option<u64> {
        let key = match serial {
            Some(serial) => {
                self.model.keys.iter().find(|key| key.view().is_some_and(|view| view.contents.device.serial == serial))
            }
            None => self.model.chosen().filter(|key| key.view().is_some()),
        };
        key.map(|key| key.slot.id)
    }

    /// Closing while a key is being written asks first; else the window hides in the tray when the person wants it so.
    pub(super) fn guard_closing(&mut self, ctx: &egui::Context) {
        if !ctx.input(|input| input.viewport().close_requested()) {
            return;
        }
        if self.model.writing().is_some() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.asks_to_close = true;
            self.setting.new_version.store(false, Ordering::Relaxed);
        } else if self.settings.stay_in_tray && self.model.guest.tray && !self.guest.leaving {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.hide(ctx);
        }
    }

    fn hide(&mut self, ctx: &egui::Context) {
        timeline::mark("hidden", "");
        // a PIN that was typed is not kept for later
        self.dialog = None;
        self.wizards.values_mut().for_each(crate::ui::renewal::Wizard::forget_pin);
        self.unlocks.values_mut().for_each(crate::ui::unlock::Wizard::forget_pin);
        self.guest.hidden = true;
        // Wayland knows no hidden windows
        if std::env::var_os("WAYLAND_DISPLAY").is_some() {
            ctx.send_viewport_cmd(ViewportCommand::Minimized(true));
        } else {
            ctx.send_viewport_cmd(ViewportCommand::Visible(false));
        }
        if !std::mem::replace(&mut self.guest.told, true) {
            let [title, text] = [t!("tray.stays_title"), t!("tray.stays")].map(std::borrow::Cow::into_owned);
            (self.setting.notify)(Notice { title, text });
        }
    }

    /// Starts the tray after the first frame, and says it in the language of the window from then on.
    fn keep_tray(&mut self) {
        let [name, open, check, quit] = [t!("app.name"), t!("tray.open"), t!("tray.check"), t!("tray.quit")];
        let words = [name, open, check, quit].map(std::borrow::Cow::into_owned);
        let [name, open, check, quit] = words;
        let words = Words { name, open, check, quit };
        match (&self.guest.tray, &self.setting.tray) {
            (Some(tray), _) => tray.say(words),
            (None, Some(start)) => self.guest.tray = Some(start(words)),
            (None, None) => {}
        }
    }
}

/// The picture of the tray.
#[must_use]
pub fn tray_picture() -> Picture {
    let icon = crate::ui::icon();
    Picture { width: icon.width, height: icon.height, rgba: icon.rgba }
}

/// Starts the tray with the program's picture.
#[must_use]
pub fn start_tray(hear: Hear) -> StartTray {
    Arc::new(move |words| Tray::start(words, &tray_picture(), Arc::clone(&hear)))
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.take_events(ctx);
        if self.guest.hidden {
            // there is no frame to wait for
            self.keep_tray();
        }
        ctx.request_repaint_after(LOOK);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let start = Instant::now();
        crate::app::desktop::crash::on_demand("window");
        self.show(ui);
        self.keep_tray();
        if cfg!(windows) && self.guest.hidden && !std::mem::replace(&mut self.guest.put_away, true) {
            ui.ctx().send_viewport_cmd(ViewportCommand::Visible(false));
        }
        if timeline::enabled() {
            timeline::mark("frame-us", start.elapsed().as_micros());
        }
    }

    fn raw_input_hook(&mut self, ctx: &egui::Context, raw_input: &mut RawInput) {
        self.filter_input(ctx, raw_input);
    }
}
