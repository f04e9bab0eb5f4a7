//! Where a connection fails, what is sent again, TLS and proxies.

use super::server::{Pki, Say, Server, Tunnel, http, json, limits, profile};
use super::{OrderApi, client};
use crate::adapter::{CaAdapter, CaError, Network, Submission};
use crate::http::Limits;
use net::Proxy;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

const CA: &str = r#"{"name":"n","version":"1","time":5,"chain":[],"kinds":[],"support":{"telephone":"","hours":""}}"#;

fn place<T: std::fmt::Debug>(result: Result<T, CaError>) -> Network {
    match result {
        Err(CaError::Network { at, .. }) => at,
        other => panic!("{other:?}"),
    }
}

/// A port nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn nobody_listening_is_told_as_not_reachable() {
    let ca = client(&format!("http://127.0.0.1:{}", closed_port()));
    assert_eq!(place(ca.info()), Network::Connect);
}

#[test]
fn a_name_that_is_none_is_told_as_unknown() {
    // longer than a label may be: no name server is asked
    let ca = client(&format!("https://{}.example", "a".repeat(64)));
    assert_eq!(place(ca.info()), Network::Name);
    assert_eq!(place(ca.info()), Network::Name);
}

#[test]
fn no_answer_is_told_as_timeout_and_not_waited_for_again() {
    let server = Server::start(|_, _| Say::Nothing);
    let short = Limits { exchange: Duration::from_millis(300), ..limits() };
    let ca = OrderApi::with_limits(&profile(&server.url(), Vec::new()), &Proxy::None, short).unwrap();
    assert_eq!(place(ca.info()), Network::Timeout);
    drop(ca);
    server.gone.recv().unwrap();
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_answer_cut_off_is_told_as_broken() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"name\"";
    for cut in ["", "HTTP/1.1 2", head] {
        let server = Server::start(move |_, _| Say::Bytes(cut.into()));
        assert_eq!(place(client(&server.url()).open_session(b"{}", &[1])), Network::Broken, "{cut}");
    }
}

fn submission() -> Submission {
    Submission { body: b"{}".to_vec(), session: "s".into(), signature: vec![1], idempotency_key: "k".into() }
}

#[test]
fn questions_and_orders_are_sent_again_twice_and_nothing_else_is() {
    let broken = || Server::start(|_, _| Say::Bytes(Vec::new()));
    let count = |call: &dyn Fn(&dyn CaAdapter) -> Network| {
        let server = broken();
        assert_eq!(call(&client(&server.url())), Network::Broken);
        let asked = server.asked();
        assert!(asked.iter().all(|again| *again == asked[0]), "the same bytes");
        asked.len()
    };
    assert_eq!(count(&|ca| place(ca.info())), 3);
    assert_eq!(count(&|ca| place(ca.order("1", "t", None, None))), 3);
    assert_eq!(count(&|ca| place(ca.create_order(&submission()))), 3);
    assert_eq!(count(&|ca| place(ca.open_session(b"{}", &[1]))), 1);
    assert_eq!(count(&|ca| place(ca.captcha())), 1);
    assert_eq!(count(&|ca| place(ca.send_code("1", "t"))), 1);
    assert_eq!(count(&|ca| place(ca.verify_code("1", "t", "1"))), 1);
    assert_eq!(count(&|ca| place(ca.payment("1", "t"))), 1);
    assert_eq!(count(&|ca| place(ca.issue("1", "t", b"{}", &[1]))), 1);
    assert_eq!(count(&|ca| place(ca.confirm("1", "t", b"{}", &[1]))), 1);
}

#[test]
fn a_question_gets_its_answer_after_the_gateway_recovered() {
    let server = Server::start(|number, _| match number {
        1 => http("502 Bad Gateway", "text/html", "<html>"),
        2 => http("504 Gateway Timeout", "text/html", "<html>"),
        _ => json(CA),
    });
    assert_eq!(client(&server.url()).info().unwrap().time, 5);
    let unavailable = Server::start(|_, _| http("503 Service Unavailable", "text/html", "<html>"));
    assert!(matches!(client(&unavailable.url()).info(), Err(CaError::Answer(_))));
    assert_eq!(unavailable.asked().len(), 1);
}

#[test]
fn only_the_profiles_own_root_is_trusted() {
    let (pki, other) = (Pki::make(), Pki::make());
    let server = Server::with_tls(&pki, |_, _| json(CA));
    let ask = |url: String, root: Vec<u8>| {
        OrderApi::with_limits(&profile(&url, vec![root]), &Proxy::None, limits()).unwrap().info()
    };
    let localhost = format!("https://localhost:{}", server.port);
    assert_eq!(ask(localhost.clone(), pki.root()).unwrap().time, 5);
    assert_eq!(place(ask(localhost.clone(), other.root())), Network::Tls, "another root of the same name");
    assert_eq!(place(ask(format!("https://127.0.0.1:{}", server.port), pki.root())), Network::Tls, "another name");
    assert_eq!(server.asked().len(), 1, "nothing was sent to a server that is not trusted");
    // without a root of its own a profile trusts those of the system, where this one is not
    let ca = OrderApi::with_limits(&profile(&localhost, Vec::new()), &Proxy::None, limits()).unwrap();
    assert_eq!(place(ca.info()), Network::Tls);
}

#[test]
fn a_server_without_tls_is_not_talked_to_in_the_clear() {
    let server = Server::start(|_, _| json(CA));
    let url = format!("https://localhost:{}", server.port);
    let ca = OrderApi::with_limits(&profile(&url, vec![Pki::make().root()]), &Proxy::None, limits()).unwrap();
    let at = place(ca.open_session(b"{}", &[1]));
    assert!(matches!(at, Network::Tls | Network::Connect | Network::Broken), "{at:?}");
    assert!(server.asked().iter().all(|asked| asked.body.is_empty() && !asked.line.contains("sessions")));
}

#[test]
fn the_given_proxy_passes_tls_on_and_sees_the_name_only() {
    let pki = Pki::make();
    let server = Server::with_tls(&pki, |_, _| json(CA));
    let tunnel = Tunnel::to(server.port);
    let given = Proxy::Given(tunnel.url());
    let ca = OrderApi::with_limits(&profile("https://ca.test", vec![pki.root()]), &given, limits()).unwrap();
    assert_eq!(ca.info().unwrap().time, 5);
    assert_eq!(tunnel.asked(), ["CONNECT ca.test:443 HTTP/1.1"]);
    let wrong = OrderApi::with_limits(&profile("https://ca.test", vec![Pki::make().root()]), &given, limits()).unwrap();
    assert_eq!(place(wrong.info()), Network::Tls, "a proxy is not trusted more than a wire");
}

#[test]
fn a_proxy_that_fails_is_told_as_such() {
    let through = |proxy: String| {
        OrderApi::with_limits(&profile("https://ca.test", vec![Pki::make().root()]), &Proxy::Given(proxy), limits())
    };
    let refusing = Server::start(|_, _| http("407 Proxy Authentication Required", "text/html", ""));
    assert_eq!(place(through(refusing.url()).unwrap().info()), Network::Proxy);
    let forbidding = Server::start(|_, _| http("403 Forbidden", "text/html", ""));
    assert_eq!(place(through(forbidding.url()).unwrap().info()), Network::Proxy);
    assert_eq!(place(through(format!("http://127.0.0.1:{}", closed_port())).unwrap().info()), Network::Proxy);
    assert_eq!(through("http://".to_owned()).err().map(|error| place(Err::<(), _>(error))), Some(Network::Proxy));
}

#[test]
fn this_computer_is_never_reached_through_a_proxy() {
    let server = Server::start(|_, _| json(CA));
    let proxy = Server::start(|_, _| json(CA));
    for choice in [Proxy::Given(proxy.url()), Proxy::System, Proxy::None] {
        let ca = OrderApi::with_limits(&profile(&server.url(), Vec::new()), &choice, limits()).unwrap();
        assert_eq!(ca.info().unwrap().time, 5);
    }
    assert_eq!(proxy.asked(), []);
}

/// The system's proxy is read from the environment, so this test runs itself again with one.
#[test]
fn the_systems_proxy_is_used_unless_told_otherwise() {
    const TEST: &str = "client::tests::network::the_systems_proxy_is_used_unless_told_otherwise";
    const CHILD: &str = "CERT_ASSISTANT_TEST_PROXY_ROOT";
    if let Some(root) = std::env::var_os(CHILD) {
        let profile = profile("https://ca.test", vec![std::fs::read(root).unwrap()]);
        let ca = OrderApi::with_limits(&profile, &Proxy::System, limits()).unwrap();
        assert_eq!(ca.info().unwrap().time, 5);
        return;
    }
    let pki = Pki::make();
    let server = Server::with_tls(&pki, |_, _| json(CA));
    let tunnel = Tunnel::to(server.port);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), pki.root()).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(CHILD, root.path())
        .env("HTTPS_PROXY", tunnel.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(tunnel.asked(), ["CONNECT ca.test:443 HTTP/1.1"]);
}
