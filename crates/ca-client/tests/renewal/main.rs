//! A renewal as a person goes through it: every state of an order, every refusal, every fault of the key; against the real
//! service over HTTP and a virtual key in process.
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../renewal_cuts/desk.rs"]
mod desk;
mod downloading;
mod elsewhere;
mod history;
mod identity;
#[path = "../renewal_cuts/line.rs"]
mod line;
mod ordering;
mod packages;
mod person;
#[path = "../renewal_cuts/wire.rs"]
mod wire;
#[path = "../renewal_cuts/world.rs"]
mod world;
