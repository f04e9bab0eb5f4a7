//! CA profiles: for which issuer which service, pages, telephone, rules. The program's own table (assets/ca-profiles.toml)
//! with the file of the administrator on top and the person's above it: an entry there replaces the one with the same id below or
//! is asked first. An entry the administrator locked is asked before all others, and none of the person replaces it.
//!
//! Invariant: an address is https; plain http goes to this computer only. Another address is refused with the reason and
//! its entry is left out.

mod written;

use crate::authorities::under_root;
use base::fault::{Fault, FaultCode};
use certificate::{Certificate, TrustStore};
use gm::PublicKey;
use net::ServiceUrl;
use order_api::Support;
use serde::Deserialize;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use written::{parse, read};

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
    /// Common names, organisations or short names ([`Name::short`](certificate::Name::short)) of the issuers of its certificates.
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
    /// Who wrote it.
    pub origin: Origin,
}

/// Who wrote an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It came with the program.
    #[default]
    Program,
    /// The administrator, for everybody; a locked one holds against the person's.
    Administrator {
        /// It is locked.
        locked: bool,
    },
    /// The person.
    Person,
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

/// The entries of the administrator's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemProfiles(Vec<CaProfile>);

impl SystemProfiles {
    /// Reads the text of the file in `folder`; what can't be used is left out and told in the second value.
    #[must_use]
    pub fn parse(text: &str, folder: &Path) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let all = parse(text, Some(folder), Origin::Administrator { locked: false }, &mut wrong);
        (Self(all), wrong)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[CaProfile] {
        &self.0
    }
}

/// All profiles, in the order they are asked: locked ones, those of the person, of the administrator, of the program.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    all: Vec<CaProfile>,
    /// Of the CAs that changed their issuing certificate: by their ids what they say of themselves, shared by all copies.
    authorities: Arc<RwLock<Vec<(String, TrustStore)>>>,
}

impl Profiles {
    /// Reads the program's table and the person's file. What is wrong in the file is told ([`FaultCode::ProfilesNotUsable`])
    /// and left out, the rest holds; a file that is missing is no fault.
    #[must_use]
    pub fn load(user_file: Option<&Path>) -> (Self, Option<Fault>) {
        Self::with(user_file, &SystemProfiles::default())
    }

    /// As [`Profiles::load`], with the administrator's entries between them.
    #[must_use]
    pub fn with(user_file: Option<&Path>, system: &SystemProfiles) -> (Self, Option<Fault>) {
        let mut wrong = Vec::new();
        let person = user_file.map(|path| read(path, &mut wrong)).unwrap_or_default();
        let (locked, system): (Vec<_>, Vec<_>) = system.0.iter().cloned().partition(CaProfile::is_locked);
        let held = person.iter().filter(|own| locked.iter().any(|other| other.id == own.id));
        wrong.extend(held.map(|own| format!("{}: locked by the administrator", own.id)));
        // the program's own table is held right by a test
        let program =
            parse(include_str!("../../../../assets/ca-profiles.toml"), None, Origin::Program, &mut Vec::new());
        let mut all: Vec<CaProfile> = Vec::new();
        for profile in locked.into_iter().chain(person).chain(system).chain(program) {
            if !all.iter().any(|above| above.id == profile.id) {
                all.push(profile);
            }
        }
        let fault = Fault::new(FaultCode::ProfilesNotUsable);
        (Self { all, ..Self::default() }, (!wrong.is_empty()).then(|| fault.detail(wrong.join("; "))))
    }

    /// Adds a profile that is asked before all others.
    pub fn put_first(&mut self, profile: CaProfile) {
        self.all.retain(|other| other.id != profile.id);
        self.all.insert(0, profile);
    }

    /// The profile of the CA a certificate is of: by the name of its issuer, else by what the CAs said of themselves
    /// ([`Profiles::take_in`]).
    #[must_use]
    pub fn of(&self, certificate: &Certificate) -> Option<&CaProfile> {
        let short = certificate.issuer.short();
        let names = [certificate.issuer.get("CN"), certificate.issuer.get("O"), short.as_deref()];
        let is_its = |known: &String| names.iter().flatten().any(|name| name.eq_ignore_ascii_case(known));
        self.all.iter().find(|profile| profile.issuers.iter().any(is_its)).or_else(|| {
            let authorities = self.authorities.read().unwrap_or_else(PoisonError::into_inner);
            let (id, _) = authorities.iter().find(|(_, of_ca)| is_under(certificate, of_ca))?;
            self.get(id)
        })
    }

    /// Takes in what the service of a CA says of itself – operation CA first, root last, DER – when a certificate is under
    /// it; true then. So one that changed its issuing certificate knows its certificates again.
    pub fn take_in(&self, id: &str, chain: &[Vec<u8>], certificate: &Certificate) -> bool {
        let found = under_root(chain, chain.iter().map(Vec::as_slice));
        let Some(of_ca) = found.filter(|of_ca| is_under(certificate, of_ca)) else { return false };
        self.authorities.write().unwrap_or_else(PoisonError::into_inner).push((id.to_owned(), of_ca));
        true
    }

    /// The profile with an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CaProfile> {
        self.all.iter().find(|profile| profile.id == id)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[CaProfile] {
        &self.all
    }
}

fn is_under(certificate: &Certificate, authorities: &TrustStore) -> bool {
    certificate::chain(certificate, authorities, certificate::now()).fault.is_none()
}

impl CaProfile {
    fn is_locked(&self) -> bool {
        self.origin == Origin::Administrator { locked: true }
    }

    /// Whom to call.
    #[must_use]
    pub fn support(&self) -> Support {
        Support { telephone: self.hot_line.clone(), hours: self.hours.zh.clone() }
    }
}

#[cfg(test)]
mod tests;
