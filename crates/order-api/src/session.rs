//! What comes before an order: the service's description, challenge, captcha, session.

use super::{Base64, Contact, Order, OrderKind, Period, SessionKey};
use serde::{Deserialize, Serialize};

/// `GET /v1/ca`: who the service is and what it can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CaInfo {
    /// Name of the CA as people know it.
    pub name: String,
    /// Version of the service program.
    pub version: String,
    /// The service's clock.
    pub time: i64,
    /// Operation CA first, root last; DER.
    pub chain: Vec<Base64>,
    /// Kinds of orders it takes.
    pub kinds: Vec<OrderKind>,
    /// Whom to call.
    pub support: Support,
    /// Outside of this no certificate is renewed, whatever its product; left out when that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<RenewalWindow>,
}

/// Around the last day of a certificate, the days at which it can be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RenewalWindow {
    /// Days before it.
    pub days_before: i64,
    /// Days behind it.
    pub days_after: i64,
}

impl RenewalWindow {
    /// First and last second of the renewal of a certificate that ends at `until`; days are those of Beijing.
    #[must_use]
    pub const fn around(self, until: i64) -> Period {
        const DAY: i64 = 86_400;
        const BEIJING: i64 = 8 * 3600;
        let start = until - (until + BEIJING).rem_euclid(DAY);
        Period { from: start - self.days_before * DAY, until: start + (self.days_after + 1) * DAY - 1 }
    }
}

/// Whom to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Support {
    /// Telephone number.
    pub telephone: String,
    /// When somebody answers, as a sentence; may be empty.
    pub hours: String,
}

/// What a signature is for; a challenge made for one purpose is refused for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Opening a session.
    Session,
    /// Fetching the package of new certificates.
    Issue,
    /// Reporting that the new certificates work.
    Confirm,
    /// Asking for the grant of an unlock.
    Unlock,
    /// Reporting that the key has its new PIN.
    UnlockFinish,
}

/// `POST /v1/challenges`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChallengeRequest {
    /// What it is for.
    pub purpose: Purpose,
}

/// Its answer: 32 random bytes, valid five minutes and once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Challenge {
    /// 64 hexadecimal digits.
    pub nonce: String,
    /// When it ends.
    pub expires: i64,
    /// The service's clock, for the person whose own clock is wrong.
    pub time: i64,
}

/// Part of every body that a key on a token signs: binds the signature to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Signed {
    /// From [`Challenge`].
    pub nonce: String,
    /// What the signature is for.
    pub purpose: Purpose,
    /// HTTP method, upper case.
    pub method: String,
    /// Path of the request, without query.
    pub path: String,
    /// The client's clock.
    pub time: i64,
}

/// `POST /v1/sessions`, signed by the key on the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionRequest {
    /// Binding to this request.
    pub signed: Signed,
    /// What the person wants to do.
    pub kind: OrderKind,
    /// Key made for this session; the signature over this body delegates to it.
    pub session_key: SessionKey,
    /// USB-Key 序列号 as the device states it.
    pub device_serial: String,
}

/// Its answer: who the person is and what a renewal would give. Valid fifteen minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Session {
    /// For the header [`super::SESSION`].
    pub id: String,
    /// When it ends.
    pub expires: i64,
    /// Owner of the certificate.
    pub holder: Holder,
    /// What the certificate is.
    pub product: Product,
    /// Validity of the certificate on the key.
    pub old: Period,
    /// Validity of the certificate that would be issued today: from the first second of today in Beijing, so that it can
    /// be used at once; until the end of the old one plus the product's term, or, of an expired one, until the end of
    /// today plus the term.
    pub new: Period,
    /// First and last moment at which this certificate can be renewed.
    pub renewable: Period,
    /// Registered contact, to be checked by the person; empty fields when none is registered.
    pub contact: Contact,
    /// Whether the order needs the answer to a captcha.
    pub captcha: bool,
    /// Unfinished orders of this certificate, so that another computer can continue them.
    pub orders: Vec<OrderHandle>,
}

/// Owner of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Holder {
    /// As in the certificate.
    pub name: String,
    /// 唯一实体标识; may be empty.
    pub entity: String,
    /// Certificate serial number, hexadecimal, upper case.
    pub certificate_serial: String,
}

/// A product of the CA with its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Product {
    /// Short name used in the service's books.
    pub code: String,
    /// As people know it.
    pub name: String,
    /// Price of a renewal in fen; 0 = free.
    pub fee_fen: i64,
    /// Whether an officer reviews orders.
    pub review: bool,
    /// Whether the mobile number is checked by a code.
    pub verify_mobile: bool,
}

/// An order with the token that opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderHandle {
    /// The order.
    pub order: Order,
    /// Secret for `Authorization: Bearer`.
    pub token: String,
}

/// `POST /v1/captchas`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Captcha {
    /// Names it in the answer.
    pub id: String,
    /// Picture, PNG, with four characters or more.
    pub image: Base64,
    /// When it ends.
    pub expires: i64,
}

/// What the person read from the picture; case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CaptchaAnswer {
    /// From [`Captcha`].
    pub id: String,
    /// Characters of the picture.
    pub text: String,
}
