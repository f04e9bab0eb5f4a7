//! The report that the key has its new PIN: signed by the key itself, which needed the PIN for it. The owner is told.

use super::{Details, Step, cancel, details, hold};
use crate::Service;
use crate::audit::Actor;
use crate::clock::minute_text;
use crate::error::ServiceError;
use crate::orders::{Row, find, not_found, steps, wrong_state};
use crate::outbox::{self, Channel, Message};
use crate::registry::certificates::{Certificate, Status};
use crate::registry::customers::{self, Customer};
use crate::registry::devices;
use crate::signed::{self, Evidence, Request};
use crate::store::Tx;
use order_api::{Order, OrderState, ProblemCode, Purpose, UnlockFinish};
use sqlx::Row as _;
use std::net::IpAddr;

/// Ends an unlock; said again by the same key, the same answer.
///
/// # Errors
/// Those of [`signed::open`]; `challenge_invalid`, `order_not_found`, `order_other_key`, `certificate_revoked`,
/// `order_state`.
pub async fn finish(
    service: &Service,
    no: &str,
    body: &[u8],
    p7: Option<&str>,
    from: Option<IpAddr>,
) -> Result<Order, ServiceError> {
    let path = order_api::path::Step::UnlockFinish.of(no);
    let request =
        signed::open(service, body, p7, |request: &UnlockFinish| &request.signed, Purpose::UnlockFinish, &path).await;
    let order = match find(&service.store, no).await? {
        Some(order) => order,
        None => return Err(request.err().unwrap_or_else(not_found)),
    };
    let unsigned = Actor { name: &order.certificate, role: "applicant" };
    let request = match request {
        Ok(request) => request,
        // only of an order that waits for it, or everybody could write what he likes into the log
        Err(error) if order.unlock.is_some() && order.state == OrderState::Issued => {
            let step = Step { action: "unlock.finish", actor: unsigned, no, from };
            return Err(step.refusal(service, error).await);
        }
        Err(error) => return Err(error),
    };
    let known = details(&order)?.clone();
    let signer = &request.signer;
    let step = Step { action: "unlock.finish", actor: Actor::customer(&signer.serial), no, from };
    if let Err(error) = fits(&order, signer, &request.content) {
        return Err(step.refusal(service, error).await);
    }
    let order = steps::expire_if_due(service, order).await?;
    let customer = customers::get(&service.store, order.customer).await?;
    let mut tx = service.store.begin().await?;
    let result = finished(service, &mut tx, (&order, &known), &customer, (&request, body), &step).await;
    for ended in step.settle(service, tx, result).await? {
        service.changed(&ended);
    }
    service.changed(no);
    let order = find(&service.store, no).await?.ok_or_else(not_found)?;
    Ok(order.view(service.now()))
}

fn fits(order: &Row, signer: &Certificate, content: &UnlockFinish) -> Result<(), ServiceError> {
    if order.certificate != signer.serial {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "not signed by the key of this order"));
    }
    if signer.status == Status::Revoked {
        return Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the certificate is revoked"));
    }
    if content.device_serial != order.device_serial {
        return Err(ServiceError::refused(ProblemCode::OrderOtherKey, "the order is of another device"));
    }
    Ok(())
}

/// Numbers of other orders that ended with it.
async fn finished(
    service: &Service,
    tx: &mut Tx,
    (order, known): (&Row, &Details),
    customer: &Customer,
    (request, body): (&Request<UnlockFinish>, &[u8]),
    step: &Step<'_>,
) -> Result<Vec<String>, ServiceError> {
    signed::use_challenge(service, tx, &request.content.signed).await?;
    devices::hold(tx, &order.device_serial).await?;
    let others = others(tx, order).await?;
    hold(tx, others.iter().cloned().chain([order.no.clone()]).collect()).await?;
    let order = super::super::find_within(tx, &order.no).await?.ok_or_else(not_found)?;
    let first = match order.state {
        OrderState::Installed => false,
        OrderState::Issued => true,
        other => return Err(wrong_state(other)),
    };
    if first {
        steps::advance(service, tx, &order, OrderState::Installed, None).await?;
    }
    let evidence = Evidence {
        session: None,
        order: Some(&order.no),
        kind: "unlock_finish",
        certificate: &request.signer.serial,
        body,
        signature: &request.p7,
    };
    signed::keep(service, tx, &evidence).await?;
    if !first {
        return Ok(Vec::new());
    }
    tell(service, tx, &order, known, customer).await?;
    for no in &others {
        cancel(service, tx, no, Actor::SERVICE, "the key was unlocked by another order").await?;
    }
    step.done(service, tx, "").await?;
    Ok(others)
}

/// Open unlocks that have no use any more: those of the same certificate, whatever they say, and those of the same device
/// that fit the books. One that does not fit learns nothing of a device that way: its certificate is public.
async fn others(tx: &mut Tx, order: &Row) -> Result<Vec<String>, ServiceError> {
    let rows = sqlx::query(
        "SELECT o.no FROM orders o JOIN unlocks u ON u.order_no = o.no \
         WHERE o.kind = 'unlock' AND o.finished = 0 AND o.no <> $1 \
         AND (o.certificate = $2 OR (o.device_serial = $3 AND u.matched = 1)) ORDER BY o.no",
    )
    .bind(&order.no)
    .bind(&order.certificate)
    .bind(&order.device_serial)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Tells the owner: at what is registered, at what was registered when the order came, and where the code went.
async fn tell(
    service: &Service,
    tx: &mut Tx,
    order: &Row,
    known: &Details,
    customer: &Customer,
) -> Result<(), ServiceError> {
    let (registered, time) = (&customer.contact, minute_text(service.now()));
    let owner = if registered.name.is_empty() { &customer.name } else { &registered.name };
    let mut told: Vec<&str> = Vec::new();
    for (channel, recipient, name) in [
        (Channel::Sms, &registered.mobile, owner),
        (Channel::Mail, &registered.email, owner),
        (Channel::Sms, &known.owner_mobile, owner),
        (Channel::Mail, &known.owner_email, owner),
        (Channel::Sms, &known.to_mobile, &known.to_name),
        (Channel::Mail, &known.to_email, &known.to_name),
    ] {
        if recipient.is_empty() || told.contains(&recipient.as_str()) {
            continue;
        }
        told.push(recipient);
        let values = [
            ("ca", service.config.name.as_str()),
            ("name", name.as_str()),
            ("device", order.device_serial.as_str()),
            ("order", order.no.as_str()),
            ("time", time.as_str()),
            ("telephone", service.config.support.telephone.as_str()),
        ];
        let (template, order) = ("unlock_done", Some(order.no.as_str()));
        let message = Message { channel, recipient, template, values: &values, secrets: &[], expires: None, order };
        outbox::put(service, tx, &message).await?;
    }
    Ok(())
}
