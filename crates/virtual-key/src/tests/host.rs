//! The other side of the wire for tests, written from wire-format/pins.md and not from the client: builds the blocks a
//! vendor's host sends and takes answers apart.

use crate::personalise::personalise;
use crate::{Outcome, Spec, State, TestCa, VirtualKey};
use gm::{Sm4Key, cbc_mac, ecb_encrypt, pad80, pin_key};

pub const PIN: &str = "123456";
pub const ADMIN_PIN: &str = "111111";
pub const USER: u8 = 1;
pub const ADMIN: u8 = 0;
/// Ids of the first application and container.
pub const APP: [u8; 2] = [0x10, 0x00];
pub const CONT: [u8; 2] = [0x30, 0x01];

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub fn key_in(state: State) -> VirtualKey {
    let ca = TestCa::create().unwrap();
    VirtualKey::new(personalise(&Spec::new("北京演示科技有限公司", "10200000016873").state(state), &ca).unwrap())
}

/// A valid key with its application and container open.
pub fn opened() -> VirtualKey {
    let mut key = key_in(State::Valid);
    open(&mut key);
    key
}

pub fn open(key: &mut VirtualKey) {
    let answer = ok(key, &apdu(0x80, 0x26, 0, 0, b"BJCA-Application", Some(10)));
    assert_eq!(answer[8..], APP);
    let name = [APP.as_slice(), b"personalCert00"].concat();
    assert_eq!(ok(key, &apdu(0x80, 0x42, 0, 0, &name, Some(2))), CONT);
}

/// Extended form, as hosts send it; `le` of 0 means "all".
pub fn apdu(cla: u8, ins: u8, p1: u8, p2: u8, data: &[u8], le: Option<u16>) -> Vec<u8> {
    let mut bytes = vec![cla, ins, p1, p2];
    if !data.is_empty() {
        bytes.push(0);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    } else if le.is_some() {
        bytes.push(0);
    }
    bytes.extend(le.iter().flat_map(|le| le.to_be_bytes()));
    bytes
}

/// Data and status word; fails the test when nothing comes back.
pub fn send(key: &mut VirtualKey, apdu: &[u8]) -> (Vec<u8>, u16) {
    match key.exchange(apdu) {
        Outcome::Answer(mut answer) => {
            let word = answer.split_off(answer.len() - 2);
            (answer, u16::from_be_bytes([word[0], word[1]]))
        }
        other => panic!("{other:?} to {apdu:02X?}"),
    }
}

/// The status word alone.
pub fn word(key: &mut VirtualKey, apdu: &[u8]) -> u16 {
    send(key, apdu).1
}

/// The data of a command that must succeed.
pub fn ok(key: &mut VirtualKey, apdu: &[u8]) -> Vec<u8> {
    let (data, word) = send(key, apdu);
    assert_eq!(word, 0x9000, "{word:04X} to {apdu:02X?}");
    data
}

/// Repeats a command while `6A9E` says that more follows; returns the data and the number of commands.
pub fn all(key: &mut VirtualKey, apdu: &[u8]) -> (Vec<u8>, usize) {
    let mut whole = Vec::new();
    for count in 1.. {
        let (data, word) = send(key, apdu);
        whole.extend(data);
        match word {
            0x9000 => return (whole, count),
            0x6A9E => {}
            other => panic!("{other:04X}"),
        }
    }
    unreachable!()
}

pub fn challenge(key: &mut VirtualKey) -> [u8; 8] {
    ok(key, &apdu(0x80, 0x50, 0, 0, &[], Some(8))).try_into().unwrap()
}

pub fn verify_apdu(kind: u8, pin: &str, random: [u8; 8]) -> Vec<u8> {
    let block = [&[8, 0], random.as_slice(), &[0x80, 0, 0, 0, 0, 0]].concat();
    let cipher = ecb_encrypt(&pin_key(pin.as_bytes()), &block).unwrap();
    apdu(0x80, 0x18, 0, kind, &[APP.as_slice(), &cipher].concat(), None)
}

pub fn verify(key: &mut VirtualKey, kind: u8, pin: &str) -> u16 {
    let random = challenge(key);
    word(key, &verify_apdu(kind, pin, random))
}

pub fn iv(random: &[u8]) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..random.len()].copy_from_slice(random);
    iv
}

/// C ‖ MAC of a new PIN; `extra_block` is the padding of whole blocks that hosts differ in.
pub fn protect(present: &str, new: &[u8], iv: &[u8; 16], extra_block: bool) -> Vec<u8> {
    let key: Sm4Key = pin_key(present.as_bytes());
    let length = u16::try_from(new.len()).unwrap().to_le_bytes();
    let cipher = ecb_encrypt(&key, &pad80(&[length.as_slice(), new].concat())).unwrap();
    let message = if extra_block { pad80(new).to_vec() } else { new.to_vec() };
    let mac = cbc_mac(&key, iv, &message).unwrap();
    [cipher.as_slice(), &mac[..4]].concat()
}

pub fn change_apdu(kind: u8, old: &str, new: &[u8], random: [u8; 8]) -> Vec<u8> {
    apdu(0x84, 0x16, 0, kind, &[APP.as_slice(), &protect(old, new, &iv(&random), true)].concat(), None)
}

/// VerifyPIN with the old PIN, then ChangePIN.
pub fn change(key: &mut VirtualKey, kind: u8, old: &str, new: &str) -> u16 {
    assert_eq!(verify(key, kind, old), 0x9000);
    let random = challenge(key);
    word(key, &change_apdu(kind, old, new.as_bytes(), random))
}

pub fn unblock_apdu(remote: bool, admin: &str, new: &str, iv: &[u8; 16]) -> Vec<u8> {
    let data = [APP.as_slice(), &protect(admin, new.as_bytes(), iv, true)].concat();
    apdu(0x84, 0x1A, u8::from(remote), 0, &data, None)
}

/// Tries left of a PIN.
pub fn left(key: &mut VirtualKey, kind: u8) -> u8 {
    ok(key, &apdu(0x80, 0x14, 0, kind, &APP, Some(3)))[1]
}
