//! Files of this person: made for its owner only, a folder shown in the file manager of the desktop, a report removed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The program of the desktop that shows folders.
const SHOWS: &str = if cfg!(windows) { "explorer" } else { "xdg-open" };

/// Shows a folder, or the folder a file is in. It runs beside the caller, and a desktop that can't leaves it at a note in
/// the log.
pub fn show_folder(path: &Path) {
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path }.to_owned();
    let started = std::thread::Builder::new().name("show-folder".to_owned()).spawn(move || {
        let mut program = Command::new(SHOWS);
        let shown = program.arg(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        match shown {
            // explorer says 1 also when it has shown the folder
            Ok(_) if cfg!(windows) => {}
            Ok(status) if status.success() => {}
            Ok(status) => tracing::info!(%status, "the desktop does not show the folder"),
            Err(error) => tracing::info!(%error, "the desktop shows no folders"),
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "no thread to show a folder");
    }
}

/// Has the system open a file with the program it has for such files. Returns when that was begun; the answer says later, on
/// asking, whether it could.
///
/// # Errors
/// Why it could not be begun.
pub fn open(file: &Path) -> std::io::Result<Opening> {
    Opening::by(SHOWS, file)
}

/// The system is opening a file.
pub struct Opening(Child);

impl Opening {
    /// As [`open`], by this program.
    pub(crate) fn by(program: &str, file: &Path) -> std::io::Result<Self> {
        let mut program = Command::new(program);
        program.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(Self)
    }

    /// Waits for the end of what opens it, which may be as long as the file is being looked at.
    ///
    /// # Errors
    /// In words of the system: it has nothing for such files.
    pub fn end(mut self) -> Result<(), String> {
        match self.0.wait() {
            // explorer says 1 also when it has opened the file
            Ok(status) if status.success() || cfg!(windows) => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Removes a file of this program.
pub fn remove(file: &Path) {
    if let Err(error) = base::files::remove(file) {
        tracing::info!(%error, "a file was not removed");
    }
}
