//! What goes over the wire for each call, and what is made of the answers.

use super::client;
use super::server::{Asked, Say, Server, http, json};
use crate::adapter::{CaAdapter, CaError, OrderAnswer, Submission};
use order_api::{Base64, OrderState, PaymentState, ProblemCode, Purpose};
use std::time::Duration;

const ORDER: &str = r#"{"no":"20260101-000001","kind":"renew","state":"authorized","next_actions":["issue"],
    "holder":"x","certificate_serial":"AB","device_serial":"1","old":{"from":1,"until":2},"new":{"from":1,"until":3},
    "fee_fen":0,"mobile":"138****5678","created":1,"updated":1}"#;
const NO: &str = "20260101-000001";

fn asked(server: &Server) -> Asked {
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    asked[0].clone()
}

#[test]
fn each_call_has_its_path_headers_and_body() {
    let line = |answer: &'static str, call: &dyn Fn(&dyn CaAdapter)| {
        let server = Server::start(move |_, _| json(answer));
        call(&client(&server.url()));
        asked(&server)
    };
    let info = line(
        r#"{"name":"n","version":"1","time":5,"chain":["AQID"],"kinds":["renew"],"support":{"telephone":"","hours":""}}"#,
        &|ca| assert_eq!(ca.info().unwrap().chain, [Base64(vec![1, 2, 3])]),
    );
    assert_eq!(info.line, "GET /v1/ca HTTP/1.1");
    let captcha = line(r#"{"id":"c","image":"AQ==","expires":1}"#, &|ca| assert_eq!(ca.captcha().unwrap().id, "c"));
    assert_eq!(captcha.line, "POST /v1/captchas HTTP/1.1");
    let challenge = line(r#"{"nonce":"00","expires":1,"time":1}"#, &|ca| {
        assert_eq!(ca.challenge(Purpose::Issue).unwrap().nonce, "00");
    });
    assert_eq!(challenge.line, "POST /v1/challenges HTTP/1.1");
    assert_eq!(challenge.body, br#"{"purpose":"issue"}"#);
    assert_eq!(challenge.header("content-type"), Some("application/json"));
    let session = r#"{"id":"s","expires":1,"holder":{"name":"x","entity":"","certificate_serial":"AB"},
        "product":{"code":"p","name":"p","fee_fen":0,"review":false,"verify_mobile":false},"old":{"from":1,"until":2},
        "new":{"from":1,"until":2},"renewable":{"from":1,"until":2},
        "contact":{"name":"","mobile":"","email":""},"captcha":true,"orders":[]}"#;
    let session = line(session, &|ca| assert_eq!(ca.open_session(b"{ }", &[1, 2, 3]).unwrap().id, "s"));
    assert_eq!(session.line, "POST /v1/sessions HTTP/1.1");
    assert_eq!((session.body.as_slice(), session.header("x-body-p7")), (b"{ }".as_slice(), Some("AQID")));
    let code = line(ORDER, &|ca| assert_eq!(ca.send_code(NO, "t").unwrap().no, NO));
    assert_eq!(code.line, "POST /v1/orders/20260101-000001/codes HTTP/1.1");
    assert_eq!((code.body.as_slice(), code.header("authorization")), (b"{}".as_slice(), Some("Bearer t")));
    let check = line(ORDER, &|ca| assert_eq!(ca.verify_code(NO, "t", "123456").unwrap().no, NO));
    assert_eq!(check.line, "POST /v1/orders/20260101-000001/codes/verify HTTP/1.1");
    assert_eq!(check.body, br#"{"code":"123456"}"#);
    let payment = r#"{"provider":"sandbox","amount_fen":100,"url":"http://x","expires":1,"state":"open"}"#;
    let payment = line(payment, &|ca| assert_eq!(ca.payment(NO, "t").unwrap().state, PaymentState::Open));
    assert_eq!(payment.line, "POST /v1/orders/20260101-000001/payment HTTP/1.1");
    let confirm = line(ORDER, &|ca| assert_eq!(ca.confirm(NO, "t", b"{}", &[1]).unwrap().no, NO));
    assert_eq!(confirm.line, "POST /v1/orders/20260101-000001/confirm HTTP/1.1");
    assert_eq!((confirm.header("x-body-p7"), confirm.header("authorization")), (Some("AQ=="), Some("Bearer t")));
    let server = Server::start(|_, _| json(&format!("{{\"package\":\"AQ==\",\"order\":{ORDER}}}")));
    assert_eq!(client(&server.url()).issue(NO, "t", b"{}", &[1]).unwrap().package, Base64(vec![1]));
    assert_eq!(asked(&server).line, "POST /v1/orders/20260101-000001/issue HTTP/1.1");
}

#[test]
fn an_order_is_sent_with_session_signature_and_key_for_repetition() {
    let server = Server::start(|_, _| json(&format!("{{\"order\":{ORDER},\"token\":\"t\"}}")));
    let submission = Submission {
        body: b"{ \"as\": \"given\" }".to_vec(),
        session: "s1".to_owned(),
        signature: vec![1, 2],
        idempotency_key: "k1".to_owned(),
    };
    let created = client(&server.url()).create_order(&submission).unwrap();
    assert_eq!((created.token.as_str(), created.order.state), ("t", OrderState::Authorized));
    let asked = asked(&server);
    assert_eq!(asked.line, "POST /v1/orders HTTP/1.1");
    assert_eq!(asked.body, submission.body);
    assert_eq!(asked.header("x-session"), Some("s1"));
    assert_eq!(asked.header("x-session-signature"), Some("AQI="));
    assert_eq!(asked.header("idempotency-key"), Some("k1"));
}

#[test]
fn an_order_is_asked_for_with_tag_and_wait() {
    let server = Server::start(|number, _| match number {
        1 => Say::Bytes(
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\netag: \"7\"\r\n\r\n{ORDER}")
                .into(),
        ),
        _ => Say::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"7\"\r\n\r\n".to_vec()),
    });
    let ca = client(&server.url());
    let OrderAnswer::Now { order, etag } = ca.order(NO, "t", None, None).unwrap() else { panic!() };
    assert_eq!((order.no.as_str(), etag.as_deref()), (NO, Some("\"7\"")));
    let wait = Some(Duration::from_secs(300));
    assert_eq!(ca.order(NO, "t", etag.as_deref(), wait), Ok(OrderAnswer::Unchanged));
    let asked = server.asked();
    assert_eq!(asked[0].line, "GET /v1/orders/20260101-000001 HTTP/1.1");
    assert_eq!(asked[0].header("authorization"), Some("Bearer t"));
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(asked[1].line, "GET /v1/orders/20260101-000001?wait=25 HTTP/1.1", "25 s at most");
    assert_eq!(asked[1].header("if-none-match"), Some("\"7\""));
}

#[test]
fn not_modified_without_a_tag_is_no_answer() {
    let server = Server::start(|_, _| Say::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()));
    assert!(matches!(client(&server.url()).order(NO, "t", None, None), Err(CaError::Answer(_))));
}

#[test]
fn an_order_number_that_leads_elsewhere_is_not_asked_for() {
    let server = Server::start(|_, _| json(ORDER));
    let ca = client(&server.url());
    for no in ["", "../ca", "1/issue", "1?x", "1#x", "1 2", "%2e", &"1".repeat(65)] {
        assert!(matches!(ca.order(no, "t", None, None), Err(CaError::Answer(_))), "{no}");
        assert!(matches!(ca.issue(no, "t", b"", b""), Err(CaError::Answer(_))), "{no}");
    }
    assert_eq!(server.asked(), []);
}

#[test]
fn a_refusal_is_given_on_with_all_it_says() {
    let server = Server::start(|_, _| {
        let body = r#"{"type":"/docs/problems#code_wrong","title":"code wrong","status":422,"code":"code_wrong",
            "detail":"d","instance":"i","left":3,"unknown":true}"#;
        http("422 Unprocessable Entity", "application/problem+json", body)
    });
    let Err(CaError::Problem(problem)) = client(&server.url()).verify_code(NO, "t", "0") else { panic!() };
    assert_eq!((problem.code, problem.left, problem.instance.as_str()), (ProblemCode::CodeWrong, Some(3), "i"));
    assert_eq!(server.asked().len(), 1, "what was refused is not asked again");
}

#[test]
fn what_is_not_the_api_is_no_answer() {
    let what = |say: fn() -> Say| {
        let server = Server::start(move |_, _| say());
        match client(&server.url()).info() {
            Err(CaError::Answer(what)) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(what(|| http("200 OK", "text/html", "<html>log in</html>")), "status 200, type text/html");
    assert_eq!(what(|| http("404 Not Found", "application/json", "{}")), "status 404, type application/json");
    assert!(what(|| json("{")).starts_with("status 200, "));
    assert!(what(|| json("{\"name\": 5}")).starts_with("status 200, "));
    assert_eq!(what(|| http("500 X", "application/problem+json", "{}")), "problem with status 500");
    assert_eq!(what(|| http("200 OK", "te\u{e9}xt", "")), "status 200, type ");
    assert_eq!(what(|| Say::Bytes(b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec())), "status 200, type ");
}

#[test]
fn a_body_of_more_than_a_megabyte_is_not_read_to_its_end() {
    // stated, and unstated without any end
    let stated = Server::start(|_, _| http("200 OK", "application/json", &" ".repeat((1 << 20) + 1)));
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("40000\r\n{}\r\n", " ".repeat(0x40000));
    let unstated = Server::start(move |_, _| Say::Bytes([head.clone(), chunk.repeat(40).into_bytes()].concat()));
    for server in [stated, unstated] {
        assert_eq!(client(&server.url()).info(), Err(CaError::Answer("more than 1048576 bytes".to_owned())));
    }
    let exact = Server::start(|_, _| json(&" ".repeat(1 << 20)));
    assert!(matches!(client(&exact.url()).info(), Err(CaError::Answer(what)) if what.contains("EOF")));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Server::start(|_, _| json("{}"));
    let to = other.url();
    let server = Server::start(move |_, _| {
        Say::Bytes(
            format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}/v1/ca\r\ncontent-length: 0\r\n\r\n").into(),
        )
    });
    assert_eq!(client(&server.url()).open_session(b"{}", &[1]), Err(CaError::Answer("status 307, type ".to_owned())));
    assert_eq!(other.asked(), [], "the signature went nowhere else");
}
