//! What must not lie about: code, PINs and the CA's answer in no file, no log and no request; the client key only in the
//! journal, only while the order is open.

use crate::office::{Befall, CODE, TRANSPORT, lost};
use crate::person::{ADMIN, NEW, OLD, Person, application, code, person, pin, told};
use order_api::Base64;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use testkit::search::{files, forms, holds};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What lies in the journal at each call, and at the end what was logged.
fn watched(story: impl FnOnce(&mut Person)) -> (Person, Vec<u8>, Vec<u8>) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let mut person = person();
    let seen: Arc<Mutex<Vec<u8>>> = Arc::default();
    person.office.watch({
        let (seen, folder) = (Arc::clone(&seen), person.orders());
        move || seen.lock().unwrap().extend(files(&folder))
    });
    tracing::subscriber::with_default(subscriber, || story(&mut person));
    let (seen, log) = (seen.lock().unwrap().clone(), log.0.lock().unwrap().clone());
    (person, seen, log)
}

/// An unlock with everything: a wrong code, a cut in the middle, a lost report, the proof.
fn whole_story(person: &mut Person) {
    let mut unlock = person.apply_with(application()).unwrap();
    person.unlock_with(&mut unlock, Some(zeroize::Zeroizing::new("WRNG2345".to_owned())), NEW).unwrap_err();
    person.unlock_until(&mut unlock, "unplug-after@ins:1A");
    let mut unlock = person.restart(unlock);
    person.office.befall("finish", Befall::Before(lost()));
    person.unlock_with(&mut unlock, None, NEW).unwrap_err();
    told(unlock.prove(&mut person.token, pin(NEW))).unwrap();
}

#[test]
fn code_pins_and_answer_stand_in_no_file_no_log_and_no_request() {
    let (person, files, log) = watched(whole_story);
    person.pin_is(NEW);
    let case = person.office.cases.lock().unwrap()[0].clone();
    assert_eq!(case.answers.len(), 2);
    let requests = person.office.bodies().concat();
    let mut secrets =
        vec![CODE.as_bytes(), b"WRNG2345", NEW.as_bytes(), OLD.as_bytes(), TRANSPORT.as_bytes(), ADMIN.as_bytes()];
    secrets.extend(case.answers.iter().map(|(_, response)| response.as_slice()));
    for (place, text) in [("journal", &files), ("log", &log), ("requests", &requests)] {
        for secret in &secrets {
            assert!(!holds(text, secret), "{place}: {}", String::from_utf8_lossy(secret));
        }
    }
    // the search finds what is there
    assert!(holds(&files, case.order.no.as_bytes()) && holds(&requests, case.order.device_serial.as_bytes()));
    assert!(holds(&log, b"UnblockPIN") && log.len() > 1000);
    for form in forms(TRANSPORT.as_bytes()) {
        assert!(holds(&[files.as_slice(), &form].concat(), TRANSPORT.as_bytes()));
    }
}

#[test]
fn the_client_key_stands_in_the_journal_for_this_person_only_and_until_the_end() {
    let mut person = person();
    let unlock = person.apply_with(application()).unwrap();
    let id = unlock.entry().id.clone();
    let file = person.orders().join(format!("{id}.json"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let key = Base64::parse(json["unlock"]["client_key"].as_str().unwrap()).unwrap().0;
    assert_eq!(key.len(), 32);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(holds(&files(&person.orders()), &key), "the search finds it");
    assert!(!holds(format!("{:?}", unlock.entry()).as_bytes(), &key), "not in what is printed of an entry");
    assert!(!holds(&person.office.bodies().concat(), &key));
    drop(unlock);
    let mut unlock = person.resume();
    person.unlock_with(&mut unlock, code(), NEW).unwrap();
    assert!(!holds(&files(&person.orders()), &key));
}

#[test]
fn no_command_with_a_pin_is_sent_twice_in_one_try() {
    let mut person = person();
    let mut unlock = person.applied();
    person.unlock(&mut unlock).unwrap();
    let sent = person.key.take_sent();
    let count = |name: &str| sent.iter().filter(|sent| *sent == name).count();
    assert_eq!([count("UnblockPIN"), count("ChangePIN"), count("VerifyPIN")], [1, 1, 1], "{sent:?}");
}
