//! Codes that prove a mobile number: six digits by SMS, ten minutes, five tries, a new one after a minute. Only a keyed
//! hash is kept; the message goes into the outbox in the same transaction.

use super::steps::{self, Done};
use super::{Row, renewal, wrong_state};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::error::ServiceError;
use crate::limits;
use crate::outbox::{self, Channel, Message};
use crate::secrets::same;
use gm::random;
use order_api::{OrderState, Problem, ProblemCode};
use sqlx::Row as _;

const LIFE_MINUTES: i64 = 10;
const TRIES: i64 = 5;
/// A new code may be asked for after so many seconds.
const RESEND: i64 = 60;

/// Sends a code to the mobile number of an order; an earlier one no longer counts.
///
/// # Errors
/// `order_state`, `rate_limited`, `daily_limit`.
pub async fn send(service: &Service, order: &Row) -> Result<(), ServiceError> {
    renewal(order)?;
    if order.state != OrderState::Submitted {
        return Err(wrong_state(order.state));
    }
    let now = service.now();
    let mut tx = service.store.begin().await?;
    let code = digits()?;
    // the condition holds back a second request that comes at the same time
    let stored = sqlx::query(
        "INSERT INTO codes (order_no, code, sent, expires, tries_left, used) VALUES ($1, $2, $3, $4, $5, 0) \
         ON CONFLICT (order_no) DO UPDATE SET code = $2, sent = $3, expires = $4, tries_left = $5, used = 0 \
         WHERE codes.sent <= $6 RETURNING sent",
    )
    .bind(&order.no)
    .bind(kept(service, &order.no, &code))
    .bind(now)
    .bind(now + LIFE_MINUTES * 60)
    .bind(TRIES)
    .bind(now - RESEND)
    .fetch_optional(&mut *tx)
    .await?;
    if stored.is_none() {
        let sent =
            sqlx::query("SELECT sent FROM codes WHERE order_no = $1").bind(&order.no).fetch_one(&mut *tx).await?;
        let mut problem = Problem::new(ProblemCode::RateLimited, "a code was sent a moment ago");
        problem.retry_after = u32::try_from(sent.try_get::<i64, _>(0)? + RESEND - now).ok();
        return Err(problem.into());
    }
    let mobile = order.contact.mobile.as_str();
    limits::day(service, &mut tx, &format!("code/{mobile}"), service.config.limits.codes_day).await?;
    let minutes = LIFE_MINUTES.to_string();
    let message = Message {
        channel: Channel::Sms,
        recipient: mobile,
        template: "renewal_code",
        values: &[("code", &code), ("minutes", &minutes), ("order", &order.no), ("ca", &service.config.name)],
        secrets: &["code"],
        expires: Some(now + LIFE_MINUTES * 60),
        order: Some(&order.no),
    };
    outbox::put(service, &mut tx, &message).await?;
    let object = format!("order/{}", order.no);
    let entry = Entry::done(Actor::customer(&order.certificate), "order.code", &object, "");
    audit::append(&mut tx, &service.clock, &entry).await?;
    Ok(tx.commit().await?)
}

/// Checks a code; the right one moves the order on.
///
/// # Errors
/// `order_state`, `code_wrong` with the tries left, `code_expired`.
pub async fn verify(service: &Service, order: &Row, given: &str) -> Result<(), ServiceError> {
    renewal(order)?;
    if order.state != OrderState::Submitted {
        return Err(wrong_state(order.state));
    }
    let mut tx = service.store.begin().await?;
    // the try is spent before the comparison
    let row = sqlx::query(
        "UPDATE codes SET tries_left = tries_left - 1 \
         WHERE order_no = $1 AND used = 0 AND tries_left > 0 AND expires > $2 RETURNING code, tries_left",
    )
    .bind(&order.no)
    .bind(service.now())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else {
        return Err(ServiceError::refused(ProblemCode::CodeExpired, "the code is too old, or no tries are left"));
    };
    let (expected, left): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    if !same(&expected, &kept(service, &order.no, given.trim())) {
        tx.commit().await?;
        let mut problem = Problem::new(ProblemCode::CodeWrong, "the code is wrong");
        problem.left = u32::try_from(left).ok();
        return Err(problem.into());
    }
    sqlx::query("UPDATE codes SET used = 1 WHERE order_no = $1").bind(&order.no).execute(&mut *tx).await?;
    let to = steps::after(Done::Mobile, order.review, order.fee_fen);
    steps::advance(service, &mut tx, order, to, None).await?;
    let (contact, actor) = ((order.customer, &order.contact), Actor::customer(&order.certificate));
    steps::record_with_contact(service, &mut tx, contact, &order.no, to, actor, "").await?;
    tx.commit().await?;
    service.changed(&order.no);
    Ok(())
}

fn kept(service: &Service, no: &str, code: &str) -> String {
    service.secrets.tag("code", &[no, code])
}

/// Six random digits; the remainder of 2^64 is too small to matter.
fn digits() -> Result<String, ServiceError> {
    Ok(format!("{:06}", u64::from_be_bytes(random::<8>()?) % 1_000_000))
}
