//! The command line for administrators and scripts, on the same core as the window.
//!
//! Invariants: a PIN comes from a terminal prompt or a file descriptor, never from an argument or the environment; each
//! run sends a PIN at most once; the exit code tells what happened ([`Exit`]).

#[cfg(feature = "practice")]
pub mod arguments;
mod check;

use crate::app::{
    Command, Content, Engine, Event, Fault, FaultCode, KeyModel, KeyState, KeyUse, KeyView, Model, SERVICE_STOPPED,
    ServiceState, Standing,
};
use base::secret::Pin;
use certificate::{self, Certificate};
use clap::{Subcommand, ValueEnum};
use rust_i18n::t;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

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
    /// The new PIN was refused before anything was sent.
    NewPinRefused = 7,
    /// The key failed, or another program holds it.
    KeyFailed = 8,
    /// The file could not be written.
    FileFailed = 9,
    /// It is unknown whether the PIN was changed.
    Uncertain = 10,
    /// The environment check found something wrong.
    Problems = 11,
}

impl From<FaultCode> for Exit {
    fn from(code: FaultCode) -> Self {
        match code {
            FaultCode::WrongPin => Self::WrongPin,
            FaultCode::PinLocked => Self::Locked,
            FaultCode::PinLength | FaultCode::NewPinLength | FaultCode::NewPinCharacters => Self::NewPinRefused,
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
        Err(Failure::NoSuchKey) => {
            say(terminal.err, "no key with this serial number is inserted");
            Exit::NoSuchKey
        }
        Err(Failure::Input(text)) => {
            say(terminal.err, text);
            Exit::Failed
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
    NoSuchKey,
    Input(&'static str),
    Fault(Fault),
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
                let all: Vec<Value> = model.keys.iter().map(|key| summary(key, terminal.now)).collect();
                say(terminal.out, &format!("{:#}", Value::Array(all)));
            } else {
                for key in &model.keys {
                    say(terminal.out, &line(key, terminal.now, terminal.chinese));
                }
            }
            Ok(())
        }
        Task::Show { serial, json } => {
            let (key, view) = find(model, &serial)?;
            let mut all = summary(key, terminal.now);
            if let Some(object) = all.as_object_mut() {
                object.insert("sign".to_owned(), certificate(view.sign.certificate()));
                object.insert("encrypt".to_owned(), certificate(view.encrypt.certificate()));
            }
            if json {
                say(terminal.out, &format!("{all:#}"));
            } else {
                print_tree(terminal.out, &all, 0);
            }
            Ok(())
        }
        Task::ChangePin { serial, pin_fd } => {
            let slot = find(model, &serial)?.0.slot.id;
            let (current, new) = read_pins(pin_fd)?;
            engine.send(Command::ChangePin { slot, current, new });
            wait(events, |event| match event {
                Event::PinChanged { slot: of, result, .. } if of == slot => Some(result),
                _ => None,
            })?;
            say(terminal.err, &t!("pin.changed"));
            Ok(())
        }
        Task::Export { serial, out, format, encrypt } => {
            let key_use = if encrypt { KeyUse::Encrypt } else { KeyUse::Sign };
            let (_, view) = find(model, &serial)?;
            let found = view.by_use(key_use).certificate().ok_or_else(|| Fault::new(FaultCode::CertificateMissing))?;
            let format = match format {
                Format::Pem => certificate::Format::Pem,
                Format::Der => certificate::Format::Der,
                Format::P7b => certificate::Format::P7b,
            };
            engine.send(Command::Save { content: Content::Certificate(found.der().to_vec(), format), path: out });
            wait(events, |event| match event {
                Event::Saved(result) => Some(result.map(drop)),
                _ => None,
            })
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
    let matches = |view: &KeyView| view.contents.device.serial == serial || card_number(view) == Some(serial);
    views.into_iter().find(|(_, view)| matches(view)).ok_or(Failure::NoSuchKey)
}

fn card_number(view: &KeyView) -> Option<&str> {
    view.leading()?.identity.card_number.as_ref().map(|number| number.value.as_str())
}

/// Two lines from a descriptor, or three hidden prompts.
fn read_pins(descriptor: Option<u32>) -> Result<(Pin, Pin), Failure> {
    const LONG: Failure = Failure::Input("the PIN is longer than any key takes");
    let Some(descriptor) = descriptor else {
        let ask = |prompt: &str| {
            let text =
                rpassword::prompt_password(prompt).map_err(|_| Failure::Input("no terminal to ask for the PIN"))?;
            Pin::from_string(text).map_err(|_| LONG)
        };
        let (current, new) = (ask(&t!("cli.pin_current"))?, ask(&t!("cli.pin_new"))?);
        let again = ask(&t!("cli.pin_again"))?;
        if again.expose() != new.expose() {
            return Err(Failure::Input("the two new PINs differ"));
        }
        return Ok((current, new));
    };
    let mut text = Zeroizing::new([0u8; 4096]);
    let mut used = 0;
    let mut file = std::fs::File::open(format!("/dev/fd/{descriptor}"))
        .map_err(|_| Failure::Input("the file descriptor can't be read"))?;
    while let Some(room) = text.get_mut(used..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => used += count,
            Err(_) => return Err(Failure::Input("the file descriptor can't be read")),
        }
    }
    let mut lines = text.get(..used).unwrap_or_default().split(|byte| *byte == b'\n');
    let (Some(current), Some(new)) = (lines.next(), lines.next()) else {
        return Err(Failure::Input("two lines are needed: the current and the new PIN"));
    };
    Ok((Pin::new(current).map_err(|_| LONG)?, Pin::new(new).map_err(|_| LONG)?))
}

fn state_word(key: &KeyModel, now: i64) -> String {
    match &key.state {
        KeyState::Reading => "reading".to_owned(),
        KeyState::Failed(fault) => fault.code.as_str().to_owned(),
        KeyState::Ready(view) => match view.standing(now) {
            Standing::Locked => "locked",
            Standing::Empty => "empty",
            Standing::Damaged => "damaged",
            Standing::DatesUnreadable => "dates-unreadable",
            Standing::NotYetValid => "not-yet-valid",
            Standing::Expired(_) => "expired",
            Standing::Expiring(_) => "expiring",
            Standing::Valid(_) => "valid",
        }
        .to_owned(),
    }
}

fn summary(key: &KeyModel, now: i64) -> Value {
    let mut all = json!({ "reader": key.slot.reader, "state": state_word(key, now) });
    let Some(view) = key.view() else { return all };
    let leading = view.leading();
    let validity = leading.and_then(|found| found.validity);
    let more = json!({
        "serial": view.contents.device.serial,
        "label": view.contents.device.label,
        "medium": view.contents.medium,
        "application": view.contents.application,
        "owner": leading.and_then(|found| found.owner.clone()),
        "card_number": card_number(view),
        "issuer": leading.and_then(|found| found.issuer.short()),
        "not_before": validity.map(|validity| date(validity.first_day())),
        "not_after": validity.map(|validity| date(validity.last_day())),
        "days_left": validity.map(|validity| validity.days_left(now)),
        "tries_left": view.contents.pin.map(|pin| pin.tries_left),
        "max_tries": view.contents.pin.map(|pin| pin.max_tries),
        "pin_is_default": view.contents.pin.map(|pin| pin.is_default),
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

fn date(day: certificate::Day) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

fn certificate(found: Option<&Certificate>) -> Value {
    found.map_or(Value::Null, |found| {
        json!({
            "subject": found.subject.to_string(),
            "issuer": found.issuer.to_string(),
            "serial": found.serial_hex(),
            "unique_id": found.identity.unique_id,
            "organisation_number": found.identity.organisation_number,
            "credit_code": found.identity.credit_code,
            "not_before": found.validity.map(|validity| date(validity.first_day())),
            "not_after": found.validity.map(|validity| date(validity.last_day())),
            "algorithm": found.algorithm.to_string(),
            "sm3": found.fingerprint_hex(),
        })
    })
}

fn line(key: &KeyModel, now: i64, chinese: bool) -> String {
    match &key.state {
        KeyState::Reading => key.slot.reader.clone(),
        KeyState::Failed(fault) => {
            format!("{}\t{}\t{}", key.slot.reader, fault.code.as_str(), fault.sentences(chinese).what)
        }
        KeyState::Ready(view) => {
            let leading = view.leading();
            let owner = leading.and_then(|found| found.owner.as_deref()).unwrap_or("-");
            let end = leading
                .and_then(|found| found.validity)
                .map_or_else(|| "-".to_owned(), |validity| date(validity.last_day()));
            let serial = &view.contents.device.serial;
            format!("{serial}\t{}\t{owner}\t{end}\t{}", card_number(view).unwrap_or("-"), state_word(key, now))
        }
    }
}

fn print_tree(out: &mut dyn Write, value: &Value, depth: usize) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(_) => {
                say(out, &format!("{indent}{name}:"));
                print_tree(out, value, depth + 1);
            }
            Value::Null => say(out, &format!("{indent}{name}: -")),
            Value::String(text) => say(out, &format!("{indent}{name}: {text}")),
            other => say(out, &format!("{indent}{name}: {other}")),
        }
    }
}
