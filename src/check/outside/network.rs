//! The way to the CA's service: name → proxy → connection → TLS, each with its time; the first that fails is the sentence.

use super::clock;
use super::reach::{self, Failure, Reached, Step, TlsFailure};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};

pub(super) struct Network;

impl Probe for Network {
    fn id(&self) -> ProbeId {
        ProbeId::Network
    }

    fn run(&self, scene: &Scene) -> Line {
        let ways = reach::all(scene);
        if ways.is_empty() {
            return Line::new(self.id(), Verdict::NotApplicable, Statement::new("network.nothing"));
        }
        let failed = ways.iter().find_map(|way| Some((way, way.failure.as_ref()?)));
        let line = match failed {
            Some((_, Failure::Tls(reason))) if is_of_time(reason) && clock::is_wrong(scene) => {
                Line::waits_for(self.id(), ProbeId::Clock)
            }
            Some((way, failure)) => {
                let line = Line::new(self.id(), Verdict::Problem, sentence(way, failure));
                todo(failure).iter().fold(line, |line, step| line.remedy(Statement::new(step)))
            }
            None => {
                let host = ways.first().map_or("", |way| &way.host);
                Line::new(self.id(), Verdict::Ok, Statement::new("network.ok").with("host", host))
            }
        };
        ways.iter().flat_map(details).fold(line, Line::detail)
    }
}

/// A wrong clock gives this reason for certificates that are good.
const fn is_of_time(reason: &TlsFailure) -> bool {
    matches!(reason, TlsFailure::Expired(_) | TlsFailure::NotYetValid { .. })
}

fn sentence(way: &Reached, failure: &Failure) -> Statement {
    let plain = |key| Statement::new(key).with("host", &way.host);
    let proxied = |key| plain(key).with_private("proxy", way.proxy.as_deref().unwrap_or("-"));
    match failure {
        Failure::Name => plain("network.name_unknown"),
        Failure::Refused => plain("network.refused"),
        Failure::TimedOut => plain("network.timed_out"),
        Failure::Unreachable(reason) => plain("network.unreachable").with("reason", reason),
        Failure::ProxyAddress => Statement::new("network.proxy_address"),
        Failure::ProxyAway(reason) => proxied("network.proxy_away").with("reason", reason),
        Failure::ProxyLogin => proxied("network.proxy_login"),
        Failure::ProxyStatus(status) => proxied("network.proxy_status").with("status", status),
        Failure::Tls(reason) => match reason {
            TlsFailure::UnknownIssuer(issuer) => plain("network.tls_issuer").with("issuer", issuer),
            TlsFailure::Expired(day) => plain("network.tls_expired").with("day", day),
            TlsFailure::NotYetValid { day, .. } => plain("network.tls_not_yet").with("day", day),
            TlsFailure::WrongName(_) => plain("network.tls_name"),
            TlsFailure::Revoked => plain("network.tls_revoked"),
            TlsFailure::NoTls | TlsFailure::TimedOut if way.proxy.is_some() => proxied("network.tls_proxy"),
            TlsFailure::NoTls => plain("network.tls_none"),
            TlsFailure::TimedOut => plain("network.tls_timed_out"),
            TlsFailure::Other(reason) => plain("network.tls_other").with("reason", reason),
        },
    }
}

const fn todo(failure: &Failure) -> &'static [&'static str] {
    match failure {
        Failure::Name => &["network.todo_connected", "network.todo_dns"],
        Failure::Refused | Failure::TimedOut | Failure::Unreachable(_) => {
            &["network.todo_connected", "network.todo_firewall", "network.todo_later"]
        }
        Failure::ProxyAddress | Failure::ProxyAway(_) => &["network.todo_proxy"],
        Failure::ProxyLogin => &["network.todo_login"],
        Failure::ProxyStatus(_) => &["network.todo_allow"],
        Failure::Tls(reason) => match reason {
            TlsFailure::UnknownIssuer(_) => &["network.todo_inspected", "network.todo_roots"],
            TlsFailure::Expired(_) | TlsFailure::NotYetValid { .. } => &["network.todo_clock", "network.todo_ca"],
            TlsFailure::WrongName(_) => &["network.todo_inspected", "network.todo_address"],
            TlsFailure::Revoked => &["network.todo_ca"],
            TlsFailure::NoTls | TlsFailure::TimedOut | TlsFailure::Other(_) => {
                &["network.todo_allow", "network.todo_ca"]
            }
        },
    }
}

fn details(way: &Reached) -> Vec<Statement> {
    let kind = if way.page { "network.page" } else { "network.service" };
    let mut details = vec![Statement::new(kind).with("host", &way.host)];
    for (step, time) in &way.steps {
        let key = match step {
            Step::Name => "network.step_name",
            Step::Proxy => "network.step_proxy",
            Step::Connection => "network.step_connection",
            Step::Tls => "network.step_tls",
            Step::Answer => "network.step_answer",
        };
        let mut detail = Statement::new(key).with("time", time.as_millis());
        if *step == Step::Proxy {
            detail = detail.with_private("proxy", way.proxy.as_deref().unwrap_or("-"));
        }
        details.push(detail);
    }
    if let Some(failure) = &way.failure {
        details.push(sentence(way, failure));
    }
    details
}
