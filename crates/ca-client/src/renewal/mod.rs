//! The renewal of one certificate on one key: identity, order, waiting, new certificates, switch.
//!
//! Invariants
//! * The old container is only read and used to sign; the file that names the container in use is switched last.
//! * Each step stands in the journal before its effect. After a cut the key and the service are asked what is true.
//! * One order makes one key pair. A PIN is used for one login and dropped.

mod download;
mod identify;
mod order;
mod package;

pub use identify::Identified;
pub use order::Renewal;

use order_api::{OrderState, Period};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a renewal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
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
