//! Packages that are not what was ordered: nothing of them reaches the key.

use crate::person::{OLD, Person, person};
use crate::wire::{CallCut, ChainForger};
use crate::world::World;
use base::fault::FaultCode;
use ca_client::Renewal;
use ca_service::authority::Profile;
use ca_service::registry::certificates::{IssuedPair, Template, make_pair};
use gm::csr_response::CsrResponse;
use gm::issue::{COMMON_NAME, COUNTRY, Role, Subject};
use gm::{PrivateKey, PublicKey};
use order_api::{IssueResponse, Period};
use std::sync::Arc;
use token::KeyUse;

const DAY: i64 = crate::world::DAY;

/// What is wrong with a package.
type Wrong = fn(&World, &PublicKey, &[u8], &mut IssueResponse);

/// A package by the CA itself, with another validity, subject or key.
fn made(world: &World, key: &PublicKey, template: &Template<'_>, validity: Period) -> CsrResponse {
    let IssuedPair { sign, encrypt, key } = world.look(|service| {
        let (key, service) = (*key, Arc::clone(&service));
        async move { make_pair(&service, "forged", &key, template, validity).await.unwrap() }
    });
    CsrResponse { sign: vec![sign], key: Some(key), encrypt: vec![encrypt] }
}

fn put(response: &mut IssueResponse, package: &CsrResponse) {
    // the order names what is in the package, so that only the package itself is wrong
    response.order.issued.clear();
    response.package = package.to_der().unwrap().into();
}

fn read(response: &IssueResponse) -> CsrResponse {
    CsrResponse::from_der(&response.package.0).unwrap()
}

const WRONG: &[(&str, Wrong)] = &[
    ("package does not read", |_, _, _, response| response.package.0.truncate(100)),
    ("package does not read", |_, _, _, response| response.package.0.clear()),
    ("no signing certificate for the new key", |world, _, old, response| {
        let other = PrivateKey::generate().unwrap().public();
        put(response, &made(world, &other, &Template::Renewal(old), response.order.new));
    }),
    ("no encryption pair", |_, _, _, response| {
        let package = CsrResponse { key: None, ..read(response) };
        put(response, &package);
    }),
    ("no certificate for the encryption pair", |world, key, old, response| {
        let other = made(world, &PrivateKey::generate().unwrap().public(), &Template::Renewal(old), response.order.new);
        let package = CsrResponse { key: other.key, ..made(world, key, &Template::Renewal(old), response.order.new) };
        put(response, &package);
    }),
    ("another subject", |world, key, _, response| {
        let template = Template::First(&[(COUNTRY, "CN"), (COMMON_NAME, "Mallory")], &[]);
        put(response, &made(world, key, &template, response.order.new));
    }),
    ("another validity than the order says", |world, key, old, response| {
        let new = response.order.new;
        put(response, &made(world, key, &Template::Renewal(old), Period { until: new.until - DAY, ..new }));
    }),
    ("a shorter validity than was promised", |world, key, old, response| {
        let new = response.order.new;
        response.order.new = Period { until: new.until - 1, ..new };
        put(response, &made(world, key, &Template::Renewal(old), response.order.new));
    }),
    ("not valid yet", |world, key, old, response| {
        response.order.new.from = world.now() + DAY;
        put(response, &made(world, key, &Template::Renewal(old), response.order.new));
    }),
    ("not issued under the root of the CA", |_, key, old, response| {
        put(response, &made(&World::new(), key, &Template::Renewal(old), response.order.new));
    }),
    ("key usage does not fit", |world, key, old, response| {
        let mut package = made(world, key, &Template::Renewal(old), response.order.new);
        // a certificate for encryption in the place of the one for signatures
        let (key, old, validity) = (*key, old.to_vec(), response.order.new);
        package.sign = vec![world.look(|service| async move {
            let read = certificate::Certificate::parse(&old).unwrap();
            let subject = Subject::Der(read.subject.der());
            let profile = Profile { subject, key: &key, role: Role::Encryption, validity, texts: &[], service: "" };
            service.authority.certify(&profile).unwrap()
        })];
        put(response, &package);
    }),
    ("other serial numbers than the order says", |_, _, _, response| response.order.issued.reverse()),
];

#[test]
fn a_wrong_package_is_refused_before_anything_of_it_reaches_the_key() {
    let world = Arc::new(World::new());
    for (reason, wrong) in WRONG {
        let mut person = person(&world);
        let mut renewal = person.order();
        forge(&person, *wrong);
        let fault = person.download(&mut renewal).unwrap_err();
        assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::PackageRefused, *reason));
        let sent = person.key.take_sent();
        assert!(!sent.iter().any(|name| name.starts_with("Import")), "{reason}: {sent:?}");
        assert_eq!(person.current(), OLD, "{reason}");
        // the right one is taken afterwards
        let mut renewal = again(&person, renewal);
        person.download(&mut renewal).unwrap();
        person.is_renewed();
    }
}

fn again(person: &Person, renewal: Renewal) -> Renewal {
    drop(renewal);
    person.resume()
}

fn forge(person: &Person, wrong: Wrong) {
    let (world, key) = (Arc::clone(&person.world), person.key.clone());
    person.wire.forge(move |response| {
        let double = key.double();
        let mut token = double.connect();
        let name = token.containers().unwrap()[1].name.clone();
        let new_key = token.public_key(&name, KeyUse::Sign).unwrap();
        let old = token.read_certificate(OLD, KeyUse::Sign).unwrap().unwrap();
        wrong(&world, &new_key, &old, response);
    });
}

#[test]
fn an_answer_about_another_order_is_refused() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.wire.forge(|response| response.order.no = "20200101-000001".to_owned());
    let fault = person.download(&mut renewal).unwrap_err();
    assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::OrderNotFound, "answered with another order"));
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn a_chain_that_does_not_hold_vouches_for_nothing() {
    let world = Arc::new(World::new());
    let chains: [(&str, ChainForger); 4] = [
        ("the CA names no root", Vec::clear),
        ("the CA names no root", |chain| chain.reverse()),
        ("the CA names no root", |chain| chain.truncate(1)),
        // its key is no point of the curve any more, so it vouches for nobody
        ("not issued under the root of the CA", |chain| chain[1].0[300] ^= 1),
    ];
    for (reason, change) in chains {
        let mut person = person(&world);
        let mut renewal = person.order();
        person.wire.forge_chain(change);
        let fault = person.download(&mut renewal).unwrap_err();
        assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::PackageRefused, reason));
        assert!(!person.key.take_sent().iter().any(|name| name.starts_with("Import")), "{reason}");
        person.download(&mut renewal).unwrap();
        person.is_renewed();
    }
}

#[test]
fn a_package_of_the_operation_ca_before_is_taken_when_another_has_followed_it() {
    let world = Arc::new(World::new());
    // the certificates are made before the change and come after it, or are made after it
    for made_before in [true, false] {
        let mut person = person(&world);
        let mut renewal = person.order();
        let issuer = world.operation();
        if made_before {
            person.wire.cut_next("issue", CallCut::LostAfter);
            assert_eq!(person.download(&mut renewal).unwrap_err().code, FaultCode::CaBroken);
        }
        world.renew_operation();
        person.download(&mut renewal).unwrap();
        person.is_renewed();
        let current = person.current();
        let sign = person.token.read_certificate(&current, KeyUse::Sign).unwrap().unwrap();
        let [sign, issuer] = [&sign, &issuer].map(|der| certificate::Certificate::parse(der).unwrap());
        assert_eq!(sign.verify_issued_by(&issuer).is_ok(), made_before);
    }
}
