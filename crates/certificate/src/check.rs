//! 检查证书: five independent findings about one certificate. A finding speaks only about what was really checked; what
//! could not be checked says why. Nothing here is text: the window words the findings.

use super::chain::{Chain, ChainFault, chain};
use super::crl::{Revocation, RevocationGap, judge};
use super::fields::{Certificate, Usage};
use super::trust::{SkippedFile, TrustStore};
use super::validity::ValidityState;
use gm::PublicKey;

/// More certificates of one name than this are not tried for a list.
const MAX_LIST_ISSUERS: usize = 4;

/// What a certificate on a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// 签名证书.
    Sign,
    /// 加密证书.
    Encrypt,
}

impl Role {
    /// Usages of which a certificate of this role needs at least one.
    #[must_use]
    pub const fn usages(self) -> &'static [Usage] {
        match self {
            Self::Sign => &[Usage::DigitalSignature],
            Self::Encrypt => &[Usage::KeyEncipherment, Usage::DataEncipherment, Usage::KeyAgreement],
        }
    }
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Checked and good.
    Ok,
    /// Checked; worth knowing.
    Notice,
    /// Checked and wrong.
    Problem,
    /// Not checked, for the reason in the finding.
    Unchecked,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Does a trusted root stand behind it?
    Chain {
        /// Short names from the certificate up to where the chain was verified.
        path: Vec<String>,
        /// Why it ends before a trusted root.
        fault: Option<ChainFault>,
    },
    /// Is it in its period of validity?
    Dates {
        /// Short name of the CA the state is about; `None` = the certificate itself.
        issuer: Option<String>,
        /// Its state; `None` when its dates can't be read.
        state: Option<ValidityState>,
    },
    /// May it be used for its role?
    Usage {
        /// The role asked for.
        role: Role,
        /// `None` = the certificate does not restrict its use.
        allowed: Option<bool>,
    },
    /// Does the key on the token belong to it?
    Key(KeyMatch),
    /// Is it revoked?
    Revocation(Revocation),
    /// Files in the folders of roots that are not used; only when there are any.
    UnusedFiles(Vec<SkippedFile>),
}

/// Whether certificate and key belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMatch {
    /// They do.
    Same,
    /// They don't.
    Different,
    /// The public key was not read from the token.
    NotRead,
    /// The certificate is not for an SM2 key.
    NotSm2,
}

impl Finding {
    /// How to take it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Chain { fault: None, .. }
            | Self::Dates { state: Some(ValidityState::Valid { .. }), .. }
            | Self::Usage { allowed: Some(true), .. }
            | Self::Key(KeyMatch::Same)
            | Self::Revocation(Revocation::Good { .. }) => Verdict::Ok,
            Self::Dates { state: Some(ValidityState::Expiring { .. }), .. }
            | Self::Usage { allowed: None, .. }
            | Self::UnusedFiles(_) => Verdict::Notice,
            Self::Chain { fault: Some(fault), .. } if fault.is_problem() => Verdict::Problem,
            Self::Dates { state: Some(_), .. }
            | Self::Usage { allowed: Some(false), .. }
            | Self::Key(KeyMatch::Different)
            | Self::Revocation(Revocation::Revoked { .. }) => Verdict::Problem,
            Self::Chain { .. }
            | Self::Dates { state: None, .. }
            | Self::Key(_)
            | Self::Revocation(Revocation::Unchecked(_)) => Verdict::Unchecked,
        }
    }
}

/// Where revocation lists come from. How they are fetched is nothing this crate knows.
pub trait ListSource {
    /// Whether an address is one that may be asked.
    ///
    /// # Errors
    /// [`RevocationGap::OtherScheme`].
    fn accepts(&self, uri: &str) -> Result<(), RevocationGap>;

    /// Fetches a list, DER or PEM as the server has it.
    ///
    /// # Errors
    /// Why it was not fetched.
    fn fetch(&self, uri: &str) -> Result<Vec<u8>, RevocationGap>;
}

/// What is checked against what.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// What it is for.
    pub role: Role,
    /// Public key read from the token for this role.
    pub token_key: Option<&'a PublicKey>,
    /// Roots and intermediates.
    pub store: &'a TrustStore,
    /// The time to check for, seconds since 1970 UTC.
    pub now: i64,
}

impl Check<'_> {
    /// Chain, dates, usage and key: everything that needs no network. Takes milliseconds.
    #[must_use]
    pub fn local(&self) -> Vec<Finding> {
        let chain = self.chain();
        let path = std::iter::once(self.certificate).chain(&chain.issuers).map(Certificate::short_name).collect();
        let mut findings = vec![
            Finding::Chain { path, fault: chain.fault.clone() },
            self.dates(&chain),
            Finding::Usage { role: self.role, allowed: self.certificate.allows_any(self.role.usages()) },
            Finding::Key(match (self.certificate.sm2_key(), self.token_key) {
                (None, _) => KeyMatch::NotSm2,
                (_, None) => KeyMatch::NotRead,
                (Some(stated), Some(read)) if stated == read => KeyMatch::Same,
                _ => KeyMatch::Different,
            }),
        ];
        if !self.store.skipped().is_empty() {
            findings.push(Finding::UnusedFiles(self.store.skipped().to_vec()));
        }
        findings
    }

    /// Revocation of this certificate (not of its issuers) by the lists it names.
    pub fn revocation(&self, lists: &dyn ListSource) -> Finding {
        Finding::Revocation(self.ask_lists(lists))
    }

    /// Everything, on the calling thread, which waits for the lists: never the one of the window.
    #[must_use]
    pub fn run(&self, lists: &dyn ListSource) -> Vec<Finding> {
        let mut findings = self.local();
        findings.push(self.revocation(lists));
        findings
    }

    fn chain(&self) -> Chain {
        chain(self.certificate, self.store, self.now)
    }

    /// The certificate's own state, unless that is fine and a CA above it is out of date.
    fn dates(&self, chain: &Chain) -> Finding {
        let state = |certificate: &Certificate| Some(certificate.validity?.state(self.now));
        let out = |state| matches!(state, Some(ValidityState::Expired { .. } | ValidityState::NotYetValid { .. }));
        let own = state(self.certificate);
        match chain.issuers.iter().find(|issuer| out(state(issuer))) {
            Some(issuer) if own.is_some() && !out(own) => {
                Finding::Dates { issuer: Some(issuer.short_name()), state: state(issuer) }
            }
            _ => Finding::Dates { issuer: None, state: own },
        }
    }

    fn ask_lists(&self, lists: &dyn ListSource) -> Revocation {
        let (mut addresses, mut gap) = (Vec::new(), None);
        for place in &self.certificate.list_places {
            for uri in &place.uris {
                match lists.accepts(uri) {
                    Ok(()) => addresses.push((uri, place)),
                    Err(why) => gap = gap.or(Some(why)),
                }
            }
        }
        let unusable = self.certificate.list_places.iter().flat_map(|place| &place.unusable).next();
        let mut gap = gap
            .or_else(|| unusable.map(|name| RevocationGap::UnusableAddress(name.clone())))
            .unwrap_or(RevocationGap::NoAddress);
        if addresses.is_empty() {
            return Revocation::Unchecked(gap);
        }
        // a proven issuer also means that no stranger chooses which address this computer asks
        let chain = self.chain();
        let Some(issuer) = chain.issuers.first().filter(|_| chain.fault.is_none()) else {
            return Revocation::Unchecked(RevocationGap::IssuerNotProven);
        };
        let issuers = self.list_issuers(issuer);
        for (address, place) in addresses {
            match lists.fetch(address).map(|list| self.judge(&list, &issuers)) {
                Ok(Revocation::Good { .. }) if place.some_reasons => gap = RevocationGap::SomeReasons,
                Ok(Revocation::Unchecked(why)) | Err(why) => gap = why,
                Ok(answer) => return answer,
            }
        }
        Revocation::Unchecked(gap)
    }

    /// Who may have made the list: the issuer, then the other certificates of its name that are proven, as after a change of
    /// its key (RFC 5280 §6.3.3 f).
    fn list_issuers<'a>(&'a self, issuer: &'a Certificate) -> Vec<&'a Certificate> {
        let others = self.store.all().filter(|other| {
            other.der() != issuer.der()
                && other.subject.matches(&issuer.subject)
                && chain(other, self.store, self.now).fault.is_none()
        });
        std::iter::once(issuer).chain(others.take(MAX_LIST_ISSUERS)).collect()
    }

    fn judge(&self, list: &[u8], issuers: &[&Certificate]) -> Revocation {
        let mut first = None;
        for issuer in issuers {
            match judge(list, self.certificate, issuer, self.now) {
                Revocation::Unchecked(why) => first = first.or(Some(why)),
                answer => return answer,
            }
        }
        Revocation::Unchecked(first.unwrap_or(RevocationGap::WrongIssuer))
    }
}
