//! What can't be a PIN is refused in every field that asks for one, typed or pasted, and no key hears of it.

use crate::bench::{Bench, Card, PIN, VERIFY_PIN};
use crate::change_pin::{AGAIN, CURRENT, NEW, NEW_PIN, dialog};
use crate::screen::Screen;
use crate::stages::{self, PIN_FIELD};
use crate::unlock_stages;
use cert_assistant::app::{Command, RenewalAsk, UnlockAsk};
use eframe::egui::{Event, Key};
use virtual_key::State;

const KEPT: &str = "没有消耗次数";

/// What may be typed or pasted for 123456, and what is said of it.
const ODD: [(&str, &str); 29] = [
    ("123456\n\n", "控制字符"),
    ("123456\r", "控制字符"),
    ("123456\r\r\n", "控制字符"),
    ("\n123456", "控制字符"),
    ("123\n456", "控制字符"),
    ("123456\t", "控制字符"),
    ("\t123456", "控制字符"),
    ("123456\0", "控制字符"),
    ("123456\u{7f}", "控制字符"),
    ("\u{1b}123456", "控制字符"),
    ("123456\u{85}", "控制字符"),
    ("\u{feff}123456", "看不见"),
    ("123\u{200b}456", "看不见"),
    ("123456\u{200d}", "看不见"),
    ("\u{202e}123456", "看不见"),
    ("123\u{ad}456", "看不见"),
    ("123456\u{fe0f}", "看不见"),
    ("123456\u{2028}", "看不见"),
    ("１２３４５６", "全角"),
    ("12345６", "全角"),
    ("123456　", "全角"),
    (" 123456", "空格"),
    ("123456 ", "空格"),
    ("123456\u{a0}", "以外的字符"),
    ("12345б", "以外的字符"),
    ("12345é", "以外的字符"),
    ("密码密码", "以外的字符"),
    ("12345", "6-16 位"),
    ("12345678901234567", "6-16 位"),
];

fn paste(screen: &mut Screen, text: &str) {
    screen.frame(vec![Event::Paste(text.to_owned())]);
    screen.settle();
}

/// Puts each odd text into a field, both ways, presses Enter, and sees that the button says why not.
#[track_caller]
fn refuses_each(screen: &mut Screen, field: &str, button: &str) {
    for (text, said) in ODD {
        for pasted in [false, true] {
            screen.click(field);
            screen.select_all();
            if pasted {
                paste(screen, text);
            } else {
                screen.enter(text);
            }
            let why = screen.obstacle(button).unwrap_or_else(|| panic!("{} is taken", text.escape_unicode()));
            assert!(why.contains(said) && why.contains(KEPT), "{}: {why}", text.escape_unicode());
            screen.press(Key::Enter);
        }
    }
}

fn tries(card: &Card, screen: &Screen) -> u8 {
    screen.window.model().key(card.slot.id).unwrap().view().unwrap().contents.pin.unwrap().tries_left
}

#[test]
fn changing_the_pin_refuses_each_and_the_right_one_still_works() {
    let (_bench, card, mut screen) = dialog();
    screen.fill(NEW, NEW_PIN);
    screen.fill(AGAIN, NEW_PIN);
    refuses_each(&mut screen, CURRENT, "确定");
    assert_eq!((card.times_sent(VERIFY_PIN), tries(&card, &screen)), (0, 10));
    screen.click(CURRENT);
    screen.select_all();
    paste(&mut screen, &format!("{PIN}\r\n"));
    screen.click("确定");
    screen.wait_for("修改密码成功");
    assert_eq!(card.times_sent(VERIFY_PIN), 1);
}

#[test]
fn what_is_odd_stands_beside_the_field_while_it_is_typed() {
    let (_bench, _, mut screen) = dialog();
    screen.fill(CURRENT, "12３");
    assert_eq!(screen.description(CURRENT).unwrap(), "密码里有全角字符");
    screen.press(Key::Backspace);
    assert_eq!(screen.description(CURRENT).unwrap(), "还可以输错 10 次");
    screen.enter(" ");
    assert_eq!(screen.description(CURRENT).unwrap(), "还可以输错 10 次", "more may follow");
}

#[test]
fn a_pin_with_blanks_inside_and_every_symbol_is_set_and_used() {
    let (_bench, card, mut screen) = dialog();
    let mut current = PIN.to_owned();
    for new in ["a 1  b!", "!\"#$%&'()*+,1a", "-./:;<=>?@[1a", "\\]^_`{|}~1a"] {
        screen.fill(CURRENT, &current);
        screen.fill(NEW, new);
        screen.fill(AGAIN, new);
        screen.click("确定");
        screen.wait_for("修改密码成功");
        screen.let_pass(std::time::Duration::from_secs(5));
        screen.click("修改密码");
        new.clone_into(&mut current);
    }
    assert_eq!(card.times_sent(VERIFY_PIN), 4);
}

#[test]
fn a_new_pin_with_blanks_at_its_ends_or_a_control_character_is_no_new_pin() {
    let (_bench, _, mut screen) = dialog();
    screen.fill(CURRENT, PIN);
    for new in [" k7m2x9", "k7m2x9 ", "k7m2\tx9"] {
        for field in [NEW, AGAIN] {
            screen.click(field);
            screen.select_all();
            paste(&mut screen, new);
        }
        assert_eq!(screen.obstacle("确定").as_deref(), Some("新密码还没有满足要求"), "{new:?}");
    }
}

#[test]
fn a_renewal_refuses_each_before_it_identifies_and_before_it_downloads() {
    let (bench, _) = stages::bench();
    let mut screen = stages::at(&bench, stages::identify());
    refuses_each(&mut screen, PIN_FIELD, "下一步");
    assert!(screen.asked().is_empty());
    screen.select_all();
    screen.enter(PIN);
    screen.click("下一步");
    assert!(matches!(&screen.asked()[..], [Command::Renewal { ask: RenewalAsk::Identify(_), .. }]));
    stages::reach(&mut screen, 1, stages::download(None, false));
    screen.click(PIN_FIELD);
    screen.enter("123456\u{200b}");
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty());
}

#[test]
fn the_proof_of_an_unlock_refuses_each() {
    let (bench, _) = stages::bench();
    let mut screen = unlock_stages::at(&bench, unlock_stages::prove());
    refuses_each(&mut screen, "刚设置的新密码", "完成");
    assert!(screen.asked().is_empty());
    screen.select_all();
    screen.enter(PIN);
    screen.press(Key::Enter);
    assert!(matches!(&screen.asked()[..], [Command::Unlock { ask: UnlockAsk::Prove(_), .. }]));
}

#[test]
fn removing_a_former_certificate_refuses_each() {
    let (bench, card) = Bench::with(State::TwoContainers);
    let mut screen = Screen::of(&bench);
    screen.click("更多证书信息");
    let button = screen.buttons().into_iter().find(|name| name.starts_with("移除历史证书")).unwrap();
    screen.click(&button);
    screen.click("我已了解，不再需要解密这些旧文件");
    refuses_each(&mut screen, PIN_FIELD, "永久移除");
    assert!(screen.asked().is_empty());
    assert_eq!((card.times_sent(VERIFY_PIN), tries(&card, &screen)), (0, 10));
}
