//! Confirming: the new key reports that its certificates work; only then the old pair is superseded.

use super::{find, renewal, steps, wrong_state};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::error::ServiceError;
use crate::registry::certificates::Status;
use crate::signed::{self, Evidence};
use crate::store::Tx;
use order_api::path::Step;
use order_api::{ConfirmRequest, Order, OrderState, Problem, ProblemCode, Purpose};

/// Confirms an order; said again by the same key, the same answer.
///
/// # Errors
/// Those of [`signed::open`]; `challenge_invalid`, `order_not_found`, `order_other_key`, `certificate_revoked`,
/// `invalid_request` for other serial numbers, `order_state`.
pub async fn confirm(service: &Service, no: &str, body: &[u8], p7: Option<&str>) -> Result<Order, ServiceError> {
    let path = Step::Confirm.of(no);
    let request =
        signed::open(service, body, p7, |request: &ConfirmRequest| &request.signed, Purpose::Confirm, &path).await?;
    let order = find(&service.store, no).await?.ok_or_else(super::not_found)?;
    renewal(&order)?;
    let signer = &request.signer;
    if order.sign_serial.as_deref() != Some(&signer.serial) {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "not signed by the new key of this order"));
    }
    if signer.status == Status::Revoked {
        return Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the new certificate is revoked"));
    }
    let content = &request.content;
    for (field, given, issued) in [
        ("sign_serial", &content.sign_serial, &order.sign_serial),
        ("encrypt_serial", &content.encrypt_serial, &order.encrypt_serial),
    ] {
        if Some(given) != issued.as_ref() {
            let mut problem = Problem::new(ProblemCode::InvalidRequest, "not the certificate of this order");
            problem.field = Some(field.to_owned());
            return Err(problem.into());
        }
    }
    let order = steps::expire_if_due(service, order).await?;
    let mut tx = service.store.begin().await?;
    signed::use_challenge(service, &mut tx, &content.signed).await?;
    let actor = Actor::customer(&signer.serial);
    match order.state {
        OrderState::Installed => {}
        OrderState::Issued => {
            match steps::advance(service, &mut tx, &order, OrderState::Installed, None).await {
                // the same report came twice at once; the other one did it
                Err(ServiceError::Refused(_)) => {
                    drop(tx);
                    return again(service, no).await;
                }
                other => other?,
            }
            supersede(service, &mut tx, &order.certificate, &signer.serial).await?;
        }
        other => return Err(wrong_state(other)),
    }
    let evidence = Evidence {
        session: Some(&order.session),
        order: Some(no),
        kind: "confirm",
        certificate: &signer.serial,
        body,
        signature: &request.p7,
    };
    signed::keep(service, &mut tx, &evidence).await?;
    if order.state == OrderState::Issued {
        steps::record(service, &mut tx, no, OrderState::Installed, actor, "").await?;
        let object = format!("certificate/{}", order.certificate);
        let entry = Entry::done(Actor::SERVICE, "certificate.supersede", &object, no);
        audit::append(&mut tx, &service.clock, &entry).await?;
    }
    tx.commit().await?;
    service.changed(no);
    again(service, no).await
}

async fn again(service: &Service, no: &str) -> Result<Order, ServiceError> {
    let order = find(&service.store, no).await?.ok_or_else(super::not_found)?;
    if order.state == OrderState::Installed { Ok(order.view(service.now())) } else { Err(wrong_state(order.state)) }
}

/// The new pair is in use, the old one no longer.
async fn supersede(service: &Service, tx: &mut Tx, old: &str, new: &str) -> Result<(), ServiceError> {
    for (pair, from, to) in [(old, Status::Valid, Status::Superseded), (new, Status::Pending, Status::Valid)] {
        sqlx::query("UPDATE certificates SET status = $1, status_at = $2 WHERE pair = $3 AND status = $4")
            .bind(to.as_str())
            .bind(service.now())
            .bind(pair)
            .bind(from.as_str())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
