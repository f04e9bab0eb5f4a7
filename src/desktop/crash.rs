//! What becomes of a panic: a report in a local file, and a clean start afterwards.
//!
//! Invariants
//! * A report stays on this computer and holds nothing of the person: paths lose what is before the source, the home folder
//!   is `~`.
//! * A panic of a part is caught where the part begins; only one of the window ends the program, which starts itself again.
//! * A program that ends again right after its start stays ended.

use base::files::{Access, options, private_folder};
use std::backtrace::Backtrace;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::macros::format_description;

/// The last run ended by a fault of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The report.
    pub file: PathBuf,
    /// What it says, without anything of the person.
    pub text: String,
}

/// Reports that are kept.
const KEPT: usize = 5;
/// Largest report that is read again, bytes.
const LARGEST: u64 = 1 << 20;
/// A run that ends sooner after a restart is not started again.
const TOO_SOON: Duration = Duration::from_secs(10);
/// Names the report of the run that ended.
const ENDED: &str = "ended";
/// Given to the program that is started again.
pub const AFTER_CRASH: &str = "--after-crash";
/// Builds for tests only: `window` or `worker` panics. Not passed on to the program that is started again.
pub const TEST_CRASH: &str = "CERT_ASSISTANT_CRASH";

/// Writes a report of every panic from now on, into a folder.
pub fn install(folder: PathBuf) {
    let before = std::panic::take_hook();
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("?");
        let trace = Backtrace::force_capture().to_string();
        let text = report(info, name, &trace, home.as_deref());
        let (file, ended) = (write(&folder, &text, OffsetDateTime::now_utc()), name == "main");
        if let (Ok(file), true) = (&file, ended) {
            // without it the next start says nothing
            let _untold = std::fs::write(folder.join(ENDED), file.file_name().unwrap_or_default().as_encoded_bytes());
        }
        before(info);
    }));
}

/// The run before this one ended by a fault; told once.
#[must_use]
pub fn last(folder: &Path) -> Option<Crash> {
    let marker = folder.join(ENDED);
    let name = std::fs::read_to_string(&marker).ok()?;
    if let Err(error) = std::fs::remove_file(&marker) {
        tracing::warn!(%error, "the end of the last run would be told again");
        return None;
    }
    let file = folder.join(Path::new(&name).file_name()?);
    let small = std::fs::metadata(&file).is_ok_and(|data| data.len() <= LARGEST);
    let text = std::fs::read_to_string(&file).ok().filter(|_| small)?;
    Some(Crash { file, text })
}

/// Runs the window. When it panics, `release` gives back what the next run needs, and the program is started again –
/// unless it was started again just before.
///
/// # Errors
/// The window panicked; whether the program was started again.
pub fn guard<R>(window: impl FnOnce() -> R, restarted: bool, release: impl FnOnce()) -> Result<R, bool> {
    let began = Instant::now();
    // nothing of the window is used afterwards
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(window));
    result.map_err(|_| {
        release();
        let again = !restarted || began.elapsed() >= TOO_SOON;
        again && start_again(AFTER_CRASH).is_ok()
    })
}

/// Starts the program once more with the arguments it has, and why.
///
/// # Errors
/// It can't be started.
pub fn start_again(why: &str) -> std::io::Result<()> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).filter(|argument| argument != why).collect();
    arguments.push(why.into());
    start(arguments)
}

/// Starts the version that is installed now, with the kind of keys this one has.
///
/// # Errors
/// It can't be started.
pub fn start_new_version() -> std::io::Result<()> {
    let keys = |argument: &OsString| argument.to_str().is_some_and(|text| text.starts_with("--practice"));
    start(std::env::args_os().skip(1).filter(keys).collect())
}

fn start(arguments: Vec<OsString>) -> std::io::Result<()> {
    Command::new(super::program::installed()?).args(arguments).env_remove(TEST_CRASH).spawn().map(drop)
}

/// Panics when a test wants this part to; nothing in a build for people.
#[allow(clippy::panic)] // that is its purpose, in builds for tests only
pub fn on_demand(part: &str) {
    if cfg!(debug_assertions) && std::env::var(TEST_CRASH).is_ok_and(|wanted| wanted == part) {
        panic!("a test wants the {part} to fail");
    }
}

fn report(info: &PanicHookInfo<'_>, thread: &str, trace: &str, home: Option<&Path>) -> String {
    let message = info.payload_as_str().unwrap_or("?");
    let place = info.location().map(|at| format!("{}:{}", source(at.file()), at.line())).unwrap_or_default();
    let mut text = String::new();
    // text never fails to grow
    let _grown = writeln!(
        text,
        "cert-assistant {} · {} {}\n{thread}: {message}\n{place}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    for line in trace.lines() {
        let _grown = writeln!(text, "{}", anonymous(line));
    }
    text.push('\n');
    for line in super::log::recent() {
        let _grown = writeln!(text, "{line}");
    }
    match home.and_then(Path::to_str).filter(|home| home.len() > 1) {
        Some(home) => text.replace(home, "~"),
        None => text,
    }
}

/// A line of a backtrace; after `at ` stands a path.
fn anonymous(line: &str) -> String {
    match line.trim_start().strip_prefix("at ") {
        Some(path) => format!("{:13}at {}", "", source(path)),
        None => line.to_owned(),
    }
}

/// A path of source text without what is before the crate: `…/egui-0.37.0/src/ui.rs`.
fn source(path: &str) -> String {
    let path = path.replace('\\', "/");
    let parts: Vec<_> = path.split('/').collect();
    let at = parts.iter().rposition(|part| *part == "src");
    let from = at.map_or(parts.len().saturating_sub(1), |at| at.saturating_sub(1));
    let kept = parts.get(from..).unwrap_or_default().join("/");
    if from == 0 { kept } else { format!("…/{kept}") }
}

/// Writes a report for its owner only; the oldest beyond [`KEPT`] are removed.
fn write(folder: &Path, text: &str, now: OffsetDateTime) -> std::io::Result<PathBuf> {
    private_folder(folder)?;
    let form = format_description!("[year][month][day]T[hour][minute][second]-[subsecond digits:6]");
    let time = now.format(form).map_err(std::io::Error::other)?;
    let file = folder.join(format!("crash-{time}.txt"));
    options(Access::Owner).write(true).create_new(true).open(&file)?.write_all(text.as_bytes())?;
    let entries = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut reports: Vec<_> = entries.filter(|path| is_report(path)).collect();
    reports.sort();
    for old in reports.iter().rev().skip(KEPT) {
        std::fs::remove_file(old)?;
    }
    Ok(file)
}

fn is_report(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("crash-") && path.extension().is_some_and(|extension| extension == "txt")
}

#[cfg(test)]
mod tests {
    use super::{Crash, ENDED, anonymous, last, source, write};
    use time::macros::datetime;

    #[test]
    fn paths_of_source_text_lose_whose_computer_it_was_built_on() {
        for (path, kept) in [
            (
                "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/egui-0.37.0/src/ui.rs:10:5",
                "…/egui-0.37.0/src/ui.rs:10:5",
            ),
            ("/home/me/cert-assistant/src/app/hub.rs", "…/cert-assistant/src/app/hub.rs"),
            (r"C:\Users\me\x\src\main.rs", "…/x/src/main.rs"),
            ("/rustc/0123/library/std/src/panicking.rs:1", "…/std/src/panicking.rs:1"),
            ("src/app/hub.rs", "src/app/hub.rs"),
            ("/home/me/secret/build.rs", "…/build.rs"),
            ("", ""),
        ] {
            assert_eq!(source(path), kept);
        }
        assert_eq!(anonymous("  3: cert_assistant::main"), "  3: cert_assistant::main");
        assert_eq!(anonymous("             at /home/me/x/src/main.rs:5:1"), "             at …/x/src/main.rs:5:1");
    }

    #[test]
    fn five_reports_are_kept_for_their_owner_only_and_the_end_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let crashes = folder.path().join("crashes");
        assert_eq!(last(&crashes), None);
        let mut file = None;
        for day in 0..7 {
            let now = datetime!(2026-11-21 12:00:00 UTC) + time::Duration::days(day);
            file = Some(write(&crashes, &format!("report {day}"), now).unwrap());
        }
        let file = file.unwrap();
        assert_eq!(std::fs::read_dir(&crashes).unwrap().count(), 5);
        assert!(!crashes.join("crash-20261122T120000-000000.txt").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(crashes.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(last(&crashes), None, "a part that failed did not end the program");
        std::fs::write(crashes.join(ENDED), file.file_name().unwrap().to_str().unwrap()).unwrap();
        assert_eq!(last(&crashes), Some(Crash { file, text: "report 6".to_owned() }));
        assert_eq!(last(&crashes), None);
        std::fs::write(crashes.join(ENDED), "../../etc/passwd").unwrap();
        assert_eq!(last(&crashes), None, "only a file of this folder");
    }
}
