//! What the tests of several crates share: a reader service with virtual keys, certificates made by openssl, servers, a screen, a
//! browser. Never a dependency of a program.
// a failing unwrap is a failing test
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::new_without_default)]

#[cfg(all(unix, feature = "browser"))]
pub mod browser;
#[cfg(feature = "pki")]
pub mod pki;
mod programs;
#[cfg(all(unix, feature = "reader"))]
pub mod reader;
#[cfg(feature = "search")]
pub mod search;
pub mod server;
#[cfg(feature = "mail")]
pub mod smtp_server;
#[cfg(unix)]
pub mod xvfb;

pub use programs::program;
