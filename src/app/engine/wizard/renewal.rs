//! The wizard 证书更新 of one key.

use super::{Wizard, WizardModel};
use crate::app::engine::message::{Event, RenewalAsk};
use crate::app::engine::orders::lock;
use crate::app::engine::work::Shared;
use crate::app::model::renewal::{Done, Download, DownloadLine, Form, PortalPage, RenewalStage, Waiting};
use crate::app::timeline;
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use ca_client::{Connection, DownloadStep, Identified, Outcome, Renewal, Step};
use order_api::{Captcha, CaptchaAnswer, Contact, OrderKind, Payment};
use std::sync::{Arc, Mutex};

/// The order the wizard shows.
struct OnOrder {
    id: String,
    renewal: Arc<Mutex<Renewal>>,
    payment: Option<Payment>,
    code_sent: Option<i64>,
}

/// The wizard.
pub(in crate::app) struct RenewalWizard {
    model: WizardModel,
    identified: Option<Proven>,
    order: Option<OnOrder>,
}

/// A person who proved to hold the key, and the picture they look at.
struct Proven {
    identified: Identified,
    captcha: Option<Captcha>,
}

impl Wizard for RenewalWizard {
    type Ask = RenewalAsk;
    const NAME: &'static str = "renewal";

    fn new(model: WizardModel) -> Self {
        Self { model, identified: None, order: None }
    }

    fn follow(&self, id: &str) {
        if self.order.as_ref().is_some_and(|order| order.id == id) {
            self.show_order();
        }
    }

    fn opens(ask: &RenewalAsk) -> bool {
        matches!(ask, RenewalAsk::Open)
    }

    fn leaves(ask: &RenewalAsk) -> bool {
        matches!(ask, RenewalAsk::Leave)
    }

    fn failed(slot: u64, fault: Fault) -> Event {
        Event::RenewalFault { slot, fault }
    }

    fn answer(&mut self, ask: RenewalAsk) -> Result<(), Fault> {
        match ask {
            RenewalAsk::Open => self.open(),
            RenewalAsk::Identify(pin) => self.identify(pin),
            RenewalAsk::NewCaptcha => self.new_captcha(),
            RenewalAsk::Submit { contact, captcha } => self.submit(contact, captcha),
            RenewalAsk::Refresh => self.with_order(|renewal| renewal.refresh(None).map(drop)),
            RenewalAsk::SendCode => {
                self.with_order(|renewal| renewal.send_code().map(drop))?;
                if let Some(order) = &mut self.order {
                    order.code_sent = Some(certificate::now());
                }
                self.show_order();
                Ok(())
            }
            RenewalAsk::CheckCode(code) => self.with_order(|renewal| renewal.verify_code(&code).map(drop)),
            RenewalAsk::Pay => self.pay(),
            RenewalAsk::GiveUp => self.give_up(),
            RenewalAsk::Download(pin) => self.download(pin),
            RenewalAsk::Leave => Ok(()),
        }
    }
}

impl RenewalWizard {
    fn open(&mut self) -> Result<(), Fault> {
        (self.identified, self.order) = (None, None);
        self.show(RenewalStage::Opening);
        if !self.model.look_up()? {
            self.show(RenewalStage::Portal(PortalPage { ca: String::new(), url: String::new() }));
            return Ok(());
        }
        let known = self.model.ca.as_ref().and_then(|ca| {
            let (id, shared) = self.model.context.order_store.unfinished(OrderKind::Renew, &ca.binding)?;
            Some((id, shared.renewal()?))
        });
        match known {
            Some((id, renewal)) => self.go_on(&id, &renewal),
            None => {
                self.show_identify();
                Ok(())
            }
        }
    }

    fn go_on(&mut self, id: &str, renewal: &Arc<Mutex<Renewal>>) -> Result<(), Fault> {
        self.order = Some(OnOrder { id: id.to_owned(), renewal: Arc::clone(renewal), payment: None, code_sent: None });
        // what is known is shown before the service is asked; a lost answer of the order has nothing to show yet
        self.show_order();
        let fresh = lock(renewal).refresh(None).map(drop);
        self.show_order();
        self.model.keep_watch(id);
        fresh
    }

    fn show_identify(&self) {
        let Some(ca) = &self.model.ca else { return };
        let stage = match (&ca.profile.connection, ca.page(|pages| &pages.renew)) {
            (_, Some(page)) => RenewalStage::Portal(page),
            (Connection::OrderApi(url), _) => {
                RenewalStage::Identify { ca: ca.name(), address: url.as_str().to_owned(), refusal: None }
            }
            (Connection::Portal(_), None) => return,
        };
        self.show(stage.clone());
        let RenewalStage::Identify { ca: name, address, .. } = stage else { return };
        match Renewal::refusal(ca.adapter.as_ref(), &ca.binding) {
            Ok(None) => {}
            Ok(refusal) => self.show(RenewalStage::Identify { ca: name, address, refusal }),
            // told when the person goes on
            Err(fault) => tracing::debug!(fault = fault.reference(), "what the CA refuses in public is not known"),
        }
    }

    fn identify(&mut self, pin: Pin) -> Result<(), Fault> {
        let Some(ca) = &self.model.ca else { return self.open() };
        let result = Renewal::identify(Arc::clone(&ca.adapter), &mut self.model.key, ca.binding.clone(), pin);
        let identified = match result {
            Ok(identified) => identified,
            Err(fault) => {
                // the card shows how many tries are left
                self.model.key.read_again();
                return Err(fault);
            }
        };
        // an order of this certificate that was made on another computer, or whose journal is gone, is continued
        if let Some(handle) = identified.unfinished().first() {
            let renewal =
                Renewal::adopt(&identified, &ca.profile.id, handle, &self.model.context.order_store.online().journal)?;
            let renewal = Arc::new(Mutex::new(renewal));
            let id = self.model.context.order_store.add(Shared::Renewal(Arc::clone(&renewal)), &ca.adapter);
            return self.go_on(&id, &renewal);
        }
        let captcha = if identified.session().captcha { Some(identified.captcha()?) } else { None };
        self.identified = Some(Proven { identified, captcha });
        self.show_form();
        Ok(())
    }

    fn show_form(&self) {
        if let Some(proven) = &self.identified {
            let form = Form { session: proven.identified.session().clone(), captcha: proven.captcha.clone() };
            self.show(RenewalStage::Form(Box::new(form)));
        }
    }

    fn new_captcha(&mut self) -> Result<(), Fault> {
        if let Some(proven) = &mut self.identified {
            proven.captcha = Some(proven.identified.captcha()?);
        }
        self.show_form();
        Ok(())
    }

    fn submit(&mut self, contact: Contact, captcha: Option<String>) -> Result<(), Fault> {
        let (Some(proven), Some(ca)) = (&self.identified, &self.model.ca) else { return self.open() };
        let answer =
            captcha.zip(proven.captcha.as_ref()).map(|(text, captcha)| CaptchaAnswer { id: captcha.id.clone(), text });
        let journal = &self.model.context.order_store.online().journal;
        match Renewal::submit(&proven.identified, &ca.profile.id, contact, answer, journal) {
            Ok(renewal) => {
                self.identified = None;
                let renewal = Arc::new(Mutex::new(renewal));
                let id = self.model.context.order_store.add(Shared::Renewal(Arc::clone(&renewal)), &ca.adapter);
                self.order = Some(OnOrder { id: id.clone(), renewal, payment: None, code_sent: None });
                self.show_order();
                self.model.context.order_store.watch(&id, &self.model.context.changed);
                Ok(())
            }
            Err(fault) => {
                self.model.context.order_store.publish();
                // a picture is good for one try
                let stale = matches!(fault.code, FaultCode::CaptchaWrong | FaultCode::CaptchaStale);
                if stale && let Err(other) = self.new_captcha() {
                    tracing::debug!(code = other.code.as_str(), "no new picture");
                }
                Err(fault)
            }
        }
    }

    fn with_order(&self, call: impl FnOnce(&mut Renewal) -> Result<(), Fault>) -> Result<(), Fault> {
        let Some(order) = &self.order else { return Ok(()) };
        let result = call(&mut lock(&order.renewal));
        self.show_order();
        self.model.keep_watch(&order.id);
        result
    }

    fn pay(&mut self) -> Result<(), Fault> {
        let Some(order) = &mut self.order else { return Ok(()) };
        let payment = lock(&order.renewal).payment()?;
        order.payment = Some(payment);
        self.show_order();
        Ok(())
    }

    fn give_up(&mut self) -> Result<(), Fault> {
        let given_up = match self.order.take() {
            Some(OnOrder { id, renewal, .. }) => {
                drop(renewal);
                self.model.context.order_store.give_up(&id)
            }
            None => Ok(()),
        };
        self.open().and(given_up)
    }

    fn download(&mut self, pin: Pin) -> Result<(), Fault> {
        let Some(order) = &self.order else { return self.open() };
        let (slot, sender) = (self.model.slot, self.model.context.sender.clone());
        let mut last = None;
        let result = lock(&order.renewal).download(&mut self.model.key, pin, &mut |step| {
            let line = line_of(step);
            if last.replace(line) != Some(line) {
                sender.send(Event::RenewalLine { slot, line });
            }
        });
        self.model.context.order_store.publish();
        self.model.key.read_again();
        match result {
            Ok(outcome) => {
                let no = lock(&order.renewal).entry().order.as_ref().map(|order| order.no.clone());
                self.show(done(no.unwrap_or_default(), &outcome));
                self.order = None;
                Ok(())
            }
            Err(fault) => {
                self.show_order();
                Err(fault)
            }
        }
    }

    /// Shows the order where it stands.
    fn show_order(&self) {
        let Some(on) = &self.order else { return };
        let (step, order) = {
            let renewal = lock(&on.renewal);
            (renewal.step(), renewal.entry().order.clone())
        };
        let Some(order) = order else { return self.show(RenewalStage::Opening) };
        let download =
            |resumed| RenewalStage::Download(Box::new(Download { order: order.clone(), line: None, resumed }));
        self.show(match step {
            Step::Download(DownloadStep::Prepare) => download(false),
            Step::Download(_) => download(true),
            Step::Submit | Step::Waiting(_) | Step::Done | Step::Failed(_) => {
                RenewalStage::Waiting(Box::new(Waiting {
                    order: order.clone(),
                    payment: on.payment.clone(),
                    code_sent: on.code_sent,
                }))
            }
        });
    }

    fn show(&self, stage: RenewalStage) {
        timeline::mark("renewal", name_of(&stage));
        let support = self.model.support();
        self.model.context.sender.send(Event::RenewalStage { slot: self.model.slot, stage, support });
    }
}

fn done(no: String, outcome: &Outcome) -> RenewalStage {
    RenewalStage::Done(Box::new(Done {
        no,
        old: outcome.old,
        new: outcome.new,
        took_ms: u64::try_from(outcome.time_used.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// For the time marks.
const fn name_of(stage: &RenewalStage) -> &'static str {
    match stage {
        RenewalStage::Opening => "opening",
        RenewalStage::Portal(_) => "portal",
        RenewalStage::Identify { .. } => "identify",
        RenewalStage::Form(_) => "form",
        RenewalStage::Waiting(_) => "waiting",
        RenewalStage::Download(_) => "download",
        RenewalStage::Done(_) => "done",
    }
}

/// The line of the window a step belongs to.
const fn line_of(step: DownloadStep) -> DownloadLine {
    match step {
        DownloadStep::Prepare | DownloadStep::CreateContainer => DownloadLine::Container,
        DownloadStep::GenerateKey => DownloadLine::KeyPair,
        DownloadStep::Issue => DownloadLine::Issue,
        DownloadStep::ImportKey => DownloadLine::EncryptionKey,
        DownloadStep::WriteCertificates => DownloadLine::Certificates,
        DownloadStep::SelfTest => DownloadLine::SelfTest,
        DownloadStep::Confirm | DownloadStep::Switch => DownloadLine::Activate,
    }
}
