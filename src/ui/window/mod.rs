//! The window as a whole: takes in events, shows sidebar, page, status bar and dialogs, carries out what pages ask for.

mod events;
mod pages;
mod perform;
mod summons;

use crate::app::check;
use crate::app::contact::Contacts;
use crate::app::desktop::{crash::Crash, instance::Target};
use crate::app::reminders::Reminders;
use crate::app::{
    Backend, Event, KeyState, Language, Model, Notice, Settings, SettingsFile, Standing, ThemeChoice, UpdateStage,
    timeline,
};
use crate::ui::action::{Action, Page};
use crate::ui::card::{self, PageContext, SLOW_AFTER};
use crate::ui::change_pin::Wish;
use crate::ui::details::Details;
use crate::ui::dialogs::{self, Dialog};
use crate::ui::foot::Body;
use crate::ui::icons::Icon;
use crate::ui::pin_field::{self, PinTaker};
use crate::ui::renewal::Wizard;
use crate::ui::theme::{self, space};
use crate::ui::toast::Toast;
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::{
    crash, empty, environment, log, orders, practice_messages, preferences, sidebar, status_bar, unlock, use_language,
    wizard, words,
};
use ca_client::Profiles;
use eframe::egui::{self, CentralPanel, Frame, Margin, RawInput, ThemePreference, Ui};
use order_api::OrderKind;
use rust_i18n::t;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use summons::Guest;
pub use summons::{StartTray, start_tray};

/// Seconds since 1970 UTC; fixed in tests.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Time that only goes forward, for what lasts; tests let it jump.
pub type Stopwatch = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Shows a message by the desktop; must not block.
pub type Notify = Arc<dyn Fn(Notice) + Send + Sync>;

/// How the window is set up.
pub struct Setting {
    /// Where the settings are kept.
    pub settings_file: SettingsFile,
    /// Practice keys: marked by a strip. Holds the PIN of the practice keys.
    pub practice: Option<String>,
    /// Practice: the contact the practice CA has of its holders, to be typed by the person who practises.
    pub practice_contact: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// Measures how long messages stand and operations last.
    pub stopwatch: Stopwatch,
    /// Folders of settings and data, shown under 关于.
    pub folders: check::Folders,
    /// CAs known to the program, for 综合服务 and 设置.
    pub profiles: Profiles,
    /// The last run ended by a fault of the program.
    pub crash: Option<Crash>,
    /// What is shown first.
    pub target: Target,
    /// The window waits in the tray at first.
    pub background: bool,
    /// Set when the person wants the new version to be started after this one has ended.
    pub new_version: Arc<AtomicBool>,
    /// Starts the tray; `None` where there shall be none.
    pub tray: Option<StartTray>,
    /// Shows a message by the desktop.
    pub notify: Notify,
    /// Where is kept of what was reminded; `None` keeps it in memory only.
    pub reminders_file: Option<PathBuf>,
    /// Where the contact used last for each key is kept; `None` keeps it in memory only.
    pub contacts_file: Option<PathBuf>,
}

/// Longest time a frame spends on taking in events.
const EVENT_BUDGET: Duration = Duration::from_millis(10);

/// The window.
pub struct Window {
    model: Model,
    engine: Box<dyn Backend>,
    events: Receiver<Event>,
    setting: Setting,
    settings: Settings,
    page: Page,
    details: Details,
    /// What was typed in each open wizard, by slot.
    wizards: HashMap<u64, Wizard>,
    /// As above, of 找回密码.
    unlocks: HashMap<u64, unlock::Wizard>,
    /// What is open under 环境检测.
    environment: environment::View,
    /// What stands in the fields of 设置.
    preferences: preferences::View,
    /// What is looked for in the log.
    log: log::View,
    /// Details are being logged.
    log_details: bool,
    /// 检查更新 was asked for in the status bar, and its end was not told yet.
    update_awaited: bool,
    /// Slots whose CA was asked how it is reached.
    reached: HashSet<u64>,
    contacts: Contacts,
    reminders: Reminders,
    /// The day on which every key was last looked at for a reminder.
    reminded: i64,
    dialog: Option<Dialog>,
    /// The window shall close while a key is being written: this is asked above the dialog.
    asks_to_close: bool,
    /// What had the keyboard before the dialog took it; outer `None` while there is no dialog.
    focus_below: Option<Option<egui::Id>>,
    toast: Option<Toast>,
    seal: Option<(u64, egui::TextureHandle)>,
    /// Input for the next frame: typed behind a key that moves the focus.
    deferred: Vec<egui::Event>,
    styled: bool,
    marked_first_frame: bool,
    guest: Guest,
}

impl Window {
    /// A window over running threads.
    #[must_use]
    pub fn new(engine: impl Backend + 'static, events: Receiver<Event>, setting: Setting) -> Self {
        let (settings, damaged) = setting.settings_file.load();
        use_language(settings.language);
        if damaged {
            timeline::mark("set-aside", "settings.json");
        }
        let toast = damaged.then(|| Toast::new(t!("settings.damaged"), Tone::Warn, (setting.stopwatch)()));
        let guest = Guest::arriving(&setting.target, setting.background);
        let reminders = Reminders::at(setting.reminders_file.clone());
        let reminded = events::day(&setting.clock);
        let contacts = Contacts::at(setting.contacts_file.clone());
        let mut model = Model::default();
        model.set_aside.extend([reminders.set_aside(), contacts.set_aside()].into_iter().flatten().map(PathBuf::from));
        if setting.settings_file.presets().updates_off() {
            model.update = UpdateStage::TurnedOff;
        }
        let crash = setting.crash.clone().map(|crash| Dialog::Crash(crash::CrashDialog::new(crash)));
        Self {
            model,
            engine: Box::new(engine),
            events,
            setting,
            settings,
            page: Page::default(),
            details: Details::default(),
            wizards: HashMap::new(),
            unlocks: HashMap::new(),
            environment: environment::View::default(),
            preferences: preferences::View::default(),
            log: log::View::default(),
            log_details: false,
            update_awaited: false,
            reached: HashSet::new(),
            contacts,
            reminders,
            reminded,
            dialog: crash,
            asks_to_close: false,
            focus_below: None,
            toast,
            seal: None,
            deferred: Vec::new(),
            styled: false,
            marked_first_frame: false,
            guest,
        }
    }

    /// Title of the window.
    #[must_use]
    pub fn title(practice: bool) -> String {
        if practice { t!("app.title_practice").into_owned() } else { t!("app.name").into_owned() }
    }

    /// What lies on the desk, for tests.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
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
        let Some(taker) = self.pin_taker() else {
            // typed for a PIN field that is gone since
            pin_field::wipe(&mut early);
            input.events.splice(0..0, early);
            return;
        };
        input.events.splice(0..0, early);
        let focused = ctx.memory(|memory| memory.focused());
        let modifiers = ctx.input(|input| input.modifiers);
        self.deferred = taker.absorb(focused, &mut input.events, modifiers);
        if !self.deferred.is_empty() {
            ctx.request_repaint();
        }
    }

    /// The one place that takes a PIN now: the dialog, else the wizard.
    fn pin_taker(&mut self) -> Option<&mut dyn PinTaker> {
        match (&mut self.dialog, self.page) {
            (Some(Dialog::ChangePin(dialog)), _) => Some(dialog.as_mut()),
            (Some(Dialog::RemoveHistory(dialog)), _) => Some(dialog.as_mut()),
            (Some(Dialog::Unblock(dialog)), _) => Some(dialog.as_mut()),
            (None, Page::Unlock(slot)) => {
                let wizard = self.unlocks.get_mut(&slot).filter(|wizard| wizard.shows_pin());
                wizard.map(|wizard| wizard as &mut dyn PinTaker)
            }
            (None, Page::Renew(slot)) => {
                let wizard = self.wizards.get_mut(&slot).filter(|wizard| wizard.shows_pin());
                wizard.map(|wizard| wizard as &mut dyn PinTaker)
            }
            _ => None,
        }
    }

    /// Takes in what happened since the last call.
    pub fn take_events(&mut self, ctx: &egui::Context) {
        let (start, now) = (Instant::now(), self.instant());
        self.remind_at_midnight();
        while start.elapsed() < EVENT_BUDGET {
            let Ok(event) = self.events.try_recv() else { return self.answer_desktop(ctx) };
            self.take(ctx, event, now);
        }
        self.answer_desktop(ctx);
        ctx.request_repaint();
    }

    /// Shows one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        if !std::mem::replace(&mut self.styled, true) {
            self.apply_theme(&ctx);
        }
        // a screen reader names the window as its title bar does
        let title = Self::title(self.setting.practice.is_some());
        ctx.accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(title));
        self.guard_closing(&ctx);
        let mut actions = Vec::new();
        let now = (self.setting.clock)();
        sidebar::show(ui, &self.model, self.page, now, &mut actions);
        let status = status_bar::reserve(ui);
        practice_messages::show(ui, &self.model.messages);
        self.log_strip(ui, &mut actions);
        self.version_strip(ui, &mut actions);
        CentralPanel::default().frame(Frame::new().fill(theme::palette(&ctx).ground)).show(ui, |ui| {
            sidebar::edge(ui);
            let gap = self.toast_height(ui);
            let body = Body { id: self.page_id(), height: ui.available_height(), gap, fills: true };
            let ((), gap) = body.show(ui, |ui| {
                Frame::new().inner_margin(Margin::symmetric(24, 20)).show(ui, |ui| self.content(ui, now, &mut actions));
            });
            self.show_toast(ui, gap);
        });
        status_bar::show(ui, status, &self.model, self.chinese(), &mut actions);
        self.show_dialog(&ctx, &mut actions);
        for action in actions {
            self.perform(&ctx, action);
        }
        self.forget_pins_elsewhere();
        self.plan_repaint(&ctx, now);
        if !std::mem::replace(&mut self.marked_first_frame, true) {
            timeline::mark("first-frame", "");
        }
    }

    fn content(&mut self, ui: &mut Ui, now: i64, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = space::S;
        if let Some(pin) = &self.setting.practice {
            widgets::strip(ui, Icon::Info, Tone::Warn, &t!("practice.strip", pin = pin), |_| {});
            if let (Page::Unlock(_), Some(contact)) = (self.page, &self.setting.practice_contact) {
                widgets::caption(ui, &t!("practice.contact", contact = contact));
            }
            ui.add_space(space::XS);
        }
        let (chinese, instant) = (self.chinese(), self.instant());
        let wizard_around = wizard::PageContext { now, instant, chinese, counter: self.settings.counter_mode };
        match self.page {
            Page::Keys => {}
            Page::Renew(slot) => {
                let wizard = self.wizards.entry(slot).or_insert_with(|| Wizard::new(slot));
                wizard.show(ui, &self.model, &wizard_around, actions);
                return;
            }
            Page::Unlock(slot) => {
                let new = (!self.unlocks.contains_key(&slot)).then(|| (slot, self.unlock_wizard(slot)));
                self.unlocks.extend(new);
                if let Some(wizard) = self.unlocks.get_mut(&slot) {
                    wizard.show(ui, &self.model, &wizard_around, actions);
                }
                return;
            }
            Page::Orders => {
                orders::show(ui, &self.model, chinese, actions);
                return;
            }
            page => {
                self.other_page(ui, page, actions);
                return;
            }
        }
        self.banner(ui, now, actions);
        let Some(key) = self.model.chosen() else {
            empty::no_key(ui, &self.model, chinese, actions);
            return;
        };
        let seal = seal_texture(ui.ctx(), &mut self.seal, key.slot.id, &key.state);
        let around = PageContext { now, instant, chinese, seal, model: &self.model };
        card::show(ui, key, &mut self.details, &around, actions);
    }

    /// Only the most urgent key has a banner.
    fn banner(&self, ui: &mut Ui, now: i64, actions: &mut Vec<Action>) {
        let views = self.model.keys.iter().filter_map(|key| Some((key.slot.id, key.view()?)));
        let urgent = views.filter_map(|(slot, view)| {
            let standing = view.standing(now);
            Some((standing.urgency()?, slot, words::brief(&words::owner(view), words::NAME), standing))
        });
        let Some((_, slot, owner, standing)) = urgent.min_by_key(|(urgency, ..)| *urgency) else { return };
        let alone = self.model.keys.len() == 1;
        let (text, tone) = match standing {
            Standing::Expired(days) => (t!("banner.expired", days = words::days(days)), Tone::Danger),
            Standing::Expiring(0) => (t!("banner.last_day"), Tone::Danger),
            Standing::Expiring(days) => (t!("banner.expiring", days = words::days(days)), Tone::Warn),
            _ => return,
        };
        let text = if alone { text.into_owned() } else { t!("banner.of", owner = owner, text = text).into_owned() };
        widgets::strip(ui, Icon::Warning, tone, &text, |ui| {
            let word = match self.model.open_order(slot, OrderKind::Renew) {
                Some(_) => t!("banner.continue"),
                None if standing.main_action().is_some() => t!("banner.button"),
                // too late for a renewal
                None => return,
            };
            if widgets::button(ui, &word, Weight::Normal, None).clicked() {
                actions.push(Action::Renew(slot));
            }
        });
        ui.add_space(space::XS);
    }

    fn show_dialog(&mut self, ctx: &egui::Context, actions: &mut Vec<Action>) {
        let chinese = self.chinese();
        let writing = self.model.writing();
        self.asks_to_close &= writing.is_some();
        if let Some(Dialog::Leave(slot, _)) = self.dialog
            && !self.is_written(slot)
        {
            // it is done: there is nothing to ask any more
            self.dialog = None;
        }
        self.hand_over_focus(ctx);
        if let Some(writing) = writing.filter(|_| self.asks_to_close) {
            self.asks_to_close = dialogs::closing(ctx, writing, actions) == Wish::Stay;
            return;
        }
        let Some(dialog) = &mut self.dialog else { return };
        let wish = match dialog {
            Dialog::ChangePin(dialog) => dialog.show(ctx, &self.model, chinese, actions),
            Dialog::Export(export) => export.show(ctx, &self.model, self.engine.as_ref(), actions),
            Dialog::RemoveHistory(dialog) => dialog.show(ctx, &self.model, chinese, actions),
            Dialog::Unblock(dialog) => dialog.show(ctx, &self.model, chinese, actions),
            Dialog::Leave(_, writing) => dialogs::leaving(ctx, *writing, actions),
            Dialog::GiveUp(dialog) => dialog.show(ctx, actions),
            Dialog::Report(dialog) => dialog.show(ctx, actions),
            Dialog::Repair(dialog) => dialog.show(ctx, actions),
            Dialog::Crash(dialog) => dialog.show(ctx, actions),
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

    fn apply_theme(&self, ctx: &egui::Context) {
        ctx.set_theme(match self.settings.theme {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::Dark => ThemePreference::Dark,
        });
    }

    /// Id of what is shown at the right: each key has a page of its own.
    fn page_id(&self) -> egui::Id {
        let key = self.model.chosen().filter(|_| self.page == Page::Keys).map(|key| key.slot.id);
        egui::Id::unique(("page", self.page, key))
    }

    /// Room for the message; none when there is none.
    fn toast_height(&mut self, ui: &Ui) -> f32 {
        let (now, page) = (self.instant(), self.page);
        self.toast.take_if(|toast| !toast.stands(now, page));
        self.toast.as_ref().map_or(0.0, |toast| toast.height(ui))
    }

    fn show_toast(&mut self, ui: &mut Ui, place: egui::Rect) {
        let now = self.instant();
        self.toast.take_if(|toast| toast.show(ui, place, now));
    }

    /// Wakes up only for what changes by time alone: the hint that something takes long, and midnight.
    fn plan_repaint(&self, ctx: &egui::Context, now: i64) {
        let instant = self.instant();
        let tasks = self.model.keys.iter().filter_map(|key| key.task);
        let started = tasks.map(|(_, since)| instant.saturating_duration_since(since));
        if let Some(waiting) = started.filter(|age| *age < SLOW_AFTER).max() {
            ctx.request_repaint_after(SLOW_AFTER - waiting + Duration::from_millis(20));
        }
        if let Page::Renew(slot) = self.page
            && let Some(wakes) = self.wizards.get(&slot).and_then(|wizard| wizard.wakes_in(&self.model, now, instant))
        {
            ctx.request_repaint_after(wakes);
        }
        if let Page::Unlock(slot) = self.page
            && let Some(wakes) = self.unlocks.get(&slot).and_then(|wizard| wizard.wakes_in(&self.model, now, instant))
        {
            ctx.request_repaint_after(wakes);
        }
        let to_midnight = u64::try_from(events::to_midnight(now)).unwrap_or(3600);
        ctx.request_repaint_after(Duration::from_secs(to_midnight + 1));
    }

    /// A PIN typed on a page that was left is not kept.
    fn forget_pins_elsewhere(&mut self) {
        let page = self.page;
        self.wizards.iter_mut().filter(|(slot, _)| page != Page::Renew(**slot)).for_each(|(_, one)| one.forget_pin());
        self.unlocks.iter_mut().filter(|(slot, _)| page != Page::Unlock(**slot)).for_each(|(_, one)| one.forget_pin());
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
