//! The wire to the CA: every call can be lost on the way there or back, kill the program, or meet a service that is being
//! started again.
#![allow(dead_code)] // every test crate uses its part

use crate::desk::Killed;
use crate::line::{Line, LineCut};
use crate::world::{World, client_at};
use ca_client::{CaAdapter, CaError, Capabilities, Network, OrderAnswer, OrderApi, Submission};
use order_api::{
    Base64, CaInfo, Captcha, Challenge, IssueResponse, Order, OrderCreated, Payment, Purpose, Session, Support,
    UnlockAnswer,
};
use std::panic::panic_any;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallCut {
    LostBefore,
    LostAfter,
    KillBefore,
    KillAfter,
    RestartBefore,
    RestartAfter,
}

/// The calls of all programs of one renewal.
pub struct Wire {
    world: Arc<World>,
    cut: Option<(usize, CallCut)>,
    /// What lies between, when it is the line itself that is cut.
    line: Option<Line>,
    /// What befalls the next call of a name.
    next: Mutex<Option<(&'static str, CallCut)>>,
    /// What is made of the next package on its way.
    forger: Mutex<Option<Forger>>,
    /// What is made of the next chain on its way.
    chain_forger: Mutex<Option<ChainForger>>,
    /// Looks at something at every call.
    watcher: Mutex<Option<Box<dyn Fn() + Send>>>,
    /// What the key's challenges were answered with.
    grants: Mutex<Vec<Vec<u8>>>,
    /// How far the client's clock is off.
    off: AtomicI64,
    calls: Mutex<Vec<&'static str>>,
    bodies: Mutex<Vec<Vec<u8>>>,
}

/// Makes another chain of one.
pub type ChainForger = fn(&mut Vec<Base64>);
type Forger = Box<dyn FnOnce(&mut IssueResponse) + Send>;

impl Wire {
    pub fn new(world: &Arc<World>, cut: Option<(usize, CallCut)>) -> Arc<Self> {
        Self::make(world, cut, None)
    }

    fn make(world: &Arc<World>, cut: Option<(usize, CallCut)>, line: Option<Line>) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            cut,
            line,
            next: Mutex::default(),
            forger: Mutex::default(),
            chain_forger: Mutex::default(),
            watcher: Mutex::default(),
            grants: Mutex::default(),
            off: AtomicI64::default(),
            calls: Mutex::default(),
            bodies: Mutex::default(),
        })
    }

    /// The next call of this name is cut.
    pub fn cut_next(&self, name: &'static str, cut: CallCut) {
        *self.next.lock().unwrap() = Some((name, cut));
    }

    /// The next package is another one.
    pub fn forge(&self, forger: impl FnOnce(&mut IssueResponse) + Send + 'static) {
        *self.forger.lock().unwrap() = Some(Box::new(forger));
    }

    /// The next chain is another one.
    pub fn forge_chain(&self, forger: ChainForger) {
        *self.chain_forger.lock().unwrap() = Some(forger);
    }

    /// Looks at something at every call.
    pub fn watch(&self, watcher: impl Fn() + Send + 'static) {
        *self.watcher.lock().unwrap() = Some(Box::new(watcher));
    }

    /// All grants so far, sealed.
    pub fn grants(&self) -> Vec<Vec<u8>> {
        self.grants.lock().unwrap().clone()
    }

    /// Sets the client's clock wrong.
    pub fn set_clock_off(&self, seconds: i64) {
        self.off.store(seconds, Ordering::Relaxed);
    }

    /// All bodies sent so far.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    fn body(&self, body: &[u8]) {
        self.bodies.lock().unwrap().push(body.to_vec());
    }

    pub fn over_a_line(world: &Arc<World>, cut: Option<(usize, LineCut)>) -> Arc<Self> {
        Self::make(world, None, Some(Line::to(world.port(), cut)))
    }

    /// Connections so far; one a call unless a call was made again by itself.
    pub fn connections(&self) -> usize {
        self.line.as_ref().map_or(0, Line::connections)
    }

    fn client(&self) -> OrderApi {
        self.line.as_ref().map_or_else(|| self.world.client(), |line| client_at(line.port))
    }

    /// Names of all calls so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    fn call<T>(
        &self,
        name: &'static str,
        call: impl FnOnce(&dyn CaAdapter) -> Result<T, CaError>,
    ) -> Result<T, CaError> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(name);
            calls.len()
        };
        if let Some(watcher) = &*self.watcher.lock().unwrap() {
            watcher();
        }
        let by_name = self.next.lock().unwrap().take_if(|(next, _)| *next == name);
        let by_number = self.cut.filter(|(at, _)| *at == number);
        let cut = by_number.map(|(_, cut)| cut).or(by_name.map(|(_, cut)| cut));
        let broken = || Err(CaError::Network { at: Network::Broken, detail: "cut".to_owned() });
        match cut {
            Some(CallCut::LostBefore) => return broken(),
            Some(CallCut::KillBefore) => panic_any(Killed),
            Some(CallCut::RestartBefore) => {
                // what was asked before does not reach it, and it is up again for the next question
                self.world.restart();
                return broken();
            }
            _ => {}
        }
        let answer = call(&self.client());
        match cut {
            Some(CallCut::LostAfter) => broken(),
            Some(CallCut::KillAfter) => panic_any(Killed),
            Some(CallCut::RestartAfter) => {
                self.world.restart();
                broken()
            }
            _ => answer,
        }
    }
}

impl CaAdapter for Wire {
    fn capabilities(&self) -> Capabilities {
        self.client().capabilities()
    }

    fn support(&self) -> Support {
        Support { telephone: "400-000-0000".to_owned(), hours: String::new() }
    }

    fn now(&self) -> i64 {
        self.world.now() + self.off.load(Ordering::Relaxed)
    }

    fn info(&self) -> Result<CaInfo, CaError> {
        let mut info = self.call("ca", |ca| ca.info())?;
        if let Some(forger) = self.chain_forger.lock().unwrap().take() {
            forger(&mut info.chain);
        }
        Ok(info)
    }

    fn captcha(&self) -> Result<Captcha, CaError> {
        self.call("captchas", |ca| ca.captcha())
    }

    fn challenge(&self, purpose: Purpose) -> Result<Challenge, CaError> {
        self.call("challenges", |ca| ca.challenge(purpose))
    }

    fn open_session(&self, body: &[u8], p7: &[u8]) -> Result<Session, CaError> {
        self.body(body);
        self.call("sessions", |ca| ca.open_session(body, p7))
    }

    fn create_order(&self, submission: &Submission) -> Result<OrderCreated, CaError> {
        self.body(&submission.body);
        self.call("orders", |ca| ca.create_order(submission))
    }

    fn order(&self, no: &str, token: &str, etag: Option<&str>, wait: Option<Duration>) -> Result<OrderAnswer, CaError> {
        self.call("order", |ca| ca.order(no, token, etag, wait))
    }

    fn send_code(&self, no: &str, token: &str) -> Result<Order, CaError> {
        self.call("codes", |ca| ca.send_code(no, token))
    }

    fn verify_code(&self, no: &str, token: &str, code: &str) -> Result<Order, CaError> {
        self.call("verify", |ca| ca.verify_code(no, token, code))
    }

    fn payment(&self, no: &str, token: &str) -> Result<Payment, CaError> {
        self.call("payment", |ca| ca.payment(no, token))
    }

    fn cancel(&self, no: &str, token: &str) -> Result<Order, CaError> {
        self.call("cancel", |ca| ca.cancel(no, token))
    }

    fn issue(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<IssueResponse, CaError> {
        self.body(body);
        let mut response = self.call("issue", |ca| ca.issue(no, token, body, p7))?;
        if let Some(forger) = self.forger.lock().unwrap().take() {
            forger(&mut response);
        }
        Ok(response)
    }

    fn confirm(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError> {
        self.body(body);
        self.call("confirm", |ca| ca.confirm(no, token, body, p7))
    }

    fn create_unlock(&self, submission: &Submission) -> Result<OrderCreated, CaError> {
        self.body(&submission.body);
        self.call("unlocks", |ca| ca.create_unlock(submission))
    }

    fn begin_unlock(&self, no: &str, token: &str, body: &[u8], signature: &[u8]) -> Result<UnlockAnswer, CaError> {
        self.body(body);
        self.call("unlock", |ca| {
            let answer = ca.begin_unlock(no, token, body, signature)?;
            self.grants.lock().unwrap().push(answer.grant.0.clone());
            Ok(answer)
        })
    }

    fn finish_unlock(&self, no: &str, token: &str, body: &[u8], p7: &[u8]) -> Result<Order, CaError> {
        self.body(body);
        self.call("finish", |ca| ca.finish_unlock(no, token, body, p7))
    }
}
