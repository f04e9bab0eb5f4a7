//! The user's right between calls: taken by a login, lost by a reset, a break or the key, and always given back.

use super::{
    CLEAR, LONGMAI, OPEN_APPLICATION, OPEN_CONTAINER, PIN_INFO, PRELUDE, RANDOM, SIGN_CERTIFICATE, VERIFY_111111,
    broken, card, dev_info, first_pass, logged_in, open_key, pin, step,
};
use crate::apdu::StatusWord;
use crate::gmt0017::Gmt0017;
use crate::{KeyUse, PinKind, Token, TokenError, TransportError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};

const SIGN: &str = "80 74 02 00 00 0024 1000 3001 5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A";

fn signature() -> String {
    format!("00000100 {} 9000", "77".repeat(64))
}

fn sign(key: &mut Gmt0017) -> Result<[u8; 64], TokenError> {
    key.sign("UserKey", &[0x5A; 32])
}

#[test]
fn a_login_takes_3_commands_and_its_right_serves_many_calls_until_the_logout() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000"))]);
    key.login(pin("111111")).unwrap();
    script.verdict().unwrap();

    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature())), step((SIGN, &signature())), step(CLEAR)]);
    assert_eq!(sign(&mut key), Ok([0x77; 64]));
    assert_eq!(sign(&mut key), Ok([0x77; 64]));
    assert_eq!(key.logout(), Ok(()));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    assert_eq!(key.logout(), Ok(()));
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn without_a_login_nothing_is_sent_and_a_logout_is_harmless() {
    let (mut key, script) = open_key();
    let before = script.sent().len();
    for (call, result) in every_call_under_the_right(&mut key) {
        assert_eq!(result, Err(TokenError::NotLoggedIn), "{call}");
    }
    assert_eq!(key.logout(), Ok(()));
    drop(key);
    assert_eq!(script.sent().len(), before);
}

#[test]
fn a_model_that_may_only_be_read_refuses_everything_that_writes_without_a_command() {
    let mut steps = first_pass();
    steps.retain(|step| step.expect[0] != 0xC0);
    steps[4].expect.extend([0, 0]);
    let (mut key, script) = card(&[0x3B, 0], steps);
    key.read().unwrap();
    script.verdict().unwrap();
    let before = script.sent().len();
    assert_eq!(key.login(pin("111111")), Err(TokenError::UnprovenModel));
    for (call, result) in every_call_under_the_right(&mut key) {
        assert_eq!(result, Err(TokenError::UnprovenModel), "{call}");
    }
    assert_eq!(script.sent().len(), before);

    let (mut key, script) = card(&[0x3B, 0], [dev_info()]);
    for (call, result) in every_call_under_the_right(&mut key) {
        assert_eq!(result, Err(TokenError::UnprovenModel), "{call}");
    }
    assert_eq!(key.login(pin("111111")), Err(TokenError::UnprovenModel));
    assert_eq!(script.sent(), [[0x80, 4, 0, 0]], "the question that tells the model");
}

/// With arguments that fit.
fn every_call_under_the_right(key: &mut Gmt0017) -> Vec<(&'static str, Result<(), TokenError>)> {
    let cipher = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; 16] };
    let package = EnvelopedKey { wrapped: cipher.clone(), public: PublicKey([4; 64]), encrypted: vec![5; 32] };
    vec![
        ("create_container", key.create_container("New")),
        ("delete_container", key.delete_container("UserKey")),
        ("generate_key_pair", key.generate_key_pair("UserKey").map(drop)),
        ("sign", sign(key).map(drop)),
        ("import_key_pair", key.import_key_pair("UserKey", &package)),
        ("import_certificate", key.import_certificate("UserKey", KeyUse::Sign, &[0x30, 0])),
        ("decrypt", key.decrypt("UserKey", &cipher).map(drop)),
        ("write_file", key.write_file("BJCAENVSN", b"UserKey")),
    ]
}

#[test]
fn a_dropped_token_gives_the_right_back() {
    let (key, script) = logged_in();
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn after_a_reset_the_right_is_gone_and_the_next_login_opens_everything_anew() {
    let (mut key, script) = logged_in();
    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature()))]);
    sign(&mut key).unwrap();
    script.reset();
    let before = script.sent().len();
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    assert_eq!(key.logout(), Ok(()));
    assert_eq!(script.sent().len(), before, "a reset took the right: nothing to send, nothing to give back");

    script.expect([step(OPEN_APPLICATION), step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000"))]);
    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature())), step(CLEAR)]);
    key.login(pin("111111")).unwrap();
    sign(&mut key).unwrap();
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_reset_noticed_by_the_logout_leaves_nothing_to_give_back() {
    let (mut key, script) = logged_in();
    let before = script.sent().len();
    script.reset();
    assert_eq!(key.logout(), Ok(()));
    drop(key);
    assert_eq!(script.sent().len(), before);
}

#[test]
fn a_right_the_key_denies_is_not_relied_on_again_but_given_back() {
    let (mut key, script) = logged_in();
    script.expect([step(OPEN_CONTAINER), step((SIGN, "6982"))]);
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn), "without a command");
    script.verdict().unwrap();
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_broken_connection_ends_the_login_and_what_the_key_may_still_hold_is_given_back() {
    for (error, gives_back) in [
        (TransportError::Mute, true),
        (TransportError::Garbage, true),
        (TransportError::ServiceGone, true),
        (TransportError::Removed, false),
    ] {
        let (mut key, script) = logged_in();
        script.expect([step(OPEN_CONTAINER), broken(SIGN, error)]);
        assert_eq!(sign(&mut key), Err(TokenError::Transport(error)));
        assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn), "{error}");
        script.verdict().unwrap();
        if gives_back {
            script.expect([step(CLEAR)]);
        }
        let before = script.sent().len();
        drop(key);
        script.verdict().unwrap();
        assert_eq!(script.sent().len() - before, usize::from(gives_back), "{error}");
    }
}

#[test]
fn a_logout_that_fails_is_reported_and_tried_once_more_by_the_drop() {
    let (mut key, script) = logged_in();
    script.expect([step((CLEAR.0, "6F00"))]);
    let refused = TokenError::Refused { command: "ClearSecureState", sw: StatusWord(0x6F00) };
    assert_eq!(key.logout(), Err(refused));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_wrong_pin_gives_no_right_and_a_locked_one_is_not_sent() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "63C8"))]);
    assert_eq!(key.login(pin("111111")), Err(TokenError::WrongPin { left: 8 }));
    script.expect([step((PIN_INFO.0, "0A 00 00 9000"))]);
    assert_eq!(key.login(pin("111111")), Err(TokenError::Locked));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    drop(key);
    script.verdict().unwrap();

    let (mut key, script) = logged_in();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "63C8"))]);
    assert_eq!(key.login(pin("111111")), Err(TokenError::WrongPin { left: 8 }));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn), "nobody knows whether the first right is still there");
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_login_cut_off_at_the_pin_sends_it_once_and_tries_to_give_the_right_back() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), broken(VERIFY_111111, TransportError::Mute), step(CLEAR)]);
    assert_eq!(key.login(pin("111111")), Err(TokenError::Transport(TransportError::Mute)));
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    drop(key);
    script.verdict().unwrap();
    for answer in ["6C00", "6A88", "6982", "6984", "6A9E", "6F00"] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, answer)), step(CLEAR)]);
        let sw = StatusWord(u16::from_str_radix(answer, 16).unwrap());
        assert_eq!(key.login(pin("111111")), Err(TokenError::Refused { command: "VerifyPIN", sw }));
        script.verdict().unwrap();
    }
}

#[test]
fn a_call_with_a_pin_of_its_own_ends_a_login_and_reading_does_not() {
    let (mut key, script) = logged_in();
    script.expect([step(PIN_INFO), step(OPEN_CONTAINER), step(PRELUDE), step(SIGN_CERTIFICATE)]);
    key.pin_info(PinKind::User).unwrap();
    key.read_certificate("UserKey", KeyUse::Sign).unwrap();
    script.expect([step((SIGN, &signature()))]);
    sign(&mut key).unwrap();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000")), step(CLEAR)]);
    key.verify_pin(pin("111111")).unwrap();
    assert_eq!(sign(&mut key), Err(TokenError::NotLoggedIn));
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn an_application_closed_by_another_program_is_opened_again_to_give_the_right_back() {
    let (mut key, script) = logged_in();
    script.expect([step((CLEAR.0, "6A88")), step(OPEN_APPLICATION), step(CLEAR)]);
    assert_eq!(key.logout(), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_foreign_card_gets_no_login_and_no_command() {
    let (mut key, script) = card(&LONGMAI, [step((super::DEV_INFO, "6D00"))]);
    assert_eq!(key.login(pin("111111")), Err(TokenError::Unsupported));
    for (call, result) in every_call_under_the_right(&mut key) {
        assert_eq!(result, Err(TokenError::Unsupported), "{call}");
    }
    assert_eq!(key.containers(), Err(TokenError::Unsupported));
    assert_eq!(script.sent(), [[0x80, 4, 0, 0]]);
}
