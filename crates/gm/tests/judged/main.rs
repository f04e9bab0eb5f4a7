//! Requests, responses, signed and enveloped data and sealed keys, with the `openssl` command as the judge.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod certificates;
mod cipher;
mod csr;
mod csr_response;
mod enveloped_data;
mod enveloped_key;
mod sealed_key;
mod signed_data;
mod strange;
mod tools;
