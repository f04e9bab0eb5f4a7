//! PINs, challenges, counters, rights.

use super::host::{
    ADMIN, ADMIN_PIN, APP, CONT, PIN, USER, apdu, challenge, change, change_apdu, hex, iv, key_in, left, ok, open,
    opened, protect, unblock_apdu, verify, verify_apdu, word,
};
use crate::faults::{Fault, Where};
use crate::personalise::personalise;
use crate::{Faults, Outcome, Spec, State, TestCa, VirtualKey};
use gm::{Sm4Key, cbc_mac, ecb_encrypt, pad80, pin_key};

/// A key with a user PIN and fixed random numbers.
fn fixed(pin: &str, random: [u8; 8]) -> VirtualKey {
    let spec = Spec { pin: pin.to_owned(), ..Spec::new("某某", "1") };
    let state = personalise(&spec, &TestCa::create().unwrap()).unwrap();
    let mut key = VirtualKey::new(state).with_random(move |bytes| {
        for (to, from) in bytes.iter_mut().zip(random.iter().cycle()) {
            *to = *from;
        }
    });
    open(&mut key);
    key
}

const RND: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn the_verify_vector_of_the_wire_format_is_accepted_and_its_other_forms_are_not() {
    let mut key = fixed("111111", RND);
    assert_eq!(ok(&mut key, &hex("80500000000008")), RND);
    ok(&mut key, &hex("80180001000012 1000 FB0A24425A24A0713A7CCCF82D15CE7E"));
    for other in ["1B3DA65178780C22C3BA793493D0C2FE", "D77F2AF0FC696312C268646B7ED71DDB"] {
        challenge(&mut key);
        assert_eq!(word(&mut key, &hex(&format!("80180001000012 1000 {other}"))), 0x63C9);
        assert_eq!(verify(&mut key, USER, "111111"), 0x9000);
    }
}

#[test]
fn the_change_vector_of_the_wire_format_is_accepted() {
    let mut key = fixed("111111", [0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8]);
    assert_eq!(verify(&mut key, USER, "111111"), 0x9000);
    challenge(&mut key);
    ok(&mut key, &hex("84160001000016 1000 E87F4AC7B1959DC310AA4DD1C09BC28F 1D85B834"));
    assert_eq!(verify(&mut key, USER, "222222"), 0x9000);
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_right_one_gives_them_back() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, "654321"), 0x63C9);
    assert_eq!(verify(&mut key, USER, "654321"), 0x63C8);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(3))), [10, 8, 0]);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    assert_eq!(left(&mut key, USER), 10);
    assert_eq!(left(&mut key, ADMIN), 10);
}

#[test]
fn after_the_last_wrong_try_even_the_right_pin_is_refused() {
    let mut key = opened();
    for left in (0..10).rev() {
        assert_eq!(verify(&mut key, USER, "654321"), 0x63C0 | left);
    }
    assert_eq!(verify(&mut key, USER, PIN), 0x6983);
    let mut locked = key_in(State::Locked);
    open(&mut locked);
    assert_eq!(verify(&mut locked, USER, PIN), 0x6983);
    assert_eq!(verify(&mut locked, ADMIN, ADMIN_PIN), 0x9000, "the other PIN is not touched");
}

#[test]
fn a_challenge_is_used_once_and_none_costs_no_try() {
    let mut key = opened();
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &verify_apdu(USER, PIN, random)), 0x9000);
    assert_eq!(word(&mut key, &verify_apdu(USER, PIN, random)), 0x6984, "replayed");
    assert_eq!(left(&mut key, USER), 10);
    let first = challenge(&mut key);
    challenge(&mut key);
    assert_eq!(word(&mut key, &verify_apdu(USER, PIN, first)), 0x63C9, "a later random replaces the challenge");
    ok(&mut key, &apdu(0x80, 0x50, 0, 0, &[], Some(7)));
    assert_eq!(word(&mut key, &verify_apdu(USER, PIN, first)), 0x6984, "seven bytes are no challenge");
}

#[test]
fn all_sixteen_characters_of_a_pin_count() {
    let mut key = fixed("abcdefgh12345678", RND);
    assert_eq!(verify(&mut key, USER, "abcdefgh1234567"), 0x63C9);
    assert_eq!(verify(&mut key, USER, "abcdefgh"), 0x63C8);
    assert_eq!(verify(&mut key, USER, "abcdefgh12345678"), 0x9000);
}

#[test]
fn new_pins_of_six_to_sixteen_bytes_are_taken_others_cost_nothing_and_change_nothing() {
    for (length, taken) in [(5, false), (6, true), (13, true), (14, true), (15, true), (16, true), (17, false)] {
        let mut key = opened();
        let new = "Xy3456789012345678"[..length].to_owned();
        let expected = if taken { 0x9000 } else { 0x6A80 };
        assert_eq!(change(&mut key, USER, PIN, &new), expected, "{length}");
        assert_eq!(left(&mut key, USER), 10, "{length}");
        let (works, refused) = if taken { (new.as_str(), PIN) } else { (PIN, new.as_str()) };
        assert_eq!(verify(&mut key, USER, refused), 0x63C9, "{length}");
        assert_eq!(verify(&mut key, USER, works), 0x9000, "{length}");
    }
}

#[test]
fn a_new_pin_of_sixteen_bytes_is_taken_with_both_paddings_of_the_mac() {
    for extra_block in [false, true] {
        let mut key = opened();
        assert_eq!(verify(&mut key, USER, PIN), 0x9000);
        let random = challenge(&mut key);
        let protected = protect(PIN, b"1234567890abcdef", &iv(&random), extra_block);
        ok(&mut key, &apdu(0x84, 0x16, 0, USER, &[APP.as_slice(), &protected].concat(), None));
        assert_eq!(verify(&mut key, USER, "1234567890abcdef"), 0x9000);
    }
}

#[test]
fn bytes_outside_ascii_are_stored_as_they_are() {
    let mut key = opened();
    assert_eq!(change(&mut key, USER, PIN, "密码12"), 0x9000);
    assert_eq!(verify(&mut key, USER, "密码12"), 0x9000);
}

#[test]
fn a_wrong_mac_on_a_pin_change_is_a_wrong_try_and_changes_nothing() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let random = challenge(&mut key);
    let mut command = change_apdu(USER, PIN, b"222222", random);
    *command.last_mut().unwrap() ^= 1;
    assert_eq!(word(&mut key, &command), 0x63C9);
    assert_eq!(left(&mut key, USER), 9);
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &change_apdu(USER, "999999", b"222222", random)), 0x63C8, "wrong present PIN");
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
}

#[test]
fn a_block_that_is_not_padded_as_it_must_be_is_a_wrong_try_whatever_its_mac() {
    let key_of_pin = pin_key(PIN.as_bytes());
    // length and PIN are right each time
    for rest in ["0000000000000000", "8000000000000001", "8080000000000000"] {
        let mut key = opened();
        assert_eq!(verify(&mut key, USER, PIN), 0x9000);
        let random = challenge(&mut key);
        let block = [b"\x06\x00222222", hex(rest).as_slice()].concat();
        let mac = cbc_mac(&key_of_pin, &iv(&random), &pad80(b"222222")).unwrap();
        let data = [APP.as_slice(), &ecb_encrypt(&key_of_pin, &block).unwrap(), &mac[..4]].concat();
        assert_eq!(word(&mut key, &apdu(0x84, 0x16, 0, USER, &data, None)), 0x63C9, "{rest}");
        assert_eq!(verify(&mut key, USER, PIN), 0x9000, "{rest}");
    }
}

#[test]
fn a_pin_change_needs_its_right_and_the_class_of_protected_commands() {
    let mut key = opened();
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &change_apdu(USER, PIN, b"222222", random)), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &change_apdu(ADMIN, ADMIN_PIN, b"222222", random)), 0x6982);
    let mut command = change_apdu(USER, PIN, b"222222", random);
    command[0] = 0x80;
    assert_eq!(word(&mut key, &command), 0x6E00);
    assert_eq!(verify(&mut key, ADMIN, ADMIN_PIN), 0x9000);
    assert_eq!(change(&mut key, ADMIN, ADMIN_PIN, "333333"), 0x9000);
    assert_eq!(verify(&mut key, ADMIN, "333333"), 0x9000);
}

#[test]
fn changing_a_default_pin_clears_its_flag() {
    let mut key = key_in(State::DefaultPin);
    open(&mut key);
    let info = apdu(0x80, 0x14, 0, USER, &APP, Some(3));
    assert_eq!(ok(&mut key, &info), [10, 10, 1]);
    assert_eq!(change(&mut key, USER, PIN, "222222"), 0x9000);
    assert_eq!(ok(&mut key, &info), [10, 10, 0]);
}

#[test]
fn unblocking_needs_no_login_and_counts_against_the_admin_pin() {
    let mut key = key_in(State::Locked);
    open(&mut key);
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &unblock_apdu(false, "999999", "222222", &iv(&random))), 0x63C9);
    assert_eq!([left(&mut key, ADMIN), left(&mut key, USER)], [9, 0]);
    let random = challenge(&mut key);
    ok(&mut key, &unblock_apdu(false, ADMIN_PIN, "222222", &iv(&random)));
    assert_eq!([left(&mut key, ADMIN), left(&mut key, USER)], [10, 10]);
    assert_eq!(verify(&mut key, USER, "222222"), 0x9000);
}

#[test]
fn a_locked_admin_pin_unblocks_nothing() {
    let mut key = opened();
    for _ in 0..10 {
        let random = challenge(&mut key);
        word(&mut key, &unblock_apdu(false, "999999", "222222", &iv(&random)));
    }
    let random = challenge(&mut key);
    assert_eq!(word(&mut key, &unblock_apdu(false, ADMIN_PIN, "222222", &iv(&random))), 0x6983);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
}

#[test]
fn the_remote_challenge_is_its_own_and_single_use() {
    for length in [8u16, 16] {
        let mut key = key_in(State::Locked);
        open(&mut key);
        let random = ok(&mut key, &apdu(0x80, 0x50, 1, 0, &[], Some(length)));
        challenge(&mut key);
        let command = unblock_apdu(true, ADMIN_PIN, "222222", &iv(&random));
        assert_eq!(word(&mut key, &unblock_apdu(false, ADMIN_PIN, "222222", &iv(&random))), 0x63C9, "wrong challenge");
        ok(&mut key, &command);
        assert_eq!(word(&mut key, &command), 0x6984, "replayed");
        assert_eq!(verify(&mut key, USER, "222222"), 0x9000);
    }
}

#[test]
fn the_mac_helper_of_the_hidden_application_works_between_random_and_change() {
    for new in ["222222", "1234567890abcdef"] {
        let mut key = opened();
        assert_eq!(verify(&mut key, USER, PIN), 0x9000);
        let random = challenge(&mut key);
        let hidden = hex("F0F1F2F3F4F5F6F7");
        let app = ok(&mut key, &apdu(0x80, 0x26, 0, 0, &hidden, Some(10)))[8..].to_vec();
        let cont = ok(&mut key, &apdu(0x80, 0x42, 0, 0, &[app.clone(), hidden].concat(), Some(2)));
        let place = [app, cont].concat();
        let pin_key = pin_key(PIN.as_bytes());
        let set = [place.as_slice(), &hex("00000401"), pin_key.as_slice(), &[0; 16]].concat();
        assert_eq!(set.len(), 0x28);
        let id = ok(&mut key, &apdu(0xC0, 0x12, 0, 0, &set, None));
        let place = [place, id].concat();
        let init = [place.as_slice(), &hex("0010"), &iv(&random), &[0; 8]].concat();
        assert_eq!(init.len(), 0x20);
        ok(&mut key, &apdu(0x80, 0xBC, 0, 0, &init, None));
        ok(&mut key, &apdu(0x80, 0xC0, 0, 0, &[place.as_slice(), new.as_bytes()].concat(), None));
        let mac = ok(&mut key, &apdu(0x80, 0xC2, 0, 0, &place, Some(0x10)));
        assert_eq!(mac.len(), 16);
        let mut command = change_apdu(USER, PIN, new.as_bytes(), random);
        let end = command.len() - 4;
        command[end..].copy_from_slice(&mac[..4]);
        ok(&mut key, &command);
        assert_eq!(verify(&mut key, USER, new), 0x9000);
    }
}

#[test]
fn reset_and_clearing_take_rights_away_and_reset_closes_everything() {
    let sign = apdu(0x80, 0x74, 2, 0, &[APP.as_slice(), &CONT, &[7; 32]].concat(), None);
    let mut key = opened();
    assert_eq!(word(&mut key, &sign), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    assert_eq!(ok(&mut key, &sign).len(), 68);
    ok(&mut key, &apdu(0x80, 0x1C, 0, 0, &APP, None));
    assert_eq!(word(&mut key, &sign), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let random = challenge(&mut key);
    key.reset();
    assert_eq!(word(&mut key, &sign), 0x6A88);
    open(&mut key);
    assert_eq!(word(&mut key, &verify_apdu(USER, PIN, random)), 0x6984);
    assert_eq!(word(&mut key, &sign), 0x6982);
}

#[test]
fn a_wrong_pin_takes_a_given_right_away() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    assert_eq!(verify(&mut key, USER, "999999"), 0x63C9);
    let sign = apdu(0x80, 0x74, 2, 0, &[APP.as_slice(), &CONT, &[7; 32]].concat(), None);
    assert_eq!(word(&mut key, &sign), 0x6982);
}

#[test]
fn the_counter_is_lower_in_the_store_before_the_pin_is_compared() {
    // power goes at the moment the restored counter would be stored: the PIN was right, the try is gone all the same
    let mut key = opened().with_faults(Faults::default().and(Fault::CutBefore, Where::Instruction(0x18, Some(1))));
    let random = challenge(&mut key);
    assert_eq!(key.exchange(&verify_apdu(USER, PIN, random)), Outcome::PowerLost);
    open(&mut key);
    assert_eq!(left(&mut key, USER), 9);
}

#[test]
fn a_change_cut_before_or_after_it_is_stored_leaves_exactly_one_working_pin() {
    for (fault, works, refused, tries) in [
        (Fault::CutBefore, PIN, "222222", 9),
        (Fault::CutAfter, "222222", PIN, 10),
        (Fault::UnplugAfter, "222222", PIN, 10),
    ] {
        let mut key = opened().with_faults(Faults::default().and(fault.clone(), Where::Instruction(0x16, Some(1))));
        assert_eq!(verify(&mut key, USER, PIN), 0x9000);
        let random = challenge(&mut key);
        let outcome = key.exchange(&change_apdu(USER, PIN, b"222222", random));
        assert!(matches!(outcome, Outcome::PowerLost | Outcome::Unplugged), "{fault:?}");
        key.plug().push_in();
        key.reset();
        open(&mut key);
        assert_eq!(left(&mut key, USER), tries, "{fault:?}");
        assert_eq!(verify(&mut key, USER, refused), 0x63C0 | u16::from(tries - 1), "{fault:?}");
        assert_eq!(verify(&mut key, USER, works), 0x9000, "{fault:?}");
    }
}

#[test]
fn the_device_key_opens_its_right_and_never_answers_63c0() {
    let auth = |key: &mut VirtualKey, secret: &[u8; 16]| {
        let random = challenge(key);
        let cipher = ecb_encrypt(&Sm4Key::new(*secret), &iv(&random)).unwrap();
        word(key, &apdu(0x80, 0x10, 0, 0, &cipher, None))
    };
    let mut key = opened();
    let delete = apdu(0x80, 0x24, 0, 0, b"BJCA-Application", None);
    assert_eq!(word(&mut key, &delete), 0x6982);
    assert_eq!(auth(&mut key, &[9; 16]), 0x63C7);
    assert_eq!(auth(&mut key, b"1234567812345678"), 0x9000);
    ok(&mut key, &delete);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x22, 0, 0, &[], Some(0))), [0]);
    for left in (1..8).rev() {
        assert_eq!(auth(&mut key, &[9; 16]), 0x63C0 | left);
    }
    assert_eq!(auth(&mut key, &[9; 16]), 0x6983);
    assert_eq!(auth(&mut key, b"1234567812345678"), 0x6983);
}

#[test]
fn the_vector_of_device_authentication_holds() {
    let mut state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    state.device.auth_key = crate::state::Secret::new(b"1122334455667788");
    let mut key = VirtualKey::new(state).with_random(|bytes| bytes.copy_from_slice(&RND));
    challenge(&mut key);
    ok(&mut key, &hex("80100002000010 BDCA0A99A4E413EB67B3F06EBED72593"));
}

#[test]
fn the_device_key_is_changed_under_its_old_one() {
    for (class, instruction) in [(0x84, 0x12), (0xC0, 0x36)] {
        let mut key = opened();
        let old = Sm4Key::new(*b"1234567812345678");
        let auth = |key: &mut VirtualKey, secret: &Sm4Key| {
            let random = challenge(key);
            let cipher = ecb_encrypt(secret, &iv(&random)).unwrap();
            word(key, &apdu(0x80, 0x10, 0, 0, &cipher, None))
        };
        let new = [5; 16];
        let make = |key: &mut VirtualKey| {
            let random = challenge(key);
            let mac = cbc_mac(&old, &iv(&random), &new).unwrap();
            let data = [ecb_encrypt(&old, &new).unwrap().as_slice(), &mac[..4]].concat();
            apdu(class, instruction, 0, 0, &data, None)
        };
        let command = make(&mut key);
        assert_eq!(word(&mut key, &command), 0x6982);
        assert_eq!(auth(&mut key, &old), 0x9000);
        let command = make(&mut key);
        ok(&mut key, &command);
        assert_eq!(auth(&mut key, &Sm4Key::new(new)), 0x9000);
    }
}
