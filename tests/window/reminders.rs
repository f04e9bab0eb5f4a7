//! Messages on the desktop about certificates that end soon: when a key is read and at midnight, each once.

use crate::bench::{Bench, spec, twin};
use crate::screen::{Plan, Screen};
use std::time::Duration;
use virtual_key::{Spec, VirtualKey};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_key_that_is_read_reminds_once_of_its_days() {
    let bench = Bench::empty();
    let state = bench.make(&Spec { days: Some(25), ..spec("北京演示科技有限公司", "1") });
    let card = bench.insert_key(VirtualKey::new(twin(&state)));
    let mut screen = Screen::of(&bench);
    let notices = screen.notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].title, "证书即将到期");
    assert_eq!(notices[0].text, "北京演示科技有限公司的证书还有 25 天到期，请及时更新。");
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    bench.insert_key(VirtualKey::new(state));
    screen.wait_for("还有 25 天");
    assert!(screen.notices().is_empty(), "not twice");
}

#[test]
fn a_key_with_time_left_does_not_remind_until_its_day_comes_at_midnight() {
    let bench = Bench::empty();
    bench.insert(&Spec { days: Some(61), ..spec("北京演示科技有限公司", "1") });
    bench.insert(&Spec { days: Some(200), ..spec("上海练习贸易有限公司", "2") });
    let mut screen = Screen::of(&bench);
    assert!(screen.notices().is_empty());
    // it is noon
    assert!(screen.rests_for() <= Duration::from_secs(12 * 3600 + 1), "it wakes at midnight");
    screen.let_pass(Duration::from_secs(12 * 3600 - 1));
    assert!(screen.notices().is_empty(), "one second before midnight");
    screen.let_pass(Duration::from_secs(1));
    let notices = screen.notices();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.contains("北京演示科技有限公司的证书还有 60 天到期"));
    screen.let_pass(DAY);
    assert!(screen.notices().is_empty());
    screen.let_pass(DAY * 29);
    assert_eq!(screen.notices().len(), 1, "30 days");
}

#[test]
fn the_last_day_is_named_and_expired_or_empty_keys_do_not_remind() {
    for (spec, text) in [
        (Spec { days: Some(0), ..spec("甲公司", "1") }, Some("甲公司的证书今天到期，请立即更新。")),
        (Spec { days: Some(-1), ..spec("甲公司", "1") }, None),
        (spec("甲公司", "1").state(virtual_key::State::Empty), None),
    ] {
        let bench = Bench::empty();
        bench.insert(&spec);
        let screen = Screen::of(&bench);
        assert_eq!(screen.notices().first().map(|notice| notice.text.as_str()), text);
    }
}

#[test]
fn what_was_reminded_of_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reminders.json");
    let bench = Bench::empty();
    let state = bench.make(&Spec { days: Some(7), ..spec("北京演示科技有限公司", "1") });
    for expected in [1, 0] {
        let bench = Bench::empty();
        bench.insert_key(VirtualKey::new(twin(&state)));
        let screen = Screen::read(Plan::new(&bench).reminders(&path), &bench);
        assert_eq!(screen.notices().len(), expected);
    }
}
