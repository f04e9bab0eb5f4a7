//! What the journal keeps of an order.

use super::adapter::Submission;
use super::renewal::{DownloadStep, Step};
use super::unlock::{UnlockMark, UnlockProgress};
use base::fault::{Fault, FaultCode};
use certificate::Certificate;
use order_api::{Base64, Order, OrderKind, OrderState, Period, SessionKey};
use serde::{Deserialize, Serialize};
use token::KeyContents;

/// The key an order belongs to, as it was when the order was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBinding {
    /// USB-Key 序列号.
    pub device_serial: String,
    /// Name of the container in use.
    pub container: String,
    /// Its signing certificate, DER.
    pub certificate: Base64,
    /// The key of that certificate.
    pub key: SessionKey,
}

/// An order as this computer knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the entry, hexadecimal.
    pub id: String,
    /// Id of the CA profile.
    pub ca: String,
    /// What it is about.
    pub kind: OrderKind,
    /// When it was made here.
    pub created: i64,
    /// The key it belongs to.
    pub binding: KeyBinding,
    /// Owner of the certificate.
    pub holder: String,
    /// Validity of the old certificate.
    pub old: Period,
    /// Validity the person was shown.
    pub new: Period,
    /// The request, until it is answered.
    pub sent: Option<Sent>,
    /// The order as last seen.
    pub order: Option<Order>,
    /// Secret that opens it; empty when it ended.
    pub token: String,
    /// How far the new certificates are.
    pub download: Option<Download>,
    /// How far the unlock is.
    #[serde(default)]
    pub unlock: Option<UnlockProgress>,
    /// When the last step was done, or the order ended otherwise.
    pub finished: Option<i64>,
}

/// An order request whose answer was not seen yet: the same bytes are sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The exact body.
    pub body: Base64,
    /// Id of the session.
    pub session: String,
    /// Signature over the body, DER.
    pub signature: Base64,
    /// Value of `Idempotency-Key`.
    pub idempotency_key: String,
}

/// How far the new certificates are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The step that was begun last.
    pub step: DownloadStep,
    /// Name of the new container.
    pub container: String,
    /// The new signing key, once made.
    pub key: Option<SessionKey>,
    /// The request for certificates, DER, once signed.
    pub csr: Option<Base64>,
    /// The package, DER, once fetched and checked.
    pub package: Option<Base64>,
}

impl KeyBinding {
    /// The key as it was read, by its container in use.
    ///
    /// # Errors
    /// [`FaultCode::CertificateMissing`] without a container in use or signing certificate,
    /// [`FaultCode::CertificateDamaged`] when it can't be read or is no SM2 certificate.
    pub fn of(contents: &KeyContents) -> Result<Self, Fault> {
        let missing = || Fault::new(FaultCode::CertificateMissing);
        let container = contents.current_container().ok_or_else(missing)?;
        let der = container.sign.as_ref().ok_or_else(missing)?;
        let damaged = |_| Fault::new(FaultCode::CertificateDamaged);
        let certificate = Certificate::parse(der).map_err(damaged)?;
        let key = certificate.sm2_key().ok_or_else(|| Fault::new(FaultCode::CertificateDamaged))?;
        Ok(Self {
            device_serial: contents.device.serial.clone(),
            container: container.name.clone(),
            // without the padding of a file of fixed size
            certificate: Base64(certificate.der().to_vec()),
            key: SessionKey(*key),
        })
    }

    /// True for the key this binding was made from, as far as reading tells: serial number and old certificate.
    #[must_use]
    pub fn is_of(&self, contents: &KeyContents) -> bool {
        let same = |der: &Vec<u8>| der.starts_with(&self.certificate.0);
        self.device_serial == contents.device.serial
            && contents.containers.iter().any(|c| c.name == self.container && c.sign.as_ref().is_some_and(same))
    }
}

impl Entry {
    /// How far it is.
    #[must_use]
    pub fn step(&self) -> Step {
        let Some(state) = self.order.as_ref().map(|order| order.state) else {
            // sent again, it was refused
            return if self.is_open() { Step::Submit } else { Step::Failed(OrderState::Cancelled) };
        };
        match (state, &self.download) {
            (OrderState::Installed, _) if self.finished.is_some() => Step::Done,
            (OrderState::Rejected | OrderState::Expired | OrderState::Cancelled, _) => Step::Failed(state),
            // the service does not know it
            _ if !self.is_open() => Step::Failed(OrderState::Cancelled),
            (_, Some(download)) => Step::Download(download.step),
            (OrderState::Authorized | OrderState::Issued | OrderState::Installed, None) => {
                Step::Download(DownloadStep::Prepare)
            }
            _ => Step::Waiting(state),
        }
    }

    /// True when an order is the one this entry was made for: its number where that is known, its kind, certificate and key.
    pub(super) fn is_about(&self, order: &Order) -> bool {
        let serial = Certificate::parse(&self.binding.certificate.0).map(|certificate| certificate.serial_hex());
        self.order.as_ref().is_none_or(|known| known.no == order.no)
            && self.kind == order.kind
            && self.binding.device_serial == order.device_serial
            && serial.is_ok_and(|serial| serial.eq_ignore_ascii_case(&order.certificate_serial))
    }

    /// True when the key holds something of the unfinished order that only going on puts right.
    #[must_use]
    pub fn is_on_key(&self) -> bool {
        let in_between = self.unlock.as_ref().is_some_and(|unlock| unlock.mark == UnlockMark::Sent);
        self.is_open() && (self.download.is_some() || in_between)
    }

    /// True while something is left to do.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.finished.is_none()
    }

    /// Order number; empty while it is not known.
    #[must_use]
    pub fn no(&self) -> &str {
        self.order.as_ref().map_or("", |order| &order.no)
    }

    /// Takes in what the service says about its order, which may be the end of it.
    pub(super) fn take_in(&mut self, order: Order, now: i64) {
        let ended = match order.state {
            // what is left then is to switch the key over, if it is here that it was made
            OrderState::Installed => self.download.is_none(),
            state => state.is_final(),
        };
        self.order = Some(order);
        if ended && self.is_open() {
            self.finish(now);
        }
    }

    /// Ends it. What opened the order and what was on its way is not kept.
    pub(super) fn finish(&mut self, now: i64) {
        self.finished = Some(now);
        self.sent = None;
        self.token.clear();
        if let Some(download) = &mut self.download {
            (download.csr, download.package) = (None, None);
        }
        if let Some(unlock) = &mut self.unlock {
            unlock.client_key = None;
        }
    }
}

impl From<&Sent> for Submission {
    fn from(sent: &Sent) -> Self {
        Self {
            body: sent.body.0.clone(),
            session: sent.session.clone(),
            signature: sent.signature.0.clone(),
            idempotency_key: sent.idempotency_key.clone(),
        }
    }
}
