//! Watching orders at the CA: one thread an order, until nothing more can come from there.
//!
//! Invariants
//! * A watcher waits at the service for a change and holds nothing meanwhile.
//! * However a question ended, the next begins [`SPACING`] and a chance more after it began; a service that can't be reached
//!   is asked again after a pause that grows.

use crate::app::engine::message::Event;
use crate::app::engine::orders::{Changed, OrderStore, lock};
use crate::app::engine::work::Shared;
use crate::app::model::line::{is_approved, is_waiting, line};
use crate::app::model::renewal::LineState;
use base::fault::Fault;
use ca_client::{CaAdapter, CaError, OrderAnswer};
use order_api::OrderState;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};

/// How long one question for a change stays at the service.
const WAIT: Duration = Duration::from_secs(25);
/// Least time between the beginnings of two questions.
const SPACING: Duration = Duration::from_secs(10);
/// The chance that is added, at most: programs that were answered at once do not come back at once.
const CHANCE: Duration = Duration::from_secs(3);
/// First and longest pause after a service could not be reached.
const PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What is asked for an order, and how far the order was then.
struct Question {
    ca: Arc<dyn CaAdapter>,
    /// Order number, if known.
    no: Option<String>,
    token: String,
    state: Seen,
}

/// Ends the pauses of all watchers; true when the program ends.
pub(super) type Stopped = tokio::sync::watch::Sender<bool>;

/// State at the service, and whether something is left to do.
type Seen = (Option<OrderState>, bool);

impl OrderStore {
    /// Watches an order until nothing more can come from the CA. One watcher an order.
    pub(in crate::app) fn watch(&self, id: &str, changed: &Changed) {
        if lock(&self.inner.watched).insert(id.to_owned(), ()).is_some() {
            return;
        }
        let (order_store, order, changed) = (self.clone(), id.to_owned(), Arc::clone(changed));
        let started = Builder::new_current_thread().enable_time().build().and_then(|clock| {
            std::thread::Builder::new().name("order-watch".to_owned()).spawn(move || {
                order_store.watch_until_settled(&order, &changed, &clock);
                lock(&order_store.inner.watched).remove(&order);
            })
        });
        if let Err(error) = started {
            lock(&self.inner.watched).remove(id);
            tracing::error!(%error, "no thread for watching an order");
        }
    }

    fn watch_until_settled(&self, id: &str, changed: &Changed, clock: &Runtime) {
        let _clock = clock.enter();
        let mut pause = PAUSE;
        let mut tag: Option<String> = None;
        while let Some(question) = self.question(id) {
            let begun = Instant::now();
            // held only for a moment: while the question waits at the service, others may work on the order or forget it
            let asked = question.ask(tag.as_deref());
            let new_tag = match &asked {
                Some(Ok(OrderAnswer::Now { etag, .. })) => etag.clone(),
                _ => tag.clone(),
            };
            let Some(heard) = self.hear(id, &question, asked, changed) else { return };
            let next = match heard {
                Ok(taken) => {
                    // one that was not taken is asked for again as a whole
                    tag = new_tag.filter(|_| taken);
                    pause = PAUSE;
                    // a service that hands out no tags can't tell of a change
                    begun + if taken && tag.is_none() { PAUSE } else { SPACING }
                }
                Err(fault) => {
                    tracing::debug!(fault = fault.reference(), "the order can't be watched now");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    Instant::now() + pause
                }
            };
            if self.question(id).is_none() || !self.rest(next + chance(), clock) {
                return;
            }
        }
    }

    /// Takes in an answer, if nobody moved the order since the question; the order is sent again where its number is not known.
    /// `None` when it is not open any more.
    fn hear(
        &self,
        id: &str,
        question: &Question,
        asked: Option<Result<OrderAnswer, CaError>>,
        changed: &Changed,
    ) -> Option<Result<bool, Fault>> {
        let (heard, different) = self.with(id, |shared| {
            let before = state_of(shared);
            if before != question.state {
                return (Ok(false), false);
            }
            let heard = shared.look(|work| match asked {
                Some(answer) => work.hear(answer),
                None => work.refresh(),
            });
            let different = state_of(shared) != before;
            if different {
                self.told(shared);
            }
            (heard.map(|()| true), different)
        })?;
        if different {
            changed(id);
        }
        Some(heard)
    }

    /// What to ask for an order; `None` when nothing more can come from the CA.
    fn question(&self, id: &str) -> Option<Question> {
        let ca = lock(&self.inner.open).get(id).map(|order| Arc::clone(&order.ca))?;
        self.with(id, |shared| {
            let state = state_of(shared);
            shared.look(|work| {
                let entry = is_waiting(work.entry()).then(|| work.entry())?;
                let no = entry.order.as_ref().map(|order| order.no.clone());
                Some(Question { ca, no, token: entry.token.clone(), state })
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
    fn rest(&self, until: Instant, clock: &Runtime) -> bool {
        let mut stopped = self.inner.stopped.subscribe();
        clock.block_on(async {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => false,
                () = sleep_until(until) => true,
            }
        })
    }
}

impl Question {
    /// `None` where nobody knows whether the order arrived: it is sent again.
    fn ask(&self, tag: Option<&str>) -> Option<Result<OrderAnswer, CaError>> {
        let no = self.no.as_ref()?;
        Some(self.ca.order(no, &self.token, tag, tag.map(|_| WAIT)))
    }
}

fn state_of(shared: &Shared) -> Seen {
    shared.look(|work| (work.entry().order.as_ref().map(|order| order.state), work.entry().is_open()))
}

/// Up to [`CHANCE`].
fn chance() -> Duration {
    let part = gm::random::<1>().map_or(0, |[byte]| u32::from(byte));
    CHANCE * part / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests;
