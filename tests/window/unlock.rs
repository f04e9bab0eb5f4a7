//! 找回密码 up to the code: the application, each fault at its place, and the ends.

use crate::bench::{Bench, spec};
use crate::screen::{Plan, Screen};
use crate::stages::{NO, OWNER, TELEPHONE};
use crate::unlock_stages::{
    CA, at, bench, code, done, ended, fail, fault_of, form, form_with, line, open, opened, portal, reach, reviewing,
};
use cert_assistant::app::{Event, FaultCode, LineState, UnlockAsk, UnlockEnd};
use eframe::egui::Key;
use order_api::{Applicant, UnlockRoute};
use std::time::Duration;
use virtual_key::{Spec, State};

const GET: &str = "获取授权码";

/// Fills in the form for the way by SMS.
fn fill_in(screen: &mut Screen) {
    screen.fill("申请人姓名", "李雷");
    screen.fill("手机号码", "13800135678");
    screen.fill("验证码", "7KQ4");
}

#[test]
fn a_locked_key_leads_here_by_its_main_button_and_says_that_nothing_is_lost() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    screen.shows(&["核验您的身份", "这个 UKey 已锁定", "10200000016873", OWNER, CA, "任何密码都不会发送"]);
    screen.shows(&["第 2 步 身份核验：进行中", "第 1 步 选择 UKey：已完成"]);
    screen.click("返回");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Leave)));
    screen.shows(&["已锁定"]);
}

#[test]
fn a_forgotten_pin_leads_here_too() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    reach(&mut screen, 1, form());
    screen.hides(&["这个 UKey 已锁定"]);
}

#[test]
fn the_way_by_sms_sends_what_was_filled_in() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    assert!(screen.is_checked("短信验证码"));
    assert_eq!(screen.obstacle(GET).unwrap(), "请填写申请人姓名");
    screen.enter("李雷");
    assert_eq!(screen.obstacle(GET).unwrap(), "请填写正确的手机号码", "the keyboard was in the first field");
    screen.fill("手机号码", "1380013");
    screen.shows(&["已输入 7 位，共 11 位"]);
    screen.enter("5678");
    assert_eq!(screen.obstacle(GET).unwrap(), "请输入图片中的全部字符");
    screen.fill("电子邮箱", "li lei");
    screen.shows(&["格式不正确"]);
    screen.select_all();
    screen.enter(" lilei@example.com ");
    screen.fill("验证码", "7KQ4");
    assert_eq!(screen.obstacle(GET), None);
    screen.press(Key::Enter);
    let (1, UnlockAsk::Submit { route, applicant, captcha }) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!((route, captcha.as_deref()), (UnlockRoute::Sms, Some("7KQ4")));
    let expected = Applicant {
        name: "李雷".to_owned(),
        telephone: String::new(),
        mobile: "13800135678".to_owned(),
        email: "lilei@example.com".to_owned(),
    };
    assert_eq!(applicant, expected);
    assert_eq!(screen.obstacle(GET).unwrap(), "正在处理，请稍候");
}

#[test]
fn through_an_officer_a_number_to_call_and_a_place_for_the_code_are_enough() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    screen.click("号码已更换 / 收不到短信");
    screen.shows(&["由发证机构人工审核"]);
    screen.fill("申请人姓名", "李雷");
    screen.fill("验证码", "7KQ4");
    assert_eq!(screen.obstacle("提交申请").unwrap(), "请填写联系电话或手机号码，便于核实");
    screen.fill("联系电话", "call me");
    screen.shows(&["应为电话号码，可以含区号"]);
    assert_eq!(screen.obstacle("提交申请").unwrap(), "请改正联系电话，或者不填");
    screen.select_all();
    screen.enter("010-58045600");
    assert_eq!(screen.obstacle("提交申请").unwrap(), "请填写手机号码或电子邮箱，用来接收授权码");
    screen.fill("电子邮箱", "lilei@example.com");
    screen.click("提交申请");
    let (1, UnlockAsk::Submit { route, applicant, .. }) = screen.asked_unlock() else { panic!("another ask") };
    assert_eq!((route, applicant.telephone.as_str()), (UnlockRoute::Review, "010-58045600"));
    assert_eq!(applicant.mobile, "");
}

#[test]
fn every_fault_of_an_application_is_told_whole_and_nothing_typed_is_lost() {
    for code in [
        FaultCode::CaNameUnknown,
        FaultCode::CaUnreachable,
        FaultCode::CaNotTrusted,
        FaultCode::CaTimeout,
        FaultCode::CaProxy,
        FaultCode::CaBroken,
        FaultCode::CaAnswer,
        FaultCode::CertificateUnknown,
        FaultCode::CertificateRevoked,
        FaultCode::CertificateSuperseded,
        FaultCode::ClockWrong,
        FaultCode::ContactRefused,
        FaultCode::CaptchaWrong,
        FaultCode::CaptchaStale,
        FaultCode::DailyLimit,
        FaultCode::RateLimited,
        FaultCode::JournalNotUsable,
        FaultCode::KeyRemoved,
        FaultCode::KeyHeld,
        FaultCode::CaInternal,
        FaultCode::RequestRefused,
    ] {
        let (bench, _) = bench();
        let mut screen = at(&bench, form());
        fill_in(&mut screen);
        screen.click(GET);
        screen.asked();
        let fault = fault_of(code);
        fail(&mut screen, 1, fault.clone());
        let told = fault.sentences(true);
        screen.shows(&[&told.what, &told.kept, &told.todo, code.as_str(), TELEPHONE]);
        screen.let_pass(Duration::from_secs(60));
        assert_eq!(screen.obstacle(GET), None, "{code:?}: it can be tried again as it stands");
        screen.click(GET);
        let (1, UnlockAsk::Submit { applicant, .. }) = screen.asked_unlock() else { panic!("another ask") };
        assert_eq!((applicant.name.as_str(), applicant.mobile.as_str()), ("李雷", "13800135678"));
    }
}

#[test]
fn a_wrong_picture_is_replaced_and_its_field_emptied() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    fill_in(&mut screen);
    screen.press(Key::Enter);
    screen.asked();
    reach(&mut screen, 1, form_with("c2"));
    fail(&mut screen, 1, fault_of(FaultCode::CaptchaWrong));
    assert_eq!(screen.obstacle(GET).unwrap(), "请输入图片中的全部字符");
    assert_eq!(screen.focused().as_deref(), Some("验证码"));
    screen.click("换一张");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::NewCaptcha)));
}

#[test]
fn a_service_that_wants_to_be_left_alone_shows_a_clock_and_then_takes_it() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    fill_in(&mut screen);
    screen.click(GET);
    screen.asked();
    fail(&mut screen, 1, fault_of(FaultCode::RateLimited));
    assert_eq!(screen.obstacle(GET).unwrap(), "42 秒后可以再试");
    assert!(screen.rests_for() <= Duration::from_secs(1), "the clock is in sight");
    screen.let_pass(Duration::from_secs(40));
    assert_eq!(screen.obstacle(GET).unwrap(), "2 秒后可以再试");
    screen.let_pass(Duration::from_secs(2));
    assert_eq!(screen.obstacle(GET), None);
    assert!(screen.rests_for() > Duration::from_secs(60), "no clock, no repaint");
}

#[test]
fn what_is_known_of_the_person_is_filled_in_the_next_time_for_the_same_key_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contacts.json");
    let (first, _) = bench();
    let mut screen = Screen::read(Plan::new(&first).contacts(&file), &first);
    open(&mut screen);
    reach(&mut screen, 1, form());
    fill_in(&mut screen);
    screen.click(GET);
    drop(screen);
    let (again, _) = bench();
    let mut screen = Screen::read(Plan::new(&again).contacts(&file), &again);
    open(&mut screen);
    reach(&mut screen, 1, form());
    assert_eq!(screen.obstacle(GET).unwrap(), "请输入图片中的全部字符");
    drop(screen);
    let other = Bench::empty();
    other.insert(&Spec { device_serial: Some("9".to_owned()), ..spec("另一家", "9") });
    let mut screen = Screen::read(Plan::new(&other).contacts(&file), &other);
    open(&mut screen);
    reach(&mut screen, 1, form());
    assert_eq!(screen.obstacle(GET).unwrap(), "请填写申请人姓名");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_help_names_the_initial_pins_what_is_needed_the_time_and_the_hot_line() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    screen.hides(&["111111"]);
    screen.click("怎样找回密码");
    screen.shows(&[
        "统一社会信用代码的后六位",
        "1234MA",
        "密码卡",
        "111111",
        "需要准备",
        "几分钟",
        TELEPHONE,
        "工作日",
    ]);
    screen.click("怎样找回密码");
    screen.hides(&["111111"]);
}

#[test]
fn an_application_under_review_follows_by_itself_and_may_be_left_alone() {
    let (bench, _) = bench();
    let mut screen = at(&bench, reviewing());
    screen.shows(&["等待发证机构审核", "工作人员会拨打您填写的电话", TELEPHONE, "工作日 9:00-18:00", "可以关闭本程序"]);
    assert_eq!(screen.field("订单号"), NO);
    assert!(screen.rests_for() > Duration::from_secs(60), "nothing is polled");
    screen.click("刷新");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Refresh)));
    fail(&mut screen, 1, fault_of(FaultCode::CaUnreachable));
    screen.shows(&["CA-502", "等待发证机构审核"]);
    // an officer approves: nobody asked
    reach(&mut screen, 1, code(UnlockRoute::Review));
    screen.shows(&["审核已通过，授权码已发送到 139****0000、l***@example.com。"]);
    screen.hides(&["CA-502"]);
}

#[test]
fn an_approval_is_told_by_toast_task_bar_and_desktop_while_nobody_looks() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    let line = line(&screen, LineState::CodeSent);
    screen.happens(Event::OrderReady(line));
    screen.shows(&[NO, "授权码已发送"]);
    assert!(screen.calls);
    let notices = screen.notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].title, "解锁申请已通过");
}

#[test]
fn every_end_says_what_was_kept_and_what_to_do_and_offers_the_next_step() {
    for (why, title, todo, again) in [
        (UnlockEnd::Rejected, "审核未通过", "更正后重新申请", true),
        (UnlockEnd::Expired, "申请已过期", "重新申请", true),
        (UnlockEnd::Cancelled, "申请已关闭", "授权码输错次数过多", true),
        (UnlockEnd::Refused, "UKey 没有接受解锁，已停止", "不会再次尝试", false),
    ] {
        let (bench, _) = bench();
        let mut screen = at(&bench, ended(why, Some("电话无人接听")));
        screen.shows(&[title, todo, "证书和密钥没有改变", TELEPHONE, "电话无人接听", NO]);
        if again {
            screen.click("重新申请");
            opened(&screen);
        } else {
            assert!(screen.controls("重新申请").is_empty(), "each further try could cost the key its last one");
        }
    }
}

#[test]
fn the_end_says_it_in_the_words_people_know() {
    let (bench, _) = bench();
    let mut screen = at(&bench, done());
    screen.shows(&["UKey 已解锁，请牢记新的证书密码", "还可以输错 10 次", "用时 1.2 秒", "通知登记的联系人"]);
    assert_eq!(screen.focused().as_deref(), Some("完成"));
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Leave)));
}

#[test]
fn a_ca_without_service_leads_to_its_page_and_one_without_page_to_its_hot_line() {
    let (bench, _) = bench();
    let mut screen = at(&bench, portal("https://portal.example.cn/unlock"));
    screen.shows(&["的网站上找回密码", "填写证书名称", TELEPHONE]);
    screen.click("在浏览器中打开");
    assert_eq!(screen.browsed, ["https://portal.example.cn/unlock"]);
    reach(&mut screen, 1, portal(""));
    screen.shows(&["没有本程序可以使用的在线解锁服务", TELEPHONE]);
    assert!(screen.controls("在浏览器中打开").is_empty());
    reach(&mut screen, 1, portal("http://portal.example.cn/unlock"));
    screen.shows(&["不安全"]);
    assert!(screen.controls("在浏览器中打开").is_empty());
}

#[test]
fn who_is_offline_sees_why_and_tries_again() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    fail(&mut screen, 1, fault_of(FaultCode::CaUnreachable));
    screen.shows(&["没有连接上发证机构", "CA-502"]);
    assert!(screen.controls("重新填写").is_empty());
    screen.click("重试");
    opened(&screen);
    // the answer to an application was lost: it is sent again, or given up
    screen.happens(Event::Orders(vec![line(&screen, LineState::Sending)]));
    fail(&mut screen, 1, fault_of(FaultCode::CaBroken));
    screen.shows(&["申请还没有送达", "不会重复申请"]);
    screen.click("重新填写");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Discard)));
}

#[test]
fn a_key_without_certificate_is_sent_to_the_issuer() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    open(&mut screen);
    fail(&mut screen, 1, fault_of(FaultCode::CertificateMissing));
    screen.shows(&["不能在线找回密码", "请携带 UKey 联系发证机构", "CRT-302"]);
    assert_eq!(screen.buttons(), ["返回"]);
}

#[test]
fn a_key_without_application_can_not_be_opened_here() {
    let (bench, _) = Bench::with(State::NoApplication);
    let screen = Screen::of(&bench);
    assert_eq!(screen.obstacle("找回密码").unwrap(), "UKey 中没有证书应用，没有密码可用");
}

#[test]
fn a_slow_answer_is_explained() {
    let (bench, _) = bench();
    let mut screen = at(&bench, form());
    fill_in(&mut screen);
    screen.click(GET);
    screen.shows(&["正在提交…"]);
    screen.let_pass(Duration::from_secs(4));
    screen.shows(&["用时比平常长"]);
}

#[test]
fn escape_leaves_and_the_keyboard_alone_is_enough() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    screen.focus("找回密码");
    screen.press(Key::Enter);
    opened(&screen);
    reach(&mut screen, 1, form());
    assert_eq!(screen.focused().as_deref(), Some("申请人姓名"));
    screen.enter("李雷");
    let mut seen = Vec::new();
    for text in ["13800135678", "", "7KQ4"] {
        screen.press(Key::Tab);
        seen.extend(screen.focused());
        screen.enter(text);
    }
    assert_eq!(seen, ["手机号码", "电子邮箱", "验证码"], "the order of Tab is the order of reading");
    screen.press(Key::Enter);
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Submit { .. })));
    reach(&mut screen, 1, reviewing());
    screen.press(Key::Escape);
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Leave)));
}
