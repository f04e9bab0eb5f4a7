//! The grant: for a proven code, or for an order begun before, what sets a transport PIN on exactly this key for
//! exactly this challenge (wire-format/pins.md#remote-unblocking), sealed to the client's key.

use super::code::code_of;
use super::{Details, Step, applicant, cancel, details, fresh, hold};
use crate::Service;
use crate::admin_pins::letters;
use crate::error::ServiceError;
use crate::orders::{Row, find, not_found, wrong_state};
use crate::registry::certificates::Status;
use crate::registry::devices::{self, Device};
use crate::secrets::{hex, same};
use crate::signed::{self, Evidence};
use crate::store::Tx;
use base::secret::{Pin, SecretBytes};
use gm::{pin_key, protect_new_pin, signature_from_der};
use order_api::{Base64, Grant, OrderState, Problem, ProblemCode, Purpose, UnlockAnswer, UnlockBegin, code_proof};
use sqlx::Row as _;
use std::net::IpAddr;

/// So long another order has the key to itself after its last answer, seconds.
const SESSION: i64 = 30 * 60;
/// With fewer tries of the admin PIN left nothing is risked any more.
const FEWEST_ADMIN_TRIES: i64 = 3;
/// A key takes a try away before it compares: when its power goes in that moment, one is missing until the next right answer.
/// So many of them are no sign of an answer that was not taken.
const POWER_CUTS: i64 = 2;
/// Length of a transport PIN.
const TRANSPORT_PIN: usize = 12;

/// Another order of the same key that was begun.
struct Other {
    no: String,
    answered: i64,
}

/// Checks the code and gives the grant.
///
/// # Errors
/// `order_state`, `signature_invalid`, `invalid_request`, `clock_skew`, `order_other_key`, `challenge_invalid`,
/// `certificate_revoked`, `code_wrong` with the tries left, `code_expired`, `unlock_in_progress`, `key_refused`.
pub async fn begin(
    service: &Service,
    order: &Row,
    body: &[u8],
    signature: Option<&str>,
    from: Option<IpAddr>,
) -> Result<UnlockAnswer, ServiceError> {
    let known = details(order)?;
    let step = Step { action: "unlock.begin", actor: applicant(&order.certificate), no: &order.no, from };
    let (request, signature) = match opened(service, order, known, body, signature) {
        Ok(opened) => opened,
        Err(error) => return Err(step.refusal(service, error).await),
    };
    let mut tx = service.store.begin().await?;
    let result = granted(service, &mut tx, order, &request, &step, (body, &signature)).await;
    let result = step.settle(service, tx, result).await;
    service.changed(&order.no);
    let (grant, ended) = result?;
    if let Some(ended) = ended {
        service.changed(&ended);
    }
    let order = find(&service.store, &order.no).await?.ok_or_else(not_found)?;
    Ok(UnlockAnswer { grant: Base64(grant), order: order.view(service.now()) })
}

/// The request and its signature, checked as far as the books are not needed.
fn opened(
    service: &Service,
    order: &Row,
    known: &Details,
    body: &[u8],
    signature: Option<&str>,
) -> Result<(UnlockBegin, Vec<u8>), ServiceError> {
    let signature = signature.and_then(Base64::parse).map(|signature| signature.0).unwrap_or_default();
    let signed = signature_from_der(&signature).and_then(|given| known.client_key.verify_message(body, &given));
    if signed.is_err() {
        let detail = "the signature of the client key does not fit the body";
        return Err(ServiceError::refused(ProblemCode::SignatureInvalid, detail));
    }
    let request: UnlockBegin = crate::json(body)?;
    let path = order_api::path::Step::Unlock.of(&order.no);
    signed::check_claims(service, &request.signed, Purpose::Unlock, &path)?;
    if request.device_serial != order.device_serial {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "the order is of another device"));
    }
    if !(8..=16).contains(&request.challenge.0.len()) {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, "the challenge has 8 to 16 bytes");
        problem.field = Some("challenge".to_owned());
        return Err(problem.into());
    }
    Ok((request, signature))
}

/// The sealed grant, and the number of an order that was ended for it.
async fn granted(
    service: &Service,
    tx: &mut Tx,
    order: &Row,
    request: &UnlockBegin,
    step: &Step<'_>,
    (body, signature): (&[u8], &[u8]),
) -> Result<(Vec<u8>, Option<String>), ServiceError> {
    signed::use_challenge(service, tx, &request.signed).await?;
    let device = devices::hold(tx, &order.device_serial).await?;
    // nobody begins an order of this device while it is held
    let other = begun_before(tx, order).await?;
    hold(tx, other.iter().map(|other| other.no.clone()).chain([order.no.clone()]).collect()).await?;
    let (order, known) = fresh(tx, &order.no).await?;
    refuse_revoked(service, tx, &order).await?;
    match order.state {
        OrderState::Authorized => prove(service, tx, &order, &known, request).await?,
        OrderState::Issued => {}
        other => return Err(wrong_state(other)),
    }
    // from here on it is the owner who asks, or one whom an officer took for him
    let now = service.now();
    if let Some(other) = other.as_ref().filter(|other| other.answered + SESSION > now) {
        let mut problem = Problem::new(ProblemCode::UnlockInProgress, "another order is unlocking this key");
        problem.retry_after = u32::try_from(other.answered + SESSION - now).ok();
        return Err(problem.into());
    }
    let device =
        device.ok_or_else(|| ServiceError::Damaged(format!("device {} is not in the books", order.device_serial)))?;
    let tries = i64::from(request.admin_tries);
    if tries < FEWEST_ADMIN_TRIES || tries < expected_tries(tx, &order, &known, &device).await? - POWER_CUTS {
        sqlx::query("UPDATE unlocks SET refused = $1 WHERE order_no = $2")
            .bind(now)
            .bind(&order.no)
            .execute(&mut **tx)
            .await?;
        return Err(ServiceError::refused(ProblemCode::KeyRefused, "the key did not take an earlier answer"));
    }
    let grant = grant(service, &order, &device, &request.challenge.0)?.seal(&known.client_key)?;
    if let Some(other) = &other {
        let why = "another order of the same key was begun";
        cancel(service, tx, &other.no, step.actor, why).await?;
    }
    store(service, tx, &order, tries).await?;
    let certificate = order.certificate.as_str();
    // the code in the proof is used up
    let evidence =
        Evidence { session: None, order: Some(&order.no), kind: "unlock_begin", certificate, body, signature };
    signed::keep(service, tx, &evidence).await?;
    let detail = format!("tries left: user {}, admin {tries}", request.user_tries);
    step.done(service, tx, &detail).await?;
    Ok((grant, other.map(|other| other.no)))
}

/// The begun order of the same device, of which there is one at most.
async fn begun_before(tx: &mut Tx, order: &Row) -> Result<Option<Other>, ServiceError> {
    let row = sqlx::query(
        "SELECT o.no, u.answered FROM orders o JOIN unlocks u ON u.order_no = o.no \
         WHERE o.kind = 'unlock' AND o.device_serial = $1 AND o.state = 'issued' AND o.no <> $2 \
         ORDER BY u.answered DESC LIMIT 1",
    )
    .bind(&order.device_serial)
    .bind(&order.no)
    .fetch_optional(&mut **tx)
    .await?;
    let read = |row: sqlx::any::AnyRow| {
        let answered: Option<i64> = row.try_get(1)?;
        Ok::<_, sqlx::Error>(Other { no: row.try_get(0)?, answered: answered.unwrap_or(0) })
    };
    Ok(row.map(read).transpose()?)
}

/// A revoked certificate has no use for its key any more; its orders end with it.
async fn refuse_revoked(service: &Service, tx: &mut Tx, order: &Row) -> Result<(), ServiceError> {
    let row = sqlx::query("SELECT status FROM certificates WHERE serial = $1")
        .bind(&order.certificate)
        .fetch_one(&mut **tx)
        .await?;
    if row.try_get::<String, _>(0)? != Status::Revoked.as_str() {
        return Ok(());
    }
    cancel(service, tx, &order.no, crate::audit::Actor::SERVICE, "the certificate is revoked").await?;
    Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the certificate is revoked"))
}

/// Whether the proof is that of the present code. A wrong one costs a try, the last one the order; of an order that does
/// not fit the books every one is wrong.
async fn prove(
    service: &Service,
    tx: &mut Tx,
    order: &Row,
    known: &Details,
    request: &UnlockBegin,
) -> Result<(), ServiceError> {
    let Some(proof) = &request.proof else {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, "the proof of the code is needed");
        problem.field = Some("proof".to_owned());
        return Err(problem.into());
    };
    if known.nonce.is_empty() || known.code_expires.is_none_or(|end| end <= service.now()) {
        return Err(ServiceError::refused(ProblemCode::CodeExpired, "the code is too old"));
    }
    let code = code_of(service, &order.no, known.route, &known.nonce);
    let expected = code_proof(&code, &order.no, request, &known.client_key)
        .map_err(|error| ServiceError::Damaged(error.to_string()))?;
    if same(&hex(&expected), &hex(&proof.0)) & known.matched {
        return Ok(());
    }
    let left = known.tries_left - 1;
    sqlx::query("UPDATE unlocks SET tries_left = $1 WHERE order_no = $2")
        .bind(left)
        .bind(&order.no)
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE orders SET version = version + 1, updated = $1 WHERE no = $2")
        .bind(service.now())
        .bind(&order.no)
        .execute(&mut **tx)
        .await?;
    if left <= 0 {
        cancel(service, tx, &order.no, applicant(&order.certificate), "too many wrong codes").await?;
    }
    let mut problem = Problem::new(ProblemCode::CodeWrong, "the code is wrong");
    problem.left = Some(u32::try_from(left).unwrap_or(0));
    Err(problem.into())
}

/// How many tries of its admin PIN the key has, unless it did not take an answer: as many as at the first begin of this
/// order, and as at that of the last order of the device that did not end well since it got its admin PIN.
async fn expected_tries(tx: &mut Tx, order: &Row, known: &Details, device: &Device) -> Result<i64, ServiceError> {
    if let Some(tries) = known.admin_tries {
        return Ok(tries);
    }
    let row = sqlx::query(
        "SELECT o.state, u.admin_tries FROM orders o JOIN unlocks u ON u.order_no = o.no \
         WHERE o.kind = 'unlock' AND o.device_serial = $1 AND o.no <> $2 AND u.begun >= $3 \
         ORDER BY u.begun DESC, o.no DESC LIMIT 1",
    )
    .bind(&order.device_serial)
    .bind(&order.no)
    .bind(device.personalised)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(0) };
    let (state, tries): (String, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    // an answer that the key took has filled the counter up
    Ok(if state == OrderState::Installed.as_str() { 0 } else { tries.unwrap_or(0) })
}

/// The transport PIN of this order, and what sets it on this device for this challenge.
fn grant(service: &Service, order: &Row, device: &Device, challenge: &[u8]) -> Result<Grant, ServiceError> {
    let transport_pin = transport_pin(service, &order.no)?;
    let admin_pin = devices::pin_of(service, device)?;
    let response = protect_new_pin(&pin_key(admin_pin.expose()), challenge, transport_pin.expose())?;
    let transport_pin = Pin::new(transport_pin.expose()).map_err(|error| ServiceError::Damaged(error.to_string()))?;
    Ok(Grant { transport_pin, response })
}

/// Twelve characters, letters and digits among them, as keys may want it.
fn transport_pin(service: &Service, no: &str) -> Result<SecretBytes, ServiceError> {
    for attempt in 0..=u8::MAX {
        let bytes = service.secrets.derive("transport pin", &[no, &attempt.to_string()]);
        let pin = letters::<TRANSPORT_PIN>(&bytes);
        if pin.expose().iter().any(u8::is_ascii_digit) && pin.expose().iter().any(u8::is_ascii_alphabetic) {
            return Ok(pin);
        }
    }
    Err(ServiceError::Damaged("no transport PIN".to_owned()))
}

/// The code is used up and the order begun, or it is continued.
async fn store(service: &Service, tx: &mut Tx, order: &Row, tries: i64) -> Result<(), ServiceError> {
    let now = service.now();
    if order.state == OrderState::Authorized {
        crate::orders::steps::advance(service, tx, order, OrderState::Issued, None).await?;
        sqlx::query("UPDATE unlocks SET nonce = '', begun = $1, answered = $1, admin_tries = $2 WHERE order_no = $3")
            .bind(now)
            .bind(tries)
            .bind(&order.no)
            .execute(&mut **tx)
            .await?;
    } else {
        sqlx::query("UPDATE unlocks SET answered = $1 WHERE order_no = $2")
            .bind(now)
            .bind(&order.no)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
