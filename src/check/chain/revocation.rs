//! Is a certificate in use on the revocation list of its issuer? Every list is asked for side by side, within what is left
//! of the time for the check.

use super::blame;
use super::certificates::{USES, of_use};
use super::per_key::{self, Finding, label};
use crate::check::Lists;
use crate::check::{LIMIT, Line, Probe, ProbeId, Scene, Statement, Verdict};
use certificate::{Certificate, Check, Finding as Found, Reason, Revocation as Known, RevocationGap};
use net::{Fetcher, Limits, Proxy};
use std::time::{Duration, Instant};

/// Longest for the lists.
const LISTS: Duration = Duration::from_secs(8);
/// Kept for the rest of the probe.
const REST: Duration = Duration::from_millis(500);

/// The probe.
pub struct Revocation;

impl Probe for Revocation {
    fn id(&self) -> ProbeId {
        ProbeId::Revocation
    }

    fn run(&self, scene: &Scene) -> Line {
        let began = Instant::now();
        if let Some(layer) = blame::reading(scene) {
            return Line::waits_for(ProbeId::Revocation, layer);
        }
        let mut wanted = Vec::new();
        for (key, contents) in per_key::read(scene.keys()) {
            for (key_use, role) in USES {
                let certificate = of_use(contents, key_use).and_then(|der| Certificate::parse(der).ok());
                wanted.extend(certificate.map(|certificate| (label(key), certificate, role)));
            }
        }
        let time = LISTS.min(LIMIT.saturating_sub(began.elapsed() + REST));
        let (now, store) = ((scene.now)(), scene.trust_store());
        let findings = std::thread::scope(|scope| {
            let asking: Vec<_> = wanted
                .iter()
                .filter_map(|(label, certificate, role)| {
                    let check = Check { certificate, role: *role, token_key: None, store, now };
                    let thread = std::thread::Builder::new().name("revocation".to_owned());
                    thread.spawn_scoped(scope, move || finding(label, &ask(check, &scene.proxy, time))).ok()
                })
                .collect();
            asking.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        });
        let line = per_key::line(ProbeId::Revocation, unique(findings));
        line.unwrap_or_else(|| Line::waits_for(ProbeId::Revocation, ProbeId::Certificates))
    }
}

fn ask(check: Check<'_>, proxy: &Proxy, time: Duration) -> Known {
    let lists = Lists(Fetcher::new(proxy.clone(), Limits { time, ..Limits::default() }));
    let found = check.run(&lists).into_iter().find_map(|found| match found {
        Found::Revocation(known) => Some(known),
        _ => None,
    });
    found.unwrap_or(Known::Unchecked(RevocationGap::Unreachable))
}

/// Both certificates of a key mostly say the same.
fn unique(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        if !kept.iter().any(|known| known.sentence == finding.sentence) {
            kept.push(finding);
        }
    }
    kept
}

fn finding(label: &str, known: &Known) -> Finding {
    let named = |statement: Statement| statement.with_private("key", label);
    let unchecked = |statement| Finding::new(Verdict::NotApplicable, named(statement));
    let unreached =
        |statement| Finding::new(Verdict::Notice, named(statement)).remedy(Statement::new("revocation.later"));
    match known {
        Known::Good { .. } => Finding::new(Verdict::Ok, named(Statement::new("revocation.good"))),
        Known::Revoked { reason: Reason::Hold, .. } => {
            Finding::new(Verdict::Problem, named(Statement::new("revocation.hold")))
                .remedy(Statement::new("certificates.support"))
        }
        Known::Revoked { .. } => Finding::new(Verdict::Problem, named(Statement::new("revocation.revoked")))
            .remedy(Statement::new("revocation.revoked_todo")),
        Known::Unchecked(gap) => match gap {
            RevocationGap::NoAddress | RevocationGap::OtherScheme(_) | RevocationGap::UnusableAddress(_) => {
                unchecked(Statement::new("revocation.no_list"))
            }
            RevocationGap::IssuerNotProven => unchecked(Statement::new("revocation.issuer_not_proven")),
            RevocationGap::Unreachable => unreached(Statement::new("revocation.unreachable")),
            RevocationGap::TimedOut => unreached(Statement::new("revocation.timed_out")),
            _ => unreached(Statement::new("revocation.list_unusable")),
        },
    }
}
