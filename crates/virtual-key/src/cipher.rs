//! Session keys: SM4 in ECB and CBC, and CBC-MAC (wire-format/crypto-commands.md#ciphers).
//!
//! Init names the key and its parameters; Update takes whole blocks, Final the rest; the single command is both.

use super::card::{Answer, Card, Fields, Reply, Request, Stop, stop, sw};
use gm::{Sm4Key, cbc_decrypt, cbc_encrypt, cbc_mac, ecb_decrypt, ecb_encrypt, pad80};
use zeroize::Zeroizing;

const BLOCK: usize = 16;
/// Session keys at a time.
const MOST: usize = 32;
/// Bytes one MAC may cover.
const LONGEST_MAC: usize = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Ecb,
    Cbc,
    Mac,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
    Mac,
}

/// An operation between Init and Final.
struct Running {
    direction: Direction,
    iv: [u8; BLOCK],
    pkcs5: bool,
    /// Bytes the MAC covers so far.
    collected: Zeroizing<Vec<u8>>,
}

pub(super) struct SessionKey {
    mode: Mode,
    key: Sm4Key,
    running: Option<Running>,
}

impl SessionKey {
    /// SGD_SM4_ECB, _CBC and _MAC.
    pub(super) fn new(algorithm: u32, key: Sm4Key) -> Result<Self, Stop> {
        let mode = match algorithm {
            0x401 => Mode::Ecb,
            0x402 => Mode::Cbc,
            0x410 => Mode::Mac,
            _ => return Err(stop(sw::KEY_ALGORITHM)),
        };
        Ok(Self { mode, key, running: None })
    }

    fn init(&mut self, direction: Direction, fields: &mut Fields<'_>) -> Result<(), Stop> {
        let length = usize::from(fields.u16()?);
        let iv = fields.bytes(length)?;
        let (padding, _feedback) = (fields.u32()?, fields.u32()?);
        fields.end()?;
        let needs_iv = direction == Direction::Mac || self.mode == Mode::Cbc;
        let iv = match iv.try_into() {
            Ok(iv) => iv,
            Err(_) if !needs_iv => [0; BLOCK],
            Err(_) => return Err(stop(sw::DATA)),
        };
        if padding > 1 {
            return Err(stop(sw::DATA));
        }
        self.running = Some(Running { direction, iv, pkcs5: padding == 1, collected: Zeroizing::default() });
        Ok(())
    }

    fn running(&mut self, direction: Direction) -> Result<(&Sm4Key, Mode, &mut Running), Stop> {
        let running = self.running.as_mut().filter(|running| running.direction == direction);
        Ok((&self.key, self.mode, running.ok_or(stop(0x6985))?))
    }

    fn update(&mut self, direction: Direction, data: &[u8]) -> Result<Vec<u8>, Stop> {
        let (key, mode, running) = self.running(direction)?;
        let bad = |_| stop(sw::LENGTH);
        let (out, last) = match (direction, mode) {
            (Direction::Mac, _) => {
                if running.collected.len() + data.len() > LONGEST_MAC {
                    return Err(stop(sw::NO_SPACE));
                }
                running.collected.extend_from_slice(data);
                return Ok(Vec::new());
            }
            (Direction::Encrypt, Mode::Cbc) => {
                let out = cbc_encrypt(key, &running.iv, data).map_err(bad)?;
                let last = out.last_chunk().copied();
                (out, last)
            }
            (Direction::Decrypt, Mode::Cbc) => {
                (cbc_decrypt(key, &running.iv, data).map_err(bad)?.to_vec(), data.last_chunk().copied())
            }
            (Direction::Encrypt, Mode::Ecb) => (ecb_encrypt(key, data).map_err(bad)?, None),
            (Direction::Decrypt, Mode::Ecb) => (ecb_decrypt(key, data).map_err(bad)?.to_vec(), None),
            (_, Mode::Mac) => return Err(stop(sw::KEY_ALGORITHM)),
        };
        running.iv = last.unwrap_or(running.iv);
        Ok(out)
    }

    fn finish(&mut self, direction: Direction, rest: &[u8]) -> Result<Vec<u8>, Stop> {
        let (key, _, running) = self.running(direction)?;
        let pkcs5 = running.pkcs5;
        let out = match direction {
            Direction::Mac => {
                running.collected.extend_from_slice(rest);
                let whole = !running.collected.is_empty() && running.collected.len().is_multiple_of(BLOCK);
                // a whole message is taken as it is, a ragged one is padded: what the PIN helper relies on
                let message = if whole { running.collected.clone() } else { pad80(&running.collected) };
                cbc_mac(key, &running.iv, &message).map_err(|_| stop(sw::LENGTH))?.to_vec()
            }
            Direction::Encrypt if pkcs5 => {
                let fill = u8::try_from(BLOCK - rest.len() % BLOCK).unwrap_or(16);
                let mut padded = Zeroizing::new(rest.to_vec());
                padded.resize(rest.len() + usize::from(fill), fill);
                self.update(direction, &padded)?
            }
            Direction::Decrypt if pkcs5 && !rest.is_empty() => {
                let mut plain = self.update(direction, rest)?;
                let fill = usize::from(plain.last().copied().unwrap_or(0));
                if fill == 0 || fill > BLOCK || !plain.iter().rev().take(fill).all(|byte| usize::from(*byte) == fill) {
                    return Err(stop(sw::DATA));
                }
                plain.truncate(plain.len() - fill);
                plain
            }
            Direction::Encrypt | Direction::Decrypt => self.update(direction, rest)?,
        };
        self.running = None;
        Ok(out)
    }
}

impl Card {
    pub(super) fn encrypt_init(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_init(request, Direction::Encrypt)
    }

    pub(super) fn encrypt_single(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Encrypt)
    }

    pub(super) fn encrypt_update(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_update(request, Direction::Encrypt)
    }

    pub(super) fn encrypt_final(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Encrypt)
    }

    pub(super) fn decrypt_init(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_init(request, Direction::Decrypt)
    }

    pub(super) fn decrypt_single(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Decrypt)
    }

    pub(super) fn decrypt_update(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_update(request, Direction::Decrypt)
    }

    pub(super) fn decrypt_final(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Decrypt)
    }

    pub(super) fn mac_init(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_init(request, Direction::Mac)
    }

    pub(super) fn mac_single(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Mac)
    }

    pub(super) fn mac_update(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_update(request, Direction::Mac)
    }

    pub(super) fn mac_final(&mut self, request: &Request<'_>) -> Answer {
        self.cipher_finish(request, Direction::Mac)
    }

    /// 80 C4: app2 ‖ cont2 ‖ key2.
    pub(super) fn destroy_session_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let id = (fields.u16()?, fields.u16()?, fields.u16()?);
        fields.end()?;
        self.session.keys.remove(&id).map(|_| Reply::Done).ok_or(stop(sw::NO_KEY))
    }

    /// C0 12: app2 ‖ cont2 ‖ algorithm4 ‖ key32, of which SM4 uses the first 16 bytes; answers key id2
    /// (wire-format/vendor-commands.md#session-key).
    pub(super) fn set_session_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let algorithm = fields.u32()?;
        let key = Sm4Key::new(fields.array()?);
        fields.bytes(BLOCK)?;
        fields.end()?;
        let id = self.add_session_key(application, container, SessionKey::new(algorithm, key)?)?;
        Ok(Reply::Data(id.to_be_bytes().to_vec()))
    }

    pub(super) fn add_session_key(&mut self, application: u16, container: u16, key: SessionKey) -> Result<u16, Stop> {
        self.handles(application, container)?;
        if self.session.keys.len() >= MOST {
            return Err(stop(sw::NO_SPACE));
        }
        self.session.last_key = self.session.last_key.wrapping_add(1);
        let id = self.session.last_key;
        self.session.keys.insert((application, container, id), key);
        Ok(id)
    }

    fn session_key(&mut self, fields: &mut Fields<'_>) -> Result<&mut SessionKey, Stop> {
        let id = (fields.u16()?, fields.u16()?, fields.u16()?);
        self.handles(id.0, id.1)?;
        self.session.keys.get_mut(&id).ok_or(stop(sw::NO_KEY))
    }

    /// app2 ‖ cont2 ‖ key2 ‖ IV length2 ‖ IV ‖ padding4 ‖ feedback bits4.
    fn cipher_init(&mut self, request: &Request<'_>, direction: Direction) -> Answer {
        let mut fields = request.plain()?;
        self.session_key(&mut fields)?.init(direction, &mut fields).map(|()| Reply::Done)
    }

    fn cipher_update(&mut self, request: &Request<'_>, direction: Direction) -> Answer {
        let mut fields = request.plain()?;
        self.session_key(&mut fields)?.update(direction, fields.rest()).map(Reply::Data)
    }

    fn cipher_finish(&mut self, request: &Request<'_>, direction: Direction) -> Answer {
        let mut fields = request.plain()?;
        self.session_key(&mut fields)?.finish(direction, fields.rest()).map(Reply::Data)
    }
}
