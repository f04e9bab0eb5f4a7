//! SM2 commands (wire-format/crypto-commands.md). The private keys never leave.

use super::card::{Answer, Card, Fields, Reply, Request, Stop, stop, sw};
use super::cipher::SessionKey;
use super::state::Slot;
use gm::{CryptoError, DEFAULT_ID, PrivateKey, PublicKey, Sm2Cipher, Sm4Key, ecb_decrypt};
use zeroize::Zeroizing;

/// Length of the key in bits, as it stands in front of points and signatures.
const BITS: [u8; 4] = [0, 0, 1, 0];

/// SM4 in ECB: the only cipher an encryption key may be wrapped with (GM/T 0016 §6.4.10).
const SM4_ECB: u32 = 0x401;

impl Card {
    /// 80 70: a new signing pair; a pair and certificate that were there are lost. Answers X ‖ Y without bit length.
    pub(super) fn generate_pair(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let bits: [u8; 4] = fields.array()?;
        fields.end()?;
        self.need_user(application)?;
        self.slot(application, container, 1)?;
        if bits != BITS {
            return Err(stop(sw::NOT_SUPPORTED));
        }
        self.reserve(96)?;
        let key = PrivateKey::generate().map_err(|_| stop(0x6915))?;
        *self.slot(application, container, 1)? = Slot::with_key(&key);
        self.done()?;
        Ok(Reply::Data(key.public().0.to_vec()))
    }

    /// 80 72: the encryption pair, wrapped for the signing key: app2 ‖ cont2 ‖ algorithm of the pair4 ‖ symmetric
    /// algorithm4 ‖ cipher of the wrapping key ‖ bits4 ‖ X ‖ Y ‖ length4 ‖ wrapped d, of which the last 32 bytes count.
    pub(super) fn import_pair(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        fields.u32()?;
        let algorithm = fields.u32()?;
        let wrapping = cipher(&mut fields)?;
        let public = point(&mut fields)?;
        let wrapped = fields.counted()?;
        fields.end()?;
        self.need_user(application)?;
        let signing = self.private_key(application, container, 1)?;
        if algorithm != SM4_ECB {
            return Err(stop(sw::KEY_ALGORITHM));
        }
        let Some((_, wrapped)) = wrapped.split_last_chunk::<32>() else { return Err(stop(sw::LENGTH)) };
        self.reserve(96)?;
        let key = sm4_key(&signing, &wrapping)?;
        let d = ecb_decrypt(&key, wrapped).map_err(|_| stop(sw::LENGTH))?;
        let pair = PrivateKey::from_bytes(&d).map_err(|_| stop(sw::DECRYPT))?;
        if pair.public() != public {
            return Err(stop(sw::DECRYPT));
        }
        *self.slot(application, container, 0)? = Slot::with_key(&pair);
        self.done()
    }

    /// 80 74: P1=02 signs a digest e; P1=01 signs a message with an identity given. Answers bits4 ‖ r ‖ s.
    pub(super) fn sign(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(request.p1, 0)?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let input = match request.p1 {
            2 => Input::Digest(fields.array()?),
            1 => Input::Message(fields.counted()?, fields.rest()),
            _ => return Err(stop(sw::PARAMETERS)),
        };
        fields.end()?;
        self.container(application, container)?;
        self.need_user(application)?;
        let key = self.private_key(application, container, 1)?;
        let e = match input {
            Input::Digest(e) => e,
            Input::Message(id, message) => key.public().digest(id, message),
        };
        let signature = key.sign_digest(&e).map_err(|_| stop(sw::SIGN))?;
        if self.state.device.login_per_signature {
            self.session.rights_mut(application).user = false;
        }
        Ok(Reply::Data([BITS.as_slice(), &signature].concat()))
    }

    /// 80 76: bits4 ‖ X ‖ Y ‖ length4 ‖ e ‖ r ‖ s.
    pub(super) fn verify(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let public = point(&mut fields)?;
        let e = fields.counted()?.try_into().map_err(|_| stop(sw::DATA))?;
        let signature = fields.array()?;
        fields.end()?;
        public.verify_digest(&e, &signature).map(|()| Reply::Done).map_err(|_| stop(sw::SIGNATURE))
    }

    /// 80 78: a new session key, encrypted for a public key; answers the cipher ‖ key id2.
    pub(super) fn export_session_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let public = point(&mut fields)?;
        let algorithm = fields.u32()?;
        fields.end()?;
        self.container(application, container)?;
        let mut key = Sm4Key::default();
        self.random(key.as_mut_slice())?;
        let cipher = public.encrypt(key.as_slice()).map_err(|_| stop(sw::ENCRYPT))?;
        let id = self.add_session_key(application, container, SessionKey::new(algorithm, key)?)?;
        Ok(Reply::Data([cipher_bytes(&cipher).as_slice(), &id.to_be_bytes()].concat()))
    }

    /// 80 7A: bits4 ‖ X ‖ Y ‖ length4 ‖ data.
    pub(super) fn encrypt_for(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let public = point(&mut fields)?;
        let message = fields.counted()?;
        fields.end()?;
        public.encrypt(message).map(|cipher| Reply::Data(cipher_bytes(&cipher))).map_err(|_| stop(sw::ENCRYPT))
    }

    /// 80 88: bits4 ‖ X ‖ Y of the signing (P1=01) or encryption key.
    pub(super) fn export_public_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(request.p1, 0)?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        fields.end()?;
        let key = self.private_key(application, container, request.p1)?;
        Ok(Reply::Data([BITS.as_slice(), &key.public().0].concat()))
    }

    /// 80 A0: app2 ‖ cont2 ‖ algorithm4 ‖ length4 ‖ cipher for the encryption key; answers key id2.
    pub(super) fn import_session_key(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let algorithm = fields.u32()?;
        let mut blob = Fields::new(fields.counted()?);
        fields.end()?;
        let wrapped = cipher(&mut blob)?;
        blob.end()?;
        self.need_user(application)?;
        let key = sm4_key(&self.private_key(application, container, 0)?, &wrapped)?;
        let id = self.add_session_key(application, container, SessionKey::new(algorithm, key)?)?;
        Ok(Reply::Data(id.to_be_bytes().to_vec()))
    }

    /// C0 28: app2 ‖ cont2 ‖ length4 ‖ cipher; answers the plain text under the encryption key
    /// (wire-format/vendor-commands.md#decryption).
    pub(super) fn decrypt(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let mut blob = Fields::new(fields.counted()?);
        fields.end()?;
        let wrapped = cipher(&mut blob)?;
        blob.end()?;
        self.need_user(application)?;
        let plain = self.private_key(application, container, 0)?.decrypt(&wrapped).map_err(|_| stop(sw::DECRYPT))?;
        Ok(Reply::Data(plain.to_vec()))
    }

    fn private_key(&mut self, application: u16, container: u16, kind: u8) -> Result<PrivateKey, Stop> {
        self.slot(application, container, kind)?.private_key().ok_or(stop(sw::NO_KEY_PAIR))
    }
}

enum Input<'a> {
    Digest([u8; 32]),
    Message(&'a [u8], &'a [u8]),
}

/// bits4 ‖ X ‖ Y, on the curve.
pub(super) fn point(fields: &mut Fields<'_>) -> Result<PublicKey, Stop> {
    if fields.array()? != BITS {
        return Err(stop(sw::DATA));
    }
    let key = PublicKey(fields.array()?);
    PublicKey::from_uncompressed(&key.uncompressed()).map_err(|_| stop(sw::DATA))
}

/// Four bytes nobody looks at (`00 01 00 00`) ‖ 04 ‖ C1 ‖ C3 ‖ length4 ‖ C2.
fn cipher(fields: &mut Fields<'_>) -> Result<Sm2Cipher, Stop> {
    fields.u32()?;
    if fields.array()? != [4] {
        return Err(stop(sw::DATA));
    }
    Ok(Sm2Cipher { point: fields.array()?, hash: fields.array()?, text: fields.counted()?.to_vec() })
}

fn cipher_bytes(cipher: &Sm2Cipher) -> Vec<u8> {
    let length = u32::try_from(cipher.text.len()).unwrap_or(u32::MAX).to_be_bytes();
    [BITS.as_slice(), &[4], &cipher.point, &cipher.hash, &length, &cipher.text].concat()
}

fn sm4_key(private: &PrivateKey, wrapped: &Sm2Cipher) -> Result<Sm4Key, Stop> {
    let plain: Result<Zeroizing<Vec<u8>>, CryptoError> = private.decrypt(wrapped);
    let plain = plain.map_err(|_| stop(sw::DECRYPT))?;
    plain.as_slice().try_into().map(Sm4Key::new).map_err(|_| stop(sw::DATA))
}

/// The identity used when a host gives none.
pub(super) fn identity(given: &[u8]) -> &[u8] {
    if given.is_empty() { DEFAULT_ID.as_bytes() } else { given }
}
