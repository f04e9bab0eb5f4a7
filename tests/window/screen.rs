//! A screen, a keyboard and a pointer: drives [`Window`] frame by frame as the real program does – input hook, events,
//! page – and finds everything by accessible name. Nothing is waited for by sleeping: the window's own wake-up ends a wait.

use crate::bench::{Bench, NOW};
use crate::paint::{Picture, Textures};
use ca_client::Profiles;
use cert_assistant::app::check;
use cert_assistant::app::desktop::crash::Crash;
use cert_assistant::app::desktop::instance::Target;
use cert_assistant::app::{
    Ask, Backend, Command as Asked, Engine, EngineContext, Event as Happened, KeyState, Language, Notice, Presets,
    RenewalAsk, Settings, SettingsFile, Site, UnlockAsk,
};
use cert_assistant::ui::{Setting, Window, theme};
use eframe::egui::accesskit::{Live, Role, Toggled};
use eframe::egui::{
    Context, Event, FullOutput, Key, Modifiers, OutputCommand, Pos2, RawInput, Rect, Theme, Vec2, ViewportCommand,
    ViewportEvent, ViewportId, accessibility, vec2,
};
use egui_kittest::kittest::{self, NodeT, Queryable, by};
use egui_kittest::{EventQueue, Node};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A wait that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(50);
/// More frames than this without rest: something repaints for ever.
const RESTLESS: usize = 60;

/// The language of texts is one of the whole process: tests in one process take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Rings when the window is woken up.
#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    sound: Condvar,
}

/// How a screen is set up.
pub struct Plan<'a> {
    bench: &'a Arc<Bench>,
    size: Vec2,
    settings: Option<&'a Path>,
    practice: Option<String>,
    reminders: Option<&'a Path>,
    contacts: Option<&'a Path>,
    english: bool,
    theme: Theme,
    scale: f32,
    crash: Option<Crash>,
    presets: Arc<Presets>,
    profiles: Profiles,
    roots: Option<&'a Path>,
}

/// The threads behind the window, but for what a CA or the journal would do: that is written down, and the test answers.
struct Stage {
    engine: Engine,
    asked: Arc<Mutex<Vec<Asked>>>,
    aside: Arc<Mutex<Vec<Asked>>>,
    saves: Arc<Mutex<usize>>,
}

impl Backend for Stage {
    fn send(&self, command: Asked) {
        match command {
            // asked for by the window itself
            Asked::ReachCa(_) | Asked::Autostart(None) | Asked::DesktopIcon(None) | Asked::LookForNewVersion => {
                self.aside.lock().unwrap().push(command);
            }
            Asked::Renewal { .. }
            | Asked::Unlock { .. }
            | Asked::RefreshOrders
            | Asked::ForgetOrder(_)
            | Asked::GiveUpOrder(_)
            | Asked::RemoveHistory { .. }
            | Asked::CheckEnvironment
            | Asked::Repair { .. }
            | Asked::CheckUpdate
            | Asked::DownloadUpdate(_)
            | Asked::CancelDownload
            | Asked::InstallUpdate { .. }
            | Asked::Autostart(_)
            | Asked::DesktopIcon(_)
            | Asked::UseProxy(_)
            | Asked::LogDetails(_)
            | Asked::OpenFolder(_)
            | Asked::RemoveReport(_)
            | Asked::ReadLog => {
                self.asked.lock().unwrap().push(command);
            }
            command => self.engine.send(command),
        }
    }

    fn save_to(&self, _: Ask) {
        // it would open a dialog of the system
        *self.saves.lock().unwrap() += 1;
    }
}

/// The screen.
pub struct Screen {
    pub ctx: Context,
    pub window: Window,
    tree: kittest::State,
    queue: EventQueue,
    input: RawInput,
    /// Last frame, for what tests look for in it.
    pub output: FullOutput,
    /// Everything put on the clipboard.
    pub copied: Vec<String>,
    /// True when the window has closed.
    pub closed: bool,
    /// The title it last asked for.
    pub title: Option<String>,
    /// Addresses it opened in the browser.
    pub browsed: Vec<String>,
    /// True when it asked for attention in the task bar.
    pub calls: bool,
    textures: Textures,
    asked: Arc<Mutex<Vec<Asked>>>,
    aside: Arc<Mutex<Vec<Asked>>>,
    saves: Arc<Mutex<usize>>,
    notices: Arc<Mutex<Vec<Notice>>>,
    tell: Sender<Happened>,
    later: Arc<Mutex<Duration>>,
    bell: Arc<Bell>,
    new_version: Arc<AtomicBool>,
    _turn: MutexGuard<'static, ()>,
}

impl<'a> Plan<'a> {
    /// A window of usual width that is so high that nothing has to be scrolled.
    pub fn new(bench: &'a Arc<Bench>) -> Self {
        Self {
            bench,
            size: vec2(960.0, 1400.0),
            settings: None,
            practice: None,
            reminders: None,
            contacts: None,
            english: false,
            theme: Theme::Light,
            scale: 1.0,
            crash: None,
            presets: Arc::default(),
            profiles: Profiles::load(None).0,
            roots: None,
        }
    }

    pub fn size(mut self, width: f32, height: f32) -> Self {
        self.size = vec2(width, height);
        self
    }

    pub fn settings(mut self, path: &'a Path) -> Self {
        self.settings = Some(path);
        self
    }

    pub fn practice(mut self, pin: &str) -> Self {
        self.practice = Some(pin.to_owned());
        self
    }

    pub fn english(mut self, english: bool) -> Self {
        self.english = english;
        self
    }

    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// Pixels a point.
    pub fn scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    pub fn reminders(mut self, path: &'a Path) -> Self {
        self.reminders = Some(path);
        self
    }

    pub fn contacts(mut self, path: &'a Path) -> Self {
        self.contacts = Some(path);
        self
    }

    /// The last run ended so.
    pub fn crash(mut self, crash: Crash) -> Self {
        self.crash = Some(crash);
        self
    }

    /// What the administrator set.
    #[cfg(unix)] // as what shows it
    pub fn presets(mut self, presets: Arc<Presets>) -> Self {
        self.presets = presets;
        self
    }

    /// CAs known to the program.
    pub fn profiles(mut self, profiles: Profiles) -> Self {
        self.profiles = profiles;
        self
    }

    /// A folder of roots beside the one of the keys.
    pub fn roots(mut self, folder: &'a Path) -> Self {
        self.roots = Some(folder);
        self
    }

    pub fn open(self) -> Screen {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let bell = Arc::new(Bell::default());
        let later = Arc::new(Mutex::new(Duration::ZERO));
        let mut trust = self.roots.map(certificate::TrustStore::from_folder).unwrap_or_default();
        for der in [self.bench.ca.root(), self.bench.ca.operation()] {
            trust.add(certificate::Certificate::parse(der).unwrap());
        }
        let (engine, heard) = Engine::start(EngineContext {
            source: Arc::clone(self.bench) as _,
            trust: Arc::new(move || trust.clone()),
            wake: Arc::new(|| ()),
            online: None,
            site: Site::default(),
        });
        let (tell, events) = channel();
        relay(heard, tell.clone(), Arc::clone(&bell));
        let (asked, notices) = (Arc::default(), Arc::<Mutex<Vec<Notice>>>::default());
        let (aside, saves, new_version) = (Arc::default(), Arc::default(), Arc::default());
        let stage = Stage { engine, asked: Arc::clone(&asked), aside: Arc::clone(&aside), saves: Arc::clone(&saves) };
        let folder = tempfile::tempdir().unwrap();
        let english = self.english.then(|| folder.path().join("settings.json"));
        if let Some(path) = &english {
            let settings = Settings { language: Language::English, ..Settings::default() };
            SettingsFile::at(Some(path.clone())).store(&settings).unwrap();
        }
        let (start, jump, told) = (Instant::now(), Arc::clone(&later), Arc::clone(&notices));
        let passed = Arc::clone(&later);
        let window = Window::new(
            stage,
            events,
            Setting {
                settings_file: SettingsFile::at(self.settings.map(Path::to_owned).or(english)).over(self.presets),
                practice: self.practice,
                practice_contact: None,
                clock: Arc::new(move || *NOW + i64::try_from(passed.lock().unwrap().as_secs()).unwrap()),
                stopwatch: Arc::new(move || start + *jump.lock().unwrap()),
                folders: check::Folders {
                    config: "/home/user/.config/cert-assistant".into(),
                    data: "/home/user/.local/share/cert-assistant".into(),
                    cache: "/home/user/.cache/cert-assistant".into(),
                },
                profiles: self.profiles,
                crash: self.crash,
                target: Target::Window,
                background: false,
                new_version: Arc::clone(&new_version),
                tray: None,
                notify: Arc::new(move |notice| told.lock().unwrap().push(notice)),
                contacts_file: self.contacts.map(Path::to_owned),
                reminders_file: self.reminders.map(Path::to_owned),
            },
        );
        let ctx = Context::default();
        theme::install(&ctx);
        ctx.enable_accesskit();
        ctx.all_styles_mut(|style| style.animation_time = 0.0);
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size)),
            system_theme: Some(self.theme),
            time: Some(0.0),
            ..RawInput::default()
        };
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(self.scale);
        Screen::first(ctx, window, input, Ropes { later, bell, asked, aside, saves, notices, tell, new_version }, turn)
    }
}

/// What a test pulls at behind the window.
struct Ropes {
    later: Arc<Mutex<Duration>>,
    bell: Arc<Bell>,
    asked: Arc<Mutex<Vec<Asked>>>,
    aside: Arc<Mutex<Vec<Asked>>>,
    saves: Arc<Mutex<usize>>,
    notices: Arc<Mutex<Vec<Notice>>>,
    tell: Sender<Happened>,
    new_version: Arc<AtomicBool>,
}

/// Hands on what the threads tell, and rings after it.
fn relay(heard: Receiver<Happened>, tell: Sender<Happened>, bell: Arc<Bell>) {
    std::thread::spawn(move || {
        for event in heard {
            if tell.send(event).is_err() {
                return;
            }
            *bell.rung.lock().unwrap() += 1;
            bell.sound.notify_all();
        }
    });
}

/// A control as a screen reader knows it, and whether it stands in the foot.
pub struct Control {
    pub name: String,
    pub in_foot: bool,
}

impl Screen {
    /// A window over this bench; everything on it has been read.
    pub fn of(bench: &Arc<Bench>) -> Self {
        Self::read(Plan::new(bench), bench)
    }

    /// As [`Screen::of`], set up by a plan.
    pub fn read(plan: Plan<'_>, bench: &Arc<Bench>) -> Self {
        let mut screen = plan.open();
        let cards = bench.cards();
        screen.wait_until("all keys are read", |screen| {
            let model = screen.window.model();
            let read = model.keys.iter().filter(|key| !matches!(key.state, KeyState::Reading)).count();
            model.service.is_some() && read == cards
        });
        screen
    }

    fn first(
        ctx: Context,
        mut window: Window,
        mut input: RawInput,
        ropes: Ropes,
        turn: MutexGuard<'static, ()>,
    ) -> Self {
        let mut textures = Textures::default();
        let mut output = run(&ctx, &mut window, &mut input, &mut textures);
        let tree = kittest::State::new(output.platform_output.accesskit_update.take().unwrap());
        let mut screen = Self {
            ctx,
            window,
            tree,
            queue: EventQueue::default(),
            input,
            output,
            textures,
            copied: Vec::new(),
            closed: false,
            title: None,
            browsed: Vec::new(),
            calls: false,
            asked: ropes.asked,
            aside: ropes.aside,
            saves: ropes.saves,
            notices: ropes.notices,
            tell: ropes.tell,
            later: ropes.later,
            bell: ropes.bell,
            new_version: ropes.new_version,
            _turn: turn,
        };
        screen.after_frame(false);
        screen.settle();
        screen
    }

    /// One frame with these events all at once.
    pub fn frame(&mut self, events: Vec<Event>) {
        self.input.events.extend(events);
        let asked_to_close = self.viewport().events.contains(&ViewportEvent::Close);
        self.output = run(&self.ctx, &mut self.window, &mut self.input, &mut self.textures);
        let update = self.output.platform_output.accesskit_update.take();
        self.tree.update(update.unwrap());
        self.after_frame(asked_to_close);
    }

    fn after_frame(&mut self, asked_to_close: bool) {
        for command in &self.output.platform_output.commands {
            match command {
                OutputCommand::CopyText(text) => self.copied.push(text.clone()),
                OutputCommand::OpenUrl(open) => self.browsed.push(open.url.clone()),
                _ => {}
            }
        }
        let mut kept_open = false;
        let mut close = false;
        for command in &self.output.viewport_output[&ViewportId::ROOT].commands {
            match command {
                ViewportCommand::CancelClose => kept_open = true,
                ViewportCommand::Close => close = true,
                ViewportCommand::RequestUserAttention(_) => self.calls = true,
                ViewportCommand::Title(title) => self.title = Some(title.clone()),
                _ => {}
            }
        }
        self.closed |= asked_to_close && !kept_open;
        if close {
            self.viewport().events.push(ViewportEvent::Close);
        }
    }

    fn viewport(&mut self) -> &mut eframe::egui::ViewportInfo {
        self.input.viewports.entry(ViewportId::ROOT).or_default()
    }

    /// Frames until the window rests, each queued event in a frame of its own.
    pub fn settle(&mut self) {
        let queued = std::mem::take(&mut *self.queue.lock());
        for event in queued {
            self.frame(vec![event]);
        }
        for _ in 0..RESTLESS {
            self.frame(Vec::new());
            let asked_to_close = !self.viewport().events.is_empty();
            let delay = self.output.viewport_output[&ViewportId::ROOT].repaint_delay;
            if delay > Duration::ZERO && !asked_to_close {
                self.check_tree();
                return;
            }
        }
        panic!("the window never rests: {:?}", self.ctx.repaint_causes());
    }

    /// Lets the window take in what happens until `done` holds.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let heard = *self.bell.rung.lock().unwrap();
            self.settle();
            if done(self) {
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            let rung = self.bell.rung.lock().unwrap();
            let late = self.bell.sound.wait_timeout_while(rung, left, |rung| *rung == heard).unwrap().1.timed_out();
            assert!(!late, "waited in vain until {what}; the window shows\n{}", self.text());
        }
    }

    /// Waits until the window shows this text, whole or as a part.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("it shows {text:?}"), |screen| screen.sees(text));
    }

    /// Lets time pass without waiting for it.
    pub fn let_pass(&mut self, time: Duration) {
        *self.later.lock().unwrap() += time;
        self.settle();
    }

    /// Something happened behind the window.
    pub fn happens(&mut self, event: Happened) {
        self.tell.send(event).unwrap();
        self.settle();
    }

    /// What was asked of the threads since the last call.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// The one thing asked of a wizard since the last call, and its slot.
    #[track_caller]
    pub fn asked_renewal(&self) -> (u64, RenewalAsk) {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{} things were asked", asked.len());
        match asked.remove(0) {
            Asked::Renewal { slot, ask } => (slot, ask),
            _ => panic!("not a wizard was asked"),
        }
    }

    /// As [`Screen::asked_renewal`], of 找回密码.
    #[track_caller]
    pub fn asked_unlock(&self) -> (u64, UnlockAsk) {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{} things were asked", asked.len());
        match asked.remove(0) {
            Asked::Unlock { slot, ask } => (slot, ask),
            _ => panic!("not the wizard of an unlock was asked"),
        }
    }

    /// What the window asked for by itself since the last call.
    pub fn asked_aside(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.aside.lock().unwrap())
    }

    /// How often a place to save something was asked for, since the last call.
    pub fn saves(&self) -> usize {
        std::mem::take(&mut *self.saves.lock().unwrap())
    }

    /// Messages on the desktop since the last call.
    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap())
    }

    /// What the window looks like now.
    pub fn picture(&self) -> Picture {
        let size = self.ctx.content_rect().size();
        self.textures.paint(&self.ctx, &self.output, size.x, size.y)
    }

    /// Fails when something reaches beyond the right edge of the page, where no scrolling brings it into view.
    #[track_caller]
    pub fn stays_within_its_width(&self, what: &str) {
        // the tree counts pixels
        let right = (self.ctx.content_rect().right() - 20.0) * self.ctx.pixels_per_point();
        for node in self.nodes() {
            let label = node.accesskit_node().label().or_else(|| node.accesskit_node().value()).unwrap_or_default();
            let named = !label.is_empty() && node.accesskit_node().role() != Role::ScrollView;
            let reaches = node.accesskit_node().bounding_box().map_or(0.0, |area| area.x1 as f32);
            assert!(!named || reaches <= right, "{what}: {label:?} reaches to {reaches}, the page ends at {right}");
        }
    }

    /// Every control by its id in the toolkit.
    pub fn controls_by_id(&self) -> BTreeMap<u64, Control> {
        let controls = self.nodes().filter(|node| accessibility::is_input(node.accesskit_node().role()));
        let control = |node: Node<'_>| {
            let node = node.accesskit_node();
            let above = std::iter::successors(node.parent(), |node| node.parent());
            let in_foot = above.into_iter().any(|node| node.data().author_id() == Some("foot"));
            let name = node.label().unwrap_or_default();
            (node.locate().0.0, Control { name, in_foot })
        };
        controls.map(control).collect()
    }

    /// The window gets another size.
    pub fn resize(&mut self, width: f32, height: f32) {
        self.input.screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(width, height)));
        self.settle();
    }

    /// Time until the window wakes up by itself.
    pub fn rests_for(&self) -> Duration {
        self.output.viewport_output[&ViewportId::ROOT].repaint_delay
    }

    /// Whether the new version shall be started when this one has ended.
    pub fn starts_new_version(&self) -> bool {
        self.new_version.load(Ordering::Relaxed)
    }

    /// The person goes to another window, or comes back.
    pub fn has_keyboard(&mut self, has: bool) {
        self.input.focused = has;
        self.settle();
    }

    /// Asks the window to close, as the cross in its title bar does.
    pub fn ask_to_close(&mut self) {
        self.viewport().events.push(ViewportEvent::Close);
        self.settle();
    }

    /// True when this text stands somewhere, whole or as a part.
    pub fn sees(&self, text: &str) -> bool {
        self.texts().any(|line| line.contains(text))
    }

    /// Fails unless all these texts stand somewhere.
    #[track_caller]
    pub fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.sees(text), "{text:?} is missing in\n{}", self.text());
        }
    }

    /// Fails when one of these texts stands somewhere.
    #[track_caller]
    pub fn hides(&self, texts: &[&str]) {
        for text in texts {
            assert!(!self.sees(text), "{text:?} must not stand in\n{}", self.text());
        }
    }

    /// Everything a screen reader can say, in reading order.
    pub fn text(&self) -> String {
        self.texts().collect::<Vec<_>>().join("\n")
    }

    fn texts(&self) -> impl Iterator<Item = String> + '_ {
        self.nodes().flat_map(|node| {
            let node = node.accesskit_node();
            [node.data().label().map(str::to_owned), node.data().value().map(str::to_owned)].into_iter().flatten()
        })
    }

    /// The value beside the name of a field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let lines: Vec<_> = self.labels();
        let at = lines.iter().position(|line| line == name);
        at.and_then(|at| lines.get(at + 1)).unwrap_or_else(|| panic!("no field {name} in\n{}", self.text())).clone()
    }

    fn labels(&self) -> Vec<String> {
        let labels = self.nodes().filter(|node| node.accesskit_node().role() == Role::Label);
        labels.filter_map(|node| node.accesskit_node().data().value().map(str::to_owned)).collect()
    }

    fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.root().children_recursive()
    }

    fn root(&self) -> Node<'_> {
        Node::new(self.tree.root(), &self.queue, 1.0)
    }

    /// The one control of this name.
    #[track_caller]
    pub fn control(&self, name: &str) -> Node<'_> {
        let found = self.controls(name);
        assert_eq!(found.len(), 1, "{} controls are called {name:?} in\n{}", found.len(), self.text());
        found[0]
    }

    /// All controls of this name.
    pub fn controls(&self, name: &str) -> Vec<Node<'_>> {
        let named = self.root().query_all(by().predicate(|node| accessibility::is_input(node.role())));
        named.filter(|node| node.accesskit_node().label().as_deref() == Some(name)).collect()
    }

    /// Names of the buttons in reading order.
    pub fn buttons(&self) -> Vec<String> {
        let buttons = self.nodes().filter(|node| node.accesskit_node().role() == Role::Button);
        buttons.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// Names and states of the keys in the list.
    pub fn keys(&self) -> Vec<String> {
        let rows = self.nodes().filter(|node| node.accesskit_node().role() == Role::ListBoxOption);
        rows.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// The key marked in the list.
    pub fn chosen_key(&self) -> Option<String> {
        let mut rows = self.nodes().filter(|node| {
            node.accesskit_node().role() == Role::ListBoxOption && node.accesskit_node().is_selected() == Some(true)
        });
        rows.next().and_then(|node| node.accesskit_node().label())
    }

    /// Why a control can't be used; `None` when it can.
    #[track_caller]
    pub fn obstacle(&self, name: &str) -> Option<String> {
        let node = self.control(name);
        let node = node.accesskit_node();
        let reason = node.data().description().map(str::to_owned);
        assert_eq!(node.is_disabled(), reason.is_some(), "{name} is disabled without a reason, or the other way round");
        reason
    }

    /// True when the box or the choice of this name is marked.
    #[track_caller]
    pub fn is_checked(&self, name: &str) -> bool {
        self.control(name).accesskit_node().toggled() == Some(Toggled::True)
    }

    /// True when what belongs to the control of this name is shown below it.
    #[track_caller]
    pub fn is_expanded(&self, name: &str) -> bool {
        let node = self.control(name);
        node.accesskit_node().data().is_expanded().unwrap_or_else(|| panic!("{name} opens nothing"))
    }

    /// Names of the controls that the keyboard never comes to by Tab.
    pub fn unreached_by_tab(&mut self) -> Vec<String> {
        let usable = |node: &Node<'_>| {
            let node = node.accesskit_node();
            accessibility::is_input(node.role()) && !node.is_disabled()
        };
        let name = |node: &Node<'_>| node.accesskit_node().label().unwrap_or_default();
        let mut open: BTreeMap<_, _> =
            self.nodes().filter(usable).map(|node| (node.accesskit_node().id(), name(&node))).collect();
        for _ in 0..open.len() + 2 {
            self.press(Key::Tab);
            if let Some(focused) = self.nodes().find(Node::is_focused).map(|node| node.accesskit_node().id()) {
                open.remove(&focused);
            }
        }
        open.into_values().collect()
    }

    /// True when a screen reader says this text by itself when it changes.
    pub fn is_live(&self, text: &str) -> bool {
        let says = |node: &Node<'_>| node.accesskit_node().value().is_some_and(|value| value.contains(text));
        self.nodes().find(says).is_some_and(|node| node.accesskit_node().live() == Live::Polite)
    }

    /// What stands in the field of this name.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        self.control(name).accesskit_node().value().unwrap_or_default()
    }

    /// How far the bar of this name is, in percent.
    #[track_caller]
    pub fn progress(&self, name: &str) -> f64 {
        let node = self.root().query_by_role_and_label(Role::ProgressIndicator, name);
        node.and_then(|node| node.accesskit_node().numeric_value()).unwrap()
    }

    /// Names of all controls.
    pub fn names(&self) -> Vec<String> {
        let controls = self.nodes().filter(|node| accessibility::is_input(node.accesskit_node().role()));
        controls.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// Names of the pictures.
    pub fn pictures(&self) -> Vec<String> {
        let pictures = self.nodes().filter(|node| node.accesskit_node().role() == Role::Image);
        pictures.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// True when a picture of this name is shown.
    pub fn shows_picture(&self, name: &str) -> bool {
        self.root().query_by_role_and_label(Role::Image, name).is_some()
    }

    /// What a screen reader says besides the name of a control or label.
    pub fn description(&self, name: &str) -> Option<String> {
        let named = |node: &Node<'_>| {
            let node = node.accesskit_node();
            [node.data().label(), node.data().value()].contains(&Some(name)) && node.data().description().is_some()
        };
        self.nodes().find(named).and_then(|node| node.accesskit_node().data().description().map(str::to_owned))
    }

    /// Gives the keyboard to a control, as a screen reader does.
    pub fn focus(&mut self, name: &str) {
        self.control(name).focus();
        self.settle();
    }

    /// Marks the whole text of the field the keyboard is on.
    pub fn select_all(&mut self) {
        self.press_with(Key::A, Modifiers::COMMAND);
    }

    /// The system goes light or dark.
    pub fn system_theme(&mut self, theme: Theme) {
        self.input.system_theme = Some(theme);
        self.settle();
    }

    /// Of several controls of this name clicks the one drawn last: the one in the dialog.
    #[track_caller]
    pub fn click_last(&mut self, name: &str) {
        self.controls(name).last().unwrap_or_else(|| panic!("no control {name} in\n{}", self.text())).click();
        self.settle();
    }

    /// Clicks the control of this name with the pointer.
    #[track_caller]
    pub fn click(&mut self, name: &str) {
        let node = self.control(name);
        assert!(!node.accesskit_node().is_disabled(), "{name} is disabled");
        assert!(self.ctx.content_rect().contains_rect(node.rect()), "{name} is not on the screen");
        node.click();
        self.settle();
    }

    /// Where a text stands, in points.
    #[track_caller]
    pub fn place_of(&self, text: &str) -> Rect {
        let says = |node: &Node<'_>| node.accesskit_node().value().is_some_and(|value| value.contains(text));
        self.nodes().find(says).unwrap_or_else(|| panic!("{text:?} is missing in\n{}", self.text())).rect()
    }

    /// True when the control of this name lies on the page above the status bar.
    #[track_caller]
    pub fn is_in_sight(&self, name: &str) -> bool {
        let mut page = self.ctx.content_rect();
        page.max.y -= 30.0;
        page.contains_rect(self.control(name).rect())
    }

    /// Presses the control of this name as a screen reader does, also when it is scrolled out of sight.
    #[track_caller]
    pub fn press_button(&mut self, name: &str) {
        let node = self.control(name);
        assert!(!node.accesskit_node().is_disabled(), "{name} is disabled");
        node.click_accesskit();
        self.settle();
    }

    /// Clicks the n-th key in the list, counted from 0.
    pub fn click_row(&mut self, n: usize) {
        let rows: Vec<_> = self.nodes().filter(|node| node.accesskit_node().role() == Role::ListBoxOption).collect();
        rows[n].click();
        self.settle();
    }

    /// Clicks the key in the list whose name begins so.
    #[track_caller]
    pub fn choose(&mut self, owner: &str) {
        let rows = self.keys();
        let name = rows.iter().find(|row| row.starts_with(owner)).unwrap_or_else(|| panic!("{owner} not in {rows:?}"));
        self.click(&name.clone());
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: Key) {
        self.press_with(key, Modifiers::NONE);
    }

    /// Presses and releases a key while others are held.
    pub fn press_with(&mut self, key: Key, modifiers: Modifiers) {
        self.frame(vec![Event::ModifiersChanged(modifiers)]);
        for pressed in [true, false] {
            self.frame(vec![Event::Key { key, physical_key: None, pressed, repeat: false, modifiers }]);
        }
        self.frame(vec![Event::ModifiersChanged(Modifiers::NONE)]);
        self.settle();
    }

    /// Types text, character by character.
    pub fn enter(&mut self, text: &str) {
        for c in text.chars() {
            self.frame(vec![Event::Text(c.to_string())]);
        }
        self.settle();
    }

    /// Clicks into the field of this name and types.
    #[track_caller]
    pub fn fill(&mut self, name: &str, text: &str) {
        self.click(name);
        assert!(self.control(name).is_focused(), "{name} did not get the focus");
        self.enter(text);
    }

    /// Name of the control the keyboard is on.
    pub fn focused(&self) -> Option<String> {
        self.nodes().find(Node::is_focused).and_then(|node| node.accesskit_node().label())
    }

    /// What must hold on every page: every control has a name, no text is a raw key or has a hole left open.
    fn check_tree(&self) {
        for node in self.nodes().filter(|node| accessibility::is_input(node.accesskit_node().role())) {
            let label = node.accesskit_node().label().unwrap_or_default();
            assert!(!label.trim().is_empty(), "a control without a name: {node:?}");
        }
        for text in self.texts() {
            assert!(!is_raw(&text), "{text:?} is the key of a text, not a text, in\n{}", self.text());
        }
    }
}

/// True for the key of a text, such as `pin.title`, and for a text with an open place.
fn is_raw(text: &str) -> bool {
    static KEYS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let table: toml::Table = toml::from_str(include_str!("../../assets/locale/zh-CN.toml")).unwrap();
        let keys = |(section, texts): (&String, &toml::Value)| {
            texts.as_table().unwrap().keys().map(|key| format!("{section}.{key}")).collect::<Vec<_>>()
        };
        table.iter().flat_map(keys).collect()
    });
    text.contains("%{") || text.contains('{') && text.contains('}') || KEYS.iter().any(|key| text.contains(key))
}

fn run(ctx: &Context, window: &mut Window, input: &mut RawInput, textures: &mut Textures) -> FullOutput {
    let time = input.time.unwrap_or_default() + 0.1;
    let mut now = input.take();
    input.time = Some(time);
    now.time = Some(time);
    window.filter_input(ctx, &mut now);
    let mut output = ctx.run_ui(now, |ui| {
        window.take_events(ui.ctx());
        window.show(ui);
    });
    textures.update(&output.textures_delta);
    output.textures_delta.clear();
    output
}
