//! Keys are seen and read through the real reader service.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashSet;
use std::ffi::CString;
use std::sync::Arc;
use std::time::Instant;
use testkit::reader::{Watching, key, make, pin, with_key, with_private_service};
use token::apdu::{Command, Le};
use token::{ServiceState, Token, TokenError, TransportError};
use virtual_key::{ForeignCard, Plug, Spec, State};

#[test]
fn an_inserted_key_gives_its_complete_contents_in_12_commands() {
    with_private_service("an_inserted_key_gives_its_complete_contents_in_12_commands", 2, |desk| {
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::Running { readers: 2 });
        let plugged = desk.plug_key(0, key("10200000016873"));
        let slot = watching.inserted();
        let began = Instant::now();
        let mut token = watching.open(&slot);
        let contents = token.read().unwrap();
        println!("measured: event to contents {:?}", began.elapsed());

        let sent = plugged.take_headers();
        let pieces = sent.windows(2).filter(|pair| pair[0] == pair[1] && pair[0][1] == 0x4E).count();
        println!("measured: first pass {} commands, {pieces} of them for pieces of certificates", sent.len());
        assert_eq!(sent.len() - pieces, 12);

        let card = plugged.card();
        let kept = &card.state().applications[0];
        assert_eq!(contents.device.serial, card.state().device.serial);
        assert_eq!(contents.application.as_deref(), Some("BJCA-Application"));
        assert_eq!(contents.pin.map(|pin| (pin.max_tries, pin.tries_left, pin.is_default)), Some((10, 10, false)));
        assert_eq!(contents.containers.len(), 1);
        assert_eq!(contents.current, Some(0));
        assert_eq!(contents.containers[0].sign.as_ref(), kept.containers[0].sign.certificate.as_ref());
        assert_eq!(contents.containers[0].encrypt.as_ref(), kept.containers[0].encrypt.certificate.as_ref());
        assert!(contents.containers[0].sign.is_some());
        assert_eq!(contents.files, ["BJCAENVSN"]);
        assert_eq!(contents.medium.as_deref(), Some("UKEY-Mini(LM3KM3)"));
        assert!(contents.known_model);
        drop(card);
        watching.stop();
    });
}

#[test]
fn sixteen_keys_are_all_seen_read_and_missed_when_pulled() {
    with_private_service("sixteen_keys_are_all_seen_read_and_missed_when_pulled", 16, |desk| {
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::Running { readers: 16 });
        let began = Instant::now();
        let keys: Vec<_> = (0..16).map(|n| desk.plug_key(n, key(&format!("{n:014}")))).collect();
        let slots: Vec<_> = keys.iter().map(|_| watching.inserted()).collect();
        println!("measured: 16 insertions seen after {:?}", began.elapsed());
        let began = Instant::now();
        let tokens = slots.iter().map(|slot| {
            let mut token = watching.open(slot);
            std::thread::spawn(move || token.read().unwrap().device.serial)
        });
        let tokens: Vec<_> = tokens.collect();
        let serials: HashSet<String> = tokens.into_iter().map(|thread| thread.join().unwrap()).collect();
        println!("measured: 16 keys read at once in {:?}", began.elapsed());
        assert_eq!(serials.len(), 16);

        keys[3].pull();
        let gone = watching.removed();
        assert!(slots.iter().any(|slot| slot.id == gone));
        keys[3].put_back();
        let again = watching.inserted();
        assert!(slots.iter().all(|slot| slot.id < again.id), "a new insertion is a new slot");
        watching.stop();
    });
}

#[test]
fn two_keys_with_one_reader_empty_between_them_are_told_apart() {
    with_private_service("two_keys_with_one_reader_empty_between_them_are_told_apart", 4, |desk| {
        let (_first, _second) = (desk.plug_key(0, key("1")), desk.plug_key(3, key("2")));
        let watching = Watching::start();
        watching.service();
        let slots = [watching.inserted(), watching.inserted()];
        assert_ne!(slots[0].reader, slots[1].reader);
        let serials = slots.map(|slot| watching.open(&slot).read().unwrap().device.serial);
        assert_ne!(serials[0], serials[1]);
        watching.stop();
    });
}

#[test]
fn every_state_of_a_key_is_read_as_it_is() {
    with_private_service("every_state_of_a_key_is_read_as_it_is", 2, |desk| {
        let watching = Watching::start();
        watching.service();
        for (name, state) in State::ALL {
            let plugged = desk.plug_key(0, make(&Spec::new("示例有限公司", "1").state(*state)));
            let slot = watching.inserted();
            let mut token = watching.open(&slot);
            let contents = token.read().unwrap();
            let pin = contents.pin.map(|pin| (pin.tries_left, pin.is_default));
            let expected_pin = match state {
                State::NoApplication => None,
                State::Locked => Some((0, false)),
                State::DefaultPin => Some((10, true)),
                _ => Some((10, false)),
            };
            assert_eq!(pin, expected_pin, "{name}");
            let expected_containers = match state {
                State::NoApplication | State::Empty => 0,
                State::TwoContainers => 2,
                _ => 1,
            };
            assert_eq!(contents.containers.len(), expected_containers, "{name}");
            assert_eq!(contents.current, expected_containers.checked_sub(1), "{name}");
            if *state == State::Seal {
                let seal = token.read_file("BJCASEAL", usize::MAX).unwrap();
                assert_eq!(seal, plugged.card().state().applications[0].files[1].data);
            }
            drop(token);
            plugged.pull();
            assert_eq!(watching.removed(), slot.id);
        }
        watching.stop();
    });
}

#[test]
fn a_key_pulled_at_any_command_of_a_read_is_an_error_and_reads_again_when_put_back() {
    with_private_service(
        "a_key_pulled_at_any_command_of_a_read_is_an_error_and_reads_again_when_put_back",
        2,
        |desk| {
            let plugged = desk.plug_key(0, key("1"));
            let watching = Watching::start();
            let mut slot = watching.inserted();
            for fault in ["unplug-before@ins:04", "unplug-after@ins:14", "unplug-before@ins:4E#2"] {
                plugged.set_faults(&[fault]);
                let mut token = watching.open(&slot);
                let result = token.read();
                assert!(matches!(result, Err(TokenError::Transport(_))), "{fault}: {result:?}");
                plugged.wait_pulled();
                assert_eq!(watching.removed(), slot.id);
                let result = token.read();
                assert_eq!(result, Err(TokenError::Transport(TransportError::Removed)), "{fault}");
                assert_eq!(watching.source_error(&slot), Some(TransportError::Removed));
                plugged.put_back();
                slot = watching.inserted();
                assert!(watching.open(&slot).read().is_ok());
            }
            watching.stop();
        },
    );
}

#[test]
fn a_key_pulled_inside_a_transaction_ends_it_with_an_error() {
    with_private_service("a_key_pulled_inside_a_transaction_ends_it_with_an_error", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut link = watching.link(&slot);
        let mut channel = link.begin().unwrap();
        let question = || Command::new(0x80, 0x04, 0, 0).le(Le::Any);
        assert!(channel.transmit(&question()).unwrap().sw.is_ok());
        plugged.pull();
        assert!(channel.transmit(&question()).is_err());
        assert_eq!(watching.removed(), slot.id);
        assert_eq!(channel.transmit(&question()), Err(TransportError::Removed));
        drop(channel);
        assert_eq!(link.begin().err(), Some(TransportError::Removed));
        watching.stop();
    });
}

#[test]
fn a_card_that_is_no_key_is_unsupported_and_never_gets_a_pin() {
    with_private_service("a_card_that_is_no_key_is_unsupported_and_never_gets_a_pin", 2, |desk| {
        let plugged = desk.plug(0, ForeignCard::default(), Arc::<Plug>::default());
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token = watching.open(&slot);
        assert_eq!(token.read(), Err(TokenError::Unsupported));
        assert_eq!(token.verify_pin(pin("123456")), Err(TokenError::Unsupported));
        assert_eq!(token.change_pin(pin("123456"), pin("654321")), Err(TokenError::Unsupported));
        assert_eq!(token.sign_digest("personalCert00", pin("123456"), &[0; 32]), Err(TokenError::Unsupported));
        let mut again = watching.open(&slot);
        assert_eq!(again.verify_pin(pin("123456")), Err(TokenError::Unsupported));
        assert_eq!(plugged.take_headers(), [[0x80, 0x04, 0, 0]; 2], "one harmless question for each connection");
        drop((token, again));
        watching.stop();
    });
}

#[test]
fn garbage_and_wrong_lengths_at_any_command_cost_no_pin_and_leave_the_key_usable() {
    with_private_service("garbage_and_wrong_lengths_at_any_command_cost_no_pin_and_leave_the_key_usable", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        for ins in ["04", "22", "26", "14", "46", "4A", "42", "4E", "34"] {
            for fault in ["garbage=1", "garbage=2", "garbage=300", "short", "long", "lie=70000"] {
                let mut token = watching.open(&slot);
                plugged.set_faults(&[&format!("{fault}@ins:{ins}")]);
                // whatever it makes of it, it returns, and asks for no PIN
                let _ = token.read();
                let sent = plugged.take_headers();
                assert!(sent.iter().all(|header| !matches!(header[1], 0x16 | 0x18 | 0x50)), "{fault} {ins}: {sent:?}");
                plugged.set_faults(&[]);
                let result = if ins == "04" { watching.open(&slot).read() } else { token.read() };
                assert!(result.is_ok(), "after {fault} {ins}: {result:?}");
                plugged.take_headers();
            }
        }
        watching.stop();
    });
}

#[test]
fn wrong_lengths_are_named_and_an_answer_of_no_length_is_no_answer() {
    with_key(
        "wrong_lengths_are_named_and_an_answer_of_no_length_is_no_answer",
        || key("1"),
        |plugged, token| {
            token.read().unwrap();
            let malformed = |command, what| Err(TokenError::Malformed { command, what });
            for (fault, expected) in [
                ("short@ins:14", malformed("GetPINInfo", "length")),
                ("long@ins:4A", malformed("GetContainerInfo", "length")),
                ("lie@ins:4E", malformed("ExportCertificate", "length")),
                ("garbage=1@ins:14", Err(TokenError::Transport(TransportError::Garbage))),
            ] {
                plugged.set_faults(&[fault]);
                assert_eq!(token.read().map(|_| ()), expected, "{fault}");
            }
        },
    );
}

#[test]
fn a_key_that_never_answers_hangs_no_other_key() {
    with_private_service("a_key_that_never_answers_hangs_no_other_key", 4, |desk| {
        let slow = desk.plug_key(0, key("1").with_faults(testkit::reader::faults(&["slow=forever@ins:04"])));
        let watching = Watching::start();
        let stuck = watching.inserted();
        let mut token = watching.open(&stuck);
        let hanging = std::thread::spawn(move || token.read());
        while slow.take_headers().is_empty() {
            std::thread::yield_now();
        }
        let _good = desk.plug_key(2, key("2"));
        let slot = watching.inserted();
        assert!(watching.open(&slot).read().is_ok());
        assert!(!hanging.is_finished());
        slow.pull();
        assert!(matches!(hanging.join().unwrap(), Err(TokenError::Transport(_))));
        watching.stop();
    });
}

#[test]
fn a_key_another_program_holds_says_so_and_is_reported_when_it_is_given_back() {
    with_private_service("a_key_another_program_holds_says_so_and_is_reported_when_it_is_given_back", 2, |desk| {
        let _plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        let other = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let reader = CString::new(slot.reader.clone()).unwrap();
        let held = other.connect(&reader, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
        assert_eq!(watching.source_error(&slot), Some(TransportError::Held));
        held.disconnect(pcsc::Disposition::LeaveCard).map_err(|(_, error)| error).unwrap();
        assert_eq!(watching.freed(), slot.id);
        assert!(watching.open(&slot).read().is_ok());
        watching.stop();
    });
}

#[test]
fn a_reset_by_another_program_between_two_operations_is_survived() {
    with_private_service("a_reset_by_another_program_between_two_operations_is_survived", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token = watching.open(&slot);
        let contents = token.read().unwrap();
        plugged.take_headers();
        let other = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let reader = CString::new(slot.reader).unwrap();
        let card = other.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
        card.disconnect(pcsc::Disposition::ResetCard).map_err(|(_, error)| error).unwrap();
        assert_eq!(token.read().unwrap(), contents);
        let sent = plugged.take_headers();
        assert_eq!(sent[0][1], 0x26, "the reset is noticed and the application opened by name: {sent:?}");
        drop(token);
        watching.stop();
    });
}
