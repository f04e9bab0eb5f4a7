//! The probes of what lies around the key: clock, network, CA, browsers, desktop, this program.

mod ca;
mod clock;
mod network;
mod reach;

pub(in crate::check) use clock::is_wrong as clock_is_wrong;
pub(in crate::check) use reach::Reached;
pub(crate) use reach::time as reach_ca;

use super::probe::Probe;
use std::sync::Arc;

/// All of them.
#[must_use]
pub fn probes() -> Vec<Arc<dyn Probe>> {
    vec![Arc::new(clock::Clock), Arc::new(network::Network), Arc::new(ca::CaService)]
}
