//! The wizard 证书更新 of one key: a thread that does one thing after the other, asked by the window and told by the watcher.

use super::hub::{Outlet, Workers};
use super::message::{Event, RenewalAsk};
use super::orders::{Book, Changed, Shared, lock};
use super::renewal::{Done, Download, DownloadLine, Form, PortalPage, RenewalStage, Waiting};
use super::timeline;
use super::worker::{Job, Loan};
use crate::ca::protocol::{Captcha, CaptchaAnswer, Contact, Payment, Support};
use crate::ca::{
    CaAdapter, CaProfile, Connection, DownloadStep, Identified, KeyAccess, KeyBinding, KeyGone, Outcome, Renewal, Step,
};
use crate::cert::{self, Certificate};
use crate::fault::{Fault, FaultCode};
use crate::secret::Pin;
use crate::token::{KeyContents, Token};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What the thread is woken by.
pub(super) enum Message {
    /// The window asks.
    Ask(RenewalAsk),
    /// The watcher saw a change of this order.
    Changed(String),
}

/// What every wizard has around it.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) book: Book,
    pub(super) outlet: Outlet,
    pub(super) workers: Workers,
    pub(super) changed: Changed,
}

/// Starts the wizard of a key. It ends when the returned sender is dropped or the person leaves.
pub(super) fn start(slot: u64, around: Around) -> Option<Sender<Message>> {
    let (messages, inbox) = channel();
    let wizard = Wizard {
        slot,
        key: KeyLoan { slot, workers: Workers::clone(&around.workers) },
        around,
        ca: None,
        identified: None,
        order: None,
    };
    let thread = std::thread::Builder::new().name(format!("renewal-{slot}")).spawn(move || wizard.run(&inbox));
    match thread {
        Ok(_) => Some(messages),
        Err(error) => {
            tracing::error!(%error, "no thread for a renewal");
            None
        }
    }
}

/// A key borrowed from its worker for each job.
pub(super) struct KeyLoan {
    pub(super) slot: u64,
    pub(super) workers: Workers,
}

impl KeyAccess for KeyLoan {
    fn with(&mut self, job: &mut dyn FnMut(&mut dyn Token)) -> Result<(), KeyGone> {
        let (to, loans) = channel::<Loan>();
        let sent = lock(&self.workers).get(&self.slot).is_some_and(|jobs| jobs.send(Job::Lend(to)).is_ok());
        let mut loan = if sent { loans.recv().map_err(|_| KeyGone)? } else { return Err(KeyGone) };
        job(loan.token().ok_or(KeyGone)?);
        Ok(())
    }
}

impl KeyLoan {
    /// After a workflow: whatever state it left the connection in, the card on the window is read anew.
    pub(super) fn read_again(&self) {
        if let Some(jobs) = lock(&self.workers).get(&self.slot) {
            // a worker that ended reports its removal itself
            let _ended = jobs.send(Job::Reconnect).and_then(|()| jobs.send(Job::Read));
        }
    }

    fn contents(&mut self) -> Result<KeyContents, Fault> {
        let mut read = Err(Fault::new(FaultCode::KeyRemoved));
        self.with(&mut |token| read = token.read().map_err(|error| Fault::from(&error)))
            .map_err(|KeyGone| Fault::new(FaultCode::KeyRemoved))?;
        read
    }
}

/// The CA of the key's certificate, once known.
struct Ca {
    profile: CaProfile,
    adapter: Arc<dyn CaAdapter>,
    binding: KeyBinding,
}

/// The order the wizard shows.
struct OnOrder {
    id: String,
    renewal: Shared,
    payment: Option<Payment>,
    code_sent: Option<i64>,
}

struct Wizard {
    slot: u64,
    around: Around,
    key: KeyLoan,
    ca: Option<Ca>,
    identified: Option<Proven>,
    order: Option<OnOrder>,
}

/// A person who proved to hold the key, and the picture they look at.
struct Proven {
    identified: Identified,
    captcha: Option<Captcha>,
}

impl Wizard {
    fn run(mut self, inbox: &Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            let result = match message {
                Message::Ask(RenewalAsk::Leave) => return,
                Message::Ask(ask) => self.answer(ask),
                Message::Changed(id) => {
                    if self.order.as_ref().is_some_and(|order| order.id == id) {
                        self.show_order();
                    }
                    Ok(())
                }
            };
            if let Err(fault) = result {
                self.around.outlet.send(Event::RenewalFault { slot: self.slot, fault });
            }
        }
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
                    order.code_sent = Some(cert::now());
                }
                self.show_order();
                Ok(())
            }
            RenewalAsk::CheckCode(code) => self.with_order(|renewal| renewal.verify_code(&code).map(drop)),
            RenewalAsk::Pay => self.pay(),
            RenewalAsk::Download(pin) => self.download(pin),
            RenewalAsk::Leave => Ok(()),
        }
    }

    fn open(&mut self) -> Result<(), Fault> {
        (self.ca, self.identified, self.order) = (None, None, None);
        self.show(RenewalStage::Opening);
        let contents = self.key.contents()?;
        let binding = KeyBinding::of(&contents)?;
        let certificate = Certificate::parse(&binding.certificate.0)
            .map_err(|error| Fault::new(FaultCode::CertificateDamaged).detail(error.to_string()))?;
        let Some(profile) = self.around.book.online().profiles.for_issuer(&certificate.issuer).cloned() else {
            self.show(RenewalStage::Portal(PortalPage { ca: String::new(), url: String::new() }));
            return Ok(());
        };
        let adapter = self.around.book.connect(&profile)?;
        let known = self.around.book.unfinished(&binding);
        self.ca = Some(Ca { profile, adapter, binding });
        match known {
            Some((id, renewal)) => self.go_on(&id, &renewal),
            None => {
                self.show_identify();
                Ok(())
            }
        }
    }

    fn go_on(&mut self, id: &str, renewal: &Shared) -> Result<(), Fault> {
        self.order = Some(OnOrder { id: id.to_owned(), renewal: Arc::clone(renewal), payment: None, code_sent: None });
        // what is known is shown before the service is asked; a lost answer of the order has nothing to show yet
        self.show_order();
        let fresh = lock(renewal).refresh(None).map(drop);
        self.show_order();
        self.around.book.publish();
        self.around.book.watch(id, &self.around.changed);
        fresh
    }

    fn show_identify(&self) {
        let Some(ca) = &self.ca else { return };
        let stage = match &ca.profile.connection {
            Connection::OrderApi(url) => {
                RenewalStage::Identify { ca: self.ca_name(), address: url.as_str().to_owned() }
            }
            Connection::Portal(pages) => {
                RenewalStage::Portal(PortalPage { ca: self.ca_name(), url: pages.renew.clone().unwrap_or_default() })
            }
        };
        self.show(stage);
    }

    fn identify(&mut self, pin: Pin) -> Result<(), Fault> {
        let Some(ca) = &self.ca else { return self.open() };
        let result = Renewal::identify(Arc::clone(&ca.adapter), &mut self.key, ca.binding.clone(), pin);
        let identified = match result {
            Ok(identified) => identified,
            Err(fault) => {
                // the card shows how many tries are left
                self.key.read_again();
                return Err(fault);
            }
        };
        // an order of this certificate that was made on another computer, or whose journal is gone, is continued
        if let Some(handle) = identified.unfinished().first() {
            let renewal = Renewal::adopt(&identified, &ca.profile.id, handle, &self.around.book.online().journal)?;
            let (id, shared) = self.around.book.add(renewal, &ca.adapter);
            return self.go_on(&id, &shared);
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
        let (Some(proven), Some(ca)) = (&self.identified, &self.ca) else { return self.open() };
        let answer =
            captcha.zip(proven.captcha.as_ref()).map(|(text, captcha)| CaptchaAnswer { id: captcha.id.clone(), text });
        let journal = &self.around.book.online().journal;
        match Renewal::submit(&proven.identified, &ca.profile.id, contact, answer, journal) {
            Ok(renewal) => {
                self.identified = None;
                let (id, shared) = self.around.book.add(renewal, &ca.adapter);
                self.order = Some(OnOrder { id: id.clone(), renewal: shared, payment: None, code_sent: None });
                self.show_order();
                self.around.book.watch(&id, &self.around.changed);
                Ok(())
            }
            Err(fault) => {
                self.around.book.publish();
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
        self.around.book.publish();
        self.around.book.watch(&order.id, &self.around.changed);
        result
    }

    fn pay(&mut self) -> Result<(), Fault> {
        let Some(order) = &mut self.order else { return Ok(()) };
        let payment = lock(&order.renewal).payment()?;
        order.payment = Some(payment);
        self.show_order();
        Ok(())
    }

    fn download(&mut self, pin: Pin) -> Result<(), Fault> {
        let Some(order) = &self.order else { return self.open() };
        let (slot, outlet) = (self.slot, self.around.outlet.clone());
        let mut last = None;
        let result = lock(&order.renewal).download(&mut self.key, pin, &mut |step| {
            let line = line_of(step);
            if last.replace(line) != Some(line) {
                outlet.send(Event::RenewalLine { slot, line });
            }
        });
        self.around.book.publish();
        self.key.read_again();
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
        let support = self.ca.as_ref().map_or_else(Support::default, |ca| ca.profile.support());
        self.around.outlet.send(Event::RenewalStage { slot: self.slot, stage, support });
    }

    fn ca_name(&self) -> String {
        let Some(ca) = &self.ca else { return String::new() };
        let name = &ca.profile.name;
        if rust_i18n::locale().starts_with("zh") { name.zh.clone() } else { name.en.clone() }
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
