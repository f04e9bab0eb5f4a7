//! Issuing: both certificates and the sealed encryption key for a CSR, in one package (GM/T 0092 §8), once for each order.
//!
//! The order's row is taken first, so that a second request – on this instance or another – waits and then finds the
//! package: a CSR for the same key gets the same bytes, one for another key is refused.

use super::{Row, find, renewal, rules, steps, wrong_state};
use crate::Service;
use crate::audit::Actor;
use crate::error::ServiceError;
use crate::registry::certificates::{self, Certificate, IssuedPair, Kind, NewRow, Status, Template};
use crate::secrets::hex;
use crate::signed::{self, Evidence, Request, check_status};
use crate::store::Tx;
use gm::csr::Csr;
use gm::csr_response::CsrResponse;
use gm::sm3;
use order_api::path::Step;
use order_api::{IssueRequest, IssueResponse, OrderState, Period, Problem, ProblemCode, Purpose, SymAlg, WrapProfile};
use sqlx::Row as _;

/// Issues the certificates of an order, or gives the package made before.
///
/// # Errors
/// Those of [`signed::open`]; `challenge_invalid`, `order_not_found`, `order_other_key`, `certificate_revoked`,
/// `certificate_superseded`, `order_state`, `invalid_request` for the CSR, `other_request`, `unavailable`.
pub async fn issue(service: &Service, no: &str, body: &[u8], p7: Option<&str>) -> Result<IssueResponse, ServiceError> {
    let path = Step::Issue.of(no);
    let request =
        signed::open(service, body, p7, |request: &IssueRequest| &request.signed, Purpose::Issue, &path).await?;
    let order = find(&service.store, no).await?.ok_or_else(super::not_found)?;
    renewal(&order)?;
    if order.certificate != request.signer.serial {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "the order is of another certificate"));
    }
    check_status(&request.signer)?;
    let order = steps::expire_if_due(service, order).await?;
    let (SymAlg::Sm4Ecb, WrapProfile::Right32) = (request.content.sym_alg, request.content.wrap);
    let csr = check_csr(&request)?;
    // by its key, not by its bytes: a computer without the first one's journal signs another request with the same key
    let csr_hash = hex(&sm3(&[&csr.key.0]));

    let mut tx = service.store.begin().await?;
    signed::use_challenge(service, &mut tx, &request.content.signed).await?;
    // whoever comes at the same time waits here
    let taken = sqlx::query("UPDATE orders SET version = version + 1 WHERE no = $1 AND state = $2 AND version = $3")
        .bind(no)
        .bind(OrderState::Authorized.as_str())
        .bind(order.version)
        .execute(&mut *tx)
        .await?;
    if taken.rows_affected() == 1 {
        write(service, &mut tx, &order, &request, &csr, &csr_hash).await?;
    } else {
        check_made(&mut tx, no, &csr_hash).await?;
    }
    let certificate = request.signer.serial.as_str();
    let evidence = Evidence {
        session: Some(&order.session),
        order: Some(no),
        kind: "issue",
        certificate,
        body,
        signature: &request.p7,
    };
    signed::keep(service, &mut tx, &evidence).await?;
    if taken.rows_affected() == 1 {
        let actor = Actor::customer(certificate);
        steps::record(service, &mut tx, no, OrderState::Issued, actor, &csr_hash).await?;
    }
    tx.commit().await?;
    service.changed(no);
    answer(service, no).await
}

/// A CSR for the same subject with a good signature.
fn check_csr(request: &Request<IssueRequest>) -> Result<Csr, ServiceError> {
    let refused = |detail: &str| {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, detail);
        problem.field = Some("csr".to_owned());
        ServiceError::from(problem)
    };
    let csr = Csr::verified(&request.content.csr.0).map_err(|error| refused(&error.to_string()))?;
    if csr.subject != certificates::read(&request.signer.der)?.subject.der() {
        return Err(refused("the subject is not that of the certificate"));
    }
    Ok(csr)
}

/// Somebody was there before: fine if it was for the same CSR.
async fn check_made(tx: &mut Tx, no: &str, csr_hash: &str) -> Result<(), ServiceError> {
    let row = sqlx::query("SELECT state, csr_hash FROM orders WHERE no = $1").bind(no).fetch_one(&mut **tx).await?;
    let (state, made_for): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let state = OrderState::ALL.into_iter().find(|known| known.as_str() == state);
    match (state, made_for) {
        (Some(OrderState::Issued), Some(made_for)) if made_for == csr_hash => Ok(()),
        (Some(OrderState::Issued), _) => {
            Err(ServiceError::refused(ProblemCode::OtherRequest, "the order has a package for another key"))
        }
        (Some(state), _) => Err(wrong_state(state)),
        (None, _) => Err(ServiceError::Damaged(format!("the state of order {no}"))),
    }
}

async fn write(
    service: &Service,
    tx: &mut Tx,
    order: &Row,
    request: &Request<IssueRequest>,
    csr: &Csr,
    csr_hash: &str,
) -> Result<(), ServiceError> {
    // once more where nobody can come in between: a revocation ends the order first
    if certificates::knows_key(tx, &csr.key).await? {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, "the key of the CSR has a certificate already");
        problem.field = Some("csr".to_owned());
        return Err(problem.into());
    }
    let now = service.now();
    let new = rules::renewed(order.old, order.term_days, now);
    let template = Template::Renewal(&request.signer.der);
    let pair = certificates::make_pair(service, &order.no, &csr.key, &template, new).await?;
    let serials = (certificates::serial_of(&pair.sign)?, certificates::serial_of(&pair.encrypt)?);
    for (der, kind) in [(&pair.sign, Kind::Sign), (&pair.encrypt, Kind::Encrypt)] {
        let row = NewRow {
            der,
            kind,
            pair: &serials.0,
            customer: order.customer,
            status: Status::Pending,
            own: true,
            order_no: Some(&order.no),
        };
        certificates::insert(tx, &row, now).await?;
    }
    let package = package(service, pair)?;
    store(tx, order, (csr_hash, &package), &serials, new, now).await
}

fn package(service: &Service, pair: IssuedPair) -> Result<Vec<u8>, ServiceError> {
    let authorities = || [service.authority.operation().to_vec(), service.authority.root().to_vec()];
    let chain = |certificate: Vec<u8>| std::iter::once(certificate).chain(authorities()).collect();
    let response = CsrResponse { sign: chain(pair.sign), key: Some(pair.key), encrypt: chain(pair.encrypt) };
    Ok(response.to_der()?)
}

async fn store(
    tx: &mut Tx,
    order: &Row,
    (csr_hash, package): (&str, &[u8]),
    serials: &(String, String),
    new: Period,
    now: i64,
) -> Result<(), ServiceError> {
    sqlx::query(
        "UPDATE orders SET state = $1, updated = $2, expires = $3, new_from = $4, new_until = $5, csr_hash = $6, \
         package = $7, sign_serial = $8, encrypt_serial = $9 WHERE no = $10",
    )
    .bind(OrderState::Issued.as_str())
    .bind(now)
    .bind(steps::ends(OrderState::Issued, now))
    .bind(new.from)
    .bind(new.until)
    .bind(csr_hash)
    .bind(package)
    .bind(&serials.0)
    .bind(&serials.1)
    .bind(&order.no)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn answer(service: &Service, no: &str) -> Result<IssueResponse, ServiceError> {
    let order = find(&service.store, no).await?.ok_or_else(super::not_found)?;
    let row = sqlx::query("SELECT package FROM orders WHERE no = $1").bind(no).fetch_one(service.store.pool()).await?;
    let package: Option<Vec<u8>> = row.try_get(0)?;
    let package = package.ok_or_else(|| ServiceError::Damaged(format!("order {no} has no package")))?;
    Ok(IssueResponse { package: package.into(), order: order.view(service.now()) })
}

/// The package of an order as evidence for the console; `None` before it is issued.
///
/// # Errors
/// [`ServiceError`].
pub async fn package_of(service: &Service, no: &str) -> Result<Option<Vec<u8>>, ServiceError> {
    let query = sqlx::query("SELECT package FROM orders WHERE no = $1").bind(no);
    let row = query.fetch_optional(service.store.pool()).await?;
    Ok(row.map(|row| row.try_get::<Option<Vec<u8>>, _>(0)).transpose()?.flatten())
}

/// The certificates of an order's package in the books.
///
/// # Errors
/// [`ServiceError`].
pub async fn issued(service: &Service, order: &Row) -> Result<Vec<Certificate>, ServiceError> {
    let mut found = Vec::new();
    for serial in [&order.sign_serial, &order.encrypt_serial].into_iter().flatten() {
        found.extend(certificates::find(&service.store, serial).await?);
    }
    Ok(found)
}
