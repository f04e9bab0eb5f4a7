//! Files: switched in one command where they can be (wire-format/objects.md#files).

use super::{OPEN_APPLICATION, broken, logged_in, logged_in_with, step};
use crate::apdu::StatusWord;
use crate::gmt0017::Login;
use crate::{TokenError, TransportError};

const NAME: &str = "BJCAENVSN";
const NAME_HEX: &str = "424A4341454E56534E";
const INFO: &str = "80 36 10 00 00 0009 424A4341454E56534E 000C";
const DELETE: &str = "80 32 10 00 00 0009 424A4341454E56534E";

/// Answer to GetFileInfo: everyone may read, the user may write.
fn info(size: u32) -> String {
    format!("{size:08X} FF000000 10000000 9000")
}

fn create(size: u32, rights: &str) -> String {
    format!("80 30 10 00 00 002C {NAME_HEX} {} {size:08X} {rights}", "00".repeat(32 - 9))
}

fn write(offset: usize, data: &str) -> String {
    let count = data.chars().filter(|c| !c.is_whitespace()).count() / 2;
    format!("80 3A 00 00 00 {:04X} 1000 {offset:04X} 0009 {NAME_HEX} {count:04X} {data}", 17 + count)
}

fn zeros(count: usize) -> String {
    "00".repeat(count)
}

fn switch(login: &mut Login<'_>) -> Result<(), TokenError> {
    login.write_file(NAME, b"UserKey")
}

const USER_KEY: &str = "557365724B6579";

#[test]
fn contents_that_fit_one_command_are_switched_by_one_with_zeros_to_the_end_of_the_file() {
    for size in [7, 8, 64] {
        let (mut login, script) = logged_in();
        script.expect([step((INFO, &info(size)))]);
        let whole = format!("{USER_KEY} {}", zeros(size as usize - 7));
        script.expect([step((&write(0, &whole), "9000"))]);
        assert_eq!(switch(&mut login), Ok(()), "{size}");
        script.verdict().unwrap();
    }
}

#[test]
fn a_file_of_several_commands_is_written_from_behind_so_that_short_contents_switch_with_the_last_one() {
    let (mut login, script) = logged_in();
    script.expect([step((INFO, &info(150)))]);
    script.expect([step((&write(128, &zeros(22)), "9000")), step((&write(64, &zeros(64)), "9000"))]);
    script.expect([step((&write(0, &format!("{USER_KEY} {}", zeros(57))), "9000"))]);
    assert_eq!(switch(&mut login), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn a_missing_file_is_made_with_room_and_the_usual_rights() {
    for missing in ["6A93", "6A82"] {
        let (mut login, script) = logged_in_with(0x400);
        script.expect([step((INFO, missing)), step((&create(128, "FF000000 10000000"), "9000"))]);
        script.expect([step((&write(0, &format!("{USER_KEY} {}", zeros(121))), "9000"))]);
        assert_eq!(switch(&mut login), Ok(()));
        script.verdict().unwrap();
    }
    let (mut login, script) = logged_in_with(0x400);
    script.expect([step((INFO, "6A93")), step((&create(200, "FF000000 10000000"), "9000"))]);
    script.expect([step((&write(0, &"AB".repeat(200)), "9000"))]);
    assert_eq!(login.write_file(NAME, &[0xAB; 200]), Ok(()), "a longer one has the size of its contents");
    script.verdict().unwrap();
}

#[test]
fn a_file_that_is_too_small_is_made_anew_with_the_rights_it_had() {
    let (mut login, script) = logged_in_with(0x400);
    script.expect([step((INFO, "00000006 FF000000 11000000 9000")), step((DELETE, "9000"))]);
    script.expect([step((&create(128, "FF000000 11000000"), "9000"))]);
    script.expect([step((&write(0, &format!("{USER_KEY} {}", zeros(121))), "9000"))]);
    assert_eq!(switch(&mut login), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn no_step_is_sent_after_one_that_failed_and_none_is_sent_twice() {
    let whole = || {
        [
            (INFO.to_owned(), info(6)),
            (DELETE.to_owned(), "9000".to_owned()),
            (create(128, "FF000000 10000000"), "9000".to_owned()),
            (write(0, &format!("{USER_KEY} {}", zeros(121))), "9000".to_owned()),
        ]
    };
    let names = ["GetFileInfo", "DeleteFile", "CreateFile", "WriteFile"];
    for at in 1..4 {
        for sw in [0x6C00, 0x6A88, 0x6A9E, 0x6100, 0x6581, 0x6A92, 0x6A93, 0x6B00] {
            let (mut login, script) = logged_in_with(0x400);
            let mut steps = whole();
            steps[at].1 = format!("{sw:04X}");
            script.expect(steps[..=at].iter().map(|(expect, answer)| step((expect, answer))));
            let refused = TokenError::Refused { command: names[at], sw: StatusWord(sw) };
            assert_eq!(switch(&mut login), Err(refused), "{} {sw:04X}", names[at]);
            script.verdict().unwrap();
        }
        for (answer, error) in [("6982", TokenError::NotLoggedIn), ("6A84", TokenError::NoSpace)] {
            let (mut login, script) = logged_in_with(0x400);
            let mut steps = whole();
            steps[at].1 = answer.to_owned();
            script.expect(steps[..=at].iter().map(|(expect, answer)| step((expect, answer))));
            assert_eq!(switch(&mut login), Err(error), "{}", names[at]);
            script.verdict().unwrap();
        }
        let (mut login, script) = logged_in_with(0x400);
        let steps = whole();
        script.expect(steps[..at].iter().map(|(expect, answer)| step((expect, answer))));
        script.expect([broken(&steps[at].0, TransportError::Removed)]);
        assert_eq!(switch(&mut login), Err(TokenError::Transport(TransportError::Removed)), "{}", names[at]);
        script.verdict().unwrap();
    }
}

#[test]
fn an_application_another_program_closed_is_opened_again_before_anything_is_written() {
    let (mut login, script) = logged_in();
    script.expect([step((INFO, "6A88")), step(OPEN_APPLICATION), step((INFO, &info(7)))]);
    script.expect([step((&write(0, USER_KEY), "9000"))]);
    assert_eq!(switch(&mut login), Ok(()));
    script.verdict().unwrap();
}

#[test]
fn names_and_contents_no_key_takes_are_refused_before_anything_is_sent() {
    let (mut login, script) = logged_in();
    let before = script.sent().len();
    let unwritable = || Err(TokenError::Unwritable { what: "file" });
    for name in ["", "文件", "a\0", &"n".repeat(33)] {
        assert_eq!(login.write_file(name, b"x"), unwritable(), "{name:?}");
    }
    assert_eq!(login.write_file(NAME, &vec![0; 65_536]), unwritable());
    assert_eq!(script.sent().len(), before);
    script.expect([step((INFO, &info(65_536)))]);
    assert_eq!(switch(&mut login), unwritable(), "offsets do not reach its end");
    script.verdict().unwrap();
}

#[test]
fn the_longest_file_is_written_whole() {
    let (mut login, script) = logged_in_with(0x400);
    script.expect([step((INFO, &info(65_535)))]);
    let pieces = 65_535usize.div_ceil(992);
    for index in (0..pieces).rev() {
        let count = (65_535 - index * 992).min(992);
        script.expect([step((&write(index * 992, &"EE".repeat(count)), "9000"))]);
    }
    assert_eq!(login.write_file(NAME, &[0xEE; 65_535]), Ok(()));
    script.verdict().unwrap();
}
