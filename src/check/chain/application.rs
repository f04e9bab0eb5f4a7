//! The application on the key and its PIN: there at all, tries left, still the one set at the factory. No try is spent: the
//! key tells its counter.

use super::blame;
use super::per_key::{self, Finding, label};
use crate::check::{Inserted, Line, Page, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use token::{KeyContents, PinInfo};

/// So few tries are worth a word.
const FEW: u8 = 3;

/// The probe.
pub struct Application;

impl Probe for Application {
    fn id(&self) -> ProbeId {
        ProbeId::Application
    }

    fn run(&self, scene: &Scene) -> Line {
        if let Some(layer) = blame::reading(scene) {
            return Line::waits_for(ProbeId::Application, layer);
        }
        let findings = per_key::read(scene.keys()).map(|(key, contents)| look(key, contents)).collect();
        let line = per_key::line(ProbeId::Application, findings);
        line.unwrap_or_else(|| Line::waits_for(ProbeId::Application, ProbeId::Keys))
    }
}

fn look(key: &Inserted, contents: &KeyContents) -> Finding {
    let named = |statement: Statement| statement.with_private("key", label(key));
    let (Some(application), Some(pin)) = (&contents.application, contents.pin) else {
        return Finding::new(Verdict::Problem, named(Statement::new("application.none")))
            .remedy(Statement::new("application.none_todo"));
    };
    let finding = judge(pin, &named);
    finding
        .detail(Statement::new("application.opened").with("name", application))
        .detail(Statement::new("application.containers").with("count", contents.containers.len()))
        .detail(Statement::new("application.tries").with("left", pin.tries_left).with("max", pin.max_tries))
}

fn judge(pin: PinInfo, named: &dyn Fn(Statement) -> Statement) -> Finding {
    if pin.is_locked() {
        return Finding::new(Verdict::Problem, named(Statement::new("application.locked")))
            .remedy(Statement::new("application.locked_todo"))
            .repair(Repair::Open(Page::Unlock));
    }
    if pin.tries_left < pin.max_tries && pin.tries_left <= FEW {
        let sentence = named(Statement::new("application.few")).with("left", pin.tries_left);
        return Finding::new(Verdict::Notice, sentence)
            .remedy(Statement::new("application.few_todo"))
            .repair(Repair::Open(Page::Unlock));
    }
    if pin.is_default {
        return Finding::new(Verdict::Notice, named(Statement::new("application.default_pin")))
            .remedy(Statement::new("application.default_pin_todo"))
            .repair(Repair::Open(Page::ChangePin));
    }
    Finding::new(Verdict::Ok, named(Statement::new("application.fine")).with("left", pin.tries_left))
}
