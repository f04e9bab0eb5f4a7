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
pub mod unlock;

use super::Service;
use super::error::ServiceError;
use super::registry::customers::masked;
use super::secrets::{is_name, same};
use super::store::{Store, Tx};
use order_api::{Contact, NextAction, Order, OrderKind, OrderState, Period, ProblemCode};
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// An order in the books.
#[derive(Clone, Debug)]
pub struct Row {
    /// Order number, `yyyymmdd-nnnnnn`.
    pub no: String,
    /// What it is about.
    pub kind: OrderKind,
    /// How far it is.
    pub state: OrderState,
    /// Grows with every change.
    pub version: i64,
    /// Serial number of the signing certificate to be renewed, or on the key to be unlocked.
    pub certificate: String,
    /// Whose it is.
    pub customer: i64,
    /// Code of the product.
    pub product: String,
    /// Session it was made in; empty when there was none.
    pub session: String,
    /// USB-Key 序列号.
    pub device_serial: String,
    /// Common name of the holder.
    pub holder: String,
    /// Whom the CA calls; of an unlock what the applicant says of himself, with empty fields where he says nothing.
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
    /// What only an unlock has.
    pub unlock: Option<unlock::Details>,
}

impl Row {
    /// Reads a row of [`SELECT`].
    fn read(row: &AnyRow) -> Result<Self, ServiceError> {
        let (no, state): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let known = OrderState::ALL.into_iter().find(|known| known.as_str() == state);
        let state = known.ok_or_else(|| ServiceError::Damaged(format!("order {no} is {state}")))?;
        let kind: String = row.try_get(28)?;
        Ok(Self {
            no,
            kind: if kind == OrderKind::Unlock.as_str() { OrderKind::Unlock } else { OrderKind::Renew },
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
            unlock: unlock::Details::read(row, 29)?,
        })
    }

    /// The order as its owner sees it at `now`. Until it is issued the new validity is that of an issue today; that of an
    /// unlock stays as it is.
    #[must_use]
    pub fn view(&self, now: i64) -> Order {
        let renewal = self.kind == OrderKind::Renew;
        let open = renewal && !self.state.is_final() && self.state != OrderState::Issued;
        let issued = [&self.sign_serial, &self.encrypt_serial].into_iter().flatten().cloned().collect();
        Order {
            no: self.no.clone(),
            kind: self.kind,
            state: self.state,
            next_actions: if renewal { next_actions(self.state) } else { unlock::next_actions(self.state) },
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
            unlock: self.unlock.as_ref().map(|unlock| unlock.view(self.state)),
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

const SELECT: &str = "SELECT o.no, o.state, o.version, o.certificate, o.customer, o.product, o.session, \
                      o.device_serial, o.holder, o.contact_name, o.contact_mobile, o.contact_email, o.old_from, \
                      o.old_until, o.new_from, o.new_until, o.term_days, o.fee_fen, o.review, o.verify_mobile, \
                      o.created, o.updated, o.expires, o.reason, o.body_hash, o.csr_hash, o.sign_serial, \
                      o.encrypt_serial, o.kind, u.route, u.telephone, u.client_key, u.device_fits, u.name_fits, \
                      u.mobile_fits, u.email_fits, u.matched, u.owner_mobile, u.owner_email, u.to_name, u.to_mobile, \
                      u.to_email, u.nonce, u.code_sent, u.code_expires, u.tries_left, u.officer, u.note, u.sent_to, \
                      u.begun, u.answered, u.admin_tries, u.refused \
                      FROM orders o LEFT JOIN unlocks u ON u.order_no = o.no ";

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
    let row = sqlx::query(select!("WHERE o.no = $1")).bind(no).fetch_optional(store.pool()).await?;
    row.as_ref().map(Row::read).transpose()
}

/// An order by its number, as a transaction sees it.
///
/// # Errors
/// [`ServiceError`].
pub async fn find_within(tx: &mut Tx, no: &str) -> Result<Option<Row>, ServiceError> {
    let row = sqlx::query(select!("WHERE o.no = $1")).bind(no).fetch_optional(&mut **tx).await?;
    row.as_ref().map(Row::read).transpose()
}

/// The unfinished renewal of a certificate.
///
/// # Errors
/// [`ServiceError`].
pub async fn unfinished(store: &Store, certificate: &str) -> Result<Option<Row>, ServiceError> {
    let query = sqlx::query(select!("WHERE o.certificate = $1 AND o.kind = 'renew' AND o.finished = 0"));
    let row = query.bind(certificate).fetch_optional(store.pool()).await?;
    row.as_ref().map(Row::read).transpose()
}

/// The order made with an `Idempotency-Key`.
///
/// # Errors
/// [`ServiceError`].
pub async fn made_with(store: &Store, certificate: &str, idempotency_key: &str) -> Result<Option<Row>, ServiceError> {
    let query = sqlx::query(select!("WHERE o.certificate = $1 AND o.idempotency_key = $2"));
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

/// Refuses a step of a renewal to orders of another kind.
///
/// # Errors
/// `order_state`.
pub(super) fn renewal(order: &Row) -> Result<(), ServiceError> {
    if order.kind == OrderKind::Renew { Ok(()) } else { Err(unlock::wrong_kind()) }
}

/// The refusal of what the order's state does not allow.
#[must_use]
pub fn wrong_state(state: OrderState) -> ServiceError {
    ServiceError::refused(ProblemCode::OrderState, format!("the order is {}", state.as_str()))
}
