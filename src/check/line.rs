//! What a probe found: one line of the list.

use super::probe::ProbeId;
use super::repair::Repair;
use super::text;
use std::time::Duration;

/// How a line is to be taken; a later one is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Looked at and good.
    Ok,
    /// Could not be looked at, or has no meaning here.
    NotApplicable,
    /// Looked at; worth knowing.
    Notice,
    /// Looked at and wrong.
    Problem,
}

impl Verdict {
    /// Short name, in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotApplicable => "not-applicable",
            Self::Notice => "notice",
            Self::Problem => "problem",
        }
    }
}

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// As it is shown.
    pub text: String,
    /// It belongs to a person: left out of reports unless the person wants it in.
    pub private: bool,
}

/// A sentence with its values; the words are in assets/checks.toml under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `probe.name`.
    pub key: &'static str,
    /// `{name}` → value.
    pub values: Vec<(&'static str, Value)>,
}

// numbers and texts made on the spot are handed over as they are
#[allow(clippy::needless_pass_by_value)] // callers hand over numbers, texts and path displays they have just made
impl Statement {
    /// A sentence without values.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, values: Vec::new() }
    }

    /// Adds a value anybody may see.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, Value { text: value.to_string(), private: false }));
        self
    }

    /// Adds a value that belongs to a person: a name, a serial number, an address, a path in a home folder.
    #[must_use]
    pub fn with_private(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, Value { text: value.to_string(), private: true }));
        self
    }

    /// In words. Without `private`, what belongs to a person is replaced by a word that says so.
    #[must_use]
    pub fn words(&self, chinese: bool, private: bool) -> String {
        let text = text::sentence(self.key, chinese);
        self.values.iter().fold(text, |text, (name, value)| {
            let shown = if private || !value.private { value.text.clone() } else { text::hidden(chinese) };
            text.replace(&format!("{{{name}}}"), &shown)
        })
    }
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which probe.
    pub probe: ProbeId,
    /// How to take it.
    pub verdict: Verdict,
    /// What was found, in one sentence.
    pub sentence: Statement,
    /// More, one line each.
    pub details: Vec<Statement>,
    /// 如何处理; one step each.
    pub remedy: Vec<Statement>,
    /// The layer that has to work first; with [`Verdict::NotApplicable`].
    pub because: Option<ProbeId>,
    /// 修复: what the program can do about it.
    pub repair: Option<Repair>,
    /// What the repair runs with an administrator's rights, exactly; set by the runner.
    pub repair_command: Option<String>,
    /// How long it took; set by the runner.
    pub took: Duration,
}

impl Line {
    /// A line.
    #[must_use]
    pub const fn new(probe: ProbeId, verdict: Verdict, sentence: Statement) -> Self {
        Self {
            probe,
            verdict,
            sentence,
            details: Vec::new(),
            remedy: Vec::new(),
            because: None,
            repair: None,
            repair_command: None,
            took: Duration::ZERO,
        }
    }

    /// Not looked at, because another layer has to work first.
    #[must_use]
    pub fn waits_for(probe: ProbeId, layer: ProbeId) -> Self {
        let because = Some(layer);
        Self { because, ..Self::new(probe, Verdict::NotApplicable, Statement::new("common.waits")) }
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, detail: Statement) -> Self {
        self.details.push(detail);
        self
    }

    /// Adds a step of 如何处理.
    #[must_use]
    pub fn remedy(mut self, step: Statement) -> Self {
        self.remedy.push(step);
        self
    }

    /// Offers a repair.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// The sentence in words; a line that waits names the layer it waits for.
    #[must_use]
    pub fn words(&self, chinese: bool, private: bool) -> String {
        match self.because {
            Some(layer) => self.sentence.clone().with("layer", text::name(layer, chinese)).words(chinese, private),
            None => self.sentence.words(chinese, private),
        }
    }

    /// Name of the probe in words.
    #[must_use]
    pub fn name(&self, chinese: bool) -> String {
        text::name(self.probe, chinese)
    }
}
