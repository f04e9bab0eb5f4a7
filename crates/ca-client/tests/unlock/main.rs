//! An unlock as a person goes through it: every state of an order, every refusal of the CA, every fault of the key; against
//! a CA that does what a test wants, and a virtual key in process.
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod applying;
#[path = "../renewal_cuts/desk.rs"]
mod desk;
mod office;
mod person;
mod refusing;
mod secrecy;
mod setting;
