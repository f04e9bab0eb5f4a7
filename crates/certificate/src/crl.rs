//! Revocation lists (RFC 5280 §5), read in one pass without a copy: lists of millions of bytes occur.
//!
//! A list answers only when its issuer signed it, it is in date, and it covers the certificate. Anything else is a reason
//! why revocation was not checked; only an entry in a list with a good signature counts even when the list is out of date.

use super::fields::{Certificate, SignatureAlgorithm, Usage, point_names, signature_algorithm, without_leading_zeros};
use super::name::Name;
use x509_parser::asn1_rs::{Any, BitString, Class, FromDer};
use x509_parser::extensions::{IssuingDistributionPoint, ParsedExtension, X509Extension};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, ReasonCode, X509Name};

/// What is known about revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Not in a list that is in date and signed by the issuer.
    Good {
        /// When the list was made, seconds since 1970 UTC.
        list_made: i64,
        /// When the next one is due.
        next_due: Option<i64>,
    },
    /// Revoked, or suspended when the reason is [`Reason::Hold`].
    Revoked {
        /// Since when, seconds since 1970 UTC.
        since: i64,
        /// Why.
        reason: Reason,
    },
    /// Nothing can be said.
    Unchecked(RevocationGap),
}

/// Reason for a revocation (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// None given.
    Unspecified,
    /// The private key is known to others.
    KeyCompromise,
    /// A key of the CA is known to others.
    CaCompromise,
    /// Name or membership changed.
    AffiliationChanged,
    /// Replaced by another certificate.
    Superseded,
    /// No longer needed.
    CessationOfOperation,
    /// Suspended (冻结), may become valid again.
    Hold,
    /// A right was withdrawn.
    PrivilegeWithdrawn,
    /// A code without a meaning here.
    Other(u8),
}

/// Why revocation could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationGap {
    /// The certificate names no list.
    NoAddress,
    /// Only addresses that are not http, such as ldap; the scheme.
    OtherScheme(String),
    /// The issuer is not proven, so no list of it can be believed.
    IssuerNotProven,
    /// Name not found, no connection, or it broke.
    Unreachable,
    /// Not complete within the time limit.
    TimedOut,
    /// Longer than the limit.
    TooLarge,
    /// The server answered with this status.
    Status(u16),
    /// The server sent us on too often or to an address that is not http.
    RedirectRefused,
    /// Not a revocation list.
    Malformed,
    /// Made by someone else, or by an issuer that may not make lists.
    WrongIssuer,
    /// Signature wrong.
    SignatureWrong,
    /// Signed by an algorithm that can't be verified here.
    UnknownAlgorithm(String),
    /// Made in the future of this clock.
    NotYetValid,
    /// The next list was due at this time.
    Outdated(i64),
    /// Covers other certificates, or only changes to another list.
    OtherScope,
    /// A rule in the list that is not understood here; object identifier of the extension.
    UnknownRule(String),
}

/// A list whose entries are still unread.
struct List<'a> {
    tbs: &'a [u8],
    algorithm: SignatureAlgorithm,
    signature: BitString<'a>,
    issuer: Name,
    made: i64,
    next: Option<i64>,
    entries: &'a [u8],
    extensions: Vec<X509Extension<'a>>,
}

/// What a list says about a certificate of `issuer`.
pub(super) fn judge(list: &[u8], certificate: &Certificate, issuer: &Certificate, now: i64) -> Revocation {
    answer(list, certificate, issuer, now).unwrap_or_else(Revocation::Unchecked)
}

fn answer(der: &[u8], certificate: &Certificate, issuer: &Certificate, now: i64) -> Result<Revocation, RevocationGap> {
    let list = List::read(der).ok_or(RevocationGap::Malformed)?;
    if !list.issuer.matches(&issuer.subject) || issuer.allows_any(&[Usage::CrlSigning]) == Some(false) {
        return Err(RevocationGap::WrongIssuer);
    }
    if list.algorithm != SignatureAlgorithm::Sm2WithSm3 {
        return Err(RevocationGap::UnknownAlgorithm(list.algorithm.to_string()));
    }
    if !issuer.signed(list.tbs, &list.signature.data) {
        return Err(RevocationGap::SignatureWrong);
    }
    list.covers(certificate)?;
    let entry = list.find(&certificate.serial).ok_or(RevocationGap::Malformed)?;
    let in_date = match list.next {
        _ if list.made > now => Err(RevocationGap::NotYetValid),
        Some(next) if next < now => Err(RevocationGap::Outdated(next)),
        _ => Ok(()),
    };
    match entry {
        // a suspension may have been lifted in a later list, a revocation is for ever
        Some((since, reason)) if reason != Reason::Hold => Ok(Revocation::Revoked { since, reason }),
        Some((since, reason)) => in_date.map(|()| Revocation::Revoked { since, reason }),
        None => in_date.map(|()| Revocation::Good { list_made: list.made, next_due: list.next }),
    }
}

impl<'a> List<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let (rest, whole) = sequence(der)?;
        rest.is_empty().then_some(())?;
        let (rest, content) = sequence(whole)?;
        let tbs = whole.get(..whole.len() - rest.len())?;
        let (rest, outer) = AlgorithmIdentifier::from_der(rest).ok()?;
        let (rest, signature) = BitString::from_der(rest).ok()?;
        rest.is_empty().then_some(())?;

        let content = optional(content, Class::Universal, 2)?.0;
        let (content, inner) = AlgorithmIdentifier::from_der(content).ok()?;
        let algorithm = signature_algorithm(&inner);
        (algorithm == signature_algorithm(&outer)).then_some(())?;
        let (content, issuer) = X509Name::from_der(content).ok()?;
        let (content, made) = ASN1Time::from_der(content).ok()?;
        let (content, next) = match content.first() {
            Some(0x17 | 0x18) => ASN1Time::from_der(content).ok().map(|(rest, next)| (rest, Some(next.timestamp())))?,
            _ => (content, None),
        };
        let (content, entries) = optional(content, Class::Universal, 16)?;
        let (content, extensions) = optional(content, Class::ContextSpecific, 0)?;
        content.is_empty().then_some(())?;
        let extensions = match extensions {
            Some(wrapped) => {
                let (rest, inside) = sequence(wrapped)?;
                rest.is_empty().then_some(())?;
                read_extensions(inside)?
            }
            None => Vec::new(),
        };
        let (issuer, made, entries) = (Name::from_x509(&issuer), made.timestamp(), entries.unwrap_or_default());
        Some(Self { tbs, algorithm, signature, issuer, made, next, entries, extensions })
    }

    /// `Some(None)`: not in the list; `None`: the list is malformed before an entry was found.
    fn find(&self, serial: &[u8]) -> Option<Option<(i64, Reason)>> {
        let mut entries = self.entries;
        while !entries.is_empty() {
            let (rest, entry) = sequence(entries)?;
            entries = rest;
            let (entry, number) = Any::from_der(entry).ok()?;
            (number.tag().0 == 2).then_some(())?;
            if without_leading_zeros(number.data) != serial {
                continue;
            }
            let (entry, since) = ASN1Time::from_der(entry).ok()?;
            let extensions = if entry.is_empty() { Vec::new() } else { read_extensions(sequence(entry)?.1)? };
            let code = extensions.iter().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::ReasonCode(code) => Some(*code),
                _ => None,
            });
            if code == Some(ReasonCode::RemoveFromCRL) {
                continue;
            }
            return Some(Some((since.timestamp(), reason(code))));
        }
        Some(None)
    }

    fn covers(&self, certificate: &Certificate) -> Result<(), RevocationGap> {
        for extension in &self.extensions {
            let oid = extension.oid.to_id_string();
            match (oid.as_str(), extension.parsed_extension()) {
                ("2.5.29.27", _) => return Err(RevocationGap::OtherScope), // changes only
                ("2.5.29.28", ParsedExtension::IssuingDistributionPoint(part)) if !part_covers(part, certificate) => {
                    return Err(RevocationGap::OtherScope);
                }
                ("2.5.29.28", ParsedExtension::IssuingDistributionPoint(_)) | ("2.5.29.20" | "2.5.29.35", _) => {}
                _ if extension.critical => return Err(RevocationGap::UnknownRule(oid)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A partitioned list must carry a name that the certificate gives too (RFC 5280 §6.3.3 b), else one partition could be
/// passed off as another.
fn part_covers(part: &IssuingDistributionPoint<'_>, certificate: &Certificate) -> bool {
    if part.only_contains_ca_certs && certificate.ca.is_none()
        || part.only_contains_user_certs && certificate.ca.is_some()
        || part.only_contains_attribute_certs
        || part.indirect_crl
        || part.only_some_reasons.is_some()
    {
        return false;
    }
    let Some(point) = &part.distribution_point else { return true };
    let (uris, directories) = point_names(std::iter::once(point));
    uris.iter().any(|uri| certificate.crl_uris.contains(uri))
        || directories.iter().any(|directory| certificate.crl_directory_names.contains(directory))
}

fn reason(code: Option<ReasonCode>) -> Reason {
    match code {
        None | Some(ReasonCode::Unspecified) => Reason::Unspecified,
        Some(ReasonCode::KeyCompromise) => Reason::KeyCompromise,
        Some(ReasonCode::CACompromise | ReasonCode::AACompromise) => Reason::CaCompromise,
        Some(ReasonCode::AffiliationChanged) => Reason::AffiliationChanged,
        Some(ReasonCode::Superseded) => Reason::Superseded,
        Some(ReasonCode::CessationOfOperation) => Reason::CessationOfOperation,
        Some(ReasonCode::CertificateHold) => Reason::Hold,
        Some(ReasonCode::PrivilegeWithdrawn) => Reason::PrivilegeWithdrawn,
        Some(ReasonCode(other)) => Reason::Other(other),
    }
}

/// Content of a SEQUENCE and what follows it.
fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    (any.class() == Class::Universal && any.tag().0 == 16).then_some((rest, any.data))
}

/// Content of an element that may be absent and what follows it; `None` when the bytes are no DER at all.
fn optional(bytes: &[u8], class: Class, tag: u32) -> Option<(&[u8], Option<&[u8]>)> {
    if bytes.is_empty() {
        return Some((bytes, None));
    }
    let (rest, any) = Any::from_der(bytes).ok()?;
    Some(if any.class() == class && any.tag().0 == tag { (rest, Some(any.data)) } else { (bytes, None) })
}

fn read_extensions(mut bytes: &[u8]) -> Option<Vec<X509Extension<'_>>> {
    let mut extensions = Vec::new();
    while !bytes.is_empty() {
        let (rest, extension) = X509Extension::from_der(bytes).ok()?;
        bytes = rest;
        extensions.push(extension);
    }
    Some(extensions)
}

/// Reads bytes as a list, for the fuzz target.
pub(super) fn read_any(bytes: &[u8]) {
    if let Some(list) = List::read(bytes) {
        let _ = list.find(&[1]);
    }
}
