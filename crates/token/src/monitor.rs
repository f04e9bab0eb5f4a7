//! Hot-plug over PC/SC: a thread blocked in `SCardGetStatusChange` with the PnP reader, on Linux without any timer while
//! nothing happens, rebuilt when the service comes back.
//!
//! Traps closed here
//! * pcsc-lite before 2.5 takes at most 16 states a call, the PnP reader included, and has at most 16 readers: when it
//!   refuses 17 states the PnP reader is left out, for then no further reader can come, and one that goes shows on its own
//!   state. Later versions and Windows take any number.
//! * pcsc-lite before 2.3.1 compares the PnP reader with the readers there are when the call begins, so a reader that
//!   appears between listing and waiting is missed: after every change the list is read once more when it has settled.
//! * A card pulled and put back between two calls is told by the event count.
//! * An implementation whose call returns at once for ever is slowed down to one call in 100 ms.
//! * `SCardCancel` does nothing unless the call already waits: it is repeated until it had its effect.

use super::pcsc_link::{PcscLink, transport_error};
use super::service_probe::diagnose;
use super::service_watch::{ServiceWatch, Stop};
use super::text::shown;
use super::{KeySource, ServiceReport, ServiceState, Slot, SourceEvent, Transport, TransportError};
use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, Scope, State};
use std::ffi::CString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shortest time between two returns that told nothing, after a few are forgiven.
const FLOOR: Duration = Duration::from_millis(100);
const FORGIVEN: u32 = 32;
/// A list of readers that did not change for so long has settled.
const SETTLED: Duration = Duration::from_secs(1);
/// Between two attempts to reach a service no event tells about.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// On Windows the service comes with every key that is put in, and no event tells: the person waits so long.
const LONGEST_PAUSE: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 30 } else { 1 });
/// Attempts after something happened to the service's socket: it is there before anybody listens on it.
const ATTEMPTS: u32 = 6;
/// How long a card held by another program is asked for again. A hold shorter than this may never show in the states the
/// service reports (pcscd looks every 400 ms), so no event would tell its end.
const HELD: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400)];
/// `SCardCancel` is repeated this often, this many times.
const CANCEL_EVERY: Duration = Duration::from_millis(20);
const CANCELS: u32 = 250;

type Sink<'a> = &'a mut dyn FnMut(SourceEvent) -> bool;

/// The readers of this machine.
pub struct PcscSource {
    stop: Stop,
    /// The context the thread waits on, for cancelling.
    context: Mutex<Option<Context>>,
    watching: Mutex<bool>,
    left: Condvar,
    next_slot: AtomicU64,
    /// Slots with a card, with the reader's name as the service spells it.
    present: Mutex<Vec<(u64, CString)>>,
    /// Slots found held by another program, not yet known to the thread.
    held: Mutex<Vec<u64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for PcscSource {
    fn default() -> Self {
        Self::new()
    }
}

impl PcscSource {
    /// Nothing is asked before [`KeySource::watch`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            stop: Stop::new(),
            context: Mutex::new(None),
            watching: Mutex::new(false),
            left: Condvar::new(),
            next_slot: AtomicU64::new(1),
            present: Mutex::new(Vec::new()),
            held: Mutex::new(Vec::new()),
        }
    }

    /// Ends a wait of the thread if it is in one; false when it watches no readers.
    fn cancel(&self) -> bool {
        let Some(context) = lock(&self.context).clone() else { return false };
        if let Err(error) = context.cancel() {
            tracing::debug!(%error, "cancel");
        }
        true
    }

    /// Lets the thread wait for the end of another program's hold.
    fn await_release(&self, slot: u64) {
        lock(&self.held).push(slot);
        for _ in 0..CANCELS {
            let taken = !lock(&self.held).contains(&slot);
            if taken || !self.cancel() {
                break;
            }
            self.stop.sleep(CANCEL_EVERY);
        }
        lock(&self.held).retain(|held| *held != slot);
    }

    fn watch_service(&self, sink: Sink<'_>) {
        let mut told = None;
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        while !self.stop.is_stopped() {
            let service = ServiceWatch::set();
            let error = match Context::establish(Scope::User) {
                Ok(context) => {
                    drop(service);
                    let began = Instant::now();
                    if !self.watch_readers(&context, sink) {
                        return;
                    }
                    (told, attempts) = (None, ATTEMPTS);
                    pause = if began.elapsed() > SETTLED { FIRST_PAUSE } else { self.rest(pause) };
                    continue;
                }
                Err(error) => error,
            };
            let diagnosis = diagnose(error);
            tracing::debug!(%error, ?diagnosis, "no context");
            if told.as_ref() != Some(&diagnosis.state) {
                if !sink(SourceEvent::Service(diagnosis.state.clone())) {
                    return;
                }
                told = Some(diagnosis.state);
            }
            if attempts > 0 {
                attempts -= 1;
                self.stop.sleep(FIRST_PAUSE);
            } else if service.wait(&self.stop, diagnosis.listening, pause) {
                (attempts, pause) = (ATTEMPTS, FIRST_PAUSE);
            } else {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Sleeps and returns the next, longer pause.
    fn rest(&self, pause: Duration) -> Duration {
        self.stop.sleep(pause);
        (pause * 2).min(LONGEST_PAUSE)
    }

    /// False when nobody wants to hear more; true when the service is gone.
    fn watch_readers(&self, context: &Context, sink: Sink<'_>) -> bool {
        *lock(&self.context) = Some(context.clone());
        let mut desk = Desk::new(self, sink);
        if let Err(error) = desk.watch(context) {
            tracing::debug!(%error, "readers lost");
            desk.remove_all();
        }
        let wanted = desk.wanted;
        *lock(&self.context) = None;
        wanted
    }
}

impl KeySource for PcscSource {
    fn watch(&self, sink: &mut dyn FnMut(SourceEvent) -> bool) {
        *lock(&self.watching) = true;
        self.watch_service(sink);
        *lock(&self.watching) = false;
        self.left.notify_all();
    }

    fn stop(&self) {
        self.stop.stop();
        let mut watching = lock(&self.watching);
        for _ in 0..CANCELS {
            if !*watching {
                return;
            }
            self.cancel();
            watching = self.left.wait_timeout(watching, CANCEL_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn open(&self, slot: &Slot) -> Result<Box<dyn Transport>, TransportError> {
        let reader = lock(&self.present).iter().find(|(id, _)| *id == slot.id).map(|(_, reader)| reader.clone());
        let reader = reader.ok_or(TransportError::Removed)?;
        // a context of its own: operations on one context wait for each other
        let context = Context::establish(Scope::User).map_err(transport_error)?;
        let mut pauses = HELD.into_iter();
        let link = loop {
            match (PcscLink::connect(&context, &reader), pauses.next()) {
                (Err(TransportError::Held), Some(pause)) => self.stop.sleep(pause),
                (Err(TransportError::Held), None) => {
                    self.await_release(slot.id);
                    return Err(TransportError::Held);
                }
                (result, _) => break result?,
            }
        };
        if !slot.atr.is_empty() && link.atr() != slot.atr {
            return Err(TransportError::Removed);
        }
        Ok(Box::new(link))
    }

    fn look(&self) -> Option<ServiceReport> {
        Some(ServiceReport::look())
    }
}

/// A card known to be in a reader.
struct Seen {
    slot: u64,
    /// Event count of the reader when it was put in.
    count: u32,
    /// Another program holds it exclusively.
    held: bool,
}

/// What one context sees. `states` begins with the PnP reader; `cards` stands beside the rest of it.
struct Desk<'a> {
    source: &'a PcscSource,
    sink: Sink<'a>,
    wanted: bool,
    states: Vec<ReaderState>,
    cards: Vec<Option<Seen>>,
}

impl<'a> Desk<'a> {
    fn new(source: &'a PcscSource, sink: Sink<'a>) -> Self {
        let states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
        Self { source, sink, wanted: true, states, cards: Vec::new() }
    }

    fn tell(&mut self, event: SourceEvent) {
        self.wanted = self.wanted && (self.sink)(event);
    }

    /// Ends with an error when the service is gone, without one when nobody wants to hear more.
    fn watch(&mut self, context: &Context) -> Result<(), Error> {
        let mut listed = false;
        // told after the cards that are in: who hears of the service has heard of every card before
        let mut unannounced = false;
        let mut settled = false;
        let mut full = false;
        let mut idle_returns = 0;
        while self.wanted && !self.source.stop.is_stopped() {
            if self.list(context)? || !listed {
                (listed, settled, full, unannounced) = (true, false, false, true);
            }
            if self.cards.is_empty() && std::mem::take(&mut unannounced) {
                self.tell(SourceEvent::Service(ServiceState::Running { readers: 0 }));
            }
            self.expect_release();
            let began = Instant::now();
            let states = if full { self.states.get_mut(1..).unwrap_or_default() } else { self.states.as_mut_slice() };
            let waited = context.get_status_change(if settled { None } else { Some(SETTLED) }, states);
            let mut told = false;
            let known = matches!(waited, Ok(()) | Err(Error::Timeout));
            match waited {
                Ok(()) => told = self.look(),
                Err(Error::Timeout) => settled = true,
                Err(Error::InvalidParameter) if !full && !self.cards.is_empty() => full = true,
                // a reader went away between listing and waiting
                Err(Error::UnknownReader | Error::Cancelled) => {}
                Err(error) => return Err(error),
            }
            if known && std::mem::take(&mut unannounced) {
                self.tell(SourceEvent::Service(ServiceState::Running { readers: self.cards.len() }));
            }
            let idle = !told && began.elapsed() < FLOOR;
            idle_returns = if idle { idle_returns + 1 } else { 0 };
            if idle_returns > FORGIVEN {
                self.source.stop.sleep(FLOOR.saturating_sub(began.elapsed()));
            }
        }
        Ok(())
    }

    /// Follows the list of readers; true when it changed.
    fn list(&mut self, context: &Context) -> Result<bool, Error> {
        let names = context.list_readers_owned()?;
        let mut changed = false;
        let mut index = 0;
        while let Some(state) = self.states.get(index + 1) {
            if names.iter().any(|name| name.as_c_str() == state.name()) {
                index += 1;
            } else {
                changed = true;
                self.states.remove(index + 1);
                if let Some(seen) = self.cards.remove(index) {
                    self.remove(seen.slot);
                }
            }
        }
        for name in names {
            if !self.states.iter().any(|state| state.name() == name.as_c_str()) {
                changed = true;
                self.states.push(ReaderState::new(name, State::UNAWARE));
                self.cards.push(None);
            }
        }
        Ok(changed)
    }

    /// Claims the hold that [`KeySource::open`] met as known: pcsc-lite reports the beginning of a hold only when the card
    /// was in use before, but its end always when the beginning is known.
    fn expect_release(&mut self) {
        let held = std::mem::take(&mut *lock(&self.source.held));
        for (state, card) in self.states.iter_mut().skip(1).zip(&mut self.cards) {
            let Some(seen) = card.as_mut().filter(|seen| held.contains(&seen.slot)) else { continue };
            seen.held = true;
            let count = pcsc::ffi::DWORD::from(seen.count) << 16;
            let known = State::PRESENT | State::EXCLUSIVE;
            *state = ReaderState::new(state.name(), State::from_bits_retain(known.bits() | count));
        }
    }

    /// Compares what the service reported with what is known; true when there was something to tell.
    fn look(&mut self) -> bool {
        let mut told = false;
        for index in 0..self.cards.len() {
            let (Some(state), Some(card)) = (self.states.get(index + 1), self.cards.get_mut(index)) else { continue };
            let now = state.event_state();
            let there = now.contains(State::PRESENT) && !now.intersects(State::UNKNOWN | State::UNAVAILABLE);
            let held = now.contains(State::EXCLUSIVE);
            let count = state.event_count();
            if let Some(seen) = card
                && there
                && seen.count == count
            {
                let freed = seen.held && !held;
                seen.held = held;
                if freed {
                    let slot = seen.slot;
                    told = true;
                    self.tell(SourceEvent::Freed(slot));
                }
                continue;
            }
            if let Some(seen) = card.take() {
                told = true;
                self.remove(seen.slot);
            }
            if there {
                told = true;
                self.insert(index, count, held);
            }
        }
        for state in &mut self.states {
            state.sync_current_state();
        }
        told
    }

    fn insert(&mut self, index: usize, count: u32, held: bool) {
        let Some(state) = self.states.get(index + 1) else { return };
        let id = self.source.next_slot.fetch_add(1, Ordering::Relaxed);
        lock(&self.source.present).push((id, state.name().to_owned()));
        let slot = Slot { id, reader: shown(state.name().to_bytes()), atr: state.atr().to_vec() };
        if let Some(card) = self.cards.get_mut(index) {
            *card = Some(Seen { slot: id, count, held });
        }
        self.tell(SourceEvent::Inserted(slot));
    }

    fn remove(&mut self, slot: u64) {
        lock(&self.source.present).retain(|(id, _)| *id != slot);
        self.tell(SourceEvent::Removed(slot));
    }

    fn remove_all(&mut self) {
        for seen in std::mem::take(&mut self.cards).into_iter().flatten() {
            self.remove(seen.slot);
        }
    }
}
