//! From a certificate to a trusted root (RFC 5280 §6, the part that applies here): names and key identifiers lead to the
//! issuer, its SM2 signature is verified over the bytes as received, and every issuer must be allowed to issue.
//! Dates are judged elsewhere; here they only decide which of several issuers is tried first.
//!
//! Safe against loops and fans of issuers: a certificate stands in a path once, paths and the number of signatures
//! verified are limited.

use super::fields::{Certificate, SignatureAlgorithm, Usage};
use super::trust::TrustStore;
use super::validity::ValidityState;
use gm::{DEFAULT_ID, signature_from_der};

/// Longest path, leaf and root included.
const MAX_DEPTH: usize = 6;
const MAX_SIGNATURES: usize = 64;

/// The way from a certificate upwards, as far as it could be verified.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Issuers whose signatures were verified, the nearest first; complete up to the root when there is no fault.
    pub issuers: Vec<Certificate>,
    /// Why the way ends before a trusted root.
    pub fault: Option<ChainFault>,
}

/// Why a chain does not reach a trusted root. Certificates are given by their short name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// No certificate of this issuer is known: nothing can be said.
    IssuerUnknown {
        /// The issuer asked for.
        issuer: String,
    },
    /// Made by its holder, not by a CA, and not trusted.
    SelfSigned,
    /// The issuer named in it did not sign it, or it was changed afterwards.
    SignatureWrong {
        /// The certificate whose signature is wrong.
        certificate: String,
    },
    /// Signed with another user id than everyone uses: others will call the signature wrong.
    OtherUserId {
        /// The certificate.
        certificate: String,
    },
    /// The issuer's key can't be read, so its signature was not verified.
    KeyUnreadable {
        /// The issuer.
        certificate: String,
    },
    /// An issuer that may not issue certificates.
    NotACa {
        /// The issuer.
        certificate: String,
    },
    /// An issuer below which fewer CAs are allowed.
    PathTooLong {
        /// The issuer.
        certificate: String,
    },
    /// Signed by an algorithm that can't be verified here.
    UnknownAlgorithm {
        /// The certificate.
        certificate: String,
        /// Its algorithm.
        algorithm: String,
    },
    /// A rule in the certificate that is not understood here.
    UnknownRule {
        /// The certificate.
        certificate: String,
        /// Object identifier of the extension.
        oid: String,
    },
    /// More steps than are followed.
    TooDeep,
}

impl ChainFault {
    /// Whether something is wrong, as opposed to not known.
    #[must_use]
    pub const fn is_problem(&self) -> bool {
        match self {
            Self::SelfSigned
            | Self::SignatureWrong { .. }
            | Self::OtherUserId { .. }
            | Self::NotACa { .. }
            | Self::PathTooLong { .. } => true,
            Self::IssuerUnknown { .. }
            | Self::KeyUnreadable { .. }
            | Self::UnknownAlgorithm { .. }
            | Self::UnknownRule { .. }
            | Self::TooDeep => false,
        }
    }
}

/// Follows the chain of a certificate; among several issuers those valid at `now` are tried first.
#[must_use]
pub fn chain(certificate: &Certificate, store: &TrustStore, now: i64) -> Chain {
    let mut search = Search { store, now, signatures_left: MAX_SIGNATURES, path: vec![certificate], best: Vec::new() };
    let fault = search.climb(certificate).err();
    Chain { issuers: search.best.into_iter().cloned().collect(), fault }
}

struct Search<'a> {
    store: &'a TrustStore,
    now: i64,
    signatures_left: usize,
    path: Vec<&'a Certificate>,
    /// Longest verified path so far, without the leaf.
    best: Vec<&'a Certificate>,
}

impl<'a> Search<'a> {
    /// Succeeds with `best` as the path to a root.
    fn climb(&mut self, certificate: &'a Certificate) -> Result<(), ChainFault> {
        let issuers = self.path.get(1..).unwrap_or_default();
        if let Some(oid) = &certificate.unhandled {
            return Err(ChainFault::UnknownRule { certificate: certificate.short_name(), oid: oid.clone() });
        }
        if self.store.is_root(certificate) {
            self.best = issuers.to_vec();
            return Ok(());
        }
        if self.best.len() < issuers.len() {
            self.best = issuers.to_vec();
        }
        if self.path.len() >= MAX_DEPTH {
            return Err(ChainFault::TooDeep);
        }
        let (mut signature_wrong, mut faults) = (None, Vec::new());
        for issuer in self.candidates(certificate) {
            self.signatures_left = self.signatures_left.checked_sub(1).ok_or(ChainFault::TooDeep)?;
            match verify_signature(certificate, issuer) {
                Ok(()) => {}
                Err(fault @ ChainFault::SignatureWrong { .. }) => {
                    signature_wrong = Some(fault);
                    continue;
                }
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            }
            let result = may_issue(issuer, &self.path).and_then(|()| {
                self.path.push(issuer);
                let result = self.climb(issuer);
                self.path.pop();
                result
            });
            match result {
                Ok(()) => return Ok(()),
                Err(fault) => faults.push(fault),
            }
        }
        // where one way fails and another can't be followed to its end, the truth is "not known"
        let fault = faults.iter().position(|fault| !fault.is_problem()).unwrap_or(0);
        Err(match (faults.into_iter().nth(fault).or(signature_wrong), certificate.is_self_signed()) {
            (Some(fault), _) => fault,
            (None, true) => ChainFault::SelfSigned,
            (None, false) => ChainFault::IssuerUnknown { issuer: certificate.issuer.short().unwrap_or_default() },
        })
    }

    /// Certificates that may have issued this one, by name and key identifier.
    fn candidates(&self, certificate: &Certificate) -> Vec<&'a Certificate> {
        let mut found: Vec<_> = self
            .store
            .all()
            .filter(|issuer| certificate.issuer.matches(&issuer.subject))
            .filter(|issuer| match (&certificate.authority_key_id, &issuer.subject_key_id) {
                (Some(wanted), Some(have)) => wanted == have,
                _ => true,
            })
            .filter(|issuer| self.path.iter().all(|used| used.der() != issuer.der()))
            .collect();
        let out_of_date = |issuer: &Certificate| {
            let state = issuer.validity.map(|validity| validity.state(self.now));
            matches!(state, None | Some(ValidityState::Expired { .. } | ValidityState::NotYetValid { .. }))
        };
        found.sort_by_key(|issuer| out_of_date(issuer));
        found
    }
}

fn verify_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), ChainFault> {
    let name = certificate.short_name();
    if certificate.algorithm != SignatureAlgorithm::Sm2WithSm3 {
        let algorithm = certificate.algorithm.to_string();
        return Err(ChainFault::UnknownAlgorithm { certificate: name, algorithm });
    }
    match issuer.signed(&certificate.tbs, &certificate.signature) {
        Signed::Right => Ok(()),
        Signed::OtherUserId => Err(ChainFault::OtherUserId { certificate: name }),
        Signed::KeyUnreadable => Err(ChainFault::KeyUnreadable { certificate: issuer.short_name() }),
        Signed::Wrong => Err(ChainFault::SignatureWrong { certificate: name }),
    }
}

/// basicConstraints, key usage and path length of an issuer above `path`.
fn may_issue(issuer: &Certificate, path: &[&Certificate]) -> Result<(), ChainFault> {
    let certificate = issuer.short_name();
    let Some(limit) = issuer.ca else { return Err(ChainFault::NotACa { certificate }) };
    if issuer.allows_any(&[Usage::CertificateSigning]) == Some(false) {
        return Err(ChainFault::NotACa { certificate });
    }
    // CAs between this one and the leaf; those that renew their own key don't count
    let below = path.iter().skip(1).filter(|ca| !ca.subject.matches(&ca.issuer)).count();
    match limit {
        Some(limit) if below > limit as usize => Err(ChainFault::PathTooLong { certificate }),
        _ => Ok(()),
    }
}

/// What came of verifying a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// The key made it.
    Right,
    /// It did not, or what was signed has changed.
    Wrong,
    /// It made it with the empty user id, as tools do that leave it out.
    OtherUserId,
    /// There is no SM2 key to verify it with.
    KeyUnreadable,
}

impl Certificate {
    /// Short name of the subject; empty for one without a name.
    pub(super) fn short_name(&self) -> String {
        self.owner.clone().unwrap_or_else(|| self.subject.to_string())
    }

    /// Whether the key of this certificate made an SM2 signature (DER) over `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> Signed {
        let Some(key) = self.sm2_key() else { return Signed::KeyUnreadable };
        let Ok(signature) = signature_from_der(signature) else { return Signed::Wrong };
        let by = |id: &str| key.verify_digest(&key.digest(id.as_bytes(), message), &signature).is_ok();
        if by(DEFAULT_ID) {
            Signed::Right
        } else if by("") {
            Signed::OtherUserId
        } else {
            Signed::Wrong
        }
    }

    /// One link of a chain: `issuer` has the name this certificate gives, may issue certificates, and signed this one.
    /// Dates, path lengths and revocation are not looked at.
    ///
    /// # Errors
    /// [`ChainFault`]: the issuer is unknown when the names differ.
    pub fn verify_issued_by(&self, issuer: &Self) -> Result<(), ChainFault> {
        if !self.issuer.matches(&issuer.subject) {
            return Err(ChainFault::IssuerUnknown { issuer: self.issuer.short().unwrap_or_default() });
        }
        for certificate in [self, issuer] {
            if let Some(oid) = &certificate.unhandled {
                return Err(ChainFault::UnknownRule { certificate: certificate.short_name(), oid: oid.clone() });
            }
        }
        may_issue(issuer, &[])?;
        verify_signature(self, issuer)
    }

    /// Whether it may certify others: basicConstraints say so, and the key usage, if there is one, too.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        may_issue(self, &[]).is_ok()
    }

    /// Issuer and subject are one, and its key made the signature; where that can't be verified here the names and key
    /// identifiers decide.
    pub(super) fn is_self_signed(&self) -> bool {
        if !self.issuer.matches(&self.subject) {
            return false;
        }
        let signed = match self.algorithm {
            SignatureAlgorithm::Sm2WithSm3 => self.signed(&self.tbs, &self.signature),
            _ => Signed::KeyUnreadable,
        };
        match signed {
            Signed::Right => true,
            Signed::Wrong | Signed::OtherUserId => false,
            Signed::KeyUnreadable => self.authority_key_id.is_none() || self.authority_key_id == self.subject_key_id,
        }
    }
}
