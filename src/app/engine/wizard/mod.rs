//! Wizards: for each key and each kind of order a thread that does one thing after the other, asked by the window and told
//! by the watcher.

mod key;
mod renewal;
mod unlock;

pub(in crate::app) use key::LentKey;
pub(in crate::app) use renewal::RenewalWizard;
pub(in crate::app) use unlock::UnlockWizard;

use crate::app::engine::dispatch::{EventSender, Workers};
use crate::app::engine::message::Event;
use crate::app::engine::orders::{Changed, OrderStore};
use crate::app::model::renewal::PortalPage;
use base::fault::{Fault, FaultCode};
use ca_client::{CaAdapter, CaProfile, Connection, KeyBinding, PortalPages};
use certificate::Certificate;
use order_api::Support;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What the thread is woken by.
pub(in crate::app) enum Message<A> {
    /// The window asks.
    Ask(A),
    /// The watcher saw a change of this order.
    Changed(String),
}

/// What every wizard has around it.
#[derive(Clone)]
pub(in crate::app) struct OrderContext {
    pub(in crate::app) order_store: OrderStore,
    pub(in crate::app) sender: EventSender,
    pub(in crate::app) workers: Workers,
    pub(in crate::app) changed: Changed,
}

/// What one kind of wizard does. It ends when nobody can ask any more, or when the person leaves.
pub(in crate::app) trait Wizard: Send + Sized + 'static {
    /// What the person can ask for.
    type Ask: Send + 'static;
    /// Begins the name of its threads.
    const NAME: &'static str;

    /// A wizard for a key that knows nothing yet.
    fn new(model: WizardModel) -> Self;
    /// Does what is asked; the stage it leads to is shown by then.
    fn answer(&mut self, ask: Self::Ask) -> Result<(), Fault>;
    /// An order changed at the CA.
    fn follow(&self, id: &str);
    /// True for the wish that begins anew.
    fn opens(ask: &Self::Ask) -> bool;
    /// True for the wish that ends it.
    fn leaves(ask: &Self::Ask) -> bool;
    /// How the window hears of a fault.
    fn failed(slot: u64, fault: Fault) -> Event;
}

/// Starts the wizard of a key. It ends when the returned sender is dropped or the person leaves.
pub(in crate::app) fn start<W: Wizard>(slot: u64, context: OrderContext) -> Option<Sender<Message<W::Ask>>> {
    let (messages, inbox) = channel();
    let sender = context.sender.clone();
    let model =
        WizardModel { slot, key: LentKey { slot, workers: Workers::clone(&context.workers) }, context, ca: None };
    let thread = std::thread::Builder::new().name(format!("{}-{slot}", W::NAME)).spawn(move || {
        // nothing of the wizard is used afterwards; the next wish of the person starts it anew
        if catch_unwind(AssertUnwindSafe(|| run(W::new(model), slot, &sender, &inbox))).is_err() {
            sender.send(W::failed(slot, Fault::new(FaultCode::InternalStopped)));
        }
    });
    match thread {
        Ok(_) => Some(messages),
        Err(error) => {
            tracing::error!(%error, wizard = W::NAME, "no thread for a wizard");
            None
        }
    }
}

fn run<W: Wizard>(mut wizard: W, slot: u64, sender: &EventSender, inbox: &Receiver<Message<W::Ask>>) {
    while let Ok(message) = inbox.recv() {
        match message {
            Message::Ask(ask) if W::leaves(&ask) => return,
            Message::Ask(ask) => {
                if let Err(fault) = wizard.answer(ask) {
                    sender.send(W::failed(slot, fault));
                }
            }
            Message::Changed(id) => wizard.follow(&id),
        }
    }
}

/// The CA of the key's certificate, once known.
pub(in crate::app) struct Ca {
    profile: CaProfile,
    adapter: Arc<dyn CaAdapter>,
    binding: KeyBinding,
}

impl Ca {
    /// Its name in the language of the window.
    fn name(&self) -> String {
        let name = &self.profile.name;
        if rust_i18n::locale().starts_with("zh") { name.zh.clone() } else { name.en.clone() }
    }

    /// Its page for what is asked for; `None` when it has a service of ours.
    fn page(&self, of: impl FnOnce(&PortalPages) -> &Option<String>) -> Option<PortalPage> {
        match &self.profile.connection {
            Connection::OrderApi(_) => None,
            Connection::Portal(pages) => {
                Some(PortalPage { ca: self.name(), url: of(pages).clone().unwrap_or_default() })
            }
        }
    }
}

/// What a wizard works with: the key, and the CA once it was looked up.
pub(in crate::app) struct WizardModel {
    slot: u64,
    context: OrderContext,
    key: LentKey,
    ca: Option<Ca>,
}

impl WizardModel {
    /// Reads the key and looks up the CA of its certificate; false when no CA is known for it.
    fn look_up(&mut self) -> Result<bool, Fault> {
        self.ca = None;
        let contents = self.key.contents()?;
        let binding = KeyBinding::of(&contents)?;
        let certificate = Certificate::parse(&binding.certificate.0)
            .map_err(|error| Fault::new(FaultCode::CertificateDamaged).detail(error.to_string()))?;
        let Some(profile) = self.context.order_store.ca_of(&certificate) else { return Ok(false) };
        let adapter = self.context.order_store.connect(&profile)?;
        self.ca = Some(Ca { profile, adapter, binding });
        Ok(true)
    }

    /// The list of orders changed, and this one is waited for.
    fn keep_watch(&self, id: &str) {
        self.context.order_store.publish();
        self.context.order_store.watch(id, &self.context.changed);
    }

    fn support(&self) -> Support {
        self.ca.as_ref().map_or_else(Support::default, |ca| ca.profile.support())
    }
}
