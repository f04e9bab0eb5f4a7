//! What the window does when something happened, besides showing the changed model.

use super::{Clock, Window};
use crate::app::reminders::REMINDER_DAYS;
use crate::app::{
    Command, Event, Notice, OrderLine, PinOutcome, RenewalAsk, RenewalModel, RenewalStage, UnlockAsk, UnlockModel,
    UnlockStage, UpdateStage, timeline,
};
use crate::ui::action::Page;
use crate::ui::dialogs::Dialog;
use crate::ui::toast::Toast;
use crate::ui::widgets::Tone;
use crate::ui::words;
use eframe::egui::{self, UserAttentionType, ViewportCommand};
use order_api::OrderKind;
use rust_i18n::t;
use std::time::Instant;

const DAY: i64 = 86_400;
const BEIJING: i64 = 8 * 3600;

/// Seconds from now to the next midnight in Beijing: then days left change.
pub(super) const fn to_midnight(now: i64) -> i64 {
    DAY - (now + BEIJING).rem_euclid(DAY)
}

/// Number of the day in Beijing.
pub(super) fn day(clock: &Clock) -> i64 {
    (clock() + BEIJING).div_euclid(DAY)
}

impl Window {
    /// Takes one event into the model and does what follows from it.
    pub(super) fn take(&mut self, ctx: &egui::Context, event: Event, now: Instant) {
        let read = match &event {
            Event::Contents { slot, .. } => Some(*slot),
            _ => None,
        };
        let tray = matches!(event, Event::Tray(_));
        let (log_read, updated) = (matches!(event, Event::Log(_)), matches!(event, Event::Update(_)));
        let ended = match &event {
            Event::RenewalFault { slot, .. } | Event::RenewalStage { slot, .. } => Some(Page::Renew(*slot)),
            Event::UnlockFault { slot, .. } | Event::UnlockStage { slot, .. } => Some(Page::Unlock(*slot)),
            _ => None,
        };
        // told only when the person does not look at the wizard
        let written = ended.filter(|page| self.page != *page && self.is_writing(*page));
        if matches!(event, Event::Replaced) {
            timeline::mark("replaced", "");
        }
        if let Event::PracticeMessage(message) = &event {
            // a code of practice is no secret, and a walk that nobody watches has to type it
            timeline::mark("practice-message", message.text.replace('\n', " "));
        }
        self.model.apply(event, now);
        if let Some(key) = read.and_then(|slot| self.model.key(slot)) {
            timeline::mark("card-complete", &key.slot.reader);
        }
        if let Some(page) = written {
            self.tell_written(page, now);
        }
        if let Some(slot) = read {
            self.remind(slot);
        }
        if let Some(slot) = read {
            self.reach_ca(slot);
        }
        if tray {
            self.tray_changed(ctx);
        }
        if log_read {
            self.log.renew();
        }
        if updated {
            self.tell_update(now);
        }
        self.follow_key();
        self.tell_pin_outcome(now);
        self.tell_history_outcome(now);
        self.tell_unblock_outcome(now);
        self.tell_saved(now);
        if let Some(order) = self.model.order_ready.take() {
            self.tell_ready(ctx, &order, now);
        }
    }

    /// True while the wizard of a page works on its key.
    fn is_writing(&self, page: Page) -> bool {
        match page {
            Page::Renew(slot) => self.model.renewal(slot).is_some_and(RenewalModel::is_downloading),
            Page::Unlock(slot) => self.model.unlock(slot).is_some_and(UnlockModel::is_writing),
            _ => false,
        }
    }

    /// True while a wizard works on the key of a slot.
    pub(super) fn is_written(&self, slot: u64) -> bool {
        self.is_writing(Page::Renew(slot)) || self.is_writing(Page::Unlock(slot))
    }

    fn tell_written(&mut self, page: Page, now: Instant) {
        let (done, texts) = match page {
            Page::Unlock(slot) => (
                self.model.unlock(slot).is_some_and(|unlock| matches!(unlock.stage, UnlockStage::Done(_))),
                [t!("unlock.done_title"), t!("unlock.cut_toast")],
            ),
            Page::Renew(slot) => (
                self.model.renewal(slot).is_some_and(|renewal| matches!(renewal.stage, RenewalStage::Done(_))),
                [t!("renew.done_toast"), t!("renew.cut_toast")],
            ),
            _ => return,
        };
        let [good, cut] = texts;
        let (text, tone) = if done { (good, Tone::Ok) } else { (cut, Tone::Warn) };
        self.toast = Some(Toast::new(text, tone, now));
    }

    fn tell_pin_outcome(&mut self, now: Instant) {
        if let Some(outcome) = self.model.pin_outcome.take() {
            let succeeded = outcome.result.is_ok();
            timeline::mark("pin-changed", succeeded);
            match &mut self.dialog {
                Some(Dialog::ChangePin(dialog)) if dialog.slot() == outcome.slot => {
                    if dialog.finish(outcome) {
                        self.dialog = None;
                    }
                }
                _ => self.dialog = outcome.result.err().map(Dialog::Fault),
            }
            if succeeded {
                self.toast = Some(Toast::new(t!("pin.changed"), Tone::Ok, now));
            }
        }
        // a key that is gone takes its dialog along; how its change ended is still told
        if let Some(Dialog::ChangePin(dialog)) = &mut self.dialog
            && self.model.key(dialog.slot()).is_none()
        {
            self.dialog = dialog.broken_off().map(Dialog::Fault);
        }
    }

    fn tell_history_outcome(&mut self, now: Instant) {
        if let Some(PinOutcome { slot, result }) = self.model.history_outcome.take() {
            if result.is_ok() {
                self.toast = Some(Toast::new(t!("history.removed"), Tone::Ok, now));
            }
            match &mut self.dialog {
                Some(Dialog::RemoveHistory(dialog)) if dialog.slot() == slot => {
                    if dialog.finish(result) {
                        self.dialog = None;
                    }
                }
                _ => self.dialog = result.err().map(Dialog::Fault).or(self.dialog.take()),
            }
        }
        if let Some(Dialog::RemoveHistory(dialog)) = &mut self.dialog
            && self.model.key(dialog.slot()).is_none()
        {
            self.dialog = dialog.broken_off().map(Dialog::Fault);
        }
    }

    fn tell_unblock_outcome(&mut self, now: Instant) {
        if let Some((slot, tries)) = self.model.admin_tries.take()
            && let Some(Dialog::Unblock(dialog)) = &mut self.dialog
            && dialog.slot() == slot
        {
            dialog.hear(tries);
        }
        if let Some(PinOutcome { slot, result }) = self.model.unblock_outcome.take() {
            if result.is_ok() {
                self.toast = Some(Toast::new(t!("unlock.done_title"), Tone::Ok, now));
            }
            match &mut self.dialog {
                Some(Dialog::Unblock(dialog)) if dialog.slot() == slot => {
                    if dialog.finish(result) {
                        self.dialog = None;
                    }
                }
                _ => self.dialog = result.err().map(Dialog::Fault).or(self.dialog.take()),
            }
        }
        if let Some(Dialog::Unblock(dialog)) = &mut self.dialog
            && self.model.key(dialog.slot()).is_none()
        {
            self.dialog = dialog.broken_off().map(Dialog::Fault);
        }
    }

    fn tell_saved(&mut self, now: Instant) {
        match self.model.saved.take() {
            Some(Ok(path)) => {
                self.toast = Some(Toast::new(t!("save.done", path = path.display()), Tone::Ok, now));
            }
            Some(Err(fault)) => self.dialog = Some(Dialog::Fault(fault)),
            None => {}
        }
    }

    /// An order became ready while nobody looked: toast, task bar, desktop.
    fn tell_ready(&mut self, ctx: &egui::Context, order: &OrderLine, now: Instant) {
        let (title, text) = match order.kind {
            OrderKind::Renew => (
                t!("notice.ready_title"),
                t!("notice.ready", holder = words::brief(&order.holder, words::NAME), no = order.no),
            ),
            OrderKind::Unlock => (
                t!("notice.approved_title"),
                t!("notice.approved", holder = words::brief(&order.holder, words::NAME), no = order.no),
            ),
        };
        let text = text.into_owned();
        self.toast = Some(Toast::new(text.clone(), Tone::Ok, now));
        ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        (self.setting.notify)(Notice { title: title.into_owned(), text });
    }

    /// A wizard follows its key: to its new slot when it is back, to the card when it is gone for good.
    fn follow_key(&mut self) {
        if let Some((old, new)) = self.model.returned.take() {
            let (renewal, unlock) = (self.wizards.remove(&old), self.unlocks.remove(&old));
            if self.page == Page::Renew(old) {
                self.wizards.extend(renewal.map(|wizard| (new, wizard.moved_to(new))));
                self.page = Page::Renew(new);
                self.model.choose(new);
                self.engine.send(Command::Renewal { slot: new, ask: RenewalAsk::Open });
            } else {
                // nobody waits for it: the card shows what is unfinished
                self.model.end_renewal(new);
            }
            if self.page == Page::Unlock(old) {
                self.unlocks.extend(unlock.map(|wizard| (new, wizard.moved_to(new))));
                self.page = Page::Unlock(new);
                self.model.choose(new);
                self.engine.send(Command::Unlock { slot: new, ask: UnlockAsk::Open });
            } else {
                self.model.end_unlock(new);
            }
        }
        let model = &self.model;
        self.wizards.retain(|slot, _| model.renewal(*slot).is_some());
        self.unlocks.retain(|slot, _| model.unlock(*slot).is_some());
        let over = match self.page {
            Page::Renew(slot) => self.model.renewal(slot).is_none(),
            Page::Unlock(slot) => self.model.unlock(slot).is_none(),
            _ => false,
        };
        if over {
            self.page = Page::Keys;
        }
    }

    /// Asks once how the CA of a key is reached.
    fn reach_ca(&mut self, slot: u64) {
        let certified = self.model.key(slot).and_then(|key| key.view()?.leading()).is_some();
        if certified && self.reached.insert(slot) {
            self.engine.send(Command::ReachCa(slot));
        }
    }

    /// Who asked in the status bar hears the answer, wherever the person is now.
    fn tell_update(&mut self, now: Instant) {
        let (text, tone) = match &self.model.update {
            UpdateStage::Unasked | UpdateStage::Asking => return,
            UpdateStage::TurnedOff => (t!("update.turned_off").into_owned(), Tone::Warn),
            UpdateStage::UpToDate => (t!("update.up_to_date").into_owned(), Tone::Ok),
            UpdateStage::NoFeed => (t!("update.no_feed").into_owned(), Tone::Warn),
            UpdateStage::Failed(fault) => (fault.sentences(self.chinese()).what, Tone::Warn),
            UpdateStage::Newer(release)
            | UpdateStage::Downloading { release, .. }
            | UpdateStage::Downloaded { release, .. } => {
                (t!("update.newer_toast", version = release.version).into_owned(), Tone::Ok)
            }
        };
        if !std::mem::take(&mut self.update_awaited) || self.page == Page::About {
            return;
        }
        let newer = matches!(self.model.update, UpdateStage::Newer(_));
        // nobody is torn out of a wizard or a dialog
        if newer && self.dialog.is_none() && !matches!(self.page, Page::Renew(_) | Page::Unlock(_)) {
            self.page = Page::About;
        } else {
            self.toast = Some(Toast::new(text, tone, now));
        }
    }

    /// Reminds of every key when a new day has begun.
    pub(super) fn remind_at_midnight(&mut self) {
        let today = day(&self.setting.clock);
        if std::mem::replace(&mut self.reminded, today) != today {
            let slots: Vec<u64> = self.model.keys.iter().map(|key| key.slot.id).collect();
            slots.into_iter().for_each(|slot| self.remind(slot));
        }
    }

    fn remind(&mut self, slot: u64) {
        let Some(view) = self.model.key(slot).and_then(|key| key.view()) else { return };
        let Some(certificate) = view.leading() else { return };
        let owner = words::brief(&words::owner(view), words::NAME);
        let of_ca = || self.setting.profiles.of(certificate).map(|profile| &profile.reminder_days);
        let days = self.settings.reminder_days.as_ref().or_else(of_ca).map_or(&REMINDER_DAYS[..], Vec::as_slice);
        let Some(left) = self.reminders.due(certificate, days, (self.setting.clock)()) else { return };
        let text = match left {
            0 => t!("notice.last_day", owner = owner),
            _ => t!("notice.expiring", owner = owner, days = words::days(left)),
        };
        (self.setting.notify)(Notice { title: t!("notice.expiring_title").into_owned(), text: text.into_owned() });
    }
}
