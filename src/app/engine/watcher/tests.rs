//! Services that answer at once, on a clock that runs only while a watcher rests.

use super::SPACING;
use crate::app::engine::orders::OrderStore;
use crate::app::engine::orders::tests::{ID, entry, store};
use ca_client::{Entry, KeyBinding};
use certificate::Certificate;
use order_api::{Base64, Order, OrderKind, OrderState, Period, SessionKey};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::Instant;
use virtual_key::{Spec, TestCa, personalise::personalise};

/// Questions a watcher is followed for.
const MANY: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// A renewal that an officer looks at.
fn waiting() -> Entry {
    let state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    let der = state.applications[0].containers[0].sign.certificate.clone().unwrap();
    let certificate = Certificate::parse(&der).unwrap();
    let binding =
        KeyBinding { certificate: Base64(der), key: SessionKey(*certificate.sm2_key().unwrap()), ..entry().binding };
    let period = Period { from: 1, until: 2 };
    let order = Order {
        no: "20260101-000001".to_owned(),
        kind: OrderKind::Renew,
        state: OrderState::Reviewing,
        next_actions: Vec::new(),
        holder: String::new(),
        certificate_serial: certificate.serial_hex(),
        device_serial: binding.device_serial.clone(),
        old: period,
        new: period,
        fee_fen: 0,
        mobile: String::new(),
        created: 1,
        updated: 1,
        reason: None,
        expires: None,
        issued: Vec::new(),
        unlock: None,
    };
    Entry { kind: OrderKind::Renew, binding, order: Some(order), ..entry() }
}

/// The moments at which a service is asked that gives these answers at once, over and over.
fn asked(order: &Entry, answer: impl Fn(usize, &Order) -> String + Send + 'static) -> Vec<Instant> {
    let clock = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let order_store = Arc::new(OnceLock::<OrderStore>::new());
    let moments = Arc::<Mutex<Vec<Instant>>>::default();
    let (kept, stopped, handle) = (Arc::clone(&moments), Arc::clone(&order_store), clock.handle().clone());
    let known = order.order.clone().unwrap();
    // ends with the process
    std::thread::spawn(move || {
        let _clock = handle.enter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let number = {
                let mut kept = kept.lock().unwrap();
                kept.push(Instant::now());
                kept.len()
            };
            if number == MANY {
                stopped.get().unwrap().stop();
            }
            stream.write_all(answer(number, &known).as_bytes()).unwrap();
        }
    });
    let file = folder.path().join(format!("{ID}.json"));
    let book = order_store.get_or_init(|| store(folder.path(), order, &address));
    let before = std::fs::read(&file).unwrap();
    let changed = Arc::new(|_: &str| ()) as crate::app::engine::orders::Changed;
    book.watch_until_settled(ID, &changed, &clock);
    assert!(std::fs::read(&file).unwrap() == before, "the state is as before, so is the journal");
    let moments = moments.lock().unwrap().clone();
    assert_eq!(moments.len(), MANY);
    moments
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn seen(tag: Option<usize>, order: &Order) -> String {
    let tag = tag.map(|tag| format!("etag: \"{tag}\"\r\n")).unwrap_or_default();
    http("200 OK", &format!("content-type: application/json\r\n{tag}"), &serde_json::to_string(order).unwrap())
}

type Answer = fn(usize, &Order) -> String;

#[test]
fn a_service_that_answers_at_once_is_asked_at_most_seven_times_a_minute() {
    let order = waiting();
    let services: [(&str, Answer); 5] = [
        ("always another tag", |number, order| {
            seen(Some(number), &Order { updated: i64::try_from(number).unwrap(), ..order.clone() })
        }),
        ("never a change", |number, order| match number {
            1 => seen(Some(1), order),
            _ => http("304 Not Modified", "", ""),
        }),
        ("no tags", |_, order| seen(None, order)),
        ("another's order", |number, order| {
            seen(Some(number), &Order { state: OrderState::Payment, no: "20260101-000002".to_owned(), ..order.clone() })
        }),
        ("nothing of the API", |_, _| http("500 Internal Server Error", "", "")),
    ];
    for (what, answer) in services {
        let moments = asked(&order, answer);
        let gaps: Vec<Duration> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= SPACING), "{what}: {gaps:?}");
        assert!(moments.windows(8).all(|eight| eight[7] - eight[0] > MINUTE), "{what}: {gaps:?}");
        let different: HashSet<_> = gaps.iter().collect();
        assert!(different.len() > 3, "{what}: not in step: {gaps:?}");
    }
}
