//! This computer's orders: what stands in the journal, who works on it, and who watches it at the CA.
//!
//! Invariants
//! * An order that this program works on is open in [`Book`] once; the wizard of a key and the watcher share it.
//! * A watcher waits at the service for a change and holds nothing meanwhile; a service that can't be reached is asked again
//!   after a pause that grows.

use super::hub::Outlet;
use super::message::Event;
use super::renewal::{LineState, OrderLine};
use crate::ca::protocol::{NextAction, Order, OrderState};
use crate::ca::{
    CaAdapter, CaProfile, Connection, Entry, Journal, KeyBinding, OpenEntry, OrderAnswer, OrderApi, Phase, Portal,
    Profiles, Proxy, Renewal,
};
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
    /// How services are reached.
    pub proxy: Proxy,
}

/// How long one question for a change stays at the service.
const WAIT: Duration = Duration::from_secs(25);
/// First and longest pause after a service could not be reached.
const PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// An order this program works on.
pub(super) type Shared = Arc<Mutex<Renewal>>;
/// Called after an order changed at the CA, with its id.
pub(super) type Changed = Arc<dyn Fn(&str) + Send + Sync>;

/// The orders, shared by wizards and watchers.
#[derive(Clone)]
pub(super) struct Book {
    inner: Arc<Inner>,
}

struct Inner {
    online: Online,
    outlet: Outlet,
    open: Mutex<HashMap<String, Shared>>,
    watched: Mutex<HashMap<String, ()>>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Book {
    pub(super) fn new(online: Online, outlet: Outlet) -> Self {
        Self {
            inner: Arc::new(Inner {
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

    /// Opens what is unfinished, shows the list and watches what waits for the CA. Called once, on a thread of its own.
    pub(super) fn start(&self, changed: &Changed) {
        let entries = match self.inner.online.journal.entries() {
            Ok((entries, damaged)) => {
                for file in damaged {
                    tracing::warn!(file = %file.file.display(), "a damaged order was set aside");
                }
                entries
            }
            Err(fault) => {
                tracing::warn!(code = fault.code.as_str(), detail = fault.detail, "the journal of orders can't be read");
                return;
            }
        };
        for entry in entries.iter().filter(|entry| entry.finished.is_none()) {
            match self.take(entry) {
                Ok(_) => self.watch(&entry.id, changed),
                Err(fault) => tracing::info!(code = fault.code.as_str(), order = entry.id, "left alone"),
            }
        }
        self.publish();
    }

    /// Ends the watchers' pauses; they end with their present question.
    pub(super) fn stop(&self) {
        *lock(&self.inner.stopped) = true;
        self.inner.stop.notify_all();
    }

    /// The connection to a CA.
    pub(super) fn connect(&self, profile: &CaProfile) -> Result<Arc<dyn CaAdapter>, Fault> {
        match &profile.connection {
            Connection::OrderApi(_) => {
                OrderApi::new(profile, &self.inner.online.proxy).map(|api| Arc::new(api) as Arc<dyn CaAdapter>).map_err(Fault::from)
            }
            Connection::Portal(pages) => Ok(Arc::new(Portal::new(profile, pages))),
        }
    }

    /// The unfinished order of a key, if there is one.
    pub(super) fn unfinished(&self, binding: &KeyBinding) -> Option<(String, Shared)> {
        let open = lock(&self.inner.open);
        open.iter().find_map(|(id, renewal)| {
            let found = {
                let renewal = lock(renewal);
                let entry = renewal.entry();
                entry.finished.is_none()
                    && entry.binding.device_serial == binding.device_serial
                    && entry.binding.key == binding.key
            };
            found.then(|| (id.clone(), Arc::clone(renewal)))
        })
    }

    /// Puts a new order into the book.
    pub(super) fn add(&self, renewal: Renewal) -> (String, Shared) {
        let id = renewal.entry().id.clone();
        let shared = Arc::new(Mutex::new(renewal));
        lock(&self.inner.open).insert(id.clone(), Arc::clone(&shared));
        self.publish();
        (id, shared)
    }

    fn take(&self, entry: &Entry) -> Result<Shared, Fault> {
        if let Some(shared) = lock(&self.inner.open).get(&entry.id) {
            return Ok(Arc::clone(shared));
        }
        let profiles = &self.inner.online.profiles;
        let profile = profiles.get(&entry.ca).ok_or_else(|| Fault::new(FaultCode::ProfilesNotUsable).detail(&*entry.ca))?;
        let ca = self.connect(profile)?;
        let open: OpenEntry = self.inner.online.journal.open(&entry.id)?;
        let shared = Arc::new(Mutex::new(Renewal::resume(ca, open)));
        lock(&self.inner.open).insert(entry.id.clone(), Arc::clone(&shared));
        Ok(shared)
    }

    /// Takes an order off the list: a finished one, or one nothing of which is on a key.
    pub(super) fn forget(&self, id: &str) -> Result<(), Fault> {
        let shared = lock(&self.inner.open).remove(id);
        let result = match shared.map(Arc::try_unwrap) {
            Some(Ok(renewal)) => renewal.into_inner().unwrap_or_else(PoisonError::into_inner).forget(),
            // a wizard or watcher is at it
            Some(Err(shared)) => {
                lock(&self.inner.open).insert(id.to_owned(), shared);
                Err(Fault::new(FaultCode::OrderInUse))
            }
            None => self.inner.online.journal.remove(id),
        };
        self.publish();
        result
    }

    /// Asks every service for every open order.
    pub(super) fn refresh_all(&self, changed: &Changed) {
        let all: Vec<(String, Shared)> =
            lock(&self.inner.open).iter().map(|(id, shared)| (id.clone(), Arc::clone(shared))).collect();
        for (id, shared) in all {
            let result = lock(&shared).refresh(None).map(drop);
            if let Err(fault) = result {
                tracing::info!(code = fault.code.as_str(), order = id, "not refreshed");
            }
            changed(&id);
            self.watch(&id, changed);
        }
        self.publish();
    }

    /// Tells the window the list as the journal has it.
    pub(super) fn publish(&self) {
        if let Ok((entries, _)) = self.inner.online.journal.entries() {
            self.inner.outlet.send(Event::Orders(entries.iter().map(line).collect()));
        }
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
            let Some(shared) = lock(&self.inner.open).get(id).cloned() else { return };
            let (ca, no, token) = {
                let renewal = lock(&shared);
                if !is_waiting(renewal.entry()) {
                    return;
                }
                let no = renewal.entry().order.as_ref().map(|order| order.no.clone());
                (renewal.ca(), no, renewal.entry().token.clone())
            };
            let asked = match no {
                Some(no) => ca.order(&no, &token, tag.as_deref(), tag.as_ref().map(|_| WAIT)).map_err(Fault::from),
                // nobody knows whether it arrived: sent again below
                None => Ok(OrderAnswer::Unchanged),
            };
            let result = match asked {
                Ok(OrderAnswer::Unchanged) if tag.is_some() => Ok(()),
                Ok(answer) => {
                    if let OrderAnswer::Now { etag, .. } = answer {
                        tag = etag;
                    }
                    let before = state_of(&shared);
                    let refreshed = lock(&shared).refresh(None).map(drop);
                    if state_of(&shared) != before {
                        self.told(&shared);
                        changed(id);
                    }
                    refreshed
                }
                Err(fault) => Err(fault),
            };
            match result {
                // a service that hands out no tags can't tell of a change: it is asked after a pause
                Ok(()) if tag.is_some() => pause = PAUSE,
                Ok(()) => {}
                Err(ref fault) => {
                    tracing::debug!(code = fault.code.as_str(), "the order can't be watched now");
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

    /// The state of an order changed while it was watched.
    fn told(&self, shared: &Shared) {
        self.publish();
        let line = line(lock(shared).entry());
        if line.state == LineState::Ready {
            self.inner.outlet.send(Event::OrderReady(line));
        }
    }

    /// False when the program ends.
    fn sleep(&self, pause: Duration) -> bool {
        let waiting = self.inner.stop.wait_timeout_while(lock(&self.inner.stopped), pause, |stopped| !*stopped);
        !*waiting.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn state_of(shared: &Shared) -> Option<OrderState> {
    lock(shared).entry().order.as_ref().map(|order| order.state)
}

/// True while the next step is not this program's.
fn is_waiting(entry: &Entry) -> bool {
    match entry.phase() {
        Phase::Submitting => true,
        Phase::Waiting(state) => !matches!(state, OrderState::Authorized | OrderState::Issued) && !state.is_final(),
        Phase::Downloading(_) | Phase::Done | Phase::Ended(_) => false,
    }
}

/// An entry as the window shows it.
pub(super) fn line(entry: &Entry) -> OrderLine {
    let order = entry.order.as_ref();
    OrderLine {
        id: entry.id.clone(),
        no: order.map(|order| order.no.clone()).unwrap_or_default(),
        holder: entry.holder.clone(),
        device_serial: entry.binding.device_serial.clone(),
        public_key: entry.binding.key.0.0,
        state: line_state(entry),
        created: entry.created,
        new: Some(order.map_or(entry.new, |order| order.new)),
        reason: order.and_then(|order| order.reason.clone()),
    }
}

fn line_state(entry: &Entry) -> LineState {
    match entry.phase() {
        Phase::Submitting => LineState::Sending,
        Phase::Downloading(_) => LineState::Interrupted,
        Phase::Done => LineState::Done,
        Phase::Waiting(state) | Phase::Ended(state) => match state {
            OrderState::Submitted if wants_code(entry.order.as_ref()) => LineState::VerifyMobile,
            OrderState::Submitted | OrderState::Reviewing => LineState::Reviewing,
            OrderState::Payment => LineState::Payment,
            OrderState::Authorized | OrderState::Issued => LineState::Ready,
            OrderState::Installed => LineState::Done,
            OrderState::Rejected => LineState::Rejected,
            OrderState::Expired => LineState::Expired,
            OrderState::Cancelled => LineState::Cancelled,
        },
    }
}

fn wants_code(order: Option<&Order>) -> bool {
    order.is_some_and(|order| order.next_actions.contains(&NextAction::VerifyMobile))
}

/// What a poisoned lock guards is still what it was: every change here is one assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
