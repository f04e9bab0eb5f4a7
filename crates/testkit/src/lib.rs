//! What the tests of several crates share. Never a dependency of a program.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)] // a failing unwrap is a failing test

mod programs;

pub use programs::program;
