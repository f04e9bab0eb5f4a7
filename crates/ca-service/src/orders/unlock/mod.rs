//! Unlocks (找回密码): a key gets a new user PIN without its admin PIN leaving the CA and without the person's PIN reaching it.
//!
//! authorized → issued → installed on the way by SMS, with reviewing in front on the way through an officer; rejected by
//! the officer, expired by time, cancelled by the fifth wrong code, by the revocation of the certificate, and by another
//! order that unlocked the key.
//!
//! Invariants
//! * What the service answers depends on what the applicant says and on what is public, never on whether that fits the
//!   books: an application that does not fit becomes an order like any other whose codes go nowhere and never count.
//! * Of the code only a random number lies in the books; it and the service's secret make the code.
//! * A transport PIN is made from the service's secret and the order number, and is nowhere kept. Admin PINs are made where
//!   they are used.
//! * One key has one begun order at most.

pub mod begin;
pub mod code;
pub mod create;
pub mod finish;
pub mod review;

use super::Row;
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::clock::DAY;
use crate::error::ServiceError;
use crate::limits;
use crate::orders::steps;
use crate::registry::customers::{masked, masked_email};
use crate::secrets::from_hex;
use crate::store::Tx;
use gm::PublicKey;
use order_api::{NextAction, OrderKind, OrderState, Problem, ProblemCode, UnlockRoute, UnlockView};
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::net::IpAddr;

/// Wrong codes of one order, however many codes were sent.
pub const TRIES: i64 = 5;
/// Refused requests of one kind for one order that the audit log records within a day; nobody fills it by repeating himself.
const RECORDED_REFUSALS: u32 = 50;

/// What of an application was that of the books when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fits {
    /// The device is one of the certificate's customer.
    pub device: bool,
    /// The name is that of the registered contact.
    pub name: bool,
    /// The mobile number is the registered one.
    pub mobile: bool,
    /// The e-mail address is the registered one, or none was given.
    pub email: bool,
}

/// To whom the code of a reviewed order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentTo {
    /// The registered contact.
    Registered,
    /// The applicant, whose number or address is not the registered one any more.
    Applicant,
}

impl SentTo {
    /// As it stands in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Applicant => "applicant",
        }
    }
}

/// What only orders of this kind have. No code and no PIN.
#[derive(Clone, Debug)]
pub struct Details {
    /// How the person proves who they are.
    pub route: UnlockRoute,
    /// Telephone number an officer can call; may be empty.
    pub telephone: String,
    /// Signs the requests and receives the grant.
    pub client_key: PublicKey,
    /// What of the application was that of the books.
    pub fits: Fits,
    /// Whether its codes count. Nobody but officers may learn of it.
    pub matched: bool,
    /// Mobile number that was registered when it came.
    pub owner_mobile: String,
    /// E-mail address that was registered when it came.
    pub owner_email: String,
    /// To whom codes go; empty before an officer's decision.
    pub to_name: String,
    /// Mobile number codes go to; may be empty.
    pub to_mobile: String,
    /// E-mail address codes go to; may be empty.
    pub to_email: String,
    /// What the present code is made from; empty when there is none.
    pub nonce: String,
    /// When the code was sent last.
    pub code_sent: Option<i64>,
    /// When it ends.
    pub code_expires: Option<i64>,
    /// Wrong codes that are still forgiven.
    pub tries_left: i64,
    /// Officer who decided; may be empty.
    pub officer: String,
    /// How the officer knows who applies; may be empty.
    pub note: String,
    /// To whom the officer had the code sent.
    pub sent_to: Option<SentTo>,
    /// When the code was proven.
    pub begun: Option<i64>,
    /// When an answer for the key was last made.
    pub answered: Option<i64>,
    /// Tries of the admin PIN left on the key when it was begun.
    pub admin_tries: Option<i64>,
    /// When the key was last seen not to have taken an answer.
    pub refused: Option<i64>,
}

impl Details {
    /// Reads the columns from `first` on; `None` of an order of another kind.
    pub(super) fn read(row: &AnyRow, first: usize) -> Result<Option<Self>, ServiceError> {
        let Some(route) = row.try_get::<Option<String>, _>(first)? else { return Ok(None) };
        let key: String = row.try_get(first + 2)?;
        let key = from_hex(&key).and_then(|key| key.try_into().ok()).map(PublicKey);
        let yes = |column: usize| row.try_get::<i64, _>(first + column).map(|number| number != 0);
        let text = |column: usize| row.try_get::<String, _>(first + column);
        let maybe = |column: usize| row.try_get::<Option<i64>, _>(first + column);
        let sent_to = text(19)?;
        Ok(Some(Self {
            route: if route == route_text(UnlockRoute::Sms) { UnlockRoute::Sms } else { UnlockRoute::Review },
            telephone: text(1)?,
            client_key: key.ok_or_else(|| ServiceError::Damaged("the client key of an unlock".to_owned()))?,
            fits: Fits { device: yes(3)?, name: yes(4)?, mobile: yes(5)?, email: yes(6)? },
            matched: yes(7)?,
            owner_mobile: text(8)?,
            owner_email: text(9)?,
            to_name: text(10)?,
            to_mobile: text(11)?,
            to_email: text(12)?,
            nonce: text(13)?,
            code_sent: maybe(14)?,
            code_expires: maybe(15)?,
            tries_left: row.try_get(first + 16)?,
            officer: text(17)?,
            note: text(18)?,
            sent_to: [SentTo::Registered, SentTo::Applicant].into_iter().find(|known| known.as_str() == sent_to),
            begun: maybe(20)?,
            answered: maybe(21)?,
            admin_tries: maybe(22)?,
            refused: maybe(23)?,
        }))
    }

    /// As the applicant sees it.
    pub(super) fn view(&self, state: OrderState) -> UnlockView {
        let waiting = state == OrderState::Authorized;
        let mut sent_to = Vec::new();
        if !self.to_mobile.is_empty() {
            sent_to.push(masked(&self.to_mobile));
        }
        if !self.to_email.is_empty() {
            sent_to.push(masked_email(&self.to_email));
        }
        UnlockView {
            route: self.route,
            sent_to,
            code_sent: self.code_sent,
            resend_from: self.code_sent.filter(|_| waiting).map(|sent| sent + code::RESEND),
            code_expires: self.code_expires.filter(|_| waiting),
            tries_left: u32::try_from(self.tries_left).unwrap_or(0),
        }
    }
}

pub(super) fn next_actions(state: OrderState) -> Vec<NextAction> {
    match state {
        OrderState::Reviewing => vec![NextAction::Wait],
        OrderState::Authorized => vec![NextAction::Unlock, NextAction::ResendCode],
        // the key may have missed the answer
        OrderState::Issued => vec![NextAction::Unlock, NextAction::FinishUnlock],
        _ => Vec::new(),
    }
}

/// As it stands in the books.
const fn route_text(route: UnlockRoute) -> &'static str {
    match route {
        UnlockRoute::Sms => "sms",
        UnlockRoute::Review => "review",
    }
}

/// When a state entered at `now` ends by itself: an officer has a week; a code may be asked for again and typed within a
/// day on the way by SMS and within three days after a review, because mail takes its time and the first code lasts a day;
/// a begun order can be continued for a week, as the key may wait in another place for its next chance.
#[must_use]
pub const fn ends(state: OrderState, route: UnlockRoute, now: i64) -> Option<i64> {
    match (state, route) {
        (OrderState::Reviewing | OrderState::Issued, _) => Some(now + 7 * DAY),
        (OrderState::Authorized, UnlockRoute::Sms) => Some(now + DAY),
        (OrderState::Authorized, UnlockRoute::Review) => Some(now + 3 * DAY),
        _ => None,
    }
}

/// The details of an order of this kind.
///
/// # Errors
/// `order_state` for an order of another kind.
pub fn details(order: &Row) -> Result<&Details, ServiceError> {
    match (&order.unlock, order.kind) {
        (Some(details), OrderKind::Unlock) => Ok(details),
        _ => Err(wrong_kind()),
    }
}

/// The refusal of a step that orders of this kind do not have.
pub(super) fn wrong_kind() -> ServiceError {
    ServiceError::refused(ProblemCode::OrderState, "orders of this kind do not have this step")
}

/// One who says he holds a certificate, which is all that is known of him until the key has signed.
const fn applicant(certificate: &str) -> Actor<'_> {
    Actor { name: certificate, role: "applicant" }
}

/// What somebody tries to do to an order, for the audit log.
struct Step<'a> {
    action: &'a str,
    actor: Actor<'a>,
    no: &'a str,
    from: Option<IpAddr>,
}

impl Step<'_> {
    /// What belongs to the record, with the address it came from.
    fn detail(&self, detail: &str) -> String {
        match self.from {
            Some(address) => format!("{detail}; from {address}"),
            None => detail.to_owned(),
        }
    }

    /// Records that it was done.
    async fn done(&self, service: &Service, tx: &mut Tx, detail: &str) -> Result<(), ServiceError> {
        let (object, detail) = (format!("order/{}", self.no), self.detail(detail));
        Ok(audit::append(tx, &service.clock, &Entry::done(self.actor, self.action, &object, &detail)).await?)
    }

    /// Records that it was refused.
    async fn refused(&self, service: &Service, tx: &mut Tx, problem: &Problem) -> Result<(), ServiceError> {
        match limits::day(service, tx, &format!("refusals/{}/{}", self.action, self.no), RECORDED_REFUSALS).await {
            Ok(()) => {}
            Err(ServiceError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        let object = format!("order/{}", self.no);
        let left = problem.left.map(|left| format!(", {left} left")).unwrap_or_default();
        let detail = self.detail(&format!("{}{left}", problem.code.as_str()));
        let entry = Entry { outcome: "refused", ..Entry::done(self.actor, self.action, &object, &detail) };
        Ok(audit::append(tx, &service.clock, &entry).await?)
    }

    /// Records the refusal of something that has changed nothing, and gives it back.
    async fn refusal(&self, service: &Service, error: ServiceError) -> ServiceError {
        let record = async |problem: &Problem| -> Result<(), ServiceError> {
            let mut tx = service.store.begin().await?;
            self.refused(service, &mut tx, problem).await?;
            Ok(tx.commit().await?)
        };
        match error {
            ServiceError::Refused(problem) => match record(&problem).await {
                Ok(()) => ServiceError::Refused(problem),
                Err(failed) => failed,
            },
            other => other,
        }
    }

    /// Ends the transaction of the step. What a refusal left behind lasts, together with its record; of anything that
    /// failed nothing does.
    async fn settle<T>(
        &self,
        service: &Service,
        mut tx: Tx,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match result {
            Err(ServiceError::Refused(problem)) => {
                self.refused(service, &mut tx, &problem).await?;
                tx.commit().await?;
                Err(ServiceError::Refused(problem))
            }
            Err(error) => Err(error),
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
        }
    }
}

/// Holds orders until the transaction ends, by number, as everybody does.
async fn hold(tx: &mut Tx, mut numbers: Vec<String>) -> Result<(), ServiceError> {
    numbers.sort_unstable();
    numbers.dedup();
    for no in &numbers {
        sqlx::query("UPDATE orders SET version = version WHERE no = $1").bind(no).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Ends an unfinished order that is held.
async fn cancel(service: &Service, tx: &mut Tx, no: &str, actor: Actor<'_>, why: &str) -> Result<(), ServiceError> {
    let ended = sqlx::query(
        "UPDATE orders SET state = $1, version = version + 1, finished = 1, updated = $2, expires = NULL \
         WHERE no = $3 AND finished = 0",
    )
    .bind(OrderState::Cancelled.as_str())
    .bind(service.now())
    .bind(no)
    .execute(&mut **tx)
    .await?;
    if ended.rows_affected() == 1 {
        sqlx::query("UPDATE unlocks SET nonce = '' WHERE order_no = $1").bind(no).execute(&mut **tx).await?;
        steps::record(service, tx, no, OrderState::Cancelled, actor, why).await?;
    }
    Ok(())
}

/// The order as the transaction sees it, and its details.
async fn fresh(tx: &mut Tx, no: &str) -> Result<(Row, Details), ServiceError> {
    let order = super::find_within(tx, no).await?.ok_or_else(super::not_found)?;
    let known = details(&order)?.clone();
    Ok((order, known))
}
