//! The model: what lies on the desk. Plain data, changed only by events.

use super::message::Event;
use super::renewal::{OrderLine, RenewalDesk, RenewalStage, RenewalTask};
use super::view::KeyView;
use crate::cert;
use crate::fault::Fault;
use crate::token::{KeyUse, PinInfo, ServiceState, Slot};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

/// Where a key stands between insertion and removal.
#[derive(Clone, Debug)]
pub enum KeyState {
    /// Being read for the first time.
    Reading,
    /// Read.
    Ready(Box<KeyView>),
    /// Could not be read.
    Failed(Fault),
}

/// Work going on for a key, as the window started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The PIN is being changed: closing the window asks first.
    ChangingPin,
    /// A 历史证书 is being removed: closing the window asks first.
    RemovingHistory,
    /// It is being read again.
    Reading,
}

/// A key on the desk.
#[derive(Clone, Debug)]
pub struct DeskKey {
    /// Where it is.
    pub slot: Slot,
    /// What is known about it.
    pub state: KeyState,
    /// Running work and since when, for the hint that it takes long.
    pub task: Option<(Task, Instant)>,
    /// Results of 检查证书.
    pub checks: HashMap<KeyUse, CheckState>,
    /// The wizard 证书更新, while it is open.
    pub renewal: Option<RenewalDesk>,
}

/// 检查证书 of one certificate.
#[derive(Clone, Debug)]
pub enum CheckState {
    /// Under way.
    Running,
    /// The findings.
    Done(Vec<cert::Finding>),
    /// It could not be done.
    Failed(Fault),
}

impl DeskKey {
    /// The key, once it was read.
    #[must_use]
    pub const fn view(&self) -> Option<&KeyView> {
        match &self.state {
            KeyState::Ready(view) => Some(view),
            KeyState::Reading | KeyState::Failed(_) => None,
        }
    }
}

/// How a PIN change ended, until the dialog has taken it.
#[derive(Clone, Debug)]
pub struct PinOutcome {
    /// The slot of the key.
    pub slot: u64,
    /// Success or why not.
    pub result: Result<(), Fault>,
}

/// Everything the window shows.
#[derive(Default)]
pub struct Desk {
    /// State of the smart-card service; `None` until it is known.
    pub service: Option<ServiceState>,
    /// Keys in the order of their insertion.
    pub keys: Vec<DeskKey>,
    /// End of a PIN change that the dialog has not taken yet.
    pub pin_outcome: Option<PinOutcome>,
    /// End of a save the window has not told yet.
    pub saved: Option<Result<PathBuf, Fault>>,
    /// This computer's orders, newest first.
    pub orders: Vec<OrderLine>,
    /// An order that became ready and was not told yet.
    pub order_ready: Option<OrderLine>,
    /// End of the removal of a 历史证书 that the dialog has not taken yet.
    pub history_outcome: Option<PinOutcome>,
    /// The slot shown.
    chosen: Option<u64>,
    /// Serial number the person chose: when that key comes back it is shown again.
    wanted: Option<String>,
}

impl Desk {
    /// Takes in what happened.
    pub fn apply(&mut self, event: Event, now: Instant) {
        match event {
            Event::Service(state) => self.service = Some(state),
            Event::Inserted(slot) => {
                self.chosen.get_or_insert(slot.id);
                let task = Some((Task::Reading, now));
                self.keys.push(DeskKey { slot, state: KeyState::Reading, task, checks: HashMap::new(), renewal: None });
            }
            Event::Removed(id) => {
                self.keys.retain(|key| key.slot.id != id);
                if self.chosen == Some(id) {
                    self.chosen = self.keys.first().map(|key| key.slot.id);
                }
            }
            Event::Contents { slot, result } => {
                if let Some(key) = self.key_mut(slot) {
                    key.task = None;
                    key.state = result.map_or_else(KeyState::Failed, KeyState::Ready);
                }
                self.follow_serial(slot);
            }
            Event::Seal { slot, picture } => {
                if let Some(DeskKey { state: KeyState::Ready(view), .. }) = self.key_mut(slot) {
                    view.seal = Some(picture);
                }
            }
            Event::PinChanged { slot, result, pin } => {
                self.set_pin(slot, pin);
                if let Some(key) = self.key_mut(slot) {
                    key.task = None;
                }
                self.pin_outcome = Some(PinOutcome { slot, result });
            }
            Event::Checked { slot, key_use, result } => {
                if let Some(key) = self.key_mut(slot) {
                    key.checks.insert(key_use, result.map_or_else(CheckState::Failed, CheckState::Done));
                }
            }
            Event::Saved(result) => self.saved = Some(result),
            Event::RenewalStage { slot, stage, support } => {
                if let Some(key) = self.key_mut(slot) {
                    key.renewal = Some(RenewalDesk { stage, busy: None, fault: None, support });
                }
            }
            Event::RenewalFault { slot, fault } => {
                if let Some(renewal) = self.key_mut(slot).and_then(|key| key.renewal.as_mut()) {
                    renewal.busy = None;
                    renewal.fault = Some(fault);
                }
            }
            Event::RenewalLine { slot, line } => {
                if let Some(RenewalDesk { stage: RenewalStage::Download(download), .. }) =
                    self.key_mut(slot).and_then(|key| key.renewal.as_mut())
                {
                    download.line = Some(line);
                }
            }
            Event::Orders(orders) => self.orders = orders,
            Event::OrderReady(order) => self.order_ready = Some(order),
            Event::HistoryRemoved { slot, result } => {
                if let Some(key) = self.key_mut(slot) {
                    key.task = None;
                }
                self.history_outcome = Some(PinOutcome { slot, result });
            }
        }
    }

    /// The unfinished order of a key, for the hint on its card.
    #[must_use]
    pub fn open_order(&self, slot: u64) -> Option<&OrderLine> {
        let view = self.key(slot)?.view()?;
        self.orders.iter().find(|order| order.state.is_open() && order.belongs_to(view))
    }

    /// The key shown on the right.
    #[must_use]
    pub fn chosen(&self) -> Option<&DeskKey> {
        self.keys.iter().find(|key| Some(key.slot.id) == self.chosen)
    }

    /// A key by its slot.
    pub fn key_mut(&mut self, slot: u64) -> Option<&mut DeskKey> {
        self.keys.iter_mut().find(|key| key.slot.id == slot)
    }

    /// A key by its slot.
    #[must_use]
    pub fn key(&self, slot: u64) -> Option<&DeskKey> {
        self.keys.iter().find(|key| key.slot.id == slot)
    }

    /// The person chose a key; the choice sticks to its serial number.
    pub fn choose(&mut self, slot: u64) {
        self.chosen = Some(slot);
        self.wanted = self.serial_of(slot);
    }

    /// True while something is being written to a key.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.keys.iter().any(|key| {
            let downloading = key.renewal.as_ref().and_then(|renewal| renewal.busy);
            matches!(key.task, Some((Task::ChangingPin | Task::RemovingHistory, _)))
                || matches!(downloading, Some((RenewalTask::Downloading, _)))
        })
    }

    fn serial_of(&self, slot: u64) -> Option<String> {
        Some(self.key(slot)?.view()?.contents.device.serial.clone()).filter(|serial| !serial.is_empty())
    }

    fn follow_serial(&mut self, slot: u64) {
        let serial = self.serial_of(slot);
        if self.wanted.is_some() && serial == self.wanted {
            self.chosen = Some(slot);
        }
        if self.chosen == Some(slot) && self.wanted.is_none() {
            self.wanted = serial;
        }
    }

    fn set_pin(&mut self, slot: u64, pin: Option<PinInfo>) {
        if let Some(DeskKey { state: KeyState::Ready(view), .. }) = self.key_mut(slot)
            && pin.is_some()
        {
            view.contents.pin = pin;
        }
    }
}
