//! The CA of practice mode: the reference service in this process, on a free port of 127.0.0.1, with its books in files of
//! a folder that goes with the program. Whatever a renewal meets in the field can be met here.

use super::Unprepared;
use super::keys::{Enrolment, NOT_OUR_DEVICE, Situation};
use ca_client::{CaProfile, Connection, Journal, Origin, PinPolicy, Profiles, Text};
use ca_service::audit::Actor;
use ca_service::authority::{Authority, HolderKind, Keys};
use ca_service::captchas::CaptchaText;
use ca_service::http::{InProcess, router};
use ca_service::kmc::Kmc;
use ca_service::orders::unlock::SentTo;
use ca_service::orders::unlock::review::{self, Approval, By};
use ca_service::registry::{certificates, customers, devices};
use ca_service::{Config, Service, ServiceError, Store, clock, crl, limits, orders, outbox};
use gm::PrivateKey;
use net::{ServiceUrl, UrlRefused};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use virtual_key::TestCa;

/// An officer who looks at an order takes so long.
const REVIEW: Duration = Duration::from_secs(5);
/// Telephone number that nobody has.
const TELEPHONE: &str = "400-000-0000";
/// Name of the CA, in both languages.
const NAME: &str = "Demo Trust Centre";
/// Common name of the issuer of all practice certificates.
const ISSUER: &str = "Demo SM2 Operation CA";

/// A running practice CA.
pub struct PracticeCa {
    // stopped before its folder is removed
    service: InProcess,
    folder: TempDir,
}

impl PracticeCa {
    /// Starts the service of an authority and takes holders into its books.
    ///
    /// # Errors
    /// [`Unprepared`].
    pub fn start(
        ca: &TestCa,
        admin_masters: Vec<PrivateKey>,
        holders: Vec<Enrolment>,
        captcha: CaptchaText,
    ) -> Result<Self, Unprepared> {
        let copy = |key: &PrivateKey| PrivateKey::from_bytes(key.to_bytes().as_slice()).map_err(ServiceError::from);
        let authority =
            Authority::new(ca.root().to_vec(), ca.operation().to_vec(), Box::new(copy(ca.operation_key())?))
                .map_err(ServiceError::from)?;
        let keys = Keys {
            authority,
            service: PrivateKey::generate().map_err(ServiceError::from)?,
            kmc: PrivateKey::generate().map_err(ServiceError::from)?,
            admin_masters,
        };
        let folder = tempfile::Builder::new().prefix("cert-assistant-practice").tempdir()?;
        let files = (folder.path().join("books.db"), folder.path().join("kmc.db"));
        let service = InProcess::start(move |address| async move {
            let mut config = Config { public_url: format!("http://{address}"), ..Config::default() };
            config.name = NAME.to_owned();
            config.support.telephone = TELEPHONE.to_owned();
            let store = Store::open(&files.0).await?;
            let kmc = Kmc::open(&files.1, &keys.kmc, clock::system()).await?;
            let mut service = Service::new(config, store, kmc, keys, clock::system()).await?;
            service.captcha_text = captcha;
            let service = Arc::new(service);
            for holder in &holders {
                enrol(&service, holder).await?;
            }
            tokio::spawn(officer(Arc::clone(&service)));
            let routes = router(&service);
            Ok((service, routes))
        })?;
        Ok(Self { service, folder })
    }

    /// How the window reaches this CA, with a journal of orders that goes with the CA.
    ///
    /// # Errors
    /// [`UrlRefused`], which an address of this computer never is.
    pub fn online(&self) -> Result<(Profiles, Journal), UrlRefused> {
        let mut profiles = Profiles::default();
        profiles.put_first(CaProfile {
            id: "practice".to_owned(),
            name: Text { zh: NAME.to_owned(), en: NAME.to_owned() },
            issuers: vec![ISSUER.to_owned()],
            connection: Connection::OrderApi(ServiceUrl::parse(&format!("http://{}", self.service.address()))?),
            hot_line: TELEPHONE.to_owned(),
            hours: Text::default(),
            reminder_days: vec![60, 30, 15, 7, 3, 1],
            pin_policy: PinPolicy { min: 6, max: 15 },
            update: None,
            origin: Origin::default(),
            roots: Vec::new(),
        });
        Ok((profiles, Journal::at(self.folder.path().join("orders"))))
    }

    /// Tells every message the CA sends from now on: recipient and text, until the answer is false. Nobody else gets them.
    pub fn on_message(&self, tell: impl Fn(String, String) -> bool + Send + 'static) {
        let service = Arc::clone(self.service.service());
        self.service.block_on(async { drop(tokio::spawn(messages(service, tell))) });
    }

    /// The service.
    #[must_use]
    pub const fn service(&self) -> &InProcess {
        &self.service
    }
}

async fn enrol(service: &Service, holder: &Enrolment) -> Result<(), ServiceError> {
    if holder.situation == Situation::Stranger {
        return Ok(());
    }
    let customer = customers::NewCustomer {
        name: holder.owner.clone(),
        kind: HolderKind::Organisation,
        entity: String::new(),
        code: holder.code.clone(),
        number: holder.number.clone(),
        product: holder.situation.product().to_owned(),
        contact: holder.contact.clone(),
    };
    let customer = customers::register(service, &customer, Actor::SERVICE).await?;
    let (sign, encrypt) = (&holder.certificates.0, &holder.certificates.1);
    if holder.situation != Situation::StrangeDevice {
        devices::register(service, &holder.device, customer, Actor::SERVICE).await?;
    }
    let serial = certificates::enrol(service, customer, sign, Some(encrypt), Actor::SERVICE).await?;
    match holder.situation {
        Situation::Revoked => {
            crl::revoke(service, &serial, crl::Reason::Unspecified, Actor::SERVICE, "for practice").await?;
        }
        Situation::Exhausted => {
            let mut tx = service.store.begin().await?;
            for _ in 0..service.config.limits.orders_day {
                limits::day(service, &mut tx, &format!("order/{serial}"), u32::MAX).await?;
            }
            for _ in 0..service.config.limits.unlocks_day {
                limits::day(service, &mut tx, &format!("unlock/{serial}"), u32::MAX).await?;
            }
            tx.commit().await?;
        }
        _ => {}
    }
    Ok(())
}

async fn messages(service: Arc<Service>, tell: impl Fn(String, String) -> bool) {
    let mut posted = service.store.messages();
    let mut stopping = service.stopping();
    let mut last = 0;
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            changed = posted.changed() => if changed.is_err() { return },
        }
        let found = outbox::behind(&service.store, last).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the messages of the practice CA can't be read");
            Vec::new()
        });
        for (id, recipient, text) in found {
            last = id;
            if !tell(recipient, text) {
                return;
            }
        }
    }
}

/// The officer: decides every order a little later.
async fn officer(service: Arc<Service>) {
    let mut changes = service.changes();
    let mut stopping = service.stopping();
    loop {
        let no = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            changed = changes.recv() => match changed {
                Ok(no) => no,
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            tokio::time::sleep(REVIEW).await;
            // refused unless it waits for review
            if let Err(refusal) = decide(&service, &no).await {
                tracing::debug!(no, %refusal, "the practice officer has nothing to decide");
            }
        });
    }
}

/// Says yes, unless the CA can't unlock the device.
async fn decide(service: &Service, no: &str) -> Result<(), ServiceError> {
    let officer = Actor { name: "practice", role: "operator" };
    let Ok(shown) = review::shown(service, no).await else {
        return orders::steps::approve(service, no, officer).await;
    };
    if shown.device.is_none() {
        return review::reject(service, no, officer, NOT_OUR_DEVICE).await;
    }
    let to = if shown.fits.mobile { SentTo::Registered } else { SentTo::Applicant };
    let by = if shown.order.contact.email.is_empty() { By::Sms } else { By::Both };
    review::approve(service, no, officer, &Approval { to, by, note: "practice" }).await
}
