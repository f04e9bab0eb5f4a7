//! This computer's orders: what stands in the journal, and who works on it. Who watches it at the CA: [`super::watcher`].
//!
//! Invariants
//! * An order that this program works on is open in [`OrderStore`] once; the wizard of a key and the watcher share it.
//! * Whoever but a wizard has an order has it in its turn: forgetting it waits for that, so that only an open wizard refuses it.

use crate::app::engine::dispatch::EventSender;
use crate::app::engine::message::Event;
use crate::app::engine::watcher::Stopped;
use crate::app::engine::work::Shared;
use crate::app::model::line::line;
use base::fault::{Fault, FaultCode};
use ca_client::{
    CaAdapter, CaProfile, Connection, Entry, Journal, KeyBinding, OpenEntry, OrderApi, Portal, Profiles, Renewal,
    Unlock,
};
use net::Proxy;
use order_api::OrderKind;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Called after an order changed at the CA, with its id.
pub(in crate::app) type Changed = Arc<dyn Fn(&str) + Send + Sync>;

/// The orders, shared by wizards and watchers.
#[derive(Clone)]
pub(in crate::app) struct OrderStore {
    pub(super) inner: Arc<Inner>,
}

/// An open order with the key it belongs to, so that looking for a key's order waits for no other key.
pub(super) struct Open {
    binding: KeyBinding,
    pub(super) ca: Arc<dyn CaAdapter>,
    work: Shared,
    /// Taken by whoever looks at the order or takes it off the list.
    turn: Arc<Mutex<()>>,
}

pub(super) struct Inner {
    online: Online,
    /// How services are reached now.
    proxy: Mutex<Proxy>,
    pub(super) sender: EventSender,
    pub(super) open: Mutex<HashMap<String, Open>>,
    pub(super) watched: Mutex<HashMap<String, ()>>,
    /// True when the program ends.
    pub(super) stopped: Stopped,
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
                stopped: Stopped::default(),
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
        self.inner.stopped.send_replace(true);
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

    pub(super) fn put(&self, work: Shared, ca: Arc<dyn CaAdapter>) -> String {
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
        self.take_off(id, Shared::forget, Journal::forget)
    }

    /// Gives an order up, whatever it is: also one of a CA that is not known, or part of which is on a key.
    pub(in crate::app) fn give_up(&self, id: &str) -> Result<(), Fault> {
        self.take_off(id, Shared::give_up, Journal::give_up)
    }

    fn take_off(
        &self,
        id: &str,
        of_open: impl FnOnce(Shared) -> Result<Result<(), Fault>, Shared>,
        of_journal: impl FnOnce(&Journal, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let turn = self.turn(id);
        let _turn = turn.as_deref().map(lock);
        let open = lock(&self.inner.open).remove(id);
        let result = match open {
            None => of_journal(&self.inner.online.journal, id),
            Some(Open { binding, ca, work, turn }) => of_open(work).unwrap_or_else(|work| {
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
    pub(super) fn with<R>(&self, id: &str, then: impl FnOnce(&Shared) -> R) -> Option<R> {
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
}

/// What a poisoned lock guards is still what it was: every change here is one assignment.
pub(in crate::app) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests;
