//! The ways of an order from session to confirmation.

use crate::renewal::{bearer, csr, fresh_key};
use crate::world::{CAPTCHA, DAY, NOON, Options, Place, World, contact, serial};
use ca_service::audit::Actor;
use ca_service::crl::{self, Reason};
use ca_service::orders::steps;
use ca_service::registry::customers;
use gm::PrivateKey;
use order_api::{
    CaInfo, CodeCheck, IssueResponse, NextAction, Order, OrderCreated, OrderState, Payment, PaymentState, Period,
    ProblemCode,
};

const OFFICER: Actor<'static> = Actor { name: "officer", role: "operator" };

pub async fn a_renewal_replaces_the_pair_and_only_when_the_new_one_is_confirmed(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    let open = world.session(&customer).await;
    assert_eq!(open.session.holder.name, customer.name);
    assert_eq!(open.session.holder.entity, "JJDEMO0000X");
    assert_eq!(open.session.holder.certificate_serial, customer.serial());
    assert_eq!(open.session.old, customer.validity);
    assert_eq!(open.session.contact, contact("李雷"));
    let midnight = NOON - DAY / 2;
    assert_eq!(open.session.new, Period { from: midnight, until: customer.validity.until + 365 * DAY });

    let request = world.order_request(&open).await;
    let created: OrderCreated = world.try_order(&open, &request, &fresh_key()).await.ok();
    let order = &created.order;
    assert_eq!(order.no, "20261120-000001");
    assert_eq!((order.state, order.next_actions.as_slice()), (OrderState::Authorized, [NextAction::Issue].as_slice()));
    assert_eq!((order.mobile.as_str(), order.device_serial.as_str()), ("138****8000", "C0FFEE0000000001"));
    assert_eq!(order.expires, Some(NOON + 30 * DAY));
    let known = customers::get(&world.service().store, customer.id).await.unwrap();
    assert_eq!(known.contact, contact("韩梅梅"), "the contact of an authorized order is the registered one");

    let new = world.fetch(&customer, &order.no).await;
    let issued = world.read(&created).await;
    assert_eq!(issued.state, OrderState::Issued);
    assert_eq!(issued.issued, [new.serial(), serial(&new.encryption_certificate)]);
    assert_eq!(status(&world).await, ["pending", "pending", "valid", "valid"], "the old pair works until then");
    let certificate = certificate::Certificate::parse(&new.certificate).unwrap();
    assert_eq!(
        (certificate.validity.unwrap().not_before, certificate.validity.unwrap().not_after),
        (midnight, issued.new.until)
    );
    assert_eq!(certificate.owner.as_deref(), Some(customer.name.as_str()));

    let installed: Order = world.try_confirm(&new, &order.no).await.ok();
    assert_eq!((installed.state, installed.next_actions.len()), (OrderState::Installed, 0));
    assert_eq!(status(&world).await, ["superseded", "superseded", "valid", "valid"]);
    assert_eq!(world.try_session(&customer).await.0.code(), ProblemCode::CertificateSuperseded);
    assert_eq!(world.try_session(&new).await.0.code(), ProblemCode::TooEarly);
    world.audited().await;
    world.stop().await;
}

async fn status(world: &World) -> Vec<String> {
    let rows = sqlx::query("SELECT status FROM certificates ORDER BY status").fetch_all(world.service().store.pool());
    rows.await.unwrap().iter().map(|row| sqlx::Row::get(row, 0)).collect()
}

pub async fn the_same_csr_gets_the_same_package_and_confirming_twice_is_fine(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit", 20).await;
    let created = world.order(&customer).await;
    let no = &created.order.no;
    let key = PrivateKey::generate().unwrap();
    let request = csr(&customer, &key);
    let first: IssueResponse = world.try_issue(&customer, no, &request).await.ok();
    let again: IssueResponse = world.try_issue(&customer, no, &request).await.ok();
    assert_eq!(first.package, again.package);
    assert_eq!(world.service().kmc.count(no).await.unwrap(), 1);
    let new = crate::renewal::unpack(&customer, key, &first);
    let once: Order = world.try_confirm(&new, no).await.ok();
    let books = status(&world).await;
    let twice: Order = world.try_confirm(&new, no).await.ok();
    assert_eq!((once, books), (twice, status(&world).await));
    world.stop().await;
}

pub async fn the_same_idempotency_key_gets_the_same_order_even_after_the_session(place: Place) {
    let world = World::new(&place, Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit", 20).await;
    let open = world.session(&customer).await;
    assert!(open.session.captcha);
    let request = world.order_request(&open).await;
    let first: OrderCreated = world.try_order(&open, &request, "same").await.ok();
    let again: OrderCreated = world.try_order(&open, &request, "same").await.ok();
    assert_eq!(first, again);
    world.pass(3600);
    let again: OrderCreated = world.try_order(&open, &request, "same").await.ok();
    assert_eq!(first, again);
    assert_eq!(world.number("SELECT COUNT(*) FROM orders").await, 1);
    // and a later session of the same key gets order and token
    let handles = world.session(&customer).await.session.orders;
    assert_eq!(handles.len(), 1);
    assert_eq!((&handles[0].order, &handles[0].token), (&first.order, &first.token));
    world.stop().await;
}

pub async fn an_officer_decides_orders_of_a_product_with_review(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (one, two) = (world.customer("unit-review", 20).await, world.customer("unit-review", 20).await);
    let (approved, rejected) = (world.order(&one).await, world.order(&two).await);
    assert_eq!(approved.order.state, OrderState::Reviewing);
    assert_eq!(approved.order.next_actions, [NextAction::Wait]);
    assert_eq!(approved.order.expires, None);
    let known = customers::get(&world.service().store, one.id).await.unwrap();
    assert_eq!(known.contact, contact("李雷"), "not before an officer agrees");
    assert_eq!(world.try_issue(&one, &approved.order.no, &csr(&one, &one.key)).await.code(), ProblemCode::OrderState);

    let no = approved.order.no.as_str();
    steps::approve(world.service(), no, OFFICER).await.unwrap();
    assert_eq!(world.read(&approved).await.state, OrderState::Authorized);
    let twice = steps::approve(world.service(), no, OFFICER).await.unwrap_err();
    assert_eq!(twice.code(), Some(ProblemCode::OrderState));
    let late = steps::reject(world.service(), no, OFFICER, "too late").await.unwrap_err();
    assert_eq!(late.code(), Some(ProblemCode::OrderState));

    assert!(steps::reject(world.service(), &rejected.order.no, OFFICER, "  ").await.is_err());
    steps::reject(world.service(), &rejected.order.no, OFFICER, "材料不全").await.unwrap();
    let order = world.read(&rejected).await;
    assert_eq!((order.state, order.reason.as_deref()), (OrderState::Rejected, Some("材料不全")));
    // and may order again
    assert_eq!(world.order(&two).await.order.state, OrderState::Reviewing);
    let approvals = world.number("SELECT COUNT(*) FROM audit WHERE actor = 'officer'").await;
    assert_eq!(approvals, 2 + 1, "two decisions and a contact");
    world.audited().await;
    world.stop().await;
}

pub async fn an_order_of_a_product_with_a_price_waits_for_the_money(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit-paid", 20).await;
    let created = world.order(&customer).await;
    assert_eq!((created.order.state, created.order.fee_fen), (OrderState::Payment, 20_000));
    assert_eq!(created.order.expires, Some(NOON + DAY));
    let payment: Payment = world.call(&created, "payment", "").await.ok();
    assert_eq!((payment.amount_fen, payment.state), (20_000, PaymentState::Open));
    assert_eq!(world.call(&created, "payment", "{}").await.ok::<Payment>(), payment, "asked again, the same");
    let path = payment.url.strip_prefix(&world.base).unwrap();
    let page = world.get(path, &[]).await;
    let html = String::from_utf8(page.body).unwrap();
    assert!(html.contains("¥ 200.00") && html.contains(&created.order.no) && html.contains("<button"), "{html}");
    assert!(!html.contains("http:") && !html.contains("https:"), "nothing from elsewhere");
    let paid = world.post(path, &[], "").await;
    assert_eq!((paid.status, paid.header("location")), (303, path));
    assert_eq!(world.read(&created).await.state, OrderState::Authorized);
    assert!(!String::from_utf8(world.get(path, &[]).await.body).unwrap().contains("<button"));
    let records = world.audited().await;
    assert_eq!(world.post(path, &[], "").await.status, 303, "paid once however often the button is pressed");
    assert_eq!(world.audited().await, records);
    assert_eq!(world.call(&created, "payment", "").await.code(), ProblemCode::OrderState);
    assert_eq!(world.get("/pay/0123", &[]).await.code(), ProblemCode::NotFound);
    world.stop().await;
}

async fn code(world: &World) -> String {
    let message = world.text("SELECT body FROM outbox ORDER BY id DESC LIMIT 1").await;
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6);
    digits.unwrap().to_owned()
}

fn check(code: &str) -> String {
    serde_json::to_string(&CodeCheck { code: code.to_owned() }).unwrap()
}

fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

pub async fn a_code_by_sms_proves_the_mobile_number(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit-mobile", 20).await;
    let created = world.order(&customer).await;
    assert_eq!(created.order.state, OrderState::Submitted);
    assert_eq!(created.order.next_actions, [NextAction::VerifyMobile]);
    assert_eq!(world.call(&created, "codes/verify", &check("000000")).await.code(), ProblemCode::CodeExpired);
    let _: Order = world.call(&created, "codes", "{}").await.ok();
    assert_eq!(world.text("SELECT recipient FROM outbox").await, "13800138000");
    let sent = code(&world).await;
    assert!(!world.text("SELECT code FROM codes").await.contains(&sent), "only a keyed hash is kept");

    let soon = world.call(&created, "codes", "{}").await.problem();
    assert_eq!((soon.code, soon.retry_after), (ProblemCode::RateLimited, Some(60)));
    world.pass(59);
    assert_eq!(world.call(&created, "codes", "{}").await.problem().retry_after, Some(1));
    for left in [4, 3, 2, 1, 0] {
        let wrong = world.call(&created, "codes/verify", &check(&other(&sent))).await.problem();
        assert_eq!((wrong.code, wrong.left), (ProblemCode::CodeWrong, Some(left)));
    }
    let spent = world.call(&created, "codes/verify", &check(&sent)).await;
    assert_eq!(spent.code(), ProblemCode::CodeExpired, "the right one comes too late");

    world.pass(1);
    let _: Order = world.call(&created, "codes", "{}").await.ok();
    let second = code(&world).await;
    world.pass(600);
    assert_eq!(world.call(&created, "codes/verify", &check(&second)).await.code(), ProblemCode::CodeExpired);
    let _: Order = world.call(&created, "codes", "{}").await.ok();
    let third = code(&world).await;
    world.pass(599);
    let order: Order = world.call(&created, "codes/verify", &check(&third)).await.ok();
    assert_eq!(order.state, OrderState::Authorized);
    assert_eq!(world.call(&created, "codes/verify", &check(&third)).await.code(), ProblemCode::OrderState);
    assert_eq!(world.call(&created, "codes", "{}").await.code(), ProblemCode::OrderState);
    world.audited().await;
    world.stop().await;
}

pub async fn what_is_not_paid_fetched_or_confirmed_in_time_ends(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let unpaid = world.customer("unit-paid", 20).await;
    let unfetched = world.customer("unit", 60).await;
    let unconfirmed = world.customer("unit", 80).await;
    let (pay, fetch, confirm) =
        (world.order(&unpaid).await, world.order(&unfetched).await, world.order(&unconfirmed).await);
    let new = world.fetch(&unconfirmed, &confirm.order.no).await;
    let payment: Payment = world.call(&pay, "payment", "").await.ok();

    world.pass(DAY - 1);
    assert_eq!(world.read(&pay).await.state, OrderState::Payment);
    world.pass(1);
    let path = payment.url.strip_prefix(&world.base).unwrap();
    assert_eq!(world.post(path, &[], "").await.code(), ProblemCode::OrderState, "money comes too late");
    assert_eq!(world.read(&pay).await.state, OrderState::Expired);
    assert_eq!(world.order(&unpaid).await.order.state, OrderState::Payment, "and can be ordered again");

    world.set_time(NOON + 30 * DAY - 1);
    assert_eq!(world.read(&fetch).await.state, OrderState::Authorized);
    assert_eq!(world.read(&confirm).await.state, OrderState::Issued);
    world.pass(1);
    ca_service::http::round(world.service()).await.unwrap();
    assert_eq!(world.read(&fetch).await.state, OrderState::Expired);
    assert_eq!(world.read(&confirm).await.state, OrderState::Expired);
    assert_eq!(world.try_confirm(&new, &confirm.order.no).await.code(), ProblemCode::CertificateRevoked);
    assert_eq!(status(&world).await.iter().filter(|status| *status == "revoked").count(), 2);
    // the old certificate goes on working, and is renewed by another order
    let (_, newer) = world.renew(&unconfirmed).await;
    assert_ne!(newer.serial(), new.serial());
    world.audited().await;
    world.stop().await;
}

pub async fn revoking_either_pair_ends_the_order_between_them(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let revoke = async |serial: String| {
        crl::revoke(world.service(), &serial, Reason::KeyCompromise, OFFICER, "told to").await.unwrap();
    };
    // the old certificate, with a package out
    let one = world.customer("unit", 20).await;
    let created = world.order(&one).await;
    let new = world.fetch(&one, &created.order.no).await;
    revoke(one.serial()).await;
    let order = world.read(&created).await;
    assert_eq!((order.state, order.next_actions.len()), (OrderState::Cancelled, 0));
    assert_eq!(status(&world).await, ["revoked"; 4]);
    assert_eq!(world.try_confirm(&new, &created.order.no).await.code(), ProblemCode::CertificateRevoked);
    // the new one only, named by its encryption certificate: the old one goes on and can be renewed again
    let two = world.customer("unit", 20).await;
    let created = world.order(&two).await;
    let new = world.fetch(&two, &created.order.no).await;
    revoke(serial(&new.encryption_certificate)).await;
    assert_eq!(world.read(&created).await.state, OrderState::Cancelled);
    world.renew(&two).await;
    // before anything was issued
    let three = world.customer("unit-review", 20).await;
    let created = world.order(&three).await;
    revoke(three.serial()).await;
    assert_eq!(world.read(&created).await.state, OrderState::Cancelled);
    assert!(steps::approve(world.service(), &created.order.no, OFFICER).await.is_err());
    world.audited().await;
    world.stop().await;
}

pub async fn a_waiting_request_answers_when_the_order_changes(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit-review", 20).await;
    let created = world.order(&customer).await;
    let path = format!("/v1/orders/{}", created.order.no);
    let token = bearer(&created.token);
    let shown = world.get(&path, &[token.as_header()]).await;
    let tag = shown.header("etag").to_owned();
    let same = world.get(&path, &[token.as_header(), ("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, tag.as_str()));
    let waited = world.get(&format!("{path}?wait=1"), &[token.as_header(), ("if-none-match", &tag)]).await;
    assert_eq!(waited.status, 304, "nothing changed");

    let long = format!("{path}?wait=25");
    let headers = [token.as_header(), ("if-none-match", tag.as_str())];
    let (changed, ()) = tokio::join!(world.get(&long, &headers), async {
        somebody_waits(&world).await;
        steps::approve(world.service(), &created.order.no, OFFICER).await.unwrap();
    });
    assert_eq!(changed.ok::<Order>().state, OrderState::Authorized);

    // on another instance, which learns of it from the books
    let sibling = world.sibling().await;
    let tag = changed.header("etag").to_owned();
    let headers = [token.as_header(), ("if-none-match", tag.as_str())];
    let (changed, ()) = tokio::join!(sibling.get(&long, &headers), async {
        somebody_waits(&sibling).await;
        world.fetch(&customer, &created.order.no).await;
    });
    assert_eq!(changed.ok::<Order>().state, OrderState::Issued);
    // a stop does not wait for those who wait
    let tag = changed.header("etag").to_owned();
    let headers = [token.as_header(), ("if-none-match", tag.as_str())];
    let (ended, ()) = tokio::join!(sibling.get(&long, &headers), async {
        somebody_waits(&sibling).await;
        sibling.service().stop();
    });
    assert_eq!(ended.status, 304);
    sibling.stop().await;
    world.stop().await;
}

async fn somebody_waits(world: &World) {
    while world.service().waiting() == 0 {
        tokio::task::yield_now().await;
    }
}

pub async fn the_service_says_who_it_is_and_describes_itself(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let info: CaInfo = world.get("/v1/ca", &[]).await.ok();
    assert_eq!((info.time, info.chain.len()), (NOON, 2));
    for (file, der) in [("operation.cer", &info.chain[0].0), ("root.cer", &info.chain[1].0)] {
        let answer = world.get(&format!("/ca/{file}"), &[]).await;
        assert_eq!((answer.status, &answer.body), (200, der));
        assert_eq!(answer.header("content-type"), "application/pkix-cert");
    }
    let description: serde_json::Value = world.get("/openapi.json", &[]).await.ok();
    let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 15, "{paths:?}");
    let text = description.to_string();
    for name in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(description["components"]["schemas"][name].is_object(), "{name} is not described");
    }
    let page = world.get("/docs", &[]).await;
    let html = String::from_utf8(page.body.clone()).unwrap();
    for text in ["/v1/orders/{no}/issue", "captcha_stale", "IssueRequest", "x-session-signature"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("http:") && !html.contains("https:"), "nothing from elsewhere");
    for name in ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"] {
        page.header(name);
    }
    for path in [
        "/crl/%00.crl",
        "/pay/%00",
        "/pay/x",
        "/",
        "/v1",
        "/v1/orders",
        "/v2/ca",
        "/crl/other.crl",
        "/crl/operation",
        "/ca/operation.key",
        "/ca/x",
    ] {
        assert_eq!(world.get(path, &[]).await.code(), ProblemCode::NotFound, "{path}");
    }
    assert_eq!(world.send("DELETE", "/v1/ca", &[], Vec::new()).await.code(), ProblemCode::NotFound);
    let captcha: order_api::Captcha = world.post("/v1/captchas", &[], "").await.ok();
    assert!(image::load_from_memory(&captcha.image.0).is_ok());
    assert!(!world.text("SELECT answer FROM captchas").await.contains(CAPTCHA));
    world.stop().await;
}
