//! The results of 检查证书 in words. A finding speaks only about what was really checked.

use super::faults;
use super::icons::{self, Icon};
use super::theme::{self, size, space};
use super::widgets::{self, Tone};
use super::words;
use crate::app::CheckState;
use certificate::{
    ChainFault, Finding, KeyMatch, Reason, Revocation, RevocationGap, Role, SkipReason, SkippedFile, ValidityState,
    Verdict, beijing_day,
};
use eframe::egui::{Label, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;

/// Shows the state of a check below its button.
pub fn show(ui: &mut Ui, state: &CheckState, chinese: bool) {
    ui.add_space(space::S);
    match state {
        CheckState::Running => {
            widgets::caption(ui, &t!("check.running"));
        }
        CheckState::Failed(fault) => faults::lines(ui, fault, chinese),
        CheckState::Done(findings) => findings.iter().for_each(|finding| line(ui, finding)),
    }
}

fn line(ui: &mut Ui, finding: &Finding) {
    let (icon, tone, verdict) = match finding.verdict() {
        Verdict::Ok => (Icon::Check, Tone::Ok, t!("check.ok")),
        Verdict::Notice => (Icon::Info, Tone::Warn, t!("check.notice")),
        Verdict::Problem => (Icon::Cross, Tone::Danger, t!("check.problem")),
        Verdict::Unchecked => (Icon::Question, Tone::Quiet, t!("check.unchecked")),
    };
    let (name, sentence) = text(finding);
    let (color, _) = tone.colors(theme::palette(ui.ctx()));
    widgets::row(ui, &name, |ui| {
        ui.horizontal_top(|ui| {
            icons::show_sized(ui, icon, color, size::BODY);
            let said = format!("{verdict}{}{sentence}", t!("common.colon"));
            ui.add(Label::new(RichText::new(said).color(color)).wrap());
        });
    });
}

fn text(finding: &Finding) -> (Cow<'static, str>, String) {
    match finding {
        Finding::Chain { path, fault } => (t!("check.chain"), chain(path, fault.as_ref())),
        Finding::Dates { issuer, state } => (t!("check.dates"), dates(issuer.as_deref(), *state)),
        Finding::Usage { role, allowed } => {
            let sentence = match (role, allowed) {
                (_, None) => t!("check.usage_unrestricted"),
                (Role::Sign, Some(true)) => t!("check.usage_sign"),
                (Role::Encrypt, Some(true)) => t!("check.usage_encrypt"),
                (_, Some(false)) => t!("check.usage_wrong"),
            };
            (t!("check.usage"), sentence.into_owned())
        }
        Finding::Key(key) => {
            let sentence = match key {
                KeyMatch::Same => t!("check.key_same"),
                KeyMatch::Different => t!("check.key_different"),
                KeyMatch::NotRead => t!("check.key_not_read"),
                KeyMatch::NotSm2 => t!("check.key_not_sm2"),
            };
            (t!("check.key"), sentence.into_owned())
        }
        Finding::Revocation(revocation) => (t!("check.revocation"), revoked(revocation)),
        Finding::UnusedFiles(files) => {
            let files: Vec<_> = files.iter().map(unused_file).collect();
            (t!("check.unused_files"), files.join("\n"))
        }
    }
}

/// A file in a folder of roots, or a part of one, and why it is not used.
pub fn unused_file(skipped: &SkippedFile) -> String {
    let why = match skipped.reason {
        SkipReason::Unreadable => t!("roots.unreadable"),
        SkipReason::TooLarge => t!("roots.too_large"),
        SkipReason::NoCertificate => t!("roots.no_certificate"),
        SkipReason::Damaged => t!("roots.damaged"),
        SkipReason::NotBelieved => t!("roots.not_believed"),
    };
    let file = skipped.file.file_name().unwrap_or_default().to_string_lossy();
    match skipped.block {
        Some(block) => t!("roots.block", file = file, block = block, why = why).into_owned(),
        None => t!("roots.file", file = file, why = why).into_owned(),
    }
}

fn chain(path: &[String], fault: Option<&ChainFault>) -> String {
    match fault {
        None => path.join(" ← "),
        Some(ChainFault::IssuerUnknown { issuer }) => t!("check.chain_issuer_unknown", issuer = issuer).into_owned(),
        Some(ChainFault::SelfSigned) => t!("check.chain_self_signed").into_owned(),
        Some(ChainFault::SignatureWrong { certificate }) => {
            t!("check.chain_signature_wrong", name = certificate).into_owned()
        }
        Some(ChainFault::OtherUserId { certificate }) => {
            t!("check.chain_other_user_id", name = certificate).into_owned()
        }
        Some(ChainFault::KeyUnreadable { certificate }) => {
            t!("check.chain_key_unreadable", name = certificate).into_owned()
        }
        Some(ChainFault::NotACa { certificate }) => t!("check.chain_not_a_ca", name = certificate).into_owned(),
        Some(ChainFault::PathTooLong { certificate }) => {
            t!("check.chain_path_too_long", name = certificate).into_owned()
        }
        Some(ChainFault::UnknownRule { certificate, .. }) => {
            t!("check.chain_unhandled", name = certificate).into_owned()
        }
        Some(ChainFault::UnknownAlgorithm { certificate, .. }) => {
            t!("check.chain_unsupported", name = certificate).into_owned()
        }
        Some(ChainFault::TooDeep) => t!("check.chain_too_deep").into_owned(),
    }
}

fn dates(issuer: Option<&str>, state: Option<ValidityState>) -> String {
    let sentence = match state {
        None => t!("check.dates_unreadable"),
        Some(ValidityState::Valid { days_left } | ValidityState::Expiring { days_left }) => {
            t!("check.dates_left", days = words::days(days_left))
        }
        Some(ValidityState::NotYetValid { .. }) => t!("check.dates_not_yet"),
        Some(ValidityState::Expired { days_ago }) => t!("check.dates_expired", days = words::days(days_ago)),
    };
    issuer.map_or_else(
        || sentence.clone().into_owned(),
        |name| t!("banner.of", owner = name, text = sentence).into_owned(),
    )
}

fn revoked(revocation: &Revocation) -> String {
    match revocation {
        Revocation::Good { list_made, .. } => {
            t!("check.not_revoked", day = words::day(beijing_day(*list_made))).into_owned()
        }
        Revocation::Revoked { since, reason } => {
            let day = words::day(beijing_day(*since));
            t!("check.revoked", day = day, reason = reason_word(*reason)).into_owned()
        }
        Revocation::Unchecked(gap) => gap_words(gap),
    }
}

fn reason_word(reason: Reason) -> Cow<'static, str> {
    match reason {
        Reason::Unspecified | Reason::Other(_) => t!("check.reason_unspecified"),
        Reason::KeyCompromise => t!("check.reason_key_compromise"),
        Reason::CaCompromise => t!("check.reason_ca_compromise"),
        Reason::AffiliationChanged => t!("check.reason_affiliation_changed"),
        Reason::Superseded => t!("check.reason_superseded"),
        Reason::CessationOfOperation => t!("check.reason_cessation"),
        Reason::Hold => t!("check.reason_hold"),
        Reason::PrivilegeWithdrawn => t!("check.reason_privilege_withdrawn"),
    }
}

fn gap_words(gap: &RevocationGap) -> String {
    let sentence = match gap {
        RevocationGap::NoAddress => t!("check.gap_no_address"),
        RevocationGap::OtherScheme(scheme) => t!("check.gap_other_scheme", scheme = scheme),
        RevocationGap::UnusableAddress(name) => t!("check.gap_unusable_address", name = name),
        RevocationGap::IssuerNotProven => t!("check.gap_issuer_not_proven"),
        RevocationGap::Unreachable => t!("check.gap_unreachable"),
        RevocationGap::TimedOut => t!("check.gap_timed_out"),
        RevocationGap::TooLarge => t!("check.gap_too_large"),
        RevocationGap::Status(status) => t!("check.gap_status", status = status),
        RevocationGap::RedirectRefused => t!("check.gap_redirect"),
        RevocationGap::Malformed => t!("check.gap_malformed"),
        RevocationGap::WrongIssuer => t!("check.gap_wrong_issuer"),
        RevocationGap::SignatureWrong => t!("check.gap_signature_wrong"),
        RevocationGap::UnknownAlgorithm(_) | RevocationGap::UnknownRule(_) => t!("check.gap_unknown"),
        RevocationGap::NotYetValid => t!("check.gap_not_yet"),
        RevocationGap::Outdated(_) => t!("check.gap_out_of_date"),
        RevocationGap::OtherScope => t!("check.gap_other_scope"),
        RevocationGap::SomeReasons => t!("check.gap_some_reasons"),
        RevocationGap::KeyUnreadable => t!("check.gap_key_unreadable"),
    };
    sentence.into_owned()
}
