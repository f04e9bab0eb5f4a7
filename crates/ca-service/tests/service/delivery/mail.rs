//! Mail by SMTP to a server of the test; what arrives is read by python's `email`.

use super::{CODE, by_mail, deliver, failed, fate, put_mail, records, sent, try_put_mail, waits};
use crate::world::{NOON, Options, Place, World};
use ca_service::audit::Actor;
use ca_service::delivery::{Gateways, MailSettings, MailTls, Smtp};
use ca_service::outbox::queue::send_again;
use ca_service::{Config, ServiceError};
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use testkit::smtp_server::{Act, PASSWORD, Server, Tls, USER};

/// What python makes of a mail.
fn read(mail: &[u8]) -> Value {
    const SCRIPT: &str = "
import email, email.policy, json, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
part = lambda kind: m.get_body((kind,)).get_content().replace('\\r\\n', '\\n')
print(json.dumps({
    'defects': [str(d) for d in m.defects], 'headers': m.keys(), 'type': m.get_content_type(),
    'parts': [p.get_content_type() for p in m.iter_parts()], 'subject': m['subject'],
    'from': [[a.display_name, a.addr_spec] for a in m['from'].addresses],
    'to': [a.addr_spec for a in m['to'].addresses], 'reply': m['reply-to'], 'id': m['message-id'],
    'date': m['date'].datetime.timestamp(), 'auto': m['auto-submitted'], 'bcc': m['bcc'],
    'plain': part('plain'), 'html': part('html'),
}))";
    let mut python =
        Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(mail).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(mail));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn secret(server: &Server, text: &str) {
    let path = server.file("password");
    std::fs::write(&path, format!("{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn settings(server: &Server, tls: MailTls) -> MailSettings {
    MailSettings {
        host: "localhost".to_owned(),
        port: Some(server.port),
        tls,
        root_file: Some("root.pem".into()),
        user: Some(USER.to_owned()),
        password_file: Some("password".into()),
        from: "ca@ca.example".to_owned(),
        reply_to: Some("help@ca.example".to_owned()),
        timeout_seconds: 60,
    }
}

fn open(server: &Server, settings: &MailSettings) -> Result<Gateways, ServiceError> {
    Ok(by_mail(Smtp::new(settings, "测试认证中心", server.root.parent().unwrap())?))
}

fn gateways(server: &Server) -> Gateways {
    secret(server, PASSWORD);
    open(server, &settings(server, MailTls::Starttls)).unwrap()
}

pub async fn a_mail_arrives_as_it_was_meant(place: Place) {
    let world = World::new(&place, Options::default()).await;
    for (tls, offered, port_is) in [
        (MailTls::Starttls, Tls::Starttls, "STARTTLS"),
        (MailTls::Implicit, Tls::Implicit, "TLS"),
        (MailTls::NoneLoopbackOnly, Tls::None, "none"),
    ] {
        world.execute("DELETE FROM outbox").await;
        let server = Server::start(offered, &[]);
        secret(&server, PASSWORD);
        put_mail(&world, "示例单位").await;
        assert!(fate(&world).await.text.contains(CODE));
        deliver(&world, &open(&server, &settings(&server, tls)).unwrap()).await;
        let mail = server.mail();
        assert_eq!(mail.protected, tls != MailTls::NoneLoopbackOnly, "{port_is}");
        assert_eq!(mail.user.as_deref(), Some(USER));
        assert_eq!((mail.from.as_str(), mail.to.len()), ("MAIL FROM:<ca@ca.example>", 1), "{port_is}");
        assert_eq!(mail.to[0], "RCPT TO:<li@example.com>");
        assert!(mail.data.is_ascii() && mail.data.split(|byte| *byte == b'\n').all(|line| line.len() <= 998));
        let read = read(&mail.data);
        assert_eq!(read["defects"], Value::Array(Vec::new()));
        assert_eq!(read["type"], "multipart/alternative");
        assert_eq!(read["parts"], serde_json::json!(["text/plain", "text/html"]));
        assert_eq!(read["subject"], "【测试认证中心】解锁授权码（订单 20261120-000001）");
        assert_eq!(read["from"], serde_json::json!([["测试认证中心", "ca@ca.example"]]));
        assert_eq!((&read["to"][0], &read["reply"]), (&"li@example.com".into(), &"help@ca.example".into()));
        assert_eq!((&read["date"], &read["auto"]), (&(NOON as f64).into(), &"auto-generated".into()));
        let (plain, html) = (read["plain"].as_str().unwrap(), read["html"].as_str().unwrap());
        assert!(plain.starts_with("示例单位：\n") && plain.contains(&format!("授权码：{CODE}\n")), "{plain}");
        assert!(html.contains(&format!(">{CODE}</b>")) && html.starts_with("<!DOCTYPE html>"), "{html}");
        sent(&fate(&world).await);
        // nothing waits, nothing is sent twice
        deliver(&world, &open(&server, &settings(&server, tls)).unwrap()).await;
        server.no_mail();
        if tls == MailTls::Starttls {
            let expected = ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"];
            assert_eq!(server.commands(), expected, "nothing but the greeting goes in the clear");
        }
    }
    let expected = ["message.sent message/1 mail unlock_authorization, message 1"; 1];
    assert_eq!(records(&world).await[..1], expected);
    world.stop().await;
}

pub async fn a_server_that_is_not_safe_gets_no_mail(place: Place) {
    let world = World::new(&place, Options::default()).await;
    put_mail(&world, "示例单位").await;
    let other = Server::start(Tls::Starttls, &[]);
    for (server, tls, root, greeting) in [
        // a certificate of somebody else's root
        (Server::start(Tls::Starttls, &[]), MailTls::Starttls, Some(&other), vec!["EHLO", "STARTTLS"]),
        // a certificate of another host
        (Server::named("mail.example", Tls::Starttls, &[]), MailTls::Starttls, None, vec!["EHLO", "STARTTLS"]),
        // no STARTTLS, as a network in between would have it
        (Server::start(Tls::None, &[]), MailTls::Starttls, None, vec!["EHLO"]),
        (Server::start(Tls::Implicit, &[]), MailTls::Implicit, Some(&other), vec![]),
    ] {
        secret(&server, PASSWORD);
        let root_file = root.map_or_else(|| server.root.clone(), |other| other.root.clone());
        let settings = MailSettings { root_file: Some(root_file), ..settings(&server, tls) };
        deliver(&world, &open(&server, &settings).unwrap()).await;
        let fate = fate(&world).await;
        assert_eq!((fate.state.as_str(), fate.fault.as_deref()), ("waiting", Some("tls")), "{fate:?}");
        server.no_mail();
        let commands: Vec<String> = server.commands().into_iter().filter(|word| word != "QUIT").collect();
        assert_eq!(commands, greeting, "{fate:?}");
        world.pass(fate.next);
    }
    // answers put in before TLS began shift all others: the last one is not that to the mail
    let server = Server::start(Tls::Injected, &[]);
    deliver(&world, &gateways(&server)).await;
    let shifted = fate(&world).await;
    waits(&shifted, "answer", 1800);
    assert_eq!(shifted.said, "354");
    world.pass(1800);
    // without a root of its own the system's roots count
    let server = Server::start(Tls::Starttls, &[]);
    secret(&server, PASSWORD);
    let settings = MailSettings { root_file: None, ..settings(&server, MailTls::Starttls) };
    deliver(&world, &open(&server, &settings).unwrap()).await;
    let fate = fate(&world).await;
    waits(&fate, "tls", fate.next);
    world.stop().await;
}

pub async fn a_refusal_ends_it_and_a_person_may_send_it_again(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let server = Server::start(Tls::Starttls, &[Act::Recipient("550 5.1.1 <li@example.com>: no such user NDK4MDG4")]);
    put_mail(&world, "示例单位").await;
    // a wrong password
    secret(&server, "wrong password");
    deliver(&world, &open(&server, &settings(&server, MailTls::Starttls)).unwrap()).await;
    let wrong = fate(&world).await;
    failed(&wrong, "credentials");
    assert_eq!(wrong.said, "535 5.7.8 user name and password not accepted");
    assert!(!server.commands().contains(&"MAIL".to_owned()));
    assert!(world.books().await.iter().all(|line| !line.contains("wrong password")));
    // it stays so
    world.pass(3600);
    deliver(&world, &gateways(&server)).await;
    server.no_mail();
    assert!(send_again(world.service(), 1, Actor::SERVICE).await.unwrap());
    assert!(!send_again(world.service(), 1, Actor::SERVICE).await.unwrap(), "it waits already");
    // a recipient that is not there, and a server that tells the code
    deliver(&world, &gateways(&server)).await;
    let refused = fate(&world).await;
    failed(&refused, "refused");
    assert_eq!(refused.said, "550 5.1.1 <li@example.com>: no such user ******");
    assert!(send_again(world.service(), 1, Actor::SERVICE).await.unwrap());
    deliver(&world, &gateways(&server)).await;
    assert_eq!(read(&server.mail().data)["id"], format!("<1-{NOON}@ca.example>"));
    sent(&fate(&world).await);
    assert!(!send_again(world.service(), 1, Actor::SERVICE).await.unwrap(), "it was sent");
    let what = "message/1 mail unlock_authorization, message 1";
    let expected = [
        format!("message.failed {what}: credentials"),
        format!("message.again {what}"),
        format!("message.failed {what}: refused"),
        format!("message.again {what}"),
        format!("message.sent {what}"),
    ];
    assert_eq!(records(&world).await, expected);
    world.stop().await;
}

pub async fn what_passes_is_tried_again_later_and_later(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let busy = Act::Recipient("451 4.7.1 come again");
    let server = Server::start(Tls::Starttls, &[busy, busy, Act::GoneInData, busy, Act::TakeAndGo]);
    secret(&server, PASSWORD);
    let patient = gateways(&server);
    put_mail(&world, "示例单位").await;
    for (fault, pause) in [("busy", 10), ("busy", 60), ("connection", 300)] {
        deliver(&world, &patient).await;
        waits(&fate(&world).await, fault, pause);
        world.pass(pause - 1);
        deliver(&world, &patient).await;
        assert_eq!(fate(&world).await.next, 1, "too early");
        world.pass(1);
    }
    // a server that says nothing
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    let hurried = MailSettings { port, timeout_seconds: 1, ..settings(&server, MailTls::Starttls) };
    deliver(&world, &open(&server, &hurried).unwrap()).await;
    waits(&fate(&world).await, "timeout", 1800);
    world.pass(1800);
    deliver(&world, &patient).await;
    let last = fate(&world).await;
    waits(&last, "busy", 1800);
    assert_eq!((last.tries, last.said.as_str()), (5, "451 4.7.1 come again"));
    world.pass(1800);
    // taken is taken, even if the server is gone then
    deliver(&world, &patient).await;
    assert_eq!(read(&server.mail().data)["id"], format!("<1-{NOON}@ca.example>"));
    sent(&fate(&world).await);
    server.no_mail();
    assert_eq!(records(&world).await.len(), 1);
    world.stop().await;
}

pub async fn a_server_that_is_not_there_is_tried_for_a_day(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let server = Server::start(Tls::Starttls, &[]);
    secret(&server, PASSWORD);
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let settings = MailSettings { port: Some(free), ..settings(&server, MailTls::Starttls) };
    let gateways = open(&server, &settings).unwrap();
    put_mail(&world, "示例单位").await;
    let end = world.now() + 86_400;
    loop {
        deliver(&world, &gateways).await;
        let fate = fate(&world).await;
        if fate.state == "failed" {
            failed(&fate, "connection");
            // 10 s, 1 min, 5 min, and half an hour each
            assert_eq!(fate.tries, 3 + (86_400 - 370) / 1800 + 1);
            assert!(world.now() < end && world.now() + 1800 >= end);
            break;
        }
        waits(&fate, "connection", fate.next);
        world.pass(fate.next);
    }
    world.stop().await;
}

pub async fn values_stay_values_in_head_and_body(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let server = Server::start(Tls::Starttls, &[]);
    let gateways = gateways(&server);
    let name = "甲\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\r\n.\r\nQUIT\r\n{code}";
    for recipient in
        ["li@example.com\r\nBcc: all@example.com", "li@example.com, b@example.com", "<li@example.com>", "li", ""]
    {
        let refused = try_put_mail(&world, recipient, "x").await.unwrap_err();
        assert!(matches!(refused, ServiceError::Unacceptable(_)), "{recipient:?}");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 0);
    put_mail(&world, name).await;
    deliver(&world, &gateways).await;
    let mail = server.mail();
    assert_eq!(mail.to, ["RCPT TO:<li@example.com>"]);
    let read = read(&mail.data);
    assert_eq!((&read["bcc"], &read["to"]), (&Value::Null, &serde_json::json!(["li@example.com"])));
    assert_eq!(read["headers"].as_array().unwrap().iter().filter(|header| *header == "Bcc").count(), 0);
    let (plain, html) = (read["plain"].as_str().unwrap(), read["html"].as_str().unwrap());
    assert!(plain.starts_with("甲  Bcc: all@example.com    <script>alert(1)</script>  .  QUIT  {code}：\n"), "{plain}");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"), "{html}");
    // an odd name of the CA ends no line either
    let odd = Smtp::new(
        &settings(&server, MailTls::Starttls),
        "CA\r\nBcc: all@example.com\r\n",
        server.root.parent().unwrap(),
    );
    put_mail(&world, "x").await;
    deliver(&world, &by_mail(odd.unwrap())).await;
    let read = self::read(&server.mail().data);
    assert_eq!((&read["bcc"], &read["from"][0][1]), (&Value::Null, &"ca@ca.example".into()));
    world.stop().await;
}

pub async fn an_address_the_server_can_not_take_is_no_reason_to_wait(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let server = Server::start(Tls::Starttls, &[]);
    try_put_mail(&world, "\u{674e}@example.com", "x").await.unwrap();
    deliver(&world, &gateways(&server)).await;
    failed(&fate(&world).await, "message");
    server.no_mail();
    world.stop().await;
}

#[test]
fn a_mail_section_that_can_not_be_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let password = dir.path().join("password");
    std::fs::write(&password, "x\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(dir.path().join("open"), "x\n").unwrap();
    std::fs::set_permissions(dir.path().join("open"), std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(dir.path().join("no.pem"), "nothing").unwrap();
    let read = |text: &str| {
        std::fs::write(dir.path().join("service.toml"), text).unwrap();
        let config = Config::load(dir.path())?;
        Gateways::open(&config, dir.path())
    };
    let whole = "[mail]\nhost = \"mail.example\"\nfrom = \"ca@ca.example\"\n";
    assert!(read(whole).unwrap().mail.is_some());
    assert!(read(&format!("{whole}user = \"ca\"\npassword_file = \"password\"\n")).is_ok());
    assert!(read("").unwrap().mail.is_none());
    for (more, named) in [
        ("pasword = \"x\"\n", "pasword"),
        ("password = \"x\"\n", "password"),
        ("tls = \"none\"\n", "tls"),
        ("tls = \"none-loopback-only\"\n", "mail.tls"),
        ("user = \"ca\"\n", "mail.user"),
        ("password_file = \"password\"\n", "mail.password_file"),
        ("user = \"ca\"\npassword_file = \"missing\"\n", "mail.password_file"),
        ("user = \"ca\"\npassword_file = \"open\"\n", "mail.password_file"),
        ("reply_to = \"nobody\"\n", "mail.reply_to"),
        ("root_file = \"no.pem\"\n", "mail.root_file"),
        ("timeout_seconds = 0\n", "mail.timeout_seconds"),
        ("timeout_seconds = 91\n", "mail.timeout_seconds"),
        ("port = 70000\n", "port"),
    ] {
        let refused = read(&format!("{whole}{more}")).err().unwrap_or_else(|| panic!("{more}")).to_string();
        assert!(refused.contains(named), "{more}: {refused}");
    }
    for text in ["[mail]\nhost = \"x\"\n", "[mail]\nfrom = \"ca@ca.example\"\n"] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(read("[mail]\nhost = \"x\"\nfrom = \"a b\"\n").err().unwrap().to_string().contains("mail.from"));
}
