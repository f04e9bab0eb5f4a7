//! Orders that are looked at and forgotten beside each other.

use super::{Online, OrderStore, lock};
use crate::app::engine::dispatch::EventSender;
use base::fault::FaultCode;
use ca_client::{Entry, Journal, KeyBinding, Profiles, UnlockMark, UnlockProgress};
use gm::PrivateKey;
use net::Proxy;
use order_api::{Base64, OrderKind, Period, SessionKey};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

pub const ID: &str = "0123456789abcdef0123456789abcdef";
const CA: &str = r#"
    [[ca]]
    id = "demo"
    name = { zh = "演示", en = "Demo" }
    issuers = ["Demo CA"]
    hot_line = "400-000-0000"
    reminder_days = [30]
    pin = { min = 6, max = 15 }
    order_api = "ADDRESS"
"#;

/// An open unlock, of which nothing is on the key.
pub fn entry() -> Entry {
    let period = Period { from: 1, until: 2 };
    Entry {
        id: ID.to_owned(),
        ca: "demo".to_owned(),
        kind: OrderKind::Unlock,
        created: 10,
        binding: KeyBinding {
            device_serial: "5303".to_owned(),
            container: "c".to_owned(),
            certificate: Base64(vec![1, 2, 3]),
            // the base point is as good as any
            key: SessionKey(PrivateKey::from_bytes(&[1; 32]).unwrap().public()),
        },
        holder: "某某".to_owned(),
        old: period,
        new: period,
        sent: None,
        order: None,
        token: "secret".to_owned(),
        download: None,
        unlock: None,
        finished: None,
    }
}

fn write(folder: &Path, entry: &Entry) {
    let mut json = serde_json::to_value(entry).unwrap();
    json["format"] = 1.into();
    std::fs::write(folder.join(format!("{ID}.json")), json.to_string()).unwrap();
}

/// A book with one entry, and the service of its CA at an address.
pub fn store(folder: &Path, entry: &Entry, address: &str) -> OrderStore {
    write(folder, entry);
    std::fs::write(folder.join("ca-profiles.toml"), CA.replace("ADDRESS", address)).unwrap();
    let (profiles, fault) = Profiles::load(Some(&folder.join("ca-profiles.toml")));
    assert_eq!(fault, None);
    let online = Online { profiles, journal: Journal::at(folder.to_owned()), proxy: Proxy::None };
    let order_store = OrderStore::new(online, EventSender::to(channel().0));
    order_store.take(entry).unwrap();
    order_store
}

fn order_store(folder: &Path) -> OrderStore {
    store(folder, &entry(), "http://127.0.0.1:9")
}

#[test]
fn an_order_that_is_just_looked_at_is_forgotten_a_moment_later() {
    let folder = tempfile::tempdir().unwrap();
    let order_store = order_store(folder.path());
    let (looks, looking) = channel();
    let (go_on, wait) = channel::<()>();
    let watcher = order_store.clone();
    let watcher = std::thread::spawn(move || {
        watcher.with(ID, |_| {
            looks.send(()).unwrap();
            wait.recv().unwrap();
        })
    });
    looking.recv().unwrap();
    let (tell, told) = channel();
    let person = order_store.clone();
    std::thread::spawn(move || tell.send(person.forget(ID)));
    assert!(matches!(told.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout)), "it waits");
    go_on.send(()).unwrap();
    assert_eq!(told.recv().unwrap(), Ok(()));
    assert_eq!(watcher.join().unwrap(), Some(()));
    assert!(!folder.path().join(format!("{ID}.json")).exists());
    assert_eq!(order_store.with(ID, |_| ()), None, "nobody looks at it any more");
}

#[test]
fn an_order_that_a_wizard_shows_is_not_forgotten_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let order_store = order_store(folder.path());
    let wizard = lock(&order_store.inner.open)[ID].work.unlock();
    assert_eq!(order_store.forget(ID).unwrap_err().code, FaultCode::OrderInUse);
    assert_eq!(order_store.with(ID, |_| ()), Some(()), "it stays on the list");
    drop(wizard);
    assert_eq!(order_store.forget(ID), Ok(()));
}

#[test]
fn any_order_can_be_given_up_also_of_a_ca_that_is_not_known_or_with_a_part_on_the_key() {
    let sent = UnlockProgress { client_key: None, mark: UnlockMark::Sent, refused: None };
    let on_key = Entry { unlock: Some(sent), ..entry() };
    let folder = tempfile::tempdir().unwrap();
    let book = store(folder.path(), &on_key, "http://127.0.0.1:9");
    assert_eq!(book.forget(ID).unwrap_err().code, FaultCode::OrderOnKey);
    // what was refused is taken up again by the next look at the journal
    book.take(&on_key).unwrap();
    assert_eq!(book.give_up(ID), Ok(()));
    assert!(!folder.path().join(format!("{ID}.json")).exists());
    let stranger = Entry { ca: "gone".to_owned(), ..entry() };
    let book = order_store(folder.path());
    book.stop();
    write(folder.path(), &stranger);
    assert_eq!(book.take(&stranger).unwrap_err().code, FaultCode::ProfilesNotUsable);
    assert_eq!(book.give_up(ID), Ok(()));
    assert!(!folder.path().join(format!("{ID}.json")).exists());
}
