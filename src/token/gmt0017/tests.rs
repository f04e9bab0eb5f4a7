//! Byte for byte against scripts; the whole path through the reader service is shown in tests/.

use super::Gmt0017;
use crate::apdu::StatusWord;
use crate::secret::Pin;
use crate::token::replay::{FuzzBytes, Replay, Script, Step};
use crate::token::{KeyUse, PinInfo, PinKind, Token, TokenError, TransportError};

const LONGMAI: [u8; 16] =
    [0x3B, 0x9F, 0x11, 0x81, 0x31, 0xFE, 0x9F, 0x00, 0x6A, 0x6D, 0x54, 0x6F, 0x6B, 0x65, 0x6E, 0x2D];

const DEV_INFO: &str = "80 04 00 00 00 00 00";
const ENUM_APPLICATION: (&str, &str) =
    ("80 22 00 00 00 00 00", "4F74686572 00 424A43412D4170706C69636174696F6E 00 00 9000");
const OPEN_APPLICATION: (&str, &str) =
    ("80 26 00 00 00 0010 424A43412D4170706C69636174696F6E 000A", "10000000 08 10 0010 1000 9000");
const PIN_INFO: (&str, &str) = ("80 14 00 01 00 0002 1000 0003", "0A 09 01 9000");
const ENUM_CONTAINER: (&str, &str) = ("80 46 00 00 00 0002 1000", "557365724B6579 00 00 9000");
const CONTAINER_INFO: (&str, &str) =
    ("80 4A 00 00 00 0009 1000 557365724B6579 000B", "02 00000100 00000100 01 01 9000");
const OPEN_CONTAINER: (&str, &str) = ("80 42 00 00 00 0009 1000 557365724B6579 0002", "3001 9000");
const PRELUDE: (&str, &str) = ("C0 52 00 00", "9000");
const SIGN_CERTIFICATE: (&str, &str) = ("80 4E 01 00 00 0004 1000 3001 0000", "00000002 3000 9000");
const ENCRYPT_CERTIFICATE: (&str, &str) = ("80 4E 00 00 00 0004 1000 3001 0000", "00000003 300101 9000");
const ENUM_FILES: (&str, &str) = ("80 34 10 00 00 00 00", "424A4341454E56534E 00 00 9000");
const RANDOM: (&str, &str) = ("80 50 00 00 00 0008", "0102030405060708 9000");
const RANDOM_A1: (&str, &str) = ("80 50 00 00 00 0008", "A1A2A3A4A5A6A7A8 9000");
const VERIFY_111111: &str = "80 18 00 01 00 0012 1000 FB0A24425A24A0713A7CCCF82D15CE7E";
const CHANGE_TO_222222: &str = "84 16 00 01 00 0016 1000 E87F4AC7B1959DC310AA4DD1C09BC28F 1D85B834";
const CLEAR: (&str, &str) = ("80 1C 00 00 00 0002 1000", "9000");

fn step((expect, answer): (&str, &str)) -> Step {
    Step::hex(expect, answer).unwrap()
}

fn broken(expect: &str, error: TransportError) -> Step {
    Step::broken(expect, error).unwrap()
}

fn dev_info() -> Step {
    let mut data = vec![0u8; 288];
    data[132..144].copy_from_slice(b"BJCA-UserKey");
    data[164..172].copy_from_slice(b"DEMO0001");
    data[224..226].copy_from_slice(&0x0060u16.to_be_bytes());
    data.extend([0x90, 0x00]);
    Step { expect: vec![0x80, 4, 0, 0, 0, 0, 0], answer: Ok(data) }
}

fn card(atr: &[u8], steps: impl IntoIterator<Item = Step>) -> (Gmt0017, Script) {
    let (replay, script) = Replay::new(atr);
    script.expect(steps);
    (Gmt0017::new(Box::new(replay), "Virtual PCD 00 00"), script)
}

/// A key that was recognised and whose application was opened by asking for the tries left.
fn open_key() -> (Gmt0017, Script) {
    let (mut key, script) =
        card(&LONGMAI, [dev_info(), step(ENUM_APPLICATION), step(OPEN_APPLICATION), step(PIN_INFO)]);
    key.pin_info(PinKind::User).unwrap();
    script.verdict().unwrap();
    (key, script)
}

fn pin(text: &str) -> Pin {
    Pin::new(text.as_bytes()).unwrap()
}

fn first_pass() -> Vec<Step> {
    let mut steps = vec![dev_info()];
    steps.extend(
        [
            ENUM_APPLICATION,
            OPEN_APPLICATION,
            PIN_INFO,
            ENUM_CONTAINER,
            CONTAINER_INFO,
            OPEN_CONTAINER,
            PRELUDE,
            SIGN_CERTIFICATE,
            PRELUDE,
            ENCRYPT_CERTIFICATE,
            ENUM_FILES,
        ]
        .map(step),
    );
    steps
}

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
fn a_right_pin_is_sent_once_after_the_tries_were_read_and_the_right_is_given_back() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000")), step(CLEAR)]);
    assert_eq!(key.verify_pin(pin("111111")), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_wrong_pin_says_the_tries_the_key_says_and_the_last_one_says_locked() {
    for (answer, error) in [
        ("63C8", TokenError::WrongPin { left: 8 }),
        ("63C1", TokenError::WrongPin { left: 1 }),
        ("63C0", TokenError::Locked),
        ("6983", TokenError::Locked),
    ] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, answer))]);
        assert_eq!(key.verify_pin(pin("111111")), Err(error));
        script.verdict().unwrap();
    }
}

#[test]
fn a_locked_pin_is_not_sent_at_all() {
    let locked = step((PIN_INFO.0, "0A 00 00 9000"));
    let (mut key, script) = open_key();
    script.expect([locked]);
    assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(TokenError::Locked));
    script.expect([step((PIN_INFO.0, "0A 00 00 9000"))]);
    assert_eq!(key.verify_pin(pin("111111")), Err(TokenError::Locked));
    script.verdict().unwrap();
}

#[test]
fn changing_the_pin_takes_6_commands_as_the_vendors_host_writes_them() {
    let (mut key, script) = open_key();
    let before = script.sent().len();
    script.expect([
        step(PIN_INFO),
        step(RANDOM),
        step((VERIFY_111111, "9000")),
        step(RANDOM_A1),
        step((CHANGE_TO_222222, "9000")),
        step(CLEAR),
    ]);
    let after = key.change_pin(pin("111111"), pin("222222"));
    assert_eq!(after, Ok(PinInfo { max_tries: 10, tries_left: 10, is_default: false }));
    script.verdict().unwrap();
    assert_eq!(script.sent().len() - before, 6);
}

#[test]
fn pins_that_can_not_be_right_are_refused_without_sending_anything() {
    let (mut key, script) = card(&LONGMAI, []);
    let new_length = TokenError::NewPinLength { min: 6, max: 15 };
    assert_eq!(key.pin_length(), 6..=15);
    for (current, new, error) in [
        ("", "222222", TokenError::PinLength),
        ("11111111111111111", "222222", TokenError::PinLength),
        ("111111", "22222", new_length.clone()),
        ("111111", "2222222222222222", new_length),
        ("111111", "密码", TokenError::NewPinCharacters),
    ] {
        assert_eq!(key.change_pin(pin(current), pin(new)), Err(error));
    }
    assert_eq!(key.verify_pin(pin("11111111111111111")), Err(TokenError::PinLength));
    assert!(script.sent().is_empty());
}

#[test]
fn a_break_before_the_change_changes_nothing_and_a_break_during_it_is_uncertain() {
    let removed = TransportError::Removed;
    let whole = || vec![step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000")), step(RANDOM_A1)];
    for (position, clears) in [(0, false), (1, false), (2, true), (3, true)] {
        let (mut key, script) = open_key();
        let mut steps = whole();
        steps[position].answer = Err(removed);
        steps.truncate(position + 1);
        if clears {
            steps.push(broken(CLEAR.0, removed));
        }
        script.expect(steps);
        assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(TokenError::Transport(removed)), "{position}");
        script.verdict().unwrap();
    }
    for answer in [Err(removed), Err(TransportError::Garbage), Ok(vec![0x65, 0x81]), Ok(vec![0, 0])] {
        let (mut key, script) = open_key();
        script.expect(whole());
        script.expect([Step { answer, ..step((CHANGE_TO_222222, "")) }, broken(CLEAR.0, removed)]);
        assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(TokenError::ChangeUncertain));
        script.verdict().unwrap();
    }
}

#[test]
fn a_refused_change_keeps_its_status_word_and_gives_the_right_back() {
    let (mut key, script) = open_key();
    script.expect([
        step(PIN_INFO),
        step(RANDOM),
        step((VERIFY_111111, "9000")),
        step(RANDOM_A1),
        step((CHANGE_TO_222222, "6988")),
        step((CLEAR.0, "6D00")),
    ]);
    let refused = TokenError::Refused { command: "ChangePIN", sw: StatusWord(0x6988) };
    assert_eq!(key.change_pin(pin("111111"), pin("222222")), Err(refused));
    script.verdict().unwrap();
}

#[test]
fn no_answer_makes_the_program_send_a_pin_again() {
    for answer in ["6C00", "6C10", "6A88", "6982", "6984", "6A9E", "6100", "6F00"] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, answer)), step(CLEAR)]);
        let sw = StatusWord(u16::from_str_radix(answer, 16).unwrap());
        assert_eq!(key.verify_pin(pin("111111")), Err(TokenError::Refused { command: "VerifyPIN", sw }));
        script.verdict().unwrap();
    }
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

#[test]
fn a_digest_is_signed_with_the_container_open_before_the_pin_is_sent() {
    let (mut key, script) = open_key();
    let sign = format!("80 74 02 00 00 0024 1000 3001 {}", "5A".repeat(32));
    let answer = format!("00000100 {} 9000", "77".repeat(64));
    script.expect([
        step(PIN_INFO),
        step(OPEN_CONTAINER),
        step(RANDOM),
        step((VERIFY_111111, "9000")),
        step((&sign, &answer)),
        step(CLEAR),
    ]);
    assert_eq!(key.sign_digest("UserKey", pin("111111"), &[0x5A; 32]), Ok([0x77; 64]));
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

#[test]
fn a_key_that_never_ends_or_answers_wrong_lengths_is_given_up() {
    let endless = |answer: &str, times: usize| {
        let mut steps = vec![dev_info()];
        steps.extend((0..times).map(|_| step((ENUM_APPLICATION.0, answer))));
        let (mut key, script) = card(&LONGMAI, steps);
        (key.read(), script)
    };
    let malformed = |command, what| Err(TokenError::Malformed { command, what });
    let (result, _) = endless(&format!("{} 6A9E", "41".repeat(1024)), 17);
    assert_eq!(result, malformed("EnumApplication", "longer than any key holds"));
    let (result, _) = endless("6A9E", 1);
    assert_eq!(result, malformed("EnumApplication", "empty piece"));
    let (result, _) = endless("41 6A9E", 4100);
    assert_eq!(result, malformed("EnumApplication", "the answers never end"));
    for (position, answer, command) in [
        (2, "1000 9000", "OpenApplication"),
        (3, "0A0A 9000", "GetPINInfo"),
        (5, "02 9000", "GetContainerInfo"),
        (6, "300100 9000", "OpenContainer"),
        (8, "FFFFFFFF 30 9000", "ExportCertificate"),
    ] {
        let mut steps = first_pass();
        let expect = steps[position].expect.clone();
        steps.truncate(position);
        let (mut key, script) = card(&LONGMAI, steps);
        script.expect([Step { expect, ..step(("", answer)) }]);
        assert_eq!(key.read(), malformed(command, "length"));
        script.verdict().unwrap();
    }
}

/// The answers of a first pass, a right PIN and a change, as `FuzzBytes` takes them.
fn good_answers() -> Vec<u8> {
    let mut steps = first_pass();
    steps.extend([PIN_INFO, RANDOM, CLEAR, CLEAR, PIN_INFO, RANDOM, CLEAR, RANDOM, CLEAR, CLEAR].map(step));
    let answers = steps.into_iter().map(|step| step.answer.unwrap());
    answers.flat_map(|answer| [&u16::try_from(answer.len()).unwrap().to_be_bytes()[..], &answer].concat()).collect()
}

#[test]
fn a_session_over_damaged_answers_always_ends() {
    let good = good_answers();
    let session = |answers: &[u8]| {
        let mut key = Gmt0017::new(Box::new(FuzzBytes::new(answers)), "");
        (
            key.read().is_ok(),
            key.verify_pin(pin("111111")).is_ok(),
            key.change_pin(pin("111111"), pin("222222")).is_ok(),
        )
    };
    assert_eq!(session(&good), (true, true, true), "the seed reaches the end");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..2000 {
        let mut answers = good.clone();
        for _ in 0..=random(4) {
            let at = random(answers.len());
            match random(4) {
                0 => answers[at] = random(256) as u8,
                1 if answers.len() > 1 => drop(answers.remove(at)),
                2 => answers.insert(at, random(256) as u8),
                _ => answers.truncate(at + 1),
            }
        }
        session(&answers);
    }
}
