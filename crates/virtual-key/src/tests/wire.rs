//! Form of commands and answers: class, length, chains, pieces, device information, vendor commands.

use super::host::{
    APP, CONT, PIN, USER, all, apdu, challenge, hex, key_in, ok, open, opened, send, verify, verify_apdu, word,
};
use crate::personalise::personalise;
use crate::{Outcome, Spec, State, TestCa, VirtualKey};
use token::apdu::{Le, split};

const EXPORT: [u8; 4] = [0x10, 0x00, 0x30, 0x01];

fn with_chunk(chunk: u16) -> VirtualKey {
    let mut state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    state.device.answer_chunk = chunk;
    let mut key = VirtualKey::new(state);
    open(&mut key);
    key
}

#[test]
fn unknown_commands_classes_and_lengths_have_their_words() {
    let mut key = opened();
    for (command, expected) in [
        ("00A4040000", 0x6E00),
        ("A0040000", 0x6E00),
        ("D052 0000", 0x6E00),
        ("80FE0000", 0x6D00),
        ("C0B4 0001 000002 1000 0000", 0x6D00),
        ("8012 0000", 0x6E00),
        ("8018 0001 000012 1000", 0x6700),
        ("80", 0x6700),
        ("", 0x6700),
        ("8054 0000 000008 1000 3001 0800 0000", 0x6A81),
        ("8058 0100 000004 1000 3001", 0x6A81),
        ("8014 0002 000002 1000 0003", 0x6A86),
        ("8044 0000 000002 1000", 0x6700),
        ("8044 0000 000004 1000 3001 0000 00", 0x6700),
        ("8042 0000 000003 9999 41 0002", 0x6A88),
        ("8044 0000 000004 1000 3002", 0x6A94),
        ("8050 0000", 0x6700),
    ] {
        assert_eq!(word(&mut key, &hex(command)), expected, "{command}");
    }
}

#[test]
fn short_form_is_understood_like_extended_form() {
    let mut key = opened();
    let extended = ok(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(3)));
    assert_eq!(ok(&mut key, &hex("8014 0001 02 1000 03")), extended);
}

#[test]
fn an_answer_longer_than_expected_tells_the_right_length() {
    let mut key = opened();
    assert_eq!(send(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(2))), (vec![], 0x6C03));
    assert_eq!(word(&mut key, &apdu(0x80, 0x04, 0, 0, &[], Some(100))), 0x6700, "more than one byte can tell");
    assert_eq!(ok(&mut key, &apdu(0x80, 0x04, 0, 0, &[], Some(0x120))).len(), 288);
}

#[test]
fn device_information_has_its_fields_in_place() {
    let mut key = key_in(State::Valid);
    let info = ok(&mut key, &hex("80040000 000000"));
    assert_eq!(info.len(), 288);
    let text = |from: usize| info[from..].split(|byte| *byte == 0).next().unwrap().to_vec();
    assert_eq!(text(4), b"Virtual Key");
    assert_eq!(text(132), b"BJCA-UserKey");
    assert_eq!(text(164), key.state().device.serial.as_bytes());
    assert_eq!(info[200..204], [0x13, 0x04, 0, 0], "capabilities in the host's order");
    assert_eq!(info[212..216], [0x01, 0x04, 0, 0]);
    assert_eq!(info[216..220], 0x1_2000u32.to_be_bytes());
    assert_eq!(info[220..224], key.state().free_space().to_be_bytes());
    assert_eq!(info[224..226], [0x04, 0x00]);
    let short = ok(&mut key, &hex("80040100 000000"));
    assert_eq!(short, info[132..196]);
}

#[test]
fn vendor_commands_answer_as_the_vendors_host_expects() {
    let mut key = key_in(State::Valid);
    let oem = ok(&mut key, &hex("C00A0080 000080"));
    assert_eq!((oem.len(), &oem[..7]), (128, b"gm3000\0".as_slice()));
    assert_ne!(ok(&mut key, &hex("C0020000 000004")), [0; 4]);
    assert!(ok(&mut key, &hex("C0520000")).is_empty());
}

#[test]
fn a_label_of_31_bytes_fits_and_32_do_not() {
    let mut key = key_in(State::Valid);
    ok(&mut key, &apdu(0x80, 0x02, 0, 0, &[b'L'; 31], None));
    assert_eq!(ok(&mut key, &hex("80040100 000000"))[..32], *[[b'L'; 31].as_slice(), &[0]].concat());
    assert_eq!(word(&mut key, &apdu(0x80, 0x02, 0, 0, &[b'M'; 32], None)), 0x6700);
}

#[test]
fn a_long_answer_comes_in_pieces_by_repeating_the_command() {
    let mut whole_key = with_chunk(0);
    let command = apdu(0x80, 0x4E, 1, 0, &EXPORT, Some(0));
    let whole = ok(&mut whole_key, &command);
    let certificate = whole_key.state().applications[0].containers[0].sign.certificate.clone().unwrap();
    assert_eq!(whole[..4], u32::try_from(certificate.len()).unwrap().to_be_bytes());
    assert_eq!(whole[4..], certificate);
    for chunk in [1u16, 255, 496, 498, 500] {
        let mut key = with_chunk(chunk);
        let (answer, commands) = all(&mut key, &command);
        assert_eq!(answer[4..], key.state().applications[0].containers[0].sign.certificate.clone().unwrap());
        assert_eq!(commands, answer.len().div_ceil(usize::from(chunk)));
    }
}

#[test]
fn the_first_piece_has_496_bytes_unless_told_otherwise() {
    let mut key = opened();
    let (first, word) = send(&mut key, &apdu(0x80, 0x4E, 1, 0, &EXPORT, Some(0)));
    assert_eq!((first.len(), word), (496, 0x6A9E));
}

#[test]
fn another_command_in_between_makes_a_long_answer_begin_anew() {
    let mut key = opened();
    let command = apdu(0x80, 0x4E, 1, 0, &EXPORT, Some(0));
    let (first, _) = send(&mut key, &command);
    assert!(ok(&mut key, &hex("C0520000")).is_empty(), "the rest is not given to another command");
    assert_eq!(send(&mut key, &command).0, first);
    key.reset();
    open(&mut key);
    assert_eq!(send(&mut key, &command).0, first);
}

#[test]
fn lists_are_cut_into_pieces_too() {
    let mut key = with_chunk(5);
    for (command, list) in [
        (apdu(0x80, 0x22, 0, 0, &[], Some(0)), b"BJCA-Application\0\0".as_slice()),
        (apdu(0x80, 0x46, 0, 0, &APP, None), b"personalCert00\0\0"),
        (apdu(0x80, 0x34, 0x10, 0, &[], Some(0)), b"BJCAENVSN\0\0"),
    ] {
        let (answer, commands) = all(&mut key, &command);
        assert_eq!(answer, list);
        assert_eq!(commands, list.len().div_ceil(5));
    }
}

#[test]
fn a_certificate_is_imported_by_a_chain_as_the_vendors_host_sends_it() {
    let certificate: Vec<u8> = (0..1009u32).map(|n| n as u8).collect();
    let head = [EXPORT.as_slice(), &[1], &1009u32.to_be_bytes()].concat();
    let data = [head.as_slice(), &certificate].concat();
    let mut key = opened();
    let chain = split([0x80, 0x4C, 0, 0], &data, 9, 480, Le::Absent);
    let send_chain = |key: &mut VirtualKey| {
        chain.iter().map(|command| word(key, command.encode().unwrap().expose())).collect::<Vec<_>>()
    };
    assert_eq!(send_chain(&mut key), [0x9000, 0x9000, 0x9000, 0x6982]);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    assert_eq!(send_chain(&mut key), [0x9000, 0x9000, 0x9000, 0x9000]);
    let (back, _) = all(&mut key, &apdu(0x80, 0x4E, 1, 0, &EXPORT, Some(0)));
    assert_eq!(back[4..], certificate);
}

#[test]
fn a_chain_another_program_interrupts_is_forgotten_and_the_other_command_is_executed() {
    let mut key = opened();
    assert_eq!(word(&mut key, &apdu(0x90, 0x4C, 0, 0, &[0x10; 9], None)), 0x9000);
    assert_eq!(ok(&mut key, &hex("80040100 000000")).len(), 64);
    assert_eq!(word(&mut key, &apdu(0x80, 0x4C, 0, 0, &[0x10; 9], None)), 0x6700, "the beginning is gone");
}

#[test]
fn a_command_longer_than_the_published_maximum_is_refused() {
    let mut key = opened();
    ok(&mut key, &hex("80B40001"));
    ok(&mut key, &apdu(0x80, 0xB8, 0, 0, &[0; 0x400], None));
    assert_eq!(word(&mut key, &apdu(0x80, 0xB8, 0, 0, &[0; 0x401], None)), 0x6700);
}

#[test]
fn closing_what_one_program_opened_leaves_another_programs_handle_open() {
    let mut key = opened();
    open(&mut key);
    let close = apdu(0x80, 0x28, 0, 0, &APP, None);
    ok(&mut key, &close);
    ok(&mut key, &apdu(0x80, 0x88, 1, 0, &[APP, CONT].concat(), Some(0)));
    ok(&mut key, &close);
    assert_eq!(word(&mut key, &apdu(0x80, 0x88, 1, 0, &[APP, CONT].concat(), Some(0))), 0x6A88);
    assert_eq!(word(&mut key, &close), 0x6A88);
}

#[test]
fn closing_leaves_the_security_state() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &apdu(0x80, 0x28, 0, 0, &APP, None));
    open(&mut key);
    ok(&mut key, &apdu(0x80, 0x74, 2, 0, &[APP.as_slice(), &CONT, &[7; 32]].concat(), None));
}

/// The program serves bytes of any program that finds the port.
#[test]
fn no_bytes_whatever_make_it_panic() {
    let mut key = opened();
    let random = challenge(&mut key);
    ok(&mut key, &verify_apdu(USER, PIN, random));
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    };
    for _ in 0..5_000 {
        let [kind, instruction, p1, p2, length, id, ..] = next();
        let class = [0x80, 0x84, 0x90, 0xC0][usize::from(kind % 4)];
        let mut data = match id % 3 {
            0 => EXPORT.to_vec(),
            1 => APP.to_vec(),
            _ => Vec::new(),
        };
        while data.len() < usize::from(length) {
            data.extend(next());
        }
        let instruction = if id < 250 { instruction & 0xFE } else { instruction };
        let le = (p2 % 2 == 0).then_some(0);
        let command = apdu(class, instruction, p1 % 3, p2 % 4, &data, le);
        assert!(matches!(key.exchange(&command), Outcome::Answer(answer) if answer.len() >= 2));
    }
    assert_eq!(key.apdu_count(), 5_004);
}
