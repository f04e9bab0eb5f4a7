//! Sets damaged files aside, takes rights from others, removes what was left behind, and clears the cache.

use crate::check::Folders;
use crate::check::outside::storage::{Finding, is_own, survey};
use base::fault::{Fault, FaultCode};
use base::files;
use std::fs;
use std::io;
use std::path::Path;

/// Mends what the probe of the folders found.
pub(super) fn clean(folders: &Folders) -> Result<(), Fault> {
    let mut failed = None;
    for finding in survey(folders) {
        let done = match &finding {
            Finding::Damaged(file) => files::set_aside(file).map(drop),
            Finding::OthersWrite(path) => for_the_owner(path, 0o700),
            Finding::OthersRead(path) => for_the_owner(path, 0o600),
            Finding::Stale(file) => fs::remove_file(file),
            // not ours to mend
            Finding::NotWritable(..) | Finding::NoRoom(..) | Finding::SetAside(_) => Ok(()),
        };
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => failed = Some(error),
            _ => {}
        }
    }
    if is_own(&folders.cache) && [&folders.config, &folders.data].iter().all(|other| !other.starts_with(&folders.cache))
    {
        for entry in fs::read_dir(&folders.cache).into_iter().flatten().flatten() {
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            if let Err(error) = removed {
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), |error| Err(Fault::new(FaultCode::StorageNotCleaned).detail(error.to_string())))
}

#[cfg(unix)]
fn for_the_owner(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn for_the_owner(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
