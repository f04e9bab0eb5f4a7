//! Getting a revocation list over http. The address comes from a certificate and the answer from whoever sits on the wire:
//! only http, few redirects, and size and time are limited as a whole. http is enough because the list is signed.

use super::crl::RevocationGap;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::time::Duration;

/// Limits of one check of revocation.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For all addresses together.
    pub time: Duration,
    /// Longest list.
    pub bytes: usize,
    /// Most redirects for one address.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(8), bytes: 8 << 20, redirects: 3 }
    }
}

/// Makes the TLS library ready; every client has to be built after it. Only http is used here, but a client wants one.
pub fn use_tls_library() {
    // an error means that it is ready already
    let _ready = rustls::crypto::ring::default_provider().install_default();
}

/// An http address with a host and without a login, else its scheme.
pub(super) fn http_address(uri: &str) -> Result<Url, String> {
    let url = Url::parse(uri).map_err(|_| uri.split(':').next().unwrap_or_default().to_ascii_lowercase())?;
    let login = !url.username().is_empty() || url.password().is_some();
    if url.scheme() == "http" && url.has_host() && !login { Ok(url) } else { Err(url.scheme().to_owned()) }
}

/// Gets one list. The time limit is the caller's.
pub(super) async fn get(url: Url, limits: &Limits) -> Result<Vec<u8>, RevocationGap> {
    let redirects = limits.redirects;
    let policy = Policy::custom(move |attempt| {
        if attempt.previous().len() > redirects || attempt.url().scheme() != "http" {
            attempt.error("redirect refused")
        } else {
            attempt.follow()
        }
    });
    use_tls_library();
    let client = Client::builder()
        .user_agent(concat!("cert-assistant/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .redirect(policy)
        .build()
        .map_err(|_| RevocationGap::Unreachable)?;
    let mut response = client.get(url).send().await.map_err(|error| gap(&error))?;
    match response.status() {
        status if status.is_success() => {}
        // to an address that is not even one of the web
        status if status.is_redirection() => return Err(RevocationGap::RedirectRefused),
        status => return Err(RevocationGap::Status(status.as_u16())),
    }
    let mut list = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| gap(&error))? {
        if list.len() + chunk.len() > limits.bytes {
            return Err(RevocationGap::TooLarge);
        }
        list.extend_from_slice(&chunk);
    }
    Ok(list)
}

fn gap(error: &reqwest::Error) -> RevocationGap {
    if error.is_redirect() { RevocationGap::RedirectRefused } else { RevocationGap::Unreachable }
}
