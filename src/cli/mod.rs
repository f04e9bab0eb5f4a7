//! The command line for administrators and scripts, on the same core as the window.
//!
//! Invariants: a PIN comes from a terminal prompt or a file descriptor, never from an argument or the environment; each
//! run sends a PIN at most once; the exit code tells what happened ([`Exit`]).

#[cfg(feature = "practice")]
pub mod arguments;
mod check;
mod output;
mod pins;

use crate::app::policy::FEW_TRIES;
use crate::app::{
    Command, Content, Engine, Event, Fault, FaultCode, KeyModel, KeyState, KeyUse, KeyView, Model, SERVICE_STOPPED,
    ServiceState,
};
use clap::{Subcommand, ValueEnum};
use rust_i18n::t;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// What to do without a window.
#[derive(Subcommand)]
pub enum Task {
    /// List the inserted keys
    List {
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Show one key with both certificates
    Show {
        /// Serial number of the key, or the card number
        serial: String,
        /// As JSON, one object
        #[arg(long)]
        json: bool,
    },
    /// Change the user PIN; asks for it on the terminal
    ChangePin {
        /// Serial number of the key, or the card number
        serial: String,
        /// Go on though only one or two tries are left
        #[arg(long)]
        last_tries: bool,
        /// Read the current and the new PIN from this file descriptor, one a line, instead of the terminal
        #[arg(long, value_name = "FD")]
        pin_fd: Option<u32>,
    },
    /// Write a certificate to a file
    Export {
        /// Serial number of the key, or the card number
        serial: String,
        /// Where to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Overwrite a file that is there
        #[arg(long)]
        force: bool,
        /// Format of the file
        #[arg(long, value_enum, default_value_t = Format::Pem)]
        format: Format,
        /// The encryption certificate instead of the signing certificate
        #[arg(long)]
        encrypt: bool,
    },
    /// Look at everything between the USB bus and the CA; nothing is changed
    Check {
        /// As JSON, one object
        #[arg(long, conflicts_with = "html")]
        json: bool,
        /// Write a report as a page to this file, besides the lines
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// With names, serial numbers, addresses and paths
        #[arg(long)]
        private: bool,
    },
}

/// Formats of `export`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Base64 text
    Pem,
    /// Binary
    Der,
    /// With the chain
    P7b,
}

/// Exit codes; 2 is a wrong command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Another failure.
    Failed = 1,
    /// No key with this serial number is in.
    NoSuchKey = 3,
    /// The smart-card service can't be used.
    NoService = 4,
    /// The current PIN was wrong.
    WrongPin = 5,
    /// The PIN is locked.
    Locked = 6,
    /// A PIN was refused before anything was sent.
    PinRefused = 7,
    /// The key failed, or another program holds it.
    KeyFailed = 8,
    /// The file could not be written.
    FileFailed = 9,
    /// It is unknown whether the PIN was changed.
    Uncertain = 10,
    /// The environment check found something wrong.
    Problems = 11,
    /// The serial number fits more than one key.
    SeveralKeys = 12,
    /// One or two tries are left, and `--last-tries` was not given.
    LastTries = 13,
    /// The file is there, and `--force` was not given.
    FileExists = 14,
}

impl From<FaultCode> for Exit {
    fn from(code: FaultCode) -> Self {
        match code {
            FaultCode::WrongPin => Self::WrongPin,
            FaultCode::PinLocked => Self::Locked,
            FaultCode::PinLength
            | FaultCode::PinControl
            | FaultCode::PinInvisible
            | FaultCode::PinFullWidth
            | FaultCode::PinOuterBlank
            | FaultCode::PinForeign
            | FaultCode::NewPinLength
            | FaultCode::NewPinCharacters => Self::PinRefused,
            FaultCode::PinUncertain => Self::Uncertain,
            FaultCode::ServiceStopped
            | FaultCode::ServiceUnusable
            | FaultCode::ServiceVersion
            | FaultCode::ServiceDenied => Self::NoService,
            FaultCode::FileNotWritten | FaultCode::SettingsNotStored => Self::FileFailed,
            FaultCode::InternalStopped => Self::Failed,
            _ => Self::KeyFailed,
        }
    }
}

/// A key that has not answered within this time is listed as not responding.
const PATIENCE: Duration = Duration::from_secs(20);

/// Output, messages, clock and language of a run.
pub struct Terminal<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Messages for people.
    pub err: &'a mut dyn Write,
    /// Seconds since 1970 UTC.
    pub now: i64,
    /// Language of faults.
    pub chinese: bool,
}

/// Runs a task to its end.
pub fn run(task: Task, engine: &Engine, events: &Receiver<Event>, terminal: &mut Terminal<'_>) -> Exit {
    if let Task::Check { json, html, private } = task {
        let wanted = check::Wanted { json, html, private };
        return check::run(wanted, engine, events, terminal).unwrap_or_else(|fault| tell(&fault, terminal));
    }
    let mut model = Model::default();
    match settle(&mut model, events).and_then(|()| execute(task, engine, events, &mut model, terminal)) {
        Ok(()) => Exit::Done,
        Err(Failure::Stopped(exit, text)) => {
            say(terminal.err, &text);
            exit
        }
        Err(Failure::Fault(fault)) => tell(&fault, terminal),
    }
}

fn tell(fault: &Fault, terminal: &mut Terminal<'_>) -> Exit {
    let sentences = fault.sentences(terminal.chinese);
    for line in [&sentences.what, &sentences.kept, &sentences.todo, &fault.reference()] {
        say(terminal.err, line);
    }
    fault.code.into()
}

enum Failure {
    /// Ended before anything was asked of the key, for a reason in words.
    Stopped(Exit, String),
    Fault(Fault),
}

impl Failure {
    fn input(text: impl Into<String>) -> Self {
        Self::Stopped(Exit::Failed, text.into())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A closed pipe behind us is no reason to fail.
fn say(to: &mut dyn Write, line: &str) {
    let _closed = writeln!(to, "{line}");
}

/// Waits until the service and every inserted key are known. Cards are reported before the service's state.
fn settle(model: &mut Model, events: &Receiver<Event>) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        match &model.service {
            Some(ServiceState::Stopped) => return Err(Fault::new(SERVICE_STOPPED).into()),
            Some(ServiceState::Denied) => return Err(Fault::new(FaultCode::ServiceDenied).into()),
            Some(ServiceState::VersionMismatch { service }) => {
                let version = service.map_or_else(|| "?".to_owned(), |(major, minor)| format!("{major}:{minor}"));
                return Err(Fault::new(FaultCode::ServiceVersion).with("service", version).into());
            }
            Some(ServiceState::Asleep) => return Ok(()),
            Some(ServiceState::Running { .. }) if !model.keys.iter().any(is_reading) => return Ok(()),
            Some(ServiceState::Running { .. }) | None => {}
        }
        let now = Instant::now();
        let Ok(event) = events.recv_timeout(end.saturating_duration_since(now)) else {
            for key in &mut model.keys {
                if is_reading(key) {
                    key.state = KeyState::Failed(Fault::new(FaultCode::KeyMute));
                }
            }
            return if model.service.is_some() { Ok(()) } else { Err(Fault::new(SERVICE_STOPPED).into()) };
        };
        model.apply(event, now);
    }
}

const fn is_reading(key: &KeyModel) -> bool {
    matches!(key.state, KeyState::Reading)
}

fn execute(
    task: Task,
    engine: &Engine,
    events: &Receiver<Event>,
    model: &mut Model,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    match task {
        Task::List { json } => {
            if json {
                let all: Vec<Value> = model.keys.iter().map(|key| output::summary(key, terminal.now)).collect();
                say(terminal.out, &format!("{:#}", Value::Array(all)));
            } else {
                say(terminal.out, &output::columns());
                for key in &model.keys {
                    say(terminal.out, &output::line(key, terminal.now, terminal.chinese));
                }
            }
            Ok(())
        }
        Task::Show { serial, json } => {
            let (key, view) = find(model, &serial)?;
            let mut all = output::summary(key, terminal.now);
            if let Some(object) = all.as_object_mut() {
                object.insert("sign".to_owned(), output::certificate(view.sign.certificate()));
                object.insert("encrypt".to_owned(), output::certificate(view.encrypt.certificate()));
            }
            if json {
                say(terminal.out, &format!("{all:#}"));
            } else {
                output::rows(terminal.out, &all, &output::state(key, terminal.now));
            }
            Ok(())
        }
        Task::ChangePin { serial, last_tries, pin_fd } => {
            let (key, view) = find(model, &serial)?;
            let slot = key.slot.id;
            if let Some(pin) = view.contents.pin.filter(|pin| !pin.is_locked() && pin.tries_left <= FEW_TRIES)
                && !last_tries
            {
                let text = t!("cli.last_tries", left = pin.tries_left);
                return Err(Failure::Stopped(Exit::LastTries, text.into_owned()));
            }
            let (current, new) = pins::read(view, pin_fd)?;
            engine.send(Command::ChangePin { slot, current, new });
            wait(events, |event| match event {
                Event::PinChanged { slot: of, result, .. } if of == slot => Some(result),
                _ => None,
            })?;
            say(terminal.err, &t!("pin.changed"));
            Ok(())
        }
        Task::Export { serial, out, force, format, encrypt } => {
            let key_use = if encrypt { KeyUse::Encrypt } else { KeyUse::Sign };
            let (_, view) = find(model, &serial)?;
            let found = view.by_use(key_use).certificate().ok_or_else(|| Fault::new(FaultCode::CertificateMissing))?;
            // also a link that leads nowhere
            if !force && out.symlink_metadata().is_ok() {
                let text = t!("cli.file_exists", file = out.display());
                return Err(Failure::Stopped(Exit::FileExists, text.into_owned()));
            }
            let chain = format == Format::P7b;
            let format = match format {
                Format::Pem => certificate::Format::Pem,
                Format::Der => certificate::Format::Der,
                Format::P7b => certificate::Format::P7b,
            };
            engine
                .send(Command::Save { content: Content::Certificate(found.der().to_vec(), format), path: out.clone() });
            wait(events, |event| match event {
                Event::Saved(result) => Some(result.map(drop)),
                _ => None,
            })?;
            if chain {
                output::chain(terminal.err, &out);
            }
            Ok(())
        }
        // done before any key is waited for
        Task::Check { .. } => Ok(()),
    }
}

fn wait(events: &Receiver<Event>, mut end: impl FnMut(Event) -> Option<Result<(), Fault>>) -> Result<(), Failure> {
    while let Ok(event) = events.recv() {
        if let Some(result) = end(event) {
            return result.map_err(Failure::Fault);
        }
    }
    Err(Fault::new(FaultCode::InternalStopped).into())
}

fn find<'a>(model: &'a Model, serial: &str) -> Result<(&'a KeyModel, &'a KeyView), Failure> {
    let views = model.keys.iter().filter_map(|key| Some((key, key.view()?)));
    let matches = |view: &KeyView| view.contents.device.serial == serial || output::card_number(view) == Some(serial);
    let found: Vec<_> = views.filter(|(_, view)| matches(view)).collect();
    match found.as_slice() {
        [] => Err(Failure::Stopped(Exit::NoSuchKey, t!("cli.no_such_key").into_owned())),
        [one] => Ok(*one),
        several => {
            // which of them is meant is for the person to say: a PIN must not go to the other one
            let lines = several.iter().map(|(key, view)| output::place(key, view));
            let text = std::iter::once(t!("cli.several_keys").into_owned()).chain(lines).collect::<Vec<_>>().join("\n");
            Err(Failure::Stopped(Exit::SeveralKeys, text))
        }
    }
}
