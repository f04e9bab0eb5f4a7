//! The code of an unlock: 8 digits by SMS for ten minutes, or after a review 8 characters by SMS or mail for a day. A new one
//! may be asked for after a minute and ends the earlier one; five wrong ones end the order, however many were sent.
//!
//! The code is made from the service's secret, the order number and a random number, and only that random number is kept.

use super::{Details, Step, applicant, details, fresh, hold};
use crate::Service;
use crate::admin_pins::letters;
use crate::clock::DAY;
use crate::error::ServiceError;
use crate::limits;
use crate::orders::{Row, wrong_state};
use crate::outbox::{self, Channel, Message};
use crate::secrets::random_hex;
use crate::store::Tx;
use order_api::{OrderState, Problem, ProblemCode, UnlockRoute};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// A new code may be asked for after so many seconds.
pub const RESEND: i64 = 60;
const SMS_MINUTES: i64 = 10;
const REVIEW_HOURS: i64 = 24;
/// Length of either code.
const LENGTH: usize = 8;

/// How long a code counts, seconds.
const fn life(route: UnlockRoute) -> i64 {
    match route {
        UnlockRoute::Sms => SMS_MINUTES * 60,
        UnlockRoute::Review => REVIEW_HOURS * DAY / 24,
    }
}

/// The code made from a random number.
pub(super) fn code_of(service: &Service, no: &str, route: UnlockRoute, nonce: &str) -> Zeroizing<String> {
    let bytes = service.secrets.derive("unlock code", &[no, nonce]);
    Zeroizing::new(match route {
        UnlockRoute::Sms => {
            let number = bytes.first_chunk::<8>().copied().map_or(0, u64::from_be_bytes);
            // the remainder of 2^64 is too small to matter
            format!("{:08}", number % 100_000_000)
        }
        UnlockRoute::Review => String::from_utf8_lossy(letters::<LENGTH>(&bytes).expose()).into_owned(),
    })
}

/// A code about to be sent.
pub(super) struct Sending<'a> {
    pub no: &'a str,
    pub device: &'a str,
    pub route: UnlockRoute,
    /// When the order ends; a code does not outlive it.
    pub order_ends: i64,
    /// Name, mobile number and e-mail address; the latter may be empty.
    pub to: (&'a str, &'a str, &'a str),
    /// Whether the message may leave.
    pub matched: bool,
}

/// What is kept of a code that was sent.
pub(super) struct Sent {
    pub nonce: String,
    pub at: i64,
    pub expires: i64,
}

/// Makes a code and writes its messages. Of an order that does not fit the books they are taken back: what was done for
/// them, and the time it took, is the same.
pub(super) async fn write(service: &Service, tx: &mut Tx, sending: &Sending<'_>) -> Result<Sent, ServiceError> {
    let (now, nonce) = (service.now(), random_hex::<16>()?);
    let expires = (now + life(sending.route)).min(sending.order_ends);
    let code = code_of(service, sending.no, sending.route, &nonce);
    let (minutes, hours) = (SMS_MINUTES.to_string(), REVIEW_HOURS.to_string());
    let (name, mobile, email) = sending.to;
    let values = [
        ("ca", service.config.name.as_str()),
        ("code", code.as_str()),
        ("order", sending.no),
        ("minutes", minutes.as_str()),
        ("hours", hours.as_str()),
        ("name", name),
        ("device", sending.device),
        ("telephone", service.config.support.telephone.as_str()),
    ];
    let template = match sending.route {
        UnlockRoute::Sms => "unlock_code",
        UnlockRoute::Review => "unlock_authorization",
    };
    sqlx::query("SAVEPOINT unlock_code").execute(&mut **tx).await?;
    for (channel, recipient) in [(Channel::Sms, mobile), (Channel::Mail, email)] {
        if recipient.is_empty() {
            continue;
        }
        let (order, expires) = (Some(sending.no), Some(expires));
        let message = Message { channel, recipient, template, values: &values, secrets: &["code"], expires, order };
        outbox::put(service, tx, &message).await?;
    }
    if !sending.matched {
        sqlx::query("ROLLBACK TO SAVEPOINT unlock_code").execute(&mut **tx).await?;
    }
    sqlx::query("RELEASE SAVEPOINT unlock_code").execute(&mut **tx).await?;
    Ok(Sent { nonce, at: now, expires })
}

/// Counts a code to each number and address it goes to.
pub(super) async fn count(service: &Service, tx: &mut Tx, targets: [&str; 2]) -> Result<(), ServiceError> {
    for target in targets.into_iter().filter(|target| !target.is_empty()) {
        limits::day(service, tx, &format!("unlock_code/{target}"), service.config.limits.unlock_codes_day).await?;
    }
    Ok(())
}

/// Sends a new code to where the last one went, which no longer counts.
///
/// # Errors
/// `order_state`, `rate_limited`, `daily_limit`.
pub async fn resend(service: &Service, order: &Row, from: Option<IpAddr>) -> Result<(), ServiceError> {
    let step = Step { action: "unlock.code", actor: applicant(&order.certificate), no: &order.no, from };
    let mut tx = service.store.begin().await?;
    hold(&mut tx, vec![order.no.clone()]).await?;
    let (order, known) = fresh(&mut tx, &order.no).await?;
    if let Err(refusal) = may_resend(service, &order, &known) {
        drop(tx);
        return Err(step.refusal(service, refusal).await);
    }
    if let Err(refusal) = count(service, &mut tx, [&known.to_mobile, &known.to_email]).await {
        drop(tx);
        return Err(step.refusal(service, refusal).await);
    }
    let sending = Sending {
        no: &order.no,
        device: &order.device_serial,
        route: known.route,
        order_ends: order.expires.unwrap_or(i64::MAX),
        to: (&known.to_name, &known.to_mobile, &known.to_email),
        matched: known.matched,
    };
    let sent = write(service, &mut tx, &sending).await?;
    sqlx::query("UPDATE unlocks SET nonce = $1, code_sent = $2, code_expires = $3 WHERE order_no = $4")
        .bind(&sent.nonce)
        .bind(sent.at)
        .bind(sent.expires)
        .bind(&order.no)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE orders SET version = version + 1, updated = $1 WHERE no = $2")
        .bind(sent.at)
        .bind(&order.no)
        .execute(&mut *tx)
        .await?;
    step.done(service, &mut tx, "").await?;
    tx.commit().await?;
    service.changed(&order.no);
    Ok(())
}

fn may_resend(service: &Service, order: &Row, known: &Details) -> Result<(), ServiceError> {
    details(order)?;
    if order.state != OrderState::Authorized {
        return Err(wrong_state(order.state));
    }
    let wait = known.code_sent.unwrap_or(0) + RESEND - service.now();
    if wait <= 0 {
        return Ok(());
    }
    let mut problem = Problem::new(ProblemCode::RateLimited, "a code was sent a moment ago");
    problem.retry_after = u32::try_from(wait).ok();
    Err(problem.into())
}
