//! Removing what a renewal left behind: the old container stays on the key as long as the person wants to read what was
//! encrypted for it.

use super::journal::Journal;
use super::renewal::KeyAccess;
use crate::fault::{Fault, FaultCode};
use crate::secret::Pin;

/// Deletes a container with its keys and certificates for ever.
///
/// # Errors
/// [`FaultCode::ContainerInUse`] for the container in use and for those of an unfinished order; then nothing was sent but
/// reading commands. Faults of the key as usual.
pub fn remove(key: &mut dyn KeyAccess, pin: Pin, container: &str, journal: &Journal) -> Result<(), Fault> {
    let _ = (key, pin, container, journal);
    Err(Fault::new(FaultCode::InternalStopped))
}
