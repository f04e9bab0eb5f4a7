//! Orders: what is kept of them, and how their owner sees them.
//!
//! The state moves by [`steps`] only, each a compare-and-set on state and version in one transaction with its audit
//! record: of two instances, or two operators, one wins and the other is told.

pub mod codes;
pub mod confirm;
pub mod create;
pub mod issue;
pub mod payment;
pub mod rules;
pub mod steps;

use super::Service;
use super::books::customers::masked;
use super::error::ServiceError;
use super::secrets::{is_name, same};
use super::store::Store;
use crate::ca::protocol::{Contact, NextAction, Order, OrderKind, OrderState, Period, ProblemCode};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// An order in the books.
#[derive(Clone, Debug)]
pub struct Row {
    /// Order number, `yyyymmdd-nnnnnn`.
    pub no: String,
    /// How far it is.
    pub state: OrderState,
    /// Grows with every change.
    pub version: i64,
    /// Serial number of the signing certificate to be renewed.
    pub certificate: String,
    /// Whose it is.
    pub customer: i64,
    /// Code of the product.
    pub product: String,
    /// Session it was made in.
    pub session: String,
    /// USB-Key 序列号.
    pub device_serial: String,
    /// Common name of the holder.
    pub holder: String,
    /// Whom the CA calls.
    pub contact: Contact,
    /// Validity of the old certificate.
    pub old: Period,
    /// Validity promised at creation, then as issued.
    pub new: Period,
    /// Days the renewal adds.
    pub term_days: i64,
    /// Price in fen.
    pub fee_fen: i64,
    /// Whether an officer looks at it.
    pub review: bool,
    /// Whether the mobile number is checked.
    pub verify_mobile: bool,
    /// When it was taken.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// When the present state ends by itself.
    pub expires: Option<i64>,
    /// Why an officer said no.
    pub reason: Option<String>,
    /// SM3 of the body that made it.
    pub body_hash: String,
    /// SM3 of the key the package was made for.
    pub csr_hash: Option<String>,
    /// Serial number of the new signing certificate.
    pub sign_serial: Option<String>,
    /// Serial number of the new encryption certificate.
    pub encrypt_serial: Option<String>,
}

impl Row {
    /// Columns in the order [`Row::read`] takes them.
    pub const COLUMNS: &'static str = "no, state, version, certificate, customer, product, session, device_serial, holder, contact_name, \
         contact_mobile, contact_email, old_from, old_until, new_from, new_until, term_days, fee_fen, review, \
         verify_mobile, created, updated, expires, reason, body_hash, csr_hash, sign_serial, encrypt_serial";

    /// Reads a row of [`Row::COLUMNS`].
    ///
    /// # Errors
    /// [`ServiceError`] when the row holds something else.
    pub fn read(row: &AnyRow) -> Result<Self, ServiceError> {
        let (no, state): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let known = OrderState::ALL.into_iter().find(|known| known.as_str() == state);
        let state = known.ok_or_else(|| ServiceError::Damaged(format!("order {no} is {state}")))?;
        Ok(Self {
            no,
            state,
            version: row.try_get(2)?,
            certificate: row.try_get(3)?,
            customer: row.try_get(4)?,
            product: row.try_get(5)?,
            session: row.try_get(6)?,
            device_serial: row.try_get(7)?,
            holder: row.try_get(8)?,
            contact: Contact { name: row.try_get(9)?, mobile: row.try_get(10)?, email: row.try_get(11)? },
            old: Period { from: row.try_get(12)?, until: row.try_get(13)? },
            new: Period { from: row.try_get(14)?, until: row.try_get(15)? },
            term_days: row.try_get(16)?,
            fee_fen: row.try_get(17)?,
            review: row.try_get::<i64, _>(18)? != 0,
            verify_mobile: row.try_get::<i64, _>(19)? != 0,
            created: row.try_get(20)?,
            updated: row.try_get(21)?,
            expires: row.try_get(22)?,
            reason: row.try_get(23)?,
            body_hash: row.try_get(24)?,
            csr_hash: row.try_get(25)?,
            sign_serial: row.try_get(26)?,
            encrypt_serial: row.try_get(27)?,
        })
    }

    /// The order as its owner sees it at `now`. Until it is issued the new validity is that of an issue today.
    #[must_use]
    pub fn view(&self, now: i64) -> Order {
        let open = !self.state.is_final() && self.state != OrderState::Issued;
        let issued = [&self.sign_serial, &self.encrypt_serial].into_iter().flatten().cloned().collect();
        Order {
            no: self.no.clone(),
            kind: OrderKind::Renew,
            state: self.state,
            next_actions: next_actions(self.state),
            holder: self.holder.clone(),
            certificate_serial: self.certificate.clone(),
            device_serial: self.device_serial.clone(),
            old: self.old,
            new: if open { rules::renewed(self.old, self.term_days, now) } else { self.new },
            fee_fen: self.fee_fen,
            mobile: masked(&self.contact.mobile),
            created: self.created,
            updated: self.updated,
            reason: self.reason.clone(),
            expires: self.expires,
            issued,
            unlock: None,
        }
    }
}

fn next_actions(state: OrderState) -> Vec<NextAction> {
    match state {
        OrderState::Submitted => vec![NextAction::VerifyMobile],
        OrderState::Reviewing => vec![NextAction::Wait],
        OrderState::Payment => vec![NextAction::Pay],
        OrderState::Authorized => vec![NextAction::Issue],
        // the package can be had again until it is known to work
        OrderState::Issued => vec![NextAction::Issue, NextAction::Confirm],
        OrderState::Installed | OrderState::Rejected | OrderState::Expired | OrderState::Cancelled => Vec::new(),
    }
}

const SELECT: &str = "SELECT no, state, version, certificate, customer, product, session, device_serial, holder, \
                      contact_name, contact_mobile, contact_email, old_from, old_until, new_from, new_until, \
                      term_days, fee_fen, review, verify_mobile, created, updated, expires, reason, body_hash, \
                      csr_hash, sign_serial, encrypt_serial FROM orders ";

macro_rules! select {
    ($rest:literal) => {
        sqlx::AssertSqlSafe(format!("{SELECT}{}", $rest))
    };
}

/// An order by its number.
///
/// # Errors
/// [`ServiceError`].
pub async fn find(store: &Store, no: &str) -> Result<Option<Row>, ServiceError> {
    if !is_name(no) {
        return Ok(None);
    }
    let row = sqlx::query(select!("WHERE no = $1")).bind(no).fetch_optional(store.pool()).await?;
    row.as_ref().map(Row::read).transpose()
}

/// The unfinished order of a certificate.
///
/// # Errors
/// [`ServiceError`].
pub async fn unfinished(store: &Store, certificate: &str) -> Result<Option<Row>, ServiceError> {
    let query = sqlx::query(select!("WHERE certificate = $1 AND finished = 0"));
    let row = query.bind(certificate).fetch_optional(store.pool()).await?;
    row.as_ref().map(Row::read).transpose()
}

/// The order made with an `Idempotency-Key`.
///
/// # Errors
/// [`ServiceError`].
pub async fn made_with(store: &Store, certificate: &str, idempotency_key: &str) -> Result<Option<Row>, ServiceError> {
    let query = sqlx::query(select!("WHERE certificate = $1 AND idempotency_key = $2"));
    let row = query.bind(certificate).bind(idempotency_key).fetch_optional(store.pool()).await?;
    row.as_ref().map(Row::read).transpose()
}

/// The secret that opens an order.
#[must_use]
pub fn token(service: &Service, no: &str) -> String {
    service.secrets.tag("order token", &[no])
}

/// The order a token opens; one whose time is over is ended first.
///
/// # Errors
/// `order_not_found` for no such order and for a wrong token alike.
pub async fn open(service: &Service, no: &str, given: &str) -> Result<Row, ServiceError> {
    let found = find(&service.store, no).await?;
    let found = found.filter(|_| same(&token(service, no), given)).ok_or_else(not_found)?;
    steps::expire_if_due(service, found).await
}

/// The refusal of an order that is not there.
#[must_use]
pub fn not_found() -> ServiceError {
    ServiceError::refused(ProblemCode::OrderNotFound, "no such order, or the token does not open it")
}

/// The refusal of what the order's state does not allow.
#[must_use]
pub fn wrong_state(state: OrderState) -> ServiceError {
    ServiceError::refused(ProblemCode::OrderState, format!("the order is {}", state.as_str()))
}
