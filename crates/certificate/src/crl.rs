//! Revocation lists (RFC 5280 §5), read in one pass without a copy: lists of millions of bytes occur.
//!
//! A list answers only when its issuer signed it, it is in date, and it covers the certificate. Anything else is a reason
//! why revocation was not checked; only an entry in a list with a good signature counts even when the list is out of date.

use super::chain::Signed;
use super::der::{SEQUENCE, bits, content, moment, next, optional, sequence};
use super::extensions::ListPlace;
use super::fields::{Certificate, SignatureAlgorithm, Usage, signature_algorithm};
use super::name::Name;
use super::serial::CertificateSerial;
use x509_parser::asn1_rs::{Any, Class, FromDer};
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::x509::ReasonCode;

const DELTA: &str = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
/// Extensions of a list that change nothing here: its number, the key of its issuer.
const HARMLESS: [&str; 2] = ["2.5.29.20", "2.5.29.35"];
/// Extensions of an entry that are understood: reason, date of the compromise.
const ENTRY_EXTENSIONS: [&str; 2] = ["2.5.29.21", "2.5.29.24"];

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
    /// What stands where the address should be is none: a name in a directory, no scheme, characters no address has.
    UnusableAddress(String),
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
    /// It is not in the list, but the list knows of some reasons for a revocation only.
    SomeReasons,
    /// The key of its issuer can't be read, so the signature was not verified.
    KeyUnreadable,
    /// A rule in the list that is not understood here; object identifier of the extension.
    UnknownRule(String),
}

/// A list whose entries are still unread.
struct List<'a> {
    tbs: &'a [u8],
    algorithm: SignatureAlgorithm,
    signature: &'a [u8],
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
    match issuer.signed(list.tbs, list.signature) {
        Signed::Right => {}
        Signed::KeyUnreadable => return Err(RevocationGap::KeyUnreadable),
        Signed::Wrong | Signed::OtherUserId => return Err(RevocationGap::SignatureWrong),
    }
    list.covers(certificate)?;
    let entry = list.find(&certificate.serial)?;
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
        let (rest, tbs) = next(whole, SEQUENCE)?;
        let content = content(tbs)?;
        let (rest, outer) = next(rest, SEQUENCE)?;
        let (rest, signature) = bits(rest)?;
        rest.is_empty().then_some(())?;

        let content = optional(content, Class::Universal, 2)?.0;
        let (content, inner) = next(content, SEQUENCE)?;
        let algorithm = signature_algorithm(inner);
        (algorithm == signature_algorithm(outer)).then_some(())?;
        let (content, issuer) = next(content, SEQUENCE)?;
        let (content, made) = moment(content)?;
        let (content, due) = match moment(content) {
            Some((rest, due)) => (rest, Some(due?)),
            None => (content, None),
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
        let (issuer, made, entries) = (Name::from_der(issuer), made?, entries.unwrap_or_default());
        Some(Self { tbs, algorithm, signature, issuer, made, next: due, entries, extensions })
    }

    /// The entry of a certificate: since when, and why. All entries are read: one with a rule that is not understood forbids
    /// the list as a whole (RFC 5280 §5.3), because it may change whom the entries behind it are about.
    fn find(&self, serial: &CertificateSerial) -> Result<Option<(i64, Reason)>, RevocationGap> {
        let (mut entries, mut found) = (self.entries, None);
        while !entries.is_empty() {
            let (rest, number, entry) = Entry::read(entries).ok_or(RevocationGap::Malformed)?;
            entries = rest;
            if let Some(rule) = entry.extensions.iter().find(|extension| {
                extension.critical && !ENTRY_EXTENSIONS.contains(&extension.oid.to_id_string().as_str())
            }) {
                return Err(RevocationGap::UnknownRule(rule.oid.to_id_string()));
            }
            if found.is_some() || CertificateSerial::from_integer(number) != *serial {
                continue;
            }
            let code = entry.extensions.iter().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::ReasonCode(code) => Some(*code),
                _ => None,
            });
            if code != Some(ReasonCode::RemoveFromCRL) {
                found = Some((entry.since.ok_or(RevocationGap::Malformed)?, reason(code)));
            }
        }
        Ok(found)
    }

    fn covers(&self, certificate: &Certificate) -> Result<(), RevocationGap> {
        for extension in &self.extensions {
            let oid = extension.oid.to_id_string();
            match oid.as_str() {
                DELTA => return Err(RevocationGap::OtherScope), // changes only
                ISSUING_DISTRIBUTION_POINT => match Scope::read(extension.value) {
                    Some(scope) if scope.covers(certificate) => {}
                    Some(_) => return Err(RevocationGap::OtherScope),
                    // what it leaves out can't be known
                    None => return Err(RevocationGap::UnknownRule(oid)),
                },
                known if HARMLESS.contains(&known) => {}
                _ if extension.critical => return Err(RevocationGap::UnknownRule(oid)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// An entry of a list.
struct Entry<'a> {
    since: Option<i64>,
    extensions: Vec<X509Extension<'a>>,
}

impl<'a> Entry<'a> {
    /// What follows the next entry, content of its serial number, and the rest of it.
    fn read(entries: &'a [u8]) -> Option<(&'a [u8], &'a [u8], Self)> {
        let (rest, entry) = sequence(entries)?;
        let (entry, number) = Any::from_der(entry).ok()?;
        (number.class() == Class::Universal && number.tag().0 == 2).then_some(())?;
        let (entry, since) = moment(entry)?;
        let extensions = if entry.is_empty() { Vec::new() } else { read_extensions(sequence(entry)?.1)? };
        Some((rest, number.data, Self { since, extensions }))
    }
}

/// Which certificates a list is about: its issuingDistributionPoint (RFC 5280 §5.2.5), read by hand, because one that is not
/// wholly understood must not pass for one that limits nothing.
#[derive(Default)]
struct Scope {
    place: Option<ListPlace>,
    only_people: bool,
    only_authorities: bool,
    /// For some reasons only, from other issuers too, or for attribute certificates: never an answer here.
    other: bool,
}

impl Scope {
    /// `None` unless every field is known and read.
    fn read(value: &[u8]) -> Option<Self> {
        let (rest, mut fields) = sequence(value)?;
        rest.is_empty().then_some(())?;
        let mut scope = Self::default();
        let mut last = None;
        while !fields.is_empty() {
            let (rest, field) = Any::from_der(fields).ok()?;
            let tag = (field.class() == Class::ContextSpecific).then_some(field.tag().0)?;
            last.is_none_or(|last| last < tag).then_some(())?;
            (last, fields) = (Some(tag), rest);
            match tag {
                0 => scope.place = Some(place(field.data)?),
                1 => scope.only_people = flag(field.data)?,
                2 => scope.only_authorities = flag(field.data)?,
                3 => scope.other = true,
                4 | 5 => scope.other |= flag(field.data)?,
                _ => return None,
            }
        }
        Some(scope)
    }

    /// A partitioned list must carry a name that the certificate gives too (RFC 5280 §6.3.3 b), else one partition could be
    /// passed off as another.
    fn covers(&self, certificate: &Certificate) -> bool {
        let authority = certificate.ca.is_some();
        if self.other || (self.only_authorities && !authority) || (self.only_people && authority) {
            return false;
        }
        let Some(part) = &self.place else { return true };
        certificate.list_places.iter().any(|place| {
            part.uris.iter().any(|uri| place.uris.contains(uri))
                || part.directories.iter().any(|directory| place.directories.contains(directory))
        })
    }
}

/// A BOOLEAN; writers that don't know DER put 01 for true.
fn flag(content: &[u8]) -> Option<bool> {
    match content {
        [byte] => Some(*byte != 0),
        _ => None,
    }
}

/// The names of a distribution point. A name relative to the issuer has no name in it that a certificate could give too.
fn place(content: &[u8]) -> Option<ListPlace> {
    let (rest, names) = Any::from_der(content).ok()?;
    (rest.is_empty() && names.class() == Class::ContextSpecific).then_some(())?;
    let mut place = ListPlace::default();
    match names.tag().0 {
        0 => {
            let mut left = names.data;
            while !left.is_empty() {
                let (rest, name) = GeneralName::from_der(left).ok()?;
                place.add(&name);
                left = rest;
            }
        }
        1 => {}
        _ => return None,
    }
    Some(place)
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
        let _ = list.find(&CertificateSerial::from_integer(&[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::{Revocation, judge};
    use crate::Certificate;

    macro_rules! input {
        ($name:literal) => {
            include_bytes!(concat!("../tests/cases/inputs/", $name)).as_slice()
        };
    }

    #[test]
    fn serial_numbers_are_compared_with_their_sign() {
        let op = Certificate::parse(input!("roots-named/op.cer")).unwrap();
        let asked = |certificate: &[u8]| {
            judge(input!("crl-neg1.crl"), &Certificate::parse(certificate).unwrap(), &op, 1_796_000_000)
        };
        assert!(matches!(asked(input!("serial-neg1.cer")), Revocation::Revoked { .. }));
        assert!(matches!(asked(input!("serial-p255.cer")), Revocation::Good { .. }), "255 is written FF too");
    }
}
