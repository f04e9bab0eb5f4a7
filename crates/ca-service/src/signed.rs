//! Requests that a key on a token signs: GM/T 0010 `SignedData` over the exact body, bound to one request by challenge,
//! purpose, method, path and time.

use super::Service;
use super::error::ServiceError;
use super::registry::certificates::{self, Certificate, Kind, Status};
use super::secrets::{is_name, random_hex};
use super::store::Tx;
use order_api::{Base64, CLOCK_TOLERANCE, Challenge, Problem, ProblemCode, Purpose, Signed};
use serde::de::DeserializeOwned;

/// How long a challenge counts, seconds.
const CHALLENGE_LIFE: i64 = 300;

/// A request with the certificate that signed it. The challenge is not used up yet: see [`use_challenge`].
pub struct Request<T> {
    /// What was signed.
    pub content: T,
    /// By whom; in the books, but of any status.
    pub signer: Certificate,
    /// The signature, DER.
    pub p7: Vec<u8>,
}

/// Checks a signed request up to its challenge.
///
/// # Errors
/// `signature_invalid`, `invalid_request`, `clock_skew`, `certificate_unknown`.
pub async fn open<T: DeserializeOwned>(
    service: &Service,
    body: &[u8],
    p7: Option<&str>,
    signed: impl Fn(&T) -> &Signed,
    purpose: Purpose,
    path: &str,
) -> Result<Request<T>, ServiceError> {
    let invalid = |detail: &str| ServiceError::refused(ProblemCode::SignatureInvalid, detail);
    let p7 = p7.and_then(Base64::parse).ok_or_else(|| invalid("the signature is missing or not base64"))?.0;
    let verified = certificate::verify_signed_data(&p7, Some(body)).map_err(|error| invalid(&error.to_string()))?;
    let content: T = super::json(body)?;
    check_claims(service, signed(&content), purpose, path)?;
    let signer = certificates::find_der(&service.store, &verified.certificate).await?;
    let signer = signer.filter(|known| known.kind == Kind::Sign);
    let signer = signer.ok_or_else(|| {
        ServiceError::refused(ProblemCode::CertificateUnknown, "the certificate is not in the books of this CA")
    })?;
    Ok(Request { content, signer, p7 })
}

/// Whether what was signed is for this request, and the client's clock near ours.
///
/// # Errors
/// `signature_invalid`, `clock_skew`.
pub fn check_claims(service: &Service, claims: &Signed, purpose: Purpose, path: &str) -> Result<(), ServiceError> {
    if claims.purpose != purpose || claims.method != "POST" || claims.path != path {
        return Err(ServiceError::refused(ProblemCode::SignatureInvalid, "signed for another request"));
    }
    let now = service.now();
    if claims.time.checked_sub(now).and_then(i64::checked_abs).is_none_or(|off| off > CLOCK_TOLERANCE) {
        let mut problem = Problem::new(ProblemCode::ClockSkew, "the client's clock is too far off");
        problem.time = Some(now);
        return Err(problem.into());
    }
    Ok(())
}

/// Uses up the challenge of a request; what the transaction changes happens at most once for it.
///
/// # Errors
/// `challenge_invalid`.
pub async fn use_challenge(service: &Service, tx: &mut Tx, signed: &Signed) -> Result<(), ServiceError> {
    let detail = "the challenge is unknown, used, expired or for another purpose";
    let invalid = ServiceError::refused(ProblemCode::ChallengeInvalid, detail);
    if !is_name(&signed.nonce) {
        return Err(invalid);
    }
    let used =
        sqlx::query("UPDATE challenges SET used = 1 WHERE nonce = $1 AND used = 0 AND purpose = $2 AND expires > $3")
            .bind(&signed.nonce)
            .bind(purpose_text(signed.purpose))
            .bind(service.now())
            .execute(&mut **tx)
            .await?;
    if used.rows_affected() == 1 { Ok(()) } else { Err(invalid) }
}

/// Makes a challenge.
///
/// # Errors
/// [`ServiceError`].
pub async fn challenge(service: &Service, purpose: Purpose) -> Result<Challenge, ServiceError> {
    let time = service.now();
    let challenge = Challenge { nonce: random_hex::<32>()?, expires: time + CHALLENGE_LIFE, time };
    let mut tx = service.store.begin().await?;
    sqlx::query("INSERT INTO challenges (nonce, purpose, used, expires) VALUES ($1, $2, 0, $3)")
        .bind(&challenge.nonce)
        .bind(purpose_text(purpose))
        .bind(challenge.expires)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(challenge)
}

const fn purpose_text(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Session => "session",
        Purpose::Issue => "issue",
        Purpose::Confirm => "confirm",
        Purpose::Unlock => "unlock",
        Purpose::UnlockFinish => "unlock_finish",
    }
}

/// Refuses a certificate that may not be renewed for what it is.
///
/// # Errors
/// `certificate_revoked`, `certificate_superseded`, `order_exists` for one that is not confirmed yet.
pub fn check_status(certificate: &Certificate) -> Result<(), ServiceError> {
    let (code, detail) = match certificate.status {
        Status::Valid => return Ok(()),
        Status::Revoked => (ProblemCode::CertificateRevoked, "the certificate is revoked"),
        Status::Superseded => (ProblemCode::CertificateSuperseded, "the certificate was renewed before"),
        Status::Pending => (ProblemCode::OrderExists, "the order of this new certificate is not confirmed"),
    };
    let mut problem = Problem::new(code, detail);
    if code == ProblemCode::OrderExists {
        problem.order.clone_from(&certificate.order_no);
    }
    Err(problem.into())
}

/// What was signed, as it is kept.
pub struct Evidence<'a> {
    /// Session it belongs to.
    pub session: Option<&'a str>,
    /// Order it belongs to.
    pub order: Option<&'a str>,
    /// `session`, `order`, `issue`, `confirm`, `unlock`, `unlock_begin` or `unlock_finish`.
    pub kind: &'a str,
    /// Serial number of the certificate.
    pub certificate: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// Detached `SignedData`, or the DER signature of the session key or of the client key of an unlock.
    pub signature: &'a [u8],
}

/// Keeps what was signed, unchanged.
///
/// # Errors
/// [`ServiceError`].
pub async fn keep(service: &Service, tx: &mut Tx, evidence: &Evidence<'_>) -> Result<(), ServiceError> {
    sqlx::query(
        "INSERT INTO evidence (id, session, order_no, kind, at, certificate, body, signature) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(random_hex::<16>()?)
    .bind(evidence.session)
    .bind(evidence.order)
    .bind(evidence.kind)
    .bind(service.now())
    .bind(evidence.certificate)
    .bind(evidence.body)
    .bind(evidence.signature)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
