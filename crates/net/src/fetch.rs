//! Getting a file that is signed itself, such as a revocation list, over plain http. The address comes from a certificate and
//! the answer from whoever sits on the wire: only http, few redirects, and size and time are limited as a whole.

use super::client::{Proxy, client_for};
use reqwest::Url;
use reqwest::header::LOCATION;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// Limits of one errand.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For all addresses together.
    pub time: Duration,
    /// Longest file, bytes.
    pub bytes: usize,
    /// Most redirects for one address.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(8), bytes: 8 << 20, redirects: 3 }
    }
}

/// Why a file was not fetched.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum FetchError {
    /// Not a plain http address; the scheme.
    #[error("not an http address: {0}")]
    OtherScheme(String),
    /// Name not found, no connection, the proxy failed, or the connection broke.
    #[error("not reachable")]
    Unreachable,
    /// Not complete within the time limit.
    #[error("no answer in time")]
    TimedOut,
    /// Longer than the limit.
    #[error("too large")]
    TooLarge,
    /// The server answered with this status.
    #[error("status {0}")]
    Status(u16),
    /// Sent on too often, or to an address that is not http.
    #[error("redirect refused")]
    RedirectRefused,
}

/// Fetches files by the way the person chose, all within one time limit that begins when it is made.
#[derive(Clone, Debug)]
pub struct Fetcher {
    proxy: Proxy,
    limits: Limits,
    end: Instant,
}

impl Fetcher {
    /// The time begins now.
    #[must_use]
    pub fn new(proxy: Proxy, limits: Limits) -> Self {
        Self { proxy, limits, end: Instant::now() + limits.time }
    }

    /// Whether an address may be asked: http, with a host and without a login.
    ///
    /// # Errors
    /// [`FetchError::OtherScheme`].
    pub fn accepts(&self, uri: &str) -> Result<(), FetchError> {
        http_address(uri).map(drop)
    }

    /// Gets one file on the calling thread, which waits up to the time limit: never the one of the window.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn get(&self, uri: &str) -> Result<Vec<u8>, FetchError> {
        let url = http_address(uri)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| FetchError::Unreachable)?;
        let left = self.end.saturating_duration_since(Instant::now());
        let fetched = runtime.block_on(async { tokio::time::timeout(left, self.follow(url)).await });
        // a look-up of a name can't be stopped and would hold up an ordinary end beyond the limit
        runtime.shutdown_background();
        fetched.unwrap_or(Err(FetchError::TimedOut))
    }

    /// Follows redirects itself: each address is asked by the way that is right for it.
    async fn follow(&self, mut url: Url) -> Result<Vec<u8>, FetchError> {
        for _ in 0..=self.limits.redirects {
            let client = client_for(&url, &self.proxy, self.limits.time).and_then(reqwest::ClientBuilder::build);
            let response = client.map_err(|_| FetchError::Unreachable)?.get(url.clone()).send().await;
            let response = response.map_err(|_| FetchError::Unreachable)?;
            match response.status() {
                status if status.is_success() => return self.body(response).await,
                status if status.is_redirection() => {
                    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let next = to.and_then(|to| url.join(to).ok()).filter(|next| http_address(next.as_str()).is_ok());
                    url = next.ok_or(FetchError::RedirectRefused)?;
                }
                status => return Err(FetchError::Status(status.as_u16())),
            }
        }
        Err(FetchError::RedirectRefused)
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, FetchError> {
        let mut file = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| FetchError::Unreachable)? {
            if file.len() + chunk.len() > self.limits.bytes {
                return Err(FetchError::TooLarge);
            }
            file.extend_from_slice(&chunk);
        }
        Ok(file)
    }
}

/// An http address with a host and without a login, else its scheme.
fn http_address(uri: &str) -> Result<Url, FetchError> {
    let other = |scheme: &str| FetchError::OtherScheme(scheme.to_ascii_lowercase());
    let url = Url::parse(uri).map_err(|_| other(uri.split(':').next().unwrap_or_default()))?;
    let login = !url.username().is_empty() || url.password().is_some();
    if url.scheme() == "http" && url.has_host() && !login { Ok(url) } else { Err(other(url.scheme())) }
}
