//! Who sends, when, and how often: gateways of the test that only note what they are given.

use super::{CODE, MOBILE, by_sms, deliver, failed, fate, put_sms, records, sent, waits};
use crate::world::{NOON, Options, Place, World};
use ca_service::audit::Actor;
use ca_service::delivery::{Fault, FaultKind, Gateways, Sending, SmsGateway, start};
use ca_service::outbox::queue::{LEASE, send_again};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Notes number, text and name of each message.
type Note = (String, String, String);

/// How a gateway goes on when it has noted a message.
#[derive(Clone, Copy)]
enum Then {
    Sent,
    /// Never says what became of it.
    Silent,
    Fails,
}

struct Notes {
    notes: UnboundedSender<Note>,
    then: Then,
}

impl SmsGateway for Notes {
    fn send<'a>(&'a self, to: &'a str, text: &'a str, id: &'a str) -> Sending<'a> {
        Box::pin(async move {
            let _ = self.notes.send((to.to_owned(), text.to_owned(), id.to_owned()));
            match self.then {
                Then::Sent => Ok(()),
                Then::Silent => std::future::pending().await,
                Then::Fails => Err(Fault::passing(FaultKind::Busy, "")),
            }
        })
    }
}

fn gateway(then: Then) -> (Gateways, UnboundedReceiver<Note>) {
    let (notes, noted) = unbounded_channel();
    (by_sms(Notes { notes, then }), noted)
}

/// The next message; the time is only there to end a test that fails.
async fn next(noted: &mut UnboundedReceiver<Note>) -> Note {
    tokio::time::timeout(Duration::from_secs(60), noted.recv()).await.expect("a message in time").unwrap()
}

pub async fn a_message_is_sent_when_it_is_committed_and_not_before(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (gateways, mut noted) = gateway(Then::Sent);
    let delivery = start(world.running.service(), &gateways);
    // one that is taken back
    let service = world.service();
    let mut tx = service.store.begin().await.unwrap();
    let values = [("ca", "测试"), ("code", "111111"), ("order", "1"), ("minutes", "10")];
    let message = ca_service::outbox::Message {
        channel: ca_service::outbox::Channel::Sms,
        recipient: MOBILE,
        template: "unlock_code",
        values: &values,
        secrets: &["code"],
        expires: None,
        order: None,
    };
    ca_service::outbox::put(service, &mut tx, &message).await.unwrap();
    drop(tx);
    for _ in 0..3 {
        put_sms(&world, NOON + 600).await;
        let (to, text, _) = next(&mut noted).await;
        assert!(to == MOBILE && text.contains(CODE), "{text}");
    }
    delivery.stop().await;
    assert!(noted.try_recv().is_err());
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent'").await, 3);
    // who was stopped sends nothing more; who starts looks at once
    put_sms(&world, NOON + 600).await;
    let (gateways, mut noted) = gateway(Then::Sent);
    let delivery = start(world.running.service(), &gateways);
    next(&mut noted).await;
    delivery.stop().await;
    world.stop().await;
}

pub async fn two_instances_send_each_message_once(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let other = world.sibling().await;
    let (gateways, mut noted) = gateway(Then::Sent);
    let instances = [start(world.running.service(), &gateways), start(other.running.service(), &gateways)];
    const EACH: usize = 30;
    let many = async |world: &World| {
        for _ in 0..EACH {
            put_sms(world, NOON + 600).await;
        }
    };
    tokio::join!(many(&world), many(&other));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..2 * EACH {
        *times.entry(next(&mut noted).await.2).or_default() += 1;
    }
    for delivery in instances {
        delivery.stop().await;
    }
    assert!(noted.try_recv().is_err(), "a message was sent twice");
    assert_eq!(times.len(), 2 * EACH, "{times:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND tries = 1").await, 60);
    assert_eq!(records(&world).await.len(), 2 * EACH);
    other.stop().await;
    world.stop().await;
}

pub async fn one_message_that_many_want_goes_to_one(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let other = world.sibling().await;
    let (gateways, mut noted) = gateway(Then::Sent);
    for _ in 0..10 {
        put_sms(&world, NOON + 600).await;
        // both look at the same moment, several times
        tokio::join!(
            deliver(&world, &gateways),
            deliver(&other, &gateways),
            deliver(&world, &gateways),
            deliver(&other, &gateways)
        );
        next(&mut noted).await;
        assert!(noted.try_recv().is_err(), "sent twice");
    }
    other.stop().await;
    world.stop().await;
}

pub async fn a_crash_between_sending_and_noting_repeats_the_same_message(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (silent, mut noted) = gateway(Then::Silent);
    let delivery = start(world.running.service(), &silent);
    put_sms(&world, NOON + 600).await;
    let first = next(&mut noted).await;
    // the end of a process: nothing is tidied up
    drop(delivery);
    let (gateways, mut noted) = gateway(Then::Sent);
    world.pass(LEASE - 1);
    deliver(&world, &gateways).await;
    assert!(noted.try_recv().is_err(), "it may still be on its way");
    world.pass(1);
    deliver(&world, &gateways).await;
    assert_eq!(next(&mut noted).await, first);
    let fate = fate(&world).await;
    sent(&fate);
    assert_eq!(fate.tries, 2);
    world.stop().await;
}

pub async fn a_late_answer_undoes_nothing(place: Place) {
    use ca_service::outbox::Channel;
    use ca_service::outbox::queue::{self, take};
    let world = World::new(&place, Options::default()).await;
    let service = world.service();
    put_sms(&world, NOON + 7200).await;
    let slow = take(service, Channel::Sms, 8).await.unwrap().remove(0);
    assert!(take(service, Channel::Sms, 8).await.unwrap().is_empty(), "it is taken");
    assert!(take(service, Channel::Mail, 8).await.unwrap().is_empty());
    world.pass(LEASE);
    let quick = take(service, Channel::Sms, 8).await.unwrap().remove(0);
    assert_eq!(slow.key(), quick.key());
    // the slow one fails for good, but the message is no longer its
    queue::failed(service, &slow, ("refused", "slow"), true).await.unwrap();
    assert_eq!(fate(&world).await.state, "waiting");
    queue::failed(service, &slow, ("busy", "slow"), false).await.unwrap();
    assert_eq!(fate(&world).await.next, LEASE);
    queue::sent(service, &quick).await.unwrap();
    // failing, or having sent it too, changes nothing any more
    queue::failed(service, &slow, ("refused", "slow"), true).await.unwrap();
    queue::sent(service, &slow).await.unwrap();
    sent(&fate(&world).await);
    assert_eq!(records(&world).await, ["message.sent message/1 sms unlock_code, message 1"]);
    // after sending it again the tries of before count for nothing
    world.execute("UPDATE outbox SET state = 'failed'").await;
    assert!(send_again(service, 1, Actor::SERVICE).await.unwrap());
    queue::failed(service, &slow, ("refused", "slow"), true).await.unwrap();
    assert_eq!(fate(&world).await.state, "waiting");
    world.stop().await;
}

pub async fn a_code_that_ended_is_not_sent_and_not_kept(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (gateways, mut noted) = gateway(Then::Fails);
    // tries at 0, 10, 70 and 370 seconds; the next one would be too late
    put_sms(&world, NOON + 600).await;
    for pause in [10, 60, 300] {
        deliver(&world, &gateways).await;
        waits(&fate(&world).await, "busy", pause);
        world.pass(pause);
    }
    deliver(&world, &gateways).await;
    let kept = fate(&world).await;
    failed(&kept, "busy");
    assert!(kept.text.contains(CODE), "it could still be sent again");
    world.pass(600 - 370 - 1);
    assert!(send_again(world.service(), 1, Actor::SERVICE).await.unwrap());
    world.pass(1);
    // now it has ended
    while noted.try_recv().is_ok() {}
    deliver(&world, &gateways).await;
    assert!(noted.try_recv().is_err(), "a code that is of no use");
    let ended = fate(&world).await;
    failed(&ended, "expired");
    assert!(!ended.text.contains(CODE) && ended.text.contains("******"), "{ended:?}");
    assert!(!send_again(world.service(), 1, Actor::SERVICE).await.unwrap());
    assert!(!send_again(world.service(), 2, Actor::SERVICE).await.unwrap(), "there is no such message");
    let what = "message/1 sms unlock_code, message 1";
    let expected = [
        format!("message.failed {what}: busy"),
        format!("message.again {what}"),
        format!("message.failed {what}: expired"),
    ];
    assert_eq!(records(&world).await, expected);
    world.stop().await;
}

pub async fn a_gateway_that_breaks_the_program_is_tried_for_a_day(place: Place) {
    struct Broken;
    impl SmsGateway for Broken {
        fn send<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Sending<'a> {
            Box::pin(async { panic!("a fault of this program") })
        }
    }
    let world = World::new(&place, Options::default()).await;
    put_sms(&world, NOON + 2 * 86_400).await;
    deliver(&world, &by_sms(Broken)).await;
    let broken = fate(&world).await;
    assert_eq!((broken.state.as_str(), broken.next), ("waiting", LEASE));
    world.pass(86_400);
    let (gateways, mut noted) = gateway(Then::Sent);
    deliver(&world, &gateways).await;
    failed(&fate(&world).await, "too_old");
    assert!(noted.try_recv().is_err());
    assert!(send_again(world.service(), 1, Actor::SERVICE).await.unwrap());
    deliver(&world, &gateways).await;
    sent(&fate(&world).await);
    world.stop().await;
}

pub async fn without_a_gateway_messages_stay_where_the_console_shows_them(place: Place) {
    let world = World::new(&place, Options::default()).await;
    put_sms(&world, NOON + 600).await;
    let delivery = start(world.running.service(), &Gateways::default());
    deliver(&world, &Gateways::default()).await;
    world.pass(86_400);
    deliver(&world, &Gateways::default()).await;
    delivery.stop().await;
    let fate = fate(&world).await;
    assert_eq!((fate.state.as_str(), fate.fault, fate.tries), ("waiting", None, 0));
    assert!(fate.text.contains(CODE));
    world.stop().await;
}
