//! Messages to people: written in the transaction that causes them, sent by somebody else.
//!
//! A message waits until it is sent or failed. What it holds can be sent at least once: who sends it takes it first
//! (`delivery`), and forgets the one-time codes in it when it is done.

pub mod queue;
mod texts;

pub(crate) use texts::{escaped, filled};

use super::Service;
use super::clock::DAY;
use super::error::ServiceError;
use super::store::{Store, Tx, next_number};
use sqlx::Row;

/// The way to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A mobile number.
    Sms,
    /// An e-mail address.
    Mail,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Mail];

    /// As it stands in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Mail => "mail",
        }
    }
}

/// Where a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be sent, or is being sent.
    Waiting,
    /// The other side took it.
    Sent,
    /// Nobody tries any more.
    Failed,
}

impl State {
    /// All, in the order of an officer's interest.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Failed, Self::Sent];

    /// As it stands in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A message.
pub struct Message<'a> {
    /// How it goes.
    pub channel: Channel,
    /// Mobile number or e-mail address.
    pub recipient: &'a str,
    /// Which text of `assets/ca-service/messages.toml`, without the channel: `unlock_code`.
    pub template: &'a str,
    /// What stands for `{name}` in it.
    pub values: &'a [(&'a str, &'a str)],
    /// Names of the values that are one-time codes; they are forgotten once they are of no use.
    pub secrets: &'a [&'a str],
    /// When the code it carries ends, seconds since 1970; it is not sent afterwards.
    pub expires: Option<i64>,
    /// Order it is about.
    pub order: Option<&'a str>,
}

/// Puts a message into the outbox. Who sends messages hears of it when the transaction is committed.
///
/// # Errors
/// [`ServiceError::Unacceptable`] for a recipient that is none; [`ServiceError::Damaged`] for a text that is not there or
/// takes other values; the database.
pub async fn put(service: &Service, tx: &mut Tx, message: &Message<'_>) -> Result<(), ServiceError> {
    if !is_recipient(message.channel, message.recipient) {
        return Err(ServiceError::Unacceptable("the recipient of a message is no number or address".to_owned()));
    }
    let text = match message.channel {
        Channel::Sms => texts::sms(message.template, message.values),
        Channel::Mail => texts::mail(message.template, message.values),
    };
    let channel = message.channel.as_str();
    let text = text
        .ok_or_else(|| ServiceError::Damaged(format!("no text {channel}.{} for the values given", message.template)))?;
    // a code without an end of its own is of no use after a day either
    let expires = message.expires.or((!message.secrets.is_empty()).then(|| service.now() + DAY));
    let codes = message.values.iter().filter(|(name, _)| message.secrets.contains(name)).map(|(_, value)| *value);
    let id = next_number(tx, "outbox").await?;
    let now = service.now();
    sqlx::query(
        "INSERT INTO outbox (id, channel, recipient, template, subject, body, html, secrets, order_no, created, since, \
         next_try, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11)",
    )
    .bind(id)
    .bind(channel)
    .bind(message.recipient)
    .bind(message.template)
    .bind(text.subject)
    .bind(text.body)
    .bind(text.html)
    .bind(serde_json::Value::from_iter(codes).to_string())
    .bind(message.order)
    .bind(now)
    .bind(expires)
    .execute(&mut **tx)
    .await?;
    tx.tell_of_message();
    Ok(())
}

/// Number, recipient and text of the messages behind one with this number, oldest first; for practice, where nobody sends
/// them.
///
/// # Errors
/// [`ServiceError`].
pub async fn behind(store: &Store, id: i64) -> Result<Vec<(i64, String, String)>, ServiceError> {
    let rows = sqlx::query("SELECT id, recipient, body FROM outbox WHERE id > $1 ORDER BY id")
        .bind(id)
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Nothing that could end a line or name a second recipient. Whether it exists is for the other side to say.
fn is_recipient(channel: Channel, recipient: &str) -> bool {
    let parts: Vec<&str> = recipient.split('@').collect();
    match (channel, parts.as_slice()) {
        (Channel::Sms, _) => {
            let digits = recipient.strip_prefix('+').unwrap_or(recipient);
            (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        (Channel::Mail, [name, host]) => {
            let plain = |character: char| {
                !character.is_control() && !character.is_whitespace() && !"<>()[],;:\\\"".contains(character)
            };
            !name.is_empty() && !host.is_empty() && recipient.len() <= 254 && recipient.chars().all(plain)
        }
        (Channel::Mail, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, is_recipient};

    #[test]
    fn a_recipient_is_one_number_or_one_address() {
        for good in ["13800138000", "+8613800138000", "10086"] {
            assert!(is_recipient(Channel::Sms, good), "{good}");
        }
        for bad in ["", "+", "1380013800a", "13800138000,13900139000", "13800138000\n", "1 2 3"] {
            assert!(!is_recipient(Channel::Sms, bad), "{bad:?}");
        }
        for good in ["li@example.com", "李@例子.中国", "a.b+c@x"] {
            assert!(is_recipient(Channel::Mail, good), "{good}");
        }
        for bad in [
            "",
            "li",
            "@x",
            "li@",
            "a@b@c",
            "li@x\r\nBcc: a@b",
            "li@x,b@y",
            "<li@x>",
            "li @x",
            "\"l i\"@x",
            "li@x\u{2028}",
        ] {
            assert!(!is_recipient(Channel::Mail, bad), "{bad:?}");
        }
    }
}
