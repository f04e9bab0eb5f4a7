//! The new PIN: challenge of the key, answer of the CA, the key, the report.
//!
//! Everything the report needs is there before the key is touched, so that nothing but the key itself stands between the
//! transport PIN and the person's own.

use super::order::Unlock;
use super::progress::{KeyRefusal, UnlockMark};
use super::{UnlockLine, UnlockOutcome};
use crate::adapter::CaError;
use crate::client::{order_path, to_json};
use crate::key::{KeyAccess, bound, on_key};
use crate::signing::{ToSign, binding, no_random, nonsense};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use gm::{PrivateKey, signature_to_der};
use order_api::path::Step;
use order_api::{
    Base64, Grant, OrderState, ProblemCode, Purpose, Signed, UnlockAnswer, UnlockBegin, UnlockFinish, code_proof,
};
use std::sync::Arc;
use std::time::Instant;
use token::{PinInfo, PinKind, RemoteUnlock, Token, TokenError, UnlockChallenge, Unlocked, check_new_pin};
use zeroize::Zeroizing;

impl Unlock {
    /// Gives the key the new PIN. The code is needed in [`super::UnlockStep::Code`] and not looked at later. After a cut the
    /// same call, without the code, does it again from the beginning. `progress` hears each step as it begins.
    ///
    /// # Errors
    /// Before anything is sent to the key: faults of the network and the service, of the new PIN, of the key's admin PIN;
    /// [`FaultCode::OrderOtherKey`], [`FaultCode::CodeWrong`] and [`FaultCode::CodeExpired`], [`FaultCode::GrantRefused`],
    /// [`FaultCode::ClockWrong`], [`FaultCode::UnlockChallengeLost`]. [`FaultCode::UnlockInterrupted`] when the PIN may be in
    /// between: the same order goes on. [`FaultCode::UnlockNotReported`] when the new PIN holds and [`Unlock::prove`] is
    /// left. [`FaultCode::UnlockRefused`], [`FaultCode::AdminTriesLow`] and [`FaultCode::AdminLocked`] end the order here.
    pub fn unlock(
        &mut self,
        key: &mut dyn KeyAccess,
        code: Option<Zeroizing<String>>,
        new: Pin,
        progress: &mut dyn FnMut(UnlockLine),
    ) -> Result<UnlockOutcome, Fault> {
        let started = Instant::now();
        progress(UnlockLine::Challenge);
        self.not_refused()?;
        on_key(key, |token| check_new_pin(&token.pin_length(), &new)).map_err(|error| Fault::from(&error))?;
        self.open.refresh(None)?;
        let code = match (self.open.open_state(), code) {
            (Some(OrderState::Authorized), Some(code)) => Some(code),
            (Some(OrderState::Issued), _) => None,
            _ => return Err(self.open.fault_of(FaultCode::OrderState)),
        };
        let challenge = self.on_bound(key, |token| token.unlock_challenge())?;
        progress(UnlockLine::Answer);
        let grant = self.begin(&challenge, code)?;
        let report = self.report()?;
        progress(UnlockLine::Key);
        let unlocked = self.set_pin(key, challenge.challenge, grant, new, &report.digest)?;
        progress(UnlockLine::Report);
        self.finish(&report, unlocked.signature)?;
        Ok(UnlockOutcome { time_used: started.elapsed(), pin: unlocked.pin })
    }

    /// Sends the report that is missing. The PIN, the new one, is used for one signature. Should it have been forgotten or
    /// locked meanwhile, [`Unlock::unlock`] without a code sets another one.
    ///
    /// # Errors
    /// Faults of the key, the network and the service; [`FaultCode::OrderOtherKey`] before the PIN is sent;
    /// [`FaultCode::UnlockNotReported`] when the PIN was right and the report did not arrive.
    pub fn prove(&mut self, key: &mut dyn KeyAccess, pin: Pin) -> Result<UnlockOutcome, Fault> {
        let started = Instant::now();
        self.not_refused()?;
        self.open.refresh(None)?;
        let reported = self.order().is_some_and(|order| order.state == OrderState::Installed);
        if !reported && self.open.open_state() != Some(OrderState::Issued) {
            return Err(self.open.fault_of(FaultCode::OrderState));
        }
        if reported {
            let pin = self.on_bound(key, |token| token.pin_info(PinKind::User))?;
            return Ok(UnlockOutcome { time_used: started.elapsed(), pin });
        }
        let report = self.report()?;
        let container = self.entry().binding.container.clone();
        let (before, signature) = self.on_bound(key, |token| {
            let before = token.pin_info(PinKind::User)?;
            Ok((before, token.sign_digest(&container, pin, &report.digest)?))
        })?;
        self.mark(UnlockMark::Changed)?;
        self.finish(&report, Some(signature))?;
        let pin = PinInfo { tries_left: before.max_tries, is_default: false, ..before };
        Ok(UnlockOutcome { time_used: started.elapsed(), pin })
    }

    /// Does something with the key, if it is the one of this order.
    fn on_bound<R>(
        &mut self,
        key: &mut dyn KeyAccess,
        job: impl FnOnce(&mut dyn Token) -> Result<R, TokenError>,
    ) -> Result<R, Fault> {
        let done = on_key(key, |token| match bound(token, &self.entry().binding)? {
            Some(_) => job(token).map(Some),
            None => Ok(None),
        });
        match done {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(self.open.fault_of(FaultCode::OrderOtherKey)),
            Err(error) => Err(self.key_fault(&error)),
        }
    }

    /// Asks the CA for the answer to a challenge of the key, with the proof of the code where one is needed.
    fn begin(&mut self, challenge: &UnlockChallenge, code: Option<Zeroizing<String>>) -> Result<Grant, Fault> {
        let client = self.client_key()?;
        let no = self.entry().no().to_owned();
        let mut begin = UnlockBegin {
            signed: self.signed(Purpose::Unlock, Step::Unlock)?,
            device_serial: self.entry().binding.device_serial.clone(),
            challenge: Base64(challenge.challenge.to_vec()),
            user_tries: challenge.user.tries_left,
            admin_tries: challenge.admin.tries_left,
            proof: None,
        };
        if let Some(code) = code {
            let proof = code_proof(&code, &no, &begin, &client.public());
            let proof = proof.map_err(|error| Fault::new(FaultCode::InternalStopped).detail(error.to_string()))?;
            begin.proof = Some(Base64(proof.to_vec()));
        }
        let body = to_json(&begin).map_err(|error| self.open.fault(&error))?;
        let signature = client.sign_message(&body).and_then(|signature| signature_to_der(&signature));
        let signature = signature.map_err(|error| no_random(&error))?;
        let answer = self.open.ca.begin_unlock(&no, &self.entry().token, &body, &signature);
        let UnlockAnswer { grant, order } = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.not_begun(&error)),
        };
        self.open.about(&order)?;
        if order.state != OrderState::Issued {
            return Err(self.open.fault(&nonsense("not begun")));
        }
        self.open.saw(order)?;
        if self.entry().unlock.as_ref().is_some_and(|unlock| unlock.mark == UnlockMark::Applied) {
            self.mark(UnlockMark::Begun)?;
        }
        Grant::open(&grant.0, &client)
            .map_err(|error| self.open.fault_of(FaultCode::GrantRefused).detail(error.to_string()))
    }

    /// What the service's refusal means for the order.
    fn not_begun(&mut self, error: &CaError) -> Fault {
        let fault = self.open.fault(error);
        if let CaError::Problem(problem) = error {
            if problem.code == ProblemCode::KeyRefused {
                self.refuse(KeyRefusal::Answer);
            } else if let Err(error) = self.open.refresh(None) {
                // it shows how many tries are left, or that it was the last one
                tracing::debug!(code = error.code.as_str(), "the order was not seen again");
            }
        }
        fault
    }

    /// The report, to be signed by the key.
    fn report(&self) -> Result<ToSign, Fault> {
        let report = UnlockFinish {
            signed: self.signed(Purpose::UnlockFinish, Step::UnlockFinish)?,
            device_serial: self.entry().binding.device_serial.clone(),
        };
        self.open.in_scene(|scene| ToSign::new(&report, &self.entry().binding.certificate.0, scene))
    }

    /// The answer into the key, and the person's PIN in the place of the one it sets.
    fn set_pin(
        &mut self,
        key: &mut dyn KeyAccess,
        challenge: [u8; 8],
        grant: Grant,
        new_pin: Pin,
        digest: &[u8; 32],
    ) -> Result<Unlocked, Fault> {
        let before = self.entry().unlock.as_ref().map_or(UnlockMark::Begun, |unlock| unlock.mark);
        self.mark(UnlockMark::Sent)?;
        let container = self.entry().binding.container.clone();
        let Grant { transport_pin, response } = grant;
        let unlock = RemoteUnlock { challenge, response, transport_pin, new_pin, container: &container, digest };
        let error = match on_key(key, |token| token.unlock_remotely(unlock)) {
            Ok(unlocked) => {
                if let Err(fault) = self.mark(UnlockMark::Changed) {
                    // the report will tell, or the person types the new PIN once more
                    tracing::warn!(code = fault.code.as_str(), "that the PIN was set is not in the journal");
                }
                return Ok(unlocked);
            }
            Err(error) => error,
        };
        let plain = Fault::from(&error);
        if matches!(error, TokenError::UnlockUncertain | TokenError::Transport(_) | TokenError::Malformed { .. }) {
            return Err(self.open.fault_of(FaultCode::UnlockInterrupted).detail(plain.reference()));
        }
        let fault = if matches!(error, TokenError::PinLength { .. } | TokenError::OddPin(_)) {
            self.open.fault_of(FaultCode::GrantRefused).detail("transport PIN")
        } else {
            self.key_fault(&error)
        };
        // the key took nothing; should the journal not take that, the order only can't be forgotten
        if let Err(fault) = self.mark(before) {
            tracing::warn!(code = fault.code.as_str(), "that the key took nothing is not in the journal");
        }
        Err(fault)
    }

    /// Sends the report. The new PIN holds whatever comes of it.
    fn finish(&mut self, report: &ToSign, signature: Option<[u8; 64]>) -> Result<(), Fault> {
        let reported = match signature {
            Some(signature) => self.send_report(report, &signature),
            None => Err(Fault::new(FaultCode::UnlockNotReported).detail("not signed")),
        };
        match reported {
            Ok(()) => Ok(()),
            // nobody waits for it any more
            Err(_) if self.order().is_some_and(|order| order.state.is_final()) => Ok(()),
            Err(fault) => Err(self.open.fault_of(FaultCode::UnlockNotReported).detail(fault.reference())),
        }
    }

    fn send_report(&mut self, report: &ToSign, signature: &[u8; 64]) -> Result<(), Fault> {
        let entry = self.entry();
        let p7 = report.p7(&entry.binding.certificate.0, signature);
        let p7 = p7.map_err(|error| self.open.fault_of(FaultCode::SignatureRefused).detail(error.to_string()))?;
        let sent = self.open.ca.finish_unlock(entry.no(), &entry.token, &report.body, &p7);
        if let Err(CaError::Problem(_)) = &sent
            && let Err(error) = self.open.refresh(None)
        {
            tracing::debug!(code = error.code.as_str(), "the order was not seen again");
        }
        let order = self.open.take(sent)?;
        if order.state == OrderState::Installed {
            return Ok(());
        }
        Err(self.open.fault(&nonsense("reported but not installed")))
    }

    /// Binding to one request, with a challenge of the service.
    fn signed(&self, purpose: Purpose, step: Step) -> Result<Signed, Fault> {
        let ca = Arc::clone(&self.open.ca);
        self.open.in_scene(|scene| {
            let path = order_path(scene.order, step).map_err(|error| scene.fault(&error))?;
            binding(ca.as_ref(), scene, purpose, path)
        })
    }

    fn client_key(&self) -> Result<PrivateKey, Fault> {
        let key = self.entry().unlock.as_ref().and_then(|unlock| unlock.client_key.as_ref());
        let key = key.ok_or_else(|| self.open.fault_of(FaultCode::OrderState))?;
        key.open().map_err(|error| Fault::new(FaultCode::JournalDamaged).detail(error.to_string()))
    }

    /// Writes down what was done last.
    fn mark(&mut self, mark: UnlockMark) -> Result<(), Fault> {
        self.open.entry.update(|entry| {
            if let Some(unlock) = &mut entry.unlock {
                unlock.mark = mark;
            }
        })
    }

    /// What is told about a failure of the key; one that must not be tried again ends the order here.
    fn key_fault(&mut self, error: &TokenError) -> Fault {
        let plain = Fault::from(error);
        let Some(refusal) = KeyRefusal::of(error) else { return plain };
        self.refuse(refusal);
        self.refusal_fault(refusal).detail(plain.reference())
    }

    /// Ends the order here: each further answer would cost a try of the admin PIN.
    fn refuse(&mut self, refusal: KeyRefusal) {
        self.refused = Some(refusal);
        let now = self.open.ca.now();
        let stored = self.open.entry.update(|entry| {
            if let Some(unlock) = &mut entry.unlock {
                unlock.refused = Some(refusal);
            }
            entry.finish(now);
        });
        if let Err(fault) = stored {
            tracing::warn!(code = fault.code.as_str(), "that the key refused is not in the journal");
        }
    }

    fn not_refused(&self) -> Result<(), Fault> {
        let refused = self.refused.or_else(|| self.entry().unlock_refusal());
        refused.map_or(Ok(()), |refusal| Err(self.refusal_fault(refusal)))
    }

    fn refusal_fault(&self, refusal: KeyRefusal) -> Fault {
        match refusal {
            KeyRefusal::Answer => self.open.fault_of(FaultCode::UnlockRefused),
            KeyRefusal::TriesLow { left } => Fault::from(&TokenError::AdminTriesLow { left }),
            KeyRefusal::Locked => Fault::from(&TokenError::AdminLocked),
        }
    }
}
