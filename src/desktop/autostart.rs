//! Start with the desktop: a desktop entry of the person on Linux (Desktop Application Autostart Specification 0.5), a value
//! of the person's `Run` key on Windows.
//!
//! Invariants: only what belongs to this person is written; an entry of the whole system is overridden, never touched; a
//! power cut leaves the old or the new state.

use base::fault::Fault;
use std::path::PathBuf;

/// Whether this program starts with the desktop; `None` where nobody can say.
#[must_use]
pub fn state() -> Option<bool> {
    Autostart::here().and_then(|autostart| autostart.state())
}

/// Starts this program with the desktop from now on, or no longer.
///
/// # Errors
/// [`FaultCode::AutostartNotSet`](base::fault::FaultCode::AutostartNotSet).
pub fn set(on: bool) -> Result<(), Fault> {
    match Autostart::here() {
        Some(autostart) => autostart.set(on),
        None => Err(Fault::new(base::fault::FaultCode::AutostartNotSet).detail("no folder of this person")),
    }
}

/// Where it is written down.
#[derive(Clone, Debug)]
pub struct Autostart {
    /// Folder with the person's autostart entries; not used on Windows.
    pub folder: PathBuf,
    /// Folders with those of the whole system.
    pub system: Vec<PathBuf>,
    /// This program.
    pub program: PathBuf,
}

impl Autostart {
    /// For this person and this program.
    #[must_use]
    pub fn here() -> Option<Self> {
        let program = super::program::installed().ok()?;
        let folder = directories::BaseDirs::new()?.config_dir().join("autostart");
        let system = std::env::var("XDG_CONFIG_DIRS").unwrap_or_default();
        let system = if system.is_empty() { "/etc/xdg" } else { &system };
        let system = std::env::split_paths(system).filter(|path| path.is_absolute());
        Some(Self { folder, system: system.map(|path| path.join("autostart")).collect(), program })
    }
}

#[cfg(not(windows))]
mod entry {
    use super::Autostart;
    use crate::desktop::entry_file;
    use base::fault::{Fault, FaultCode};
    use base::files::Access;

    const NAME: &str = "cert-assistant.desktop";

    impl Autostart {
        /// Whether an entry starts the program: that of the person, else that of the system.
        #[must_use]
        pub fn state(&self) -> Option<bool> {
            let folders = std::iter::once(&self.folder).chain(&self.system);
            let mut found = folders.filter_map(|folder| std::fs::read_to_string(folder.join(NAME)).ok());
            Some(found.next().is_some_and(|text| starts(&text)))
        }

        /// Writes the person's entry.
        ///
        /// # Errors
        /// [`FaultCode::AutostartNotSet`].
        pub fn set(&self, on: bool) -> Result<(), Fault> {
            let path = self.folder.join(NAME);
            let of_the_system = self.system.iter().any(|folder| folder.join(NAME).exists());
            let done = match (on, of_the_system) {
                (true, _) => {
                    self.line().and_then(|line| entry_file::write(&path, &entry(&line, false), Access::Everybody))
                }
                (false, true) => {
                    self.line().and_then(|line| entry_file::write(&path, &entry(&line, true), Access::Everybody))
                }
                (false, false) => base::files::remove(&path),
            };
            done.map_err(|error| Fault::new(FaultCode::AutostartNotSet).detail(error.to_string()))
        }

        /// The `Exec` key. A path that no entry can hold is refused.
        fn line(&self) -> std::io::Result<String> {
            Ok(format!("{} --background", entry_file::program(&self.program)?))
        }
    }

    fn entry(line: &str, hidden: bool) -> String {
        format!(
            "[Desktop Entry]\nType=Application\nName=cert-assistant\nExec={line}\nIcon=cert-assistant\nTerminal=false\n\
             X-GNOME-Autostart-enabled={}\nHidden={hidden}\n",
            !hidden
        )
    }

    /// True unless the entry is hidden or switched off.
    fn starts(text: &str) -> bool {
        let mut ours = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                ours = line == "[Desktop Entry]";
            }
            let Some((key, value)) = line.split_once('=').filter(|_| ours) else { continue };
            match (key.trim(), value.trim()) {
                ("Hidden", "true") | ("X-GNOME-Autostart-enabled", "false") => return false,
                _ => {}
            }
        }
        true
    }

    #[cfg(test)]
    mod tests {
        use super::{Autostart, NAME, starts};
        use std::path::PathBuf;

        fn autostart(folder: &std::path::Path) -> Autostart {
            Autostart {
                folder: folder.join("config/autostart"),
                system: vec![folder.join("etc")],
                program: PathBuf::from("/opt/cert assistant/cert-assistant"),
            }
        }

        #[test]
        fn an_entry_of_the_person_comes_and_goes() {
            let folder = tempfile::tempdir().unwrap();
            let autostart = autostart(folder.path());
            let path = autostart.folder.join(NAME);
            assert_eq!(autostart.state(), Some(false));
            autostart.set(true).unwrap();
            assert_eq!(autostart.state(), Some(true));
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains("\nExec=\"/opt/cert assistant/cert-assistant\" --background\n"), "{text}");
            autostart.set(false).unwrap();
            assert!(!path.exists());
            assert_eq!(autostart.state(), Some(false));
            autostart.set(false).unwrap();
        }

        #[test]
        fn an_entry_of_the_system_is_hidden_by_one_of_the_person() {
            let folder = tempfile::tempdir().unwrap();
            let autostart = autostart(folder.path());
            std::fs::create_dir_all(folder.path().join("etc")).unwrap();
            let system = folder.path().join("etc").join(NAME);
            std::fs::write(&system, "[Desktop Entry]\nExec=cert-assistant --background\n").unwrap();
            assert_eq!(autostart.state(), Some(true));
            autostart.set(false).unwrap();
            assert_eq!(autostart.state(), Some(false));
            let text = std::fs::read_to_string(autostart.folder.join(NAME)).unwrap();
            assert!(text.contains("Hidden=true"));
            assert!(!std::fs::read_to_string(&system).unwrap().contains("Hidden"), "the system's is not touched");
            autostart.set(true).unwrap();
            assert_eq!(autostart.state(), Some(true));
        }

        #[test]
        fn only_keys_of_the_entry_itself_switch_it_off() {
            assert!(!starts("[Desktop Entry]\n Hidden = true \n"));
            assert!(!starts("[Desktop Entry]\nX-GNOME-Autostart-enabled=false"));
            assert!(starts("[Desktop Entry]\nHidden=false\n[Desktop Action x]\nHidden=true"));
        }

        #[test]
        fn a_folder_that_cannot_be_written_is_told_and_a_path_no_entry_can_hold_is_refused() {
            let mut autostart = autostart(std::path::Path::new("/dev/null"));
            assert_eq!(autostart.set(true).unwrap_err().code, base::fault::FaultCode::AutostartNotSet);
            let folder = tempfile::tempdir().unwrap();
            autostart.folder = folder.path().to_owned();
            autostart.program = PathBuf::from("/opt/a\nExec=evil");
            assert!(autostart.set(true).is_err());
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}

#[cfg(windows)]
mod registry {
    use super::Autostart;
    use crate::desktop::registry::{self, is_switched_off, text_of};
    use base::fault::{Fault, FaultCode};

    /// Where the person's own programs are, and those of everybody, which an administrator writes.
    const OWN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
    const ALL: &str = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run";
    /// What the person switched off in the task manager.
    const SWITCHES: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
    const VALUE: &str = "cert-assistant";

    fn is_in(key: &str) -> bool {
        registry::query(key, VALUE).is_some_and(|answer| text_of(&answer, VALUE).is_some())
    }

    impl Autostart {
        /// Whether a `Run` key starts the program.
        #[must_use]
        pub fn state(&self) -> Option<bool> {
            let off = || registry::query(SWITCHES, VALUE).is_some_and(|answer| is_switched_off(&answer, VALUE));
            Some(is_in(ALL) || is_in(OWN) && !off())
        }

        /// Writes or removes the person's value. One for everybody stays: only an administrator can take it away.
        ///
        /// # Errors
        /// [`FaultCode::AutostartNotSet`].
        pub fn set(&self, on: bool) -> Result<(), Fault> {
            let fault = |detail: String| Fault::new(FaultCode::AutostartNotSet).detail(detail);
            let command = format!("\"{}\" --background", self.program.display());
            match (on, is_in(ALL)) {
                (true, true) => return Ok(()),
                (false, true) => return Err(fault(ALL.to_owned())),
                (_, false) => {}
            }
            if registry::query(SWITCHES, VALUE).is_some() {
                registry::run(&["delete", SWITCHES, "/v", VALUE, "/f"]).map_err(|error| fault(error.to_string()))?;
            }
            let done = match on {
                true => registry::run(&["add", OWN, "/v", VALUE, "/t", "REG_SZ", "/d", &command, "/f"]),
                false if is_in(OWN) => registry::run(&["delete", OWN, "/v", VALUE, "/f"]),
                false => return Ok(()),
            };
            done.map(drop).map_err(|error| fault(error.to_string()))
        }
    }
}
