//! Small JSON files of the window: a damaged one is set aside, never fatal; a power cut leaves the old or the new one.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write;
use std::path::Path;

/// Reads a file; `None` when there is none. A damaged file is renamed to `….damaged`; the second value says so.
pub(in crate::app) fn load<T: DeserializeOwned>(path: &Path) -> (Option<T>, bool) {
    let Ok(bytes) = std::fs::read(path) else { return (None, false) };
    serde_json::from_slice(&bytes).map_or_else(
        |_| {
            let aside = path.with_extension("damaged");
            if let Err(error) = std::fs::rename(path, &aside) {
                tracing::warn!(%error, path = %path.display(), "a damaged file could not be set aside");
            }
            (None, true)
        },
        |value| (Some(value), false),
    )
}

/// Writes a file beside the old one, then puts it in its place.
pub(in crate::app) fn store(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    let mut file = for_the_owner().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(value)?)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// Files that only their owner may read: they hold names and numbers of people.
fn for_the_owner() -> std::fs::OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = std::fs::File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
