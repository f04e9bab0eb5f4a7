//! The reader service stops, starts, refuses; the hot-plug thread follows and can always be stopped.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use testkit::reader::{Watching, key, with_private_service, with_private_socket};
use token::{ServiceState, SourceEvent, Token, TokenError, TransportError};

#[test]
fn a_service_that_stops_takes_its_keys_along_and_brings_them_back_when_it_starts() {
    with_private_service("a_service_that_stops_takes_its_keys_along_and_brings_them_back_when_it_starts", 2, |desk| {
        let _plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::Running { readers: 2 });
        let before = watching.inserted();
        let mut token = watching.open(&before);
        token.read().unwrap();
        for _ in 0..2 {
            desk.stop_service();
            watching.removed();
            assert_eq!(watching.service(), ServiceState::Stopped);
            assert_eq!(token.read(), Err(TokenError::Transport(TransportError::ServiceGone)));
            desk.start_service();
            assert_eq!(watching.service(), ServiceState::Running { readers: 2 });
            let after = watching.inserted();
            assert!(after.id > before.id);
            assert_eq!(watching.source_error(&before), Some(TransportError::Removed));
            token = watching.open(&after);
            assert!(token.read().is_ok());
        }
        drop(token);
        watching.stop();
    });
}

#[test]
fn a_service_that_starts_after_the_program_is_noticed_also_when_its_directory_appears_later() {
    with_private_socket(
        "a_service_that_starts_after_the_program_is_noticed_also_when_its_directory_appears_later",
        |directory| {
            std::fs::remove_dir(directory).unwrap();
            let watching = Watching::start();
            assert_eq!(watching.service(), ServiceState::Stopped);
            std::fs::create_dir(directory).unwrap();
            let desk = testkit::reader::ReaderService::new(directory, 2);
            desk.start_service();
            assert_eq!(watching.service(), ServiceState::Running { readers: 2 });
            watching.stop();
        },
    );
}

#[test]
fn watching_can_be_stopped_while_the_service_runs_and_while_it_is_absent() {
    with_private_service("watching_can_be_stopped_while_the_service_runs_and_while_it_is_absent", 2, |desk| {
        let watching = Watching::start();
        watching.service();
        watching.stop();
        desk.stop_service();
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::Stopped);
        watching.stop();
    });
}

/// Accepts clients for ever and lets `answer` speak with each.
fn fake_service(directory: &std::path::Path, answer: impl Fn(UnixStream) + Send + 'static) {
    let listener = UnixListener::bind(directory.join("pcscd.comm")).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
}

#[test]
fn a_service_of_another_protocol_version_is_named_with_its_version() {
    with_private_socket("a_service_of_another_protocol_version_is_named_with_its_version", |directory| {
        const SERVICE_STOPPED: u32 = 0x8010_001E;
        fake_service(directory, |mut client| {
            // header: size, CMD_VERSION; body: major, minor, return value
            let mut message = [0; 20];
            if client.read_exact(&mut message).is_err() {
                return;
            }
            assert_eq!(message[..8], [12u32.to_ne_bytes(), 0x11u32.to_ne_bytes()].concat());
            let body = [4i32.to_ne_bytes(), 99i32.to_ne_bytes(), SERVICE_STOPPED.to_ne_bytes()].concat();
            let _ = client.write_all(&body);
            // as pcscd: the client hangs up
            let _ = client.read(&mut [0]);
        });
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::VersionMismatch { service: Some((4, 99)) });
        watching.stop();
    });
}

#[test]
fn a_service_that_hangs_up_on_this_user_has_denied_access() {
    with_private_socket("a_service_that_hangs_up_on_this_user_has_denied_access", |directory| {
        fake_service(directory, |mut client| {
            // the version is not even looked at: pcscd closes the connection of a client the rules do not allow
            let _ = client.read_exact(&mut [0; 20]);
        });
        let watching = Watching::start();
        assert_eq!(watching.service(), ServiceState::Denied);
        watching.stop();
    });
}

#[test]
fn a_key_pulled_and_put_back_between_two_looks_is_a_new_insertion() {
    with_private_service("a_key_pulled_and_put_back_between_two_looks_is_a_new_insertion", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let (watching, gate) = Watching::gated();
        // the thread stands at the gate with this event; another one sees what it misses
        let first = loop {
            match watching.next() {
                SourceEvent::Inserted(slot) => break slot,
                _ => gate.send(()).unwrap(),
            }
        };
        let other = Watching::start();
        other.inserted();
        plugged.pull();
        other.removed();
        plugged.put_back();
        other.inserted();
        for _ in 0..4 {
            gate.send(()).unwrap();
        }
        assert_eq!(watching.removed(), first.id);
        assert_ne!(watching.inserted().id, first.id);
        other.stop();
        watching.stop();
    });
}
