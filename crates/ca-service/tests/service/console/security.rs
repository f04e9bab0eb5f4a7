//! Headers, form tokens, origins and cookies.

use crate::console::visitor::{PASSWORD, Said, Visitor, staff};
use crate::world::{Options, Place, World};
use ca_service::operators::Role;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

pub async fn every_answer_carries_the_headers_that_protect_it(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let mut visitor = staff(&world, "auditor", Role::Auditor).await;
    let mut stranger = Visitor::new(&world);
    let pages = [
        (visitor.get("/console/overview").await, 200),
        (visitor.get("/console/operators").await, 403),
        (visitor.get("/console/orders/20000101-000001").await, 404),
        (visitor.get("/console/customers/x").await, 422),
        (visitor.get("/console/audit/export").await, 200),
        (stranger.get("/console/overview").await, 303),
        (stranger.get("/console/login").await, 200),
        (stranger.post_raw("/console/login", &[("name", "a"), ("password", "b")], None).await, 403),
        (stranger.get("/console/console.css").await, 200),
        (stranger.get("/console/icon.png").await, 200),
    ];
    for (answer, status) in pages {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("content-security-policy"), POLICY, "{}", answer.text());
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        let kept = answer.header("cache-control");
        let media_type = answer.headers.get("content-type").map_or("", |value| value.to_str().unwrap());
        let is_asset = matches!(media_type, "image/png" | "text/css; charset=utf-8");
        assert_eq!(kept, if is_asset { "max-age=600" } else { "no-store" });
    }
    // whatever lies beside the console is answered by the service
    let outside = world.get("/console/nothing", &[]).await;
    assert_eq!(outside.status, 404);
    assert_eq!(outside.header("content-security-policy").split(';').next(), Some("default-src 'none'"));
    world.stop().await;
}

pub async fn a_form_without_the_right_token_or_origin_changes_nothing(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    let mut other = staff(&world, "other", Role::Administrator).await;
    admin.get("/console/operators").await.page();
    other.get("/console/operators").await.page();
    let own = world.base.clone();
    let (good, foreign) = (admin.csrf.clone(), other.csrf.clone());
    assert_ne!(good, foreign);
    let mut stranger = Visitor::new(&world);
    stranger.get("/console/login").await;
    let before_log_in = stranger.csrf.clone();
    let books = world.books().await;
    let mut wrong_digit = good.clone();
    let last = if wrong_digit.pop() == Some('0') { '1' } else { '0' };
    wrong_digit.push(last);
    let other_port = format!("{own}1");
    let with_path = format!("{own}/console");
    let name = ("name", "intruder");
    let role = ("role", "administrator");
    type Attempt<'a> = (&'a str, Vec<(&'a str, &'a str)>, Option<&'a str>);
    let attempts: [Attempt<'_>; 12] = [
        ("no token", vec![name, role], Some(&own)),
        ("an empty token", vec![name, role, ("csrf", "")], Some(&own)),
        ("another person's token", vec![name, role, ("csrf", &foreign)], Some(&own)),
        ("the token of the log-in page", vec![name, role, ("csrf", &before_log_in)], Some(&own)),
        ("one digit wrong", vec![name, role, ("csrf", &wrong_digit)], Some(&own)),
        ("twice", vec![name, role, ("csrf", &wrong_digit), ("csrf", &good)], Some(&own)),
        ("no origin", vec![name, role, ("csrf", &good)], None),
        ("origin null", vec![name, role, ("csrf", &good)], Some("null")),
        ("another site", vec![name, role, ("csrf", &good)], Some("http://evil.example")),
        ("another port", vec![name, role, ("csrf", &good)], Some(&other_port)),
        ("no origin at all", vec![name, role, ("csrf", &good)], Some(&with_path)),
        ("empty origin", vec![name, role, ("csrf", &good)], Some("")),
    ];
    for (what, fields, origin) in attempts {
        let answer = admin.again().post_raw("/console/operators", &fields, origin).await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        assert!(answer.text().contains("请求被拒绝"), "{what}");
    }
    // a token in the address is none
    let path = format!("/console/operators?csrf={good}");
    assert_eq!(admin.again().post_raw(&path, &[name, role], Some(&own)).await.status, 403);
    // nor is a form a form when it is sent as something else
    let line = admin.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let headers = [("cookie", line.as_str()), ("origin", own.as_str()), ("content-type", "text/plain")];
    let body = format!("name=intruder&role=administrator&csrf={good}");
    assert_eq!(world.post("/console/operators", &headers, body).await.status, 403);
    assert_eq!(world.books().await, books, "nothing happened");
    assert_eq!(world.number("SELECT COUNT(*) FROM operators").await, 2);
    // the log-in form is protected as well: nobody logs another one in
    let answer = stranger.post_raw("/console/login", &[("name", "admin"), ("password", PASSWORD)], Some(&own)).await;
    assert_eq!(answer.status, 403);
    assert!(!stranger.cookies.contains_key("ca_console"));
    // and with everything right it works
    assert_eq!(admin.post("/console/operators", &[name, role]).await.status, 200);
    world.stop().await;
}

pub async fn a_zero_byte_reaches_no_database(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let created = world.order(&world.customer("unit-review", 20).await).await;
    let books = world.books().await;
    for path in [
        "/console/orders?search=a%00b".to_owned(),
        "/console/orders?state=%00".to_owned(),
        "/console/orders/%00".to_owned(),
        "/console/certificates/%00/file".to_owned(),
    ] {
        assert_eq!(officer.get(&path).await.status, 422, "{path}");
    }
    let answer = officer.post(&format!("/console/orders/{}/reject", created.order.no), &[("reason", "a\0b")]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(world.books().await, books);
    world.stop().await;
}

pub async fn cookies_are_for_this_console_only(place: Place) {
    let world = World::new(&place, Options::default()).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    let mut visitor = Visitor::new(&world);
    let page = visitor.get("/console/login").await;
    let answer = visitor.post("/console/login", &[("name", "admin"), ("password", PASSWORD)]).await;
    for answer in [page, answer] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.contains("; Path=/console; HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(!cookie.contains("Secure"), "browsers would not send it to a console without TLS");
    }
    // behind a proxy that ends TLS
    let console = ca_service::console::router(world.running.service().clone(), true);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, console).await });
    let response = world.http.get(format!("http://{address}/console/login")).send().await.unwrap();
    let cookie = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    server.abort();
    world.stop().await;
}

pub async fn a_link_to_change_the_language_leads_back_into_the_console_only(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let mut visitor = Visitor::new(&world);
    let to = async |from: String| {
        let mut visitor = Visitor::new(&world);
        visitor.get_with("/console/language/en", &[("referer", &from)]).await.location().to_owned()
    };
    let base = &world.base;
    assert_eq!(to(format!("{base}/console/orders?state=reviewing")).await, "/console/orders?state=reviewing");
    for foreign in [
        "http://evil.example/console/orders".to_owned(),
        format!("{base}.evil/console/x"),
        format!("{base}//evil.example"),
        "x".to_owned(),
    ] {
        assert_eq!(to(foreign.clone()).await, "/console/overview", "{foreign}");
    }
    assert_eq!(visitor.get("/console/language/fr").await.status, 404);
    world.stop().await;
}
