//! What becomes of a panic: a report in a local file, and a clean start afterwards.

use std::path::PathBuf;

/// The last run ended by a fault of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The report.
    pub file: PathBuf,
    /// What it says, without anything of the person.
    pub text: String,
}
