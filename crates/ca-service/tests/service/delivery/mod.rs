//! Messages on their way: real SMTP and HTTP servers of the test, and gateways that do what a case needs.

pub mod mail;
pub mod program;
pub mod sms;
pub mod worker;

use crate::world::World;
use ca_service::ServiceError;
use ca_service::delivery::{Gateways, MailGateway, SmsGateway, round};
use ca_service::outbox::{Channel, Message, put};
use sqlx::Row;
use std::sync::Arc;

pub const CODE: &str = "NDK4MDG4";
pub const MOBILE: &str = "13800138000";
pub const MAIL: &str = "li@example.com";
/// So long the codes of these cases hold.
pub const LIFE: i64 = 2 * 86_400;

/// A code by SMS.
pub async fn put_sms(world: &World, expires: i64) {
    let values = [("ca", "测试"), ("code", CODE), ("order", "20261120-000001"), ("minutes", "10")];
    let message = Message {
        channel: Channel::Sms,
        recipient: MOBILE,
        template: "unlock_code",
        values: &values,
        secrets: &["code"],
        expires: Some(expires),
        order: None,
    };
    put_message(world, &message).await.unwrap();
}

/// A code by mail.
pub async fn put_mail(world: &World, name: &str) {
    try_put_mail(world, MAIL, name).await.unwrap();
}

pub async fn try_put_mail(world: &World, recipient: &str, name: &str) -> Result<(), ServiceError> {
    let values = [
        ("ca", "测试认证中心"),
        ("name", name),
        ("code", CODE),
        ("order", "20261120-000001"),
        ("hours", "24"),
        ("device", "7012345678901234"),
        ("telephone", "400-000-0000"),
    ];
    let message = Message {
        channel: Channel::Mail,
        recipient,
        template: "unlock_authorization",
        values: &values,
        secrets: &["code"],
        expires: Some(world.now() + LIFE),
        order: None,
    };
    put_message(world, &message).await
}

pub async fn put_message(world: &World, message: &Message<'_>) -> Result<(), ServiceError> {
    let service = world.service();
    let mut tx = service.store.begin().await?;
    put(service, &mut tx, message).await?;
    Ok(tx.commit().await?)
}

pub fn by_sms(gateway: impl SmsGateway + 'static) -> Gateways {
    Gateways { sms: Some(Arc::new(gateway)), mail: None }
}

pub fn by_mail(gateway: impl MailGateway + 'static) -> Gateways {
    Gateways { sms: None, mail: Some(Arc::new(gateway)) }
}

/// Looks at the outbox once.
pub async fn deliver(world: &World, gateways: &Gateways) {
    round(world.running.service(), gateways).await.unwrap();
}

/// What the books say of the only message.
#[derive(Debug, PartialEq, Eq)]
pub struct Fate {
    pub state: String,
    pub fault: Option<String>,
    pub said: String,
    /// Seconds from now.
    pub next: i64,
    pub tries: i64,
    pub text: String,
}

pub async fn fate(world: &World) -> Fate {
    let query = "SELECT state, fault, fault_detail, next_try, tries, subject || body || html || secrets FROM outbox";
    let row = sqlx::query(query).fetch_one(world.service().store.pool()).await.unwrap();
    Fate {
        state: row.get(0),
        fault: row.get(1),
        said: row.get(2),
        next: row.get::<i64, _>(3) - world.now(),
        tries: row.get(4),
        text: row.get(5),
    }
}

/// The message waits for another try after so many seconds, for this reason.
#[track_caller]
pub fn waits(fate: &Fate, fault: &str, next: i64) {
    let expected = ("waiting", Some(fault), next);
    assert_eq!((fate.state.as_str(), fate.fault.as_deref(), fate.next), expected, "{fate:?}");
    assert!(fate.text.contains(CODE));
}

/// Nobody tries any more, for this reason.
#[track_caller]
pub fn failed(fate: &Fate, fault: &str) {
    assert_eq!((fate.state.as_str(), fate.fault.as_deref()), ("failed", Some(fault)), "{fate:?}");
}

/// The message was sent, and the code in it is forgotten.
#[track_caller]
pub fn sent(fate: &Fate) {
    assert_eq!((fate.state.as_str(), fate.fault.as_deref()), ("sent", None), "{fate:?}");
    assert!(!fate.text.contains(CODE) && fate.text.contains("******"), "{fate:?}");
}

/// The records about messages, with nothing secret or personal in any record.
pub async fn records(world: &World) -> Vec<String> {
    world.audited().await;
    let query = "SELECT action || ' ' || object || ' ' || detail FROM audit ORDER BY seq";
    let rows = sqlx::query(query).fetch_all(world.service().store.pool()).await.unwrap();
    let all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for record in &all {
        assert!(![CODE, MOBILE, MAIL].iter().any(|secret| record.contains(secret)), "{record}");
    }
    all.into_iter().filter(|record| record.starts_with("message.")).collect()
}

#[test]
fn the_sections_of_the_documents_are_read_as_they_stand() {
    use std::os::unix::fs::PermissionsExt;
    let page = include_str!("../../../../../docs/operating/mail-and-sms.md");
    let text = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("service.toml"), text).unwrap();
    for name in ["mail-password", "sms-secret"] {
        std::fs::write(dir.path().join(name), "secret\n").unwrap();
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = ca_service::Config::load(dir.path()).unwrap();
    let gateways = Gateways::open(&config, dir.path()).unwrap();
    assert!(gateways.mail.is_some() && gateways.sms.is_some());
}
