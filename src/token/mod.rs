//! The key: bytes below ([`Transport`]), meaning above ([`Token`]). Wire format: facts of profile `gm3000`.
//!
//! Invariants
//! * A PIN is taken by value and sent once; no layer repeats a command that carries a secret.
//! * A transaction lasts one operation. Tries left are read before a PIN is sent.
//! * The length of every answer is checked before it is used.
//! * A card that does not answer like a GM/T 0017 key never receives a PIN.

mod error;
mod gmt0017;
mod media;
mod monitor;
mod pcsc_link;
mod pin_block;
mod profile;
pub mod replay;
mod service_probe;
mod service_watch;
mod source;
mod text;
mod transport;
mod types;

pub use error::TokenError;
pub use gmt0017::Gmt0017;
pub use media::Medium;
pub use monitor::PcscSource;
pub use source::{KeySource, ServiceState, Slot, SourceEvent};
pub use transport::{Channel, Transport, TransportError};
pub use types::{Container, DeviceInfo, KeyContents, KeyUse, PinInfo, PinKind};

use crate::crypto::PublicKey;
use crate::secret::Pin;

/// What the program can do with a key. One call is one operation: it takes and gives back the transaction itself.
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
    /// [`TokenError::Refused`] when the container has no such key.
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

    /// Longest new PIN this model stores safely, in bytes.
    fn pin_length(&self) -> std::ops::RangeInclusive<usize>;
}
