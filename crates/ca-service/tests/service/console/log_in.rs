//! Log-in, the wait after wrong passwords, sessions and own passwords.

use crate::console::visitor::{PASSWORD, Said, Visitor, add, operators, staff};
use crate::world::{Options, Place, World};
use ca_service::audit::Actor;
use ca_service::operators::{IDLE, LONGEST, OperatorError, Password, Role, TRIES_WITHIN};
use sqlx::Row;

async fn world(place: &Place) -> World {
    World::new(place, Options::default()).await
}

pub async fn a_first_password_opens_nothing_but_its_change(place: Place) {
    let world = world(&place).await;
    let first = add(&world, "admin", Role::Administrator).await;
    let mut visitor = Visitor::new(&world);
    assert_eq!(visitor.get("/console").await.location(), "/console/overview");
    assert_eq!(visitor.get("/console/overview").await.location(), "/console/login");
    assert_eq!(visitor.log_in("admin", &first).await.location(), "/console/overview");
    for path in ["/console/overview", "/console/orders", "/console/operators", "/console/audit/export"] {
        assert_eq!(visitor.get(path).await.location(), "/console/password", "{path}");
    }
    let page = visitor.get("/console/password").await.page();
    assert!(page.contains("他人为您设置"), "{page}");
    let answer = visitor.post("/console/operators", &[("name", "second"), ("role", "administrator")]).await;
    assert_eq!(answer.location(), "/console/password");
    assert_eq!(operators(&world).list().await.unwrap().len(), 1, "the form did nothing");

    let answer = visitor.change_password("not the one", PASSWORD).await;
    assert_eq!((answer.status, answer.notice().as_str()), (422, "当前密码不正确。"));
    let answer = visitor.change_password(&first, &first).await;
    assert_eq!((answer.status, answer.notice().as_str()), (422, "新密码不能与当前密码相同。"));
    assert_eq!(visitor.change_password(&first, PASSWORD).await.location(), "/console/overview");
    let overview = visitor.get("/console/overview").await;
    assert_eq!(overview.notice(), "密码已修改。");
    assert!(!visitor.get("/console/overview").await.page().contains("id=\"notice\""), "it is said once");

    let mut other = Visitor::new(&world);
    assert_eq!(other.log_in("admin", &first).await.status, 403, "the first password is over");
    assert_eq!(other.log_in(" Admin ", PASSWORD).await.location(), "/console/overview", "case and blanks don't matter");
    world.audited().await;
    world.stop().await;
}

pub async fn five_wrong_passwords_lock_for_fifteen_minutes_whoever_the_name_belongs_to(place: Place) {
    let world = world(&place).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    drop(staff(&world, "other", Role::Operator).await);
    let mut answers = Vec::new();
    // a name that exists, one that could, one that can't
    for name in ["admin", "nobody", "管理员"] {
        let mut visitor = Visitor::new(&world);
        let mut all = Vec::new();
        for _ in 0..7 {
            let answer = visitor.log_in(name, "not the password").await;
            all.push((answer.status, answer.notice()));
        }
        answers.push(all);
        world.pass(1);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let statuses: Vec<u16> = answers[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429]);

    let mut visitor = Visitor::new(&world);
    assert_eq!(visitor.log_in("admin", PASSWORD).await.status, 429, "the right one is not looked at either");
    assert_eq!(visitor.log_in("other", PASSWORD).await.location(), "/console/overview", "others are not locked");
    world.pass(TRIES_WITHIN - 4);
    assert_eq!(visitor.log_in("admin", PASSWORD).await.status, 429, "a second is missing");
    world.pass(1);
    assert_eq!(visitor.log_in("admin", PASSWORD).await.location(), "/console/overview");
    assert_eq!(
        world.number("SELECT COUNT(*) FROM audit WHERE action = 'operator.locked' AND actor = 'admin'").await,
        1
    );
    assert_eq!(
        world.number("SELECT COUNT(*) FROM audit WHERE actor = 'nobody' OR object LIKE '%nobody%'").await,
        0,
        "what was typed for a name stands nowhere: it may be a password"
    );
    // four wrong ones and a right one: counted anew
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(visitor.log_in("other", "wrong").await.status, 403);
        }
        assert_eq!(visitor.log_in("other", PASSWORD).await.location(), "/console/overview");
    }
    // five wrong ones over more than fifteen minutes don't lock
    for _ in 0..5 {
        assert_eq!(visitor.log_in("other", "wrong").await.status, 403);
        world.pass(TRIES_WITHIN / 4 + 1);
    }
    assert_eq!(visitor.log_in("other", PASSWORD).await.location(), "/console/overview");
    world.stop().await;
}

pub async fn parallel_tries_are_counted_before_they_are_looked_at(place: Place) {
    let world = world(&place).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    let accounts = operators(&world);
    let tries: Vec<_> = (0..20)
        .map(|number| {
            let accounts = accounts.clone();
            // one of them is right, and most come too late to be looked at
            let password = if number == 19 { PASSWORD.to_owned() } else { format!("wrong{number}") };
            tokio::spawn(
                async move { accounts.log_in("admin", &Password::new(password)).await.map_err(|e| e.to_string()) },
            )
        })
        .collect();
    let mut looked_at = 0;
    for one in tries {
        looked_at += u32::from(one.await.unwrap() != Err("too many wrong passwords".to_owned()));
    }
    // the right one, if it was among them, lets five more be looked at
    assert!((5..=10).contains(&looked_at), "{looked_at} of 20 were looked at");
    world.stop().await;
}

pub async fn accounts_change_while_their_people_log_in(place: Place) {
    let world = world(&place).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    drop(staff(&world, "other", Role::Administrator).await);
    let accounts = operators(&world);
    let mut tasks = Vec::new();
    for round in 0..4 {
        for name in ["admin", "other"] {
            let accounts = accounts.clone();
            tasks.push(tokio::spawn(async move {
                let session = accounts.log_in(name, &Password::new(PASSWORD.to_owned())).await;
                session.map(drop).map_err(|error| error.to_string())
            }));
            let accounts = operators(&world);
            let role = if round % 2 == 0 { Role::Auditor } else { Role::Administrator };
            let done = async move {
                // the last administrator stays one
                match accounts.set_role(Actor::SERVICE, name, role).await {
                    Ok(()) | Err(OperatorError::LastAdministrator) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            };
            tasks.push(tokio::spawn(done));
        }
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(accounts.list().await.unwrap().iter().any(|account| account.role == Role::Administrator));
    world.audited().await;
    world.stop().await;
}

pub async fn a_session_ends_by_idleness_by_age_and_by_log_out(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "admin", Role::Administrator).await;
    world.pass(IDLE - 1);
    visitor.get("/console/overview").await.page();
    world.pass(IDLE - 1);
    visitor.get("/console/overview").await.page();
    world.pass(IDLE);
    assert_eq!(visitor.get("/console/overview").await.location(), "/console/login?ended=1");
    assert_eq!(visitor.get("/console/login?ended=1").await.notice(), "登录已超时或已在别处结束，请重新登录。");

    // never idle, over all the same
    visitor.log_in("admin", PASSWORD).await;
    let mut passed = 0;
    while passed + IDLE / 2 < LONGEST {
        visitor.get("/console/overview").await.page();
        world.pass(IDLE / 2);
        passed += IDLE / 2;
    }
    visitor.get("/console/overview").await.page();
    world.pass(LONGEST - passed);
    assert_eq!(visitor.get("/console/overview").await.location(), "/console/login?ended=1");

    visitor.log_in("admin", PASSWORD).await;
    visitor.get("/console/overview").await.page();
    let mut copy = visitor.again();
    assert_eq!(visitor.post("/console/logout", &[]).await.location(), "/console/login");
    assert!(!visitor.cookies.contains_key("ca_console"));
    assert_eq!(copy.get("/console/overview").await.location(), "/console/login?ended=1", "a kept cookie opens nothing");
    world.stop().await;
}

pub async fn a_new_log_in_gets_a_new_cookie_and_the_books_hold_none_of_them(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "admin", Role::Administrator).await;
    let old = visitor.cookies["ca_console"].clone();
    let mut kept = visitor.again();
    visitor.log_in("admin", PASSWORD).await;
    let new = visitor.cookies["ca_console"].clone();
    assert_ne!(old, new);
    assert_eq!((old.len(), new.len()), (64, 64), "256 bits");
    assert_eq!(kept.get("/console/overview").await.location(), "/console/login?ended=1", "the replaced one is over");
    // a cookie brought along is not taken over
    let mut fixed = Visitor::new(&world);
    fixed.cookies.insert("ca_console".to_owned(), "A".repeat(64));
    fixed.log_in("admin", PASSWORD).await;
    assert_ne!(fixed.cookies["ca_console"], "A".repeat(64));
    let rows = sqlx::query("SELECT hash FROM operator_sessions").fetch_all(world.service().store.pool()).await.unwrap();
    let cookies = [&old, &new, &fixed.cookies["ca_console"]];
    for row in &rows {
        let hash: String = row.get(0);
        assert!(!cookies.contains(&&hash));
    }
    let password = world.text("SELECT password FROM operators WHERE name = 'admin'").await;
    assert!(password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{password}");
    world.stop().await;
}

pub async fn a_changed_password_ends_all_other_sessions(place: Place) {
    let world = world(&place).await;
    let mut here = staff(&world, "admin", Role::Administrator).await;
    let mut there = Visitor::new(&world);
    there.log_in("admin", PASSWORD).await;
    there.get("/console/overview").await.page();
    let before = here.cookies["ca_console"].clone();
    assert_eq!(here.change_password(PASSWORD, "another horse battery").await.location(), "/console/overview");
    assert_ne!(here.cookies["ca_console"], before);
    here.get("/console/overview").await.page();
    assert_eq!(there.get("/console/overview").await.location(), "/console/login?ended=1");
    world.stop().await;
}

pub async fn a_new_password_must_be_good(place: Place) {
    let world = world(&place).await;
    let mut visitor = staff(&world, "wanglei", Role::Operator).await;
    visitor.get("/console/password").await;
    for weak in ["short1", "aaaaaaaaaaaaaa", "my-WangLei-2026"] {
        let answer = visitor.post("/console/password", &[("present", PASSWORD), ("new", weak), ("again", weak)]).await;
        assert_eq!(answer.status, 422, "{weak}");
        assert!(answer.notice().starts_with("新密码不符合要求"), "{weak}");
        assert!(!answer.text().contains(weak), "a password is not shown again");
    }
    let fields = [("present", PASSWORD), ("new", "another horse battery"), ("again", "another horse batterx")];
    assert_eq!(visitor.post("/console/password", &fields).await.notice(), "两次输入的新密码不一致。");
    // guessing the present one is counted like a log-in
    for _ in 0..5 {
        assert_eq!(visitor.change_password("guess", "another horse battery").await.notice(), "当前密码不正确。");
    }
    let locked = visitor.change_password(PASSWORD, "another horse battery").await;
    assert_eq!(locked.notice(), "密码输错次数过多，请 15 分钟后再试。");
    world.stop().await;
}
