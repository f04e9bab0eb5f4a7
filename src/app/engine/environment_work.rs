//! The environment check at work: what it looks at, run beside everything else.
//!
//! Invariants
//! * One check at a time; a second wish while one runs is the running one.
//! * Keys are read by their own workers. One that does not answer in time counts as mute and holds up no other.

use crate::app::config::presets::Presets;
use crate::app::config::settings::SettingsFile;
use crate::app::engine::dispatch::{EventSender, Workers};
use crate::app::engine::everyday::Known;
use crate::app::engine::message::Event;
use crate::app::engine::orders::lock;
use crate::app::engine::worker::Job;
use crate::check::{self, Folders, Inserted, LIMIT, Line, Probe, ProbeId, Repair, Scene};
use base::fault::{Fault, FaultCode};
use ca_client::Profiles;
use net::Proxy;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use token::{CardSeen, KeySource, ReaderSeen, ServiceReport, ServiceState, Slot, SourceEvent};

/// How long keys may take to answer a check.
const KEYS: Duration = Duration::from_secs(5);
/// How long the watching thread may take to tell, after the start, which keys are in.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// What the environment check has to know of this program and person.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Folders of this person.
    pub folders: Folders,
    /// Which CA issues which certificates.
    pub profiles: Profiles,
    /// How services are reached.
    pub proxy: Proxy,
    /// This program's file.
    pub program: PathBuf,
    /// Practice keys.
    pub practice: bool,
    /// What the administrator set.
    pub presets: Arc<Presets>,
}

/// What lies in the readers, as the watching thread told.
#[derive(Default)]
pub(in crate::app) struct Present {
    inner: Mutex<Inner>,
    told: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Told after the cards that were in at the start.
    service: Option<ServiceState>,
    cards: BTreeMap<u64, (Slot, Arc<AtomicBool>)>,
}

impl Present {
    pub(in crate::app) fn hear(&self, event: &SourceEvent) {
        let mut inner = lock(&self.inner);
        match event {
            SourceEvent::Service(state) => inner.service = Some(state.clone()),
            SourceEvent::Inserted(slot) => {
                inner.cards.insert(slot.id, (slot.clone(), Arc::default()));
            }
            SourceEvent::Removed(id) => {
                inner.cards.remove(id);
            }
            SourceEvent::Freed(_) => {}
        }
        self.told.notify_all();
    }

    /// True while a workflow has the key.
    pub(in crate::app) fn lent(&self, slot: u64) -> Arc<AtomicBool> {
        lock(&self.inner).cards.get(&slot).map(|(_, lent)| Arc::clone(lent)).unwrap_or_default()
    }

    /// True while a workflow has any key.
    pub(in crate::app) fn any_lent(&self) -> bool {
        lock(&self.inner).cards.values().any(|(_, lent)| lent.load(Ordering::Relaxed))
    }

    /// The cards that are in, and the state of the service as it was told. Waits a little for as many cards as the service
    /// has by its own word: after a start the watching thread may not have met them yet.
    fn look(&self, expected: usize) -> (Vec<(Slot, Arc<AtomicBool>)>, Option<ServiceState>) {
        let inner = lock(&self.inner);
        let early = |inner: &mut Inner| inner.service.is_none() || inner.cards.len() < expected;
        let waited = self.told.wait_timeout_while(inner, FIRST_LOOK, early);
        let inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        (inner.cards.values().cloned().collect(), inner.service.clone())
    }

    /// In place of a service that does not exist, as for practice keys.
    fn report(&self) -> ServiceReport {
        let (cards, service) = self.look(0);
        let seen = |slot: Slot| ReaderSeen { name: slot.reader, card: CardSeen::There, atr: slot.atr };
        ServiceReport {
            readers: cards.into_iter().map(|(slot, _)| seen(slot)).collect(),
            ..service.unwrap_or(ServiceState::Stopped).into()
        }
    }
}

/// Asks every worker to read its key anew.
fn read_keys(workers: &Workers, present: &Present, expected: usize) -> Vec<Inserted> {
    let (cards, _) = present.look(expected);
    let (tell, answers) = channel();
    // a key that is lent comes back when its workflow ends
    for (slot, _) in cards.iter().filter(|(_, lent)| !lent.load(Ordering::Relaxed)) {
        if let Some(jobs) = lock(workers).get(&slot.id) {
            // a worker that ended answers nothing
            let _ended = jobs.send(Job::Inspect(tell.clone()));
        }
    }
    drop(tell);
    let end = Instant::now() + KEYS;
    let mut found = BTreeMap::new();
    while let Ok((slot, inserted)) = answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
        found.insert(slot, inserted);
    }
    let silent = |slot: Slot, lent: &AtomicBool| Inserted {
        reader: slot.reader,
        atr: slot.atr,
        result: Err(Fault::new(FaultCode::KeyMute)),
        public_keys: Vec::new(),
        lent: lent.load(Ordering::Relaxed),
    };
    cards.into_iter().map(|(slot, lent)| found.remove(&slot.id).unwrap_or_else(|| silent(slot, &lent))).collect()
}

/// The checks of a hub.
#[derive(Clone)]
pub(in crate::app) struct Checks {
    site: Arc<Mutex<Site>>,
    /// What was found last; locked while a check runs.
    lines: Arc<Mutex<BTreeMap<ProbeId, Line>>>,
}

impl Checks {
    pub(in crate::app) fn at(site: Site) -> Self {
        Self { site: Arc::new(Mutex::new(site)), lines: Arc::default() }
    }

    /// What a question for updates needs.
    pub(in crate::app) fn known(&self) -> Known {
        let Site { folders, profiles, proxy, presets, .. } = lock(&self.site).clone();
        let file = |folder: PathBuf, name: &str| (!folder.as_os_str().is_empty()).then(|| folder.join(name));
        Known {
            settings: SettingsFile::at(file(folders.config, "settings.json")).over(presets),
            profiles,
            proxy,
            seen: file(folders.data, "update-seen.json"),
        }
    }

    /// How services are reached now.
    pub(in crate::app) fn proxy(&self) -> Proxy {
        lock(&self.site).proxy.clone()
    }

    /// Services are reached this way from now on.
    pub(in crate::app) fn use_proxy(&self, proxy: Proxy) {
        lock(&self.site).proxy = proxy;
    }

    pub(in crate::app) fn scene(
        &self,
        source: &Arc<dyn KeySource>,
        trust: &Arc<dyn Fn() -> certificate::TrustStore + Send + Sync>,
        workers: &Workers,
        present: &Arc<Present>,
    ) -> Scene {
        let Site { folders, profiles, proxy, program, practice, presets } = lock(&self.site).clone();
        let (source, trust, workers) = (Arc::clone(source), Arc::clone(trust), Arc::clone(workers));
        let [at_readers, at_keys] = [Arc::clone(present), Arc::clone(present)];
        // cards the service has by its own word, once it was asked
        let said = Arc::<AtomicUsize>::default();
        let expected = Arc::clone(&said);
        Scene {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            ask_service: Box::new(move || {
                let report = source.look().unwrap_or_else(|| at_readers.report());
                let cards = report.readers.iter().filter(|reader| reader.card != CardSeen::None).count();
                said.store(cards, Ordering::Relaxed);
                report
            }),
            ask_keys: Box::new(move || read_keys(&workers, &at_keys, expected.load(Ordering::Relaxed))),
            trust: Box::new(move || trust()),
            profiles,
            proxy,
            folders,
            presets: presets.used().to_vec(),
            preset_faults: presets.faults().to_vec(),
            program,
            practice,
            ..Scene::bare("/")
        }
    }

    /// Looks at everything.
    pub(in crate::app) fn run(&self, scene: Scene, sender: &EventSender) {
        if let Ok(mut lines) = self.lines.try_lock() {
            look(&check::probes(), scene, sender, &mut lines);
        }
    }

    /// Carries a repair out and looks again, there and at what waited for it.
    pub(in crate::app) fn repair(
        &self,
        probe: ProbeId,
        repair: Repair,
        scene: &Scene,
        after: Scene,
        sender: &EventSender,
    ) {
        let result = check::carry_out(repair, scene);
        sender.send(Event::Repaired { probe, result });
        let mut lines = lock(&self.lines);
        let waits = |id: ProbeId| lines.get(&id).is_some_and(|line| line.because == Some(probe));
        let again: Vec<_> = check::probes().into_iter().filter(|one| one.id() == probe || waits(one.id())).collect();
        look(&again, after, sender, &mut lines);
    }
}

fn look(probes: &[Arc<dyn Probe>], scene: Scene, sender: &EventSender, lines: &mut BTreeMap<ProbeId, Line>) {
    let began = Instant::now();
    sender.send(Event::CheckBegan(probes.iter().map(|probe| probe.id()).collect()));
    check::run(probes, &Arc::new(scene), LIMIT, &mut |line| {
        lines.insert(line.probe, line.clone());
        sender.send(Event::CheckLine(Box::new(line)));
    });
    sender.send(Event::CheckEnded(began.elapsed()));
}

#[cfg(test)]
mod tests {
    use super::{Job, Ordering, Present, ServiceState, Slot, SourceEvent, Workers, channel, lock, read_keys};
    use crate::check::Inserted;
    use base::fault::{Fault, FaultCode};
    use std::sync::Arc;

    fn slot(id: u64) -> Slot {
        Slot { id, reader: format!("Reader {id}"), atr: vec![0x3B] }
    }

    /// A worker that answers with this fault.
    fn worker(workers: &Workers, id: u64) {
        let (jobs, inbox) = channel();
        lock(workers).insert(id, jobs);
        std::thread::spawn(move || {
            while let Ok(job) = inbox.recv() {
                if let Job::Inspect(to) = job {
                    let Slot { reader, atr, .. } = slot(id);
                    let result = Err(Fault::new(FaultCode::KeyUnsupported));
                    to.send((id, Inserted { reader, atr, result, public_keys: Vec::new(), lent: false })).unwrap();
                }
            }
        });
    }

    #[test]
    fn cards_the_service_has_are_waited_for_and_a_lent_key_is_not_asked() {
        let (workers, present) = (Workers::default(), Arc::<Present>::default());
        worker(&workers, 1);
        worker(&workers, 2);
        let asking = std::thread::spawn({
            let (workers, present) = (Arc::clone(&workers), Arc::clone(&present));
            move || read_keys(&workers, &present, 2)
        });
        present.hear(&SourceEvent::Service(ServiceState::Running { readers: 2 }));
        present.hear(&SourceEvent::Inserted(slot(1)));
        present.hear(&SourceEvent::Inserted(slot(2)));
        let found = asking.join().unwrap();
        assert_eq!(found.iter().map(|key| key.reader.as_str()).collect::<Vec<_>>(), ["Reader 1", "Reader 2"]);

        present.lent(2).store(true, Ordering::Relaxed);
        let found = read_keys(&workers, &present, 2);
        assert_eq!(found.iter().map(|key| key.lent).collect::<Vec<_>>(), [false, true]);
        present.hear(&SourceEvent::Removed(2));
        assert_eq!(read_keys(&workers, &present, 1).len(), 1);
    }

    #[test]
    fn a_worker_that_is_gone_counts_as_a_key_that_does_not_answer() {
        let (workers, present) = (Workers::default(), Present::default());
        present.hear(&SourceEvent::Inserted(slot(7)));
        present.hear(&SourceEvent::Service(ServiceState::Running { readers: 1 }));
        let found = read_keys(&workers, &present, 1);
        assert_eq!(found[0].result.as_ref().map_err(|fault| fault.code), Err(FaultCode::KeyMute));
        assert!(!found[0].lent);
    }
}
