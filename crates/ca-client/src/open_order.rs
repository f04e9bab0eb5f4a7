//! An order that is worked on, whatever its kind: sent as it stands in the journal, watched, ended.
//!
//! Invariants
//! * What is sent stands in the journal before; after a lost answer the same bytes are sent again.
//! * What the service says is taken only about the order of the entry, and a new state stands in the
//!   journal before anybody acts on it.

use super::adapter::{CaAdapter, CaError, OrderAnswer, Submission};
use super::entry::{Entry, Sent};
use super::faults::FaultContext;
use super::journal::{Journal, OpenEntry};
use super::signing::no_random;
use base::fault::{Fault, FaultCode};
use gm::{PrivateKey, random, signature_to_der};
use order_api::{Order, OrderKind, OrderState, ProblemCode};
use std::sync::Arc;
use std::time::Duration;

/// An entry of the journal with the service it belongs to.
pub(super) struct OpenOrder {
    pub ca: Arc<dyn CaAdapter>,
    pub entry: OpenEntry,
    etag: Option<String>,
}

/// What became of sending an order.
pub(super) enum Unsent {
    /// The service did not take it: the same bytes will never be an order.
    Refused(Fault),
    /// Nobody knows; the same bytes are sent again later.
    Unknown(Fault),
}

impl Unsent {
    fn into_fault(self) -> Fault {
        let (Self::Refused(fault) | Self::Unknown(fault)) = self;
        fault
    }
}

impl Sent {
    /// A body signed by a key made for it, with a name of its own.
    pub(super) fn signed(body: Vec<u8>, session: &str, by: &PrivateKey) -> Result<Self, Fault> {
        let signature = by.sign_message(&body).and_then(|signature| signature_to_der(&signature));
        let number = random::<16>().map_err(|error| no_random(&error))?;
        Ok(Self {
            body: body.into(),
            session: session.to_owned(),
            signature: signature.map_err(|error| no_random(&error))?.into(),
            idempotency_key: number.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

impl OpenOrder {
    pub(super) const fn new(ca: Arc<dyn CaAdapter>, entry: OpenEntry) -> Self {
        Self { ca, entry, etag: None }
    }

    /// Writes a new order into the journal, then sends it. One that was refused is not kept.
    pub(super) fn submit(ca: &Arc<dyn CaAdapter>, entry: Entry, journal: &Journal) -> Result<Self, Fault> {
        let mut order = Self::new(Arc::clone(ca), journal.create(entry)?);
        match order.send() {
            Ok(()) => Ok(order),
            Err(Unsent::Unknown(fault)) => Err(fault),
            Err(Unsent::Refused(fault)) => {
                order.entry.remove()?;
                Err(fault)
            }
        }
    }

    /// An order like this one whose answer was lost, once it is known. Those that are refused now are not kept.
    pub(super) fn sent_before(
        ca: &Arc<dyn CaAdapter>,
        journal: &Journal,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Self>, Fault> {
        let lost = |entry: &Entry| entry.is_open() && entry.order.is_none() && is_it(entry);
        for entry in journal.entries()?.0.into_iter().filter(lost) {
            let mut order = Self::new(Arc::clone(ca), journal.open(&entry.id)?);
            match order.send() {
                Ok(()) => return Ok(Some(order)),
                Err(Unsent::Unknown(fault)) => return Err(fault),
                Err(Unsent::Refused(_)) => order.entry.remove()?,
            }
        }
        Ok(None)
    }

    pub(super) const fn entry(&self) -> &Entry {
        self.entry.entry()
    }

    /// The order as last seen; `None` while its answer is not known.
    pub(super) const fn order(&self) -> Option<&Order> {
        self.entry.entry().order.as_ref()
    }

    /// State of the order as last seen, while something is left to do.
    pub(super) fn open_state(&self) -> Option<OrderState> {
        self.order().map(|order| order.state).filter(|_| self.entry().is_open())
    }

    /// Asks how far the order is, or sends it again. An order that is refused then, ended, or unknown to the service ends
    /// the entry as well.
    pub(super) fn refresh(&mut self, wait: Option<Duration>) -> Result<&Order, Fault> {
        if self.order().is_none() {
            let sent = self.send();
            if let Err(Unsent::Refused(_)) = &sent {
                self.end()?;
            }
            sent.map_err(Unsent::into_fault)?;
        } else if self.entry().is_open() {
            let (no, token) = (self.entry().no().to_owned(), self.entry().token.clone());
            let answer = self.ca.order(&no, &token, self.etag.as_deref(), wait);
            self.hear(answer)?;
        }
        self.seen()
    }

    /// Takes in the answer to a question about the order, whoever asked it.
    pub(super) fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault> {
        match answer {
            Ok(OrderAnswer::Unchanged) => Ok(()),
            Ok(OrderAnswer::Now { order, etag }) => {
                self.saw(*order)?;
                self.etag = etag;
                Ok(())
            }
            Err(error) => {
                let fault = self.fault(&error);
                if fault.code == FaultCode::OrderNotFound {
                    // nothing can come of it any more, and it shall be in nobody's way
                    self.end()?;
                }
                Err(fault)
            }
        }
    }

    /// Has a code sent.
    pub(super) fn send_code(&mut self) -> Result<&Order, Fault> {
        let order = self.ca.send_code(self.entry().no(), &self.entry().token);
        self.take(order)
    }

    pub(super) fn take(&mut self, order: Result<Order, CaError>) -> Result<&Order, Fault> {
        let order = order.map_err(|error| self.fault(&error))?;
        self.saw(order)?;
        self.seen()
    }

    /// Gives the order up: withdraws it where it can still be, and removes the entry whatever it says.
    pub(super) fn give_up(self) -> Result<(), Fault> {
        let waits = [OrderState::Submitted, OrderState::Reviewing, OrderState::Payment];
        if self.entry().kind == OrderKind::Renew && self.open_state().is_some_and(|state| waits.contains(&state)) {
            let (no, token) = (self.entry().no(), &self.entry().token);
            if let Err(error) = self.ca.cancel(no, token) {
                // it ends there by time
                tracing::info!(%error, "an order that was given up is not withdrawn");
            }
        }
        self.entry.remove()
    }

    /// Keeps what the service said about the order; about another one it is as if the service did not know this one.
    pub(super) fn saw(&mut self, order: Order) -> Result<(), Fault> {
        self.about(&order)?;
        if self.open_state() == Some(order.state) {
            // times and counters come again with the next question; a service that counts on wears no disk
            self.entry.keep(order);
            return Ok(());
        }
        let now = self.ca.now();
        self.entry.update(|entry| entry.take_in(order, now))
    }

    /// Refuses an order that is not that of the entry.
    pub(super) fn about(&self, order: &Order) -> Result<(), Fault> {
        if self.entry().is_about(order) {
            return Ok(());
        }
        tracing::warn!(entry = self.entry().id, "the service answered with another order");
        Err(self.fault_of(FaultCode::OrderNotFound).detail("answered with another order"))
    }

    /// Ends the entry.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        let now = self.ca.now();
        self.entry.update(|entry| entry.finish(now))
    }

    /// What is told about an error of the service.
    pub(super) fn fault(&self, error: &CaError) -> Fault {
        self.in_scene(|scene| scene.fault(error))
    }

    /// A fault with the values of this order.
    pub(super) fn fault_of(&self, code: FaultCode) -> Fault {
        self.in_scene(|scene| scene.of(code))
    }

    /// Does something with what the sentences about this order name.
    pub(super) fn in_scene<R>(&self, tell: impl FnOnce(&FaultContext<'_>) -> R) -> R {
        let support = self.ca.support();
        let entry = self.entry();
        tell(&FaultContext {
            support: &support,
            order: entry.no(),
            serial: &entry.binding.device_serial,
            now: self.ca.now(),
        })
    }

    fn seen(&self) -> Result<&Order, Fault> {
        self.order().ok_or_else(|| Fault::new(FaultCode::OrderNotFound))
    }

    /// Sends the order as it stands in the journal.
    fn send(&mut self) -> Result<(), Unsent> {
        let unknown = || Unsent::Unknown(Fault::new(FaultCode::OrderNotFound));
        let submission: Submission = self.entry().sent.as_ref().ok_or_else(unknown)?.into();
        let created = match self.entry().kind {
            OrderKind::Renew => self.ca.create_order(&submission),
            OrderKind::Unlock => self.ca.create_unlock(&submission),
        };
        let created = created.map_err(|error| {
            let fault = self.fault(&error);
            // from before the place where the service would know the order again, or of a failure that passes
            let passes =
                |code| matches!(code, ProblemCode::RateLimited | ProblemCode::Internal | ProblemCode::Unavailable);
            match error {
                CaError::Problem(problem) if !passes(problem.code) => Unsent::Refused(fault),
                _ => Unsent::Unknown(fault),
            }
        })?;
        // whether this one arrived is as unknown as before
        self.about(&created.order).map_err(Unsent::Unknown)?;
        let now = self.ca.now();
        let stored = self.entry.update(|entry| {
            entry.sent = None;
            entry.token = created.token;
            entry.take_in(created.order, now);
        });
        stored.map_err(Unsent::Unknown)
    }
}

#[cfg(test)]
mod tests;
