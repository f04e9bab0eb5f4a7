//! One line about several keys: the worst finding speaks, each key has a detail.

use crate::check::{Inserted, Line, ProbeId, Repair, Statement, Verdict};
use certificate::Certificate;
use token::KeyContents;

/// What a probe found about one key.
pub struct Finding {
    /// How to take it.
    pub verdict: Verdict,
    /// In one sentence that names the key.
    pub sentence: Statement,
    /// More.
    pub details: Vec<Statement>,
    /// What to do.
    pub remedy: Vec<Statement>,
    /// What the program can do.
    pub repair: Option<Repair>,
}

impl Finding {
    /// A finding.
    pub const fn new(verdict: Verdict, sentence: Statement) -> Self {
        Self { verdict, sentence, details: Vec::new(), remedy: Vec::new(), repair: None }
    }

    /// Adds a step of 如何处理.
    pub fn remedy(mut self, step: Statement) -> Self {
        self.remedy.push(step);
        self
    }

    /// Adds a detail.
    pub fn detail(mut self, detail: Statement) -> Self {
        self.details.push(detail);
        self
    }

    /// Offers a repair.
    pub fn repair(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }
}

/// The line; `None` without findings.
pub fn line(probe: ProbeId, findings: Vec<Finding>) -> Option<Line> {
    let worst = findings.iter().map(|finding| finding.verdict).max()?;
    let lead = findings.iter().position(|finding| finding.verdict == worst)?;
    let several = findings.len() > 1;
    let mut line = Line::new(probe, worst, findings.get(lead)?.sentence.clone());
    for (index, finding) in findings.into_iter().enumerate() {
        if several {
            line = line.detail(finding.sentence);
        }
        line.details.extend(finding.details);
        if index == lead {
            line.remedy = finding.remedy;
            line.repair = finding.repair;
        }
    }
    Some(line)
}

/// The keys that were read.
pub fn read(keys: &[Inserted]) -> impl Iterator<Item = (&Inserted, &KeyContents)> {
    keys.iter().filter_map(|key| Some((key, key.result.as_ref().ok()?)))
}

/// What a person knows a key by: its owner, else its serial number, else its reader.
pub fn label(key: &Inserted) -> String {
    let Ok(contents) = &key.result else { return key.reader.clone() };
    let current = contents.current_container();
    let certificates = current.into_iter().flat_map(|container| [&container.sign, &container.encrypt]);
    let owner = certificates.flatten().find_map(|der| Certificate::parse(der).ok()?.owner);
    let serial = (!contents.device.serial.is_empty()).then(|| contents.device.serial.clone());
    owner.or(serial).unwrap_or_else(|| key.reader.clone())
}
