//! Whole operations on a key that answers whatever it likes. First byte: which operations, one bit each; then the answers
//! as `FuzzBytes` takes them.

use cert_assistant::apdu::{Command, Response};
use cert_assistant::cert::Certificate;
use cert_assistant::secret::Pin;
use cert_assistant::token::replay::FuzzBytes;
use cert_assistant::token::{Channel, Gmt0017, KeyUse, PinKind, Token, Transport, TransportError};
use std::sync::{Arc, Mutex};

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

const VERIFY_PIN: u8 = 0x18;
const CHANGE_PIN: u8 = 0x16;

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
}

/// The instructions that went out since the last look.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<u8>>>);

impl Sent {
    #[track_caller]
    fn at_most(&self, verify: usize, change: usize) {
        let sent = std::mem::take(&mut *self.0.lock().unwrap());
        let count = |instruction| sent.iter().filter(|&&byte| byte == instruction).count();
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
