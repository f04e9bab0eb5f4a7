//! Operations that take a PIN, byte for byte.

use super::{
    CHANGE_TO_222222, CLEAR, LONGMAI, OPEN_CONTAINER, PIN_INFO, RANDOM, RANDOM_A1, VERIFY_111111, broken, card,
    open_key, pin, step,
};
use crate::apdu::StatusWord;
use crate::replay::Step;
use crate::{PinInfo, Token, TokenError, TransportError};
use base::odd_pin::OddPin;

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
    let length = TokenError::PinLength { min: 6, max: 16 };
    let new_length = TokenError::NewPinLength { min: 6, max: 15 };
    assert_eq!(key.pin_length(), 6..=15);
    for (current, new, error) in [
        ("", "222222", length.clone()),
        ("11111111111111111", "222222", length.clone()),
        ("11111", "222222", length.clone()),
        ("111111\r", "222222", TokenError::OddPin(OddPin::Control)),
        ("111111", "22222", new_length.clone()),
        ("111111", "2222222222222222", new_length),
        ("111111", "密码", TokenError::NewPinCharacters),
    ] {
        assert_eq!(key.change_pin(pin(current), pin(new)), Err(error));
    }
    assert_eq!(key.verify_pin(pin("11111111111111111")), Err(length));
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
