//! How this program reaches services: by the proxy the person chose, with TLS always checked, within limits of time and size.
//!
//! Invariants
//! * This computer itself is never reached through a proxy; every other address only by the way the person chose.
//! * Plain http goes to this computer, or for files that are signed themselves.
//! * Errors carry neither addresses nor bodies.

mod client;
mod fetch;
mod service_url;

pub use client::{Proxy, client, innermost, use_tls_library};
pub use fetch::{FetchError, Fetcher, Limits};
pub use service_url::{ServiceUrl, UrlRefused, checked};
