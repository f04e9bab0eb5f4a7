//! Extensions of a certificate that depend on who issues it: private ones, where to find revocation and issuer, the policy.

use super::{IssueError, NameParts, name, oid};
use der::Encode;
use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, Utf8StringRef};
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AccessDescription, AuthorityInfoAccessSyntax, CertificatePolicies, CrlDistributionPoints};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;

/// id-ad-ocsp.
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// id-ad-caIssuers.
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");
/// id-qt-cps.
const CPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
/// netscape-cert-type.
const NETSCAPE_CERT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.1.1");

/// Extensions that are not always wanted, as the certificates in the field have them; the default has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Name of the revocation list in a directory; stands in front of the URI in the same distribution point.
    pub crl_name: Option<NameParts<'a>>,
    /// Where the issuer's certificate is to be found (caIssuers, RFC 5280 §4.2.2.1).
    pub issuer_uri: Option<&'a str>,
    /// Where to ask about revocation (OCSP).
    pub ocsp_uri: Option<&'a str>,
    /// Under which policy it is issued.
    pub policy: Option<Policy<'a>>,
    /// Netscape certificate type: bits as in the extension's first byte, `0xFF` for all uses.
    pub netscape_type: Option<u8>,
}

/// A certificate policy (RFC 5280 §4.2.1.4).
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Its object identifier.
    pub oid: &'a str,
    /// Where the practice statement is to be found.
    pub cps_uri: Option<&'a str>,
}

/// Private extensions: OID and text, each a UTF8String in the extension's OCTET STRING.
pub(super) fn texts(texts: &[(&str, String)]) -> Result<Vec<Extension>, IssueError> {
    let extension = |(id, text): &(&str, String)| plain(oid(id)?, Utf8StringRef::new(text)?.to_der()?);
    texts.iter().map(extension).collect()
}

/// The rest, in the order of the certificates in the field.
pub(super) fn of(crl_uri: Option<&str>, extras: &Extras<'_>) -> Result<Vec<Extension>, IssueError> {
    let mut all = Vec::new();
    let mut names = Vec::new();
    if let Some(parts) = extras.crl_name {
        names.push(GeneralName::DirectoryName(name(parts)?));
    }
    if let Some(uri) = crl_uri {
        names.push(self::uri(uri)?);
    }
    if !names.is_empty() {
        let point = DistributionPoint {
            distribution_point: Some(DistributionPointName::FullName(names)),
            reasons: None,
            crl_issuer: None,
        };
        all.push(CrlDistributionPoints(vec![point]).to_extension(&Name::default(), &[])?);
    }
    let mut access = Vec::new();
    for (method, location) in [(OCSP, extras.ocsp_uri), (CA_ISSUERS, extras.issuer_uri)] {
        if let Some(location) = location {
            access.push(AccessDescription { access_method: method, access_location: uri(location)? });
        }
    }
    if !access.is_empty() {
        all.push(AuthorityInfoAccessSyntax(access).to_extension(&Name::default(), &[])?);
    }
    if let Some(policy) = extras.policy {
        all.push(CertificatePolicies(vec![policy_information(policy)?]).to_extension(&Name::default(), &[])?);
    }
    if let Some(bits) = extras.netscape_type {
        // as a named bit list: without the zero bits at its end
        let unused = u8::try_from(bits.trailing_zeros()).unwrap_or_default();
        let bits = if bits == 0 { BitString::new(0, [])? } else { BitString::new(unused, [bits])? };
        all.push(plain(NETSCAPE_CERT_TYPE, bits.to_der()?)?);
    }
    Ok(all)
}

fn plain(extn_id: ObjectIdentifier, value: Vec<u8>) -> Result<Extension, IssueError> {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value)? })
}

fn uri(uri: &str) -> Result<GeneralName, IssueError> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?))
}

fn policy_information(policy: Policy<'_>) -> Result<PolicyInformation, IssueError> {
    let cps = |uri: &str| -> Result<_, IssueError> {
        let qualifier = Some(Any::encode_from(&Ia5String::new(uri)?)?);
        Ok(vec![PolicyQualifierInfo { policy_qualifier_id: CPS, qualifier }])
    };
    Ok(PolicyInformation {
        policy_identifier: oid(policy.oid)?,
        policy_qualifiers: policy.cps_uri.map(cps).transpose()?,
    })
}
