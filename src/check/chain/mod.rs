//! The probes from the USB bus to the certificate.
//!
//! Invariants
//! * Nothing is opened for writing, no PIN is sent and no try is spent.
//! * A library of a maker is loaded in a child process only, with a time limit; the one file with `unsafe` is that child.
//! * Which layer is to blame is decided in one place, `blame`, so that one fault shows as one problem.

mod application;
mod blame;
mod certificates;
pub mod client_version;
pub mod driver_child;
mod driver_file;
mod driver_run;
mod drivers;
mod holders;
mod keys;
mod per_key;
mod permission;
mod readers;
mod revocation;
mod service;
mod session;
mod usb;
mod usb_bus;

use super::probe::Probe;
use std::sync::Arc;

/// All of them.
#[must_use]
pub fn probes() -> Vec<Arc<dyn Probe>> {
    vec![
        Arc::new(usb::Usb),
        Arc::new(permission::Permission),
        Arc::new(service::Service),
        Arc::new(readers::Readers),
        Arc::new(drivers::Drivers),
        Arc::new(keys::Keys),
        Arc::new(application::Application),
        Arc::new(certificates::Certificates),
        Arc::new(revocation::Revocation),
    ]
}
