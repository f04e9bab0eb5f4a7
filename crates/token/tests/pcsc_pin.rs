//! PINs through the real reader service: checked, changed, refused, cut off – and nowhere in the log.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use gm::DEFAULT_ID;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};
use testkit::reader::{Watching, key, make, pin, with_key, with_private_service};
use token::{KeyUse, PinInfo, PinKind, Token, TokenError, TransportError};
use virtual_key::{Spec, State};

const RIGHT: &str = "123456";

fn names(headers: &[[u8; 4]]) -> Vec<u8> {
    headers.iter().map(|header| header[1]).collect()
}

#[test]
fn a_right_pin_is_accepted_in_4_commands_and_a_change_takes_6() {
    with_key(
        "a_right_pin_is_accepted_in_4_commands_and_a_change_takes_6",
        || key("1"),
        |plugged, token| {
            token.read().unwrap();
            plugged.take_headers();
            assert_eq!(token.verify_pin(pin(RIGHT)), Ok(()));
            assert_eq!(names(&plugged.take_headers()), [0x14, 0x50, 0x18, 0x1C]);
            let after = token.change_pin(pin(RIGHT), pin("654321"));
            assert_eq!(after, Ok(PinInfo { max_tries: 10, tries_left: 10, is_default: false }));
            let sent = plugged.take_headers();
            println!("measured: change of the PIN {} commands", sent.len());
            assert_eq!(names(&sent), [0x14, 0x50, 0x18, 0x50, 0x16, 0x1C]);
            assert_eq!(token.pin_info(PinKind::User), after, "what was returned is what the key says");
            assert_eq!(token.verify_pin(pin(RIGHT)), Err(TokenError::WrongPin { left: 9 }));
            assert_eq!(token.verify_pin(pin("654321")), Ok(()));
        },
    );
}

#[test]
fn every_wrong_pin_costs_one_try_up_to_the_lock_and_a_locked_key_gets_no_pin() {
    with_key(
        "every_wrong_pin_costs_one_try_up_to_the_lock_and_a_locked_key_gets_no_pin",
        || key("1"),
        |plugged, token| {
            for left in (1..10).rev() {
                assert_eq!(token.verify_pin(pin("000000")), Err(TokenError::WrongPin { left }));
                assert_eq!(plugged.tries_left(), left);
            }
            assert_eq!(token.verify_pin(pin(RIGHT)), Ok(()), "the last try still counts");
            assert_eq!(plugged.tries_left(), 10);
            for left in (1..10).rev() {
                assert_eq!(token.change_pin(pin("000000"), pin("654321")), Err(TokenError::WrongPin { left }));
            }
            assert_eq!(token.verify_pin(pin("000000")), Err(TokenError::Locked), "the last try is lost");
            plugged.take_headers();
            assert_eq!(token.verify_pin(pin(RIGHT)), Err(TokenError::Locked));
            assert_eq!(token.change_pin(pin(RIGHT), pin("654321")), Err(TokenError::Locked));
            assert_eq!(names(&plugged.take_headers()), [0x14, 0x14], "a locked key is only asked for its tries");
        },
    );
}

#[test]
fn a_default_pin_is_said_to_be_one_until_it_is_changed() {
    let default = || make(&Spec::new("示例有限公司", "1").state(State::DefaultPin));
    with_key("a_default_pin_is_said_to_be_one_until_it_is_changed", default, |_, token| {
        assert!(token.pin_info(PinKind::User).unwrap().is_default);
        assert!(!token.pin_info(PinKind::Admin).unwrap().is_default);
        let after = token.change_pin(pin(RIGHT), pin("654321")).unwrap();
        assert!(!after.is_default);
        assert_eq!(token.pin_info(PinKind::User), Ok(after));
    });
}

#[test]
fn new_pins_of_6_to_15_characters_work_and_all_others_are_refused_before_anything_is_sent() {
    with_key(
        "new_pins_of_6_to_15_characters_work_and_all_others_are_refused_before_anything_is_sent",
        || key("1"),
        |plugged, token| {
            token.read().unwrap();
            plugged.take_headers();
            let length = TokenError::NewPinLength { min: 6, max: 15 };
            for (new, error) in [
                ("12345", length.clone()),
                ("1234567890123456", length.clone()),
                ("12345678901234567", length),
                ("密码密码", TokenError::NewPinCharacters),
                ("12345\u{e9}", TokenError::NewPinCharacters),
            ] {
                assert_eq!(token.change_pin(pin(RIGHT), pin(new)), Err(error), "{new}");
            }
            assert_eq!(token.verify_pin(pin("12345678901234567")), Err(TokenError::PinLength { min: 6, max: 16 }));
            assert!(plugged.take_headers().is_empty());
            let mut current = RIGHT.to_owned();
            for length in 6..=15 {
                let new: String = ('!'..'~').skip(length * 3).take(length).collect();
                token.change_pin(pin(&current), pin(&new)).unwrap();
                assert_eq!(token.verify_pin(pin(&new)), Ok(()), "{length}");
                current = new;
            }
        },
    );
}

#[test]
fn a_present_pin_of_16_characters_is_accepted_and_can_be_changed() {
    let sixteen = "1234567890abcdef";
    let spec = Spec { pin: sixteen.to_owned(), ..Spec::new("示例有限公司", "1") };
    with_key(
        "a_present_pin_of_16_characters_is_accepted_and_can_be_changed",
        || make(&spec),
        |_, token| {
            assert_eq!(token.verify_pin(pin(&sixteen[..15])), Err(TokenError::WrongPin { left: 9 }));
            assert_eq!(token.verify_pin(pin(sixteen)), Ok(()));
            assert!(token.change_pin(pin(sixteen), pin("654321")).is_ok());
            assert_eq!(token.verify_pin(pin("654321")), Ok(()));
        },
    );
}

#[test]
fn a_change_cut_off_at_any_command_leaves_exactly_one_working_pin_and_says_when_it_is_uncertain() {
    with_private_service(
        "a_change_cut_off_at_any_command_leaves_exactly_one_working_pin_and_says_when_it_is_uncertain",
        2,
        |desk| {
            let plugged = desk.plug_key(0, key("1"));
            let watching = Watching::start();
            let mut slot = watching.inserted();
            let mut current = RIGHT;
            let mut other = "654321";
            for (fault, uncertain, changed) in [
                ("unplug-before@ins:14", false, false),
                ("unplug-after@ins:50", false, false),
                ("unplug-before@ins:18", false, false),
                ("cut-before@ins:18", false, false),
                ("cut-after@ins:18", false, false),
                ("unplug-after@ins:50#2", false, false),
                ("unplug-before@ins:16", true, false),
                ("cut-before@ins:16", true, false),
                ("cut-after@ins:16", true, true),
                ("unplug-after@ins:16", true, true),
                ("unplug-before@ins:1C", false, true),
            ] {
                let mut token = watching.open(&slot);
                plugged.set_faults(&[fault]);
                let result = token.change_pin(pin(current), pin(other));
                let said_uncertain = result == Err(TokenError::ChangeUncertain);
                assert_eq!(said_uncertain, uncertain, "{fault}: {result:?}");
                assert_eq!(result.is_ok(), changed && !uncertain, "{fault}: {result:?}");
                plugged.wait_pulled();
                assert_eq!(watching.removed(), slot.id);
                assert_eq!(token.pin_info(PinKind::User), Err(TransportError::Removed.into()));
                drop(token);
                if changed {
                    std::mem::swap(&mut current, &mut other);
                }
                plugged.set_faults(&[]);
                plugged.put_back();
                slot = watching.inserted();
                let mut token = watching.open(&slot);
                assert!(matches!(token.verify_pin(pin(other)), Err(TokenError::WrongPin { .. })), "{fault}");
                assert_eq!(token.verify_pin(pin(current)), Ok(()), "{fault}");
            }
            watching.stop();
        },
    );
}

#[test]
fn a_signature_over_a_digest_is_accepted_by_openssl_and_the_right_is_given_back() {
    with_key(
        "a_signature_over_a_digest_is_accepted_by_openssl_and_the_right_is_given_back",
        || key("1"),
        |plugged, token| {
            let contents = token.read().unwrap();
            let container = contents.current_container().unwrap();
            let public = token.public_key(&container.name, KeyUse::Sign).unwrap();
            let message = b"to be signed";
            let e = public.digest(DEFAULT_ID.as_bytes(), message);
            plugged.take_headers();
            let signature = token.sign_digest(&container.name, pin(RIGHT), &e).unwrap();
            assert_eq!(names(&plugged.take_headers()), [0x14, 0x50, 0x18, 0x74, 0x1C]);

            let folder = tempfile::tempdir().unwrap();
            let file = |name: &str, data: &[u8]| {
                let path = folder.path().join(name);
                std::fs::write(&path, data).unwrap();
                path
            };
            let certificate = file("c.der", container.sign.as_ref().unwrap());
            let pem = Command::new("openssl")
                .args(["x509", "-inform", "DER", "-noout", "-pubkey", "-in"])
                .arg(certificate)
                .output()
                .unwrap()
                .stdout;
            let verified = |message: &[u8]| {
                Command::new("openssl")
                    .args(["pkeyutl", "-verify", "-pubin", "-rawin", "-digest", "sm3"])
                    .args(["-pkeyopt", "distid:1234567812345678", "-inkey"])
                    .arg(file("key.pem", &pem))
                    .arg("-sigfile")
                    .arg(file("sig.der", &gm::signature_to_der(&signature).unwrap()))
                    .arg("-in")
                    .arg(file("message", message))
                    .output()
                    .unwrap()
                    .status
                    .success()
            };
            assert!(verified(message));
            assert!(!verified(b"another message"));
        },
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every way a PIN could be written down.
fn disguises(bytes: &[u8]) -> Vec<String> {
    let each = |form: fn(&u8) -> String, between: &str| bytes.iter().map(form).collect::<Vec<_>>().join(between);
    let mut all: Vec<String> = [" ", "", ":", ", "]
        .into_iter()
        .flat_map(|between| {
            [each(|b| format!("{b:02X}"), between), each(|b| format!("{b:02x}"), between), each(u8::to_string, between)]
        })
        .collect();
    all.push(String::from_utf8_lossy(bytes).into_owned());
    all
}

#[test]
fn no_pin_and_no_block_made_of_it_is_in_the_log_at_the_finest_level() {
    let log = Log::default();
    let writer = log.clone();
    with_key(
        "no_pin_and_no_block_made_of_it_is_in_the_log_at_the_finest_level",
        || key("1"),
        |plugged, token| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish();
            let (current, new, wrong) = (RIGHT, "Zz9~Qq8!", "Yy7^Pp6@");
            tracing::subscriber::with_default(subscriber, || {
                token.read().unwrap();
                token.verify_pin(pin(current)).unwrap();
                token.verify_pin(pin(wrong)).unwrap_err();
                token.change_pin(pin(current), pin(new)).unwrap();
                token.sign_digest("personalCert00", pin(new), &[7; 32]).unwrap();
                token.login(pin(new)).unwrap().close().unwrap();
                token.login(pin(wrong)).map(drop).unwrap_err();
            });
            let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            for expected in
                ["80 18 00 01 Lc=18 [secret]", "84 16 00 01 Lc=22 [secret]", "sw=9000", "sw=63C9", "VerifyPIN"]
            {
                assert!(text.contains(expected), "the log misses {expected}:\n{text}");
            }
            let mut sent = plugged.take_sent();
            sent.retain(|apdu| matches!(apdu[1], 0x16 | 0x18));
            assert_eq!(sent.len(), 7);
            for apdu in &sent {
                // behind header, length and application: with the challenge the block tells a guessed PIN from others
                for disguise in disguises(&apdu[9..]) {
                    assert!(!text.contains(&disguise), "{disguise} is in the log:\n{text}");
                }
            }
            for secret in [current, new, wrong] {
                let mut padded = secret.as_bytes().to_vec();
                padded.resize(16, 0);
                let mut framed = vec![secret.len() as u8, 0];
                framed.extend(secret.as_bytes());
                framed.push(0x80);
                let key = gm::pin_key(secret.as_bytes());
                for bytes in [secret.as_bytes(), &padded, &framed, &*key] {
                    for disguise in disguises(bytes) {
                        assert!(!text.contains(&disguise), "{disguise} is in the log:\n{text}");
                    }
                }
            }
            assert!(
                disguises(b"80 18")[12..].iter().all(|ascii| text.contains(ascii)),
                "the search itself finds things"
            );
        },
    );
}
