//! Language and theme, and the file they are kept in.

use crate::bench::{Bench, spec};
use crate::screen::{Plan, Screen};
use eframe::egui::{Color32, Theme};
use std::fs;
use token::ServiceState;
use virtual_key::State;

/// The colour behind everything.
fn ground(screen: &Screen) -> Color32 {
    cert_assistant::ui::theme::palette(&screen.ctx).ground
}

#[test]
fn the_language_changes_at_once_and_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    let (bench, _) = Bench::with(State::Expiring);
    let mut screen = Plan::new(&bench).settings(&file).open();
    screen.wait_for("还有 20 天");
    screen.click("设置");
    assert!(screen.is_checked("简体中文"));
    screen.click("English");
    screen.shows(&["Settings", "Language", "Appearance"]);
    assert_eq!(screen.title.as_deref(), Some("Certificate Assistant"));
    screen.click("北京演示科技有限公司 ends in 20 days");
    screen.shows(&["20 days left", "Your certificate ends in 20 days, please renew it in time."]);
    assert_eq!(screen.buttons(), ["Renew now", "Copy Card number", "Renew", "Change PIN", "Unlock", "More details"]);
    drop(screen);

    let again = Bench::empty();
    let mut screen = Plan::new(&again).settings(&file).open();
    screen.wait_for("Please insert a UKey");
    screen.click("Settings");
    screen.click("简体中文");
    screen.shows(&["语言"]);
}

#[test]
fn in_english_no_sentence_of_the_program_is_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    fs::write(&file, r#"{"language":"en"}"#).unwrap();
    let bench = Bench::silent();
    let mut screen = Plan::new(&bench).settings(&file).practice("123456").open();
    let only_english = |screen: &Screen| {
        let text = screen.text().replace("证", "").replace("简体中文", "");
        assert!(!text.chars().any(|c| ('\u{3000}'..='\u{9FFF}').contains(&c)), "{text}");
    };
    for state in [
        ServiceState::Stopped,
        ServiceState::VersionMismatch { service: None },
        ServiceState::Denied,
        ServiceState::Running { readers: 0 },
    ] {
        bench.service(state.clone());
        screen.wait_until("the state is known", |screen| screen.window.model().service.as_ref() == Some(&state));
        only_english(&screen);
    }
    let states = [
        State::Valid,
        State::Expiring,
        State::Expired,
        State::NotYetValid,
        State::Locked,
        State::DefaultPin,
        State::Empty,
        State::NoApplication,
        State::Damaged,
        State::Mismatch,
        State::TwoContainers,
        State::Seal,
    ];
    for (n, state) in states.into_iter().enumerate() {
        bench.insert(&spec(&format!("Company {n}"), &format!("{n}")).state(state));
    }
    bench.insert_foreign();
    bench.insert_held(&spec("Held", "99"));
    screen.wait_until("all are read", |screen| screen.keys().len() == 14 && !screen.sees("Reading"));
    for n in 0..screen.keys().len() {
        screen.click_row(n);
        only_english(&screen);
        for (open, close) in [("More details", "Hide details"), ("Change PIN", "Cancel")] {
            if screen
                .controls(open)
                .iter()
                .any(|node| !egui_kittest::kittest::NodeT::accesskit_node(node).is_disabled())
            {
                screen.click(open);
                only_english(&screen);
                screen.click(close);
            }
        }
    }
    screen.click_row(0);
    for page in ["Environment check", "Orders", "Services", "Settings", "About"] {
        screen.click(page);
        only_english(&screen);
    }
}

#[test]
fn light_and_dark_are_chosen_and_kept_and_the_system_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    let bench = Bench::empty();
    let mut screen = Plan::new(&bench).settings(&file).open();
    let light = ground(&screen);
    screen.system_theme(Theme::Dark);
    let dark = ground(&screen);
    assert_ne!(light, dark);
    screen.click("设置");
    screen.click("浅色");
    assert_eq!(ground(&screen), light);
    screen.click("深色");
    assert_eq!(ground(&screen), dark);
    drop(screen);
    let again = Bench::empty();
    let mut screen = Plan::new(&again).settings(&file).open();
    assert_eq!(ground(&screen), dark);
    screen.click("设置");
    screen.click("跟随系统");
    assert_eq!(ground(&screen), light);
}

#[test]
fn a_damaged_settings_file_is_set_aside_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    fs::write(&file, "{\"language\":").unwrap();
    let bench = Bench::empty();
    let mut screen = Plan::new(&bench).settings(&file).open();
    screen.shows(&["设置文件已损坏，已另存备份并恢复默认设置。"]);
    assert_eq!(fs::read(folder.path().join("settings.damaged")).unwrap(), b"{\"language\":");
    screen.let_pass(std::time::Duration::from_secs(5));
    screen.hides(&["设置文件已损坏"]);
}

#[test]
fn settings_that_can_not_be_stored_hold_for_now_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    // a file where a folder would have to be
    fs::write(folder.path().join("in-the-way"), "").unwrap();
    let file = folder.path().join("in-the-way/settings.json");
    let bench = Bench::empty();
    let mut screen = Plan::new(&bench).settings(&file).open();
    screen.click("设置");
    screen.click("English");
    screen.shows(&["The settings could not be stored", "They hold until the program is closed.", "FIL-402"]);
    screen.click("OK");
    screen.shows(&["Appearance"]);
}
