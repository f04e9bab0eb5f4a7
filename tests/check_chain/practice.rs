//! The check as the window asks for it: events of the hub, over practice keys.

use cert_assistant::app::{Command, Engine, EngineContext, Event, Model, Site};
use cert_assistant::check::{Page, ProbeId, Repair, Verdict, chain};
use cert_assistant::practice::{KeySet, PracticeReaders};
use certificate::TrustStore;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use testkit::reader::WATCHDOG;

struct Practice {
    engine: Engine,
    events: Receiver<Event>,
    model: Model,
}

impl Practice {
    fn start() -> Self {
        let (source, _ca) = PracticeReaders::with_keys(KeySet::Standard).unwrap();
        let (engine, events) = Engine::start(EngineContext {
            source: Arc::new(source),
            trust: Arc::new(TrustStore::default),
            wake: Arc::new(|| ()),
            online: None,
            site: Site { practice: true, ..Site::default() },
        });
        Self { engine, events, model: Model::default() }
    }

    /// Takes events in up to the end of a check; the probes it began with.
    fn checked(&mut self) -> Vec<ProbeId> {
        let mut began = Vec::new();
        loop {
            let event = self.events.recv_timeout(WATCHDOG).unwrap();
            if let Event::CheckBegan(probes) = &event {
                began.clone_from(probes);
            }
            let ended = matches!(event, Event::CheckEnded(_));
            self.model.apply(event, Instant::now());
            if ended {
                return began;
            }
        }
    }
}

#[test]
fn practice_keys_are_looked_at_and_what_lies_below_them_is_not() {
    let mut practice = Practice::start();
    // at once: the keys are still being found
    practice.engine.send(Command::CheckEnvironment);
    let began = practice.checked();
    let environment = &practice.model.environment;
    assert!(!environment.is_running() && environment.open.is_empty());
    assert!(chain::probes().iter().all(|probe| began.contains(&probe.id())));
    let verdict = |probe| environment.lines[&probe].verdict;
    for below in [ProbeId::Usb, ProbeId::Permission, ProbeId::Service, ProbeId::Readers, ProbeId::Drivers] {
        assert_eq!(environment.lines[&below].sentence.key, "common.practice");
        assert_eq!(verdict(below), Verdict::NotApplicable);
    }
    for above in [ProbeId::Keys, ProbeId::Application, ProbeId::Certificates] {
        assert_ne!(verdict(above), Verdict::NotApplicable, "{:?}", environment.lines[&above]);
    }
    let keys = &environment.lines[&ProbeId::Keys];
    assert!(keys.details.iter().filter(|detail| detail.key == "keys.answers").count() > 1, "{keys:?}");
}

#[test]
fn after_a_repair_its_probe_looks_again() {
    let mut practice = Practice::start();
    practice.engine.send(Command::CheckEnvironment);
    practice.checked();
    practice.model.environment.lines.remove(&ProbeId::Application);
    practice.model.environment.repairing = Some((ProbeId::Application, Repair::Open(Page::ChangePin)));
    practice.engine.send(Command::Repair { probe: ProbeId::Application, repair: Repair::Open(Page::ChangePin) });
    assert_eq!(practice.checked(), [ProbeId::Application]);
    assert_eq!(practice.model.environment.repairing, None);
    assert!(practice.model.environment.lines.contains_key(&ProbeId::Application));
}
