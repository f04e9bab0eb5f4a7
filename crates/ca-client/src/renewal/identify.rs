//! Who is there: the key signs a challenge together with a session key made for the occasion, so that the order that
//! follows needs no PIN of its own.

use super::order::Renewal;
use crate::adapter::{CaAdapter, CaError};
use crate::entry::KeyBinding;
use crate::faults::FaultContext;
use crate::key::{KeyAccess, on_key};
use crate::signing::{ToSign, binding as bind, no_random, nonsense, read};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use certificate::Certificate;
use gm::{CryptoError, PrivateKey};
use order_api::path;
use order_api::{
    Captcha, Order, OrderHandle, OrderKind, Problem, ProblemCode, Purpose, Session, SessionKey, SessionRequest,
};
use std::sync::Arc;
use token::KeyUse;

/// A person who proved to hold the key. Lives as long as the session, in memory only.
pub struct Identified {
    pub(super) ca: Arc<dyn CaAdapter>,
    pub(super) binding: KeyBinding,
    pub(super) session: Session,
    pub(super) key: PrivateKey,
}

impl Identified {
    /// What the service says about holder, validity, price, contact.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Orders of this certificate that are not finished, made here or elsewhere.
    #[must_use]
    pub fn unfinished(&self) -> &[OrderHandle] {
        &self.session.orders
    }

    /// A fault about an order the session names.
    pub(super) fn fault_of(&self, code: FaultCode, order: &Order) -> Fault {
        let (support, now) = (self.ca.support(), self.ca.now());
        FaultContext { support: &support, order: &order.no, serial: &order.device_serial, now }.of(code)
    }

    /// A new picture with characters.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn captcha(&self) -> Result<Captcha, Fault> {
        self.ca.captcha().map_err(|error| error.to_fault(&self.ca.support(), "", "", self.ca.now()))
    }
}

impl Renewal {
    /// Why the CA would refuse the renewal whoever asks, as it says in public: too early, or too late. Asked before the PIN.
    ///
    /// # Errors
    /// Faults of the network and the service.
    pub fn refusal(ca: &dyn CaAdapter, binding: &KeyBinding) -> Result<Option<Fault>, Fault> {
        let support = ca.support();
        let scene = FaultContext { support: &support, order: "", serial: &binding.device_serial, now: ca.now() };
        let info = ca.info().map_err(|error| scene.fault(&error))?;
        // dates that can't be read are for the service to judge
        let validity = read(&binding.certificate.0)?.validity;
        let Some((window, validity)) = info.renewal.zip(validity) else { return Ok(None) };
        let renewable = window.around(validity.not_after);
        let code = match info.time {
            now if now < renewable.from => ProblemCode::TooEarly,
            now if now > renewable.until => ProblemCode::TooLate,
            _ => return Ok(None),
        };
        let problem = Problem { renewable: Some(renewable), ..Problem::new(code, "") };
        Ok(Some(scene.fault(&CaError::Problem(Box::new(problem)))))
    }

    /// Proves to the service who is there: challenge, signature by the old key, session. The PIN is used for one signature.
    ///
    /// # Errors
    /// Faults of the key, the network and the service; [`FaultCode::ClockWrong`] and [`FaultCode::CertificateMissing`] (it
    /// is another key) before the PIN is sent.
    pub fn identify(
        ca: Arc<dyn CaAdapter>,
        key: &mut dyn KeyAccess,
        binding: KeyBinding,
        pin: Pin,
    ) -> Result<Identified, Fault> {
        let support = ca.support();
        let scene = FaultContext { support: &support, order: "", serial: &binding.device_serial, now: ca.now() };
        let certificate = &binding.certificate.0;
        let session_key = PrivateKey::generate().map_err(|error| no_random(&error))?;
        let request = SessionRequest {
            signed: bind(ca.as_ref(), &scene, Purpose::Session, path::SESSIONS.to_owned())?,
            kind: OrderKind::Renew,
            session_key: SessionKey(session_key.public()),
            device_serial: binding.device_serial.clone(),
        };
        let to_sign = ToSign::new(&request, certificate, &scene)?;
        let signature = on_key(key, |token| {
            if token.public_key(&binding.container, KeyUse::Sign)? != binding.key.0 {
                return Ok(None);
            }
            token.sign_digest(&binding.container, pin, &to_sign.digest).map(Some)
        });
        let signature = signature.map_err(|error| Fault::from(&error))?;
        let signature = signature.ok_or_else(|| Fault::new(FaultCode::CertificateMissing))?;
        let refused = |error: CryptoError| scene.of(FaultCode::SignatureRefused).detail(error.to_string());
        let p7 = to_sign.p7(certificate, &signature).map_err(refused)?;
        let session = ca.open_session(&to_sign.body, &p7).map_err(|error| scene.fault(&error))?;
        let serial = Certificate::parse(certificate).map(|certificate| certificate.serial_hex()).unwrap_or_default();
        if !session.holder.certificate_serial.eq_ignore_ascii_case(&serial) {
            return Err(scene.fault(&nonsense("session of another certificate")));
        }
        Ok(Identified { ca, binding, session, key: session_key })
    }
}
