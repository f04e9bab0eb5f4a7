//! Paying: the order waits until the provider says that it has the money.

use super::steps::{self, Done};
use super::{Row, find, not_found, renewal, wrong_state};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::error::ServiceError;
use crate::secrets::{is_name, random_hex};
use order_api::{OrderState, Payment, PaymentState, ProblemCode};
use sqlx::Row as _;
use std::future::Future;
use std::pin::Pin;

/// Who takes the money.
pub trait PaymentProvider: Send + Sync {
    /// Short name, kept with the payment.
    fn name(&self) -> &'static str;

    /// Asks for an amount in fen under an id of ours; gives the address of the page where it is paid. When the money is
    /// there, the provider's notice ends in [`settle`].
    ///
    /// # Errors
    /// [`ServiceError`] when the provider can't be reached or refuses.
    fn request<'a>(&'a self, service: &'a Service, id: &'a str, amount_fen: i64) -> Asked<'a>;
}

/// Address of a page, once the provider has answered.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<String, ServiceError>> + Send + 'a>>;

/// A provider for demonstrations: a page of this service with a button.
pub struct Sandbox;

impl PaymentProvider for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn request<'a>(&'a self, service: &'a Service, id: &'a str, _amount_fen: i64) -> Asked<'a> {
        Box::pin(async move { Ok(format!("{}/pay/{id}", service.config.public_url)) })
    }
}

/// A payment in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Names it.
    pub id: String,
    /// For which order.
    pub order_no: String,
    /// Who takes the money.
    pub provider: String,
    /// Amount in fen.
    pub amount_fen: i64,
    /// Whether it is paid.
    pub paid: bool,
    /// When it ends.
    pub expires: i64,
}

/// How an order is paid; asked again, the same payment.
///
/// # Errors
/// `order_state` unless it waits for money.
pub async fn request(service: &Service, order: &Row) -> Result<Payment, ServiceError> {
    renewal(order)?;
    if order.state != OrderState::Payment {
        return Err(wrong_state(order.state));
    }
    if of_order(service, &order.no).await?.is_none() {
        let mut tx = service.store.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO payments (id, order_no, provider, amount_fen, state, created, expires) \
             VALUES ($1, $2, $3, $4, 'open', $5, $6) ON CONFLICT (order_no) DO NOTHING",
        )
        .bind(random_hex::<16>()?)
        .bind(&order.no)
        .bind(service.payment.name())
        .bind(order.fee_fen)
        .bind(service.now())
        .bind(order.expires.unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        if inserted.rows_affected() == 1 {
            let object = format!("order/{}", order.no);
            let entry = Entry::done(Actor::customer(&order.certificate), "order.pay", &object, service.payment.name());
            audit::append(&mut tx, &service.clock, &entry).await?;
        }
        tx.commit().await?;
    }
    let stored = of_order(service, &order.no).await?.ok_or_else(not_found)?;
    Ok(Payment {
        url: service.payment.request(service, &stored.id, stored.amount_fen).await?,
        provider: stored.provider,
        amount_fen: stored.amount_fen,
        expires: stored.expires,
        state: if stored.paid { PaymentState::Paid } else { PaymentState::Open },
    })
}

/// A payment by its id.
///
/// # Errors
/// `not_found`.
pub async fn get(service: &Service, id: &str) -> Result<Stored, ServiceError> {
    let query = "SELECT id, order_no, provider, amount_fen, state, expires FROM payments WHERE id = $1";
    let row = match is_name(id) {
        true => sqlx::query(query).bind(id).fetch_optional(service.store.pool()).await?,
        false => None,
    };
    let row = row.ok_or_else(|| ServiceError::refused(ProblemCode::NotFound, "no such payment"))?;
    Ok(read(&row)?)
}

async fn of_order(service: &Service, no: &str) -> Result<Option<Stored>, ServiceError> {
    let query = "SELECT id, order_no, provider, amount_fen, state, expires FROM payments WHERE order_no = $1";
    let row = sqlx::query(query).bind(no).fetch_optional(service.store.pool()).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

fn read(row: &sqlx::any::AnyRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        id: row.try_get(0)?,
        order_no: row.try_get(1)?,
        provider: row.try_get(2)?,
        amount_fen: row.try_get(3)?,
        paid: row.try_get::<String, _>(4)? == "paid",
        expires: row.try_get(5)?,
    })
}

/// The provider has the money: the order moves on. Said again, nothing happens.
///
/// # Errors
/// `not_found`; `order_state` when the order no longer waits for money.
pub async fn settle(service: &Service, id: &str) -> Result<(), ServiceError> {
    let payment = get(service, id).await?;
    if payment.paid {
        return Ok(());
    }
    let order = find(&service.store, &payment.order_no).await?.ok_or_else(not_found)?;
    let order = steps::expire_if_due(service, order).await?;
    if order.state != OrderState::Payment {
        return Err(wrong_state(order.state));
    }
    let mut tx = service.store.begin().await?;
    let to = steps::after(Done::Payment, order.review, order.fee_fen);
    let actor = Actor { name: &payment.provider, role: "system" };
    steps::advance(service, &mut tx, &order, to, None).await?;
    sqlx::query("UPDATE payments SET state = 'paid', paid = $1 WHERE id = $2")
        .bind(service.now())
        .bind(id)
        .execute(&mut *tx)
        .await?;
    let contact = (order.customer, &order.contact);
    steps::record_with_contact(service, &mut tx, contact, &order.no, to, actor, "").await?;
    tx.commit().await?;
    service.changed(&order.no);
    Ok(())
}
