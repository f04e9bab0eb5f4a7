//! Customers: whom the CA knows, with the contact it calls.

use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::authority::{Holder, HolderKind};
use crate::error::ServiceError;
use crate::store::{Store, Tx, next_number};
use base::display::is_deceptive;
use order_api::{Contact, ProblemCode};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Longest name of a customer or contact, characters.
pub(crate) const LONGEST_NAME: usize = 64;
/// Longest e-mail address, bytes (RFC 5321 §4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// A customer to be registered.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Name as in the certificate.
    pub name: String,
    /// Person or organisation.
    pub kind: HolderKind,
    /// 唯一实体标识 as in the certificate; may be empty, then it is made from the code.
    pub entity: String,
    /// Identity number or organisation code.
    pub code: String,
    /// Number of the customer, printed on the card.
    pub number: String,
    /// Code of the product.
    pub product: String,
    /// Whom the CA calls; empty fields when nobody is known.
    pub contact: Contact,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Number in the books.
    pub id: i64,
    /// Name as in the certificate.
    pub name: String,
    /// Person or organisation.
    pub kind: HolderKind,
    /// 唯一实体标识.
    pub entity: String,
    /// Identity number or organisation code.
    pub code: String,
    /// Number of the customer, printed on the card.
    pub number: String,
    /// Code of the product.
    pub product: String,
    /// Whom the CA calls.
    pub contact: Contact,
    /// When it was registered.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
}

impl Customer {
    /// Columns in the order [`Customer::read`] takes them.
    pub const COLUMNS: &'static str =
        "id, name, kind, entity, code, number, product, contact_name, contact_mobile, contact_email, created, updated";

    /// Reads a row of [`Customer::COLUMNS`].
    ///
    /// # Errors
    /// [`sqlx::Error`] when the row has other columns.
    pub fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let kind: String = row.try_get(2)?;
        Ok(Self {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            kind: HolderKind::parse(&kind).unwrap_or(HolderKind::Organisation),
            entity: row.try_get(3)?,
            code: row.try_get(4)?,
            number: row.try_get(5)?,
            product: row.try_get(6)?,
            contact: Contact { name: row.try_get(7)?, mobile: row.try_get(8)?, email: row.try_get(9)? },
            created: row.try_get(10)?,
            updated: row.try_get(11)?,
        })
    }

    /// As a first certificate names it.
    #[must_use]
    pub fn holder(&self) -> Holder<'_> {
        Holder { kind: self.kind, name: &self.name, code: &self.code, number: &self.number }
    }
}

/// Registers a customer and returns its number.
///
/// # Errors
/// [`ServiceError::Unacceptable`] for a name or product that can't be, or a contact that is neither empty nor whole.
pub async fn register(service: &Service, new: &NewCustomer, actor: Actor<'_>) -> Result<i64, ServiceError> {
    let length = new.name.chars().count();
    if length == 0 || length > LONGEST_NAME || new.name.chars().any(is_deceptive) {
        return Err(ServiceError::Unacceptable("the name of the customer".to_owned()));
    }
    super::products::get(&service.store, &new.product).await?;
    if new.contact != Contact::default() {
        check_contact(&new.contact).map_err(|error| ServiceError::Unacceptable(error.to_string()))?;
    }
    let entity = match (new.entity.as_str(), new.kind) {
        ("", HolderKind::Person) => format!("SF{}", new.code),
        ("", HolderKind::Organisation) => format!("JJ{}", new.code),
        (entity, _) => entity.to_owned(),
    };
    let now = service.now();
    let mut tx = service.store.begin().await?;
    let id = next_number(&mut tx, "customer").await?;
    sqlx::query(
        "INSERT INTO customers (id, name, kind, entity, code, number, product, contact_name, contact_mobile, \
         contact_email, created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
    )
    .bind(id)
    .bind(&new.name)
    .bind(new.kind.as_str())
    .bind(entity)
    .bind(&new.code)
    .bind(&new.number)
    .bind(&new.product)
    .bind(&new.contact.name)
    .bind(&new.contact.mobile)
    .bind(&new.contact.email)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let object = format!("customer/{id}");
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "customer.register", &object, &new.name)).await?;
    tx.commit().await?;
    Ok(id)
}

/// A customer.
///
/// # Errors
/// [`ServiceError::Unacceptable`] when there is none of this number.
pub async fn get(store: &Store, id: i64) -> Result<Customer, ServiceError> {
    let row = sqlx::query(
        "SELECT id, name, kind, entity, code, number, product, contact_name, contact_mobile, contact_email, created, \
         updated FROM customers WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    let row = row.ok_or_else(|| ServiceError::Unacceptable(format!("no customer {id}")))?;
    Ok(Customer::read(&row)?)
}

/// Changes the registered contact; nothing happens, and nothing is recorded, when it is the same.
///
/// # Errors
/// [`ServiceError`]; `invalid_contact` for one that can't be.
pub async fn set_contact(
    service: &Service,
    tx: &mut Tx,
    id: i64,
    contact: &Contact,
    actor: Actor<'_>,
    why: &str,
) -> Result<(), ServiceError> {
    check_contact(contact)?;
    let changed = sqlx::query(
        "UPDATE customers SET contact_name = $1, contact_mobile = $2, contact_email = $3, updated = $4 \
         WHERE id = $5 AND (contact_name <> $1 OR contact_mobile <> $2 OR contact_email <> $3)",
    )
    .bind(&contact.name)
    .bind(&contact.mobile)
    .bind(&contact.email)
    .bind(service.now())
    .bind(id)
    .execute(&mut **tx)
    .await?;
    if changed.rows_affected() > 0 {
        let object = format!("customer/{id}");
        audit::append(tx, &service.clock, &Entry::done(actor, "customer.contact", &object, why)).await?;
    }
    Ok(())
}

/// Whether a contact is acceptable: a name of 1–64 characters, a Chinese mobile number, an e-mail address or none.
///
/// # Errors
/// `invalid_contact` with the field.
pub fn check_contact(contact: &Contact) -> Result<(), ServiceError> {
    let name = contact.name.trim();
    let characters = name.chars().count();
    let wrong = if characters == 0 || characters > LONGEST_NAME || name.chars().any(is_deceptive) {
        "name"
    } else if !is_mobile(&contact.mobile) {
        "mobile"
    } else if !contact.email.is_empty() && !is_email(&contact.email) {
        "email"
    } else {
        return Ok(());
    };
    let mut problem = order_api::Problem::new(ProblemCode::InvalidContact, format!("the field {wrong}"));
    problem.field = Some(wrong.to_owned());
    Err(problem.into())
}

/// 11 digits, the first a 1, the second 3–9.
pub(crate) fn is_mobile(text: &str) -> bool {
    let digits = text.as_bytes();
    digits.len() == 11
        && digits.iter().all(u8::is_ascii_digit)
        && digits.first() == Some(&b'1')
        && digits.get(1).is_some_and(|second| (b'3'..=b'9').contains(second))
}

/// The dot-atom form of RFC 5322 §3.4.1 with a domain of labels; enough to catch what can't be delivered.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom));
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= LONGEST_EMAIL && local_fits && domain.contains('.') && domain.split('.').all(label)
}

/// A mobile number with its middle masked.
#[must_use]
pub fn masked(mobile: &str) -> String {
    let last = mobile.chars().count().saturating_sub(4);
    mobile.chars().enumerate().map(|(at, c)| if (3..last).contains(&at) { '*' } else { c }).collect()
}

/// An e-mail address of which only the first character and the domain are shown.
#[must_use]
pub fn masked_email(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    format!("{}***@{domain}", local.chars().take(1).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{check_contact, masked, masked_email};
    use order_api::Contact;

    fn field(name: &str, mobile: &str, email: &str) -> Option<String> {
        let contact = Contact { name: name.to_owned(), mobile: mobile.to_owned(), email: email.to_owned() };
        check_contact(&contact).err().and_then(|error| error.problem().field)
    }

    #[test]
    fn acceptable_contacts_pass() {
        let longest = "名".repeat(64);
        for name in ["李", "Li Lei", longest.as_str()] {
            assert_eq!(field(name, "13800138000", ""), None, "{name}");
        }
        for email in ["a@b.cn", "first.last+tag@mail.example.com.cn", "1@2.c3"] {
            assert_eq!(field("李", "19900000000", email), None, "{email}");
        }
    }

    #[test]
    fn the_wrong_field_is_named() {
        for name in ["", "   ", "a\u{7}b", "名".repeat(65).as_str()] {
            assert_eq!(field(name, "13800138000", ""), Some("name".to_owned()), "{name}");
        }
        for mobile in
            ["", "1380013800", "138001380000", "23800138000", "12800138000", "1380013800a", "１３８００１３８０００"]
        {
            assert_eq!(field("李", mobile, ""), Some("mobile".to_owned()), "{mobile}");
        }
        for email in ["a", "@b.cn", "a@", "a@b", "a b@c.cn", "a@b..cn", "a..b@c.cn", "a@-b.cn", "a@b.cn\r\nBcc: x@y.cn"]
        {
            assert_eq!(field("李", "13800138000", email), Some("email".to_owned()), "{email}");
        }
    }

    #[test]
    fn the_middle_of_a_number_is_masked() {
        assert_eq!(masked("13800138000"), "138****8000");
        assert_eq!(masked("12345"), "12345");
        assert_eq!(masked(""), "");
        assert_eq!(masked_email("wang.lei@example.com"), "w***@example.com");
        assert_eq!(masked_email("w@example.com"), "w***@example.com", "its length is not shown either");
    }
}
