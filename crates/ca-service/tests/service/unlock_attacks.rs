//! Requests of an unlock that must be refused: each with its code, in the audit log, and nothing else changed in the books.

use crate::attacks::refused;
use crate::key::{Key, fresh_serial};
use crate::renewal::{bearer, fresh_key, session_signature};
use crate::unlock::{Applied, NEW_PIN, OFFICER, applicant, prove, refused_on_record, unlock_request};
use crate::world::{NOON, Options, Place, World};
use ca_service::audit::Actor;
use ca_service::crl::{self, Reason};
use ca_service::registry::devices;
use gm::PrivateKey;
use order_api::{
    Applicant, Base64, Grant, NextAction, OrderState, Problem, ProblemCode, Purpose, SESSION_SIGNATURE, Signed,
    UnlockAnswer, UnlockRoute,
};

/// A code that is not the right one.
fn other(code: &str) -> String {
    let first = if code.starts_with('3') { '4' } else { '3' };
    format!("{first}{}", &code[1..])
}

pub async fn five_wrong_codes_end_an_order_however_many_were_sent(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let applied = world.apply(&customer, &key).await;
    for left in (0..5).rev() {
        if left == 2 {
            world.pass(60);
            assert_eq!(world.call(&applied.created, "codes", "").await.status, 200);
            assert_eq!(world.read(&applied.created).await.unlock.unwrap().tries_left, 3, "a new code, no new tries");
        }
        let wrong = other(&world.code(applied.no()).await);
        let problem = world.try_begin(&applied, Some(&wrong)).await.problem();
        assert_eq!((problem.code, problem.left), (ProblemCode::CodeWrong, Some(left)));
    }
    let order = world.read(&applied.created).await;
    assert_eq!((order.state, order.next_actions.len()), (OrderState::Cancelled, 0));
    // the right one comes too late
    let code = world.code(applied.no()).await;
    refused_on_record(&world, applied.no(), ProblemCode::OrderState, world.try_begin(&applied, Some(&code))).await;
    refused_on_record(&world, applied.no(), ProblemCode::OrderState, world.call(&applied.created, "codes", "")).await;
    let records = world.records(applied.no()).await;
    let refusals = records.iter().filter(|(action, outcome, _)| action == "unlock.begin" && outcome == "refused");
    assert_eq!(refusals.count(), 6);
    assert!(records.iter().any(|(action, ..)| action == "order.cancelled"));
    // the owner just applies again
    let again = world.apply(&customer, &key).await;
    let code = world.code(again.no()).await;
    assert_eq!(world.try_begin(&again, Some(&code)).await.status, 200);
    world.audited().await;
    world.stop().await;
}

pub async fn a_code_is_good_for_its_order_its_time_and_once(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (one, two) = (world.customer("unit", 200).await, world.customer("unit", 200).await);
    let (mine, theirs) = (Key::of(&world, &one).await, Key::of(&world, &two).await);
    let (applied, foreign) = (world.apply(&one, &mine).await, world.apply(&two, &theirs).await);
    let no = applied.no();
    let (code, their_code) = (world.code(no).await, world.code(foreign.no()).await);
    assert_eq!(world.try_begin(&applied, Some(&their_code)).await.code(), ProblemCode::CodeWrong);
    // no proof, and what is none
    let problem = refused_on_record(&world, no, ProblemCode::InvalidRequest, world.try_begin(&applied, None)).await;
    assert_eq!(problem.field.as_deref(), Some("proof"));
    let mut request = world.begin_request(&applied, &[7; 8], (0, 10), None).await;
    request.proof = Some(Base64(code.as_bytes().to_vec()));
    let body = serde_json::to_vec(&request).unwrap();
    assert_eq!(world.send_begin(&applied, &body, &applied.client).await.code(), ProblemCode::CodeWrong);
    // an earlier code is void once a new one was sent, at the earliest after a minute
    let problem =
        refused_on_record(&world, no, ProblemCode::RateLimited, world.call(&applied.created, "codes", "")).await;
    assert_eq!(problem.retry_after, Some(60));
    world.pass(60);
    assert_eq!(world.call(&applied.created, "codes", "").await.status, 200);
    assert_eq!(world.try_begin(&applied, Some(&code)).await.code(), ProblemCode::CodeWrong);
    let code = world.code(no).await;
    // ten minutes to the second
    world.pass(600);
    refused_on_record(&world, no, ProblemCode::CodeExpired, world.try_begin(&applied, Some(&code))).await;
    world.pass(-1);
    assert_eq!(world.try_begin(&applied, Some(&code)).await.status, 200);
    // begun, nothing is sent any more
    refused_on_record(&world, no, ProblemCode::OrderState, world.call(&applied.created, "codes", "")).await;
    world.stop().await;
}

pub async fn a_begin_is_good_for_one_key_client_request_and_once(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    let applied = world.apply(&customer, &key).await;
    let no = applied.no();
    let code = world.code(no).await;
    let good = world.begin_request(&applied, &key.challenge(8), (0, 10), Some(&code)).await;
    let body = serde_json::to_vec(&good).unwrap();
    // another client, or none
    let stranger = PrivateKey::generate().unwrap();
    for signer in [&stranger, &customer.key] {
        let sent = world.send_begin(&applied, &body, signer);
        refused_on_record(&world, no, ProblemCode::SignatureInvalid, sent).await;
    }
    let (path, token) = (format!("/v1/orders/{no}/unlock"), bearer(&applied.created.token));
    for signature in ["", "!!", "AAAA"] {
        let headers = [token.as_header(), (SESSION_SIGNATURE, signature)];
        refused_on_record(&world, no, ProblemCode::SignatureInvalid, world.post(&path, &headers, body.clone())).await;
    }
    // without the token nobody even gets into the log
    let signature = session_signature(&applied.client, &body);
    for wrong in ["", "0", no] {
        let token = bearer(wrong);
        let headers = [token.as_header(), (SESSION_SIGNATURE, signature.as_str())];
        refused(&world, ProblemCode::OrderNotFound, world.post(&path, &headers, body.clone())).await;
    }
    // signed for something else
    let changes: [fn(&mut Signed); 4] = [
        |signed| signed.path.push('/'),
        |signed| signed.path = "/v1/orders/20261120-999999/unlock".to_owned(),
        |signed| signed.method = "PUT".to_owned(),
        |signed| signed.purpose = Purpose::UnlockFinish,
    ];
    for change in changes {
        let mut wrong = good.clone();
        change(&mut wrong.signed);
        prove(&mut wrong, &applied, Some(&code));
        let body = serde_json::to_vec(&wrong).unwrap();
        let sent = world.send_begin(&applied, &body, &applied.client);
        refused_on_record(&world, no, ProblemCode::SignatureInvalid, sent).await;
    }
    for off in [-301, 301, i64::MIN, i64::MAX] {
        let mut wrong = good.clone();
        wrong.signed.time = world.now().saturating_add(off);
        let body = serde_json::to_vec(&wrong).unwrap();
        let sent = world.send_begin(&applied, &body, &applied.client);
        refused_on_record(&world, no, ProblemCode::ClockSkew, sent).await;
    }
    // an unknown challenge of ours, one for another purpose, odd challenges of the key, another key
    let issue = world.challenge(Purpose::Issue).await;
    for nonce in ["00".repeat(32), issue, String::new(), "\0".to_owned()] {
        let mut wrong = good.clone();
        wrong.signed.nonce = nonce;
        prove(&mut wrong, &applied, Some(&code));
        let body = serde_json::to_vec(&wrong).unwrap();
        let sent = world.send_begin(&applied, &body, &applied.client);
        refused_on_record(&world, no, ProblemCode::ChallengeInvalid, sent).await;
    }
    for length in [0, 7, 17, 64] {
        let challenge = vec![1; length];
        let sent = world.try_begin_with(&applied, &challenge, (0, 10), Some(&code));
        let problem = refused_on_record(&world, no, ProblemCode::InvalidRequest, sent).await;
        assert_eq!(problem.field.as_deref(), Some("challenge"));
    }
    let mut wrong = good.clone();
    wrong.device_serial = Key::of(&world, &customer).await.serial;
    prove(&mut wrong, &applied, Some(&code));
    let sent = serde_json::to_vec(&wrong).unwrap();
    let sent = world.send_begin(&applied, &sent, &applied.client);
    refused_on_record(&world, no, ProblemCode::OrderOtherKey, sent).await;
    for junk in [&b"{}"[..], b"", b"null", b"\xFF"] {
        let sent = world.send_begin(&applied, junk, &applied.client);
        refused_on_record(&world, no, ProblemCode::InvalidRequest, sent).await;
    }
    // after all that no try is gone, and the good one still is
    assert_eq!(world.read(&applied.created).await.unlock.unwrap().tries_left, 5);
    let answer: UnlockAnswer = world.send_begin(&applied, &body, &applied.client).await.ok();
    // the same bytes again; the same with a new challenge of ours and the old signature
    let replayed = world.send_begin(&applied, &body, &applied.client);
    refused_on_record(&world, no, ProblemCode::ChallengeInvalid, replayed).await;
    let mut renewed = good.clone();
    renewed.signed.nonce = world.challenge(Purpose::Unlock).await;
    let headers = [token.as_header(), (SESSION_SIGNATURE, signature.as_str())];
    let renewed = world.post(&path, &headers, serde_json::to_vec(&renewed).unwrap());
    refused_on_record(&world, no, ProblemCode::SignatureInvalid, renewed).await;
    // the grant is for this client and this challenge
    assert!(Grant::open(&answer.grant.0, &stranger).is_err());
    let grant = Grant::open(&answer.grant.0, &applied.client).unwrap();
    key.challenge(8);
    assert_eq!(key.unblock(grant.response.expose()), 0x63C9, "another challenge");
    assert_eq!(key.tries(), (0, 9));
    world.stop().await;
}

pub async fn an_answer_the_key_did_not_take_is_not_repeated(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    // the books say it has another admin PIN than it has
    let serial = fresh_serial();
    devices::register(world.service(), &serial, customer.id, Actor::SERVICE).await.unwrap();
    let mut key = Key::made(&customer, &serial, "0000000000000000");
    let applied = world.apply(&customer, &key).await;
    let grant = world.grant(&applied, &mut key).await;
    assert_eq!(key.unblock(grant.response.expose()), 0x63C9);
    let refused_now = async |applied: &Applied, tries: u8, code: Option<&str>| {
        let answer = world.try_begin_with(applied, &[7; 8], (0, tries), code).await;
        assert_eq!(answer.code(), ProblemCode::KeyRefused);
        let records = world.records(applied.no()).await;
        let (action, outcome, detail) = records.last().unwrap();
        assert_eq!((action.as_str(), outcome.as_str()), ("unlock.begin", "refused"));
        assert!(detail.starts_with("key_refused"), "{detail}");
    };
    // one try less may be a power cut as well, three are none
    assert_eq!(world.try_begin_with(&applied, &[7; 8], (0, 8), None).await.status, 200);
    refused_now(&applied, 7, None).await;
    // nor by another order, after the first one no longer stands in its way, and not by the same one for few tries
    world.pass(31 * 60);
    let second = world.apply(&customer, &key).await;
    let code = world.code(second.no()).await;
    refused_now(&second, 7, Some(&code)).await;
    assert_eq!(world.read(&second.created).await.state, OrderState::Authorized);
    assert_eq!(world.read(&applied.created).await.state, OrderState::Issued, "nothing came in its place");
    refused_now(&second, 2, Some(&code)).await;
    assert_eq!(world.number("SELECT COUNT(*) FROM unlocks WHERE refused IS NOT NULL").await, 2, "an officer sees it");
    // the key got its admin PIN anew
    world.pass(60);
    devices::personalise_again(world.service(), &serial, OFFICER).await.unwrap();
    let answer = world.try_begin_with(&second, &[7; 8], (0, 9), Some(&code)).await;
    assert_eq!(answer.status, 200);
    world.stop().await;
}

pub async fn a_key_is_unlocked_by_one_order_at_a_time(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    let (first, second) = (world.apply(&customer, &key).await, world.apply(&customer, &key).await);
    let codes = (world.code(first.no()).await, world.code(second.no()).await);
    assert_eq!(world.try_begin(&first, Some(&codes.0)).await.status, 200);
    world.pass(599);
    let sent = world.try_begin(&second, Some(&codes.1));
    let problem = refused_on_record(&world, second.no(), ProblemCode::UnlockInProgress, sent).await;
    assert_eq!(problem.retry_after, Some(30 * 60 - 599));
    // a wrong code is told as such, so that this is no way to try codes
    let wrong = other(&codes.1);
    assert_eq!(world.try_begin(&second, Some(&wrong)).await.code(), ProblemCode::CodeWrong);
    // going on counts anew
    assert_eq!(world.try_begin(&first, None).await.status, 200);
    world.pass(60);
    assert_eq!(world.call(&second.created, "codes", "").await.status, 200);
    let code = world.code(second.no()).await;
    let problem = world.try_begin(&second, Some(&code)).await.problem();
    assert_eq!((problem.code, problem.retry_after), (ProblemCode::UnlockInProgress, Some(30 * 60 - 60)));
    world.pass(30 * 60 - 60);
    assert_eq!(world.call(&second.created, "codes", "").await.status, 200);
    world.set_pin(&second, &mut key).await;
    assert_eq!(world.read(&first.created).await.state, OrderState::Cancelled);
    let records = world.records(first.no()).await;
    assert_eq!(records.last().unwrap().0, "order.cancelled");
    refused_on_record(&world, first.no(), ProblemCode::OrderState, world.try_begin(&first, None)).await;
    assert_eq!(world.finish(&second, &customer, &mut key).await.state, OrderState::Installed);
    assert_eq!(key.tries(), (10, 10));
    world.stop().await;
}

pub async fn of_two_begins_at_once_one_begins_and_the_other_goes_on(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let (first, second) = (world.apply(&customer, &key).await, world.apply(&customer, &key).await);
    let codes = (world.code(first.no()).await, world.code(second.no()).await);
    // the same order
    let (one, two) = tokio::join!(
        world.try_begin_with(&first, &[1; 8], (0, 10), Some(&codes.0)),
        world.try_begin_with(&first, &[2; 8], (0, 10), Some(&codes.0))
    );
    let open = |answer: UnlockAnswer| Grant::open(&answer.grant.0, &first.client).unwrap();
    let (one, two) = (open(one.ok()), open(two.ok()));
    assert_eq!(one.transport_pin.expose(), two.transport_pin.expose());
    // the same bytes: one of the two
    let body = world.begin_request(&first, &[3; 8], (0, 10), None).await;
    let body = serde_json::to_vec(&body).unwrap();
    let (one, two) =
        tokio::join!(world.send_begin(&first, &body, &first.client), world.send_begin(&first, &body, &first.client));
    let mut status = [one.status, two.status];
    status.sort_unstable();
    assert_eq!(status, [200, ProblemCode::ChallengeInvalid.status()]);
    assert_eq!(world.number("SELECT COUNT(*) FROM evidence WHERE kind = 'unlock_begin'").await, 3);
    // two orders of one key
    let fresh = world.customer("unit", 200).await;
    let key = Key::of(&world, &fresh).await;
    let (third, fourth) = (world.apply(&fresh, &key).await, world.apply(&fresh, &key).await);
    let codes = (world.code(third.no()).await, world.code(fourth.no()).await);
    let (one, two) = tokio::join!(world.try_begin(&third, Some(&codes.0)), world.try_begin(&fourth, Some(&codes.1)));
    let mut status = [one.status, two.status];
    status.sort_unstable();
    assert_eq!(status, [200, ProblemCode::UnlockInProgress.status()]);
    // five wrong codes at once cost five tries, and no sixth is looked at
    let racing = world.customer("unit", 200).await;
    let key = Key::of(&world, &racing).await;
    let applied = world.apply(&racing, &key).await;
    let wrong = other(&world.code(applied.no()).await);
    let attempts = futures_of(&world, &applied, &wrong).await;
    let wrong = attempts.iter().filter(|problem| problem.code == ProblemCode::CodeWrong).count();
    let late = attempts.iter().filter(|problem| problem.code == ProblemCode::OrderState).count();
    assert_eq!((wrong, late), (5, 3));
    let _ = second;
    world.stop().await;
}

/// Eight attempts at once with a wrong code.
async fn futures_of(world: &World, applied: &Applied, wrong: &str) -> Vec<Problem> {
    let attempt = || world.try_begin(applied, Some(wrong));
    let (a, b, c, d, e, f, g, h) =
        tokio::join!(attempt(), attempt(), attempt(), attempt(), attempt(), attempt(), attempt(), attempt());
    [a, b, c, d, e, f, g, h].iter().map(crate::world::Answer::problem).collect()
}

pub async fn only_the_key_itself_reports_the_end(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (customer, stranger) = (world.customer("unit", 200).await, world.customer("unit", 200).await);
    let mut key = Key::of(&world, &customer).await;
    let applied = world.apply(&customer, &key).await;
    let no = applied.no();
    let early = world.try_finish(&applied, &customer);
    refused_on_record(&world, no, ProblemCode::OrderState, early).await;
    world.set_pin(&applied, &mut key).await;
    let request = world.finish_request(no, &applied.device).await;
    let body = serde_json::to_vec(&request).unwrap();
    // a locked key, or one without its PIN, signs nothing
    key.replug();
    assert!(key.sign(&customer.certificate, &body).is_none());
    assert_eq!(key.verify(NEW_PIN.as_bytes()), 0x9000);
    let p7 = key.sign(&customer.certificate, &body).unwrap();
    for wrong in ["", "!!", "AAAA"] {
        refused_on_record(&world, no, ProblemCode::SignatureInvalid, world.send_finish(no, &body, wrong)).await;
    }
    let path = format!("/v1/orders/{no}/unlock/finish");
    let none = world.post(&path, &[], body.clone());
    refused_on_record(&world, no, ProblemCode::SignatureInvalid, none).await;
    let mut changed = body.clone();
    changed.push(b' ');
    refused_on_record(&world, no, ProblemCode::SignatureInvalid, world.send_finish(no, &changed, &p7)).await;
    refused_on_record(&world, no, ProblemCode::OrderOtherKey, world.try_finish(&applied, &stranger)).await;
    // the client key is no certificate, and the encryption key does not sign
    let by_client = session_signature(&applied.client, &body);
    refused_on_record(&world, no, ProblemCode::SignatureInvalid, world.send_finish(no, &body, &by_client)).await;
    let p7_encryption = crate::world::sign_with(&customer.encryption, &customer.encryption_certificate, &body);
    refused_on_record(&world, no, ProblemCode::CertificateUnknown, world.send_finish(no, &body, &p7_encryption)).await;
    // about another device, signed for another request, with a challenge for another purpose
    let other = world.finish_request(no, &fresh_serial()).await;
    let other = serde_json::to_vec(&other).unwrap();
    let by = customer.sign(&other);
    let sent = world.send_finish(no, &other, &by);
    refused_on_record(&world, no, ProblemCode::OrderOtherKey, sent).await;
    let mut wrong = request.clone();
    wrong.signed.path = format!("/v1/orders/{no}/unlock");
    let wrong_body = serde_json::to_vec(&wrong).unwrap();
    let by = customer.sign(&wrong_body);
    let sent = world.send_finish(no, &wrong_body, &by);
    refused_on_record(&world, no, ProblemCode::SignatureInvalid, sent).await;
    let mut wrong = request.clone();
    wrong.signed.nonce = world.challenge(Purpose::Unlock).await;
    let wrong_body = serde_json::to_vec(&wrong).unwrap();
    let by = customer.sign(&wrong_body);
    let sent = world.send_finish(no, &wrong_body, &by);
    refused_on_record(&world, no, ProblemCode::ChallengeInvalid, sent).await;
    // for an order that is not there nobody writes into the log
    let nowhere = world.finish_request("20261120-999999", &applied.device).await;
    let nowhere = serde_json::to_vec(&nowhere).unwrap();
    let by = customer.sign(&nowhere);
    let sent = world.send_finish("20261120-999999", &nowhere, &by);
    refused(&world, ProblemCode::OrderNotFound, sent).await;
    assert_eq!(world.send_finish(no, &body, &p7).await.status, 200);
    refused_on_record(&world, no, ProblemCode::ChallengeInvalid, world.send_finish(no, &body, &p7)).await;
    world.audited().await;
    world.stop().await;
}

pub async fn a_revoked_certificate_ends_its_unlocks_at_every_stage(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    let mut key = Key::of(&world, &customer).await;
    let open = world.apply(&customer, &key).await;
    let reviewing = world.apply_as(&customer, &key.serial, UnlockRoute::Review, applicant()).await;
    let begun = world.apply(&customer, &key).await;
    world.set_pin(&begun, &mut key).await;
    let renewal = world.order(&customer).await;
    let code = world.code(open.no()).await;
    crl::revoke(world.service(), &customer.serial(), Reason::KeyCompromise, OFFICER, "lost").await.unwrap();
    for created in [&renewal, &open.created, &reviewing.created, &begun.created] {
        assert_eq!(world.read(created).await.state, OrderState::Cancelled);
        let records = world.records(&created.order.no).await;
        assert_eq!(records.last().unwrap().0, "order.cancelled");
    }
    let revoked = ProblemCode::CertificateRevoked;
    refused_on_record(&world, open.no(), revoked, world.try_begin(&open, Some(&code))).await;
    refused_on_record(&world, begun.no(), revoked, world.try_begin(&begun, None)).await;
    refused_on_record(&world, begun.no(), revoked, world.try_finish(&begun, &customer)).await;
    refused_on_record(&world, open.no(), ProblemCode::OrderState, world.call(&open.created, "codes", "")).await;
    let client = PrivateKey::generate().unwrap();
    let request = unlock_request(&customer, &key.serial, UnlockRoute::Sms, applicant(), &client);
    refused(&world, revoked, world.try_apply(&request, &client, &fresh_key())).await;
    world.audited().await;
    world.stop().await;
}

pub async fn an_application_is_signed_whole_and_read_by_a_person(place: Place) {
    let world = World::new(&place, Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let (client, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let mut request = unlock_request(&customer, &key.serial, UnlockRoute::Sms, applicant(), &client);
    let good = world.solved().await;
    request.captcha = Some(good.clone());
    refused(&world, ProblemCode::SignatureInvalid, world.try_apply(&request, &stranger, "key")).await;
    let unsigned = serde_json::to_vec(&request).unwrap();
    refused(&world, ProblemCode::SignatureInvalid, world.post("/v1/unlocks", &[], unsigned)).await;
    for junk in [&b"{}"[..], b"", b"null", b"[]", b"\xFF"] {
        refused(&world, ProblemCode::InvalidRequest, world.post("/v1/unlocks", &[], junk)).await;
    }
    for idempotency in ["", "a b", &"k".repeat(129)] {
        refused(&world, ProblemCode::InvalidRequest, world.try_apply(&request, &client, idempotency)).await;
    }
    for serial in ["", "123456789012345678901234567890123", "序列号", "a\u{7}"] {
        let mut wrong = request.clone();
        wrong.device_serial = serial.to_owned();
        let problem = refused(&world, ProblemCode::InvalidRequest, world.try_apply(&wrong, &client, "key")).await;
        assert_eq!(problem.field.as_deref(), Some("device_serial"));
    }
    let mut wrong = request.clone();
    wrong.applicant.mobile = "1".to_owned();
    let problem = refused(&world, ProblemCode::InvalidContact, world.try_apply(&wrong, &client, "key")).await;
    assert_eq!(problem.field.as_deref(), Some("mobile"));
    let mut wrong = request.clone();
    wrong.captcha = None;
    refused(&world, ProblemCode::CaptchaStale, world.try_apply(&wrong, &client, "key")).await;
    wrong.captcha = Some(world.solved().await);
    wrong.captcha.as_mut().unwrap().text = "XXXX".to_owned();
    refused(&world, ProblemCode::CaptchaWrong, world.try_apply(&wrong, &client, "key")).await;
    refused(&world, ProblemCode::CaptchaStale, world.try_apply(&wrong, &client, "key")).await;
    // after all these mistakes the picture is still good, once
    assert_eq!(world.try_apply(&request, &client, "key").await.status, 201);
    refused(&world, ProblemCode::CaptchaStale, world.try_apply(&request, &client, "other")).await;
    world.stop().await;
}

pub async fn floods_are_held_back_by_certificate_and_number(place: Place) {
    let mut options = Options::default();
    options.limits.unlocks_day = 3;
    options.limits.unlock_codes_day = 4;
    let world = World::new(&place, options).await;
    let (one, two) = (world.customer("unit", 200).await, world.customer("unit", 200).await);
    let (mine, theirs) = (Key::of(&world, &one).await, Key::of(&world, &two).await);
    let client = PrivateKey::generate().unwrap();
    let refused_now = async |request: &order_api::UnlockRequest| {
        refused(&world, ProblemCode::DailyLimit, world.try_apply(request, &client, &fresh_key())).await
    };
    for _ in 0..3 {
        world.apply(&one, &mine).await;
    }
    let request = unlock_request(&one, &mine.serial, UnlockRoute::Sms, applicant(), &client);
    assert_eq!(refused_now(&request).await.retry_after, Some(43_200));
    // by an officer's hand neither
    let request = unlock_request(&one, &mine.serial, UnlockRoute::Review, applicant(), &client);
    refused_now(&request).await;
    // another certificate, the same number: one more code, and no more
    let applied = world.apply(&two, &theirs).await;
    world.pass(60);
    let sent = world.call(&applied.created, "codes", "");
    refused_on_record(&world, applied.no(), ProblemCode::DailyLimit, sent).await;
    let request = unlock_request(&two, &theirs.serial, UnlockRoute::Sms, applicant(), &client);
    refused_now(&request).await;
    // what an officer sends is not counted, and the code sent before still works
    let who = Applicant { telephone: "010-1234".to_owned(), ..applicant() };
    assert_eq!(
        world.apply_as(&two, &theirs.serial, UnlockRoute::Review, who).await.created.order.next_actions,
        [NextAction::Wait]
    );
    let code = world.code(applied.no()).await;
    assert_eq!(world.try_begin(&applied, Some(&code)).await.status, 200);
    // the next day
    world.set_time(NOON + 43_200);
    world.apply(&one, &mine).await;
    // a log that repeats itself stops
    let last = world.apply(&one, &mine).await;
    for _ in 0..60 {
        assert_eq!(world.try_begin(&last, None).await.code(), ProblemCode::InvalidRequest);
    }
    assert_eq!(world.records(last.no()).await.len(), 1 + 50);
    world.audited().await;
    world.stop().await;
}
