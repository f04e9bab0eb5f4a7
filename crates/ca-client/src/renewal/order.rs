//! The order: submitted, watched, paid for; and the journal entry behind it.

use super::Step;
use super::identify::Identified;
use crate::adapter::{CaAdapter, CaError, OrderAnswer};
use crate::client::to_json;
use crate::entry::{Entry, Sent};
use crate::journal::{Journal, OpenEntry};
use crate::open_order::OpenOrder;
use base::fault::{Fault, FaultCode};
use order_api::{CaptchaAnswer, Contact, Order, OrderHandle, OrderKind, OrderRequest, Payment};
use std::sync::Arc;
use std::time::Duration;

/// One order on its way, bound to one key. While it lives no other program works on the order.
pub struct Renewal {
    pub(super) open: OpenOrder,
}

impl Renewal {
    /// Submits the order. It stands in the journal before it is sent; when the answer is lost the entry stays, and the same
    /// call, or [`Renewal::resume`] and [`Renewal::refresh`], sends the same bytes again. `ca_id` is the id of the profile.
    ///
    /// # Errors
    /// Faults of the network (the entry stays) and of the service (nothing was ordered, the entry is gone; with a wrong
    /// captcha the same `identified` is used again), [`FaultCode::JournalNotUsable`] before anything is sent.
    pub fn submit(
        identified: &Identified,
        ca_id: &str,
        contact: Contact,
        captcha: Option<CaptchaAnswer>,
        journal: &Journal,
    ) -> Result<Self, Fault> {
        let of_certificate = |entry: &Entry| {
            entry.kind == OrderKind::Renew
                && entry.ca == ca_id
                && entry.binding.certificate == identified.binding.certificate
        };
        if let Some(open) = OpenOrder::sent_before(&identified.ca, journal, of_certificate)? {
            return Ok(Self { open });
        }
        let session = &identified.session;
        let request = OrderRequest {
            kind: OrderKind::Renew,
            session: session.id.clone(),
            certificate_serial: session.holder.certificate_serial.clone(),
            new: session.new,
            contact,
            captcha,
        };
        let body =
            to_json(&request).map_err(|error| Fault::new(FaultCode::InternalStopped).detail(error.to_string()))?;
        let sent = Sent::signed(body, &session.id, &identified.key)?;
        let entry = Self::new_entry(identified, ca_id, Some(sent));
        Ok(Self { open: OpenOrder::submit(&identified.ca, entry, journal)? })
    }

    /// Goes on with an order named by the session ([`Identified::unfinished`]): from the journal when it was made here, else
    /// by a new entry.
    ///
    /// # Errors
    /// [`FaultCode::OrderOtherKey`] when it was made with another key, [`FaultCode::OrderNotFound`] when it is none of this
    /// certificate, [`FaultCode::OrderInUse`], [`FaultCode::JournalNotUsable`].
    pub fn adopt(identified: &Identified, ca_id: &str, handle: &OrderHandle, journal: &Journal) -> Result<Self, Fault> {
        let order = &handle.order;
        if order.device_serial != identified.binding.device_serial {
            return Err(identified.fault_of(FaultCode::OrderOtherKey, order));
        }
        let is_it = |entry: &Entry| {
            entry.kind == OrderKind::Renew
                && entry.ca == ca_id
                && match &entry.order {
                    Some(order) => order.no == handle.order.no,
                    // there is one unfinished order of a certificate: its answer was lost
                    None => entry.binding.certificate == identified.binding.certificate,
                }
        };
        let known = journal.entries()?.0.into_iter().filter(Entry::is_open).find(is_it);
        let new = Self::new_entry(identified, ca_id, None);
        if !known.as_ref().unwrap_or(&new).is_about(order) {
            return Err(identified.fault_of(FaultCode::OrderNotFound, order).detail("session with another order"));
        }
        let mut entry = match known {
            Some(known) => journal.open(&known.id)?,
            None => journal.create(new)?,
        };
        entry.update(|entry| {
            entry.sent = None;
            entry.new = handle.order.new;
            entry.order = Some(handle.order.clone());
            entry.token.clone_from(&handle.token);
        })?;
        Ok(Self::resume(Arc::clone(&identified.ca), entry))
    }

    /// Goes on with an entry of the journal.
    #[must_use]
    pub fn resume(ca: Arc<dyn CaAdapter>, entry: OpenEntry) -> Self {
        Self { open: OpenOrder::new(ca, entry) }
    }

    /// What this computer knows about the order.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        self.open.entry()
    }

    /// The order as last seen; `None` while its answer is not known.
    #[must_use]
    pub const fn order(&self) -> Option<&Order> {
        self.open.order()
    }

    /// Where it is.
    #[must_use]
    pub fn step(&self) -> Step {
        self.entry().step()
    }

    /// Asks the service how far the order is, with `wait` until it changes (25 s at most); sends the order again when its
    /// answer was lost. An order that is refused then, ended, or unknown to the service ends the entry as well.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn refresh(&mut self, wait: Option<Duration>) -> Result<&Order, Fault> {
        self.open.refresh(wait)
    }

    /// Takes in the answer to a question for this order that was asked beside it.
    ///
    /// # Errors
    /// As [`Renewal::refresh`]; [`FaultCode::OrderNotFound`] also for an answer about another order.
    pub fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault> {
        self.open.hear(answer)
    }

    /// Has a code sent to the mobile number.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn send_code(&mut self) -> Result<&Order, Fault> {
        self.open.send_code()
    }

    /// Gives the code back.
    ///
    /// # Errors
    /// [`FaultCode::CodeWrong`], [`FaultCode::CodeExpired`], and as above.
    pub fn verify_code(&mut self, code: &str) -> Result<&Order, Fault> {
        let order = self.open.ca.verify_code(self.entry().no(), &self.entry().token, code);
        self.open.take(order)
    }

    /// How to pay.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn payment(&mut self) -> Result<Payment, Fault> {
        let payment = self.open.ca.payment(self.entry().no(), &self.entry().token);
        payment.map_err(|error| self.open.fault(&error))
    }

    /// Forgets the order on this computer. At the service it expires by itself; a session of the same key shows it until
    /// then.
    ///
    /// # Errors
    /// [`FaultCode::OrderOnKey`] when the key holds something of the unfinished order already,
    /// [`FaultCode::JournalNotUsable`].
    pub fn forget(self) -> Result<(), Fault> {
        self.open.entry.forget()
    }

    /// Gives the order up, whatever is on the key of it. At the service it is withdrawn where it is not
    /// authorized yet, else it expires by itself.
    ///
    /// # Errors
    /// [`FaultCode::JournalNotUsable`].
    pub fn give_up(self) -> Result<(), Fault> {
        self.open.give_up()
    }

    fn new_entry(identified: &Identified, ca_id: &str, sent: Option<Sent>) -> Entry {
        Entry {
            id: String::new(),
            ca: ca_id.to_owned(),
            kind: OrderKind::Renew,
            created: identified.ca.now(),
            binding: identified.binding.clone(),
            holder: identified.session.holder.name.clone(),
            old: identified.session.old,
            new: identified.session.new,
            sent,
            order: None,
            token: String::new(),
            download: None,
            unlock: None,
            finished: None,
        }
    }
}
