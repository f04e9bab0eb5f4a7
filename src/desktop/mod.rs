//! The program as a guest of the desktop: one instance, icon and start with the desktop, tray, log files, crash reports.

pub mod autostart;
pub mod console;
pub mod crash;
#[cfg(unix)]
mod entry_file;
pub mod files;
pub mod icon;
pub mod instance;
pub mod log;
pub mod program;
#[cfg(any(windows, test))]
pub mod registry;
pub mod system_folder;
mod target;
pub mod tray;
