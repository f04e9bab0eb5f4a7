//! Messages to people: written in the transaction that causes them, sent by somebody else.

use super::Service;
use super::error::ServiceError;
use super::store::{Tx, next_number};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Texts of the messages, in the language of the CA's customers.
const TEXTS: &str = include_str!("../../assets/ca-service/messages.toml");

#[derive(Deserialize)]
struct File {
    sms: HashMap<String, String>,
}

static MESSAGES: LazyLock<Option<File>> = LazyLock::new(|| toml::from_str(TEXTS).ok());

/// An SMS.
pub struct Message<'a> {
    /// Mobile number.
    pub recipient: &'a str,
    /// Which text.
    pub template: &'a str,
    /// What stands for `{name}` in it.
    pub values: &'a [(&'a str, &'a str)],
    /// Order it is about.
    pub order: Option<&'a str>,
}

/// Puts a message into the outbox.
///
/// # Errors
/// [`ServiceError`].
pub async fn put(service: &Service, tx: &mut Tx, message: &Message<'_>) -> Result<(), ServiceError> {
    let text = text(message.template, message.values)
        .ok_or_else(|| ServiceError::Damaged(format!("no text {}", message.template)))?;
    let id = next_number(tx, "outbox").await?;
    sqlx::query(
        "INSERT INTO outbox (id, channel, recipient, template, body, order_no, created) \
         VALUES ($1, 'sms', $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(message.recipient)
    .bind(message.template)
    .bind(text)
    .bind(message.order)
    .bind(service.now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn text(template: &str, values: &[(&str, &str)]) -> Option<String> {
    let text = MESSAGES.as_ref()?.sms.get(template)?;
    Some(values.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value)))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_message_has_its_values_and_no_holes() {
        let values = [("code", "012345"), ("minutes", "10"), ("order", "20261120-000001"), ("ca", "CA")];
        let text = text("renewal_code", &values).unwrap();
        assert!(text.contains("012345") && text.contains("000001"), "{text}");
        assert!(!text.contains(['{', '}']), "{text}");
    }
}
