//! Bodies that a key on a token signs: bound to one request by challenge, purpose, method, path and time.

use super::adapter::{CaAdapter, CaError};
use super::client::to_json;
use super::faults::{FaultContext, minutes};
use base::fault::{Fault, FaultCode};
use certificate::Certificate;
use gm::{CryptoError, DEFAULT_ID, signed_data};
use order_api::{CLOCK_TOLERANCE, Purpose, Signed};
use serde::Serialize;

/// A body with what has to be signed for it.
pub(super) struct ToSign {
    /// The exact bytes that go over the wire.
    pub body: Vec<u8>,
    /// For the key.
    pub digest: [u8; 32],
}

/// Asks for a challenge. A clock that is too far off is told before a PIN is asked of the key.
pub(super) fn binding(
    ca: &dyn CaAdapter,
    scene: &FaultContext<'_>,
    purpose: Purpose,
    path: String,
) -> Result<Signed, Fault> {
    let challenge = ca.challenge(purpose).map_err(|error| scene.fault(&error))?;
    let time = ca.now();
    if time.abs_diff(challenge.time) > CLOCK_TOLERANCE.unsigned_abs() {
        return Err(scene.of(FaultCode::ClockWrong).with("difference", minutes(time, challenge.time)));
    }
    Ok(Signed { nonce: challenge.nonce, purpose, method: "POST".to_owned(), path, time })
}

impl ToSign {
    /// The bytes of a body and their digest under the key of a certificate.
    pub(super) fn new(body: &impl Serialize, certificate: &[u8], scene: &FaultContext<'_>) -> Result<Self, Fault> {
        let body = to_json(body).map_err(|error| scene.fault(&error))?;
        let digest = read(certificate)?.sm2_key().ok_or_else(unreadable)?.digest(DEFAULT_ID.as_bytes(), &body);
        Ok(Self { body, digest })
    }

    /// The detached `SignedData` over the body. A signature that is not by the key of the certificate goes nowhere.
    pub(super) fn p7(&self, certificate: &[u8], signature: &[u8; 64]) -> Result<Vec<u8>, CryptoError> {
        let signer = Certificate::parse(certificate).map_err(|_| CryptoError::Encoding)?;
        let holder = signer.holder().ok_or(CryptoError::Unsupported)?;
        signed_data::build(certificate, &holder, &self.body, signed_data::Content::Detached, signature)
    }
}

/// The old certificate can't be signed with.
pub(super) fn damaged(error: &CryptoError) -> Fault {
    Fault::new(FaultCode::CertificateDamaged).detail(error.to_string())
}

/// The certificate, or its key, can't be read.
pub(super) fn unreadable() -> Fault {
    Fault::new(FaultCode::CertificateDamaged)
}

/// Reads a certificate (DER).
pub(super) fn read(certificate: &[u8]) -> Result<Certificate, Fault> {
    Certificate::parse(certificate).map_err(|_| unreadable())
}

/// The answer has another sense than the API says.
pub(super) fn nonsense(what: &str) -> CaError {
    CaError::Answer(what.to_owned())
}

/// No key or number could be made.
pub(super) fn no_random(error: &CryptoError) -> Fault {
    Fault::new(FaultCode::InternalStopped).detail(error.to_string())
}
