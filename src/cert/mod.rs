//! Certificates: the fields people see, the check of one, and export. Everything read here is untrusted input: a strange
//! certificate gives an error or an absent field, never a panic and never a guess.
//!
//! Layout of the certificates: RFC 5280 with the algorithms of GM/T 0009 and the private extensions of bjca-world §8.

mod fields;
mod identity;
mod name;
mod validity;

pub use fields::{CertError, Certificate, MAX_CERTIFICATE, PublicKeyInfo, SignatureAlgorithm, Usage, read_any};
pub use identity::{CardNumber, Holder, Identity};
pub use name::{Name, NameEntry};
pub use validity::{Day, EXPIRING_DAYS, Validity, ValidityState, beijing_day, now};
