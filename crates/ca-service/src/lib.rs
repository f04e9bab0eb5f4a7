//! Reference CA service: order API v1, books, issuing, key management, operator console.
//!
//! Invariants
//! * Whatever changes the books does so in one transaction together with its record in the audit log.
//! * A step of an order is taken at most once, however many instances of the service share the database. Rows are locked
//!   in one order: challenge or captcha, devices, orders by number, certificates, customers, counters, messages, audit log.
//! * The certificates' keys stay with the authority and the key management; neither is ever written to log or answer.

pub mod admin_pins;
pub mod audit;
pub mod authority;
pub mod captchas;
pub mod clock;
pub mod config;
#[cfg(feature = "console")]
pub mod console;
pub mod crl;
#[cfg(feature = "delivery")]
pub mod delivery;
pub mod error;
pub mod gateways;
pub mod http;
pub mod kmc;
pub mod limits;
#[cfg(feature = "console")]
pub mod lists;
#[cfg(feature = "console")]
pub mod operators;
pub mod orders;
pub mod outbox;
pub mod registry;
pub mod secrets;
pub mod service;
pub mod sessions;
#[cfg(feature = "console")]
pub mod setup;
pub mod signed;
pub mod store;

pub use config::{Config, Limits};
pub use error::ServiceError;
pub use service::Service;
pub use store::Store;

use order_api::ProblemCode;
use serde::de::DeserializeOwned;

/// Reads a body. What was wrong with it is told by place, not by content, which might be a secret.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("not the JSON of this request at line {} column {}", error.line(), error.column());
        ServiceError::refused(ProblemCode::InvalidRequest, detail)
    })
}

#[cfg(feature = "console")]
rust_i18n::i18n!("../../assets/ca-service/locale", fallback = "en");
