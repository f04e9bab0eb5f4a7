//! Starts and stops the threads and hands commands to them.

use crate::app::engine::environment_work::{Checks, Present, Site};
use crate::app::engine::everyday::Updates;
use crate::app::engine::message::{Command, Content, Event, PracticeMessage, Roots};
use crate::app::engine::orders::{Changed, Online, OrderStore, lock};
use crate::app::engine::timeline;
use crate::app::engine::wizard::{self, LentKey, Message, OrderContext, RenewalWizard, UnlockWizard, Wizard};
use crate::app::engine::worker::{self, Job};
use crate::check::{self, Lists, Scene};
use crate::desktop::{autostart, files, icon, log, program};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use certificate::Certificate;
use gm::PublicKey;
use net::{Fetcher, Limits, Proxy};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use token::{KeySource, KeyUse, SourceEvent};

/// What lies around the program and differs between the real desk, practice and tests.
pub struct EngineContext {
    /// Where keys come from.
    pub source: Arc<dyn KeySource>,
    /// Loads the certificates the check trusts; called on a worker thread.
    pub trust: Arc<dyn Fn() -> certificate::TrustStore + Send + Sync>,
    /// Called after every event, on the thread that sent it: wakes the window.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// How CAs are reached and where orders are kept; `None` where no renewal is offered (command line).
    pub online: Option<Online>,
    /// What the environment check looks at besides keys.
    pub site: Site,
}

/// The sending end of the event channel together with the wake-up.
#[derive(Clone)]
pub(in crate::app) struct EventSender {
    events: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl EventSender {
    /// To a test.
    #[cfg(test)]
    pub(in crate::app) fn to(events: Sender<Event>) -> Self {
        Self { events, wake: Arc::new(|| ()) }
    }

    /// Sends and wakes; false when the window is gone.
    pub(in crate::app) fn send(&self, event: Event) -> bool {
        let sent = self.events.send(event).is_ok();
        (self.wake)();
        sent
    }
}

pub(in crate::app) type Workers = Arc<Mutex<HashMap<u64, Sender<Job>>>>;

/// The running threads. Dropping it stops the watching thread; workers end with their last job.
pub struct Engine {
    source: Arc<dyn KeySource>,
    trust: Arc<dyn Fn() -> certificate::TrustStore + Send + Sync>,
    sender: EventSender,
    workers: Workers,
    watcher: Option<JoinHandle<()>>,
    orders: Option<Orders>,
    present: Arc<Present>,
    checks: Checks,
    updates: Updates,
}

/// What runs for orders.
struct Orders {
    context: OrderContext,
    renewals: Wizards<RenewalWizard>,
    unlocks: Wizards<UnlockWizard>,
}

/// The wizards of one kind, by slot.
struct Wizards<W: Wizard>(Arc<Mutex<HashMap<u64, Bell<W>>>>);

/// Wakes one wizard.
type Bell<W> = Sender<Message<<W as Wizard>::Ask>>;

impl<W: Wizard> Wizards<W> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn tell(&self, id: &str) {
        // a wizard that ended needs no news
        lock(&self.0).retain(|_, wizard| wizard.send(Message::Changed(id.to_owned())).is_ok());
    }

    fn ask(&self, slot: u64, ask: W::Ask, context: &OrderContext) {
        let mut wizards = lock(&self.0);
        if W::leaves(&ask) {
            wizards.remove(&slot);
            return;
        }
        if W::opens(&ask) || !wizards.contains_key(&slot) {
            wizards.remove(&slot);
            wizards.extend(wizard::start::<W>(slot, context.clone()).map(|wizard| (slot, wizard)));
        }
        let heard = wizards.get(&slot).is_some_and(|wizard| wizard.send(Message::Ask(ask)).is_ok());
        if !heard {
            context.sender.send(W::failed(slot, Fault::new(FaultCode::InternalStopped)));
        }
    }
}

impl Orders {
    fn start(online: Online, sender: &EventSender, workers: &Workers) -> Self {
        let (renewals, unlocks) = (Wizards::<RenewalWizard>::new(), Wizards::<UnlockWizard>::new());
        let told = (renewals.share(), unlocks.share());
        let changed: Changed = Arc::new(move |id: &str| {
            told.0.tell(id);
            told.1.tell(id);
        });
        let order_store = OrderStore::new(online, sender.clone());
        let context = OrderContext { order_store, sender: sender.clone(), workers: Arc::clone(workers), changed };
        let starting = context.clone();
        run_aside("orders", sender, move |_| starting.order_store.start(&starting.changed));
        Self { context, renewals, unlocks }
    }

    fn remove_history(&self, slot: u64, container: String, pin: Pin) {
        let context = self.context.clone();
        run_aside("history", &self.context.sender, move |sender| {
            let mut key = LentKey { slot, workers: Arc::clone(&context.workers) };
            let result = ca_client::history::remove(&mut key, pin, &container, &context.order_store.online().journal);
            sender.send(Event::HistoryRemoved { slot, result });
            key.read_again();
        });
    }
}

impl Engine {
    /// Starts watching. Events arrive at the receiver.
    #[must_use]
    pub fn start(context: EngineContext) -> (Self, Receiver<Event>) {
        let EngineContext { source, trust, wake, online, site } = context;
        let (events, receiver) = channel();
        let sender = EventSender { events, wake };
        let workers = Workers::default();
        let present = Arc::<Present>::default();
        let watcher = {
            let (source, sender, workers) = (Arc::clone(&source), sender.clone(), Arc::clone(&workers));
            let present = Arc::clone(&present);
            std::thread::Builder::new()
                .name("key-watch".to_owned())
                .spawn(move || {
                    let watched = Arc::clone(&source);
                    watched.watch(&mut |event| {
                        present.hear(&event);
                        on_source_event(event, &source, &sender, &workers, &present)
                    });
                })
                .ok()
        };
        let orders = online.map(|online| Orders::start(online, &sender, &workers));
        let (checks, updates) = (Checks::at(site), Updates::default());
        (Self { source, trust, sender, workers, watcher, orders, present, checks, updates }, receiver)
    }

    /// What a check that begins now looks at. Made anew for every check: it keeps the answers it was given.
    #[must_use]
    pub fn scene(&self) -> Scene {
        self.checks.scene(&self.source, &self.trust, &self.workers, &self.present)
    }

    /// For other parts of the program: sends an event to the window. False when the window is gone.
    pub fn events(&self) -> impl Fn(Event) -> bool + Clone + Send + Sync + 'static {
        let sender = self.sender.clone();
        move |event| sender.send(event)
    }

    /// For the practice CA: shows its messages, given recipient and text. False when the window is gone.
    pub fn teller(&self) -> impl Fn(String, String) -> bool + Send + 'static {
        let sender = self.sender.clone();
        move |recipient, text| sender.send(Event::PracticeMessage(PracticeMessage { recipient, text }))
    }

    /// Hands a command to its thread; never blocks.
    pub fn send(&self, command: Command) {
        match command {
            Command::Refresh(slot) => {
                // a key that is gone has already left the window
                self.job(slot, Job::Read);
            }
            Command::RefreshAll => {
                for jobs in lock(&self.workers).values() {
                    // a worker that ended reports its removal itself
                    let _ended = jobs.send(Job::Read);
                }
            }
            Command::ChangePin { slot, current, new } => {
                if !self.job(slot, Job::ChangePin { current, new }) {
                    let result = Err(Fault::new(FaultCode::KeyRemoved));
                    self.sender.send(Event::PinChanged { slot, result, pin: None });
                }
            }
            Command::OpenFolder(folder) => files::show_folder(&folder),
            Command::RemoveReport(file) => files::remove(&file),
            Command::Check { slot, key_use, certificate } => self.check(slot, key_use, certificate),
            Command::Renewal { slot, ask } => self.orders(|orders| orders.renewals.ask(slot, ask, &orders.context)),
            Command::Unlock { slot, ask } => self.orders(|orders| orders.unlocks.ask(slot, ask, &orders.context)),
            Command::AdminTries(slot) => {
                if !self.job(slot, Job::AdminTries) {
                    let result = Err(Fault::new(FaultCode::KeyRemoved));
                    self.sender.send(Event::AdminTries { slot, result });
                }
            }
            Command::UnblockPin { slot, admin, new } => {
                if !self.job(slot, Job::UnblockPin { admin, new }) {
                    let result = Err(Fault::new(FaultCode::KeyRemoved));
                    self.sender.send(Event::PinUnblocked { slot, result, user: None, admin: None });
                }
            }
            Command::RefreshOrders => self.orders(|Orders { context, .. }| {
                let context = context.clone();
                run_aside("orders", &self.sender, move |_| context.order_store.refresh_all(&context.changed));
            }),
            Command::ForgetOrder(id) => self.orders(|Orders { context, .. }| {
                let context = context.clone();
                run_aside("orders", &self.sender, move |sender| {
                    if let Err(fault) = context.order_store.forget(&id) {
                        // it stays in the list
                        sender.send(Event::OrdersFault(fault));
                    }
                });
            }),
            Command::GiveUpOrder(id) => self.orders(|Orders { context, .. }| {
                let context = context.clone();
                run_aside("orders", &self.sender, move |sender| {
                    if let Err(fault) = context.order_store.give_up(&id) {
                        sender.send(Event::OrdersFault(fault));
                    }
                });
            }),
            Command::RemoveHistory { slot, container, pin } => {
                self.orders(|orders| orders.remove_history(slot, container, pin));
            }
            Command::ReachCa(slot) => self.orders(|orders| self.reach_ca(slot, &orders.context)),
            Command::CheckEnvironment => {
                let (checks, scene) = (self.checks.clone(), self.scene());
                run_aside("check", &self.sender, move |sender| checks.run(scene, sender));
            }
            Command::Repair { probe, repair } => {
                let (checks, [scene, after]) = (self.checks.clone(), [self.scene(), self.scene()]);
                run_aside("repair", &self.sender, move |sender| checks.repair(probe, repair, &scene, after, sender));
            }
            Command::UseProxy(proxy) => {
                self.checks.use_proxy(proxy.clone());
                self.orders(|orders| orders.context.order_store.use_proxy(proxy));
            }
            Command::CheckUpdate => {
                let (updates, known) = (self.updates.clone(), self.checks.known());
                run_aside("update", &self.sender, move |sender| updates.ask(&known, sender));
            }
            Command::DownloadUpdate(release) => {
                let (updates, proxy) = (self.updates.clone(), self.checks.known().proxy);
                let writing = self.present.any_lent();
                run_aside("update", &self.sender, move |sender| updates.download(release, &proxy, writing, sender));
            }
            Command::CancelDownload => self.updates.cancel(),
            Command::InstallUpdate { release, file } => {
                let (updates, writing) = (self.updates.clone(), self.present.any_lent());
                run_aside("install", &self.sender, move |sender| updates.install(release, &file, writing, sender));
            }
            Command::Autostart(wish) => run_aside("autostart", &self.sender, move |sender| {
                let done = wish.map_or(Ok(()), autostart::set);
                sender.send(Event::Autostart(done.map(|()| autostart::state())));
            }),
            Command::DesktopIcon(wish) => run_aside("desktop-icon", &self.sender, move |sender| {
                let done = wish.map_or(Ok(()), icon::set);
                sender.send(Event::DesktopIcon(done.map(|()| icon::state())));
            }),
            Command::LookForNewVersion => run_aside("version", &self.sender, |sender| {
                if program::is_replaced() {
                    sender.send(Event::Replaced);
                }
            }),
            Command::LogDetails(on) => log::details(on),
            Command::ReadLog => run_aside("log", &self.sender, |sender| {
                sender.send(Event::Log(log::read()));
            }),
            Command::ReadRoots => {
                let trust = Arc::clone(&self.trust);
                run_aside("roots", &self.sender, move |sender| {
                    sender.send(Event::Roots(Roots::of(&trust())));
                });
            }
            Command::Save { content, path } => self.save_to(move || Some((content, path))),
        }
    }

    /// Runs `ask` on a thread of its own – it may keep a dialog open for minutes – and writes what it answers.
    pub fn save_to(&self, ask: impl FnOnce() -> Option<(Content, PathBuf)> + Send + 'static) {
        let trust = Arc::clone(&self.trust);
        run_aside("save", &self.sender, move |sender| {
            if let Some((content, path)) = ask() {
                let result = content.bytes(&*trust).and_then(|bytes| save(&path, &bytes).map(|()| path));
                sender.send(Event::Saved(result));
            }
        });
    }

    fn orders(&self, run: impl FnOnce(&Orders)) {
        if let Some(orders) = &self.orders {
            run(orders);
        }
    }

    /// False when the key is gone.
    fn job(&self, slot: u64, job: Job) -> bool {
        lock(&self.workers).get(&slot).is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Asks the service of the key's CA for its name; nothing is told for a key that is gone or whose CA has no service.
    fn reach_ca(&self, slot: u64, context: &OrderContext) {
        let (sender, context) = (self.sender.clone(), context.clone());
        let then = Box::new(move |certificate: Option<Certificate>| {
            run_aside("reach-ca", &sender, move |sender| {
                let Some(certificate) = certificate else { return };
                let Some(profile) = context.order_store.ca_of(&certificate) else { return };
                if let Some(result) = check::reach_ca(&profile, &context.order_store.proxy(), certificate::now()) {
                    sender.send(Event::CaReached { slot, result });
                }
            });
        });
        // a key that is gone has left the window
        self.job(slot, Job::Certificate(then));
    }

    /// Fetches the public key on the key's thread, then checks on a thread of its own: a slow revocation server must not
    /// keep the key busy.
    fn check(&self, slot: u64, key_use: KeyUse, certificate: Vec<u8>) {
        let (sender, trust, proxy) = (self.sender.clone(), Arc::clone(&self.trust), self.checks.proxy());
        let then = Box::new(move |public_key: Option<PublicKey>| {
            run_aside("certificate-check", &sender, move |sender| {
                let result = check(&certificate, key_use, public_key.as_ref(), &trust(), proxy);
                sender.send(Event::Checked { slot, key_use, result });
            });
        });
        if !self.job(slot, Job::PublicKey { key_use, then }) {
            self.sender.send(Event::Checked { slot, key_use, result: Err(Fault::new(FaultCode::KeyRemoved)) });
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.source.stop();
        if let Some(Orders { context, renewals, unlocks }) = &self.orders {
            context.order_store.stop();
            lock(&renewals.0).clear();
            lock(&unlocks.0).clear();
        }
        lock(&self.workers).clear();
        if let Some(watcher) = self.watcher.take()
            && watcher.join().is_err()
        {
            tracing::error!("the watching thread ended with a panic");
        }
    }
}

/// Runs work that may take long on a thread of its own.
fn run_aside(name: &str, sender: &EventSender, work: impl FnOnce(&EventSender) + Send + 'static) {
    let sender = sender.clone();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // nothing of the work is used afterwards
        if catch_unwind(AssertUnwindSafe(|| work(&sender))).is_err() {
            sender.send(Event::Stopped);
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, name, "no thread could be started");
    }
}

/// Called on the watching thread; starts a key's worker at once, so that reading does not wait for a frame.
fn on_source_event(
    event: SourceEvent,
    source: &Arc<dyn KeySource>,
    sender: &EventSender,
    workers: &Workers,
    present: &Present,
) -> bool {
    match event {
        SourceEvent::Service(state) => {
            timeline::mark("service", format_args!("{state:?}"));
            sender.send(Event::Service(state))
        }
        SourceEvent::Inserted(slot) => {
            timeline::mark("inserted", &slot.reader);
            let id = slot.id;
            // the window must know the slot before its contents arrive
            let heard = sender.send(Event::Inserted(slot.clone()));
            if let Some(jobs) = worker::start(slot, Arc::clone(source), sender.clone(), present.lent(id)) {
                lock(workers).insert(id, jobs);
            }
            heard
        }
        SourceEvent::Freed(id) => {
            if let Some(jobs) = lock(workers).get(&id) {
                // a worker that ended reports its removal itself
                let _ended = jobs.send(Job::Read);
            }
            true
        }
        SourceEvent::Removed(id) => {
            timeline::mark("removed", id);
            lock(workers).remove(&id);
            sender.send(Event::Removed(id))
        }
    }
}

impl Content {
    fn bytes(self, trust: &dyn Fn() -> certificate::TrustStore) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Certificate(der, format) => {
                let certificate = parse(&der)?;
                let issuers = certificate::chain(&certificate, &trust(), certificate::now()).issuers;
                certificate::export(&certificate, &issuers, format)
                    .map_err(|error| Fault::new(FaultCode::CertificateDamaged).detail(error.to_string()))
            }
        }
    }
}

fn parse(der: &[u8]) -> Result<Certificate, Fault> {
    Certificate::parse(der).map_err(|error| Fault::new(FaultCode::CertificateDamaged).detail(error.to_string()))
}

fn check(
    der: &[u8],
    key_use: KeyUse,
    token_key: Option<&PublicKey>,
    store: &certificate::TrustStore,
    proxy: Proxy,
) -> Result<Vec<certificate::Finding>, Fault> {
    let certificate = parse(der)?;
    let role = match key_use {
        KeyUse::Sign => certificate::Role::Sign,
        KeyUse::Encrypt => certificate::Role::Encrypt,
    };
    let check = certificate::Check { certificate: &certificate, role, token_key, store, now: certificate::now() };
    Ok(check.run(&Lists(Fetcher::new(proxy, Limits::default()))))
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    certificate::write_file(path, bytes)
        .map_err(|error| Fault::new(FaultCode::FileNotWritten).detail(error.to_string()))
}
