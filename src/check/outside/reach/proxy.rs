//! Which proxy stands between this computer and a service: the choice is the HTTP client's own, made from the same values.

use crate::check::scene::Scene;
use hyper_util::client::proxy::matcher::Matcher;
use net::Proxy;
use reqwest::Url;

/// The way out of this computer.
pub(super) enum Route {
    /// No proxy.
    Direct,
    /// Through this one.
    Through(Stop),
}

/// A proxy.
pub(super) struct Stop {
    /// Its computer.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Value of `Proxy-Authorization`; never shown.
    pub authorization: Option<String>,
    /// With the log-in, for the HTTP client.
    address: String,
}

impl Route {
    /// The same for the HTTP client.
    pub(super) fn as_proxy(&self) -> Proxy {
        match self {
            Self::Direct => Proxy::None,
            Self::Through(stop) => Proxy::Given(stop.address.clone()),
        }
    }
}

/// Chooses the way to an address; an error when the proxy's address is of no use.
pub(super) fn route(url: &Url, scene: &Scene) -> Result<Route, ()> {
    let own = net::ServiceUrl::parse(&format!("{}://{}", url.scheme(), url.authority()));
    if own.is_ok_and(|own| own.is_loopback()) {
        return Ok(Route::Direct);
    }
    let (matcher, address) = match &scene.proxy {
        Proxy::None => return Ok(Route::Direct),
        Proxy::Given(address) => (Matcher::builder().all(address.clone()).build(), address.clone()),
        Proxy::System => (system(scene), String::new()),
    };
    let Ok(target) = url.as_str().parse() else { return Err(()) };
    let Some(found) = matcher.intercept(&target) else {
        // a given address that is none leaves the matcher empty
        return if address.is_empty() { Ok(Route::Direct) } else { Err(()) };
    };
    let uri = found.uri();
    let (Some(host), Some("http")) = (uri.host(), uri.scheme_str()) else { return Err(()) };
    let authorization = found.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
    let address = if address.is_empty() { written(scene, url.scheme()) } else { address };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Route::Through(Stop { host, port: uri.port_u16().unwrap_or(80), authorization, address }))
}

/// From the scene's variables, in the order curl knows them.
fn variable<'a>(scene: &'a Scene, name: &str) -> &'a str {
    let value = scene.variables.get(&name.to_ascii_uppercase()).or_else(|| scene.variables.get(name));
    value.map_or("", String::as_str)
}

fn system(scene: &Scene) -> Matcher {
    let get = |name| variable(scene, name).to_owned();
    if cfg!(windows) && get("https_proxy").is_empty() && get("all_proxy").is_empty() {
        return Matcher::from_system();
    }
    Matcher::builder()
        .all(get("all_proxy"))
        .http(get("http_proxy"))
        .https(get("https_proxy"))
        .no(get("no_proxy"))
        .build()
}

/// The system's address as it is written, with its log-in.
fn written(scene: &Scene, scheme: &str) -> String {
    let own = variable(scene, if scheme == "https" { "https_proxy" } else { "http_proxy" });
    let address = if own.is_empty() { variable(scene, "all_proxy") } else { own };
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}
