//! Personalised states, the state file, faults through the whole key.

use super::host::{ADMIN, ADMIN_PIN, APP, PIN, USER, apdu, change, hex, key_in, ok, open, opened, send, verify, word};
use crate::faults::{Fault, Where};
use crate::personalise::{CONTAINER, NEW_CONTAINER, SEAL_FILE, personalise};
use crate::{Faults, Outcome, Spec, State, StoreError, TestCa, VirtualKey};
use token::apdu::{Meaning, StatusWord};
use x509_cert::Certificate;
use x509_cert::der::Decode;

fn certificates(state: State) -> Vec<(Vec<u8>, Vec<u8>)> {
    let key = key_in(state);
    let containers = &key.state().applications[0].containers;
    containers
        .iter()
        .map(|one| (one.sign.certificate.clone().unwrap(), one.encrypt.certificate.clone().unwrap()))
        .collect()
}

/// Seconds from now to begin and end of a certificate.
fn validity(der: &[u8]) -> (i64, i64) {
    let certificate = Certificate::from_der(der).unwrap();
    let validity = certificate.tbs_certificate().validity();
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap() - now;
    (seconds(validity.not_before), seconds(validity.not_after))
}

const DAY: i64 = 24 * 60 * 60;

#[test]
fn every_state_is_what_it_says() {
    for (name, state) in State::ALL {
        assert_eq!(name.parse::<State>(), Ok(*state));
    }
    assert!("strange".parse::<State>().is_err());
    for (state, days) in [
        (State::Valid, 300),
        (State::Expiring, 20),
        (State::Expired, -10),
        (State::Locked, 300),
        (State::DefaultPin, 300),
        (State::Seal, 300),
        (State::Mismatch, 300),
    ] {
        let (sign, encrypt) = certificates(state).remove(0);
        for der in [sign, encrypt] {
            let (begin, end) = validity(&der);
            assert!((days * DAY..(days + 1) * DAY).contains(&end), "{state:?}");
            assert!(begin < 0, "{state:?}");
        }
    }
    let (begin, end) = validity(&certificates(State::NotYetValid)[0].0);
    assert!(begin > 4 * DAY && begin < 5 * DAY && end > 300 * DAY);
    let two = certificates(State::TwoContainers);
    assert!(validity(&two[0].0).1 < 0 && validity(&two[1].0).1 > 0);
    let (sign, encrypt) = certificates(State::Damaged).remove(0);
    assert!(Certificate::from_der(&sign).is_err());
    assert!(Certificate::from_der(&encrypt).is_ok());
    let empty = key_in(State::Empty);
    assert!(empty.state().applications[0].containers.is_empty());
    assert!(key_in(State::NoApplication).state().applications.is_empty());
    let seal = key_in(State::Seal);
    let file = seal.state().applications[0].files.iter().find(|file| file.name == SEAL_FILE).unwrap();
    assert!(file.data.starts_with(b"\x89PNG"));
}

#[test]
fn the_certificate_matches_the_key_except_where_it_must_not() {
    for (state, matches) in [(State::Valid, true), (State::Mismatch, false)] {
        let key = key_in(state);
        let container = &key.state().applications[0].containers[0];
        for (slot, matches) in [(&container.sign, matches), (&container.encrypt, true)] {
            let certificate = Certificate::from_der(slot.certificate.as_ref().unwrap()).unwrap();
            let info = certificate.tbs_certificate().subject_public_key_info();
            let certified = info.subject_public_key.raw_bytes();
            assert_eq!(certified == slot.private_key().unwrap().public().uncompressed(), matches, "{state:?}");
        }
    }
}

#[test]
fn days_and_begin_are_set_on_request() {
    let ca = TestCa::create().unwrap();
    let spec = Spec { days: Some(0), valid_from_days_ago: Some(3), ..Spec::new("某某", "1") };
    let state = personalise(&spec, &ca).unwrap();
    let (begin, end) = validity(state.applications[0].containers[0].sign.certificate.as_ref().unwrap());
    assert!((-4 * DAY..=-3 * DAY).contains(&begin));
    assert!((0..DAY).contains(&end), "it ends with the day");
}

#[test]
fn the_file_of_the_container_in_use_names_the_new_one() {
    let key = key_in(State::TwoContainers);
    let application = &key.state().applications[0];
    assert_eq!(application.files[0].data, NEW_CONTAINER.as_bytes());
    let names: Vec<&str> = application.containers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, [CONTAINER, NEW_CONTAINER]);
}

#[test]
fn a_state_file_keeps_everything_and_is_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let mut key = opened().with_store(&path).unwrap();
    assert_eq!(change(&mut key, USER, PIN, "222222"), 0x9000);
    assert_eq!(verify(&mut key, ADMIN, "999999"), 0x63C9);
    drop(key);
    let mut again = VirtualKey::open(&path).unwrap();
    open(&mut again);
    assert_eq!(super::host::left(&mut again, ADMIN), 9);
    assert_eq!(verify(&mut again, USER, "222222"), 0x9000);
    assert_eq!(verify(&mut again, ADMIN, ADMIN_PIN), 0x9000);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_is_no_state_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    assert!(matches!(VirtualKey::open(&path).err(), Some(StoreError::Io { .. })));
    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(VirtualKey::open(&path).err(), Some(StoreError::Format(_))));
    drop(opened().with_store(&path).unwrap());
    let newer = std::fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 2");
    std::fs::write(&path, newer).unwrap();
    assert!(matches!(VirtualKey::open(&path).err(), Some(StoreError::Version(2))));
}

#[test]
fn a_store_that_fails_answers_a_memory_error_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub").join("key.json");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let mut key = opened().with_store(&path).unwrap();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    // a folder in the way of the file beside: saving fails, reading works
    std::fs::create_dir(path.with_file_name("key.json.new")).unwrap();
    assert_eq!(word(&mut key, &apdu(0x80, 0x02, 0, 0, b"other", None)), 0x6581);
    assert_eq!(key.state().device.label, "BJCA-UserKey");
    assert_eq!(verify(&mut key, USER, PIN), 0x6581);
}

#[test]
fn unplugging_at_a_command_silences_the_key_until_it_is_put_in_again() {
    for (fault, executed) in [(Fault::UnplugBefore, false), (Fault::UnplugAfter, true)] {
        let mut key = key_in(State::Valid).with_faults(Faults::default().and(fault, Where::Number(2)));
        assert_eq!(ok(&mut key, &hex("80040100 000000")).len(), 64);
        assert_eq!(key.exchange(&apdu(0x80, 0x02, 0, 0, b"other", None)), Outcome::Unplugged);
        assert_eq!(key.exchange(&hex("80040100 000000")), Outcome::Unplugged);
        key.plug().push_in();
        assert_eq!(key.exchange(&hex("80040100 000000")), Outcome::Unplugged, "without power");
        key.reset();
        assert_eq!(ok(&mut key, &hex("80040100 000000")).starts_with(b"other"), executed);
    }
}

#[test]
fn a_slow_command_ends_when_the_key_is_pulled_out() {
    let mut key = key_in(State::Valid).with_faults(Faults::default().and(Fault::Slow(None), Where::Number(1)));
    let plug = key.plug();
    let pulling = std::thread::spawn(move || plug.pull());
    assert_eq!(key.exchange(&hex("80040100 000000")), Outcome::Unplugged);
    pulling.join().unwrap();
}

#[test]
fn wrong_lengths_garbage_and_lies_come_at_their_command() {
    let export = apdu(0x80, 0x4E, 1, 0, &hex("1000 3001"), Some(0));
    let mut sound = opened();
    let (first, _) = send(&mut sound, &export);
    let answer = |fault| {
        let mut key = opened().with_faults(Faults::default().and(fault, Where::Instruction(0x4E, Some(1))));
        match key.exchange(&export) {
            Outcome::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(answer(Fault::Short).len(), first.len() + 1);
    assert_eq!(answer(Fault::Long).len(), first.len() + 3);
    assert_eq!(answer(Fault::Garbage(0)).len(), 0);
    assert_eq!(answer(Fault::Garbage(40)).len(), 40);
    assert_eq!(answer(Fault::Lie(0x1_0000))[..2], [0, 1]);
}

#[test]
fn all_words_the_key_answers_are_known_to_the_host() {
    let mut key = opened();
    for (command, meaning) in [
        ("80FE0000", Meaning::Unsupported),
        ("8042 0000 000003 1000 41 0002", Meaning::NoContainer),
        ("8026 0000 000001 41 000A", Meaning::NoApplication),
        ("8038 0000 000009 1000 0000 0001 0001 41 0001", Meaning::NoFile),
        ("8018 0001 000012 1000 00000000000000000000000000000000", Meaning::NoChallenge),
        ("8048 0000 000010 1000 706572736F6E616C436572743030", Meaning::NotLoggedIn),
    ] {
        let word = word(&mut key, &hex(command));
        assert_eq!(StatusWord(word).meaning(), meaning, "{command} {word:04X}");
    }
    assert_eq!(ok(&mut key, &apdu(0x80, 0x14, 0, USER, &APP, Some(3))), [10, 10, 0]);
}
