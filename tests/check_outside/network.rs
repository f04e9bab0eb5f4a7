//! Name, proxy, connection, TLS, answer: each broken alone.

use crate::servers::{Manner, Pki, Temper, dead, mute, no_tls, plain, proxy, tls};
use crate::world::{Online, World, details, value};
use cert_assistant::check::{ProbeId, Verdict};
use net::Proxy;
use std::net::SocketAddr;

fn ask(address: &str) -> Online {
    let mut world = World::new();
    world.service(address, None);
    world.online()
}

fn ask_tls(pki: &Pki, server: SocketAddr) -> Online {
    let mut world = World::new();
    world.service(&format!("https://{server}"), Some(&pki.path("root.pem")));
    world.online()
}

fn ask_through(proxy: Proxy, pki: &Pki) -> Online {
    let mut world = World::new();
    world.service("https://ca.example", Some(&pki.path("root.pem")));
    world.scene.proxy = proxy;
    world.online()
}

#[test]
fn without_key_and_service_there_is_nothing_to_look_at() {
    let online = World::new().online();
    assert_eq!([online.network.verdict, online.ca.verdict], [Verdict::NotApplicable; 2]);
    assert_eq!((online.network.because, online.ca.because), (None, None));
    assert_eq!(online.clock.verdict, Verdict::Ok);
}

#[test]
fn a_service_that_works_is_good_in_every_layer_with_the_time_of_each() {
    let pki = Pki::new().good("ip", "IP:127.0.0.1");
    let online = ask_tls(&pki, tls(&pki, "ip", Manner::Api(0)));
    assert_eq!([&online.clock, &online.network, &online.ca].map(|line| line.verdict), [Verdict::Ok; 3], "{online:#?}");
    let steps =
        ["network.service", "network.step_name", "network.step_connection", "network.step_tls", "network.step_answer"];
    assert_eq!(details(&online.network), steps);
    let version = online.ca.details[0].words(false, false);
    assert!(version.contains("9.8.7") && version.contains("v1"), "{version}");
}

#[test]
fn a_name_that_does_not_resolve_is_the_networks_fault() {
    let online = ask("https://ca.nowhere.invalid");
    assert_eq!(online.problem(), "network.name_unknown");
    assert_eq!(online.ca.because, Some(ProbeId::Network));
    assert_eq!(value(&online.network, "host"), "ca.nowhere.invalid");
}

#[test]
fn a_port_where_nobody_listens_is_the_networks_fault() {
    let online = ask(&format!("http://{}", dead()));
    assert_eq!(online.problem(), "network.refused");
    assert!(details(&online.network).contains(&"network.step_name"), "what works is told");
}

#[test]
fn an_unknown_root_is_told_with_the_name_of_who_signed() {
    let pki = Pki::new().good("ip", "IP:127.0.0.1");
    let online = ask(&format!("https://{}", tls(&pki, "ip", Manner::Api(0))));
    assert_eq!(online.problem(), "network.tls_issuer");
    assert_eq!(value(&online.network, "issuer"), "Office Inspection Root");
    assert!(details(&online.network).contains(&"network.step_connection"));
}

#[test]
fn an_expired_certificate_is_told_with_its_last_day() {
    let pki = Pki::new().leaf("ip", "IP:127.0.0.1", "20250101000000Z", "20260301000000Z");
    let online = ask_tls(&pki, tls(&pki, "ip", Manner::Api(0)));
    assert_eq!(online.problem(), "network.tls_expired");
    assert_eq!(value(&online.network, "day"), "2026-03-01");
}

#[test]
fn a_certificate_of_another_name_is_told() {
    let pki = Pki::new().good("other", "DNS:other.example");
    assert_eq!(ask_tls(&pki, tls(&pki, "other", Manner::Api(0))).problem(), "network.tls_name");
}

#[test]
fn a_server_that_breaks_off_or_speaks_something_else_is_told() {
    for says in [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        assert_eq!(ask(&format!("https://{}", no_tls(says))).problem(), "network.tls_none");
    }
    assert_eq!(ask(&format!("https://{}", mute())).problem(), "network.tls_timed_out");
}

#[test]
fn a_service_that_does_not_answer_as_one_is_the_cas_fault() {
    assert_eq!(ask(&format!("http://{}", plain(Manner::Page(0)))).problem(), "ca.strange");
    assert_eq!(ask(&format!("http://{}", plain(Manner::Problem))).problem(), "ca.refused");
    assert_eq!(ask(&format!("http://{}", plain(Manner::Silent))).problem(), "ca.silent");
}

#[test]
fn a_proxy_on_the_way_is_used_and_named_but_not_in_a_report() {
    let pki = Pki::new().good("name", "DNS:ca.example");
    let server = tls(&pki, "name", Manner::Api(0));
    let stop = proxy(Temper::To(server));
    let online = ask_through(Proxy::Given(format!("http://{stop}")), &pki);
    assert_eq!([&online.clock, &online.network, &online.ca].map(|line| line.verdict), [Verdict::Ok; 3], "{online:#?}");
    let step = online.network.details.iter().find(|detail| detail.key == "network.step_proxy").unwrap();
    assert!(step.words(false, true).contains(&stop.to_string()));
    assert!(!step.words(false, false).contains(&stop.to_string()));

    let guarded = proxy(Temper::Guarded(server));
    let online = ask_through(Proxy::Given(format!("http://me:secret@{guarded}")), &pki);
    assert_eq!(online.network.verdict, Verdict::Ok, "{online:#?}");
    assert!(!format!("{online:?}").contains("secret"), "the log-in is shown nowhere");
}

#[test]
fn the_systems_proxy_comes_from_its_variables_and_its_exceptions_hold() {
    let pki = Pki::new().good("name", "DNS:ca.example");
    let stop = proxy(Temper::To(tls(&pki, "name", Manner::Api(0))));
    let with = |exception: &str| {
        let mut world = World::new();
        world.service("https://ca.example", Some(&pki.path("root.pem")));
        world.scene.proxy = Proxy::System;
        world.variable("https_proxy", &stop.to_string());
        world.variable("no_proxy", exception);
        world.online()
    };
    let online = with("other.example");
    assert_eq!([&online.network, &online.ca].map(|line| line.verdict), [Verdict::Ok; 2], "{online:#?}");
    // the name leads nowhere without the proxy
    assert_eq!(with(".example").problem(), "network.name_unknown");
}

#[test]
fn each_way_a_proxy_fails_is_told_as_the_proxys() {
    let pki = Pki::new().good("name", "DNS:ca.example");
    let through = |address: SocketAddr| ask_through(Proxy::Given(format!("http://{address}")), &pki);
    assert_eq!(through(proxy(Temper::Status(407))).problem(), "network.proxy_login");
    let refusing = through(proxy(Temper::Status(403)));
    assert_eq!(refusing.problem(), "network.proxy_status");
    assert_eq!(value(&refusing.network, "status"), "403");
    assert_eq!(through(dead()).problem(), "network.proxy_away");
    assert_eq!(through(no_tls(b"nonsense")).problem(), "network.proxy_away");
    assert_eq!(through(proxy(Temper::Cuts)).problem(), "network.tls_proxy");
    let socks = ask_through(Proxy::Given(format!("socks5://{}", dead())), &pki);
    assert_eq!(socks.problem(), "network.proxy_address");
}

#[test]
fn a_proxy_that_inspects_is_told_by_who_signed() {
    let (real, office) = (Pki::new(), Pki::new().good("name", "DNS:ca.example"));
    let stop = proxy(Temper::To(tls(&office, "name", Manner::Api(0))));
    let online = ask_through(Proxy::Given(format!("http://{stop}")), &real);
    assert_eq!(online.problem(), "network.tls_issuer");
    assert_eq!(value(&online.network, "issuer"), "Office Inspection Root");
}

#[test]
fn this_computer_is_never_reached_through_a_proxy() {
    let mut world = World::new();
    world.service(&format!("http://{}", plain(Manner::Api(0))), None);
    world.scene.proxy = Proxy::Given(format!("http://{}", dead()));
    assert_eq!(world.online().network.verdict, Verdict::Ok);
}
