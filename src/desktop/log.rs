//! Log files: one a day, kept for 14 days, readable by their owner only.

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What happened.
    Info,
    /// Details, written only while they are wanted.
    Debug,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// As written, `2026-11-21T03:04:05Z`.
    pub time: String,
    /// How grave.
    pub level: Level,
    /// Part of the program.
    pub target: String,
    /// What it says.
    pub text: String,
}
