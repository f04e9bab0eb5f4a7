//! What the issuer of an inserted key decides: which service is asked, and what the status bar shows.

use crate::practice::Practice;
use crate::servers::{Manner, dead, plain};
use crate::world::{World, complete, details, value};
use ca_client::{Journal, Profiles};
use cert_assistant::app::{Command, Engine, EngineContext, FaultCode, KeyState, Model, Online, Site};
use cert_assistant::check::{Inserted, ProbeId, Verdict};
use cert_assistant::practice::{KeySet, PracticeReaders};
use net::Proxy;
use std::sync::Arc;
use std::time::{Duration, Instant};
use token::{CardSeen, Container, DeviceInfo, KeyContents, ReaderSeen, ServiceReport, ServiceState};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa};

const ISSUER: &str = "Demo SM2 Operation CA";
/// Only a broken program waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A key with one certificate, as it is read.
fn key(state: State) -> Inserted {
    let state = personalise(&Spec::new("Somebody", "1").state(state), &TestCa::create().unwrap()).unwrap();
    let sign = state.applications[0].containers[0].sign.certificate.clone();
    let contents = KeyContents {
        device: DeviceInfo::default(),
        application: Some("App".to_owned()),
        pin: None,
        containers: vec![Container { name: "1".to_owned(), kind: 2, sign, encrypt: None }],
        current: Some(0),
        files: Vec::new(),
        medium: None,
        known_model: true,
    };
    Inserted { reader: "R".to_owned(), atr: Vec::new(), result: Ok(contents), public_keys: Vec::new(), lent: false }
}

/// A world with a key in it and these CA profiles.
fn world(state: State, profiles: &str) -> World {
    let mut world = World::new();
    let key = key(state);
    world.scene.ask_service = Box::new(|| ServiceReport {
        readers: vec![ReaderSeen { name: "R".to_owned(), card: CardSeen::There, atr: Vec::new() }],
        ..ServiceState::Running { readers: 1 }.into()
    });
    world.scene.ask_keys = Box::new(move || vec![key.clone()]);
    let file = world.root.path().join("profiles.toml");
    std::fs::write(&file, profiles).unwrap();
    let (profiles, fault) = Profiles::load(Some(&file));
    assert_eq!(fault, None);
    world.scene.profiles = profiles;
    world
}

fn profile(id: &str, issuer: &str, reached: &str) -> String {
    format!(
        "[[ca]]\nid = \"{id}\"\nname = {{ zh = \"x\", en = \"x\" }}\nissuers = [\"{issuer}\"]\nhot_line = \"1\"\n{reached}\n"
    )
}

#[test]
fn the_service_of_the_inserted_keys_ca_is_asked_and_no_other() {
    let service = plain(Manner::Api(0));
    let other = profile("other", "Another CA", &format!("order_api = \"http://{}\"", dead()));
    let own = profile("own", ISSUER, &format!("order_api = \"http://{service}\""));
    let online = world(State::Valid, &format!("{other}{own}")).online();
    assert_eq!([&online.clock, &online.network, &online.ca].map(|line| line.verdict), [Verdict::Ok; 3], "{online:#?}");
    assert_eq!(value(&online.network, "host"), service.to_string());
}

#[test]
fn of_a_ca_with_pages_only_the_way_to_the_page_is_looked_at() {
    let pages = |address: &str| profile("own", ISSUER, &format!("portal = {{ renew = \"http://{address}/renew\" }}"));
    let online = world(State::Valid, &pages(&plain(Manner::Silent).to_string())).online();
    assert_eq!((online.network.verdict, online.ca.verdict), (Verdict::Ok, Verdict::NotApplicable), "{online:#?}");
    assert_eq!(details(&online.network), ["network.page", "network.step_name", "network.step_connection"]);
    assert_eq!((online.ca.sentence.key, online.ca.because), ("ca.pages", None));
    let online = world(State::Valid, &pages(&dead().to_string())).online();
    assert_eq!(online.network.sentence.key, "network.refused");
}

#[test]
fn without_a_service_a_certificate_that_has_not_begun_is_a_hint_at_the_clock() {
    let line = world(State::NotYetValid, "").line(ProbeId::Clock);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "clock.before_key"));
    complete(&line, true);
    assert_eq!(world(State::Valid, "").line(ProbeId::Clock).verdict, Verdict::Ok);
}

#[test]
fn a_certificate_that_a_wrong_clock_makes_look_bad_waits_for_the_clock() {
    let own = |off| profile("own", ISSUER, &format!("order_api = \"http://{}\"", plain(Manner::Api(off))));
    let ids = [ProbeId::Certificates, ProbeId::Clock];
    let (lines, _root) = world(State::Expired, &own(0)).look(&ids);
    assert_eq!((lines[0].sentence.key, lines[1].verdict), ("certificates.expired", Verdict::Ok));
    // by the service's clock it may well be good
    let (lines, _root) = world(State::Expired, &own(-400 * 86_400)).look(&ids);
    assert_eq!((lines[0].verdict, lines[0].because), (Verdict::NotApplicable, Some(ProbeId::Clock)), "{lines:#?}");
    assert_eq!((lines[1].verdict, lines[1].sentence.key), (Verdict::Problem, "clock.ahead_days"));
}

#[test]
fn the_status_bar_hears_how_long_the_keys_ca_took() {
    let mut practice = Practice::start(KeySet::Standard);
    let slot = practice.model.keys[0].slot.id;
    practice.engine.as_ref().unwrap().send(Command::ReachCa(slot));
    practice.until(|model| matches!(model.reached.get(&slot), Some(Ok(_))));
}

#[test]
fn the_status_bar_hears_why_the_keys_ca_is_not_reached() {
    let source = Arc::new(PracticeReaders::with_keys(KeySet::Standard).unwrap().0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profiles.toml");
    std::fs::write(&file, profile("own", ISSUER, &format!("order_api = \"http://{}\"", dead()))).unwrap();
    let online = Online {
        profiles: Profiles::load(Some(&file)).0,
        journal: Journal::at(folder.path().join("orders")),
        proxy: Proxy::None,
    };
    let (engine, events) = Engine::start(EngineContext {
        source,
        trust: Arc::new(certificate::TrustStore::default),
        wake: Arc::new(|| {}),
        online: Some(online),
        site: Site { practice: true, ..Site::default() },
    });
    let mut model = Model::default();
    let end = Instant::now() + PATIENCE;
    let mut asked = false;
    while model.reached.is_empty() {
        let event = events.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap();
        model.apply(event, Instant::now());
        let read = model.keys.first().filter(|key| matches!(key.state, KeyState::Ready(_)));
        if let Some(key) = read.filter(|_| !asked) {
            engine.send(Command::ReachCa(key.slot.id));
            asked = true;
        }
    }
    let result = model.reached.into_values().next().unwrap();
    assert_eq!(result.unwrap_err().code, FaultCode::CaUnreachable);
}
