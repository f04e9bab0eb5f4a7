//! One program per person and desktop: a second start hands its wish to the first and ends.
//!
//! Invariants
//! * Whoever holds the lock file is the first; the system releases it with the process, so a crash leaves nothing behind.
//! * Only this person reaches the place: it lies in a folder that belongs to the person and that nobody else can enter.
//! * What comes in is one short line, read as strictly as an argument; it can only choose what is shown, or ask the program
//!   to end as the person would. No link can be read as that.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
#[cfg(test)]
mod tests;

pub use super::target::Target;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a start goes on.
#[derive(Debug)]
pub enum Start {
    /// This is the first: it opens its window and listens.
    First(Instance),
    /// The first has taken the wish: this one ends.
    Second,
    /// There is a first that does not answer.
    Hung,
    /// The place can't be used; the program runs without it.
    Alone(io::Error),
}

/// What comes in through the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Somebody wants to see this.
    Show(Target),
    /// The program shall end, for a new version of it.
    Quit,
}

impl Call {
    /// Only this start of the program says [`QUIT`]: it is no [`Target`], so it is in no link.
    fn parse(line: &str) -> Option<Self> {
        if line == QUIT { Some(Self::Quit) } else { Target::parse(line).map(Self::Show) }
    }

    fn line(&self) -> String {
        match self {
            Self::Show(target) => target.line(),
            Self::Quit => QUIT.to_owned(),
        }
    }
}

/// Where the instances of a person and a desktop meet.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
    name: String,
}

/// How long a first has to answer.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at a first that is just starting or ending.
const LOOK: Duration = Duration::from_millis(20);
/// What the first answers.
const TAKEN: &[u8] = b"taken\n";
/// Asks the first to end.
const QUIT: &str = "quit";
/// Longest line.
const LONGEST_LINE: u64 = 160;

impl Place {
    /// A place in a folder that only this person can enter.
    #[must_use]
    pub fn at(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// That of this person and desktop; practice has one of its own.
    ///
    /// # Errors
    /// There is no folder that belongs to this person alone.
    pub fn here(practice: bool) -> io::Result<Self> {
        // on Windows a person has one desktop, which changes its name as it is reached from afar
        let names: &[&str] = if cfg!(windows) { &[] } else { &["WAYLAND_DISPLAY", "DISPLAY"] };
        let display: Vec<_> = names.iter().map(|name| std::env::var(name).unwrap_or_default()).collect();
        let display: String =
            display.join("-").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let practice = if practice { "-practice" } else { "" };
        // the address of a socket is short
        let display: String = display.chars().take(40).collect();
        Ok(Self { folder: system::folder()?, name: format!("cert-assistant{practice}{display}") })
    }

    /// Becomes the first, or hands the wish to it. Waits at most `patience` for a first that does not answer.
    #[must_use]
    pub fn start(&self, target: &Target, patience: Duration) -> Start {
        let lock = match File::options().create(true).truncate(false).write(true).open(self.file("lock")) {
            Ok(lock) => lock,
            Err(error) => return Start::Alone(error),
        };
        let end = Instant::now() + patience;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return match system::listen(self) {
                        Ok(door) => Start::First(Instance { place: self.clone(), door, lock }),
                        Err(error) => Start::Alone(error),
                    };
                }
                Err(std::fs::TryLockError::Error(error)) => return Start::Alone(error),
                Err(std::fs::TryLockError::WouldBlock) => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Start::Hung;
            }
            // one that is just starting has no door yet, one that is ending has none any more
            if self.call(&Call::Show(target.clone()), left) {
                return Start::Second;
            }
            std::thread::sleep(LOOK.min(left));
        }
    }

    /// Asks the first to end, and waits at most `patience` until it has. True when there is none any more; false when it
    /// stays, because it is in the middle of something or does not answer.
    ///
    /// # Errors
    /// The place can't be used.
    pub fn quit(&self, patience: Duration) -> io::Result<bool> {
        let lock = match File::options().write(true).open(self.file("lock")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            other => other?,
        };
        let end = Instant::now() + patience;
        let mut asked = false;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(true),
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
                Err(std::fs::TryLockError::WouldBlock) => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            // asked once: the person may have to say something to it
            asked = asked || self.call(&Call::Quit, left);
            std::thread::sleep(LOOK.min(left));
        }
    }

    /// Whether the first took it.
    fn call(&self, call: &Call, patience: Duration) -> bool {
        system::knock(self, &format!("{}\n", call.line()), patience).is_ok_and(|answer| answer == TAKEN)
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.name))
    }
}

/// The first. Dropping it lets another start be the first.
#[derive(Debug)]
pub struct Instance {
    place: Place,
    door: system::Door,
    lock: File,
}

impl Instance {
    /// Lets another start be the first, from now on.
    pub fn leave(&self) {
        system::close(&self.place);
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock stays until the program ends");
        }
    }

    /// Listens on a thread of its own. `hear` says whether the wish was taken; a start whose wish was not waits.
    pub fn listen(&self, hear: impl Fn(Call) -> bool + Send + 'static) {
        let door = self.door.share();
        let started = std::thread::Builder::new().name("second-start".to_owned()).spawn(move || {
            system::serve(&door, &mut |line| {
                let call = Call::parse(line)?;
                hear(call).then_some(TAKEN)
            });
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread that listens for a second start");
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.leave();
    }
}

/// One line of at most [`LONGEST_LINE`] bytes without its end; anything else is nothing.
fn line(from: impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut from = from.take(LONGEST_LINE);
    let mut one = [0];
    while from.read(&mut one).ok()? == 1 {
        if one == *b"\n" {
            return String::from_utf8(bytes).ok();
        }
        bytes.extend(one);
    }
    None
}
