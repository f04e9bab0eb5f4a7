//! What every other crate stands on: secrets that are wiped and can't be printed, the faults a person can meet, and texts
//! of strangers made harmless.

pub mod display;
pub mod fault;
pub mod files;
pub mod odd_pin;
pub mod secret;
