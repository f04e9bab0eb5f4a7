//! The other pages: honest about what is not there yet.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use cert_assistant::ui::Window;
use cert_assistant::virtual_key::State;

#[test]
fn what_is_not_built_says_so_and_offers_only_the_way_back() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click("综合服务");
    screen.shows(&["综合服务：还在建设中", "这里将提供"]);
    assert_eq!(screen.buttons(), ["返回"]);
    screen.click("返回");
    screen.shows(&["有效 · 还有 300 天"]);
}

#[test]
fn the_environment_check_can_already_read_all_keys_again() {
    let (bench, card) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    let before = card.sent().len();
    screen.click("环境检测");
    screen.shows(&["环境检测：还在建设中"]);
    screen.click("重新读取所有 UKey");
    screen.wait_until("the key was read again", |_| card.sent().len() > before);
    screen.shows(&["有效 · 还有 300 天"]);
}

#[test]
fn about_tells_version_licence_folder_and_independence() {
    let mut screen = Screen::of(&Bench::empty());
    screen.click("关于");
    assert_eq!(screen.field("版本"), env!("CARGO_PKG_VERSION"));
    assert_eq!(screen.field("许可证"), "Apache License 2.0");
    assert_eq!(screen.field("数据文件夹"), "/home/user/.config/cert-assistant");
    screen.shows(&["本程序独立开发，不是任何发证机构（CA）的产品"]);
}

#[test]
fn practice_is_marked_by_strip_and_title() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Plan::new(&bench).practice("123456").open();
    screen.wait_for("有效 · 还有 300 天");
    let strip = "练习模式：这里的 UKey 都是虚拟的，可以放心尝试。密码是 123456。";
    screen.shows(&[strip]);
    screen.click("订单");
    screen.shows(&[strip]);
    assert_eq!((Window::title(true), Window::title(false)), ("证书助手（练习模式）".into(), "证书助手".into()));
    drop(screen);
    Screen::of(&Bench::empty()).hides(&["练习模式"]);
}
