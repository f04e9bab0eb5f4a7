//! The key as its users see it: bytes in, bytes out, or silence.

use super::card::Card;
use super::faults::{Fault, Faults, Plug, distort};
use super::session::Session;
use super::state::KeyState;
use super::store::{Store, StoreError};
use gm::CryptoError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What comes of a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Bytes came back; with a fault they may be anything, even none.
    Answer(Vec<u8>),
    /// The key is out of the reader.
    Unplugged,
    /// The key lost its power in the middle of the command; it goes on after [`VirtualKey::reset`].
    PowerLost,
}

/// `mToken-` tokens of this family answer so (wire-format/transports.md#atr); the last byte is the XOR of all but the
/// first.
const ATR: [u8; 23] = atr(*b"\x3B\x9F\x11\x81\x31\xFE\x9F\x00\x6AmToken-\x45\x00\x00\x81\x90\x00\x00");

#[allow(clippy::indexing_slicing)] // evaluated by the compiler: a wrong index fails the build
const fn atr(mut bytes: [u8; 23]) -> [u8; 23] {
    let mut i = 1;
    while i < 22 {
        bytes[22] ^= bytes[i];
        i += 1;
    }
    bytes
}

/// A key in software.
pub struct VirtualKey {
    card: Card,
    faults: Faults,
    plug: Arc<Plug>,
    /// Pulls of the plug when the power last came: one more means that the key was out since.
    powered_at: u64,
    count: u64,
}

impl VirtualKey {
    /// A key that keeps its state in memory.
    #[must_use]
    pub fn new(state: KeyState) -> Self {
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| CryptoError::Random);
        let mut store = Store::Memory(Zeroizing::default());
        // memory takes every state
        let _ = store.save(&state);
        let card = Card { state, session: Session::default(), store, random: Box::new(random), due: Vec::new() };
        Self { card, faults: Faults::default(), plug: Arc::default(), powered_at: 0, count: 0 }
    }

    /// Keeps the state in a file from now on; writes it at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn with_store(mut self, path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        self.card.store = Store::File(path.into());
        self.card.store.save(&self.card.state)?;
        Ok(self)
    }

    /// Sets the faults.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Replaces the random source, for test vectors.
    #[must_use]
    pub fn with_random(mut self, mut random: impl FnMut(&mut [u8]) + Send + 'static) -> Self {
        self.card.random = Box::new(move |bytes| {
            random(bytes);
            Ok(())
        });
        self
    }

    /// The key of a state file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Store::File(path.to_owned());
        let mut key = Self::new(store.load()?);
        key.card.store = store;
        Ok(key)
    }

    /// Answer to reset: T=1.
    #[must_use]
    #[allow(clippy::unused_self)] // an ATR belongs to a key, also while all keys have the same
    pub fn atr(&self) -> &[u8] {
        &ATR
    }

    /// Power off and on: challenges, rights and everything open is gone. A key that was out answers again after this only.
    pub fn reset(&mut self) {
        self.powered_at = self.plug.pulls();
        self.card.session = Session::default();
    }

    /// Executes one command.
    pub fn exchange(&mut self, apdu: &[u8]) -> Outcome {
        if self.plug.is_out() || self.plug.pulls() != self.powered_at {
            return Outcome::Unplugged;
        }
        self.count += 1;
        self.card.due = self.faults.due(self.count, apdu.get(1).copied());
        let slow = self.card.due.iter().find_map(|fault| match fault {
            Fault::Slow(time) => Some(*time),
            _ => None,
        });
        if slow.is_some_and(|time| self.plug.wait_out(self.powered_at, time)) {
            // pulled out by another thread, which may have put it in again
            return Outcome::Unplugged;
        }
        if self.is_due(&Fault::UnplugBefore) {
            return self.unplugged();
        }
        let Ok(answer) = self.card.command(apdu) else {
            return self.power_lost();
        };
        if self.is_due(&Fault::UnplugAfter) {
            return self.unplugged();
        }
        if self.is_due(&Fault::CutBefore) || self.is_due(&Fault::CutAfter) {
            // the command stored nothing the cut could fall on
            return self.power_lost();
        }
        let Card { due, random, .. } = &mut self.card;
        // garbage of zeros is garbage too
        Outcome::Answer(distort(answer, due, |bytes| drop(random(bytes))))
    }

    /// Commands received so far.
    #[must_use]
    pub const fn apdu_count(&self) -> u64 {
        self.count
    }

    /// What the key keeps.
    #[must_use]
    pub const fn state(&self) -> &KeyState {
        &self.card.state
    }

    /// The contact, to pull the key out from another thread.
    #[must_use]
    pub fn plug(&self) -> Arc<Plug> {
        Arc::clone(&self.plug)
    }

    fn is_due(&self, fault: &Fault) -> bool {
        self.card.due.contains(fault)
    }

    fn unplugged(&mut self) -> Outcome {
        self.plug.pull();
        self.card.session = Session::default();
        Outcome::Unplugged
    }

    fn power_lost(&mut self) -> Outcome {
        self.card.restore();
        self.reset();
        Outcome::PowerLost
    }
}

#[cfg(test)]
mod tests {
    use super::ATR;

    #[test]
    fn the_atr_is_well_formed() {
        assert_eq!(ATR[1..].iter().fold(0, |sum, byte| sum ^ byte), 0, "TCK");
        assert_eq!(ATR[1] & 15, 15, "15 historical bytes");
        assert_eq!(ATR.len(), 1 + 1 + 5 + 15 + 1);
        assert_eq!([ATR[3] & 15, ATR[4] & 15], [1, 1], "T=1");
    }
}
