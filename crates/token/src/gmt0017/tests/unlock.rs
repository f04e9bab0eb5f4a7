//! The user PIN set with the admin PIN: byte for byte, and against a virtual key in every state and with every cut.

use super::virtual_key::Shared;
use super::{
    CHANGE_TO_222222, CLEAR, OPEN_CONTAINER, PIN_INFO, RANDOM, RANDOM_A1, VERIFY_111111, broken, open_key, pin, step,
};
use crate::{PinInfo, PinKind, RemoteUnlock, Token, TokenError, TransportError, UnlockChallenge, Unlocked};
use base::secret::SecretBytes;
use gm::{pin_key, protect_new_pin};
use virtual_key::State;

const ADMIN_INFO: (&str, &str) = ("80 14 00 00 00 0002 1000 0003", "0A 0A 00 9000");
const CHALLENGE: (&str, &str) = ("80 50 01 00 00 0008", "1112131415161718 9000");
const ANSWER: &str = "84 1A 01 00 00 0016 1000 C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF F0F1F2F3";
const SIGN: &str = "80 74 02 00 00 0024 1000 3001 0909090909090909090909090909090909090909090909090909090909090909";
const COUNTER: &str = "84 1A 00 00 00 0016 1000 E87F4AC7B1959DC310AA4DD1C09BC28F 1D85B834";
const FULL: PinInfo = PinInfo { max_tries: 10, tries_left: 10, is_default: false };

/// PIN and admin PIN of a new virtual key, what the CA sets, what the person wants.
const OLD: &str = "123456";
const ADMIN: &str = "111111";
const TRANSPORT: &str = "Transport123";
const NEW: &str = "abc12345";
const CONTAINER: &str = "personalCert00";

fn answer() -> SecretBytes {
    SecretBytes::from_vec((0xC0..=0xCF).chain(0xF0..=0xF3).collect())
}

fn unlock(challenge: [u8; 8], response: SecretBytes, transport: &str, new: &str) -> RemoteUnlock<'static> {
    let container = if transport == TRANSPORT { CONTAINER } else { "UserKey" };
    RemoteUnlock { challenge, response, transport_pin: pin(transport), new_pin: pin(new), container, digest: &[9; 32] }
}

fn scripted(challenge: [u8; 8]) -> RemoteUnlock<'static> {
    unlock(challenge, answer(), "111111", "222222")
}

/// What the CA makes for a challenge.
fn made_for(challenge: &[u8; 8], admin: &str) -> SecretBytes {
    protect_new_pin(&pin_key(admin.as_bytes()), challenge, TRANSPORT.as_bytes()).unwrap()
}

/// Challenge and everything after it, as the workflow does it.
fn whole(token: &mut dyn Token, new: &str) -> Result<Unlocked, TokenError> {
    let asked = token.unlock_challenge()?;
    token.unlock_remotely(unlock(asked.challenge, made_for(&asked.challenge, ADMIN), TRANSPORT, new))
}

fn admin_tries(shared: &Shared) -> u8 {
    shared.desk().key.state().applications[0].admin.tries.left
}

/// Locks the key by wrong tries at the key itself.
fn lock(shared: &Shared) {
    let mut token = shared.token();
    while token.pin_info(PinKind::User).unwrap().tries_left > 0 {
        let refused = token.verify_pin(pin("wrong0"));
        assert!(matches!(refused, Err(TokenError::WrongPin { .. } | TokenError::Locked)), "{refused:?}");
    }
}

#[test]
fn the_challenge_has_its_own_form_and_comes_with_the_tries() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
    let user = PinInfo { max_tries: 10, tries_left: 9, is_default: true };
    let challenge = [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
    assert_eq!(key.unlock_challenge(), Ok(UnlockChallenge { challenge, user, admin: FULL }));
    script.verdict().unwrap();
}

#[test]
fn the_answer_goes_on_unchanged_and_the_transport_pin_is_changed_in_the_same_transaction() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
    let challenge = key.unlock_challenge().unwrap().challenge;
    let signature = format!("00000100 {} {} 9000", "AA".repeat(32), "BB".repeat(32));
    script.expect([
        step(OPEN_CONTAINER),
        step(PIN_INFO),
        step(ADMIN_INFO),
        step((ANSWER, "9000")),
        step(RANDOM),
        step((VERIFY_111111, "9000")),
        step(RANDOM_A1),
        step((CHANGE_TO_222222, "9000")),
        step((SIGN, &signature)),
        step(CLEAR),
    ]);
    let done = key.unlock_remotely(scripted(challenge)).unwrap();
    assert_eq!(done.pin, FULL);
    assert_eq!(done.signature.unwrap(), *[[0xAA; 32], [0xBB; 32]].as_flattened());
    script.verdict().unwrap();
}

#[test]
fn an_answer_the_key_does_not_take_is_sent_once_and_nothing_after_it() {
    for (status, error) in [
        ("63C9", TokenError::WrongAdminPin { left: 9 }),
        ("63C0", TokenError::AdminLocked),
        ("6983", TokenError::AdminLocked),
        ("6984", TokenError::ChallengeLost),
        ("6581", TokenError::UnlockUncertain),
        ("6F00", TokenError::UnlockUncertain),
    ] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
        let challenge = key.unlock_challenge().unwrap().challenge;
        script.expect([step(OPEN_CONTAINER), step(PIN_INFO), step(ADMIN_INFO), step((ANSWER, status))]);
        assert_eq!(key.unlock_remotely(scripted(challenge)), Err(error), "{status}");
        assert_eq!(key.unlock_remotely(scripted(challenge)), Err(TokenError::ChallengeLost), "used up");
        script.verdict().unwrap();
    }
}

#[test]
fn a_key_that_reports_a_wrong_mac_without_tries_is_asked_for_them() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
    let challenge = key.unlock_challenge().unwrap().challenge;
    let after = (ADMIN_INFO.0, "0A 07 00 9000");
    script.expect([step(OPEN_CONTAINER), step(PIN_INFO), step(ADMIN_INFO), step((ANSWER, "6988")), step(after)]);
    assert_eq!(key.unlock_remotely(scripted(challenge)), Err(TokenError::WrongAdminPin { left: 7 }));
    script.verdict().unwrap();
}

#[test]
fn a_wrong_mac_stays_a_refusal_when_the_key_is_gone_before_it_tells_the_tries() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
    let challenge = key.unlock_challenge().unwrap().challenge;
    script.expect([step(OPEN_CONTAINER), step(PIN_INFO), step(ADMIN_INFO), step((ANSWER, "6988"))]);
    script.expect([broken(ADMIN_INFO.0, TransportError::Removed)]);
    assert_eq!(key.unlock_remotely(scripted(challenge)), Err(TokenError::WrongAdminPin { left: 9 }));
    script.verdict().unwrap();
}

#[test]
fn a_connection_that_breaks_behind_the_answer_leaves_the_pin_uncertain() {
    for broken_at in 0..4 {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step(ADMIN_INFO), step(CHALLENGE)]);
        let challenge = key.unlock_challenge().unwrap().challenge;
        script.expect([step(OPEN_CONTAINER), step(PIN_INFO), step(ADMIN_INFO)]);
        let rest = [(ANSWER, "9000"), RANDOM, (VERIFY_111111, "9000"), RANDOM_A1];
        script.expect(rest.iter().take(broken_at).map(|exchange| step(*exchange)));
        script.expect([broken(rest[broken_at].0, TransportError::Removed)]);
        if broken_at == 3 {
            // the right of the transport PIN is given back as far as that goes
            script.expect([broken(CLEAR.0, TransportError::Removed)]);
        }
        assert_eq!(key.unlock_remotely(scripted(challenge)), Err(TokenError::UnlockUncertain), "{broken_at}");
    }
}

#[test]
fn nothing_is_put_at_risk_when_few_tries_of_the_admin_pin_are_left() {
    for (info, error) in [
        ("0A 02 00 9000", TokenError::AdminTriesLow { left: 2 }),
        ("0A 01 00 9000", TokenError::AdminTriesLow { left: 1 }),
        ("0A 00 00 9000", TokenError::AdminLocked),
    ] {
        let (mut key, script) = open_key();
        script.expect([step(PIN_INFO), step((ADMIN_INFO.0, info))]);
        assert_eq!(key.unlock_challenge(), Err(error));
        script.verdict().unwrap();
    }
}

#[test]
fn the_counter_form_is_the_one_of_the_vendors_host() {
    let (mut key, script) = open_key();
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(RANDOM_A1), step((COUNTER, "9000"))]);
    assert_eq!(key.unblock_pin(pin("111111"), pin("222222")), Ok(FULL));
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(RANDOM_A1), step((COUNTER, "63C4"))]);
    assert_eq!(key.unblock_pin(pin("111111"), pin("222222")), Err(TokenError::WrongAdminPin { left: 4 }));
    script.expect([step(PIN_INFO), step((ADMIN_INFO.0, "0A 00 00 9000"))]);
    assert_eq!(key.unblock_pin(pin("111111"), pin("222222")), Err(TokenError::AdminLocked));
    script.expect([step(PIN_INFO), step(ADMIN_INFO), step(RANDOM_A1), broken(COUNTER, TransportError::Removed)]);
    assert_eq!(key.unblock_pin(pin("111111"), pin("222222")), Err(TokenError::ChangeUncertain));
    script.verdict().unwrap();
}

#[test]
fn a_new_pin_the_key_can_not_store_is_refused_before_anything_is_sent() {
    let (mut key, script) = open_key();
    let sent = script.sent().len();
    for new in ["12345", "1234567890123456", "密码密码"] {
        assert!(key.unblock_pin(pin("111111"), pin(new)).is_err());
        assert!(key.unlock_remotely(unlock([0; 8], answer(), "111111", new)).is_err());
    }
    assert_eq!(script.sent().len(), sent);
}

#[test]
fn a_forgotten_pin_and_a_locked_key_both_get_the_new_pin() {
    for locked in [false, true] {
        let shared = Shared::new(State::Valid);
        if locked {
            lock(&shared);
        }
        let mut token = shared.token();
        let done = whole(&mut token, NEW).unwrap();
        assert_eq!(done.pin, FULL);
        let key = token.public_key(CONTAINER, crate::KeyUse::Sign).unwrap();
        key.verify_digest(&[9; 32], &done.signature.unwrap()).unwrap();
        token.verify_pin(pin(NEW)).unwrap();
        assert!(token.verify_pin(pin(OLD)).is_err());
        assert!(token.verify_pin(pin(TRANSPORT)).is_err());
        assert_eq!(admin_tries(&shared), 10);
    }
}

#[test]
fn an_answer_made_with_another_admin_pin_changes_nothing_and_is_not_repeated() {
    let shared = Shared::new(State::Valid);
    let mut token = shared.token();
    let challenge = token.unlock_challenge().unwrap().challenge;
    let wrong = unlock(challenge, made_for(&challenge, "222222"), TRANSPORT, NEW);
    assert_eq!(token.unlock_remotely(wrong), Err(TokenError::WrongAdminPin { left: 9 }));
    assert_eq!(shared.take_sent().iter().filter(|ins| **ins == 0x1A).count(), 1);
    token.verify_pin(pin(OLD)).unwrap();
}

#[test]
fn an_answer_never_goes_to_the_key_for_another_challenge_a_second_time_or_after_a_reset() {
    let shared = Shared::new(State::Valid);
    let mut token = shared.token();
    let first = token.unlock_challenge().unwrap().challenge;
    let second = token.unlock_challenge().unwrap().challenge;
    let for_first = || unlock(first, made_for(&first, ADMIN), TRANSPORT, NEW);
    assert_eq!(token.unlock_remotely(for_first()), Err(TokenError::ChallengeLost), "asked anew since");
    let for_second = || unlock(second, made_for(&second, ADMIN), TRANSPORT, NEW);
    assert_eq!(token.unlock_remotely(for_second()), Err(TokenError::ChallengeLost), "used up by the first attempt");
    let third = token.unlock_challenge().unwrap().challenge;
    {
        let mut desk = shared.desk();
        desk.key.reset();
        desk.was_reset = true;
    }
    let for_third = unlock(third, made_for(&third, ADMIN), TRANSPORT, NEW);
    assert_eq!(token.unlock_remotely(for_third), Err(TokenError::ChallengeLost), "reset since");
    assert!(!shared.take_sent().contains(&0x1A));
    whole(&mut token, NEW).unwrap();
    assert_eq!(admin_tries(&shared), 10);
}

#[test]
fn a_used_answer_thrown_at_the_key_is_refused_by_the_key_itself_without_cost() {
    let shared = Shared::new(State::Valid);
    let mut token = shared.token();
    let challenge = token.unlock_challenge().unwrap().challenge;
    let made = made_for(&challenge, ADMIN);
    token.unlock_remotely(unlock(challenge, SecretBytes::copy_of(made.expose()), TRANSPORT, NEW)).unwrap();
    let data: String = made.expose().iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(shared.raw(&format!("84 1A 01 00 00 0016 1000 {data}")), [0x69, 0x84]);
    assert_eq!(admin_tries(&shared), 10);
    token.verify_pin(pin(NEW)).unwrap();
}

#[test]
fn after_a_cut_at_any_command_the_whole_done_again_ends_with_the_new_pin() {
    let commands = {
        let shared = Shared::new(State::Valid);
        whole(&mut shared.token(), NEW).unwrap();
        shared.take_sent().len()
    };
    // device information, application, tries, challenge, container, answer, PIN, report, right given back
    assert_eq!(commands, 16);
    for locked in [false, true] {
        for at in 1..=commands {
            for fault in ["cut-before", "cut-after", "unplug-before", "unplug-after", "garbage=0"] {
                let shared = Shared::new(State::Valid);
                if locked {
                    lock(&shared);
                }
                shared.set_faults(&[&format!("{fault}@{at}")]);
                let cut = whole(&mut shared.token(), "first123");
                shared.set_faults(&[]);
                {
                    let mut desk = shared.desk();
                    desk.key.plug().push_in();
                    desk.key.reset();
                }
                let mut token = shared.token();
                if cut.is_err() {
                    whole(&mut token, NEW).unwrap_or_else(|error| panic!("{fault} at {at}: {error}"));
                }
                let holds = if cut.is_ok() { "first123" } else { NEW };
                token.verify_pin(pin(holds)).unwrap_or_else(|error| panic!("{fault} at {at}: {error}"));
                assert_eq!(admin_tries(&shared), 10, "{fault} at {at}");
            }
        }
    }
}

#[test]
fn a_counter_unlocks_a_locked_key_and_a_wrong_admin_pin_costs_one_try_of_it() {
    let shared = Shared::new(State::Valid);
    lock(&shared);
    let mut token = shared.token();
    assert_eq!(token.unblock_pin(pin("999999"), pin(NEW)), Err(TokenError::WrongAdminPin { left: 9 }));
    assert_eq!(token.pin_info(PinKind::User).unwrap().tries_left, 0);
    assert_eq!(token.unblock_pin(pin(ADMIN), pin(NEW)), Ok(FULL));
    token.verify_pin(pin(NEW)).unwrap();
    assert_eq!(admin_tries(&shared), 10);
}
