//! Files of this program: a power cut leaves the old one or the new one, what is private is so from the first moment, and
//! nothing damaged is thrown away.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Who may open a new file. Only Unix has it; elsewhere the folder decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner only.
    Owner,
    /// Everybody may read it.
    Everybody,
    /// Everybody may read and run it.
    Program,
    /// Whoever the person lets by the settings of the system (umask).
    Usual,
}

/// Options of a file that is opened for this access when it is new.
#[must_use]
pub fn options(access: Access) -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match access {
            Access::Owner => 0o600,
            Access::Everybody => 0o644,
            Access::Program => 0o755,
            Access::Usual => 0o666,
        },
    );
    let _ = access;
    options
}

/// Replaces a file, or makes it: the content is written beside it (`….new`) and put in its place when it is on the disk.
///
/// # Errors
/// Of the file system; the old file or the new one is whole then, and nothing is left beside it.
pub fn replace(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let beside = beside(path);
    // what a power cut left behind may have another access
    remove(&beside)?;
    put(&beside, path, content, access)
}

/// Where a file is written before it is put in its place.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// As [`replace`], through a file of this name in the same folder, which must not exist.
///
/// # Errors
/// As [`replace`].
pub fn put(beside: &Path, path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let mut file = options(access).write(true).create_new(true).open(beside)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    let done = written.and_then(|()| std::fs::rename(beside, path));
    if done.is_err() {
        // the first error is the one to tell
        let _ = std::fs::remove_file(beside);
    }
    done.and_then(|()| flush_folder(folder_of(path)))
}

/// Removes a file; one that is gone already is no error.
///
/// # Errors
/// Of the file system.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder, with those above it, that only its owner can enter.
///
/// # Errors
/// Of the file system.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Gives a damaged file the ending `damaged`, or `2.damaged` and so on when there is one already, and returns its new name.
///
/// # Errors
/// Of the file system; the file keeps its name then.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let endings = std::iter::once("damaged".to_owned()).chain((2..100).map(|number| format!("{number}.damaged")));
    let free = endings.map(|ending| path.with_extension(ending)).find(|aside| aside.symlink_metadata().is_err());
    let aside = free.ok_or(ErrorKind::AlreadyExists)?;
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

/// After this a new name in a folder survives a power cut. Other systems than Unix have no such call and need none; a file
/// system that has none, such as one of a network, does what it can by itself.
///
/// # Errors
/// Of the file system.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    supported(File::open(folder).and_then(|folder| folder.sync_all()))
}

/// No error when the file system has no such call: flushing a folder, locking a file.
///
/// # Errors
/// Every other one.
pub fn supported(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if is_unsupported(&error) => Ok(()),
        result => result,
    }
}

/// ENOSYS, ENOTSUP, EINVAL, and ENOLCK of a network file system whose server locks nothing.
fn is_unsupported(error: &io::Error) -> bool {
    const ENOLCK: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
        || (cfg!(unix) && error.raw_os_error() == Some(ENOLCK))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::{Access, beside, replace, set_aside};
    use std::fs;
    use tempfile::tempdir;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced_and_nothing_is_left_beside_it() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(beside(&path), "half of one, by a power cut").unwrap();
        for content in ["one", "two"] {
            replace(&path, content.as_bytes(), Access::Owner).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(names(folder.path()), ["a.json"]);
        }
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        assert!(replace(&path, b"one", Access::Owner).is_err());
        assert_eq!(names(folder.path()), ["a.json"]);
        assert!(replace(&folder.path().join("none/a.json"), b"one", Access::Owner).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn access_is_there_from_the_first_moment() {
        use super::{options, private_folder};
        use std::os::unix::fs::PermissionsExt;
        let folder = tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        for (name, access, wanted) in
            [("o", Access::Owner, 0o600), ("e", Access::Everybody, 0o644), ("p", Access::Program, 0o755)]
        {
            let path = folder.path().join(name);
            fs::write(beside(&path), "open to all").unwrap();
            replace(&path, b"x", access).unwrap();
            assert_eq!(mode(name), wanted);
            options(access).write(true).create_new(true).open(folder.path().join(format!("{name}2"))).unwrap();
            assert_eq!(mode(&format!("{name}2")), wanted);
        }
        private_folder(&folder.path().join("deep/deeper")).unwrap();
        assert_eq!((mode("deep"), mode("deep/deeper")), (0o700, 0o700));
    }

    #[test]
    fn what_was_set_aside_before_is_kept() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        for (content, name) in [("1", "a.damaged"), ("2", "a.2.damaged"), ("3", "a.3.damaged")] {
            fs::write(&path, content).unwrap();
            assert_eq!(set_aside(&path).unwrap(), folder.path().join(name));
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), content);
        }
        assert!(!path.exists() && set_aside(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_kept_too() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink("nowhere", folder.path().join("a.damaged")).unwrap();
        fs::write(&path, "1").unwrap();
        assert_eq!(set_aside(&path).unwrap(), folder.path().join("a.2.damaged"));
        assert_eq!(fs::read_link(folder.path().join("a.damaged")).unwrap(), std::path::Path::new("nowhere"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_the_call_is_no_error_and_a_broken_one_is() {
        use super::supported;
        use std::io::Error;
        // EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP
        for number in [22, 37, 38, 95] {
            assert!(supported(Err(Error::from_raw_os_error(number))).is_ok(), "{number}");
        }
        // EIO, ENOSPC, EROFS, EACCES, EDQUOT
        for number in [5, 28, 30, 13, 122] {
            assert!(supported(Err(Error::from_raw_os_error(number))).is_err(), "{number}");
        }
    }
}
