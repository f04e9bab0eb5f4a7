//! What the service issues, judged by the `openssl` command.

use crate::renewal::{csr, of};
use crate::world::{Customer, DAY, NOON, Options, Place, World, serial};
use ca_service::audit::Actor;
use ca_service::crl::{self, Reason};
use gm::PrivateKey;
use gm::csr_response::CsrResponse;
use gm::issue::{certificate_to_pem, private_key_to_pem};
use order_api::IssueResponse;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Never rely on the default identity: it is empty in OpenSSL 3.
const ID: &str = "distid:1234567812345678";

/// Runs `openssl` in a folder; gives whether it agreed, and what it said.
fn openssl(dir: &Path, args: &[&str]) -> (bool, Vec<u8>, String) {
    let output = Command::new("openssl").args(args).current_dir(dir).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), output.stdout, said)
}

#[track_caller]
fn agrees(dir: &Path, args: &[&str]) -> Vec<u8> {
    let (agreed, output, said) = openssl(dir, args);
    assert!(agreed, "openssl {args:?}: {said}");
    output
}

fn write_pem(dir: &Path, name: &str, der: &[u8]) {
    fs::write(dir.join(name), certificate_to_pem(der).unwrap()).unwrap();
}

async fn chain(world: &World, dir: &Path) {
    for (file, name) in [("/ca/root.cer", "root.pem"), ("/ca/operation.cer", "operation.pem")] {
        write_pem(dir, name, &world.get(file, &[]).await.body);
    }
}

/// One link, at a moment of this world.
fn verify_link(dir: &Path, issuer: &str, subject: &str, at: i64) -> bool {
    let at = at.to_string();
    let args = ["verify", "-partial_chain", "-vfyopt", ID, "-attime", &at, "-CAfile", issuer, subject];
    openssl(dir, &args).0
}

pub async fn openssl_verifies_every_link_and_reads_the_profile(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    chain(&world, dir).await;
    let customer = world.customer("unit", 20).await;
    let (_, new) = world.renew(&customer).await;
    assert!(verify_link(dir, "root.pem", "operation.pem", NOON));
    for (name, der) in [
        ("first-sign.pem", &customer.certificate),
        ("first-encrypt.pem", &customer.encryption_certificate),
        ("sign.pem", &new.certificate),
        ("encrypt.pem", &new.encryption_certificate),
    ] {
        write_pem(dir, name, der);
        assert!(verify_link(dir, "operation.pem", name, NOON), "{name}");
        assert!(!verify_link(dir, "root.pem", name, NOON), "{name} is not the root's");
    }
    // usable at once and to its end (openssl takes the last second itself for too late), not longer
    assert!(verify_link(dir, "operation.pem", "sign.pem", new.validity.from));
    assert!(verify_link(dir, "operation.pem", "sign.pem", new.validity.until - 1));
    assert!(!verify_link(dir, "operation.pem", "sign.pem", new.validity.until + 1));
    // one bit off
    let mut forged = new.certificate.clone();
    let end = forged.len() - 1;
    forged[end] ^= 1;
    write_pem(dir, "forged.pem", &forged);
    assert!(!verify_link(dir, "operation.pem", "forged.pem", NOON));

    let text = |name: &str| {
        let said = agrees(dir, &["x509", "-in", name, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus,sname"]);
        String::from_utf8(said).unwrap()
    };
    let (old, sign, encrypt) = (text("first-sign.pem"), text("sign.pem"), text("encrypt.pem"));
    for expected in [
        "Digital Signature, Non Repudiation",
        "CN = operation",
        &format!("URI:{}/crl/operation.crl", world.base),
        &format!("CA Issuers - URI:{}/ca/operation.cer", world.base),
        "Policy: 1.3.6.1.4.1.32473.1.1",
        "Netscape Cert Type",
        "1.2.156.112562.2.1.1.24",
        "JJDEMO0000X",
        "SM2-with-SM3",
    ] {
        assert!(sign.contains(expected), "{expected}\n{sign}");
    }
    assert!(encrypt.contains("Key Encipherment, Data Encipherment, Key Agreement"), "{encrypt}");
    assert!(!sign.contains("Basic Constraints") && !encrypt.contains("Basic Constraints"));
    let subject = |name: &str| agrees(dir, &["x509", "-in", name, "-noout", "-subject", "-nameopt", "utf8"]);
    assert_eq!(subject("first-sign.pem"), subject("sign.pem"));
    assert_eq!(subject("sign.pem"), subject("encrypt.pem"));
    // the private extensions go from certificate to certificate
    let private = |text: &str| -> Vec<String> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let named =
            lines.windows(2).filter(|pair| pair[0].starts_with("1.2.156.") || pair[0].starts_with("2.16.840.1.1137"));
        named.map(|pair| pair.join(" ")).collect()
    };
    assert_eq!(private(&old).len(), 9, "{old}");
    assert_eq!(private(&old), private(&sign));
    assert_eq!(private(&sign), private(&encrypt));
    // ten bytes: the CA's two, eight random ones
    for der in [&new.certificate, &new.encryption_certificate, &customer.certificate] {
        assert!(serial(der).len() == 20 && serial(der).starts_with("1A10"), "{}", serial(der));
    }
    world.stop().await;
}

pub async fn openssl_opens_the_package(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let customer = world.customer("unit", 20).await;
    let created = world.order(&customer).await;
    let key = PrivateKey::generate().unwrap();
    let answer = world.try_issue(&customer, &created.order.no, &csr(&customer, &key)).await;
    let package = CsrResponse::from_der(&answer.ok::<IssueResponse>().package.0).unwrap();
    let envelope = package.key.as_ref().unwrap();

    fs::write(dir.join("sign.key"), private_key_to_pem(&key).unwrap()).unwrap();
    fs::write(dir.join("wrapped.der"), envelope.wrapped.to_der().unwrap()).unwrap();
    fs::write(dir.join("encrypted.bin"), &envelope.encrypted).unwrap();
    let sm4 = agrees(dir, &["pkeyutl", "-decrypt", "-inkey", "sign.key", "-in", "wrapped.der"]);
    let sm4: String = sm4.iter().map(|byte| format!("{byte:02x}")).collect();
    let opened = agrees(dir, &["enc", "-d", "-sm4-ecb", "-K", &sm4, "-nopad", "-in", "encrypted.bin"]);
    assert_eq!(opened.len(), 32);

    // the key that openssl derives from it is the one in the encryption certificate
    let recovered = PrivateKey::from_bytes(&opened).unwrap();
    fs::write(dir.join("encrypt.key"), private_key_to_pem(&recovered).unwrap()).unwrap();
    write_pem(dir, "encrypt.pem", &of(&envelope.public, &package.encrypt));
    write_pem(dir, "sign.pem", &of(&key.public(), &package.sign));
    for name in ["sign", "encrypt"] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let from_key = agrees(dir, &["pkey", "-in", &key, "-pubout"]);
        assert_eq!(from_key, agrees(dir, &["x509", "-in", &certificate, "-noout", "-pubkey"]), "{name}");
    }
    // and the chain that comes along is that of the service
    for file in ["/ca/operation.cer", "/ca/root.cer"] {
        let der = world.get(file, &[]).await.body;
        assert!(package.sign.contains(&der) && package.encrypt.contains(&der), "{file}");
    }
    world.stop().await;
}

/// Number, next update, serial numbers on it with reasons, as openssl reads them.
fn list(dir: &Path, der: &[u8]) -> (i64, Vec<String>, String) {
    fs::write(dir.join("list.crl"), der).unwrap();
    let text = agrees(dir, &["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text", "-crlnumber"]);
    let text = String::from_utf8(text).unwrap();
    let number = text.lines().find_map(|line| line.strip_prefix("crlNumber=0x")).unwrap();
    let serials = text.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: ")).map(str::to_owned);
    (i64::from_str_radix(number, 16).unwrap(), serials.collect(), text)
}

/// The signature of a list: OpenSSL 3 can't be told the identity for it, so body and signature are taken out.
fn list_signature_is_right(dir: &Path, der: &[u8]) -> bool {
    fs::write(dir.join("list.crl"), der).unwrap();
    let parsed = String::from_utf8(agrees(dir, &["asn1parse", "-inform", "DER", "-in", "list.crl"])).unwrap();
    let body = der_at(der, 4);
    let bits = parsed.lines().rfind(|line| line.contains("BIT STRING")).unwrap();
    let offset: usize = bits.trim().split(':').next().unwrap().trim().parse().unwrap();
    fs::write(dir.join("body.bin"), body).unwrap();
    // without tag, length, and the number of unused bits
    fs::write(dir.join("signature.der"), &der[offset + 3..]).unwrap();
    fs::write(dir.join("ca.pub"), agrees(dir, &["x509", "-in", "operation.pem", "-noout", "-pubkey"])).unwrap();
    openssl(dir, &["dgst", "-sm3", "-verify", "ca.pub", "-sigopt", ID, "-signature", "signature.der", "body.bin"]).0
}

/// The whole element that begins at `offset`.
fn der_at(der: &[u8], offset: usize) -> &[u8] {
    let length = usize::from(der[offset + 1]);
    let (header, length) = match length {
        0x81 => (3, usize::from(der[offset + 2])),
        0x82 => (4, usize::from(der[offset + 2]) << 8 | usize::from(der[offset + 3])),
        short => (2, short),
    };
    &der[offset..offset + header + length]
}

pub async fn openssl_reads_and_verifies_every_revocation_list(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    chain(&world, dir).await;
    let fetch = async || {
        let answer = world.get("/crl/operation.crl", &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/pkix-crl"));
        answer.body
    };
    let one = world.customer("unit", 20).await;
    let two = world.customer("unit", 20).await;
    let first = fetch().await;
    let (number, serials, _) = list(dir, &first);
    assert_eq!((number, serials.len()), (1, 0));
    // shorter than 256 bytes or not, the signature is found and right
    for customer in [&one, &two] {
        revoke(&world, customer, Reason::KeyCompromise).await;
    }
    let second = fetch().await;
    let (number, serials, text) = list(dir, &second);
    assert_eq!(number, 3);
    let mut expected: Vec<String> = [&one, &two]
        .iter()
        .flat_map(|customer| [&customer.certificate, &customer.encryption_certificate])
        .map(|der| serial(der))
        .collect();
    let mut serials: Vec<String> = serials.iter().map(|serial| serial.replace(':', "")).collect();
    expected.sort();
    serials.sort();
    assert_eq!(serials, expected);
    assert_eq!(text.matches("Key Compromise").count(), 4, "{text}");
    assert!(text.contains("Next Update: Nov 27 04:00:00 2026 GMT"), "{text}");
    assert!(list_signature_is_right(dir, &second));
    let mut forged = second.clone();
    let end = forged.len() - 1;
    forged[end] ^= 1;
    assert!(!list_signature_is_right(dir, &forged));

    // twice is refused; a day later the next list is made by itself, an hour later not yet
    assert!(crl::revoke(world.service(), &one.serial(), Reason::Superseded, Actor::SERVICE, "").await.is_err());
    world.pass(3600);
    crl::keep_current(world.service()).await.unwrap();
    assert_eq!(list(dir, &fetch().await).0, 3);
    world.pass(DAY);
    crl::keep_current(world.service()).await.unwrap();
    let third = fetch().await;
    assert_eq!(list(dir, &third).0, 4);
    assert!(list_signature_is_right(dir, &third));
    // on another instance the numbers go on
    let sibling = world.sibling().await;
    let three = world.customer("unit", 20).await;
    revoke(&sibling, &three, Reason::CessationOfOperation).await;
    let (number, serials, _) = list(dir, &fetch().await);
    assert_eq!((number, serials.len()), (5, 6));
    world.audited().await;
    sibling.stop().await;
    world.stop().await;
}

async fn revoke(world: &World, customer: &Customer, reason: Reason) {
    crl::revoke(world.service(), &customer.serial(), reason, Actor::SERVICE, "told to").await.unwrap();
}

pub async fn certificates_of_another_ca_can_be_taken_in_and_renewed(place: Place) {
    use ca_service::authority::HolderKind;
    use ca_service::registry::certificates::enrol;
    use ca_service::registry::customers::{NewCustomer, register};
    let world = World::new(&place, Options::default()).await;
    let elsewhere = World::new(&Place::sqlite(), Options::default()).await;
    let theirs = elsewhere.customer("unit", 20).await;
    let new = NewCustomer {
        name: theirs.name.clone(),
        kind: HolderKind::Organisation,
        entity: "JJDEMO0000X".to_owned(),
        code: "DEMO0000X".to_owned(),
        number: "1".to_owned(),
        product: "unit".to_owned(),
        contact: order_api::Contact::default(),
    };
    let id = register(world.service(), &new, Actor::SERVICE).await.unwrap();
    let (sign, encrypt) = (theirs.certificate.as_slice(), theirs.encryption_certificate.as_slice());
    let other = elsewhere.customer("unit", 20).await;
    let take = async |sign, encrypt| enrol(world.service(), id, sign, encrypt, Actor::SERVICE).await;
    // not for signing, not of one holder, not a certificate, not an SM2 key
    assert!(take(encrypt, Some(encrypt)).await.is_err());
    assert!(take(sign, Some(sign)).await.is_err());
    assert!(take(sign, Some(&other.encryption_certificate)).await.is_err());
    assert!(take(b"none", None).await.is_err());
    assert!(enrol(world.service(), 999, sign, Some(encrypt), Actor::SERVICE).await.is_err());
    assert_eq!(world.number("SELECT COUNT(*) FROM certificates").await, 0);
    assert_eq!(take(sign, Some(encrypt)).await.unwrap(), theirs.serial());
    assert!(take(sign, Some(encrypt)).await.is_err(), "once");
    assert_eq!(world.session(&theirs).await.session.contact, order_api::Contact::default());
    let (_, renewed) = world.renew(&theirs).await;
    assert!(world.service().authority.issued(&renewed.certificate));
    assert!(!world.service().authority.issued(sign));
    // the certificate of the other CA is not on the list of this one
    let third = elsewhere.customer("unit", 20).await;
    let id = register(world.service(), &new, Actor::SERVICE).await.unwrap();
    let pair = (third.certificate.as_slice(), third.encryption_certificate.as_slice());
    enrol(world.service(), id, pair.0, Some(pair.1), Actor::SERVICE).await.unwrap();
    revoke(&world, &third, Reason::KeyCompromise).await;
    let dir = tempfile::tempdir().unwrap();
    assert!(list(dir.path(), &world.get("/crl/operation.crl", &[]).await.body).1.is_empty());
    elsewhere.stop().await;
    world.stop().await;
}
