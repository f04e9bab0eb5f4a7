//! Requests that are malformed, too large, too many, or out of time: each refused, and nothing changed in the books.

use crate::attacks::{paths, post, refused, refused_session};
use crate::renewal::{Open, bearer, fresh_key};
use crate::world::{DAY, NOON, Options, Place, World};
use order_api::{LARGEST_BODY, OrderCreated, ProblemCode};

pub async fn bodies_that_are_not_the_request_are_refused(place: Place) {
    let world = World::new(&place, Options::default()).await;
    let customer = world.customer("unit-mobile", 20).await;
    let created = world.order(&customer).await;
    let no = &created.order.no;
    let token = bearer(&created.token);
    let deep = "[".repeat(60_000);
    let bodies: [&[u8]; 7] = [b"", b"null", b"[]", b"{", b"\xFF\xFE", b"{\"purpose\":\"other\"}", deep.as_bytes()];
    for body in bodies {
        refused(&world, ProblemCode::InvalidRequest, world.post("/v1/challenges", &[], body)).await;
        let path = format!("/v1/orders/{no}/codes/verify");
        refused(&world, ProblemCode::InvalidRequest, world.post(&path, &[token.as_header()], body)).await;
        for path in paths(no) {
            let p7 = customer.sign(body);
            refused(&world, ProblemCode::InvalidRequest, post(&world, &path, &p7, body)).await;
        }
    }
    let secret = "{\"code\":123456}";
    let path = format!("/v1/orders/{no}/codes/verify");
    let problem = refused(&world, ProblemCode::InvalidRequest, world.post(&path, &[token.as_header()], secret)).await;
    assert!(!problem.detail.contains("123456"), "what was sent is not repeated");
    let path = format!("/v1/orders/{no}?wait=soon");
    refused(&world, ProblemCode::InvalidRequest, world.get(&path, &[token.as_header()])).await;
    world.stop().await;
}

pub async fn bodies_too_large_are_not_read(place: Place) {
    let world = World::new(&place, Options::default()).await;
    for path in ["/v1/challenges", "/v1/sessions", "/v1/orders", "/v1/captchas", "/v1/orders/1/issue"] {
        let largest = vec![b' '; LARGEST_BODY];
        assert_ne!(world.post(path, &[], largest.clone()).await.code(), ProblemCode::TooLarge);
        let mut larger = largest;
        larger.push(b' ');
        refused(&world, ProblemCode::TooLarge, world.post(path, &[], larger)).await;
    }
    // without a length in front, in pieces
    let raw = raw_request(&world, |write| {
        write("POST /v1/challenges HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        for _ in 0..5 {
            write(&format!("4000\r\n{}\r\n", " ".repeat(0x4000)));
        }
        write("0\r\n\r\n");
    });
    assert!(raw.starts_with("HTTP/1.1 413 ") && raw.contains("too_large"), "{raw}");
    // a length that promises too much is refused before anything is sent
    let raw = raw_request(&world, |write| {
        write("POST /v1/challenges HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n");
    });
    assert!(raw.starts_with("HTTP/1.1 413 "), "{raw}");
    world.stop().await;
}

/// Sends bytes and gives what comes back until the first answer is whole.
fn raw_request(world: &World, send: impl FnOnce(&mut dyn FnMut(&str))) -> String {
    use std::io::{Read, Write};
    tokio::task::block_in_place(|| {
        let mut stream = std::net::TcpStream::connect(world.running.address).unwrap();
        // the service may hang up before everything is sent
        send(&mut |text| drop(stream.write_all(text.as_bytes())));
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.ends_with(b"}") {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => answer.extend(&buffer[..length]),
            }
        }
        String::from_utf8(answer).unwrap()
    })
}

pub async fn an_address_that_asks_too_often_waits(place: Place) {
    let mut options = Options::default();
    options.limits.per_address_second = 1;
    options.limits.per_address_burst = 5;
    let world = World::new(&place, options).await;
    let mut refusals = 0;
    for _ in 0..20 {
        let answer = world.get("/v1/ca", &[]).await;
        if answer.status != 200 {
            let problem = answer.problem();
            assert_eq!(problem.code, ProblemCode::RateLimited);
            assert!(problem.retry_after.is_some_and(|seconds| seconds >= 1));
            assert_eq!(answer.header("retry-after"), problem.retry_after.unwrap().to_string());
            refusals += 1;
        }
    }
    assert!(refusals >= 1, "twenty requests at once pass a limit of five");
    world.stop().await;
}

pub async fn a_certificate_or_mobile_number_that_asks_too_often_waits(place: Place) {
    let mut options = Options::default();
    options.limits.sessions_minute = 2;
    options.limits.sessions_day = 4;
    options.limits.orders_day = 2;
    options.limits.codes_day = 3;
    let world = World::new(&place, options).await;
    let customer = world.customer("unit-mobile", 20).await;
    let other = world.customer("unit-mobile", 20).await;
    // the minute: counted from full minutes
    world.set_time(NOON + 10);
    for _ in 0..2 {
        world.session(&customer).await;
    }
    let problem = refused_session(&world, ProblemCode::RateLimited, &customer).await;
    assert_eq!(problem.retry_after, Some(50));
    world.session(&other).await;
    world.pass(50);
    for _ in 0..2 {
        world.session(&customer).await;
    }
    world.pass(60);
    let problem = refused_session(&world, ProblemCode::DailyLimit, &customer).await;
    assert_eq!(problem.retry_after, Some((DAY / 2 - 120) as u32), "明日再试");
    world.set_time(NOON + DAY / 2);
    let open = world.session(&customer).await;

    // orders: each ended by the clock, on the same day
    let order = async |open: &Open| world.try_order(open, &world.order_request(open).await, &fresh_key()).await;
    for _ in 0..2 {
        let created: OrderCreated = order(&open).await.ok();
        world.execute("UPDATE orders SET expires = 0, finished = 1, state = 'expired'").await;
        assert!(!created.order.state.is_final());
    }
    let request = world.order_request(&open).await;
    refused(&world, ProblemCode::DailyLimit, world.try_order(&open, &request, "third")).await;

    // codes: by mobile number, whoever asks
    let theirs = world.order(&other).await;
    for _ in 0..3 {
        assert_eq!(world.call(&theirs, "codes", "").await.status, 200);
        world.pass(60);
    }
    refused(&world, ProblemCode::DailyLimit, world.call(&theirs, "codes", "")).await;
    world.pass(DAY / 2);
    world.stop().await;
}

pub async fn the_window_of_renewal_is_kept_over_http(place: Place) {
    let world = World::new(&place, Options::default()).await;
    for (product, before, after) in [("unit", 90, 365), ("unit-review", 90, 30)] {
        for (days_left, code) in [
            (before + 1, Some(ProblemCode::TooEarly)),
            (before, None),
            (0, None),
            (-1, None),
            (-after, None),
            (-after - 1, Some(ProblemCode::TooLate)),
        ] {
            let customer = world.customer(product, days_left).await;
            match code {
                None => {
                    let open = world.session(&customer).await;
                    assert!(open.session.renewable.from <= world.now() && world.now() <= open.session.renewable.until);
                }
                Some(code) => {
                    let problem = refused_session(&world, code, &customer).await;
                    let renewable = problem.renewable.unwrap();
                    assert!(world.now() < renewable.from || world.now() > renewable.until);
                }
            }
        }
    }
    // the last second of the old certificate, and the one after
    let customer = world.customer_until("unit", NOON).await;
    assert_eq!(world.session(&customer).await.session.new.until, NOON + 365 * DAY);
    world.pass(1);
    assert_eq!(world.session(&customer).await.session.new.until, NOON + DAY / 2 - 1 + 365 * DAY);
    world.stop().await;
}
