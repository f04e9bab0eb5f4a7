//! The order: submitted, watched, paid for; and the journal entry behind it.

use super::Step;
use super::identify::{Identified, no_random};
use crate::ca::adapter::{CaAdapter, CaError, OrderAnswer, Submission};
use crate::ca::entry::{Entry, Sent};
use crate::ca::faults::Scene;
use crate::ca::journal::{Journal, OpenEntry};
use crate::ca::order_api::to_json;
use crate::ca::protocol::{
    CaptchaAnswer, Contact, Order, OrderHandle, OrderKind, OrderRequest, OrderState, Payment, ProblemCode,
};
use crate::crypto::{random, signature_to_der};
use crate::fault::{Fault, FaultCode};
use std::sync::Arc;
use std::time::Duration;

/// One order on its way, bound to one key. While it lives no other program works on the order.
pub struct Renewal {
    pub(super) ca: Arc<dyn CaAdapter>,
    pub(super) entry: OpenEntry,
    etag: Option<String>,
}

/// What became of sending an order.
enum Unsent {
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
        if let Some(earlier) = Self::submitted_before(identified, ca_id, journal)? {
            return Ok(earlier);
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
        let signature = identified.key.sign_message(&body).and_then(|signature| signature_to_der(&signature));
        let number = random::<16>().map_err(|error| no_random(&error))?;
        let sent = Sent {
            body: body.into(),
            session: session.id.clone(),
            signature: signature.map_err(|error| no_random(&error))?.into(),
            idempotency_key: number.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let entry = journal.create(Self::new_entry(identified, ca_id, Some(sent)))?;
        let mut renewal = Self::resume(Arc::clone(&identified.ca), entry);
        match renewal.send() {
            Ok(()) => Ok(renewal),
            Err(Unsent::Unknown(fault)) => Err(fault),
            Err(Unsent::Refused(fault)) => {
                renewal.entry.remove()?;
                Err(fault)
            }
        }
    }

    /// Goes on with an order named by the session ([`Identified::unfinished`]): from the journal when it was made here, else
    /// by a new entry.
    ///
    /// # Errors
    /// [`FaultCode::OrderOtherKey`] when it was made with another key, [`FaultCode::OrderInUse`],
    /// [`FaultCode::JournalNotUsable`].
    pub fn adopt(identified: &Identified, ca_id: &str, handle: &OrderHandle, journal: &Journal) -> Result<Self, Fault> {
        let order = &handle.order;
        if order.device_serial != identified.binding.device_serial {
            let (support, now) = (identified.ca.support(), identified.ca.now());
            let scene = Scene { support: &support, order: &order.no, serial: &order.device_serial, now };
            return Err(scene.of(FaultCode::OrderOtherKey));
        }
        let is_it = |entry: &Entry| {
            entry.ca == ca_id
                && match &entry.order {
                    Some(order) => order.no == handle.order.no,
                    // there is one unfinished order of a certificate: its answer was lost
                    None => entry.binding.certificate == identified.binding.certificate,
                }
        };
        let known = journal.entries()?.0.into_iter().filter(Entry::is_open).find(is_it);
        let mut entry = match known {
            Some(known) => journal.open(&known.id)?,
            None => journal.create(Self::new_entry(identified, ca_id, None))?,
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
        Self { ca, entry, etag: None }
    }

    /// What this computer knows about the order.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        self.entry.entry()
    }

    /// The order as last seen; `None` while its answer is not known.
    #[must_use]
    pub const fn order(&self) -> Option<&Order> {
        self.entry.entry().order.as_ref()
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
        if self.order().is_none() {
            let sent = self.send();
            if let Err(Unsent::Refused(_)) = &sent {
                let now = self.ca.now();
                self.entry.update(|entry| entry.finish(now))?;
            }
            sent.map_err(Unsent::into_fault)?;
        } else if self.entry().is_open() {
            let (no, token) = (self.entry().no().to_owned(), self.entry().token.clone());
            let answer = self.ca.order(&no, &token, self.etag.as_deref(), wait);
            let answer = match answer {
                Err(error) => {
                    let fault = self.fault(&error);
                    if fault.code == FaultCode::OrderNotFound {
                        // nothing can come of it any more, and it shall be in nobody's way
                        let now = self.ca.now();
                        self.entry.update(|entry| entry.finish(now))?;
                    }
                    return Err(fault);
                }
                Ok(answer) => answer,
            };
            if let OrderAnswer::Now { order, etag } = answer {
                self.saw(*order)?;
                self.etag = etag;
            }
        }
        self.seen()
    }

    /// Has a code sent to the mobile number.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn send_code(&mut self) -> Result<&Order, Fault> {
        let order = self.ca.send_code(self.entry().no(), &self.entry().token);
        self.take(order)
    }

    /// Gives the code back.
    ///
    /// # Errors
    /// [`FaultCode::CodeWrong`], [`FaultCode::CodeExpired`], and as above.
    pub fn verify_code(&mut self, code: &str) -> Result<&Order, Fault> {
        let order = self.ca.verify_code(self.entry().no(), &self.entry().token, code);
        self.take(order)
    }

    /// How to pay.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn payment(&mut self) -> Result<Payment, Fault> {
        let payment = self.ca.payment(self.entry().no(), &self.entry().token);
        payment.map_err(|error| self.fault(&error))
    }

    /// Forgets the order on this computer. At the service it expires by itself; a session of the same key shows it until
    /// then.
    ///
    /// # Errors
    /// [`FaultCode::OrderOnKey`] when the key holds something of the unfinished order already,
    /// [`FaultCode::JournalNotUsable`].
    pub fn forget(self) -> Result<(), Fault> {
        self.entry.forget()
    }

    /// An order of this key and CA whose answer was lost, once it is known.
    fn submitted_before(identified: &Identified, ca_id: &str, journal: &Journal) -> Result<Option<Self>, Fault> {
        let is_it = |entry: &Entry| {
            entry.is_open()
                && entry.order.is_none()
                && entry.ca == ca_id
                && entry.binding.certificate == identified.binding.certificate
        };
        for entry in journal.entries()?.0.into_iter().filter(is_it) {
            let mut renewal = Self::resume(Arc::clone(&identified.ca), journal.open(&entry.id)?);
            match renewal.send() {
                Ok(()) => return Ok(Some(renewal)),
                Err(Unsent::Unknown(fault)) => return Err(fault),
                Err(Unsent::Refused(_)) => renewal.entry.remove()?,
            }
        }
        Ok(None)
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
            finished: None,
        }
    }

    /// Sends the order as it stands in the journal.
    fn send(&mut self) -> Result<(), Unsent> {
        let unknown = || Unsent::Unknown(Fault::new(FaultCode::OrderNotFound));
        let submission: Submission = self.entry().sent.as_ref().ok_or_else(unknown)?.into();
        let created = self.ca.create_order(&submission).map_err(|error| {
            let fault = self.fault(&error);
            // from before the place where the service would know the order again, or of a failure that passes
            let passes =
                |code| matches!(code, ProblemCode::RateLimited | ProblemCode::Internal | ProblemCode::Unavailable);
            match error {
                CaError::Problem(problem) if !passes(problem.code) => Unsent::Refused(fault),
                _ => Unsent::Unknown(fault),
            }
        })?;
        let stored = self.entry.update(|entry| {
            entry.sent = None;
            entry.token = created.token;
            entry.order = Some(created.order);
        });
        stored.map_err(Unsent::Unknown)
    }

    fn take(&mut self, order: Result<Order, CaError>) -> Result<&Order, Fault> {
        let order = order.map_err(|error| self.fault(&error))?;
        self.saw(order)?;
        self.seen()
    }

    /// Keeps what the service said about the order.
    pub(super) fn saw(&mut self, order: Order) -> Result<(), Fault> {
        let now = self.ca.now();
        self.entry.update(|entry| {
            let ended = match order.state {
                // what is left then is to switch the key over, if it is here that it was made
                OrderState::Installed => entry.download.is_none(),
                state => state.is_final(),
            };
            entry.order = Some(order);
            if ended && entry.is_open() {
                entry.finish(now);
            }
        })
    }

    fn seen(&self) -> Result<&Order, Fault> {
        self.order().ok_or_else(|| Fault::new(FaultCode::OrderNotFound))
    }

    pub(super) fn fault(&self, error: &CaError) -> Fault {
        let support = self.ca.support();
        let entry = self.entry();
        Scene { support: &support, order: entry.no(), serial: &entry.binding.device_serial, now: self.ca.now() }
            .fault(error)
    }

    /// A fault with the values of this order.
    pub(super) fn fault_of(&self, code: FaultCode) -> Fault {
        let support = self.ca.support();
        let entry = self.entry();
        Scene { support: &support, order: entry.no(), serial: &entry.binding.device_serial, now: self.ca.now() }
            .of(code)
    }
}
