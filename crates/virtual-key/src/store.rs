//! Where the state survives: a file, or memory for keys in process.
//!
//! Invariant: whatever moment the power goes, the store holds a complete state, either the one before or the one after
//! the last save. The file is written beside itself, flushed, renamed over the old one, and the folder is flushed.

use super::state::{FORMAT, KeyState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a state can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The contents are not a state.
    #[error("not the state of a virtual key: {0}")]
    Format(#[from] serde_json::Error),
    /// The layout is of another version.
    #[error("state file of version {0}, this program reads version {FORMAT}")]
    Version(u32),
}

/// The place of a state.
pub(super) enum Store {
    Memory(Zeroizing<Vec<u8>>),
    File(PathBuf),
}

impl Store {
    pub(super) fn load(&self) -> Result<KeyState, StoreError> {
        match self {
            Self::Memory(bytes) => parse(bytes),
            Self::File(path) => parse(&Zeroizing::new(
                std::fs::read(path).map_err(|source| StoreError::Io { path: path.clone(), source })?,
            )),
        }
    }

    pub(super) fn save(&mut self, state: &KeyState) -> Result<(), StoreError> {
        let bytes = encode(state)?;
        match self {
            Self::Memory(kept) => *kept = bytes,
            Self::File(path) => {
                write_whole(path, &bytes).map_err(|source| StoreError::Io { path: path.clone(), source })?;
            }
        }
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Result<KeyState, StoreError> {
    let state: KeyState = serde_json::from_slice(bytes)?;
    if state.format == FORMAT { Ok(state) } else { Err(StoreError::Version(state.format)) }
}

fn encode(state: &KeyState) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    // large enough for usual keys, so that growing leaves no copies behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer_pretty(&mut *bytes, state)?;
    Ok(bytes)
}

/// Replaces a file by new contents that only its owner can read.
///
/// # Errors
/// Of the file system; the old contents are whole then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = folder.join(name);
    let mut file = private_file(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)?;
    sync_folder(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    // a rest of an interrupted save goes first: its mode or target would be kept
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::create(path)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
