//! The way of a message from waiting to sent or failed.
//!
//! Invariants
//! * Who sends a message raised its number of tries first, in one statement that only one of several can win, and has it
//!   for [`LEASE`]. If he is gone then, another one sends it: at least once, and the same [`Taken::key`] every time.
//! * The codes in a message are blanked out once it was sent, or has failed and its codes have ended.

use super::{Channel, State};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::clock::DAY;
use crate::error::ServiceError;
use crate::store::Tx;
use base::display::is_deceptive;
use sqlx::Row;
use sqlx::any::AnyRow;

/// So long a message belongs to the one who took it, in seconds; more than one try takes.
pub const LEASE: i64 = 180;
/// Pauses behind the first tries, in seconds; the last one behind all others.
const PAUSES: [i64; 4] = [10, 60, 300, 1800];
/// Nobody tries any more after so many seconds.
const PATIENCE: i64 = DAY;
/// What stands for a code afterwards.
const BLANK: &str = "******";
/// Longest reason kept, in characters.
const LONGEST_REASON: usize = 300;

/// Reason of a message whose code ended before it could be sent.
pub const EXPIRED: &str = "expired";
/// Reason of a message that was too old when somebody could send it.
pub const TOO_OLD: &str = "too_old";

/// A message that one sender has to itself.
pub struct Taken {
    /// Number in the outbox.
    pub id: i64,
    /// The way it goes.
    pub channel: Channel,
    /// Mobile number or e-mail address.
    pub recipient: String,
    /// Subject of a mail.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The text of a mail again, as HTML.
    pub html: String,
    /// When it was put here.
    pub created: i64,
    template: String,
    order: Option<String>,
    secrets: Vec<String>,
    tries: i64,
    step: i64,
    since: i64,
    expires: Option<i64>,
}

impl Taken {
    /// Name by which the other side can recognise a repetition.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.id, self.created)
    }

    fn read(row: &AnyRow, channel: Channel) -> Result<Self, ServiceError> {
        Ok(Self {
            id: row.try_get(0)?,
            channel,
            recipient: row.try_get(1)?,
            subject: row.try_get(2)?,
            body: row.try_get(3)?,
            html: row.try_get(4)?,
            secrets: secrets(row.try_get(5)?)?,
            created: row.try_get(6)?,
            since: row.try_get(7)?,
            expires: row.try_get(8)?,
            tries: row.try_get(9)?,
            step: row.try_get(10)?,
            template: row.try_get(11)?,
            order: row.try_get(12)?,
        })
    }
}

/// Takes up to `most` messages that are due, oldest first. Those whose code has ended, and those
/// too old, fail instead.
///
/// # Errors
/// [`ServiceError`].
pub async fn take(service: &Service, channel: Channel, most: i64) -> Result<Vec<Taken>, ServiceError> {
    let now = service.now();
    let due = sqlx::query(
        "SELECT id, tries FROM outbox WHERE channel = $1 AND state = 'waiting' AND next_try <= $2 ORDER BY id LIMIT $3",
    )
    .bind(channel.as_str())
    .bind(now)
    .bind(most)
    .fetch_all(service.store.pool())
    .await?;
    let mut taken = Vec::with_capacity(due.len());
    for row in due {
        let (id, tries): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let mut tx = service.store.begin().await?;
        let row = sqlx::query(
            "UPDATE outbox SET tries = tries + 1, step = step + 1, next_try = $1 \
             WHERE id = $2 AND state = 'waiting' AND tries = $3 AND next_try <= $4 \
             RETURNING id, recipient, subject, body, html, secrets, created, since, expires, tries, step, template, order_no",
        )
        .bind(now + LEASE)
        .bind(id)
        .bind(tries)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        // somebody else was faster
        let Some(row) = row else { continue };
        let message = Taken::read(&row, channel)?;
        if message.expires.is_some_and(|expires| expires <= now) {
            end(service, &mut tx, &message, EXPIRED, "").await?;
        } else if message.since + PATIENCE <= now {
            end(service, &mut tx, &message, TOO_OLD, "").await?;
        } else {
            taken.push(message);
        }
        tx.commit().await?;
    }
    Ok(taken)
}

/// The other side took the message.
///
/// # Errors
/// [`ServiceError`]; then it is sent again later.
pub async fn sent(service: &Service, message: &Taken) -> Result<(), ServiceError> {
    let mut tx = service.store.begin().await?;
    // also when another one has it by now: sent is sent
    let done = sqlx::query(
        "UPDATE outbox SET state = 'sent', sent = $1, body = $2, html = '', secrets = '[]', fault = NULL, \
         fault_detail = '' WHERE id = $3 AND state <> 'sent'",
    )
    .bind(service.now())
    .bind(blanked(&message.body, &message.secrets))
    .bind(message.id)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 1 {
        record(service, &mut tx, message, "message.sent", "").await?;
    }
    Ok(tx.commit().await?)
}

/// The message was not sent: `fault` is a word for why, `detail` what the other side said. It is tried again unless the
/// reason is `permanent`, a day has passed, or its code will have ended by then. Gives when it is tried again.
///
/// # Errors
/// [`ServiceError`]; then it is sent again later.
pub async fn failed(
    service: &Service,
    message: &Taken,
    (fault, detail): (&str, &str),
    permanent: bool,
) -> Result<Option<i64>, ServiceError> {
    let detail: String = blanked(detail, &message.secrets)
        .chars()
        .map(|character| if is_deceptive(character) { ' ' } else { character })
        .take(LONGEST_REASON)
        .collect();
    let now = service.now();
    let done = usize::try_from(message.step - 1).unwrap_or_default();
    let next = now + PAUSES.get(done).or(PAUSES.last()).copied().unwrap_or(LEASE);
    let too_late = next >= message.since + PATIENCE || message.expires.is_some_and(|expires| expires <= next);
    let mut tx = service.store.begin().await?;
    if permanent || too_late {
        end(service, &mut tx, message, fault, &detail).await?;
        tx.commit().await?;
        return Ok(None);
    }
    sqlx::query(
        "UPDATE outbox SET next_try = $1, fault = $2, fault_detail = $3 \
         WHERE id = $4 AND state = 'waiting' AND tries = $5",
    )
    .bind(next)
    .bind(fault)
    .bind(detail)
    .bind(message.id)
    .bind(message.tries)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(next))
}

/// Nobody tries any more.
async fn end(service: &Service, tx: &mut Tx, message: &Taken, fault: &str, detail: &str) -> Result<(), ServiceError> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'failed', fault = $1, fault_detail = $2 \
         WHERE id = $3 AND state = 'waiting' AND tries = $4",
    )
    .bind(fault)
    .bind(detail)
    .bind(message.id)
    .bind(message.tries)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        // not what the other side said: it may name the recipient
        record(service, tx, message, "message.failed", fault).await?;
    }
    Ok(())
}

async fn record(service: &Service, tx: &mut Tx, message: &Taken, action: &str, why: &str) -> Result<(), ServiceError> {
    let object = object(message.id, message.order.as_deref());
    let mut detail = format!("{} {}, message {}", message.channel.as_str(), message.template, message.id);
    if !why.is_empty() {
        detail = format!("{detail}: {why}");
    }
    Ok(audit::append(tx, &service.clock, &Entry::done(Actor::SERVICE, action, &object, &detail)).await?)
}

/// What a record about a message is about.
fn object(id: i64, order: Option<&str>) -> String {
    order.map_or_else(|| format!("message/{id}"), |order| format!("order/{order}"))
}

/// Lets a message that failed wait again, as if it were new. Gives whether it does: not when it did not fail, or its code
/// has ended.
///
/// # Errors
/// [`ServiceError`].
pub async fn send_again(service: &Service, id: i64, actor: Actor<'_>) -> Result<bool, ServiceError> {
    let now = service.now();
    let mut tx = service.store.begin().await?;
    let row = sqlx::query(
        "UPDATE outbox SET state = 'waiting', step = 0, since = $1, next_try = $1, fault = NULL, fault_detail = '' \
         WHERE id = $2 AND state = 'failed' AND (expires IS NULL OR expires > $1) RETURNING channel, template, order_no",
    )
    .bind(now)
    .bind(id)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let (channel, template, order): (String, String, Option<String>) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let detail = format!("{channel} {template}, message {id}");
    let object = object(id, order.as_deref());
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "message.again", &object, &detail)).await?;
    tx.tell_of_message();
    tx.commit().await?;
    Ok(true)
}

/// When the next message of a channel is due, if one waits.
///
/// # Errors
/// [`ServiceError`].
pub async fn next_due(service: &Service, channel: Channel) -> Result<Option<i64>, ServiceError> {
    let row = sqlx::query("SELECT MIN(next_try) FROM outbox WHERE channel = $1 AND state = 'waiting'")
        .bind(channel.as_str())
        .fetch_one(service.store.pool())
        .await?;
    Ok(row.try_get(0)?)
}

/// Blanks out codes that have ended in messages that failed.
///
/// # Errors
/// [`ServiceError`].
pub async fn forget_codes(service: &Service, channel: Channel) -> Result<(), ServiceError> {
    let rows = sqlx::query(
        "SELECT id, body, secrets FROM outbox \
         WHERE state = 'failed' AND channel = $1 AND secrets <> '[]' AND expires <= $2",
    )
    .bind(channel.as_str())
    .bind(service.now())
    .fetch_all(service.store.pool())
    .await?;
    for row in rows {
        let body = blanked(row.try_get(1)?, &secrets(row.try_get(2)?)?);
        let mut tx = service.store.begin().await?;
        sqlx::query("UPDATE outbox SET body = $1, html = '', secrets = '[]' WHERE id = $2 AND state = $3")
            .bind(body)
            .bind(row.try_get::<i64, _>(0)?)
            .bind(State::Failed.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

fn secrets(json: &str) -> Result<Vec<String>, ServiceError> {
    serde_json::from_str(json).map_err(|_| ServiceError::Damaged("codes of a message".to_owned()))
}

fn blanked(text: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), BLANK))
}

#[cfg(test)]
mod tests {
    use super::blanked;

    #[test]
    fn codes_are_blanked_out_wherever_they_stand() {
        let secrets = ["012345".to_owned(), String::new()];
        assert_eq!(blanked("code 012345, again 012345.", &secrets), "code ******, again ******.");
        assert_eq!(blanked("no code", &secrets), "no code");
    }
}
