//! The PC/SC back end: pcscd on Linux, WinSCard on Windows.
//!
//! Invariants
//! * Shared mode, a transaction per operation; the card is left as it is, never reset by us.
//! * A reset by another program is noticed at the begin of the next transaction, never hidden.
//! * Nothing is transmitted twice.

use super::{Channel, Transport, TransportError};
use crate::apdu::{Command, Response};
use pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode};
use std::ffi::CStr;
use zeroize::Zeroize;

/// How often a card that is reset while we take the transaction is taken up again.
const RESETS: usize = 3;

/// A connection to the card in one reader.
pub struct PcscLink {
    /// Taken out only when the link is dropped.
    card: Option<Card>,
    atr: Vec<u8>,
    buffer: Vec<u8>,
}

impl PcscLink {
    /// Connects to the card in a reader.
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn connect(context: &Context, reader: &CStr) -> Result<Self, TransportError> {
        let card = context.connect(reader, ShareMode::Shared, Protocols::ANY).map_err(transport_error)?;
        let atr = atr(&card).map_err(transport_error);
        let mut link = Self { card: Some(card), atr: Vec::new(), buffer: vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED] };
        link.atr = atr?;
        Ok(link)
    }
}

/// The ATR of a card that agreed on a protocol; without one the library would not transmit but panic.
fn atr(card: &Card) -> Result<Vec<u8>, Error> {
    let status = card.status2_owned()?;
    status.protocol2().ok_or(Error::UnresponsiveCard)?;
    Ok(status.atr().to_vec())
}

impl Transport for PcscLink {
    fn begin(&mut self) -> Result<Box<dyn Channel + '_>, TransportError> {
        let mut card = self.card.as_mut().ok_or(TransportError::ServiceGone)?;
        let mut was_reset = false;
        for _ in 0..RESETS {
            match card.transaction2() {
                Ok(transaction) => {
                    return Ok(Box::new(PcscChannel { transaction, buffer: &mut self.buffer, was_reset }));
                }
                Err((back, Error::ResetCard | Error::UnpoweredCard)) => {
                    card = back;
                    was_reset = true;
                    card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
                        .and_then(|()| atr(card))
                        .map_err(transport_error)?;
                }
                Err((_, error)) => return Err(transport_error(error)),
            }
        }
        Err(TransportError::Mute)
    }

    fn atr(&self) -> &[u8] {
        &self.atr
    }
}

impl Drop for PcscLink {
    fn drop(&mut self) {
        if let Some(card) = self.card.take()
            && let Err((_, error)) = card.disconnect(Disposition::LeaveCard)
        {
            tracing::debug!(%error, "disconnect");
        }
    }
}

struct PcscChannel<'a> {
    transaction: pcsc::Transaction<'a>,
    buffer: &'a mut [u8],
    was_reset: bool,
}

impl Channel for PcscChannel<'_> {
    fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let bytes = command.encode().map_err(|_| TransportError::TooLong)?;
        let length = self.transaction.transmit(bytes.expose(), self.buffer).map_err(transport_error)?.len();
        let answer = self.buffer.get_mut(..length).unwrap_or_default();
        let response = Response::parse(answer).map_err(|_| TransportError::Garbage);
        // it may be plain text, and the buffer lives as long as the connection
        answer.zeroize();
        response
    }

    fn was_reset(&self) -> bool {
        self.was_reset
    }
}

/// What a failure of the library means for the card.
pub fn transport_error(error: Error) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard | Error::UnknownReader | Error::ReaderUnavailable => {
            TransportError::Removed
        }
        Error::SharingViolation => TransportError::Held,
        Error::NoService
        | Error::ServiceStopped
        | Error::CommError
        | Error::InvalidHandle
        | Error::ServerTooBusy
        | Error::SystemCancelled
        | Error::Shutdown
        // codes of the system instead of the service, as after its end on Windows
        | Error::UnknownError => TransportError::ServiceGone,
        Error::SecurityViolation | Error::NoAccess => TransportError::Denied,
        Error::InsufficientBuffer => TransportError::Garbage,
        _ => TransportError::Mute,
    }
}
