//! The key: bytes below ([`Transport`]), meaning above ([`Token`]). Wire format: profile `gm3000`
//! (wire-format/profiles.md).
//!
//! Invariants
//! * A PIN is taken by value and sent once; no layer repeats a command that carries a secret.
//! * A transaction lasts one operation. Tries left are read before a PIN is sent.
//! * The length of every answer is checked before it is used.
//! * A card that does not answer like a GM/T 0017 key never receives a PIN.
//! * A command with a lasting effect is sent once; no layer repeats it. Whoever began goes on from what is on the key.
//! * What needs the user's right is a method of [`Login`], which only a verified PIN gives.

pub mod apdu;
mod error;
mod fault;
mod gmt0017;
mod media;
mod monitor;
mod pcsc_link;
mod pin_block;
mod profile;
pub mod replay;
mod service_probe;
mod service_report;
mod service_watch;
mod source;
mod text;
mod transport;
mod types;

pub use error::TokenError;
pub use fault::SERVICE_STOPPED;
pub use gmt0017::{Gmt0017, Login};
pub use media::Medium;
pub use monitor::PcscSource;
pub use pin_block::{ADMIN_LENGTH as ADMIN_PIN_LENGTH, check_new as check_new_pin, check_present as check_present_pin};
pub use service_report::{CardSeen, ReaderSeen, ServiceReport, meet_service};
pub use source::{KeySource, ServiceState, Slot, SourceEvent};
pub use transport::{Channel, Transport, TransportError};
pub use types::{
    Container, ContainerInfo, DeviceInfo, KeyContents, KeyUse, PinInfo, PinKind, RemoteUnlock, UnlockChallenge,
    Unlocked,
};

use base::secret::Pin;
use gm::PublicKey;

/// What the program can do with a key without a [`Login`]. One call is one operation: it takes and gives back the
/// transaction itself.
///
/// Calls that send a PIN give [`TokenError::UnprovenModel`] on a model that may only be read.
///
/// A call that changes the key and fails with [`TokenError::Transport`] or [`TokenError::Malformed`] may have changed it:
/// [`Token::containers`], [`Token::public_key`], [`Token::read_certificate`] and [`Token::read_file`] tell.
pub trait Token: Send {
    /// Everything the card on the window shows, in one pass (≤ 12 APDUs for one container with two certificates).
    ///
    /// # Errors
    /// [`TokenError::Unsupported`] for a foreign card; see [`TokenError`] for the rest.
    fn read(&mut self) -> Result<KeyContents, TokenError>;

    /// Tries left and whether the PIN is still the one set at the factory. Costs no try.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn pin_info(&mut self, kind: PinKind) -> Result<PinInfo, TokenError>;

    /// Checks the user PIN and gives the right back at once.
    ///
    /// # Errors
    /// [`TokenError::WrongPin`], [`TokenError::Locked`].
    fn verify_pin(&mut self, pin: Pin) -> Result<(), TokenError>;

    /// Replaces the user PIN. Returns the state afterwards.
    ///
    /// # Errors
    /// [`TokenError::NewPinLength`] and [`TokenError::NewPinCharacters`] before anything is sent,
    /// [`TokenError::WrongPin`], [`TokenError::Locked`]; after [`TokenError::ChangeUncertain`] nobody knows which of the two
    /// PINs holds – the caller says so.
    fn change_pin(&mut self, current: Pin, new: Pin) -> Result<PinInfo, TokenError>;

    /// The public key of a container.
    ///
    /// # Errors
    /// [`TokenError::NoContainer`], [`TokenError::Refused`] when the container has no such key.
    fn public_key(&mut self, container: &str, key_use: KeyUse) -> Result<PublicKey, TokenError>;

    /// Signs a digest e with the signing key: verifies the PIN, signs, gives the right back. Returns r‖s.
    ///
    /// # Errors
    /// As [`Token::verify_pin`], and [`TokenError::Refused`].
    fn sign_digest(&mut self, container: &str, pin: Pin, e: &[u8; 32]) -> Result<[u8; 64], TokenError>;

    /// Reads at most `limit` bytes of a file from its start.
    ///
    /// # Errors
    /// [`TokenError::Refused`] when it does not exist or may not be read.
    fn read_file(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, TokenError>;

    /// Verifies the user PIN, sent once, and leaves the right on the card as long as the login lives, unless a reset or a
    /// broken connection takes it. The tries left are read before it is sent.
    ///
    /// # Errors
    /// As [`Token::verify_pin`].
    fn login(&mut self, pin: Pin) -> Result<Login<'_>, TokenError>;

    /// Name of the current container as the key states it; `None` when it states none. The container may be missing.
    /// 2 commands.
    ///
    /// # Errors
    /// [`TokenError::Refused`] when it may not be read.
    fn current_container(&mut self) -> Result<Option<String>, TokenError>;

    /// The containers as they are now, in the key's order. No certificate is read: 1 command and 1 for each container.
    ///
    /// # Errors
    /// [`TokenError::NoApplication`].
    fn containers(&mut self) -> Result<Vec<ContainerInfo>, TokenError>;

    /// A certificate as it is on the key now; `None` when there is none of that use in the container.
    ///
    /// # Errors
    /// [`TokenError::NoContainer`].
    fn read_certificate(&mut self, container: &str, key_use: KeyUse) -> Result<Option<Vec<u8>>, TokenError>;

    /// Sets a new user PIN with the admin PIN, which is sent once, as a key of a cipher. Works on a locked key. For counters of
    /// the issuer.
    ///
    /// # Errors
    /// [`TokenError::NewPinLength`] and [`TokenError::NewPinCharacters`] before anything is sent,
    /// [`TokenError::WrongAdminPin`], [`TokenError::AdminLocked`]; after [`TokenError::ChangeUncertain`] the user PIN may be
    /// the old or the new one.
    fn unblock_pin(&mut self, admin: Pin, new: Pin) -> Result<PinInfo, TokenError>;

    /// Asks the key for the challenge of a remote unlock, with the tries left. Costs no try. A later one, a reset and a
    /// broken connection end it.
    ///
    /// # Errors
    /// [`TokenError::UnprovenModel`], [`TokenError::AdminLocked`], [`TokenError::AdminTriesLow`].
    fn unlock_challenge(&mut self) -> Result<UnlockChallenge, TokenError>;

    /// Unlocks with an answer made elsewhere, in one transaction: the answer sets the transport PIN, which is changed at
    /// once into the new one; then the digest of the report is signed. Begun with a fresh challenge it may be done again
    /// whatever became of an earlier one: in the end the new PIN holds.
    ///
    /// # Errors
    /// Before anything is sent [`TokenError::NewPinLength`], [`TokenError::NewPinCharacters`], [`TokenError::ChallengeLost`],
    /// [`TokenError::AdminTriesLow`], [`TokenError::AdminLocked`]; [`TokenError::WrongAdminPin`] when the key did not take the
    /// answer, which must not be repeated; [`TokenError::UnlockUncertain`] for everything that fails behind it.
    fn unlock_remotely(&mut self, unlock: RemoteUnlock<'_>) -> Result<Unlocked, TokenError>;

    /// Longest new PIN this model stores safely, in bytes.
    fn pin_length(&self) -> std::ops::RangeInclusive<usize>;

    /// Lengths of a present PIN of this model, in bytes; of other PINs nothing is sent.
    fn present_pin_length(&self) -> std::ops::RangeInclusive<usize>;
}
