//! The order: applied for, watched, given up; and the journal entry behind it.

use super::progress::{ClientKey, KeyRefusal, UnlockMark, UnlockProgress};
use super::{Application, UnlockStep};
use crate::adapter::{CaAdapter, CaError, OrderAnswer};
use crate::client::to_json;
use crate::entry::{Entry, KeyBinding, Sent};
use crate::journal::{Journal, OpenEntry};
use crate::open_order::OpenOrder;
use crate::signing::{no_random, read, unreadable};
use base::fault::{Fault, FaultCode};
use gm::PrivateKey;
use order_api::{Order, OrderKind, Period, SessionKey, UnlockRequest};
use std::sync::Arc;
use std::time::Duration;

/// One order on its way, bound to one key. While it lives no other program works on the order.
pub struct Unlock {
    pub(super) open: OpenOrder,
    /// Also when the journal could not take it.
    pub(super) refused: Option<KeyRefusal>,
}

impl Unlock {
    /// Applies. The application stands in the journal before it is sent; when the answer is lost the entry stays, and the
    /// same call with the same application, or [`Unlock::resume`] and [`Unlock::refresh`], sends the same bytes again.
    /// `ca_id` is the id of the profile.
    ///
    /// # Errors
    /// Faults of the network (the entry stays) and of the service (nothing was taken, the entry is gone),
    /// [`FaultCode::CertificateDamaged`] and [`FaultCode::JournalNotUsable`] before anything is sent.
    pub fn apply(
        ca: &Arc<dyn CaAdapter>,
        ca_id: &str,
        binding: KeyBinding,
        application: Application,
        journal: &Journal,
    ) -> Result<Self, Fault> {
        let same = |entry: &Entry| {
            entry.kind == OrderKind::Unlock
                && entry.ca == ca_id
                && entry.binding == binding
                && entry.sent.as_ref().is_some_and(|sent| says(sent, &application))
        };
        if let Some(open) = OpenOrder::sent_before(ca, journal, same)? {
            return Ok(Self { open, refused: None });
        }
        let certificate = &binding.certificate;
        let read = read(&certificate.0)?;
        let (holder, validity) = (read.owner.unwrap_or_default(), read.validity.ok_or_else(unreadable)?);
        let (from, until) = (validity.not_before, validity.not_after);
        let client = PrivateKey::generate().map_err(|error| no_random(&error))?;
        let request = UnlockRequest {
            client_key: SessionKey(client.public()),
            certificate: certificate.clone(),
            device_serial: binding.device_serial.clone(),
            route: application.route,
            applicant: application.applicant,
            captcha: application.captcha,
        };
        let body =
            to_json(&request).map_err(|error| Fault::new(FaultCode::InternalStopped).detail(error.to_string()))?;
        let entry = Entry {
            id: String::new(),
            ca: ca_id.to_owned(),
            kind: OrderKind::Unlock,
            created: ca.now(),
            holder,
            old: Period { from, until },
            new: Period { from, until },
            sent: Some(Sent::signed(body, "", &client)?),
            order: None,
            token: String::new(),
            download: None,
            unlock: Some(UnlockProgress {
                client_key: Some(ClientKey::of(&client)),
                mark: UnlockMark::Applied,
                refused: None,
            }),
            finished: None,
            binding,
        };
        Ok(Self { open: OpenOrder::submit(ca, entry, journal)?, refused: None })
    }

    /// Goes on with an entry of the journal.
    #[must_use]
    pub fn resume(ca: Arc<dyn CaAdapter>, entry: OpenEntry) -> Self {
        Self { open: OpenOrder::new(ca, entry), refused: None }
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
    pub fn step(&self) -> UnlockStep {
        self.entry().unlock_step()
    }

    /// Asks the service how far the order is, with `wait` until it changes (25 s at most); sends the application again when
    /// its answer was lost. An order that is refused then, ended, or unknown to the service ends the entry as well.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn refresh(&mut self, wait: Option<Duration>) -> Result<&Order, Fault> {
        self.open.refresh(wait)
    }

    /// Takes in the answer to a question for this order that was asked beside it.
    ///
    /// # Errors
    /// As [`Unlock::refresh`]; [`FaultCode::OrderNotFound`] also for an answer about another order.
    pub fn hear(&mut self, answer: Result<OrderAnswer, CaError>) -> Result<(), Fault> {
        self.open.hear(answer)
    }

    /// Has a new code sent; the one before no longer holds.
    ///
    /// # Errors
    /// [`FaultCode::RateLimited`] before its time, [`FaultCode::DailyLimit`], other faults of the network and the service.
    pub fn resend(&mut self) -> Result<&Order, Fault> {
        self.open.send_code()
    }

    /// Gives the order up, whatever is on the key of it. At the service it expires by itself.
    ///
    /// # Errors
    /// [`FaultCode::JournalNotUsable`].
    pub fn give_up(self) -> Result<(), Fault> {
        self.open.give_up()
    }

    /// Forgets the order on this computer. At the service it expires by itself.
    ///
    /// # Errors
    /// [`FaultCode::OrderOnKey`] when the key may have a PIN the person does not know, [`FaultCode::JournalNotUsable`].
    pub fn forget(self) -> Result<(), Fault> {
        self.open.entry.forget()
    }
}

/// Whether what was sent says the same of the person; the captcha is another one each time.
fn says(sent: &Sent, application: &Application) -> bool {
    serde_json::from_slice::<UnlockRequest>(&sent.body.0)
        .is_ok_and(|request| request.route == application.route && request.applicant == application.applicant)
}
