//! What all parts of a running service share.

use super::admin_pins::Masters;
use super::authority::{Authority, Keys};
use super::captchas::{self, CaptchaText};
use super::clock::Clock;
use super::config::Config;
use super::error::ServiceError;
use super::kmc::Kmc;
use super::orders::payment::{PaymentProvider, Sandbox};
use super::secrets::Secrets;
use super::store::Store;
use tokio::sync::{broadcast, watch};

/// So many changes of orders may wait for a slow reader; who misses some looks again.
const CHANGES: usize = 256;

/// A service: books, keys and rules.
pub struct Service {
    /// How it presents itself.
    pub config: Config,
    /// The books.
    pub store: Store,
    /// The key management.
    pub kmc: Kmc,
    /// Who certifies.
    pub authority: Authority,
    /// The service's secret.
    pub secrets: Secrets,
    /// What admin PINs are made from.
    pub masters: Masters,
    /// The present moment.
    pub clock: Clock,
    /// Who takes the money.
    pub payment: Box<dyn PaymentProvider>,
    /// What captchas show.
    pub captcha_text: CaptchaText,
    changes: broadcast::Sender<String>,
    stop: watch::Sender<bool>,
}

impl Service {
    /// Puts a service together on opened databases, and gives books without products those to start with.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn new(config: Config, store: Store, kmc: Kmc, keys: Keys, clock: Clock) -> Result<Self, ServiceError> {
        super::registry::products::install_defaults(&store).await?;
        let service = Self {
            config,
            store,
            kmc,
            authority: keys.authority,
            secrets: Secrets::new(&keys.service),
            masters: Masters::new(&keys.admin_masters),
            clock,
            payment: Box::new(Sandbox),
            captcha_text: captchas::random_text(),
            changes: broadcast::channel(CHANGES).0,
            stop: watch::channel(false).0,
        };
        super::crl::keep_current(&service).await?;
        Ok(service)
    }

    /// The present moment, seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Tells those who wait that an order changed.
    pub fn changed(&self, order_no: &str) {
        // nobody may be waiting
        let _ = self.changes.send(order_no.to_owned());
    }

    /// Numbers of orders as they change on this instance.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// How many requests wait for an order to change.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.changes.receiver_count()
    }

    /// Ends waiting requests and background work.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Becomes true when the service is to end.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Closes the databases.
    pub async fn close(&self) {
        self.store.close().await;
        self.kmc.close().await;
    }
}
