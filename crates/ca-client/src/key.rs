//! How the workflow reaches the key: jobs for the thread that owns it.

use super::entry::KeyBinding;
use token::{KeyContents, KeyUse, Token, TokenError, TransportError};

/// The key is not there any more.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the key is gone")]
pub struct KeyGone;

/// A key that runs jobs. Between two jobs other work may be done with it; a login lasts no longer than its job, and so a
/// job with a login also waits for the network.
pub trait KeyAccess {
    /// Runs a job on the key's own thread and waits for its end.
    ///
    /// # Errors
    /// [`KeyGone`]; the job was then not begun.
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone>;
}

impl KeyAccess for Box<dyn Token> {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        job(self.as_mut());
        Ok(())
    }
}

/// Runs a job with a result.
pub(super) fn with_token<R>(key: &mut dyn KeyAccess, job: impl FnOnce(&mut dyn Token) -> R) -> Result<R, KeyGone> {
    let (mut job, mut result) = (Some(job), None);
    key.with(&mut |token| result = job.take().map(|job| job(token)))?;
    result.ok_or(KeyGone)
}

/// Runs a job that may fail; a key that is gone was removed.
pub(super) fn on_key<R>(
    key: &mut dyn KeyAccess,
    job: impl FnOnce(&mut dyn Token) -> Result<R, TokenError>,
) -> Result<R, TokenError> {
    with_token(key, job).unwrap_or(Err(TokenError::Transport(TransportError::Removed)))
}

/// What is on a key when it is the one of a binding: serial number, certificate, public key of the container. Needs no
/// PIN. `None` for another key.
pub(super) fn bound(token: &mut dyn Token, binding: &KeyBinding) -> Result<Option<KeyContents>, TokenError> {
    let contents = token.read()?;
    let same = binding.is_of(&contents) && token.public_key(&binding.container, KeyUse::Sign)? == binding.key.0;
    Ok(same.then_some(contents))
}
