//! The program: arguments, then the window or the command line.
#![cfg_attr(windows, windows_subsystem = "windows")]

use ca_client::Journal;
use cert_assistant::app::desktop::instance::{Call, Instance, PATIENCE, Place, Start};
use cert_assistant::app::desktop::system_folder::SystemFolder;
use cert_assistant::app::desktop::tray::{Hear, Wish};
use cert_assistant::app::desktop::{console, crash, icon, log, program};
use cert_assistant::app::{
    Engine, EngineContext, Event, Language, Notice, Online, Presets, SettingsFile, Site, check, timeline,
};
use cert_assistant::check::chain::{client_version, driver_child};
use cert_assistant::cli::arguments::{Arguments, Task};
use cert_assistant::cli::{self, Exit, Terminal};
use cert_assistant::practice::{self, KeySet, PRACTICE_PIN, PracticeCa, PracticeReaders};
use cert_assistant::ui::{self, Setting, Window, theme};
use clap::Parser;
use eframe::egui;
use net::Proxy;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use token::{KeySource, PcscSource};

/// How long `--quit` waits for what runs to end.
const QUITTING: Duration = Duration::from_secs(10);
/// Given to the program that is started again because OpenGL did not work.
const WITHOUT_OPENGL: &str = "--without-opengl";

fn main() -> ExitCode {
    timeline::start();
    let mut arguments = Arguments::try_parse().unwrap_or_else(|error| {
        console::attach();
        error.exit()
    });
    if arguments.task.is_some() || arguments.quit {
        console::attach();
    }
    let task = match arguments.task.take() {
        Some(Task::ProbeDriver { path }) => {
            driver_child::run(&path, &mut std::io::stdout());
            return ExitCode::SUCCESS;
        }
        Some(Task::ProbeService) => {
            client_version::child();
            return ExitCode::SUCCESS;
        }
        Some(Task::DesktopIcon { state }) => return desktop_icon(&state),
        Some(Task::Cli(task)) => Some(task),
        None => None,
    };
    let mut folders = Folders::find();
    log::start(&folders.data.join("logs"));
    crash::install(folders.data.join("crashes"));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), system = std::env::consts::OS, "started");
    if arguments.quit {
        return quit(&folders);
    }
    folders.read_presets();
    let instance = match task {
        Some(_) => None,
        None => match first(&arguments, &folders) {
            Ok(instance) => instance,
            Err(exit) => return exit,
        },
    };
    let model = match Model::open(arguments.practice, &folders) {
        Ok(model) => model,
        Err(error) if task.is_none() => return fail_to_show(&error.to_string()),
        Err(error) => return fail(&error),
    };
    match task {
        Some(task) => command_line(task, model, arguments.lang.as_deref(), &folders),
        None => guarded_window(model, &folders, &arguments, instance.as_ref()),
    }
}

/// The one window of this person and desktop; a later start hands its wish over and ends.
fn first(arguments: &Arguments, folders: &Folders) -> Result<Option<Instance>, ExitCode> {
    let target = arguments.open.clone().unwrap_or_default();
    let alone = |error: std::io::Error| {
        tracing::warn!(%error, "no place where another start could be met");
        None
    };
    let place = match Place::here(arguments.practice.is_some()) {
        Ok(place) => place,
        Err(error) => return Ok(alone(error)),
    };
    match place.start(&target, PATIENCE) {
        Start::First(instance) => Ok(Some(instance)),
        Start::Second => Err(ExitCode::SUCCESS),
        Start::Hung => {
            ui::use_language(folders.settings().peek().language);
            Err(fail_in_words(&ui::hung()))
        }
        Start::Alone(error) => Ok(alone(error)),
    }
}

/// Asks what runs for this person here to end, practice too, and waits for it.
fn quit(folders: &Folders) -> ExitCode {
    for practice in [false, true] {
        match Place::here(practice).and_then(|place| place.quit(QUITTING)) {
            Ok(true) => {}
            Ok(false) => {
                ui::use_language(folders.settings().peek().language);
                return fail(&ui::stays());
            }
            // where nobody can be met, nobody can be asked
            Err(error) => tracing::warn!(%error, "no place where the running program could be met"),
        }
    }
    ExitCode::SUCCESS
}

/// A person who has no desktop has no icon.
fn desktop_icon(state: &str) -> ExitCode {
    match icon::state().map(|_| icon::set(state == "on")) {
        None | Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(fault)) => fail(&fault.detail),
    }
}

/// Where keys and trust come from.
struct Model {
    source: Arc<dyn KeySource>,
    trust: Arc<dyn Fn() -> certificate::TrustStore + Send + Sync>,
    online: Online,
    practice_pin: Option<String>,
    /// Stopped, and its books removed, when the program ends.
    practice_ca: Option<PracticeCa>,
}

/// Folders of this person, and what the administrator set; without folders settings and orders last as long as the program.
#[derive(Clone)]
struct Folders {
    presets: Arc<Presets>,
    config: Option<PathBuf>,
    data: PathBuf,
    cache: PathBuf,
    orders: PathBuf,
}

impl Folders {
    fn find() -> Self {
        let dirs = directories::ProjectDirs::from("", "", "cert-assistant");
        let data = dirs.as_ref().map_or_else(std::env::temp_dir, |dirs| dirs.data_local_dir().to_owned());
        let cache = dirs.as_ref().map_or_else(std::env::temp_dir, |dirs| dirs.cache_dir().to_owned());
        let orders = data.join("orders");
        Self { presets: Arc::default(), config: dirs.map(|dirs| dirs.config_dir().to_owned()), data, cache, orders }
    }

    /// Read when the log has begun, which tells what is wrong with them.
    fn read_presets(&mut self) {
        self.presets = Arc::new(Presets::read(SystemFolder::here()));
    }

    /// A file or folder of the person beside the settings.
    fn own_file(&self, name: &str) -> Option<PathBuf> {
        self.config.as_ref().map(|folder| folder.join(name))
    }

    fn own(&self) -> check::Folders {
        check::Folders {
            config: self.config.clone().unwrap_or_default(),
            data: self.data.clone(),
            cache: self.cache.clone(),
        }
    }

    fn site(&self, model: &Model) -> Site {
        Site {
            folders: self.own(),
            profiles: model.online.profiles.clone(),
            proxy: model.online.proxy.clone(),
            program: program::installed().unwrap_or_default(),
            practice: model.practice_pin.is_some(),
            presets: Arc::clone(&self.presets),
        }
    }

    fn settings(&self) -> SettingsFile {
        SettingsFile::at(self.own_file("settings.json")).over(Arc::clone(&self.presets))
    }
}

impl Model {
    fn open(practice: Option<KeySet>, folders: &Folders) -> Result<Self, practice::Unprepared> {
        if let Some(set) = practice {
            let (model, ca) = match std::env::var("CERT_ASSISTANT_PRACTICE_CAPTCHA") {
                // for a walk that nobody watches
                Ok(text) => PracticeReaders::with_keys_and_captcha(set, Arc::new(move || Some(text.clone())))?,
                Err(_) => PracticeReaders::with_keys(set)?,
            };
            let mut store = certificate::TrustStore::default();
            model
                .trust_anchors()
                .iter()
                .filter_map(|der| certificate::Certificate::parse(der).ok())
                .for_each(|anchor| store.add(anchor));
            let (profiles, journal) = ca.online()?;
            let online = Online { profiles, journal, proxy: Proxy::None };
            return Ok(Self {
                source: Arc::new(model),
                trust: Arc::new(move || store.clone()),
                online,
                practice_pin: Some(PRACTICE_PIN.to_owned()),
                practice_ca: Some(ca),
            });
        }
        let (presets, roots) = (Arc::clone(&folders.presets), folders.own_file("roots"));
        let trust = move || presets.trust(roots.as_deref());
        let (profiles, fault) = folders.presets.profiles(folders.own_file("ca-profiles.toml").as_deref());
        if let Some(fault) = fault {
            tracing::warn!(
                code = fault.code.as_str(),
                detail = fault.detail,
                "part of the person's CA profiles is not used"
            );
        }
        let proxy = folders.settings().peek().proxy.to_proxy();
        let online = Online { profiles, journal: Journal::at(folders.orders.clone()), proxy };
        Ok(Self {
            source: Arc::new(PcscSource::new()),
            trust: Arc::new(trust),
            online,
            practice_pin: None,
            practice_ca: None,
        })
    }
}

fn command_line(task: cli::Task, model: Model, lang: Option<&str>, folders: &Folders) -> ExitCode {
    let stored = folders.settings().peek().language;
    let language = match lang {
        Some("zh") => Language::Chinese,
        Some(_) => Language::English,
        None => stored,
    };
    ui::use_language(language);
    let site = folders.site(&model);
    let context = EngineContext { source: model.source, trust: model.trust, wake: Arc::new(|| {}), online: None, site };
    let (engine, events) = Engine::start(context);
    let mut terminal = Terminal {
        out: &mut std::io::stdout(),
        // not locked: workers write there too, when details are wanted
        err: &mut std::io::stderr(),
        now: certificate::now(),
        chinese: language == Language::Chinese,
    };
    let exit: Exit = cli::run(task, &engine, &events, &mut terminal);
    ExitCode::from(exit as u8)
}

/// The window; when it ends by a fault, the program starts itself again once.
fn guarded_window(model: Model, folders: &Folders, arguments: &Arguments, instance: Option<&Instance>) -> ExitCode {
    // the next run is the first again
    let leave = || instance.map_or((), Instance::leave);
    let new_version = Arc::new(AtomicBool::new(false));
    let run = || window(model, folders, arguments, instance, Arc::clone(&new_version));
    match crash::guard(run, arguments.after_crash, leave) {
        Ok(Ok(())) if new_version.load(Ordering::Relaxed) => {
            leave();
            match crash::start_new_version() {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail_in_words(&ui::not_restarted(&error.to_string())),
            }
        }
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(NotDrawn(error))) if cfg!(windows) && !arguments.without_opengl => {
            tracing::warn!(error, "no OpenGL: started again to draw by Direct3D");
            leave();
            match crash::start_again(WITHOUT_OPENGL) {
                Ok(()) => ExitCode::SUCCESS,
                Err(again) => fail_to_show(&ui::no_window(&format!("{error}\n{again}"))),
            }
        }
        Ok(Err(NotDrawn(error))) => fail_to_show(&ui::no_window(&error)),
        Err(_) => ExitCode::FAILURE,
    }
}

/// No window could be made, in the words of the system.
struct NotDrawn(String);

fn window(
    model: Model,
    folders: &Folders,
    arguments: &Arguments,
    instance: Option<&Instance>,
    new_version: Arc<AtomicBool>,
) -> Result<(), NotDrawn> {
    // the threads start before the window exists, so that keys are read while it is being made
    let context: Arc<OnceLock<egui::Context>> = Arc::default();
    let waker = Arc::clone(&context);
    let wake = Arc::new(move || {
        if let Some(context) = waker.get() {
            context.request_repaint();
        }
    });
    let profiles = model.online.profiles.clone();
    let site = folders.site(&model);
    let (engine, events) = Engine::start(EngineContext {
        source: model.source,
        trust: model.trust,
        wake,
        online: Some(model.online),
        site,
    });
    if let Some(ca) = &model.practice_ca {
        ca.on_message(engine.teller());
    }
    let practice = model.practice_pin.is_some();
    if let Some(instance) = instance {
        let tell = engine.events();
        instance.listen(move |call| summon(&tell, call));
    }
    let tell = engine.events();
    let hear: Hear = Arc::new(move |wish| {
        // a window that is gone needs no tray
        let _gone = tell(match wish {
            Wish::Show(target) => Event::Summoned(target),
            Wish::Quit => Event::QuitAsked,
            Wish::Shown(shown) => Event::Tray(shown),
        });
    });
    let setting = Setting {
        settings_file: folders.settings(),
        clock: Arc::new(certificate::now),
        stopwatch: Arc::new(Instant::now),
        folders: folders.own(),
        profiles,
        crash: crash::last(&folders.data.join("crashes")),
        target: arguments.open.clone().unwrap_or_default(),
        background: arguments.background,
        new_version,
        tray: Some(ui::start_tray(hear)),
        practice: model.practice_pin,
        practice_contact: practice.then(|| {
            let contact = practice::practice_contact();
            [contact.name, contact.mobile, contact.email].join(" · ")
        }),
        // whom a practice CA knows is nobody real
        contacts_file: folders.own_file("contacts.json").filter(|_| !practice),
        reminders_file: folders.own_file("reminders.json").filter(|_| !practice),
        // what a practice key is due for is nobody's business
        notify: if practice { Arc::new(drop) } else { Arc::new(notify) },
    };
    let window = Window::new(engine, events, setting);
    let [size, smallest] = theme::WINDOW;
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_inner_size(size)
            .with_min_inner_size(smallest)
            .with_app_id("cert-assistant")
            .with_icon(ui::icon())
            // where there is no tray the window shows itself as soon as that is known
            .with_visible(!arguments.background),
        // theme::install brings the fonts; a second search of the system's would cost half of the start
        system_font_fallback: false,
        renderer: renderer(arguments),
        ..eframe::NativeOptions::default()
    };
    let made = Arc::clone(&context);
    let run = move || {
        eframe::run_native(
            &Window::title(practice),
            options,
            Box::new(move |creation| {
                theme::install(&creation.egui_ctx);
                // from here on events wake the window; what came before is waiting in the channel
                let _first = context.set(creation.egui_ctx.clone());
                Ok(Box::new(window))
            }),
        )
    };
    // where no way to draw is found the toolkit says so, or it panics: before the window exists both mean the same
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(NotDrawn(error.to_string())),
        Err(panic) if made.get().is_some() => std::panic::resume_unwind(panic),
        Err(_) => {
            let told = crash::last(&folders.data.join("crashes")).unwrap_or_default().text;
            Err(NotDrawn(told.lines().nth(1).unwrap_or_default().to_owned()))
        }
    }
}

/// OpenGL first, which every computer with a graphics driver has, and the smaller half of the work.
#[cfg(windows)]
const fn renderer(arguments: &Arguments) -> eframe::Renderer {
    if arguments.without_opengl { eframe::Renderer::Wgpu } else { eframe::Renderer::Glow }
}

#[cfg(not(windows))]
const fn renderer(_: &Arguments) -> eframe::Renderer {
    eframe::Renderer::Glow
}

/// Another start wants something. It is told that it was taken only when the window still answers.
fn summon(tell: &impl Fn(Event) -> bool, call: Call) -> bool {
    let (answer, answered) = channel();
    let wish = match call {
        Call::Show(target) => Event::Summoned(target),
        Call::Quit => Event::QuitAsked,
    };
    tell(Event::Knock(answer)) && answered.recv_timeout(PATIENCE).is_ok() && tell(wish)
}

/// A message of the desktop, sent on a thread of its own: the desktop's service may be slow, or not be there.
fn notify(notice: Notice) {
    let started = std::thread::Builder::new().name("notify".to_owned()).spawn(move || show(&notice));
    if let Err(error) = started {
        tracing::warn!(%error, "no thread for a message");
    }
}

fn show(notice: &Notice) {
    let mut message = notify_rust::Notification::new();
    message.appname("cert-assistant").icon("cert-assistant").summary(&notice.title).body(&notice.text);
    #[cfg(windows)]
    if let Some(name) = cert_assistant::app::desktop::registry::message_name() {
        message.app_id(name);
    }
    if let Err(error) = message.show() {
        tracing::info!(%error, "the desktop shows no messages");
    }
}

/// As [`fail_to_show`], where no window tells it.
fn fail_in_words(text: &str) -> ExitCode {
    if !cfg!(windows) {
        show(&Notice { title: Window::title(false), text: text.to_owned() });
    }
    fail_to_show(text)
}

/// As [`fail`], for who started the program from the desktop.
fn fail_to_show(text: &str) -> ExitCode {
    let code = fail(&text);
    #[cfg(windows)]
    ui::alert(text);
    code
}

/// There is no window to tell it in.
fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    // a closed stderr is no reason to fail differently
    let _closed = writeln!(std::io::stderr(), "cert-assistant: {error}");
    ExitCode::FAILURE
}
