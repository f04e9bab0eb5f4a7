//! Taking an application. What can be checked by everybody is told; what only the books know is not.
//!
//! An order that is open for the certificate is no obstacle, or else whoever has it – it is public – could keep its owner
//! from applying. Floods are held back by the picture, by the count for each certificate and mobile number, and by the
//! service's limit for each address; a limit of its own for each address would hit whole offices behind one.

use super::code::{self, Sending, Sent};
use super::{Fits, Step, TRIES, applicant, ends, route_text};
use crate::Service;
use crate::captchas::{self, Answer};
use crate::clock::day_text;
use crate::error::ServiceError;
use crate::limits;
use crate::orders::create::{Headers, again, checked_key};
use crate::orders::{find, made_with, not_found, token};
use crate::registry::certificates::{self, Certificate, Kind, Status};
use crate::registry::customers::{self, Customer, LONGEST_NAME, is_email, is_mobile};
use crate::registry::devices;
use crate::secrets::hex;
use crate::signed::{self, Evidence};
use crate::store::{Tx, is_duplicate, next_number};
use base::display::is_deceptive;
use gm::{signature_from_der, sm3};
use order_api::{
    Applicant, Base64, Contact, OrderCreated, OrderState, Problem, ProblemCode, UnlockRequest, UnlockRoute,
};
use std::net::IpAddr;

/// Longest telephone number, characters.
const LONGEST_TELEPHONE: usize = 32;

/// Takes an application. The same key with the same body gets the order again, as it is by then, with the same token.
///
/// # Errors
/// `invalid_request`, `signature_invalid`, `certificate_unknown`, `certificate_revoked`, `certificate_superseded`,
/// `idempotency_conflict`, `invalid_contact`, `captcha_wrong`, `captcha_stale`, `daily_limit`.
pub async fn create(
    service: &Service,
    body: &[u8],
    headers: &Headers<'_>,
    from: Option<IpAddr>,
) -> Result<OrderCreated, ServiceError> {
    let mut request: UnlockRequest = crate::json(body)?;
    let signature = headers.signature.and_then(Base64::parse).map(|signature| signature.0).unwrap_or_default();
    let signed = signature_from_der(&signature).and_then(|given| request.client_key.0.verify_message(body, &given));
    if signed.is_err() {
        let detail = "the signature of the client key does not fit the body";
        return Err(ServiceError::refused(ProblemCode::SignatureInvalid, detail));
    }
    let key = checked_key(headers.idempotency_key)?;
    let certificate = known(service, &request.certificate.0).await?;
    let body_hash = hex(&sm3(&[body]));
    if let Some(made) = made_with(&service.store, &certificate.serial, key).await? {
        return again(service, &made, &body_hash);
    }
    refuse_ended(certificate.status)?;
    devices::check_serial(&request.device_serial)?;
    request.applicant = trimmed(&request.applicant);
    check(request.route, &request.applicant)?;
    let new = New { service, request: &request, certificate: &certificate, key, body_hash: &body_hash, from };
    match new.write(body, &signature).await {
        Err(ServiceError::Database(error)) if is_duplicate(&error) => {
            // the same request was quicker elsewhere
            match made_with(&service.store, &certificate.serial, key).await? {
                Some(made) => again(service, &made, &body_hash),
                None => Err(error.into()),
            }
        }
        // the same request used the picture up a moment ago
        Err(ServiceError::Refused(refusal)) => match made_with(&service.store, &certificate.serial, key).await? {
            Some(made) => again(service, &made, &body_hash),
            None => Err(ServiceError::Refused(refusal)),
        },
        Err(error) => Err(error),
        Ok(no) => {
            service.changed(&no);
            let row = find(&service.store, &no).await?.ok_or_else(not_found)?;
            Ok(OrderCreated { order: row.view(service.now()), token: token(service, &no) })
        }
    }
}

/// A signing certificate in the books, byte for byte, whether it has ended or not.
async fn known(service: &Service, der: &[u8]) -> Result<Certificate, ServiceError> {
    let unknown = || ServiceError::refused(ProblemCode::CertificateUnknown, "the certificate is not one of this CA");
    // what is no certificate is none of ours
    certificates::serial_of(der).map_err(|_| unknown())?;
    let found = certificates::find_der(&service.store, der).await?;
    found.filter(|found| found.kind == Kind::Sign).ok_or_else(unknown)
}

/// That a certificate is revoked or was renewed stands in lists that everybody reads. One that expired, or is not confirmed
/// yet, is still on a key that can be unlocked.
fn refuse_ended(status: Status) -> Result<(), ServiceError> {
    match status {
        Status::Valid | Status::Pending => Ok(()),
        Status::Revoked => Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the certificate is revoked")),
        Status::Superseded => {
            Err(ServiceError::refused(ProblemCode::CertificateSuperseded, "the certificate was renewed before"))
        }
    }
}

fn trimmed(applicant: &Applicant) -> Applicant {
    let text = |text: &str| text.trim().to_owned();
    Applicant {
        name: text(&applicant.name),
        telephone: text(&applicant.telephone),
        mobile: text(&applicant.mobile),
        email: text(&applicant.email),
    }
}

/// Whether an application is whole for its way.
fn check(route: UnlockRoute, applicant: &Applicant) -> Result<(), ServiceError> {
    let characters = applicant.name.chars().count();
    let callable = |text: &str| {
        text.chars().count() <= LONGEST_TELEPHONE
            && text.bytes().filter(u8::is_ascii_digit).count() >= 3
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte))
    };
    let by_sms = route == UnlockRoute::Sms;
    let wrong = if characters == 0 || characters > LONGEST_NAME || applicant.name.chars().any(is_deceptive) {
        "name"
    } else if (by_sms || !applicant.mobile.is_empty()) && !is_mobile(&applicant.mobile) {
        "mobile"
    } else if !applicant.telephone.is_empty() && !callable(&applicant.telephone)
        || applicant.telephone.is_empty() && applicant.mobile.is_empty()
    {
        "telephone"
    } else if !applicant.email.is_empty() && !is_email(&applicant.email) {
        "email"
    } else {
        return Ok(());
    };
    let mut problem = Problem::new(ProblemCode::InvalidContact, format!("the field {wrong}"));
    problem.field = Some(wrong.to_owned());
    Err(problem.into())
}

/// A text as it is compared: without spaces, in small letters.
fn normal(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// What of an application is that of the books.
fn fits(applicant: &Applicant, registered: &Contact, device: bool) -> Fits {
    let same = |given: &str, known: &str| !known.is_empty() && normal(given) == normal(known);
    Fits {
        device,
        name: same(&applicant.name, &registered.name),
        mobile: same(&applicant.mobile, &registered.mobile),
        email: applicant.email.is_empty() || same(&applicant.email, &registered.email),
    }
}

/// An application about to be written.
struct New<'a> {
    service: &'a Service,
    request: &'a UnlockRequest,
    certificate: &'a Certificate,
    key: &'a str,
    body_hash: &'a str,
    from: Option<IpAddr>,
}

impl New<'_> {
    async fn write(&self, body: &[u8], signature: &[u8]) -> Result<String, ServiceError> {
        let Self { service, request, certificate, .. } = *self;
        let customer = customers::get(&service.store, certificate.customer).await?;
        let device = devices::find(&service.store, &request.device_serial).await?;
        let device = device.is_some_and(|device| device.customer == customer.id);
        let fits = fits(&request.applicant, &customer.contact, device);
        // an officer decides the others
        let matched = request.route == UnlockRoute::Sms && fits.device && fits.name && fits.mobile && fits.email;
        let mut tx = service.store.begin().await?;
        if service.config.captcha {
            let answer = match &request.captcha {
                Some(given) => captchas::check(service, &mut tx, given).await?,
                None => Answer::Stale,
            };
            if let Some(refusal) = answer.refusal() {
                // a wrong answer has used the picture up
                tx.commit().await?;
                return Err(refusal);
            }
        }
        let subject = format!("unlock/{}", certificate.serial);
        limits::day(service, &mut tx, &subject, service.config.limits.unlocks_day).await?;
        let now = service.now();
        let (day, route) = (day_text(now), request.route);
        let state = if route == UnlockRoute::Sms { OrderState::Authorized } else { OrderState::Reviewing };
        if state == OrderState::Authorized {
            code::count(service, &mut tx, [&request.applicant.mobile, ""]).await?;
        }
        let number = next_number(&mut tx, &format!("order/{day}")).await?;
        let no = format!("{day}-{number:06}");
        self.insert_order(&mut tx, &no, state, &customer, now).await?;
        // and not if it was revoked in this moment
        let valid = sqlx::query("UPDATE certificates SET status = status WHERE serial = $1 AND status = $2")
            .bind(&certificate.serial)
            .bind(certificate.status.as_str())
            .execute(&mut *tx)
            .await?;
        if valid.rows_affected() != 1 {
            return Err(ServiceError::refused(ProblemCode::CertificateRevoked, "the certificate is revoked"));
        }
        let sent = match state {
            OrderState::Authorized => {
                let sending = Sending {
                    no: &no,
                    device: &request.device_serial,
                    route,
                    order_ends: ends(state, route, now).unwrap_or(i64::MAX),
                    to: (&request.applicant.name, &request.applicant.mobile, ""),
                    matched,
                };
                Some(code::write(service, &mut tx, &sending).await?)
            }
            _ => None,
        };
        self.insert_unlock(&mut tx, &no, &customer, (fits, matched), sent.as_ref()).await?;
        let certificate = certificate.serial.as_str();
        let evidence = Evidence { session: None, order: Some(&no), kind: "unlock", certificate, body, signature };
        signed::keep(service, &mut tx, &evidence).await?;
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let detail = format!(
            "{}, device {}; fits: device {}, name {}, mobile {}, e-mail {}",
            route_text(route),
            request.device_serial,
            yes(fits.device),
            yes(fits.name),
            yes(fits.mobile),
            yes(fits.email)
        );
        let step = Step { action: "unlock.request", actor: applicant(certificate), no: &no, from: self.from };
        step.done(service, &mut tx, &detail).await?;
        tx.commit().await?;
        Ok(no)
    }

    async fn insert_order(
        &self,
        tx: &mut Tx,
        no: &str,
        state: OrderState,
        customer: &Customer,
        now: i64,
    ) -> Result<(), ServiceError> {
        let Self { request, certificate, .. } = *self;
        let (validity, applicant) = (certificate.validity, &request.applicant);
        sqlx::query(
            "INSERT INTO orders (no, kind, state, version, finished, certificate, customer, product, session, \
             device_serial, holder, contact_name, contact_mobile, contact_email, old_from, old_until, new_from, \
             new_until, term_days, fee_fen, review, verify_mobile, created, updated, expires, idempotency_key, \
             body_hash) \
             VALUES ($1, 'unlock', $2, 1, 0, $3, $4, $5, '', $6, $7, $8, $9, $10, $11, $12, $11, $12, 0, 0, $13, 0, \
             $14, $14, $15, $16, $17)",
        )
        .bind(no)
        .bind(state.as_str())
        .bind(&certificate.serial)
        .bind(customer.id)
        .bind(&customer.product)
        .bind(&request.device_serial)
        .bind(&certificate.holder)
        .bind(&applicant.name)
        .bind(&applicant.mobile)
        .bind(&applicant.email)
        .bind(validity.from)
        .bind(validity.until)
        .bind(i64::from(request.route == UnlockRoute::Review))
        .bind(now)
        .bind(ends(state, request.route, now))
        .bind(self.key)
        .bind(self.body_hash)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn insert_unlock(
        &self,
        tx: &mut Tx,
        no: &str,
        customer: &Customer,
        (fits, matched): (Fits, bool),
        sent: Option<&Sent>,
    ) -> Result<(), ServiceError> {
        let (request, to) = (self.request, sent.map(|_| &self.request.applicant));
        sqlx::query(
            "INSERT INTO unlocks (order_no, route, telephone, client_key, device_fits, name_fits, mobile_fits, \
             email_fits, matched, owner_mobile, owner_email, to_name, to_mobile, to_email, nonce, code_sent, \
             code_expires, tries_left, officer, note, sent_to) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', $14, $15, $16, $17, '', '', '')",
        )
        .bind(no)
        .bind(route_text(request.route))
        .bind(&request.applicant.telephone)
        .bind(hex(&request.client_key.0.0))
        .bind(i64::from(fits.device))
        .bind(i64::from(fits.name))
        .bind(i64::from(fits.mobile))
        .bind(i64::from(fits.email))
        .bind(i64::from(matched))
        .bind(&customer.contact.mobile)
        .bind(&customer.contact.email)
        .bind(to.map_or("", |to| to.name.as_str()))
        .bind(to.map_or("", |to| to.mobile.as_str()))
        .bind(sent.map_or("", |sent| sent.nonce.as_str()))
        .bind(sent.map(|sent| sent.at))
        .bind(sent.map(|sent| sent.expires))
        .bind(TRIES)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, fits};
    use order_api::{Applicant, Contact, UnlockRoute};

    fn applicant(name: &str, telephone: &str, mobile: &str, email: &str) -> Applicant {
        let text = |text: &str| text.to_owned();
        Applicant { name: text(name), telephone: text(telephone), mobile: text(mobile), email: text(email) }
    }

    #[test]
    fn each_way_asks_for_what_it_needs() {
        let field =
            |route, applicant: &Applicant| check(route, applicant).err().and_then(|error| error.problem().field);
        let (sms, review) = (UnlockRoute::Sms, UnlockRoute::Review);
        for (name, telephone, mobile, email, by_sms, by_review) in [
            ("李", "", "13800138000", "", None, None),
            ("李", "010-12345678", "", "", Some("mobile"), None),
            ("李", "+86 (10) 1234", "13800138000", "li@example.com", None, None),
            ("李", "", "", "", Some("mobile"), Some("telephone")),
            ("", "", "13800138000", "", Some("name"), Some("name")),
            ("a\u{7}", "", "13800138000", "", Some("name"), Some("name")),
            (&"名".repeat(65), "", "13800138000", "", Some("name"), Some("name")),
            ("李", "010", "1380013800", "", Some("mobile"), Some("mobile")),
            ("李", "call me", "13800138000", "", Some("telephone"), Some("telephone")),
            ("李", "--", "13800138000", "", Some("telephone"), Some("telephone")),
            ("李", "", "13800138000", "li@", Some("email"), Some("email")),
        ] {
            let applicant = applicant(name, telephone, mobile, email);
            assert_eq!(field(sms, &applicant).as_deref(), by_sms, "{applicant:?}");
            assert_eq!(field(review, &applicant).as_deref(), by_review, "{applicant:?}");
        }
    }

    #[test]
    fn spaces_and_case_do_not_matter_and_an_empty_register_fits_nobody() {
        let registered =
            Contact { name: "Li Lei".into(), mobile: "13800138000".into(), email: "Li@Example.com".into() };
        let all = |applicant: &Applicant, registered: &Contact| {
            let fits = fits(applicant, registered, true);
            (fits.name, fits.mobile, fits.email)
        };
        assert_eq!(
            all(&applicant("LI\u{3000}LEI", "", "13800138000", "li@example.com"), &registered),
            (true, true, true)
        );
        assert_eq!(all(&applicant("Li Lei", "", "13800138000", ""), &registered), (true, true, true));
        assert_eq!(all(&applicant("Li Le", "", "13800138001", "x@example.com"), &registered), (false, false, false));
        assert_eq!(all(&applicant("", "", "", "x@example.com"), &Contact::default()), (false, false, false));
    }
}
