//! What the fuzzer feeds. The same functions run over the seeds in the ordinary tests (tests/fuzz_seeds.rs), so that a
//! finding stays found and the targets stay in step with the program.

pub mod certificate;
pub mod response;
pub mod session;
pub mod structure;
