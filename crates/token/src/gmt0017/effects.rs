//! Operations under the user's right: containers, keys, certificates, files (wire-format/objects.md,
//! wire-format/crypto-commands.md).
//!
//! Invariants
//! * A harmless question about the same object goes first, in the same transaction: it opens anew what another program
//!   closed, so that the command with the effect never has to be repeated, and tells what is there.
//! * A signing pair is never replaced.
//! * What no key takes is refused by the `check_` functions before anything is sent.

use super::read;
use super::session::{Known, Session};
use super::wire::{self, Id};
use super::wire_effects;
use crate::apdu::Meaning;
use crate::{KeyUse, TokenError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};
use zeroize::Zeroizing;

/// Longest name of a container the vendor's host takes, and of a file (wire-format/objects.md#names).
const MAX_CONTAINER_NAME: usize = 62;
const MAX_FILE_NAME: usize = 32;
/// Length of the SM4 key that wraps a private key, and of the private key: alone, or filled up in front to 64 bytes.
const WRAPPING_KEY: usize = 16;
const PRIVATE_KEYS: [usize; 2] = [32, 64];
/// A new file is made larger than a name needs, so that the next name fits and is switched in one command.
const SMALLEST_FILE: usize = 128;
/// Data every key takes in one command, whatever it states.
const SMALLEST_COMMAND: usize = 256;

const fn unwritable(what: &'static str) -> TokenError {
    TokenError::Unwritable { what }
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// 1 to 62 printable ASCII characters.
pub fn check_container_name(name: &str) -> Result<(), TokenError> {
    if is_name(name, MAX_CONTAINER_NAME) { Ok(()) } else { Err(unwritable("container name")) }
}

/// Lengths a key can open.
pub fn check_key_package(key: &EnvelopedKey) -> Result<(), TokenError> {
    let fits = key.wrapped.text.len() == WRAPPING_KEY && PRIVATE_KEYS.contains(&key.encrypted.len());
    if fits { Ok(()) } else { Err(unwritable("key package")) }
}

/// What [`read::one_certificate`] would take.
pub fn check_certificate(der: &[u8]) -> Result<(), TokenError> {
    if (1..=read::MAX_CERTIFICATE).contains(&der.len()) { Ok(()) } else { Err(unwritable("certificate")) }
}

/// 1 to 32 printable ASCII characters, at most 65 535 bytes.
pub fn check_file(name: &str, data: &[u8]) -> Result<(), TokenError> {
    let fits = is_name(name, MAX_FILE_NAME) && data.len() <= read::MAX_FILE;
    if fits { Ok(()) } else { Err(unwritable("file")) }
}

/// 2 commands.
pub fn create_container(session: &mut Session<'_>, known: &Known, name: &str) -> Result<(), TokenError> {
    if read::container_names(session, known.profile)?.iter().any(|there| there.text == name) {
        return Err(TokenError::ContainerExists);
    }
    let name = session.container_name(name);
    let request = wire_effects::create_container(session.application()?, &name.raw);
    let answer = session.effect(&request)?;
    session.remember_container(&name, wire::parse_container(request.name, &answer)?);
    Ok(())
}

/// 2 commands.
pub fn delete_container(session: &mut Session<'_>, known: &Known, name: &str) -> Result<(), TokenError> {
    let names = read::container_names(session, known.profile)?;
    let name = names.into_iter().find(|there| there.text == name).ok_or(TokenError::NoContainer)?;
    // whatever comes of it, the identifier is not relied on
    session.forget_container(&name);
    let application = session.application()?;
    session.effect(&wire_effects::delete_container(application, &name.raw)).map(drop)
}

/// 3 commands.
pub fn generate_key_pair(session: &mut Session<'_>, container: &str) -> Result<PublicKey, TokenError> {
    let name = session.container_name(container);
    let (_, there) = read::container_info(session, &name)?;
    if there.sign_key {
        return Err(TokenError::KeyPairExists);
    }
    let (application, container) = session.open_container(&name)?;
    wire::parse_generated(&session.effect(&wire_effects::generate_key_pair(application, container))?)
}

/// 2 commands.
pub fn import_key_pair(session: &mut Session<'_>, container: &str, key: &EnvelopedKey) -> Result<(), TokenError> {
    let name = session.container_name(container);
    let (application, container) = session.open_container(&name)?;
    session.effect(&wire_effects::import_key_pair(application, container, key)).map(drop)
}

/// 2 commands and 1 for each piece.
pub fn import_certificate(
    session: &mut Session<'_>,
    known: &Known,
    container: &str,
    key_use: KeyUse,
    der: &[u8],
) -> Result<(), TokenError> {
    let name = session.container_name(container);
    // also ends a chain that was cut off before
    let (application, container) = session.open_container(&name)?;
    let piece = read::piece(known.device.max_apdu_data);
    for request in wire_effects::import_certificate(application, container, key_use, der, piece) {
        session.effect(&request)?;
    }
    Ok(())
}

/// 1 command.
pub fn decrypt(
    session: &mut Session<'_>,
    known: &Known,
    container: &str,
    cipher: &Sm2Cipher,
) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let longest = usize::from(known.device.max_apdu_data).max(SMALLEST_COMMAND);
    if wire_effects::decrypt_length(cipher) > longest {
        return Err(unwritable("cipher text"));
    }
    let name = session.container_name(container);
    let plain = session.in_container(&name, |session, application, container| {
        let request = wire_effects::decrypt(application, container, cipher);
        let plain = Zeroizing::new(session.data(&request)?);
        if plain.len() == cipher.text.len() { Ok(plain) } else { Err(request.malformed("length")) }
    })?;
    Ok(plain)
}

/// 2 commands when the contents fit one, 3 for a new file, 4 for one that is too small.
pub fn write_file(session: &mut Session<'_>, known: &Known, name: &str, data: &[u8]) -> Result<(), TokenError> {
    let name = name.as_bytes();
    let there = match read::file_info(session, name) {
        Err(TokenError::Refused { sw, .. }) if sw.meaning() == Meaning::NoFile => None,
        there => Some(there?),
    };
    let application = session.application()?;
    let size = match there {
        // larger than offsets reach: no key has such a file
        Some((size, _)) if size > read::MAX_FILE => return Err(unwritable("file")),
        Some((size, _)) if data.len() <= size => size,
        there => new_file(session, application, name, data.len(), there.map(|(_, rights)| rights))?,
    };
    let mut contents = data.to_vec();
    contents.resize(size, 0);
    // from behind: contents that fit the first piece replace the old ones in one command
    let piece = read::piece(known.device.max_apdu_data);
    for (index, bytes) in contents.chunks(piece).enumerate().rev() {
        let offset = u16::try_from(index * piece).map_err(|_| unwritable("file"))?;
        session.effect(&wire_effects::write_file(application, name, offset, bytes))?;
    }
    Ok(())
}

/// Makes a file, in the place of one that is too small; returns its size. The rights stay as they were.
fn new_file(
    session: &mut Session<'_>,
    application: Id,
    name: &[u8],
    length: usize,
    rights: Option<[u8; 8]>,
) -> Result<usize, TokenError> {
    if rights.is_some() {
        session.effect(&wire_effects::delete_file(application, name))?;
    }
    let size = u16::try_from(length.max(SMALLEST_FILE)).map_err(|_| unwritable("file"))?;
    let rights = rights.unwrap_or(wire_effects::PUBLIC_FILE);
    session.effect(&wire_effects::create_file(application, name, size, rights))?;
    Ok(usize::from(size))
}
