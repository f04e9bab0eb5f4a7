//! Access control: PINs and device authentication (wire-format/pins.md).
//!
//! Invariants: a retry counter is stored one lower before the PIN or key it guards is looked at; a challenge is used once,
//! whatever comes of it; a protected command with a wrong MAC is a wrong try.

use super::card::{Answer, Card, Effect, Fields, Reply, Request, Stop, stop, sw, wrong};
use super::state::{PinState, Secret, Tries};
use gm::{Sm4Key, cbc_mac, ecb_decrypt, ecb_encrypt, pad80, pin_key};
use zeroize::Zeroizing;

const BLOCK: usize = 16;
const MAC: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Admin,
    User,
}

impl Kind {
    const fn of(p2: u8) -> Result<Self, Stop> {
        match p2 {
            0 => Ok(Self::Admin),
            1 => Ok(Self::User),
            _ => Err(stop(sw::PARAMETERS)),
        }
    }
}

impl Card {
    /// 80 50: random bytes; P1=00 sets the challenge of the PIN commands, P1=01 that of remote unblocking.
    pub(super) fn gen_random(&mut self, request: &Request<'_>) -> Answer {
        if !request.data.is_empty() {
            return Err(stop(sw::LENGTH));
        }
        let count = usize::try_from(request.ne.ok_or(stop(sw::LENGTH))?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count.min(1024)];
        self.random(&mut bytes)?;
        match (request.p1, request.p2) {
            (0, 0) => self.session.challenge = bytes.first_chunk().copied(),
            (1, 0) if (8..=BLOCK).contains(&bytes.len()) => {
                let mut padded = [0; BLOCK];
                for (to, from) in padded.iter_mut().zip(&bytes) {
                    *to = *from;
                }
                self.session.remote_challenge = Some(padded);
            }
            (1, 0) => return Err(stop(sw::LENGTH)),
            _ => return Err(stop(sw::PARAMETERS)),
        }
        Ok(Reply::Data(bytes))
    }

    /// 80 14: tries and whether the PIN was never changed. Costs nothing.
    pub(super) fn get_pin_info(&mut self, request: &Request<'_>) -> Answer {
        let kind = Kind::of(request.p2)?;
        let mut fields = request.with(0, request.p2)?;
        let application = fields.u16()?;
        fields.end()?;
        let pin = self.pin(application, kind)?;
        Ok(Reply::Data(vec![pin.tries.max, pin.tries.left, u8::from(pin.is_default)]))
    }

    /// 80 18: block `08 00 ‖ RND8 ‖ 80 00…` under the PIN's key.
    pub(super) fn verify_pin(&mut self, request: &Request<'_>) -> Answer {
        let kind = Kind::of(request.p2)?;
        let mut fields = request.with(0, request.p2)?;
        let application = fields.u16()?;
        let block: [u8; BLOCK] = fields.array()?;
        fields.end()?;
        if self.pin(application, kind)?.tries.left == 0 {
            return Err(stop(sw::LOCKED));
        }
        let challenge = self.take_challenge()?;
        self.spend(application, kind)?;
        let expected = Zeroizing::new([&[8, 0], challenge.as_slice(), &[0x80, 0, 0, 0, 0, 0]].concat());
        let pin = self.pin(application, kind)?;
        if ecb_encrypt(&pin_key(pin.value.expose()), &expected).ok().as_deref() != Some(block.as_slice()) {
            let left = pin.tries.left;
            self.set_right(application, kind, false);
            return Err(wrong(left));
        }
        pin.tries.left = pin.tries.max;
        self.commit(Effect::Main)?;
        self.set_right(application, kind, true);
        Ok(Reply::Done)
    }

    /// 84 16: new PIN under the key of the old one, with MAC. Needs the right of that PIN (GM/T 0016 §8.2.2).
    pub(super) fn change_pin(&mut self, request: &Request<'_>) -> Answer {
        let kind = Kind::of(request.p2)?;
        let mut fields = request.with(0, request.p2)?;
        let application = fields.u16()?;
        let protected = Protected::read(&mut fields)?;
        if self.pin(application, kind)?.tries.left == 0 {
            return Err(stop(sw::LOCKED));
        }
        let rights = self.session.rights(application);
        if !(rights.admin || kind == Kind::User && rights.user) {
            return Err(stop(sw::NO_RIGHT));
        }
        let iv = challenge_iv(self.take_challenge()?);
        let new = self.open_new_pin(application, kind, &iv, &protected)?;
        let pin = self.pin(application, kind)?;
        *pin = PinState::new(&new, pin.tries.max, false);
        self.done()
    }

    /// 84 1A: new user PIN under the key of the admin PIN, with MAC; no login before. P1=01 is the remote form, whose
    /// response was made elsewhere for the challenge of `80 50 P1=01`.
    pub(super) fn unblock_pin(&mut self, request: &Request<'_>) -> Answer {
        let remote = request.p1 == 1;
        let mut fields = request.with(u8::from(remote), 0)?;
        let application = fields.u16()?;
        let protected = Protected::read(&mut fields)?;
        if self.pin(application, Kind::Admin)?.tries.left == 0 {
            return Err(stop(sw::LOCKED));
        }
        let iv = if remote {
            self.session.remote_challenge.take().ok_or(stop(sw::NO_CHALLENGE))?
        } else {
            challenge_iv(self.take_challenge()?)
        };
        let new = self.open_new_pin(application, Kind::Admin, &iv, &protected)?;
        let admin = self.pin(application, Kind::Admin)?;
        admin.tries.left = admin.tries.max;
        let user = self.pin(application, Kind::User)?;
        *user = PinState::new(&new, user.tries.max, false);
        self.done()?;
        self.set_right(application, Kind::User, false);
        Ok(Reply::Done)
    }

    /// 80 1C.
    pub(super) fn clear_secure_state(&mut self, request: &Request<'_>) -> Answer {
        let application = request.only_id()?;
        self.application(application)?;
        *self.session.rights_mut(application) = super::session::Rights::default();
        Ok(Reply::Done)
    }

    /// 80 10: the random under the device key. The last wrong try answers 6983, never 63C0: a host takes 63C0 for
    /// success (wire-format/pins.md#device-authentication).
    pub(super) fn device_auth(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(0, if request.p2 == 2 { 2 } else { 0 })?;
        let block: [u8; BLOCK] = fields.array()?;
        fields.end()?;
        let challenge = self.take_challenge()?;
        let key = self.spend_device()?;
        let expected = challenge_iv(challenge);
        if ecb_encrypt(&key, &expected).ok().as_deref() != Some(block.as_slice()) {
            self.session.device_right = false;
            return Err(match self.state.device.auth_tries.left {
                0 => stop(sw::LOCKED),
                left => wrong(left),
            });
        }
        self.restore_device_tries();
        self.commit(Effect::Main)?;
        self.session.device_right = true;
        Ok(Reply::Done)
    }

    /// 84 12 and the vendor's C0 36: new device key under the old one, with MAC over the new key (as with PINs).
    pub(super) fn change_device_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(0, if request.p2 == 2 { 2 } else { 0 })?;
        let block: [u8; BLOCK] = fields.array()?;
        let mac: [u8; MAC] = fields.array()?;
        fields.end()?;
        self.need_device()?;
        let iv = challenge_iv(self.take_challenge()?);
        let key = self.spend_device()?;
        let new = ecb_decrypt(&key, &block).map_err(|_| stop(sw::DATA))?;
        if !mac_matches(&key, &iv, &new, mac) {
            return Err(match self.state.device.auth_tries.left {
                0 => stop(sw::LOCKED),
                left => wrong(left),
            });
        }
        self.restore_device_tries();
        self.state.device.auth_key = Secret::new(&new);
        self.done()
    }

    fn pin(&mut self, application: u16, kind: Kind) -> Result<&mut PinState, Stop> {
        let application = self.application(application)?;
        Ok(match kind {
            Kind::Admin => &mut application.admin,
            Kind::User => &mut application.user,
        })
    }

    fn set_right(&mut self, application: u16, kind: Kind, given: bool) {
        let rights = self.session.rights_mut(application);
        match kind {
            Kind::Admin => rights.admin = given,
            Kind::User => rights.user = given,
        }
    }

    fn take_challenge(&mut self) -> Result<[u8; 8], Stop> {
        self.session.challenge.take().ok_or(stop(sw::NO_CHALLENGE))
    }

    /// Takes one try away and stores that.
    fn spend(&mut self, application: u16, kind: Kind) -> Result<(), Stop> {
        let tries = &mut self.pin(application, kind)?.tries;
        tries.left = tries.left.saturating_sub(1);
        self.commit(Effect::Counter)
    }

    fn spend_device(&mut self) -> Result<Sm4Key, Stop> {
        let device = &mut self.state.device;
        if device.auth_tries.left == 0 {
            return Err(stop(sw::LOCKED));
        }
        device.auth_tries.left -= 1;
        let key = <[u8; BLOCK]>::try_from(device.auth_key.expose()).map_err(|_| stop(sw::INTERNAL))?;
        self.commit(Effect::Counter)?;
        Ok(Sm4Key::new(key))
    }

    fn restore_device_tries(&mut self) {
        let Tries { max, .. } = self.state.device.auth_tries;
        self.state.device.auth_tries = Tries::full(max);
    }

    /// Opens a new PIN with the key of the present one. A wrong block or MAC means a wrong PIN; a new PIN the key does not
    /// take costs no try, because the MAC proved the present one.
    fn open_new_pin(
        &mut self,
        application: u16,
        kind: Kind,
        iv: &[u8; BLOCK],
        protected: &Protected<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Stop> {
        self.spend(application, kind)?;
        let range = self.state.device.pin_length;
        let pin = self.pin(application, kind)?;
        let key = pin_key(pin.value.expose());
        let plain = ecb_decrypt(&key, protected.block).map_err(|_| stop(sw::LENGTH))?;
        let Some(new) = new_pin(&plain).filter(|new| mac_matches(&key, iv, new, protected.mac)) else {
            return Err(wrong(pin.tries.left));
        };
        pin.tries.left = pin.tries.max;
        if !(usize::from(range.0)..=usize::from(range.1)).contains(&new.len()) {
            self.commit(Effect::Counter)?;
            return Err(stop(sw::DATA));
        }
        Ok(Zeroizing::new(new.to_vec()))
    }
}

/// Cipher text of a new PIN and its MAC.
struct Protected<'a> {
    block: &'a [u8],
    mac: [u8; MAC],
}

impl<'a> Protected<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, Stop> {
        let (block, mac) = fields.rest().split_last_chunk().ok_or(stop(sw::LENGTH))?;
        match block.len() {
            16 | 32 | 48 => Ok(Self { block, mac: *mac }),
            _ => Err(stop(sw::LENGTH)),
        }
    }
}

/// `LD ‖ PIN ‖ 80 00…` with LD of two bytes, little-endian.
fn new_pin(plain: &[u8]) -> Option<&[u8]> {
    let (length, rest) = plain.split_first_chunk()?;
    let (pin, padding) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let (0x80, zeros) = padding.split_first()? else { return None };
    zeros.iter().all(|byte| *byte == 0).then_some(pin)
}

/// The MAC over the clear value. Whole blocks: hosts exist that add a block of padding and that do not
/// (wire-format/pins.md#mac).
fn mac_matches(key: &Sm4Key, iv: &[u8; BLOCK], clear: &[u8], mac: [u8; MAC]) -> bool {
    let is = |message: &[u8]| cbc_mac(key, iv, message).is_ok_and(|full| full.starts_with(&mac));
    is(&pad80(clear)) || (!clear.is_empty() && clear.len().is_multiple_of(BLOCK) && is(clear))
}

fn challenge_iv(challenge: [u8; 8]) -> [u8; BLOCK] {
    let mut iv = [0; BLOCK];
    for (to, from) in iv.iter_mut().zip(challenge) {
        *to = from;
    }
    iv
}
