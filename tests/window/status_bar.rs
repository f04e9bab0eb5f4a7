//! The line at the bottom: how the CA is reached, and 检查更新 from anywhere.

use crate::about::release;
use crate::bench::{Bench, spec};
use crate::screen::{Plan, Screen};
use cert_assistant::app::{Command, Event, Fault, FaultCode, UpdateStage};
use std::time::Duration;
use virtual_key::State;

fn reached(screen: &Screen) -> Vec<u64> {
    let slots = |one| match one {
        Command::ReachCa(slot) => Some(slot),
        _ => None,
    };
    screen.asked_aside().into_iter().filter_map(slots).collect()
}

#[test]
fn the_ca_of_each_key_is_asked_once_and_that_of_the_chosen_key_is_shown() {
    let bench = Bench::empty();
    bench.insert(&spec("甲公司", "1"));
    bench.insert(&spec("乙公司", "2"));
    bench.insert(&spec("空白", "3").state(State::Empty));
    let mut screen = Screen::of(&bench);
    let mut asked = reached(&screen);
    asked.sort_unstable();
    assert_eq!(asked, [1, 2], "a key without certificate has no CA");
    screen.hides(&["CA 服务"]);
    screen.happens(Event::CaReached { slot: 1, result: Ok(Duration::from_millis(38)) });
    screen.happens(Event::CaReached { slot: 2, result: Err(Fault::new(FaultCode::CaNotTrusted)) });
    screen.choose("甲公司");
    screen.shows(&["CA 服务 38 ms"]);
    screen.choose("乙公司");
    screen.hides(&["38 ms"]);
    let what = Fault::new(FaultCode::CaNotTrusted).sentences(true).what;
    assert_eq!(screen.description("CA 服务的身份未通过验证").unwrap(), what);
    screen.choose("BJCA-UserKey");
    screen.hides(&["CA 服务"]);
    screen.let_pass(Duration::from_secs(3600));
    assert!(reached(&screen).is_empty(), "asked in a loop");
}

#[test]
fn every_way_not_to_reach_a_ca_is_in_words() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    for (code, words) in [
        (FaultCode::CaNameUnknown, "CA 服务的域名无法解析"),
        (FaultCode::CaTimeout, "CA 服务没有回应"),
        (FaultCode::CaProxy, "代理服务器有问题"),
        (FaultCode::CaUnreachable, "CA 服务连接不上"),
        (FaultCode::CaBroken, "CA 服务连接不上"),
    ] {
        screen.happens(Event::CaReached { slot: 1, result: Err(Fault::new(code)) });
        screen.shows(&[words]);
    }
}

#[test]
fn both_states_lead_to_the_environment_check() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.happens(Event::CaReached { slot: 1, result: Ok(Duration::from_millis(5)) });
    for state in ["CA 服务 5 ms", "智能卡服务正常"] {
        let name = screen.keys()[0].clone();
        screen.click(&name);
        screen.click(state);
        screen.shows(&["重新检测"]);
    }
}

#[test]
fn an_update_asked_for_here_is_told_wherever_the_person_is() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    let asks = |screen: &mut Screen| {
        screen.click("检查更新");
        assert!(matches!(screen.asked()[..], [Command::CheckUpdate]));
        assert_eq!(screen.obstacle("正在检查更新…").unwrap(), "正在检查更新…");
    };
    asks(&mut screen);
    screen.happens(Event::Update(UpdateStage::UpToDate));
    screen.shows(&["已是最新版本", "密码卡序列号"]);
    screen.let_pass(Duration::from_secs(5));
    screen.hides(&["已是最新版本"]);
    asks(&mut screen);
    screen.happens(Event::Update(UpdateStage::Failed(Fault::new(FaultCode::CaUnreachable))));
    screen.shows(&[&Fault::new(FaultCode::CaUnreachable).sentences(true).what, "密码卡序列号"]);
    asks(&mut screen);
    screen.happens(Event::Update(UpdateStage::NoFeed));
    screen.shows(&["没有设置更新源", "密码卡序列号"]);
    asks(&mut screen);
    screen.happens(Event::Update(UpdateStage::Newer(release())));
    screen.shows(&["有新版本 0.2.0", "本程序独立开发"]);
}

#[test]
fn a_new_version_tears_nobody_out_of_a_dialog_and_is_not_told_unasked() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.happens(Event::Update(UpdateStage::Newer(release())));
    screen.hides(&["有新版本"]);
    screen.happens(Event::Update(UpdateStage::Unasked));
    screen.click("检查更新");
    screen.press_button("修改密码");
    screen.happens(Event::Update(UpdateStage::Newer(release())));
    screen.shows(&["有新版本 0.2.0，请在“关于”中查看。", "再次输入新密码"]);
}

#[test]
fn in_the_smallest_window_the_bar_holds_the_longest_words() {
    for english in [false, true] {
        let (bench, _) = Bench::with(State::Valid);
        let mut screen = Screen::read(Plan::new(&bench).size(720.0, 480.0).english(english), &bench);
        bench.service(token::ServiceState::Running { readers: 0 });
        screen.wait_until("no reader is left", |screen| {
            screen.window.model().service == Some(token::ServiceState::Running { readers: 0 })
        });
        screen.happens(Event::CaReached { slot: 1, result: Err(Fault::new(FaultCode::CaNotTrusted)) });
        screen.stays_within_its_width("status bar");
        let update = if english { "Check for updates" } else { "检查更新" };
        let (bar, version) = (screen.control(update).rect(), screen.place_of(env!("CARGO_PKG_VERSION")));
        assert!(version.right() <= bar.left() + 1.0 && bar.right() <= 720.0, "{version:?} {bar:?}");
        let ca = if english { "The CA did not prove who it is" } else { "CA 服务的身份未通过验证" };
        assert!(screen.control(ca).rect().right() <= version.left(), "{:?}", screen.control(ca).rect());
    }
}
