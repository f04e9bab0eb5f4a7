//! Unlocks in the console: what officers see, what they decide, and the devices of customers.

use crate::console::visitor::{PASSWORD, Said, Visitor, staff};
use crate::key::{Key, fresh_serial};
use crate::unlock::{Applied, applicant};
use crate::world::{Customer, DAY, Options, Place, World};
use ca_service::audit::Actor;
use ca_service::operators::Role;
use ca_service::registry::{customers, devices};
use order_api::{Applicant, OrderState, UnlockAnswer, UnlockRoute};

const NOTE: &str = "11:20 致电登记号码，本人确认";

async fn world(place: &Place) -> World {
    World::new(place, Options::default()).await
}

/// Somebody who is not the registered contact, or says so.
pub fn somebody() -> Applicant {
    let text = |text: &str| text.to_owned();
    Applicant {
        name: text("王小明"),
        telephone: text("010-12345678"),
        mobile: text("13900139000"),
        email: text("wang@example.com"),
    }
}

async fn reviewed(world: &World, customer: &Customer, key: &Key, who: Applicant) -> Applied {
    world.apply_as(customer, &key.serial, UnlockRoute::Review, who).await
}

fn path(applied: &Applied) -> String {
    format!("/console/orders/{}", applied.no())
}

fn form<'a>(way: &'a str, note: &'a str) -> [(&'static str, &'a str); 2] {
    [("way", way), ("note", note)]
}

/// Cells of the row of a table whose first cell holds this.
fn row(page: &str, table: &str, first: &str) -> Vec<String> {
    let table = page.split(&format!("<table id=\"{table}\"")).nth(1).unwrap().split("</table>").next().unwrap();
    let rows = table.split("<tr>").map(|row| {
        let cells = row.split("<td").skip(1).map(|cell| {
            let cell = cell.split_once('>').unwrap().1.split("</td>").next().unwrap();
            let text =
                cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>();
            let class = cell.split("pill ").nth(1).map(|rest| rest.split('"').next().unwrap());
            class.map_or_else(|| text.clone(), |class| format!("{class}:{text}"))
        });
        cells.collect::<Vec<String>>()
    });
    let mut found = rows.into_iter().filter(|cells| cells.first().is_some_and(|cell| cell == first));
    found.next().unwrap_or_else(|| panic!("no row {first} in {table}"))
}

/// The state beside the title.
fn state(page: &str) -> &str {
    page.split("id=\"state\">").nth(1).unwrap().split('<').next().unwrap()
}

/// The value under a label in the groups of a page.
fn field<'p>(page: &'p str, label: &str) -> &'p str {
    let rest = page.split(&format!("<dt>{label}</dt><dd>")).nth(1).unwrap_or_else(|| panic!("no {label} in {page}"));
    let value = rest.split("</dd>").next().unwrap();
    value.strip_suffix("</span>").map_or(value, |value| value.split_once('>').unwrap().1)
}

pub async fn an_officer_sees_what_fits_and_an_auditor_no_contact(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let strange = reviewed(&world, &customer, &key, somebody()).await;
    let own = reviewed(&world, &customer, &key, applicant()).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;

    let page = officer.get(&path(&strange)).await.page();
    let compared = |page: &str, label: &str| row(page, "comparison", label)[1..].to_vec();
    assert_eq!(compared(&page, "联系人"), ["王小明", "李雷", "danger:不一致"]);
    assert_eq!(compared(&page, "联系电话"), ["010-12345678", "–", ":无登记信息"]);
    assert_eq!(compared(&page, "手机号"), ["13900139000", "13800138000", "danger:不一致"]);
    assert_eq!(compared(&page, "电子邮箱"), ["wang@example.com", "li@example.com", "danger:不一致"]);
    assert_eq!(compared(&page, "USB-Key 序列号"), [key.serial.as_str(), "已登记为该客户的 UKey", "ok:一致"]);
    assert_eq!(state(&page), "审核中");
    assert_eq!(field(&page, "方式"), "人工审核");
    assert_eq!(field(&page, "有效期").len(), "2026-01-01 – 2027-01-01".len());
    assert!(page.contains(&format!("href=\"/console/certificates/{}\"", customer.serial())));
    assert!(page.contains("尚未发送") && page.contains("尚未开始") && page.contains("提交解锁申请"));
    assert_eq!(row(&page, "history", "2026-11-20 12:00:00")[1], format!("{} 申请人", customer.serial()));
    assert!(!page.contains("id=\"decoy\"") && !page.contains("id=\"changed\""));
    let page = officer.get(&path(&own)).await.page();
    assert_eq!(compared(&page, "联系人")[2], "ok:一致");
    assert_eq!(compared(&page, "联系电话")[2], ":未填写");
    assert_eq!(compared(&page, "手机号")[2], "ok:一致");
    assert_eq!(compared(&page, "电子邮箱")[2], ":未填写");

    let page = auditor.get(&path(&strange)).await.page();
    for secret in ["13900139000", "13800138000", "王小明", "李雷", "wang@example.com", "010-12345678"] {
        assert!(!page.contains(secret), "the auditor reads {secret}");
    }
    assert_eq!(compared(&page, "手机号"), ["139****9000", "138****8000", "danger:不一致"]);
    for button in ["id=\"approve\"", "id=\"reject\"", "id=\"decide\""] {
        assert!(!page.contains(button), "{button}");
    }
    // the application as it came holds the contact, too
    let page = officer.get(&path(&strange)).await.page();
    let files: Vec<String> = page
        .split(&format!("{}/evidence/", path(&strange)))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(files.len() == 2 && files[0].ends_with(".json") && files[1].ends_with(".der"), "{files:?}");
    let body = officer.get(&format!("{}/evidence/{}", path(&strange), files[0])).await;
    assert!(body.text().contains("13900139000"));
    assert_eq!(auditor.get(&format!("{}/evidence/{}", path(&strange), files[0])).await.status, 403);
    assert_eq!(auditor.get(&format!("{}/evidence/{}", path(&strange), files[1])).await.status, 200);
    assert_eq!(auditor.get(&format!("{}/evidence/{}", path(&own), files[1])).await.status, 404);

    // a contact that was changed afterwards
    let new = [("name", "李雷"), ("mobile", "13900139000"), ("email", ""), ("why", "来电更正")];
    officer.post(&format!("/console/customers/{}/contact", customer.id), &new).await.location();
    let page = officer.get(&path(&strange)).await.page();
    assert!(page.contains("id=\"changed\"") && page.contains("13800138000, li@example.com"), "{page}");
    assert_eq!(compared(&page, "手机号")[2], "danger:不一致", "as it was when it came");
    let page = auditor.get(&path(&strange)).await.page();
    assert!(page.contains("138****8000, l***@example.com") && !page.contains("13800138000"));
    world.stop().await;
}

pub async fn an_approval_says_to_whom_how_and_why(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let mut key = Key::of(&world, &customer).await;
    let who = Applicant { email: String::new(), ..somebody() };
    let applied = reviewed(&world, &customer, &key, who).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let mut admin = staff(&world, "admin", Role::Administrator).await;
    let (path, no) = (path(&applied), applied.no());
    let page = officer.get(&path).await.page();
    let option = |page: &str, code: &str| {
        let input = page.split(&format!("id=\"{code}\"")).nth(1).unwrap_or_else(|| panic!("no {code}"));
        input.split('>').next().unwrap().to_owned()
    };
    for (code, possible) in [
        ("registered-sms", true),
        ("registered-mail", true),
        ("registered-both", true),
        ("applicant-sms", true),
        ("applicant-mail", false),
        ("applicant-both", false),
    ] {
        assert_eq!(option(&page, code).contains("disabled"), !possible, "{code}");
        assert!(!option(&page, code).contains("checked"), "nothing is chosen before the officer does");
    }
    assert!(
        page.contains("短信 13800138000") && page.contains("短信 13900139000") && page.contains("（没有电子邮箱）")
    );

    let books = world.books().await;
    let long = "长".repeat(501);
    for (way, note, chinese, english) in [
        ("", NOTE, "请选择授权码的发送对象和方式", "Choose to whom"),
        ("somebody-sms", NOTE, "请选择授权码的发送对象和方式", "Choose to whom"),
        ("registered-both", " \r\n ", "请填写核实记录", "A note of 1 to 500"),
        ("registered-both", &long, "请填写核实记录", "A note of 1 to 500"),
        ("applicant-mail", NOTE, "没有电子邮箱", "no e-mail address"),
        ("applicant-both", NOTE, "没有电子邮箱", "no e-mail address"),
    ] {
        for (language, words) in [("zh-CN", chinese), ("en", english)] {
            officer.get(&format!("/console/language/{language}")).await;
            let answer = officer.post(&format!("{path}/approve"), &form(way, note)).await;
            assert_eq!(answer.status, 422, "{way} {note}");
            assert!(answer.notice().contains(words), "{}", answer.notice());
            // what was filled in is not lost
            assert!(answer.text().contains(&format!("{}</textarea>", note.trim_start_matches("\r\n"))), "{way}");
            assert_eq!(option(&answer.text(), "registered-both").contains("checked"), way == "registered-both");
        }
    }
    officer.get("/console/language/zh-CN").await;
    assert_eq!(world.books().await, books, "nothing was done");

    // as a browser sends 500 characters on two lines
    let note = format!("{NOTE}\r\n{}", "x".repeat(499 - NOTE.chars().count()));
    assert_eq!(officer.post(&format!("{path}/approve"), &form("registered-both", &note)).await.location(), path);
    let page = officer.get(&path).await;
    assert_eq!(page.notice(), format!("订单 {no} 已通过，授权码正在发送。"));
    let page = page.page();
    assert_eq!(state(&page), "待输入授权码");
    assert!(!page.contains("id=\"decide\""));
    assert_eq!(field(&page, "发送到"), "138****8000, l***@example.com");
    assert_eq!(field(&page, "发送时间"), "2026-11-20 12:00:00");
    assert_eq!(field(&page, "有效至"), "2026-11-21 12:00:00");
    assert_eq!((field(&page, "剩余尝试次数"), field(&page, "审核人")), ("5", "officer"));
    assert_eq!(field(&page, "发送对象"), "登记的联系方式");
    assert!(field(&page, "核实记录").starts_with(NOTE));
    let records = world.records(no).await;
    assert_eq!(records.last().unwrap().0, "unlock.approve");
    assert!(page.contains("通过解锁申请"));
    let sent = |recipient: &str| ("unlock_authorization".to_owned(), recipient.to_owned());
    assert_eq!(world.told(no).await, [sent("13800138000"), sent("li@example.com")]);

    // the code is in the messages, which administrators read, and nowhere else
    let code = world.code(no).await;
    assert!(admin.get("/console/outbox").await.page().contains(&code));
    for page in ["outbox", "orders", "overview", &format!("orders/{no}"), &format!("customers/{}", customer.id)] {
        assert!(!officer.get(&format!("/console/{page}")).await.page().contains(&code), "{page}");
    }
    for page in [format!("/console/orders/{no}"), "/console/audit".to_owned()] {
        assert!(!admin.get(&page).await.page().contains(&code), "{page}");
    }

    // how it goes on
    assert_eq!(world.try_begin(&applied, Some("WRONG234")).await.status / 100, 4);
    let page = officer.get(&path).await.page();
    assert_eq!(field(&page, "剩余尝试次数"), "4");
    assert_eq!(row(&page, "history", "2026-11-20 12:00:00").len(), 5);
    assert!(page.contains("code_wrong, 4 left"));
    world.pass(DAY);
    officer.log_in("officer", PASSWORD).await;
    let page = officer.get(&path).await.page();
    assert!(page.contains("已过期，可由申请人重新获取"));
    world.call(&applied.created, "codes", "{}").await;
    world.set_pin(&applied, &mut key).await;
    let page = officer.get(&path).await.page();
    assert_eq!(state(&page), "已验证");
    assert!(page.contains("已使用") && page.contains("没有异常"));
    assert_eq!(field(&page, "授权码验证时间"), "2026-11-21 12:00:00");
    assert_eq!(field(&page, "开始时管理员密码剩余次数"), "10");
    world.finish(&applied, &customer, &mut key).await;
    let page = officer.get(&path).await.page();
    assert_eq!(state(&page), "已解锁");
    for kind in ["解锁申请", "验证授权码", "确认解锁"] {
        assert_eq!(row(&page, "evidence", kind)[2], customer.serial(), "{kind}");
    }
    for secret in [key.admin_pin.as_str(), crate::unlock::NEW_PIN] {
        assert!(!page.contains(secret));
    }
    world.audited().await;
    world.stop().await;
}

pub async fn a_new_number_is_its_own_decision_and_a_refused_key_is_named(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let applied = reviewed(&world, &customer, &key, somebody()).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let (path, no) = (path(&applied), applied.no());
    officer.get(&path).await.page();
    officer.post(&format!("{path}/approve"), &form("applicant-mail", NOTE)).await.location();
    let page = officer.get(&path).await.page();
    assert_eq!(field(&page, "发送对象"), "申请人填写的新联系方式（号码已更换）");
    assert_eq!(field(&page, "发送到"), "w***@example.com");
    assert!(page.contains("通过解锁申请（新联系方式）"));
    assert_eq!(world.told(no).await, [("unlock_authorization".to_owned(), "wang@example.com".to_owned())]);
    let registered = customers::get(&world.service().store, customer.id).await.unwrap().contact;
    assert_eq!(registered.mobile, "13800138000", "what is registered stays");
    // the key has two tries of its admin PIN left
    let code = world.code(no).await;
    assert_eq!(world.try_begin_with(&applied, &[7; 8], (0, 2), Some(&code)).await.status / 100, 4);
    let page = officer.get(&path).await.page();
    assert!(page.contains("id=\"refused-key\"") && page.contains("未接受解锁数据"), "{page}");
    world.try_begin_with(&applied, &[7; 8], (0, 10), Some(&code)).await.ok::<UnlockAnswer>();
    assert_eq!(field(&officer.get(&path).await.page(), "开始时管理员密码剩余次数"), "10");
    world.stop().await;
}

pub async fn an_order_that_does_not_fit_is_named_to_officers_only(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let good = world.apply(&customer, &key).await;
    let who = Applicant { mobile: "13900139000".to_owned(), ..applicant() };
    let decoy = world.apply_as(&customer, &key.serial, UnlockRoute::Sms, who).await;
    assert_eq!(world.read(&decoy.created).await.state, OrderState::Authorized);
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let page = officer.get(&path(&decoy)).await.page();
    assert_eq!(state(&page), "资料不符");
    assert!(page.contains("id=\"decoy\"") && page.contains("资料与登记不符，未发送授权码"));
    assert!(!page.contains("<dt>发送到</dt>") && !page.contains("id=\"decide\""));
    assert_eq!(row(&page, "comparison", "手机号")[3], "danger:不一致");
    assert_eq!(row(&page, "comparison", "联系人")[3], "ok:一致");
    let page = officer.get(&path(&good)).await.page();
    assert_eq!(state(&page), "待输入授权码");
    assert!(!page.contains("资料与登记不符") && !page.contains("id=\"decoy\""));
    assert_eq!(field(&page, "发送到"), "138****8000");
    let list = officer.get("/console/orders?kind=unlock").await.page();
    assert_eq!(list.matches(">资料不符<").count(), 1);
    assert_eq!(list.matches(">待输入授权码<").count(), 1);
    // the same on the customer's page
    let page = officer.get(&format!("/console/customers/{}", customer.id)).await.page();
    assert_eq!(page.matches(">资料不符<").count(), 1);
    // there is nothing to decide, whoever sends the form
    let books = world.books().await;
    officer.post(&format!("{}/approve", path(&decoy)), &form("registered-sms", NOTE)).await.location();
    assert!(officer.get(&path(&decoy)).await.notice().contains("已经有人处理过了"));
    assert_eq!(world.books().await, books);
    world.stop().await;
}

pub async fn a_key_is_registered_before_it_can_be_unlocked(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let other = world.customer("unit", 200).await;
    let taken = fresh_serial();
    devices::register(world.service(), &taken, other.id, Actor::SERVICE).await.unwrap();
    let serial = fresh_serial();
    let applied = world.apply_as(&customer, &serial, UnlockRoute::Review, applicant()).await;
    let mut officer = staff(&world, "officer", Role::Operator).await;
    let order = path(&applied);
    let page = officer.get(&order).await.page();
    assert!(!page.contains("id=\"approve\"") && page.contains("id=\"no-approval\"") && page.contains("id=\"reject\""));
    assert!(page.contains("这个 UKey 没有登记为该客户的 UKey"));
    assert_eq!(row(&page, "comparison", "USB-Key 序列号")[3], "danger:不一致");
    let books = world.books().await;
    let answer = officer.post(&format!("{order}/approve"), &form("registered-sms", NOTE)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.notice().contains("没有登记为该客户的 UKey"));
    // what can't be registered
    let devices_path = format!("/console/customers/{}/devices", customer.id);
    for (given, words) in [
        ("", "序列号不正确"),
        ("汉字", "序列号不正确"),
        ("0123456789012345678901234567890123", "序列号不正确"),
        (taken.as_str(), "已经登记给另一位客户"),
    ] {
        let answer = officer.post(&devices_path, &[("serial", given)]).await;
        assert_eq!(answer.status, 422, "{given}");
        assert!(answer.notice().contains(words), "{}", answer.notice());
        assert!(answer.text().contains(&format!("value=\"{given}\"")), "what was typed is still there");
    }
    assert_eq!(officer.post("/console/customers/999999/devices", &[("serial", &serial)]).await.status, 404);
    assert_eq!(world.books().await, books);
    // spaces around it are none of it
    let home = format!("/console/customers/{}", customer.id);
    assert_eq!(officer.post(&devices_path, &[("serial", &format!(" {serial} "))]).await.location(), home);
    let page = officer.get(&home).await;
    assert_eq!(page.notice(), format!("UKey {serial} 已登记。"));
    let page = page.page();
    assert_eq!(row(&page, "devices", &serial), [&serial, "1", "2026-11-20 12:00", "2026-11-20 12:00"]);
    assert!(page.contains("登记 UKey") && page.contains(&format!("{serial}, master 1")));
    assert!(!page.contains(&taken));
    let answer = officer.post(&devices_path, &[("serial", &serial)]).await;
    assert!(answer.status == 422 && answer.notice().contains("没有重复登记"));
    let records = "SELECT COUNT(*) FROM audit WHERE action = 'device.register' AND actor = 'officer'";
    assert_eq!(world.number(records).await, 1);
    let admin_pin = devices::admin_pin(world.service(), &serial, Actor::SERVICE).await.unwrap();
    let admin_pin = std::str::from_utf8(admin_pin.expose()).unwrap().to_owned();
    for path in [&home, &order] {
        assert!(!officer.get(path).await.page().contains(&admin_pin), "{path}");
    }
    let mut auditor = staff(&world, "auditor", Role::Auditor).await;
    let page = auditor.get(&home).await.page();
    assert!(page.contains(&serial) && !page.contains("id=\"device\""));
    // and now it can be approved
    let page = officer.get(&order).await.page();
    assert!(page.contains("id=\"approve\""));
    officer.post(&format!("{order}/approve"), &form("registered-sms", NOTE)).await.location();
    assert_eq!(world.read(&applied.created).await.state, OrderState::Authorized);
    world.stop().await;
}

pub async fn an_unlock_is_decided_once_and_in_time(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let mut approves = staff(&world, "first", Role::Operator).await;
    let mut rejects = staff(&world, "second", Role::Administrator).await;
    let reason = [("reason", "无法联系到申请人")];
    for _ in 0..3 {
        let applied = reviewed(&world, &customer, &key, somebody()).await;
        let (path, no) = (path(&applied), applied.no());
        approves.get(&path).await.page();
        rejects.get(&path).await.page();
        let (yes, why) = (form("registered-sms", NOTE), format!("{path}/reject"));
        let approve = format!("{path}/approve");
        let (one, two) = tokio::join!(approves.post(&approve, &yes), rejects.post(&why, &reason));
        assert_eq!((one.location(), two.location()), (path.as_str(), path.as_str()));
        let said = [approves.get(&path).await, rejects.get(&path).await].map(|answer| answer.notice());
        let late = format!("订单 {no} 已经有人处理过了，您的操作没有生效。请看下面的处理记录。");
        let order = world.read(&applied.created).await;
        let told: Vec<String> = world.told(no).await.into_iter().map(|(template, _)| template).collect();
        match order.state {
            OrderState::Authorized => {
                assert_eq!(said, [format!("订单 {no} 已通过，授权码正在发送。"), late]);
                assert_eq!(told, ["unlock_authorization"]);
            }
            OrderState::Rejected => {
                assert_eq!(said, [late, format!("订单 {no} 已拒绝。")]);
                assert_eq!(told, ["unlock_rejected", "unlock_rejected"]);
            }
            other => panic!("{other:?}"),
        }
    }
    // no without a reason is no answer
    let applied = reviewed(&world, &customer, &key, somebody()).await;
    let path = path(&applied);
    approves.post(&format!("{path}/reject"), &[("reason", "  ")]).await.location();
    assert!(approves.get(&path).await.notice().contains("必须填写原因"));
    assert_eq!(world.read(&applied.created).await.state, OrderState::Reviewing);
    // an officer who comes after a week
    world.pass(8 * DAY);
    approves.log_in("first", PASSWORD).await;
    approves.get(&path).await.page();
    approves.post(&format!("{path}/approve"), &form("registered-sms", NOTE)).await.location();
    let page = approves.get(&path).await;
    assert!(page.notice().contains("已经过期或取消"), "{}", page.notice());
    assert_eq!(state(&page.text()), "已过期");
    approves.post(&format!("{path}/reject"), &reason).await.location();
    assert!(approves.get(&path).await.notice().contains("已经过期或取消"));
    world.stop().await;
}

pub async fn unlocks_are_found_by_kind_and_those_that_wait_come_first(place: Place) {
    let world = world(&place).await;
    let customer = world.customer("unit-review", 20).await;
    let key = Key::of(&world, &customer).await;
    let waiting = reviewed(&world, &customer, &key, applicant()).await;
    world.pass(60);
    let sent = world.apply(&customer, &key).await;
    let renewal = world.order(&world.customer("unit", 20).await).await.order.no;
    let mut officer: Visitor<'_> = staff(&world, "officer", Role::Operator).await;
    let mut find = async |query: &str| {
        let page = officer.get(&format!("/console/orders?{query}")).await.page();
        let links = page.split("<td class=\"nowrap\"><a href=\"/console/orders/").skip(1);
        links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (waiting, sent) = (waiting.no(), sent.no());
    assert_eq!(find("").await, [waiting, &renewal, sent], "what waits for an officer first, then the newest");
    assert_eq!(find("kind=unlock").await, [waiting, sent]);
    assert_eq!(find("kind=renew").await, [renewal.as_str()]);
    assert_eq!(find("kind=unlock&state=authorized").await, [sent]);
    assert_eq!(find("kind=renew&state=reviewing").await, [""; 0]);
    assert_eq!(find("kind=other").await, [""; 0]);
    assert_eq!(find(&format!("search={}", key.serial)).await, [waiting, sent]);
    let page = officer.get("/console/orders?kind=unlock&state=authorized").await.page();
    assert_eq!(row(&page, "orders", sent)[1..5], ["解锁", &customer.name, "单位证书（人工审核）", "wait:待输入授权码"]);
    assert!(page.contains("<option value=\"unlock\" selected>解锁</option>"));
    assert!(page.contains(">已通过 / 待输入授权码</option>"));
    let overview = officer.get("/console/overview").await.page();
    let count = |kind: &str, state: &str| {
        let link = format!("href=\"/console/orders?kind={kind}&#38;state={state}\"><b>");
        let plain = link.replace("&#38;", "&");
        let rest = overview.split(&link).nth(1).or_else(|| overview.split(&plain).nth(1));
        rest.unwrap_or_else(|| panic!("{link} in {overview}")).split('<').next().unwrap().to_owned()
    };
    assert_eq!(count("unlock", "reviewing"), "1");
    assert_eq!(count("unlock", "authorized"), "1");
    assert_eq!(count("renew", "reviewing"), "0");
    assert_eq!(count("renew", "authorized"), "1");
    assert!(!overview.contains("kind=unlock&state=payment") && !overview.contains("kind=unlock&#38;state=payment"));
    assert_eq!(row(&overview, "oldest", waiting)[1], "解锁");
    world.stop().await;
}
