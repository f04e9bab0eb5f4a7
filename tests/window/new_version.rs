//! A new version was installed over the one that runs: it is said, and started when the person wants it.

use crate::bench::{Bench, CHANGE_PIN, PIN};
use crate::change_pin::{NEW_PIN, dialog, fill};
use crate::screen::Screen;
use cert_assistant::app::desktop::instance::Target;
use cert_assistant::app::{Command, Event};
use virtual_key::State;

const SAID: &str = "新版本已安装，重新启动后使用。";

fn looks(screen: &Screen) -> usize {
    screen.asked_aside().iter().filter(|one| matches!(one, Command::LookForNewVersion)).count()
}

#[test]
fn it_is_looked_for_when_the_person_comes_back_and_at_a_second_start() {
    let bench = Bench::empty();
    let mut screen = Screen::of(&bench);
    assert_eq!(looks(&screen), 0, "it has just been started");
    screen.has_keyboard(false);
    assert_eq!(looks(&screen), 0, "away");
    screen.has_keyboard(true);
    assert_eq!(looks(&screen), 1, "back");
    screen.happens(Event::Summoned(Target::Window));
    assert_eq!(looks(&screen), 1, "somebody started it once more");
    screen.happens(Event::Replaced);
    screen.has_keyboard(false);
    screen.has_keyboard(true);
    assert_eq!(looks(&screen), 0, "it is known");
}

#[test]
fn it_is_said_on_every_page_until_the_person_has_answered() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.hides(&[SAID]);
    screen.happens(Event::Replaced);
    for page in ["环境检测", "订单", "综合服务", "设置", "关于"] {
        screen.click(page);
        screen.shows(&[SAID, "重新启动", "稍后"]);
    }
    screen.click("稍后");
    screen.hides(&[SAID]);
    screen.has_keyboard(false);
    screen.has_keyboard(true);
    screen.happens(Event::Summoned(Target::Window));
    assert_eq!(looks(&screen), 0, "the person knows");
    screen.happens(Event::Replaced);
    screen.hides(&[SAID]);
    assert!(!screen.closed && !screen.starts_new_version());
}

#[test]
fn a_restart_ends_the_program_also_where_it_would_stay_in_the_tray() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.happens(Event::Tray(true));
    screen.happens(Event::Replaced);
    screen.click("重新启动");
    assert!(screen.closed && screen.starts_new_version());
}

#[test]
fn nobody_restarts_while_a_key_is_written_nor_by_closing_later() {
    let (_bench, card, mut screen) = dialog();
    screen.happens(Event::Replaced);
    fill(&mut screen, PIN, NEW_PIN);
    card.stop_at(CHANGE_PIN);
    screen.click("确定");
    card.wait_until_stopped();
    assert_eq!(screen.obstacle("重新启动").unwrap(), "正在写入 UKey，完成后可以重新启动");
    card.go_on();
    screen.wait_for("修改密码成功");
    assert_eq!(screen.obstacle("重新启动"), None);
    screen.ask_to_close();
    assert!(screen.closed && !screen.starts_new_version(), "closing is no restart");
}
