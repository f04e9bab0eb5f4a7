//! The one client every request of the program is made with.

use super::service_url::{ServiceUrl, is_loopback};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use std::error::Error;
use std::time::Duration;

/// By which way services are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As the system is set.
    #[default]
    System,
    /// Directly.
    None,
    /// Through the proxy at this address.
    Given(String),
}

/// Makes the TLS library ready; every client has to be built after it.
pub fn use_tls_library() {
    // an error means that it is ready already
    let _ready = rustls::crypto::ring::default_provider().install_default();
}

/// How this program speaks to a service: no redirects, TLS always checked.
///
/// # Errors
/// The address of the proxy can't be used.
pub fn client(base: &ServiceUrl, proxy: &Proxy, connect: Duration) -> Result<ClientBuilder, reqwest::Error> {
    builder(base.is_loopback(), proxy, connect)
}

/// The same for any address.
pub(crate) fn client_for(url: &Url, proxy: &Proxy, connect: Duration) -> Result<ClientBuilder, reqwest::Error> {
    builder(is_loopback(url), proxy, connect)
}

fn builder(loopback: bool, proxy: &Proxy, connect: Duration) -> Result<ClientBuilder, reqwest::Error> {
    use_tls_library();
    let builder = Client::builder()
        .user_agent(concat!("cert-assistant/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .redirect(Policy::none())
        .connect_timeout(connect)
        // the runtime stands still between two calls, and a connection kept open would die unseen
        .pool_max_idle_per_host(0);
    Ok(match proxy {
        _ if loopback => builder.no_proxy(),
        Proxy::System => builder,
        Proxy::None => builder.no_proxy(),
        Proxy::Given(address) => builder.proxy(reqwest::Proxy::all(address)?),
    })
}

/// The innermost reason of an error, which names neither the address nor the request.
#[must_use]
pub fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().take(200).collect()
}
