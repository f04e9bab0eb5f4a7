//! The card of one key in every state.

use crate::bench::{Bench, CHANGE_PIN, DEVICE_INFO, VERIFY_PIN, spec};
use crate::screen::{Plan, Screen};
use certificate::{Certificate, beijing_day};
use std::time::Duration;
use virtual_key::faults::{Fault, Where};
use virtual_key::{Faults, Spec, State, VirtualKey};

const CHANGE: &str = "修改密码";
const RENEW: &str = "证书更新";
const UNLOCK: &str = "找回密码";
const MORE: &str = "更多证书信息";

/// The first of the card's buttons: the main one.
fn first_button(screen: &Screen) -> String {
    screen.buttons().into_iter().find(|name| [CHANGE, RENEW, UNLOCK].contains(&name.as_str())).unwrap()
}

/// First and last day of the certificate on a key, in the wording of the card.
fn period(spec: &Spec, bench: &Bench) -> String {
    let state = bench.make(spec);
    let der = state.applications[0].containers[0].sign.certificate.clone().unwrap();
    let validity = Certificate::parse(&der).unwrap().validity.unwrap();
    let day = |unix| {
        let day = beijing_day(unix);
        format!("{}年{:02}月{:02}日", day.year, day.month, day.day)
    };
    format!("{} 到 {}", day(validity.not_before), day(validity.not_after))
}

#[test]
fn a_valid_key_shows_every_field_and_changing_the_pin_is_the_main_thing() {
    let bench = Bench::empty();
    let spec = spec("北京演示科技有限公司", "10200000016873");
    bench.insert(&spec);
    let screen = Screen::of(&bench);
    screen.shows(&["北京演示科技有限公司", "有效 · 还有 300 天", "UKey（1）"]);
    assert_eq!(screen.field("密码卡序列号"), "10200000016873");
    assert_eq!(screen.field("证书有效期"), period(&spec, &bench));
    assert_eq!(screen.field("证书颁发者"), "Demo SM2 Operation CA");
    assert_eq!(screen.field("证书类型"), "单位证书 (SM2)");
    assert_eq!(screen.field("介质类型"), "UKEY-Mini(LM3KM3)");
    assert_eq!(screen.field("签章图片"), "无");
    assert_eq!(screen.field("密码"), "还可以输错 10 次");
    assert_eq!(screen.buttons(), ["复制 密码卡序列号", CHANGE, RENEW, UNLOCK, MORE]);
    for button in [CHANGE, RENEW, UNLOCK] {
        assert_eq!(screen.obstacle(button), None);
    }
    screen.hides(&["到期，请", "仍是初始密码"]);
}

#[test]
fn a_personal_certificate_says_so() {
    let bench = Bench::empty();
    bench.insert(&spec("张练习", "10200000035526").person());
    let screen = Screen::of(&bench);
    assert_eq!(screen.field("证书类型"), "个人证书 (SM2)");
}

#[test]
fn the_seal_of_a_key_is_shown_as_a_picture() {
    let (bench, _) = Bench::with(State::Seal);
    let mut screen = Screen::of(&bench);
    screen.wait_until("the picture is there", |screen| screen.shows_picture("签章图片"));
    assert!(!screen.text().lines().any(|line| line == "无"));
}

#[test]
fn while_a_key_is_read_its_outline_stands_there_and_after_a_while_a_reason() {
    let bench = Bench::empty();
    let card = bench.insert_stopping(&spec("北京演示科技有限公司", "1"), DEVICE_INFO);
    let mut screen = Plan::new(&bench).open();
    card.wait_until_stopped();
    screen.wait_for("正在读取…");
    assert_eq!(screen.keys(), ["Bench Reader 01 正在读取…"]);
    screen.hides(&["读取时间较长"]);
    screen.let_pass(Duration::from_secs(4));
    screen.shows(&["正在读取…", "读取时间较长。可能有其他程序"]);
    card.go_on();
    screen.wait_for("有效 · 还有 300 天");
    screen.hides(&["正在读取…", "读取时间较长"]);
}

#[test]
fn a_hung_key_hangs_no_other_key_and_can_be_pulled_out() {
    let bench = Bench::empty();
    let forever = Faults::default().and(Fault::Slow(None), Where::Instruction(DEVICE_INFO, None));
    let hung = bench.insert_faulty(&spec("北京演示科技有限公司", "1"), forever);
    bench.insert(&spec("上海练习贸易有限公司", "2"));
    let mut screen = Plan::new(&bench).open();
    screen.wait_for("上海练习贸易有限公司 有效 · 还有 300 天");
    assert_eq!(screen.keys(), ["Bench Reader 01 正在读取…", "上海练习贸易有限公司 有效 · 还有 300 天"]);
    bench.remove(&hung);
    screen.wait_for("UKey（1）");
    screen.hides(&["正在读取…"]);
}

#[test]
fn an_expiring_key_warns_with_its_days_and_renewal_is_the_main_thing() {
    let (bench, _) = Bench::with(State::Expiring);
    let mut screen = Screen::of(&bench);
    screen.shows(&["还有 20 天", "您的证书还有 20 天到期，请及时更新。", "北京演示科技有限公司 20 天后到期"]);
    assert_eq!(first_button(&screen), RENEW);
    screen.click("立即更新");
    screen.shows(&["正在查询发证机构"]);
}

#[test]
fn ninety_days_left_is_expiring_and_ninety_one_is_not() {
    for (days, warned) in [(91, false), (90, true), (1, true)] {
        let bench = Bench::empty();
        bench.insert(&Spec { days: Some(days), ..spec("北京演示科技有限公司", "1") });
        let screen = Screen::of(&bench);
        assert_eq!(screen.sees("请及时更新"), warned, "{days} days");
        assert_eq!(first_button(&screen), if warned { RENEW } else { CHANGE }, "{days} days");
    }
}

#[test]
fn on_its_last_day_a_key_says_today() {
    let bench = Bench::empty();
    bench.insert(&Spec { days: Some(0), ..spec("北京演示科技有限公司", "1") });
    let screen = Screen::of(&bench);
    screen.shows(&["今天到期", "您的证书今天到期，请立即更新。"]);
    assert_eq!(first_button(&screen), RENEW);
    screen.hides(&["已过期", "0 天"]);
}

#[test]
fn an_expired_key_can_be_renewed_for_a_year_and_then_says_why_not() {
    let (bench, _) = Bench::with(State::Expired);
    let screen = Screen::of(&bench);
    screen.shows(&["已过期", "您的证书已过期 10 天，请更新证书。", "立即更新"]);
    assert_eq!(first_button(&screen), RENEW);
    drop(screen);

    let bench = Bench::empty();
    bench.insert(&Spec { days: Some(-366), ..spec("北京演示科技有限公司", "1") });
    let screen = Screen::of(&bench);
    screen.shows(&["您的证书已过期 366 天"]);
    screen.hides(&["立即更新"]);
    assert_eq!(screen.obstacle(RENEW).unwrap(), "证书过期已超过一年，不能再更新，请重新办理");
    assert_eq!(screen.obstacle(CHANGE), None);
}

#[test]
fn a_certificate_of_the_future_is_not_yet_valid() {
    let (bench, _) = Bench::with(State::NotYetValid);
    let screen = Screen::of(&bench);
    screen.shows(&["尚未生效"]);
    screen.hides(&["请及时更新", "有效 ·"]);
    assert_eq!(first_button(&screen), CHANGE);
}

#[test]
fn a_locked_key_offers_to_be_unlocked_and_says_why_its_pin_can_not_be_changed() {
    let (bench, card) = Bench::with(State::Locked);
    let mut screen = Screen::of(&bench);
    assert_eq!(screen.keys(), ["北京演示科技有限公司 已锁定"]);
    assert_eq!(screen.field("密码"), "已锁定");
    assert_eq!(first_button(&screen), UNLOCK);
    assert_eq!(screen.obstacle(CHANGE).unwrap(), "UKey 已锁定，请使用找回密码");
    screen.click(UNLOCK);
    crate::unlock_stages::opened(&screen);
    assert_eq!(card.times_sent(VERIFY_PIN), 0);
}

#[test]
fn a_default_pin_is_warned_of() {
    let (bench, _) = Bench::with(State::DefaultPin);
    Screen::of(&bench).shows(&["密码仍是初始密码，请尽快修改。"]);
}

#[test]
fn a_key_without_certificate_offers_the_services() {
    for (state, pin) in [(State::Empty, true), (State::NoApplication, false)] {
        let (bench, _) = Bench::with(state);
        let mut screen = Screen::of(&bench);
        screen.shows(&["没有证书", "UKey 中没有证书。可以在“综合服务”中下载或新办证书。"]);
        assert_eq!(screen.field("介质类型"), "UKEY-Mini(LM3KM3)");
        assert_eq!(screen.obstacle(RENEW).unwrap(), "UKey 中没有可更新的证书");
        let no_pin = (!pin).then(|| "UKey 中没有证书应用，没有密码可用".to_owned());
        assert_eq!(screen.obstacle(CHANGE), no_pin);
        assert_eq!(screen.obstacle(UNLOCK), no_pin);
        assert!(screen.controls(MORE).is_empty());
        screen.click("下载证书 / 新办");
        screen.shows(&["北京数字认证（BJCA）", "400-700-1900"]);
    }
}

#[test]
fn a_damaged_certificate_is_told_on_the_card_and_the_program_goes_on() {
    let bench = Bench::empty();
    bench.insert(&spec("广州样例制造有限公司", "1").state(State::Damaged));
    bench.insert(&spec("北京演示科技有限公司", "2"));
    let mut screen = Screen::of(&bench);
    screen.choose("广州样例制造有限公司");
    screen.shows(&["证书损坏", "UKey 中的证书已损坏，无法读取。", "UKey 中的内容没有改变。", "CRT-301"]);
    screen.choose("北京演示科技有限公司");
    screen.shows(&["有效 · 还有 300 天"]);
    screen.hides(&["CRT-301"]);
}

#[test]
fn dates_that_do_not_read_are_told_and_not_guessed() {
    let bench = Bench::empty();
    let mut state = bench.make(&spec("北京演示科技有限公司", "1"));
    let certificate = state.applications[0].containers[0].sign.certificate.as_mut().unwrap();
    // UTCTime, 13 letters; the last says the zone
    let end = certificate.windows(2).position(|two| two == [0x17, 13]).unwrap() + 14;
    assert_eq!(certificate[end], b'Z');
    certificate[end] = b'X';
    bench.insert_key(VirtualKey::new(state));
    let screen = Screen::of(&bench);
    screen.shows(&["有效期无法读取", "日期无法读取"]);
    screen.hides(&["有效 ·", "已过期", "CRT-301"]);
}

#[test]
fn of_two_containers_the_one_in_use_is_shown_and_the_other_listed() {
    let (bench, _) = Bench::with(State::TwoContainers);
    let mut screen = Screen::of(&bench);
    screen.shows(&["有效 · 还有 300 天"]);
    screen.hides(&["已过期"]);
    screen.click(MORE);
    screen.shows(&["历史证书（1）"]);
}

#[test]
fn a_model_that_is_not_in_the_table_is_only_read() {
    let bench = Bench::empty();
    let mut state = bench.make(&spec("北京演示科技有限公司", "1"));
    state.device.label = "Token".to_owned();
    bench.insert_with_atr(VirtualKey::new(state), vec![0x3B, 0x00]);
    let screen = Screen::of(&bench);
    screen.shows(&["有效 · 还有 300 天", "这个型号不在本程序的型号表中：可以查看证书，不能修改密码"]);
    assert_eq!(screen.field("介质类型"), "—");
    assert_eq!(screen.obstacle(CHANGE).unwrap(), "这个型号不在型号表中，只能查看");
}

#[test]
fn a_card_that_is_no_key_shows_reader_and_atr_and_never_gets_a_pin() {
    let bench = Bench::empty();
    let card = bench.insert_foreign();
    let screen = Screen::of(&bench);
    screen.shows(&["不是本程序支持的密钥", "没有向它发送密码。", "读卡器 Bench Reader 01", "KEY-107"]);
    screen.shows(&["ATR 3B 85 80 01 4F 54 48 45 52 40"]);
    assert_eq!(screen.buttons(), ["导出诊断", "重新读取"]);
    assert_eq!(screen.keys(), ["Bench Reader 01 不支持的密钥"]);
    assert_eq!(card.times_sent(VERIFY_PIN) + card.times_sent(CHANGE_PIN), 0);
}

#[test]
fn a_key_held_by_another_program_says_so_and_comes_back_by_itself() {
    let bench = Bench::empty();
    let card = bench.insert_held(&spec("北京演示科技有限公司", "1"));
    let mut screen = Screen::of(&bench);
    screen.shows(&["被其他程序占用", "UKey 正被其他程序占用", "没有向 UKey 发送任何内容。", "KEY-102"]);
    assert!(card.sent().is_empty());
    screen.click("重新读取");
    screen.wait_until("it was tried again", |screen| screen.window.model().keys[0].task.is_none());
    screen.shows(&["KEY-102"]);
    bench.free(&card);
    screen.wait_for("有效 · 还有 300 天");
    screen.hides(&["KEY-102"]);
}

#[test]
fn a_key_that_fails_has_its_reason_on_its_own_card_and_can_be_read_again() {
    let bench = Bench::empty();
    let garbage = Faults::default().and(Fault::Garbage(1), Where::Instruction(DEVICE_INFO, Some(1)));
    bench.insert_faulty(&spec("北京演示科技有限公司", "1"), garbage);
    let mut screen = Screen::of(&bench);
    screen.shows(&["读取失败", "UKey 返回了无法识别的数据", "没有向 UKey 写入任何内容。", "KEY-106"]);
    assert_eq!(screen.buttons(), ["重新读取", "环境检测", "导出诊断"]);
    screen.click("重新读取");
    screen.wait_for("有效 · 还有 300 天");
}
