//! Requests that must be refused: each with its code, and nothing changed in the books.

use crate::renewal::{bearer, csr, session_signature};
use crate::world::{Answer, Customer, DAY, NOON, Options, Place, World, serial, sign_with};
use ca_service::audit::Actor;
use ca_service::crl::{self, Reason};
use gm::PrivateKey;
use gm::csr::UnsignedCsr;
use gm::issue::{Authority, COMMON_NAME, CertificateRequest, Extras, Role, Subject, certificate};
use order_api::{
    BODY_P7, Base64, ConfirmRequest, IDEMPOTENCY_KEY, OrderCreated, Problem, ProblemCode, Purpose, SESSION,
    SESSION_SIGNATURE, Signed,
};
use time::OffsetDateTime;

/// The request is refused with this code and changes nothing.
pub async fn refused<F: Future<Output = Answer>>(world: &World, code: ProblemCode, request: F) -> Problem {
    let before = world.books().await;
    let problem = request.await.problem();
    assert_eq!(problem.code, code, "{}", problem.detail);
    let after = world.books().await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "{code:?} changed the books");
    }
    assert_eq!(before.len(), after.len(), "{code:?} changed the books");
    problem
}

/// The three paths signed by a key on a token.
pub fn paths(no: &str) -> [String; 3] {
    ["/v1/sessions".to_owned(), format!("/v1/orders/{no}/issue"), format!("/v1/orders/{no}/confirm")]
}

/// A customer with an issued order and the pair that came with it.
async fn issued(world: &World) -> (Customer, OrderCreated, Customer) {
    let customer = world.customer("unit", 20).await;
    let created = world.order(&customer).await;
    let new = world.fetch(&customer, &created.order.no).await;
    (customer, created, new)
}

/// A body for one of the signed paths, with what binds it changed at will.
async fn body(world: &World, path: &str, new: &Customer, change: impl Fn(&mut Signed)) -> Vec<u8> {
    let no = path.split('/').nth(3).unwrap_or_default();
    if path == "/v1/sessions" {
        let mut request = world.session_request(&PrivateKey::generate().unwrap()).await;
        change(&mut request.signed);
        serde_json::to_vec(&request).unwrap()
    } else if path.ends_with("issue") {
        let mut request = world.issue_request(no, &csr(new, &PrivateKey::generate().unwrap())).await;
        change(&mut request.signed);
        serde_json::to_vec(&request).unwrap()
    } else {
        let mut request = world.confirm_request(no, new).await;
        change(&mut request.signed);
        serde_json::to_vec(&request).unwrap()
    }
}

/// Who has to sign it.
fn signer<'a>(path: &str, old: &'a Customer, new: &'a Customer) -> &'a Customer {
    if path.ends_with("confirm") { new } else { old }
}

pub async fn post(world: &World, path: &str, p7: &str, body: &[u8]) -> Answer {
    world.post(path, &[(BODY_P7, p7)], body).await
}

pub async fn a_signature_is_good_for_one_body_one_request_and_once(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (old, created, new) = issued(&world).await;
    let other = world.customer("unit", 20).await;
    for path in paths(&created.order.no) {
        let who = signer(&path, &old, &new);
        let good = body(&world, &path, &new, |_| ()).await;
        let p7 = who.sign(&good);
        // changed after signing: a space at the end, another byte inside
        let mut longer = good.clone();
        longer.push(b' ');
        let mut changed = good.clone();
        *changed.iter_mut().rev().find(|byte| byte.is_ascii_digit()).unwrap() ^= 1;
        for wrong in [longer, changed] {
            refused(&world, ProblemCode::SignatureInvalid, post(&world, &path, &p7, &wrong)).await;
        }
        // no signature, not base64, not a signature, one bit off
        let mut bytes = Base64::parse(&p7).unwrap().0;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        for wrong in ["", "!!", "AAAA", &Base64::text(&bytes)] {
            refused(&world, ProblemCode::SignatureInvalid, post(&world, &path, wrong, &good)).await;
        }
        refused(&world, ProblemCode::SignatureInvalid, world.post(&path, &[], good.clone())).await;
        // signed for something else
        let changes: [fn(&mut Signed); 4] = [
            |signed| signed.path.push('/'),
            |signed| signed.method = "PUT".to_owned(),
            |signed| {
                signed.purpose = if signed.purpose == Purpose::Session { Purpose::Issue } else { Purpose::Session };
            },
            |signed| signed.path = "/v1/orders/20261120-999999/confirm".to_owned(),
        ];
        for change in changes {
            let wrong = body(&world, &path, &new, change).await;
            refused(&world, ProblemCode::SignatureInvalid, post(&world, &path, &who.sign(&wrong), &wrong)).await;
        }
        // an unknown challenge, one for another purpose, one too old
        for nonce in ["00".repeat(32), "00".repeat(99), "\0".to_owned(), String::new()] {
            let wrong = body(&world, &path, &new, |signed| signed.nonce.clone_from(&nonce)).await;
            refused_challenge(&world, &path, who, &wrong).await;
        }
        let purpose = if path == "/v1/sessions" { Purpose::Issue } else { Purpose::Session };
        let nonce = world.challenge(purpose).await;
        let wrong = body(&world, &path, &new, |signed| signed.nonce.clone_from(&nonce)).await;
        refused_challenge(&world, &path, who, &wrong).await;
        let late = body(&world, &path, &new, |_| ()).await;
        world.pass(300);
        refused_challenge(&world, &path, who, &late).await;
        world.set_time(NOON);
        // signed by somebody else whose certificate is just as good
        let theirs = body(&world, &path, &new, |_| ()).await;
        if path != "/v1/sessions" {
            let p7 = other.sign(&theirs);
            refused(&world, ProblemCode::OrderOtherKey, post(&world, &path, &p7, &theirs)).await;
        }
    }
    // and once only, for all that was right about it
    let good = body(&world, "/v1/sessions", &new, |_| ()).await;
    let p7 = old.sign(&good);
    assert_eq!(post(&world, "/v1/sessions", &p7, &good).await.status, 201);
    refused(&world, ProblemCode::ChallengeInvalid, post(&world, "/v1/sessions", &p7, &good)).await;
    world.stop().await;
}

async fn refused_challenge(world: &World, path: &str, who: &Customer, body: &[u8]) {
    // another CSR would be refused for itself, but the challenge comes first
    refused(world, ProblemCode::ChallengeInvalid, post(world, path, &who.sign(body), body)).await;
}

pub async fn clocks_may_be_five_minutes_apart_and_no_more(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    for off in [-300, 300] {
        let good = body(&world, "/v1/sessions", &customer, |signed| signed.time += off).await;
        assert_eq!(post(&world, "/v1/sessions", &customer.sign(&good), &good).await.status, 201);
    }
    for off in [-301, 301, i64::MAX - NOON, i64::MIN + NOON - 1, -NOON] {
        let wrong = body(&world, "/v1/sessions", &customer, |signed| signed.time = signed.time.wrapping_add(off)).await;
        let p7 = customer.sign(&wrong);
        let problem = refused(&world, ProblemCode::ClockSkew, post(&world, "/v1/sessions", &p7, &wrong)).await;
        assert_eq!(problem.time, Some(NOON));
    }
    world.stop().await;
}

pub async fn only_signing_certificates_in_use_open_a_session(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    // the escrowed encryption key must not act for its holder
    let mut encrypting = world.customer("unit", 20).await;
    std::mem::swap(&mut encrypting.key, &mut encrypting.encryption);
    std::mem::swap(&mut encrypting.certificate, &mut encrypting.encryption_certificate);
    refused_session(&world, ProblemCode::CertificateUnknown, &encrypting).await;
    // the same name and number by another CA
    let foreign = foreign(&customer);
    refused_session(&world, ProblemCode::CertificateUnknown, &foreign).await;
    // revoked, superseded, not confirmed
    let revoked = world.customer("unit", 20).await;
    crl::revoke(world.service(), &revoked.serial(), Reason::KeyCompromise, Actor::SERVICE, "lost").await.unwrap();
    refused_session(&world, ProblemCode::CertificateRevoked, &revoked).await;
    let (old, created, new) = issued(&world).await;
    let problem = refused_session(&world, ProblemCode::OrderExists, &new).await;
    assert_eq!(problem.order, Some(created.order.no.clone()));
    assert_eq!(world.try_confirm(&new, &created.order.no).await.status, 200);
    refused_session(&world, ProblemCode::CertificateSuperseded, &old).await;
    // a device that has no name
    let mut request = world.session_request(&PrivateKey::generate().unwrap()).await;
    for wrong in ["", "123456789012345678901234567890123", "序列号", "a\u{7}"] {
        request.device_serial = wrong.to_owned();
        let body = serde_json::to_vec(&request).unwrap();
        let p7 = customer.sign(&body);
        refused(&world, ProblemCode::InvalidRequest, post(&world, "/v1/sessions", &p7, &body)).await;
    }
    world.stop().await;
}

pub async fn refused_session(world: &World, code: ProblemCode, customer: &Customer) -> Problem {
    refused(world, code, async { world.try_session(customer).await.0 }).await
}

/// A customer who made his certificate himself, with the serial number and name of the real one.
fn foreign(real: &Customer) -> Customer {
    let (key, root) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let moment = |unix| OffsetDateTime::from_unix_timestamp(unix).unwrap();
    let read = ::certificate::Certificate::parse(&real.certificate).unwrap();
    let request = CertificateRequest {
        serial: read.serial.magnitude(),
        subject: Subject::Der(read.subject.der()),
        key: &key.public(),
        not_before: moment(real.validity.from),
        not_after: moment(real.validity.until),
        role: Role::Signing,
        texts: &[],
        crl_uri: None,
        extras: Extras::default(),
    };
    let name = [(COMMON_NAME, "Another CA")];
    Customer {
        id: real.id,
        name: real.name.clone(),
        certificate: certificate(&request, &Authority { name: &name, key: &root }).unwrap(),
        encryption_certificate: real.encryption_certificate.clone(),
        key,
        encryption: PrivateKey::generate().unwrap(),
        validity: real.validity,
    }
}

pub async fn an_order_opens_to_its_own_token_only(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (one, two) = (world.customer("unit-mobile", 20).await, world.customer("unit-mobile", 20).await);
    let (mine, theirs) = (world.order(&one).await, world.order(&two).await);
    let no = &mine.order.no;
    let lower = mine.token.to_lowercase();
    for token in [theirs.token.as_str(), "", "0", lower.as_str(), no] {
        let bearer = bearer(token);
        let path = format!("/v1/orders/{no}");
        refused(&world, ProblemCode::OrderNotFound, world.get(&path, &[bearer.as_header()])).await;
        for what in ["codes", "codes/verify", "payment"] {
            let path = format!("{path}/{what}");
            let headers = [bearer.as_header()];
            let answer = world.post(&path, &headers, "{\"code\":\"000000\"}");
            refused(&world, ProblemCode::OrderNotFound, answer).await;
        }
    }
    let bearer = bearer(&mine.token);
    for other in ["20261120-999999", "%00", "..", "x y", "'", &"9".repeat(3000)] {
        let path = format!("/v1/orders/{other}");
        let answer = world.get(&path, &[bearer.as_header()]).await;
        assert!([ProblemCode::OrderNotFound, ProblemCode::NotFound].contains(&answer.code()), "{other}");
    }
    refused(&world, ProblemCode::OrderNotFound, world.get(&format!("/v1/orders/{no}"), &[])).await;
    world.stop().await;
}

pub async fn the_session_key_signs_one_session_and_one_certificate(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (one, two) = (world.customer("unit", 20).await, world.customer("unit", 20).await);
    let (mine, theirs) = (world.session(&one).await, world.session(&two).await);
    let request = world.order_request(&mine).await;
    let body = serde_json::to_vec(&request).unwrap();
    let send = async |session: &str, signature: &str, body: &[u8]| {
        let headers = [(SESSION, session), (SESSION_SIGNATURE, signature), (IDEMPOTENCY_KEY, "key")];
        world.post("/v1/orders", &headers, body).await
    };
    let signature = session_signature(&mine.key, &body);
    let changed = String::from_utf8(body.clone()).unwrap().replace("13800138000", "13900139000").into_bytes();
    let (id, other) = (mine.session.id.as_str(), theirs.session.id.as_str());
    let by_other = session_signature(&theirs.key, &body);
    let by_token = session_signature(&one.key, &body);
    for (session, signature, body) in [
        (id, "", &body),
        (id, "!!", &body),
        (id, by_other.as_str(), &body),
        (id, by_token.as_str(), &body),
        (id, signature.as_str(), &changed),
        (other, signature.as_str(), &body),
        (other, by_other.as_str(), &body),
    ] {
        refused(&world, ProblemCode::SignatureInvalid, send(session, signature, body)).await;
    }
    for unknown in ["", "0", &"0".repeat(64)] {
        refused(&world, ProblemCode::SessionExpired, send(unknown, &signature, &body)).await;
    }
    let mut wrong = request.clone();
    wrong.certificate_serial = two.serial();
    refused(&world, ProblemCode::OrderOtherKey, world.try_order(&mine, &wrong, "key")).await;
    world.pass(15 * 60);
    refused(&world, ProblemCode::SessionExpired, send(id, &signature, &body)).await;
    world.set_time(NOON + 15 * 60 - 1);
    assert_eq!(send(id, &signature, &body).await.status, 201, "to its last second");
    world.stop().await;
}

pub async fn an_order_is_taken_as_it_was_shown_and_one_at_a_time(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    let open = world.session(&customer).await;
    let request = world.order_request(&open).await;
    let mut wrong = request.clone();
    for (field, mobile, name, email) in
        [("mobile", "1380013800", "李", ""), ("name", "13800138000", " ", ""), ("email", "13800138000", "李", "a@b")]
    {
        wrong.contact.mobile = mobile.to_owned();
        wrong.contact.name = name.to_owned();
        wrong.contact.email = email.to_owned();
        let problem = refused(&world, ProblemCode::InvalidContact, world.try_order(&open, &wrong, "key")).await;
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    let mut wrong = request.clone();
    wrong.new.until += 1;
    refused(&world, ProblemCode::TermsChanged, world.try_order(&open, &wrong, "key")).await;
    let too_long = "k".repeat(129);
    for key in ["", "a b", too_long.as_str()] {
        refused(&world, ProblemCode::InvalidRequest, world.try_order(&open, &request, key)).await;
    }
    let first: OrderCreated = world.try_order(&open, &request, "key").await.ok();
    let mut wrong = request.clone();
    wrong.contact.name = "王".to_owned();
    refused(&world, ProblemCode::IdempotencyConflict, world.try_order(&open, &wrong, "key")).await;
    let problem = refused(&world, ProblemCode::OrderExists, world.try_order(&open, &request, "other")).await;
    assert_eq!(problem.order, Some(first.order.no.clone()));
    // revoked between session and order
    let revoked = world.customer("unit", 20).await;
    let open = world.session(&revoked).await;
    let request = world.order_request(&open).await;
    crl::revoke(world.service(), &revoked.serial(), Reason::Unspecified, Actor::SERVICE, "").await.unwrap();
    refused(&world, ProblemCode::CertificateRevoked, world.try_order(&open, &request, "key")).await;
    world.stop().await;
}

pub async fn the_validity_shown_before_midnight_is_shown_again_after_it(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", -5).await;
    world.set_time(NOON + DAY / 2 - 60);
    let open = world.session(&customer).await;
    let request = world.order_request(&open).await;
    world.pass(60);
    refused(&world, ProblemCode::TermsChanged, world.try_order(&open, &request, "key")).await;
    let open = world.session(&customer).await;
    assert_eq!(open.session.new.until, request.new.until + DAY);
    let created: OrderCreated = world.try_order(&open, &world.order_request(&open).await, "key").await.ok();
    assert_eq!(created.order.no, "20261121-000001", "numbers begin anew at midnight in Beijing");
    // issued two days later, the term counts from then
    world.pass(2 * DAY);
    let new = world.fetch(&customer, &created.order.no).await;
    assert_eq!(new.validity.until, open.session.new.until + 2 * DAY);
    world.stop().await;
}

pub async fn a_captcha_is_read_once(place: Place) {
    let world = World::new(&place, Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit", 20).await;
    let open = world.session(&customer).await;
    let mut request = world.order_request(&open).await;
    let good = request.captcha.clone().unwrap();
    let order = async |request: &_| world.try_order(&open, request, "key").await;
    request.captcha = None;
    refused(&world, ProblemCode::CaptchaStale, order(&request)).await;
    let mut wrong = good.clone();
    wrong.text = "XXXX".to_owned();
    request.captcha = Some(wrong);
    refused(&world, ProblemCode::CaptchaWrong, order(&request)).await;
    request.captcha = Some(good.clone());
    refused(&world, ProblemCode::CaptchaStale, order(&request)).await;
    let mut old = world.solved().await;
    world.pass(300);
    request.captcha = Some(old.clone());
    refused(&world, ProblemCode::CaptchaStale, order(&request)).await;
    for id in ["0".repeat(32), "\0".to_owned(), String::new()] {
        old.id = id;
        request.captcha = Some(old.clone());
        refused(&world, ProblemCode::CaptchaStale, order(&request)).await;
    }
    // a mistake elsewhere does not use it up
    request.captcha = Some(world.solved().await);
    request.contact.mobile = "1".to_owned();
    refused(&world, ProblemCode::InvalidContact, order(&request)).await;
    request.contact.mobile = "13800138000".to_owned();
    assert_eq!(order(&request).await.status, 201);
    // and not for a second order
    let other = world.customer("unit", 20).await;
    let open = world.session(&other).await;
    let mut second = world.order_request(&open).await;
    second.captcha = request.captcha;
    refused(&world, ProblemCode::CaptchaStale, world.try_order(&open, &second, "key")).await;
    world.stop().await;
}

pub async fn only_the_first_csr_of_an_order_and_a_good_one_is_certified(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (customer, other) = (world.customer("unit", 20).await, world.customer("unit", 20).await);
    let created = world.order(&customer).await;
    let no = &created.order.no;
    let key = PrivateKey::generate().unwrap();
    let good = csr(&customer, &key);
    let mut broken = good.clone();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let anonymous = {
        let unsigned = UnsignedCsr::new(&[0x30, 0], &key.public()).unwrap();
        let signature = key.sign_digest(&unsigned.digest()).unwrap();
        unsigned.finish(&signature).unwrap()
    };
    let with_old_key = csr(&customer, &customer.key);
    let with_encryption_key = csr(&customer, &customer.encryption);
    let with_their_key = csr(&customer, &other.key);
    let their_name = csr(&other, &key);
    for wrong in [Vec::new(), broken, anonymous, with_old_key, with_encryption_key, with_their_key, their_name] {
        let problem = refused(&world, ProblemCode::InvalidRequest, world.try_issue(&customer, no, &wrong)).await;
        assert_eq!(problem.field.as_deref(), Some("csr"));
    }
    let theirs = csr(&other, &key);
    refused(&world, ProblemCode::OrderOtherKey, world.try_issue(&other, no, &theirs)).await;
    assert_eq!(world.service().kmc.count(no).await.unwrap(), 0, "no key was made for nothing");
    let new = world.fetch(&customer, no).await;
    let second = csr(&customer, &PrivateKey::generate().unwrap());
    refused(&world, ProblemCode::OtherRequest, world.try_issue(&customer, no, &second)).await;
    assert_eq!(world.service().kmc.count(no).await.unwrap(), 1);
    // the key of the new pair is not for another order either
    let theirs = world.order(&other).await;
    let taken = csr(&other, &new.key);
    refused(&world, ProblemCode::InvalidRequest, world.try_issue(&other, &theirs.order.no, &taken)).await;
    let unknown = world.try_issue(&customer, "20261120-999999", &good);
    refused(&world, ProblemCode::OrderNotFound, unknown).await;
    // after the end nothing more is handed out
    assert_eq!(world.try_confirm(&new, no).await.status, 200);
    refused(&world, ProblemCode::CertificateSuperseded, world.try_issue(&customer, no, &good)).await;
    world.stop().await;
}

pub async fn only_the_new_key_confirms_and_only_its_own_pair(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (old, created, new) = issued(&world).await;
    let (_, other, their_new) = issued(&world).await;
    let no = &created.order.no;
    let path = format!("/v1/orders/{no}/confirm");
    let request = world.confirm_request(no, &new).await;
    let body = serde_json::to_vec(&request).unwrap();
    for wrong in [&old, &their_new] {
        refused(&world, ProblemCode::OrderOtherKey, post(&world, &path, &wrong.sign(&body), &body)).await;
    }
    let swapped = ConfirmRequest {
        sign_serial: serial(&new.encryption_certificate),
        encrypt_serial: new.serial(),
        ..request.clone()
    };
    let theirs = ConfirmRequest { encrypt_serial: serial(&their_new.encryption_certificate), ..request.clone() };
    let lower = ConfirmRequest { sign_serial: new.serial().to_lowercase(), ..request.clone() };
    for (wrong, field) in [(swapped, "sign_serial"), (theirs, "encrypt_serial"), (lower, "sign_serial")] {
        let body = serde_json::to_vec(&wrong).unwrap();
        let problem = refused(&world, ProblemCode::InvalidRequest, post(&world, &path, &new.sign(&body), &body)).await;
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    // the escrowed key of the new pair
    let p7 = sign_with(&new.encryption, &new.encryption_certificate, &body);
    refused(&world, ProblemCode::CertificateUnknown, post(&world, &path, &p7, &body)).await;
    // before it is issued there is nothing to confirm
    let waiting = world.customer("unit", 20).await;
    let not_yet = world.order(&waiting).await;
    let answer = world.try_confirm(&waiting, &not_yet.order.no);
    refused(&world, ProblemCode::OrderOtherKey, answer).await;
    // revoked before it was confirmed: the order ends with its certificate
    crl::revoke(world.service(), &old.serial(), Reason::KeyCompromise, Actor::SERVICE, "lost").await.unwrap();
    refused(&world, ProblemCode::CertificateRevoked, world.try_confirm(&new, no)).await;
    let again = csr(&old, &new.key);
    refused(&world, ProblemCode::CertificateRevoked, world.try_issue(&old, no, &again)).await;
    assert_eq!(world.try_confirm(&their_new, &other.order.no).await.status, 200, "others are not concerned");
    world.stop().await;
}
