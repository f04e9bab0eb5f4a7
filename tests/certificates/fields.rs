//! Certificates of the layout seen in the field are read field for field.

use certificate::{
    CertError, Certificate, Holder, MAX_CERTIFICATE, PublicKeyInfo, SignatureAlgorithm, Usage, read_any,
};
use testkit::pki::{Order, Pki};

/// Private extensions (wire-format/certificates.md#private-extensions), one of them as raw ASCII, and a distribution
/// point with two names.
const SIGN: &str = "\
keyUsage = critical, digitalSignature, nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
crlDistributionPoints = point
authorityInfoAccess = OCSP;URI:OCSP://ocsp.example.cn, caIssuers;URI:http://crl.example.cn/ca.crt
certificatePolicies = 1.2.156.112562.2.2.1
nsCertType = client, server, email, objsign
1.2.156.112562.2.1.1.1 = ASN1:UTF8String:JJ990000000000017
1.2.156.112562.2.1.1.4 = ASN1:UTF8String:1@5009JJ0123456789
1.2.156.112562.2.1.1.14 = ASN1:UTF8String:990000000000017
1.2.156.112562.2.1.1.24 = ASN1:PRINTABLESTRING:123456789
1.2.156.10260.4.1.4 = ASN1:PRINTABLESTRING:91110108MA01ABCD2X
2.16.840.1.113732.2 = DER:4A:4A:31:32:33
[point]
fullname = URI:http://crl.example.cn/crl/ca21crl1.crl, dirName:place
[place]
CN = ca21crl1";

fn chain_with(extensions: &str) -> Pki {
    let pki = Pki::with_chain();
    pki.issue(&Order { extensions, ..Order::default() });
    pki
}

#[test]
fn a_signing_certificate_is_read_field_for_field() {
    let pki = chain_with(SIGN);
    let cert = pki.certificate("leaf");

    assert_eq!(cert.owner.as_deref(), Some("测试单位"));
    assert_eq!(cert.subject.to_string(), "C=CN, O=某某科技, CN=测试单位");
    assert_eq!(cert.issuer.get("CN"), Some("Beijing SM2 CA"));
    assert_eq!(cert.issuer.to_string(), "C=CN, O=BJCA, OU=BJCA, CN=Beijing SM2 CA");
    assert_eq!(cert.serial_hex(), "1A100000000000000001");
    assert_eq!(format!("serial={}", cert.serial_hex()), pki.x509("leaf", &["-serial"]));
    assert_eq!(cert.algorithm, SignatureAlgorithm::Sm2WithSm3);
    assert_eq!(cert.usage, Some(vec![Usage::DigitalSignature, Usage::NonRepudiation]));
    assert_eq!(cert.crl_uris, ["http://crl.example.cn/crl/ca21crl1.crl"]);
    assert_eq!(cert.ocsp_uris, ["OCSP://ocsp.example.cn"]);
    assert_eq!(cert.issuer_uris, ["http://crl.example.cn/ca.crt"]);

    let identity = &cert.identity;
    assert_eq!(identity.unique_id.as_deref(), Some("JJ990000000000017"));
    assert_eq!(identity.holder, Some(Holder::Organisation));
    assert_eq!(identity.organisation_number.as_deref(), Some("123456789"));
    assert_eq!(identity.credit_code.as_deref(), Some("91110108MA01ABCD2X"));
    assert_eq!(identity.card_number.as_ref().unwrap().value, "990000000000017");
    assert_eq!(identity.card_number.as_ref().unwrap().source, "1.2.156.112562.2.1.1.14");
}

#[test]
fn dates_key_and_fingerprint_agree_with_openssl() {
    let pki = Pki::with_chain();
    let cert = pki.certificate("leaf");

    let dates = pki.x509("leaf", &["-dates", "-dateopt", "iso_8601"]);
    let iso = |unix: i64| {
        let t = time::OffsetDateTime::from_unix_timestamp(unix).unwrap();
        format!("{} {:02}:{:02}:{:02}Z", t.date(), t.hour(), t.minute(), t.second())
    };
    let expected = format!(
        "notBefore={}\nnotAfter={}",
        iso(cert.validity.unwrap().not_before),
        iso(cert.validity.unwrap().not_after)
    );
    assert_eq!(dates, expected);

    let sm3 = pki.openssl(&["dgst", "-sm3", "-r", "leaf.der"]);
    assert_eq!(cert.fingerprint_hex().to_lowercase(), sm3.split_whitespace().next().unwrap());

    let pem = pki.openssl(&["pkey", "-in", "leaf.key", "-pubout", "-outform", "DER", "-out", "leaf.pub"]);
    assert!(pem.is_empty());
    let public = std::fs::read(pki.path("leaf.pub")).unwrap();
    let PublicKeyInfo::Sm2(key) = &cert.key else { panic!("not an SM2 key") };
    assert_eq!(key.uncompressed(), public[public.len() - 65..]);

    let ca = pki.certificate("ca");
    assert!(cert.authority_key_id.is_some());
    assert_eq!(cert.authority_key_id, ca.subject_key_id);
}

#[test]
fn an_encryption_certificate_of_a_person_is_read() {
    let pki = chain_with(
        "keyUsage = keyEncipherment, dataEncipherment, keyAgreement, decipherOnly\n\
         1.2.86.11.7.1 = ASN1:UTF8String:SF110101199001010000",
    );
    let cert = pki.certificate("leaf");
    let usage = [Usage::KeyEncipherment, Usage::DataEncipherment, Usage::KeyAgreement, Usage::DecipherOnly];
    assert_eq!(cert.usage.as_deref(), Some(usage.as_slice()));
    assert_eq!(cert.identity.holder, Some(Holder::Person));
    assert_eq!(cert.identity.unique_id.as_deref(), Some("SF110101199001010000"));
    assert_eq!(cert.identity.organisation_number, None);
}

#[test]
fn what_is_absent_stays_absent() {
    let pki = Pki::with_chain();
    pki.issue(&Order { subject: "/C=CN/O=某某科技", extensions: "", ..Order::default() });
    let cert = pki.certificate("leaf");
    assert_eq!(cert.owner.as_deref(), Some("某某科技"), "called by what the name has");
    assert_eq!((cert.usage.as_ref(), &cert.identity), (None, &Default::default()));
    assert!(cert.crl_uris.is_empty() && cert.issuer_uris.is_empty() && cert.ocsp_uris.is_empty());
    assert_eq!((cert.subject_key_id, cert.authority_key_id), (None, None));
}

#[test]
fn a_raw_ascii_value_is_read_and_a_value_given_twice_is_not() {
    let pki = chain_with("2.16.840.1.113732.2 = DER:4A:4A:31:32:33");
    assert_eq!(pki.certificate("leaf").identity.unique_id.as_deref(), Some("JJ123"));

    // same length, so that one identifier can be written over the other
    let pki =
        chain_with("1.2.156.112562.2.1.1.1 = ASN1:UTF8String:JJ111\n1.2.156.112562.2.1.1.2 = ASN1:UTF8String:JJ222");
    let mut der = pki.der("leaf");
    let oid = [0x2A, 0x81, 0x1C, 0x86, 0xEF, 0x32, 2, 1, 1, 2];
    let at = der.windows(oid.len()).position(|w| w == oid).unwrap();
    der[at + oid.len() - 1] = 1;
    assert_eq!(Certificate::parse(&der).unwrap().identity.unique_id, None);
}

#[test]
fn subjects_in_utf16_and_gbk_are_read() {
    let pki = Pki::with_chain();
    pki.write("request.cnf", "[req]\ndistinguished_name = dn\nprompt = no\nstring_mask = MASK:0x800\n[dn]\n");
    pki.issue(&Order { subject: "/C=CN/CN=电信测试1", ..Order::default() });
    let shown = pki.openssl(&["asn1parse", "-in", "leaf.pem"]);
    assert!(shown.contains("BMPSTRING"), "{shown}");
    assert_eq!(pki.certificate("leaf").owner.as_deref(), Some("电信测试1"));

    // "测试单位" has 12 bytes in UTF-8; the same field with 8 bytes of GBK and padding in it
    pki.write("request.cnf", "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n");
    pki.issue(&Order::default());
    let mut der = pki.der("leaf");
    let at = der.windows(12).rposition(|w| w == "测试单位".as_bytes()).unwrap();
    der[at..at + 12].copy_from_slice(b"\xB2\xE2\xCA\xD4\xB5\xA5\xCE\xBB    ");
    assert_eq!(Certificate::parse(&der).unwrap().owner.as_deref(), Some("测试单位"));
    assert_eq!(der[at - 2], 12, "written as UTF8String");
    der[at - 2] = 19;
    assert_eq!(Certificate::parse(&der).unwrap().owner.as_deref(), Some("测试单位"), "as PrintableString");
    der[at - 2] = 20;
    assert_eq!(Certificate::parse(&der).unwrap().owner.as_deref(), Some("测试单位"), "as T61String");
}

#[test]
fn a_certificate_of_another_algorithm_is_named() {
    let pki = Pki::new();
    pki.openssl(&[
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "rsa.pem", "-subj", "/CN=r",
    ]);
    pki.openssl(&["x509", "-in", "rsa.pem", "-outform", "DER", "-out", "rsa.der"]);
    let cert = pki.certificate("rsa");
    assert_eq!(cert.algorithm.to_string(), "RSA / SHA-256");
    assert_eq!(cert.key, PublicKeyInfo::Rsa(2048));
    assert_eq!(cert.sm2_key(), None);
}

#[test]
fn what_stands_behind_is_cut_off() {
    let pki = Pki::with_chain();
    let der = pki.der("leaf");
    for padding in [0, 0xFF, b'x'] {
        let padded = [der.as_slice(), &[padding; 64]].concat();
        assert_eq!(Certificate::parse(&padded).unwrap().der(), der);
    }
    let length = u32::try_from(MAX_CERTIFICATE).unwrap().to_be_bytes();
    let large = [&[0x30, 0x83], &length[1..], &vec![0; MAX_CERTIFICATE]].concat();
    assert_eq!(Certificate::parse(&large).err(), Some(CertError::TooLarge));
    assert_eq!(Certificate::parse(&[]).err(), Some(CertError::Malformed));
}

#[test]
fn no_cut_and_no_changed_bit_brings_the_reader_down() {
    let pki = chain_with(SIGN);
    let der = pki.der("leaf");
    for length in 0..der.len() {
        assert!(Certificate::parse(&der[..length]).is_err(), "{length} bytes were taken for a certificate");
    }
    for position in 0..der.len() {
        let mut changed = der.clone();
        for value in [0xFF, der[position] ^ 1, der[position] ^ 0x20] {
            changed[position] = value;
            read_any(&changed);
        }
    }
}
