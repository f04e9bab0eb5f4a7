//! A renewal cut at every command to the key and every call to the CA, before and after its effect.
//!
//! Each point is one renewal from its beginning with a fresh key and certificate: cut there, looked at, gone on with. The
//! service is the real one over HTTP with its books on disk; the key is a virtual one. Every test prints the points it
//! tried.
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// the table of points is what a test of cuts has to say
#![allow(clippy::print_stdout)]

mod desk;
mod line;
mod renewal;
mod wire;
mod world;

use desk::{KeyCut, Killed};
use line::LineCut;
use renewal::{Cut, Report, renew};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
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

/// Tries all points, on a thread for each world; the worlds may be one and the same. Tells what was seen.
fn try_all(worlds: &[Arc<World>; 2], cuts: &[Cut]) {
    quiet_about_the_killed();
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for world in worlds {
            let (next, reports) = (&next, &reports);
            scope.spawn(move || {
                while let Some(&cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = renew(world, cut);
                    reports.lock().unwrap().push((cut, report));
                }
            });
        }
    });
    let mut table = reports.into_inner().unwrap();
    assert_eq!(table.len(), cuts.len());
    table.sort_by_key(|(cut, _)| cuts.iter().position(|known| known == cut));
    print_table(&table);
    let [one, other] = worlds;
    for world in [one].into_iter().chain((!Arc::ptr_eq(one, other)).then_some(other)) {
        println!("{} records in the audit log, its chain is whole", world.audit());
    }
}

fn one_world() -> [Arc<World>; 2] {
    let world = Arc::new(World::new());
    [Arc::clone(&world), world]
}

fn print_table(table: &[(Cut, Report)]) {
    println!("{:<30} {:<20} {:<10} begun again", "cut", "fell on", "seen");
    for (cut, report) in table {
        let seen = match (report.seen, report.killed) {
            (Some(code), _) => code.as_str(),
            (None, true) => "killed",
            (None, false) => "nothing",
        };
        println!("{:<30} {:<20} {seen:<10} {}", format!("{cut:?}"), report.fell_on, report.again);
    }
    println!("{} points", table.len());
}

/// Every command of a renewal that is not cut.
fn key_cuts(kind: KeyCut) {
    let worlds = one_world();
    let whole = renew(&worlds[0], Cut::Nowhere);
    assert_eq!((whole.again, whole.seen), (0, None));
    let cuts = (1..=whole.commands).map(|at| Cut::Key(at, kind));
    try_all(&worlds, &cuts.collect::<Vec<_>>());
}

/// Every call of a renewal that is not cut.
fn call_cuts(worlds: &[Arc<World>; 2], kinds: &[CallCut]) {
    let whole = renew(&worlds[0], Cut::Nowhere);
    let cuts = (1..=whole.calls.len()).flat_map(|at| kinds.iter().map(move |kind| Cut::Call(at, *kind)));
    try_all(worlds, &cuts.collect::<Vec<_>>());
}

#[test]
fn the_key_is_pulled_out_before_any_command() {
    key_cuts(KeyCut::UnplugBefore);
}

#[test]
fn the_key_is_pulled_out_after_any_command() {
    key_cuts(KeyCut::UnplugAfter);
}

#[test]
fn the_key_loses_its_power_before_any_command_is_stored() {
    key_cuts(KeyCut::PowerBefore);
}

#[test]
fn the_key_loses_its_power_after_any_command_is_stored() {
    key_cuts(KeyCut::PowerAfter);
}

#[test]
fn the_program_is_killed_before_any_command() {
    key_cuts(KeyCut::KillBefore);
}

#[test]
fn the_program_is_killed_after_any_command() {
    key_cuts(KeyCut::KillAfter);
}

#[test]
fn a_call_is_lost_or_the_program_killed_in_it() {
    let kinds = [CallCut::LostBefore, CallCut::LostAfter, CallCut::KillBefore, CallCut::KillAfter];
    call_cuts(&one_world(), &kinds);
}

#[test]
fn the_service_is_started_again_at_any_call() {
    let worlds = [Arc::new(World::new()), Arc::new(World::new())];
    call_cuts(&worlds, &[CallCut::RestartBefore, CallCut::RestartAfter]);
}

#[test]
fn the_line_is_cut_at_a_byte() {
    let worlds = one_world();
    let whole = renew(&worlds[0], Cut::Line(0, LineCut::Request));
    assert_eq!(whole.connections, whole.calls.len(), "a connection a call");
    let kinds = [LineCut::Request, LineCut::Answer(0), LineCut::Answer(40), LineCut::LastByte];
    let cuts = (1..=whole.connections).flat_map(|at| kinds.iter().map(move |kind| Cut::Line(at, *kind)));
    try_all(&worlds, &cuts.collect::<Vec<_>>());
}
