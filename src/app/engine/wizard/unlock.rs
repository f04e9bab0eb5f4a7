//! The wizard 找回密码 of one key.
//!
//! Invariant: a code and a PIN pass through here once, by value, on their way to the workflow.

use super::{Wizard, WizardModel};
use crate::app::engine::message::{Event, UnlockAsk};
use crate::app::engine::orders::lock;
use crate::app::engine::work::Shared;
use crate::app::model::renewal::PortalPage;
use crate::app::model::unlock::{NewPin, UnlockDone, UnlockEnd, UnlockEnded, UnlockForm, UnlockStage};
use crate::app::timeline;
use base::fault::Fault;
use base::secret::Pin;
use ca_client::{Application, Unlock, UnlockOutcome, UnlockStep};
use order_api::{Applicant, Captcha, CaptchaAnswer, Order, OrderKind, OrderState, UnlockRoute};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// The order the wizard shows.
struct OnOrder {
    id: String,
    unlock: Arc<Mutex<Unlock>>,
}

/// The wizard.
pub(in crate::app) struct UnlockWizard {
    model: WizardModel,
    /// The picture the person looks at.
    captcha: Option<Captcha>,
    order: Option<OnOrder>,
}

impl Wizard for UnlockWizard {
    type Ask = UnlockAsk;
    const NAME: &'static str = "unlock";

    fn new(model: WizardModel) -> Self {
        Self { model, captcha: None, order: None }
    }

    fn follow(&self, id: &str) {
        if self.order.as_ref().is_some_and(|order| order.id == id) {
            self.show_order();
        }
    }

    fn opens(ask: &UnlockAsk) -> bool {
        matches!(ask, UnlockAsk::Open)
    }

    fn leaves(ask: &UnlockAsk) -> bool {
        matches!(ask, UnlockAsk::Leave)
    }

    fn failed(slot: u64, fault: Fault) -> Event {
        Event::UnlockFault { slot, fault }
    }

    fn answer(&mut self, ask: UnlockAsk) -> Result<(), Fault> {
        match ask {
            UnlockAsk::Open => self.open(),
            UnlockAsk::NewCaptcha => self.new_captcha(),
            UnlockAsk::Submit { route, applicant, captcha } => self.submit(route, applicant, captcha),
            UnlockAsk::Refresh => self.with_order(|unlock| unlock.refresh(None).map(drop)),
            UnlockAsk::Resend => self.with_order(|unlock| unlock.resend().map(drop)),
            UnlockAsk::Unlock { code, new } => self.unlock(code, new),
            UnlockAsk::Prove(pin) => self.prove(pin),
            UnlockAsk::Discard => self.discard(),
            UnlockAsk::Leave => Ok(()),
        }
    }
}

impl UnlockWizard {
    fn open(&mut self) -> Result<(), Fault> {
        (self.captcha, self.order) = (None, None);
        self.show(UnlockStage::Opening);
        if !self.model.look_up()? {
            self.show(UnlockStage::Portal(PortalPage { ca: String::new(), url: String::new() }));
            return Ok(());
        }
        // now it is known whom to call
        self.show(UnlockStage::Opening);
        if let Some(page) = self.model.ca.as_ref().and_then(|ca| ca.page(|pages| &pages.unlock)) {
            self.show(UnlockStage::Portal(page));
            return Ok(());
        }
        if self.take_order() { self.go_on() } else { self.apply() }
    }

    /// Takes the unfinished order of the key; false when there is none.
    fn take_order(&mut self) -> bool {
        let known = self.model.ca.as_ref().and_then(|ca| {
            let (id, shared) = self.model.context.order_store.unfinished(OrderKind::Unlock, &ca.binding)?;
            Some(OnOrder { id, unlock: shared.unlock()? })
        });
        self.order = known;
        self.order.is_some()
    }

    fn go_on(&self) -> Result<(), Fault> {
        let Some(order) = &self.order else { return Ok(()) };
        // what is known is shown before the service is asked; a lost answer of the application has nothing to show yet
        self.show_order();
        let fresh = lock(&order.unlock).refresh(None).map(drop);
        self.show_order();
        self.model.keep_watch(&order.id);
        fresh
    }

    /// A new application, if this CA takes one.
    fn apply(&mut self) -> Result<(), Fault> {
        let Some(ca) = &self.model.ca else { return Ok(()) };
        let fault = |error: ca_client::CaError| {
            error.to_fault(&ca.adapter.support(), "", &ca.binding.device_serial, ca.adapter.now())
        };
        let info = ca.adapter.info().map_err(fault)?;
        if !info.kinds.contains(&OrderKind::Unlock) {
            self.show(UnlockStage::Portal(PortalPage { ca: ca.name(), url: String::new() }));
            return Ok(());
        }
        self.new_captcha()
    }

    fn new_captcha(&mut self) -> Result<(), Fault> {
        let Some(ca) = &self.model.ca else { return self.open() };
        let picture = ca
            .adapter
            .captcha()
            .map_err(|error| error.to_fault(&ca.adapter.support(), "", &ca.binding.device_serial, ca.adapter.now()))?;
        self.captcha = Some(picture);
        self.show(UnlockStage::Form(Box::new(UnlockForm { ca: ca.name(), captcha: self.captcha.clone() })));
        Ok(())
    }

    fn submit(&mut self, route: UnlockRoute, applicant: Applicant, captcha: Option<String>) -> Result<(), Fault> {
        let Some(ca) = &self.model.ca else { return self.open() };
        let captcha =
            captcha.zip(self.captcha.as_ref()).map(|(text, captcha)| CaptchaAnswer { id: captcha.id.clone(), text });
        let application = Application { route, applicant, captcha };
        let journal = &self.model.context.order_store.online().journal;
        match Unlock::apply(&ca.adapter, &ca.profile.id, ca.binding.clone(), application, journal) {
            Ok(unlock) => {
                let unlock = Arc::new(Mutex::new(unlock));
                let id = self.model.context.order_store.add(Shared::Unlock(Arc::clone(&unlock)), &ca.adapter);
                self.captcha = None;
                self.order = Some(OnOrder { id: id.clone(), unlock });
                self.show_order();
                self.model.context.order_store.watch(&id, &self.model.context.changed);
                Ok(())
            }
            Err(fault) => {
                self.after_refusal();
                Err(fault)
            }
        }
    }

    /// The application was refused, or nobody knows whether it arrived: then it stands in the journal and is sent again.
    fn after_refusal(&mut self) {
        self.model.context.order_store.take_unfinished(&self.model.context.changed);
        self.model.context.order_store.publish();
        if self.take_order() {
            self.show_order();
        } else if let Err(other) = self.new_captcha() {
            // a picture is good for one try
            tracing::debug!(code = other.code.as_str(), "no new picture");
        }
    }

    fn with_order(&self, call: impl FnOnce(&mut Unlock) -> Result<(), Fault>) -> Result<(), Fault> {
        let Some(order) = &self.order else { return Ok(()) };
        let result = call(&mut lock(&order.unlock));
        self.show_order();
        self.model.keep_watch(&order.id);
        result
    }

    fn unlock(&mut self, code: Option<Zeroizing<String>>, new: Pin) -> Result<(), Fault> {
        let Some(order) = &self.order else { return self.open() };
        let (slot, sender) = (self.model.slot, self.model.context.sender.clone());
        let result = lock(&order.unlock).unlock(&mut self.model.key, code, new, &mut |line| {
            sender.send(Event::UnlockLine { slot, line });
        });
        self.after_key(result)
    }

    fn prove(&mut self, pin: Pin) -> Result<(), Fault> {
        let Some(order) = &self.order else { return self.open() };
        let result = lock(&order.unlock).prove(&mut self.model.key, pin);
        self.after_key(result)
    }

    fn after_key(&mut self, result: Result<UnlockOutcome, Fault>) -> Result<(), Fault> {
        self.model.key.read_again();
        match result {
            Ok(outcome) => {
                let order = self.order.take().and_then(|on| lock(&on.unlock).order().cloned());
                self.model.context.order_store.publish();
                self.show(UnlockStage::Done(Box::new(UnlockDone {
                    no: order.map(|order| order.no).unwrap_or_default(),
                    tries: Some(outcome.pin.tries_left),
                    took_ms: u64::try_from(outcome.time_used.as_millis()).ok(),
                })));
                Ok(())
            }
            Err(fault) => {
                self.model.context.order_store.publish();
                self.show_order();
                Err(fault)
            }
        }
    }

    fn discard(&mut self) -> Result<(), Fault> {
        let given_up = match self.order.take() {
            Some(OnOrder { id, unlock }) => {
                drop(unlock);
                self.model.context.order_store.forget(&id)
            }
            None => Ok(()),
        };
        if given_up.is_err() {
            self.model.context.order_store.take_unfinished(&self.model.context.changed);
        }
        self.open().and(given_up)
    }

    /// Shows the order where it stands.
    fn show_order(&self) {
        let Some(on) = &self.order else { return };
        let (step, order, refused) = {
            let unlock = lock(&on.unlock);
            (unlock.step(), unlock.order().cloned(), unlock.entry().unlock_refusal().is_some())
        };
        self.show(self.stage(step, order, refused));
    }

    fn stage(&self, step: UnlockStep, order: Option<Order>, refused: bool) -> UnlockStage {
        let ended = |order, why| UnlockStage::Ended(Box::new(UnlockEnded { order, why }));
        let Some(order) = order else {
            return match step {
                UnlockStep::Failed(_) => ended(None, UnlockEnd::Cancelled),
                _ => UnlockStage::Opening,
            };
        };
        let pin = |order, ca: &super::Ca| Box::new(NewPin { order, pins: ca.profile.pin_policy });
        match (step, &self.model.ca) {
            (UnlockStep::Submit, _) => UnlockStage::Opening,
            (UnlockStep::Code, Some(ca)) => UnlockStage::Code(pin(order, ca)),
            (UnlockStep::NewPin, Some(ca)) => UnlockStage::NewPin(pin(order, ca)),
            (UnlockStep::Prove, Some(ca)) => UnlockStage::Prove(pin(order, ca)),
            (UnlockStep::Waiting(_) | UnlockStep::Code | UnlockStep::NewPin | UnlockStep::Prove, _) => {
                UnlockStage::Waiting(Box::new(order))
            }
            // the report was given up: the new PIN holds all the same
            (UnlockStep::Done, _) => {
                UnlockStage::Done(Box::new(UnlockDone { no: order.no, tries: None, took_ms: None }))
            }
            (UnlockStep::Failed(_), _) if refused => ended(Some(order), UnlockEnd::Refused),
            (UnlockStep::Failed(OrderState::Rejected), _) => ended(Some(order), UnlockEnd::Rejected),
            (UnlockStep::Failed(OrderState::Expired), _) => ended(Some(order), UnlockEnd::Expired),
            (UnlockStep::Failed(_), _) => ended(Some(order), UnlockEnd::Cancelled),
        }
    }

    fn show(&self, stage: UnlockStage) {
        timeline::mark("unlock", name_of(&stage));
        let support = self.model.support();
        self.model.context.sender.send(Event::UnlockStage { slot: self.model.slot, stage, support });
    }
}

/// For the time marks.
const fn name_of(stage: &UnlockStage) -> &'static str {
    match stage {
        UnlockStage::Opening => "opening",
        UnlockStage::Portal(_) => "portal",
        UnlockStage::Form(_) => "form",
        UnlockStage::Waiting(_) => "waiting",
        UnlockStage::Code(_) => "code",
        UnlockStage::NewPin(_) => "new-pin",
        UnlockStage::Prove(_) => "prove",
        UnlockStage::Ended(_) => "ended",
        UnlockStage::Done(_) => "done",
    }
}
