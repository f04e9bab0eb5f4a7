//! Several keys: the list, the choice that sticks to the serial number, and the banner.

use crate::bench::{Bench, spec};
use crate::screen::Screen;
use virtual_key::{Spec, State};

#[test]
fn three_keys_stand_in_the_list_in_the_order_of_their_insertion() {
    let bench = Bench::empty();
    bench.insert(&spec("北京演示科技有限公司", "1"));
    bench.insert(&spec("张练习", "2").person().state(State::Locked));
    bench.insert(&spec("上海练习贸易有限公司", "3").state(State::Expiring));
    let mut screen = Screen::of(&bench);
    screen.shows(&["UKey（3）"]);
    assert_eq!(
        screen.keys(),
        ["北京演示科技有限公司 有效 · 还有 300 天", "张练习 已锁定", "上海练习贸易有限公司 20 天后到期"]
    );
    assert_eq!(screen.chosen_key().unwrap(), screen.keys()[0]);
    screen.choose("张练习");
    assert_eq!(screen.field("证书类型"), "个人证书 (SM2)");
    assert_eq!(screen.chosen_key().unwrap(), "张练习 已锁定");
}

#[test]
fn sixteen_keys_are_all_there_and_each_can_be_chosen() {
    let bench = Bench::empty();
    for n in 1..=16 {
        bench.insert(&spec(&format!("第{n:02}公司"), &format!("{n:014}")));
    }
    let mut screen = Screen::of(&bench);
    screen.shows(&["UKey（16）"]);
    for n in 1..=16 {
        screen.choose(&format!("第{n:02}公司"));
        assert_eq!(screen.field("密码卡序列号"), format!("{n:014}"));
    }
}

#[test]
fn the_choice_sticks_to_the_key_while_others_come_and_go() {
    let bench = Bench::empty();
    let device = |owner: &str, serial: &str| Spec { device_serial: Some(serial.to_owned()), ..spec(owner, serial) };
    let first = bench.insert(&device("甲公司", "A1"));
    let second = bench.insert(&device("乙公司", "B2"));
    let mut screen = Screen::of(&bench);
    screen.choose("乙公司");
    bench.remove(&first);
    screen.wait_for("UKey（1）");
    assert_eq!(screen.field("密码卡序列号"), "B2");
    bench.insert(&device("丙公司", "C3"));
    screen.wait_for("丙公司 有效");
    assert_eq!(screen.field("密码卡序列号"), "B2");
    bench.remove(&second);
    screen.wait_for("UKey（1）");
    assert_eq!(screen.field("密码卡序列号"), "C3", "another key is shown while the chosen one is away");
    bench.insert(&device("乙公司", "B2"));
    screen.wait_for("乙公司 有效");
    assert_eq!(screen.field("密码卡序列号"), "B2", "the chosen key is shown again when it is back");
}

#[test]
fn only_the_most_urgent_key_has_a_banner_and_it_names_its_owner() {
    let bench = Bench::empty();
    bench.insert(&spec("甲公司", "1"));
    bench.insert(&Spec { days: Some(60), ..spec("乙公司", "2") });
    let urgent = bench.insert(&Spec { days: Some(5), ..spec("丙公司", "3") });
    let mut screen = Screen::of(&bench);
    screen.shows(&["丙公司：您的证书还有 5 天到期，请及时更新。"]);
    screen.hides(&["乙公司：", "甲公司："]);
    screen.click("立即更新");
    assert!(screen.chosen_key().unwrap().starts_with("丙公司"));
    screen.choose("甲公司");
    bench.remove(&urgent);
    screen.wait_for("乙公司：您的证书还有 60 天到期，请及时更新。");
    bench.insert(&Spec { days: Some(-1), ..spec("丁公司", "4") });
    screen.wait_for("丁公司：您的证书已过期 1 天，请更新证书。");
    screen.hides(&["乙公司："]);
}
