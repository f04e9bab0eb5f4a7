//! An officer decides unlocks in a real browser.

use crate::console::in_browser::log_in;
use crate::console::unlocks::somebody;
use crate::console::visitor::{PASSWORD, staff};
use crate::key::Key;
use crate::world::{Options, Place, World};
use ca_service::operators::Role;
use order_api::{Applicant, OrderState, UnlockRoute};
use testkit::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_reads_calls_and_decides() {
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "officer", Role::Operator).await);
    drop(staff(&world, "admin", Role::Administrator).await);
    let customer = world.customer("unit", 200).await;
    let key = Key::of(&world, &customer).await;
    let script = "<script>document.title='run'</script><img src=x>\"'&";
    let who = Applicant { name: script.to_owned(), email: String::new(), ..somebody() };
    let wanted = world.apply_as(&customer, &key.serial, UnlockRoute::Review, who).await;
    world.pass(60);
    let rejected = world.apply_as(&customer, &key.serial, UnlockRoute::Review, somebody()).await;
    let page = |no: &str| format!("{}/console/orders/{no}", world.base);
    let browser = Browser::start(false).await;
    log_in(&browser, &world, "officer", PASSWORD).await;

    // two applications wait
    assert_eq!(browser.text("#orders-unlock .attention b").await, "2");
    browser.click("#orders-unlock .attention a").await;
    assert_eq!(browser.client.find_all(fantoccini::Locator::Css("#orders tbody tr")).await.unwrap().len(), 2);
    browser.click(&format!("#orders a[href='/console/orders/{}']", wanted.no())).await;
    assert_eq!(browser.text("#state").await, "审核中");
    let compared = browser.text("#comparison").await;
    assert!(compared.contains(script), "as text: {compared}");
    assert!(compared.contains("13900139000") && compared.contains("13800138000") && compared.contains("不一致"));
    assert_eq!(browser.run("return document.querySelectorAll('script, img[src=x]').length").await, 0);
    assert!(browser.client.title().await.unwrap().ends_with(" · CA 管理台"));

    // the browser wants a way and a note; what the applicant does not have can't be chosen
    browser.press("#approve button").await;
    assert_eq!(browser.run("return document.querySelector('#registered-sms').validity.valueMissing").await, true);
    assert_eq!(browser.run("return document.querySelector('#applicant-mail').disabled").await, true);
    browser.find("#registered-sms").await.send_keys(" ").await.unwrap();
    // arrow keys lead from way to way
    browser.find("#registered-sms").await.send_keys("\u{E015}\u{E015}").await.unwrap();
    assert_eq!(browser.run("return document.querySelector('#registered-both').checked").await, true);
    browser.press("#approve button").await;
    assert_eq!(browser.run("return document.querySelector('#note').validity.valueMissing").await, true);
    assert_eq!(world.read(&wanted.created).await.state, OrderState::Reviewing);
    // and the service wants it, too; what was chosen stays chosen
    browser.run("document.querySelector('#note').required = false").await;
    browser.click("#approve button").await;
    assert!(browser.text("#notice").await.contains("请填写核实记录"));
    assert_eq!(browser.run("return document.querySelector('#registered-both').checked").await, true);
    assert_eq!(world.read(&wanted.created).await.state, OrderState::Reviewing);

    // another tab is open when it is approved
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.go(&page(wanted.no())).await;
    browser.client.switch_to_window(first).await.unwrap();
    browser.type_into("#note", "11:20 致电登记号码，本人确认\n已核对身份").await;
    browser.click("#approve button").await;
    assert_eq!(browser.text("#notice").await, format!("订单 {} 已通过，授权码正在发送。", wanted.no()));
    assert_eq!(browser.text("#state").await, "待输入授权码");
    assert!(browser.text("#history").await.contains("本人确认"));
    assert_eq!(world.read(&wanted.created).await.state, OrderState::Authorized);
    browser.client.switch_to_window(second).await.unwrap();
    browser.type_into("#reason", "无法联系到申请人").await;
    browser.click("#reject button").await;
    assert!(browser.text("#notice").await.contains("已经有人处理过了"));
    assert_eq!(browser.text("#state").await, "待输入授权码");
    assert_eq!(world.read(&wanted.created).await.state, OrderState::Authorized);

    // the other one gets a reason
    browser.go(&page(rejected.no())).await;
    browser.press("#reject button").await;
    assert_eq!(browser.run("return document.querySelector('#reason').validity.valueMissing").await, true);
    browser.type_into("#reason", "无法联系到申请人").await;
    browser.click("#reject button").await;
    assert_eq!(browser.text("#state").await, "已拒绝");
    assert!(browser.text("main").await.contains("无法联系到申请人"));
    let order = world.read(&rejected.created).await;
    assert_eq!((order.state, order.reason.as_deref()), (OrderState::Rejected, Some("无法联系到申请人")));

    // the messages: not for officers, but for administrators
    let code = world.code(wanted.no()).await;
    browser.go(&format!("{}/console/outbox", world.base)).await;
    assert!(!browser.text("#outbox").await.contains(&code));
    browser.click("#logout").await;
    log_in(&browser, &world, "admin", PASSWORD).await;
    browser.go(&format!("{}/console/outbox", world.base)).await;
    let outbox = browser.text("#outbox").await;
    assert_eq!(outbox.matches(&code).count(), 2, "by SMS and by mail: {outbox}");
    assert!(outbox.contains("13800138000") && outbox.contains("li@example.com") && outbox.contains(rejected.no()));
    browser.close().await;
    world.stop().await;
}
