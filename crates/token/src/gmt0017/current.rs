//! The file that names the current container (wire-format/key-contents.md#current-container).
//!
//! Invariant: before a switch counts on it, it is there and long enough to be switched by one command, so that after a
//! cut it names the old container or the new one.

use super::session::{Known, Session};
use super::{effects, read};
use crate::TokenError;
use crate::apdu::Meaning;
use crate::text::shown;
use crate::types::CURRENT_FILE;

/// Longest contents that are looked at.
pub const LIMIT: usize = 256;
/// Room for every name: containers have names of at most 62 bytes (wire-format/objects.md#names).
const ROOM: usize = 64;

/// The container the file names; `None` when there is no file, or no name in it. 2 commands.
pub fn name(session: &mut Session<'_>, known: &Known) -> Result<Option<String>, TokenError> {
    Ok(Some(shown(&contents(session, known)?)).filter(|name| !name.is_empty()))
}

/// Makes the file name `current`, with room for `next`.
pub fn prepare(session: &mut Session<'_>, known: &Known, current: &str, next: &str) -> Result<(), TokenError> {
    let (current, next) = (session.container_name(current), session.container_name(next));
    let there = contents(session, known)?;
    if shown(&there) == current.text && there.len() >= next.raw.len() {
        return Ok(());
    }
    let mut data = current.raw;
    data.resize(ROOM.max(data.len()), 0);
    effects::write_file(session, known, CURRENT_FILE, &data)
}

/// Makes the file name `name`; writes nothing when it does.
pub fn switch(session: &mut Session<'_>, known: &Known, name: &str) -> Result<(), TokenError> {
    let name = session.container_name(name);
    if shown(&contents(session, known)?) == name.text {
        return Ok(());
    }
    effects::write_file(session, known, CURRENT_FILE, &name.raw)
}

/// What stands in the file; nothing when there is none.
fn contents(session: &mut Session<'_>, known: &Known) -> Result<Vec<u8>, TokenError> {
    match read::file(session, CURRENT_FILE.as_bytes(), LIMIT, known.device.max_apdu_data) {
        Err(TokenError::Refused { sw, .. }) if sw.meaning() == Meaning::NoFile => Ok(Vec::new()),
        contents => contents,
    }
}
