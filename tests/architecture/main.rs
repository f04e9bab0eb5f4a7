//! The house rules that no compiler checks: who may call whom, where texts and colours live, and that texts and codes are
//! complete and none is left over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a failing test panics

mod codes_page;
#[cfg(feature = "window")] // the arguments name the sets of practice keys
mod packaged;
mod rules;
mod source;
mod texts;
mod versions;
mod workspace;
