//! Certificates in the books: those this CA issued and those taken in from elsewhere.
//!
//! Invariants: certificates come in pairs named by the serial number of the signing one; a public key stands in the books
//! once; a status only moves pending → valid → superseded, and from each of them to revoked.

use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::authority::{Profile, private_texts};
use crate::error::ServiceError;
use crate::secrets::hex;
use crate::store::{Store, Tx, is_duplicate};
use certificate::{Certificate as Parsed, Usage};
use gm::enveloped_key::EnvelopedKey;
use gm::issue::{Role, Subject};
use gm::{CryptoError, PublicKey};
use order_api::Period;
use sqlx::Row;
use sqlx::any::AnyRow;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signing.
    Sign,
    /// Encryption.
    Encrypt,
}

impl Kind {
    /// As written in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Encrypt => "encrypt",
        }
    }
}

/// Whether a certificate may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Issued, not yet confirmed by its holder.
    Pending,
    /// In use.
    Valid,
    /// Its holder has a newer one.
    Superseded,
    /// Revoked.
    Revoked,
}

impl Status {
    const ALL: [Self; 4] = [Self::Pending, Self::Valid, Self::Superseded, Self::Revoked];

    /// As written in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }
}

/// A certificate in the books.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Serial number, upper-case hexadecimal.
    pub serial: String,
    /// What it is for.
    pub kind: Kind,
    /// Serial number of the signing certificate of the pair.
    pub pair: String,
    /// Whose it is.
    pub customer: i64,
    /// Common name of its subject.
    pub holder: String,
    /// DER.
    pub der: Vec<u8>,
    /// First and last second.
    pub validity: Period,
    /// Whether it may be used.
    pub status: Status,
    /// Since when the status holds.
    pub status_at: i64,
    /// Why it was revoked (RFC 5280 §5.3.1).
    pub reason: Option<i64>,
    /// Whether this CA issued it.
    pub own: bool,
    /// Order it was issued for.
    pub order_no: Option<String>,
}

impl Certificate {
    /// Columns in the order [`Certificate::read`] takes them.
    pub const COLUMNS: &'static str = "serial, kind, pair, customer, holder, der, not_before, not_after, status, \
                                       status_at, reason, own, order_no";

    /// Reads a row of [`Certificate::COLUMNS`].
    ///
    /// # Errors
    /// [`sqlx::Error`] when the row has other columns.
    pub fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let (kind, status): (String, String) = (row.try_get(1)?, row.try_get(8)?);
        let status = Status::ALL.into_iter().find(|known| known.as_str() == status);
        Ok(Self {
            serial: row.try_get(0)?,
            kind: if kind == Kind::Sign.as_str() { Kind::Sign } else { Kind::Encrypt },
            pair: row.try_get(2)?,
            customer: row.try_get(3)?,
            holder: row.try_get(4)?,
            der: row.try_get(5)?,
            validity: Period { from: row.try_get(6)?, until: row.try_get(7)? },
            // what can't be read is not to be trusted
            status: status.unwrap_or(Status::Revoked),
            status_at: row.try_get(9)?,
            reason: row.try_get(10)?,
            own: row.try_get::<i64, _>(11)? != 0,
            order_no: row.try_get(12)?,
        })
    }
}

/// A certificate by its serial number.
///
/// # Errors
/// [`ServiceError`].
pub async fn find(store: &Store, serial: &str) -> Result<Option<Certificate>, ServiceError> {
    let row = sqlx::query(
        "SELECT serial, kind, pair, customer, holder, der, not_before, not_after, status, status_at, reason, own, \
         order_no FROM certificates WHERE serial = $1",
    )
    .bind(serial)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.as_ref().map(Certificate::read).transpose()?)
}

/// Reads a certificate.
///
/// # Errors
/// [`ServiceError`] for what is none.
pub fn read(der: &[u8]) -> Result<Parsed, ServiceError> {
    Parsed::parse(der).map_err(|_| CryptoError::Encoding.into())
}

/// The serial number of a certificate as it stands in the books: hex.
///
/// # Errors
/// As [`read`]; none below zero is taken in.
pub fn serial_of(der: &[u8]) -> Result<String, ServiceError> {
    let serial = read(der)?.serial;
    if serial.is_positive() { Ok(hex(serial.magnitude())) } else { Err(CryptoError::Encoding.into()) }
}

/// The very same certificate in the books, byte for byte.
///
/// # Errors
/// [`ServiceError`].
pub async fn find_der(store: &Store, der: &[u8]) -> Result<Option<Certificate>, ServiceError> {
    let serial = serial_of(der)?;
    Ok(find(store, &serial).await?.filter(|known| known.der == der))
}

/// Whether a public key stands in the books.
///
/// # Errors
/// [`ServiceError`].
pub async fn knows_key(tx: &mut Tx, key: &PublicKey) -> Result<bool, ServiceError> {
    let row = sqlx::query("SELECT serial FROM certificates WHERE public_key = $1")
        .bind(hex(&key.0))
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// Where a new row of the books comes from.
pub struct NewRow<'a> {
    /// DER.
    pub der: &'a [u8],
    /// What it is for.
    pub kind: Kind,
    /// Serial number of the signing certificate of the pair.
    pub pair: &'a str,
    /// Whose it is.
    pub customer: i64,
    /// Whether it may be used.
    pub status: Status,
    /// Whether this CA issued it.
    pub own: bool,
    /// Order it was issued for.
    pub order_no: Option<&'a str>,
}

/// Writes a certificate into the books; the caller writes the audit record.
///
/// # Errors
/// [`ServiceError::Unacceptable`] when serial number or key stand there already.
pub async fn insert(tx: &mut Tx, new: &NewRow<'_>, now: i64) -> Result<(), ServiceError> {
    let parsed = read(new.der)?;
    let (key, validity) = parsed.sm2_key().zip(parsed.validity).ok_or(CryptoError::Unsupported)?;
    let holder = parsed.owner.as_deref().unwrap_or_default();
    let inserted = sqlx::query(
        "INSERT INTO certificates (serial, kind, pair, customer, holder, der, public_key, not_before, not_after, \
         status, status_at, reason, own, order_no, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, $12, $13, $11)",
    )
    .bind(serial_of(new.der)?)
    .bind(new.kind.as_str())
    .bind(new.pair)
    .bind(new.customer)
    .bind(holder)
    .bind(new.der)
    .bind(hex(&key.0))
    .bind(validity.not_before)
    .bind(validity.not_after)
    .bind(new.status.as_str())
    .bind(now)
    .bind(i64::from(new.own))
    .bind(new.order_no)
    .execute(&mut **tx)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            Err(ServiceError::Unacceptable("serial number or key of the certificate is in the books".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes an existing pair of certificates into the books, so that its holder can renew it. Returns the serial number of
/// the signing certificate.
///
/// # Errors
/// [`ServiceError::Unacceptable`] unless both are SM2 certificates of one subject for their use, and new here.
pub async fn enrol(
    service: &Service,
    customer: i64,
    sign: &[u8],
    encrypt: Option<&[u8]>,
    actor: Actor<'_>,
) -> Result<String, ServiceError> {
    check_use(sign, &[Usage::DigitalSignature, Usage::NonRepudiation])?;
    if let Some(encrypt) = encrypt {
        check_use(encrypt, &[Usage::KeyEncipherment, Usage::DataEncipherment, Usage::KeyAgreement])?;
        if read(sign)?.subject.der() != read(encrypt)?.subject.der() {
            return Err(ServiceError::Unacceptable("the two certificates have different holders".to_owned()));
        }
    }
    super::customers::get(&service.store, customer).await?;
    let pair = serial_of(sign)?;
    let now = service.now();
    let mut tx = service.store.begin().await?;
    for (der, kind) in [(Some(sign), Kind::Sign), (encrypt, Kind::Encrypt)] {
        let Some(der) = der else { continue };
        let own = service.authority.issued(der);
        let row = NewRow { der, kind, pair: &pair, customer, status: Status::Valid, own, order_no: None };
        insert(&mut tx, &row, now).await?;
    }
    let object = format!("certificate/{pair}");
    let detail = format!("customer/{customer}");
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "certificate.enrol", &object, &detail)).await?;
    tx.commit().await?;
    Ok(pair)
}

fn check_use(der: &[u8], wanted: &[Usage]) -> Result<(), ServiceError> {
    let parsed = Parsed::parse(der).map_err(|error| ServiceError::Unacceptable(error.to_string()))?;
    if parsed.sm2_key().is_none() || parsed.allows_any(wanted) == Some(false) {
        return Err(ServiceError::Unacceptable("not an SM2 certificate for this use".to_owned()));
    }
    Ok(())
}

/// A new pair of certificates with the encryption key on its way to the token.
pub struct IssuedPair {
    /// Signing certificate, DER.
    pub sign: Vec<u8>,
    /// Encryption certificate, DER.
    pub encrypt: Vec<u8>,
    /// Encryption key, sealed to the signing key.
    pub key: EnvelopedKey,
}

/// Where subject and private extensions of a pair come from.
pub enum Template<'a> {
    /// Parts of the name and extensions of a first certificate.
    First(&'a [(&'a str, &'a str)], &'a [(String, String)]),
    /// The certificate (DER) that is renewed.
    Renewal(&'a [u8]),
}

/// Makes the key and both certificates; nothing is written to the books. `order_no` names the key to the key management.
///
/// # Errors
/// [`ServiceError`].
pub async fn make_pair(
    service: &Service,
    order_no: &str,
    signing_key: &PublicKey,
    template: &Template<'_>,
    validity: Period,
) -> Result<IssuedPair, ServiceError> {
    let (encryption_key, key) =
        service.kmc.generate(order_no, signing_key).await.map_err(|error| ServiceError::Keys(Box::new(error)))?;
    let (subject_bytes, taken);
    let (subject, texts) = match template {
        Template::First(parts, texts) => (Subject::Parts(parts), *texts),
        Template::Renewal(old) => {
            subject_bytes = read(old)?.subject.der().to_vec();
            taken = private_texts(old)?;
            (Subject::Der(&subject_bytes), taken.as_slice())
        }
    };
    let certify = |key: &PublicKey, role| {
        let url = service.config.public_url.as_str();
        service.authority.certify(&Profile { subject, key, role, validity, texts, service: url })
    };
    let (sign, encrypt) = (certify(signing_key, Role::Signing)?, certify(&encryption_key, Role::Encryption)?);
    Ok(IssuedPair { sign, encrypt, key })
}

/// Issues the first pair of certificates of a customer and writes it into the books as valid.
///
/// # Errors
/// [`ServiceError`].
pub async fn issue_pair(
    service: &Service,
    customer: i64,
    signing_key: &PublicKey,
    validity: Period,
    actor: Actor<'_>,
) -> Result<IssuedPair, ServiceError> {
    let known = super::customers::get(&service.store, customer).await?;
    let holder = known.holder();
    let (subject, texts) = (holder.subject(), holder.texts());
    let purpose = format!("first/{customer}");
    let template = Template::First(&subject, &texts);
    let pair = make_pair(service, &purpose, signing_key, &template, validity).await?;
    let serial = serial_of(&pair.sign)?;
    let now = service.now();
    let mut tx = service.store.begin().await?;
    for (der, kind) in [(&pair.sign, Kind::Sign), (&pair.encrypt, Kind::Encrypt)] {
        let row = NewRow { der, kind, pair: &serial, customer, status: Status::Valid, own: true, order_no: None };
        insert(&mut tx, &row, now).await?;
    }
    let object = format!("certificate/{serial}");
    let detail = format!("customer/{customer}");
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "certificate.issue", &object, &detail)).await?;
    tx.commit().await?;
    Ok(pair)
}
