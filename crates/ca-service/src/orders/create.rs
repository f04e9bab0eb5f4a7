//! Taking an order: signed by the session key, once for each `Idempotency-Key`.

use super::steps::{self, Done};
use super::{Row, made_with, rules, token, unfinished};
use crate::Service;
use crate::audit::Actor;
use crate::captchas::{self, Answer};
use crate::clock::day_text;
use crate::error::ServiceError;
use crate::limits;
use crate::registry::certificates::Status;
use crate::registry::customers::check_contact;
use crate::secrets::hex;
use crate::sessions::{self, Context};
use crate::signed::{self, Evidence};
use crate::store::{is_duplicate, next_number};
use gm::{signature_from_der, sm3};
use order_api::{Base64, Contact, OrderCreated, OrderRequest, OrderState, Problem, ProblemCode};

/// Longest `Idempotency-Key`, bytes.
const LONGEST_KEY: usize = 128;

/// The headers of a request.
pub struct Headers<'a> {
    /// Id of the session.
    pub session: Option<&'a str>,
    /// DER signature of the session key over the body, base64.
    pub signature: Option<&'a str>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
}

/// Takes an order. The same key with the same body gets the order again, as it is by then, with the same token – also
/// when the session is over.
///
/// # Errors
/// `session_expired`, `signature_invalid`, `invalid_request`, `order_other_key`, `idempotency_conflict`,
/// `invalid_contact`, `order_exists`, `terms_changed`, `captcha_wrong`, `captcha_stale`, `daily_limit`, and those of
/// [`Context::renewable`].
pub async fn create(service: &Service, body: &[u8], headers: &Headers<'_>) -> Result<OrderCreated, ServiceError> {
    let session = sessions::find(service, headers.session.unwrap_or_default()).await?;
    let signature = headers.signature.and_then(Base64::parse).map(|signature| signature.0).unwrap_or_default();
    let signed = signature_from_der(&signature).and_then(|signature| session.key.verify_message(body, &signature));
    if signed.is_err() {
        return Err(invalid("the signature of the session key does not fit the body"));
    }
    let mut request: OrderRequest = crate::json(body)?;
    if request.session != session.id {
        return Err(invalid("signed for another session"));
    }
    if request.certificate_serial != session.certificate {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "the session is of another certificate"));
    }
    let key = checked_key(headers.idempotency_key)?;
    let body_hash = hex(&sm3(&[body]));
    if let Some(made) = made_with(&service.store, &session.certificate, key).await? {
        return again(service, &made, &body_hash);
    }
    if session.expires <= service.now() {
        return Err(sessions::expired());
    }
    request.contact = trimmed(&request.contact);
    check_contact(&request.contact)?;
    let context = Context::renewable(service, sessions::certificate(service, &session).await?).await?;
    if let Some(other) = unfinished(&service.store, &session.certificate).await? {
        let other = steps::expire_if_due(service, other).await?;
        if !other.state.is_final() {
            // the same request may just have come through elsewhere
            return match made_with(&service.store, &session.certificate, key).await? {
                Some(made) => again(service, &made, &body_hash),
                None => Err(exists(&other.no)),
            };
        }
    }
    if request.new != rules::renewed(context.certificate.validity, context.product.term_days, service.now()) {
        return Err(ServiceError::refused(ProblemCode::TermsChanged, "the service would now give another validity"));
    }
    let new = New { service, session: &session, context: &context, request: &request, key, body_hash: &body_hash };
    match new.write(body, &signature).await {
        Err(ServiceError::Database(error)) if is_duplicate(&error) => {
            // another request was quicker: the same one, or one for the same certificate
            if let Some(made) = made_with(&service.store, &session.certificate, key).await? {
                return again(service, &made, &body_hash);
            }
            match unfinished(&service.store, &session.certificate).await? {
                Some(other) => Err(exists(&other.no)),
                None => Err(error.into()),
            }
        }
        Err(error) => Err(error),
        Ok(no) => {
            service.changed(&no);
            let row = super::find(&service.store, &no).await?.ok_or_else(super::not_found)?;
            Ok(OrderCreated { order: row.view(service.now()), token: token(service, &no) })
        }
    }
}

/// An `Idempotency-Key` of 1–128 printable ASCII characters.
pub(super) fn checked_key(key: Option<&str>) -> Result<&str, ServiceError> {
    let key = key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY);
    key.filter(|key| key.bytes().all(|c| c.is_ascii_graphic())).ok_or_else(|| {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, "an Idempotency-Key is needed");
        problem.field = Some("idempotency-key".to_owned());
        problem.into()
    })
}

pub(super) fn again(service: &Service, made: &Row, body_hash: &str) -> Result<OrderCreated, ServiceError> {
    if made.body_hash != body_hash {
        return Err(ServiceError::refused(
            ProblemCode::IdempotencyConflict,
            "the Idempotency-Key was used with another body",
        ));
    }
    Ok(OrderCreated { order: made.view(service.now()), token: token(service, &made.no) })
}

fn invalid(detail: &str) -> ServiceError {
    ServiceError::refused(ProblemCode::SignatureInvalid, detail)
}

fn exists(no: &str) -> ServiceError {
    let mut problem = Problem::new(ProblemCode::OrderExists, "another order for this certificate is not finished");
    problem.order = Some(no.to_owned());
    problem.into()
}

fn trimmed(contact: &Contact) -> Contact {
    let text = |text: &str| text.trim().to_owned();
    Contact { name: text(&contact.name), mobile: text(&contact.mobile), email: text(&contact.email) }
}

/// An order about to be written.
struct New<'a> {
    service: &'a Service,
    session: &'a sessions::Row,
    context: &'a Context,
    request: &'a OrderRequest,
    key: &'a str,
    body_hash: &'a str,
}

impl New<'_> {
    async fn write(&self, body: &[u8], signature: &[u8]) -> Result<String, ServiceError> {
        let (service, certificate) = (self.service, self.session.certificate.as_str());
        let mut tx = service.store.begin().await?;
        if service.config.captcha {
            let answer = match &self.request.captcha {
                Some(given) => captchas::check(service, &mut tx, given).await?,
                None => Answer::Stale,
            };
            if let Some(refusal) = answer.refusal() {
                // a wrong answer has used the picture up
                tx.commit().await?;
                return Err(refusal);
            }
        }
        limits::day(service, &mut tx, &format!("order/{certificate}"), service.config.limits.orders_day).await?;
        let now = service.now();
        let day = day_text(now);
        let number = next_number(&mut tx, &format!("order/{day}")).await?;
        let no = format!("{day}-{number:06}");
        let product = &self.context.product;
        let state = if product.verify_mobile {
            OrderState::Submitted
        } else {
            steps::after(Done::Mobile, product.review, product.fee_fen)
        };
        self.insert(&mut tx, &no, state, now).await?;
        // and not if it was revoked in this moment
        let valid = sqlx::query("UPDATE certificates SET status = status WHERE serial = $1 AND status = $2")
            .bind(certificate)
            .bind(Status::Valid.as_str())
            .execute(&mut *tx)
            .await?;
        if valid.rows_affected() != 1 {
            return Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the certificate is revoked"));
        }
        let evidence =
            Evidence { session: Some(&self.session.id), order: Some(&no), kind: "order", certificate, body, signature };
        signed::keep(service, &mut tx, &evidence).await?;
        let actor = Actor::customer(certificate);
        let contact = (self.context.customer.id, &self.request.contact);
        let device = self.session.device_serial.as_str();
        steps::record_with_contact(service, &mut tx, contact, &no, state, actor, device).await?;
        tx.commit().await?;
        Ok(no)
    }

    async fn insert(
        &self,
        tx: &mut crate::store::Tx,
        no: &str,
        state: OrderState,
        now: i64,
    ) -> Result<(), ServiceError> {
        let Self { session, context, request, .. } = self;
        let (old, product) = (context.certificate.validity, &context.product);
        sqlx::query(
            "INSERT INTO orders (no, kind, state, version, finished, certificate, customer, product, session, \
             device_serial, holder, contact_name, contact_mobile, contact_email, old_from, old_until, new_from, \
             new_until, term_days, fee_fen, review, verify_mobile, created, updated, expires, idempotency_key, \
             body_hash) \
             VALUES ($1, 'renew', $2, 1, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
             $19, $20, $20, $21, $22, $23)",
        )
        .bind(no)
        .bind(state.as_str())
        .bind(&session.certificate)
        .bind(context.customer.id)
        .bind(&product.code)
        .bind(&session.id)
        .bind(&session.device_serial)
        .bind(&context.certificate.holder)
        .bind(&request.contact.name)
        .bind(&request.contact.mobile)
        .bind(&request.contact.email)
        .bind(old.from)
        .bind(old.until)
        .bind(request.new.from)
        .bind(request.new.until)
        .bind(product.term_days)
        .bind(product.fee_fen)
        .bind(i64::from(product.review))
        .bind(i64::from(product.verify_mobile))
        .bind(now)
        .bind(steps::ends(state, now))
        .bind(self.key)
        .bind(self.body_hash)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
