//! Reference CA service: order API v1, books, issuing, key management, operator console.
//!
//! Invariants
//! * Whatever changes the books does so in one transaction together with its record in the audit log.
//! * A step of an order is taken at most once, however many instances of the service share the database.
//! * The certificates' keys stay with the authority and the key management; neither is ever written to log or answer.

pub mod audit;
pub mod clock;
pub mod console;
pub mod operators;
pub mod secrets;
pub mod service;
pub mod store;

pub use service::{Config, Service};
pub use store::Store;
