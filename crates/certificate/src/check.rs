//! 检查证书: five independent findings about one certificate. A finding speaks only about what was really checked; what
//! could not be checked says why. Nothing here is text: the window words the findings.

use super::chain::{Chain, ChainFault, chain};
use super::crl::{Revocation, RevocationGap, judge};
use super::fields::{Certificate, Usage};
use super::trust::TrustStore;
use super::validity::ValidityState;
use gm::PublicKey;

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
        /// Its state.
        state: ValidityState,
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
            | Self::Dates { state: ValidityState::Valid { .. }, .. }
            | Self::Usage { allowed: Some(true), .. }
            | Self::Key(KeyMatch::Same)
            | Self::Revocation(Revocation::Good { .. }) => Verdict::Ok,
            Self::Dates { state: ValidityState::Expiring { .. }, .. } | Self::Usage { allowed: None, .. } => {
                Verdict::Notice
            }
            Self::Chain { fault: Some(fault), .. } if fault.is_problem() => Verdict::Problem,
            Self::Dates { .. }
            | Self::Usage { allowed: Some(false), .. }
            | Self::Key(KeyMatch::Different)
            | Self::Revocation(Revocation::Revoked { .. }) => Verdict::Problem,
            Self::Chain { .. } | Self::Key(_) | Self::Revocation(Revocation::Unchecked(_)) => Verdict::Unchecked,
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
        vec![
            Finding::Chain { path, fault: chain.fault.clone() },
            self.dates(&chain),
            Finding::Usage { role: self.role, allowed: self.certificate.allows_any(self.role.usages()) },
            Finding::Key(match (self.certificate.sm2_key(), self.token_key) {
                (None, _) => KeyMatch::NotSm2,
                (_, None) => KeyMatch::NotRead,
                (Some(stated), Some(read)) if stated == read => KeyMatch::Same,
                _ => KeyMatch::Different,
            }),
        ]
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
        let out = |state| matches!(state, ValidityState::Expired { .. } | ValidityState::NotYetValid { .. });
        let own = self.certificate.validity.state(self.now);
        let issuer = chain.issuers.iter().find(|issuer| out(issuer.validity.state(self.now)));
        match issuer {
            Some(issuer) if !out(own) => {
                Finding::Dates { issuer: Some(issuer.short_name()), state: issuer.validity.state(self.now) }
            }
            _ => Finding::Dates { issuer: None, state: own },
        }
    }

    fn ask_lists(&self, lists: &dyn ListSource) -> Revocation {
        let (mut addresses, mut gap) = (Vec::new(), None);
        for uri in &self.certificate.crl_uris {
            match lists.accepts(uri) {
                Ok(()) => addresses.push(uri),
                Err(why) => gap = gap.or(Some(why)),
            }
        }
        let mut gap = gap.unwrap_or(RevocationGap::NoAddress);
        if addresses.is_empty() {
            return Revocation::Unchecked(gap);
        }
        // a proven issuer also means that no stranger chooses which address this computer asks
        let chain = self.chain();
        let Some(issuer) = chain.issuers.first().filter(|_| chain.fault.is_none()) else {
            return Revocation::Unchecked(RevocationGap::IssuerNotProven);
        };
        for address in addresses {
            match lists.fetch(address).map(|list| judge(&list, self.certificate, issuer, self.now)) {
                Ok(Revocation::Unchecked(why)) | Err(why) => gap = why,
                Ok(answer) => return answer,
            }
        }
        Revocation::Unchecked(gap)
    }
}
