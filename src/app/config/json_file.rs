//! Small JSON files of the window: a damaged one is set aside, never fatal; a power cut leaves the old or the new one.

use base::files::{self, Access};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads a file; `None` when there is none. A damaged file is renamed to `….damaged`; the second value says so.
pub(in crate::app) fn load<T: DeserializeOwned>(path: &Path) -> (Option<T>, bool) {
    let Ok(bytes) = std::fs::read(path) else { return (None, false) };
    serde_json::from_slice(&bytes).map_or_else(
        |_| {
            if let Err(error) = files::set_aside(path) {
                tracing::warn!(%error, path = %path.display(), "a damaged file could not be set aside");
            }
            (None, true)
        },
        |value| (Some(value), false),
    )
}

/// Writes a file that only its owner can read: it holds names and numbers of people.
pub(in crate::app) fn store(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    files::replace(path, &serde_json::to_vec_pretty(value)?, Access::Owner)
}
