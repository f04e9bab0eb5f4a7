//! What the journal keeps of an unlock.
//!
//! Invariant: the client key is written to the journal only, and wiped when the last copy of the entry is dropped.

use super::UnlockStep;
use crate::entry::Entry;
use gm::{CryptoError, PrivateKey};
use order_api::{Base64, OrderState};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::sync::Arc;
use token::TokenError;
use zeroize::Zeroizing;

/// How far an unlock is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockProgress {
    /// Key made for this order, until it ends.
    pub client_key: Option<ClientKey>,
    /// What was done last.
    pub mark: UnlockMark,
    /// Why it is never tried again.
    pub refused: Option<KeyRefusal>,
}

/// What was done last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnlockMark {
    /// The application was made.
    Applied,
    /// The service took the proof of the code.
    Begun,
    /// The answer may have reached the key: which PIN it has is not known.
    Sent,
    /// The key has the PIN the person typed.
    Changed,
}

/// Why a key can't be unlocked by this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRefusal {
    /// It did not take the CA's answer.
    Answer,
    /// Too few tries of its admin PIN are left.
    TriesLow {
        /// Tries left.
        left: u8,
    },
    /// Its admin PIN is locked.
    Locked,
}

/// The key made for one order. Its bytes are wiped with the last copy.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientKey(Arc<Zeroizing<[u8; 32]>>);

impl ClientKey {
    pub(super) fn of(key: &PrivateKey) -> Self {
        Self(Arc::new(key.to_bytes()))
    }

    pub(super) fn open(&self) -> Result<PrivateKey, CryptoError> {
        PrivateKey::from_bytes(self.0.as_slice())
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey")
    }
}

impl Serialize for ClientKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(Base64::text(self.0.as_slice())))
    }
}

impl<'de> Deserialize<'de> for ClientKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Zeroizing::new(Base64::deserialize(deserializer)?.0);
        let key = PrivateKey::from_bytes(&bytes).map_err(|_| D::Error::custom("not an SM2 private key"))?;
        Ok(Self::of(&key))
    }
}

impl KeyRefusal {
    /// The refusal in an error of the key, if it is one.
    pub(super) const fn of(error: &TokenError) -> Option<Self> {
        match error {
            TokenError::WrongAdminPin { .. } => Some(Self::Answer),
            TokenError::AdminTriesLow { left } => Some(Self::TriesLow { left: *left }),
            TokenError::AdminLocked => Some(Self::Locked),
            _ => None,
        }
    }
}

impl Entry {
    /// How far an unlock is.
    #[must_use]
    pub fn unlock_step(&self) -> UnlockStep {
        let Some(state) = self.order.as_ref().map(|order| order.state) else {
            // sent again, it was refused
            return if self.is_open() { UnlockStep::Submit } else { UnlockStep::Failed(OrderState::Cancelled) };
        };
        let mark = self.unlock.as_ref().map_or(UnlockMark::Applied, |unlock| unlock.mark);
        match (state, mark) {
            (OrderState::Installed, _) => UnlockStep::Done,
            _ if self.unlock_refusal().is_some() => UnlockStep::Failed(OrderState::Cancelled),
            // nobody waits for the report any more, and the person has what they came for
            (_, UnlockMark::Changed) if state.is_final() || !self.is_open() => UnlockStep::Done,
            (OrderState::Rejected | OrderState::Expired | OrderState::Cancelled, _) => UnlockStep::Failed(state),
            // the service does not know it
            _ if !self.is_open() => UnlockStep::Failed(OrderState::Cancelled),
            (OrderState::Issued, UnlockMark::Changed) => UnlockStep::Prove,
            (OrderState::Issued, _) => UnlockStep::NewPin,
            (OrderState::Authorized, _) => UnlockStep::Code,
            (OrderState::Submitted | OrderState::Reviewing | OrderState::Payment, _) => UnlockStep::Waiting(state),
        }
    }

    /// Why the key can't be unlocked by this order, when that ended it.
    #[must_use]
    pub fn unlock_refusal(&self) -> Option<KeyRefusal> {
        self.unlock.as_ref().and_then(|unlock| unlock.refused)
    }
}
