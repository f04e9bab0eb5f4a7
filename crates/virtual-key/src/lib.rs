//! A key in software: a command interpreter with a file system, in profile `gm3000` (wire-format/profiles.md), strict
//! where the wire is strict. Used in process for practice, by the program `virtual-key`, and in tests; nothing of the
//! real path uses it.
//!
//! Invariants
//! * A retry counter is stored lower before the PIN it guards is compared; a challenge is used once.
//! * After a power cut at any moment the store holds one complete state with one working PIN.
//! * Reset forgets challenges, rights, open objects and session keys.
//!
//! Subjects: [`state`] and the store keep, the session forgets; `dispatch` turns bytes into the commands of `access`,
//! `application`, `container`, `file`, `sm2`, `cipher`, `digest`, `device` and `vendor`; [`faults`] go wrong on request.

mod access;
mod application;
mod card;
mod cipher;
mod container;
mod device;
mod digest;
mod dispatch;
pub mod faults;
mod file;
mod foreign;
mod key;
mod link;
pub mod link_tcp;
pub mod link_vpcd;
pub mod personalise;
mod session;
mod sm2;
pub mod state;
mod store;
mod test_ca;
#[cfg(test)]
mod tests;
mod vendor;

pub use dispatch::command_name;
pub use faults::{Faults, Plug};
pub use foreign::ForeignCard;
pub use key::{Outcome, VirtualKey};
pub use link::{Cause, Control, Endpoint, LinkEvent};
pub use personalise::{Spec, State};
pub use state::KeyState;
pub use store::StoreError;
pub use test_ca::{CaError, TestCa};
