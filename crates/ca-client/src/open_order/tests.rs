//! A service that answers with what was not asked for.

use crate::adapter::CaAdapter;
use crate::client::tests::client;
use crate::client::tests::server::{Asked, Say, Server, json};
use crate::entry::{Entry, KeyBinding, Sent};
use crate::journal::Journal;
use crate::renewal::Renewal;
use crate::unlock::{Unlock, UnlockMark, UnlockProgress};
use base::fault::FaultCode;
use certificate::Certificate;
use order_api::{Base64, Order, OrderKind, OrderState, Period, SessionKey};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use virtual_key::{Spec, TestCa, personalise::personalise};

const DEVICE: &str = "5303000000000001";
static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    state.applications[0].containers[0].sign.certificate.clone().unwrap()
});

fn order(kind: OrderKind, state: OrderState) -> Order {
    let period = Period { from: 1, until: 2 };
    Order {
        no: "20260101-000001".to_owned(),
        kind,
        state,
        next_actions: Vec::new(),
        holder: "某某".to_owned(),
        certificate_serial: Certificate::parse(&CERTIFICATE).unwrap().serial_hex(),
        device_serial: DEVICE.to_owned(),
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
    }
}

/// The same order with one thing that makes it another's.
fn others(order: &Order) -> Vec<(&'static str, Order)> {
    let other_kind = if order.kind == OrderKind::Renew { OrderKind::Unlock } else { OrderKind::Renew };
    let order = || order.clone();
    vec![
        ("number", Order { no: "20260101-000002".to_owned(), ..order() }),
        ("kind", Order { kind: other_kind, ..order() }),
        ("certificate", Order { certificate_serial: "1A10".to_owned(), ..order() }),
        ("device", Order { device_serial: "5303000000000002".to_owned(), ..order() }),
    ]
}

/// An entry of an order that the service took, or whose answer is not known yet.
fn entry(kind: OrderKind, known: Option<OrderState>) -> Entry {
    let period = Period { from: 1, until: 2 };
    let sent = Sent {
        body: Base64(b"{}".to_vec()),
        session: "s".to_owned(),
        signature: Base64(vec![1]),
        idempotency_key: "k".to_owned(),
    };
    Entry {
        id: String::new(),
        ca: "test".to_owned(),
        kind,
        created: 1,
        binding: KeyBinding {
            device_serial: DEVICE.to_owned(),
            container: "c".to_owned(),
            certificate: Base64(CERTIFICATE.clone()),
            key: SessionKey(*Certificate::parse(&CERTIFICATE).unwrap().sm2_key().unwrap()),
        },
        holder: "某某".to_owned(),
        old: period,
        new: period,
        sent: known.is_none().then_some(sent),
        order: known.map(|state| order(kind, state)),
        token: known.map(|_| "t".to_owned()).unwrap_or_default(),
        download: None,
        unlock: (kind == OrderKind::Unlock).then_some(UnlockProgress {
            client_key: None,
            mark: UnlockMark::Applied,
            refused: None,
        }),
        finished: None,
    }
}

struct Desk {
    _folder: tempfile::TempDir,
    journal: Journal,
    file: PathBuf,
    id: String,
}

impl Desk {
    fn with(entry: Entry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().to_owned());
        let id = journal.create(entry).unwrap().entry().id.clone();
        Self { file: folder.path().join(format!("{id}.json")), _folder: folder, journal, id }
    }

    /// What the journal holds, byte for byte.
    fn written(&self) -> Vec<u8> {
        std::fs::read(&self.file).unwrap()
    }
}

fn ca(say: impl Fn(&Asked) -> Say + Send + 'static) -> (Server, Arc<dyn CaAdapter>) {
    let server = Server::start(move |_, asked| say(asked));
    let ca = client(&server.url());
    (server, Arc::new(ca))
}

/// An answer with this order to any call that has one in its answer.
fn saying(order: &Order) -> (Server, Arc<dyn CaAdapter>) {
    let order = serde_json::to_string(order).unwrap();
    ca(move |asked| {
        let created = ["POST /v1/orders ", "POST /v1/unlocks "].iter().any(|line| asked.line.starts_with(line));
        json(&if created { format!("{{\"order\":{order},\"token\":\"theirs\"}}") } else { order.clone() })
    })
}

type Call = fn(Arc<dyn CaAdapter>, crate::OpenEntry) -> Result<(), base::fault::Fault>;

#[test]
fn an_answer_with_anothers_order_changes_nothing_whatever_was_asked() {
    let waiting = Some(OrderState::Submitted);
    let calls: [(&str, OrderKind, Option<OrderState>, Call); 6] = [
        ("look", OrderKind::Renew, waiting, |ca, entry| Renewal::resume(ca, entry).refresh(None).map(drop)),
        ("codes", OrderKind::Renew, waiting, |ca, entry| Renewal::resume(ca, entry).send_code().map(drop)),
        ("verify", OrderKind::Renew, waiting, |ca, entry| Renewal::resume(ca, entry).verify_code("1").map(drop)),
        ("look", OrderKind::Unlock, waiting, |ca, entry| Unlock::resume(ca, entry).refresh(None).map(drop)),
        ("resend", OrderKind::Unlock, waiting, |ca, entry| Unlock::resume(ca, entry).resend().map(drop)),
        ("create", OrderKind::Renew, None, |ca, entry| Renewal::resume(ca, entry).refresh(None).map(drop)),
    ];
    for (name, kind, known, call) in calls {
        // what it answers would end the order, were it its own
        for (what, other) in others(&order(kind, OrderState::Rejected)) {
            if known.is_none() && what == "number" {
                continue;
            }
            let desk = Desk::with(entry(kind, known));
            let before = desk.written();
            let (server, ca) = saying(&other);
            let fault = call(ca, desk.journal.open(&desk.id).unwrap()).unwrap_err();
            assert_eq!(fault.code, FaultCode::OrderNotFound, "{name}, {what}");
            assert!(!fault.sentences(false).what.contains('{'));
            assert_eq!(server.asked().len(), 1, "{name}, {what}");
            assert!(desk.written() == before, "{name}, {what}: the journal is as it was");
        }
        let desk = Desk::with(entry(kind, known));
        let (_server, ca) = saying(&order(kind, OrderState::Rejected));
        call(ca, desk.journal.open(&desk.id).unwrap()).unwrap();
        assert!(!desk.journal.entries().unwrap().0[0].is_open(), "{name}: its own is taken");
    }
}

#[test]
fn the_journal_is_written_when_the_state_changes_not_when_anything_else_does() {
    let desk = Desk::with(entry(OrderKind::Renew, Some(OrderState::Reviewing)));
    let before = desk.written();
    let (_server, ca) = ca({
        let asked = std::sync::atomic::AtomicI64::new(0);
        move |_| {
            let updated = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let state = if updated < 3 { OrderState::Reviewing } else { OrderState::Payment };
            json(&serde_json::to_string(&Order { updated, ..order(OrderKind::Renew, state) }).unwrap())
        }
    });
    let mut renewal = Renewal::resume(ca, desk.journal.open(&desk.id).unwrap());
    for updated in 0..3 {
        assert_eq!(renewal.refresh(None).unwrap().updated, updated, "what is shown is the newest");
        assert!(desk.written() == before, "question {updated}");
    }
    renewal.refresh(None).unwrap();
    assert_eq!(desk.journal.entries().unwrap().0[0].order.as_ref().unwrap().state, OrderState::Payment);
}
