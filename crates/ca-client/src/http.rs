//! The HTTP client underneath: small JSON exchanges, each within limits of time and size, each on a connection of its own.
//!
//! Invariants
//! * A request is sent again by itself only when the service takes a repetition for the same request, at most twice.
//! * Redirects are not followed, TLS is always checked, this computer itself is never reached through a proxy.
//! * Errors and the log carry neither bodies nor headers.

use super::adapter::{CaError, Network};
use net::{Proxy, ServiceUrl, client, innermost};
use reqwest::header::{CONTENT_TYPE, DATE, ETAG, HeaderMap};
use reqwest::{Certificate, Client, Method, Response, StatusCode};
use rustls::pki_types::InvalidDnsNameError;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const CONNECT: Duration = Duration::from_secs(5);
/// For a whole exchange.
pub(super) const EXCHANGE: Duration = Duration::from_secs(30);
/// Longest answer.
const LARGEST_ANSWER: usize = 1 << 20;
/// Pauses before a repetition.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// Limits, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub connect: Duration,
    pub exchange: Duration,
    pub pauses: [Duration; 2],
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: CONNECT, exchange: EXCHANGE, pauses: PAUSES }
    }
}

/// A client for one service.
pub(super) struct Http {
    client: Client,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    base: String,
    limits: Limits,
    through_proxy: bool,
}

/// A request.
pub(super) struct Request<'a> {
    pub method: Method,
    /// Path and query, behind the base.
    pub path: &'a str,
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Option<Vec<u8>>,
    /// The service takes a repetition for the same request.
    pub repeatable: bool,
    /// The service may wait so long before it answers.
    pub wait: Duration,
}

/// An answer of any status.
pub(super) struct Answer {
    pub status: u16,
    /// Media type without parameters, lower case.
    pub media_type: String,
    pub etag: Option<String>,
    /// The header `Date`.
    pub date: Option<String>,
    pub body: Vec<u8>,
}

impl Http {
    pub(super) fn new(base: &ServiceUrl, roots: &[Vec<u8>], proxy: &Proxy, limits: Limits) -> Result<Self, CaError> {
        let builder = client(base, proxy, limits.connect);
        let mut builder = builder.map_err(|error| unusable(Network::Proxy, &error))?;
        let through_proxy = match proxy {
            _ if base.is_loopback() => false,
            Proxy::Given(_) => true,
            Proxy::System | Proxy::None => false,
        };
        if base.is_plain() || !roots.is_empty() {
            // plain http needs no certificates, and reading those of the system takes its time
            let certificates: Result<Vec<_>, _> = roots.iter().map(|der| Certificate::from_der(der)).collect();
            builder = builder.tls_certs_only(certificates.map_err(|error| unusable(Network::Tls, &error))?);
        }
        let client = builder.build().map_err(|error| unusable(Network::Tls, &error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable(Network::Connect, &error))?;
        Ok(Self { client, runtime: Some(runtime), base: base.as_str().to_owned(), limits, through_proxy })
    }

    /// Sends a request and waits for its answer.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, CaError> {
        let Some(runtime) = &self.runtime else { return Err(CaError::NotHere) };
        runtime.block_on(async {
            let mut pauses = self.limits.pauses.iter();
            loop {
                let result = self.once(request).await;
                let status = result.as_ref().map_or(0, |answer| answer.status);
                tracing::debug!(method = %request.method, path = request.path, status, "exchange with the CA");
                let again = match &result {
                    Ok(answer) => answer.is_from_a_gateway(),
                    Err(CaError::Network { at, .. }) => matches!(at, Network::Connect | Network::Broken),
                    Err(_) => false,
                };
                match pauses.next() {
                    Some(pause) if again && request.repeatable => tokio::time::sleep(*pause).await,
                    _ => return result,
                }
            }
        })
    }

    async fn once(&self, request: &Request<'_>) -> Result<Answer, CaError> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = self.client.request(request.method.clone(), url).timeout(self.limits.exchange + request.wait);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = builder.send().await.map_err(|error| self.network(&error))?;
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(CaError::Network { at: Network::Proxy, detail: "proxy wants a log-in".to_owned() });
        }
        let status = response.status().as_u16();
        let media_type = media_type(response.headers());
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, date) = (header(ETAG), header(DATE));
        let body = self.body(response).await?;
        Ok(Answer { status, media_type, etag, date, body })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CaError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.network(&error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(CaError::Answer(format!("more than {LARGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn network(&self, error: &reqwest::Error) -> CaError {
        let at = place(error);
        let at = match at {
            // the proxy itself is not there
            Network::Name | Network::Connect if self.through_proxy => Network::Proxy,
            other => other,
        };
        unusable(at, error)
    }
}

impl Drop for Http {
    /// Does not wait for a name that is still being looked up.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Answer {
    /// Not from the service but from something before it.
    fn is_from_a_gateway(&self) -> bool {
        matches!(self.status, 502 | 504) && self.media_type != order_api::PROBLEM_JSON
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn unusable(at: Network, error: &dyn Error) -> CaError {
    CaError::Network { at, detail: innermost(error) }
}

fn place(error: &reqwest::Error) -> Network {
    if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        Network::Tls
    } else if error.is_dns() || causes(error).any(|cause| cause.is::<InvalidDnsNameError>()) {
        Network::Name
    } else if causes(error).any(|cause| cause.to_string().contains("tunnel")) {
        Network::Proxy
    } else if error.is_connect() {
        Network::Connect
    } else if error.is_timeout() {
        Network::Timeout
    } else {
        Network::Broken
    }
}

/// All reasons behind an error. One of input and output names as its source only what is behind the error it carries.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let carried = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        carried.map(|carried| carried as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}
