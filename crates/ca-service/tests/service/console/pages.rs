//! What the pages show and do, by role.

use crate::console::visitor::{PASSWORD, Said, Visitor, add, operators, staff};
use crate::renewal::bearer;
use crate::world::{DAY, NOON, Options, Place, World};
use ca_service::operators::Role;
use order_api::{Order, OrderState};
use std::process::Command;

async fn world(place: &Place) -> World {
    World::new(place, Options::default()).await
}

/// The order numbers of a list page in their order.
fn numbers(page: &str) -> Vec<String> {
    let links = page.split("<td class=\"nowrap\"><a href=\"/console/orders/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

pub async fn orders_are_found_by_state_number_holder_serials_and_contact(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "officer", Role::Operator).await;
    let first = world.customer("unit-review", 20).await;
    let second = world.named_customer("unit", NOON + 20 * DAY, Some("百分%之_百\\公司")).await;
    let one = world.order(&first).await.order.no;
    world.pass(60);
    let two = world.order(&second).await.order.no;
    let all = visitor.get("/console/orders").await.page();
    assert_eq!(numbers(&all), [one.clone(), two.clone()], "what waits for an officer first");
    assert!(all.contains("共 2 条"));
    let mut find = async |query: &str| numbers(&visitor.get(&format!("/console/orders?{query}")).await.page());
    assert_eq!(find("state=reviewing").await, [one.as_str()]);
    assert_eq!(find("state=authorized").await, [two.as_str()]);
    assert_eq!(find("state=rejected").await, [""; 0]);
    assert_eq!(find(&format!("search={}", &one[4..])).await, [one.as_str()]);
    assert_eq!(find(&format!("search={}", first.serial().to_lowercase())).await, [one.as_str()]);
    assert_eq!(find("search=C0FFEE0000000001").await.len(), 2);
    let issued = world.fetch(&second, &two).await;
    assert_eq!(find(&format!("search={}", issued.serial())).await, [two.as_str()], "by the new certificate");
    assert_eq!(find("search=1380013").await.len(), 2, "by mobile number");
    assert_eq!(find("search=%E9%9F%A9%E6%A2%85").await.len(), 2, "by contact");
    for character in ["%25", "_", "%5C"] {
        assert_eq!(find(&format!("search={character}")).await, [two.as_str()], "{character} is a letter like others");
    }
    assert_eq!(find(&format!("state=reviewing&search={two}")).await, [""; 0]);
    assert_eq!(find("search='%20OR%201=1--").await, [""; 0]);

    let overview = visitor.get("/console/overview").await.page();
    assert_eq!(numbers(&overview), [one.as_str()], "what waits for review");
    assert!(overview.contains("1 分钟"));
    let page = visitor.get(&format!("/console/orders/{one}")).await.page();
    for text in [
        one.as_str(),
        first.name.as_str(),
        &first.serial(),
        "C0FFEE0000000001",
        "韩梅梅",
        "13800138000",
        "li@example.com",
        "审核中",
        "单位证书（人工审核）",
        "2026-11-20 12:00:00",
        "提交订单",
        "进入审核",
    ] {
        assert!(page.contains(text), "no {text} in {page}");
    }
    assert!(page.contains("id=\"approve\"") && page.contains("id=\"reject\""));
    let other = visitor.get(&format!("/console/orders/{two}")).await.page();
    assert!(!other.contains("id=\"approve\""), "there is nothing to decide");
    assert_eq!(visitor.get("/console/orders/20261120-999999").await.status, 404);
    world.stop().await;
}

pub async fn lists_have_pages(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "auditor", Role::Auditor).await;
    for number in 0..30 {
        let text = format!("row {number}");
        sqlx::query(
            "INSERT INTO outbox (id, channel, recipient, template, body, created) \
             VALUES ($1, 'sms', '13800138000', 'x', $2, 0)",
        )
        .bind(1000 + number)
        .bind(text)
        .execute(world.service().store.pool())
        .await
        .unwrap();
    }
    let rows = |page: &str| page.matches("138****8000").count();
    let first = visitor.get("/console/outbox").await.page();
    assert_eq!(rows(&first), 25);
    assert!(first.contains("第 1 / 2 页") && first.contains("共 30 条"));
    assert!(first.contains("href=\"/console/outbox?page=2\" rel=\"next\""), "{first}");
    assert!(!first.contains("rel=\"prev\""));
    let second = visitor.get("/console/outbox?page=2").await.page();
    assert_eq!(rows(&second), 5);
    assert!(second.contains("rel=\"prev\"") && !second.contains("rel=\"next\""));
    for odd in ["0", "-5", "9999999999"] {
        visitor.get(&format!("/console/outbox?page={odd}")).await.page();
    }
    assert_eq!(visitor.get("/console/outbox?page=x").await.status, 422);
    world.stop().await;
}

pub async fn an_auditor_sees_no_contact_and_can_not_find_one_by_searching(place: Place) {
    let world = world(&place).await;
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let customer = world.customer("unit-review", 20).await;
    let no = world.order(&customer).await.order.no;
    for path in [
        "/console/orders",
        &format!("/console/orders/{no}"),
        "/console/customers",
        &format!("/console/customers/{}", customer.id),
    ] {
        let page = auditor.get(path).await.page();
        for secret in ["13800138000", "韩梅梅", "李雷", "li@example.com"] {
            assert!(!page.contains(secret), "{path} shows {secret}");
        }
        assert!(page.contains("138****8000"), "{path}");
        for button in ["id=\"approve\"", "id=\"reject\"", "id=\"contact\"", "id=\"revoke\""] {
            assert!(!page.contains(button), "{path} has {button}");
        }
        assert!(!page.contains("/console/operators"), "{path}: not in the navigation");
    }
    for search in ["13800138000", "8000", "%E9%9F%A9%E6%A2%85", "%E6%9D%8E%E9%9B%B7"] {
        for list in ["orders", "customers"] {
            let page = auditor.get(&format!("/console/{list}?search={search}")).await.page();
            assert!(page.contains("没有记录"), "{list} {search}");
        }
    }
    world.stop().await;
}

pub async fn the_evidence_of_an_order_can_be_verified(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "officer", Role::Operator).await;
    let customer = world.customer("unit", 20).await;
    let (created, new) = world.renew(&customer).await;
    let page = visitor.get(&format!("/console/orders/{}", created.order.no)).await.page();
    let files: Vec<String> = page
        .split(&format!("/console/orders/{}/evidence/", created.order.no))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(files.len(), 8, "request and signature of session, order, issue and confirmation: {files:?}");
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (name, certificate) in [("old.pem", &customer.certificate), ("new.pem", &new.certificate)] {
        let pem = gm::issue::certificate_to_pem(certificate).unwrap();
        std::fs::write(file(name), pem).unwrap();
    }
    let mut verified = Vec::new();
    for pair in files.chunks(2) {
        let body = visitor.get(&format!("/console/orders/{}/evidence/{}", created.order.no, pair[0])).await;
        let signature = visitor.get(&format!("/console/orders/{}/evidence/{}", created.order.no, pair[1])).await;
        let name = body.header("content-disposition").split('"').nth(1).unwrap().to_owned();
        assert!(serde_json::from_slice::<serde_json::Value>(&body.body).is_ok(), "{name}");
        if pair[1].ends_with(".der") {
            // by the session key, which the session's signed request names
            verified.push(format!("{name} by the session key"));
            continue;
        }
        std::fs::write(file("body"), &body.body).unwrap();
        std::fs::write(file("p7s"), &signature.body).unwrap();
        // the signature as it lies in the structure, checked by another program over another path
        let by = if name.contains("confirm") { "new.pem" } else { "old.pem" };
        assert_openssl(&file("p7s"), &file("body"), &file(by), dir.path());
        verified.push(format!("{name} by {by}"));
    }
    let no = &created.order.no;
    assert_eq!(
        verified,
        [
            format!("{no}-session.json by old.pem"),
            format!("{no}-order.json by the session key"),
            format!("{no}-issue.json by old.pem"),
            format!("{no}-confirm.json by new.pem"),
        ]
    );
    // the body of the order holds the contact: that is not for everybody
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let page = auditor.get(&format!("/console/orders/{}", created.order.no)).await.page();
    for (at, file) in files.iter().enumerate() {
        assert_eq!(page.contains(file), at != 2, "{file}");
        let status = auditor.get(&format!("/console/orders/{}/evidence/{file}", created.order.no)).await.status;
        assert_eq!(status, if at == 2 { 403 } else { 200 }, "{file}");
    }
    // another order's number does not open it
    let other = world.order(&world.customer("unit", 20).await).await.order.no;
    assert_eq!(visitor.get(&format!("/console/orders/{other}/evidence/{}", files[2])).await.status, 404);
    for odd in [files[2].replace(".json", ".p7s"), files[2].replace(".json", ""), "x.json".to_owned()] {
        assert_eq!(visitor.get(&format!("/console/orders/{no}/evidence/{odd}")).await.status, 404, "{odd}");
    }
    world.stop().await;
}

/// Takes the signature value (the last OCTET STRING) and the attributes out of a detached `SignedData` with `openssl
/// asn1parse`, and lets `openssl` verify it with the certificate's key.
fn assert_openssl(p7: &str, body: &str, certificate: &str, dir: &std::path::Path) {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(dir).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (ok, tree) = run(&["asn1parse", "-inform", "DER", "-in", p7]);
    assert!(ok, "{tree}");
    let value = tree.lines().rfind(|line| line.contains("OCTET STRING")).unwrap();
    let hex = value.split("[HEX DUMP]:").nth(1).unwrap().trim();
    let signature: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    std::fs::write(dir.join("signature"), signature).unwrap();
    let (ok, key) = run(&["x509", "-in", certificate, "-noout", "-pubkey"]);
    assert!(ok, "{key}");
    std::fs::write(dir.join("key.pem"), key).unwrap();
    let verify = |message: &str| {
        run(&[
            "pkeyutl",
            "-verify",
            "-rawin",
            "-digest",
            "sm3",
            "-pubin",
            "-inkey",
            "key.pem",
            "-sigfile",
            "signature",
            "-pkeyopt",
            "distid:1234567812345678",
            "-in",
            message,
        ])
    };
    let (ok, said) = verify(body);
    assert!(ok, "{said}");
    std::fs::write(dir.join("other"), b"{}").unwrap();
    assert!(!verify("other").0, "openssl tells a wrong one");
}

pub async fn two_officers_who_decide_at_once_decide_once(place: Place) {
    let world = world(&place).await;
    let mut approves = staff(&world, "first", Role::Operator).await;
    let mut rejects = staff(&world, "second", Role::Operator).await;
    for _ in 0..3 {
        let created = world.order(&world.customer("unit-review", 20).await).await;
        let no = &created.order.no;
        let path = format!("/console/orders/{no}");
        approves.get(&path).await.page();
        rejects.get(&path).await.page();
        let (approve, reject) = (format!("{path}/approve"), format!("{path}/reject"));
        let reason = [("reason", "资料不全")];
        let (one, two) = tokio::join!(approves.post(&approve, &[]), rejects.post(&reject, &reason));
        assert_eq!((one.location(), two.location()), (path.as_str(), path.as_str()));
        let said = [approves.get(&path).await, rejects.get(&path).await].map(|answer| answer.notice());
        let state = world.read(&created).await.state;
        let late = format!("订单 {no} 已经有人处理过了，您的操作没有生效。请看下面的处理记录。");
        match state {
            OrderState::Authorized => assert_eq!(said, [format!("订单 {no} 已通过。"), late]),
            OrderState::Rejected => assert_eq!(said, [late, format!("订单 {no} 已拒绝。")]),
            other => panic!("{other:?}"),
        }
        let decisions = sqlx::query(
            "SELECT COUNT(*) FROM audit WHERE object = $1 AND action IN ('order.authorized', 'order.rejected')",
        );
        let decisions = decisions.bind(format!("order/{no}")).fetch_one(world.service().store.pool()).await.unwrap();
        assert_eq!(sqlx::Row::get::<i64, _>(&decisions, 0), 1);
    }
    world.audited().await;
    world.stop().await;
}

pub async fn a_rejection_needs_a_reason_and_the_customer_sees_it(place: Place) {
    let world = world(&place).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let created = world.order(&world.customer("unit-review", 20).await).await;
    let path = format!("/console/orders/{}", created.order.no);
    officer.get(&path).await.page();
    for reason in [String::new(), "  \n ".to_owned(), "长".repeat(501)] {
        officer.post(&format!("{path}/reject"), &[("reason", &reason)]).await;
        let page = officer.get(&path).await;
        assert_eq!(page.notice(), "拒绝时必须填写原因，最多 200 字。");
        assert_eq!(world.read(&created).await.state, OrderState::Reviewing);
    }
    let reason = "营业执照已过期 <b>请更换</b>";
    officer.post(&format!("{path}/reject"), &[("reason", reason)]).await;
    let page = officer.get(&path).await.page();
    assert!(page.contains("营业执照已过期 &#60;b&#62;请更换&#60;/b&#62;"), "shown as text");
    assert!(!page.contains("id=\"approve\""), "nothing is left to decide");
    let order: Order =
        world.get(&format!("/v1/orders/{}", created.order.no), &[bearer(&created.token).as_header()]).await.ok();
    assert_eq!((order.state, order.reason.as_deref()), (OrderState::Rejected, Some(reason)));
    // a decision is made once
    officer.post(&format!("{path}/approve"), &[]).await;
    assert!(officer.get(&path).await.notice().contains("已经有人处理过了"));
    assert_eq!(world.read(&created).await.state, OrderState::Rejected);
    world.stop().await;
}

pub async fn a_contact_is_corrected_with_a_reason(place: Place) {
    let world = world(&place).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let customer = world.customer("unit", 20).await;
    let path = format!("/console/customers/{}", customer.id);
    let list = officer.get("/console/customers?search=13800138000").await.page();
    assert!(list.contains(&customer.name) && list.contains(&path));
    let page = officer.get(&path).await.page();
    for text in [
        customer.name.as_str(),
        "JJDEMO0000X",
        "李雷",
        "13800138000",
        &customer.serial(),
        "单位证书",
        "签名证书",
        "加密证书",
    ] {
        assert!(page.contains(text), "no {text}");
    }
    let books = world.books().await;
    for (name, mobile, email, why) in [
        ("", "13900139000", "", "来电"),
        ("韩梅梅", "1390013900", "", "来电"),
        ("韩梅梅", "13900139000", "not an address", "来电"),
        ("韩梅梅", "13900139000", "", "  "),
    ] {
        let fields = [("name", name), ("mobile", mobile), ("email", email), ("why", why)];
        let answer = officer.post(&format!("{path}/contact"), &fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        answer.notice();
        assert!(answer.text().contains(&format!("value=\"{mobile}\"")), "what was typed stays in the form");
    }
    assert_eq!(world.books().await, books);
    let fields =
        [("name", " 韩梅梅 "), ("mobile", "13900139000"), ("email", "han@example.com"), ("why", "来电更正，已核实")];
    assert_eq!(officer.post(&format!("{path}/contact"), &fields).await.location(), path);
    let page = officer.get(&path).await;
    assert_eq!(page.notice(), "联系人已保存。");
    for text in ["韩梅梅", "13900139000", "han@example.com", "修改联系人", "来电更正，已核实", "officer"]
    {
        assert!(page.text().contains(text), "no {text}");
    }
    assert_eq!(world.session(&customer).await.session.contact.mobile, "13900139000", "the customer gets it back");
    assert_eq!(officer.get("/console/customers/999").await.status, 404);
    world.stop().await;
}

pub async fn a_revoked_certificate_stands_on_the_list(place: Place) {
    let world = world(&place).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let customer = world.customer("unit-review", 20).await;
    let other = world.customer("unit", 20).await;
    let created = world.order(&customer).await;
    let serial = customer.serial();
    let path = format!("/console/certificates/{serial}");
    let page = officer.get(&path).await.page();
    assert!(page.contains(&customer.name) && page.contains("id=\"revoke\"") && page.contains("有效"));
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    let pem = officer.get(&format!("{path}/file?form=pem")).await;
    assert_eq!(pem.header("content-disposition"), format!("attachment; filename=\"{serial}.pem\""));
    std::fs::write(file("c.pem"), &pem.body).unwrap();
    assert_eq!(officer.get(&format!("{path}/file?form=der")).await.body, customer.certificate);
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(dir.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(openssl(&["x509", "-in", "c.pem", "-noout", "-serial"]).trim(), format!("serial={serial}"));
    let listed = async |serial: &str| {
        std::fs::write(file("list.crl"), world.get("/crl/operation.crl", &[]).await.body).unwrap();
        openssl(&["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"]).contains(serial)
    };
    assert!(!listed(&serial).await);

    let books = world.books().await;
    for fields in [
        [("reason", "1"), ("why", "  "), ("sure", "yes")],
        [("reason", "1"), ("why", "丢失"), ("sure", "")],
        [("reason", "99"), ("why", "丢失"), ("sure", "yes")],
    ] {
        assert_eq!(officer.post(&format!("{path}/revoke"), &fields).await.status, 422, "{fields:?}");
    }
    assert_eq!(world.books().await, books);
    let fields = [("reason", "1"), ("why", "客户来电，UKey 丢失"), ("sure", "yes")];
    assert_eq!(officer.post(&format!("{path}/revoke"), &fields).await.location(), path);
    let page = officer.get(&path).await;
    assert_eq!(page.notice(), "证书已吊销，吊销列表已更新。");
    for text in ["已吊销", "密钥泄露或 UKey 丢失", "客户来电，UKey 丢失"] {
        assert!(page.text().contains(text), "no {text}");
    }
    assert!(!page.text().contains("id=\"revoke\""));
    let encrypt = crate::world::serial(&customer.encryption_certificate);
    assert!(listed(&serial).await && listed(&encrypt).await, "both of the pair");
    assert!(!listed(&other.serial()).await);
    assert_eq!(world.read(&created).await.state, OrderState::Cancelled, "its order ends with it");
    // somebody who had the page open
    officer.post(&format!("{path}/revoke"), &fields).await;
    assert!(officer.get(&path).await.notice().contains("已经被吊销"));
    let count = |page: &str| page.matches("<td class=\"nowrap\"><a href=\"/console/certificates/").count();
    for (state, number) in
        [("revoked", 2), ("valid", 2), ("expiring", 2), ("expired", 0), ("superseded", 0), ("pending", 0), ("", 4)]
    {
        let page = officer.get(&format!("/console/certificates?state={state}")).await.page();
        assert_eq!(count(&page), number, "{state}");
    }
    let page = officer.get(&format!("/console/certificates?search={}", serial.to_lowercase())).await.page();
    assert_eq!(count(&page), 1);
    world.pass(21 * DAY);
    officer.log_in("officer", PASSWORD).await;
    assert_eq!(count(&officer.get("/console/certificates?state=expired").await.page()), 2);
    assert_eq!(officer.get("/console/certificates/00").await.status, 404);
    world.stop().await;
}

pub async fn rules_of_a_product_hold_for_later_orders(place: Place) {
    let world = world(&place).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    let mut operator = staff(&world, "officer", Role::Operator).await;
    let before = world.order(&world.customer("unit", 20).await).await;
    let path = "/console/products/unit";
    let seen = operator.get(path).await.page();
    assert!(seen.contains("单位证书") && !seen.contains("id=\"product\""));
    assert!(admin.get(path).await.page().contains("id=\"product\""));
    let books = world.books().await;
    for (field, value) in [
        ("name", ""),
        ("name", &*"长".repeat(65)),
        ("fee", "-1"),
        ("fee", "1.234"),
        ("fee", "1000000.01"),
        ("term_days", "0"),
        ("term_days", "4000"),
        ("renew_before_days", "-1"),
    ] {
        let mut fields = vec![
            ("name", "单位证书"),
            ("fee", "12.50"),
            ("term_days", "365"),
            ("renew_before_days", "60"),
            ("renew_after_days", "30"),
        ];
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|pair| pair.1 = value);
        let answer = admin.post(path, &fields).await;
        assert_eq!(answer.status, 422, "{field} {value}");
        answer.notice();
    }
    assert_eq!(world.books().await, books);
    let fields = [
        ("name", "单位证书"),
        ("fee", "12.5"),
        ("term_days", "365"),
        ("renew_before_days", "60"),
        ("renew_after_days", "30"),
        ("review", "yes"),
    ];
    assert_eq!(admin.post(path, &fields).await.location(), path);
    let page = admin.get(path).await;
    assert_eq!(page.notice(), "产品已保存。");
    let changes = "fee_fen 0 → 1250, renew_before_days 90 → 60, renew_after_days 365 → 30, review no → yes";
    assert!(page.text().contains(changes), "{}", page.text());
    let later = world.order(&world.customer("unit", 20).await).await;
    assert_eq!((later.order.state, later.order.fee_fen), (OrderState::Reviewing, 1250));
    assert_eq!(world.read(&before).await.fee_fen, 0, "an order keeps the rules it was taken under");
    // saving the same again leaves no record
    let records = world.audited().await;
    admin.post(path, &fields).await;
    assert_eq!(world.audited().await, records);
    assert_eq!(admin.get("/console/products/none").await.status, 404);
    assert!(admin.get("/console/products").await.page().contains("12.50"));
    world.stop().await;
}

/// The password that a page hands over.
fn handed(page: &str) -> String {
    page.split("id=\"one-time\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

pub async fn operators_are_added_changed_and_reset(place: Place) {
    let world = world(&place).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    admin.get("/console/operators").await.page();
    for name in ["x", "王磊", "a b", "a/../b", &"n".repeat(33)] {
        let answer = admin.post("/console/operators", &[("name", name), ("role", "auditor")]).await;
        assert_eq!(answer.status, 422, "{name}");
    }
    assert_eq!(admin.post("/console/operators", &[("name", "who"), ("role", "root")]).await.status, 422);
    let page = admin.post("/console/operators", &[("name", "Wang.Lei"), ("role", "operator")]).await.page();
    let first = handed(&page);
    assert!(!admin.get("/console/operators").await.page().contains(&first), "shown once");
    assert_eq!(
        admin.post("/console/operators", &[("name", "wang.lei"), ("role", "operator")]).await.status,
        422,
        "taken"
    );

    let mut wang = Visitor::new(&world);
    wang.log_in("wang.lei", &first).await;
    wang.change_password(&first, PASSWORD).await;
    wang.get("/console/orders").await.page();
    assert_eq!(wang.get("/console/audit").await.status, 403);
    // another role holds from the next request on
    admin.post("/console/operators/wang.lei/role", &[("role", "auditor")]).await;
    assert_eq!(admin.get("/console/operators").await.notice(), "操作员 wang.lei 已修改。");
    wang.get("/console/audit").await.page();

    let page = admin.post("/console/operators/wang.lei/reset", &[]).await.page();
    let second = handed(&page);
    assert_ne!(first, second);
    assert_eq!(wang.get("/console/overview").await.location(), "/console/login?ended=1", "a reset ends sessions");
    assert_eq!(wang.log_in("wang.lei", PASSWORD).await.status, 403);
    wang.log_in("wang.lei", &second).await;
    assert_eq!(wang.get("/console/overview").await.location(), "/console/password");
    wang.change_password(&second, PASSWORD).await;

    admin.post("/console/operators/wang.lei/active", &[("active", "no")]).await;
    assert_eq!(wang.get("/console/overview").await.location(), "/console/login?ended=1");
    assert_eq!(
        wang.log_in("wang.lei", PASSWORD).await.notice(),
        "用户名或密码不正确。",
        "as for a name that is not there"
    );
    admin.post("/console/operators/wang.lei/active", &[("active", "yes")]).await;
    assert_eq!(wang.log_in("wang.lei", PASSWORD).await.location(), "/console/overview");
    // a reset ends the wait after wrong passwords
    for _ in 0..6 {
        wang.log_in("wang.lei", "wrong").await;
    }
    assert_eq!(wang.log_in("wang.lei", PASSWORD).await.status, 429);
    let third = handed(&admin.post("/console/operators/wang.lei/reset", &[]).await.page());
    assert_eq!(wang.log_in("wang.lei", &third).await.location(), "/console/overview");
    assert_eq!(admin.post("/console/operators/nobody/reset", &[]).await.status, 404);
    assert_eq!(admin.post("/console/operators/nobody/role", &[("role", "auditor")]).await.status, 404);
    let actions =
        sqlx::query("SELECT action FROM audit WHERE object = 'operator/wang.lei' AND actor = 'admin' ORDER BY seq");
    let actions = actions.fetch_all(world.service().store.pool()).await.unwrap();
    let actions: Vec<String> = actions.iter().map(|row| sqlx::Row::get(row, 0)).collect();
    assert_eq!(
        actions,
        [
            "operator.add",
            "operator.role",
            "operator.reset",
            "operator.deactivate",
            "operator.activate",
            "operator.reset"
        ]
    );
    world.stop().await;
}

pub async fn an_administrator_remains(place: Place) {
    let world = world(&place).await;
    let mut one = staff(&world, "one", Role::Administrator).await;
    let mut two = staff(&world, "two", Role::Administrator).await;
    for (what, fields) in [("role", [("role", "auditor")]), ("active", [("active", "no")])] {
        one.post(&format!("/console/operators/one/{what}"), &fields).await;
        assert_eq!(one.get("/console/operators").await.notice(), "不能在这里修改自己的账号。");
    }
    assert_eq!(one.post("/console/operators/one/reset", &[]).await.status, 422);
    // each takes the other's right away at the same moment: one of them succeeds
    let no = [("active", "no")];
    let (first, second) =
        tokio::join!(one.post("/console/operators/two/active", &no), two.post("/console/operators/one/active", &no));
    let done = [first, second].map(|answer| answer.status);
    let accounts = operators(&world).list().await.unwrap();
    assert_eq!(accounts.iter().filter(|account| account.active).count(), 1, "{done:?}");
    let left = if accounts[0].active { &mut one } else { &mut two };
    left.get("/console/operators").await.page();
    world.stop().await;
}

pub async fn the_outbox_shows_codes_to_administrators_only(place: Place) {
    let world = world(&place).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let created = world.order(&world.customer("unit-mobile", 20).await).await;
    assert_eq!(world.call(&created, "codes", "{}").await.status / 100, 2);
    let body = world.text("SELECT body FROM outbox").await;
    let order = format!("/console/orders/{}", created.order.no);
    assert!(admin.get(&order).await.page().contains("尚未验证"));
    let page = admin.get("/console/outbox").await.page();
    assert!(page.contains(&body) && page.contains("13800138000") && page.contains(&created.order.no), "{page}");
    assert!(page.contains("待发送"));
    let page = officer.get("/console/outbox").await.page();
    assert!(!page.contains(&body) && page.contains("（无权查看内容）") && page.contains("13800138000"));
    let page = auditor.get("/console/outbox").await.page();
    assert!(!page.contains(&body) && !page.contains("13800138000") && page.contains("138****8000"));
    // the code read there works
    let code: String = body.split("验证码 ").nth(1).unwrap().chars().take(6).collect();
    let answer = world.call(&created, "codes/verify", &format!("{{\"code\":\"{code}\"}}")).await;
    assert_eq!(answer.ok::<Order>().state, OrderState::Authorized);
    assert!(admin.get(&order).await.page().contains("已验证"));
    world.stop().await;
}

pub async fn the_audit_log_is_filtered_exported_and_checked(place: Place) {
    let world = world(&place).await;
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let created = world.order(&world.named_customer("unit-review", NOON + 20 * DAY, Some("=1+1 \"甲\"")).await).await;
    let path = format!("/console/orders/{}", created.order.no);
    officer.get(&path).await.page();
    officer.post(&format!("{path}/reject"), &[("reason", "=cmd|' /C calc'!A0")]).await;
    assert_eq!(officer.get("/console/products/unit").await.status, 200);
    officer.post("/console/products/unit", &[]).await;

    let rows = |page: &str| page.matches("<tr><td class=\"number\">").count();
    let mut find = async |query: &str| auditor.get(&format!("/console/audit?{query}")).await.page();
    let all = find("").await;
    assert!(rows(&all) > 10 && all.contains("拒绝订单") && all.contains("越权操作"));
    assert_eq!(rows(&find("action=order.rejected").await), 1);
    assert_eq!(rows(&find("outcome=refused").await), 1);
    assert_eq!(rows(&find(&format!("object={}", created.order.no)).await), 2, "reviewing, rejected");
    assert_eq!(rows(&find("actor=OFFICER&action=operator.login").await), 1);
    assert_eq!(rows(&find("from=2026-11-21").await), 0);
    assert_eq!(rows(&find("from=2026-11-20&until=2026-11-20").await), rows(&all));
    assert_eq!(rows(&find("until=2026-11-19").await), 0);

    let csv = auditor.get("/console/audit/export?action=order.rejected").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("audit.csv"), &csv.body).unwrap();
    let python =
        "import csv,json;print(json.dumps(list(csv.DictReader(open('audit.csv',encoding='utf-8-sig',newline='')))))";
    let output = Command::new("python3").args(["-c", python]).current_dir(dir.path()).output().unwrap();
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read.as_array().unwrap().len(), 1);
    assert_eq!(read[0]["time"], "2026-11-20 12:00:00");
    assert_eq!(read[0]["actor"], "officer");
    assert_eq!(read[0]["object"], format!("order/{}", created.order.no));
    assert_eq!(read[0]["detail"], "'=cmd|' /C calc'!A0", "no formula for a spreadsheet");
    assert_eq!(read[0]["hash"].as_str().unwrap().len(), 64);

    auditor.get("/console/audit").await.page();
    auditor.post("/console/audit/check", &[]).await;
    let records = world.audited().await;
    assert_eq!(auditor.get("/console/audit").await.notice(), format!("校验通过：共 {records} 条记录，没有被改动。"));
    world.execute("UPDATE audit SET detail = 'x' WHERE seq = 7").await;
    auditor.post("/console/audit/check", &[]).await;
    assert!(auditor.get("/console/audit").await.notice().contains("第 7 条"));
    world.stop().await;
}

pub async fn pages_speak_the_language_of_the_browser_or_the_chosen_one(place: Place) {
    let world = world(&place).await;
    drop(add(&world, "admin", Role::Administrator).await);
    let mut visitor = Visitor::new(&world);
    assert!(visitor.get("/console/login").await.page().contains("<html lang=\"zh-CN\">"));
    let english = visitor.get_with("/console/login", &[("accept-language", "en-GB,en;q=0.8")]).await.page();
    assert!(english.contains("<html lang=\"en\">") && english.contains("Log in"));
    visitor.get("/console/language/en").await;
    let page = visitor.get_with("/console/login", &[("accept-language", "zh-CN")]).await.page();
    assert!(page.contains("Log in") && page.contains("/console/language/zh-CN"), "the choice counts more");
    world.stop().await;
}
