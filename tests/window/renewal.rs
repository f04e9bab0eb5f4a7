//! 证书更新, the way from the card to the first steps: opening, portal, identity; and what holds at every stage.

use crate::bench::{Bench, PIN, spec};
use crate::screen::{Plan, Screen};
use crate::stages::{
    ADDRESS, CA, NO, OWNER, PIN_FIELD, SERIAL, TELEPHONE, at, bench, done, download, ended, expiring, fail, fault,
    form, identify, open, paying, payment, portal, reach, reviewing, verifying, wrong_pin,
};
use cert_assistant::app::{Command, DownloadLine, Event, Fault, FaultCode, RenewalAsk, RenewalStage};
use eframe::egui::Key;
use order_api::{OrderState, Support};
use std::time::Duration;
use virtual_key::{Spec, State, VirtualKey};

/// Every stage, by a name for failures.
fn stages() -> Vec<(&'static str, RenewalStage)> {
    vec![
        ("portal", portal("https://ca.example.cn/renew")),
        ("identify", identify()),
        ("form", form()),
        ("reviewing", reviewing()),
        ("verify", verifying(None)),
        ("code", verifying(Some(*crate::bench::NOW))),
        ("pay", paying(None)),
        ("qr", paying(Some(payment()))),
        ("rejected", ended(OrderState::Rejected, Some("照片不清楚"))),
        ("download", download(None, false)),
        ("cut", download(Some(DownloadLine::Issue), true)),
    ]
}

/// The fault with a number for every value its sentences name.
fn filled(mut fault: Fault) -> Fault {
    let sentences = fault.sentences(true);
    let texts = [sentences.what, sentences.kept, sentences.todo].concat();
    for name in texts.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()) {
        fault = fault.with(name.leak(), "7");
    }
    fault
}

#[test]
fn from_card_and_banner_the_wizard_opens_with_the_outline_of_what_is_coming() {
    for button in ["证书更新", "立即更新"] {
        let (bench, _) = bench();
        let mut screen = Screen::of(&bench);
        screen.click(button);
        assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
        screen.shows(&["正在查询发证机构", "正在查询这张证书能否在线更新…", OWNER]);
        assert_eq!(screen.buttons(), ["返回"], "nothing can be pressed but the way out");
        assert!(screen.chosen_key().is_some(), "the key stays marked in the list");
    }
}

#[test]
fn no_pin_is_asked_for_when_the_ca_says_in_public_that_it_would_refuse() {
    let (bench, _) = bench();
    let refusal = Some(filled(Fault::new(FaultCode::RenewalTooEarly)));
    let what = refusal.as_ref().unwrap().sentences(true).what;
    let mut screen = at(&bench, identify());
    screen.control(PIN_FIELD);
    let refused = RenewalStage::Identify { ca: CA.to_owned(), address: ADDRESS.to_owned(), refusal };
    reach(&mut screen, 1, refused);
    screen.shows(&[&what]);
    assert!(screen.controls(PIN_FIELD).is_empty());
    assert_eq!(screen.obstacle("下一步"), Some(what));
}

#[test]
fn a_ca_that_cannot_be_reached_says_why_and_is_tried_again() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    fail(&mut screen, 1, fault());
    screen.shows(&["没有连接上发证机构", "UKey 没有响应", "UKey 中的证书没有改变。", "KEY-105 · 6F00"]);
    screen.click("重试");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    screen.shows(&["正在查询发证机构"]);
    screen.hides(&["KEY-105"]);
}

#[test]
fn after_a_while_a_slow_service_is_explained() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    screen.hides(&["用时比平常长"]);
    screen.let_pass(Duration::from_secs(4));
    screen.shows(&["用时比平常长"]);
}

#[test]
fn a_ca_without_our_service_is_reached_by_its_page_step_by_step() {
    let (bench, _) = bench();
    let mut screen = at(&bench, portal("https://ca.example.cn/renew"));
    screen.shows(&[&format!("在{CA}的网站上更新"), "1.", "4.", "https://ca.example.cn/renew", TELEPHONE]);
    screen.click("在浏览器中打开");
    assert_eq!(screen.browsed, ["https://ca.example.cn/renew"]);
    assert!(screen.asked().is_empty(), "the page alone is opened");
}

#[test]
fn without_a_page_or_with_an_unsafe_one_nothing_is_opened_and_the_hot_line_is_named() {
    for (url, sentence) in
        [("", "本程序不知道"), ("http://ca.example.cn/renew", "不安全"), ("javascript:alert(1)", "不安全")]
    {
        let (bench, _) = bench();
        let screen = at(&bench, portal(url));
        screen.shows(&[sentence, TELEPHONE]);
        assert!(screen.controls("在浏览器中打开").is_empty(), "{url}");
    }
}

#[test]
fn identity_says_what_is_sent_to_whom_and_asks_for_the_pin() {
    let (bench, _) = bench();
    let mut screen = at(&bench, identify());
    screen.shows(&[
        &format!("将连接{CA}（{ADDRESS}）"),
        "您的证书（公开信息）",
        &format!("UKey 序列号 {SERIAL}"),
        "UKey 对本次请求的签名",
        "密码不会发送",
        "还可以输错 10 次",
    ]);
    assert_eq!(screen.focused().unwrap(), PIN_FIELD, "typing can begin at once");
    assert_eq!(screen.obstacle("下一步").unwrap(), "请输入密码");
    screen.enter(PIN);
    screen.click("下一步");
    let (slot, ask) = screen.asked_renewal();
    let RenewalAsk::Identify(pin) = ask else { panic!("another ask") };
    assert_eq!((slot, pin.expose()), (1, PIN.as_bytes()));
    screen.shows(&["正在确认身份，请勿拔出 UKey…"]);
    assert_eq!(screen.obstacle("下一步").unwrap(), "正在处理，请稍候");
    screen.enter("123");
    fail(&mut screen, 1, fault());
    assert_eq!(
        screen.obstacle("下一步").unwrap(),
        "请输入密码",
        "nothing is kept of the PIN, or of what was typed meanwhile"
    );
}

#[test]
fn a_wrong_pin_marks_the_field_and_counts_down_everywhere() {
    let (bench, _) = bench();
    let mut screen = at(&bench, identify());
    screen.enter("000001");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Identify(_))));
    fail(&mut screen, 1, wrong_pin(9));
    screen.shows(&["密码不正确，还可以输错 9 次"]);
    assert_eq!(screen.description(PIN_FIELD).unwrap(), "密码不正确，还可以输错 9 次");
    assert_eq!(screen.focused().unwrap(), PIN_FIELD);
    screen.click("返回");
    assert_eq!(screen.field("密码"), "还可以输错 9 次");
}

#[test]
fn before_the_last_tries_the_person_is_asked_once_more() {
    let (bench, _) = bench();
    let mut screen = at(&bench, identify());
    fail(&mut screen, 1, wrong_pin(2));
    screen.fill(PIN_FIELD, PIN);
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty(), "nothing is sent before the answer");
    screen.shows(&["还可以输错 2 次", "密码次数用完后 UKey 会被锁定"]);
    screen.press(Key::Escape);
    screen.shows(&["确认您的身份"]);
    screen.click("下一步");
    screen.click("仍然尝试");
    let (_, RenewalAsk::Identify(pin)) = screen.asked_renewal() else { panic!("another ask") };
    assert_eq!(pin.expose(), PIN.as_bytes());
    fail(&mut screen, 1, wrong_pin(1));
    screen.fill(PIN_FIELD, PIN);
    screen.press(Key::Enter);
    screen.click("找回密码");
    crate::unlock_stages::opened(&screen);
    assert!(screen.asked().is_empty());
}

#[test]
fn a_locked_key_leads_to_unlocking() {
    let locked = |screen: &mut Screen| {
        screen.shows(&["UKey 已锁定"]);
        assert!(screen.controls("下一步").is_empty());
        screen.click("找回密码");
        crate::unlock_stages::opened(screen);
    };
    // it was locked before
    let bench = Bench::empty();
    bench.insert(&Spec { days: Some(20), ..spec(OWNER, "1").state(State::Locked) });
    let mut screen = at(&bench, identify());
    locked(&mut screen);
    drop(screen);
    // the last try was this one
    let (bench, _) = crate::stages::bench();
    let mut screen = at(&bench, identify());
    fail(&mut screen, 1, Fault::new(FaultCode::PinLocked));
    screen.shows(&["KEY-104"]);
    locked(&mut screen);
}

#[test]
fn a_model_whose_pin_format_is_unknown_gets_no_pin() {
    let bench = Bench::empty();
    let mut state = bench.make(&expiring());
    state.device.label = "Token".to_owned();
    bench.insert_with_atr(VirtualKey::new(state), vec![0x3B, 0x00]);
    let screen = at(&bench, identify());
    screen.shows(&["这个型号不在型号表中，只能查看"]);
    assert_eq!(screen.obstacle("下一步").unwrap(), "这个型号不在型号表中，只能查看");
}

#[test]
fn a_pin_that_is_too_long_for_any_key_is_not_sent() {
    let (bench, _) = bench();
    let mut screen = at(&bench, identify());
    screen.enter(&"密".repeat(40));
    assert!(screen.obstacle("下一步").unwrap().contains("6-16 位"));
    screen.press(Key::Enter);
    assert!(screen.asked().is_empty());
}

#[test]
fn every_fault_at_every_stage_is_told_with_what_was_kept_what_to_do_its_code_and_the_telephone() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    for (name, stage) in stages() {
        reach(&mut screen, 1, stage);
        for &code in FaultCode::ALL.iter().filter(|code| **code != FaultCode::WrongPin) {
            let fault = filled(Fault::new(code).detail("detail 77"));
            let sentences = fault.sentences(true);
            let reference = fault.reference();
            fail(&mut screen, 1, fault);
            assert!(screen.sees(&reference), "{name}: {reference} is missing in\n{}", screen.text());
            screen.shows(&[&sentences.what, &sentences.kept, &sentences.todo, TELEPHONE]);
            // PinLocked has taken the tries: they are given back for the next one
            fail(&mut screen, 1, wrong_pin(10));
        }
    }
}

#[test]
fn a_fault_stays_when_the_state_refreshes_by_itself_and_goes_when_something_is_asked() {
    let (bench, _) = bench();
    let mut screen = at(&bench, reviewing());
    fail(&mut screen, 1, fault());
    reach(&mut screen, 1, reviewing());
    screen.shows(&["KEY-105"]);
    screen.click("刷新");
    screen.hides(&["KEY-105"]);
    fail(&mut screen, 1, fault());
    reach(&mut screen, 1, download(None, false));
    screen.hides(&["KEY-105"]);
}

#[test]
fn while_something_runs_every_button_but_the_way_out_says_that_it_waits() {
    let busy: [(RenewalStage, &str, &[&str], &str); 7] = [
        (form(), "换一张", &["提交"], "正在换图片…"),
        (reviewing(), "刷新", &["刷新"], "正在查询进度…"),
        (verifying(None), "发送验证码", &["发送验证码", "刷新"], "正在发送验证码…"),
        (paying(None), "去支付", &["去支付", "刷新"], "正在准备支付…"),
        (ended(OrderState::Expired, None), "重新申请", &[], "正在查询这张证书能否在线更新…"),
        (verifying(Some(*crate::bench::NOW - 60)), "重新发送", &["重新发送", "验证", "刷新"], "正在发送验证码…"),
        (paying(Some(payment())), "刷新", &["刷新"], "正在查询进度…"),
    ];
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    for (stage, press, blocked, text) in busy {
        reach(&mut screen, 1, stage);
        screen.click(press);
        assert_eq!(screen.asked().len(), 1, "{press}");
        screen.shows(&[text]);
        for name in blocked {
            assert_eq!(screen.obstacle(name).unwrap(), "正在处理，请稍候", "{name} after {press}");
        }
        assert_eq!(screen.obstacle("返回"), None);
    }
}

#[test]
fn back_and_escape_leave_every_stage_and_tell_the_threads() {
    for (name, stage) in stages() {
        for by_key in [false, true] {
            let (bench, _) = bench();
            let mut screen = at(&bench, stage.clone());
            let mut asked = Vec::new();
            if by_key {
                screen.press(Key::Escape);
                asked.extend(screen.asked());
                if asked.is_empty() {
                    // the first one left a text field
                    screen.press(Key::Escape);
                }
            } else {
                screen.press_button("返回");
            }
            asked.extend(screen.asked());
            assert!(matches!(asked[..], [Command::Renewal { slot: 1, ask: RenewalAsk::Leave }]), "{name}");
            screen.shows(&["还有 20 天", "更多证书信息"]);
            // what comes too late opens nothing
            reach(&mut screen, 1, form());
            screen.hides(&["核对信息"]);
            screen.click("证书更新");
            assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)), "{name}: it begins anew");
        }
    }
}

#[test]
fn the_steps_say_which_is_over_which_is_now_and_which_comes() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    let steps = |screen: &Screen| -> Vec<String> {
        screen.text().lines().filter(|line| line.starts_with("第 ")).map(str::to_owned).collect()
    };
    reach(&mut screen, 1, identify());
    assert_eq!(
        steps(&screen),
        [
            "第 1 步 确认身份：进行中",
            "第 2 步 核对信息：未开始",
            "第 3 步 提交与审核：未开始",
            "第 4 步 下载证书：未开始",
            "第 5 步 完成：未开始"
        ]
    );
    for (stage, now) in [
        (form(), "第 2 步 核对信息：进行中"),
        (reviewing(), "第 3 步 提交与审核：进行中"),
        (download(None, false), "第 4 步 下载证书：进行中"),
        (done(), "第 5 步 完成：进行中"),
    ] {
        reach(&mut screen, 1, stage);
        let shown = steps(&screen);
        let at = shown.iter().position(|step| step == now).unwrap_or_else(|| panic!("{now} not in {shown:?}"));
        assert!(shown[..at].iter().all(|step| step.ends_with("已完成")));
        assert!(shown[at + 1..].iter().all(|step| step.ends_with("未开始")));
    }
    reach(&mut screen, 1, paying(None));
    assert_eq!(steps(&screen)[3], "第 4 步 支付：进行中", "where money is due it is a step of its own");
    reach(&mut screen, 1, done());
    assert_eq!(steps(&screen)[3], "第 4 步 支付：已完成");
}

#[test]
fn every_stage_rests() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    let minutes = Duration::from_secs(600);
    screen.let_pass(Duration::from_secs(4));
    for (name, stage) in stages().into_iter().chain([("done", done())]) {
        reach(&mut screen, 1, stage);
        screen.settle();
        let ticks = name == "code";
        assert_eq!(screen.rests_for() <= Duration::from_secs(1), ticks, "{name}: {:?}", screen.rests_for());
        if !ticks {
            assert!(screen.rests_for() > minutes, "{name} wakes after {:?}", screen.rests_for());
        }
    }
}

#[test]
fn with_the_keyboard_alone_an_order_is_sent() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    crate::keyboard::tab_to(&mut screen, "证书更新");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    reach(&mut screen, 1, identify());
    screen.enter(PIN);
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Identify(_))));
    reach(&mut screen, 1, form());
    assert_eq!(screen.focused().unwrap(), "验证码", "all else is filled in");
    screen.enter("k7m2");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Submit { .. })));
    reach(&mut screen, 1, reviewing());
    assert_eq!(screen.focused().unwrap(), "刷新");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Refresh)));
    reach(&mut screen, 1, download(None, false));
    screen.enter(PIN);
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Download(_))));
    reach(&mut screen, 1, done());
    assert_eq!(screen.focused().unwrap(), "完成");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Leave)));
    screen.shows(&["还有 20 天"]);
}

#[test]
fn tab_goes_through_the_form_in_reading_order() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    screen.focus("联系人姓名");
    let mut order = Vec::new();
    for _ in 0..7 {
        order.extend(screen.focused());
        screen.press(Key::Tab);
    }
    assert_eq!(
        order[..6],
        ["联系人姓名", "手机号码", "电子邮箱", "验证码", "换一张", "返回"],
        "提交 waits for the picture"
    );
}

#[test]
fn done_shows_both_validities_the_test_the_time_and_what_comes() {
    let (bench, _) = bench();
    let mut screen = at(&bench, done());
    screen.shows(&["证书更新完成", "原有效期", "新有效期", "签名测试通过", "用时 1.8 秒", "15 分钟", "历史证书", NO]);
    screen.click("修改密码");
    screen.shows(&["当前密码"]);
    screen.press(Key::Escape);
    screen.click("完成");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Leave)));
}

#[test]
fn everything_is_said_in_english_too() {
    let (bench, _) = bench();
    let mut screen = Screen::read(Plan::new(&bench).english(true), &bench);
    screen.click("Renew");
    screen.asked();
    let chinese = |screen: &Screen, name: &str| {
        let known = [OWNER, CA, "单位证书（一年）", "李雷", "沙箱支付", "照片不清楚", "工作日 9:00-18:00", "证"];
        for line in screen.text().lines() {
            let rest = known.iter().fold(line.to_owned(), |line, known| line.replace(known, ""));
            assert!(!rest.chars().any(|c| matches!(c, '\u{3400}'..='\u{9FFF}')), "{name}: {line:?}");
        }
    };
    for (name, stage) in stages().into_iter().chain([("done", done())]) {
        reach(&mut screen, 1, stage);
        chinese(&screen, name);
        screen.happens(Event::RenewalFault { slot: 1, fault: fault() });
        screen.shows(&["The UKey does not respond", "Help line"]);
        chinese(&screen, name);
    }
}

#[test]
fn a_very_long_owner_and_a_ca_without_telephone_break_nothing() {
    let bench = Bench::empty();
    let owner = "中华人民共和国北京市海淀区某某某某某某某某某某科技股份有限责任公司第一分公司";
    bench.insert(&Spec { days: Some(20), ..spec(owner, "1") });
    let mut screen = Screen::read(Plan::new(&bench).size(720.0, 480.0), &bench);
    screen.press_button("证书更新");
    screen.asked();
    for (name, stage) in stages().into_iter().chain([("done", done())]) {
        let event = Event::RenewalStage { slot: 1, stage, support: Support::default() };
        screen.happens(event);
        fail(&mut screen, 1, fault());
        screen.stays_within_its_width(name);
        screen.hides(&["服务电话 （", "服务电话  "]);
    }
}
