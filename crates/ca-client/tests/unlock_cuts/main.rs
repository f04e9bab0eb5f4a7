//! An unlock cut at every command to the key and every call to the CA, before and after its effect: with a PIN that was
//! forgotten, and with a locked key.
//!
//! Each point is one unlock from its beginning with a fresh key and certificate: cut there, looked at, gone on with. The
//! service is the real one over HTTP with its books on disk; the key is a virtual one. Every test prints the points it
//! tried.
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// the table of points is what a test of cuts has to say
#![allow(clippy::print_stdout)]

#[path = "../renewal_cuts/desk.rs"]
mod desk;
#[path = "../renewal_cuts/line.rs"]
mod line;
#[path = "../renewal_cuts/points.rs"]
mod points;
mod unlock;
#[path = "../renewal_cuts/wire.rs"]
mod wire;
#[path = "../renewal_cuts/world.rs"]
mod world;

use desk::KeyCut;
use points::{Story, call_cuts, key_cuts, line_cuts, one_world};
use std::sync::Arc;
use unlock::{forgotten, locked};
use wire::CallCut;
use world::World;

const STORIES: [Story; 2] = [forgotten, locked];

fn key_cuts_of_both(kind: KeyCut) {
    for story in STORIES {
        key_cuts(story, kind);
    }
}

#[test]
fn the_key_is_pulled_out_before_any_command() {
    key_cuts_of_both(KeyCut::UnplugBefore);
}

#[test]
fn the_key_is_pulled_out_after_any_command() {
    key_cuts_of_both(KeyCut::UnplugAfter);
}

#[test]
fn the_key_loses_its_power_before_any_command_is_stored() {
    key_cuts_of_both(KeyCut::PowerBefore);
}

#[test]
fn the_key_loses_its_power_after_any_command_is_stored() {
    key_cuts_of_both(KeyCut::PowerAfter);
}

#[test]
fn the_program_is_killed_before_any_command() {
    key_cuts_of_both(KeyCut::KillBefore);
}

#[test]
fn the_program_is_killed_after_any_command() {
    key_cuts_of_both(KeyCut::KillAfter);
}

#[test]
fn a_call_is_lost_or_the_program_killed_in_it() {
    let kinds = [CallCut::LostBefore, CallCut::LostAfter, CallCut::KillBefore, CallCut::KillAfter];
    for story in STORIES {
        call_cuts(story, &one_world(), &kinds);
    }
}

#[test]
fn the_service_is_started_again_at_any_call() {
    let worlds = [Arc::new(World::new()), Arc::new(World::new())];
    call_cuts(locked, &worlds, &[CallCut::RestartBefore, CallCut::RestartAfter]);
}

#[test]
fn the_line_is_cut_at_a_byte() {
    line_cuts(forgotten);
}
