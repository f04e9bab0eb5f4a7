//! The window as a whole: takes in events, shows sidebar, page, status bar and dialogs, carries out what pages ask for.

use super::action::{Action, Page};
use super::card::{self, Around, SLOW_AFTER};
use super::change_pin::{ChangePin, Wish};
use super::details::Details;
use super::dialogs::{self, Dialog};
use super::icons::Icon;
use super::theme::{self, space};
use super::widgets::{self, Tone, Weight};
use super::{empty, pages, pin_field, save_dialog, sidebar, status_bar, use_language, words};
use crate::app::{
    CheckState, Command, Desk, Event, Hub, KeyState, Language, Settings, SettingsFile, Standing, Task, ThemeChoice,
    timeline,
};
use eframe::egui::{self, CentralPanel, Frame, Margin, RawInput, ScrollArea, ThemePreference, Ui, ViewportCommand};
use rust_i18n::t;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Seconds since 1970 UTC; fixed in tests.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Time that only goes forward, for what lasts; tests let it jump.
pub type Stopwatch = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How the window is set up.
pub struct Setting {
    /// Where the settings are kept.
    pub settings_file: SettingsFile,
    /// Practice keys: marked by a strip. Holds the PIN of the practice keys.
    pub practice: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// Measures how long messages stand and operations last.
    pub stopwatch: Stopwatch,
    /// Folder of settings and trusted roots, shown under 关于.
    pub data_folder: String,
}

/// Longest time a frame spends on taking in events.
const EVENT_BUDGET: Duration = Duration::from_millis(10);
/// How long a success message stays.
const TOAST_TIME: Duration = Duration::from_secs(4);

/// The window.
pub struct Window {
    desk: Desk,
    hub: Hub,
    events: Receiver<Event>,
    setting: Setting,
    settings: Settings,
    page: Page,
    details: Details,
    dialog: Option<Dialog>,
    /// The window shall close while a key is being written: this is asked above the dialog.
    asks_to_close: bool,
    /// What had the keyboard before the dialog took it; outer `None` while there is no dialog.
    focus_below: Option<Option<egui::Id>>,
    toast: Option<(String, Tone, Instant)>,
    seal: Option<(u64, egui::TextureHandle)>,
    /// Input for the next frame: typed behind a key that moves the focus.
    deferred: Vec<egui::Event>,
    styled: bool,
    marked_first_frame: bool,
}

impl Window {
    /// A window over running threads.
    #[must_use]
    pub fn new(hub: Hub, events: Receiver<Event>, setting: Setting) -> Self {
        let (settings, damaged) = setting.settings_file.load();
        use_language(settings.language);
        let toast = damaged.then(|| (t!("settings.damaged").into_owned(), Tone::Warn, (setting.stopwatch)()));
        Self {
            desk: Desk::default(),
            hub,
            events,
            setting,
            settings,
            page: Page::default(),
            details: Details::default(),
            dialog: None,
            asks_to_close: false,
            focus_below: None,
            toast,
            seal: None,
            deferred: Vec::new(),
            styled: false,
            marked_first_frame: false,
        }
    }

    /// Title of the window.
    #[must_use]
    pub fn title(practice: bool) -> String {
        if practice { t!("app.title_practice").into_owned() } else { t!("app.name").into_owned() }
    }

    /// What lies on the desk, for tests.
    #[must_use]
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    fn instant(&self) -> Instant {
        (self.setting.stopwatch)()
    }

    fn chinese(&self) -> bool {
        self.settings.language == Language::Chinese
    }

    /// Takes PIN characters out of the input before the toolkit sees them.
    pub fn filter_input(&mut self, ctx: &egui::Context, input: &mut RawInput) {
        let mut early = std::mem::take(&mut self.deferred);
        let Some(Dialog::ChangePin(dialog)) = &mut self.dialog else {
            // typed for a dialog that has closed since
            pin_field::wipe(&mut early);
            input.events.splice(0..0, early);
            return;
        };
        input.events.splice(0..0, early);
        let focused = ctx.memory(|memory| memory.focused());
        let modifiers = ctx.input(|input| input.modifiers);
        self.deferred = dialog.absorb(focused, &mut input.events, modifiers);
        if !self.deferred.is_empty() {
            ctx.request_repaint();
        }
    }

    /// Takes in what happened since the last call.
    pub fn take_events(&mut self, ctx: &egui::Context) {
        let (start, now) = (Instant::now(), self.instant());
        while start.elapsed() < EVENT_BUDGET {
            let Ok(event) = self.events.try_recv() else { return };
            let complete = match &event {
                Event::Contents { slot, .. } => Some(*slot),
                _ => None,
            };
            self.desk.apply(event, now);
            if let Some(key) = complete.and_then(|slot| self.desk.key(slot)) {
                timeline::mark("card-complete", &key.slot.reader);
            }
            self.after_event(now);
        }
        ctx.request_repaint();
    }

    fn after_event(&mut self, now: Instant) {
        if let Some(outcome) = self.desk.pin_outcome.take() {
            let succeeded = outcome.result.is_ok();
            timeline::mark("pin-changed", succeeded);
            match &mut self.dialog {
                Some(Dialog::ChangePin(dialog)) if dialog.slot() == outcome.slot => {
                    if dialog.finish(outcome) {
                        self.dialog = None;
                    }
                }
                _ => self.dialog = outcome.result.err().map(Dialog::Fault),
            }
            if succeeded {
                self.toast = Some((t!("pin.changed").into_owned(), Tone::Ok, now));
            }
        }
        // a key that is gone takes its dialog along; how its change ended is still told
        if let Some(Dialog::ChangePin(dialog)) = &mut self.dialog
            && self.desk.key(dialog.slot()).is_none()
        {
            self.dialog = dialog.broken_off().map(Dialog::Fault);
        }
        match self.desk.saved.take() {
            Some(Ok(path)) => {
                self.toast = Some((t!("save.done", path = path.display()).into_owned(), Tone::Ok, now));
            }
            Some(Err(fault)) => self.dialog = Some(Dialog::Fault(fault)),
            None => {}
        }
    }

    /// Shows one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        if !std::mem::replace(&mut self.styled, true) {
            self.apply_theme(&ctx);
        }
        self.guard_closing(&ctx);
        let mut actions = Vec::new();
        let now = (self.setting.clock)();
        sidebar::show(ui, &self.desk, self.page, now, &mut actions);
        status_bar::show(ui, self.desk.service.as_ref());
        CentralPanel::default().frame(Frame::new().fill(theme::palette(&ctx).ground)).show(ui, |ui| {
            sidebar::edge(ui);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                Frame::new().inner_margin(Margin::symmetric(24, 20)).show(ui, |ui| self.content(ui, now, &mut actions));
            });
        });
        self.show_toast(&ctx);
        self.show_dialog(&ctx, &mut actions);
        for action in actions {
            self.perform(&ctx, action);
        }
        self.plan_repaint(&ctx, now);
        if !std::mem::replace(&mut self.marked_first_frame, true) {
            timeline::mark("first-frame", "");
        }
    }

    fn content(&mut self, ui: &mut Ui, now: i64, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = space::S;
        if let Some(pin) = &self.setting.practice {
            widgets::strip(ui, Icon::Info, Tone::Warn, &t!("practice.strip", pin = pin), |_| {});
            ui.add_space(space::XS);
        }
        if self.page != Page::Keys {
            pages::show(ui, self.page, &self.settings, &self.setting.data_folder, actions);
            return;
        }
        self.banner(ui, now, actions);
        let chinese = self.chinese();
        let Some(key) = self.desk.chosen() else {
            empty::no_key(ui, &self.desk, chinese, actions);
            return;
        };
        let instant = self.instant();
        let seal = seal_texture(ui.ctx(), &mut self.seal, key.slot.id, &key.state);
        let around = Around { now, instant, chinese, seal };
        card::show(ui, key, &mut self.details, &around, actions);
    }

    /// Only the most urgent key has a banner.
    fn banner(&self, ui: &mut Ui, now: i64, actions: &mut Vec<Action>) {
        let views = self.desk.keys.iter().filter_map(|key| Some((key.slot.id, key.view()?)));
        let urgent = views.filter_map(|(slot, view)| {
            let standing = view.standing(now);
            Some((standing.urgency()?, slot, words::owner(view), standing))
        });
        let Some((_, slot, owner, standing)) = urgent.min_by_key(|(urgency, ..)| *urgency) else { return };
        let alone = self.desk.keys.len() == 1;
        let (text, tone) = match standing {
            Standing::Expired(days) => (t!("banner.expired", days = words::days(days)), Tone::Danger),
            Standing::Expiring(0) => (t!("banner.last_day"), Tone::Danger),
            Standing::Expiring(days) => (t!("banner.expiring", days = words::days(days)), Tone::Warn),
            _ => return,
        };
        let text = if alone { text.into_owned() } else { t!("banner.of", owner = owner, text = text).into_owned() };
        widgets::strip(ui, Icon::Warning, tone, &text, |ui| {
            if standing.main_action().is_some()
                && widgets::button(ui, &t!("banner.button"), Weight::Normal, None).clicked()
            {
                actions.push(Action::Choose(slot));
                actions.push(Action::Renew(slot));
            }
        });
        ui.add_space(space::XS);
    }

    fn show_dialog(&mut self, ctx: &egui::Context, actions: &mut Vec<Action>) {
        let chinese = self.chinese();
        self.asks_to_close &= self.desk.is_writing();
        self.hand_over_focus(ctx);
        if self.asks_to_close {
            self.asks_to_close = dialogs::closing(ctx, actions) == Wish::Stay;
            return;
        }
        let Some(dialog) = &mut self.dialog else { return };
        let wish = match dialog {
            Dialog::ChangePin(dialog) => dialog.show(ctx, &self.desk, chinese, actions),
            Dialog::Export(export) => export.show(ctx, &self.desk, &self.hub, actions),
            Dialog::Fault(fault) => dialogs::fault(ctx, fault, chinese, actions),
        };
        if wish == Wish::Close {
            self.dialog = None;
            actions.retain(|action| !matches!(action, Action::CloseDialog));
        }
    }

    /// A dialog takes the keyboard from the page below and gives it back when it closes.
    fn hand_over_focus(&mut self, ctx: &egui::Context) {
        let open = self.dialog.is_some() || self.asks_to_close;
        ctx.memory_mut(|memory| match (open, self.focus_below) {
            (true, None) => {
                timeline::mark("dialog", "open");
                let focused = memory.focused();
                self.focus_below = Some(focused);
                focused.into_iter().for_each(|id| memory.surrender_focus(id));
            }
            (false, Some(below)) => {
                timeline::mark("dialog", "closed");
                self.focus_below = None;
                below.into_iter().for_each(|id| memory.request_focus(id));
            }
            _ => {}
        });
    }

    fn perform(&mut self, ctx: &egui::Context, action: Action) {
        let now = self.instant();
        match action {
            Action::Command(command) => {
                if let Command::ChangePin { slot, .. } = &command
                    && let Some(key) = self.desk.key_mut(*slot)
                {
                    key.task = Some((Task::ChangingPin, now));
                }
                if let Command::Refresh(slot) = &command
                    && let Some(key) = self.desk.key_mut(*slot)
                {
                    key.task = Some((Task::Reading, now));
                }
                self.hub.send(command);
            }
            Action::Open(page) => self.page = page,
            Action::Choose(slot) => self.desk.choose(slot),
            Action::ChangePin(slot) => {
                if let Some(view) = self.desk.key(slot).and_then(|key| key.view()) {
                    self.dialog = Some(Dialog::ChangePin(Box::new(ChangePin::new(slot, view))));
                }
            }
            Action::Renew(slot) => self.page = Page::Renew(slot),
            Action::Unlock(slot) => self.page = Page::Unlock(slot),
            Action::Export(slot, key_use) => self.dialog = Some(Dialog::Export(dialogs::Export::new(slot, key_use))),
            Action::Check(slot, key_use) => self.check(slot, key_use),
            Action::SaveDiagnosis(slot) => {
                if let Some(key) = self.desk.key(slot) {
                    save_dialog::ask(&self.hub, save_dialog::diagnosis(key));
                }
            }
            Action::Copy(text) => {
                ctx.copy_text(text);
                self.toast = Some((t!("action.copied").into_owned(), Tone::Ok, now));
            }
            Action::Settings(settings) => self.change_settings(ctx, settings),
            Action::CloseDialog => self.dialog = None,
            Action::CloseAnyway => {
                self.dialog = None;
                for key in &mut self.desk.keys {
                    key.task = None;
                }
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    fn check(&mut self, slot: u64, key_use: crate::app::KeyUse) {
        let Some(key) = self.desk.key_mut(slot) else { return };
        let Some(certificate) = key.view().and_then(|view| view.by_use(key_use).certificate()) else { return };
        let certificate = certificate.der().to_vec();
        key.checks.insert(key_use, CheckState::Running);
        self.hub.send(Command::Check { slot, key_use, certificate });
    }

    fn change_settings(&mut self, ctx: &egui::Context, settings: Settings) {
        self.settings = settings;
        use_language(self.settings.language);
        self.apply_theme(ctx);
        ctx.send_viewport_cmd(ViewportCommand::Title(Self::title(self.setting.practice.is_some())));
        if let Err(fault) = self.setting.settings_file.store(&self.settings) {
            self.dialog = Some(Dialog::Fault(fault));
        }
    }

    fn apply_theme(&self, ctx: &egui::Context) {
        ctx.set_theme(match self.settings.theme {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::Dark => ThemePreference::Dark,
        });
    }

    /// Closing while a key is being written asks first.
    fn guard_closing(&mut self, ctx: &egui::Context) {
        if ctx.input(|input| input.viewport().close_requested()) && self.desk.is_writing() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.asks_to_close = true;
        }
    }

    fn show_toast(&mut self, ctx: &egui::Context) {
        let Some((text, tone, since)) = &self.toast else { return };
        let age = self.instant().saturating_duration_since(*since);
        if age >= TOAST_TIME {
            self.toast = None;
            return;
        }
        ctx.request_repaint_after(TOAST_TIME - age);
        dialogs::toast(ctx, text, *tone);
    }

    /// Wakes up only for what changes by time alone: the hint that something takes long, and midnight.
    fn plan_repaint(&self, ctx: &egui::Context, now: i64) {
        let instant = self.instant();
        let tasks = self.desk.keys.iter().filter_map(|key| key.task);
        let started = tasks.map(|(_, since)| instant.saturating_duration_since(since));
        if let Some(waiting) = started.filter(|age| *age < SLOW_AFTER).max() {
            ctx.request_repaint_after(SLOW_AFTER - waiting + Duration::from_millis(20));
        }
        const DAY: i64 = 86_400;
        const BEIJING: i64 = 8 * 3600;
        let to_midnight = DAY - (now + BEIJING).rem_euclid(DAY);
        ctx.request_repaint_after(Duration::from_secs(u64::try_from(to_midnight).unwrap_or(3600) + 1));
    }
}

/// The seal picture of the chosen key as a texture, made once per key.
fn seal_texture<'a>(
    ctx: &egui::Context,
    cache: &'a mut Option<(u64, egui::TextureHandle)>,
    slot: u64,
    state: &KeyState,
) -> Option<&'a egui::TextureHandle> {
    let KeyState::Ready(view) = state else { return None };
    let picture = view.seal.as_ref()?;
    if cache.as_ref().is_none_or(|(of, _)| *of != slot) {
        let image = egui::ColorImage::from_rgba_unmultiplied([picture.width, picture.height], &picture.rgba);
        *cache = Some((slot, ctx.load_texture("seal", image, egui::TextureOptions::LINEAR)));
    }
    cache.as_ref().map(|(_, texture)| texture)
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.take_events(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let start = Instant::now();
        self.show(ui);
        if timeline::enabled() {
            timeline::mark("frame-us", start.elapsed().as_micros());
        }
    }

    fn raw_input_hook(&mut self, ctx: &egui::Context, raw_input: &mut RawInput) {
        self.filter_input(ctx, raw_input);
    }
}
