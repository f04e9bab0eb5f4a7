//! The environment check around the key, each fault made for real: exactly the layer that is broken is the problem.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clock;
mod network;
mod repairs;
mod report;
mod servers;
mod storage;
mod surroundings;
mod world;
