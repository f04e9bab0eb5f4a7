//! Containers, keys and certificates as the vendor's host writes them (wire-format/objects.md,
//! wire-format/crypto-commands.md), and what refusals mean.

use super::{
    CONTAINER_INFO, ENUM_CONTAINER, OPEN_APPLICATION, OPEN_CONTAINER, PRELUDE, SIGN_CERTIFICATE, broken, logged_in,
    logged_in_with, open_key, step,
};
use crate::apdu::StatusWord;
use crate::gmt0017::Login;
use crate::replay::Step;
use crate::{ContainerInfo, KeyUse, Token, TokenError, TransportError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};

const NAMES_WITH_NEW: (&str, &str) = (ENUM_CONTAINER.0, "557365724B6579 00 4E6577 00 00 9000");
const CREATE: &str = "80 40 00 00 00 0005 1000 4E6577 0002";
const DELETE: &str = "80 48 00 00 00 0009 1000 557365724B6579";
const EMPTY_INFO: (&str, &str) = (CONTAINER_INFO.0, "00 00000000 00000000 00 00 9000");
const GENERATE: &str = "80 70 00 00 00 0008 1000 3001 00000100 0000";
/// The key pair of GB/T 32918.2 and the pair wrapped for it (wire-format/crypto-commands.md#key-import-example).
const SIGNING: &str = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                       CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
const ENCRYPTION: &str = "D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD\
                          921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E";
const C1: &str = "6F9FFC2CE52A677D4F1FC9F0788B0FB23DB07485B1D3D3C025B1D600C67649D4\
                  081D7E0B930FB93BD43B67F8456924A4B2C70BDF0507A587058836962D82F96B";
const C3: &str = "12647B13596F4216684B3101C06E6C3100B3B8A0FF2EC1339B4A47E8377DE2BC";
const C2: &str = "102641F26B479E17D33BC5C2BDF60B83";
const ZEROS_WRAPPED: &str = "2677F46B09C122CC975533105BD4A22A2677F46B09C122CC975533105BD4A22A";
const WRAPPED: &str = "49660A93FC61D46A3AF331D027F3DE62727BB7723BAEAF9956C8DE0A44AB8607";

fn hex(text: &str) -> Vec<u8> {
    Step::hex(text, "").unwrap().expect
}

fn cipher() -> Sm2Cipher {
    Sm2Cipher { point: hex(C1).try_into().unwrap(), hash: hex(C3).try_into().unwrap(), text: hex(C2) }
}

fn package() -> EnvelopedKey {
    let public = PublicKey(hex(ENCRYPTION).try_into().unwrap());
    EnvelopedKey { wrapped: cipher(), public, encrypted: hex(WRAPPED) }
}

fn import_key() -> String {
    format!(
        "80 72 00 00 00 00ED 1000 3001 00020400 00000401 00010000 04 {C1} {C3} 00000010 {C2} \
         00000100 {ENCRYPTION} 00000020 {WRAPPED}"
    )
}

fn decrypt() -> String {
    format!("C0 28 00 00 00 0081 1000 3001 00000079 00010000 04 {C1} {C3} 00000010 {C2} 0000")
}

fn refused(command: &'static str, sw: u16) -> TokenError {
    TokenError::Refused { command, sw: StatusWord(sw) }
}

#[test]
fn a_container_is_created_after_a_look_at_the_names_and_is_open_then() {
    let (mut login, script) = logged_in();
    script.expect([step(ENUM_CONTAINER), step((CREATE, "3002 9000"))]);
    assert_eq!(login.create_container("New"), Ok(()));
    let sign = format!("80 74 02 00 00 0024 1000 3002 {}", "5A".repeat(32));
    script.expect([step((&sign, "6A95"))]);
    assert_eq!(login.sign("New", &[0x5A; 32]), Err(refused("ECCSignData", 0x6A95)));
    script.verdict().unwrap();
}

#[test]
fn a_container_that_exists_is_not_made_again() {
    let (mut login, script) = logged_in();
    script.expect([step(NAMES_WITH_NEW)]);
    assert_eq!(login.create_container("New"), Err(TokenError::ContainerExists));
    for (answer, error) in [
        ("6E02", TokenError::ContainerExists),
        ("6A84", TokenError::NoSpace),
        ("30 9000", TokenError::Malformed { command: "CreateContainer", what: "length" }),
        ("300200 9000", TokenError::Malformed { command: "CreateContainer", what: "length" }),
    ] {
        script.expect([step(ENUM_CONTAINER), step((CREATE, answer))]);
        assert_eq!(login.create_container("New"), Err(error), "{answer}");
    }
    script.verdict().unwrap();
}

#[test]
fn names_no_key_takes_are_refused_before_anything_is_sent() {
    let (mut login, script) = logged_in();
    let before = script.sent().len();
    for name in ["", "容器", "a\0b", "a\n", &"n".repeat(63)] {
        assert_eq!(login.create_container(name), Err(TokenError::Unwritable { what: "container name" }), "{name:?}");
    }
    assert_eq!(script.sent().len(), before);
    let longest = "n".repeat(62);
    let create = format!("80 40 00 00 00 0040 1000 {} 0002", "6E".repeat(62));
    script.expect([step(ENUM_CONTAINER), step((&create, "3002 9000"))]);
    assert_eq!(login.create_container(&longest), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_container_is_deleted_by_its_name_and_its_identifier_is_forgotten() {
    let (mut login, script) = logged_in();
    script.expect([step(OPEN_CONTAINER), step(PRELUDE), step(SIGN_CERTIFICATE)]);
    login.read_certificate("UserKey", KeyUse::Sign).unwrap();
    script.expect([step(ENUM_CONTAINER), step((DELETE, "9000"))]);
    assert_eq!(login.delete_container("UserKey"), Ok(()));
    script.expect([step((OPEN_CONTAINER.0, "6A91"))]);
    assert_eq!(login.read_certificate("UserKey", KeyUse::Sign), Err(TokenError::NoContainer));
    script.expect([step(ENUM_CONTAINER)]);
    assert_eq!(login.delete_container("New"), Err(TokenError::NoContainer), "what is not listed is not deleted");
    script.verdict().unwrap();
}

#[test]
fn a_signing_pair_is_made_in_3_commands_and_both_forms_of_the_answer_are_read() {
    for answer in [format!("{SIGNING} 9000"), format!("00000100 {SIGNING} 9000")] {
        let (mut login, script) = logged_in();
        script.expect([step(EMPTY_INFO), step(OPEN_CONTAINER), step((GENERATE, &answer))]);
        assert_eq!(login.generate_key_pair("UserKey").unwrap().0.to_vec(), hex(SIGNING));
        script.verdict().unwrap();
    }
}

#[test]
fn a_signing_pair_that_is_there_is_never_replaced() {
    let (mut login, script) = logged_in();
    script.expect([step(CONTAINER_INFO)]);
    assert_eq!(login.generate_key_pair("UserKey"), Err(TokenError::KeyPairExists));
    script.expect([step((CONTAINER_INFO.0, "02 00000100 00000000 00 00 9000"))]);
    assert_eq!(login.generate_key_pair("UserKey"), Err(TokenError::KeyPairExists), "also without a certificate");
    script.verdict().unwrap();
}

#[test]
fn an_answer_that_is_no_public_key_is_an_error() {
    let malformed = |what| TokenError::Malformed { command: "GenECCKeyPair", what };
    for (answer, what) in [
        ("9000".to_owned(), "length"),
        (format!("{} 9000", "00".repeat(63)), "length"),
        (format!("{} 9000", "00".repeat(69)), "length"),
        (format!("{} 9000", "01".repeat(64)), "not a point of the curve"),
        (format!("00000200 {SIGNING} 9000"), "not 256 bits"),
    ] {
        let (mut login, script) = logged_in();
        script.expect([step(EMPTY_INFO), step(OPEN_CONTAINER), step((GENERATE, &answer))]);
        assert_eq!(login.generate_key_pair("UserKey"), Err(malformed(what)), "{answer}");
        script.verdict().unwrap();
    }
}

#[test]
fn a_wrapped_pair_is_imported_byte_for_byte_as_observed() {
    for encrypted in [hex(WRAPPED), hex(&[ZEROS_WRAPPED, WRAPPED].concat())] {
        let (mut login, script) = logged_in();
        script.expect([step(OPEN_CONTAINER), step((&import_key(), "9000"))]);
        assert_eq!(login.import_key_pair("UserKey", &EnvelopedKey { encrypted, ..package() }), Ok(()));
        script.verdict().unwrap();
    }
}

#[test]
fn a_package_with_wrong_lengths_is_not_sent() {
    let (mut login, script) = logged_in();
    let before = script.sent().len();
    let mut long = package();
    long.wrapped.text.push(0);
    let mut packages = vec![long];
    packages.extend([0, 31, 33, 65].map(|length| EnvelopedKey { encrypted: vec![0; length], ..package() }));
    for package in packages {
        assert_eq!(login.import_key_pair("UserKey", &package), Err(TokenError::Unwritable { what: "key package" }));
    }
    assert_eq!(script.sent().len(), before);
}

/// (Lc, first bytes) of a chain of pieces after its head.
fn chain(head: &str, der: &[u8], piece: usize) -> Vec<Step> {
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let pieces = der.chunks(piece).count();
    let command = |(index, bytes): (usize, &[u8])| {
        let class = if index + 1 == pieces { "80" } else { "90" };
        step((&format!("{class} 4C 00 00 00 {:04X} {}", bytes.len(), digits(bytes)), "9000"))
    };
    std::iter::once(step((head, "9000"))).chain(der.chunks(piece).enumerate().map(command)).collect()
}

#[test]
fn a_certificate_is_imported_as_a_chain_whose_pieces_are_32_less_than_a_command_carries() {
    let der: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
    for (largest, piece, commands) in [(0x200, 0x1E0, 4), (0x400, 992, 3), (0x60, 64, 17), (0, 64, 17)] {
        let (mut login, script) = logged_in_with(largest);
        let before = script.sent().len();
        script.expect([step(OPEN_CONTAINER)]);
        script.expect(chain("90 4C 00 00 00 0009 1000 3001 01 000003E8", &der, piece));
        assert_eq!(login.import_certificate("UserKey", KeyUse::Sign, &der), Ok(()));
        script.verdict().unwrap();
        assert_eq!(script.sent().len() - before, 1 + commands, "{largest:04X}");
    }
    let (mut login, script) = logged_in();
    script.expect([step(OPEN_CONTAINER)]);
    script.expect(chain("90 4C 00 00 00 0009 1000 3001 00 00000002", &[0x30, 0], 64));
    assert_eq!(login.import_certificate("UserKey", KeyUse::Encrypt, &[0x30, 0]), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_chain_ends_at_the_first_piece_the_key_refuses() {
    for at in 1..=3 {
        let (mut login, script) = logged_in();
        let mut steps = vec![step(OPEN_CONTAINER)];
        steps.extend(chain("90 4C 00 00 00 0009 1000 3001 01 00000064", &[7; 100], 64));
        assert_eq!(steps.len(), 4);
        steps.truncate(at + 1);
        steps[at].answer = Ok(vec![0x6A, 0x84]);
        script.expect(steps);
        assert_eq!(login.import_certificate("UserKey", KeyUse::Sign, &[7; 100]), Err(TokenError::NoSpace));
        script.verdict().unwrap();
    }
}

#[test]
fn a_certificate_that_can_not_be_one_is_not_sent() {
    let (mut login, script) = logged_in();
    let before = script.sent().len();
    for der in [vec![], vec![0x30; 65_537]] {
        let unwritable = Err(TokenError::Unwritable { what: "certificate" });
        assert_eq!(login.import_certificate("UserKey", KeyUse::Sign, &der), unwritable);
    }
    assert_eq!(script.sent().len(), before);
}

#[test]
fn cipher_text_is_decrypted_in_one_command_and_the_length_of_the_plain_text_is_checked() {
    let (mut login, script) = logged_in_with(0x400);
    let plain = "00112233445566778899AABBCCDDEEFF";
    script.expect([step(OPEN_CONTAINER), step((&decrypt(), &format!("{plain} 9000")))]);
    assert_eq!(login.decrypt("UserKey", &cipher()).unwrap().as_slice(), hex(plain));
    script.expect([step((&decrypt(), "6A9B"))]);
    assert_eq!(login.decrypt("UserKey", &cipher()).err(), Some(refused("ECCDecrypt", 0x6A9B)));
    script.expect([step((&decrypt(), "00 9000"))]);
    let malformed = TokenError::Malformed { command: "ECCDecrypt", what: "length" };
    assert_eq!(login.decrypt("UserKey", &cipher()).err(), Some(malformed));
    script.verdict().unwrap();

    let before = script.sent().len();
    let long = |length| Sm2Cipher { text: vec![0; length], ..cipher() };
    let unwritable = Some(TokenError::Unwritable { what: "cipher text" });
    assert_eq!(login.decrypt("UserKey", &long(0x400 - 112)).err(), unwritable);
    assert_eq!(script.sent().len(), before);
    assert_ne!(login.decrypt("UserKey", &long(0x400 - 113)).err(), unwritable);
    assert_eq!(script.sent().len(), before + 1);
}

type Call = fn(&mut Login<'_>) -> Result<(), TokenError>;

/// A command with an effect on a container: its name, its call, what is asked before it, the command.
type Effect = (&'static str, Call, Vec<(&'static str, &'static str)>, String);

fn effects() -> Vec<Effect> {
    let certificate = "90 4C 00 00 00 0009 1000 3001 01 00000002".to_owned();
    vec![
        ("CreateContainer", |login| login.create_container("New"), vec![ENUM_CONTAINER], CREATE.to_owned()),
        ("DeleteContainer", |login| login.delete_container("UserKey"), vec![ENUM_CONTAINER], DELETE.to_owned()),
        (
            "GenECCKeyPair",
            |login| login.generate_key_pair("UserKey").map(drop),
            vec![EMPTY_INFO, OPEN_CONTAINER],
            GENERATE.to_owned(),
        ),
        ("ImportECCKeyPair", |login| login.import_key_pair("UserKey", &package()), vec![OPEN_CONTAINER], import_key()),
        (
            "ImportCertificate",
            |login| login.import_certificate("UserKey", KeyUse::Sign, &[0x30, 0]),
            vec![OPEN_CONTAINER],
            certificate,
        ),
    ]
}

#[test]
fn no_answer_makes_the_program_send_a_command_with_an_effect_again() {
    for (name, call, before, command) in effects() {
        for sw in [0x6C00, 0x6C10, 0x6A88, 0x6A9E, 0x6100, 0x6F00, 0x6581, 0x6A80, 0x6200, 0x0000] {
            let (mut login, script) = logged_in();
            script.expect(before.iter().copied().map(step));
            script.expect([step((&command, &format!("{sw:04X}")))]);
            assert_eq!(call(&mut login), Err(refused(name, sw)), "{name} {sw:04X}");
            script.verdict().unwrap();
        }
        for (sw, error) in [
            ("6982", TokenError::NotLoggedIn),
            ("6A84", TokenError::NoSpace),
            ("6A91", TokenError::NoContainer),
            ("6A94", TokenError::NoContainer),
            ("6E02", TokenError::ContainerExists),
        ] {
            let (mut login, script) = logged_in();
            script.expect(before.iter().copied().map(step));
            script.expect([step((&command, sw))]);
            assert_eq!(call(&mut login), Err(error), "{name} {sw}");
            script.verdict().unwrap();
        }
        for error in [TransportError::Removed, TransportError::Mute, TransportError::Garbage] {
            let (mut login, script) = logged_in();
            script.expect(before.iter().copied().map(step));
            script.expect([broken(&command, error)]);
            assert_eq!(call(&mut login), Err(TokenError::Transport(error)), "{name}");
            assert_eq!(call(&mut login), Err(TokenError::NotLoggedIn), "{name}");
            script.verdict().unwrap();
        }
    }
}

#[test]
fn what_another_program_closed_is_opened_again_before_the_command_with_the_effect() {
    for (name, call, before, command) in effects() {
        let (mut login, script) = logged_in();
        script.expect([step((before[0].0, "6A88")), step(OPEN_APPLICATION)]);
        script.expect(before.iter().copied().map(step));
        script.expect([step((&command, "6A84"))]);
        assert_eq!(call(&mut login), Err(TokenError::NoSpace), "{name}");
        script.verdict().unwrap();
    }
}

#[test]
fn an_effect_falls_on_the_container_of_that_name_also_when_it_has_another_identifier_now() {
    let (mut login, script) = logged_in();
    script.expect([step(OPEN_CONTAINER), step(PRELUDE), step(SIGN_CERTIFICATE)]);
    login.read_certificate("UserKey", KeyUse::Sign).unwrap();
    script.expect([step(EMPTY_INFO), step((OPEN_CONTAINER.0, "3005 9000"))]);
    script.expect([step((&GENERATE.replace("3001", "3005"), &format!("{SIGNING} 9000")))]);
    login.generate_key_pair("UserKey").unwrap();
    script.verdict().unwrap();
}

#[test]
fn the_containers_are_listed_with_1_command_and_1_for_each_without_reading_a_certificate() {
    let (mut key, script) = open_key();
    script.expect([step(NAMES_WITH_NEW), step(CONTAINER_INFO)]);
    script.expect([step(("80 4A 00 00 00 0005 1000 4E6577 000B", "02 00000100 00000000 00 00 9000"))]);
    let info = |name: &str, sign_key, encrypt_key, sign_certificate, encrypt_certificate| ContainerInfo {
        name: name.to_owned(),
        sign_key,
        encrypt_key,
        sign_certificate,
        encrypt_certificate,
    };
    let expected = [info("UserKey", true, true, true, true), info("New", true, false, false, false)];
    assert_eq!(key.containers().unwrap(), expected);
    for (answer, expected) in [
        ("02 00000000 00000100 00 01 9000", info("UserKey", false, true, false, true)),
        ("02 00010000 00000000 01 00 9000", info("UserKey", true, false, true, false)),
    ] {
        script.expect([step(ENUM_CONTAINER), step((CONTAINER_INFO.0, answer))]);
        assert_eq!(key.containers().unwrap(), [expected]);
    }
    script.verdict().unwrap();
}

#[test]
fn a_certificate_is_read_alone_and_one_that_is_missing_is_none() {
    let (mut key, script) = open_key();
    script.expect([step(OPEN_CONTAINER), step(PRELUDE), step(SIGN_CERTIFICATE)]);
    assert_eq!(key.read_certificate("UserKey", KeyUse::Sign), Ok(Some(vec![0x30, 0])));
    for answer in ["6A96", "6A95"] {
        script.expect([step(PRELUDE), step(("80 4E 00 00 00 0004 1000 3001 0000", answer))]);
        assert_eq!(key.read_certificate("UserKey", KeyUse::Encrypt), Ok(None), "{answer}");
    }
    script.expect([step(PRELUDE), step((SIGN_CERTIFICATE.0, "6985"))]);
    assert_eq!(key.read_certificate("UserKey", KeyUse::Sign), Err(refused("ExportCertificate", 0x6985)));
    script.verdict().unwrap();
}
