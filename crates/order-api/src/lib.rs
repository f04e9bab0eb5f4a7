//! Order API v1: HTTPS + JSON orders whose cryptographic payloads are standard – PKCS#10 in, GM/T 0092 `CSRResponse` out,
//! GM/T 0010 `SignedData` over the exact body of every request that changes something. Shared by client and service.
//!
//! Who proves what
//! * `POST /v1/sessions` is signed by the key on the token (header [`BODY_P7`]) over a single-use challenge. Its body names
//!   a session key made for this session; the signature delegates to it, so that the person types the PIN once.
//! * `POST /v1/orders` is signed by that session key (headers [`SESSION`], [`SESSION_SIGNATURE`]).
//! * `POST …/issue` is signed by the key of the old certificate and carries a CSR signed by the new one.
//! * `POST …/confirm` is signed by the key of the new certificate.
//! * `POST /v1/unlocks` and `POST …/unlock` are signed by a key the client made for that order; `POST …/unlock/finish` by the
//!   key of the certificate. More in [`UnlockRequest`].
//! * Reading an order, its codes, its payment and withdrawing a renewal (`POST …/cancel`, until it is authorized) take its token (`Authorization: Bearer …`), given at creation and to later
//!   sessions of the same key. Codes answer with the order.
//! * A `GET` of an order with `If-None-Match` and `?wait=SECONDS` (at most 25) answers when the order is another than that
//!   of the tag, or 304 when the time is over.
//!
//! Times are seconds since 1970. Amounts are fen. Binary values are base64 (standard alphabet, padded).

mod bytes;
mod order;
pub mod path;
mod problem;
mod session;
mod unlock;

pub use bytes::{Base64, SessionKey};
pub use order::{
    CodeCheck, CodeRequest, ConfirmRequest, Contact, IssueRequest, IssueResponse, NextAction, Order, OrderCreated,
    OrderKind, OrderRequest, OrderState, Payment, PaymentState, Period, SymAlg, WrapProfile,
};
pub use problem::{Problem, ProblemCode};
pub use session::{
    CaInfo, Captcha, CaptchaAnswer, Challenge, ChallengeRequest, Holder, OrderHandle, Product, Purpose, RenewalWindow,
    Session, SessionRequest, Signed, Support,
};
pub use unlock::{
    Applicant, Grant, UnlockAnswer, UnlockBegin, UnlockFinish, UnlockRequest, UnlockRoute, UnlockView, code_proof,
    normal_code,
};
/// Header: detached `SignedData` over the body, DER in base64.
pub const BODY_P7: &str = "x-body-p7";
/// Header: id of the session.
pub const SESSION: &str = "x-session";
/// Header: DER signature (base64) of the session key over the body, SM3 with Z and the default id.
pub const SESSION_SIGNATURE: &str = "x-session-signature";
/// Header: random text chosen by the client; the same key with the same body gets the same answer.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Largest body of a request, bytes.
pub const LARGEST_BODY: usize = 64 * 1024;
/// How far the clocks of client and service may be apart in a signed request, seconds.
pub const CLOCK_TOLERANCE: i64 = 300;
/// Media type of an error (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
