//! Log files: one a day, kept for 14 days, readable by their owner only.
//!
//! Invariants
//! * A line is written when it happens, in one piece; nothing is kept back, no thread runs for it.
//! * A day's file has a largest size; a full disk or a folder that can't be written never disturbs the program.
//! * Paths of the person's home folder are written with `~`. Secrets have no text form, so none can be written.

use base::files::{Access, options, private_folder};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use time::OffsetDateTime;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What happened.
    Info,
    /// Details, written only while they are wanted.
    Debug,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// As written, `2026-11-21T03:04:05Z`.
    pub time: String,
    /// How grave.
    pub level: Level,
    /// Part of the program.
    pub target: String,
    /// What it says.
    pub text: String,
}

/// Days a file is kept.
const KEPT: usize = 14;
/// Largest file of a day, bytes.
const LARGEST: u64 = 10_000_000;
/// Longest text of a line, characters.
const LONGEST: usize = 2000;
/// Lines that are read at most.
const READ: usize = 5000;
/// Last lines that go into the report of a crash.
const RECENT: usize = 50;
/// The crates whose lines are kept: those of the house that a person's program is made of.
pub const OURS: [&str; 10] = [
    "base",
    "ca_client",
    "ca_service",
    "cert_assistant",
    "certificate",
    "gm",
    "net",
    "order_api",
    "token",
    "virtual_key",
];

struct Running {
    files: Arc<LogFiles>,
    filter: reload::Handle<Targets, Registry>,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Begins to write into a folder. With `CERT_ASSISTANT_LOG` naming a level, lines up to it go to stderr as well.
pub fn start(folder: &Path) {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let files = Arc::new(LogFiles::at(folder, home, LARGEST));
    let (filter, handle) = reload::Layer::new(wanted(false));
    let stderr = std::env::var("CERT_ASSISTANT_LOG").ok().and_then(|level| level.parse::<LevelFilter>().ok());
    let stderr = stderr.map(|level| fmt::layer().with_writer(std::io::stderr).with_filter(ours(level)));
    let started =
        tracing_subscriber::registry().with(ToFiles(Arc::clone(&files)).with_filter(filter)).with(stderr).try_init();
    if started.is_ok() {
        // the first stays
        let _twice = RUNNING.set(Running { files, filter: handle });
    }
}

/// Writes details from now on, or no longer.
pub fn details(on: bool) {
    if let Some(running) = RUNNING.get() {
        if let Err(error) = running.filter.reload(wanted(on)) {
            tracing::warn!(%error, "the log stays as it is");
        }
        tracing::info!(on, "details of the log");
    }
}

/// The lines of all days that are kept, oldest first; at most the last 5000.
#[must_use]
pub fn read() -> Vec<LogLine> {
    RUNNING.get().map(|running| running.files.read()).unwrap_or_default()
}

/// The last lines of this run, as they were written.
#[must_use]
pub fn recent() -> Vec<String> {
    RUNNING.get().map(|running| running.files.recent()).unwrap_or_default()
}

fn wanted(details: bool) -> Targets {
    ours(if details { LevelFilter::DEBUG } else { LevelFilter::INFO })
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_targets(OURS.map(|of| (of, level)))
}

/// The files.
struct LogFiles {
    folder: PathBuf,
    home: Option<String>,
    largest: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    day: String,
    /// `None` when it can't be written.
    file: Option<File>,
    size: u64,
    recent: VecDeque<String>,
}

impl LogFiles {
    fn at(folder: &Path, home: Option<PathBuf>, largest: u64) -> Self {
        let home = home.and_then(|home| home.to_str().map(str::to_owned)).filter(|home| home.len() > 1);
        Self { folder: folder.to_owned(), home, largest, state: Mutex::default() }
    }

    fn write(&self, now: OffsetDateTime, level: Level, target: &str, text: &str) {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        let Ok(time) = now.format(form) else { return };
        let text = self.plain(text);
        let line = format!("{time} {} {target} {text}\n", level.word());
        let mut state = self.state();
        let day = time.get(..10).unwrap_or_default();
        if state.day != day {
            day.clone_into(&mut state.day);
            state.file = self.open(day).ok();
            state.size = state.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |data| data.len());
        }
        if state.recent.len() == RECENT {
            state.recent.pop_front();
        }
        state.recent.push_back(line.trim_end().to_owned());
        let full =
            format!("{time} {} cert_assistant::desktop::log nothing more is written today\n", Level::Warn.word());
        let before = state.size;
        state.size += line.len() as u64;
        let line = match before {
            before if before + line.len() as u64 <= self.largest => line,
            before if before <= self.largest => {
                state.size = self.largest + 1;
                full
            }
            _ => return,
        };
        if let Some(file) = &mut state.file {
            // the log must not disturb the program
            let _unwritten = file.write_all(line.as_bytes());
        }
    }

    /// One line, `~` for the home folder.
    fn plain(&self, text: &str) -> String {
        let text: String =
            text.chars().take(LONGEST).map(|c| if base::display::is_deceptive(c) { ' ' } else { c }).collect();
        match &self.home {
            Some(home) => text.replace(home, "~"),
            None => text,
        }
    }

    /// Opens the file of a day; files of days long past are removed.
    fn open(&self, day: &str) -> std::io::Result<File> {
        private_folder(&self.folder)?;
        let file = self.folder.join(format!("{PREFIX}{day}{SUFFIX}"));
        let file = options(Access::Owner).create(true).append(true).open(file)?;
        let days = self.files();
        for old in days.iter().rev().skip(KEPT) {
            // the next day tries again
            let _stays = std::fs::remove_file(old);
        }
        Ok(file)
    }

    /// The files by day.
    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> = entries.filter(|path| day_of(path).is_some()).collect();
        files.sort();
        files
    }

    fn read(&self) -> Vec<LogLine> {
        let mut lines = VecDeque::new();
        for file in self.files() {
            let text = std::fs::read(file).unwrap_or_default();
            for line in String::from_utf8_lossy(&text).lines().filter_map(LogLine::parse) {
                if lines.len() == READ {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        }
        lines.into()
    }

    fn recent(&self) -> Vec<String> {
        // asked in the middle of a panic, which may have come while a line was written
        self.state.try_lock().map(|state| state.recent.iter().cloned().collect()).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PREFIX: &str = "cert-assistant-";
const SUFFIX: &str = ".log";

/// The day in the name of a file of this log.
fn day_of(path: &Path) -> Option<&str> {
    let day = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')).then_some(day)
}

impl Level {
    const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    const fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            _ => Self::Debug,
        }
    }
}

impl LogLine {
    /// Reads a line of a file; `None` for one that is damaged.
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(4, ' ');
        let time = parts.next().filter(|time| time.len() == 20 && time.ends_with('Z'))?.to_owned();
        let word = parts.next()?;
        let level = Level::ALL.into_iter().find(|level| level.word() == word)?;
        Some(Self { time, level, target: parts.next()?.to_owned(), text: parts.next().unwrap_or_default().to_owned() })
    }
}

/// Takes what the program says.
struct ToFiles(Arc<LogFiles>);

impl<S: tracing::Subscriber> Layer<S> for ToFiles {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let data = event.metadata();
        let text = format!("{}{}", words.message, words.fields);
        self.0.write(OffsetDateTime::now_utc(), (*data.level()).into(), data.target(), &text);
    }
}

/// Message and fields of an event.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // text never fails to grow
        let _grown = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, LogFiles, LogLine, ToFiles};
    use std::path::Path;
    use std::sync::Arc;
    use time::OffsetDateTime;
    use time::macros::datetime;
    use tracing_subscriber::layer::SubscriberExt;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    fn files(folder: &Path) -> LogFiles {
        LogFiles::at(folder, Some("/home/person".into()), 1000)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn lines_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        files.write(NOON, Level::Info, "cert_assistant::app", "one two\nthree");
        files.write(NOON, Level::Error, "ca_client", "at /home/person/.config/x");
        let line = |level, target: &str, text: &str| LogLine {
            time: "2026-11-21T12:00:00Z".to_owned(),
            level,
            target: target.to_owned(),
            text: text.to_owned(),
        };
        let expected = [
            line(Level::Info, "cert_assistant::app", "one two three"),
            line(Level::Error, "ca_client", "at ~/.config/x"),
        ];
        assert_eq!(files.read(), expected);
        assert_eq!(files.recent().len(), 2);
        let text = std::fs::read_to_string(folder.path().join("cert-assistant-2026-11-21.log")).unwrap();
        assert!(text.starts_with("2026-11-21T12:00:00Z INFO cert_assistant::app one two three\n"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folder_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("data/logs");
        files(&logs).write(NOON, Level::Info, "t", "x");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&logs), 0o700);
        assert_eq!(mode(&logs.join("cert-assistant-2026-11-21.log")), 0o600);
    }

    #[test]
    fn a_day_has_its_file_and_fourteen_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert-assistant-notes.log"), "mine").unwrap();
        std::fs::write(folder.path().join("other.txt"), "mine").unwrap();
        let files = files(folder.path());
        for day in 0..20 {
            files.write(NOON + time::Duration::days(day), Level::Info, "t", "x");
        }
        let names = names(folder.path());
        assert_eq!(names.iter().filter(|name| name.starts_with("cert-assistant-20")).count(), 14);
        assert!(names.contains(&"cert-assistant-2026-11-27.log".to_owned()), "{names:?}");
        assert!(names.contains(&"cert-assistant-2026-12-10.log".to_owned()), "{names:?}");
        assert!(names.contains(&"cert-assistant-notes.log".to_owned()) && names.contains(&"other.txt".to_owned()));
        assert_eq!(files.read().len(), 14);
    }

    #[test]
    fn a_full_day_says_so_once_and_the_next_day_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        for _ in 0..100 {
            files.write(NOON, Level::Info, "t", "twenty-four characters..");
        }
        let file = folder.path().join("cert-assistant-2026-11-21.log");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.len() < 1100, "{}", text.len());
        assert_eq!(text.matches("nothing more is written today").count(), 1);
        // another start on the same day does not begin anew
        LogFiles::at(folder.path(), None, 1000).write(NOON, Level::Info, "t", "again");
        assert!(std::fs::metadata(&file).unwrap().len() < 1200);
        files.write(NOON + time::Duration::days(1), Level::Info, "t", "new day");
        assert_eq!(files.read().last().unwrap().text, "new day");
    }

    #[test]
    fn a_folder_that_cannot_be_written_disturbs_nobody_and_a_damaged_line_is_left_out() {
        let files = files(Path::new("/dev/null/logs"));
        files.write(NOON, Level::Warn, "t", "lost");
        assert_eq!(files.read(), []);
        assert_eq!(files.recent(), ["2026-11-21T12:00:00Z WARN t lost"]);
        for damaged in ["", "x", "2026-11-21T12:00:00Z LOUD t x", "2026-11-21 INFO t x"] {
            assert_eq!(LogLine::parse(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn events_are_written_with_their_fields() {
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(files(folder.path()));
        let subscriber = tracing_subscriber::registry().with(ToFiles(Arc::clone(&files)));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(code = "CA-501", number = 3, "it failed");
        });
        let lines = files.read();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].level, lines[0].text.as_str()), (Level::Warn, "it failed code=CA-501 number=3"));
    }
}
