//! Where the state survives: a file, or memory for keys in process.
//!
//! Invariant: whatever moment the power goes, the store holds a complete state, either the one before or the one after
//! the last save. The file is written beside itself, flushed, renamed over the old one, and the folder is flushed.

use super::state::{FORMAT, KeyState};
use base::files::{self, Access};
use std::io;
use std::path::PathBuf;
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
                files::replace(path, &bytes, Access::Owner)
                    .map_err(|source| StoreError::Io { path: path.clone(), source })?;
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
