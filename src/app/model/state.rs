//! The model: what lies on the desk. Plain data, changed only by events.

use crate::app::engine::everyday::GuestDesk;
use crate::app::engine::message::{Event, PracticeMessage, Roots, UpdateStage};
use crate::app::model::environment::EnvironmentModel;
use crate::app::model::renewal::{OrderLine, RenewalModel, RenewalStage, RenewalTask};
use crate::app::model::unlock::{UnlockModel, UnlockStage, UnlockTask};
use crate::app::model::view::{CheckState, KeyView};
use crate::desktop::instance::Target;
use crate::desktop::log::LogLine;
use base::fault::{Fault, FaultCode};
use order_api::OrderKind;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use token::{KeyUse, PinInfo, ServiceState, Slot};

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
    /// The PIN is being replaced by right of the admin PIN: closing the window asks first.
    Unblocking,
    /// It is being read again.
    Reading,
}

/// A key on the desk.
#[derive(Clone, Debug)]
pub struct KeyModel {
    /// Where it is.
    pub slot: Slot,
    /// What is known about it.
    pub state: KeyState,
    /// Running work and since when, for the hint that it takes long.
    pub task: Option<(Task, Instant)>,
    /// Results of 检查证书.
    pub checks: HashMap<KeyUse, CheckState>,
    /// The wizard 证书更新, while it is open.
    pub renewal: Option<RenewalModel>,
    /// The wizard 找回密码, while it is open.
    pub unlock: Option<UnlockModel>,
}

impl Away {
    /// What is left of a key that is pulled out; nothing of one whose wizards are not open, or done.
    fn of(key: &KeyModel) -> Option<Self> {
        let renewal = key.renewal.clone().filter(|renewal| !matches!(renewal.stage, RenewalStage::Done(_)));
        let unlock = key.unlock.clone().filter(|unlock| !matches!(unlock.stage, UnlockStage::Done(_)));
        if renewal.is_none() && unlock.is_none() {
            return None;
        }
        let view = key.view()?;
        let serial = view.contents.device.serial.clone();
        let owner = view.leading().and_then(|certificate| certificate.owner.clone());
        (!serial.is_empty()).then_some(Self { slot: key.slot.id, serial, owner, renewal, unlock })
    }
}

impl KeyModel {
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

/// The wizards of a key that was pulled out; they go on when the key is back.
#[derive(Clone, Debug)]
pub struct Away {
    /// The slot the key was in.
    pub slot: u64,
    /// Its serial number.
    pub serial: String,
    /// Owner of its certificate.
    pub owner: Option<String>,
    /// The wizard 证书更新 as it stood; what is still reported for the old slot goes here.
    pub renewal: Option<RenewalModel>,
    /// As above, 找回密码.
    pub unlock: Option<UnlockModel>,
}

/// What is being written to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// A new PIN.
    Pin,
    /// A 历史证书 is being removed.
    History,
    /// New certificates.
    Certificates,
    /// A new PIN in place of a forgotten one.
    Unlock,
}

/// Everything the window shows.
#[derive(Default)]
pub struct Model {
    /// State of the smart-card service; `None` until it is known.
    pub service: Option<ServiceState>,
    /// Keys in the order of their insertion.
    pub keys: Vec<KeyModel>,
    /// End of a PIN change that the dialog has not taken yet.
    pub pin_outcome: Option<PinOutcome>,
    /// State of the admin PIN of a slot, once asked for.
    pub admin_tries: Option<(u64, Result<PinInfo, Fault>)>,
    /// End of [`crate::app::Command::UnblockPin`] that the dialog has not taken yet.
    pub unblock_outcome: Option<PinOutcome>,
    /// End of a save the window has not told yet.
    pub saved: Option<Result<PathBuf, Fault>>,
    /// This computer's orders, newest first.
    pub orders: Vec<OrderLine>,
    /// True while the services are asked for the state of the orders.
    pub orders_busy: bool,
    /// Why the services could not be asked; the list is as old as before.
    pub orders_fault: Option<Fault>,
    /// An order that became ready and was not told yet.
    pub order_ready: Option<OrderLine>,
    /// End of the removal of a 历史证书 that the dialog has not taken yet.
    pub history_outcome: Option<PinOutcome>,
    /// Wizards whose key is not there.
    pub away: Vec<Away>,
    /// A key whose wizard was away is back: its old slot and its new one, until the window has taken it.
    pub returned: Option<(u64, u64)>,
    /// Messages of the practice CA, oldest first.
    pub messages: Vec<PracticeMessage>,
    /// 环境检测.
    pub environment: EnvironmentModel,
    /// How long the CA's service of a slot took to answer, or why it did not.
    pub reached: HashMap<u64, Result<Duration, Fault>>,
    /// 检查更新.
    pub update: UpdateStage,
    /// The program as the desktop has it.
    pub guest: GuestDesk,
    /// The log, once it was read.
    pub log: Option<Vec<LogLine>>,
    /// The trusted roots, once they were asked for.
    pub roots: Option<Roots>,
    /// What another start of the program, or the tray, wants to see, until the window has taken it.
    pub summoned: Option<Target>,
    /// The tray wants the program to end.
    pub quit: bool,
    /// Damaged files that were set aside, until the window has told it.
    pub set_aside: Vec<PathBuf>,
    /// The slot shown.
    chosen: Option<u64>,
    /// Serial number the person chose: when that key comes back it is shown again.
    wanted: Option<String>,
}

impl Model {
    /// Takes in what happened.
    pub fn apply(&mut self, event: Event, now: Instant) {
        match event {
            Event::Service(state) => self.service = Some(state),
            Event::Inserted(slot) => {
                self.chosen.get_or_insert(slot.id);
                let task = Some((Task::Reading, now));
                self.keys.push(KeyModel {
                    slot,
                    state: KeyState::Reading,
                    task,
                    checks: HashMap::new(),
                    renewal: None,
                    unlock: None,
                });
            }
            Event::Removed(id) => {
                if let Some(away) = self.key(id).and_then(Away::of) {
                    self.away.push(away);
                }
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
                self.welcome_back(slot, now);
            }
            Event::Seal { slot, picture } => {
                if let Some(KeyModel { state: KeyState::Ready(view), .. }) = self.key_mut(slot) {
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
            Event::CheckBegan(probes) => self.environment.begin(&probes, now),
            Event::CheckLine(line) => self.environment.hear(*line),
            Event::CheckEnded(took) => self.environment.end(took),
            Event::Repaired { probe, result } => self.environment.repaired(probe, result),
            Event::CaReached { slot, result } => {
                self.reached.insert(slot, result);
            }
            Event::Update(stage) => self.update = stage,
            Event::Autostart(result) => self.guest.autostart = Some(result),
            Event::DesktopIcon(result) => self.guest.icon = result.transpose(),
            Event::Replaced => self.guest.replaced = true,
            Event::Log(lines) => self.log = Some(lines),
            Event::Roots(roots) => self.roots = Some(roots),
            Event::Summoned(target) => self.summoned = Some(target),
            Event::Knock(answer) => {
                // who asked may have gone
                let _gone = answer.send(());
            }
            Event::Stopped => self.give_up_waiting(),
            Event::SetAside(file) => self.set_aside.push(file),
            Event::QuitAsked => self.quit = true,
            Event::Tray(shown) => self.guest.tray = shown,
            Event::PracticeMessage(message) => self.messages.push(message),
            Event::Saved(result) => self.saved = Some(result),
            Event::RenewalStage { slot, stage, support } => {
                if let Some(renewal) = self.renewal_mut(slot) {
                    renewal.reach(stage, support);
                }
            }
            Event::RenewalFault { slot, fault } => {
                self.spend_tries(slot, &fault);
                if let Some(renewal) = self.renewal_mut(slot) {
                    renewal.fail(fault);
                }
            }
            Event::RenewalLine { slot, line } => {
                if let Some(renewal) = self.renewal_mut(slot) {
                    renewal.reach_line(line, now);
                }
            }
            Event::UnlockStage { slot, stage, support } => {
                if let Some(unlock) = self.unlock_mut(slot) {
                    unlock.reach(stage, support);
                }
            }
            Event::UnlockFault { slot, fault } => {
                self.spend_tries(slot, &fault);
                if let Some(unlock) = self.unlock_mut(slot) {
                    unlock.fail(fault);
                }
            }
            Event::UnlockLine { slot, line } => {
                if let Some(unlock) = self.unlock_mut(slot) {
                    unlock.reach_line(line, now);
                }
            }
            Event::AdminTries { slot, result } => self.admin_tries = Some((slot, result)),
            Event::PinUnblocked { slot, result, user, admin } => {
                self.set_pin(slot, user);
                if let Some(admin) = admin {
                    self.admin_tries = Some((slot, Ok(admin)));
                }
                if let Some(key) = self.key_mut(slot) {
                    key.task = None;
                }
                self.unblock_outcome = Some(PinOutcome { slot, result });
            }
            Event::Orders(orders) => {
                self.orders = orders;
                (self.orders_busy, self.orders_fault) = (false, None);
            }
            Event::OrdersFault(fault) => (self.orders_busy, self.orders_fault) = (false, Some(fault)),
            Event::OrderReady(order) => self.order_ready = Some(order),
            Event::HistoryRemoved { slot, result } => {
                if let Some(key) = self.key_mut(slot) {
                    key.task = None;
                }
                if let Err(fault) = &result {
                    self.spend_tries(slot, fault);
                }
                self.history_outcome = Some(PinOutcome { slot, result });
            }
        }
    }

    /// The unfinished order of a kind of a key, for the hint on its card.
    #[must_use]
    pub fn open_order(&self, slot: u64, kind: OrderKind) -> Option<&OrderLine> {
        let view = self.key(slot)?.view()?;
        self.orders.iter().find(|order| order.kind == kind && order.state.is_open() && order.belongs_to(view))
    }

    /// The key shown on the right.
    #[must_use]
    pub fn chosen(&self) -> Option<&KeyModel> {
        self.keys.iter().find(|key| Some(key.slot.id) == self.chosen)
    }

    /// A key by its slot.
    pub fn key_mut(&mut self, slot: u64) -> Option<&mut KeyModel> {
        self.keys.iter_mut().find(|key| key.slot.id == slot)
    }

    /// A key by its slot.
    #[must_use]
    pub fn key(&self, slot: u64) -> Option<&KeyModel> {
        self.keys.iter().find(|key| key.slot.id == slot)
    }

    /// The person chose a key; the choice sticks to its serial number.
    pub fn choose(&mut self, slot: u64) {
        self.chosen = Some(slot);
        self.wanted = self.serial_of(slot);
    }

    /// What is being written to a key; closing the window asks first.
    #[must_use]
    pub fn writing(&self) -> Option<Writing> {
        self.keys.iter().find_map(|key| match key.task {
            _ if key.renewal.as_ref().is_some_and(RenewalModel::is_downloading) => Some(Writing::Certificates),
            _ if key.unlock.as_ref().is_some_and(UnlockModel::is_writing) => Some(Writing::Unlock),
            Some((Task::ChangingPin, _)) => Some(Writing::Pin),
            Some((Task::Unblocking, _)) => Some(Writing::Unlock),
            Some((Task::RemovingHistory, _)) => Some(Writing::History),
            Some((Task::Reading, _)) | None => None,
        })
    }

    /// Nothing is waited for any more: the window closes.
    pub fn abandon(&mut self) {
        for key in &mut self.keys {
            key.task = None;
            if let Some(renewal) = &mut key.renewal {
                renewal.busy = None;
            }
            if let Some(unlock) = &mut key.unlock {
                unlock.busy = None;
            }
        }
    }

    /// The services are asked for the state of the orders.
    pub fn begin_refresh(&mut self) {
        (self.orders_busy, self.orders_fault) = (true, None);
    }

    /// Something is asked for in the wizard of a key; opens it when it is not open yet.
    pub fn begin_renewal(&mut self, slot: u64, task: RenewalTask, now: Instant) {
        if let Some(key) = self.key_mut(slot) {
            key.renewal.get_or_insert_with(|| RenewalModel::opening(now)).begin(task, now);
        }
    }

    /// The person left the wizard 证书更新.
    pub fn end_renewal(&mut self, slot: u64) {
        self.away.iter_mut().filter(|away| away.slot == slot).for_each(|away| away.renewal = None);
        self.away.retain(|away| away.renewal.is_some() || away.unlock.is_some());
        if let Some(key) = self.key_mut(slot) {
            key.renewal = None;
        }
    }

    /// Something is asked for in the wizard 找回密码 of a key; opens it when it is not open yet.
    pub fn begin_unlock(&mut self, slot: u64, task: UnlockTask, now: Instant) {
        if let Some(key) = self.key_mut(slot) {
            key.unlock.get_or_insert_with(|| UnlockModel::opening(now)).begin(task, now);
        }
    }

    /// The person left the wizard 找回密码.
    pub fn end_unlock(&mut self, slot: u64) {
        self.away.iter_mut().filter(|away| away.slot == slot).for_each(|away| away.unlock = None);
        self.away.retain(|away| away.renewal.is_some() || away.unlock.is_some());
        if let Some(key) = self.key_mut(slot) {
            key.unlock = None;
        }
    }

    /// The wizard 找回密码 of a slot, also when its key is away.
    #[must_use]
    pub fn unlock(&self, slot: u64) -> Option<&UnlockModel> {
        let here = self.key(slot).and_then(|key| key.unlock.as_ref());
        here.or_else(|| self.away(slot).and_then(|away| away.unlock.as_ref()))
    }

    /// The wizard 证书更新 of a slot, also when its key is away.
    #[must_use]
    pub fn renewal(&self, slot: u64) -> Option<&RenewalModel> {
        let here = self.key(slot).and_then(|key| key.renewal.as_ref());
        here.or_else(|| self.away(slot).and_then(|away| away.renewal.as_ref()))
    }

    /// The wizard of a key that was pulled out of this slot.
    #[must_use]
    pub fn away(&self, slot: u64) -> Option<&Away> {
        self.away.iter().find(|away| away.slot == slot)
    }

    /// The slot of the inserted key an order was made with.
    #[must_use]
    pub fn slot_of(&self, order: &OrderLine) -> Option<u64> {
        let keys = self.keys.iter().filter_map(|key| Some((key.slot.id, key.view()?)));
        keys.into_iter().find(|(_, view)| order.belongs_to(view)).map(|(slot, _)| slot)
    }

    fn renewal_mut(&mut self, slot: u64) -> Option<&mut RenewalModel> {
        let here = self.keys.iter_mut().find(|key| key.slot.id == slot).and_then(|key| key.renewal.as_mut());
        here.or_else(|| self.away.iter_mut().find(|away| away.slot == slot).and_then(|away| away.renewal.as_mut()))
    }

    fn unlock_mut(&mut self, slot: u64) -> Option<&mut UnlockModel> {
        let here = self.keys.iter_mut().find(|key| key.slot.id == slot).and_then(|key| key.unlock.as_mut());
        here.or_else(|| self.away.iter_mut().find(|away| away.slot == slot).and_then(|away| away.unlock.as_mut()))
    }

    /// The wizard of a key that is back begins anew; the app finds its order.
    fn welcome_back(&mut self, slot: u64, now: Instant) {
        let Some(serial) = self.serial_of(slot) else { return };
        let Some(at) = self.away.iter().position(|away| away.serial == serial) else { return };
        let away = self.away.remove(at);
        if let Some(key) = self.key_mut(slot) {
            key.renewal = away.renewal.map(|old| RenewalModel { support: old.support, ..RenewalModel::opening(now) });
            key.unlock = away.unlock.map(|old| UnlockModel { support: old.support, ..UnlockModel::opening(now) });
            self.returned = Some((away.slot, slot));
        }
    }

    /// A wrong PIN was told: the tries the card shows are those that are left.
    fn spend_tries(&mut self, slot: u64, fault: &Fault) {
        let left = match fault.code {
            FaultCode::WrongPin => fault.value("left").and_then(|left| left.parse().ok()),
            FaultCode::PinLocked => Some(0),
            _ => None,
        };
        if let (Some(left), Some(KeyModel { state: KeyState::Ready(view), .. })) = (left, self.key_mut(slot))
            && let Some(pin) = &mut view.contents.pin
        {
            pin.tries_left = left;
        }
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
        if let Some(KeyModel { state: KeyState::Ready(view), .. }) = self.key_mut(slot)
            && pin.is_some()
        {
            view.contents.pin = pin;
        }
    }
}
