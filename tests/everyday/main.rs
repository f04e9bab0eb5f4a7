//! The program as a guest of the desktop: second starts, the tray, logs, crashes, updates.
#![cfg(target_os = "linux")]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod program;
mod releases;
mod replaced;
mod starts;
mod tray;
mod updates;
