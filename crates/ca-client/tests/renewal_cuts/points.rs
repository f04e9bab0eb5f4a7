//! The points at which something is cut, each tried from the beginning; and the table of what was seen.
#![allow(dead_code)] // every test crate uses its part

use crate::desk::{KeyCut, Killed};
use crate::line::LineCut;
use crate::wire::CallCut;
use crate::world::World;
use base::fault::FaultCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};

/// Where it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Nowhere,
    /// At this command to the key, counted from 1.
    Key(u64, KeyCut),
    /// At this call to the CA, counted from 1.
    Call(usize, CallCut),
    /// On this connection to the CA, counted from 1.
    Line(usize, LineCut),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub commands: u64,
    pub calls: Vec<&'static str>,
    /// Connections over a line of its own.
    pub connections: usize,
    /// Command or call the cut fell on.
    pub fell_on: String,
    /// What the person saw at the cut; `None` when the program was killed or nothing was noticed.
    pub seen: Option<FaultCode>,
    pub killed: bool,
    /// How often the program or the person had to begin again.
    pub again: usize,
}

/// Goes through it once, cut there, looks and goes on.
pub type Story = fn(&Arc<World>, Cut) -> Report;

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

/// No story has fewer points of a kind: a list that became short by mistake would hold without trying anything.
const FEWEST: usize = 10;

/// Tries all points, on a thread for each world; the worlds may be one and the same. Tells what was seen.
pub fn try_all(story: Story, worlds: &[Arc<World>; 2], cuts: &[Cut]) {
    assert!(cuts.len() >= FEWEST, "{} points", cuts.len());
    quiet_about_the_killed();
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for world in worlds {
            let (next, reports) = (&next, &reports);
            scope.spawn(move || {
                while let Some(&cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = story(world, cut);
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

pub fn one_world() -> [Arc<World>; 2] {
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

/// Every command of what is not cut.
pub fn key_cuts(story: Story, kind: KeyCut) {
    let worlds = one_world();
    let whole = story(&worlds[0], Cut::Nowhere);
    assert_eq!((whole.again, whole.seen), (0, None));
    let cuts = (1..=whole.commands).map(|at| Cut::Key(at, kind));
    try_all(story, &worlds, &cuts.collect::<Vec<_>>());
}

/// Every call of what is not cut.
pub fn call_cuts(story: Story, worlds: &[Arc<World>; 2], kinds: &[CallCut]) {
    let whole = story(&worlds[0], Cut::Nowhere);
    let cuts = (1..=whole.calls.len()).flat_map(|at| kinds.iter().map(move |kind| Cut::Call(at, *kind)));
    try_all(story, worlds, &cuts.collect::<Vec<_>>());
}

/// Every connection of what is not cut.
pub fn line_cuts(story: Story) {
    let worlds = one_world();
    let whole = story(&worlds[0], Cut::Line(0, LineCut::Request));
    assert_eq!(whole.connections, whole.calls.len(), "a connection a call");
    let kinds = [LineCut::Request, LineCut::Answer(0), LineCut::Answer(40), LineCut::LastByte];
    let cuts = (1..=whole.connections).flat_map(|at| kinds.iter().map(move |kind| Cut::Line(at, *kind)));
    try_all(story, &worlds, &cuts.collect::<Vec<_>>());
}
