//! The program: arguments, then the window or the command line.
#![cfg_attr(windows, windows_subsystem = "windows")]

use cert_assistant::app::{Hub, Language, SettingsFile, Surroundings, cert, timeline};
use cert_assistant::cli::{self, Exit, Terminal};
use cert_assistant::practice::{self, PRACTICE_PIN, PracticeDesk};
use cert_assistant::token::{KeySource, PcscSource};
use cert_assistant::ui::{self, Setting, Window, theme};
use clap::Parser;
use eframe::egui;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{fmt, util::SubscriberInitExt};

/// 证书助手 – certificates and PINs of USB keys. Without a command the window opens.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Practice with virtual keys; no reader and no service needed
    #[arg(long)]
    practice: bool,
    /// Language of messages on the command line
    #[arg(long, value_parser = ["zh", "en"])]
    lang: Option<String>,
    #[command(subcommand)]
    task: Option<cli::Task>,
}

fn main() -> ExitCode {
    timeline::start();
    let arguments = Arguments::parse();
    log_to_stderr();
    let folder = directories::ProjectDirs::from("", "", "cert-assistant").map(|dirs| dirs.config_dir().to_owned());
    let desk = match Desk::open(arguments.practice, folder.clone()) {
        Ok(desk) => desk,
        Err(error) => return fail(&error),
    };
    match arguments.task {
        Some(task) => command_line(task, desk, arguments.lang.as_deref(), folder),
        None => window(desk, folder.as_deref()),
    }
}

/// Only when `CERT_ASSISTANT_LOG` names a level; the log never holds a PIN, the type of secret data has no text form.
fn log_to_stderr() {
    let level = std::env::var("CERT_ASSISTANT_LOG").ok().and_then(|level| level.parse::<LevelFilter>().ok());
    if let Some(level) = level {
        let ours = Targets::new().with_target("cert_assistant", level);
        tracing_subscriber::registry().with(fmt::layer().with_writer(std::io::stderr)).with(ours).init();
    }
}

/// Where keys and trust come from.
struct Desk {
    source: Arc<dyn KeySource>,
    trust: Arc<dyn Fn() -> cert::TrustStore + Send + Sync>,
    practice_pin: Option<String>,
}

impl Desk {
    fn open(practice: bool, folder: Option<PathBuf>) -> Result<Self, practice::Unprepared> {
        if practice {
            let desk = PracticeDesk::with_standard_keys()?;
            let mut store = cert::TrustStore::default();
            desk.trust_anchors()
                .iter()
                .filter_map(|der| cert::Certificate::parse(der).ok())
                .for_each(|anchor| store.add(anchor));
            return Ok(Self {
                source: Arc::new(desk),
                trust: Arc::new(move || store.clone()),
                practice_pin: Some(PRACTICE_PIN.to_owned()),
            });
        }
        let trust = move || {
            let own = folder.as_ref().map(|folder| folder.join("roots"));
            let mut store = cert::TrustStore::default();
            for folder in own.into_iter().chain([PathBuf::from("/etc/cert-assistant/roots")]) {
                let (found, skipped) = cert::TrustStore::from_folder(&folder);
                store.extend(found);
                for file in skipped {
                    tracing::warn!(file = %file.file.display(), reason = ?file.reason, "no trusted certificate");
                }
            }
            store
        };
        Ok(Self { source: Arc::new(PcscSource::new()), trust: Arc::new(trust), practice_pin: None })
    }
}

fn command_line(task: cli::Task, desk: Desk, lang: Option<&str>, folder: Option<PathBuf>) -> ExitCode {
    let stored = SettingsFile::at(folder.map(|folder| folder.join("settings.json"))).load().0.language;
    let language = match lang {
        Some("zh") => Language::Chinese,
        Some(_) => Language::English,
        None => stored,
    };
    ui::use_language(language);
    let surroundings = Surroundings { source: desk.source, trust: desk.trust, wake: Arc::new(|| {}) };
    let (hub, events) = Hub::start(surroundings);
    let mut terminal = Terminal {
        out: &mut std::io::stdout().lock(),
        err: &mut std::io::stderr().lock(),
        now: cert::now(),
        chinese: language == Language::Chinese,
    };
    let exit: Exit = cli::run(task, &hub, &events, &mut terminal);
    ExitCode::from(exit as u8)
}

fn window(desk: Desk, folder: Option<&Path>) -> ExitCode {
    // the threads start before the window exists, so that keys are read while it is being made
    let context: Arc<OnceLock<egui::Context>> = Arc::default();
    let waker = Arc::clone(&context);
    let wake = Arc::new(move || {
        if let Some(context) = waker.get() {
            context.request_repaint();
        }
    });
    let (hub, events) = Hub::start(Surroundings { source: desk.source, trust: desk.trust, wake });
    let setting = Setting {
        settings_file: SettingsFile::at(folder.map(|folder| folder.join("settings.json"))),
        clock: Arc::new(cert::now),
        stopwatch: Arc::new(Instant::now),
        data_folder: folder.map_or_else(String::new, |folder| folder.display().to_string()),
        practice: desk.practice_pin,
        reminders_file: folder.map(|folder| folder.join("reminders.json")),
        notify: Arc::new(|notice| tracing::info!(title = notice.title, "a message for the desktop")),
    };
    let practice = setting.practice.is_some();
    let window = Window::new(hub, events, setting);
    let [size, smallest] = theme::WINDOW;
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_inner_size(size)
            .with_min_inner_size(smallest)
            .with_app_id("cert-assistant")
            .with_icon(ui::icon()),
        ..eframe::NativeOptions::default()
    };
    let result = eframe::run_native(
        &Window::title(practice),
        options,
        Box::new(move |creation| {
            theme::install(&creation.egui_ctx);
            // from here on events wake the window; what came before is waiting in the channel
            let _first = context.set(creation.egui_ctx.clone());
            Ok(Box::new(window))
        }),
    );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// There is no window to tell it in.
fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    // a closed stderr is no reason to fail differently
    let _closed = writeln!(std::io::stderr(), "cert-assistant: {error}");
    ExitCode::FAILURE
}
