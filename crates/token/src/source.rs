//! Where keys come from: the reader service, or practice keys.

use super::{ServiceReport, Transport, TransportError};

/// State of the smart-card service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Running and answering.
    Running {
        /// Number of readers, with or without card.
        readers: usize,
    },
    /// Not running, because the system starts it with the first reader, and there is none (Windows).
    Asleep,
    /// Not running or not installed.
    Stopped,
    /// Speaks another protocol version than the client library.
    VersionMismatch {
        /// Version the service speaks, if it said so.
        service: Option<(i32, i32)>,
    },
    /// The system does not let this user talk to it.
    Denied,
}

/// One insertion of one card. A card pulled out and put back is a new slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Unique while the program runs, ascending with time.
    pub id: u64,
    /// Reader name.
    pub reader: String,
    /// ATR, empty where there is none.
    pub atr: Vec<u8>,
}

/// What happened at the readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// The service changed its state.
    Service(ServiceState),
    /// A card was put in.
    Inserted(Slot),
    /// The card of this slot was pulled out, or its reader or the service vanished.
    Removed(u64),
    /// Another program gave up its exclusive hold on the card of this slot: what failed with
    /// [`TransportError::Held`] may be tried again. It may overtake the report of that failure.
    Freed(u64),
}

/// A supplier of keys.
pub trait KeySource: Send + Sync {
    /// Blocks and reports until [`KeySource::stop`] is called or `sink` returns false. Runs on a thread of its own.
    fn watch(&self, sink: &mut dyn FnMut(SourceEvent) -> bool);

    /// Ends [`KeySource::watch`] from another thread.
    fn stop(&self);

    /// Connects to the card of a slot. Called on the worker thread of that key.
    ///
    /// # Errors
    /// [`TransportError`].
    fn open(&self, slot: &Slot) -> Result<Box<dyn Transport>, TransportError>;

    /// One look at the service behind the keys; `None` when there is none.
    fn look(&self) -> Option<ServiceReport> {
        None
    }
}
