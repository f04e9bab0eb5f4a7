//! Sessions: a key on a token proves itself once, and a session key made for the purpose signs the order. Fifteen minutes.

use super::Service;
use super::audit::{self, Actor, Entry};
use super::error::ServiceError;
use super::limits;
use super::orders::{self, rules};
use super::registry::certificates::{self, Certificate};
use super::registry::customers::{self, Customer};
use super::registry::devices;
use super::registry::products::{self, Product};
use super::secrets::{from_hex, hex, is_name, random_hex};
use super::signed::{self, Evidence};
use gm::PublicKey;
use order_api::{Holder, OrderHandle, ProblemCode, Product as ShownProduct, Purpose, Session, SessionRequest};
use sqlx::Row as _;

/// How long a session lasts, seconds.
const LIFE: i64 = 15 * 60;

/// A session in the books.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Serial number of the certificate that opened it.
    pub certificate: String,
    /// Key its requests are signed with.
    pub key: PublicKey,
    /// USB-Key 序列号.
    pub device_serial: String,
    /// When it ends.
    pub expires: i64,
}

/// The certificate with what its rules need.
pub struct Context {
    /// The certificate.
    pub certificate: Certificate,
    /// Whose it is.
    pub customer: Customer,
    /// Its product.
    pub product: Product,
}

impl Context {
    /// Looks up what belongs to a certificate and checks that it can be renewed now.
    ///
    /// # Errors
    /// `certificate_revoked`, `certificate_superseded`, `order_exists`, `too_early`, `too_late`.
    pub async fn renewable(service: &Service, certificate: Certificate) -> Result<Self, ServiceError> {
        signed::check_status(&certificate)?;
        let customer = customers::get(&service.store, certificate.customer).await?;
        let product = products::get(&service.store, &customer.product).await?;
        let context = Self { certificate, customer, product };
        rules::check(context.window(), service.now())?;
        Ok(context)
    }

    fn window(&self) -> order_api::Period {
        let product = &self.product;
        rules::renewable(self.certificate.validity, product.renew_before_days, product.renew_after_days)
    }
}

/// Opens a session.
///
/// # Errors
/// Those of [`signed::open`] and [`Context::renewable`]; `challenge_invalid`, `invalid_request`, `rate_limited`,
/// `daily_limit`.
pub async fn open(service: &Service, body: &[u8], p7: Option<&str>) -> Result<Session, ServiceError> {
    let path = order_api::path::SESSIONS;
    let request =
        signed::open(service, body, p7, |request: &SessionRequest| &request.signed, Purpose::Session, path).await?;
    let content = &request.content;
    let device_serial = content.device_serial.as_str();
    devices::check_serial(device_serial)?;
    let context = Context::renewable(service, request.signer).await?;
    let certificate = context.certificate.serial.as_str();
    let mut unfinished = Vec::new();
    if let Some(row) = orders::unfinished(&service.store, certificate).await? {
        let row = orders::steps::expire_if_due(service, row).await?;
        if !row.state.is_final() {
            unfinished.push(OrderHandle { token: orders::token(service, &row.no), order: row.view(service.now()) });
        }
    }
    let now = service.now();
    let id = random_hex::<32>()?;
    let mut tx = service.store.begin().await?;
    signed::use_challenge(service, &mut tx, &content.signed).await?;
    let subject = format!("session/{certificate}");
    limits::minute(service, &mut tx, &subject, service.config.limits.sessions_minute).await?;
    limits::day(service, &mut tx, &subject, service.config.limits.sessions_day).await?;
    sqlx::query(
        "INSERT INTO sessions (id, certificate, session_key, device_serial, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&id)
    .bind(certificate)
    .bind(hex(&content.session_key.0.0))
    .bind(device_serial)
    .bind(now)
    .bind(now + LIFE)
    .execute(&mut *tx)
    .await?;
    let evidence =
        Evidence { session: Some(&id), order: None, kind: "session", certificate, body, signature: &request.p7 };
    signed::keep(service, &mut tx, &evidence).await?;
    let object = format!("certificate/{certificate}");
    let entry = Entry::done(Actor::customer(certificate), "session.open", &object, device_serial);
    audit::append(&mut tx, &service.clock, &entry).await?;
    tx.commit().await?;
    Ok(Session {
        id,
        expires: now + LIFE,
        holder: Holder {
            name: context.certificate.holder.clone(),
            entity: context.customer.entity.clone(),
            certificate_serial: certificate.to_owned(),
        },
        product: ShownProduct {
            code: context.product.code.clone(),
            name: context.product.name.clone(),
            fee_fen: context.product.fee_fen,
            review: context.product.review,
            verify_mobile: context.product.verify_mobile,
        },
        old: context.certificate.validity,
        new: rules::renewed(context.certificate.validity, context.product.term_days, now),
        renewable: context.window(),
        contact: context.customer.contact.clone(),
        captcha: service.config.captcha,
        orders: unfinished,
    })
}

/// A session by its id, ended or not.
///
/// # Errors
/// `session_expired` when there is none.
pub async fn find(service: &Service, id: &str) -> Result<Row, ServiceError> {
    if !is_name(id) {
        return Err(expired());
    }
    let query = "SELECT id, certificate, session_key, device_serial, expires FROM sessions WHERE id = $1";
    let row = sqlx::query(query).bind(id).fetch_optional(service.store.pool()).await?;
    let row = row.ok_or_else(expired)?;
    let key: String = row.try_get(2)?;
    let key = from_hex(&key).and_then(|key| key.try_into().ok()).map(PublicKey);
    Ok(Row {
        id: row.try_get(0)?,
        certificate: row.try_get(1)?,
        key: key.ok_or_else(|| ServiceError::Damaged("the key of a session".to_owned()))?,
        device_serial: row.try_get(3)?,
        expires: row.try_get(4)?,
    })
}

/// The refusal of a session that is not there any more.
#[must_use]
pub fn expired() -> ServiceError {
    ServiceError::refused(ProblemCode::SessionExpired, "the session is unknown or ended")
}

/// The certificate of a session.
///
/// # Errors
/// [`ServiceError`].
pub async fn certificate(service: &Service, session: &Row) -> Result<Certificate, ServiceError> {
    let found = certificates::find(&service.store, &session.certificate).await?;
    found.ok_or_else(|| ServiceError::Damaged("the certificate of a session".to_owned()))
}
