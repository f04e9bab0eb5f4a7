//! The console as a person meets it: a real browser, its own forms, its own protection.

use crate::console::unlocks::somebody;
use crate::console::visitor::{PASSWORD, Said, Visitor, add, staff};
use crate::key::Key;
use crate::world::{NOON, Options, Place, World};
use ca_service::operators::{IDLE, Role};
use order_api::{OrderState, UnlockRoute};
use testkit::browser::Browser;

const DAY: i64 = 86_400;

pub async fn log_in(browser: &Browser, world: &World, name: &str, password: &str) {
    browser.go(&format!("{}/console/login", world.base)).await;
    browser.type_into("#name", name).await;
    browser.type_into("#password", password).await;
    browser.click("#login button").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_day_of_an_operator() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    let first = add(&world, "officer", Role::Operator).await;
    let wanted = world.named_customer("unit-review", NOON + 20 * DAY, Some("北京某某科技有限公司")).await;
    let approved = world.order(&wanted).await;
    let rejected = world.order(&world.customer("unit-review", 20).await).await;
    let browser = Browser::start(false).await;

    // log in and change the password, which is asked for whatever page one goes to
    log_in(&browser, &world, "officer", "wrong").await;
    assert_eq!(browser.text("#notice").await, "用户名或密码不正确。");
    log_in(&browser, &world, "officer", &first).await;
    assert_eq!(browser.path().await, "/console/password");
    browser.go(&format!("{}/console/orders", world.base)).await;
    assert_eq!(browser.path().await, "/console/password");
    // the browser itself refuses a short one
    for (field, text) in [("#present", first.as_str()), ("#new", "short"), ("#again", "short")] {
        browser.type_into(field, text).await;
    }
    browser.press("#change button").await;
    assert_eq!(browser.path().await, "/console/password");
    assert_eq!(browser.run("return document.querySelector('#new').validity.tooShort").await, true);
    for (field, text) in [("#new", PASSWORD), ("#again", PASSWORD)] {
        browser.type_into(field, text).await;
    }
    browser.click("#change button").await;
    assert_eq!(browser.path().await, "/console/overview");
    assert_eq!(browser.text("#notice").await, "密码已修改。");

    // search, look, approve
    browser.click("a[href='/console/orders']").await;
    assert_eq!(browser.client.find_all(fantoccini::Locator::Css("#orders tbody tr")).await.unwrap().len(), 2);
    browser.type_into("#search", "某某科技").await;
    browser.click("form.filter button").await;
    assert_eq!(browser.client.find_all(fantoccini::Locator::Css("#orders tbody tr")).await.unwrap().len(), 1);
    browser.click("#orders tbody a").await;
    assert_eq!(browser.path().await, format!("/console/orders/{}", approved.order.no));
    assert_eq!(browser.text("#state").await, "审核中");
    assert!(browser.text("main").await.contains("北京某某科技有限公司"));
    browser.click("#approve button").await;
    assert_eq!(browser.text("#notice").await, format!("订单 {} 已通过。", approved.order.no));
    assert_eq!(browser.text("#state").await, "已通过");
    assert!(!browser.is_there("#approve").await);
    assert_eq!(world.read(&approved).await.state, OrderState::Authorized);
    // a reload repeats nothing and says nothing twice
    browser.client.refresh().await.unwrap();
    assert!(!browser.is_there("#notice").await);

    // reject: the browser wants a reason, the customer reads it
    browser.go(&format!("{}/console/orders/{}", world.base, rejected.order.no)).await;
    browser.press("#reject button").await;
    assert_eq!(browser.run("return document.querySelector('#reason').validity.valueMissing").await, true);
    assert_eq!(world.read(&rejected).await.state, OrderState::Reviewing);
    browser.type_into("#reason", "营业执照已过期").await;
    browser.click("#reject button").await;
    assert_eq!(browser.text("#state").await, "已拒绝");
    let order = world.read(&rejected).await;
    assert_eq!((order.state, order.reason.as_deref()), (OrderState::Rejected, Some("营业执照已过期")));

    // the other language, on the page one is
    browser.click(".who .links a[hreflang=en]").await;
    assert_eq!(browser.path().await, format!("/console/orders/{}", rejected.order.no));
    assert_eq!(browser.text("#state").await, "Rejected");

    browser.click("#logout").await;
    assert_eq!(browser.path().await, "/console/login");
    browser.client.back().await.unwrap();
    browser.client.refresh().await.unwrap();
    assert!(browser.path().await.starts_with("/console/login"), "the way back shows nothing");
    browser.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_customer_writes_is_text_to_the_browser() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    let name = "<script>document.title='run'</script><img src=x>\"'&";
    let customer = world.named_customer("unit-review", NOON + 20 * DAY, Some(name)).await;
    let created = world.order(&customer).await;
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "admin", PASSWORD).await;
    for path in [
        "/console/overview".to_owned(),
        "/console/orders".to_owned(),
        format!("/console/orders/{}", created.order.no),
        "/console/customers".to_owned(),
        format!("/console/customers/{}", customer.id),
        format!("/console/certificates/{}", customer.serial()),
        "/console/audit".to_owned(),
        "/console/orders?search=%22%3E%3Cscript%3Edocument.title%3D'run'%3C/script%3E".to_owned(),
    ] {
        browser.go(&format!("{}{path}", world.base)).await;
        let title = browser.client.title().await.unwrap();
        assert!(title.ends_with(" · CA 管理台"), "{path}: {title}");
        assert_eq!(browser.run("return document.querySelectorAll('script, img[src=x]').length").await, 0, "{path}");
        let shown = browser.text("main").await;
        assert!(path.contains('?') || shown.contains("<script>document.title='run'</script>"), "{path}: {shown}");
    }
    // and if one got into a page, the browser would not run it: that is what the policy says to it
    browser
        .run(
            "const s = document.createElement('script'); s.textContent = \"document.title = 'run'\"; \
             document.body.append(s); const i = document.createElement('img'); i.src = 'x'; \
             i.setAttribute('onerror', \"document.title = 'run'\"); document.body.append(i); \
             const e = document.createElement('style'); e.textContent = 'main { display: none }'; document.head.append(e)",
        )
        .await;
    assert!(browser.client.title().await.unwrap().ends_with(" · CA 管理台"));
    assert_ne!(browser.run("return getComputedStyle(document.querySelector('main')).display").await, "none");
    browser.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_right_has_no_button_and_gets_no_further_without_it() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "auditor", Role::Auditor).await);
    let customer = world.customer("unit-review", 20).await;
    let created = world.order(&customer).await;
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "auditor", PASSWORD).await;
    let page = format!("{}/console/orders/{}", world.base, created.order.no);
    browser.go(&page).await;
    assert!(!browser.is_there("#decide").await);
    assert!(!browser.is_there("a[href='/console/operators']").await);
    assert!(browser.is_there("a[href='/console/audit']").await);
    let books = world.books().await;
    // the form that is not there, made by hand on the page, with its own good token
    let script = format!(
        "const f = document.createElement('form'); f.method = 'post'; f.action = '/console/orders/{}/approve'; \
         f.append(document.querySelector('input[name=csrf]').cloneNode()); document.body.append(f); f.submit()",
        created.order.no
    );
    browser.leave(async { drop(browser.run(&script).await) }).await;
    assert!(browser.text("main").await.contains("您的角色不能进行这项操作"));
    assert_eq!(world.read(&created).await.state, OrderState::Reviewing);
    let changed: Vec<String> = world.books().await.into_iter().filter(|line| !books.contains(line)).collect();
    assert_eq!(changed.len(), 2, "a record and the head of the audit log, nothing else: {changed:?}");
    assert!(changed.iter().any(|line| line.contains("console.refused")));
    browser.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_decide_the_same_order_once() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "officer", Role::Operator).await);
    let created = world.order(&world.customer("unit-review", 20).await).await;
    let page = format!("{}/console/orders/{}", world.base, created.order.no);
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "officer", PASSWORD).await;
    browser.go(&page).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second).await.unwrap();
    browser.go(&page).await;
    assert!(browser.is_there("#approve").await);
    browser.client.switch_to_window(first).await.unwrap();
    browser.type_into("#reason", "资料不全").await;
    browser.click("#reject button").await;
    assert_eq!(browser.text("#state").await, "已拒绝");
    let second = browser.client.windows().await.unwrap().pop().unwrap();
    browser.client.switch_to_window(second).await.unwrap();
    browser.click("#approve button").await;
    assert!(browser.text("#notice").await.contains("已经有人处理过了"));
    assert_eq!(browser.text("#state").await, "已拒绝");
    assert_eq!(world.read(&created).await.state, OrderState::Rejected);
    browser.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_session_and_a_locked_name_are_told_in_words() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "officer", Role::Operator).await);
    let created = world.order(&world.customer("unit-review", 20).await).await;
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "officer", PASSWORD).await;
    browser.go(&format!("{}/console/orders/{}", world.base, created.order.no)).await;
    world.pass(IDLE + 1);
    // the button of a page that lay open too long
    browser.click("#approve button").await;
    assert_eq!(browser.path().await, "/console/login?ended=1");
    assert!(browser.text("#notice").await.contains("登录已超时"));
    assert_eq!(world.read(&created).await.state, OrderState::Reviewing);
    for _ in 0..5 {
        log_in(&browser, &world, "officer", "wrong").await;
        assert_eq!(browser.text("#notice").await, "用户名或密码不正确。");
    }
    log_in(&browser, &world, "officer", PASSWORD).await;
    assert_eq!(browser.text("#notice").await, "密码输错次数过多，请 15 分钟后再试。");
    browser.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_can_send_nothing_with_the_operators_cookie() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    // the other site is the same machine under another port, the hardest case: for cookies it is the same site
    let evil = format!(
        "<form method=post action='{}/console/operators'><input name=name value=intruder>\
         <input name=role value=administrator><input name=csrf value=0><button>x</button></form>",
        world.base
    );
    let page = axum::Router::new().route("/", axum::routing::get(|| async move { axum::response::Html(evil) }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, page).await });
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "admin", PASSWORD).await;
    assert_eq!(browser.path().await, "/console/overview");
    browser.go(&format!("http://{address}/")).await;
    browser.click("button").await;
    assert!(browser.text("main").await.contains("请求被拒绝"));
    assert_eq!(world.number("SELECT COUNT(*) FROM operators").await, 1);
    // nor does another page see the console in a frame
    browser.go(&format!("http://{address}/")).await;
    browser
        .run(&format!(
            "const f = document.createElement('iframe'); f.src = '{}/console/overview'; f.id = 'f'; \
             const loaded = new Promise(done => f.onload = done); document.body.append(f); return loaded.then(() => 1)",
            world.base
        ))
        .await;
    browser.client.enter_frame(0).await.unwrap();
    assert!(!browser.source().await.contains("CA 管理台"));
    browser.close().await;
    server.abort();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_by_keyboard_and_has_a_name() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    let customer = world.customer("unit-review", 20).await;
    let created = world.order(&customer).await;
    let key = Key::of(&world, &customer).await;
    let unlock = world.apply_as(&customer, &key.serial, UnlockRoute::Review, somebody()).await;
    let mut visitor = Visitor::new(&world);
    visitor.log_in("admin", PASSWORD).await.location();
    let browser = Browser::start(false).await;
    browser.go(&format!("{}/console/login", world.base)).await;
    // the first field has the focus, Tab leads on, Enter sends
    let type_here = async |text: &str| browser.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    type_here("admin\u{E004}").await;
    type_here(PASSWORD).await;
    browser.leave(type_here("\u{E007}")).await;
    assert_eq!(browser.path().await, "/console/overview");
    type_here("\u{E004}").await;
    assert_eq!(browser.run("return document.activeElement.className").await, "skip", "first of all: to the content");
    for path in [
        "/console/overview".to_owned(),
        "/console/orders".to_owned(),
        format!("/console/orders/{}", created.order.no),
        format!("/console/orders/{}", unlock.no()),
        format!("/console/customers/{}", customer.id),
        format!("/console/certificates/{}", customer.serial()),
        "/console/products/unit".to_owned(),
        "/console/operators".to_owned(),
        "/console/outbox".to_owned(),
        "/console/audit".to_owned(),
        "/console/password".to_owned(),
    ] {
        browser.go(&format!("{}{path}", world.base)).await;
        let nameless = browser
            .run(
                "return [...document.querySelectorAll('input:not([type=hidden]):not([hidden]), select, textarea')]\
                 .filter(e => !e.labels || !e.labels.length || !e.labels[0].textContent.trim())\
                 .map(e => e.outerHTML).concat([...document.querySelectorAll('button, a')]\
                 .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label'))).map(e => e.outerHTML))\
                 .concat([...document.querySelectorAll('table')].filter(t => !t.caption).map(t => t.outerHTML))\
                 .concat([...document.querySelectorAll('[id]')].filter(e => document.querySelectorAll('#' + \
                 CSS.escape(e.id)).length > 1).map(e => 'twice: ' + e.id))",
            )
            .await;
        assert_eq!(nameless, serde_json::json!([]), "{path}");
        // no page is wider than its window, down to a telephone's
        for width in [1280, 760, 390] {
            browser.client.set_window_size(width, 800).await.unwrap();
            let over =
                browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(over.await, 0, "{path} at {width}");
        }
        browser.client.set_window_size(1280, 800).await.unwrap();
    }
    browser.close().await;
    world.stop().await;
}
