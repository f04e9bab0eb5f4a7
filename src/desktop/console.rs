//! The console the program was started from. On Windows a program with a window has none of its own; what the command
//! line says would be lost.

/// Writes to the console of the program that started this one from now on, unless what it writes goes elsewhere already.
/// Only for the command line: a console that is closed ends the programs it belongs to.
#[cfg(all(windows, feature = "window"))]
pub fn attach() {
    use std::os::windows::io::AsRawHandle;
    if std::io::stdout().as_raw_handle().is_null() && std::io::stderr().as_raw_handle().is_null() {
        // started by the desktop there is none
        let _none = winsafe::AttachConsole(winsafe::PidParent::Parent);
    }
}

/// Elsewhere a program has the console it was started from.
#[cfg(not(all(windows, feature = "window")))]
pub const fn attach() {}
