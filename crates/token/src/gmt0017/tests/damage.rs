//! Keys that answer anything.

use super::{
    CLEAR, CONTAINER_INFO, ENUM_APPLICATION, ENUM_CONTAINER, LONGMAI, OPEN_APPLICATION, PIN_INFO, PRELUDE, RANDOM,
    SIGN_CERTIFICATE, card, dev_info, first_pass, pin, step,
};
use crate::gmt0017::Gmt0017;
use crate::replay::{FuzzBytes, Step};
use crate::{KeyUse, Token, TokenError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};

#[test]
fn a_key_that_never_ends_or_answers_wrong_lengths_is_given_up() {
    let endless = |answer: &str, times: usize| {
        let mut steps = vec![dev_info()];
        steps.extend((0..times).map(|_| step((ENUM_APPLICATION.0, answer))));
        let (mut key, script) = card(&LONGMAI, steps);
        (key.read(), script)
    };
    let malformed = |command, what| Err(TokenError::Malformed { command, what });
    let (result, _) = endless(&format!("{} 6A9E", "41".repeat(1024)), 17);
    assert_eq!(result, malformed("EnumApplication", "longer than any key holds"));
    let (result, _) = endless("6A9E", 1);
    assert_eq!(result, malformed("EnumApplication", "empty piece"));
    let (result, _) = endless("41 6A9E", 4100);
    assert_eq!(result, malformed("EnumApplication", "the answers never end"));
    for (position, answer, command) in [
        (2, "1000 9000", "OpenApplication"),
        (3, "0A0A 9000", "GetPINInfo"),
        (5, "02 9000", "GetContainerInfo"),
        (6, "300100 9000", "OpenContainer"),
        (8, "FFFFFFFF 30 9000", "ExportCertificate"),
    ] {
        let mut steps = first_pass();
        let expect = steps[position].expect.clone();
        steps.truncate(position);
        let (mut key, script) = card(&LONGMAI, steps);
        script.expect([Step { expect, ..step(("", answer)) }]);
        assert_eq!(key.read(), malformed(command, "length"));
        script.verdict().unwrap();
    }
}

/// As `FuzzBytes` takes them.
fn tape(steps: impl IntoIterator<Item = Step>) -> Vec<u8> {
    let answers = steps.into_iter().map(|step| step.answer.unwrap());
    answers.flat_map(|answer| [&u16::try_from(answer.len()).unwrap().to_be_bytes()[..], &answer].concat()).collect()
}

/// The answers of a first pass, a right PIN and a change.
fn reading() -> Vec<u8> {
    let mut steps = first_pass();
    steps.extend([PIN_INFO, RANDOM, CLEAR, CLEAR, PIN_INFO, RANDOM, CLEAR, RANDOM, CLEAR, CLEAR].map(step));
    tape(steps)
}

fn read(answers: &[u8]) -> Vec<bool> {
    let mut key = Gmt0017::new(Box::new(FuzzBytes::new(answers)), "");
    vec![
        key.read().is_ok(),
        key.verify_pin(pin("111111")).is_ok(),
        key.change_pin(pin("111111"), pin("222222")).is_ok(),
    ]
}

/// The answers of a whole renewal, in the order [`renew`] asks.
fn renewing() -> Vec<u8> {
    let point = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                 CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13 9000";
    let signature = format!("00000100 {} 9000", "77".repeat(64));
    let plain = format!("{} 9000", "55".repeat(16));
    let empty = "00 00000000 00000000 00 00 9000";
    let mut steps = vec![dev_info(), step(ENUM_APPLICATION), step(OPEN_APPLICATION)];
    let answers = |all: &[&str]| all.iter().map(|answer| step(("", answer))).collect::<Vec<_>>();
    steps.extend([ENUM_CONTAINER, CONTAINER_INFO, PIN_INFO, RANDOM, CLEAR].map(step));
    steps.extend(answers(&[ENUM_CONTAINER.1, "3002 9000", empty, "3002 9000", point, &signature]));
    steps.extend(answers(&["3002 9000", "9000", "3002 9000", "9000", "9000", "9000", &plain]));
    steps.extend(answers(&[PRELUDE.1, SIGN_CERTIFICATE.1, "00000006 FF000000 10000000 9000", "9000", "9000"]));
    steps.extend(answers(&["9000", "9000", ENUM_CONTAINER.1, "9000", "9000"]));
    tape(steps)
}

fn renew(answers: &[u8]) -> Vec<bool> {
    let cipher = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; 16] };
    let package = EnvelopedKey { wrapped: cipher.clone(), public: PublicKey([4; 64]), encrypted: vec![5; 32] };
    let mut key = Gmt0017::new(Box::new(FuzzBytes::new(answers)), "");
    let listed = key.containers().is_ok();
    let Ok(mut login) = key.login(pin("111111")) else { return vec![listed, false] };
    vec![
        listed,
        login.create_container("New").is_ok(),
        login.generate_key_pair("New").is_ok(),
        login.sign("New", &[1; 32]).is_ok(),
        login.import_key_pair("New", &package).is_ok(),
        login.import_certificate("New", KeyUse::Sign, &[6; 100]).is_ok(),
        login.decrypt("New", &cipher).is_ok(),
        login.read_certificate("New", KeyUse::Sign).is_ok(),
        login.write_file("BJCAENVSN", b"UserKey").is_ok(),
        login.delete_container("UserKey").is_ok(),
        login.close().is_ok(),
    ]
}

#[test]
fn a_session_over_damaged_answers_always_ends() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (session, good) in [(read as fn(&[u8]) -> Vec<bool>, reading()), (renew, renewing())] {
        let whole = session(&good);
        assert!(whole.iter().all(|ok| *ok), "the seed reaches the end: {whole:?}");
        for _ in 0..2000 {
            let mut answers = good.clone();
            for _ in 0..=random(4) {
                let at = random(answers.len());
                match random(4) {
                    0 => answers[at] = random(256) as u8,
                    1 if answers.len() > 1 => drop(answers.remove(at)),
                    2 => answers.insert(at, random(256) as u8),
                    _ => answers.truncate(at + 1),
                }
            }
            session(&answers);
        }
    }
}
