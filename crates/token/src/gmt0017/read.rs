//! The pass over a key: containers, certificates, files (wire-format/objects.md).

use super::current;
use super::session::{Known, Session};
use super::wire::{self, Id, Name};
use crate::apdu::Meaning;
use crate::profile::Profile;
use crate::text::shown;
use crate::types::CURRENT_FILE;
use crate::{Container, ContainerInfo, KeyContents, KeyUse, PinKind, TokenError};

/// Longest list of names, most containers, longest certificate and longest file that are read from a key.
pub const MAX_LIST: usize = 16 * 1024;
const MAX_CONTAINERS: usize = 64;
pub const MAX_CERTIFICATE: usize = 64 * 1024;
pub const MAX_FILE: usize = 65_535;

/// Everything the window shows.
pub fn contents(session: &mut Session<'_>, known: Known) -> Result<KeyContents, TokenError> {
    let largest = known.device.max_apdu_data;
    let mut contents = KeyContents {
        device: known.device,
        application: None,
        pin: None,
        containers: Vec::new(),
        current: None,
        files: Vec::new(),
        medium: known.medium.map(|medium| medium.name.clone()),
        known_model: known.profile.pin.is_some(),
    };
    match session.pin_info(PinKind::User) {
        Ok(info) => contents.pin = Some(info),
        Err(TokenError::NoApplication) => return Ok(contents),
        Err(error) => return Err(error),
    }
    contents.application = session.application_name();
    for name in container_names(session, known.profile)? {
        contents.containers.push(container(session, known.profile, &name)?);
    }
    let files = files(session)?;
    contents.current = current_index(session, &contents.containers, &files, largest);
    contents.files = files.into_iter().map(|name| name.text).collect();
    Ok(contents)
}

pub fn container_names(session: &mut Session<'_>, profile: &Profile) -> Result<Vec<Name>, TokenError> {
    let names = session.in_application(|session, application| {
        let request = wire::enum_containers(application, profile.le_of_46_and_74);
        let list = session.long(&request, MAX_LIST)?;
        let names = wire::parse_names(request.name, &list)?;
        if names.len() > MAX_CONTAINERS { Err(request.malformed("too many containers")) } else { Ok(names) }
    })?;
    session.remember(&names);
    Ok(names)
}

fn container(session: &mut Session<'_>, profile: &Profile, name: &Name) -> Result<Container, TokenError> {
    let (kind, info) = container_info(session, name)?;
    let mut export = |present: bool, key_use: KeyUse| {
        if !present {
            return Ok(None);
        }
        session
            .in_container(name, |session, application, container| {
                certificate(session, profile, (application, container), key_use)
            })
            .map(Some)
    };
    let sign = export(info.sign_certificate, KeyUse::Sign)?;
    let encrypt = export(info.encrypt_certificate, KeyUse::Encrypt)?;
    Ok(Container { name: info.name, kind, sign, encrypt })
}

/// The type byte of a container and what is in it.
pub fn container_info(session: &mut Session<'_>, name: &Name) -> Result<(u8, ContainerInfo), TokenError> {
    session.in_application(|session, application| {
        wire::parse_container_info(name, &session.data(&wire::container_info(application, &name.raw))?)
    })
}

/// Every container, without certificates.
pub fn containers(session: &mut Session<'_>, profile: &Profile) -> Result<Vec<ContainerInfo>, TokenError> {
    let names = container_names(session, profile)?;
    names.iter().map(|name| container_info(session, name).map(|(_, info)| info)).collect()
}

/// One certificate; `None` when the key says that there is none.
pub fn one_certificate(
    session: &mut Session<'_>,
    profile: &Profile,
    name: &Name,
    key_use: KeyUse,
) -> Result<Option<Vec<u8>>, TokenError> {
    let result = session.in_container(name, |session, application, container| {
        certificate(session, profile, (application, container), key_use)
    });
    match result {
        Err(TokenError::Refused { sw, .. }) if matches!(sw.meaning(), Meaning::NoCertificate | Meaning::NoKey) => {
            Ok(None)
        }
        result => result.map(Some),
    }
}

fn certificate(
    session: &mut Session<'_>,
    profile: &Profile,
    (application, container): (Id, Id),
    key_use: KeyUse,
) -> Result<Vec<u8>, TokenError> {
    if let Some(prelude) = profile.export_prelude {
        session.ignore(&wire::prelude(prelude));
    }
    let answer = session.long(&wire::export_certificate(application, container, key_use), 4 + MAX_CERTIFICATE)?;
    wire::parse_certificate(&answer)
}

fn files(session: &mut Session<'_>) -> Result<Vec<Name>, TokenError> {
    let listed = session.in_application(|session, application| {
        let request = wire::enum_files(application);
        wire::parse_names(request.name, &session.long(&request, MAX_LIST)?)
    });
    match listed {
        // no files, or a key without a file system: nothing to show, nothing wrong
        Err(TokenError::Refused { sw, .. }) if matches!(sw.meaning(), Meaning::NoFile | Meaning::Unsupported) => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// Size of a file in bytes and its rights as received.
pub fn file_info(session: &mut Session<'_>, name: &[u8]) -> Result<(usize, [u8; 8]), TokenError> {
    let info = session.in_application(|session, application| session.data(&wire::file_info(application, name)))?;
    let (size, rights) = wire::parse_file_info(&info)?;
    Ok((usize::try_from(size).unwrap_or(usize::MAX), rights))
}

/// Bytes of a file or certificate in one command, as the vendor's host cuts them: 32 less than a command carries. Keys
/// that state nonsense get small pieces.
pub fn piece(largest: u16) -> usize {
    usize::from(largest.saturating_sub(32).clamp(64, 4096))
}

/// Reads a file from its start, at most `limit` bytes, in pieces the key carries.
pub fn file(session: &mut Session<'_>, name: &[u8], limit: usize, largest: u16) -> Result<Vec<u8>, TokenError> {
    let (size, _) = file_info(session, name)?;
    let size = size.min(limit).min(MAX_FILE);
    let piece = piece(largest);
    let mut all = Vec::new();
    while all.len() < size {
        let length = piece.min(size - all.len());
        let (Ok(offset), Ok(wanted)) = (u16::try_from(all.len()), u16::try_from(length)) else { break };
        let data = session.in_application(|session, application| {
            let request = wire::read_file(application, name, offset, wanted);
            let data = session.data(&request)?;
            if data.len() == length { Ok(data) } else { Err(request.malformed("length")) }
        })?;
        all.extend(data);
    }
    Ok(all)
}

/// The current container. The file is asked only when there is a choice, and not being able to read it is no failure.
fn current_index(session: &mut Session<'_>, containers: &[Container], files: &[Name], largest: u16) -> Option<usize> {
    let with_certificate = |container: &Container| container.sign.is_some() || container.encrypt.is_some();
    if containers.len() > 1
        && let Some(name) = files.iter().find(|name| name.text == CURRENT_FILE)
        && let Ok(named) = file(session, &name.raw, current::LIMIT, largest)
        && let Some(index) = containers.iter().position(|container| container.name == shown(&named))
    {
        return Some(index);
    }
    containers.iter().rposition(with_certificate)
}
