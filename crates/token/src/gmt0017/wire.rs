//! Commands of GM/T 0017 as the vendor's host writes them, and strict readers of the answers
//! (wire-format/commands.md, wire-format/objects.md). Integers are big-endian; identifiers are echoed as received.
//!
//! Invariant: every length is checked before it is used, and nothing is allocated by a number the card sent.

use crate::apdu::{Command, Le};
use crate::text::shown;
use crate::{ContainerInfo, DeviceInfo, KeyUse, PinInfo, PinKind, TokenError};
use base::secret::SecretBytes;
use gm::PublicKey;

/// Identifier of an open application or container.
pub type Id = [u8; 2];

/// A command with its name in the standard.
pub struct Request {
    /// For errors and logs.
    pub name: &'static str,
    /// What is sent.
    pub command: Command,
    /// The exact answer length, where one command has one: for keys that insist on it.
    pub exact: Option<u16>,
}

impl Request {
    pub(super) const fn new(name: &'static str, command: Command) -> Self {
        Self { name, command, exact: None }
    }

    pub(super) const fn malformed(&self, what: &'static str) -> TokenError {
        TokenError::Malformed { command: self.name, what }
    }
}

const DEV_INFO: u16 = 288;

/// 80 04: harmless on a foreign card, so it is the question a key is recognised by.
pub fn dev_info() -> Request {
    let command = Command::new(0x80, 0x04, 0, 0).le(Le::Any);
    Request { exact: Some(DEV_INFO), ..Request::new("GetDevInfo", command) }
}

/// 80 22.
pub fn enum_applications() -> Request {
    Request::new("EnumApplication", Command::new(0x80, 0x22, 0, 0).le(Le::Any))
}

/// 80 26.
pub fn open_application(name: &[u8]) -> Request {
    Request::new("OpenApplication", Command::new(0x80, 0x26, 0, 0).data(name).le(Le::Exactly(10)))
}

/// 80 14.
pub fn pin_info(application: Id, kind: PinKind) -> Request {
    let kind = match kind {
        PinKind::Admin => 0,
        PinKind::User => 1,
    };
    Request::new("GetPINInfo", Command::new(0x80, 0x14, 0, kind).data(application).le(Le::Exactly(3)))
}

/// 80 46.
pub fn enum_containers(application: Id, le: Le) -> Request {
    Request::new("EnumContainer", Command::new(0x80, 0x46, 0, 0).data(application).le(le))
}

/// 80 42.
pub fn open_container(application: Id, name: &[u8]) -> Request {
    let data = [&application, name].concat();
    Request::new("OpenContainer", Command::new(0x80, 0x42, 0, 0).data(data).le(Le::Exactly(2)))
}

/// 80 4A.
pub fn container_info(application: Id, name: &[u8]) -> Request {
    let data = [&application, name].concat();
    Request::new("GetContainerInfo", Command::new(0x80, 0x4A, 0, 0).data(data).le(Le::Exactly(11)))
}

pub(super) const fn use_code(key_use: KeyUse) -> u8 {
    match key_use {
        KeyUse::Sign => 1,
        KeyUse::Encrypt => 0,
    }
}

/// The vendor's command in front of 80 4E.
pub fn prelude([cla, ins, p1, p2]: [u8; 4]) -> Request {
    Request::new("ExportPrelude", Command::new(cla, ins, p1, p2))
}

/// 80 4E.
pub fn export_certificate(application: Id, container: Id, key_use: KeyUse) -> Request {
    let data = [application, container].concat();
    Request::new("ExportCertificate", Command::new(0x80, 0x4E, use_code(key_use), 0).data(data).le(Le::Any))
}

/// 80 88.
pub fn export_public_key(application: Id, container: Id, key_use: KeyUse) -> Request {
    let data = [application, container].concat();
    Request::new("ExportPublicKey", Command::new(0x80, 0x88, use_code(key_use), 0).data(data).le(Le::Any))
}

/// 80 34.
pub fn enum_files([high, low]: Id) -> Request {
    Request::new("EnumFiles", Command::new(0x80, 0x34, high, low).le(Le::Any))
}

/// 80 36.
pub fn file_info([high, low]: Id, name: &[u8]) -> Request {
    Request::new("GetFileInfo", Command::new(0x80, 0x36, high, low).data(name).le(Le::Exactly(12)))
}

/// 80 38; the length is sent twice, in the data and as Le (wire-format/objects.md#files).
pub fn read_file(application: Id, name: &[u8], offset: u16, length: u16) -> Request {
    let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let numbers = [offset, length, name_length].map(u16::to_be_bytes).concat();
    let data = [application.as_slice(), &numbers, name].concat();
    Request::new("ReadFile", Command::new(0x80, 0x38, 0, 0).data(data).le(Le::Exactly(length)))
}

/// 80 50, eight bytes: the challenge.
pub fn gen_random() -> Request {
    Request::new("GenRandom", Command::new(0x80, 0x50, 0, 0).le(Le::Exactly(8)))
}

/// 80 50 with P1 = 01: the challenge of a remote unlock, apart from that of the PIN commands
/// (wire-format/pins.md#remote-unblocking).
pub fn unlock_challenge() -> Request {
    Request::new("GenRandom", Command::new(0x80, 0x50, 1, 0).le(Le::Exactly(8)))
}

/// 84 1A: app2 ‖ C ‖ MAC under the key of the admin PIN; no login before.
pub fn unblock_pin(data: SecretBytes) -> Request {
    Request::new("UnblockPIN", Command::new(0x84, 0x1A, 0, 0).secret(data))
}

/// 84 1A with P1 = 01: app2 ‖ what the authority made for the challenge of [`unlock_challenge`].
pub fn remote_unblock_pin(application: Id, response: &SecretBytes) -> Request {
    let data = SecretBytes::concat(&[&application, response.expose()]);
    Request::new("RemoteUnblockPIN", Command::new(0x84, 0x1A, 1, 0).secret(data))
}

/// 80 18 for the user PIN.
pub fn verify_pin(data: SecretBytes) -> Request {
    Request::new("VerifyPIN", Command::new(0x80, 0x18, 0, 1).secret(data))
}

/// 84 16 for the user PIN.
pub fn change_pin(data: SecretBytes) -> Request {
    Request::new("ChangePIN", Command::new(0x84, 0x16, 0, 1).secret(data))
}

/// 80 74 with P1 = 02: over a digest.
pub fn sign_digest(application: Id, container: Id, e: &[u8; 32], le: Le) -> Request {
    let data = [application.as_slice(), &container, e].concat();
    Request::new("ECCSignData", Command::new(0x80, 0x74, 2, 0).data(data).le(le))
}

/// 80 1C.
pub fn clear_secure_state(application: Id) -> Request {
    Request::new("ClearSecureState", Command::new(0x80, 0x1C, 0, 0).data(application))
}

/// Takes exactly `N` bytes.
fn fixed<const N: usize>(request: &'static str, data: &[u8]) -> Result<[u8; N], TokenError> {
    data.try_into().map_err(|_| TokenError::Malformed { command: request, what: "length" })
}

/// Reads the 288 bytes of GetDevInfo; `None` for anything that is not one.
pub fn parse_dev_info(data: &[u8]) -> Option<DeviceInfo> {
    if data.len() != usize::from(DEV_INFO) {
        return None;
    }
    let pair = |at: usize| data.get(at..)?.first_chunk::<2>().copied();
    let number = |at: usize| data.get(at..)?.first_chunk::<4>().copied().map(u32::from_be_bytes);
    let text = |at: usize, length: usize| data.get(at..at + length).map(shown);
    Some(DeviceInfo {
        manufacturer: text(4, 64)?,
        issuer: text(68, 64)?,
        label: text(132, 32)?,
        serial: text(164, 32)?,
        hardware: pair(196)?.into(),
        firmware: pair(198)?.into(),
        total_space: number(216)?,
        free_space: number(220)?,
        max_apdu_data: u16::from_be_bytes(pair(224)?),
    })
}

/// The application's identifier; rights and limits in front of it are not used.
pub fn parse_application(data: &[u8]) -> Result<Id, TokenError> {
    let [.., high, low] = fixed::<10>("OpenApplication", data)?;
    Ok([high, low])
}

/// Maximum, left, default flag.
pub fn parse_pin_info(data: &[u8]) -> Result<PinInfo, TokenError> {
    let [max_tries, tries_left, default] = fixed("GetPINInfo", data)?;
    Ok(PinInfo { max_tries, tries_left, is_default: default != 0 })
}

/// The container's identifier, as the answer to OpenContainer or CreateContainer.
pub fn parse_container(command: &'static str, data: &[u8]) -> Result<Id, TokenError> {
    fixed(command, data)
}

/// The type byte and what is in the container: type1 ‖ bits of the signing key4 ‖ of the encryption key4 ‖ certificate
/// there1 ‖ there1.
pub fn parse_container_info(name: &Name, data: &[u8]) -> Result<(u8, ContainerInfo), TokenError> {
    let [kind, s1, s2, s3, s4, e1, e2, e3, e4, sign, encrypt] = fixed("GetContainerInfo", data)?;
    let info = ContainerInfo {
        name: name.text.clone(),
        sign_key: [s1, s2, s3, s4] != [0; 4],
        encrypt_key: [e1, e2, e3, e4] != [0; 4],
        sign_certificate: sign != 0,
        encrypt_certificate: encrypt != 0,
    };
    Ok((kind, info))
}

/// Size of a file in bytes, and who may read and who may write it, as received.
pub fn parse_file_info(data: &[u8]) -> Result<(u32, [u8; 8]), TokenError> {
    let all: [u8; 12] = fixed("GetFileInfo", data)?;
    let (size, rights) = all.split_at(4);
    Ok((u32::from_be_bytes(fixed("GetFileInfo", size)?), fixed("GetFileInfo", rights)?))
}

/// The challenge.
pub fn parse_challenge(data: &[u8]) -> Result<[u8; 8], TokenError> {
    fixed("GenRandom", data)
}

/// len4 ‖ DER, nothing behind it.
pub fn parse_certificate(data: &[u8]) -> Result<Vec<u8>, TokenError> {
    let wrong = TokenError::Malformed { command: "ExportCertificate", what: "length" };
    let (length, der) = data.split_first_chunk::<4>().ok_or_else(|| wrong.clone())?;
    if usize::try_from(u32::from_be_bytes(*length)) != Ok(der.len()) || der.is_empty() {
        return Err(wrong);
    }
    Ok(der.to_vec())
}

const BITS_256: [u8; 4] = [0, 0, 1, 0];

/// bits4 ‖ 64 bytes.
fn parse_256(name: &'static str, data: &[u8]) -> Result<[u8; 64], TokenError> {
    let all: [u8; 68] = fixed(name, data)?;
    let (bits, value) = all.split_at(BITS_256.len());
    if bits != BITS_256 {
        return Err(TokenError::Malformed { command: name, what: "not 256 bits" });
    }
    fixed(name, value)
}

/// A point of the curve.
pub fn parse_public_key(data: &[u8]) -> Result<PublicKey, TokenError> {
    let name = "ExportPublicKey";
    point(name, parse_256(name, data)?)
}

/// The new public key: X‖Y as the vendor's host reads it, or with bits4 in front
/// (wire-format/crypto-commands.md#key-pairs).
pub fn parse_generated(data: &[u8]) -> Result<PublicKey, TokenError> {
    let name = "GenECCKeyPair";
    let xy = match data.try_into() {
        Ok(xy) => xy,
        Err(_) => parse_256(name, data)?,
    };
    point(name, xy)
}

fn point(command: &'static str, xy: [u8; 64]) -> Result<PublicKey, TokenError> {
    PublicKey::from_uncompressed(&PublicKey(xy).uncompressed())
        .map_err(|_| TokenError::Malformed { command, what: "not a point of the curve" })
}

/// r‖s.
pub fn parse_signature(data: &[u8]) -> Result<[u8; 64], TokenError> {
    parse_256("ECCSignData", data)
}

/// A name as the key spells it, and as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// For the wire.
    pub raw: Vec<u8>,
    /// For people.
    pub text: String,
}

/// Most names one list may have, and the longest name (GM/T 0016 allows 64).
const MAX_NAMES: usize = 256;
const MAX_NAME: usize = 64;

/// Names, each ended by NUL, the list by another one.
pub fn parse_names(command: &'static str, data: &[u8]) -> Result<Vec<Name>, TokenError> {
    let malformed = |what| TokenError::Malformed { command, what };
    let mut names = Vec::new();
    for raw in data.split(|byte| *byte == 0).take_while(|raw| !raw.is_empty()) {
        if names.len() == MAX_NAMES {
            return Err(malformed("too many names"));
        }
        if raw.len() > MAX_NAME {
            return Err(malformed("name too long"));
        }
        names.push(Name { raw: raw.to_vec(), text: shown(raw) });
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{parse_certificate, parse_dev_info, parse_names, parse_signature};

    #[test]
    fn a_list_ends_at_the_double_nul_and_is_bounded() {
        let names =
            |data: &[u8]| parse_names("x", data).map(|all| all.iter().map(|n| n.text.clone()).collect::<Vec<_>>());
        assert_eq!(names(b"a\0bc\0\0ignored").unwrap(), ["a", "bc"]);
        assert_eq!(names(b"a\0bc").unwrap(), ["a", "bc"]);
        assert!(names(b"").unwrap().is_empty());
        assert!(names(b"\0\0").unwrap().is_empty());
        assert!(names(&[b'a'; 65]).is_err());
        assert!(names(&b"a\0".repeat(257)).is_err());
    }

    #[test]
    fn lengths_that_do_not_match_are_refused() {
        assert_eq!(parse_certificate(&[0, 0, 0, 2, 0x30, 0]).unwrap(), [0x30, 0]);
        for wrong in [&[][..], &[0, 0, 0], &[0, 0, 0, 0], &[0, 0, 0, 3, 0x30, 0], &[0xFF, 0xFF, 0xFF, 0xFF, 1]] {
            assert!(parse_certificate(wrong).is_err());
        }
        assert!(parse_dev_info(&[0; 287]).is_none() && parse_dev_info(&[0; 288]).is_some());
        assert!(parse_signature(&[0; 68]).is_err() && parse_signature(&[&[0, 0, 1, 0][..], &[1; 64]].concat()).is_ok());
    }
}
