//! Runs probes side by side, each within the time limit.

use super::line::{Line, Statement, Verdict};
use super::probe::{Probe, ProbeId};
use super::scene::Scene;
use super::{chain, outside};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// For each probe, and so for all of them.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Every probe, in the order of the chain.
#[must_use]
pub fn probes() -> Vec<Arc<dyn Probe>> {
    let mut all = chain::probes();
    all.extend(outside::probes());
    all.sort_by_key(|probe| probe.id());
    all
}

/// Runs probes side by side and hands each line over as it comes; returns when all have ended or the limit is over. What
/// has not ended by then is told as such, and its thread is left to end by itself.
pub fn run(probes: &[Arc<dyn Probe>], scene: &Arc<Scene>, limit: Duration, tell: &mut dyn FnMut(Line)) {
    let began = Instant::now();
    let (done, lines) = channel();
    let mut open: BTreeMap<ProbeId, ()> = BTreeMap::new();
    for probe in probes {
        let (probe, scene, done) = (Arc::clone(probe), Arc::clone(scene), done.clone());
        let id = probe.id();
        let started = std::thread::Builder::new().name(format!("check-{}", id.as_str())).spawn(move || {
            let began = Instant::now();
            let line = probe.run(&scene);
            let repair_command = line.repair.and_then(|repair| repair.command(&scene));
            // the list was closed: too late
            let _late = done.send(Line { took: began.elapsed(), repair_command, ..line });
        });
        open.insert(id, ());
        if let Err(error) = started {
            tracing::error!(%error, probe = id.as_str(), "no thread for a probe");
        }
    }
    drop(done);
    while !open.is_empty() {
        match lines.recv_timeout(limit.saturating_sub(began.elapsed())) {
            Ok(line) => {
                open.remove(&line.probe);
                tell(line);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    for probe in open.into_keys() {
        let line = Line::new(probe, Verdict::Notice, Statement::new("common.timed_out"));
        tell(Line { took: began.elapsed(), ..line.remedy(Statement::new("common.timed_out_todo")) });
    }
}
