//! An order this program works on, of whichever kind: the wizard of its key and the watcher share it.

use crate::app::engine::orders::lock;
use base::fault::Fault;
use ca_client::{CaError, Entry, OrderAnswer, Renewal, Unlock};
use order_api::OrderKind;
use std::sync::{Arc, Mutex, PoisonError};

/// What every kind of order can do.
pub(in crate::app) trait Work {
    /// What stands in the journal.
    fn entry(&self) -> &Entry;
    /// Asks the service how far it is.
    fn refresh(&mut self) -> Result<(), Fault>;
    /// Takes in the answer to a question for it.
    fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault>;
}

impl Work for Renewal {
    fn entry(&self) -> &Entry {
        Self::entry(self)
    }

    fn refresh(&mut self) -> Result<(), Fault> {
        Self::refresh(self, None).map(drop)
    }

    fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault> {
        Self::hear(self, answer)
    }
}

impl Work for Unlock {
    fn entry(&self) -> &Entry {
        Self::entry(self)
    }

    fn refresh(&mut self) -> Result<(), Fault> {
        Self::refresh(self, None).map(drop)
    }

    fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault> {
        Self::hear(self, answer)
    }
}

/// An order, shared.
#[derive(Clone)]
pub(in crate::app) enum Shared {
    Renewal(Arc<Mutex<Renewal>>),
    Unlock(Arc<Mutex<Unlock>>),
}

impl From<Renewal> for Shared {
    fn from(renewal: Renewal) -> Self {
        Self::Renewal(Arc::new(Mutex::new(renewal)))
    }
}

impl From<Unlock> for Shared {
    fn from(unlock: Unlock) -> Self {
        Self::Unlock(Arc::new(Mutex::new(unlock)))
    }
}

impl Shared {
    pub(in crate::app) const fn kind(&self) -> OrderKind {
        match self {
            Self::Renewal(_) => OrderKind::Renew,
            Self::Unlock(_) => OrderKind::Unlock,
        }
    }

    pub(in crate::app) fn renewal(&self) -> Option<Arc<Mutex<Renewal>>> {
        match self {
            Self::Renewal(renewal) => Some(Arc::clone(renewal)),
            Self::Unlock(_) => None,
        }
    }

    pub(in crate::app) fn unlock(&self) -> Option<Arc<Mutex<Unlock>>> {
        match self {
            Self::Unlock(unlock) => Some(Arc::clone(unlock)),
            Self::Renewal(_) => None,
        }
    }

    /// True while somebody works on it.
    pub(in crate::app) fn is_busy(&self) -> bool {
        match self {
            Self::Renewal(renewal) => renewal.try_lock().is_err(),
            Self::Unlock(unlock) => unlock.try_lock().is_err(),
        }
    }

    /// Waits until nobody else works on it.
    pub(in crate::app) fn look<R>(&self, then: impl FnOnce(&mut dyn Work) -> R) -> R {
        match self {
            Self::Renewal(renewal) => then(&mut *lock(renewal)),
            Self::Unlock(unlock) => then(&mut *lock(unlock)),
        }
    }

    /// Gives it up and takes it off the journal.
    ///
    /// # Errors
    /// Itself when somebody else has it.
    pub(in crate::app) fn give_up(self) -> Result<Result<(), Fault>, Self> {
        match self {
            Self::Renewal(renewal) => Arc::try_unwrap(renewal)
                .map(|renewal| renewal.into_inner().unwrap_or_else(PoisonError::into_inner).give_up())
                .map_err(Self::Renewal),
            Self::Unlock(unlock) => Arc::try_unwrap(unlock)
                .map(|unlock| unlock.into_inner().unwrap_or_else(PoisonError::into_inner).give_up())
                .map_err(Self::Unlock),
        }
    }

    /// Takes it off the journal.
    ///
    /// # Errors
    /// Itself when somebody else has it.
    pub(in crate::app) fn forget(self) -> Result<Result<(), Fault>, Self> {
        match self {
            Self::Renewal(renewal) => Arc::try_unwrap(renewal)
                .map(|renewal| renewal.into_inner().unwrap_or_else(PoisonError::into_inner).forget())
                .map_err(Self::Renewal),
            Self::Unlock(unlock) => Arc::try_unwrap(unlock)
                .map(|unlock| unlock.into_inner().unwrap_or_else(PoisonError::into_inner).forget())
                .map_err(Self::Unlock),
        }
    }
}
