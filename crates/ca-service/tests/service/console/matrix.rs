//! Every route for everybody: the table here is written by hand, not derived from the program's.

use crate::console::visitor::{PASSWORD, Said, Visitor, add, staff};
use crate::key::fresh_serial;
use crate::world::{Answer, Options, Place, World};
use ca_service::console::rights::ROUTES;
use ca_service::operators::Role;
use std::collections::BTreeSet;

/// Method, route, and who may: `*` everybody, `s` everybody with a session, otherwise the letters of the roles:
/// `a`dministrator, `o`perator, au`d`itor.
const TABLE: [(&str, &str, &str); 36] = [
    ("GET", "/console", "*"),
    ("GET", "/console/console.css", "*"),
    ("GET", "/console/icon.png", "*"),
    ("GET", "/console/language/{language}", "*"),
    ("GET", "/console/login", "*"),
    ("POST", "/console/login", "*"),
    ("POST", "/console/logout", "s"),
    ("GET", "/console/password", "s"),
    ("POST", "/console/password", "s"),
    ("GET", "/console/overview", "aod"),
    ("GET", "/console/orders", "aod"),
    ("GET", "/console/orders/{no}", "aod"),
    ("POST", "/console/orders/{no}/approve", "ao"),
    ("POST", "/console/orders/{no}/reject", "ao"),
    ("GET", "/console/orders/{no}/evidence/{file}", "aod"),
    ("GET", "/console/customers", "aod"),
    ("GET", "/console/customers/{id}", "aod"),
    ("POST", "/console/customers/{id}/contact", "ao"),
    ("POST", "/console/customers/{id}/devices", "ao"),
    ("GET", "/console/certificates", "aod"),
    ("GET", "/console/certificates/{serial}", "aod"),
    ("GET", "/console/certificates/{serial}/file", "aod"),
    ("POST", "/console/certificates/{serial}/revoke", "ao"),
    ("GET", "/console/products", "aod"),
    ("GET", "/console/products/{code}", "aod"),
    ("POST", "/console/products/{code}", "a"),
    ("GET", "/console/operators", "a"),
    ("POST", "/console/operators", "a"),
    ("POST", "/console/operators/{name}/role", "a"),
    ("POST", "/console/operators/{name}/active", "a"),
    ("POST", "/console/operators/{name}/reset", "a"),
    ("GET", "/console/outbox", "aod"),
    ("POST", "/console/outbox/{id}/again", "ao"),
    ("GET", "/console/audit", "ad"),
    ("GET", "/console/audit/export", "ad"),
    ("POST", "/console/audit/check", "ad"),
];

/// What the paths of a role's round name.
struct Things {
    orders: Vec<String>,
    evidence: String,
    customer: String,
    serial: String,
    device: String,
}

async fn things(world: &World) -> Things {
    let customer = world.customer("unit-review", 20).await;
    let first = world.order(&customer).await.order.no;
    let second = world.order(&world.customer("unit-review", 20).await).await.order.no;
    let id = sqlx::query(
        "SELECT e.id FROM evidence e JOIN orders o ON o.session = e.session WHERE e.kind = 'session' AND o.no = $1",
    );
    let id = id.bind(&first);
    let id: String = sqlx::Row::get(&id.fetch_one(world.service().store.pool()).await.unwrap(), 0);
    Things {
        evidence: format!("{id}.json"),
        customer: customer.id.to_string(),
        serial: world.customer("unit", 20).await.serial(),
        device: fresh_serial(),
        orders: vec![first, second],
    }
}

impl Things {
    fn path(&self, method: &str, route: &str) -> String {
        let order = if route.ends_with("reject") { &self.orders[1] } else { &self.orders[0] };
        let _ = method;
        route
            .replace("{no}", order)
            .replace("{file}", &self.evidence)
            .replace("{id}", &self.customer)
            .replace("{serial}", &self.serial)
            .replace("{code}", "unit-paid")
            .replace("{name}", "spare")
            .replace("{language}", "en")
    }
}

/// A form that does something when it is let in.
fn fields<'a>(route: &str, things: &'a Things) -> Vec<(&'static str, &'a str)> {
    match route {
        "/console/login" => vec![("name", "nobody"), ("password", "wrong")],
        "/console/password" => vec![("present", "wrong"), ("new", PASSWORD), ("again", PASSWORD)],
        "/console/orders/{no}/reject" => vec![("reason", "资料不全")],
        "/console/customers/{id}/contact" => {
            vec![("name", "新联系人"), ("mobile", "13900139000"), ("email", ""), ("why", "来电更正")]
        }
        "/console/customers/{id}/devices" => vec![("serial", &things.device)],
        "/console/certificates/{serial}/revoke" => vec![("reason", "1"), ("why", "丢失"), ("sure", "yes")],
        "/console/products/{code}" => vec![
            ("name", "改名"),
            ("fee", "1.00"),
            ("term_days", "30"),
            ("renew_before_days", "30"),
            ("renew_after_days", "30"),
        ],
        "/console/operators" => vec![("name", "newcomer"), ("role", "administrator")],
        "/console/operators/{name}/role" => vec![("role", "administrator")],
        "/console/operators/{name}/active" => vec![("active", "no")],
        _ => Vec::new(),
    }
}

async fn visit(visitor: &mut Visitor<'_>, things: &Things, method: &str, route: &str) -> Answer {
    let path = things.path(method, route);
    if method == "GET" { visitor.get(&path).await } else { visitor.post(&path, &fields(route, things)).await }
}

/// The books but for the audit log, with operators.
async fn books(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world.books().await.into_iter().filter(|line| !line.contains("FROM audit")).collect();
    let rows = sqlx::query("SELECT name || role || CAST(active AS TEXT) || password FROM operators ORDER BY name");
    for row in rows.fetch_all(world.service().store.pool()).await.unwrap() {
        all.push(sqlx::Row::get(&row, 0));
    }
    all
}

pub async fn every_route_is_open_to_those_who_may_and_to_nobody_else(place: Place) {
    let routes: BTreeSet<(&str, &str)> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    let table: BTreeSet<(&str, &str)> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(routes, table, "a route without a line here");
    let world = World::new(&place, Options::default()).await;
    add(&world, "spare", Role::Operator).await;

    // nobody, and somebody who must change the password
    let here = things(&world).await;
    let before = books(&world).await;
    let mut stranger = Visitor::new(&world);
    stranger.get("/console/login").await;
    let first = add(&world, "fresh", Role::Administrator).await;
    let mut fresh = Visitor::new(&world);
    fresh.log_in("fresh", &first).await;
    let csrf = {
        fresh.get("/console/password").await;
        fresh.csrf.clone()
    };
    for (method, route, who) in TABLE {
        let answer = visit(&mut stranger, &here, method, route).await;
        match who {
            "*" => assert!(
                matches!(answer.status, 200 | 303 | 403)
                    && answer.headers.get("location").is_none_or(|to| to != "/console/login"),
                "{method} {route}"
            ),
            _ => assert_eq!(answer.location(), "/console/login", "{method} {route}"),
        }
        if !matches!(who, "*" | "s") {
            fresh.csrf.clone_from(&csrf);
            let answer = visit(&mut fresh, &here, method, route).await;
            assert_eq!(answer.location(), "/console/password", "{method} {route}");
        }
    }
    let after: Vec<String> = books(&world).await.into_iter().filter(|line| !line.starts_with("fresh")).collect();
    assert_eq!(after, before, "strangers changed something");

    for (letter, role) in [('d', Role::Auditor), ('o', Role::Operator), ('a', Role::Administrator)] {
        let name = role.as_str();
        let mut visitor = staff(&world, name, role).await;
        let here = things(&world).await;
        let csrf = visitor.csrf.clone();
        // those who are let in come last: what they do must not hide what others do
        let (allowed, refused): (Vec<_>, Vec<_>) =
            TABLE.iter().filter(|(_, _, who)| !matches!(*who, "*" | "s")).partition(|(_, _, who)| who.contains(letter));
        let before = books(&world).await;
        for (method, route, _) in &refused {
            visitor.csrf.clone_from(&csrf);
            let answer = visit(&mut visitor, &here, method, route).await;
            assert_eq!(answer.status, 403, "{name}: {method} {route}");
            assert!(answer.text().contains("您的角色不能进行这项操作"), "{name}: {method} {route}");
            let path = here.path(method, route);
            let records = sqlx::query(
                "SELECT COUNT(*) FROM audit WHERE actor = $1 AND action = 'console.refused' AND outcome = 'refused' \
                 AND object = $2 AND detail = $3",
            );
            let records = records.bind(name).bind(&path).bind(*method).fetch_one(world.service().store.pool());
            let records: i64 = sqlx::Row::get(&records.await.unwrap(), 0);
            assert_eq!(records, 1, "{name}: {method} {route} stands in the audit log");
        }
        assert_eq!(books(&world).await, before, "{name} changed something");
        for (method, route, _) in &allowed {
            visitor.csrf.clone_from(&csrf);
            let answer = visit(&mut visitor, &here, method, route).await;
            let expected = match (*method, *route) {
                ("GET", _) | ("POST", "/console/operators" | "/console/operators/{name}/reset") => 200,
                _ => 303,
            };
            assert_eq!(answer.status, expected, "{name}: {method} {route}: {}", answer.text());
            if expected == 303 {
                assert!(!answer.location().starts_with("/console/login"), "{name}: {method} {route}");
            }
        }
        if letter != 'd' {
            assert_ne!(books(&world).await, before, "{name} changed what they may");
        }
    }
    world.audited().await;
    world.stop().await;
}
