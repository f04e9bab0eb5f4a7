//! A CA of a few lines that keeps to the protocol and nothing else, so that each of its answers can be lost, refused or
//! forged at will. It knows one admin PIN.

use base::secret::Pin;
use ca_client::{CaAdapter, CaError, Capabilities, Network, OrderAnswer, Submission, Way};
use certificate::Certificate;
use gm::{PublicKey, pin_key, protect_new_pin, random, signature_from_der};
use order_api::{
    Base64, CaInfo, Captcha, Challenge, Grant, IssueResponse, NextAction, Order, OrderCreated, OrderKind, OrderState,
    Payment, Period, Problem, ProblemCode, Purpose, Session, Signed, Support, UnlockAnswer, UnlockBegin, UnlockFinish,
    UnlockRequest, UnlockView, code_proof,
};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub const CODE: &str = "NDK4MDG4";
/// The transport PIN.
pub const TRANSPORT: &str = "Tq7transP0rt";
/// The office's clock.
pub const NOW: i64 = 1_780_000_000;

/// What befalls a call.
pub enum Befall {
    /// Refused or lost before it has an effect.
    Before(CaError),
    /// The answer is lost.
    After,
}

type Hook = Box<dyn FnOnce() + Send>;
type Watcher = Box<dyn Fn() + Send>;
/// Makes another answer of one, for the challenge it answers and the client it is for.
pub type Forger = Box<dyn FnOnce(&mut UnlockAnswer, &[u8], &PublicKey) + Send>;

/// One application.
#[derive(Clone)]
pub struct Case {
    pub submission: Submission,
    pub request: UnlockRequest,
    pub order: Order,
    /// Answers given so far: challenge, what is in the grant.
    pub answers: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Default)]
pub struct Office {
    pub cases: Mutex<Vec<Case>>,
    admin_pin: Mutex<String>,
    nonces: Mutex<HashMap<String, Purpose>>,
    befalls: Mutex<Vec<(&'static str, Befall)>>,
    hook: Mutex<Option<(&'static str, Hook)>>,
    watcher: Mutex<Option<Watcher>>,
    forger: Mutex<Option<Forger>>,
    off: AtomicI64,
    calls: Mutex<Vec<&'static str>>,
    bodies: Mutex<Vec<Vec<u8>>>,
}

pub fn problem(code: ProblemCode) -> CaError {
    CaError::Problem(Box::new(Problem::new(code, "")))
}

pub fn lost() -> CaError {
    CaError::Network { at: Network::Broken, detail: "cut".to_owned() }
}

impl Office {
    pub fn knowing(admin_pin: &str) -> Self {
        Self { admin_pin: Mutex::new(admin_pin.to_owned()), ..Self::default() }
    }

    pub fn set_admin_pin(&self, admin_pin: &str) {
        admin_pin.clone_into(&mut self.admin_pin.lock().unwrap());
    }

    /// Something befalls the next call of a name; several are taken one after the other.
    pub fn befall(&self, call: &'static str, what: Befall) {
        self.befalls.lock().unwrap().push((call, what));
    }

    /// Does something when a call of this name comes.
    pub fn when(&self, call: &'static str, hook: impl FnOnce() + Send + 'static) {
        *self.hook.lock().unwrap() = Some((call, Box::new(hook)));
    }

    /// Looks at something at every call.
    pub fn watch(&self, watcher: impl Fn() + Send + 'static) {
        *self.watcher.lock().unwrap() = Some(Box::new(watcher));
    }

    pub fn forge(&self, forger: impl FnOnce(&mut UnlockAnswer, &[u8], &PublicKey) + Send + 'static) {
        *self.forger.lock().unwrap() = Some(Box::new(forger));
    }

    pub fn set_client_off(&self, seconds: i64) {
        self.off.store(seconds, Ordering::Relaxed);
    }

    /// Names of the calls since this was asked last.
    pub fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// All bodies and signatures that ever came.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    /// Makes something of the last order, as an officer does or the time.
    pub fn decide(&self, decide: impl FnOnce(&mut Order)) {
        decide(&mut self.cases.lock().unwrap().last_mut().unwrap().order);
    }

    pub fn state(&self) -> OrderState {
        self.cases.lock().unwrap().last().unwrap().order.state
    }

    fn call<T>(&self, name: &'static str, answer: impl FnOnce() -> Result<T, CaError>) -> Result<T, CaError> {
        self.calls.lock().unwrap().push(name);
        if let Some(watcher) = &*self.watcher.lock().unwrap() {
            watcher();
        }
        let hook = self.hook.lock().unwrap().take_if(|(call, _)| *call == name);
        if let Some((_, hook)) = hook {
            hook();
        }
        let befall = {
            let mut befalls = self.befalls.lock().unwrap();
            let at = befalls.iter().position(|(call, _)| *call == name);
            at.map(|at| befalls.remove(at).1)
        };
        match befall {
            Some(Befall::Before(error)) => Err(error),
            Some(Befall::After) => {
                answer()?;
                Err(lost())
            }
            None => answer(),
        }
    }

    fn case<T>(&self, no: &str, token: &str, with: impl FnOnce(&mut Case) -> Result<T, CaError>) -> Result<T, CaError> {
        let mut cases = self.cases.lock().unwrap();
        let case = cases.iter_mut().find(|case| case.order.no == no && token == format!("token {no}"));
        with(case.ok_or_else(|| problem(ProblemCode::OrderNotFound))?)
    }

    /// Uses up the challenge of a request.
    fn take_challenge(&self, signed: &Signed, purpose: Purpose, path: &str) -> Result<(), CaError> {
        let made_for = self.nonces.lock().unwrap().remove(&signed.nonce);
        let fits = made_for == Some(purpose)
            && (signed.purpose, signed.method.as_str(), signed.path.as_str()) == (purpose, "POST", path);
        if fits { Ok(()) } else { Err(problem(ProblemCode::ChallengeInvalid)) }
    }

    fn keep(&self, body: &[u8], signature: &[u8]) {
        self.bodies.lock().unwrap().extend([body.to_vec(), signature.to_vec()]);
    }
}

fn signed_by(key: &PublicKey, body: &[u8], signature: &[u8]) -> Result<(), CaError> {
    let right = signature_from_der(signature).and_then(|signature| key.verify_message(body, &signature));
    right.map_err(|_| problem(ProblemCode::SignatureInvalid))
}

fn order(no: String, request: &UnlockRequest) -> Order {
    let period = Period { from: 0, until: 0 };
    Order {
        no,
        kind: OrderKind::Unlock,
        state: OrderState::Authorized,
        next_actions: vec![NextAction::ResendCode, NextAction::Unlock],
        holder: String::new(),
        certificate_serial: Certificate::parse(&request.certificate.0).unwrap().serial_hex(),
        device_serial: request.device_serial.clone(),
        old: period,
        new: period,
        fee_fen: 0,
        mobile: "138****0000".to_owned(),
        created: NOW,
        updated: NOW,
        reason: None,
        expires: None,
        issued: Vec::new(),
        unlock: Some(UnlockView {
            route: request.route,
            sent_to: vec!["138****0000".to_owned()],
            code_sent: Some(NOW),
            resend_from: Some(NOW + 60),
            code_expires: Some(NOW + 600),
            tries_left: 5,
        }),
    }
}

impl CaAdapter for Office {
    fn capabilities(&self) -> Capabilities {
        Capabilities { kinds: vec![OrderKind::Unlock], renew: Way::Unknown, unlock: Way::Here, services: Way::Unknown }
    }

    fn support(&self) -> Support {
        Support { telephone: "400-000-0000".to_owned(), hours: String::new() }
    }

    fn now(&self) -> i64 {
        NOW + self.off.load(Ordering::Relaxed)
    }

    fn info(&self) -> Result<CaInfo, CaError> {
        Err(CaError::NotHere)
    }

    fn captcha(&self) -> Result<Captcha, CaError> {
        Err(CaError::NotHere)
    }

    fn challenge(&self, purpose: Purpose) -> Result<Challenge, CaError> {
        let name = if purpose == Purpose::Unlock { "challenge" } else { "challenge of report" };
        self.call(name, || {
            let nonce = random::<32>().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            self.nonces.lock().unwrap().insert(nonce.clone(), purpose);
            Ok(Challenge { nonce, expires: NOW + 300, time: NOW })
        })
    }

    fn open_session(&self, _: &[u8], _: &[u8]) -> Result<Session, CaError> {
        Err(CaError::NotHere)
    }

    fn create_order(&self, _: &Submission) -> Result<OrderCreated, CaError> {
        Err(CaError::NotHere)
    }

    fn order(&self, no: &str, token: &str, etag: Option<&str>, _: Option<Duration>) -> Result<OrderAnswer, CaError> {
        self.call("order", || {
            self.case(no, token, |case| {
                let tag = format!("{:?} {:?}", case.order.state, case.order.unlock);
                if etag == Some(tag.as_str()) {
                    return Ok(OrderAnswer::Unchanged);
                }
                Ok(OrderAnswer::Now { order: Box::new(case.order.clone()), etag: Some(tag) })
            })
        })
    }

    fn send_code(&self, no: &str, token: &str) -> Result<Order, CaError> {
        self.call("resend", || {
            self.case(no, token, |case| {
                case.order.unlock.as_mut().unwrap().code_sent = Some(NOW + 60);
                Ok(case.order.clone())
            })
        })
    }

    fn verify_code(&self, _: &str, _: &str, _: &str) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn payment(&self, _: &str, _: &str) -> Result<Payment, CaError> {
        Err(CaError::NotHere)
    }

    fn cancel(&self, _: &str, _: &str) -> Result<Order, CaError> {
        panic!("not of an unlock")
    }

    fn issue(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<IssueResponse, CaError> {
        Err(CaError::NotHere)
    }

    fn confirm(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn create_unlock(&self, submission: &Submission) -> Result<OrderCreated, CaError> {
        self.call("apply", || {
            self.keep(&submission.body, &submission.signature);
            let request: UnlockRequest = serde_json::from_slice(&submission.body).unwrap();
            signed_by(&request.client_key.0, &submission.body, &submission.signature)?;
            assert_eq!(submission.session, "");
            let mut cases = self.cases.lock().unwrap();
            let known = cases.iter().position(|c| c.submission.idempotency_key == submission.idempotency_key);
            let at = known.unwrap_or(cases.len());
            if known.is_none() {
                let order = order(format!("20260528-{:06}", cases.len() + 1), &request);
                cases.push(Case { submission: submission.clone(), request, order, answers: Vec::new() });
            }
            assert_eq!(&cases[at].submission, submission, "the same bytes again");
            let order = cases[at].order.clone();
            let token = format!("token {}", order.no);
            Ok(OrderCreated { order, token })
        })
    }

    fn begin_unlock(&self, no: &str, token: &str, body: &[u8], signature: &[u8]) -> Result<UnlockAnswer, CaError> {
        self.call("begin", || {
            self.keep(body, signature);
            let begin: UnlockBegin = serde_json::from_slice(body).unwrap();
            self.take_challenge(&begin.signed, Purpose::Unlock, &format!("/v1/orders/{no}/unlock"))?;
            let admin_pin = self.admin_pin.lock().unwrap().clone();
            self.case(no, token, |case| {
                let client = case.request.client_key.0;
                signed_by(&client, body, signature)?;
                assert_eq!(begin.device_serial, case.request.device_serial);
                let unlock = case.order.unlock.as_mut().unwrap();
                match case.order.state {
                    OrderState::Authorized => {
                        let right = code_proof(CODE, no, &begin, &client).unwrap().to_vec();
                        if begin.proof != Some(Base64(right)) {
                            unlock.tries_left -= 1;
                            if unlock.tries_left == 0 {
                                case.order.state = OrderState::Cancelled;
                            }
                            let mut wrong = Problem::new(ProblemCode::CodeWrong, "");
                            wrong.left = Some(unlock.tries_left);
                            return Err(CaError::Problem(Box::new(wrong)));
                        }
                        case.order.state = OrderState::Issued;
                    }
                    OrderState::Issued => assert_eq!(begin.proof, None, "no code is needed any more"),
                    _ => return Err(problem(ProblemCode::OrderState)),
                }
                let challenge = begin.challenge.0;
                let response =
                    protect_new_pin(&pin_key(admin_pin.as_bytes()), &challenge, TRANSPORT.as_bytes()).unwrap();
                case.answers.push((challenge.clone(), response.expose().to_vec()));
                let grant = Grant { transport_pin: Pin::new(TRANSPORT.as_bytes()).unwrap(), response };
                let grant = Base64(grant.seal(&client).unwrap());
                let mut answer = UnlockAnswer { grant, order: case.order.clone() };
                if let Some(forger) = self.forger.lock().unwrap().take() {
                    forger(&mut answer, &challenge, &client);
                }
                Ok(answer)
            })
        })
    }

    fn finish_unlock(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError> {
        self.call("finish", || {
            self.keep(body, p7);
            let finish: UnlockFinish = serde_json::from_slice(body).unwrap();
            self.take_challenge(&finish.signed, Purpose::UnlockFinish, &format!("/v1/orders/{no}/unlock/finish"))?;
            self.case(no, token, |case| {
                let verified = certificate::verify_signed_data(p7, Some(body));
                let verified = verified.map_err(|_| problem(ProblemCode::SignatureInvalid))?;
                assert_eq!(Base64(verified.certificate), case.request.certificate);
                assert_eq!(finish.device_serial, case.request.device_serial);
                match case.order.state {
                    OrderState::Issued | OrderState::Installed => case.order.state = OrderState::Installed,
                    _ => return Err(problem(ProblemCode::OrderState)),
                }
                Ok(case.order.clone())
            })
        })
    }
}
