//! The parent's side of the children that load what may crash: little to inherit, a time limit, a limit to what they say.

use super::driver_child::{self, Step};
use crate::desktop::program::same_version;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// For one library.
const LIMIT: Duration = Duration::from_secs(5);
/// All a child may say.
const LONGEST: u64 = 64 << 10;

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

/// This program as a child with this task: none of the person's variables, no input, nowhere to write but a pipe. It is of
/// this version also while another is being installed, since the two talk to each other.
pub fn command(program: &Path, task: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(same_version(program));
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
    let Some(said) = child.listen() else { return (Vec::new(), End::NotStarted) };
    let (bytes, end) = match said.recv_timeout(LIMIT) {
        // its end closes the pipe; one that only closed the pipe ends itself soon
        Ok(bytes) if (bytes.len() as u64) < LONGEST => (Some(bytes), child.0.wait().map_or(End::Hung, ended)),
        Ok(bytes) => (Some(bytes), End::Hung),
        // it may have left somebody behind who keeps the pipe open
        Err(_) => (None, child.0.try_wait().ok().flatten().map_or(End::Hung, ended)),
    };
    drop(child);
    // what one that was killed had said comes with the end of its pipe
    let bytes = bytes.or_else(|| said.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default();
    let steps = String::from_utf8_lossy(&bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (steps, end)
}

fn ended(status: ExitStatus) -> End {
    if status.success() { End::Done } else { End::Crashed(signal(status)) }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
