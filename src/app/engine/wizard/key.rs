//! A key borrowed from its worker for each job.

use crate::app::engine::dispatch::Workers;
use crate::app::engine::orders::lock;
use crate::app::engine::worker::{Job, Loan};
use base::fault::{Fault, FaultCode};
use ca_client::{KeyAccess, KeyGone};
use std::sync::mpsc::channel;
use token::{KeyContents, Token};

/// A key borrowed from its worker for each job.
pub(in crate::app) struct LentKey {
    pub(in crate::app) slot: u64,
    pub(in crate::app) workers: Workers,
}

impl KeyAccess for LentKey {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        let (to, loans) = channel::<Loan>();
        let sent = lock(&self.workers).get(&self.slot).is_some_and(|jobs| jobs.send(Job::Lend(to)).is_ok());
        let mut loan = if sent { loans.recv().map_err(|_| KeyGone)? } else { return Err(KeyGone) };
        job(loan.token().ok_or(KeyGone)?);
        Ok(())
    }
}

impl LentKey {
    /// After a workflow: whatever state it left the connection in, the card on the window is read anew.
    pub(in crate::app) fn read_again(&self) {
        if let Some(jobs) = lock(&self.workers).get(&self.slot) {
            // a worker that ended reports its removal itself
            let _ended = jobs.send(Job::Reconnect).and_then(|()| jobs.send(Job::Read));
        }
    }

    pub(super) fn contents(&mut self) -> Result<KeyContents, Fault> {
        let mut read = Err(Fault::new(FaultCode::KeyRemoved));
        self.with(&mut |token| read = token.read().map_err(|error| Fault::from(&error)))
            .map_err(|KeyGone| Fault::new(FaultCode::KeyRemoved))?;
        read
    }
}
