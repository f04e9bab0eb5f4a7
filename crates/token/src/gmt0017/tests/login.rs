//! The user's right between calls: taken by a login, lost by a reset, a break or the key, and always given back.

use super::{
    CLEAR, CONTAINER_INFO, ENUM_CONTAINER, LONGMAI, OPEN_APPLICATION, OPEN_CONTAINER, PIN_INFO, PRELUDE, RANDOM,
    SIGN_CERTIFICATE, VERIFY_111111, broken, card, dev_info, first_pass, logged_in, open_key, pin, step,
};
use crate::apdu::StatusWord;
use crate::gmt0017::{Gmt0017, Login};
use crate::replay::Script;
use crate::{KeyUse, Token, TokenError, TransportError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};

const SIGN: &str = "80 74 02 00 00 0024 1000 3001 5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A";

fn signature() -> String {
    format!("00000100 {} 9000", "77".repeat(64))
}

fn sign(login: &mut Login<'_>) -> Result<[u8; 64], TokenError> {
    login.sign("UserKey", &[0x5A; 32])
}

/// A login in 3 commands, for what comes after it.
fn log_in<'a>(key: &'a mut Gmt0017, script: &Script) -> Login<'a> {
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000"))]);
    let login = key.login(pin("111111")).unwrap();
    script.verdict().unwrap();
    login
}

#[test]
fn a_login_takes_3_commands_and_its_right_serves_many_calls_until_it_is_closed() {
    let (mut key, script) = open_key();
    let mut login = log_in(&mut key, &script);
    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature())), step((SIGN, &signature())), step(CLEAR)]);
    assert_eq!(sign(&mut login), Ok([0x77; 64]));
    assert_eq!(sign(&mut login), Ok([0x77; 64]));
    assert_eq!(login.close(), Ok(()));
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_lost_right_lets_no_call_send_anything() {
    let (mut login, script) = logged_in();
    script.reset();
    let before = script.sent().len();
    for (call, result) in every_call_under_the_right(&mut login) {
        assert_eq!(result, Err(TokenError::NotLoggedIn), "{call}");
    }
    assert_eq!(login.close(), Ok(()));
    assert_eq!(script.sent().len(), before);
}

#[test]
fn a_model_that_may_only_be_read_gets_no_login() {
    let mut steps = first_pass();
    steps.retain(|step| step.expect[0] != 0xC0);
    steps[4].expect.extend([0, 0]);
    let (mut key, script) = card(&[0x3B, 0], steps);
    key.read().unwrap();
    script.verdict().unwrap();
    let before = script.sent().len();
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::UnprovenModel));
    assert_eq!(script.sent().len(), before);

    let (mut key, script) = card(&[0x3B, 0], [dev_info()]);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::UnprovenModel));
    assert_eq!(script.sent(), [[0x80, 4, 0, 0]], "the question that tells the model");
}

/// With arguments that fit.
fn every_call_under_the_right(login: &mut Login<'_>) -> Vec<(&'static str, Result<(), TokenError>)> {
    let cipher = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; 16] };
    let package = EnvelopedKey { wrapped: cipher.clone(), public: PublicKey([4; 64]), encrypted: vec![5; 32] };
    vec![
        ("create_container", login.create_container("New")),
        ("delete_container", login.delete_container("UserKey")),
        ("generate_key_pair", login.generate_key_pair("UserKey").map(drop)),
        ("sign", sign(login).map(drop)),
        ("import_key_pair", login.import_key_pair("UserKey", &package)),
        ("import_certificate", login.import_certificate("UserKey", KeyUse::Sign, &[0x30, 0])),
        ("decrypt", login.decrypt("UserKey", &cipher).map(drop)),
        ("write_file", login.write_file("BJCAENVSN", b"UserKey")),
    ]
}

#[test]
fn a_dropped_login_gives_the_right_back() {
    let (login, script) = logged_in();
    script.expect([step(CLEAR)]);
    drop(login);
    script.verdict().unwrap();
}

#[test]
fn a_dropped_token_gives_back_what_the_dropped_login_could_not() {
    let (mut key, script) = open_key();
    let login = log_in(&mut key, &script);
    script.expect([step((CLEAR.0, "6F00"))]);
    drop(login);
    script.verdict().unwrap();
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_login_that_is_forgotten_is_given_back_by_the_drop_of_the_token() {
    let (mut key, script) = open_key();
    std::mem::forget(log_in(&mut key, &script));
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn after_a_reset_the_right_is_gone_and_the_next_login_opens_everything_anew() {
    let (mut key, script) = open_key();
    let mut login = log_in(&mut key, &script);
    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature()))]);
    sign(&mut login).unwrap();
    script.reset();
    let before = script.sent().len();
    assert_eq!(sign(&mut login), Err(TokenError::NotLoggedIn));
    assert_eq!(login.close(), Ok(()));
    assert_eq!(script.sent().len(), before, "a reset took the right: nothing to send, nothing to give back");

    script.expect([step(OPEN_APPLICATION), step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "9000"))]);
    script.expect([step(OPEN_CONTAINER), step((SIGN, &signature())), step(CLEAR)]);
    let mut login = key.login(pin("111111")).unwrap();
    sign(&mut login).unwrap();
    drop(login);
    script.verdict().unwrap();
}

#[test]
fn a_reset_noticed_at_the_close_leaves_nothing_to_give_back() {
    let (mut key, script) = open_key();
    let login = log_in(&mut key, &script);
    let before = script.sent().len();
    script.reset();
    assert_eq!(login.close(), Ok(()));
    drop(key);
    assert_eq!(script.sent().len(), before);
}

#[test]
fn a_right_the_key_denies_is_not_relied_on_again_but_given_back() {
    let (mut login, script) = logged_in();
    script.expect([step(OPEN_CONTAINER), step((SIGN, "6982"))]);
    assert_eq!(sign(&mut login), Err(TokenError::NotLoggedIn));
    assert_eq!(sign(&mut login), Err(TokenError::NotLoggedIn), "without a command");
    script.verdict().unwrap();
    script.expect([step(CLEAR)]);
    drop(login);
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
        let (mut key, script) = open_key();
        let mut login = log_in(&mut key, &script);
        script.expect([step(OPEN_CONTAINER), broken(SIGN, error)]);
        assert_eq!(sign(&mut login), Err(TokenError::Transport(error)));
        assert_eq!(sign(&mut login), Err(TokenError::NotLoggedIn), "{error}");
        script.verdict().unwrap();
        if gives_back {
            script.expect([step(CLEAR)]);
        }
        let before = script.sent().len();
        drop(login);
        drop(key);
        script.verdict().unwrap();
        assert_eq!(script.sent().len() - before, usize::from(gives_back), "{error}");
    }
}

#[test]
fn a_close_that_fails_is_reported_and_tried_once_more_by_the_drop_of_the_token() {
    let (mut key, script) = open_key();
    let login = log_in(&mut key, &script);
    script.expect([step((CLEAR.0, "6F00"))]);
    let refused = TokenError::Refused { command: "ClearSecureState", sw: StatusWord(0x6F00) };
    assert_eq!(login.close(), Err(refused));
    script.verdict().unwrap();
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_wrong_pin_gives_no_right_and_a_locked_one_is_not_sent() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "63C8"))]);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::WrongPin { left: 8 }));
    script.expect([step((PIN_INFO.0, "0A 00 00 9000"))]);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::Locked));
    drop(key);
    script.verdict().unwrap();

    // a login whose right was not given back, then one with a wrong PIN
    let (mut key, script) = open_key();
    let login = log_in(&mut key, &script);
    script.expect([step((CLEAR.0, "6F00")), step(PIN_INFO), step(RANDOM), step((VERIFY_111111, "63C8"))]);
    drop(login);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::WrongPin { left: 8 }));
    script.expect([step(CLEAR)]);
    drop(key);
    script.verdict().unwrap();
}

#[test]
fn a_login_cut_off_at_the_pin_sends_it_once_and_tries_to_give_the_right_back() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(RANDOM), broken(VERIFY_111111, TransportError::Mute), step(CLEAR)]);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::Transport(TransportError::Mute)));
    drop(key);
    script.verdict().unwrap();
    for answer in ["6C00", "6A88", "6982", "6984", "6A9E", "6F00"] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(RANDOM), step((VERIFY_111111, answer)), step(CLEAR)]);
        let sw = StatusWord(u16::from_str_radix(answer, 16).unwrap());
        assert_eq!(key.login(pin("111111")).err(), Some(TokenError::Refused { command: "VerifyPIN", sw }));
        script.verdict().unwrap();
    }
}

#[test]
fn reading_does_not_end_a_login() {
    let (mut login, script) = logged_in();
    script.expect([step(ENUM_CONTAINER), step(CONTAINER_INFO)]);
    login.containers().unwrap();
    script.expect([step(OPEN_CONTAINER), step(PRELUDE), step(SIGN_CERTIFICATE), step((SIGN, &signature()))]);
    login.read_certificate("UserKey", KeyUse::Sign).unwrap();
    sign(&mut login).unwrap();
    script.verdict().unwrap();
}

#[test]
fn an_application_closed_by_another_program_is_opened_again_to_give_the_right_back() {
    let (login, script) = logged_in();
    script.expect([step((CLEAR.0, "6A88")), step(OPEN_APPLICATION), step(CLEAR)]);
    assert_eq!(login.close(), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_foreign_card_gets_no_login_and_no_command() {
    let (mut key, script) = card(&LONGMAI, [step((super::DEV_INFO, "6D00"))]);
    assert_eq!(key.login(pin("111111")).err(), Some(TokenError::Unsupported));
    assert_eq!(key.containers(), Err(TokenError::Unsupported));
    assert_eq!(script.sent(), [[0x80, 4, 0, 0]]);
}
