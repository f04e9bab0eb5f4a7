//! What became of messages, and sending them again.

use crate::console::visitor::{Said, staff};
use crate::world::{NOON, Options, Place, World};
use ca_service::delivery::{Fault, FaultKind, Gateways, Sending, SmsGateway, round};
use ca_service::operators::Role;
use ca_service::outbox::{Channel, Message, put};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fails once in passing, once for good, and then sends.
struct Gateway(AtomicUsize);

impl SmsGateway for Gateway {
    fn send<'a>(&'a self, to: &'a str, _: &'a str, _: &'a str) -> Sending<'a> {
        let time = self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match time {
                0 => Err(Fault::passing(FaultKind::Busy, "HTTP 500")),
                1 => Err(Fault::permanent(FaultKind::Refused, format!("HTTP 400, <b>{to}</b>"))),
                _ => Ok(()),
            }
        })
    }
}

async fn put_code(world: &World, code: &str) {
    let service = world.service();
    let values = [("ca", "测试"), ("code", code), ("order", "20261120-000001"), ("minutes", "60")];
    let message = Message {
        channel: Channel::Sms,
        recipient: "13800138000",
        template: "unlock_code",
        values: &values,
        secrets: &["code"],
        expires: Some(NOON + 3600),
        order: None,
    };
    let mut tx = service.store.begin().await.unwrap();
    put(service, &mut tx, &message).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn the_outbox_says_why_and_sends_again_what_failed(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let gateways = Gateways { sms: Some(Arc::new(Gateway(AtomicUsize::new(0)))), mail: None };
    let service = world.running.service();
    put_code(&world, "123456").await;
    let page = officer.get("/console/outbox").await.page();
    assert!(page.contains("待发送") && page.contains("未配置发送方式"), "{page}");
    round(service, &gateways).await.unwrap();
    let page = officer.get("/console/outbox").await.page();
    for text in ["待发送", "对方暂时不能接收（HTTP 500）", "已尝试 1 次", "下次尝试 2026-11-20 12:00"]
    {
        assert!(page.contains(text), "no {text} in {page}");
    }
    assert!(!page.contains("/again"), "it is tried by itself");
    world.pass(10);
    round(service, &gateways).await.unwrap();
    // failed: the reason in words; the words of the other side only to those who may read the number in them
    let page = officer.get("/console/outbox").await.page();
    assert!(page.contains("对方拒绝了消息（HTTP 400, &#60;b&#62;13800138000&#60;/b&#62;）"), "{page}");
    assert!(page.contains("发送失败") && page.contains("action=\"/console/outbox/1/again\""), "{page}");
    let page = auditor.get("/console/outbox").await.page();
    assert!(page.contains("对方拒绝了消息") && !page.contains("13800138000") && !page.contains("/again"), "{page}");
    assert!(admin.get("/console/outbox").await.page().contains("123456"), "the code still holds");
    let overview = officer.get("/console/overview").await.page();
    assert!(overview.contains("href=\"/console/outbox?state=failed\""), "{overview}");
    // filters
    put_code(&world, "654321").await;
    let lines = |page: &str| page.matches("<tr id=\"message-").count();
    for (filter, count) in [
        ("", 2),
        ("?state=failed", 1),
        ("?state=waiting", 1),
        ("?state=sent", 0),
        ("?channel=sms", 2),
        ("?channel=mail", 0),
        ("?state=failed&channel=sms", 1),
        ("?state=%27%20OR%201=1", 0),
    ] {
        let page = officer.get(&format!("/console/outbox{filter}")).await.page();
        assert_eq!(lines(&page), count, "{filter}");
    }
    assert!(officer.get("/console/outbox?state=failed").await.page().contains("value=\"failed\" selected"));
    world.execute("DELETE FROM outbox WHERE id = 2").await;
    // again: not by the auditor, not without the token
    assert_eq!(auditor.post("/console/outbox/1/again", &[]).await.status, 403);
    let csrf = std::mem::take(&mut officer.csrf);
    assert_eq!(officer.post("/console/outbox/1/again", &[]).await.status, 403);
    officer.csrf = csrf;
    assert_eq!(world.text("SELECT state FROM outbox").await, "failed");
    assert_eq!(officer.post("/console/outbox/1/again", &[]).await.location(), "/console/outbox");
    assert!(officer.get("/console/outbox").await.page().contains("消息 1 将重新发送。"));
    assert_eq!(world.text("SELECT state FROM outbox").await, "waiting");
    officer.post("/console/outbox/1/again", &[]).await;
    assert!(officer.get("/console/outbox").await.page().contains("消息 1 不能重新发送"));
    round(service, &gateways).await.unwrap();
    let page = admin.get("/console/outbox").await.page();
    assert!(page.contains("已发送 2026-11-20 12:00") && page.contains("******") && !page.contains("123456"), "{page}");
    let log = auditor.get("/console/audit").await.page();
    for text in ["消息发送失败", "重新发送消息", "消息已发送", "sms unlock_code, message 1: refused", "officer"]
    {
        assert!(log.contains(text), "no {text} in {log}");
    }
    assert!(!log.contains("13800138000") && !log.contains("123456"));
    // a code that has ended is not sent again
    put_code(&world, "777777").await;
    world.execute("UPDATE outbox SET state = 'failed', fault = 'busy' WHERE id = 3").await;
    assert!(officer.get("/console/outbox").await.page().contains("/console/outbox/3/again"));
    world.set_time(NOON + 3600 - 1);
    world.pass(1);
    let mut officer = staff(&world, "second", Role::Operator).await;
    assert!(!officer.get("/console/outbox").await.page().contains("/console/outbox/3/again"));
    officer.post("/console/outbox/3/again", &[]).await;
    assert!(officer.get("/console/outbox").await.page().contains("消息 3 不能重新发送"));
    world.audited().await;
    world.stop().await;
}
