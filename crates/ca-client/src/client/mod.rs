//! Order API v1 over HTTP. Paths, headers and bodies: [`order_api`].

use super::adapter::{CaAdapter, CaError, Capabilities, OrderAnswer, Submission, Way};
use super::http::{Answer, Http, Limits, Request};
use super::profiles::{CaProfile, Connection};
use net::Proxy;
use order_api::path::{self, Step};
use order_api::{
    BODY_P7, Base64, CaInfo, Captcha, Challenge, ChallengeRequest, CodeCheck, CodeRequest, IDEMPOTENCY_KEY,
    IssueResponse, Order, OrderCreated, OrderKind, PROBLEM_JSON, Payment, Problem, Purpose, SESSION, SESSION_SIGNATURE,
    Session, Support, UnlockAnswer,
};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The service takes no longer wait.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The service of a CA that speaks order API v1.
pub struct OrderApi {
    http: Http,
    support: Support,
}

/// What came back when a service was asked who it is.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// What it says, or why that is no answer of the API.
    pub info: Result<CaInfo, CaError>,
    /// The header `Date` as it came, RFC 9110 §5.6.7.
    pub date: Option<String>,
}

impl OrderApi {
    /// A client for the service of a profile. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CaError::NotHere`] when the profile has no service, [`CaError::Network`] when the proxy's address or the profile's
    /// certificates are unusable.
    pub fn new(profile: &CaProfile, proxy: &Proxy) -> Result<Self, CaError> {
        Self::with_limits(profile, proxy, Limits::default())
    }

    fn with_limits(profile: &CaProfile, proxy: &Proxy, limits: Limits) -> Result<Self, CaError> {
        let Connection::OrderApi(url) = &profile.connection else { return Err(CaError::NotHere) };
        let http = Http::new(url, &profile.roots, proxy, limits)?;
        Ok(Self { http, support: profile.support() })
    }

    /// Asks a service once who it is, within `time`: for the environment check, which wants the clock even of a service whose
    /// answer is not one of the API.
    ///
    /// # Errors
    /// As [`OrderApi::new`], and [`CaError::Network`] when there is no answer at all.
    pub fn greet(profile: &CaProfile, proxy: &Proxy, time: Duration) -> Result<Greeting, CaError> {
        let limits = Limits { connect: time, exchange: time, ..Limits::default() };
        let api = Self::with_limits(profile, proxy, limits)?;
        let answer = api.http.send(&request(Method::GET, path::CA, Vec::new(), None, false))?;
        Ok(Greeting { info: success(&answer), date: answer.date })
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CaError> {
        success(&self.http.send(&request(Method::GET, path, Vec::new(), None, true))?)
    }

    /// A request that changes something and must not be repeated by itself.
    fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<T, CaError> {
        success(&self.http.send(&request(Method::POST, path, headers, Some(body), false))?)
    }

    fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: &impl Serialize,
    ) -> Result<T, CaError> {
        self.post(path, headers, to_json(body)?)
    }
}

impl CaAdapter for OrderApi {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![OrderKind::Renew, OrderKind::Unlock],
            renew: Way::Here,
            unlock: Way::Here,
            services: Way::Unknown,
        }
    }

    fn support(&self) -> Support {
        self.support.clone()
    }

    fn info(&self) -> Result<CaInfo, CaError> {
        self.get(path::CA)
    }

    fn captcha(&self) -> Result<Captcha, CaError> {
        self.post(path::CAPTCHAS, Vec::new(), Vec::new())
    }

    fn challenge(&self, purpose: Purpose) -> Result<Challenge, CaError> {
        self.post_json(path::CHALLENGES, Vec::new(), &ChallengeRequest { purpose })
    }

    fn open_session(&self, body: &[u8], p7: &[u8]) -> Result<Session, CaError> {
        self.post(path::SESSIONS, vec![(BODY_P7, Base64::text(p7))], body.to_vec())
    }

    fn create_order(&self, submission: &Submission) -> Result<OrderCreated, CaError> {
        let headers = vec![
            (SESSION, submission.session.clone()),
            (SESSION_SIGNATURE, Base64::text(&submission.signature)),
            (IDEMPOTENCY_KEY, submission.idempotency_key.clone()),
        ];
        success(&self.http.send(&request(Method::POST, path::ORDERS, headers, Some(submission.body.clone()), true))?)
    }

    fn order(&self, no: &str, token: &str, etag: Option<&str>, wait: Option<Duration>) -> Result<OrderAnswer, CaError> {
        let wait = wait.unwrap_or_default().min(LONGEST_WAIT);
        let mut path = order_path(no, Step::Look)?;
        if !wait.is_zero() {
            path.push_str(&format!("?wait={}", wait.as_secs().max(1)));
        }
        let mut headers = vec![bearer(token)];
        headers.extend(etag.map(|etag| ("if-none-match", etag.to_owned())));
        let answer = self.http.send(&Request { wait, ..request(Method::GET, &path, headers, None, true) })?;
        if answer.status == 304 && etag.is_some() {
            return Ok(OrderAnswer::Unchanged);
        }
        Ok(OrderAnswer::Now { order: Box::new(success(&answer)?), etag: answer.etag })
    }

    fn send_code(&self, no: &str, token: &str) -> Result<Order, CaError> {
        self.post_json(&order_path(no, Step::Codes)?, vec![bearer(token)], &CodeRequest {})
    }

    fn verify_code(&self, no: &str, token: &str, code: &str) -> Result<Order, CaError> {
        let body = CodeCheck { code: code.to_owned() };
        self.post_json(&order_path(no, Step::Verify)?, vec![bearer(token)], &body)
    }

    fn payment(&self, no: &str, token: &str) -> Result<Payment, CaError> {
        self.post(&order_path(no, Step::Payment)?, vec![bearer(token)], Vec::new())
    }

    fn cancel(&self, no: &str, token: &str) -> Result<Order, CaError> {
        self.post_json(&order_path(no, Step::Cancel)?, vec![bearer(token)], &CodeRequest {})
    }

    fn issue(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<IssueResponse, CaError> {
        let headers = vec![bearer(token), (BODY_P7, Base64::text(p7))];
        self.post(&order_path(no, Step::Issue)?, headers, body.to_vec())
    }

    fn confirm(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError> {
        let headers = vec![bearer(token), (BODY_P7, Base64::text(p7))];
        self.post(&order_path(no, Step::Confirm)?, headers, body.to_vec())
    }

    fn create_unlock(&self, submission: &Submission) -> Result<OrderCreated, CaError> {
        let headers = vec![
            (SESSION_SIGNATURE, Base64::text(&submission.signature)),
            (IDEMPOTENCY_KEY, submission.idempotency_key.clone()),
        ];
        success(&self.http.send(&request(Method::POST, path::UNLOCKS, headers, Some(submission.body.clone()), true))?)
    }

    fn begin_unlock(&self, no: &str, token: &str, body: &[u8], signature: &[u8]) -> Result<UnlockAnswer, CaError> {
        let headers = vec![bearer(token), (SESSION_SIGNATURE, Base64::text(signature))];
        self.post(&order_path(no, Step::Unlock)?, headers, body.to_vec())
    }

    fn finish_unlock(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError> {
        let headers = vec![bearer(token), (BODY_P7, Base64::text(p7))];
        self.post(&order_path(no, Step::UnlockFinish)?, headers, body.to_vec())
    }
}

/// Path of a step of an order; what the key signs names it, too.
pub(super) fn order_path(no: &str, step: Step) -> Result<String, CaError> {
    // a number comes from the service and goes into an address
    if no.is_empty() || no.len() > 64 || !no.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(CaError::Answer("order number".to_owned()));
    }
    Ok(step.of(no))
}

/// JSON of a body.
pub(super) fn to_json(body: &impl Serialize) -> Result<Vec<u8>, CaError> {
    serde_json::to_vec(body).map_err(|error| CaError::Answer(error.to_string()))
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

fn request<'a>(
    method: Method,
    path: &'a str,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    repeatable: bool,
) -> Request<'a> {
    Request { method, path, headers, body, repeatable, wait: Duration::ZERO }
}

/// The value of a successful answer, else why there is none.
fn success<T: DeserializeOwned>(answer: &Answer) -> Result<T, CaError> {
    let status = answer.status;
    if answer.media_type == PROBLEM_JSON {
        let problem: Problem = serde_json::from_slice(&answer.body)
            .map_err(|_| CaError::Answer(format!("problem with status {status}")))?;
        return Err(CaError::Problem(Box::new(problem)));
    }
    if !(200..300).contains(&status) || answer.media_type != "application/json" {
        return Err(CaError::Answer(format!("status {status}, type {}", printable(&answer.media_type))));
    }
    serde_json::from_slice(&answer.body).map_err(|error| CaError::Answer(format!("status {status}, {error}")))
}

fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(60).collect()
}

#[cfg(test)]
pub(super) mod tests;
