//! 日志: read when it is opened, filtered, copied, saved, and as quick with ten thousand lines as with ten.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use cert_assistant::app::desktop::log::{Level, LogLine};
use cert_assistant::app::{Command, Event};
use std::time::Instant;

/// One line of every level.
pub fn some() -> Vec<LogLine> {
    let line = |level, target: &str, text: &str| LogLine {
        time: "2026-11-21T03:04:05Z".to_owned(),
        level,
        target: target.to_owned(),
        text: text.to_owned(),
    };
    vec![
        line(Level::Info, "app::engine", "started version=0.1.0"),
        line(Level::Debug, "token::monitor", "card in reader SCM 0"),
        line(Level::Warn, "ca_client::http", "no answer code=CA-504"),
        line(Level::Error, "app::worker", "the key refused a command sw=6985"),
    ]
}

fn log() -> Screen {
    let mut screen = Screen::of(&Bench::empty());
    screen.click("关于");
    screen.click("查看日志");
    screen
}

#[test]
fn it_is_read_when_it_is_opened_and_again_when_asked() {
    let mut screen = log();
    assert!(matches!(screen.asked()[..], [Command::ReadLog]));
    screen.shows(&["正在读取…"]);
    screen.happens(Event::Log(Vec::new()));
    screen.shows(&["还没有日志", "密码从不记录"]);
    assert_eq!(screen.obstacle("复制日志").unwrap(), "没有符合条件的日志");
    screen.click("刷新");
    assert!(matches!(screen.asked()[..], [Command::ReadLog]));
    screen.happens(Event::Log(some()));
    screen.shows(&["2026-11-21T03:04:05Z WARN ca_client::http no answer code=CA-504", "4 / 4 行"]);
    screen.click("返回");
    screen.shows(&["本程序独立开发"]);
}

#[test]
fn level_and_text_choose_the_lines_and_only_those_are_copied_and_saved() {
    let mut screen = log();
    screen.happens(Event::Log(some()));
    screen.click("警告及以上");
    screen.shows(&["2 / 4 行", "CA-504", "sw=6985"]);
    screen.hides(&["started version", "card in reader"]);
    screen.click("仅错误");
    screen.hides(&["CA-504"]);
    screen.click("信息及以上");
    screen.hides(&["card in reader"]);
    screen.click("全部");
    screen.fill("查找", "READER");
    screen.shows(&["1 / 4 行", "card in reader"]);
    screen.click("复制日志");
    assert_eq!(screen.copied, ["2026-11-21T03:04:05Z DEBUG token::monitor card in reader SCM 0\n"]);
    screen.click("导出日志");
    assert_eq!(screen.saves(), 1);
    screen.fill("查找", "x");
    screen.shows(&["0 / 4 行", "没有符合条件的日志"]);
    // what is read anew is looked through anew
    let mut more = some();
    more[0].text = "readerx".to_owned();
    screen.happens(Event::Log(more));
    screen.shows(&["1 / 4 行", "readerx"]);
}

#[test]
fn of_many_lines_the_newest_are_in_sight_and_only_those_are_laid_out() {
    let bench = Bench::empty();
    let mut screen = Plan::new(&bench).size(720.0, 480.0).open();
    screen.click("关于");
    // another long list, left at its top
    screen.press_button("第三方组件许可证");
    screen.press_button("返回");
    screen.press_button("查看日志");
    let line = |n: usize| LogLine { text: format!("line {n}."), ..some()[0].clone() };
    let before = Instant::now();
    screen.happens(Event::Log((0..20_000).map(line).collect()));
    screen.shows(&["line 19999."]);
    screen.hides(&["line 0.", "line 10000."]);
    // whole, not behind the lower edge
    let [last, before_it] = [19_999, 19_998].map(|n| screen.place_of(&format!("line {n}.")));
    assert!(last.bottom() < 480.0 - 36.0 - 20.0, "the last line is at {last:?}");
    assert!(last.top() - before_it.top() < 26.0, "{last:?} {before_it:?}");
    let shown = screen.text().matches("app::engine").count();
    assert!(shown < 80, "{shown} lines are laid out");
    eprintln!("20 000 lines took {:?}", before.elapsed());
}
