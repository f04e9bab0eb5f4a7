//! How often one certificate or mobile number may do something: counted in the database, so that it holds across
//! instances. What is rolled back does not count.

use super::Service;
use super::clock::{DAY, day_start};
use super::error::ServiceError;
use super::store::Tx;
use order_api::{Problem, ProblemCode};
use sqlx::Row;

/// Counts a use within the present minute; `rate_limited` with the time to wait when it is one too many.
///
/// # Errors
/// [`ServiceError`].
pub async fn minute(service: &Service, tx: &mut Tx, subject: &str, most: u32) -> Result<(), ServiceError> {
    let now = service.now();
    let since = now - now.rem_euclid(60);
    take(tx, subject, (since, since + 60 - now), most, ProblemCode::RateLimited).await
}

/// Counts a use within the present day of Beijing; `daily_limit` when it is one too many.
///
/// # Errors
/// [`ServiceError`].
pub async fn day(service: &Service, tx: &mut Tx, subject: &str, most: u32) -> Result<(), ServiceError> {
    let now = service.now();
    let since = day_start(now);
    take(tx, subject, (since, since + DAY - now), most, ProblemCode::DailyLimit).await
}

async fn take(
    tx: &mut Tx,
    subject: &str,
    (since, left): (i64, i64),
    most: u32,
    code: ProblemCode,
) -> Result<(), ServiceError> {
    if most == 0 {
        return Ok(());
    }
    let row = sqlx::query(
        "INSERT INTO uses (subject, since, count) VALUES ($1, $2, 1) \
         ON CONFLICT (subject, since) DO UPDATE SET count = uses.count + 1 RETURNING count",
    )
    .bind(format!("{}/{subject}", code.as_str()))
    .bind(since)
    .fetch_one(&mut **tx)
    .await?;
    let count: i64 = row.try_get(0)?;
    if count <= i64::from(most) {
        return Ok(());
    }
    let mut problem = Problem::new(code, "too many requests for this certificate or mobile number");
    problem.retry_after = u32::try_from(left).ok();
    Err(problem.into())
}
