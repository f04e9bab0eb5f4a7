//! States without a key: the service, and nothing inserted.

use crate::bench::{Bench, spec};
use crate::screen::{Plan, Screen};
use token::ServiceState;

#[test]
fn while_nothing_is_known_of_the_service_the_window_says_that_it_connects() {
    let mut screen = Plan::new(&Bench::silent()).open();
    screen.settle();
    screen.shows(&["正在连接智能卡服务…", "还没有插入 UKey"]);
    screen.hides(&["请插入 UKey", "没有运行"]);
}

#[test]
fn without_a_service_it_says_how_to_start_it_and_recovers_by_itself() {
    let bench = Bench::silent();
    bench.service(ServiceState::Stopped);
    let mut screen = Screen::of(&bench);
    screen.shows(&[
        "智能卡服务没有运行",
        "UKey 和证书不受影响。",
        "sudo systemctl enable --now pcscd.socket",
        "SVC-201",
    ]);
    bench.service(ServiceState::Running { readers: 0 });
    screen.wait_for("请插入 UKey");
    screen.shows(&["智能卡服务正常，没有发现读卡器"]);
    screen.hides(&["SVC-201"]);
    bench.service(ServiceState::Running { readers: 1 });
    screen.wait_until("a reader is there", |screen| !screen.sees("没有发现读卡器"));
    bench.insert(&spec("北京演示科技有限公司", "1"));
    screen.wait_for("有效 · 还有 300 天");
}

#[test]
fn a_service_of_another_version_is_named_with_its_version() {
    let bench = Bench::silent();
    bench.service(ServiceState::VersionMismatch { service: Some((4, 4)) });
    let mut screen = Screen::of(&bench);
    screen.shows(&["智能卡服务的版本与本机的客户端库不一致", "服务使用协议 4:4", "SVC-202", "智能卡服务版本不符"]);
    screen.hides(&["没有运行"]);
    bench.service(ServiceState::VersionMismatch { service: None });
    screen.wait_for("服务使用协议 （未知版本）");
}

#[test]
fn a_service_that_refuses_this_user_is_told_as_missing_permission() {
    let bench = Bench::silent();
    bench.service(ServiceState::Denied);
    let screen = Screen::of(&bench);
    screen.shows(&["系统不允许当前用户使用智能卡服务", "polkit", "SVC-203", "没有使用智能卡服务的权限"]);
}

#[test]
fn with_no_key_in_it_asks_for_one_and_offers_the_environment_check() {
    let screen = Screen::of(&Bench::empty());
    screen.shows(&["请插入 UKey", "插入后会自动显示，不需要刷新。", "智能卡服务正常", "UKey（0）"]);
    let buttons = screen.buttons();
    assert_eq!(buttons, ["环境检测"]);
}

#[test]
fn keys_stay_on_the_window_while_the_service_comes_and_goes() {
    let bench = Bench::empty();
    let card = bench.insert(&spec("北京演示科技有限公司", "1"));
    let mut screen = Screen::of(&bench);
    bench.remove(&card);
    bench.service(ServiceState::Stopped);
    screen.wait_for("SVC-201");
    screen.hides(&["北京演示科技有限公司"]);
    bench.service(ServiceState::Running { readers: 1 });
    bench.insert(&spec("北京演示科技有限公司", "1"));
    screen.wait_for("有效 · 还有 300 天");
}
