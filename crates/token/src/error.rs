//! What can go wrong with a key, by what the person has to know.

use super::TransportError;
use crate::apdu::StatusWord;
use base::odd_pin::OddPin;

/// Failure of an operation on a key.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// Bytes did not get through.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Not a GM/T 0017 key; no PIN is ever sent to it.
    #[error("not a key this program supports")]
    Unsupported,
    /// The model is not in the table: its PIN format is not proven, so nothing is sent.
    #[error("this model may only be read")]
    UnprovenModel,
    /// The key has no application, so there is no PIN and no certificate.
    #[error("the key is empty")]
    NoApplication,
    /// The PIN was wrong; this many tries are left.
    #[error("wrong PIN, {left} tries left")]
    WrongPin {
        /// Tries left as the key said it.
        left: u8,
    },
    /// No try is left.
    #[error("the PIN is locked")]
    Locked,
    /// The current PIN has a length no PIN of the key has; nothing was sent.
    #[error("a PIN of this key has {min} to {max} characters")]
    PinLength {
        /// Shortest.
        min: usize,
        /// Longest.
        max: usize,
    },
    /// The current PIN has characters no PIN of a key has; nothing was sent.
    #[error("the PIN is odd: {0:?}")]
    OddPin(OddPin),
    /// The new PIN has a length the key can't store safely; nothing was sent.
    #[error("the new PIN must have {min} to {max} characters")]
    NewPinLength {
        /// Shortest.
        min: usize,
        /// Longest.
        max: usize,
    },
    /// The new PIN has characters outside printable ASCII; nothing was sent.
    #[error("the new PIN has characters the key can't store safely")]
    NewPinCharacters,
    /// The connection broke while the new PIN was being stored: one of the two PINs holds.
    #[error("it is unknown whether the PIN was changed")]
    ChangeUncertain,
    /// The admin PIN was wrong, or an answer made elsewhere was not made with it, or not for the challenge; this many tries
    /// of the admin PIN are left.
    #[error("wrong admin PIN, {left} tries left")]
    WrongAdminPin {
        /// Tries left as the key said it.
        left: u8,
    },
    /// No try of the admin PIN is left: the user PIN can't be unblocked any more.
    #[error("the admin PIN is locked")]
    AdminLocked,
    /// Too few tries of the admin PIN are left to spend one on an answer made elsewhere; nothing was sent.
    #[error("only {left} tries of the admin PIN are left")]
    AdminTriesLow {
        /// Tries left.
        left: u8,
    },
    /// The challenge no longer holds: the card was reset or it was used; nothing was sent.
    #[error("the challenge no longer holds")]
    ChallengeLost,
    /// The connection broke in the middle of an unlock: the PIN may be the old one, the transport PIN or the new one. The
    /// whole unlock, with a fresh challenge, puts it right.
    #[error("it is unknown which PIN the key has")]
    UnlockUncertain,
    /// The user's right is needed and is not there: never taken, or lost by a reset, a broken connection or the key itself.
    /// Where the program knows that by itself, nothing was sent.
    #[error("the PIN is needed first")]
    NotLoggedIn,
    /// No memory is left for what was to be written; what was there before is unchanged, but for a file that was to be
    /// replaced by a larger one.
    #[error("the key is full")]
    NoSpace,
    /// The key has no container of that name.
    #[error("there is no such container")]
    NoContainer,
    /// The key has a container of that name already.
    #[error("there is such a container already")]
    ContainerExists,
    /// The container has a signing pair already; nothing was sent that could replace it.
    #[error("the container has a signing key already")]
    KeyPairExists,
    /// What was to be written can't be held by any key of this kind; nothing was sent.
    #[error("the {what} does not fit a key")]
    Unwritable {
        /// What does not fit.
        what: &'static str,
    },
    /// The key refused a command.
    #[error("the key answered {sw} to {command}")]
    Refused {
        /// Name of the command in the standard.
        command: &'static str,
        /// The raw status word.
        sw: StatusWord,
    },
    /// The key answered something that can't be right.
    #[error("malformed answer to {command}: {what}")]
    Malformed {
        /// Name of the command in the standard.
        command: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
}
