//! Certificates: the fields people see, the check of one, and export. Everything read here is untrusted input: a strange
//! certificate gives an error or an absent field, never a panic and never a guess.
//!
//! Layout of the certificates: RFC 5280 with the algorithms of GM/T 0009 and private extensions
//! (wire-format/certificates.md#private-extensions).

mod bundle;
mod chain;
mod check;
mod crl;
mod der;
mod export;
mod extensions;
mod fields;
mod holder;
mod identity;
mod name;
mod serial;
mod trust;
mod validity;

pub use bundle::names_in;
pub use chain::{Chain, ChainFault, chain};
pub use check::{Check, Finding, KeyMatch, ListSource, Role, Verdict};
pub use crl::{Reason, Revocation, RevocationGap};
pub use export::{ExportError, Format, export, suggested_name, write_file};
pub use fields::{CertError, Certificate, MAX_CERTIFICATE, PublicKeyInfo, SignatureAlgorithm, Usage};
pub use holder::{certificate_of, verify_signed_data};
pub use identity::{CardNumber, Holder, Identity};
pub use name::{Name, NameEntry};
pub use serial::CertificateSerial;
pub use trust::{MAX_ROOT_FILE, SkipReason, SkippedFile, TrustStore};
pub use validity::{Day, EXPIRING_DAYS, Validity, ValidityState, beijing_day, now};

/// Reads bytes as everything this room can read and uses what comes out: the entry point of the fuzz target.
pub fn read_any(bytes: &[u8]) {
    crl::read_any(bytes);
    let _ = bundle::read_bundle(bytes);
    let Ok(certificate) = Certificate::parse(bytes) else { return };
    let _ = format!("{certificate:?} {} {}", certificate.subject, certificate.issuer);
    let _ = (certificate.serial_hex(), certificate.fingerprint_hex(), certificate.algorithm.to_string());
    if let Some(validity) = certificate.validity {
        let _ = (validity.state(0), validity.used(0), validity.first_day(), validity.last_day());
    }
    let mut store = TrustStore::default();
    store.add(certificate.clone());
    for format in Format::ALL {
        let _ = (export(&certificate, store.roots(), format), suggested_name(&certificate, "", format));
    }
    for role in [Role::Sign, Role::Encrypt] {
        let check = Check { certificate: &certificate, role, token_key: None, store: &store, now: 0 };
        let _ = check.local().iter().map(Finding::verdict).collect::<Vec<_>>();
    }
}
