//! CA profiles: for which issuer which service, pages, telephone, rules. The program's own table (assets/ca-profiles.toml)
//! with the person's file on top: an entry there replaces the one with the same id or is asked first.
//!
//! Invariant: an address is https; plain http goes to this computer only. Another address is refused with the reason and
//! its entry is left out.

use super::protocol::Support;
use crate::cert::Name;
use crate::crypto::issue::certificate_from_pem;
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

fn checked(text: &str) -> Result<reqwest::Url, UrlRefused> {
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

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: Text,
    issuers: Vec<String>,
    hot_line: String,
    #[serde(default)]
    hours: Text,
    #[serde(default = "usual_reminders")]
    reminder_days: Vec<u32>,
    #[serde(default = "usual_pins")]
    pin: PinPolicy,
    #[serde(default)]
    roots: Vec<String>,
    order_api: Option<String>,
    portal: Option<WrittenPages>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPages {
    renew: Option<String>,
    unlock: Option<String>,
    services: Option<String>,
}

fn usual_reminders() -> Vec<u32> {
    vec![60, 30, 15, 7, 3, 1]
}

const fn usual_pins() -> PinPolicy {
    PinPolicy { min: 6, max: 16 }
}

/// The person's file; largest size, so that a wrong path does no harm.
const LARGEST_FILE: u64 = 1 << 20;

fn read(path: &Path, wrong: &mut Vec<String>) -> Vec<CaProfile> {
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Ok(data) if data.len() > LARGEST_FILE => Err(format!("more than {LARGEST_FILE} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
    };
    match text {
        Ok(text) => parse(&text, path.parent(), wrong),
        Err(reason) => {
            wrong.push(reason);
            Vec::new()
        }
    }
}

/// The entries that can be used; reasons for the others.
fn parse(text: &str, folder: Option<&Path>, wrong: &mut Vec<String>) -> Vec<CaProfile> {
    let file: toml::Table = match text.parse() {
        Ok(file) => file,
        Err(error) => {
            wrong.push(first_line(&error.to_string()));
            return Vec::new();
        }
    };
    let entries = match file.get("ca") {
        None => &Vec::new(),
        Some(toml::Value::Array(entries)) => entries,
        Some(_) => {
            wrong.push("ca: not a list of entries".to_owned());
            return Vec::new();
        }
    };
    let mut all: Vec<CaProfile> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let id = entry.get("id").and_then(toml::Value::as_str).unwrap_or("?");
        let profile = entry.clone().try_into::<Written>().map_err(|error| first_line(&error.to_string()));
        match profile.and_then(|written| usable(written, folder)) {
            Ok(profile) if all.iter().any(|other| other.id == profile.id) => wrong.push(format!("{id}: twice")),
            Ok(profile) => all.push(profile),
            Err(reason) => wrong.push(format!("{} {id}: {reason}", number + 1)),
        }
    }
    all
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn usable(written: Written, folder: Option<&Path>) -> Result<CaProfile, String> {
    if written.id.trim().is_empty() || written.hot_line.trim().is_empty() {
        return Err("id and hot_line must not be empty".to_owned());
    }
    if written.pin.min == 0 || written.pin.min > written.pin.max {
        return Err("pin: not a range".to_owned());
    }
    let refused = |what: &str, address: &str, why: UrlRefused| format!("{what}: {address}: {why}");
    let connection = match (written.order_api, written.portal) {
        (Some(url), None) => {
            Connection::OrderApi(ServiceUrl::parse(&url).map_err(|why| refused("order_api", &url, why))?)
        }
        (None, Some(pages)) => {
            for (what, page) in [("renew", &pages.renew), ("unlock", &pages.unlock), ("services", &pages.services)] {
                if let Some(page) = page {
                    checked(page).map_err(|why| refused(what, page, why))?;
                }
            }
            Connection::Portal(PortalPages { renew: pages.renew, unlock: pages.unlock, services: pages.services })
        }
        _ => return Err("either order_api or portal".to_owned()),
    };
    let roots = written.roots.iter().map(|root| certificate(root, folder)).collect::<Result<_, _>>()?;
    Ok(CaProfile {
        id: written.id,
        name: written.name,
        issuers: written.issuers,
        connection,
        hot_line: written.hot_line,
        hours: written.hours,
        reminder_days: written.reminder_days,
        pin_policy: written.pin,
        roots,
    })
}

/// A certificate given as PEM or as a file with it.
fn certificate(root: &str, folder: Option<&Path>) -> Result<Vec<u8>, String> {
    let text = if root.trim_start().starts_with("-----BEGIN") {
        root.to_owned()
    } else {
        let path = folder.map_or_else(|| Path::new(root).to_owned(), |folder| folder.join(root));
        std::fs::read_to_string(path).map_err(|error| format!("roots: {root}: {error}"))?
    };
    certificate_from_pem(&text).map_err(|error| format!("roots: {error}"))
}

/// All profiles, those of the person first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles(Vec<CaProfile>);

impl Profiles {
    /// Reads the program's table and the person's file. What is wrong in the file is told ([`FaultCode::ProfilesNotUsable`])
    /// and left out, the rest holds; a file that is missing is no fault.
    #[must_use]
    pub fn load(user_file: Option<&Path>) -> (Self, Option<Fault>) {
        let mut wrong = Vec::new();
        let mut all = user_file.map(|path| read(path, &mut wrong)).unwrap_or_default();
        // the program's own table is held right by a test
        for profile in parse(include_str!("../../assets/ca-profiles.toml"), None, &mut Vec::new()) {
            if !all.iter().any(|own| own.id == profile.id) {
                all.push(profile);
            }
        }
        let fault = Fault::new(FaultCode::ProfilesNotUsable);
        (Self(all), (!wrong.is_empty()).then(|| fault.detail(wrong.join("; "))))
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
