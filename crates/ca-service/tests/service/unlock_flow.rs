//! The ways of an unlock from application to report, on a key.

use crate::key::{Key, fresh_serial};
use crate::renewal::fresh_key;
use crate::unlock::{Applied, NEW_PIN, OFFICER, applicant, unlock_request};
use crate::world::{DAY, NOON, Options, Place, World, contact};
use ca_service::ServiceError;
use ca_service::audit::Actor;
use ca_service::crl::{self, Reason};
use ca_service::orders::steps;
use ca_service::orders::unlock::SentTo;
use ca_service::orders::unlock::review::{self, Approval, By};
use ca_service::registry::{customers, devices};
use gm::PrivateKey;
use order_api::{Applicant, CaInfo, NextAction, Order, OrderCreated, OrderKind, OrderState, ProblemCode, UnlockRoute};

fn approval(to: SentTo, by: By) -> Approval<'static> {
    Approval { to, by, note: "called the registered number, knew the code word" }
}

fn words(result: Result<(), ServiceError>) -> String {
    match result {
        Err(ServiceError::Unacceptable(words)) => words,
        other => panic!("{other:?}"),
    }
}

pub async fn a_code_by_sms_unlocks_the_key_and_the_owner_is_told(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    assert_eq!(key.tries(), (0, 10));
    let applied = world.apply(&customer, &key).await;
    let order = &applied.created.order;
    assert_eq!((order.kind, order.state), (OrderKind::Unlock, OrderState::Authorized));
    assert_eq!(order.next_actions, [NextAction::Unlock, NextAction::ResendCode]);
    assert_eq!((order.holder.as_str(), order.certificate_serial.clone()), (customer.name.as_str(), customer.serial()));
    assert_eq!((order.device_serial.as_str(), order.mobile.as_str()), (key.serial.as_str(), "138****8000"));
    assert_eq!((order.old, order.new, order.fee_fen), (customer.validity, customer.validity, 0));
    assert_eq!(order.expires, Some(NOON + DAY));
    let unlock = order.unlock.as_ref().unwrap();
    assert_eq!((unlock.route, unlock.sent_to.as_slice()), (UnlockRoute::Sms, ["138****8000".to_owned()].as_slice()));
    assert_eq!(
        (unlock.code_sent, unlock.resend_from, unlock.code_expires),
        (Some(NOON), Some(NOON + 60), Some(NOON + 600))
    );
    assert_eq!(unlock.tries_left, 5);
    let code = world.code(applied.no()).await;
    assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");

    let grant = world.grant(&applied, &mut key).await;
    let pin = grant.transport_pin.expose();
    assert_eq!(pin.len(), 12);
    assert!(pin.iter().any(u8::is_ascii_digit) && pin.iter().any(u8::is_ascii_uppercase));
    let begun = world.read(&applied.created).await;
    assert_eq!((begun.state, begun.expires), (OrderState::Issued, Some(NOON + 7 * DAY)));
    assert_eq!(begun.next_actions, [NextAction::Unlock, NextAction::FinishUnlock]);
    assert_eq!(key.unblock(grant.response.expose()), 0x9000);
    assert_eq!(key.tries(), (10, 10), "no try of the admin PIN was spent");
    key.change(pin, NEW_PIN.as_bytes());
    let done = world.finish(&applied, &customer, &mut key).await;
    assert_eq!((done.state, done.next_actions.len(), done.expires), (OrderState::Installed, 0, None));
    let told = world.told(applied.no()).await;
    let done = |recipient: &str| ("unlock_done".to_owned(), recipient.to_owned());
    assert_eq!(told[1..], [done("13800138000"), done("li@example.com")]);
    // said again: the same answer, and nobody is told twice
    let again: Order = world.try_finish(&applied, &customer).await.ok();
    assert_eq!(again, world.read(&applied.created).await);
    assert_eq!(world.told(applied.no()).await, told);
    let records = world.records(applied.no()).await;
    let actions: Vec<&str> = records.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["unlock.request", "unlock.begin", "unlock.finish"]);
    assert!(records[0].2.contains("device yes, name yes, mobile yes, e-mail yes"), "{}", records[0].2);
    world.audited().await;
    world.stop().await;
}

pub async fn a_cut_after_any_step_is_made_good_by_the_same_client_key(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    let applied = world.apply(&customer, &key).await;
    let first = world.grant(&applied, &mut key).await;
    // the answer was lost, the key was out
    key.replug();
    let challenge = key.challenge(16);
    let answer = world.try_begin_with(&applied, &challenge, key.tries(), None).await;
    let second = opened(&applied, &answer);
    assert_eq!(first.transport_pin.expose(), second.transport_pin.expose());
    assert_ne!(first.response.expose(), second.response.expose());
    assert_eq!(key.unblock(second.response.expose()), 0x9000);
    // cut before the PIN was changed: six days later, and with the proof of the old code, which no longer matters
    key.replug();
    world.pass(7 * DAY - 1);
    let code = world.code(applied.no()).await;
    let challenge = key.challenge(8);
    let third = opened(&applied, &world.try_begin_with(&applied, &challenge, key.tries(), Some(&code)).await);
    assert_eq!(key.unblock(third.response.expose()), 0x9000);
    key.change(third.transport_pin.expose(), NEW_PIN.as_bytes());
    assert_eq!(world.finish(&applied, &customer, &mut key).await.state, OrderState::Installed);
    // another order has another transport PIN
    let applied = world.apply(&customer, &key).await;
    assert_ne!(world.grant(&applied, &mut key).await.transport_pin.expose(), first.transport_pin.expose());
    world.pass(7 * DAY);
    assert_eq!(world.try_begin(&applied, None).await.code(), ProblemCode::OrderState);
    assert_eq!(world.read(&applied.created).await.state, OrderState::Expired);
    world.stop().await;
}

fn opened(applied: &Applied, answer: &crate::world::Answer) -> order_api::Grant {
    let answer: order_api::UnlockAnswer = answer.ok();
    order_api::Grant::open(&answer.grant.0, &applied.client).unwrap()
}

pub async fn an_officer_looks_at_an_application_and_sends_a_code(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (service, customer) = (world.service(), world.customer("unit", 200).await);
    let mut key = Key::of(&world, &customer).await;
    let who = Applicant { telephone: "010-12345678".to_owned(), email: "LI@example.com".to_owned(), ..applicant() };
    let applied = world.apply_as(&customer, &key.serial, UnlockRoute::Review, who).await;
    let (no, order) = (applied.no(), &applied.created.order);
    assert_eq!((order.state, order.expires), (OrderState::Reviewing, Some(NOON + 7 * DAY)));
    assert_eq!(order.next_actions, [NextAction::Wait]);
    let unlock = order.unlock.as_ref().unwrap();
    assert_eq!((unlock.sent_to.len(), unlock.code_sent, unlock.code_expires), (0, None, None));
    assert!(world.told(no).await.is_empty());
    assert_eq!(world.call(&applied.created, "codes", "").await.code(), ProblemCode::OrderState);
    assert_eq!(world.try_begin(&applied, Some("00000000")).await.code(), ProblemCode::OrderState);
    let shown = review::shown(service, no).await.unwrap();
    assert!(shown.fits.device && shown.fits.name && shown.fits.mobile && shown.fits.email);
    assert_eq!(shown.details.telephone, "010-12345678");
    assert_eq!(shown.registered, contact("李雷"));
    assert_eq!(shown.device.unwrap().serial, key.serial);
    // the buttons of a renewal are not for it
    assert_eq!(steps::approve(service, no, OFFICER).await.unwrap_err().code(), Some(ProblemCode::OrderState));
    assert_eq!(steps::reject(service, no, OFFICER, "no").await.unwrap_err().code(), Some(ProblemCode::OrderState));
    for note in ["", "  ", &"n".repeat(501)] {
        let result =
            review::approve(service, no, OFFICER, &Approval { to: SentTo::Registered, by: By::Sms, note }).await;
        assert!(words(result).contains("note"));
    }
    review::approve(service, no, OFFICER, &approval(SentTo::Registered, By::Both)).await.unwrap();
    let order = world.read(&applied.created).await;
    assert_eq!((order.state, order.expires), (OrderState::Authorized, Some(NOON + 3 * DAY)));
    let unlock = order.unlock.unwrap();
    assert_eq!(unlock.sent_to, ["138****8000", "l***@example.com"]);
    assert_eq!(unlock.code_expires, Some(NOON + DAY));
    let code = world.code(no).await;
    assert!(code.bytes().all(|byte| b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(&byte)), "{code}");
    assert!(world.text("SELECT body FROM outbox WHERE channel = 'sms'").await.contains(&code), "the same both ways");
    let told = world.told(no).await;
    assert_eq!(told.iter().map(|(template, _)| template.as_str()).collect::<Vec<_>>(), ["unlock_authorization"; 2]);
    // too late for this code, not for the order
    world.pass(DAY);
    assert_eq!(world.try_begin(&applied, Some(&code)).await.code(), ProblemCode::CodeExpired);
    let order: Order = world.call(&applied.created, "codes", "").await.ok();
    assert_eq!(order.unlock.unwrap().sent_to, ["138****8000", "l***@example.com"]);
    assert_ne!(world.code(no).await, code);
    // as people type it
    let typed = world.code(no).await.to_lowercase();
    let typed = format!(" {}-{} ", &typed[..4], &typed[4..]);
    let challenge = key.challenge(8);
    let grant = opened(&applied, &world.try_begin_with(&applied, &challenge, key.tries(), Some(&typed)).await);
    assert_eq!(key.unblock(grant.response.expose()), 0x9000);
    key.change(grant.transport_pin.expose(), NEW_PIN.as_bytes());
    assert_eq!(world.finish(&applied, &customer, &mut key).await.state, OrderState::Installed);
    assert_eq!(key.tries(), (10, 10));
    let records = world.records(no).await;
    let done: Vec<&str> =
        records.iter().filter(|(_, outcome, _)| outcome == "done").map(|(action, ..)| action.as_str()).collect();
    assert_eq!(done, ["unlock.request", "unlock.approve", "unlock.code", "unlock.begin", "unlock.finish"]);
    world.stop().await;
}

pub async fn an_officer_may_send_the_code_to_a_new_number_and_the_old_one_hears_of_it(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (service, customer) = (world.service(), world.customer("unit", 200).await);
    let mut key = Key::of(&world, &customer).await;
    let new = Applicant {
        name: "韩梅梅".to_owned(),
        telephone: "010-12345678".to_owned(),
        mobile: "13900139000".to_owned(),
        email: String::new(),
    };
    let applied = world.apply_as(&customer, &key.serial, UnlockRoute::Review, new).await;
    let no = applied.no();
    let fits = review::shown(service, no).await.unwrap().fits;
    assert_eq!((fits.device, fits.name, fits.mobile, fits.email), (true, false, false, true));
    assert!(
        words(review::approve(service, no, OFFICER, &approval(SentTo::Applicant, By::Mail)).await).contains("e-mail")
    );
    review::approve(service, no, OFFICER, &approval(SentTo::Applicant, By::Sms)).await.unwrap();
    world.set_pin(&applied, &mut key).await;
    world.finish(&applied, &customer, &mut key).await;
    let told = |template: &str, recipient: &str| (template.to_owned(), recipient.to_owned());
    let expected = [
        told("unlock_authorization", "13900139000"),
        told("unlock_done", "13800138000"),
        told("unlock_done", "13900139000"),
        told("unlock_done", "li@example.com"),
    ];
    assert_eq!(world.told(no).await, expected);
    let known = customers::get(&service.store, customer.id).await.unwrap();
    assert_eq!(known.contact, contact("李雷"), "the registered contact stays");
    let records = world.records(no).await;
    assert_eq!(records[1].0, "unlock.approve_applicant");
    assert!(records[1].2.contains("code word"));
    world.stop().await;
}

pub async fn an_officer_says_no_or_can_not_say_yes(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (service, customer) = (world.service(), world.customer("unit", 200).await);
    let who = || Applicant { email: "new@example.com".to_owned(), ..applicant() };
    let serial = fresh_serial();
    let applied = world.apply_as(&customer, &serial, UnlockRoute::Review, who()).await;
    let no = applied.no();
    // nobody knows the device; then it is somebody else's
    let yes = approval(SentTo::Registered, By::Sms);
    assert!(words(review::approve(service, no, OFFICER, &yes).await).contains("device"));
    let other = world.customer("unit", 200).await;
    devices::register(service, &serial, other.id, Actor::SERVICE).await.unwrap();
    assert!(words(review::approve(service, no, OFFICER, &yes).await).contains("device"));
    assert!(review::shown(service, no).await.unwrap().device.is_none());
    assert!(words(review::reject(service, no, OFFICER, " ").await).contains("reason"));
    review::reject(service, no, OFFICER, "the name is another").await.unwrap();
    let order = world.read(&applied.created).await;
    assert_eq!((order.state, order.reason.as_deref()), (OrderState::Rejected, Some("the name is another")));
    let told = |recipient: &str| ("unlock_rejected".to_owned(), recipient.to_owned());
    assert_eq!(world.told(no).await, [told("13800138000"), told("new@example.com")]);
    for _ in 0..2 {
        let again = review::approve(service, no, OFFICER, &yes).await.unwrap_err();
        assert_eq!(again.code(), Some(ProblemCode::OrderState));
        let again = review::reject(service, no, OFFICER, "again").await.unwrap_err();
        assert_eq!(again.code(), Some(ProblemCode::OrderState));
    }
    let unknown = review::shown(service, "20261120-999999").await.unwrap_err();
    assert_eq!(unknown.code(), Some(ProblemCode::OrderNotFound));
    // nobody looked at it for a week
    let applied = world.apply_as(&customer, &serial, UnlockRoute::Review, who()).await;
    world.pass(7 * DAY);
    let late = review::approve(service, applied.no(), OFFICER, &yes).await.unwrap_err();
    assert_eq!(late.code(), Some(ProblemCode::OrderState));
    assert_eq!(world.read(&applied.created).await.state, OrderState::Expired);
    world.stop().await;
}

pub async fn an_application_is_taken_once_for_each_idempotency_key(place: Place) {
    let world = World::new(&place, Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let client = PrivateKey::generate().unwrap();
    let mut request = unlock_request(&customer, &key.serial, UnlockRoute::Sms, applicant(), &client);
    request.captcha = Some(world.solved().await);
    let first: OrderCreated = world.try_apply(&request, &client, "key").await.ok();
    let again: OrderCreated = world.try_apply(&request, &client, "key").await.ok();
    assert_eq!(first, again, "the picture that was used does not matter");
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 1);
    request.applicant.name = "李".to_owned();
    assert_eq!(world.try_apply(&request, &client, "key").await.code(), ProblemCode::IdempotencyConflict);
    // at the same time
    request.captcha = Some(world.solved().await);
    let (one, two) =
        tokio::join!(world.try_apply(&request, &client, "other"), world.try_apply(&request, &client, "other"));
    assert_eq!(one.ok::<OrderCreated>(), two.ok::<OrderCreated>());
    assert_eq!(world.number("SELECT COUNT(*) FROM orders").await, 2);
    world.stop().await;
}

pub async fn renewals_and_unlocks_do_not_stand_in_each_others_way(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    let mut key = Key::of(&world, &customer).await;
    let (first, second) = (world.apply(&customer, &key).await, world.apply(&customer, &key).await);
    let open = world.session(&customer).await;
    assert!(open.session.orders.is_empty(), "a session hands out renewals only");
    let renewal = world.order(&customer).await;
    assert_eq!(world.session(&customer).await.session.orders.len(), 1);
    let third = world.apply(&customer, &key).await;
    // the steps of one are not for the other
    for what in ["codes/verify", "payment"] {
        let answer = world.call(&first.created, what, "{\"code\":\"000000\"}").await;
        assert_eq!(answer.code(), ProblemCode::OrderState, "{what}");
    }
    let csr = crate::renewal::csr(&customer, &PrivateKey::generate().unwrap());
    assert_eq!(world.try_issue(&customer, first.no(), &csr).await.code(), ProblemCode::OrderState);
    assert_eq!(world.try_confirm(&customer, first.no()).await.code(), ProblemCode::OrderState);
    let as_unlock = Applied { created: renewal, client: PrivateKey::generate().unwrap(), device: key.serial.clone() };
    assert_eq!(world.try_begin(&as_unlock, Some("00000000")).await.code(), ProblemCode::OrderState);
    assert_eq!(world.try_finish(&as_unlock, &customer).await.code(), ProblemCode::OrderState);
    // the one that is used ends the other unlocks, and no renewal
    world.set_pin(&second, &mut key).await;
    world.finish(&second, &customer, &mut key).await;
    for other in [&first, &third] {
        assert_eq!(world.read(&other.created).await.state, OrderState::Cancelled);
    }
    let new = world.fetch(&customer, as_unlock.no()).await;
    assert_eq!(world.try_confirm(&new, as_unlock.no()).await.status, 200);
    // and the contact of a renewal is not what an applicant says
    let known = customers::get(&world.service().store, customer.id).await.unwrap();
    assert_eq!(known.contact, contact("韩梅梅"));
    assert_eq!(world.get("/v1/ca", &[]).await.ok::<CaInfo>().kinds, [OrderKind::Renew, OrderKind::Unlock]);
    world.stop().await;
}

pub async fn which_certificates_may_be_unlocked_is_no_secret(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let expired = world.customer("unit", -400).await;
    let key = Key::of(&world, &expired).await;
    assert_eq!(world.apply(&expired, &key).await.created.order.old, expired.validity);
    let client = PrivateKey::generate().unwrap();
    let code = async |certificate: &[u8]| {
        let mut request = unlock_request(&expired, "C0DE", UnlockRoute::Sms, applicant(), &client);
        request.certificate.0 = certificate.to_vec();
        let before = world.books().await;
        let code = world.try_apply(&request, &client, &fresh_key()).await.code();
        assert_eq!(before, world.books().await);
        code
    };
    let mut changed = expired.certificate.clone();
    *changed.last_mut().unwrap() ^= 1;
    for wrong in [&[][..], b"certificate", &changed, &expired.encryption_certificate, world.service().authority.root()]
    {
        assert_eq!(code(wrong).await, ProblemCode::CertificateUnknown);
    }
    let old = world.customer("unit", 20).await;
    world.renew(&old).await;
    assert_eq!(code(&old.certificate).await, ProblemCode::CertificateSuperseded);
    crl::revoke(world.service(), &expired.serial(), Reason::KeyCompromise, OFFICER, "lost").await.unwrap();
    assert_eq!(code(&expired.certificate).await, ProblemCode::CertificateRevoked);
    world.stop().await;
}

pub async fn a_device_has_one_owner_and_keeps_its_master(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (one, two) = (world.customer("unit", 20).await, world.customer("unit", 20).await);
    let service = world.service();
    let serial = fresh_serial();
    let register = async |serial: &str, customer| devices::register(service, serial, customer, Actor::SERVICE).await;
    assert_eq!(register(&serial, one.id).await.unwrap(), 1);
    assert_eq!(register(&serial, one.id).await.unwrap(), 1);
    for (serial, customer) in [(serial.as_str(), two.id), ("", one.id), ("序列号", one.id), ("A1", 999_999)] {
        assert!(matches!(register(serial, customer).await, Err(ServiceError::Unacceptable(_))), "{serial}");
    }
    let pin = async |serial: &str| devices::admin_pin(service, serial, Actor::SERVICE).await;
    assert_eq!(pin(&serial).await.unwrap().expose(), pin(&serial).await.unwrap().expose());
    assert!(matches!(pin("A1").await, Err(ServiceError::Unacceptable(_))));
    assert!(devices::personalise_again(service, "A1", Actor::SERVICE).await.is_err());
    assert_eq!(devices::personalise_again(service, &serial, Actor::SERVICE).await.unwrap(), 1);
    let log = world.number("SELECT COUNT(*) FROM audit WHERE action LIKE 'device.%'").await;
    assert_eq!(log, 4, "registered once, asked for twice, personalised once");
    world.stop().await;
}
