//! The officer's part: what an application says, what of it fits the books, and the decision.

use super::code::{self, Sending};
use super::{Details, Fits, SentTo, details, ends};
use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::error::ServiceError;
use crate::orders::{Row, find, not_found, steps, wrong_state};
use crate::outbox::{self, Channel, Message};
use crate::registry::customers;
use crate::registry::devices::{self, Device};
use order_api::{Contact, OrderState, UnlockRoute};

/// Longest note of an officer, characters.
const LONGEST_NOTE: usize = 500;

/// How a code goes to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// SMS.
    Sms,
    /// Mail.
    Mail,
    /// The same code both ways.
    Both,
}

/// An officer's yes.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    /// To whom the code goes. To the applicant when the registered number or address is no longer theirs; the registered
    /// contact is not changed by it.
    pub to: SentTo,
    /// How it goes.
    pub by: By,
    /// How the officer knows who applies, such as the telephone call: 1–500 characters.
    pub note: &'a str,
}

/// What an officer needs to decide.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The order; its contact is what the applicant says.
    pub order: Row,
    /// The rest of what the applicant says, and how far it is.
    pub details: Details,
    /// What of it was that of the books when it came.
    pub fits: Fits,
    /// Registered contact now.
    pub registered: Contact,
    /// The device, when it is one of the certificate's customer now; without it the CA can't unlock.
    pub device: Option<Device>,
}

/// An unlock with what an officer needs to decide.
///
/// # Errors
/// `order_not_found`; `order_state` for an order of another kind.
pub async fn shown(service: &Service, no: &str) -> Result<Shown, ServiceError> {
    let order = find(&service.store, no).await?.ok_or_else(not_found)?;
    let details = details(&order)?.clone();
    let customer = customers::get(&service.store, order.customer).await?;
    let device = devices::find(&service.store, &order.device_serial).await?;
    Ok(Shown {
        fits: details.fits,
        details,
        registered: customer.contact,
        device: device.filter(|device| device.customer == order.customer),
        order,
    })
}

/// An officer says yes: the code is sent.
///
/// # Errors
/// [`ServiceError::Unacceptable`] in words: without a note or with one too long, for a device the CA can't unlock, and
/// when there is no number or address to send the code to; `order_state`, `order_not_found`.
pub async fn approve(
    service: &Service,
    no: &str,
    officer: Actor<'_>,
    approval: &Approval<'_>,
) -> Result<(), ServiceError> {
    let note = approval.note.trim();
    if note.is_empty() || note.chars().count() > LONGEST_NOTE {
        return Err(refused("a note of 1 to 500 characters on how the applicant was recognised is needed"));
    }
    let shown = reviewed(service, no).await?;
    if shown.device.is_none() {
        return Err(refused("the device is not in the books for this customer: the CA can't unlock it"));
    }
    let contact = match approval.to {
        SentTo::Registered => &shown.registered,
        SentTo::Applicant => &shown.order.contact,
    };
    let (mobile, email) = match approval.by {
        By::Sms => (contact.mobile.as_str(), ""),
        By::Mail => ("", contact.email.as_str()),
        By::Both => (contact.mobile.as_str(), contact.email.as_str()),
    };
    let (needs_mobile, needs_email) = (approval.by != By::Mail, approval.by != By::Sms);
    if needs_mobile && mobile.is_empty() {
        return Err(refused("there is no mobile number to send the code to"));
    }
    if needs_email && email.is_empty() {
        return Err(refused("there is no e-mail address to send the code to"));
    }
    let order = &shown.order;
    let mut tx = service.store.begin().await?;
    steps::advance(service, &mut tx, order, OrderState::Authorized, None).await?;
    let sending = Sending {
        no,
        device: &order.device_serial,
        route: UnlockRoute::Review,
        order_ends: ends(OrderState::Authorized, UnlockRoute::Review, service.now()).unwrap_or(i64::MAX),
        to: (&contact.name, mobile, email),
        matched: true,
    };
    let sent = code::write(service, &mut tx, &sending).await?;
    sqlx::query(
        "UPDATE unlocks SET matched = 1, to_name = $1, to_mobile = $2, to_email = $3, nonce = $4, code_sent = $5, \
         code_expires = $6, officer = $7, note = $8, sent_to = $9 WHERE order_no = $10",
    )
    .bind(&contact.name)
    .bind(mobile)
    .bind(email)
    .bind(&sent.nonce)
    .bind(sent.at)
    .bind(sent.expires)
    .bind(officer.name)
    .bind(note)
    .bind(approval.to.as_str())
    .bind(no)
    .execute(&mut *tx)
    .await?;
    let action = match approval.to {
        SentTo::Registered => "unlock.approve",
        SentTo::Applicant => "unlock.approve_applicant",
    };
    let object = format!("order/{no}");
    audit::append(&mut tx, &service.clock, &Entry::done(officer, action, &object, note)).await?;
    tx.commit().await?;
    service.changed(no);
    Ok(())
}

/// An officer says no: the applicant is told.
///
/// # Errors
/// [`ServiceError::Unacceptable`] without a reason or with one too long; `order_state`, `order_not_found`.
pub async fn reject(service: &Service, no: &str, officer: Actor<'_>, reason: &str) -> Result<(), ServiceError> {
    let reason = steps::checked_reason(reason)?;
    let order = reviewed(service, no).await?.order;
    let mut tx = service.store.begin().await?;
    steps::advance(service, &mut tx, &order, OrderState::Rejected, Some(reason)).await?;
    sqlx::query("UPDATE unlocks SET officer = $1 WHERE order_no = $2")
        .bind(officer.name)
        .bind(no)
        .execute(&mut *tx)
        .await?;
    let contact = &order.contact;
    for (channel, recipient) in [(Channel::Sms, contact.mobile.as_str()), (Channel::Mail, contact.email.as_str())] {
        if recipient.is_empty() {
            continue;
        }
        let values = [
            ("ca", service.config.name.as_str()),
            ("name", contact.name.as_str()),
            ("order", no),
            ("reason", reason),
            ("telephone", service.config.support.telephone.as_str()),
        ];
        let (template, order) = ("unlock_rejected", Some(no));
        let message = Message { channel, recipient, template, values: &values, secrets: &[], expires: None, order };
        outbox::put(service, &mut tx, &message).await?;
    }
    steps::record(service, &mut tx, no, OrderState::Rejected, officer, reason).await?;
    tx.commit().await?;
    service.changed(no);
    Ok(())
}

async fn reviewed(service: &Service, no: &str) -> Result<Shown, ServiceError> {
    let shown = shown(service, no).await?;
    let order = steps::expire_if_due(service, shown.order).await?;
    if order.state != OrderState::Reviewing {
        return Err(wrong_state(order.state));
    }
    Ok(Shown { order, ..shown })
}

fn refused(words: &str) -> ServiceError {
    ServiceError::Unacceptable(words.to_owned())
}
