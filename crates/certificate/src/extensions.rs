//! The extensions of a certificate, each by itself: one that can't be read costs only what it says.

use super::der::object_identifier;
use super::fields::Usage;
use super::name::{Name, clean, extension_text};
use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::extensions::{
    AccessDescription, CRLDistributionPoint, DistributionPointName, GeneralName, ParsedExtension, X509Extension,
};

/// Restricts the issuer below it even where a CA forgot to mark it critical.
const NAME_CONSTRAINTS: &str = "2.5.29.30";

/// A place where revocation lists are to be found (RFC 5280 §4.2.1.13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListPlace {
    /// Addresses of any scheme.
    pub(super) uris: Vec<String>,
    /// Names that are no address: with characters no address has, without a scheme, or names in a directory.
    pub(super) unusable: Vec<String>,
    /// Names in a directory, DER, to be compared with the one in a list.
    pub(super) directories: Vec<Vec<u8>>,
    /// Whether its lists know of some reasons only.
    pub(super) some_reasons: bool,
}

impl ListPlace {
    fn read(point: &CRLDistributionPoint<'_>) -> Self {
        let mut place = Self { some_reasons: point.reasons.is_some(), ..Self::default() };
        match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => names.iter().for_each(|name| place.add(name)),
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) | None => {}
        }
        place
    }

    /// Adds a name of the place.
    pub(super) fn add(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::URI(text) => match address(text) {
                Some(uri) => self.uris.push(uri),
                None => self.unusable.push(clean(text)),
            },
            GeneralName::DirectoryName(directory) => {
                self.directories.push(directory.as_raw().to_vec());
                self.unusable.push(Name::from_x509(directory).to_string());
            }
            _ => {}
        }
    }
}

/// A URI without blanks around it: a scheme, then nothing but visible ASCII (RFC 3986), but for the blanks that names in a
/// directory have.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once(':')?;
    let directory = scheme.eq_ignore_ascii_case("ldap") || scheme.eq_ignore_ascii_case("ldaps");
    let allowed = |byte: u8| byte.is_ascii_graphic() || (directory && byte == b' ');
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (named && rest.bytes().all(allowed)).then(|| text.to_owned())
}

/// The extensions of one certificate. One that is there twice counts as absent: neither copy can be trusted.
pub(super) struct Extensions<'a> {
    all: Vec<X509Extension<'a>>,
    /// Object identifier of one that is not even the structure of an extension.
    broken: Option<String>,
}

impl<'a> Extensions<'a> {
    /// Extensions whose meaning is honoured here or that restrict nothing the check relies on.
    const HANDLED: [&'static str; 9] = [
        "2.5.29.14",         // subject key identifier
        "2.5.29.15",         // key usage
        "2.5.29.17",         // subject alternative name
        "2.5.29.19",         // basic constraints
        "2.5.29.31",         // CRL distribution points
        "2.5.29.32",         // policies: any is accepted
        "2.5.29.35",         // authority key identifier
        "2.5.29.37",         // extended key usage
        "1.3.6.1.5.5.7.1.1", // authority information access
    ];

    /// Reads the content of the SEQUENCE of extensions.
    pub(super) fn read(mut bytes: &'a [u8]) -> Self {
        let mut extensions = Self { all: Vec::new(), broken: None };
        while !bytes.is_empty() {
            if let Ok((rest, extension)) = X509Extension::from_der(bytes) {
                extensions.all.push(extension);
                bytes = rest;
                continue;
            }
            let element = Any::from_der(bytes).ok();
            let oid = element.as_ref().and_then(|(_, any)| object_identifier(&Any::from_der(any.data).ok()?.1));
            extensions.broken = Some(oid.unwrap_or_else(|| "?".to_owned()));
            bytes = element.map_or(&[], |(rest, _)| rest);
        }
        extensions
    }

    pub(super) fn unique(&self, oid: &str) -> Option<&X509Extension<'a>> {
        let mut found = self.all.iter().filter(|extension| extension.oid.to_id_string() == oid);
        found.next().filter(|_| found.next().is_none())
    }

    pub(super) fn text(&self, oid: &str) -> Option<String> {
        extension_text(self.unique(oid)?.value)
    }

    fn parsed(&self, oid: &str) -> Option<&ParsedExtension<'a>> {
        self.unique(oid).map(X509Extension::parsed_extension)
    }

    pub(super) fn unhandled(&self) -> Option<String> {
        if self.broken.is_some() {
            return self.broken.clone();
        }
        let oids: Vec<String> = self.all.iter().map(|extension| extension.oid.to_id_string()).collect();
        let bad = self.all.iter().zip(&oids).find(|(extension, oid)| {
            let known = Self::HANDLED.contains(&oid.as_str());
            let limits = extension.critical || oid.as_str() == NAME_CONSTRAINTS;
            let twice = oids.iter().filter(|other| other == oid).count() > 1;
            let unreadable = matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
            (known || limits) && (!known || twice || unreadable)
        });
        bad.map(|(_, oid)| oid.clone())
    }

    pub(super) fn usage(&self) -> Option<Vec<Usage>> {
        let Some(ParsedExtension::KeyUsage(bits)) = self.parsed("2.5.29.15") else { return None };
        let set = |(bit, _): &(usize, Usage)| bits.flags >> bit & 1 == 1;
        Some(Usage::ALL.into_iter().enumerate().filter(set).map(|(_, usage)| usage).collect())
    }

    pub(super) fn ca(&self) -> Option<Option<u32>> {
        match self.parsed("2.5.29.19") {
            Some(ParsedExtension::BasicConstraints(constraints)) if constraints.ca => {
                Some(constraints.path_len_constraint)
            }
            _ => None,
        }
    }

    pub(super) fn subject_key_id(&self) -> Option<Vec<u8>> {
        match self.parsed("2.5.29.14") {
            Some(ParsedExtension::SubjectKeyIdentifier(id)) => Some(id.0.to_vec()),
            _ => None,
        }
    }

    pub(super) fn authority_key_id(&self) -> Option<Vec<u8>> {
        match self.parsed("2.5.29.35") {
            Some(ParsedExtension::AuthorityKeyIdentifier(id)) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        }
    }

    pub(super) fn list_places(&self) -> Vec<ListPlace> {
        match self.parsed("2.5.29.31") {
            Some(ParsedExtension::CRLDistributionPoints(points)) => points.iter().map(ListPlace::read).collect(),
            _ => Vec::new(),
        }
    }

    /// Addresses of the issuer's certificate and of the status service.
    pub(super) fn access_uris(&self) -> (Vec<String>, Vec<String>) {
        let Some(ParsedExtension::AuthorityInfoAccess(access)) = self.parsed("1.3.6.1.5.5.7.1.1") else {
            return Default::default();
        };
        let uris = |method: &str| {
            let entries = access.iter().filter(|entry| entry.access_method.to_id_string() == method);
            let uri = |entry: &AccessDescription<'_>| match &entry.access_location {
                GeneralName::URI(text) => address(text),
                _ => None,
            };
            entries.filter_map(uri).collect()
        };
        (uris("1.3.6.1.5.5.7.48.2"), uris("1.3.6.1.5.5.7.48.1"))
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_has_a_scheme_and_no_blank_but_in_a_directory() {
        for (text, wanted) in [
            (" http://a.example/a.crl ", Some("http://a.example/a.crl")),
            ("OCSP://ocsp.example.cn", Some("OCSP://ocsp.example.cn")),
            ("ldap://x.example/CN=a, O=b", Some("ldap://x.example/CN=a, O=b")),
            ("http://a.example/a b.crl", None),
            ("http://a.example/吊销.crl", None),
            ("http://a.example/a\n.crl", None),
            ("crlUrl", None),
            ("://x", None),
            ("", None),
        ] {
            assert_eq!(address(text).as_deref(), wanted, "{text}");
        }
    }
}
