//! The TLS handshake, verified as always, and why it failed in terms a person can act on.
//!
//! Invariant: the verifier here only looks on. It hands every question to the real one and returns its answer.

use certificate::{self, Certificate};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Why a service did not prove who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) enum TlsFailure {
    /// Nobody vouches for the certificate; who signed it.
    UnknownIssuer(String),
    /// The certificate ended on this day.
    Expired(String),
    /// The certificate begins on this day.
    NotYetValid {
        /// First day.
        day: String,
        /// Everything else about it is good: then the clock is the likely cause.
        only_time: bool,
        /// First moment, seconds since 1970 UTC.
        from: i64,
    },
    /// The certificate is of another name.
    WrongName(String),
    /// The certificate is revoked.
    Revoked,
    /// What answers does not speak TLS, or breaks it off.
    NoTls,
    /// No reaction.
    TimedOut,
    /// Another reason, in words of the library.
    Other(String),
}

/// What the look-on remembers.
#[derive(Default, Debug)]
struct Seen {
    leaf: Option<Vec<u8>>,
    only_time: bool,
}

#[derive(Debug)]
struct LookOn {
    real: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Clock(fn() -> i64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(moment((self.0)()))
    }
}

fn moment(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

impl ServerCertVerifier for LookOn {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let result = self.real.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.leaf = Some(end_entity.to_vec());
        if result.is_err()
            && let Some(validity) = Certificate::parse(end_entity).ok().and_then(|leaf| leaf.validity)
        {
            // only a question: the answer above stands
            let within = moment(validity.not_before.saturating_add(60));
            let asked = self.real.verify_server_cert(end_entity, intermediates, server_name, ocsp, within);
            seen.only_time = asked.is_ok();
        }
        result
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.real.supported_verify_schemes()
    }
}

/// Shakes hands with the service behind a connection and lets it go. `roots` (DER) vouch for it; none = those of the system.
pub(super) fn handshake(
    mut stream: TcpStream,
    host: &str,
    roots: &[Vec<u8>],
    now: fn() -> i64,
) -> Result<(), TlsFailure> {
    let other = |error: &dyn std::fmt::Display| TlsFailure::Other(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let real = real(&provider, roots).map_err(|error| other(&error))?;
    let look_on = Arc::new(LookOn { real, seen: Mutex::default() });
    let verifier: Arc<dyn ServerCertVerifier> = look_on.clone();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| other(&error))?
        // the real verifier, looked at
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.time_provider = Arc::new(Clock(now));
    let name = ServerName::try_from(host.to_owned()).map_err(|error| other(&error))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| other(&error))?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let seen = look_on.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            return Err(reason.map_or_else(|| broken(&error), |reason| why(reason, &seen, host)));
        }
    }
    connection.send_close_notify();
    // it was only a look
    let _gone = connection.complete_io(&mut stream);
    Ok(())
}

fn real(provider: &Arc<CryptoProvider>, roots: &[Vec<u8>]) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    if roots.is_empty() {
        return Ok(Arc::new(Verifier::new(Arc::clone(provider))?));
    }
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from(root.clone()))?;
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    Ok(built.map_err(|error| Error::General(error.to_string()))?)
}

fn broken(error: &std::io::Error) -> TlsFailure {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => TlsFailure::TimedOut,
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => TlsFailure::NoTls,
        kind => TlsFailure::Other(kind.to_string()),
    }
}

fn why(reason: &Error, seen: &Seen, host: &str) -> TlsFailure {
    let leaf = seen.leaf.as_deref().and_then(|der| Certificate::parse(der).ok());
    let validity = leaf.as_ref().and_then(|leaf| leaf.validity);
    match reason {
        Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFailure::Expired(validity.map_or_else(String::new, |validity| day(validity.not_after)))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let from = validity.map_or(0, |validity| validity.not_before);
                TlsFailure::NotYetValid { day: day(from), only_time: seen.only_time, from }
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::WrongName(host.to_owned())
            }
            CertificateError::Revoked => TlsFailure::Revoked,
            // another issuer of the same name is as unknown
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                TlsFailure::UnknownIssuer(leaf.map_or_else(String::new, |leaf| signer(&leaf)))
            }
            // signed by itself: nobody else vouches for it
            _ if leaf.as_ref().is_some_and(|leaf| leaf.subject == leaf.issuer) => {
                TlsFailure::UnknownIssuer(leaf.map_or_else(String::new, |leaf| signer(&leaf)))
            }
            other => TlsFailure::Other(format!("{other:?}").chars().take(120).collect()),
        },
        Error::InvalidMessage(_) => TlsFailure::NoTls,
        other => TlsFailure::Other(other.to_string().chars().take(120).collect()),
    }
}

fn signer(leaf: &Certificate) -> String {
    leaf.issuer.short().unwrap_or_default()
}

/// A day in Beijing, `2026-11-21`.
pub(in crate::check::outside) fn day(moment: i64) -> String {
    let day = certificate::beijing_day(moment);
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}
