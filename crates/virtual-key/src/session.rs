//! What a key forgets without power: challenges, rights, open objects, session keys, digest, chains.

use super::cipher::SessionKey;
use super::digest::Hasher;
use std::collections::BTreeMap;
use token::apdu::Chain;
use zeroize::Zeroizing;

/// Application and container of vendor helpers, never listed (wire-format/vendor-commands.md#hidden-application): name,
/// then ids of both.
pub(super) const HIDDEN_NAME: [u8; 8] = [0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7];
pub(super) const HIDDEN_APPLICATION: u16 = 0x10F0;
pub(super) const HIDDEN_CONTAINER: u16 = 0x30F0;

/// Rights within one application.
#[derive(Clone, Copy, Default)]
pub(super) struct Rights {
    pub admin: bool,
    pub user: bool,
}

impl Rights {
    /// Whether a mask of GM/T 0016 table 14 lets the holder in.
    pub(super) const fn meet(self, mask: u32) -> bool {
        mask == 0xFF || (mask & 0x01 != 0 && self.admin) || (mask & 0x10 != 0 && self.user)
    }
}

/// The rest of an answer that did not fit, and the command whose repetition fetches it.
pub(super) struct Continuation {
    pub command: Zeroizing<Vec<u8>>,
    pub rest: Vec<u8>,
}

/// An application (second part zero) or a container of it.
type Handle = (u16, u16);

#[derive(Default)]
pub(super) struct Session {
    /// First eight bytes of the last GenRandom; taken by the command that uses it.
    pub challenge: Option<[u8; 8]>,
    /// Last GenRandom with P1=01, zero-padded; only for UnblockPIN with P1=01.
    pub remote_challenge: Option<[u8; 16]>,
    /// Device authentication passed.
    pub device_right: bool,
    rights: BTreeMap<u16, Rights>,
    /// How often each object is open: programs share a key, and one closing must not close another's.
    open: BTreeMap<Handle, u32>,
    pub keys: BTreeMap<(u16, u16, u16), SessionKey>,
    pub last_key: u16,
    pub digest: Option<Hasher>,
    pub chain: Chain,
    pub continuation: Option<Continuation>,
}

impl Session {
    pub(super) fn rights(&self, application: u16) -> Rights {
        self.rights.get(&application).copied().unwrap_or_default()
    }

    pub(super) fn rights_mut(&mut self, application: u16) -> &mut Rights {
        self.rights.entry(application).or_default()
    }

    pub(super) fn open_application(&mut self, id: u16) {
        *self.open.entry((id, 0)).or_default() += 1;
    }

    pub(super) fn open_container(&mut self, application: u16, id: u16) {
        *self.open.entry((application, id)).or_default() += 1;
    }

    pub(super) fn is_application_open(&self, id: u16) -> bool {
        self.open.contains_key(&(id, 0))
    }

    pub(super) fn is_container_open(&self, application: u16, id: u16) -> bool {
        id != 0 && self.open.contains_key(&(application, id))
    }

    /// Rights stay: closing does not change the security state (GM/T 0016 §7.3.5).
    pub(super) fn close_application(&mut self, id: u16) {
        self.close((id, 0));
        if !self.is_application_open(id) {
            self.open.retain(|(application, _), _| *application != id);
            self.keys.retain(|(application, ..), _| *application != id);
        }
    }

    pub(super) fn close_container(&mut self, application: u16, id: u16) {
        self.close((application, id));
        if !self.is_container_open(application, id) {
            self.keys.retain(|(of, container, _), _| (*of, *container) != (application, id));
        }
    }

    /// The application is gone.
    pub(super) fn forget_application(&mut self, id: u16) {
        self.rights.remove(&id);
        self.open.retain(|(application, _), _| *application != id);
        self.keys.retain(|(application, ..), _| *application != id);
    }

    /// The container is gone.
    pub(super) fn forget_container(&mut self, application: u16, id: u16) {
        self.open.remove(&(application, id));
        self.keys.retain(|(of, container, _), _| (*of, *container) != (application, id));
    }

    fn close(&mut self, handle: Handle) {
        if let Some(count) = self.open.get_mut(&handle) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&handle);
            }
        }
    }
}
