//! Digests: SM3 (also over Z), SHA-1, SHA-256; raw answers without length (wire-format/crypto-commands.md#digests).

use super::card::{Answer, Card, Fields, Reply, Request, Stop, stop, sw};
use super::sm2::{identity, point};
use sha1::Digest;

/// A digest between Init and Final.
pub(super) enum Hasher {
    Sm3(sm3::Sm3),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    fn update(&mut self, data: &[u8]) {
        match self {
            Self::Sm3(hash) => hash.update(data),
            Self::Sha1(hash) => hash.update(data),
            Self::Sha256(hash) => hash.update(data),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sm3(hash) => hash.finalize().to_vec(),
            Self::Sha1(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
        }
    }
}

impl Card {
    /// 80 B4, P2 01 SM3, 02 SHA-1, 03 SHA-256; with data (SM3 only) bits4 ‖ X ‖ Y ‖ id length4 ‖ id it starts with Z.
    pub(super) fn digest_init(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(0, request.p2)?;
        let mut hasher = match request.p2 {
            1 => Hasher::Sm3(sm3::Sm3::new()),
            2 => Hasher::Sha1(sha1::Sha1::new()),
            3 => Hasher::Sha256(sha2::Sha256::new()),
            _ => return Err(stop(sw::HASH)),
        };
        if !request.data.is_empty() {
            let Hasher::Sm3(hash) = &mut hasher else { return Err(stop(sw::LENGTH)) };
            let public = point(&mut fields)?;
            let id = fields.counted()?;
            fields.end()?;
            hash.update(public.z(identity(id)));
        }
        self.session.digest = Some(hasher);
        Ok(Reply::Done)
    }

    /// 80 B6: everything in one command.
    pub(super) fn digest_single(&mut self, request: &Request<'_>) -> Answer {
        self.digest_add(request.plain()?)?;
        self.digest_result()
    }

    /// 80 B8.
    pub(super) fn digest_update(&mut self, request: &Request<'_>) -> Answer {
        self.digest_add(request.plain()?)?;
        Ok(Reply::Done)
    }

    /// 80 BA.
    pub(super) fn digest_final(&mut self, request: &Request<'_>) -> Answer {
        request.plain()?.end()?;
        self.digest_result()
    }

    fn digest_add(&mut self, mut fields: Fields<'_>) -> Result<(), Stop> {
        self.session.digest.as_mut().ok_or(stop(0x6985))?.update(fields.rest());
        Ok(())
    }

    fn digest_result(&mut self) -> Answer {
        self.session.digest.take().map(|hasher| Reply::Data(hasher.finish())).ok_or(stop(0x6985))
    }
}
