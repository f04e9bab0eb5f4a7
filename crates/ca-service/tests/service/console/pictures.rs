//! Pictures of the console, to be looked at by people.

use crate::console::unlocks::somebody;
use crate::console::visitor::{PASSWORD, add, staff};
use crate::key::Key;
use crate::unlock::applicant;
use crate::world::{NOON, Options, Place, World};
use ca_service::operators::Role;
use order_api::UnlockRoute;
use std::path::Path;
use testkit::browser::Browser;

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes pictures in the folder CONSOLE_PICTURES"]
async fn pictures() {
    let folder = std::env::var("CONSOLE_PICTURES").unwrap();
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let world = World::new(&Place::sqlite(), Options::default()).await;
    drop(staff(&world, "admin", Role::Administrator).await);
    drop(staff(&world, "zhang.min", Role::Operator).await);
    drop(add(&world, "li.na", Role::Auditor).await);
    let mut waiting = String::new();
    let names =
        ["北京某某科技有限公司", "上海示例信息技术有限公司", "广州样本贸易有限公司", "成都演示教育咨询有限公司"];
    for (at, name) in names.iter().cycle().take(30).enumerate() {
        world.pass(1700);
        let product = ["unit-review", "unit", "unit-mobile", "unit-paid", "unit-review"][at % 5];
        let customer = world.named_customer(product, NOON + (10 + at as i64) * DAY, Some(name)).await;
        let created = world.order(&customer).await;
        match product {
            "unit" if at % 2 == 0 => {
                let new = world.fetch(&customer, &created.order.no).await;
                world.try_confirm(&new, &created.order.no).await;
            }
            "unit" => drop(world.fetch(&customer, &created.order.no).await),
            "unit-mobile" => drop(world.call(&created, "codes", "{}").await),
            "unit-review" => waiting = created.order.no,
            _ => {}
        }
    }
    let customer = world.named_customer("unit", NOON + 200 * DAY, Some("北京某某科技有限公司")).await;
    let mut key = Key::of(&world, &customer).await;
    let unlocked = world.apply(&customer, &key).await;
    world.set_pin(&unlocked, &mut key).await;
    world.finish(&unlocked, &customer, &mut key).await;
    let strange = world.apply_as(&customer, &key.serial, UnlockRoute::Review, somebody()).await;
    let unknown = world.apply_as(&customer, "7012345678901234", UnlockRoute::Review, applicant()).await;
    let decoy = world.apply_as(&customer, &key.serial, UnlockRoute::Sms, somebody()).await;
    let renewed = world.text("SELECT serial FROM certificates WHERE status = 'valid' ORDER BY created DESC").await;
    let done = world.text("SELECT no FROM orders WHERE state = 'installed'").await;
    for dark in [false, true] {
        let browser = Browser::start(dark).await;
        let picture = async |name: &str| {
            let name = format!("{name}{}.png", if dark { "-dark" } else { "" });
            std::fs::write(folder.join(name), browser.client.screenshot().await.unwrap()).unwrap();
        };
        browser.go(&format!("{}/console/login", world.base)).await;
        picture("login").await;
        browser.type_into("#name", "admin").await;
        browser.type_into("#password", PASSWORD).await;
        browser.click("#login button").await;
        for (name, path) in [
            ("overview", "overview".to_owned()),
            ("orders", "orders".to_owned()),
            ("order", format!("orders/{waiting}")),
            ("order-done", format!("orders/{done}")),
            ("unlocks", "orders?kind=unlock".to_owned()),
            ("unlock", format!("orders/{}", strange.no())),
            ("unlock-unknown", format!("orders/{}", unknown.no())),
            ("unlock-decoy", format!("orders/{}", decoy.no())),
            ("unlock-done", format!("orders/{}", unlocked.no())),
            ("customer-keys", format!("customers/{}", customer.id)),
            ("customers", "customers".to_owned()),
            ("customer", "customers/3".to_owned()),
            ("certificates", "certificates".to_owned()),
            ("certificate", format!("certificates/{renewed}")),
            ("products", "products".to_owned()),
            ("product", "products/unit-paid".to_owned()),
            ("operators", "operators".to_owned()),
            ("outbox", "outbox".to_owned()),
            ("audit", "audit".to_owned()),
            ("missing", "orders/none".to_owned()),
            ("password", "password".to_owned()),
        ] {
            for (width, suffix) in [(1280, ""), (420, "-narrow")] {
                if dark && width == 420 {
                    continue;
                }
                browser.client.set_window_size(width, 800).await.unwrap();
                browser.go(&format!("{}/console/{path}", world.base)).await;
                let height = browser.run("return document.documentElement.scrollHeight").await.as_u64().unwrap();
                browser.client.set_window_size(width, u32::try_from(height).unwrap().clamp(800, 2400)).await.unwrap();
                picture(&format!("{name}{suffix}")).await;
            }
        }
        browser.close().await;
    }
    world.stop().await;
}
