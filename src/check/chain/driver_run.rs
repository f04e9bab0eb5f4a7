//! The parent's side of the children that load what may crash: little to inherit, a time limit, a limit to what they say.

use super::driver_child::{self, Step};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// For one library.
const LIMIT: Duration = Duration::from_secs(5);
/// All a child may say.
const LONGEST: u64 = 64 << 10;
const PAUSE: Duration = Duration::from_millis(10);

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It ended by itself without a complaint.
    Done,
    /// It crashed; the signal, where there is one.
    Crashed(Option<i32>),
    /// It did not end in time and was killed.
    Hung,
    /// It could not be started.
    NotStarted,
}

/// This program as a child with this task: none of the person's variables, no input, nowhere to write but a pipe.
pub fn command(program: &Path, task: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.arg(task).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // the loader of Windows needs to know where the system is
    for name in ["SystemRoot", "windir"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    if cfg!(unix) {
        command.current_dir("/");
    }
    command
}

/// A running child; killed when dropped.
pub struct Child(std::process::Child);

impl Child {
    /// Starts it.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Reads what it says on a thread of its own; ends at the limit.
    fn listen(&mut self) -> Option<Receiver<Vec<u8>>> {
        let output = self.0.stdout.take()?;
        let (tell, said) = channel();
        let listener = std::thread::Builder::new().name("driver-output".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            if let Err(error) = output.take(LONGEST).read_to_end(&mut bytes) {
                tracing::debug!(%error, "output of a driver");
            }
            // nobody waits any more
            let _late = tell.send(bytes);
        });
        listener.ok().map(|_| said)
    }

    fn wait(&mut self, end: Instant) -> Option<ExitStatus> {
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => std::thread::sleep(PAUSE),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // it may have ended before; either way it is taken off the list of processes
        let _ended = self.0.kill();
        if let Err(error) = self.0.wait() {
            tracing::debug!(%error, "a child that does not end");
        }
    }
}

/// Lets a child load a library.
pub fn load(program: &Path, library: &Path) -> (Vec<Step>, End) {
    let mut command = command(program, driver_child::CHILD);
    command.arg(library);
    let Ok(mut child) = Child::start(command) else { return (Vec::new(), End::NotStarted) };
    let until = Instant::now() + LIMIT;
    let Some(said) = child.listen() else { return (Vec::new(), End::NotStarted) };
    let end = match child.wait(until) {
        Some(status) if status.success() => End::Done,
        Some(status) => End::Crashed(signal(status)),
        None => End::Hung,
    };
    drop(child);
    let bytes = said.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    let steps = String::from_utf8_lossy(&bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (steps, end)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
