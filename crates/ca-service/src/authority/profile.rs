//! What stands in a customer's certificates: the profile of wire-format/certificates.md#profile, with the private
//! numbers of the customer.

use der::Decode;
use der::asn1::Utf8StringRef;
use gm::PublicKey;
use gm::issue::{COMMON_NAME, COUNTRY, Extras, IssueError, ORGANISATION, Policy, Role, Subject};
use order_api::Period;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

/// Policy of the certificates, under the arc for examples in documents (RFC 5612).
const POLICY: &str = "1.3.6.1.4.1.32473.1.1";
/// Every use.
const NETSCAPE_ALL: u8 = 0xFF;
/// Private extensions that are taken over from certificate to certificate.
const PRIVATE: [&str; 3] = ["1.2.156.112562.2.1.", "1.2.156.10260.4.1.", "2.16.840.1.113732.2"];

/// What is to be certified for a customer.
pub struct Profile<'a> {
    /// Subject.
    pub subject: Subject<'a>,
    /// Key of the subject.
    pub key: &'a PublicKey,
    /// [`Role::Signing`] or [`Role::Encryption`].
    pub role: Role,
    /// From when until when.
    pub validity: Period,
    /// Private extensions: OID and text.
    pub texts: &'a [(String, String)],
    /// Address of the service, without a slash at the end.
    pub service: &'a str,
}

impl Profile<'_> {
    /// Directory name of the revocation list: the issuer's name with the list's as common name.
    pub(super) fn crl_name(&self, issuer: &[u8]) -> Result<[(&'static str, String); 3], IssueError> {
        let issuer = certificate::Certificate::parse(issuer).map_err(|error| IssueError::Encode(error.to_string()))?;
        let part = |label| issuer.subject.get(label).unwrap_or_default().to_owned();
        Ok([(COUNTRY, part("C")), (ORGANISATION, part("O")), (COMMON_NAME, crate::crl::NAME.to_owned())])
    }
}

/// The rest of the extensions.
pub(super) fn extras<'a>(crl_name: &'a [(&'a str, &'a str)], issuer_uri: &'a str, cps_uri: &'a str) -> Extras<'a> {
    Extras {
        crl_name: Some(crl_name),
        issuer_uri: Some(issuer_uri),
        ocsp_uri: None,
        policy: Some(Policy { oid: POLICY, cps_uri: Some(cps_uri) }),
        netscape_type: Some(NETSCAPE_ALL),
    }
}

/// Whom a first certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// A person.
    Person,
    /// An organisation.
    Organisation,
}

impl HolderKind {
    /// As written in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
        }
    }

    /// From the books.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Person, Self::Organisation].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The customer as a first certificate names it.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Person or organisation.
    pub kind: HolderKind,
    /// Name.
    pub name: &'a str,
    /// Identity number or organisation code.
    pub code: &'a str,
    /// Number of the customer.
    pub number: &'a str,
}

impl Holder<'_> {
    /// Parts of the subject: country, the organisation, the name.
    #[must_use]
    pub fn subject(&self) -> Vec<(&'static str, &str)> {
        let mut parts = vec![(COUNTRY, "CN")];
        if self.kind == HolderKind::Organisation {
            parts.push((ORGANISATION, self.name));
        }
        parts.push((COMMON_NAME, self.name));
        parts
    }

    /// Private extensions (wire-format/certificates.md#private-extensions).
    #[must_use]
    pub fn texts(&self) -> Vec<(String, String)> {
        let code = self.code;
        let mut texts = match self.kind {
            HolderKind::Person => vec![
                ("1.2.156.112562.2.1.1.1", format!("SF{code}")),
                ("1.2.156.112562.2.1.1.4", format!("1@5009SF0{code}")),
                ("1.2.156.112562.2.1.1.8", code.to_owned()),
                ("1.2.156.112562.2.1.1.23", format!("1@215009SF0{code}")),
                ("1.2.156.112562.2.1.2.2", format!("SF{code}")),
                ("1.2.156.10260.4.1.1", code.to_owned()),
                ("2.16.840.1.113732.2", format!("SF{code}")),
            ],
            HolderKind::Organisation => vec![
                ("1.2.156.112562.2.1.1.1", format!("JJ{code}")),
                ("1.2.156.112562.2.1.1.4", format!("3@5009JJ0{code}")),
                ("1.2.156.112562.2.1.1.8", code.to_owned()),
                ("1.2.156.112562.2.1.1.24", format!("1@5009JJ0{code}")),
                ("1.2.156.112562.2.1.2.2", format!("JJ{code}")),
                ("1.2.156.10260.4.1.4", code.to_owned()),
                ("2.16.840.1.113732.2", format!("JJ{code}")),
            ],
        };
        texts.push(("1.2.156.112562.2.1.1.14", self.number.to_owned()));
        texts.push(("1.2.156.112562.2.1.1.30", "100000".to_owned()));
        texts.into_iter().map(|(oid, text)| (oid.to_owned(), text)).collect()
    }
}

/// The private extensions of a certificate whose content is a UTF8String, in their order, to be taken over into the next.
///
/// # Errors
/// [`IssueError`] unless it is a certificate.
pub fn private_texts(certificate: &[u8]) -> Result<Vec<(String, String)>, IssueError> {
    let (_, certificate) =
        X509Certificate::from_der(certificate).map_err(|error| IssueError::Encode(error.to_string()))?;
    let mut texts = Vec::new();
    for extension in certificate.extensions() {
        let oid = extension.oid.to_id_string();
        if !PRIVATE.iter().any(|prefix| oid.starts_with(prefix)) {
            continue;
        }
        if let Ok(text) = Utf8StringRef::from_der(extension.value) {
            texts.push((oid, text.as_str().to_owned()));
        }
    }
    Ok(texts)
}
