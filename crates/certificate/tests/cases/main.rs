//! Certificates, revocation lists and files of roots of every odd form met in the field, each with the right value. All are
//! made up: `Made Root` certified `Made Op CA`, which certified the person; `inputs/roots-named` holds both as CAs write them.

// helpers of tests are tests too
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod certificates;
mod lists;
mod roots;

use certificate::{Certificate, Chain, TrustStore, chain};
use std::path::PathBuf;

/// 2026-11-29, while everything here is in date.
const NOW: i64 = 1_796_000_000;
const PERSON: &str = "北京演示科技有限公司";

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/cases/inputs", name].iter().collect()
}

fn input(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::parse(&input(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn store(folder: &str) -> TrustStore {
    let store = TrustStore::from_folder(&path(folder));
    assert_eq!(store.skipped(), [], "{folder}");
    store
}

fn chain_of(name: &str, folder: &str) -> Chain {
    chain(&certificate(name), &store(folder), NOW)
}

/// All inputs with an ending.
fn inputs(ending: &str) -> Vec<String> {
    let names = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    assert!(names.len() > 10);
    names
}
