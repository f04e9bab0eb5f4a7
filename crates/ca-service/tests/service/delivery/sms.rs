//! SMS by an HTTP interface of the test.

use super::{CODE, MOBILE, deliver, failed, fate, put_sms, records, sent, waits};
use crate::world::{NOON, Options, Place, World};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ca_service::Config;
use ca_service::delivery::Gateways;
use serde_json::Value;
use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const SECRET: &str = "key\"of+the&gateway";

/// What the interface answers: status, body, where it leads.
type Said = (u16, String, Option<String>);

/// A request.
#[derive(Clone)]
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
}

#[derive(Clone, Default)]
struct Interface {
    answers: Arc<Mutex<VecDeque<Said>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Interface {
    async fn start() -> (Self, String) {
        let interface = Self::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(interface.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (interface, url)
    }

    fn says(&self, status: u16, body: &str) {
        self.answers.lock().unwrap().push_back((status, body.to_owned(), None));
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State(interface): State<Interface>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    interface.asked.lock().unwrap().push(Asked { method, uri, headers, body });
    let answer = interface.answers.lock().unwrap().pop_front();
    let (status, body, to) = answer.unwrap_or((200, "{\"code\": 0, \"message\": \"ok\"}".to_owned(), None));
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    if let Some(to) = to {
        response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(to).unwrap());
    }
    response
}

/// The gateway of a `service.toml`.
fn gateways(text: &str) -> Result<Gateways, String> {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(dir.path().join("service.toml"), text).unwrap();
    let config = Config::load(dir.path()).map_err(|error| error.to_string())?;
    Gateways::open(&config, dir.path()).map_err(|error| error.to_string())
}

fn json(url: &str, more: &str) -> Gateways {
    let text = format!(
        "[sms]\ngateway = \"http\"\nurl = \"{url}\"\nsecret_file = \"secret\"\n\
         headers = {{ Authorization = \"Bearer {{secret}}\", Idempotency-Key = \"{{id}}\" }}\n{more}\n\
         [sms.json]\nto = [\"+86{{to}}\"]\nkey = \"{{secret}}\"\ntype = 1\nparams = {{ text = \"{{text}}\", id = \"{{id}}\" }}\n"
    );
    gateways(&text).unwrap()
}

const POINTER: &str = "success_pointer = \"/code\"\nsuccess_value = 0";

/// What python reads in a form.
fn form(text: &str) -> Value {
    let script = "import json, sys, urllib.parse as u; print(json.dumps(u.parse_qs(sys.argv[1], strict_parsing=True)))";
    let output = Command::new("python3").args(["-c", script, text]).output().unwrap();
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

pub async fn an_sms_is_a_request_with_its_values_where_they_belong(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (interface, url) = Interface::start().await;
    put_sms(&world, NOON + 600).await;
    deliver(&world, &json(&url, POINTER)).await;
    sent(&fate(&world).await);
    let asked = interface.asked().pop().unwrap();
    assert_eq!((asked.method, asked.uri.to_string().as_str()), (Method::POST, "/send"));
    assert_eq!(asked.headers["authorization"], format!("Bearer {SECRET}").as_str());
    assert_eq!(asked.headers["idempotency-key"], format!("1-{NOON}").as_str());
    assert_eq!(asked.headers["content-type"], "application/json");
    let text = format!("【测试】找回密码验证码 {CODE}，订单 20261120-000001，10 分钟内有效。请勿告诉他人。");
    let expected = serde_json::json!({
        "to": ["+8613800138000"], "key": SECRET, "type": 1, "params": { "text": text, "id": format!("1-{NOON}") },
    });
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
    assert_eq!(records(&world).await, ["message.sent message/1 sms unlock_code, message 1"]);
    world.stop().await;
}

#[tokio::test]
async fn values_mean_nothing_in_json_forms_and_addresses() {
    let (interface, url) = Interface::start().await;
    let text = "a\"b\\c&d=e f+g%20{to}{secret}<\u{1}>，证";
    let send = async |more: String| {
        let text_of = format!("[sms]\ngateway = \"http\"\nurl = \"{url}?a=1\"\nsecret_file = \"secret\"\n{more}");
        gateways(&text_of).unwrap().sms.unwrap().send(MOBILE, text, "7-1").await.unwrap();
        interface.asked().pop().unwrap()
    };
    let asked = send("json = { x = \"<{text}>\", to = \"{to}\", \"{text}\" = \"{other}\" }\n".to_owned()).await;
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, serde_json::json!({ "x": format!("<{text}>"), "to": MOBILE, "{text}": "{other}" }));
    let pairs = "{ to = \"{to}\", text = \"{text}\", key = \"{secret}\", id = \"{id}\" }\n";
    let expected = serde_json::json!({ "to": [MOBILE], "text": [text], "key": [SECRET], "id": ["7-1"] });
    let asked = send(format!("form = {pairs}")).await;
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!((asked.uri.query(), form(&asked.body)), (Some("a=1"), expected.clone()));
    let asked = send(format!("method = \"GET\"\nquery = {pairs}")).await;
    let mut with_own = expected;
    with_own["a"] = serde_json::json!(["1"]);
    assert_eq!((asked.method, asked.body.as_str(), form(asked.uri.query().unwrap())), (Method::GET, "", with_own));
}

pub async fn the_answer_decides_whether_it_was_sent(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (interface, url) = Interface::start().await;
    let strict = json(&url, POINTER);
    // what passes
    interface.says(500, "{\"code\": 0}");
    interface.says(429, "");
    put_sms(&world, NOON + 7200).await;
    deliver(&world, &strict).await;
    waits(&fate(&world).await, "busy", 10);
    assert_eq!(fate(&world).await.said, "HTTP 500");
    world.pass(10);
    deliver(&world, &strict).await;
    waits(&fate(&world).await, "busy", 60);
    world.pass(60);
    deliver(&world, &strict).await;
    sent(&fate(&world).await);
    let ids: Vec<String> =
        interface.asked().iter().map(|asked| asked.headers["idempotency-key"].to_str().unwrap().to_owned()).collect();
    assert_eq!(ids, vec![format!("1-{NOON}"); 3], "the same name every time");
    // what stays, each with a message of its own
    let created = Some(format!("success_status = 201\n{POINTER}"));
    for (status, body, more, fault, said) in [
        (400, "NDK4MDG4 is no good", None, "refused", "HTTP 400"),
        (401, "", None, "credentials", "HTTP 401"),
        (403, "", None, "credentials", "HTTP 403"),
        (404, "", None, "refused", "HTTP 404"),
        (200, "{\"code\": 0}", created.clone(), "refused", "HTTP 200"),
        (200, "{\"code\": \"0\"}", None, "refused", "HTTP 200, /code = \"0\""),
        (200, "{\"code\": \"bad NDK4MDG4\"}", None, "refused", "HTTP 200, /code = \"bad ******\""),
        (200, "{\"data\": {\"code\": 0}}", None, "answer", "HTTP 200, no /code"),
        (200, "<html>", None, "answer", "HTTP 200, no JSON"),
    ] {
        world.execute("DELETE FROM outbox").await;
        interface.says(status, body);
        put_sms(&world, world.now() + 600).await;
        deliver(&world, &more.map_or_else(|| strict.clone(), |more| json(&url, &more))).await;
        let fate = fate(&world).await;
        failed(&fate, fault);
        assert_eq!(fate.said, said, "{status} {body}");
    }
    // without an agreed place the status is enough
    world.execute("DELETE FROM outbox").await;
    interface.says(204, "");
    put_sms(&world, world.now() + 600).await;
    deliver(&world, &json(&url, "")).await;
    sent(&fate(&world).await);
    // an answer without an end is not read to its end
    world.execute("DELETE FROM outbox").await;
    interface.says(200, &" ".repeat(100_000));
    put_sms(&world, world.now() + 600).await;
    deliver(&world, &strict).await;
    failed(&fate(&world).await, "answer");
    records(&world).await;
    world.stop().await;
}

pub async fn nobody_is_followed_or_waited_for(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let (other, elsewhere) = Interface::start().await;
    let (interface, url) = Interface::start().await;
    interface.answers.lock().unwrap().push_back((307, String::new(), Some(elsewhere)));
    put_sms(&world, NOON + 600).await;
    deliver(&world, &json(&url, "")).await;
    failed(&fate(&world).await, "refused");
    assert!(other.asked().is_empty(), "the code went where it was not meant to go");
    // an interface that says nothing
    world.execute("DELETE FROM outbox").await;
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    put_sms(&world, NOON + 600).await;
    deliver(&world, &json(&url, "timeout_seconds = 1")).await;
    waits(&fate(&world).await, "timeout", 10);
    // one that is not there
    drop(silent);
    world.pass(10);
    deliver(&world, &json(&url, "")).await;
    waits(&fate(&world).await, "connection", 60);
    assert!(!fate(&world).await.said.contains("127.0.0.1/"), "no address, in which there may be secrets");
    world.stop().await;
}

#[test]
fn an_sms_section_that_can_not_be_is_refused_by_name() {
    let good = "url = \"https://sms.example/send\"\n";
    let body = "json = { to = \"{to}\", text = \"{text}\" }\n";
    let read = |text: &str| gateways(&format!("[sms]\ngateway = \"http\"\n{text}"));
    assert!(read(&format!("{good}{body}")).unwrap().sms.is_some());
    assert!(gateways("[sms]\ngateway = \"outbox\"\n").unwrap().sms.is_none());
    assert!(gateways("").unwrap().sms.is_none());
    for (text, named) in [
        (format!("url = \"http://sms.example/send\"\n{body}"), "sms.url"),
        (format!("url = \"ftp://127.0.0.1/send\"\n{body}"), "sms.url"),
        (format!("url = \"sms\"\n{body}"), "sms.url"),
        (body.to_owned(), "url"),
        (format!("{good}{body}form = {{ a = \"b\" }}\n"), "sms.form"),
        (format!("{good}{body}method = \"GET\"\n"), "sms.method"),
        (format!("{good}{body}method = \"DELETE\"\n"), "DELETE"),
        (format!("{good}{body}success_pointer = \"/code\"\n"), "sms.success_pointer"),
        (format!("{good}{body}success_value = 1\n"), "sms.success_pointer"),
        (format!("{good}{body}success_pointer = \"code\"\nsuccess_value = 1\n"), "sms.success_pointer"),
        (format!("{good}{body}headers = {{ \"a b\" = \"c\" }}\n"), "sms.headers"),
        (format!("{good}{body}headers = {{ a = \"b\\nc\" }}\n"), "sms.headers"),
        (format!("{good}{body}headers = {{ a = \"{{text}} 证\" }}\n"), "sms.headers"),
        (format!("{good}json = {{ to = \"{{to}}\" }}\n"), "{text}"),
        (format!("{good}json = {{ text = \"{{text}}\" }}\n"), "{to}"),
        (format!("{good}{body}headers = {{ a = \"{{secret}}\" }}\n"), "sms.secret_file"),
        (format!("{good}{body}secret_file = \"missing\"\n"), "sms.secret_file"),
        (format!("{good}{body}secret = \"x\"\n"), "secret"),
        (format!("{good}{body}timeout_seconds = 0\n"), "sms.timeout_seconds"),
        (format!("{good}{body}root_file = \"secret\"\n"), "sms.root_file"),
    ] {
        let refused = read(&text).err().unwrap_or_else(|| panic!("{text}"));
        assert!(refused.contains(named), "{text}: {refused}");
    }
    for text in ["[sms]\ngateway = \"pigeon\"\n", "[sms]\ngateway = \"outbox\"\nurl = \"x\"\n", "[sms]\n"] {
        assert!(gateways(text).is_err(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_message_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // another test of this process may have been first
    let _ = tracing::subscriber::set_global_default(subscriber);
    let world = World::new(&Place::sqlite(), Options::default()).await;
    let (interface, url) = Interface::start().await;
    let text = format!(
        "[sms]\ngateway = \"http\"\nurl = \"{url}\"\nsecret_file = \"secret\"\nmethod = \"GET\"\n\
         query = {{ to = \"{{to}}\", text = \"{{text}}\", key = \"{{secret}}\" }}\n"
    );
    interface.says(500, CODE);
    put_sms(&world, NOON + 600).await;
    deliver(&world, &gateways(&text).unwrap()).await;
    world.pass(10);
    deliver(&world, &gateways(&text).unwrap()).await;
    sent(&fate(&world).await);
    world.stop().await;
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("it is tried again") && log.contains("message sent"), "{log}");
    for secret in [CODE, MOBILE, SECRET, "key%22of"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
