//! From bytes to command: class, chaining, repetition for more data, the list of commands, and back to bytes.
//!
//! Wrong class 6E00, unknown instruction 6D00, wrong length 6700; a command longer than the published maximum is refused.

use super::card::{Answer, Card, Reply, Request, Stop, sw};
use super::session::Continuation;
use token::apdu::{ChainError, Chained, CommandView, Response, StatusWord};
use zeroize::Zeroizing;

/// Data one chain may collect.
const LONGEST_CHAIN: usize = 16 * 1024;
/// WriteFile carries its header on top of the maximum: the vendor's host counts the contents only
/// (wire-format/commands.md#lengths).
const WRITE_FILE: u8 = 0x3A;
const WRITE_FILE_HEADER: usize = 64;

/// Class of the vendor's commands.
const VENDOR: u8 = 0xC0;

type Run = fn(&mut Card, &Request<'_>) -> Answer;

struct Entry {
    class: u8,
    instruction: u8,
    name: &'static str,
    run: Run,
}

const fn entry(class: u8, instruction: u8, name: &'static str, run: Run) -> Entry {
    Entry { class, instruction, name, run }
}

/// The instructions of the standard (wire-format/commands.md#instructions) and the vendor's commands.
const COMMANDS: &[Entry] = &[
    entry(0x80, 0x02, "SetLabel", Card::set_label),
    entry(0x80, 0x04, "GetDevInfo", Card::get_device_info),
    entry(0x80, 0x10, "DevAuth", Card::device_auth),
    entry(0x84, 0x12, "ChangeDevAuthKey", Card::change_device_key),
    entry(0x80, 0x14, "GetPINInfo", Card::get_pin_info),
    entry(0x84, 0x16, "ChangePIN", Card::change_pin),
    entry(0x80, 0x18, "VerifyPIN", Card::verify_pin),
    entry(0x84, 0x1A, "UnblockPIN", Card::unblock_pin),
    entry(0x80, 0x1C, "ClearSecureState", Card::clear_secure_state),
    entry(0x80, 0x20, "CreateApplication", Card::create_application),
    entry(0x80, 0x22, "EnumApplication", Card::enum_application),
    entry(0x80, 0x24, "DeleteApplication", Card::delete_application),
    entry(0x80, 0x26, "OpenApplication", Card::open_application),
    entry(0x80, 0x28, "CloseApplication", Card::close_application),
    entry(0x80, 0x30, "CreateFile", Card::create_file),
    entry(0x80, 0x32, "DeleteFile", Card::delete_file),
    entry(0x80, 0x34, "EnumFiles", Card::enum_files),
    entry(0x80, 0x36, "GetFileInfo", Card::get_file_info),
    entry(0x80, 0x38, "ReadFile", Card::read_file),
    entry(0x80, WRITE_FILE, "WriteFile", Card::write_file),
    entry(0x80, 0x40, "CreateContainer", Card::create_container),
    entry(0x80, 0x42, "OpenContainer", Card::open_container),
    entry(0x80, 0x44, "CloseContainer", Card::close_container),
    entry(0x80, 0x46, "EnumContainer", Card::enum_container),
    entry(0x80, 0x48, "DeleteContainer", Card::delete_container),
    entry(0x80, 0x4A, "GetContainerInfo", Card::get_container_info),
    entry(0x80, 0x4C, "ImportCertificate", Card::import_certificate),
    entry(0x80, 0x4E, "ExportCertificate", Card::export_certificate),
    entry(0x80, 0x50, "GenRandom", Card::gen_random),
    entry(0x80, 0x52, "GenExtRSAKey", Card::not_supported),
    entry(0x80, 0x54, "GenRSAKeyPair", Card::not_supported),
    entry(0x80, 0x56, "ImportRSAKeyPair", Card::not_supported),
    entry(0x80, 0x58, "RSASignData", Card::not_supported),
    entry(0x80, 0x5A, "RSAExportSessionKey", Card::not_supported),
    entry(0x80, 0x5C, "RSAExportSessionKeyEx", Card::not_supported),
    entry(0x80, 0x5E, "RSAVerify", Card::not_supported),
    entry(0x80, 0x60, "ExtRSAPubKeyOperation", Card::not_supported),
    entry(0x80, 0x62, "ExtRSAPriKeyOperation", Card::not_supported),
    entry(0x80, 0x70, "GenECCKeyPair", Card::generate_pair),
    entry(0x80, 0x72, "ImportECCKeyPair", Card::import_pair),
    entry(0x80, 0x74, "ECCSignData", Card::sign),
    entry(0x80, 0x76, "ECCVerify", Card::verify),
    entry(0x80, 0x78, "ECCExportSessionKey", Card::export_session_key),
    entry(0x80, 0x7A, "ExtECCEncrypt", Card::encrypt_for),
    entry(0x80, 0x7C, "ExtECCDecrypt", Card::not_supported),
    entry(0x80, 0x7E, "ExtECCSign", Card::not_supported),
    entry(0x80, 0x80, "ECCExportSessionKeyEx", Card::not_supported),
    entry(0x80, 0x82, "GenerateAgreementData", Card::not_supported),
    entry(0x80, 0x84, "GenerateAgreementDataAndKey", Card::not_supported),
    entry(0x80, 0x86, "GenerateKey", Card::not_supported),
    entry(0x80, 0x88, "ExportPubKey", Card::export_public_key),
    entry(0x80, 0xA0, "ImportSessionKey", Card::import_session_key),
    entry(0x80, 0xA2, "ImportSymmKey", Card::not_supported),
    entry(0x80, 0xA4, "EncryptInit", Card::encrypt_init),
    entry(0x80, 0xA6, "Encrypt", Card::encrypt_single),
    entry(0x80, 0xA8, "EncryptUpdate", Card::encrypt_update),
    entry(0x80, 0xAA, "EncryptFinal", Card::encrypt_final),
    entry(0x80, 0xAC, "DecryptInit", Card::decrypt_init),
    entry(0x80, 0xAE, "Decrypt", Card::decrypt_single),
    entry(0x80, 0xB0, "DecryptUpdate", Card::decrypt_update),
    entry(0x80, 0xB2, "DecryptFinal", Card::decrypt_final),
    entry(0x80, 0xB4, "DigestInit", Card::digest_init),
    entry(0x80, 0xB6, "Digest", Card::digest_single),
    entry(0x80, 0xB8, "DigestUpdate", Card::digest_update),
    entry(0x80, 0xBA, "DigestFinal", Card::digest_final),
    entry(0x80, 0xBC, "MacInit", Card::mac_init),
    entry(0x80, 0xBE, "Mac", Card::mac_single),
    entry(0x80, 0xC0, "MacUpdate", Card::mac_update),
    entry(0x80, 0xC2, "MacFinal", Card::mac_final),
    entry(0x80, 0xC4, "DestroySessionKey", Card::destroy_session_key),
    entry(VENDOR, 0x02, "presence", Card::presence),
    entry(VENDOR, 0x0A, "OEM string", Card::oem_string),
    entry(VENDOR, 0x12, "SetSymmKey", Card::set_session_key),
    entry(VENDOR, 0x28, "ECCDecrypt", Card::decrypt),
    entry(VENDOR, 0x36, "ChangeDevAuthKey", Card::change_device_key),
    entry(VENDOR, 0x52, "before export", Card::before_export),
];

/// Name of a command for a log, by its header.
#[must_use]
pub fn command_name(class: u8, instruction: u8) -> &'static str {
    find(class & !0x10, instruction).map_or("unknown", |entry| entry.name)
}

fn find(class: u8, instruction: u8) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| (entry.class, entry.instruction) == (class, instruction))
}

/// The power went before an answer.
pub(super) struct PowerLost;

impl Card {
    /// Executes one APDU and returns the answer's bytes.
    pub(super) fn command(&mut self, apdu: &[u8]) -> Result<Vec<u8>, PowerLost> {
        if let Some(continuation) = self.session.continuation.take()
            && continuation.command.as_slice() == apdu
        {
            return Ok(self.piece(apdu, continuation.rest));
        }
        let word = |word: u16| Ok(Response::new([], StatusWord(word)).encode());
        let Ok(view) = CommandView::parse(apdu) else { return word(sw::LENGTH) };
        let class = view.cla & !0x10;
        if !matches!(view.cla, 0x80 | 0x84 | 0x90 | 0x94 | VENDOR) {
            return word(sw::CLASS);
        }
        let Some(entry) = find(class, view.ins) else {
            // the vendor's class numbers its instructions on its own
            let known = class != VENDOR && [0x80, 0x84].iter().any(|class| find(*class, view.ins).is_some());
            return word(if known { sw::CLASS } else { sw::INSTRUCTION });
        };
        let header = if view.ins == WRITE_FILE { WRITE_FILE_HEADER } else { 0 };
        if view.data.len() > usize::from(self.state.device.max_apdu_data) + header {
            self.session.chain.clear();
            return word(sw::LENGTH);
        }
        let data = match self.collect(&view) {
            Ok(Chained::Waiting) => return word(0x9000),
            Ok(Chained::Complete(data)) => data,
            Err(_) => return word(sw::LENGTH),
        };
        let request = Request { p1: view.p1, p2: view.p2, data: &data, ne: view.ne };
        match (entry.run)(self, &request) {
            Ok(Reply::Done) => word(0x9000),
            Ok(Reply::Data(data)) => Ok(whole(data, view.ne)),
            Ok(Reply::Long(data)) => Ok(self.piece(apdu, data)),
            Err(Stop::Status(status)) => Ok(Response::new([], status).encode()),
            Err(Stop::PowerLost) => Err(PowerLost),
        }
    }

    /// A chain that another command interrupts is forgotten, and that command is executed: the program that began the
    /// chain is gone, and others share the key.
    fn collect(&mut self, view: &CommandView<'_>) -> Result<Chained, ChainError> {
        match self.session.chain.take(view, LONGEST_CHAIN) {
            Err(ChainError::Interrupted) => self.session.chain.take(view, LONGEST_CHAIN),
            other => other,
        }
    }

    /// One piece of a long answer; the repeated command fetches the next (wire-format/commands.md#continuation).
    fn piece(&mut self, apdu: &[u8], mut data: Vec<u8>) -> Vec<u8> {
        let chunk = usize::from(self.state.device.answer_chunk);
        if chunk == 0 || data.len() <= chunk {
            return Response::new(data, StatusWord::OK).encode();
        }
        let rest = data.split_off(chunk);
        self.session.continuation = Some(Continuation { command: Zeroizing::new(apdu.to_vec()), rest });
        Response::new(data, StatusWord(sw::MORE_DATA)).encode()
    }
}

/// An answer in one piece; longer than the host expects is `6Cxx` with the right length.
fn whole(data: Vec<u8>, ne: Option<u32>) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    if ne.is_some_and(|ne| ne < length) {
        let right = u8::try_from(length).map_or(sw::LENGTH, |length| 0x6C00 | u16::from(length));
        return Response::new([], StatusWord(right)).encode();
    }
    Response::new(data, StatusWord::OK).encode()
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;
    use std::collections::BTreeSet;

    #[test]
    fn no_command_is_listed_twice() {
        let all: BTreeSet<(u8, u8)> = COMMANDS.iter().map(|entry| (entry.class, entry.instruction)).collect();
        assert_eq!(all.len(), COMMANDS.len());
    }
}
