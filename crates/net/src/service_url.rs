//! Addresses of services.
//!
//! Invariant: an address is https; plain http goes to this computer only.

use std::fmt;

/// Address of a service: https, or http to this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl(String);

/// Why an address is not used.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlRefused {
    /// It does not read as an address.
    #[error("not an address")]
    Malformed,
    /// Neither https nor http to this computer.
    #[error("only https is used, plain http goes to this computer only")]
    NotSecure,
    /// It carries a user name, a password, a query or a fragment.
    #[error("an address of a service has no login, query or fragment")]
    Extra,
}

impl ServiceUrl {
    /// Checks an address.
    ///
    /// # Errors
    /// [`UrlRefused`].
    pub fn parse(text: &str) -> Result<Self, UrlRefused> {
        let url = checked(text)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(UrlRefused::Extra);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True without TLS.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// True when it leads to this computer.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        reqwest::Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address that is https, or http to this computer, without a login.
///
/// # Errors
/// [`UrlRefused`].
pub fn checked(text: &str) -> Result<reqwest::Url, UrlRefused> {
    let url = reqwest::Url::parse(text).map_err(|_| UrlRefused::Malformed)?;
    if !url.has_host() {
        return Err(UrlRefused::Malformed);
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(UrlRefused::NotSecure),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefused::Extra);
    }
    Ok(url)
}

pub(crate) fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
