//! The file of this program, also after a new version was installed over it while it runs.
//!
//! On Linux the running program keeps its old file, which has no name any more: the system then calls it
//! `/usr/bin/cert-assistant (deleted)` (proc(5), `/proc/pid/exe`). Two different questions have two answers: what a later
//! start should run ([`installed`]), and what runs as a child that speaks this version's language ([`same_version`]).

use std::io;
use std::path::{Path, PathBuf};

/// The file that a later start runs: the new version where one was installed over this one.
///
/// # Errors
/// The system does not say.
pub fn installed() -> io::Result<PathBuf> {
    std::env::current_exe().map(|path| if path.exists() { path } else { replaced(&path).unwrap_or(path) })
}

/// Whether another version was installed in place of this one since it was started. One that was only removed is not.
#[must_use]
pub fn is_replaced() -> bool {
    std::env::current_exe().ok().and_then(|path| replaced(&path)).is_some_and(|path| path.exists())
}

/// What to run as a child in place of `program`: where that is [`installed`], the running program itself, whatever became of
/// its file.
#[must_use]
pub fn same_version(program: &Path) -> PathBuf {
    const RUNNING: &str = "/proc/self/exe";
    let itself = cfg!(target_os = "linux") && installed().is_ok_and(|installed| installed == program);
    if itself && Path::new(RUNNING).exists() { PathBuf::from(RUNNING) } else { program.to_owned() }
}

/// The path before the file was replaced or removed.
#[cfg(target_os = "linux")]
fn replaced(path: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let path = path.as_os_str().as_bytes().strip_suffix(b" (deleted)")?;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}

#[cfg(not(target_os = "linux"))]
fn replaced(_path: &Path) -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::{installed, same_version};
    use std::path::Path;

    #[test]
    fn a_program_that_was_not_replaced_is_where_the_system_says() {
        assert_eq!(installed().unwrap(), std::env::current_exe().unwrap());
        assert_eq!(same_version(Path::new("/bin/true")), Path::new("/bin/true"), "another program");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_the_system_adds_is_taken_off() {
        use super::replaced;
        let path = replaced(Path::new("/usr/bin/cert-assistant (deleted)"));
        assert_eq!(path.as_deref(), Some(Path::new("/usr/bin/cert-assistant")));
        let path = replaced(Path::new("/tmp/a (deleted)/b (deleted) (deleted)"));
        assert_eq!(path.as_deref(), Some(Path::new("/tmp/a (deleted)/b (deleted)")));
        assert_eq!(replaced(Path::new("/usr/bin/cert-assistant")), None);
    }
}
