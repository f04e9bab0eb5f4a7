//! This computer's orders: what stands in the journal, who works on it, and who watches it at the CA.
//!
//! Invariants
//! * An order that this program works on is open in [`OrderStore`] once; the wizard of a key and the watcher share it.
//! * Whoever but a wizard has an order has it in its turn: forgetting it waits for that, so that only an open wizard refuses it.
//! * A watcher waits at the service for a change and holds nothing meanwhile; a service that can't be reached is asked again
//!   after a pause that grows.

use crate::app::engine::dispatch::EventSender;
use crate::app::engine::message::Event;
use crate::app::engine::work::Shared;
use crate::app::model::line::{is_approved, is_waiting, line};
use crate::app::model::renewal::LineState;
use base::fault::{Fault, FaultCode};
use ca_client::{
    CaAdapter, CaProfile, Connection, Entry, Journal, KeyBinding, OpenEntry, OrderAnswer, OrderApi, Portal, Profiles,
    Renewal, Unlock,
};
use net::Proxy;
use order_api::{OrderKind, OrderState};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the CAs are known and reached, and where orders are kept.
#[derive(Clone, Debug)]
pub struct Online {
    /// Which CA issues which certificates.
    pub profiles: Profiles,
    /// Where orders are kept.
    pub journal: Journal,
    /// How services are reached at the start.
    pub proxy: Proxy,
}

/// How long one question for a change stays at the service.
const WAIT: Duration = Duration::from_secs(25);
/// First and longest pause after a service could not be reached.
const PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Called after an order changed at the CA, with its id.
pub(in crate::app) type Changed = Arc<dyn Fn(&str) + Send + Sync>;

/// The orders, shared by wizards and watchers.
#[derive(Clone)]
pub(in crate::app) struct OrderStore {
    inner: Arc<Inner>,
}

/// An open order with the key it belongs to, so that looking for a key's order waits for no other key.
struct Open {
    binding: KeyBinding,
    ca: Arc<dyn CaAdapter>,
    work: Shared,
    /// Taken by whoever looks at the order or takes it off the list.
    turn: Arc<Mutex<()>>,
}

struct Inner {
    online: Online,
    /// How services are reached now.
    proxy: Mutex<Proxy>,
    sender: EventSender,
    open: Mutex<HashMap<String, Open>>,
    watched: Mutex<HashMap<String, ()>>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl OrderStore {
    pub(in crate::app) fn new(online: Online, sender: EventSender) -> Self {
        Self {
            inner: Arc::new(Inner {
                proxy: Mutex::new(online.proxy.clone()),
                online,
                sender,
                open: Mutex::default(),
                watched: Mutex::default(),
                stopped: Mutex::new(false),
                stop: Condvar::new(),
            }),
        }
    }

    pub(in crate::app) fn online(&self) -> &Online {
        &self.inner.online
    }

    /// How services are reached now.
    pub(in crate::app) fn proxy(&self) -> Proxy {
        lock(&self.inner.proxy).clone()
    }

    /// Services are reached this way from now on; a question under way ends as it began.
    pub(in crate::app) fn use_proxy(&self, proxy: Proxy) {
        *lock(&self.inner.proxy) = proxy;
    }

    /// Opens what is unfinished, shows the list and watches what waits for the CA. Called on a thread of its own.
    pub(in crate::app) fn start(&self, changed: &Changed) {
        self.take_unfinished(changed);
        self.publish();
    }

    /// Opens what is unfinished and not open yet. What another program works on is left to it.
    pub(in crate::app) fn take_unfinished(&self, changed: &Changed) {
        let entries = match self.inner.online.journal.entries() {
            Ok((entries, damaged)) => {
                for file in damaged {
                    tracing::warn!(file = %file.file.display(), "a damaged order was set aside");
                    self.inner.sender.send(Event::SetAside(file.file));
                }
                entries
            }
            Err(fault) => {
                tracing::warn!(
                    code = fault.code.as_str(),
                    detail = fault.detail,
                    "the journal of orders can't be read"
                );
                return;
            }
        };
        for entry in entries.iter().filter(|entry| entry.is_open()) {
            if lock(&self.inner.open).contains_key(&entry.id) {
                continue;
            }
            match self.take(entry) {
                Ok(()) => self.watch(&entry.id, changed),
                Err(fault) => tracing::info!(code = fault.code.as_str(), order = entry.id, "left alone"),
            }
        }
    }

    /// Gives the orders back to the journal and ends the watchers' pauses; a watcher ends with its present question.
    pub(in crate::app) fn stop(&self) {
        *lock(&self.inner.stopped) = true;
        self.inner.stop.notify_all();
        lock(&self.inner.open).clear();
    }

    /// The connection to a CA.
    pub(in crate::app) fn connect(&self, profile: &CaProfile) -> Result<Arc<dyn CaAdapter>, Fault> {
        match &profile.connection {
            Connection::OrderApi(_) => OrderApi::new(profile, &self.proxy())
                .map(|api| Arc::new(api) as Arc<dyn CaAdapter>)
                .map_err(|error| error.to_fault(&profile.support(), "", "", certificate::now())),
            Connection::Portal(pages) => Ok(Arc::new(Portal::new(profile, pages))),
        }
    }

    /// The unfinished order of a kind of a key, if there is one.
    pub(in crate::app) fn unfinished(&self, kind: OrderKind, binding: &KeyBinding) -> Option<(String, Shared)> {
        let open = lock(&self.inner.open);
        let of_key = open.iter().filter(|(_, order)| {
            order.work.kind() == kind
                && order.binding.device_serial == binding.device_serial
                && order.binding.key == binding.key
        });
        of_key
            // one that is being worked on is not finished
            .filter(|(_, order)| order.work.is_busy() || order.work.look(|work| work.entry().is_open()))
            .map(|(id, order)| (id.clone(), order.work.clone()))
            .next()
    }

    /// Puts a new order into the book; its name.
    pub(in crate::app) fn add(&self, work: Shared, ca: &Arc<dyn CaAdapter>) -> String {
        let id = self.put(work, Arc::clone(ca));
        self.publish();
        id
    }

    fn put(&self, work: Shared, ca: Arc<dyn CaAdapter>) -> String {
        let (id, binding) = work.look(|work| (work.entry().id.clone(), work.entry().binding.clone()));
        lock(&self.inner.open).insert(id.clone(), Open { binding, ca, work, turn: Arc::default() });
        id
    }

    fn take(&self, entry: &Entry) -> Result<(), Fault> {
        let profiles = &self.inner.online.profiles;
        let profile =
            profiles.get(&entry.ca).ok_or_else(|| Fault::new(FaultCode::ProfilesNotUsable).detail(&*entry.ca))?;
        let ca = self.connect(profile)?;
        let open: OpenEntry = self.inner.online.journal.open(&entry.id)?;
        let work = match entry.kind {
            OrderKind::Renew => Shared::from(Renewal::resume(Arc::clone(&ca), open)),
            OrderKind::Unlock => Shared::from(Unlock::resume(Arc::clone(&ca), open)),
        };
        self.put(work, ca);
        Ok(())
    }

    /// Takes an order off the list: a finished one, or one nothing of which is on a key.
    pub(in crate::app) fn forget(&self, id: &str) -> Result<(), Fault> {
        let turn = self.turn(id);
        let _turn = turn.as_deref().map(lock);
        let open = lock(&self.inner.open).remove(id);
        let result = match open {
            None => self.inner.online.journal.forget(id),
            Some(Open { binding, ca, work, turn }) => work.forget().unwrap_or_else(|work| {
                // a wizard is at it
                lock(&self.inner.open).insert(id.to_owned(), Open { binding, ca, work, turn });
                Err(Fault::new(FaultCode::OrderInUse))
            }),
        };
        self.publish();
        result
    }

    fn turn(&self, id: &str) -> Option<Arc<Mutex<()>>> {
        lock(&self.inner.open).get(id).map(|order| Arc::clone(&order.turn))
    }

    /// Looks at an open order in its turn; `None` when it is not open any more.
    fn with<R>(&self, id: &str, then: impl FnOnce(&Shared) -> R) -> Option<R> {
        let turn = self.turn(id)?;
        let _turn = lock(&turn);
        let shared = lock(&self.inner.open).get(id).map(|order| order.work.clone())?;
        Some(then(&shared))
    }

    /// Asks every service for every open order.
    pub(in crate::app) fn refresh_all(&self, changed: &Changed) {
        self.take_unfinished(changed);
        let all: Vec<String> = lock(&self.inner.open).keys().cloned().collect();
        let mut failed = None;
        for id in all {
            let Some(result) = self.with(&id, |shared| shared.look(|work| work.refresh())) else { continue };
            if let Err(fault) = result {
                tracing::info!(code = fault.code.as_str(), order = id, "not refreshed");
                failed = Some(fault);
            }
            changed(&id);
            self.watch(&id, changed);
        }
        self.publish();
        if let Some(fault) = failed {
            self.inner.sender.send(Event::OrdersFault(fault));
        }
    }

    /// Tells the window the list as the journal has it.
    pub(in crate::app) fn publish(&self) {
        self.inner.sender.send(match self.inner.online.journal.entries() {
            Ok((entries, _)) => Event::Orders(entries.iter().map(line).collect()),
            Err(fault) => Event::OrdersFault(fault),
        });
    }

    /// Watches an order until nothing more can come from the CA. One watcher an order.
    pub(in crate::app) fn watch(&self, id: &str, changed: &Changed) {
        if lock(&self.inner.watched).insert(id.to_owned(), ()).is_some() {
            return;
        }
        let (order_store, order, changed) = (self.clone(), id.to_owned(), Arc::clone(changed));
        let started = std::thread::Builder::new().name("order-watch".to_owned()).spawn(move || {
            order_store.watch_until_settled(&order, &changed);
            lock(&order_store.inner.watched).remove(&order);
        });
        if let Err(error) = started {
            lock(&self.inner.watched).remove(id);
            tracing::error!(%error, "no thread for watching an order");
        }
    }

    fn watch_until_settled(&self, id: &str, changed: &Changed) {
        let mut pause = PAUSE;
        let mut tag: Option<String> = None;
        loop {
            // held only for a moment: while the question waits at the service, others may work on the order or forget it
            let Some((ca, no, token)) = self.question(id) else { return };
            let asked = match no {
                Some(no) => {
                    ca.order(&no, &token, tag.as_deref(), tag.as_ref().map(|_| WAIT)).map_err(|error| error.to_string())
                }
                // nobody knows whether it arrived: sent again below
                None => Ok(OrderAnswer::Unchanged),
            };
            let result = match asked {
                Ok(OrderAnswer::Unchanged) if tag.is_some() => Ok(()),
                Ok(answer) => {
                    if let OrderAnswer::Now { etag, .. } = answer {
                        tag = etag;
                    }
                    let refreshed = self.with(id, |shared| {
                        let before = state_of(shared);
                        let refreshed = shared.look(|work| work.refresh()).map_err(|fault| fault.reference());
                        let different = state_of(shared) != before;
                        if different {
                            self.told(shared);
                        }
                        (refreshed, different)
                    });
                    let Some((refreshed, different)) = refreshed else { return };
                    if different {
                        changed(id);
                    }
                    refreshed
                }
                Err(error) => Err(error),
            };
            match result {
                // a service that hands out no tags can't tell of a change: it is asked after a pause
                Ok(()) if tag.is_some() => pause = PAUSE,
                Ok(()) => {}
                Err(ref error) => {
                    tracing::debug!(error, "the order can't be watched now");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            if (result.is_err() || tag.is_none()) && !self.sleep(pause) {
                return;
            }
            if *lock(&self.inner.stopped) {
                return;
            }
        }
    }

    /// Whom to ask for an order, its number if known, and its token; `None` when nothing more can come from the CA.
    fn question(&self, id: &str) -> Option<(Arc<dyn CaAdapter>, Option<String>, String)> {
        let ca = lock(&self.inner.open).get(id).map(|order| Arc::clone(&order.ca))?;
        self.with(id, |shared| {
            shared.look(|work| {
                let entry = is_waiting(work.entry()).then(|| work.entry())?;
                Some((ca, entry.order.as_ref().map(|order| order.no.clone()), entry.token.clone()))
            })
        })?
    }

    /// The state of an order changed while it was watched.
    fn told(&self, shared: &Shared) {
        self.publish();
        let (line, approved) = shared.look(|work| (line(work.entry()), is_approved(work.entry())));
        if line.state == LineState::Ready || approved {
            self.inner.sender.send(Event::OrderReady(line));
        }
    }

    /// False when the program ends.
    fn sleep(&self, pause: Duration) -> bool {
        let waiting = self.inner.stop.wait_timeout_while(lock(&self.inner.stopped), pause, |stopped| !*stopped);
        !*waiting.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn state_of(shared: &Shared) -> (Option<OrderState>, bool) {
    shared.look(|work| (work.entry().order.as_ref().map(|order| order.state), work.entry().is_open()))
}

/// What a poisoned lock guards is still what it was: every change here is one assignment.
pub(in crate::app) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Online, OrderStore, lock};
    use crate::app::engine::dispatch::EventSender;
    use base::fault::FaultCode;
    use ca_client::{Entry, Journal, KeyBinding, Profiles};
    use gm::PrivateKey;
    use net::Proxy;
    use order_api::{Base64, OrderKind, Period, SessionKey};
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    const ID: &str = "0123456789abcdef0123456789abcdef";
    const CA: &str = r#"
        [[ca]]
        id = "demo"
        name = { zh = "演示", en = "Demo" }
        issuers = ["Demo CA"]
        hot_line = "400-000-0000"
        reminder_days = [30]
        pin = { min = 6, max = 15 }
        order_api = "http://127.0.0.1:9"
    "#;

    /// A book with one open unlock, of which nothing is on the key.
    fn order_store(folder: &std::path::Path) -> OrderStore {
        let period = Period { from: 1, until: 2 };
        let entry = Entry {
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
        };
        let mut json = serde_json::to_value(&entry).unwrap();
        json["format"] = 1.into();
        std::fs::write(folder.join(format!("{ID}.json")), json.to_string()).unwrap();
        std::fs::write(folder.join("ca-profiles.toml"), CA).unwrap();
        let (profiles, fault) = Profiles::load(Some(&folder.join("ca-profiles.toml")));
        assert_eq!(fault, None);
        let online = Online { profiles, journal: Journal::at(folder.to_owned()), proxy: Proxy::None };
        let order_store = OrderStore::new(online, EventSender::to(channel().0));
        order_store.take(&entry).unwrap();
        order_store
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
}
