//! The probes from the USB bus to the certificate: each fault is named by its layer, and by no other.
//!
//! Service, readers and cards are real (a private pcscd with virtual readers), driver libraries are compiled, files and
//! users are real. The USB bus is a made-up tree: the machine that runs tests has none.
// a private pcscd, sockets and users
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bench;
mod drivers;
mod keys;
mod permission;
#[allow(dead_code)] // a part of it is used
mod practice;
mod readers;
mod revocation;
#[allow(dead_code)] // a part of it is used
mod service;
mod usb;
