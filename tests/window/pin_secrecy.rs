//! After a PIN was changed through the window it is nowhere in the toolkit: not in its memory, input, tree or clipboard.

use crate::bench::{Bench, PIN};
use crate::change_pin::{AGAIN, CURRENT, NEW, dialog, fill};
use crate::screen::Screen;
use crate::stages::{self, PIN_FIELD};
use crate::unlock_stages;
use cert_assistant::app::{Command, RenewalAsk, UnlockAsk};
use eframe::egui::{self, Context, Event, Key, Modifiers, RawInput, TextEdit};
use order_api::UnlockRoute;
use virtual_key::State;

/// Long and without meaning, so that it stands nowhere by chance.
const NEW_PIN: &str = "zq7Xw3Kp9";

/// Everything the toolkit keeps between frames, as far as it can be seen.
fn state(ctx: &Context) -> String {
    let memory = ctx.memory(Clone::clone);
    let input = ctx.input(Clone::clone);
    format!("{memory:?}\n{input:?}\n{:?}", input.raw)
}

/// Number of text fields the toolkit remembers; what is in them is not printed with its state.
fn text_fields(ctx: &Context) -> usize {
    ctx.data(|data| data.count::<egui::text_edit::TextEditState>())
}

/// True when the PIN or an unmistakable part of it stands there, as one text or as a row of events.
fn tells(state: &str) -> bool {
    let row = |before: &str, behind: char| -> String {
        state.split(before).skip(1).filter_map(|rest| rest.split(behind).next()).collect()
    };
    let typed = row("Text(\"", '"');
    let pressed = row(" key: ", ',').replace("Num", "").to_lowercase();
    let parts = NEW_PIN.as_bytes().windows(4).map(|part| std::str::from_utf8(part).unwrap());
    parts.into_iter().any(|part| state.contains(part) || typed.contains(part) || pressed.contains(&part.to_lowercase()))
}

fn type_new_pin() -> Vec<Event> {
    let mut events = Vec::new();
    for c in NEW_PIN.chars() {
        if let Some(key) = Key::from_name(&c.to_ascii_uppercase().to_string()) {
            events.push(Event::Key {
                key,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers: Modifiers::NONE,
            });
        }
        events.push(Event::Text(c.to_string()));
    }
    events
}

#[track_caller]
fn silent(screen: &Screen) {
    assert!(!tells(&state(&screen.ctx)), "the toolkit's state");
    assert!(!tells(&screen.text()), "the accessibility tree");
    let output = &screen.output.platform_output;
    assert!(!tells(&format!("{:?} {:?} {:?}", output.commands, output.events, output.ime)), "the platform output");
    assert_eq!(text_fields(&screen.ctx), 0, "text fields of the toolkit, with their undo history");
    assert!(!tells(&screen.copied.concat()), "the clipboard");
}

#[test]
fn a_changed_pin_is_nowhere_in_the_toolkit_while_it_is_typed_nor_after() {
    let (_bench, _, mut screen) = dialog();
    screen.fill(CURRENT, PIN);
    for field in [NEW, AGAIN] {
        screen.click(field);
        // all at once, as a fast typist or a keyboard wedge does it
        screen.frame(type_new_pin());
        silent(&screen);
        screen.settle();
        screen.click(&format!("显示 {field}"));
        silent(&screen);
    }
    screen.click("确定");
    screen.wait_for("修改密码成功");
    silent(&screen);
    // it was this PIN: it holds now
    screen.click("修改密码");
    fill(&mut screen, NEW_PIN, "p4q8r2");
    silent(&screen);
    screen.click("确定");
    screen.wait_for("修改密码成功");
    silent(&screen);
}

#[test]
fn what_is_typed_beside_the_fields_or_behind_escape_does_not_stay_either() {
    let (_bench, _, mut screen) = dialog();
    screen.focus("不知道当前密码？");
    screen.frame(type_new_pin());
    silent(&screen);
    screen.click(CURRENT);
    let mut events = vec![Event::Key {
        key: Key::Escape,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    }];
    events.extend(type_new_pin());
    screen.frame(events);
    silent(&screen);
    screen.frame(Vec::new());
    silent(&screen);
    screen.hides(&[CURRENT]);
}

/// Types the PIN all at once into the field on the page, shows it, sends it by Enter with more typed behind, and while it
/// is used; returns what was asked.
#[track_caller]
fn type_and_send(screen: &mut Screen) -> Vec<Command> {
    screen.click(PIN_FIELD);
    screen.frame(type_new_pin());
    silent(screen);
    screen.settle();
    screen.click(&format!("显示 {PIN_FIELD}"));
    silent(screen);
    // beside the field
    screen.frame(type_new_pin());
    silent(screen);
    screen.click(PIN_FIELD);
    screen.select_all();
    let mut events = type_new_pin();
    events.push(press(Key::Enter));
    events.extend(type_new_pin());
    screen.frame(events);
    silent(screen);
    screen.frame(Vec::new());
    silent(screen);
    screen.frame(type_new_pin());
    silent(screen);
    screen.settle();
    silent(screen);
    screen.asked()
}

fn press(key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
}

#[test]
fn the_pin_of_a_renewal_is_nowhere_in_the_toolkit_either() {
    let (bench, _) = stages::bench();
    let mut screen = stages::at(&bench, stages::identify());
    let asked = type_and_send(&mut screen);
    let [Command::Renewal { ask: RenewalAsk::Identify(pin), .. }] = &asked[..] else { panic!("{} asks", asked.len()) };
    assert_eq!(pin.expose(), NEW_PIN.as_bytes(), "it was this PIN");
    stages::reach(&mut screen, 1, stages::download(None, false));
    silent(&screen);
    let asked = type_and_send(&mut screen);
    let [Command::Renewal { ask: RenewalAsk::Download(pin), .. }] = &asked[..] else { panic!("{} asks", asked.len()) };
    assert_eq!(pin.expose(), NEW_PIN.as_bytes());
    stages::fail(&mut screen, 1, stages::wrong_pin(2));
    silent(&screen);
    // at few tries it waits for the second answer, then the page is left
    screen.frame(type_new_pin());
    screen.press(Key::Enter);
    screen.shows(&["仍然尝试"]);
    screen.frame(type_new_pin());
    silent(&screen);
    screen.press(Key::Escape);
    let mut events = vec![press(Key::Escape)];
    events.extend(type_new_pin());
    screen.frame(events);
    silent(&screen);
    screen.settle();
    silent(&screen);
}

#[test]
fn the_pin_that_removes_a_former_certificate_is_nowhere_in_the_toolkit_either() {
    let (bench, _) = Bench::with(State::TwoContainers);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    let button = screen.buttons().into_iter().find(|name| name.starts_with("移除历史证书")).unwrap();
    screen.click(&button);
    screen.click("我已了解，不再需要解密这些旧文件");
    let asked = type_and_send(&mut screen);
    let [Command::RemoveHistory { pin, .. }] = &asked[..] else { panic!("{} asks", asked.len()) };
    assert_eq!(pin.expose(), NEW_PIN.as_bytes());
}

#[test]
fn a_pin_typed_for_one_page_does_not_reach_the_text_fields_of_the_next() {
    let (bench, _) = stages::bench();
    let mut screen = stages::at(&bench, stages::identify());
    screen.frame(type_new_pin());
    screen.frame(vec![press(Key::Enter)]);
    // still typing when the answer comes
    stages::reach(&mut screen, 1, stages::form());
    screen.frame(Vec::new());
    assert!(!tells(&screen.text()));
}

#[test]
fn neither_code_nor_pins_of_an_unlock_are_anywhere_in_the_toolkit() {
    let (bench, _) = stages::bench();
    let mut screen = unlock_stages::at(&bench, unlock_stages::code(UnlockRoute::Sms));
    for field in [unlock_stages::CODE, unlock_stages::NEW, unlock_stages::AGAIN] {
        screen.click(field);
        screen.frame(type_new_pin());
        silent(&screen);
        screen.settle();
        silent(&screen);
    }
    screen.click(&format!("显示 {}", unlock_stages::NEW));
    silent(&screen);
    // beside the fields
    screen.frame(type_new_pin());
    silent(&screen);
    screen.click(unlock_stages::AGAIN);
    screen.select_all();
    let mut events = type_new_pin();
    events.push(press(Key::Enter));
    events.extend(type_new_pin());
    screen.frame(events);
    silent(&screen);
    screen.frame(type_new_pin());
    screen.settle();
    silent(&screen);
    let asked = screen.asked();
    // longer than this CA takes: it was not sent, only the search was for it
    assert!(asked.is_empty());
    unlock_stages::reach(&mut screen, 1, unlock_stages::prove());
    screen.frame(type_new_pin());
    silent(&screen);
    screen.settle();
    screen.press(Key::Enter);
    silent(&screen);
    let asked = screen.asked();
    let [Command::Unlock { ask: UnlockAsk::Prove(pin), .. }] = &asked[..] else { panic!("{} asks", asked.len()) };
    assert_eq!(pin.expose(), NEW_PIN.as_bytes(), "it was this PIN");
    screen.frame(type_new_pin());
    screen.settle();
    silent(&screen);
}

/// The proof that this search finds what is there.
#[test]
fn an_ordinary_text_field_would_be_found() {
    let ctx = Context::default();
    let mut text = String::new();
    let mut frame = |events: Vec<Event>| {
        let input = RawInput { events, ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            ui.add(TextEdit::singleline(&mut text).password(true).id(egui::Id::unique("pin"))).request_focus();
        });
        output.textures_delta.clear();
    };
    frame(Vec::new());
    frame(Vec::new());
    frame(type_new_pin());
    let kept = state(&ctx);
    assert!(tells(&kept), "the input of the last frame");
    assert!(tells(&kept.replace("Text(", "")), "the keys pressed in it");
    frame(Vec::new());
    assert_eq!((text.as_str(), text_fields(&ctx)), (NEW_PIN, 1));
}
