//! The program `virtual-key` from outside: kill at any moment, TCP, the virtual reader's protocol, faults, the foreign card.
#![cfg(test)]

mod program;

mod tests {
    use super::program::{Folder, PIN, Running, change, open, verify, word};
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};
    use virtual_key::{Outcome, VirtualKey};

    /// Tries both PINs on a fresh power-up of the key in a file and says which of them it takes.
    fn working(file: &std::path::Path, pins: &[&str]) -> Vec<String> {
        let mut key = VirtualKey::open(file).unwrap();
        let mut send = |apdu: &[u8]| match key.exchange(apdu) {
            Outcome::Answer(answer) => Some(answer),
            other => panic!("{other:?}"),
        };
        open(&mut send).unwrap();
        pins.iter().filter(|pin| verify(&mut send, pin) == Some(0x9000)).map(|pin| (*pin).to_owned()).collect()
    }

    #[test]
    fn killed_at_any_moment_of_a_stream_of_pin_changes_it_keeps_one_whole_state_with_one_working_pin() {
        let folder = Folder::new();
        let file = folder.key(&[]);
        let mut pin = PIN.to_owned();
        let mut number = 0;
        for round in 0..40u64 {
            let mut running = Running::start(&["run", file.to_str().unwrap(), "--tcp", "0"]);
            let mut stream = running.connect();
            let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
            open(&mut send).unwrap();
            // microseconds, spread over the length of a few commands
            let moment = Instant::now() + Duration::from_micros(round * 7919 % 30_000);
            let killer = running.kill_at(moment);
            let last = loop {
                number += 1;
                let new = format!("pin{number:05}");
                match change(&mut send, &pin, &new) {
                    Some(0x9000) => pin = new,
                    Some(other) => panic!("{other:04X}"),
                    None => break new,
                }
                // the counter is under way too when the end comes
                let _ = verify(&mut send, "wrong1");
            };
            killer.join().unwrap();
            let candidates = [pin.as_str(), last.as_str()];
            let works = working(&file, &candidates);
            assert_eq!(works.len(), 1, "round {round}: {works:?} of {candidates:?}");
            pin = works.into_iter().next().unwrap();
            // bring the counter back up for the next round
            let mut key = VirtualKey::open(&file).unwrap();
            let mut send = |apdu: &[u8]| match key.exchange(apdu) {
                Outcome::Answer(answer) => Some(answer),
                _ => None,
            };
            open(&mut send).unwrap();
            assert_eq!(verify(&mut send, &pin), Some(0x9000));
        }
    }

    fn program_exchange(stream: &mut TcpStream, apdu: &[u8]) -> Option<Vec<u8>> {
        super::program::exchange(stream, apdu).ok()
    }

    #[test]
    fn over_tcp_commands_are_answered_and_a_new_connection_finds_a_key_freshly_put_in() {
        let folder = Folder::new();
        let file = folder.key(&[]);
        let mut running = Running::start(&["run", file.to_str().unwrap(), "--tcp", "0", "--log"]);
        let mut stream = running.connect();
        let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
        open(&mut send).unwrap();
        assert_eq!(verify(&mut send, PIN), Some(0x9000));
        drop(stream);
        running.wait_for("disconnected");
        let mut stream = running.connect();
        let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
        assert_eq!(word(&mut send, &[0x80, 0x28, 0, 0, 0, 0, 2, 0x10, 0]), Some(0x6A88));
        running.tell("quit");
        let log = running.finish();
        assert!(log.contains("apdu 80 18 00 01 (25 bytes) VerifyPIN -> 9000 with 0 bytes"), "{log}");
        assert!(!log.contains(PIN) && !log.to_lowercase().contains("313233343536"));
    }

    #[test]
    fn unplug_and_plug_by_command_and_faults_by_option() {
        let folder = Folder::new();
        let file = folder.key(&[]);
        let mut running = Running::start(&[
            "run",
            file.to_str().unwrap(),
            "--tcp",
            "0",
            "--fault",
            "cut-after@ins:16",
            "--fault",
            "slow=forever@ins:22",
        ]);
        let mut stream = running.connect();
        let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
        open(&mut send).unwrap();
        assert_eq!(change(&mut send, PIN, "222222"), None);
        running.wait_for("power lost");
        running.tell("plug");
        running.wait_for("plugged");
        let mut stream = running.connect();
        let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
        open(&mut send).unwrap();
        assert_eq!(verify(&mut send, "222222"), Some(0x9000));
        // a command that never ends ends by pulling the key out
        stream.write_all(&[0, 7, 0x80, 0x22, 0, 0, 0, 0, 0]).unwrap();
        running.tell("unplug");
        assert_eq!(stream.read(&mut [0; 2]).unwrap_or(0), 0);
        running.wait_for("unplugged");
        running.tell("plug");
        running.wait_for("plugged");
        let mut stream = running.connect();
        assert!(open(&mut |apdu| program_exchange(&mut stream, apdu)).is_some());
    }

    /// The reader's side of the virtual reader: waits for the key and talks frames.
    struct Reader(TcpListener);

    impl Reader {
        fn new() -> Self {
            Self(TcpListener::bind("127.0.0.1:0").unwrap())
        }

        fn port(&self) -> String {
            self.0.local_addr().unwrap().port().to_string()
        }

        fn key(&self) -> TcpStream {
            self.0.accept().unwrap().0
        }
    }

    const GET_ATR: &[u8] = &[4];

    #[test]
    fn in_the_virtual_reader_it_tells_its_atr_loses_rights_by_reset_and_comes_back() {
        let folder = Folder::new();
        let file = folder.key(&[]);
        let reader = Reader::new();
        let mut running = Running::start(&["run", file.to_str().unwrap(), "--vpcd", &reader.port()]);
        for _ in 0..2 {
            let mut stream = reader.key();
            running.wait_for("connected");
            super::program::send(&mut stream, &[1]).unwrap();
            let atr = super::program::exchange(&mut stream, GET_ATR).unwrap();
            assert_eq!(atr[..2], [0x3B, 0x9F]);
            let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
            open(&mut send).unwrap();
            super::program::send(&mut stream, &[2]).unwrap();
            let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
            assert_eq!(word(&mut send, &[0x80, 0x28, 0, 0, 0, 0, 2, 0x10, 0]), Some(0x6A88));
        }
        let mut stream = reader.key();
        running.tell("unplug");
        running.wait_for("unplugged");
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "the connection is closed");
        reader.0.set_nonblocking(true).unwrap();
        assert_eq!(reader.0.accept().err().map(|error| error.kind()), Some(ErrorKind::WouldBlock));
        reader.0.set_nonblocking(false).unwrap();
        running.tell("plug");
        let mut stream = reader.key();
        assert!(super::program::exchange(&mut stream, GET_ATR).is_ok());
    }

    #[test]
    fn a_foreign_card_prints_every_header_it_gets() {
        let reader = Reader::new();
        let mut running = Running::start(&["foreign", "--vpcd", &reader.port()]);
        let mut stream = reader.key();
        let atr = super::program::exchange(&mut stream, GET_ATR).unwrap();
        assert_ne!(atr[..2], [0x3B, 0x9F]);
        let mut send = |apdu: &[u8]| program_exchange(&mut stream, apdu);
        assert_eq!(word(&mut send, &[0, 0xA4, 4, 0, 0]), Some(0x9000));
        assert_eq!(word(&mut send, &[0x80, 0x04, 0, 0, 0, 0, 0]), Some(0x6E00));
        running.wait_for("apdu 00 A4 04 00");
        running.wait_for("apdu 80 04 00 00");
    }

    #[test]
    fn show_prints_no_secret_and_new_overwrites_nothing() {
        let folder = Folder::new();
        let file = folder.key(&["--pin", "Sesame77", "--admin-pin", "Chief99", "--state", "two-containers"]);
        let mut shown = Running::start(&["show", file.to_str().unwrap()]);
        let text = shown.finish();
        for part in ["BJCA-Application", "personalCert01", "user  PIN 10 of 10", "BJCAENVSN of 14 bytes"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let before = std::fs::read(&file).unwrap();
        for secret in ["Sesame77", "Chief99"] {
            assert!(!text.contains(secret));
        }
        let again = folder.program(&["new", "--out", file.to_str().unwrap()]);
        assert!(!again.status.success());
        assert!(String::from_utf8_lossy(&again.stderr).contains("exists"));
        assert_eq!(std::fs::read(&file).unwrap(), before);
        let short = folder.program(&["new", "--out", "other.json", "--pin", "12345"]);
        assert!(!short.status.success() && String::from_utf8_lossy(&short.stderr).contains("6 to 16"));
    }

    #[test]
    fn keys_made_in_one_folder_share_their_authority() {
        let folder = Folder::new();
        folder.key(&["--ca", "ca"]);
        let root = std::fs::read(folder.path().join("ca/root.pem")).unwrap();
        folder.key(&["--ca", "ca", "--person", "--owner", "张练习", "--days", "-3"]);
        assert_eq!(std::fs::read(folder.path().join("ca/root.pem")).unwrap(), root);
    }
}
