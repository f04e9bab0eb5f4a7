//! Orders: request, state, payment, issuing, confirmation.

use super::{Base64, CaptchaAnswer, Signed};
use serde::{Deserialize, Serialize};

/// What an order is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// 证书更新.
    Renew,
    /// 找回密码.
    Unlock,
}

impl OrderKind {
    /// As written in JSON and in the service's books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::Unlock => "unlock",
        }
    }
}

/// First and last second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Period {
    /// First second.
    pub from: i64,
    /// Last second.
    pub until: i64,
}

/// Whom the CA calls; kept for a later unlock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Contact {
    /// Name of the person.
    pub name: String,
    /// Mobile number, 11 digits.
    pub mobile: String,
    /// E-mail address; may be empty.
    pub email: String,
}

/// `POST /v1/orders`, signed by the session key, with `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderRequest {
    /// What the order is about.
    pub kind: OrderKind,
    /// The session it belongs to, as in the header.
    pub session: String,
    /// Certificate to be renewed: serial number, hexadecimal, upper case.
    pub certificate_serial: String,
    /// Validity the person was shown; refused when the service would now give another.
    pub new: Period,
    /// Checked by the person.
    pub contact: Contact,
    /// Answer to the captcha when one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaAnswer>,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderCreated {
    /// The order.
    pub order: Order,
    /// Secret for `Authorization: Bearer`; the same again for the same `Idempotency-Key` with the same body, also after
    /// the session, with the order as it is by then.
    pub token: String,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Taken; the mobile number is not checked yet.
    Submitted,
    /// An officer looks at it.
    Reviewing,
    /// Waits for money.
    Payment,
    /// The new certificates may be fetched; of an unlock: the authorization code was sent.
    Authorized,
    /// They were fetched, it is not known whether they work; of an unlock: the code was proven.
    Issued,
    /// They work; the old certificate is superseded. Of an unlock: the key has a new PIN.
    Installed,
    /// An officer said no; `reason` says why.
    Rejected,
    /// Not paid or not fetched in time.
    Expired,
    /// Withdrawn.
    Cancelled,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Reviewing,
        Self::Payment,
        Self::Authorized,
        Self::Issued,
        Self::Installed,
        Self::Rejected,
        Self::Expired,
        Self::Cancelled,
    ];

    /// True when nothing can happen to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Installed | Self::Rejected | Self::Expired | Self::Cancelled)
    }

    /// As written in JSON and in the service's books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Reviewing => "reviewing",
            Self::Payment => "payment",
            Self::Authorized => "authorized",
            Self::Issued => "issued",
            Self::Installed => "installed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What the client can do next; comes from the service, so that a changed policy needs no new client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// Ask for a code and send it.
    VerifyMobile,
    /// Ask again later.
    Wait,
    /// `POST …/payment`.
    Pay,
    /// `POST …/issue`.
    Issue,
    /// `POST …/confirm`.
    Confirm,
    /// `POST …/codes`: send the code of an unlock again.
    ResendCode,
    /// `POST …/unlock`.
    Unlock,
    /// `POST …/unlock/finish`.
    FinishUnlock,
}

/// An order as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Order {
    /// Order number, `yyyymmdd-nnnnnn`.
    pub no: String,
    /// What it is about.
    pub kind: OrderKind,
    /// How far it is.
    pub state: OrderState,
    /// What can be done now.
    pub next_actions: Vec<NextAction>,
    /// Owner of the certificate.
    pub holder: String,
    /// Certificate to be renewed: serial number, hexadecimal, upper case.
    pub certificate_serial: String,
    /// USB-Key 序列号 the order is bound to.
    pub device_serial: String,
    /// Validity of the old certificate.
    pub old: Period,
    /// Of an unlock the same; else validity of the new certificate as in [`super::Session::new`]: until it is issued that of an issue today, then its
    /// own.
    pub new: Period,
    /// Price in fen.
    pub fee_fen: i64,
    /// Mobile number with its middle masked.
    pub mobile: String,
    /// When it was taken.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// Why an officer said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the present state ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// Serial numbers of the new certificates once issued: signing, encryption.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<String>,
    /// Of an unlock: where its code is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlock: Option<super::UnlockView>,
}

/// `POST /v1/orders/{no}/codes`: send a code to the mobile number of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CodeRequest {}

/// `POST /v1/orders/{no}/codes/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CodeCheck {
    /// Six digits.
    pub code: String,
}

/// `POST /v1/orders/{no}/payment` → how to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Payment {
    /// Who takes the money.
    pub provider: String,
    /// Amount in fen.
    pub amount_fen: i64,
    /// Content of the QR code and address of the page.
    pub url: String,
    /// When it ends.
    pub expires: i64,
    /// Whether it was paid.
    pub state: PaymentState,
}

/// State of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Not yet.
    Open,
    /// The provider has the money.
    Paid,
}

/// How the encryption key is encrypted on its way to the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum SymAlg {
    /// SM4 in ECB mode, the only mode GM/T 0016 knows for this.
    #[serde(rename = "sm4-ecb")]
    Sm4Ecb,
}

/// Where the 32 bytes of the private key lie in the field of the import command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrapProfile {
    /// Right-aligned.
    Right32,
}

/// `POST /v1/orders/{no}/issue`, signed by the key of the old certificate. A CSR for the same key gets the same package
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IssueRequest {
    /// Binding to this request.
    pub signed: Signed,
    /// PKCS#10, DER, made by the new key.
    pub csr: Base64,
    /// What the token can unwrap.
    pub sym_alg: SymAlg,
    /// How the token wants it.
    pub wrap: WrapProfile,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IssueResponse {
    /// GM/T 0092 `CSRResponse`, DER.
    pub package: Base64,
    /// The order, now issued.
    pub order: Order,
}

/// `POST /v1/orders/{no}/confirm`, signed by the key of the new certificate. Answers the order, now installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConfirmRequest {
    /// Binding to this request.
    pub signed: Signed,
    /// Serial number of the new signing certificate, hexadecimal, upper case.
    pub sign_serial: String,
    /// Serial number of the new encryption certificate.
    pub encrypt_serial: String,
}
