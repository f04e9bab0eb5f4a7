//! The icon of the program on the desktop of this person: on Linux a copy of its entry in the menu, in the folder that
//! the desktop shows. On Windows the setup makes it.
//!
//! Invariants: the file has the program's name and is the only one that is touched; a power cut leaves the old state or the
//! new one; where the person's desktop has no folder none is made.

use base::fault::Fault;

/// Whether the icon is there; `None` where this program puts none.
#[must_use]
pub fn state() -> Option<bool> {
    DesktopIcon::here().map(|icon| icon.is_there())
}

/// Puts the icon on the desktop, or takes it away.
///
/// # Errors
/// [`FaultCode::DesktopIconNotSet`](base::fault::FaultCode::DesktopIconNotSet).
pub fn set(on: bool) -> Result<(), Fault> {
    match DesktopIcon::here() {
        Some(icon) => icon.set(on),
        None => Err(Fault::new(base::fault::FaultCode::DesktopIconNotSet).detail("no folder of the desktop")),
    }
}

#[cfg(not(target_os = "linux"))]
use nowhere::DesktopIcon;
#[cfg(target_os = "linux")]
pub use on_linux::DesktopIcon;

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use base::fault::Fault;

    /// No desktop where this program puts an icon.
    pub enum DesktopIcon {}

    impl DesktopIcon {
        pub const fn here() -> Option<Self> {
            None
        }

        pub const fn is_there(&self) -> bool {
            match *self {}
        }

        pub const fn set(&self, _on: bool) -> Result<(), Fault> {
            match *self {}
        }
    }
}

#[cfg(target_os = "linux")]
mod on_linux {
    use crate::desktop::entry_file;
    use base::fault::{Fault, FaultCode};
    use base::files::Access;
    use sha2::{Digest, Sha256};
    use std::io;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    const NAME: &str = "cert-assistant.desktop";
    /// The entry in the menu.
    const ENTRY: &str = include_str!("../../installer/linux/cert-assistant.desktop");

    /// Where the folder is when the person's desktop has not written down another one (xdg-user-dirs); on Chinese systems 桌面.
    const USUAL: [&str; 2] = ["Desktop", "\u{684C}\u{9762}"];

    /// Where the icon is put.
    #[derive(Clone, Debug)]
    pub struct DesktopIcon {
        /// The folder the desktop shows.
        pub folder: PathBuf,
        /// This program.
        pub program: PathBuf,
    }

    impl DesktopIcon {
        /// For this person and this program.
        #[must_use]
        pub fn here() -> Option<Self> {
            let program = crate::desktop::program::installed().ok()?;
            let dirs = directories::UserDirs::new()?;
            let folder = folder(dirs.home_dir(), dirs.desktop_dir())?;
            Some(Self { folder, program })
        }

        /// Whether the icon is there.
        #[must_use]
        pub fn is_there(&self) -> bool {
            self.folder.join(NAME).is_file()
        }

        /// Puts the icon there, or takes it away.
        ///
        /// # Errors
        /// [`FaultCode::DesktopIconNotSet`].
        pub fn set(&self, on: bool) -> Result<(), Fault> {
            let path = self.folder.join(NAME);
            let done = if on {
                entry(&self.program).and_then(|text| {
                    // desktops start only what may be executed
                    entry_file::write(&path, &text, Access::Program)?;
                    trust(&path, &text);
                    Ok(())
                })
            } else {
                base::files::remove(&path)
            };
            done.map_err(|error| Fault::new(FaultCode::DesktopIconNotSet).detail(error.to_string()))
        }
    }

    /// What the desktop shows: the folder it has written down – which is the home folder when it shows none – else one of the
    /// usual ones that is there.
    fn folder(home: &Path, written: Option<&Path>) -> Option<PathBuf> {
        let usual = || USUAL.iter().map(|name| home.join(name)).find(|folder| folder.is_dir());
        match written {
            Some(folder) => (folder != home && folder.is_dir()).then(|| folder.to_owned()),
            None => usual(),
        }
    }

    /// The entry in the menu with this program in place of its name.
    fn entry(program: &Path) -> io::Result<String> {
        let exec = format!("Exec={} ", entry_file::program(program)?);
        Ok(ENTRY.replace("Exec=cert-assistant ", &exec))
    }

    /// Some desktops ask before they start what lies on them, unless the person has said yes: GNOME keeps a mark of it, Xfce the
    /// sum of what was agreed to. The person has: by the switch in this program, or by installing it.
    fn trust(path: &Path, text: &str) {
        let sum: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        for (mark, value) in [("metadata::trusted", "true"), ("metadata::xfce-exe-checksum", sum.as_str())] {
            let mut gio = Command::new("gio");
            gio.args(["set", "-t", "string"]).arg(path).args([mark, value]);
            let done = gio.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            if !done.is_ok_and(|status| status.success()) {
                tracing::info!(mark, "the desktop may ask before it starts the icon");
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{DesktopIcon, ENTRY, NAME, entry, folder};
        use std::os::unix::fs::PermissionsExt;
        use std::path::Path;

        #[test]
        fn the_icon_comes_and_goes_and_nothing_else_is_touched() {
            let desktop = tempfile::tempdir().unwrap();
            std::fs::write(desktop.path().join("notes.txt"), "mine").unwrap();
            let icon = DesktopIcon { folder: desktop.path().to_owned(), program: "/opt/a b/cert-assistant".into() };
            assert!(!icon.is_there());
            icon.set(true).unwrap();
            icon.set(true).unwrap();
            assert!(icon.is_there());
            let file = desktop.path().join(NAME);
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o111, 0o111, "desktops start only programs");
            icon.set(false).unwrap();
            icon.set(false).unwrap();
            assert!(!icon.is_there());
            assert_eq!(std::fs::read_dir(desktop.path()).unwrap().count(), 1);
        }

        #[test]
        fn every_action_of_the_entry_starts_this_program() {
            let text = entry(Path::new("/opt/a b/cert-assistant")).unwrap();
            let lines = |text: &str| text.lines().filter(|line| line.starts_with("Exec=")).count();
            let ours = text.lines().filter(|line| line.starts_with("Exec=\"/opt/a b/cert-assistant\" --open "));
            assert_eq!((lines(&text), ours.count()), (lines(ENTRY), 3));
        }

        #[test]
        fn a_folder_is_found_and_none_is_made() {
            let home = tempfile::tempdir().unwrap();
            let home = home.path();
            assert_eq!(folder(home, None), None, "nobody has signed in yet");
            let written = home.join("Schreibtisch");
            assert_eq!(folder(home, Some(&written)), None, "it was removed");
            std::fs::create_dir(&written).unwrap();
            assert_eq!(folder(home, Some(&written)), Some(written));
            std::fs::create_dir(home.join("桌面")).unwrap();
            assert_eq!(folder(home, None), Some(home.join("桌面")));
            assert_eq!(folder(home, Some(home)), None, "the desktop shows no icons");
        }

        #[test]
        fn a_folder_that_cannot_be_written_is_told() {
            let icon = DesktopIcon { folder: "/dev/null".into(), program: "/usr/bin/cert-assistant".into() };
            assert_eq!(icon.set(true).unwrap_err().code, base::fault::FaultCode::DesktopIconNotSet);
        }
    }
}
