//! 环境检测: small independent probes along the chain from the USB bus to the desktop, each with a verdict, a sentence,
//! what to do, and where possible a repair.
//!
//! Invariants
//! * A probe reads. It changes nothing, spends no try of a PIN and sends no PIN; only a repair changes something, when the
//!   person asks for it.
//! * A probe that needs a layer below it which is broken says "not applicable" and names that layer: one fault has one cause.
//! * Probes run side by side; one that does not end in time is told as such and holds up nobody.
//! * What belongs to a person – names, serial numbers, addresses, paths – is marked where it is found, so that the report can
//!   leave it out.

pub mod chain;
mod line;
mod lists;
pub mod outside;
mod probe;
mod repair;
pub mod report;
mod runner;
mod scene;
mod text;

pub(crate) use outside::reach_ca;

pub use line::{Line, Statement, Value, Verdict};
pub use lists::Lists;
pub use probe::{Probe, ProbeId};
pub use repair::{Page, Repair, carry_out, udev_rule};
pub use runner::{LIMIT, probes, run};
pub use scene::{Folders, Inserted, Preset, Scene};
