//! The unlock of one key (找回密码): application, authorization code, new PIN, report.
//!
//! Invariants
//! * The admin PIN is never here, the person's PIN never at the service. Code, new PIN, transport PIN and the CA's answer
//!   stand neither in the journal nor in a log; the client key stands in the journal while the order is open.
//! * Each step stands in the journal before its effect. After a cut the whole key step is done again with a fresh
//!   challenge: the order has one transport PIN, so nothing is lost by that.
//! * An answer the key did not take is never followed by another one of the same order, also not after a restart: each
//!   costs a try of the admin PIN.

mod order;
mod progress;
mod set_pin;

pub use order::Unlock;
pub use progress::{ClientKey, KeyRefusal, UnlockMark, UnlockProgress};

use order_api::{Applicant, CaptchaAnswer, OrderState, UnlockRoute};
use std::time::Duration;
use token::PinInfo;

/// Where an unlock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockStep {
    /// Whether the application arrived is not known; [`Unlock::refresh`] sends it again.
    Submit,
    /// An officer looks at it.
    Waiting(OrderState),
    /// The code was sent: code and new PIN are needed.
    Code,
    /// The code was proven before: only the new PIN is needed.
    NewPin,
    /// The new PIN holds; only the report is missing, which takes the new PIN once more.
    Prove,
    /// The key has the PIN that was typed.
    Done,
    /// It ended without a new PIN. [`super::Entry::unlock_refusal`] tells when it was the key that ended it.
    Failed(OrderState),
}

/// Steps of [`Unlock::unlock`], in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlockLine {
    /// The right key, and its challenge.
    Challenge,
    /// Answer of the CA.
    Answer,
    /// The new PIN into the key: it must not be pulled out.
    Key,
    /// Report to the CA.
    Report,
}

impl UnlockLine {
    /// All steps in their order.
    pub const ALL: [Self; 4] = [Self::Challenge, Self::Answer, Self::Key, Self::Report];
}

/// What a finished unlock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlockOutcome {
    /// Time the last call took.
    pub time_used: Duration,
    /// State of the user PIN.
    pub pin: PinInfo,
}

/// What the person says to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// How they prove who they are.
    pub route: UnlockRoute,
    /// Who they are.
    pub applicant: Applicant,
    /// Answer to the captcha when one is needed.
    pub captcha: Option<CaptchaAnswer>,
}
