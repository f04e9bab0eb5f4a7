//! A USB key in software whose admin PIN is that of the CA's books, driven byte by byte as a host drives it.

use crate::world::{Customer, World};
use ca_service::audit::Actor;
use ca_service::registry::devices;
use gm::signed_data::{Content, build};
use gm::{pad80, pin_key};
use order_api::Base64;
use std::sync::atomic::{AtomicU64, Ordering};
use virtual_key::personalise::personalise;
use virtual_key::state::Slot;
use virtual_key::{KeyState, Outcome, Spec, State, TestCa, VirtualKey};

const APP: [u8; 2] = [0x10, 0x00];
const CONT: [u8; 2] = [0x30, 0x01];

pub struct Key {
    card: VirtualKey,
    pub serial: String,
    pub admin_pin: String,
}

pub fn fresh_serial() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:016X}", 0xC0DE_0000_0000_0000 + NEXT.fetch_add(1, Ordering::SeqCst))
}

impl Key {
    /// A locked key with the certificates of a customer, and its device in the books.
    pub async fn of(world: &World, customer: &Customer) -> Self {
        let serial = fresh_serial();
        devices::register(world.service(), &serial, customer.id, Actor::SERVICE).await.unwrap();
        let admin = devices::admin_pin(world.service(), &serial, Actor::SERVICE).await.unwrap();
        Self::made(customer, &serial, std::str::from_utf8(admin.expose()).unwrap())
    }

    /// A locked key with any admin PIN.
    pub fn made(customer: &Customer, serial: &str, admin_pin: &str) -> Self {
        let mut spec = Spec::new(&customer.name, "10200000016873").state(State::Locked);
        spec.admin_pin = admin_pin.to_owned();
        spec.device_serial = Some(serial.to_owned());
        let mut state: KeyState = personalise(&spec, &TestCa::create().unwrap()).unwrap();
        let container = &mut state.applications[0].containers[0];
        container.sign = Slot::with_key(&customer.key);
        container.sign.certificate = Some(customer.certificate.clone());
        container.encrypt = Slot::with_key(&customer.encryption);
        container.encrypt.certificate = Some(customer.encryption_certificate.clone());
        let mut key = Self { card: VirtualKey::new(state), serial: serial.to_owned(), admin_pin: admin_pin.to_owned() };
        key.open();
        key
    }

    /// Out and in again.
    pub fn replug(&mut self) {
        self.card.reset();
        self.open();
    }

    fn open(&mut self) {
        self.ok(&apdu(0x80, 0x26, 0, 0, b"BJCA-Application", Some(10)));
        let name = [APP.as_slice(), b"personalCert00"].concat();
        assert_eq!(self.ok(&apdu(0x80, 0x42, 0, 0, &name, Some(2))), CONT);
    }

    fn send(&mut self, apdu: &[u8]) -> (Vec<u8>, u16) {
        let Outcome::Answer(mut answer) = self.card.exchange(apdu) else { panic!("no answer") };
        let word = answer.split_off(answer.len() - 2);
        (answer, u16::from_be_bytes([word[0], word[1]]))
    }

    fn ok(&mut self, apdu: &[u8]) -> Vec<u8> {
        let (data, word) = self.send(apdu);
        assert_eq!(word, 0x9000, "{word:04X}");
        data
    }

    /// Tries left: user PIN, admin PIN.
    pub fn tries(&mut self) -> (u8, u8) {
        let mut left = |kind| self.ok(&apdu(0x80, 0x14, 0, kind, &APP, Some(3)))[1];
        (left(1), left(0))
    }

    /// Challenge for remote unblocking.
    pub fn challenge(&mut self, length: u16) -> Vec<u8> {
        self.ok(&apdu(0x80, 0x50, 1, 0, &[], Some(length)))
    }

    /// Gives the key an answer of the CA; its status word.
    pub fn unblock(&mut self, response: &[u8]) -> u16 {
        self.send(&apdu(0x84, 0x1A, 1, 0, &[APP.as_slice(), response].concat(), None)).1
    }

    pub fn verify(&mut self, pin: &[u8]) -> u16 {
        let random = self.ok(&apdu(0x80, 0x50, 0, 0, &[], Some(8)));
        let block = [&[8, 0], random.as_slice(), &[0x80, 0, 0, 0, 0, 0]].concat();
        let cipher = gm::ecb_encrypt(&pin_key(pin), &block).unwrap();
        self.send(&apdu(0x80, 0x18, 0, 1, &[APP.as_slice(), &cipher].concat(), None)).1
    }

    /// The person's own PIN in place of the present one.
    pub fn change(&mut self, old: &[u8], new: &[u8]) {
        assert_eq!(self.verify(old), 0x9000);
        let random = self.ok(&apdu(0x80, 0x50, 0, 0, &[], Some(8)));
        let key = pin_key(old);
        let length = u16::try_from(new.len()).unwrap().to_le_bytes();
        let framed = pad80(&[length.as_slice(), new].concat()).to_vec();
        let cipher = gm::ecb_encrypt(&key, &framed).unwrap();
        let mut iv = [0; 16];
        iv[..8].copy_from_slice(&random);
        let mac = gm::cbc_mac(&key, &iv, &pad80(new)).unwrap();
        let data = [APP.as_slice(), &cipher, &mac[..4]].concat();
        self.ok(&apdu(0x84, 0x16, 0, 1, &data, None));
    }

    /// Detached `SignedData` by the key itself, which wants its PIN verified before; `None` when it refuses.
    pub fn sign(&mut self, certificate: &[u8], body: &[u8]) -> Option<String> {
        let read = certificate::Certificate::parse(certificate).unwrap();
        let holder = read.holder().unwrap();
        let digest = holder.key.digest(gm::DEFAULT_ID.as_bytes(), body);
        let (answer, word) =
            self.send(&apdu(0x80, 0x74, 2, 0, &[APP.as_slice(), &CONT, digest.as_slice()].concat(), None));
        let signature: [u8; 64] = answer.get(answer.len().checked_sub(64)?..)?.try_into().ok()?;
        (word == 0x9000)
            .then(|| Base64::text(&build(certificate, &holder, body, Content::Detached, &signature).unwrap()))
    }
}

/// Extended form, as hosts send it.
fn apdu(cla: u8, ins: u8, p1: u8, p2: u8, data: &[u8], le: Option<u16>) -> Vec<u8> {
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
