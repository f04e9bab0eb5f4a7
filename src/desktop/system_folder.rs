//! The folder in which the administrator of this computer sets things for everybody: `/etc/cert-assistant`, on Windows
//! `%ProgramData%\cert-assistant`.
//!
//! Invariants: whoever writes there decides whom everybody's program trusts, so nothing is read that anybody but an administrator
//! can change, and no variable of the environment leads elsewhere. On Linux the folder, its files and folders belong to root and are
//! not writable by group or others, and of a file just the opened one is judged and read. On Windows every person may make folders
//! in `%ProgramData%`: the folder counts only when the value `Presets` of `HKLM\Software\cert-assistant` names it, which the
//! setup for the whole machine writes after it has closed the folder. Nothing there is ever written or renamed by this program.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Larger files are not read.
const LARGEST: u64 = 1 << 20;

/// The folder, whether it exists or not.
#[derive(Clone, Debug)]
pub struct SystemFolder {
    path: PathBuf,
    #[cfg(unix)]
    owner: u32,
    /// Whether the registry names it, once it was asked.
    #[cfg(not(unix))]
    marked: std::sync::OnceLock<bool>,
}

/// Why a file or folder there is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Others than the administrator can change it, so that nothing says who wrote it.
    OthersWrite(PathBuf),
    /// It can't be read, in words of the system.
    Unreadable(PathBuf, String),
}

impl Refused {
    /// Which file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::OthersWrite(path) | Self::Unreadable(path, _) => path,
        }
    }
}

impl SystemFolder {
    /// The folder of this computer; `None` where the system names none.
    #[must_use]
    pub fn here() -> Option<Self> {
        #[cfg(unix)]
        return Some(Self::owned_by("/etc/cert-assistant", 0));
        #[cfg(not(unix))]
        marked::folder().map(|path| Self { path, marked: std::sync::OnceLock::new() })
    }

    /// A folder that belongs to somebody else than root, for tests.
    #[cfg(unix)]
    #[must_use]
    pub fn owned_by(path: impl Into<PathBuf>, owner: u32) -> Self {
        Self { path: path.into(), owner }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of a file there; `None` when there is no such file.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn text(&self, name: &str) -> Option<Result<String, Refused>> {
        let path = self.path.join(name);
        match File::open(&path) {
            Err(error) if absent(&error) => None,
            opened => Some(self.closed().and_then(|()| self.read(&path, opened))),
        }
    }

    /// A folder there; `None` when there is no such folder.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn folder(&self, name: &str) -> Option<Result<PathBuf, Refused>> {
        let path = self.path.join(name);
        match fs::metadata(&path) {
            Err(error) if absent(&error) => None,
            Err(error) => Some(Err(Refused::Unreadable(path, error.to_string()))),
            Ok(data) if !self.only_administrators_write(&data) => Some(Err(Refused::OthersWrite(path))),
            Ok(_) => Some(self.closed().map(|()| path)),
        }
    }

    fn read(&self, path: &Path, opened: std::io::Result<File>) -> Result<String, Refused> {
        let unreadable = |reason: String| Refused::Unreadable(path.to_owned(), reason);
        let file = opened.map_err(|error| unreadable(error.to_string()))?;
        let data = file.metadata().map_err(|error| unreadable(error.to_string()))?;
        if !self.only_administrators_write(&data) {
            return Err(Refused::OthersWrite(path.to_owned()));
        }
        let mut text = String::new();
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
        if text.len() as u64 > LARGEST {
            return Err(unreadable(format!("more than {LARGEST} bytes")));
        }
        Ok(text)
    }

    /// The folder itself is closed to others: they could put files in and take others away.
    fn closed(&self) -> Result<(), Refused> {
        let data =
            fs::metadata(&self.path).map_err(|error| Refused::Unreadable(self.path.clone(), error.to_string()))?;
        #[cfg(not(unix))]
        let marked = *self.marked.get_or_init(|| marked::is_marked(&self.path));
        #[cfg(unix)]
        let marked = true;
        if marked && self.only_administrators_write(&data) {
            Ok(())
        } else {
            Err(Refused::OthersWrite(self.path.clone()))
        }
    }

    /// True for what nobody but its administrator can change.
    #[cfg(unix)]
    #[must_use]
    pub fn only_administrators_write(&self, data: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        data.uid() == self.owner && data.mode() & 0o022 == 0
    }

    /// True for what nobody but an administrator can change: what lies in the closed folder takes its rights from it.
    #[cfg(not(unix))]
    #[must_use]
    #[expect(clippy::unused_self)] // on other systems the folder says whose it is
    pub fn only_administrators_write(&self, _: &Metadata) -> bool {
        true
    }
}

fn absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// The mark in the registry, which administrators only can set.
#[cfg(any(windows, test))]
mod marked {
    #[cfg(windows)]
    use std::path::{Path, PathBuf};

    #[cfg(windows)]
    const KEY: &str = r"HKLM\Software\cert-assistant";
    const VALUE: &str = "Presets";

    /// The folder, by the name the system gives to what programs keep for everybody.
    #[cfg(windows)]
    pub(super) fn folder() -> Option<PathBuf> {
        let folder = PathBuf::from(std::env::var_os("ProgramData")?).join("cert-assistant");
        folder.is_absolute().then_some(folder)
    }

    /// Asked only when there is something to read: it takes a process.
    #[cfg(windows)]
    pub(super) fn is_marked(folder: &Path) -> bool {
        let answer = crate::desktop::registry::run(&["query", KEY, "/v", VALUE, "/reg:64"]);
        answer.is_ok_and(|answer| names(&answer, &folder.display().to_string()))
    }

    /// Whether the answer of `reg query` names the folder.
    pub(super) fn names(answer: &str, folder: &str) -> bool {
        let mut fields = answer.lines().map(|line| line.trim().split("    "));
        fields.any(|mut field| {
            field.next() == Some(VALUE)
                && field.next() == Some("REG_SZ")
                && field.next().is_some_and(|named| named.trim().trim_end_matches('\\').eq_ignore_ascii_case(folder))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn the_mark_names_just_this_folder() {
        let answer = |kind: &str, folder: &str| {
            format!("\r\nHKEY_LOCAL_MACHINE\\Software\\cert-assistant\r\n    Presets    {kind}    {folder}\r\n\r\n")
        };
        let folder = r"C:\ProgramData\cert-assistant";
        assert!(marked::names(&answer("REG_SZ", folder), folder));
        assert!(marked::names(&answer("REG_SZ", r"c:\programdata\cert-assistant\"), folder));
        // what is put together from variables could lead elsewhere
        assert!(!marked::names(&answer("REG_EXPAND_SZ", folder), folder));
        assert!(!marked::names(&answer("REG_SZ", r"C:\ProgramData\cert-assistant2"), folder));
        assert!(!marked::names(&answer("REG_SZ", r"C:\Users\me\cert-assistant"), folder));
        assert!(!marked::names(&answer("REG_SZ", folder).replace("Presets", "Presets2"), folder));
        assert!(!marked::names("", folder));
    }

    #[cfg(unix)]
    mod unix {
        use crate::desktop::system_folder::{Refused, SystemFolder};
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

        /// A folder of whoever runs the test.
        fn folder(of: &tempfile::TempDir) -> SystemFolder {
            SystemFolder::owned_by(of.path(), fs::metadata(of.path()).unwrap().uid())
        }

        fn allow(of: &tempfile::TempDir, name: &str, mode: u32) {
            fs::set_permissions(of.path().join(name), Permissions::from_mode(mode)).unwrap();
        }

        #[test]
        fn a_file_of_the_administrator_is_read_and_what_is_not_there_is_no_fault() {
            let dir = tempfile::tempdir().unwrap();
            assert_eq!(folder(&dir).text("settings.json"), None);
            fs::write(dir.path().join("settings.json"), "{}").unwrap();
            allow(&dir, "settings.json", 0o644);
            assert_eq!(folder(&dir).text("settings.json"), Some(Ok("{}".to_owned())));
            fs::create_dir(dir.path().join("roots")).unwrap();
            allow(&dir, "roots", 0o755);
            assert_eq!(folder(&dir).folder("roots"), Some(Ok(dir.path().join("roots"))));
            assert_eq!(folder(&dir).folder("other"), None);
            let nowhere = SystemFolder::owned_by(dir.path().join("nowhere"), 0);
            assert_eq!((nowhere.text("settings.json"), nowhere.folder("roots")), (None, None));
        }

        #[test]
        fn what_others_can_change_is_refused_by_name() {
            let dir = tempfile::tempdir().unwrap();
            let (file, roots) = (dir.path().join("settings.json"), dir.path().join("roots"));
            fs::write(&file, "{}").unwrap();
            fs::create_dir(&roots).unwrap();
            let looked = || (folder(&dir).text("settings.json").unwrap(), folder(&dir).folder("roots").unwrap());
            for others in [0o020, 0o002] {
                allow(&dir, "settings.json", 0o644 | others);
                allow(&dir, "roots", 0o755 | others);
                let refused = (Err(Refused::OthersWrite(file.clone())), Err(Refused::OthersWrite(roots.clone())));
                assert_eq!(looked(), refused);
                allow(&dir, "settings.json", 0o644);
                allow(&dir, "roots", 0o755);
                assert!(looked().0.is_ok() && looked().1.is_ok());
                allow(&dir, "", 0o755 | others);
                let refused = Refused::OthersWrite(dir.path().to_owned());
                assert_eq!(looked(), (Err(refused.clone()), Err(refused)));
                allow(&dir, "", 0o755);
            }
            let another = SystemFolder::owned_by(dir.path(), fs::metadata(dir.path()).unwrap().uid() + 1);
            assert!(matches!(another.text("settings.json"), Some(Err(Refused::OthersWrite(_)))));
        }

        #[test]
        fn a_link_is_judged_by_what_it_leads_to() {
            let [dir, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
            fs::write(elsewhere.path().join("real.json"), "{}").unwrap();
            symlink(elsewhere.path().join("real.json"), dir.path().join("settings.json")).unwrap();
            allow(&elsewhere, "real.json", 0o644);
            assert!(folder(&dir).text("settings.json").unwrap().is_ok());
            allow(&elsewhere, "real.json", 0o666);
            assert!(matches!(folder(&dir).text("settings.json"), Some(Err(Refused::OthersWrite(_)))));
        }

        #[test]
        fn what_does_not_read_as_text_is_told() {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("settings.json")).unwrap();
            allow(&dir, "settings.json", 0o755);
            assert!(matches!(folder(&dir).text("settings.json"), Some(Err(Refused::Unreadable(..)))));
            for (name, bytes) in [("a", vec![0xFF]), ("b", vec![b' '; (1 << 20) + 1])] {
                fs::write(dir.path().join(name), bytes).unwrap();
                allow(&dir, name, 0o644);
                assert!(matches!(folder(&dir).text(name), Some(Err(Refused::Unreadable(..)))), "{name}");
            }
        }
    }
}
