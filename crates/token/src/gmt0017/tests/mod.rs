//! Byte for byte against scripts, one file per subject, and against a virtual key in this process; the whole path through
//! the reader service is shown in tests/.

mod current;
mod damage;
mod effects;
mod files;
mod login;
mod pins;
mod reading;
mod unlock;
mod virtual_key;

use super::{Gmt0017, Login};
use crate::replay::{Replay, Script, Step};
use crate::{PinKind, Token, TransportError};
use base::secret::Pin;

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
    dev_info_with(0x60)
}

/// A key that takes this much data in one command.
fn dev_info_with(largest: u16) -> Step {
    let mut data = vec![0u8; 288];
    data[132..144].copy_from_slice(b"BJCA-UserKey");
    data[164..172].copy_from_slice(b"DEMO0001");
    data[224..226].copy_from_slice(&largest.to_be_bytes());
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

/// A login with the PIN 111111 on a key of which this much fits one command. The key itself is never dropped.
fn logged_in_with(largest: u16) -> (Login<'static>, Script) {
    let (key, script) =
        card(&LONGMAI, [dev_info_with(largest), step(ENUM_APPLICATION), step(OPEN_APPLICATION), step(PIN_INFO)]);
    script.expect([step(RANDOM), step((VERIFY_111111, "9000"))]);
    let login = Box::leak(Box::new(key)).login(pin("111111")).unwrap();
    script.verdict().unwrap();
    (login, script)
}

fn logged_in() -> (Login<'static>, Script) {
    logged_in_with(0x60)
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
