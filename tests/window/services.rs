//! 综合服务: whom to call and which pages, for the CA of the chosen key, the chosen CA, or all.

use crate::bench::Bench;
use crate::screen::{Plan, Screen};
use ca_client::Profiles;
use cert_assistant::app::{RenewalAsk, Settings, SettingsFile, UnlockAsk};
use std::path::Path;
use virtual_key::State;

/// The table with an entry for the CA of the keys on the bench.
pub fn with_own(rest: &str) -> Profiles {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca-profiles.toml");
    let own = r#"
        [[ca]]
        id = "own"
        name = { zh = "某省数字证书认证中心", en = "Some Province CA" }
        issuers = ["ISSUER"]
        hot_line = "010-00000000"
        hours = { zh = "工作日 9:00-17:00", en = "weekdays 9 to 17" }
    "#;
    let issuer = {
        let (bench, _) = Bench::with(State::Valid);
        let screen = Screen::of(&bench);
        let view = screen.window.model().keys[0].view().unwrap();
        view.leading().unwrap().issuer.get("CN").unwrap().to_owned()
    };
    std::fs::write(&file, format!("{}{rest}", own.replace("ISSUER", &issuer))).unwrap();
    let (profiles, fault) = Profiles::load(Some(&file));
    assert_eq!(fault.map(|fault| fault.detail), None);
    profiles
}

const PORTAL: &str = r#"
        [ca.portal]
        apply = "https://ca.example.cn/apply"
        reissue = "https://ca.example.cn/reissue"
        change = "https://ca.example.cn/change"
"#;

const API: &str = "order_api = \"https://ca.example.cn/\"\n";

fn services(profiles: Profiles, bench: &std::sync::Arc<Bench>, settings: Option<&Path>) -> Screen {
    let mut plan = Plan::new(bench).profiles(profiles);
    if let Some(path) = settings {
        plan = plan.settings(path);
    }
    let mut screen = Screen::read(plan, bench);
    screen.click("综合服务");
    screen
}

#[test]
fn the_pages_of_the_ca_of_the_key_are_shown_and_only_those_it_has() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = services(with_own(PORTAL), &bench, None);
    screen.shows(&["某省数字证书认证中心", "新办", "补办", "信息变更", "工作日 9:00-17:00"]);
    screen.hides(&["证书更新", "找回密码", "订单查询", "更多服务", "BJCA"]);
    screen.click("复制 服务电话 某省数字证书认证中心");
    assert_eq!(screen.copied, ["010-00000000"]);
    screen.click("打开 新办 某省数字证书认证中心");
    assert_eq!(screen.browsed, ["https://ca.example.cn/apply"]);
    screen.click("复制网址 补办 某省数字证书认证中心");
    assert_eq!(screen.copied[1], "https://ca.example.cn/reissue");
}

#[test]
fn a_ca_with_a_service_is_served_in_this_program() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = services(with_own(API), &bench, None);
    screen.shows(&["新办、补办和信息变更请拨打服务电话。"]);
    screen.click("办理 证书更新 某省数字证书认证中心");
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
    screen.click("综合服务");
    screen.click("办理 找回密码 某省数字证书认证中心");
    assert!(matches!(screen.asked_unlock(), (1, UnlockAsk::Open)));
    drop(screen);
    let empty = Bench::empty();
    let screen = services(with_own(API), &empty, None);
    let obstacle = screen.obstacle("办理 证书更新 某省数字证书认证中心").unwrap();
    assert_eq!(obstacle, "请先插入这家发证机构的 UKey");
}

#[test]
fn without_a_key_all_known_cas_are_shown_or_the_one_of_the_settings() {
    let bench = Bench::empty();
    let screen = services(Profiles::load(None).0, &bench, None);
    screen.shows(&["北京数字认证（BJCA）", "中国检察网（12309）", "插入 UKey 后只显示它的发证机构"]);
    drop(screen);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    let settings = Settings { ca: Some("spp".to_owned()), ..Settings::default() };
    SettingsFile::at(Some(file.clone())).store(&settings).unwrap();
    let bench = Bench::empty();
    let screen = services(Profiles::load(None).0, &bench, Some(&file));
    screen.shows(&["中国检察网（12309）", "显示设置中选择的发证机构"]);
    screen.hides(&["BJCA"]);
}

#[test]
fn a_ca_that_is_not_known_is_named_and_what_to_do_is_said() {
    let (bench, _) = Bench::with(State::Valid);
    let screen = services(Profiles::load(None).0, &bench, None);
    screen.shows(&["本程序不认识这家发证机构", "请拨打发证机构的服务电话", "请自己输入网址", "ca-profiles.toml"]);
    screen.hides(&["BJCA"]);
    assert_ne!(screen.field("证书颁发者"), "—");
}
