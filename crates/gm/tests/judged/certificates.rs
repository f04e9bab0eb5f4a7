//! Certificates and revocation lists as they are issued and read back.

use crate::tools::{Folder, ID, NULL, SERIAL, alg, children, oid, patched, read, seq, signed, tlv};
use ::certificate::{ChainFault, PublicKeyInfo};
use der::{Decode, Encode};
use gm::issue::{
    Authority, COMMON_NAME, COUNTRY, CertificateRequest, Extras, IssueError, NameParts, ORGANISATION, Policy, Revoked,
    Role, Subject, certificate, certificate_from_pem, certificate_to_pem, certificate_under, revocation_list,
};
use gm::{PrivateKey, PublicKey};
use time::OffsetDateTime;
use time::macros::{datetime, format_description};
use x509_cert::ext::pkix::CrlReason;

const NAME: NameParts<'static> = &[(COUNTRY, "CN"), (ORGANISATION, "示例信任中心"), (COMMON_NAME, "Example SM2 CA")];
const FROM: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
/// After 2049 the date has another type.
const UNTIL: OffsetDateTime = datetime!(2051-12-31 23:59:59 UTC);

pub struct Ca {
    pub key: PrivateKey,
    pub certificate: Vec<u8>,
}

impl Ca {
    pub fn new() -> Self {
        let key = PrivateKey::generate().unwrap();
        let public = key.public();
        let request = CertificateRequest { role: Role::Root, ..request(Subject::Parts(NAME), &public) };
        let certificate = certificate(&request, &Authority { name: NAME, key: &key }).unwrap();
        Self { key, certificate }
    }

    fn issue(&self, request: &CertificateRequest<'_>) -> Vec<u8> {
        certificate_under(request, read(&self.certificate).subject.der(), &self.key).unwrap()
    }
}

fn request<'a>(subject: Subject<'a>, key: &'a PublicKey) -> CertificateRequest<'a> {
    CertificateRequest {
        serial: &SERIAL,
        subject,
        key,
        not_before: FROM,
        not_after: UNTIL,
        role: Role::Signing,
        texts: &[],
        crl_uri: None,
        extras: Extras::default(),
    }
}

pub fn issued(ca: &Ca, key: &PublicKey, role: Role, serial: &[u8]) -> Vec<u8> {
    let subject = Subject::Parts(&[(COUNTRY, "CN"), (COMMON_NAME, "测试单位")]);
    ca.issue(&CertificateRequest { role, serial, ..request(subject, key) })
}

fn link(certificate: &[u8], issuer: &[u8]) -> Result<(), ChainFault> {
    read(certificate).verify_issued_by(&read(issuer))
}

fn write(folder: &Folder, name: &str, certificate: &[u8]) {
    folder.write(name, certificate_to_pem(certificate).unwrap());
}

#[test]
fn a_subject_of_any_string_types_goes_into_the_new_certificate_unchanged() {
    let folder = Folder::new();
    let ca = Ca::new();
    write(&folder, "ca.pem", &ca.certificate);
    let key = folder.foreign_key("leaf").public();
    // UTF8String, or BMPString, beside PrintableString and IA5String; several attributes in one set
    let config = |mask| format!("[req]\ndistinguished_name = dn\nprompt = no\nstring_mask = {mask}\n[dn]\n");
    let common = ["req", "-x509", "-new", "-utf8", "-key", "leaf.key", "-sm3", "-sigopt", ID, "-config", "self.cnf"];
    for (mask, subject) in [
        ("utf8only", "/C=CN/O=某某科技/CN=测试单位/emailAddress=a@b.cn"),
        ("MASK:0x0802", "/C=CN/O=某某科技/CN=测试单位/emailAddress=a@b.cn"),
        ("utf8only", "/C=CN/CN=测试+UID=1+OU=部门"),
    ] {
        folder.write("self.cnf", config(mask));
        folder.openssl(&[&common[..], &["-multivalue-rdn", "-subj", subject, "-out", "old.pem"]].concat());
        let old = folder.to_der("old.pem");
        let new = ca.issue(&request(Subject::Der(read(&old).subject.der()), &key));
        write(&folder, "new.pem", &new);
        assert!(folder.link("ca.pem", "new.pem"));
        assert_eq!(subject_of(&new), subject_of(&old), "{mask} {subject}");
    }
}

/// The name in front of the public key, found from the end: a version may stand in front or not.
fn subject_of(certificate: &[u8]) -> Vec<u8> {
    let parts = children(children(certificate)[0]);
    let algorithm = oid("1.2.840.10045.2.1");
    let key = parts.iter().position(|part| part.windows(algorithm.len()).any(|window| window == algorithm)).unwrap();
    parts[key - 1].to_vec()
}

#[test]
fn a_name_that_would_change_is_not_taken() {
    let ca = Ca::new();
    let key = PrivateKey::generate().unwrap().public();
    let part = |kind: &str| seq(&[&oid(kind), &tlv(0x0C, &[b"x"])]);
    let (low, high) = (part("2.5.4.3"), part("2.5.4.11"));
    let name = |parts: &[&[u8]]| seq(&[&tlv(0x31, parts)]);
    let refused = |name: &[u8]| {
        matches!(
            certificate_under(&request(Subject::Der(name), &key), read(&ca.certificate).subject.der(), &ca.key),
            Err(IssueError::Encode(_))
        )
    };
    assert!(!refused(&name(&[&low, &high])));
    assert!(refused(&name(&[&high, &low])), "a set in the wrong order");
    assert!(refused(b"no name"));
}

#[test]
fn openssl_shows_every_extension_asked_for() {
    let folder = Folder::new();
    let ca = Ca::new();
    write(&folder, "ca.pem", &ca.certificate);
    let key = folder.foreign_key("leaf").public();
    let subject = Subject::Parts(&[(COUNTRY, "CN"), (COMMON_NAME, "测试单位")]);
    let extras = Extras {
        crl_name: Some(&[(COUNTRY, "CN"), (COMMON_NAME, "ca21crl49")]),
        issuer_uri: Some("http://127.0.0.1:8080/ca.cer"),
        ocsp_uri: Some("OCSP://127.0.0.1:8080"),
        policy: Some(Policy { oid: "1.2.156.112562.2.2.1", cps_uri: Some("http://127.0.0.1:8080/cps") }),
        netscape_type: Some(0xFF),
    };
    let crl_uri = Some("http://127.0.0.1:8080/ca21crl49.crl");
    let texts = &[("1.2.156.112562.2.1.1.1", "JJ某某".to_owned())];
    let full = ca.issue(&CertificateRequest { extras, crl_uri, texts, ..request(subject, &key) });
    write(&folder, "full.pem", &full);
    assert!(folder.link("ca.pem", "full.pem"));
    let text = folder.openssl(&["x509", "-in", "full.pem", "-noout", "-text", "-nameopt", "utf8"]);
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "X509v3 CRL Distribution Points: Full Name: DirName:C = CN, CN = ca21crl49 \
         URI:http://127.0.0.1:8080/ca21crl49.crl",
        "Authority Information Access: OCSP - URI:OCSP://127.0.0.1:8080 CA Issuers - URI:http://127.0.0.1:8080/ca.cer",
        "X509v3 Certificate Policies: Policy: 1.2.156.112562.2.2.1 CPS: http://127.0.0.1:8080/cps",
        "Netscape Cert Type: SSL Client, SSL Server, S/MIME, Object Signing, Unused, SSL CA, S/MIME CA, Object Signing CA",
        "1.2.156.112562.2.1.1.1: ..JJ",
        "X509v3 Key Usage: critical Digital Signature, Non Repudiation",
        "1a:10:00:00:00:00:00:00:12:34",
        "Not Before: Jan 2 03:04:05 2026 GMT",
        "Not After : Dec 31 23:59:59 2051 GMT",
    ] {
        assert!(squeezed.contains(part), "{part}\nin\n{text}");
    }
    let plain = ca.issue(&request(subject, &key));
    write(&folder, "plain.pem", &plain);
    let text = folder.openssl(&["x509", "-in", "plain.pem", "-noout", "-text"]);
    for part in ["Distribution", "Information Access", "Policies", "Netscape", "Basic Constraints"] {
        assert!(!text.contains(part), "{part}");
    }
    // some bits of the type, none at all, and a policy without a statement
    let policy = Some(Policy { oid: "1.2.3", cps_uri: None });
    let some = Extras { netscape_type: Some(0xA0), policy, ..Extras::default() };
    write(&folder, "some.pem", &ca.issue(&CertificateRequest { extras: some, ..request(subject, &key) }));
    let text = folder.openssl(&["x509", "-in", "some.pem", "-noout", "-text"]);
    assert!(
        text.contains("SSL Client, S/MIME\n") && text.contains("Policy: 1.2.3\n") && !text.contains("CPS"),
        "{text}"
    );
    let none = Extras { netscape_type: Some(0), ..Extras::default() };
    let der = ca.issue(&CertificateRequest { extras: none, ..request(subject, &key) });
    assert!(der.windows(5).any(|window| window == [4, 3, 3, 1, 0]), "an empty bit list");
}

#[test]
fn what_is_read_from_a_certificate_is_what_openssl_reads() {
    let folder = Folder::new();
    let key = folder.foreign_key("leaf").public();
    folder.self_signed("leaf", "/C=CN/CN=测试单位", "");
    write(&folder, "ours.pem", &Ca::new().issue(&request(Subject::Parts(NAME), &key)));
    // version 1: no version field and no extensions
    folder.write("v1.cnf", "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = v1\n");
    let v1 = ["req", "-x509", "-new", "-key", "leaf.key", "-sm3", "-sigopt", ID, "-config", "v1.cnf"];
    folder.openssl(&[&v1[..], &["-set_serial", "0x1A100000000000001234", "-out", "v1.pem"]].concat());
    let shown = format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT");
    for pem in ["leaf.pem", "ours.pem", "v1.pem"] {
        let der = certificate_from_pem(&folder.read_text(pem)).unwrap();
        assert_eq!(read(&der).sm2_key(), Some(&key));
        assert_eq!(read(&der).serial.magnitude(), SERIAL);
        let serial = folder.openssl(&["x509", "-in", pem, "-noout", "-serial"]);
        assert_eq!(serial.trim(), "serial=1A100000000000001234");
        let show = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap().format(shown).unwrap();
        let validity = read(&der).validity.unwrap();
        let dates = folder.openssl(&["x509", "-in", pem, "-noout", "-dates"]);
        assert_eq!(dates, format!("notBefore={}\nnotAfter={}\n", show(validity.not_before), show(validity.not_after)));
    }
    let ours = certificate_from_pem(&folder.read_text("ours.pem")).unwrap();
    let validity = read(&ours).validity.unwrap();
    assert_eq!((validity.not_before, validity.not_after), (FROM.unix_timestamp(), UNTIL.unix_timestamp()));
    // the sign byte of a high number is not part of it
    let high = Ca::new().issue(&CertificateRequest { serial: &[0x80, 1], ..request(Subject::Parts(NAME), &key) });
    assert_eq!(read(&high).serial.magnitude(), [0x80, 1]);
}

#[test]
fn a_link_holds_only_to_the_authority_that_signed() {
    let folder = Folder::new();
    let (ca, same_name) = (Ca::new(), Ca::new());
    let key = PrivateKey::generate().unwrap();
    let leaf = issued(&ca, &key.public(), Role::Signing, &[7]);
    assert_eq!(link(&leaf, &ca.certificate), Ok(()));
    assert_eq!(link(&ca.certificate, &ca.certificate), Ok(()), "self-signed");
    let wrong = |name: &str| Err(ChainFault::SignatureWrong { certificate: name.to_owned() });
    assert_eq!(link(&leaf, &same_name.certificate), wrong("测试单位"), "another key");
    let changed = patched(&leaf, "测试单位".as_bytes(), "测试单元".as_bytes());
    assert_eq!(link(&changed, &ca.certificate), wrong("测试单元"), "changed");
    // signed with the right key, but by someone who is no authority
    let person = Ca { key, certificate: leaf };
    let under = issued(&person, &ca.key.public(), Role::Signing, &[8]);
    let no_authority = ChainFault::NotACa { certificate: "测试单位".to_owned() };
    assert_eq!(link(&under, &person.certificate), Err(no_authority));
    // the right key under another name
    let name: NameParts<'_> = &[(COMMON_NAME, "someone else")];
    let public = ca.key.public();
    let renamed = certificate(
        &CertificateRequest { role: Role::Root, ..request(Subject::Parts(name), &public) },
        &Authority { name, key: &ca.key },
    )
    .unwrap();
    let unknown = ChainFault::IssuerUnknown { issuer: "Example SM2 CA".to_owned() };
    assert_eq!(link(&person.certificate, &renamed), Err(unknown), "another name");
    // and openssl is of the same mind
    for (name, certificate) in
        [("ca", &ca.certificate), ("same", &same_name.certificate), ("leaf", &person.certificate)]
    {
        write(&folder, &format!("{name}.pem"), certificate);
    }
    assert!(folder.link("ca.pem", "leaf.pem") && !folder.link("same.pem", "leaf.pem"));
}

#[test]
fn authorities_of_openssl_are_judged_by_their_extensions() {
    let folder = Folder::new();
    folder.foreign_key("root");
    let verdict = |extensions: &str| {
        let der = folder.self_signed("root", "/CN=root", extensions);
        link(&der, &der)
    };
    assert_eq!(verdict("basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign"), Ok(()));
    assert_eq!(verdict("basicConstraints = CA:TRUE, pathlen:0"), Ok(()), "no key usage");
    for no in
        ["", "basicConstraints = CA:FALSE", "basicConstraints = CA:TRUE\nkeyUsage = cRLSign", "keyUsage = keyCertSign"]
    {
        assert_eq!(verdict(no), Err(ChainFault::NotACa { certificate: "root".to_owned() }), "{no}");
    }
}

#[test]
fn a_signature_under_another_identity_or_algorithm_does_not_hold() {
    let folder = Folder::new();
    folder.foreign_key("root");
    folder.write(
        "root.cnf",
        "[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = ext\n[dn]\nCN = root\n\
                              [ext]\nbasicConstraints = CA:TRUE\n",
    );
    let own = |options: &[&str]| {
        let common = ["req", "-x509", "-new", "-config", "root.cnf", "-out", "root.pem"];
        folder.openssl(&[&common, options].concat());
        let der = folder.to_der("root.pem");
        link(&der, &der)
    };
    let sm2 = ["-key", "root.key", "-sm3"];
    assert_eq!(own(&[&sm2[..], &["-sigopt", ID]].concat()), Ok(()));
    let certificate = || "root".to_owned();
    assert_eq!(own(&sm2), Err(ChainFault::OtherUserId { certificate: certificate() }), "no identity");
    let wrong = Err(ChainFault::SignatureWrong { certificate: certificate() });
    assert_eq!(own(&[&sm2[..], &["-sigopt", "distid:someone"]].concat()), wrong);
    let rsa = ["-newkey", "rsa:2048", "-nodes", "-keyout", "rsa.key", "-sha256"];
    let algorithm = "RSA / SHA-256".to_owned();
    assert_eq!(own(&rsa), Err(ChainFault::UnknownAlgorithm { certificate: certificate(), algorithm }));
    let rsa = read(&folder.to_der("root.pem"));
    assert_eq!(rsa.key, PublicKeyInfo::Rsa(2048));
    assert!(rsa.owner.is_some() && rsa.validity.is_some(), "the rest is read all the same");
}

/// The body of a certificate with one part replaced, signed anew.
fn rewritten(
    certificate: &[u8],
    key: &PrivateKey,
    algorithm: &[u8],
    change: impl Fn(usize, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let parts: Vec<_> =
        children(children(certificate)[0]).into_iter().enumerate().map(|(at, part)| change(at, part)).collect();
    signed(&seq(&[&parts.concat()]), algorithm, key)
}

#[test]
fn null_parameters_in_the_signature_algorithm_are_accepted() {
    let ca = Ca::new();
    let leaf = issued(&ca, &PrivateKey::generate().unwrap().public(), Role::Signing, &[7]);
    let null = alg("1.2.156.10197.1.501", NULL);
    let with_null = rewritten(&leaf, &ca.key, &null, |at, part| if at == 2 { null.clone() } else { part.to_vec() });
    assert_eq!(link(&with_null, &ca.certificate), Ok(()));
    assert_eq!(read(&with_null).key, read(&leaf).key);
}

#[test]
fn a_signature_is_checked_over_the_bytes_that_came_and_not_over_an_encoding_anew() {
    let folder = Folder::new();
    let ca = Ca::new();
    let leaf = issued(&ca, &PrivateKey::generate().unwrap().public(), Role::Signing, &[7]);
    // "critical FALSE" written out: DER leaves a default away, and so does who encodes anew
    let odd = rewritten(&leaf, &ca.key, &alg("1.2.156.10197.1.501", &[]), |at, part| {
        if at != 7 {
            return part.to_vec();
        }
        let extensions: Vec<u8> = children(children(part)[0])
            .into_iter()
            .flat_map(|extension| match children(extension).as_slice() {
                [oid, value] => seq(&[oid, b"\x01\x01\x00", value]),
                _ => extension.to_vec(),
            })
            .collect();
        tlv(0xA3, &[&seq(&[&extensions])])
    });
    write(&folder, "ca.pem", &ca.certificate);
    write(&folder, "odd.pem", &odd);
    assert!(folder.link("ca.pem", "odd.pem"));
    assert_eq!(link(&odd, &ca.certificate), Ok(()));
    let anew = x509_cert::Certificate::from_der(&odd).map(|certificate| certificate.to_der().unwrap());
    assert!(anew.is_err() || anew.is_ok_and(|anew| anew != odd), "else this test shows nothing");
}

#[test]
fn the_signature_of_a_revocation_list_is_right() {
    let folder = Folder::new();
    let ca = Ca::new();
    write(&folder, "ca.pem", &ca.certificate);
    folder.openssl(&["x509", "-in", "ca.pem", "-noout", "-pubkey", "-out", "ca.pub"]);
    let reasons = [CrlReason::Superseded, CrlReason::KeyCompromise, CrlReason::CertificateHold];
    let serials: Vec<[u8; 2]> = (0..3).map(|number| [0x1A, number]).collect();
    let all: Vec<_> =
        serials.iter().zip(reasons).map(|(serial, reason)| Revoked { serial, at: FROM, reason }).collect();
    for revoked in [&all[..], &[]] {
        let der = revocation_list(&ca.certificate, &ca.key, 3, FROM, UNTIL, revoked).unwrap();
        folder.write("list", &der);
        assert_eq!(folder.judge(&["signed", "list", "ca.pub"])["algorithm"][1], "");
        let text = folder.openssl(&["crl", "-inform", "DER", "-in", "list", "-noout", "-text"]);
        assert_eq!(text.matches("Serial Number: 1A").count(), revoked.len(), "{text}");
    }
}
