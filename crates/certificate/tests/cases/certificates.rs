//! What is read of a certificate, and whether a root stands behind it.

use super::{NOW, PERSON, certificate, chain_of, input, inputs, path};
use certificate::{Certificate, ChainFault, Check, Finding, PublicKeyInfo, Role, TrustStore, Verdict};
use std::process::Command;

/// What `openssl` prints of a certificate.
fn openssl(name: &str, wanted: &str) -> String {
    let output =
        Command::new("openssl").args(["x509", "-inform", "DER", "-noout", wanted, "-in"]).arg(path(name)).output();
    // it breaks long numbers
    String::from_utf8(output.unwrap().stdout).unwrap().trim().replace("\\\n", "")
}

#[test]
fn every_form_of_an_sm2_key_is_read_as_one() {
    let plain = certificate("ee.cer");
    let key = plain.sm2_key().unwrap();
    for form in ["compressed", "explicit", "sm2", "sm2-noparam", "sm2-null"] {
        let name = format!("ee-spki-{form}.cer");
        assert!(matches!(&certificate(&name).key, PublicKeyInfo::Sm2(read) if read == key), "{name}");
        assert_eq!(chain_of(&name, "roots-named").fault, None, "{name}");
    }
    for folder in ["roots-sm2", "roots-sm2-noparam", "roots-sm2-null", "roots-explicit"] {
        assert_eq!(chain_of("ee.cer", folder).fault, None, "{folder}");
    }
}

#[test]
fn an_explicit_curve_that_is_not_that_of_sm2_is_another_one() {
    // each number of the curve in turn: p, a, b, G, n
    let der = input("ee-spki-explicit.cer");
    for number in [
        &b"\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"[..],
        b"\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFC",
        b"\x28\xE9\xFA\x9E\x9D\x9F",
        b"\x32\xC4\xAE\x2C\x1F\x19",
        b"\x72\x03\xDF\x6B\x21\xC6",
    ] {
        let at = der.windows(number.len()).position(|window| window == number).unwrap() + number.len() - 1;
        let mut changed = der.clone();
        changed[at] ^= 1;
        let read = Certificate::parse(&changed).unwrap();
        assert_eq!(read.key, PublicKeyInfo::Other("1.2.840.10045.2.1".to_owned()), "byte {at}");
    }
}

#[test]
fn a_signature_by_a_key_that_cannot_be_read_is_not_called_wrong() {
    let mut store = TrustStore::default();
    for name in ["roots-explicit/root.cer", "roots-explicit/op.cer"] {
        let mut der = input(name);
        let b = der.windows(6).position(|window| window == b"\x28\xE9\xFA\x9E\x9D\x9F").unwrap();
        der[b] ^= 1;
        store.add(Certificate::parse(&der).unwrap());
    }
    let ee = certificate("ee.cer");
    let check = Check { certificate: &ee, role: Role::Sign, token_key: None, store: &store, now: NOW };
    let found = &check.local()[0];
    assert!(
        matches!(found, Finding::Chain { fault: Some(ChainFault::KeyUnreadable { certificate }), .. } if certificate == "Made Op CA"),
        "{found:?}"
    );
    assert_eq!(found.verdict(), Verdict::Unchecked);
}

#[test]
fn a_date_that_cannot_be_read_costs_nothing_but_the_date() {
    let noon = certificate("ee.cer").validity.unwrap();
    for (name, known) in [
        ("date-gen-noz.cer", false),
        ("date-utc-noz.cer", false),
        ("date-utc-sec60.cer", false),
        ("date-utc-offset.cer", true),
        ("date-gen-frac.cer", true),
        ("date-utc-nosec.cer", true),
    ] {
        let read = certificate(name);
        assert_eq!(read.validity.is_some(), known, "{name}");
        assert_eq!(read.owner.as_deref(), Some(PERSON), "{name}");
        assert_eq!(read.serial_hex(), "1A1000112233445566", "{name}");
        assert_eq!(read.issuer.short().as_deref(), Some("Made Op CA"), "{name}");
        assert!(read.sm2_key().is_some() && chain_of(name, "roots-named").fault.is_none(), "{name}");
        let store = super::store("roots-named");
        let check = Check { certificate: &read, role: Role::Sign, token_key: None, store: &store, now: NOW };
        let dates = check.local().into_iter().find(|finding| matches!(finding, Finding::Dates { .. })).unwrap();
        assert_eq!(dates.verdict() == Verdict::Unchecked, !known, "{name}: {dates:?}");
    }
    // one hour off would show another day
    assert_eq!(certificate("date-utc-offset.cer").validity.unwrap().not_before, noon.not_before);
}

#[test]
fn what_stands_behind_a_certificate_is_left() {
    for name in ["t-00.bin", "t-ff.bin", "t-20.bin", "t-aa.bin", "t-00ff.bin", "t-two.bin"] {
        let read = certificate(name);
        assert_eq!(read.owner.as_deref(), Some(PERSON), "{name}");
        assert!(input(name).starts_with(read.der()) && read.der().len() < input(name).len(), "{name}");
    }
    for name in ["t-b64.bin", "t-hex.bin", "t-pem.bin", "t-len16.bin", "t-len32le.bin"] {
        assert!(Certificate::parse(&input(name)).is_err(), "{name}");
    }
}

#[test]
fn a_name_without_a_common_name_is_called_by_what_it_has() {
    assert_eq!(certificate("k-nocn-issuer.cer").issuer.short().as_deref(), Some("造样SM2运营CA1"));
    let ChainFault::IssuerUnknown { issuer } = chain_of("k-nocn-issuer.cer", "roots-named").fault.unwrap() else {
        panic!("the issuer is not in the folder")
    };
    assert_eq!(issuer, "造样SM2运营CA1");
    assert_eq!(certificate("name-onlyO.cer").owner.as_deref(), Some(PERSON));
    for name in ["name-empty.cer", "name-none.cer", "name-nul.cer"] {
        assert_eq!(certificate(name).owner, None, "{name}");
    }
}

#[test]
fn a_value_of_a_name_cannot_pass_for_another_attribute() {
    assert_eq!(certificate("name-comma.cer").subject.to_string(), r"C=CN, CN=张某\, O=中国样板银行");
    assert_eq!(certificate("name-multi.cer").subject.to_string(), "C=CN, CN=李某+OU=财务部, OU=一, OU=二");
    assert_eq!(certificate("name-octet.cer").subject.to_string(), "C=CN, CN=#616263", "no text: not escaped");
    let mut der = input("name-octet.cer");
    let at = der.windows(5).position(|window| window == b"\x04\x03abc").unwrap();
    der[at..at + 5].copy_from_slice(b"\x0C\x03#bc");
    assert_eq!(Certificate::parse(&der).unwrap().subject.to_string(), r"C=CN, CN=\#bc", "text that looks like no text");
}

#[test]
fn names_of_every_string_type_go_on_being_read() {
    for (name, owner) in [
        ("name-bmp.cer", "北京演示科技"),
        ("name-gbk-printable.cer", "北京演示科技"),
        ("name-gbk-utf8tag.cer", "北京演示科技"),
        ("name-t61-gbk.cer", "北京演示科技"),
        ("name-univ.cer", "北京"),
        ("name-newline.cer", "a\u{FFFD}b"),
        ("name-twocn.cer", "第一名"),
    ] {
        assert_eq!(certificate(name).owner.as_deref(), Some(owner), "{name}");
    }
    assert_eq!(certificate("name-long.cer").owner.unwrap().chars().count(), 3000);
}

#[test]
fn serial_numbers_have_a_sign_and_one_value() {
    for (name, serial) in [
        ("serial-neg1.cer", "-01"),
        ("serial-p255.cer", "FF"),
        ("serial-nonmin.cer", "1A10"),
        ("serial-nonmin-ff.cer", "-F0"),
        ("serial-zero.cer", "00"),
        ("serial-empty.cer", ""),
        ("serial-long21.cer", "7F1111111111111111111111111111111111111111"),
    ] {
        assert_eq!(certificate(name).serial_hex(), serial, "{name}");
        assert_eq!(chain_of(name, "roots-named").fault, None, "{name}");
    }
    for name in ["serial-neg1.cer", "serial-p255.cer", "serial-zero.cer", "serial-long21.cer", "serial-long40.cer"] {
        assert_eq!(openssl(name, "-serial"), format!("serial={}", certificate(name).serial_hex()), "{name}");
    }
    assert_ne!(certificate("serial-neg1.cer").serial, certificate("serial-p255.cer").serial);
}

#[test]
fn names_are_compared_by_value() {
    for name in ["issuer-case.cer", "issuer-othertypes.cer"] {
        assert_eq!(chain_of(name, "roots-named").fault, None, "{name}");
        let (op, ee) = (certificate("roots-named/op.cer"), certificate(name));
        assert_eq!(ee.verify_issued_by(&op), Ok(()), "{name}");
    }
    let root = certificate("roots-named/root.cer");
    let fault = certificate("ee.cer").verify_issued_by(&root);
    assert_eq!(fault, Err(ChainFault::IssuerUnknown { issuer: "Made Op CA".to_owned() }));
}

#[test]
fn the_rules_of_an_issuer_are_judged_alike_by_chain_and_by_link() {
    let unknown =
        |oid: &str| Some(ChainFault::UnknownRule { certificate: "Made Op CA".to_owned(), oid: oid.to_owned() });
    let not_a_ca = Some(ChainFault::NotACa { certificate: "Made Op CA".to_owned() });
    for (folder, fault) in [
        ("bool01", None),
        ("explicitfalsepath", None),
        ("ku2byte", None),
        ("kuunused0", None),
        ("noku", None),
        ("nc", unknown("2.5.29.30")),
        ("polcon", unknown("2.5.29.36")),
        ("nobc", not_a_ca.clone()),
        ("v1", not_a_ca),
    ] {
        let folder = format!("roots-cab-{folder}");
        assert_eq!(chain_of("ee.cer", &folder).fault, fault, "{folder}");
        let op = certificate(&format!("{folder}/op.cer"));
        assert_eq!(certificate("ee.cer").verify_issued_by(&op).err(), fault, "{folder}");
    }
}

#[test]
fn algorithms_are_known_by_the_names_they_have_in_certificates() {
    for name in ["alg-null.cer", "alg-nullouter.cer", "alg-501-curveparam.cer"] {
        assert_eq!(chain_of(name, "roots-named").fault, None, "{name}");
    }
    for name in ["alg-301.cer", "alg-301-1.cer", "alg-diff.cer"] {
        let fault = chain_of(name, "roots-named").fault;
        assert!(matches!(fault, Some(ChainFault::UnknownAlgorithm { .. })), "{name}: {fault:?}");
    }
}

#[test]
fn a_signature_made_with_the_empty_user_id_is_named_so() {
    let certificate = PERSON.to_owned();
    assert_eq!(chain_of("id-empty.cer", "roots-named").fault, Some(ChainFault::OtherUserId { certificate }));
    let certificate = PERSON.to_owned();
    assert_eq!(chain_of("id-other.cer", "roots-named").fault, Some(ChainFault::SignatureWrong { certificate }));
}

#[test]
fn no_certificate_is_refused_for_one_field() {
    let mut unverified = Vec::new();
    for name in inputs(".cer") {
        let read = certificate(&name);
        assert!(!read.serial_hex().is_empty() || name == "serial-empty.cer", "{name}");
        if chain_of(&name, "roots-named").fault.is_some() {
            unverified.push(name);
        }
    }
    let expected = [
        "alg-301-1.cer",
        "alg-301.cer",
        "alg-diff.cer",
        "crit-private.cer",
        "id-empty.cer",
        "id-other.cer",
        "k-nocn-issuer.cer",
        "ski-raw.cer",
    ];
    assert_eq!(unverified, expected);
}
