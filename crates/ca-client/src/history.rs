//! Removing what a renewal left behind: the old container stays on the key as long as the person wants to read what was
//! encrypted for it.

use super::journal::Journal;
use super::key::{KeyAccess, on_key};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;

/// Deletes a container with its keys and certificates for ever. The PIN is used for one login.
///
/// # Errors
/// [`FaultCode::ContainerInUse`] for the container in use and for those of an unfinished order, and
/// [`FaultCode::ContainerMissing`]; the PIN is not sent then. Faults of the key and the journal as usual.
pub fn remove(key: &mut dyn KeyAccess, pin: Pin, container: &str, journal: &Journal) -> Result<(), Fault> {
    let fault = |error| Fault::from(&error);
    let contents = on_key(key, |token| token.read()).map_err(fault)?;
    if !contents.containers.iter().any(|known| known.name == container) {
        return Err(Fault::new(FaultCode::ContainerMissing));
    }
    // without a container in use nothing is historic
    let in_use = contents.current_container().is_none_or(|current| current.name == container);
    let ordered = journal.entries()?.0.iter().any(|entry| {
        entry.is_open()
            && entry.binding.device_serial == contents.device.serial
            && (entry.binding.container == container
                || entry.download.as_ref().is_some_and(|download| download.container == container))
    });
    if in_use || ordered {
        return Err(Fault::new(FaultCode::ContainerInUse));
    }
    let removed = on_key(key, |token| {
        let mut login = token.login(pin)?;
        let deleted = login.delete_container(container);
        // the right is given back whatever became of it; dropping the token tries it again
        deleted.and(login.close())
    });
    removed.map_err(fault)
}
