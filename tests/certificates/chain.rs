//! 检查证书 without the network: chain, dates, usage, key.

use certificate::{
    Certificate, ChainFault, Check, Finding, KeyMatch, Role, TrustStore, ValidityState, Verdict, chain, now,
};
use testkit::pki::{CA, CA_SUBJECT, LEAF, Order, Pki};

const DAY: i64 = 86_400;
/// OpenSSL adds key identifiers unless told not to.
const NO_IDS: &str = "keyUsage = digitalSignature\nsubjectKeyIdentifier = none\nauthorityKeyIdentifier = none";

fn fault(pki: &Pki, store: &[&str]) -> Option<ChainFault> {
    chain(&pki.certificate("leaf"), &pki.store(store), now()).fault
}

fn local(certificate: &Certificate, store: &TrustStore, role: Role, now: i64) -> Vec<Finding> {
    Check { certificate, role, token_key: None, store, now }.local()
}

fn dates(certificate: &Certificate, store: &TrustStore, now: i64) -> Finding {
    local(certificate, store, Role::Sign, now).remove(1)
}

#[test]
fn a_good_certificate_gives_four_good_findings() {
    let pki = Pki::with_chain();
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    let check = Check { certificate: &leaf, role: Role::Sign, token_key: leaf.sm2_key(), store: &store, now: now() };
    let findings = check.local();
    let path = ["测试单位", "Beijing SM2 CA", "ROOTCA"].map(str::to_owned).to_vec();
    assert_eq!(findings[0], Finding::Chain { path, fault: None });
    assert_eq!(
        findings[1],
        Finding::Dates { issuer: None, state: leaf.validity.map(|validity| validity.state(now())) }
    );
    assert_eq!(findings[2], Finding::Usage { role: Role::Sign, allowed: Some(true) });
    assert_eq!(findings[3], Finding::Key(KeyMatch::Same));
    assert!(findings.iter().all(|finding| finding.verdict() == Verdict::Ok), "{findings:?}");
    for (upper, lower) in [("ca", "leaf.pem"), ("root", "ca.pem")] {
        let upper = format!("{upper}.pem");
        pki.openssl(&["verify", "-vfyopt", "distid:1234567812345678", "-partial_chain", "-CAfile", &upper, lower]);
    }
}

#[test]
fn nothing_is_called_good_without_a_trusted_root() {
    let pki = Pki::with_chain();
    let unknown = |issuer: &str| Some(ChainFault::IssuerUnknown { issuer: issuer.to_owned() });
    assert_eq!(fault(&pki, &[]), unknown("Beijing SM2 CA"));
    assert_eq!(fault(&pki, &["ca"]), unknown("ROOTCA"));
    assert_eq!(fault(&pki, &["root"]), unknown("Beijing SM2 CA"));
    assert_eq!(fault(&pki, &["leaf"]), unknown("Beijing SM2 CA"), "a leaf in the folder is no root");
    let finding = local(&pki.certificate("leaf"), &TrustStore::default(), Role::Sign, now()).remove(0);
    assert_eq!(finding.verdict(), Verdict::Unchecked);
}

#[test]
fn the_verified_part_of_a_chain_is_given() {
    let pki = Pki::with_chain();
    let issuers = chain(&pki.certificate("leaf"), &pki.store(&["ca"]), now()).issuers;
    assert_eq!(issuers.iter().map(Certificate::der).collect::<Vec<_>>(), [pki.der("ca")]);
    let issuers = chain(&pki.certificate("leaf"), &pki.store(&["ca", "root"]), now()).issuers;
    assert_eq!(issuers.iter().map(Certificate::der).collect::<Vec<_>>(), [pki.der("ca"), pki.der("root")]);
}

#[test]
fn a_changed_certificate_is_found_out() {
    let pki = Pki::with_chain();
    let mut der = pki.der("leaf");
    let at = der.windows(12).rposition(|w| w == "测试单位".as_bytes()).unwrap();
    der[at..at + 12].copy_from_slice("试测单位".as_bytes());
    let changed = Certificate::parse(&der).unwrap();
    let expected = ChainFault::SignatureWrong { certificate: "试测单位".to_owned() };
    let found = chain(&changed, &pki.store(&["root", "ca"]), now()).fault.unwrap();
    assert_eq!(found, expected);
    assert!(found.is_problem());
}

#[test]
fn a_ca_of_the_same_name_with_another_key_is_not_the_issuer() {
    let pki = Pki::with_chain();
    let order = Order { issuer: "root", subject: CA_SUBJECT, extensions: CA, ..Order::default() };
    pki.issue(&Order { name: "twin", ..order });
    let unknown = ChainFault::IssuerUnknown { issuer: "Beijing SM2 CA".to_owned() };
    assert_eq!(fault(&pki, &["root", "twin"]), Some(unknown), "the key identifiers differ");

    pki.issue(&Order { extensions: NO_IDS, ..Order::default() });
    let wrong = ChainFault::SignatureWrong { certificate: "测试单位".to_owned() };
    assert_eq!(fault(&pki, &["root", "twin"]), Some(wrong), "without identifiers only the signature tells");
    assert_eq!(fault(&pki, &["root", "twin", "ca"]), None, "the right one is found among both");
}

#[test]
fn an_issuer_that_is_no_ca_does_not_count() {
    let not_a_ca = Some(ChainFault::NotACa { certificate: "Beijing SM2 CA".to_owned() });
    for extensions in [
        "keyUsage = keyCertSign\nsubjectKeyIdentifier = hash",
        "basicConstraints = CA:FALSE\nsubjectKeyIdentifier = hash",
        "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, digitalSignature\nsubjectKeyIdentifier = hash",
    ] {
        let pki = Pki::with_chain();
        pki.issue(&Order { name: "ca", issuer: "root", subject: CA_SUBJECT, extensions, ..Order::default() });
        pki.issue(&Order::default());
        assert_eq!(fault(&pki, &["root", "ca"]), not_a_ca, "{extensions}");
    }
}

#[test]
fn the_limit_of_the_path_length_holds() {
    let pki = Pki::with_chain();
    pki.issue(&Order { name: "sub", subject: "/CN=sub", extensions: CA, ..Order::default() });
    pki.issue(&Order { issuer: "sub", ..Order::default() });
    let too_long = ChainFault::PathTooLong { certificate: "Beijing SM2 CA".to_owned() };
    assert_eq!(fault(&pki, &["root", "ca", "sub"]), Some(too_long));
}

#[test]
fn six_certificates_are_followed_and_seven_are_not() {
    let pki = Pki::with_chain();
    let free = "basicConstraints = critical, CA:TRUE\nsubjectKeyIdentifier = hash";
    let names = ["a", "b", "c", "d", "e"];
    let mut known = vec!["root"];
    for name in names {
        let subject = format!("/CN={name}");
        pki.issue(&Order {
            name,
            issuer: known[known.len() - 1],
            subject: &subject,
            extensions: free,
            ..Order::default()
        });
        known.push(name);
        pki.issue(&Order { issuer: name, ..Order::default() });
        let expected = if known.len() < 6 { None } else { Some(ChainFault::TooDeep) };
        assert_eq!(fault(&pki, &known), expected, "{known:?}");
    }
}

#[test]
fn issuers_in_a_circle_end_without_a_root() {
    let pki = Pki::with_chain();
    let free = "basicConstraints = critical, CA:TRUE";
    pki.self_signed("a", "/CN=a", free);
    pki.self_signed("b", "/CN=b", free);
    // the same names and keys, each signed by the other
    pki.issue(&Order { name: "b", issuer: "a", subject: "/CN=b", extensions: free, ..Order::default() });
    pki.issue(&Order { name: "a", issuer: "b", subject: "/CN=a", extensions: free, ..Order::default() });
    pki.issue(&Order { issuer: "a", extensions: NO_IDS, ..Order::default() });
    let found = chain(&pki.certificate("leaf"), &pki.store(&["a", "b"]), now());
    assert!(matches!(found.fault, Some(ChainFault::IssuerUnknown { .. })), "{:?}", found.fault);
    assert_eq!(found.issuers.len(), 2, "each is used once");
}

#[test]
fn a_certificate_made_by_its_holder_is_a_problem() {
    let pki = Pki::with_chain();
    pki.self_signed("leaf", "/CN=me", NO_IDS);
    assert_eq!(fault(&pki, &["root", "ca"]), Some(ChainFault::SelfSigned));
    assert!(ChainFault::SelfSigned.is_problem());
}

#[test]
fn an_algorithm_that_cannot_be_verified_is_said_so() {
    let pki = Pki::new();
    pki.openssl(&[
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "rsa.pem", "-subj", "/CN=r",
    ]);
    pki.openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "l", "-out", "l.csr", "-subj", "/CN=leaf"]);
    pki.openssl(&["x509", "-req", "-in", "l.csr", "-CA", "rsa.pem", "-CAkey", "k", "-out", "leaf.pem"]);
    for name in ["rsa", "leaf"] {
        let (pem, der) = (format!("{name}.pem"), format!("{name}.der"));
        pki.openssl(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
    }
    let (certificate, algorithm) = ("leaf".to_owned(), "RSA / SHA-256".to_owned());
    let found = fault(&pki, &["rsa"]).unwrap();
    assert_eq!(found, ChainFault::UnknownAlgorithm { certificate, algorithm });
    assert!(!found.is_problem());
}

#[test]
fn a_critical_rule_that_is_not_understood_stops_the_verdict() {
    let pki = Pki::with_chain();
    for (extension, oid) in
        [("1.2.3.4 = critical, ASN1:NULL", "1.2.3.4"), ("nameConstraints = permitted;email:x.cn", "2.5.29.30")]
    {
        pki.issue(&Order { extensions: &format!("{LEAF}\n{extension}"), ..Order::default() });
        let (certificate, oid) = ("测试单位".to_owned(), oid.to_owned());
        assert_eq!(fault(&pki, &["root", "ca"]), Some(ChainFault::UnknownRule { certificate, oid }));
    }
    pki.issue(&Order { extensions: &format!("{LEAF}\n1.2.3.4 = ASN1:NULL"), ..Order::default() });
    assert_eq!(fault(&pki, &["root", "ca"]), None);
}

#[test]
fn null_parameters_of_the_signature_algorithm_are_accepted() {
    let pki = Pki::with_chain();
    let leaf = pki.certificate("leaf");
    let (plain, with_null) =
        (b"\x06\x08\x2A\x81\x1C\xCF\x55\x01\x83\x75", b"\x06\x08\x2A\x81\x1C\xCF\x55\x01\x83\x75\x05\x00");
    let whole = pki.der("leaf");
    let (_, body) = split(&whole);
    let (tbs, _) = split(body);
    let (_, tbs_body) = split(tbs);
    let at = tbs_body.windows(plain.len()).position(|w| w == plain).unwrap();
    let rest = &tbs_body[at + plain.len()..];
    let tbs = sequence(&[&tbs_body[..at - 2], &sequence(&[with_null]), rest]);
    pki.write("tbs", &tbs);
    pki.openssl(&["dgst", "-sm3", "-sign", "ca.key", "-sigopt", "distid:1234567812345678", "-out", "sig", "tbs"]);
    let signature = std::fs::read(pki.path("sig")).unwrap();
    let bits = [&[3, u8::try_from(signature.len() + 1).unwrap(), 0], signature.as_slice()].concat();
    let der = sequence(&[&tbs, &sequence(&[with_null]), &bits]);
    pki.write("null.der", &der);
    let shown = pki.openssl(&["asn1parse", "-inform", "DER", "-in", "null.der"]);
    assert_eq!(shown.matches("NULL").count(), 2, "{shown}");

    let with_null = Certificate::parse(&der).unwrap();
    assert_eq!(with_null.algorithm, leaf.algorithm);
    assert_eq!(chain(&with_null, &pki.store(&["root", "ca"]), now()).fault, None);
}

/// First element of DER (tag and all) and its content; lengths up to two bytes.
fn split(der: &[u8]) -> (&[u8], &[u8]) {
    let (header, length) = match der[1] {
        short @ 0..=0x7F => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        _ => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
    };
    (&der[..header + length], &der[header..header + length])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    match body.len() {
        0..=0x7F => [&[0x30, length[1]], body.as_slice()].concat(),
        0x80..=0xFF => [&[0x30, 0x81, length[1]], body.as_slice()].concat(),
        _ => [&[0x30, 0x82, length[0], length[1]], body.as_slice()].concat(),
    }
}

#[test]
fn dates_are_judged_for_the_certificate_and_for_its_issuers() {
    let pki = Pki::with_chain();
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    let later = dates(&leaf, &store, now() + 366 * DAY);
    assert!(matches!(later, Finding::Dates { issuer: None, state: Some(ValidityState::Expired { .. }) }));
    assert_eq!(later.verdict(), Verdict::Problem);
    let earlier = dates(&leaf, &store, now() - 2 * DAY);
    assert!(matches!(earlier, Finding::Dates { issuer: None, state: Some(ValidityState::NotYetValid { .. }) }));
    assert_eq!(earlier.verdict(), Verdict::Problem);
    assert_eq!(dates(&leaf, &store, now() + 300 * DAY).verdict(), Verdict::Notice);

    pki.issue(&Order {
        name: "ca",
        issuer: "root",
        subject: CA_SUBJECT,
        extensions: CA,
        days: "1",
        ..Order::default()
    });
    let short = pki.store(&["root", "ca"]);
    let finding = dates(&leaf, &short, now() + 3 * DAY);
    let Finding::Dates { issuer: Some(issuer), state: Some(ValidityState::Expired { .. }) } = &finding else {
        panic!("{finding:?}")
    };
    assert_eq!(issuer, "Beijing SM2 CA");
    assert_eq!(finding.verdict(), Verdict::Problem);

    let mut both = short;
    both.extend(store);
    assert_eq!(dates(&leaf, &both, now() + 3 * DAY).verdict(), Verdict::Ok, "the renewed CA certificate is preferred");
}

#[test]
fn the_usage_must_fit_the_role() {
    let pki = Pki::with_chain();
    let store = TrustStore::default();
    let usage = |role| local(&pki.certificate("leaf"), &store, role, now()).remove(2);
    assert_eq!(usage(Role::Sign).verdict(), Verdict::Ok);
    assert_eq!(usage(Role::Encrypt).verdict(), Verdict::Problem);
    pki.issue(&Order { extensions: "keyUsage = keyAgreement", ..Order::default() });
    assert_eq!(usage(Role::Encrypt).verdict(), Verdict::Ok);
    assert_eq!(usage(Role::Sign).verdict(), Verdict::Problem);
    pki.issue(&Order { extensions: "", ..Order::default() });
    assert_eq!(usage(Role::Sign).verdict(), Verdict::Notice);
}

#[test]
fn the_key_on_the_token_must_be_the_one_in_the_certificate() {
    let pki = Pki::with_chain();
    let (leaf, ca, store) = (pki.certificate("leaf"), pki.certificate("ca"), TrustStore::default());
    let key = |token_key| {
        Check { certificate: &leaf, role: Role::Sign, token_key, store: &store, now: now() }.local().remove(3)
    };
    assert_eq!(key(leaf.sm2_key()), Finding::Key(KeyMatch::Same));
    assert_eq!(key(ca.sm2_key()), Finding::Key(KeyMatch::Different));
    assert_eq!(key(ca.sm2_key()).verdict(), Verdict::Problem);
    assert_eq!(key(None), Finding::Key(KeyMatch::NotRead));
    assert_eq!(key(None).verdict(), Verdict::Unchecked);
}
