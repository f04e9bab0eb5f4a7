//! CA profiles: for which issuer which service, pages, telephone, rules. The program's own table (assets/ca-profiles.toml)
//! with the person's file on top: an entry there replaces the one with the same id or is asked first.
//!
//! Invariant: an address is https; plain http goes to this computer only. Another address is refused with the reason and
//! its entry is left out.

use super::protocol::Support;
use super::service_url::{ServiceUrl, UrlRefused, checked};
use crate::cert::Name;
use crate::crypto::PublicKey;
use crate::crypto::issue::certificate_from_pem;
use crate::fault::{Fault, FaultCode};
use serde::Deserialize;
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
    /// Where this program's updates are told, and who signs them; `None` when the CA gives out none.
    pub update: Option<(ServiceUrl, PublicKey)>,
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
    /// 新办.
    pub apply: Option<String>,
    /// 补办.
    pub reissue: Option<String>,
    /// 信息变更.
    pub change: Option<String>,
    /// 订单查询.
    pub orders: Option<String>,
    /// Everything else.
    pub services: Option<String>,
}

impl PortalPages {
    /// The pages there are, by their names in the file.
    fn named(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let all = [
            ("renew", &self.renew),
            ("unlock", &self.unlock),
            ("apply", &self.apply),
            ("reissue", &self.reissue),
            ("change", &self.change),
            ("orders", &self.orders),
            ("services", &self.services),
        ];
        all.into_iter().filter_map(|(name, page)| Some((name, page.as_ref()?)))
    }
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

#[cfg(test)]
mod tests {
    use super::{Connection, Profiles, ServiceUrl, UrlRefused, parse};
    use crate::cert::Certificate;
    use crate::fault::FaultCode;
    use std::path::Path;

    fn load(text: &str) -> (Profiles, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca-profiles.toml");
        std::fs::write(&path, text).unwrap();
        let (profiles, fault) = Profiles::load(Some(&path));
        (profiles, fault.map(|fault| fault.detail))
    }

    const OWN: &str = r#"
        [[ca]]
        id = "own"
        name = { zh = "某某", en = "Own" }
        issuers = ["Demo SM2 Operation CA"]
        hot_line = "010-00000000"
        order_api = "https://ca.example/base/"
    "#;

    #[test]
    fn the_programs_own_table_is_without_fault_and_https_only() {
        let mut wrong = Vec::new();
        let own = parse(include_str!("../../assets/ca-profiles.toml"), None, &mut wrong);
        assert_eq!(wrong, [""; 0]);
        assert!(own.len() >= 2);
        for profile in own {
            let Connection::Portal(pages) = profile.connection else { panic!("no public service is known") };
            for (_, page) in pages.named() {
                assert!(page.starts_with("https://"), "{page}");
            }
        }
    }

    #[test]
    fn a_missing_file_is_no_fault_and_the_own_table_holds() {
        let (profiles, fault) = Profiles::load(Some(Path::new("/nowhere/ca-profiles.toml")));
        assert_eq!(fault, None);
        assert_eq!(profiles.get("bjca").unwrap().hot_line, "400-700-1900");
        assert_eq!(Profiles::load(None).0, profiles);
    }

    #[test]
    fn the_persons_entry_replaces_the_one_with_its_id_and_is_asked_first() {
        let (profiles, wrong) = load(&OWN.replace("own\"", "bjca\""));
        assert_eq!(wrong, None);
        let bjca: Vec<_> = profiles.all().iter().filter(|profile| profile.id == "bjca").collect();
        assert_eq!(bjca.len(), 1);
        let Connection::OrderApi(url) = &bjca[0].connection else { panic!() };
        assert_eq!(url.as_str(), "https://ca.example/base");
    }

    #[test]
    fn a_profile_is_found_by_the_issuer_of_a_certificate() {
        use crate::virtual_key::{Spec, TestCa, personalise::personalise};
        let state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
        let der = state.applications[0].containers[0].sign.certificate.clone().unwrap();
        let issuer = Certificate::parse(&der).unwrap().issuer;
        let found = |issuers: &str| {
            let (profiles, _) = load(&OWN.replace("[\"Demo SM2 Operation CA\"]", issuers));
            profiles.for_issuer(&issuer).map(|profile| profile.id.clone())
        };
        assert_eq!(found("[\"demo sm2 operation ca\"]").as_deref(), Some("own"));
        assert_eq!(found("[\"x\", \"Demo Trust Centre\"]").as_deref(), Some("own"), "by organisation");
        assert_eq!(found("[\"Demo\"]"), None, "not by a part of the name");
        assert_eq!(found("[]"), None);
    }

    #[test]
    fn an_address_is_https_or_leads_to_this_computer() {
        let parse = |text| ServiceUrl::parse(text).map(|url| url.as_str().to_owned());
        assert_eq!(parse("https://ca.example").as_deref(), Ok("https://ca.example"));
        for own in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080/x", "http://127.9.9.9"] {
            assert_eq!(parse(own).as_deref(), Ok(own));
            assert!(ServiceUrl::parse(own).unwrap().is_loopback());
        }
        assert!(!ServiceUrl::parse("https://ca.example").unwrap().is_loopback());
        for insecure in [
            "http://ca.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(parse(insecure), Err(UrlRefused::NotSecure), "{insecure}");
        }
        for extra in
            ["https://me:pin@ca.example", "https://me@ca.example", "https://ca.example?a", "https://ca.example#a"]
        {
            assert_eq!(parse(extra), Err(UrlRefused::Extra), "{extra}");
        }
        for malformed in ["", "ca.example", "https://", "data:text/plain,x", "//ca.example"] {
            assert_eq!(parse(malformed), Err(UrlRefused::Malformed), "{malformed}");
        }
    }

    #[test]
    fn a_wrong_entry_is_left_out_with_its_reason_and_the_others_hold() {
        let wrong = |change: &str, to: &str| {
            let good = OWN.replace("\"own\"", "\"good\"");
            let (profiles, wrong) = load(&format!("{good}{}", OWN.replace(change, to)));
            assert!(profiles.get("good").is_some(), "{to}");
            assert!(profiles.get("own").is_none() && profiles.get("bjca").is_some(), "{to}");
            wrong.unwrap()
        };
        let http = wrong("https://", "http://");
        assert!(
            http.contains("own") && http.contains("http://ca.example/base/") && http.contains("only https"),
            "{http}"
        );
        assert!(wrong("order_api", "order_apis").contains("order_apis"), "an unknown word is not passed over");
        assert!(wrong("order_api", "#").contains("either order_api or portal"));
        assert!(wrong("010-00000000", " ").contains("hot_line"));
        assert!(wrong("order_api", "pin = { min = 8, max = 6 }\norder_api").contains("pin"));
        assert!(wrong("order_api", "roots = [\"nowhere.pem\"]\norder_api").contains("nowhere.pem"));
        assert!(wrong("order_api", "roots = [\"-----BEGIN RUBBISH\"]\norder_api").contains("roots"));
        assert!(wrong("\"own\"", "\"good\"").contains("twice"));
        let pages = "portal = { renew = \"http://ca.example\" }\n#";
        assert!(wrong("order_api", pages).contains("renew: http://ca.example"));
    }

    #[test]
    fn a_feed_of_updates_has_a_secure_address_and_a_key_on_the_curve() {
        let key = crate::crypto::PrivateKey::generate().unwrap().public();
        let hex: String = key.uncompressed().iter().map(|byte| format!("{byte:02X}")).collect();
        let with = |address: &str, key: &str| {
            let update = format!("update = {{ address = \"{address}\", key = \"{key}\" }}\norder_api");
            load(&OWN.replace("order_api", &update))
        };
        let (profiles, wrong) = with("https://update.example/feed.json", &hex);
        assert_eq!(wrong, None);
        let (address, read) = profiles.get("own").unwrap().update.clone().unwrap();
        assert_eq!((address.as_str(), read), ("https://update.example/feed.json", key));
        for (address, key, reason) in [
            ("http://update.example/feed.json", hex.as_str(), "only https"),
            ("https://update.example/feed.json", &hex[..128], "update: key"),
            ("https://update.example/feed.json", &format!("{}00", &hex[..128]), "update: key"),
        ] {
            let (profiles, wrong) = with(address, key);
            assert!(profiles.get("own").is_none());
            assert!(wrong.unwrap().contains(reason), "{address} {key}");
        }
    }

    #[test]
    fn a_file_that_does_not_read_is_told_and_changes_nothing() {
        for text in ["ca = 5", "[[ca", "\u{0}"] {
            let (profiles, wrong) = load(text);
            assert_eq!(profiles, Profiles::load(None).0);
            assert!(!wrong.unwrap().is_empty());
        }
        let folder = tempfile::tempdir().unwrap();
        let fault = Profiles::load(Some(folder.path())).1.unwrap();
        assert_eq!(fault.code, FaultCode::ProfilesNotUsable, "a folder is no file");
    }

    #[test]
    fn private_roots_lie_beside_the_file_or_in_it() {
        use crate::crypto::issue::certificate_to_pem;
        let ca = crate::virtual_key::TestCa::create().unwrap();
        let pem = certificate_to_pem(ca.root()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), &pem).unwrap();
        let path = folder.path().join("profiles.toml");
        let roots = format!("roots = [\"root.pem\", '''{pem}''']\norder_api");
        std::fs::write(&path, OWN.replace("order_api", &roots)).unwrap();
        let (profiles, fault) = Profiles::load(Some(&path));
        assert_eq!(fault, None);
        assert_eq!(profiles.get("own").unwrap().roots, [ca.root(), ca.root()]);
    }
}
