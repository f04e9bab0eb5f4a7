//! Where controls stand: none over another, none cut off at the side, the buttons of the foot always whole. Judged of every
//! state by the galleries; here what needs a size or a change of it.

use crate::bench::{Bench, NOW, PIN, spec};
use crate::checks::{mixed, run};
use crate::screen::{Control, Plan, Screen};
use crate::stages;
use crate::unlock_stages::{self, fault_of};
use cert_assistant::app::desktop::crash::Crash;
use cert_assistant::app::{Event, FaultCode, LineState, OrderLine, UnlockEnd};
use eframe::egui::{Key, LayerId, Rect};
use order_api::{OrderState, UnlockRoute};
use std::sync::Arc;
use std::time::Duration;
use virtual_key::State;

/// A control where it can be seen and pressed.
struct Seen {
    layer: LayerId,
    control: Control,
    /// All of it.
    rect: Rect,
    /// What of it is not scrolled out of sight.
    shown: Rect,
}

fn seen(screen: &Screen) -> Vec<Seen> {
    let mut controls = screen.controls_by_id();
    let mut seen = Vec::new();
    screen.ctx.viewport(|viewport| {
        for (layer, widgets) in viewport.prev_pass.widgets.layers() {
            for widget in widgets {
                let Some(control) = controls.remove(&widget.id.value()) else { continue };
                seen.push(Seen { layer: *layer, control, rect: widget.rect, shown: widget.interact_rect });
            }
        }
    });
    let lost: Vec<_> = controls.values().map(|control| &control.name).collect();
    assert!(lost.is_empty(), "{lost:?} is read out and stands nowhere");
    seen
}

/// Fails when a control covers another, leaves the window at a side, or is a button of the foot that is not whole.
#[track_caller]
pub fn judge(screen: &Screen, what: &str) {
    let window = screen.ctx.content_rect();
    let seen = seen(screen);
    for one in &seen {
        let name = &one.control.name;
        let inside = one.rect.left() >= window.left() && one.rect.right() <= window.right();
        assert!(inside, "{what}: {name:?} leaves the window: {:?}", one.rect);
        if one.shown.is_positive() {
            let cut = one.shown.width() < one.rect.width() - 1.0;
            assert!(!cut, "{what}: {name:?} is cut off at a side: {:?} of {:?}", one.shown, one.rect);
        }
        if one.control.in_foot {
            let whole = one.shown.expand(0.5).contains_rect(one.rect) && window.contains_rect(one.rect);
            assert!(whole, "{what}: of {name:?} in the foot {:?} is shown, of {:?}", one.shown, one.rect);
        }
    }
    for (at, one) in seen.iter().enumerate() {
        for other in seen.iter().skip(at + 1).filter(|other| other.layer == one.layer) {
            let common = one.shown.intersect(other.shown);
            let apart = !common.is_positive() || common.width().min(common.height()) < 1.0;
            let names = (&one.control.name, &other.control.name);
            assert!(apart, "{what}: {names:?} cover each other: {:?}, {:?}", one.shown, other.shown);
        }
    }
}

/// Names of the buttons in the foot, those that can't be pressed too.
pub fn foot(screen: &Screen) -> Vec<String> {
    seen(screen).into_iter().filter(|one| one.control.in_foot).map(|one| one.control.name).collect()
}

/// The smallest window, the usual one, and one over the whole of a large screen.
const SIZES: [(f32, f32); 3] = [(720.0, 480.0), (960.0, 640.0), (1920.0, 1080.0)];
const SCALES: [f32; 4] = [1.0, 1.25, 1.5, 2.0];

/// A text of the window by its key.
fn word(english: bool, key: &str) -> String {
    let tables = [include_str!("../../assets/locale/zh-CN.toml"), include_str!("../../assets/locale/en.toml")];
    let table: toml::Table = toml::from_str(tables[usize::from(english)]).unwrap();
    let (section, name) = key.split_once('.').unwrap();
    table[section][name].as_str().unwrap().to_owned()
}

/// A window in each language and of each scale, and its language.
fn each(bench: impl Fn() -> Arc<Bench>, of: impl Fn(Plan<'_>) -> Plan<'_>, walk: impl Fn(&mut Screen, bool)) {
    each_of(&SCALES, bench, of, walk);
}

fn each_of(
    scales: &[f32],
    bench: impl Fn() -> Arc<Bench>,
    of: impl Fn(Plan<'_>) -> Plan<'_>,
    walk: impl Fn(&mut Screen, bool),
) {
    for (english, scale) in
        [false, true].into_iter().flat_map(|english| scales.iter().map(move |scale| (english, *scale)))
    {
        let bench = bench();
        let plan = Plan::new(&bench).english(english).scale(scale).size(SIZES[0].0, SIZES[0].1);
        walk(&mut Screen::read(of(plan), &bench), english);
    }
}

/// Fails unless the main button is in the foot, whole and uncovered, in a window of every size.
#[track_caller]
fn main_button(screen: &mut Screen, english: bool, key: &str) {
    for (width, height) in SIZES {
        screen.resize(width, height);
        let name = word(english, key);
        let what = format!("{key}, {width} wide, {} pixels a point", screen.ctx.pixels_per_point());
        judge(screen, &what);
        let foot = foot(screen);
        assert!(foot.contains(&name), "{what}: {name:?} is not among {foot:?}");
    }
    screen.resize(SIZES[0].0, SIZES[0].1);
}

fn press(screen: &mut Screen, english: bool, key: &str) {
    screen.press_button(&word(english, key));
}

#[test]
fn the_main_button_of_every_step_of_a_renewal_is_in_sight() {
    each(
        || stages::bench().0,
        |plan| plan,
        |screen, english| {
            main_button(screen, english, "action.renew");
            press(screen, english, "action.renew");
            main_button(screen, english, "common.back");
            stages::fail(screen, 1, stages::fault());
            main_button(screen, english, "renew.again");
            let step = |screen: &mut Screen, stage, key| {
                stages::reach(screen, 1, stage);
                main_button(screen, english, key);
                stages::fail(screen, 1, stages::fault());
                main_button(screen, english, key);
            };
            step(screen, stages::identify(), "renew.next");
            step(screen, stages::form(), "renew.submit");
            step(screen, stages::reviewing(), "renew.refresh");
            step(screen, stages::verifying(None), "renew.send_code");
            step(screen, stages::verifying(Some(*NOW - 100)), "renew.check_code");
            step(screen, stages::paying(None), "renew.pay");
            step(screen, stages::paying(Some(stages::payment())), "renew.pay_in_browser");
            step(screen, stages::ended(OrderState::Rejected, Some("营业执照副本已过期。")), "renew.apply_again");
            step(screen, stages::download(None, false), "renew.download");
            step(screen, stages::done(), "renew.finish");
            step(screen, stages::portal("https://portal.example.cn/renew"), "renew.open_browser");
            stages::reach(screen, 1, stages::identify());
            stages::fail(screen, 1, stages::wrong_pin(2));
            screen.enter(PIN);
            screen.press(Key::Enter);
            main_button(screen, english, "action.unlock");
        },
    );
}

#[test]
fn the_main_button_of_every_step_of_an_unlock_is_in_sight() {
    each(
        || unlock_stages::bench().0,
        |plan| plan,
        |screen, english| {
            press(screen, english, "action.unlock");
            main_button(screen, english, "common.back");
            unlock_stages::fail(screen, 1, fault_of(FaultCode::CaUnreachable));
            main_button(screen, english, "renew.again");
            let step = |screen: &mut Screen, stage, key| {
                unlock_stages::reach(screen, 1, stage);
                main_button(screen, english, key);
                unlock_stages::fail(screen, 1, fault_of(FaultCode::CaUnreachable));
                main_button(screen, english, key);
            };
            step(screen, unlock_stages::form(), "unlock.get_code");
            press(screen, english, "unlock.help");
            main_button(screen, english, "unlock.get_code");
            press(screen, english, "unlock.by_review");
            main_button(screen, english, "unlock.submit");
            step(screen, unlock_stages::reviewing(), "renew.refresh");
            step(screen, unlock_stages::code(UnlockRoute::Sms), "unlock.unlock");
            step(screen, unlock_stages::interrupted(), "renew.go_on");
            step(screen, unlock_stages::prove(), "unlock.set_anew");
            step(screen, unlock_stages::ended(UnlockEnd::Rejected, None), "renew.apply_again");
            step(screen, unlock_stages::done(), "renew.finish");
        },
    );
}

#[test]
fn the_main_button_of_every_dialog_is_in_sight() {
    let text = "thread main panicked\n".repeat(40);
    let crash = || Crash { file: "/data/crash-1.txt".into(), text: text.clone() };
    each(
        || Bench::with(State::TwoContainers).0,
        |plan| plan.crash(crash()),
        |screen, english| {
            main_button(screen, english, "common.ok");
            press(screen, english, "crash.look");
            main_button(screen, english, "common.ok");
            screen.press(Key::Escape);
            main_button(screen, english, "action.change_pin");
            press(screen, english, "action.change_pin");
            main_button(screen, english, "common.ok");
            press(screen, english, "pin.help_open");
            main_button(screen, english, "common.ok");
            screen.press(Key::Escape);
            press(screen, english, "details.open");
            main_button(screen, english, "action.change_pin");
            press(screen, english, "action.export_certificate");
            main_button(screen, english, "export.choose");
            screen.press(Key::Escape);
            let begins = word(english, "history.remove_spoken").replace("%{serial}", "");
            let remove = screen.buttons().into_iter().find(|name| name.starts_with(&begins)).unwrap();
            screen.press_button(&remove);
            main_button(screen, english, "history.remove_now");
            screen.press(Key::Escape);
            let order = stages::line(screen, 1, LineState::Reviewing);
            screen.happens(Event::Orders(vec![order]));
            press(screen, english, "page.orders");
            let begins = word(english, "give_up.spoken").replace("%{no}", "");
            let give_up = screen.buttons().into_iter().find(|name| name.starts_with(&begins)).unwrap();
            screen.press_button(&give_up);
            main_button(screen, english, "give_up.keep");
            screen.press(Key::Escape);
            press(screen, english, "page.check");
            let lines = mixed(!english);
            run(screen, &lines);
            press(screen, english, "env.export");
            main_button(screen, english, "report.save");
            screen.press(Key::Escape);
            let repair =
                screen.buttons().into_iter().find(|name| name.starts_with(if english { "Repair " } else { "修复 " }));
            screen.press_button(&repair.unwrap());
            main_button(screen, english, "env.repair_go");
        },
    );
}

#[test]
fn keyboard_and_text_survive_every_size_and_the_field_stays_in_sight() {
    let (bench, _) = stages::bench();
    let mut screen = stages::at(&bench, stages::form());
    for field in ["renew.name", "renew.mobile", "renew.email", "renew.captcha"].map(|key| word(false, key)) {
        screen.resize(1200.0, 800.0);
        screen.focus(&field);
        screen.select_all();
        // at the last but one, steps stand beside fields that stand below each other
        for (size, text) in SIZES.into_iter().chain([(880.0, 560.0), SIZES[0]]).zip(["1", "2", "3", "4", "5"]) {
            screen.enter(text);
            screen.resize(size.0, size.1);
            assert_eq!(screen.focused().as_deref(), Some(&*field), "{size:?}");
            let field = seen(&screen).into_iter().find(|one| one.control.name == field).unwrap();
            assert!(field.shown.expand(0.5).contains_rect(field.rect), "{size:?}: {:?}", field.rect);
        }
        assert_eq!(screen.value(&field), "12345");
    }
    drop(screen);
    let (bench, _) = unlock_stages::bench();
    let mut screen = unlock_stages::at(&bench, unlock_stages::code(UnlockRoute::Sms));
    for field in [unlock_stages::NEW, unlock_stages::AGAIN] {
        screen.focus(field);
        for (size, text) in SIZES.into_iter().zip(["k7", "m2", "x9"]) {
            screen.enter(text);
            screen.resize(size.0, size.1);
            assert_eq!(screen.focused().as_deref(), Some(field), "{size:?}");
        }
    }
    screen.shows(&["两次输入一致"]);
}

#[test]
fn a_toast_covers_nothing_moves_no_button_and_goes_with_its_page() {
    each(
        || Bench::with(State::Expiring).0,
        |plan| plan,
        |screen, english| {
            let copied = word(english, "action.copied");
            let close = word(english, "toast.close");
            let copy = format!("{} {}", word(english, "action.copy"), word(english, "field.card_number"));
            let foot_of = |screen: &Screen| -> Vec<Rect> {
                seen(screen).into_iter().filter(|one| one.control.in_foot).map(|one| one.rect).collect()
            };
            let before = foot_of(screen);
            screen.press_button(&copy);
            judge(screen, "a toast");
            assert_eq!(foot_of(screen), before);
            let scale = screen.ctx.pixels_per_point();
            let place = screen.place_of(&copied);
            let place = Rect::from_min_max(place.min / scale, place.max / scale);
            for one in seen(screen) {
                assert!(!one.shown.intersects(place), "{:?} lies under the toast", one.control.name);
            }
            let (content, button) = (SIZES[0].0 + 212.0, screen.control(&close).rect().width() / scale);
            assert!((place.center().x + button / 2.0 - content / 2.0).abs() < 16.0, "it is centred on the content");
            screen.press_button(&close);
            screen.hides(&[&copied]);
            screen.press_button(&copy);
            screen.shows(&[&copied]);
            press(screen, english, "page.orders");
            screen.hides(&[&copied]);
            let key = screen.keys()[0].clone();
            screen.press_button(&key);
            screen.hides(&[&copied]);
            screen.press_button(&copy);
            screen.let_pass(Duration::from_millis(3900));
            screen.shows(&[&copied]);
            screen.let_pass(Duration::from_millis(200));
            screen.hides(&[&copied]);
        },
    );
}

#[test]
fn a_name_of_eight_thousand_characters_takes_three_lines_and_hides_no_button() {
    for name in ["很长的名字".repeat(1600), "long name ".repeat(800), "W".repeat(8000)] {
        let bench = || {
            let bench = Bench::empty();
            bench.insert(&spec(&name, "10200000016873").state(State::Expiring));
            bench.insert(&spec(&name, "10200000016874").state(State::Locked));
            bench
        };
        each_of(
            &[1.0],
            bench,
            |plan| plan,
            |screen, english| {
                main_button(screen, english, "action.renew");
                let scale = screen.ctx.pixels_per_point();
                let shown = base::display::line(name.trim());
                let height = screen.place_of(&shown).height() / scale;
                assert!(height < 3.0 * 24.0 * 1.6, "three lines of 24 points, not {height}");
                press(screen, english, "details.open");
                main_button(screen, english, "action.renew");
                press(screen, english, "action.change_pin");
                main_button(screen, english, "common.ok");
                screen.press(Key::Escape);
                let order = OrderLine { holder: name.clone(), ..stages::line(screen, 1, LineState::Reviewing) };
                screen.happens(Event::Orders(vec![order.clone()]));
                press(screen, english, "page.orders");
                judge(screen, "orders");
                screen.happens(Event::OrderReady(order));
                judge(screen, "a toast");
                let key = screen.keys()[0].clone();
                screen.press_button(&key);
                press(screen, english, "action.unlock");
                unlock_stages::reach(screen, 1, unlock_stages::form());
                main_button(screen, english, "renew.next");
            },
        );
    }
}
