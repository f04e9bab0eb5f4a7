//! What only Windows has: the state of SCardSvr, the zones of Internet Explorer that old pages depend on, the version.
//!
//! The system's own tools are asked and what they print is read by its constants: words around them are in the language of
//! the system.

#[cfg(windows)]
use crate::check::{Line, Statement};
#[cfg(windows)]
use std::process::{Command, Stdio};

/// Zone of trusted sites (Internet Settings, `Zones\2`).
#[cfg(windows)]
const TRUSTED: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Zones\2";
#[cfg(any(windows, test))]
/// Value of a zone: 0 = protected mode is on, 3 = off.
const PROTECTED_MODE: &str = "2500";
#[cfg(any(windows, test))]
/// Value of a zone: its level.
const LEVEL: &str = "CurrentLevel";

#[cfg(any(windows, test))]
/// State of a Windows service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceRun {
    /// It runs.
    Running,
    /// It is there and does not run.
    Stopped,
    /// It is not there.
    Missing,
}

/// Whether SCardSvr is switched off, so that no reader starts it.
#[cfg(windows)]
pub(in crate::check) fn service_disabled() -> bool {
    is_disabled(&ask("sc", &["qc", "SCardSvr"]))
}

#[cfg(not(windows))]
pub(in crate::check) const fn service_disabled() -> bool {
    false
}

/// Reads what `sc qc NAME` prints: `START_TYPE : 4 DISABLED`.
#[cfg(any(windows, test))]
fn is_disabled(text: &str) -> bool {
    text.lines().any(|line| line.split_whitespace().eq(["START_TYPE", ":", "4", "DISABLED"]))
}

/// Reads what `sc query NAME` prints.
#[cfg(any(windows, test))]
fn read_sc(text: &str) -> Option<ServiceRun> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    if has("RUNNING") {
        Some(ServiceRun::Running)
    } else if has("STOPPED") || has("START_PENDING") || has("STOP_PENDING") || has("PAUSED") {
        Some(ServiceRun::Stopped)
    } else if text.contains("1060") {
        // ERROR_SERVICE_DOES_NOT_EXIST
        Some(ServiceRun::Missing)
    } else {
        None
    }
}

#[cfg(any(windows, test))]
/// Reads a number of what `reg query KEY` prints: `NAME REG_DWORD 0x…`.
fn read_reg(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let found = words.next() == Some(name) && words.next() == Some("REG_DWORD");
        let digits = words.next().filter(|_| found)?.strip_prefix("0x")?;
        u32::from_str_radix(digits, 16).ok()
    })
}

#[cfg(any(windows, test))]
/// Reads the number of what `ver` prints: `Microsoft Windows [Version 10.0.19045.3803]`.
fn read_version(text: &str) -> Option<&str> {
    let inner = text.split_once('[')?.1.split_once(']')?.0;
    let version = inner.split_whitespace().last()?;
    let numbers = version.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
    (numbers >= 3).then_some(version)
}

#[cfg(any(windows, test))]
/// What a zone's values say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Zone {
    /// Controls do not run at this level.
    high: bool,
    protected: bool,
}

#[cfg(any(windows, test))]
fn read_zone(text: &str) -> Option<Zone> {
    const HIGH: u32 = 0x12000;
    let level = read_reg(text, LEVEL)?;
    Some(Zone { high: level >= HIGH, protected: read_reg(text, PROTECTED_MODE) == Some(0) })
}

#[cfg(windows)]
fn ask(program: &str, arguments: &[&str]) -> String {
    use std::os::windows::process::CommandExt;
    /// No console window flashes up.
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).creation_flags(CREATE_NO_WINDOW);
    let output = command.output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Adds the zone of trusted sites to the line of the browsers.
#[cfg(windows)]
pub(super) fn add_zones(line: Line) -> Line {
    let line = match read_zone(&ask("reg", &["query", TRUSTED])) {
        Some(Zone { high: true, .. }) => line.detail(Statement::new("browsers.zone_high")),
        Some(Zone { protected: true, .. }) => line.detail(Statement::new("browsers.zone_protected")),
        Some(_) => line.detail(Statement::new("browsers.zone_good")),
        None => line,
    };
    line.detail(Statement::new("browsers.zone_only"))
}

/// Adds version and state of the smart-card service to the line of the desktop.
#[cfg(windows)]
pub(super) fn add_system(line: Line) -> Line {
    let line = match read_version(&ask("cmd", &["/c", "ver"])) {
        Some(version) => line.detail(Statement::new("desktop.windows_version").with("version", version)),
        None => line,
    };
    match read_sc(&ask("sc", &["query", "SCardSvr"])) {
        Some(ServiceRun::Running) => line.detail(Statement::new("desktop.scardsvr_running")),
        Some(ServiceRun::Stopped) => line.detail(Statement::new("desktop.scardsvr_stopped")),
        Some(ServiceRun::Missing) => line.detail(Statement::new("desktop.scardsvr_missing")),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{ServiceRun, Zone, is_disabled, read_reg, read_sc, read_version, read_zone};

    #[test]
    fn the_state_of_a_service_is_read_in_any_language() {
        let text = "\r\nSERVICE_NAME: SCardSvr \r\n        TYPE               : 20  WIN32_SHARE_PROCESS  \r\n        \
                    STATE              : 4  RUNNING \r\n                                (STOPPABLE, NOT_PAUSABLE)\r\n";
        assert_eq!(read_sc(text), Some(ServiceRun::Running));
        assert_eq!(
            read_sc(&text.replace("STATE", "\u{fffd}\u{fffd}").replace("4  RUNNING", "1  STOPPED")),
            Some(ServiceRun::Stopped)
        );
        let missing =
            "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\nThe specified service does not exist\r\n";
        assert_eq!(read_sc(missing), Some(ServiceRun::Missing));
        assert_eq!(read_sc(""), None);
    }

    #[test]
    fn a_service_that_is_switched_off_is_told_from_one_that_waits() {
        let text = "[SC] QueryServiceConfig SUCCESS\r\n\r\nSERVICE_NAME: SCardSvr\r\n        TYPE               : 20  WIN32_SHARE_PROCESS \r\n        \
                    START_TYPE         : 4   DISABLED\r\n        DISPLAY_NAME       : Smart Card\r\n";
        assert!(is_disabled(text));
        assert!(!is_disabled(&text.replace("4   DISABLED", "3   DEMAND_START")));
        assert!(!is_disabled(&text.replace("Smart Card", "DISABLED").replace("4   DISABLED", "2   AUTO_START")));
        assert!(!is_disabled(""));
    }

    #[test]
    fn the_zone_of_trusted_sites_is_read_from_the_registry() {
        let text = "\r\nHKEY_CURRENT_USER\\Software\\...\\Zones\\2\r\n    DisplayName    REG_SZ    Trusted sites\r\n    \
                    CurrentLevel    REG_DWORD    0x11000\r\n    2500    REG_DWORD    0x3\r\n";
        assert_eq!(read_reg(text, "CurrentLevel"), Some(0x11000));
        assert_eq!(read_reg(text, "DisplayName"), None, "no number");
        assert_eq!(read_zone(text), Some(Zone { high: false, protected: false }));
        assert!(read_zone(&text.replace("0x11000", "0x12000")).unwrap().high);
        assert!(read_zone(&text.replace("0x3", "0x0")).unwrap().protected);
        assert_eq!(read_zone("ERROR"), None);
    }

    #[test]
    fn the_version_is_the_number_in_brackets() {
        assert_eq!(read_version("\r\nMicrosoft Windows [Version 10.0.19045.3803]\r\n"), Some("10.0.19045.3803"));
        assert_eq!(read_version("Microsoft Windows [\u{fffd} 6.1.7601]"), Some("6.1.7601"));
        assert_eq!(read_version("rubbish [x]"), None);
    }
}
