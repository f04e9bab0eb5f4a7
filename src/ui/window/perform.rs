//! Carries out what pages ask for.

use super::Window;
use crate::app::check::{self, ProbeId};
use crate::app::contact::of_applicant;
use crate::app::policy::proxy_address;
use crate::app::{
    CheckState, Command, Fault, FaultCode, KeyUse, KeyView, ProxyChoice, RenewalAsk, Settings, Task, UnlockAsk,
    UnlockModel, UpdateStage, Writing,
};
use crate::ui::action::{Action, Page};
use crate::ui::change_pin::ChangePin;
use crate::ui::counter::Unblock;
use crate::ui::dialogs::{Dialog, Export};
use crate::ui::environment::{Report, fitting_key};
use crate::ui::history::RemoveHistory;
use crate::ui::toast::Toast;
use crate::ui::widgets::Tone;
use crate::ui::{preferences, save_dialog, unlock, use_language};
use certificate::Holder;
use eframe::egui::{self, OpenUrl, ViewportCommand};
use order_api::Contact;
use rust_i18n::t;

impl Window {
    pub(super) fn perform(&mut self, ctx: &egui::Context, action: Action) {
        let now = self.instant();
        match action {
            Action::Command(command) => self.send(command),
            Action::Open(page) => self.open(page),
            Action::Choose(slot) => {
                // it was said of the key shown until now
                self.toast.take_if(|_| self.model.chosen().is_some_and(|key| key.slot.id != slot));
                self.model.choose(slot);
            }
            Action::ChangePin(slot) => {
                if let Some(view) = self.model.key(slot).and_then(|key| key.view()) {
                    self.dialog = Some(Dialog::ChangePin(Box::new(ChangePin::new(slot, view))));
                }
            }
            Action::Renew(slot) => self.open_renewal(slot),
            Action::LeaveRenewal(slot) => self.leave_renewal(slot),
            Action::SetAside => {
                self.dialog = None;
                self.page = Page::Keys;
            }
            Action::RemoveHistory(slot, container) => {
                let view = self.model.key(slot).and_then(|key| key.view());
                let historic = view.and_then(|view| view.history.iter().find(|one| one.container == container));
                self.dialog = historic
                    .map(|historic| Dialog::RemoveHistory(Box::new(RemoveHistory::new(slot, historic))))
                    .or(self.dialog.take());
            }
            Action::Unlock(slot) => self.open_unlock(slot),
            Action::UnlockOther { from, to } => {
                self.leave_unlock(from);
                let wizard = self.unlock_wizard(to).chosen();
                self.unlocks.insert(to, wizard);
                self.open_unlock(to);
            }
            Action::LeaveUnlock(slot) => self.leave_unlock(slot),
            Action::Unblock(slot) => {
                if let Some(view) = self.model.key(slot).and_then(|key| key.view()) {
                    self.dialog = Some(Dialog::Unblock(Box::new(Unblock::new(slot, view))));
                    self.engine.send(Command::AdminTries(slot));
                }
            }
            Action::Export(slot, key_use) => self.dialog = Some(Dialog::Export(Export::new(slot, key_use))),
            Action::Check(slot, key_use) => self.check(slot, key_use),
            Action::SaveDiagnosis(slot) => {
                if let Some(key) = self.model.key(slot) {
                    save_dialog::ask(self.engine.as_ref(), save_dialog::diagnosis(key));
                }
            }
            Action::Copy(text) => {
                ctx.copy_text(text);
                self.toast = Some(Toast::new(t!("action.copied"), Tone::Ok, now));
            }
            Action::Browse(url) => ctx.open_url(OpenUrl::new_tab(url)),
            Action::Settings(settings) => self.change_settings(ctx, settings),
            Action::Report => {
                let lines = self.model.environment.lines.values().cloned().collect();
                let report = Report::new(lines, self.chinese(), (self.setting.clock)());
                self.dialog = Some(Dialog::Report(Box::new(report)));
            }
            Action::AskGiveUp(dialog) => self.dialog = Some(Dialog::GiveUp(dialog)),
            Action::AskRepair(dialog) => self.dialog = Some(Dialog::Repair(dialog)),
            Action::Help(page) => self.help(ctx, page),
            Action::CheckUpdate => {
                self.update_awaited = true;
                self.send(Command::CheckUpdate);
            }
            Action::LogDetails(on) => {
                self.log_details = on;
                self.engine.send(Command::LogDetails(on));
            }
            Action::Save(offer) => save_dialog::ask(self.engine.as_ref(), offer),
            Action::CloseDialog => self.dialog = None,
            Action::CloseAnyway => {
                self.leave();
                self.dialog = None;
                self.model.abandon();
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            Action::StartNewVersion => self.start_new_version(ctx),
            Action::KeepThisVersion => self.keep_this_version(),
        }
    }

    fn send(&mut self, command: Command) {
        let now = self.instant();
        let task = match &command {
            Command::ChangePin { slot, .. } => Some((*slot, Task::ChangingPin)),
            Command::RemoveHistory { slot, .. } => Some((*slot, Task::RemovingHistory)),
            Command::UnblockPin { slot, .. } => Some((*slot, Task::Unblocking)),
            Command::Refresh(slot) => Some((*slot, Task::Reading)),
            _ => None,
        };
        if let Some((slot, task)) = task
            && let Some(key) = self.model.key_mut(slot)
        {
            key.task = Some((task, now));
        }
        if let Command::Renewal { slot, ask } = &command
            && let Some(task) = ask.task()
        {
            self.model.begin_renewal(*slot, task, now);
        }
        if let Command::Unlock { slot, ask } = &command
            && let Some(task) = ask.task()
        {
            self.model.begin_unlock(*slot, task, now);
        }
        self.remember(&command);
        match &command {
            Command::RefreshOrders => self.model.begin_refresh(),
            // every line waits until the workers say which probes there are
            Command::CheckEnvironment => self.model.environment.begin(ProbeId::ALL, now),
            Command::Repair { probe, repair } => {
                self.model.environment.repairing = Some((*probe, *repair));
                self.model.environment.fault = None;
            }
            Command::CheckUpdate => self.model.update = UpdateStage::Asking,
            _ => {}
        }
        self.engine.send(command);
    }

    /// What the person says about themselves is filled in the next time.
    fn remember(&mut self, command: &Command) {
        let (slot, contact) = match command {
            Command::Renewal { slot, ask: RenewalAsk::Submit { contact, .. } } => (*slot, contact.clone()),
            Command::Unlock { slot, ask: UnlockAsk::Submit { applicant, .. } } => (*slot, of_applicant(applicant)),
            _ => return,
        };
        if let Some(view) = self.model.key(slot).and_then(|key| key.view()) {
            self.contacts.remember(&view.contents.device.serial, contact);
        }
    }

    pub(super) fn open(&mut self, page: Page) {
        self.page = page;
        // what stands in the list is as old as the last answer
        if page == Page::Orders && self.model.orders.iter().any(|order| order.state.is_open()) {
            self.send(Command::RefreshOrders);
        }
        let environment = &self.model.environment;
        match page {
            Page::Check if !environment.is_running() && environment.repairing.is_none() => {
                self.send(Command::CheckEnvironment);
            }
            Page::Settings => {
                // what was typed and could not be used is forgotten
                self.preferences = preferences::View::default();
                self.engine.send(Command::Autostart(None));
                self.engine.send(Command::DesktopIcon(None));
            }
            Page::Log => self.engine.send(Command::ReadLog),
            Page::About => self.engine.send(Command::ReadRoots),
            _ => {}
        }
    }

    /// Goes where a finding of 环境检测 is mended.
    fn help(&mut self, ctx: &egui::Context, page: check::Page) {
        let slot = fitting_key(&self.model, page, (self.setting.clock)());
        match (page, slot) {
            (check::Page::Settings, _) => self.open(Page::Settings),
            (check::Page::Keys, _) | (_, None) => self.open(Page::Keys),
            (check::Page::Renew, Some(slot)) => self.open_renewal(slot),
            (check::Page::Unlock, Some(slot)) => self.open_unlock(slot),
            (check::Page::ChangePin, Some(slot)) => {
                self.model.choose(slot);
                self.open(Page::Keys);
                self.perform(ctx, Action::ChangePin(slot));
            }
        }
    }

    pub(super) fn open_renewal(&mut self, slot: u64) {
        self.model.choose(slot);
        if self.model.renewal(slot).is_none() {
            self.send(Command::Renewal { slot, ask: RenewalAsk::Open });
        }
        self.page = Page::Renew(slot);
    }

    /// Leaves the wizard; while the key is being written the person is asked, and the writing goes on beside.
    fn leave_renewal(&mut self, slot: u64) {
        if self.model.renewal(slot).is_some_and(crate::app::RenewalModel::is_downloading) {
            self.dialog = Some(Dialog::Leave(slot, Writing::Certificates));
            return;
        }
        self.model.end_renewal(slot);
        self.wizards.remove(&slot);
        self.page = Page::Keys;
        self.engine.send(Command::Renewal { slot, ask: RenewalAsk::Leave });
    }

    pub(super) fn open_unlock(&mut self, slot: u64) {
        self.model.choose(slot);
        if self.model.unlock(slot).is_none() {
            self.send(Command::Unlock { slot, ask: UnlockAsk::Open });
        }
        self.page = Page::Unlock(slot);
    }

    /// Leaves the wizard; while the key is being written the person is asked, and the writing goes on beside.
    fn leave_unlock(&mut self, slot: u64) {
        if self.model.unlock(slot).is_some_and(UnlockModel::is_writing) {
            self.dialog = Some(Dialog::Leave(slot, Writing::Unlock));
            return;
        }
        self.model.end_unlock(slot);
        self.unlocks.remove(&slot);
        self.page = Page::Keys;
        self.engine.send(Command::Unlock { slot, ask: UnlockAsk::Leave });
    }

    /// A wizard 找回密码 with what is known of the person who has this key.
    pub(super) fn unlock_wizard(&self, slot: u64) -> unlock::Wizard {
        let view = self.model.key(slot).and_then(|key| key.view());
        let known = view.and_then(|view| self.contacts.of(&view.contents.device.serial)).cloned();
        unlock::Wizard::new(slot, known.or_else(|| view.and_then(person)))
    }

    fn check(&mut self, slot: u64, key_use: KeyUse) {
        let Some(key) = self.model.key_mut(slot) else { return };
        let Some(certificate) = key.view().and_then(|view| view.by_use(key_use).certificate()) else { return };
        let certificate = certificate.der().to_vec();
        key.checks.insert(key_use, CheckState::Running);
        self.engine.send(Command::Check { slot, key_use, certificate });
    }

    fn change_settings(&mut self, ctx: &egui::Context, settings: Settings) {
        if settings.proxy != self.settings.proxy {
            if let ProxyChoice::Given(address) = &settings.proxy
                && proxy_address(address).is_err()
            {
                self.dialog = Some(Dialog::Fault(Fault::new(FaultCode::ProxyRefused)));
                return;
            }
            self.engine.send(Command::UseProxy(settings.proxy.to_proxy()));
        }
        self.settings = settings;
        use_language(self.settings.language);
        self.apply_theme(ctx);
        ctx.send_viewport_cmd(ViewportCommand::Title(Self::title(self.setting.practice.is_some())));
        if let Err(fault) = self.setting.settings_file.store(&self.settings) {
            self.dialog = Some(Dialog::Fault(fault));
        }
    }
}

/// The holder of a certificate as an applicant, when it is a person.
fn person(view: &KeyView) -> Option<Contact> {
    let certificate = view.leading()?;
    let name = certificate.owner.clone().filter(|_| certificate.identity.holder == Some(Holder::Person))?;
    Some(Contact { name, ..Contact::default() })
}
