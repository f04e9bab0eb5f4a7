//! What every other crate stands on: secrets that are wiped and can't be printed, and the faults a person can meet.

pub mod fault;
pub mod secret;
