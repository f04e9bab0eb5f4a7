//! The environment check around the key, each fault made for real: exactly the layer that is broken is the problem.
// rights of files, a desktop of freedesktop.org
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clock;
mod context;
mod keys;
mod network;
#[path = "../support/practice.rs"]
mod practice;
mod presets;
mod repairs;
mod report;
mod servers;
mod storage;
mod world;
