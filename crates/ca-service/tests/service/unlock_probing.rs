//! What somebody who does not fit the books can find out: nothing. And what the books, the messages and the log keep of the
//! secrets of an unlock: nothing.

use crate::keeping::Log;
use crate::key::{Key, fresh_serial};
use crate::renewal::{bearer, fresh_key};
use crate::unlock::{Applied, NEW_PIN, applicant, unlock_request};
use crate::world::{Answer, Customer, NOON, Options, Place, World};
use gm::PrivateKey;
use order_api::{Applicant, Base64, OrderState, UnlockRoute};
use serde_json::Value;

/// Somebody's application, and what is his own in the answers.
struct Variant {
    what: &'static str,
    fits: bool,
    customer: Customer,
    device: String,
    applicant: Applicant,
}

async fn variant(world: &World, what: &'static str, change: impl Fn(&mut Applicant)) -> Variant {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(10_000_000);
    let customer = world.customer("unit", 200).await;
    let key = Key::of(world, &customer).await;
    let mobile = format!("138{}", NEXT.fetch_add(1, Ordering::SeqCst));
    sqlx::query("UPDATE customers SET contact_mobile = $1 WHERE id = $2")
        .bind(&mobile)
        .bind(customer.id)
        .execute(world.service().store.pool())
        .await
        .unwrap();
    let mut who = Applicant { mobile, email: "li@example.com".to_owned(), ..applicant() };
    change(&mut who);
    Variant { what, fits: what == "fits", customer, device: key.serial, applicant: who }
}

/// An answer with what is random, or the applicant's own, taken out.
fn plain(answer: &Answer, variant: &Variant, applied: Option<&Applied>) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "etag", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    headers.push(format!("{} etag", answer.headers.get_all("etag").iter().count()));
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    blank(&mut body);
    let mobile = &variant.applicant.mobile;
    let mask = format!("{}****{}", &mobile[..3], &mobile[7..]);
    let mut text = format!("{} {headers:?} {body}", answer.status);
    let own = [&mask, &variant.device, &variant.customer.name, &variant.customer.serial()];
    for own in own.into_iter().cloned().chain(applied.map(|applied| applied.no().to_owned())) {
        text = text.replace(&own, "…");
    }
    text
}

/// Takes the values out that are made anew for every answer.
fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if ["instance", "token", "no"].contains(&name.as_str()) {
                    let length = value.as_str().unwrap().len();
                    *value = Value::from(length);
                }
                blank(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank),
        _ => {}
    }
}

/// Everything an applicant can do without a code.
async fn probe(world: &World, variant: &Variant) -> Vec<String> {
    world.set_time(NOON);
    let client = PrivateKey::generate().unwrap();
    let request =
        unlock_request(&variant.customer, &variant.device, UnlockRoute::Sms, variant.applicant.clone(), &client);
    let key = fresh_key();
    let first = world.try_apply(&request, &client, &key).await;
    let applied = Applied { created: first.ok(), client, device: variant.device.clone() };
    let path = format!("/v1/orders/{}", applied.no());
    let token = bearer(&applied.created.token);
    let mut seen = vec![plain(&first, variant, Some(&applied))];
    let mut see = |answer: Answer| seen.push(plain(&answer, variant, Some(&applied)));
    see(world.try_apply(&request, &applied.client, &key).await);
    see(world.get(&path, &[token.as_header()]).await);
    see(world.call(&applied.created, "codes", "").await);
    see(world.try_begin(&applied, None).await);
    see(world.try_begin(&applied, Some("00000000")).await);
    world.pass(60);
    see(world.call(&applied.created, "codes", "").await);
    world.pass(60);
    // one too many for this number
    see(world.call(&applied.created, "codes", "").await);
    see(world.try_apply(&request, &applied.client, &fresh_key()).await);
    see(world.get(&path, &[token.as_header()]).await);
    see(world.try_begin_with(&applied, &[7; 8], (0, 2), Some("00000001")).await);
    world.pass(600);
    see(world.try_begin(&applied, Some("00000002")).await);
    world.set_time(NOON + 400);
    for _ in 0..4 {
        see(world.try_begin(&applied, Some("00000003")).await);
    }
    see(world.get(&path, &[token.as_header()]).await);
    see(world.call(&applied.created, "codes", "").await);
    see(world.call(&applied.created, "payment", "").await);
    see(world.try_finish(&applied, &variant.customer).await);
    let sent = world.told(applied.no()).await.len();
    assert_eq!(sent, if variant.fits { 2 } else { 0 }, "{}: messages", variant.what);
    seen
}

pub async fn who_does_not_fit_the_books_sees_what_everybody_sees(place: Place) {
    let mut options = Options::default();
    options.limits.unlock_codes_day = 2;
    let world = World::new(&place, options).await;
    let owner = variant(&world, "fits", |_| ()).await;
    let expected = probe(&world, &owner).await;
    assert!(expected[0].starts_with("201") && expected[7].contains("daily_limit"), "{expected:#?}");
    let mut others = vec![
        variant(&world, "another name", |who| who.name = "韩梅梅".to_owned()).await,
        variant(&world, "another number", |who| who.mobile = who.mobile.replacen("138", "139", 1)).await,
        variant(&world, "another address", |who| who.email = "han@example.com".to_owned()).await,
    ];
    let mut unknown = variant(&world, "a device nobody knows", |_| ()).await;
    unknown.device = fresh_serial();
    others.push(unknown);
    let mut theirs = variant(&world, "somebody else's device", |_| ()).await;
    theirs.device.clone_from(&owner.device);
    others.push(theirs);
    let mut nobody = variant(&world, "nobody is registered", |_| ()).await;
    sqlx::query("UPDATE customers SET contact_name = '', contact_mobile = '', contact_email = '' WHERE id = $1")
        .bind(nobody.customer.id)
        .execute(world.service().store.pool())
        .await
        .unwrap();
    nobody.applicant.email.clear();
    others.push(nobody);
    for other in &others {
        let seen = probe(&world, other).await;
        assert_eq!(seen.len(), expected.len());
        for (seen, expected) in seen.iter().zip(&expected) {
            assert_eq!(seen, expected, "{}", other.what);
        }
    }
    // not even the code that the service makes for such an order is right: it never counts
    let nobody = others.last().unwrap();
    world.set_time(NOON + 86_400);
    let applied = world.apply_as(&nobody.customer, &nobody.device, UnlockRoute::Sms, nobody.applicant.clone()).await;
    assert!(world.found_code(applied.no()).await.is_none());
    // when the owner's key is unlocked, an order that does not fit ends as one would whose device is made up
    let mut key = Key::of(&world, &owner.customer).await;
    let (mut with_device, mut without) = (owner.applicant.clone(), owner.applicant.clone());
    with_device.name = "韩梅梅".to_owned();
    without.name = "韩梅梅".to_owned();
    world.execute("DELETE FROM uses").await;
    with_device.mobile = "13700137000".to_owned();
    without.mobile = "13700137001".to_owned();
    let decoys = [
        world.apply_as(&owner.customer, &key.serial, UnlockRoute::Sms, with_device.clone()).await,
        world.apply_as(&owner.customer, &fresh_serial(), UnlockRoute::Sms, without.clone()).await,
    ];
    let strangers = [
        world.apply_as(&nobody.customer, &key.serial, UnlockRoute::Sms, with_device).await,
        world.apply_as(&nobody.customer, &fresh_serial(), UnlockRoute::Sms, without).await,
    ];
    let applied = world.apply_as(&owner.customer, &key.serial, UnlockRoute::Sms, owner.applicant.clone()).await;
    world.set_pin(&applied, &mut key).await;
    world.finish(&applied, &owner.customer, &mut key).await;
    for decoy in &decoys {
        assert_eq!(world.read(&decoy.created).await.state, OrderState::Cancelled);
    }
    for stranger in &strangers {
        assert_eq!(world.read(&stranger.created).await.state, OrderState::Authorized);
    }
    world.audited().await;
    world.stop().await;
}

/// A secret in the forms in which it might be written down.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    // within a longer text base64 begins at any of three places; its first and last characters depend on the neighbours
    for before in 0..3 {
        let text = Base64::text(&[&vec![0; before], secret].concat());
        let whole = (before + secret.len()) / 3 * 4;
        forms.push(text.as_bytes()[(before * 8).div_ceil(6)..whole].to_vec());
    }
    forms
}

/// Which of the secrets lie in the haystack.
fn found(haystack: &[u8], secrets: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
    let lies = |needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
    secrets.iter().filter(|(_, secret)| forms(secret).iter().any(|form| lies(form))).map(|(what, _)| *what).collect()
}

/// Everything the service has written: its files, its tables, its log.
async fn written(world: &World, place: &Place, log: &Log) -> Vec<u8> {
    let mut all = world.books().await.join("\n").into_bytes();
    let file = place.books.strip_prefix("sqlite:").unwrap().split('?').next().unwrap();
    for entry in std::fs::read_dir(std::path::Path::new(file).parent().unwrap()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    all.extend(log.0.lock().unwrap().iter());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_pin_is_kept_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // another test of this process may have been first
    let _ = tracing::subscriber::set_global_default(subscriber);
    let place = Place::sqlite();
    let world = World::new(&place, Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    let applied = world.apply(&customer, &key).await;
    let code = world.code(applied.no()).await;
    assert!(world.try_begin(&applied, Some("00000000")).await.status >= 400);
    let grant = world.grant(&applied, &mut key).await;
    assert_eq!(key.unblock(grant.response.expose()), 0x9000);
    key.change(grant.transport_pin.expose(), NEW_PIN.as_bytes());
    world.finish(&applied, &customer, &mut key).await;
    // what only the messages to people may hold
    world.execute("DELETE FROM outbox").await;
    let secrets = [
        ("transport PIN", grant.transport_pin.expose().to_vec()),
        ("admin PIN", key.admin_pin.clone().into_bytes()),
        ("new PIN", NEW_PIN.as_bytes().to_vec()),
    ];
    let all = written(&world, &place, &log).await;
    assert_eq!(found(&all, &secrets), [""; 0]);
    let tables = world.books().await.join("\n");
    assert_eq!(found(tables.as_bytes(), &[("code", code.clone().into_bytes())]), [""; 0]);
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("code_wrong"), "there is a log");
    for (what, secret) in [("code", code.as_str()), ("token", &applied.created.token), ("name", "李雷")] {
        assert!(!logged.contains(secret), "the log holds the {what}");
    }
    // the search finds what is there, in each form
    for (number, (what, secret)) in secrets.iter().enumerate() {
        for form in forms(secret) {
            let haystack = [b"x".repeat(number + 1), form, b"y".to_vec()].concat();
            assert_eq!(found(&haystack, &secrets), [*what]);
        }
        for before in 0..4 {
            let haystack = Base64::text(&[&b"z".repeat(before), secret.as_slice(), b"end"].concat());
            assert_eq!(found(haystack.as_bytes(), &secrets), [*what], "{before}");
        }
    }
    sqlx::query("UPDATE orders SET reason = $1")
        .bind(Base64::text(&secrets[0].1))
        .execute(world.service().store.pool())
        .await
        .unwrap();
    assert_eq!(found(&written(&world, &place, &log).await, &secrets), [secrets[0].0]);
    world.stop().await;
}
