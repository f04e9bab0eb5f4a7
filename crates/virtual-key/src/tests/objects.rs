//! Applications, containers, files.

use super::host::{
    ADMIN, APP, CONT, PIN, USER, all, apdu, challenge, hex, iv, key_in, left, ok, open, opened, send, verify, word,
};
use crate::faults::{Fault, Where};
use crate::{Faults, State, VirtualKey};
use gm::{Sm4Key, ecb_encrypt};

fn authenticate(key: &mut VirtualKey) {
    let random = challenge(key);
    let cipher = ecb_encrypt(&Sm4Key::new(*b"1234567812345678"), &iv(&random)).unwrap();
    ok(key, &apdu(0x80, 0x10, 0, 0, &cipher, None));
}

fn padded(text: &str, width: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(width, 0);
    bytes
}

fn creation(name: &str) -> Vec<u8> {
    let data = [
        padded(name, 32),
        padded("admin1", 16),
        vec![0, 0, 0, 6],
        padded("user12", 16),
        vec![0, 0, 0, 8],
        hex("11000000 00000000"),
    ]
    .concat();
    assert_eq!(data.len(), 0x50);
    apdu(0x80, 0x20, 0, 0, &data, None)
}

fn file_apdu(name: &str, size: u32, read: u32, write: u32) -> Vec<u8> {
    let data =
        [padded(name, 32), size.to_be_bytes().to_vec(), read.to_le_bytes().to_vec(), write.to_le_bytes().to_vec()];
    apdu(0x80, 0x30, 0x10, 0x00, &data.concat(), None)
}

fn read_apdu(name: &str, offset: u16, count: u16) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap().to_be_bytes();
    let data = [APP.as_slice(), &offset.to_be_bytes(), &count.to_be_bytes(), &length, name.as_bytes()].concat();
    apdu(0x80, 0x38, 0, 0, &data, Some(count))
}

fn write_apdu(name: &str, offset: u16, bytes: &[u8]) -> Vec<u8> {
    let length = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
    let data =
        [APP.as_slice(), &offset.to_be_bytes(), &length(name.len()), name.as_bytes(), &length(bytes.len()), bytes];
    apdu(0x80, 0x3A, 0, 0, &data.concat(), None)
}

#[test]
fn an_application_is_created_used_and_deleted_with_the_device_right_only() {
    let mut key = key_in(State::NoApplication);
    assert_eq!(ok(&mut key, &hex("80220000 000000")), [0]);
    assert_eq!(word(&mut key, &creation("TEST")), 0x6982);
    authenticate(&mut key);
    ok(&mut key, &creation("TEST"));
    assert_eq!(word(&mut key, &creation("TEST")), 0x6A89);
    assert_eq!(ok(&mut key, &hex("80220000 000000")), b"TEST\0\0");
    let answer = ok(&mut key, &apdu(0x80, 0x26, 0, 0, b"TEST", Some(10)));
    assert_eq!(answer[..4], [0x11, 0, 0, 0]);
    assert_eq!(answer[8..], APP);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(3))), [8, 8, 1]);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x14, 0, ADMIN, &APP, Some(3))), [6, 6, 1]);
    assert_eq!(verify(&mut key, USER, "user12"), 0x9000);
    assert_eq!(left(&mut key, USER), 8);
    ok(&mut key, &apdu(0x80, 0x24, 0, 0, b"TEST", None));
    assert_eq!(word(&mut key, &apdu(0x80, 0x26, 0, 0, b"TEST", Some(10))), 0x6A8B);
    assert_eq!(word(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(3))), 0x6A88);
    for number in 0..8 {
        ok(&mut key, &creation(&format!("APP{number}")));
    }
    assert_eq!(word(&mut key, &creation("ONE MORE")), 0x6A84);
}

#[test]
fn a_container_is_created_filled_and_deleted_with_the_user_right_only() {
    let mut key = opened();
    let create = apdu(0x80, 0x40, 0, 0, &[APP.as_slice(), b"newOne"].concat(), Some(2));
    let info = apdu(0x80, 0x4A, 0, 0, &[APP.as_slice(), b"newOne"].concat(), Some(11));
    let delete = apdu(0x80, 0x48, 0, 0, &[APP.as_slice(), b"newOne"].concat(), None);
    assert_eq!(word(&mut key, &create), 0x6982);
    assert_eq!(word(&mut key, &info), 0x6A91);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let cont = ok(&mut key, &create);
    assert_eq!(cont, [0x30, 0x02]);
    assert_eq!(word(&mut key, &create), 0x6E02);
    assert_eq!(ok(&mut key, &info), hex("00 00000000 00000000 00 00"));
    let place = [APP.as_slice(), &cont].concat();
    let public = ok(&mut key, &apdu(0x80, 0x70, 0, 0, &[place.as_slice(), &hex("00000100")].concat(), Some(0)));
    assert_eq!(public.len(), 64);
    assert_eq!(ok(&mut key, &info), hex("02 00000100 00000000 00 00"));
    assert_eq!(ok(&mut key, &apdu(0x80, 0x88, 1, 0, &place, Some(0)))[4..], public);
    assert_eq!(word(&mut key, &apdu(0x80, 0x88, 0, 0, &place, Some(0))), 0x6A95);
    assert_eq!(word(&mut key, &apdu(0x80, 0x4E, 1, 0, &place, Some(0))), 0x6A96);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x46, 0, 0, &APP, None)), b"personalCert00\0newOne\0\0");
    ok(&mut key, &delete);
    assert_eq!(word(&mut key, &delete), 0x6A91);
    assert_eq!(word(&mut key, &apdu(0x80, 0x88, 1, 0, &place, Some(0))), 0x6A94);
    assert_eq!(ok(&mut key, &create), [0x30, 0x03], "ids are not used again");
}

#[test]
fn the_container_of_a_personalised_key_shows_as_on_hardware() {
    let mut key = opened();
    let info = apdu(0x80, 0x4A, 0, 0, &[APP.as_slice(), b"personalCert00"].concat(), Some(11));
    assert_eq!(ok(&mut key, &info), hex("02 00000100 00000100 01 01"));
}

#[test]
fn a_new_signing_pair_drops_the_certificate_of_the_old_one() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &apdu(0x80, 0x70, 0, 0, &hex("1000 3001 00000100"), Some(0)));
    let place = [APP, CONT].concat();
    assert_eq!(word(&mut key, &apdu(0x80, 0x4E, 1, 0, &place, Some(0))), 0x6A96);
    assert_eq!(all(&mut key, &apdu(0x80, 0x4E, 0, 0, &place, Some(0))).0[..2], [0, 0], "the other one stays");
}

#[test]
fn names_longer_than_62_bytes_are_no_container_names() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let create = |length| apdu(0x80, 0x40, 0, 0, &[APP.as_slice(), &vec![b'n'; length]].concat(), Some(2));
    ok(&mut key, &create(62));
    assert_eq!(word(&mut key, &create(63)), 0x6A80);
}

#[test]
fn a_file_is_created_written_read_and_deleted_by_its_rights() {
    let mut key = opened();
    let create = file_apdu("notes", 10, 0x10, 0x10);
    assert_eq!(word(&mut key, &create), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &create);
    assert_eq!(word(&mut key, &create), 0x6A92);
    assert_eq!(ok(&mut key, &apdu(0x80, 0x36, 0x10, 0, b"notes", Some(12))), hex("0000000A 10000000 10000000"));
    ok(&mut key, &write_apdu("notes", 2, b"abc"));
    assert_eq!(ok(&mut key, &read_apdu("notes", 0, 6)), b"\0\0abc\0");
    assert_eq!(ok(&mut key, &read_apdu("notes", 8, 100)), [0, 0], "up to the end");
    assert_eq!(word(&mut key, &read_apdu("notes", 11, 1)), 0x6B00);
    assert_eq!(word(&mut key, &write_apdu("notes", 8, b"abc")), 0x6B00, "a file does not grow");
    assert_eq!(word(&mut key, &read_apdu("other", 0, 1)), 0x6A93);
    ok(&mut key, &apdu(0x80, 0x1C, 0, 0, &APP, None));
    assert_eq!(word(&mut key, &read_apdu("notes", 0, 6)), 0x6982);
    assert_eq!(word(&mut key, &write_apdu("notes", 0, b"x")), 0x6982);
    assert_eq!(ok(&mut key, &read_apdu("BJCAENVSN", 0, 14)), b"personalCert00", "this one is for everybody");
    assert_eq!(word(&mut key, &apdu(0x80, 0x32, 0x10, 0, b"notes", None)), 0x6982);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &apdu(0x80, 0x32, 0x10, 0, b"notes", None));
    assert_eq!(ok(&mut key, &apdu(0x80, 0x34, 0x10, 0, &[], Some(0))), b"BJCAENVSN\0\0");
}

#[test]
fn a_file_piece_of_the_vendors_host_fits_with_the_longest_name() {
    let mut key = opened();
    let name = "n".repeat(32);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &file_apdu(&name, 2000, 0xFF, 0xFF));
    ok(&mut key, &write_apdu(&name, 0, &[7; 0x400 - 32]));
    assert_eq!(ok(&mut key, &read_apdu(&name, 0, 0x400 - 32)), [7; 0x400 - 32]);
}

#[test]
fn memory_is_finite_and_deleting_gives_it_back() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let free = key.state().free_space();
    assert_eq!(word(&mut key, &file_apdu("big", free, 0xFF, 0xFF)), 0x6A84);
    assert_eq!(word(&mut key, &file_apdu("big", u32::MAX, 0xFF, 0xFF)), 0x6A84);
    ok(&mut key, &file_apdu("big", free - 64, 0xFF, 0xFF));
    assert_eq!(key.state().free_space(), 0);
    let create = apdu(0x80, 0x40, 0, 0, &[APP.as_slice(), b"newOne"].concat(), Some(2));
    assert_eq!(word(&mut key, &create), 0x6A84);
    ok(&mut key, &apdu(0x80, 0x32, 0x10, 0, b"big", None));
    assert_eq!(key.state().free_space(), free);
    ok(&mut key, &create);
}

#[test]
fn an_application_has_as_many_containers_and_files_as_the_key_states() {
    let mut key = key_in(State::Empty);
    let stated = ok(&mut key, &apdu(0x80, 0x26, 0, 0, b"BJCA-Application", Some(10)));
    assert_eq!(stated[4..8], [64, 128, 0, 64]);
    assert_eq!(ok(&mut key, &hex("80040000 000000"))[230..234], [64, 128, 0, 64]);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let container =
        |number| apdu(0x80, 0x40, 0, 0, &[APP.as_slice(), format!("c{number}").as_bytes()].concat(), Some(2));
    let file = |number| file_apdu(&format!("f{number}"), 1, 0xFF, 0xFF);
    for number in 0..64 {
        ok(&mut key, &container(number));
        ok(&mut key, &file(number));
    }
    let stored = serde_json::to_string(key.state()).unwrap();
    assert_eq!(word(&mut key, &container(64)), 0x6A84);
    assert_eq!(word(&mut key, &file(64)), 0x6A84);
    assert_eq!(serde_json::to_string(key.state()).unwrap(), stored);
}

#[test]
fn full_memory_on_request_refuses_writing_and_keeps_what_was() {
    for word_of in [0x6A84, 0x6581] {
        let mut key = opened().with_faults(Faults::default().and(Fault::Full(word_of), Where::Instruction(0x30, None)));
        assert_eq!(verify(&mut key, USER, PIN), 0x9000);
        assert_eq!(send(&mut key, &file_apdu("notes", 10, 0xFF, 0xFF)), (vec![], word_of));
        assert_eq!(ok(&mut key, &apdu(0x80, 0x34, 0x10, 0, &[], Some(0))), b"BJCAENVSN\0\0");
    }
}

#[test]
fn the_current_container_is_switched_by_writing_its_file() {
    let mut key = key_in(State::TwoContainers);
    open(&mut key);
    assert_eq!(ok(&mut key, &read_apdu("BJCAENVSN", 0, 14)), b"personalCert01");
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &write_apdu("BJCAENVSN", 0, b"personalCert00"));
    assert_eq!(ok(&mut key, &read_apdu("BJCAENVSN", 0, 14)), b"personalCert00");
}
