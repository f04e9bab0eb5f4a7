//! The certificates in use: both there, readable, in date, for their use, belonging to the keys beside them, with a chain
//! to a trusted root. Revocation is a probe of its own: it needs the network.

use super::blame;
use super::per_key::{self, Finding, label};
use crate::check::outside::clock_is_wrong;
use crate::check::{Inserted, Line, Page, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use certificate::{Certificate, ChainFault, Check, Day, Finding as Found, KeyMatch, Role, TrustStore, ValidityState};
use token::{KeyContents, KeyUse};

/// The probe.
pub struct Certificates;

/// Both uses with the certificate's role.
pub const USES: [(KeyUse, Role); 2] = [(KeyUse::Sign, Role::Sign), (KeyUse::Encrypt, Role::Encrypt)];

/// What a wrong clock says of certificates that are good.
const OF_TIME: [&str; 3] = ["certificates.issuer_dates", "certificates.expired", "certificates.not_yet"];

impl Probe for Certificates {
    fn id(&self) -> ProbeId {
        ProbeId::Certificates
    }

    fn run(&self, scene: &Scene) -> Line {
        if let Some(layer) = blame::reading(scene) {
            return Line::waits_for(ProbeId::Certificates, layer);
        }
        let (now, store) = ((scene.now)(), scene.trust_store());
        let keys = per_key::read(scene.keys()).filter(|(_, contents)| contents.application.is_some());
        let findings = keys.map(|(key, contents)| look(key, contents, store, now)).collect();
        let line = per_key::line(ProbeId::Certificates, findings);
        if line.as_ref().is_some_and(|line| OF_TIME.contains(&line.sentence.key)) && clock_is_wrong(scene) {
            return Line::waits_for(ProbeId::Certificates, ProbeId::Clock);
        }
        line.unwrap_or_else(|| Line::waits_for(ProbeId::Certificates, ProbeId::Application))
    }
}

/// The certificate of one use in the container in use.
pub fn of_use(contents: &KeyContents, key_use: KeyUse) -> Option<&Vec<u8>> {
    let container = contents.current_container()?;
    match key_use {
        KeyUse::Sign => container.sign.as_ref(),
        KeyUse::Encrypt => container.encrypt.as_ref(),
    }
}

fn look(key: &Inserted, contents: &KeyContents, store: &TrustStore, now: i64) -> Finding {
    let named = |statement: Statement| statement.with_private("key", label(key));
    let mut faults = Vec::new();
    let mut missing = Vec::new();
    let mut shown = Vec::new();
    for (key_use, role) in USES {
        let Some(der) = of_use(contents, key_use) else {
            missing.push(key_use);
            continue;
        };
        let Ok(certificate) = Certificate::parse(der) else {
            faults.push(damaged(key_use, &named));
            continue;
        };
        let token_key = key.public_keys.iter().find(|(read, _)| *read == key_use).map(|(_, key)| key);
        let check = Check { certificate: &certificate, role, token_key, store, now };
        faults.extend(check.local().into_iter().filter_map(|found| fault(found, key_use, &named)));
        shown.push(period(&certificate, key_use));
    }
    match missing.as_slice() {
        [] => {}
        [one] => faults.push(
            Finding::new(
                Verdict::Problem,
                named(of(*one, [Statement::new("certificates.no_sign"), Statement::new("certificates.no_encrypt")])),
            )
            .remedy(Statement::new("certificates.support")),
        ),
        _ => faults.push(
            Finding::new(Verdict::Problem, named(Statement::new("certificates.none")))
                .remedy(Statement::new("certificates.none_todo")),
        ),
    }
    let worst = faults.iter().map(|fault| fault.verdict).max();
    let lead = worst.and_then(|worst| faults.iter().position(|fault| fault.verdict == worst));
    let finding = match lead {
        None => Finding::new(Verdict::Ok, named(Statement::new("certificates.fine"))),
        Some(lead) => {
            let finding = faults.remove(lead);
            // the same fault of the other certificate needs no second word
            let others =
                faults.into_iter().map(|fault| fault.sentence).filter(|other| other.key != finding.sentence.key);
            let others: Vec<_> = others.collect();
            others.into_iter().fold(finding, Finding::detail)
        }
    };
    shown.into_iter().fold(finding, Finding::detail)
}

/// One of two sentences, by use.
fn of(key_use: KeyUse, [sign, encrypt]: [Statement; 2]) -> Statement {
    match key_use {
        KeyUse::Sign => sign,
        KeyUse::Encrypt => encrypt,
    }
}

fn period(certificate: &Certificate, key_use: KeyUse) -> Statement {
    let statement =
        of(key_use, [Statement::new("certificates.sign_period"), Statement::new("certificates.encrypt_period")]);
    let shown = |day: Day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    let (first, last) = certificate.validity.map_or_else(
        || ("?".to_owned(), "?".to_owned()),
        |validity| (shown(validity.first_day()), shown(validity.last_day())),
    );
    statement.with("first", first).with("last", last)
}

fn damaged(key_use: KeyUse, named: &dyn Fn(Statement) -> Statement) -> Finding {
    let statement =
        of(key_use, [Statement::new("certificates.damaged_sign"), Statement::new("certificates.damaged_encrypt")]);
    Finding::new(Verdict::Problem, named(statement)).remedy(Statement::new("certificates.support"))
}

fn fault(found: Found, key_use: KeyUse, named: &dyn Fn(Statement) -> Statement) -> Option<Finding> {
    let problem = |statement| Finding::new(Verdict::Problem, named(statement));
    let notice = |statement| Finding::new(Verdict::Notice, named(statement));
    let support = Statement::new("certificates.support");
    match found {
        Found::Dates {
            issuer: Some(issuer),
            state: Some(ValidityState::Expired { .. } | ValidityState::NotYetValid { .. }),
        } => Some(problem(Statement::new("certificates.issuer_dates").with("issuer", issuer)).remedy(support)),
        Found::Dates { state: Some(ValidityState::Expired { days_ago }), .. } => Some(
            problem(Statement::new("certificates.expired").with("days", days_ago))
                .remedy(Statement::new("certificates.renew"))
                .repair(Repair::Open(Page::Renew)),
        ),
        Found::Dates { state: Some(ValidityState::NotYetValid { .. }), .. } => {
            Some(problem(Statement::new("certificates.not_yet")).remedy(Statement::new("certificates.not_yet_todo")))
        }
        Found::Dates { state: Some(ValidityState::Expiring { days_left }), .. } => Some(
            notice(Statement::new("certificates.expiring").with("days", days_left))
                .remedy(Statement::new("certificates.renew"))
                .repair(Repair::Open(Page::Renew)),
        ),
        Found::Dates { state: None, .. } => {
            Some(notice(Statement::new("certificates.dates_unreadable")).remedy(support))
        }
        Found::Usage { allowed: Some(false), .. } => {
            let wrong =
                of(key_use, [Statement::new("certificates.usage_sign"), Statement::new("certificates.usage_encrypt")]);
            Some(problem(wrong).remedy(support))
        }
        Found::Key(KeyMatch::Different) => {
            let wrong = of(
                key_use,
                [Statement::new("certificates.mismatch_sign"), Statement::new("certificates.mismatch_encrypt")],
            );
            Some(problem(wrong).remedy(support))
        }
        Found::Key(KeyMatch::NotRead) => {
            let unread = of(
                key_use,
                [Statement::new("certificates.no_key_sign"), Statement::new("certificates.no_key_encrypt")],
            );
            Some(notice(unread))
        }
        Found::Chain { fault: Some(fault), .. } => Some(chain(&fault, named)),
        Found::Chain { fault: None, .. }
        | Found::Dates { .. }
        | Found::Usage { .. }
        | Found::Key(KeyMatch::Same | KeyMatch::NotSm2)
        | Found::Revocation(_)
        | Found::UnusedFiles(_) => None,
    }
}

fn chain(fault: &ChainFault, named: &dyn Fn(Statement) -> Statement) -> Finding {
    let support = Statement::new("certificates.support");
    match fault {
        ChainFault::IssuerUnknown { issuer } => {
            let sentence = named(Statement::new("certificates.issuer_unknown")).with("issuer", issuer);
            Finding::new(Verdict::Notice, sentence).remedy(Statement::new("certificates.issuer_unknown_todo"))
        }
        ChainFault::OtherUserId { .. } => {
            Finding::new(Verdict::Problem, named(Statement::new("certificates.other_user_id"))).remedy(support)
        }
        fault if fault.is_problem() => {
            Finding::new(Verdict::Problem, named(Statement::new("certificates.chain_wrong"))).remedy(support)
        }
        _ => Finding::new(Verdict::Notice, named(Statement::new("certificates.chain_unproven"))).remedy(support),
    }
}
