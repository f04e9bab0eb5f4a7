//! The files of CA profiles as they are written: what can be used of them, and why the rest can't.

use super::{CaProfile, Connection, Origin, PinPolicy, PortalPages, Text};
use gm::PublicKey;
use gm::issue::certificate_from_pem;
use net::{ServiceUrl, UrlRefused, checked};
use serde::Deserialize;
use std::path::Path;

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
    update: Option<WrittenUpdate>,
    order_api: Option<String>,
    portal: Option<WrittenPages>,
    #[serde(default)]
    locked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUpdate {
    address: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPages {
    renew: Option<String>,
    unlock: Option<String>,
    apply: Option<String>,
    reissue: Option<String>,
    change: Option<String>,
    orders: Option<String>,
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

pub(super) fn read(path: &Path, wrong: &mut Vec<String>) -> Vec<CaProfile> {
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Ok(data) if data.len() > LARGEST_FILE => Err(format!("more than {LARGEST_FILE} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
    };
    match text {
        Ok(text) => parse(&text, path.parent(), Origin::Person, wrong),
        Err(reason) => {
            wrong.push(reason);
            Vec::new()
        }
    }
}

/// The entries that can be used; reasons for the others.
pub(super) fn parse(text: &str, folder: Option<&Path>, origin: Origin, wrong: &mut Vec<String>) -> Vec<CaProfile> {
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
        match profile.and_then(|written| usable(written, folder, origin)) {
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

fn usable(written: Written, folder: Option<&Path>, origin: Origin) -> Result<CaProfile, String> {
    let origin = match origin {
        Origin::Administrator { .. } => Origin::Administrator { locked: written.locked },
        _ if written.locked => return Err("locked: only in the file of the administrator".to_owned()),
        other => other,
    };
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
            let WrittenPages { renew, unlock, apply, reissue, change, orders, services } = pages;
            let pages = PortalPages { renew, unlock, apply, reissue, change, orders, services };
            for (what, page) in pages.named() {
                checked(page).map_err(|why| refused(what, page, why))?;
            }
            Connection::Portal(pages)
        }
        _ => return Err("either order_api or portal".to_owned()),
    };
    let roots = written.roots.iter().map(|root| certificate(root, folder)).collect::<Result<_, _>>()?;
    let update = match written.update {
        Some(WrittenUpdate { address, key }) => {
            let url = ServiceUrl::parse(&address).map_err(|why| refused("update", &address, why))?;
            Some((url, PublicKey::from_hex(&key).map_err(|why| format!("update: key: {why}"))?))
        }
        None => None,
    };
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
        update,
        origin,
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
