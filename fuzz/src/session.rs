//! Whole operations on a key that answers whatever it likes. First byte: which operations, one bit each; then the answers
//! as `FuzzBytes` takes them.

use base::secret::Pin;
use certificate::Certificate;
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};
use std::sync::{Arc, Mutex};
use token::apdu::{Command, Response};
use token::replay::FuzzBytes;
use token::{Channel, Gmt0017, KeyUse, PinKind, Token, Transport, TransportError};

/// The reader the seeds were recorded with.
pub const READER: &str = "Virtual PCD 00 00";

/// Bits of the first byte, in the order the operations run.
pub const READ: u8 = 1;
pub const PIN_INFO: u8 = 2;
pub const PUBLIC_KEY: u8 = 4;
pub const FILE: u8 = 8;
pub const VERIFY: u8 = 16;
pub const CHANGE: u8 = 32;
pub const SIGN: u8 = 64;
pub const RENEW: u8 = 128;

const VERIFY_PIN: u8 = 0x18;
const CHANGE_PIN: u8 = 0x16;
/// CreateContainer, DeleteContainer, GenECCKeyPair, ImportECCKeyPair, CreateFile, DeleteFile.
const EFFECTS: [u8; 6] = [0x40, 0x48, 0x70, 0x72, 0x30, 0x32];

pub fn run(data: &[u8]) {
    let Some((&operations, answers)) = data.split_first() else { return };
    operate(operations, Box::new(FuzzBytes::new(answers)));
}

/// Runs the operations one after the other, as a person would ask for them.
pub fn operate(operations: u8, transport: Box<dyn Transport>) {
    let sent = Sent::default();
    let mut token = Gmt0017::new(Box::new(Watched { transport, sent: sent.clone() }), READER);
    let asked = |bit| operations & bit != 0;
    let pin = |text: &str| Pin::new(text.as_bytes()).unwrap();
    let mut container = "container".to_owned();
    if asked(READ)
        && let Ok(contents) = token.read()
    {
        for found in &contents.containers {
            for der in [&found.sign, &found.encrypt].into_iter().flatten() {
                let _ = Certificate::parse(der);
            }
        }
        if let Some(current) = contents.current_container() {
            container.clone_from(&current.name);
        }
    }
    if asked(PIN_INFO) {
        let _ = token.pin_info(PinKind::User);
    }
    if asked(PUBLIC_KEY) {
        let _ = token.public_key(&container, KeyUse::Sign);
    }
    if asked(FILE) {
        assert!(token.read_file("BJCAENVSN", 64).map_or(0, |bytes| bytes.len()) <= 64, "longer than asked for");
    }
    sent.at_most(0, 0);
    if asked(VERIFY) {
        let _ = token.verify_pin(pin("123456"));
        sent.at_most(1, 0);
    }
    if asked(CHANGE) {
        let _ = token.change_pin(pin("123456"), pin("abc123"));
        sent.at_most(1, 1);
    }
    if asked(SIGN) {
        let _ = token.sign_digest(&container, pin("123456"), &[7; 32]);
        sent.at_most(1, 0);
    }
    if asked(RENEW) {
        renew(&mut token, &sent);
    }
    drop(token);
    sent.at_most(0, 0);
}

/// The calls of a renewal; one that fails stops none of the next.
fn renew(token: &mut Gmt0017, sent: &Sent) {
    let cipher = Sm2Cipher { point: [1; 64], hash: [2; 32], text: vec![3; 16] };
    let package = EnvelopedKey { wrapped: cipher.clone(), public: PublicKey([4; 64]), encrypted: vec![5; 32] };
    let _ = token.containers();
    sent.at_most(0, 0);
    let login = token.login(Pin::new(b"123456").unwrap());
    sent.nothing_written();
    sent.at_most(1, 0);
    let Ok(mut login) = login else { return };
    let _ = login.create_container("new");
    sent.at_most(0, 0);
    let _ = login.generate_key_pair("new");
    sent.at_most(0, 0);
    let _ = login.sign("new", &[7; 32]);
    let _ = login.import_key_pair("new", &package);
    sent.at_most(0, 0);
    let _ = login.import_certificate("new", KeyUse::Sign, &[8; 1200]);
    if let Ok(plain) = login.decrypt("new", &cipher) {
        assert_eq!(plain.len(), cipher.text.len(), "plain text has the length of its cipher text");
    }
    let _ = login.read_certificate("new", KeyUse::Sign);
    sent.at_most(0, 0);
    let _ = login.write_file("BJCAENVSN", b"new");
    sent.at_most(0, 0);
    let _ = login.delete_container("new");
    sent.at_most(0, 0);
}

/// The instructions that went out since the last look.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<u8>>>);

impl Sent {
    /// Without a login nothing is written.
    #[track_caller]
    fn nothing_written(&self) {
        let sent = self.0.lock().unwrap();
        assert!(sent.iter().all(|byte| !EFFECTS.contains(byte)), "written without the PIN: {sent:02X?}");
    }

    #[track_caller]
    fn at_most(&self, verify: usize, change: usize) {
        let sent = std::mem::take(&mut *self.0.lock().unwrap());
        let count = |instruction| sent.iter().filter(|&&byte| byte == instruction).count();
        assert!(EFFECTS.iter().all(|effect| count(*effect) <= 1), "an effect is asked for once: {sent:02X?}");
        assert!(count(VERIFY_PIN) <= verify && count(CHANGE_PIN) <= change, "a PIN is sent once: {sent:02X?}");
    }
}

struct Watched {
    transport: Box<dyn Transport>,
    sent: Sent,
}

impl Transport for Watched {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        Ok(Box::new(WatchedChannel { channel: self.transport.begin()?, sent: &self.sent }))
    }

    fn atr(&self) -> &[u8] {
        self.transport.atr()
    }
}

struct WatchedChannel<'a> {
    channel: Box<dyn Channel + 'a>,
    sent: &'a Sent,
}

impl Channel for WatchedChannel<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        self.sent.0.lock().unwrap().push(command.header()[1]);
        self.channel.transmit(command)
    }

    fn was_reset(&self) -> bool {
        self.channel.was_reset()
    }
}
