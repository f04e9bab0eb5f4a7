//! Reading, byte for byte.

use super::{
    CLEAR, CONTAINER_INFO, DEV_INFO, ENCRYPT_CERTIFICATE, ENUM_APPLICATION, ENUM_CONTAINER, ENUM_FILES, LONGMAI,
    OPEN_APPLICATION, OPEN_CONTAINER, PIN_INFO, PRELUDE, RANDOM, SIGN_CERTIFICATE, VERIFY_111111, card, dev_info,
    first_pass, open_key, pin, step,
};
use crate::apdu::StatusWord;
use crate::replay::Step;
use crate::{KeyUse, PinInfo, PinKind, Token, TokenError};

#[test]
fn the_first_pass_over_two_certificates_takes_12_commands_and_the_second_asks_no_name_or_id_again() {
    let (mut key, script) = card(&LONGMAI, first_pass());
    let contents = key.read().unwrap();
    script.verdict().unwrap();
    assert_eq!(script.sent().len(), 12);
    assert_eq!((contents.device.label.as_str(), contents.device.serial.as_str()), ("BJCA-UserKey", "DEMO0001"));
    assert_eq!(contents.application.as_deref(), Some("BJCA-Application"));
    assert_eq!(contents.pin, Some(PinInfo { max_tries: 10, tries_left: 9, is_default: true }));
    assert_eq!(contents.containers.len(), 1);
    assert_eq!(contents.containers[0].sign.as_deref(), Some(&[0x30, 0][..]));
    assert_eq!(contents.containers[0].encrypt.as_deref(), Some(&[0x30, 1, 1][..]));
    assert_eq!(contents.current, Some(0));
    assert_eq!(contents.files, ["BJCAENVSN"]);
    assert_eq!(contents.medium.as_deref(), Some("UKEY-Mini(LM3KM3)"));
    assert!(contents.known_model);

    let again =
        [PIN_INFO, ENUM_CONTAINER, CONTAINER_INFO, PRELUDE, SIGN_CERTIFICATE, PRELUDE, ENCRYPT_CERTIFICATE, ENUM_FILES];
    script.expect(again.map(step));
    assert_eq!(key.read().unwrap(), contents);
    script.verdict().unwrap();
}

#[test]
fn a_certificate_in_pieces_is_joined_by_repeating_the_identical_command() {
    let (expect, _) = SIGN_CERTIFICATE;
    let pieces = [(expect, "00000005 30 6A9E"), (expect, "03 01 6A9E"), (expect, "02 03 9000")];
    let mut steps = first_pass();
    steps.splice(8..9, pieces.map(step));
    let (mut key, script) = card(&LONGMAI, steps);
    assert_eq!(key.read().unwrap().containers[0].sign.as_deref(), Some(&[0x30, 3, 1, 2, 3][..]));
    script.verdict().unwrap();
}

#[test]
fn a_foreign_card_is_asked_one_harmless_question_and_never_anything_else() {
    let long = format!("{}9000", "00".repeat(287));
    for answer in ["6D00", "6E00", "9000", "0000", &long] {
        let (mut key, script) = card(&[0x3B, 0], [step((DEV_INFO, answer))]);
        assert_eq!(key.read(), Err(TokenError::Unsupported), "{answer}");
        assert_eq!(key.verify_pin(pin("111111")), Err(TokenError::Unsupported));
        assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(TokenError::Unsupported));
        assert_eq!(key.read(), Err(TokenError::Unsupported));
        script.reset();
        assert_eq!(key.pin_info(PinKind::User), Err(TokenError::Unsupported));
        assert_eq!(script.sent(), [[0x80, 4, 0, 0]]);
        script.verdict().unwrap();
    }
}

#[test]
fn an_unknown_model_is_read_with_standard_commands_only_and_gets_no_pin() {
    let mut steps = first_pass();
    steps.retain(|step| step.expect[0] != 0xC0);
    let le = Step::hex("80 46 00 00 00 0002 1000 0000", ENUM_CONTAINER.1).unwrap();
    steps[4] = le;
    let (mut key, script) = card(&[0x3B, 0], steps);
    let contents = key.read().unwrap();
    assert_eq!((contents.medium, contents.known_model), (None, false));
    assert_eq!(key.verify_pin(pin("111111")), Err(TokenError::UnprovenModel));
    assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(TokenError::UnprovenModel));
    assert_eq!(key.sign_digest("UserKey", pin("111111"), &[0; 32]), Err(TokenError::UnprovenModel));
    script.verdict().unwrap();
}

#[test]
fn a_key_without_application_has_no_pin_and_no_certificate() {
    let (mut key, script) = card(&LONGMAI, [dev_info(), step(("80 22 00 00 00 00 00", "0000 9000"))]);
    let contents = key.read().unwrap();
    assert_eq!((contents.application, contents.pin, contents.containers.len()), (None, None, 0));
    script.expect([step(("80 22 00 00 00 00 00", "9000"))]);
    assert_eq!(key.verify_pin(pin("111111")), Err(TokenError::NoApplication));
    script.verdict().unwrap();
}

#[test]
fn a_wrong_le_is_put_right_once_for_a_command_without_secrets() {
    let mut exact = dev_info();
    exact.expect = vec![0x80, 4, 0, 0, 0, 0x01, 0x20];
    let (mut key, script) = card(
        &LONGMAI,
        [
            step((DEV_INFO, "6C20")),
            exact,
            step(ENUM_APPLICATION),
            step(OPEN_APPLICATION),
            step((PIN_INFO.0, "6C04")),
            step(("80 14 00 01 00 0002 1000 0004", "6C03")),
        ],
    );
    let refused = TokenError::Refused { command: "GetPINInfo", sw: StatusWord(0x6C03) };
    assert_eq!(key.pin_info(PinKind::User), Err(refused));
    script.verdict().unwrap();
}

#[test]
fn after_a_reset_or_a_lost_identifier_the_application_is_opened_again_by_name() {
    let (mut key, script) = open_key();
    script.reset();
    script.expect([step(OPEN_APPLICATION), step(PIN_INFO)]);
    key.pin_info(PinKind::User).unwrap();
    script.expect([step((PIN_INFO.0, "6A88")), step(OPEN_APPLICATION), step(PIN_INFO)]);
    script.expect([step(RANDOM), step((VERIFY_111111, "9000")), step(CLEAR)]);
    key.verify_pin(pin("111111")).unwrap();
    script.verdict().unwrap();
}

#[test]
fn a_lost_container_is_opened_again_and_a_missing_one_is_refused() {
    let (mut key, script) = card(&LONGMAI, first_pass());
    key.read().unwrap();
    let export = "80 88 01 00 00 0004 1000 3001 0000";
    let point = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                 CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
    let answer = format!("00000100 {point} 9000");
    script.expect([step((export, "6A94")), step(OPEN_APPLICATION), step(OPEN_CONTAINER), step((export, &answer))]);
    assert_eq!(key.public_key("UserKey", KeyUse::Sign).unwrap().x()[..2], [0x09, 0xF9]);
    script.verdict().unwrap();

    script.expect([step(("80 42 00 00 00 0006 1000 4E6F6E65 0002", "6A91"))]);
    assert_eq!(key.public_key("None", KeyUse::Sign), Err(TokenError::NoContainer));
    script.verdict().unwrap();
}

const TWO_CONTAINERS: (&str, &str) = (ENUM_CONTAINER.0, "557365724B6579 00 4F6C64 00 00 9000");
const OLD_INFO: (&str, &str) = ("80 4A 00 00 00 0005 1000 4F6C64 000B", "02 00000100 00000000 01 00 9000");
const OPEN_OLD: (&str, &str) = ("80 42 00 00 00 0005 1000 4F6C64 0002", "3002 9000");
const OLD_CERTIFICATE: (&str, &str) = ("80 4E 01 00 00 0004 1000 3002 0000", "00000001 30 9000");
const FILE_INFO: (&str, &str) = ("80 36 10 00 00 0009 424A4341454E56534E 000C", "00000008 FF000000 10000000 9000");
const READ_CURRENT: (&str, &str) =
    ("80 38 00 00 00 0011 1000 0000 0008 0009 424A4341454E56534E 0008", "557365724B657900 9000");

#[test]
fn of_two_containers_the_named_one_is_in_use_and_without_that_file_the_last_with_a_certificate() {
    let mut steps = first_pass();
    let files = steps.pop().unwrap();
    steps[4] = step(TWO_CONTAINERS);
    steps.extend([step(OLD_INFO), step(OPEN_OLD), step(PRELUDE), step(OLD_CERTIFICATE), files]);
    steps.extend([step(FILE_INFO), step(READ_CURRENT)]);
    let (mut key, script) = card(&LONGMAI, steps);
    assert_eq!(key.read().unwrap().current_container().unwrap().name, "UserKey");
    script.verdict().unwrap();

    let again = [
        PIN_INFO,
        TWO_CONTAINERS,
        CONTAINER_INFO,
        PRELUDE,
        SIGN_CERTIFICATE,
        PRELUDE,
        ENCRYPT_CERTIFICATE,
        OLD_INFO,
        PRELUDE,
        OLD_CERTIFICATE,
        ENUM_FILES,
        (FILE_INFO.0, "6982"),
    ];
    script.expect(again.map(step));
    assert_eq!(key.read().unwrap().current_container().unwrap().name, "Old");
    script.verdict().unwrap();
}

#[test]
fn a_file_is_read_in_pieces_the_key_carries_up_to_the_limit() {
    let (mut key, script) = open_key();
    let name = "424A4341454E56534E";
    script.expect([
        step((FILE_INFO.0, "00000200 FF000000 10000000 9000")),
        step((&format!("80 38 00 00 00 0011 1000 0000 0040 0009 {name} 0040"), &format!("{} 9000", "AA".repeat(64)))),
        step((&format!("80 38 00 00 00 0011 1000 0040 0024 0009 {name} 0024"), &format!("{} 9000", "BB".repeat(36)))),
    ]);
    let data = key.read_file("BJCAENVSN", 100).unwrap();
    assert_eq!((data.len(), data[63], data[64]), (100, 0xAA, 0xBB));
    script.verdict().unwrap();
}
