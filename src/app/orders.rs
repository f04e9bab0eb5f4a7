//! This computer's orders: what stands in the journal, who works on it, and who watches it at the CA.
//!
//! Invariants
//! * An order that this program works on is open in [`Book`] once; the wizard of a key and the watcher share it.
//! * A watcher waits at the service for a change and holds nothing meanwhile; a service that can't be reached is asked again
//!   after a pause that grows.

use super::hub::Outlet;
use super::line::{is_approved, is_waiting, line};
use super::message::Event;
use super::renewal::LineState;
use super::work::Shared;
use crate::ca::protocol::{OrderKind, OrderState};
use crate::ca::{
    CaAdapter, CaProfile, Connection, Entry, Journal, KeyBinding, OpenEntry, OrderAnswer, OrderApi, Portal, Profiles,
    Proxy, Renewal, Unlock,
};
use crate::cert;
use crate::fault::{Fault, FaultCode};
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
pub(super) type Changed = Arc<dyn Fn(&str) + Send + Sync>;

/// The orders, shared by wizards and watchers.
#[derive(Clone)]
pub(super) struct Book {
    inner: Arc<Inner>,
}

/// An open order with the key it belongs to, so that looking for a key's order waits for no other key.
struct Open {
    binding: KeyBinding,
    ca: Arc<dyn CaAdapter>,
    work: Shared,
}

struct Inner {
    online: Online,
    /// How services are reached now.
    proxy: Mutex<Proxy>,
    outlet: Outlet,
    open: Mutex<HashMap<String, Open>>,
    watched: Mutex<HashMap<String, ()>>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Book {
    pub(super) fn new(online: Online, outlet: Outlet) -> Self {
        Self {
            inner: Arc::new(Inner {
                proxy: Mutex::new(online.proxy.clone()),
                online,
                outlet,
                open: Mutex::default(),
                watched: Mutex::default(),
                stopped: Mutex::new(false),
                stop: Condvar::new(),
            }),
        }
    }

    pub(super) fn online(&self) -> &Online {
        &self.inner.online
    }

    /// How services are reached now.
    pub(super) fn proxy(&self) -> Proxy {
        lock(&self.inner.proxy).clone()
    }

    /// Services are reached this way from now on; a question under way ends as it began.
    pub(super) fn use_proxy(&self, proxy: Proxy) {
        *lock(&self.inner.proxy) = proxy;
    }

    /// Opens what is unfinished, shows the list and watches what waits for the CA. Called on a thread of its own.
    pub(super) fn start(&self, changed: &Changed) {
        self.take_unfinished(changed);
        self.publish();
    }

    /// Opens what is unfinished and not open yet. What another program works on is left to it.
    pub(super) fn take_unfinished(&self, changed: &Changed) {
        let entries = match self.inner.online.journal.entries() {
            Ok((entries, damaged)) => {
                for file in damaged {
                    tracing::warn!(file = %file.file.display(), "a damaged order was set aside");
                    self.inner.outlet.send(Event::SetAside(file.file));
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
            if self.open_order(&entry.id).is_some() {
                continue;
            }
            match self.take(entry) {
                Ok(()) => self.watch(&entry.id, changed),
                Err(fault) => tracing::info!(code = fault.code.as_str(), order = entry.id, "left alone"),
            }
        }
    }

    /// Gives the orders back to the journal and ends the watchers' pauses; a watcher ends with its present question.
    pub(super) fn stop(&self) {
        *lock(&self.inner.stopped) = true;
        self.inner.stop.notify_all();
        lock(&self.inner.open).clear();
    }

    /// The connection to a CA.
    pub(super) fn connect(&self, profile: &CaProfile) -> Result<Arc<dyn CaAdapter>, Fault> {
        match &profile.connection {
            Connection::OrderApi(_) => OrderApi::new(profile, &self.proxy())
                .map(|api| Arc::new(api) as Arc<dyn CaAdapter>)
                .map_err(|error| error.to_fault(&profile.support(), "", "", cert::now())),
            Connection::Portal(pages) => Ok(Arc::new(Portal::new(profile, pages))),
        }
    }

    /// The unfinished order of a kind of a key, if there is one.
    pub(super) fn unfinished(&self, kind: OrderKind, binding: &KeyBinding) -> Option<(String, Shared)> {
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
    pub(super) fn add(&self, work: Shared, ca: &Arc<dyn CaAdapter>) -> String {
        let id = self.put(work, Arc::clone(ca));
        self.publish();
        id
    }

    fn put(&self, work: Shared, ca: Arc<dyn CaAdapter>) -> String {
        let (id, binding) = work.look(|work| (work.entry().id.clone(), work.entry().binding.clone()));
        lock(&self.inner.open).insert(id.clone(), Open { binding, ca, work });
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
    pub(super) fn forget(&self, id: &str) -> Result<(), Fault> {
        let open = lock(&self.inner.open).remove(id);
        let result = match open {
            None => self.inner.online.journal.forget(id),
            Some(Open { binding, ca, work }) => work.forget().unwrap_or_else(|work| {
                // a wizard or watcher is at it
                lock(&self.inner.open).insert(id.to_owned(), Open { binding, ca, work });
                Err(Fault::new(FaultCode::OrderInUse))
            }),
        };
        self.publish();
        result
    }

    /// Asks every service for every open order.
    pub(super) fn refresh_all(&self, changed: &Changed) {
        self.take_unfinished(changed);
        let all: Vec<(String, Shared)> =
            lock(&self.inner.open).iter().map(|(id, order)| (id.clone(), order.work.clone())).collect();
        let mut failed = None;
        for (id, shared) in all {
            let result = shared.look(|work| work.refresh());
            if let Err(fault) = result {
                tracing::info!(code = fault.code.as_str(), order = id, "not refreshed");
                failed = Some(fault);
            }
            changed(&id);
            self.watch(&id, changed);
        }
        self.publish();
        if let Some(fault) = failed {
            self.inner.outlet.send(Event::OrdersFault(fault));
        }
    }

    /// Tells the window the list as the journal has it.
    pub(super) fn publish(&self) {
        self.inner.outlet.send(match self.inner.online.journal.entries() {
            Ok((entries, _)) => Event::Orders(entries.iter().map(line).collect()),
            Err(fault) => Event::OrdersFault(fault),
        });
    }

    /// Watches an order until nothing more can come from the CA. One watcher an order.
    pub(super) fn watch(&self, id: &str, changed: &Changed) {
        if lock(&self.inner.watched).insert(id.to_owned(), ()).is_some() {
            return;
        }
        let (book, order, changed) = (self.clone(), id.to_owned(), Arc::clone(changed));
        let started = std::thread::Builder::new().name("order-watch".to_owned()).spawn(move || {
            book.watch_until_settled(&order, &changed);
            lock(&book.inner.watched).remove(&order);
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
                    let Some(shared) = self.open_order(id) else { return };
                    let before = state_of(&shared);
                    let refreshed = shared.look(|work| work.refresh()).map_err(|fault| fault.reference());
                    if state_of(&shared) != before {
                        self.told(&shared);
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

    fn open_order(&self, id: &str) -> Option<Shared> {
        lock(&self.inner.open).get(id).map(|order| order.work.clone())
    }

    /// Whom to ask for an order, its number if known, and its token; `None` when nothing more can come from the CA.
    fn question(&self, id: &str) -> Option<(Arc<dyn CaAdapter>, Option<String>, String)> {
        let shared = self.open_order(id)?;
        let ca = lock(&self.inner.open).get(id).map(|order| Arc::clone(&order.ca))?;
        shared.look(|work| {
            let entry = is_waiting(work.entry()).then(|| work.entry())?;
            Some((ca, entry.order.as_ref().map(|order| order.no.clone()), entry.token.clone()))
        })
    }

    /// The state of an order changed while it was watched.
    fn told(&self, shared: &Shared) {
        self.publish();
        let (line, approved) = shared.look(|work| (line(work.entry()), is_approved(work.entry())));
        if line.state == LineState::Ready || approved {
            self.inner.outlet.send(Event::OrderReady(line));
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
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
