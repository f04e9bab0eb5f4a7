//! The states of an order and the only ways from one to the next.
//!
//! submitted → reviewing → payment → authorized → issued → installed, each of the first three left out when the product
//! does not ask for it; rejected by an officer, expired by time, cancelled by its owner before it is authorized or when the
//! certificate is revoked. The steps of an
//! unlock are in [`super::unlock`].

use super::{Row, find, unlock, wrong_state};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::clock::DAY;
use crate::crl::{self, Reason};
use crate::error::ServiceError;
use crate::registry::customers;
use crate::store::Tx;
use order_api::{Contact, OrderKind, OrderState};
use sqlx::Row as _;

/// Longest reason of an officer, characters.
const LONGEST_REASON: usize = 500;
/// Days an authorized order waits to be fetched, and a package to be confirmed.
const FETCH_DAYS: i64 = 30;

/// State after `done` for an order with these rules.
#[must_use]
pub const fn after(done: Done, review: bool, fee_fen: i64) -> OrderState {
    match done {
        Done::Mobile if review => OrderState::Reviewing,
        Done::Mobile | Done::Review if fee_fen > 0 => OrderState::Payment,
        Done::Mobile | Done::Review | Done::Payment => OrderState::Authorized,
    }
}

/// What an order has behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The mobile number is checked, or need not be.
    Mobile,
    /// An officer said yes.
    Review,
    /// It is paid.
    Payment,
}

/// When a state of a renewal entered at `now` ends by itself.
#[must_use]
pub const fn ends(state: OrderState, now: i64) -> Option<i64> {
    match state {
        OrderState::Submitted | OrderState::Payment => Some(now + DAY),
        OrderState::Authorized | OrderState::Issued => Some(now + FETCH_DAYS * DAY),
        _ => None,
    }
}

/// Moves an order on, if it is still as `row` says. What else belongs to the step comes next, and [`record`] or
/// [`record_with_contact`] at the end, because from then on other writers wait.
///
/// # Errors
/// `order_state` when somebody else moved it.
pub(super) async fn advance(
    service: &Service,
    tx: &mut Tx,
    row: &Row,
    to: OrderState,
    reason: Option<&str>,
) -> Result<(), ServiceError> {
    let now = service.now();
    let end = match &row.unlock {
        Some(unlock) => unlock::ends(to, unlock.route, now),
        None => ends(to, now),
    };
    let moved = sqlx::query(
        "UPDATE orders SET state = $1, version = version + 1, finished = $2, updated = $3, expires = $4, reason = $5 \
         WHERE no = $6 AND state = $7 AND version = $8",
    )
    .bind(to.as_str())
    .bind(i64::from(to.is_final()))
    .bind(now)
    .bind(end)
    .bind(reason)
    .bind(&row.no)
    .bind(row.state.as_str())
    .bind(row.version)
    .execute(&mut **tx)
    .await?;
    if moved.rows_affected() != 1 {
        return Err(wrong_state(row.state));
    }
    Ok(())
}

/// Writes the audit record of a state the order's contact may have been waiting for: that of an authorized order becomes
/// the customer's.
pub(super) async fn record_with_contact(
    service: &Service,
    tx: &mut Tx,
    (customer, contact): (i64, &Contact),
    no: &str,
    state: OrderState,
    actor: Actor<'_>,
    detail: &str,
) -> Result<(), ServiceError> {
    if state == OrderState::Authorized {
        customers::set_contact(service, tx, customer, contact, actor, no).await?;
    }
    record(service, tx, no, state, actor, detail).await
}

/// Writes the audit record of a new state.
pub(crate) async fn record(
    service: &Service,
    tx: &mut Tx,
    no: &str,
    state: OrderState,
    actor: Actor<'_>,
    detail: &str,
) -> Result<(), ServiceError> {
    let (action, object) = (format!("order.{}", state.as_str()), format!("order/{no}"));
    Ok(audit::append(tx, &service.clock, &Entry::done(actor, &action, &object, detail)).await?)
}

/// An officer says yes.
///
/// # Errors
/// `order_state` unless it waits for review, `order_not_found`.
pub async fn approve(service: &Service, no: &str, officer: Actor<'_>) -> Result<(), ServiceError> {
    let row = reviewed(service, no).await?;
    decide(service, &row, after(Done::Review, row.review, row.fee_fen), officer, None).await
}

/// An officer says no.
///
/// # Errors
/// [`ServiceError::Unacceptable`] without a reason or with one too long; `order_state`, `order_not_found`.
pub async fn reject(service: &Service, no: &str, officer: Actor<'_>, reason: &str) -> Result<(), ServiceError> {
    let reason = checked_reason(reason)?;
    let row = reviewed(service, no).await?;
    decide(service, &row, OrderState::Rejected, officer, Some(reason)).await
}

/// A reason of 1–500 characters.
pub(super) fn checked_reason(reason: &str) -> Result<&str, ServiceError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(ServiceError::Unacceptable("a reason of 1 to 500 characters is needed".to_owned()));
    }
    Ok(reason)
}

async fn reviewed(service: &Service, no: &str) -> Result<Row, ServiceError> {
    let row = find(&service.store, no).await?.ok_or_else(super::not_found)?;
    match (row.kind, row.state) {
        (OrderKind::Renew, OrderState::Reviewing) => Ok(row),
        (OrderKind::Renew, other) => Err(wrong_state(other)),
        (OrderKind::Unlock, _) => Err(unlock::wrong_kind()),
    }
}

async fn decide(
    service: &Service,
    row: &Row,
    to: OrderState,
    officer: Actor<'_>,
    reason: Option<&str>,
) -> Result<(), ServiceError> {
    let mut tx = service.store.begin().await?;
    advance(service, &mut tx, row, to, reason).await?;
    let contact = (row.customer, &row.contact);
    record_with_contact(service, &mut tx, contact, &row.no, to, officer, reason.unwrap_or_default()).await?;
    tx.commit().await?;
    service.changed(&row.no);
    Ok(())
}

/// Its owner withdraws a renewal; nothing was made for it yet.
///
/// # Errors
/// `order_state` once it is authorized or has ended, and for an unlock.
pub async fn cancel(service: &Service, row: &Row) -> Result<(), ServiceError> {
    super::renewal(row)?;
    if !matches!(row.state, OrderState::Submitted | OrderState::Reviewing | OrderState::Payment) {
        return Err(wrong_state(row.state));
    }
    let mut tx = service.store.begin().await?;
    advance(service, &mut tx, row, OrderState::Cancelled, None).await?;
    let actor = Actor::customer(&row.certificate);
    record(service, &mut tx, &row.no, OrderState::Cancelled, actor, "by its owner").await?;
    tx.commit().await?;
    service.changed(&row.no);
    Ok(())
}

/// An order ended by a revocation.
pub(crate) struct Ended {
    /// Its number.
    pub no: String,
    /// Serial number of the signing certificate issued for it.
    pub issued: Option<String>,
}

/// Ends the unfinished orders of a pair that is being revoked, be it the old one or the new one of a renewal, or that on a
/// key to be unlocked. The caller revokes what was issued, and writes the records.
pub(crate) async fn cancel_for_revocation(
    service: &Service,
    tx: &mut Tx,
    pair: &str,
) -> Result<Vec<Ended>, ServiceError> {
    let open = "SELECT no FROM orders WHERE (certificate = $1 OR sign_serial = $1) AND finished = 0 ORDER BY no";
    let open = sqlx::query(open).bind(pair).fetch_all(&mut **tx).await?;
    let mut ended = Vec::with_capacity(open.len());
    for row in &open {
        let no: String = row.try_get(0)?;
        let row = sqlx::query(
            "UPDATE orders SET state = $1, version = version + 1, finished = 1, updated = $2, expires = NULL \
             WHERE no = $3 AND finished = 0 RETURNING sign_serial",
        )
        .bind(OrderState::Cancelled.as_str())
        .bind(service.now())
        .bind(&no)
        .fetch_optional(&mut **tx)
        .await?;
        if let Some(row) = row {
            ended.push(Ended { issued: row.try_get(0)?, no });
        }
    }
    Ok(ended)
}

/// Ends an order whose time is over; certificates that nobody confirmed are revoked. Gives the order as it is then.
///
/// # Errors
/// [`ServiceError`].
pub async fn expire_if_due(service: &Service, row: Row) -> Result<Row, ServiceError> {
    if row.state.is_final() || row.expires.is_none_or(|end| end > service.now()) {
        return Ok(row);
    }
    let mut tx = service.store.begin().await?;
    match advance(service, &mut tx, &row, OrderState::Expired, None).await {
        Ok(()) => {
            if let Some(issued) = &row.sign_serial {
                crl::revoke_pair(service, &mut tx, issued, Reason::CessationOfOperation).await?;
                crl::make_list(service, &mut tx).await?;
                let object = format!("certificate/{issued}");
                let entry = Entry::done(Actor::SERVICE, "certificate.revoke", &object, "never confirmed");
                audit::append(&mut tx, &service.clock, &entry).await?;
            }
            record(service, &mut tx, &row.no, OrderState::Expired, Actor::SERVICE, "").await?;
            tx.commit().await?;
            service.changed(&row.no);
        }
        // another instance was quicker
        Err(ServiceError::Refused(_)) => drop(tx),
        Err(error) => return Err(error),
    }
    find(&service.store, &row.no).await?.ok_or_else(super::not_found)
}

/// Ends every order whose time is over; returns how many were looked at.
///
/// # Errors
/// [`ServiceError`].
pub async fn expire_due(service: &Service) -> Result<usize, ServiceError> {
    let rows = sqlx::query("SELECT no FROM orders WHERE finished = 0 AND expires <= $1 ORDER BY expires LIMIT 1000")
        .bind(service.now())
        .fetch_all(service.store.pool())
        .await?;
    for row in &rows {
        let no: String = row.try_get(0)?;
        if let Some(row) = find(&service.store, &no).await? {
            expire_if_due(service, row).await?;
        }
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests {
    use super::{Done, after, ends};
    use order_api::OrderState;

    #[test]
    fn what_a_product_does_not_ask_for_is_left_out() {
        let path = |review, fee| [Done::Mobile, Done::Review, Done::Payment].map(|done| after(done, review, fee));
        use OrderState::{Authorized, Payment, Reviewing};
        assert_eq!(path(true, 100), [Reviewing, Payment, Authorized]);
        assert_eq!(path(true, 0), [Reviewing, Authorized, Authorized]);
        assert_eq!(path(false, 100), [Payment, Payment, Authorized]);
        assert_eq!(path(false, 0), [Authorized, Authorized, Authorized]);
    }

    #[test]
    fn unpaid_orders_end_after_a_day_and_what_is_not_fetched_after_thirty() {
        assert_eq!(ends(OrderState::Payment, 0), Some(86_400));
        assert_eq!(ends(OrderState::Submitted, 0), Some(86_400));
        assert_eq!(ends(OrderState::Authorized, 0), Some(30 * 86_400));
        assert_eq!(ends(OrderState::Issued, 0), Some(30 * 86_400));
        assert_eq!(ends(OrderState::Reviewing, 0), None, "an officer may take his time");
    }
}
