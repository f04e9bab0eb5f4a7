//! The hardware boundary: two object-safe traits. Back ends: PC/SC, the virtual key in process, a replay script, fuzz bytes.

use crate::apdu::{Command, Response};

/// A connection to one card.
pub trait Transport: Send {
    /// Takes the transaction; it ends when the channel is dropped.
    ///
    /// # Errors
    /// [`TransportError`].
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError>;

    /// ATR of the card, empty where there is none.
    fn atr(&self) -> &[u8];
}

/// A transaction.
pub trait Channel {
    /// Sends one command and returns the answer. Never sends twice.
    ///
    /// # Errors
    /// [`TransportError`]; whether the card executed the command is then unknown.
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError>;

    /// True when the card was reset since the last transaction: everything opened on it is closed.
    fn was_reset(&self) -> bool;
}

/// Why bytes did not reach the card or did not come back.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TransportError {
    /// The key was pulled out.
    #[error("the card was removed")]
    Removed,
    /// Another program holds the card exclusively.
    #[error("another program holds the card")]
    Held,
    /// The reader service stopped.
    #[error("the reader service is gone")]
    ServiceGone,
    /// The service refuses this user.
    #[error("no permission to use the reader")]
    Denied,
    /// The card does not react (mute, power failure, protocol error).
    #[error("the card does not respond")]
    Mute,
    /// An answer without status word, or longer than any answer may be.
    #[error("the card's answer is not an answer")]
    Garbage,
    /// The command is longer than this reader carries.
    #[error("the command is too long for the reader")]
    TooLong,
}
