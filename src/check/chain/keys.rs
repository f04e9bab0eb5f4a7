//! Does every inserted card answer, and is it a key of a model whose PIN format is proven; who holds one that is held.

use super::per_key::{self, Finding, label};
use super::usb_bus::{self, Bus};
use super::{blame, holders};
use crate::check::{Inserted, Line, Probe, ProbeId, Scene, Statement, Verdict};
use base::fault::FaultCode;
use token::KeyContents;

/// The probe.
pub struct Keys;

impl Probe for Keys {
    fn id(&self) -> ProbeId {
        ProbeId::Keys
    }

    fn run(&self, scene: &Scene) -> Line {
        if let Some(layer) = blame::card(scene).filter(|layer| *layer != ProbeId::Keys) {
            return Line::waits_for(ProbeId::Keys, layer);
        }
        let keys = scene.keys();
        if blame::reading(scene) == Some(ProbeId::Permission) {
            return Line::waits_for(ProbeId::Keys, ProbeId::Permission);
        }
        let findings = keys.iter().map(|key| look(scene, key)).collect();
        per_key::line(ProbeId::Keys, findings).unwrap_or_else(|| {
            let line = Line::new(ProbeId::Keys, Verdict::Notice, Statement::new("keys.none"));
            line.remedy(Statement::new("usb.none_plug"))
        })
    }
}

fn look(scene: &Scene, key: &Inserted) -> Finding {
    let fault = match &key.result {
        Ok(contents) => return answers(key, contents),
        Err(fault) => fault,
    };
    let named = |sentence: Statement| sentence.with("reader", &key.reader);
    if key.lent {
        return Finding::new(Verdict::Notice, named(Statement::new("keys.lent")));
    }
    let problem = |sentence| Finding::new(Verdict::Problem, named(sentence)).detail(atr(key));
    match fault.code {
        FaultCode::KeyHeld => held(scene, problem(Statement::new("keys.held"))),
        FaultCode::KeyUnsupported => Finding::new(Verdict::Notice, named(Statement::new("keys.foreign")))
            .detail(atr(key))
            .remedy(Statement::new("keys.foreign_todo")),
        FaultCode::KeyRemoved => {
            Finding::new(Verdict::Notice, named(Statement::new("keys.removed"))).remedy(Statement::new("usb.none_plug"))
        }
        FaultCode::ServiceDenied => problem(Statement::new("keys.denied")),
        FaultCode::KeyMute => problem(Statement::new("keys.mute"))
            .remedy(Statement::new("keys.mute_replug"))
            .remedy(Statement::new("usb.none_turn"))
            .remedy(Statement::new("keys.mute_support")),
        code => {
            let finding = problem(Statement::new("keys.failed").with("code", code.as_str()));
            let detail = fault.detail.clone();
            let finding = match detail.is_empty() {
                true => finding,
                false => finding.detail(Statement::new("keys.answer").with("answer", detail)),
            };
            finding.remedy(Statement::new("keys.mute_replug")).remedy(Statement::new("keys.mute_support"))
        }
    }
}

fn answers(key: &Inserted, contents: &KeyContents) -> Finding {
    let medium = contents.medium.clone().unwrap_or_else(|| contents.device.label.clone());
    let sentence = |statement: Statement| statement.with_private("key", label(key)).with("medium", medium);
    let finding = if contents.known_model {
        Finding::new(Verdict::Ok, sentence(Statement::new("keys.answers")))
    } else {
        Finding::new(Verdict::Notice, sentence(Statement::new("keys.unknown_model")))
            .remedy(Statement::new("keys.unknown_model_todo"))
    };
    let serial = Statement::new("keys.serial").with_private("serial", &contents.device.serial);
    finding.detail(Statement::new("keys.reader").with("reader", &key.reader)).detail(serial).detail(atr(key))
}

fn atr(key: &Inserted) -> Statement {
    let bytes: Vec<String> = key.atr.iter().map(|byte| format!("{byte:02X}")).collect();
    Statement::new("keys.atr").with("reader", &key.reader).with("atr", bytes.join(" "))
}

/// Names the programs that may hold it, where the system tells.
fn held(scene: &Scene, finding: Finding) -> Finding {
    let nodes: Vec<String> = match usb_bus::look(scene) {
        Bus::Devices(devices) => devices.into_iter().filter_map(|device| device.node).collect(),
        Bus::Missing | Bus::OtherSystem => Vec::new(),
    };
    let others = holders::others(scene, &nodes);
    if others.is_empty() {
        return finding.detail(Statement::new("keys.holder_unknown")).remedy(Statement::new("keys.held_todo"));
    }
    let programs = others.join(", ");
    finding
        .detail(Statement::new("keys.holders").with("programs", &programs))
        .remedy(Statement::new("keys.held_close").with("programs", programs))
}
