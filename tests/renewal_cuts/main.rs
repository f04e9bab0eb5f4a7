//! A renewal cut at every command to the key and every call to the CA, before and after its effect.
//!
//! Each point is one renewal from its beginning with a fresh key and certificate: cut there, looked at, gone on with. The
//! service is the real one over HTTP with its books on disk; the key is a virtual one. Every test prints the points it
//! tried.
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desk;
mod renewal;
mod wire;
mod world;

use desk::{KeyCut, Killed};
use renewal::{Cut, Report, renew};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use wire::CallCut;
use world::World;

/// A program that is killed does not say so.
fn quiet_about_the_killed() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Killed>() {
                usual(info);
            }
        }));
    });
}

/// Tries all points on two threads, and tells what was seen.
fn try_all(world: &Arc<World>, cuts: &[Cut]) {
    quiet_about_the_killed();
    let next = AtomicUsize::new(0);
    let reports = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = renew(world, cut);
                    reports.lock().unwrap().insert(format!("{cut:?}"), (cut, report));
                }
            });
        }
    });
    let reports = reports.into_inner().unwrap();
    assert_eq!(reports.len(), cuts.len());
    let records = world.audit();
    let table: Vec<&(Cut, Report)> = reports.values().collect();
    print_table(&table, records);
}

fn print_table(table: &[&(Cut, Report)], records: u64) {
    let mut sorted: Vec<_> = table.iter().map(|(cut, report)| (order(*cut), cut, report)).collect();
    sorted.sort_by_key(|(order, ..)| *order);
    println!("{:<28} {:<20} {:<10} begun again", "cut", "fell on", "seen");
    for (_, cut, report) in sorted {
        let seen = match (report.seen, report.killed) {
            (Some(code), _) => code.as_str(),
            (None, true) => "killed",
            (None, false) => "nothing",
        };
        println!("{:<28} {:<20} {seen:<10} {}", format!("{cut:?}"), report.fell_on, report.again);
    }
    println!("{} points, {records} records in the audit log, chain whole", table.len());
}

const fn order(cut: Cut) -> (u8, u64) {
    match cut {
        Cut::Nowhere => (0, 0),
        Cut::Key(at, _) => (1, at),
        Cut::Call(at, _) => (2, at as u64),
    }
}

/// Every command of a renewal that is not cut.
fn key_cuts(kinds: &[KeyCut]) {
    let world = Arc::new(World::new());
    let whole = renew(&world, Cut::Nowhere);
    assert_eq!((whole.again, whole.seen), (0, None));
    let cuts = (1..=whole.commands).flat_map(|at| kinds.iter().map(move |kind| Cut::Key(at, *kind)));
    try_all(&world, &cuts.collect::<Vec<_>>());
}

#[test]
fn the_key_is_pulled_out_at_any_command() {
    key_cuts(&[KeyCut::UnplugBefore, KeyCut::UnplugAfter]);
}

#[test]
fn the_key_loses_its_power_at_any_command() {
    key_cuts(&[KeyCut::PowerBefore, KeyCut::PowerAfter]);
}

#[test]
fn the_program_is_killed_at_any_command() {
    key_cuts(&[KeyCut::KillBefore, KeyCut::KillAfter]);
}

#[test]
fn any_call_is_lost_or_the_program_killed_in_it() {
    call_cuts(&[CallCut::LostBefore, CallCut::LostAfter, CallCut::KillBefore, CallCut::KillAfter]);
}

fn call_cuts(kinds: &[CallCut]) {
    let world = Arc::new(World::new());
    let whole = renew(&world, Cut::Nowhere);
    let cuts = (1..=whole.calls.len()).flat_map(|at| kinds.iter().map(move |kind| Cut::Call(at, *kind)));
    try_all(&world, &cuts.collect::<Vec<_>>());
}

#[test]
fn one_whole_renewal() {
    tracing_subscriber::fmt().init();
    let world = Arc::new(World::new());
    let report = renew(&world, Cut::Nowhere);
    println!("{report:?}");
}
