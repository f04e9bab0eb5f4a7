//! Which layer keeps a key from being read: the first that fails on the way from the bus to the card. Every layer above it
//! waits for it.

use super::usb_bus::{self, Bus};
use crate::check::{Inserted, ProbeId, Scene};
use base::fault::FaultCode;
use token::{CardSeen, ServiceState};

/// The layer to blame when the service can't be asked for readers.
pub fn service(scene: &Scene) -> Option<ProbeId> {
    match scene.service() {
        ServiceState::Running { .. } | ServiceState::Asleep => None,
        ServiceState::Stopped | ServiceState::VersionMismatch { .. } => Some(ProbeId::Service),
        ServiceState::Denied => Some(ProbeId::Permission),
    }
}

/// The layer to blame when there is no card to be asked.
pub fn card(scene: &Scene) -> Option<ProbeId> {
    if let Some(layer) = service(scene) {
        return Some(layer);
    }
    let readers = &scene.service_report().readers;
    if readers.is_empty() {
        return Some(without_readers(scene));
    }
    readers.iter().all(|reader| reader.card == CardSeen::None).then_some(ProbeId::Readers)
}

/// Without readers it is the bus when that is there and has no key on it.
fn without_readers(scene: &Scene) -> ProbeId {
    match usb_bus::look(scene) {
        // practice keys have no readers below them
        _ if scene.practice => ProbeId::Keys,
        Bus::Devices(devices) if devices.is_empty() => ProbeId::Usb,
        _ => ProbeId::Readers,
    }
}

/// The layer to blame when no key was read.
pub fn reading(scene: &Scene) -> Option<ProbeId> {
    if let Some(layer) = card(scene) {
        return Some(layer);
    }
    let keys = scene.keys();
    if keys.iter().any(|key| key.result.is_ok()) {
        return None;
    }
    Some(if !keys.is_empty() && keys.iter().all(is_denied) { ProbeId::Permission } else { ProbeId::Keys })
}

/// The system's rules let this user talk to the service, but not to the card.
pub fn is_denied(key: &Inserted) -> bool {
    key.result.as_ref().is_err_and(|fault| fault.code == FaultCode::ServiceDenied)
}
