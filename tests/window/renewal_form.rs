//! 2 核对信息: what is shown, what is checked while it is typed, the picture, and a session that runs out.

use crate::bench::{Bench, NOW};
use crate::screen::{Plan, Screen};
use crate::stages::{at, bench, captcha, fail, fault, form, form_of, identify, paid_session, reach, session};
use cert_assistant::app::RenewalAsk;
use eframe::egui::Key;
use order_api::{Base64, Captcha, Contact};
use std::time::Duration;
use virtual_key::{Spec, State};

const NAME: &str = "联系人姓名";
const MOBILE: &str = "手机号码";
const EMAIL: &str = "电子邮箱";
const CAPTCHA: &str = "验证码";

/// Replaces what stands in a field.
#[track_caller]
fn replace(screen: &mut Screen, field: &str, text: &str) {
    screen.click(field);
    screen.select_all();
    screen.press(Key::Backspace);
    screen.enter(text);
}

#[track_caller]
fn submitted(screen: &Screen) -> (Contact, Option<String>) {
    match screen.asked_renewal() {
        (1, RenewalAsk::Submit { contact, captcha }) => (contact, captcha),
        _ => panic!("another ask"),
    }
}

#[test]
fn it_shows_owner_both_validities_product_and_fee_and_fills_in_the_registered_contact() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form_of(paid_session(), None));
    assert_eq!(screen.field("证书所有者"), "北京演示科技有限公司");
    let day = |unix| {
        let day = certificate::beijing_day(unix);
        format!("{}年{:02}月{:02}日", day.year, day.month, day.day)
    };
    let (old, new) = (crate::stages::old(), crate::stages::new());
    assert_eq!(screen.field("原有效期"), format!("{} 到 {}", day(old.from), day(old.until)));
    assert_eq!(screen.field("新有效期"), format!("{} 到 {}", day(new.from), day(new.until)));
    assert_eq!(screen.field("产品与费用"), "单位证书（一年） · 200.00 元");
    screen.shows(&["这些联系信息以后用于解锁"]);
    assert_eq!(screen.obstacle("提交"), None);
    screen.click("提交");
    let registered =
        Contact { name: "李雷".to_owned(), mobile: "13800138000".to_owned(), email: "lilei@example.com".to_owned() };
    assert_eq!(submitted(&screen), (registered, None));
    screen.shows(&["正在提交…"]);
}

#[test]
fn a_free_product_says_so() {
    let (bench, _) = bench();
    let screen = at(&bench, form());
    assert_eq!(screen.field("产品与费用"), "单位证书（一年） · 免费");
}

#[test]
fn each_field_is_judged_while_it_is_typed_and_says_what_is_missing() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form_of(session(), None));
    for (field, text, note, obstacle) in [
        (NAME, "", "必填", Some("请填写联系人姓名")),
        (NAME, &"长".repeat(65), "不超过 64 个字", Some("请填写联系人姓名")),
        (NAME, "韩梅梅", "", None),
        (MOBILE, "", "必填", Some("请填写正确的手机号码")),
        (MOBILE, "139", "已输入 3 位，共 11 位", Some("请填写正确的手机号码")),
        (MOBILE, "239", "应为 1 开头的 11 位数字", Some("请填写正确的手机号码")),
        (MOBILE, "139a", "应为 1 开头的 11 位数字", Some("请填写正确的手机号码")),
        (MOBILE, "139001390001", "应为 1 开头的 11 位数字", Some("请填写正确的手机号码")),
        (MOBILE, " 13900139000 ", "", None),
        (EMAIL, "mei@", "格式不正确", Some("请改正电子邮箱，或者不填")),
        (EMAIL, "mei@example.com", "", None),
        (EMAIL, "", "可不填", None),
    ] {
        replace(&mut screen, field, text);
        assert_eq!(screen.description(field).unwrap_or_default(), note, "{field} {text}");
        assert_eq!(screen.obstacle("提交").as_deref(), obstacle, "{field} {text}");
    }
    screen.press(Key::Enter);
    let (contact, _) = submitted(&screen);
    assert_eq!((contact.name.as_str(), contact.mobile.as_str(), contact.email.as_str()), ("韩梅梅", "13900139000", ""));
}

#[test]
fn enter_in_a_field_sends_nothing_while_something_is_missing() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    replace(&mut screen, MOBILE, "138");
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty());
}

#[test]
fn without_a_registered_contact_the_fields_are_empty_and_the_first_has_the_keyboard() {
    let (bench, _) = bench();
    let mut session = session();
    session.contact = Contact::default();
    let screen = at(&bench, form_of(session, None));
    assert_eq!(screen.focused().unwrap(), NAME);
    assert_eq!(screen.obstacle("提交").unwrap(), "请填写联系人姓名");
}

#[test]
fn the_picture_is_answered_and_another_one_empties_the_field() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    assert!(screen.shows_picture("验证码图片"));
    assert_eq!(screen.obstacle("提交").unwrap(), "请输入图片中的全部字符");
    screen.fill(CAPTCHA, "k7m");
    assert_eq!(screen.obstacle("提交").unwrap(), "请输入图片中的全部字符", "it is not whole yet");
    screen.enter("2");
    assert_eq!(screen.obstacle("提交"), None);
    screen.click("换一张");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::NewCaptcha)));
    reach(&mut screen, 1, form_of(session(), Some(captcha("c2"))));
    assert_eq!(screen.obstacle("提交").unwrap(), "请输入图片中的全部字符", "an answer belongs to its picture");
    assert_eq!(screen.focused().unwrap(), CAPTCHA);
    screen.enter("p4q8");
    screen.press(Key::Enter);
    assert_eq!(submitted(&screen).1.unwrap(), "p4q8");
    // it was wrong: the fault and the new picture come in either order
    fail(&mut screen, 1, fault());
    reach(&mut screen, 1, form_of(session(), Some(captcha("c3"))));
    screen.shows(&["KEY-105"]);
    assert_eq!(screen.focused().unwrap(), CAPTCHA);
    screen.enter("r5t6");
    screen.press(Key::Enter);
    assert_eq!(submitted(&screen).1.unwrap(), "r5t6");
    reach(&mut screen, 1, form_of(session(), Some(captcha("c4"))));
    fail(&mut screen, 1, fault());
    screen.shows(&["KEY-105"]);
    assert_eq!(screen.obstacle("提交").unwrap(), "请输入图片中的全部字符");
}

#[test]
fn a_picture_that_is_none_can_be_exchanged() {
    let (bench, _) = bench();
    let broken = Captcha { id: "c1".to_owned(), image: Base64(b"no picture".to_vec()), expires: *NOW + 300 };
    let mut screen = at(&bench, form_of(session(), Some(broken)));
    screen.shows(&["图片无法显示，请换一张"]);
    assert!(!screen.shows_picture("验证码图片"));
    screen.click("换一张");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::NewCaptcha)));
    reach(&mut screen, 1, form());
    assert!(!screen.shows_picture("验证码图片"), "the same id is the same picture");
    reach(&mut screen, 1, form_of(session(), Some(captcha("c2"))));
    assert!(screen.shows_picture("验证码图片"));
}

#[test]
fn a_session_that_ran_out_leads_back_to_the_identity_and_keeps_what_was_typed() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form_of(session(), None));
    replace(&mut screen, NAME, "韩梅梅");
    screen.let_pass(Duration::from_secs(899));
    assert!(screen.asked().is_empty());
    assert!(screen.rests_for() <= Duration::from_secs(2), "it wakes when the session ends");
    screen.let_pass(Duration::from_secs(1));
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    reach(&mut screen, 1, identify());
    screen.shows(&["距上次确认身份时间过长", "确认您的身份"]);
    screen.enter("123456");
    screen.press(Key::Enter);
    screen.asked();
    let mut next = session();
    (next.id, next.expires) = ("session-2".to_owned(), *NOW + 1800);
    reach(&mut screen, 1, form_of(next, None));
    screen.click("提交");
    assert_eq!(submitted(&screen).0.name, "韩梅梅");
    // the sentence is gone the next time
    reach(&mut screen, 1, identify());
    screen.hides(&["距上次确认身份时间过长"]);
}

#[test]
fn an_order_that_is_being_sent_is_not_broken_off_by_the_clock() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form_of(session(), None));
    screen.click("提交");
    submitted(&screen);
    screen.let_pass(Duration::from_secs(1000));
    assert!(screen.asked().is_empty());
    fail(&mut screen, 1, fault());
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)), "afterwards it is");
}

#[test]
fn a_service_that_ended_the_session_early_can_be_asked_anew() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    assert!(screen.controls("重新确认身份").is_empty());
    fail(&mut screen, 1, fault());
    screen.click("重新确认身份");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
}

#[test]
fn registered_contacts_of_another_session_are_taken_when_nothing_was_changed() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form_of(session(), None));
    let mut next = session();
    next.id = "session-2".to_owned();
    next.contact.name = "韩梅梅".to_owned();
    reach(&mut screen, 1, form_of(next, None));
    screen.click("提交");
    assert_eq!(submitted(&screen).0.name, "韩梅梅");
}

#[test]
fn at_the_smallest_window_size_the_form_is_filled_in_and_sent_by_keyboard() {
    let bench = Bench::empty();
    bench.insert(&Spec {
        days: Some(20), ..crate::bench::spec("北京演示科技有限公司", "1").state(State::Expiring)
    });
    let mut screen = Screen::read(Plan::new(&bench).size(720.0, 480.0), &bench);
    crate::keyboard::tab_to(&mut screen, "证书更新");
    screen.press(Key::Enter);
    screen.asked();
    let mut session = session();
    session.contact = Contact::default();
    reach(&mut screen, 1, form_of(session, Some(captcha("c1"))));
    for (field, text) in [(NAME, "韩梅梅"), (MOBILE, "13900139000"), (CAPTCHA, "k7m2")] {
        crate::keyboard::tab_to(&mut screen, field);
        assert!(screen.is_in_sight(field), "{field} is scrolled out of sight");
        screen.enter(text);
    }
    crate::keyboard::tab_to(&mut screen, "提交");
    assert!(screen.is_in_sight("提交"));
    screen.press(Key::Enter);
    assert_eq!(submitted(&screen).0.name, "韩梅梅");
}
