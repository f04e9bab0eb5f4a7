//! Every seed of the fuzz targets, and every finding added to them, run as an ordinary test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // a failing test panics and tells

#[path = "../fuzz/src/lib.rs"]
mod targets;

fn replay(name: &str, run: fn(&[u8])) {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut seeds: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "no seeds for {name}");
    seeds.sort();
    for seed in seeds {
        // printed only when it fails
        println!("{}", seed.display());
        run(&std::fs::read(&seed).unwrap());
    }
}

#[test]
fn command_and_response_seeds_keep_their_laws() {
    replay("response", targets::response::run);
}

#[test]
fn strange_certificates_and_lists_are_read_without_panic() {
    replay("certificate", targets::certificate::run);
}

#[test]
fn a_key_that_answers_anything_gets_no_pin_twice() {
    replay("session", targets::session::run);
}

#[test]
fn strange_requests_responses_and_envelopes_are_read_or_refused() {
    replay("structure", targets::structure::run);
}
