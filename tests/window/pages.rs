//! What stands on every page: the marks of practice, and the strip while details are logged.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use cert_assistant::app::Command;
use cert_assistant::app::desktop::crash::Crash;
use cert_assistant::ui::Window;
use eframe::egui::Key;
use virtual_key::State;

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

#[test]
fn while_details_are_logged_a_red_strip_stands_on_every_page_and_ends_it() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    let strip = "正在记录详细日志";
    screen.hides(&[strip]);
    screen.click("设置");
    screen.click("记录详细日志");
    assert!(matches!(screen.asked()[..], [Command::LogDetails(true)]));
    for page in ["环境检测", "订单", "综合服务", "设置", "关于", "有效 · 还有 300 天"] {
        let name = if page.starts_with('有') { screen.keys()[0].clone() } else { page.to_owned() };
        screen.click(&name);
        screen.shows(&[strip]);
    }
    screen.click("关于");
    screen.click("查看日志");
    screen.shows(&[strip]);
    screen.asked();
    screen.click("停止");
    assert!(matches!(screen.asked()[..], [Command::LogDetails(false)]));
    screen.hides(&[strip]);
}

#[test]
fn what_went_wrong_the_last_time_is_told_at_the_start() {
    let crash = Crash { file: "/data/crashes/crash-1.txt".into(), text: "thread main panicked".to_owned() };
    let mut screen = Plan::new(&Bench::empty()).crash(crash.clone()).open();
    screen.shows(&["上次意外停止", "UKey、证书和订单不受影响", "请把报告发给技术支持"]);
    screen.hides(&["thread main panicked"]);
    assert_eq!(screen.focused().unwrap(), "确定");
    screen.click("查看报告");
    assert!(screen.is_expanded("收起报告"));
    assert_eq!(screen.value("错误报告"), crash.text);
    screen.shows(&["/data/crashes/crash-1.txt"]);
    screen.click("复制");
    assert_eq!(screen.copied[0], crash.text);
    screen.click("删除报告");
    assert!(matches!(&screen.asked()[..], [Command::RemoveReport(file)] if *file == crash.file));
    screen.hides(&["上次意外停止"]);
    drop(screen);
    let mut screen = Plan::new(&Bench::empty()).crash(crash).open();
    screen.press(Key::Escape);
    screen.hides(&["上次意外停止"]);
    assert_eq!(screen.asked().len(), 0, "the report is kept");
}
