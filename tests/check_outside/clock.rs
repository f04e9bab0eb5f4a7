//! A wrong clock is told as one, whatever it breaks besides.

use crate::servers::{Manner, Pki, plain, tls};
use crate::world::{Online, World, details, value};
use cert_assistant::check::{ProbeId, Verdict};

fn ask(manner: Manner) -> Online {
    let mut world = World::new();
    world.service(&format!("http://{}", plain(manner)), None);
    world.online()
}

#[test]
fn two_minutes_are_no_fault_and_more_are() {
    for off in [-100, 0, 100] {
        let online = ask(Manner::Api(off));
        assert_eq!(online.clock.verdict, Verdict::Ok, "{online:#?}");
    }
    // the service is behind, so this computer is ahead
    let online = ask(Manner::Api(-600));
    assert_eq!(online.problem(), "clock.ahead_minutes");
    assert!(["9", "10"].contains(&value(&online.clock, "amount")));
    let online = ask(Manner::Api(3 * 86_400));
    assert_eq!(online.problem(), "clock.behind_days");
    assert_eq!(online.network.verdict, Verdict::Ok, "one fault, one line");
}

#[test]
fn the_header_tells_the_time_of_something_that_is_no_service() {
    let online = ask(Manner::Page(-7_300));
    assert_eq!(online.clock.sentence.key, "clock.ahead_hours");
    assert_eq!(online.ca.sentence.key, "ca.strange");
}

#[test]
fn a_clock_before_the_services_certificate_is_the_cause_of_the_failed_handshake() {
    let pki = Pki::new().leaf("ip", "IP:127.0.0.1", "20280101000000Z", "20300101000000Z");
    let mut world = World::new();
    world.service(&format!("https://{}", tls(&pki, "ip", Manner::Api(0))), Some(&pki.path("root.pem")));
    let online = world.online();
    assert_eq!(online.problem(), "clock.before_service");
    assert_eq!(value(&online.clock, "day"), "2028-01-01");
    assert_eq!((online.network.because, online.ca.because), (Some(ProbeId::Clock), Some(ProbeId::Network)));
}

#[test]
fn a_certificate_that_is_wrong_in_more_than_its_days_says_nothing_of_the_clock() {
    let pki = Pki::new().leaf("name", "DNS:other.example", "20280101000000Z", "20300101000000Z");
    let mut world = World::new();
    world.service(&format!("https://{}", tls(&pki, "name", Manner::Api(0))), Some(&pki.path("root.pem")));
    assert!(world.online().problem().starts_with("network.tls_"));
}

#[test]
fn without_a_service_the_clock_is_held_against_the_program() {
    let mut world = World::new();
    // 2020-01-01, as a computer with a flat battery starts
    world.scene.now = || 1_577_836_800;
    let line = world.line(ProbeId::Clock);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Problem, "clock.before_program"));
    // the handshake fails for the clock, too, and the clock is the cause
    let pki = Pki::new().good("ip", "IP:127.0.0.1");
    let mut world = World::new();
    world.service(&format!("https://{}", tls(&pki, "ip", Manner::Api(0))), Some(&pki.path("root.pem")));
    world.scene.now = || 1_577_836_800;
    let online = world.online();
    assert_eq!(online.problem(), "clock.before_program");
    assert_eq!(online.network.because, Some(ProbeId::Clock));
}

#[test]
fn who_sets_the_clock_is_told_and_how_to_set_it() {
    let world = World::new();
    assert_eq!(details(&world.line(ProbeId::Clock)), ["clock.keeper_none"]);
    for (file, keeper) in [
        ("/run/systemd/timesync/synchronized", "clock.keeper_synchronized"),
        ("/run/systemd/timesync/other", "clock.keeper_running"),
        ("/run/chrony/chronyd.pid", "clock.keeper_running"),
    ] {
        let world = World::new();
        world.file(file, "");
        assert_eq!(details(&world.line(ProbeId::Clock)), [keeper], "{file}");
    }
    let mut world = World::new();
    world.file("/usr/bin/timedatectl", "");
    // eight hours ahead: the right time of another zone
    world.service(&format!("http://{}", plain(Manner::Api(-28_800))), None);
    let line = world.online().clock;
    let steps: Vec<_> = line.remedy.iter().map(|step| step.key).collect();
    assert_eq!(steps, ["clock.todo_settings", "clock.todo_command", "clock.todo_zone"]);
}
