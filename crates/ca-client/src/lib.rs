//! The online CA: order API v1, its client, orders and their journal, CA profiles.
//!
//! Invariants
//! * A PIN never reaches the network; the key signs, and what it signs is the exact body that goes over the wire.
//! * The journal holds a step before its effect, so that a cut anywhere is continued from the truth on the key.
//! * The container in use is never written to; another one takes its place only after the CA knows that it works.

mod adapter;
mod authorities;
mod client;
mod entry;
mod faults;
pub mod history;
mod http;
mod journal;
mod key;
mod open_order;
mod portal;
mod profiles;
mod renewal;
mod signing;
mod unlock;

pub use adapter::{CaAdapter, CaError, Capabilities, Network, OrderAnswer, Submission, Way};
pub use client::{Greeting, OrderApi};
pub use entry::{Download, Entry, KeyBinding, Sent};
pub use journal::{Damaged, Journal, OpenEntry};
pub use key::{KeyAccess, KeyGone};
pub use portal::Portal;
pub use profiles::{CaProfile, Connection, Origin, PinPolicy, PortalPages, Profiles, SystemProfiles, Text};
pub use renewal::{DownloadStep, Identified, Outcome, Renewal, Step};
pub use unlock::{
    Application, ClientKey, KeyRefusal, Unlock, UnlockLine, UnlockMark, UnlockOutcome, UnlockProgress, UnlockStep,
};
