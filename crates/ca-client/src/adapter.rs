//! What the workflow needs from a CA, whatever way it is reached. One call is one exchange; all of them wait, so they are
//! made on a thread of their own, never the window's.

use order_api::{
    CaInfo, Captcha, Challenge, IssueResponse, Order, OrderCreated, OrderKind, Payment, Problem, Purpose, Session,
    Support, UnlockAnswer,
};
use std::time::Duration;

/// A CA.
pub trait CaAdapter: Send + Sync {
    /// What can be done here and what at a page of the CA.
    fn capabilities(&self) -> Capabilities;

    /// Whom to call; known without asking.
    fn support(&self) -> Support;

    /// The computer's clock, seconds since 1970; only tests have another.
    fn now(&self) -> i64 {
        certificate::now()
    }

    /// Name, chain and clock of the CA.
    ///
    /// # Errors
    /// [`CaError`], as all calls.
    fn info(&self) -> Result<CaInfo, CaError>;

    /// A new picture with characters.
    ///
    /// # Errors
    /// [`CaError`].
    fn captcha(&self) -> Result<Captcha, CaError>;

    /// A challenge for one signature.
    ///
    /// # Errors
    /// [`CaError`].
    fn challenge(&self, purpose: Purpose) -> Result<Challenge, CaError>;

    /// Opens a session. `body` is JSON of [`order_api::SessionRequest`], `p7` the detached `SignedData` over it, DER.
    ///
    /// # Errors
    /// [`CaError`].
    fn open_session(&self, body: &[u8], p7: &[u8]) -> Result<Session, CaError>;

    /// Submits an order; the same submission gives the same order again.
    ///
    /// # Errors
    /// [`CaError`].
    fn create_order(&self, submission: &Submission) -> Result<OrderCreated, CaError>;

    /// The order as it is now; with `wait` the answer comes when it changes, at the latest after that time (25 s at most).
    ///
    /// # Errors
    /// [`CaError`].
    fn order(&self, no: &str, token: &str, etag: Option<&str>, wait: Option<Duration>) -> Result<OrderAnswer, CaError>;

    /// Has a code sent to the mobile number of the order.
    ///
    /// # Errors
    /// [`CaError`].
    fn send_code(&self, no: &str, token: &str) -> Result<Order, CaError>;

    /// Gives back the code.
    ///
    /// # Errors
    /// [`CaError`].
    fn verify_code(&self, no: &str, token: &str, code: &str) -> Result<Order, CaError>;

    /// How to pay.
    ///
    /// # Errors
    /// [`CaError`].
    fn payment(&self, no: &str, token: &str) -> Result<Payment, CaError>;

    /// Withdraws a renewal that is not authorized yet.
    ///
    /// # Errors
    /// [`CaError`].
    fn cancel(&self, no: &str, token: &str) -> Result<Order, CaError>;

    /// Fetches the new certificates. `body` is JSON of [`order_api::IssueRequest`], `p7` by the old key. The same
    /// request for certificates gets the same package again.
    ///
    /// # Errors
    /// [`CaError`].
    fn issue(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<IssueResponse, CaError>;

    /// Reports that they work. `body` is JSON of [`order_api::ConfirmRequest`], `p7` by the new key.
    ///
    /// # Errors
    /// [`CaError`].
    fn confirm(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError>;

    /// Applies for an unlock; the same submission gives the same order again. The body is JSON of
    /// [`order_api::UnlockRequest`], the signature by the key it names; there is no session.
    ///
    /// # Errors
    /// [`CaError`].
    fn create_unlock(&self, submission: &Submission) -> Result<OrderCreated, CaError>;

    /// Asks for the grant. `body` is JSON of [`order_api::UnlockBegin`], `signature` (DER) by the client key.
    ///
    /// # Errors
    /// [`CaError`].
    fn begin_unlock(&self, no: &str, token: &str, body: &[u8], signature: &[u8]) -> Result<UnlockAnswer, CaError>;

    /// Reports the new PIN. `body` is JSON of [`order_api::UnlockFinish`], `p7` by the key of the certificate.
    ///
    /// # Errors
    /// [`CaError`].
    fn finish_unlock(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError>;
}

/// An order request, ready to be sent as often as needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// JSON of [`order_api::OrderRequest`].
    pub body: Vec<u8>,
    /// Id of the session; empty for an unlock.
    pub session: String,
    /// Signature of the session key, for an unlock of the client key, over the body, DER.
    pub signature: Vec<u8>,
    /// Value of the header `Idempotency-Key`.
    pub idempotency_key: String,
}

/// The answer to a question for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderAnswer {
    /// As it was when the given tag was handed out.
    Unchanged,
    /// As it is now.
    Now {
        /// The order.
        order: Box<Order>,
        /// Tag for the next question.
        etag: Option<String>,
    },
}

/// How something is done with this CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// In this program.
    Here,
    /// At this page, in the browser.
    Page(String),
    /// Not known; the hot line helps.
    Unknown,
}

/// What can be done with a CA, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Kinds of orders this program can make.
    pub kinds: Vec<OrderKind>,
    /// 证书更新.
    pub renew: Way,
    /// 找回密码.
    pub unlock: Way,
    /// 综合服务.
    pub services: Way,
}

/// Where a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// The name of the service is not known.
    Name,
    /// Nobody listens, or the way there is closed.
    Connect,
    /// The service's TLS certificate is not trusted, or no encryption was agreed.
    Tls,
    /// No answer in time.
    Timeout,
    /// The proxy is not reachable or refuses.
    Proxy,
    /// The connection broke; whether the request arrived is unknown.
    Broken,
}

impl Network {
    /// Every place.
    pub const ALL: [Self; 6] = [Self::Name, Self::Connect, Self::Tls, Self::Timeout, Self::Proxy, Self::Broken];
}

/// Why a call gave nothing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CaError {
    /// The service refused, and says why.
    #[error("the service refused: {}", .0.code.as_str())]
    Problem(Box<Problem>),
    /// The service could not be reached.
    #[error("network: {at:?}: {detail}")]
    Network {
        /// Where.
        at: Network,
        /// For the grey line and the log; no address of the person, no token.
        detail: String,
    },
    /// What came back is not what the API says.
    #[error("not an answer of the API: {0}")]
    Answer(String),
    /// This CA has no such call.
    #[error("not possible with this CA")]
    NotHere,
}
