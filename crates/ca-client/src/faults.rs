//! From the errors of this room to the faults people see.
//!
//! Invariant: every value a sentence asks for is given, whatever the service left out.

use super::adapter::{CaError, Network};
use base::fault::{Fault, FaultCode};
use certificate::beijing_day;
use order_api::{Problem, ProblemCode, Support};

/// What the sentences name besides what the error says.
#[derive(Clone, Debug)]
pub(super) struct FaultContext<'a> {
    pub support: &'a Support,
    /// Order number, when there is one.
    pub order: &'a str,
    /// USB-Key 序列号 of the key the order belongs to.
    pub serial: &'a str,
    /// The computer's clock.
    pub now: i64,
}

impl CaError {
    /// What a person is told. `order` and `serial` name the order and its key where there are any.
    #[must_use]
    pub fn to_fault(&self, support: &Support, order: &str, serial: &str, now: i64) -> Fault {
        FaultContext { support, order, serial, now }.fault(self)
    }
}

impl FaultContext<'_> {
    /// The fault of an error.
    pub(super) fn fault(&self, error: &CaError) -> Fault {
        match error {
            CaError::Problem(problem) => self.problem(problem),
            CaError::Network { at, detail } => self.of(network(*at)).detail(detail.clone()),
            CaError::Answer(what) => self.of(FaultCode::CaAnswer).detail(what.clone()),
            CaError::NotHere => self.of(FaultCode::CaPagesOnly),
        }
    }

    /// A fault with the values of this scene.
    pub(super) fn of(&self, code: FaultCode) -> Fault {
        Fault::new(code)
            .with("telephone", self.support.telephone.clone())
            .with("order", self.order)
            .with("serial", self.serial)
    }

    fn problem(&self, problem: &Problem) -> Fault {
        // what the problem says goes before what is known here
        let order = problem.order.as_deref().unwrap_or(self.order);
        let mut fault = FaultContext { order, ..self.clone() }.of(code(problem.code));
        let mut detail = problem.code.as_str().to_owned();
        if !problem.instance.is_empty() {
            detail.push(' ');
            detail.push_str(&problem.instance);
        }
        if let Some(field) = &problem.field {
            fault = fault.with("field", field.clone());
        }
        if let Some(seconds) = problem.retry_after {
            fault = fault.with("wait", seconds.to_string());
        } else {
            fault = fault.with("wait", "60");
        }
        fault = fault.with("left", problem.left.unwrap_or(0).to_string());
        let (from, until) = problem.renewable.map_or_else(Default::default, |r| (day(r.from), day(r.until)));
        fault = fault.with("from", from).with("until", until);
        fault = fault.with("difference", minutes(problem.time.unwrap_or(self.now), self.now));
        fault.detail(detail)
    }
}

/// Minutes between two clocks, rounded up.
pub(super) fn minutes(a: i64, b: i64) -> String {
    a.abs_diff(b).div_ceil(60).to_string()
}

fn day(moment: i64) -> String {
    let day = beijing_day(moment);
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

const fn network(at: Network) -> FaultCode {
    match at {
        Network::Name => FaultCode::CaNameUnknown,
        Network::Connect => FaultCode::CaUnreachable,
        Network::Tls => FaultCode::CaNotTrusted,
        Network::Timeout => FaultCode::CaTimeout,
        Network::Proxy => FaultCode::CaProxy,
        Network::Broken => FaultCode::CaBroken,
    }
}

const fn code(code: ProblemCode) -> FaultCode {
    match code {
        ProblemCode::InvalidContact => FaultCode::ContactRefused,
        ProblemCode::ChallengeInvalid | ProblemCode::SignatureInvalid => FaultCode::SignatureRefused,
        ProblemCode::ClockSkew => FaultCode::ClockWrong,
        ProblemCode::CertificateUnknown => FaultCode::CertificateUnknown,
        ProblemCode::CertificateRevoked => FaultCode::CertificateRevoked,
        ProblemCode::CertificateSuperseded => FaultCode::CertificateSuperseded,
        ProblemCode::TooEarly => FaultCode::RenewalTooEarly,
        ProblemCode::TooLate => FaultCode::RenewalTooLate,
        ProblemCode::TermsChanged => FaultCode::TermsChanged,
        ProblemCode::SessionExpired => FaultCode::SessionEnded,
        ProblemCode::CaptchaWrong => FaultCode::CaptchaWrong,
        ProblemCode::CaptchaStale => FaultCode::CaptchaStale,
        ProblemCode::OrderNotFound => FaultCode::OrderNotFound,
        ProblemCode::OrderOtherKey => FaultCode::OrderOtherKey,
        ProblemCode::OrderState => FaultCode::OrderState,
        ProblemCode::OrderExists => FaultCode::OrderExists,
        ProblemCode::OtherRequest => FaultCode::OtherRequest,
        ProblemCode::CodeWrong => FaultCode::CodeWrong,
        ProblemCode::CodeExpired => FaultCode::CodeExpired,
        ProblemCode::UnlockInProgress => FaultCode::UnlockInProgress,
        ProblemCode::KeyRefused => FaultCode::UnlockRefused,
        ProblemCode::RateLimited => FaultCode::RateLimited,
        ProblemCode::DailyLimit => FaultCode::DailyLimit,
        ProblemCode::Internal => FaultCode::CaInternal,
        ProblemCode::Unavailable => FaultCode::CaUnavailable,
        ProblemCode::InvalidRequest
        | ProblemCode::TooLarge
        | ProblemCode::IdempotencyConflict
        | ProblemCode::NotFound => FaultCode::RequestRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::{CaError, FaultContext, Network, Problem, ProblemCode, Support};
    use base::fault::{Fault, FaultCode};
    use order_api::Period;

    fn support() -> Support {
        Support { telephone: "400-000-0000".to_owned(), hours: String::new() }
    }

    fn fault(error: &CaError) -> Fault {
        error.to_fault(&support(), "20260101-000001", "5303", 1_767_225_600)
    }

    fn complete(fault: &Fault) {
        for chinese in [true, false] {
            let sentences = fault.sentences(chinese);
            for text in [sentences.what, sentences.kept, sentences.todo] {
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{}: {text}", fault.reference());
            }
        }
    }

    #[test]
    fn every_problem_and_every_place_of_a_network_has_complete_sentences() {
        for &code in ProblemCode::ALL {
            complete(&fault(&CaError::Problem(Box::new(Problem::new(code, "")))));
        }
        for at in Network::ALL {
            complete(&fault(&CaError::Network { at, detail: String::new() }));
        }
        complete(&fault(&CaError::Answer("status 200, type text/html".to_owned())));
        complete(&fault(&CaError::NotHere));
    }

    #[test]
    fn every_fault_of_a_renewal_or_an_unlock_finds_its_values_in_the_scene() {
        let support = support();
        let scene = FaultContext { support: &support, order: "20260101-000001", serial: "5303", now: 0 };
        let from_key =
            FaultCode::ALL.iter().filter(|code| matches!(code.as_str().as_bytes(), [b'C', b'A', b'-', b'5', b'5', _]));
        let codes: Vec<_> = from_key.collect();
        assert_eq!(codes.len(), 9);
        codes.into_iter().for_each(|&code| complete(&scene.of(code)));
        let unlock =
            FaultCode::ALL.iter().filter(|code| matches!(code.as_str().as_bytes(), [b'C', b'A', b'-', b'5', b'6', _]));
        // one comes from the service only, with its own time to wait
        let unlock: Vec<_> = unlock.filter(|code| **code != FaultCode::UnlockInProgress).collect();
        assert_eq!(unlock.len(), 4);
        unlock.into_iter().for_each(|&code| complete(&scene.of(code)));
    }

    #[test]
    fn what_the_service_says_stands_in_the_sentence() {
        let problem = |code, change: fn(&mut Problem)| {
            let mut problem = Problem::new(code, "");
            change(&mut problem);
            fault(&CaError::Problem(Box::new(problem)))
        };
        let early = problem(ProblemCode::TooEarly, |p| {
            // 2026-03-01 00:00 and 2026-12-31 23:59:59 in Beijing
            p.renewable = Some(Period { from: 1_772_294_400, until: 1_798_732_799 });
        });
        assert_eq!(early.code, FaultCode::RenewalTooEarly);
        assert!(early.sentences(false).todo.contains("from 2026-03-01 until 2026-12-31"));
        let exists = problem(ProblemCode::OrderExists, |p| p.order = Some("20251231-000009".to_owned()));
        assert!(exists.sentences(true).what.contains("20251231-000009"));
        let wrong = problem(ProblemCode::CodeWrong, |p| p.left = Some(3));
        assert!(wrong.sentences(false).what.contains("3 tries"));
        let often = problem(ProblemCode::RateLimited, |p| p.retry_after = Some(17));
        assert!(often.sentences(false).todo.contains("17 seconds"));
        let clock = problem(ProblemCode::ClockSkew, |p| p.time = Some(1_767_225_600 + 601));
        assert!(clock.sentences(false).what.contains("11 minutes"));
        let failed = problem(ProblemCode::Internal, |p| p.instance = "a1b2".to_owned());
        assert_eq!(failed.reference(), "CA-541 · internal a1b2");
        assert!(failed.sentences(true).todo.contains("400-000-0000"));
    }
}
