//! 环境检测 as the window shows it.

use crate::check::{Line, ProbeId, Repair};
use base::fault::Fault;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The list, and what is going on with it.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentModel {
    /// What was found, in the order of the chain.
    pub lines: BTreeMap<ProbeId, Line>,
    /// Probes that have not ended.
    pub open: Vec<ProbeId>,
    /// When the running check began.
    pub since: Option<Instant>,
    /// How long the last one took.
    pub took: Option<Duration>,
    /// The repair under way.
    pub repairing: Option<(ProbeId, Repair)>,
    /// A repair that failed.
    pub fault: Option<(ProbeId, Fault)>,
}

impl EnvironmentModel {
    /// A check begins; what was found stays until it is found anew.
    pub fn begin(&mut self, probes: &[ProbeId], now: Instant) {
        self.open = probes.to_vec();
        (self.since, self.took, self.fault) = (Some(now), None, None);
    }

    /// A probe has ended.
    pub fn hear(&mut self, line: Line) {
        self.open.retain(|open| *open != line.probe);
        self.lines.insert(line.probe, line);
    }

    /// The check has ended.
    pub fn end(&mut self, took: Duration) {
        self.open.clear();
        (self.since, self.took) = (None, Some(took));
    }

    /// A repair has ended.
    pub fn repaired(&mut self, probe: ProbeId, result: Result<(), Fault>) {
        self.repairing = None;
        self.fault = result.err().map(|fault| (probe, fault));
    }

    /// True while a check runs.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.since.is_some()
    }
}
