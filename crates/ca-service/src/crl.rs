//! Revocation: taking a pair of certificates out of use, and the list that says so (RFC 5280 §5).
//!
//! The number of the list comes from the database and grows across all instances; whoever takes it holds its row until
//! the list is stored, so that a later list always knows what an earlier one knew.

use super::Service;
use super::audit::{self, Actor, Entry};
use super::error::ServiceError;
use super::orders::steps;
use super::registry::certificates::{self, Status};
use super::secrets::{from_hex, is_name};
use super::store::{Store, Tx, next_number};
use gm::issue::Revoked;
use order_api::OrderState;
use sqlx::Row;
use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;

/// Name of the list.
pub const NAME: &str = "operation";
/// How long a list is valid, seconds.
const LIFE: i64 = 7 * 86_400;
/// So long before its end the next one is made.
const RENEW_BEFORE: i64 = 6 * 86_400;

/// Why a certificate is revoked, as far as an operator may choose (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// None given.
    Unspecified,
    /// The private key is known to others, or the token was lost.
    KeyCompromise,
    /// Name or membership changed.
    AffiliationChanged,
    /// Replaced by another certificate.
    Superseded,
    /// No longer needed.
    CessationOfOperation,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// Number of the standard.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }

    const fn of(number: i64) -> CrlReason {
        match number {
            1 => CrlReason::KeyCompromise,
            3 => CrlReason::AffiliationChanged,
            4 => CrlReason::Superseded,
            5 => CrlReason::CessationOfOperation,
            _ => CrlReason::Unspecified,
        }
    }
}

/// Revokes the pair a certificate belongs to, ends its unfinished orders together with what was issued for them, and
/// makes a new list.
///
/// # Errors
/// [`ServiceError::Unacceptable`] when there is no such certificate or it is revoked already.
pub async fn revoke(
    service: &Service,
    serial: &str,
    reason: Reason,
    actor: Actor<'_>,
    why: &str,
) -> Result<(), ServiceError> {
    let known = certificates::find(&service.store, serial).await?;
    let known = known.ok_or_else(|| ServiceError::Unacceptable(format!("no certificate {serial}")))?;
    let mut tx = service.store.begin().await?;
    // orders before certificates, as everybody does
    let ended = steps::cancel_for_revocation(service, &mut tx, &known.pair).await?;
    if revoke_pair(service, &mut tx, &known.pair, reason).await? == 0 {
        return Err(ServiceError::Unacceptable(format!("certificate {serial} is revoked already")));
    }
    let issued: Vec<&str> =
        ended.iter().filter_map(|ended| ended.issued.as_deref()).filter(|issued| *issued != known.pair).collect();
    for issued in &issued {
        revoke_pair(service, &mut tx, issued, Reason::CessationOfOperation).await?;
    }
    make_list(service, &mut tx).await?;
    for (pair, why) in
        [(known.pair.as_str(), why)].into_iter().chain(issued.iter().map(|&issued| (issued, "its order ended")))
    {
        let object = format!("certificate/{pair}");
        audit::append(&mut tx, &service.clock, &Entry::done(actor, "certificate.revoke", &object, why)).await?;
    }
    for ended in &ended {
        let why = "the certificate was revoked";
        steps::record(service, &mut tx, &ended.no, OrderState::Cancelled, actor, why).await?;
    }
    tx.commit().await?;
    for ended in ended {
        service.changed(&ended.no);
    }
    Ok(())
}

/// Marks a pair as revoked; returns how many certificates that changed. The caller makes the list and the audit record.
pub(super) async fn revoke_pair(
    service: &Service,
    tx: &mut Tx,
    pair: &str,
    reason: Reason,
) -> Result<u64, ServiceError> {
    let changed = sqlx::query(
        "UPDATE certificates SET status = $1, status_at = $2, reason = $3 WHERE pair = $4 AND status <> $1",
    )
    .bind(Status::Revoked.as_str())
    .bind(service.now())
    .bind(reason.number())
    .bind(pair)
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected())
}

/// Makes the next list. Certificates of other CAs and those whose time is over are not on it.
pub(super) async fn make_list(service: &Service, tx: &mut Tx) -> Result<(), ServiceError> {
    let now = service.now();
    let number = next_number(tx, "crl").await?;
    let rows = sqlx::query(
        "SELECT serial, status_at, reason FROM certificates \
         WHERE status = $1 AND own = 1 AND not_after >= $2 ORDER BY status_at, serial",
    )
    .bind(Status::Revoked.as_str())
    .bind(now - LIFE)
    .fetch_all(&mut **tx)
    .await?;
    let mut entries = Vec::new();
    for row in &rows {
        let (serial, at): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let serial = from_hex(&serial).ok_or_else(|| ServiceError::Damaged(format!("serial number {serial}")))?;
        entries.push((serial, super::authority::moment(at)?, row.try_get::<Option<i64>, _>(2)?.unwrap_or(0)));
    }
    let revoked: Vec<Revoked<'_>> = entries.iter().map(entry).collect();
    let next = now + LIFE;
    let der = service.authority.revocation_list(u64::try_from(number).unwrap_or_default(), now, next, &revoked)?;
    sqlx::query(
        "INSERT INTO crls (name, number, der, this_update, next_update) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (name) DO UPDATE SET number = $2, der = $3, this_update = $4, next_update = $5",
    )
    .bind(NAME)
    .bind(number)
    .bind(der)
    .bind(now)
    .bind(next)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn entry((serial, at, reason): &(Vec<u8>, OffsetDateTime, i64)) -> Revoked<'_> {
    Revoked { serial, at: *at, reason: Reason::of(*reason) }
}

/// The present list, DER; `None` for other names.
///
/// # Errors
/// [`ServiceError`].
pub async fn current(store: &Store, name: &str) -> Result<Option<Vec<u8>>, ServiceError> {
    if !is_name(name) {
        return Ok(None);
    }
    let row = sqlx::query("SELECT der FROM crls WHERE name = $1").bind(name).fetch_optional(store.pool()).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Makes the next list when there is none or its time is near the end.
///
/// # Errors
/// [`ServiceError`].
pub async fn keep_current(service: &Service) -> Result<(), ServiceError> {
    let due = |row: Option<sqlx::any::AnyRow>| -> Result<bool, sqlx::Error> {
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.is_none_or(|next| next - service.now() < RENEW_BEFORE))
    };
    let query = "SELECT next_update FROM crls WHERE name = $1";
    if !due(sqlx::query(query).bind(NAME).fetch_optional(service.store.pool()).await?)? {
        return Ok(());
    }
    let mut tx = service.store.begin().await?;
    make_list(service, &mut tx).await?;
    let entry = Entry::done(Actor::SERVICE, "crl.make", "crl/operation", "its time was near the end");
    audit::append(&mut tx, &service.clock, &entry).await?;
    Ok(tx.commit().await?)
}
