//! The renewal of one certificate on one key: identity, order, waiting, new certificates, switch.
//!
//! Invariants
//! * The old container is only read and used to sign; the file that names the container in use is switched last.
//! * Each step stands in the journal before its effect. After a cut the key and the service are asked what is true.
//! * One order makes one key pair. A PIN is used for one login and dropped.

mod key;

pub use key::{KeyAccess, KeyGone};

use super::adapter::CaAdapter;
use super::journal::{Journal, KeyBinding, OpenEntry};
use super::protocol::{Captcha, CaptchaAnswer, Contact, Order, OrderHandle, OrderState, Payment, Period, Session};
use crate::crypto::PrivateKey;
use crate::fault::{Fault, FaultCode};
use crate::secret::Pin;
use crate::token::KeyContents;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Where a renewal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nobody proved who they are.
    Identify,
    /// Whether the order arrived is not known; [`Renewal::refresh`] sends it again.
    Submit,
    /// The CA or the person has to do something.
    Waiting(OrderState),
    /// The new certificates can be fetched, or are on their way.
    Download(DownloadStep),
    /// The new certificates are in use.
    Done,
    /// It ended without them.
    Failed(OrderState),
}

/// Steps of fetching the new certificates, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadStep {
    /// The right key, and the old container named as the one in use.
    Prepare,
    /// New container.
    CreateContainer,
    /// New signing pair inside the key.
    GenerateKey,
    /// Certificates from the CA.
    Issue,
    /// Encryption pair into the key.
    ImportKey,
    /// Certificates into the key.
    WriteCertificates,
    /// Signature and decryption with the new keys.
    SelfTest,
    /// Report to the CA.
    Confirm,
    /// The new container is the one in use.
    Switch,
}

impl DownloadStep {
    /// All steps in their order.
    pub const ALL: [Self; 9] = [
        Self::Prepare,
        Self::CreateContainer,
        Self::GenerateKey,
        Self::Issue,
        Self::ImportKey,
        Self::WriteCertificates,
        Self::SelfTest,
        Self::Confirm,
        Self::Switch,
    ];
}

/// A person who proved to hold the key. Lives as long as the session, in memory only.
pub struct Identified {
    ca: Arc<dyn CaAdapter>,
    binding: KeyBinding,
    session: Session,
    key: PrivateKey,
}

impl Identified {
    /// What the service says about holder, validity, price, contact.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Orders of this certificate that are not finished, made here or elsewhere.
    #[must_use]
    pub fn unfinished(&self) -> &[OrderHandle] {
        &self.session.orders
    }

    /// A new picture with characters.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn captcha(&self) -> Result<Captcha, Fault> {
        let _ = (&self.ca, &self.binding, &self.key);
        Err(Fault::new(FaultCode::InternalStopped))
    }
}

/// What a finished renewal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Validity of the old certificate.
    pub old: Period,
    /// Validity of the new certificate.
    pub new: Period,
    /// The new keys signed and decrypted.
    pub sign_test: bool,
    /// Time the last call took.
    pub time_used: Duration,
}

/// One order on its way, bound to one key.
pub struct Renewal {
    ca: Arc<dyn CaAdapter>,
    entry: OpenEntry,
    etag: Option<String>,
}

impl KeyBinding {
    /// The key as it was read, by its container in use.
    ///
    /// # Errors
    /// [`FaultCode::CertificateMissing`] without a container in use or signing certificate,
    /// [`FaultCode::CertificateDamaged`] when it can't be read or is no SM2 certificate.
    pub fn of(contents: &KeyContents) -> Result<Self, Fault> {
        let _ = contents;
        Err(Fault::new(FaultCode::CertificateMissing))
    }

    /// True for a key with this serial number and the same key in one of its containers.
    #[must_use]
    pub fn is_of(&self, contents: &KeyContents) -> bool {
        self.device_serial == contents.device.serial
    }
}

impl Renewal {
    /// Proves to the service who is there: challenge, signature by the old key, session. The PIN is used for one login.
    ///
    /// # Errors
    /// Faults of the key, the network and the service; [`FaultCode::ClockWrong`] before anything is signed.
    pub fn identify(
        ca: Arc<dyn CaAdapter>,
        key: &mut dyn KeyAccess,
        binding: KeyBinding,
        pin: Pin,
    ) -> Result<Identified, Fault> {
        let _ = (ca, key, binding, pin);
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Submits the order. It stands in the journal before it is sent; when the answer is lost the entry stays, and the same
    /// call, or [`Renewal::resume`] and [`Renewal::refresh`], sends the same bytes again. `ca_id` is the id of the profile.
    ///
    /// # Errors
    /// Faults of the network (the entry stays) and of the service (nothing was ordered, the entry is gone; with a wrong
    /// captcha the same `identified` is used again).
    pub fn submit(
        identified: &Identified,
        ca_id: &str,
        contact: Contact,
        captcha: Option<CaptchaAnswer>,
        journal: &Journal,
    ) -> Result<Self, Fault> {
        let _ = (identified, ca_id, contact, captcha, journal);
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Goes on with an order named by the session ([`Identified::unfinished`]): from the journal when it was made here, else
    /// by a new entry.
    ///
    /// # Errors
    /// [`FaultCode::OrderInUse`], [`FaultCode::JournalNotUsable`].
    pub fn adopt(identified: &Identified, ca_id: &str, handle: &OrderHandle, journal: &Journal) -> Result<Self, Fault> {
        let _ = (identified, ca_id, handle, journal);
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Goes on with an entry of the journal.
    #[must_use]
    pub fn resume(ca: Arc<dyn CaAdapter>, entry: OpenEntry) -> Self {
        Self { ca, entry, etag: None }
    }

    /// What this computer knows about the order.
    #[must_use]
    pub const fn entry(&self) -> &super::journal::Entry {
        self.entry.entry()
    }

    /// Where it is.
    #[must_use]
    pub fn step(&self) -> Step {
        Step::Submit
    }

    /// Asks the service how far the order is, with `wait` until it changes (25 s at most); sends the order again when its
    /// answer was lost.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn refresh(&mut self, wait: Option<Duration>) -> Result<&Order, Fault> {
        let _ = (&self.ca, &self.etag, wait);
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Has a code sent to the mobile number.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn send_code(&mut self) -> Result<&Order, Fault> {
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Gives the code back.
    ///
    /// # Errors
    /// [`FaultCode::CodeWrong`], [`FaultCode::CodeExpired`], and as above.
    pub fn verify_code(&mut self, code: &str) -> Result<&Order, Fault> {
        let _ = code;
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// How to pay.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn payment(&mut self) -> Result<Payment, Fault> {
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Fetches the new certificates, from the start or from wherever it was cut. `progress` hears each step as it begins;
    /// steps that are done already are heard, too. The PIN is used for one login; the right is given back on every way out.
    ///
    /// # Errors
    /// Faults of the key, the network and the service: the order stays unfinished and the old certificate in use.
    pub fn download(
        &mut self,
        key: &mut dyn KeyAccess,
        pin: Pin,
        progress: &mut dyn FnMut(DownloadStep),
    ) -> Result<Outcome, Fault> {
        let _ = (key, pin, progress);
        Err(Fault::new(FaultCode::InternalStopped))
    }

    /// Forgets the order on this computer. The service lets it expire; its own session shows it again until then.
    ///
    /// # Errors
    /// [`FaultCode::OrderOnKey`] when the key holds something of the order already,
    /// [`FaultCode::JournalNotUsable`].
    pub fn forget(self) -> Result<(), Fault> {
        Err(Fault::new(FaultCode::InternalStopped))
    }
}
