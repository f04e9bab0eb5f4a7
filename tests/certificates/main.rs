//! Certificates, read, checked and exported, with the `openssl` command as the judge.

// helpers of tests are tests too
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod chain;
mod export;
mod fields;
mod revocation;
mod trust;
