//! The pages beside the wizards as pictures, in every look; see [`gallery`](crate::gallery).

use crate::about::release;
use crate::bench::{Bench, spec};
use crate::checks::{mixed, run};
use crate::gallery::{Gallery, looks, tour};
use crate::log;
use crate::presets;
use crate::services::with_own;
use crate::stages::fault;
use cert_assistant::app::check::ProbeId;
use cert_assistant::app::desktop::crash::Crash;
use cert_assistant::app::{Event, Fault, FaultCode, Roots, UpdateStage};
use certificate::{SkipReason, SkippedFile};
use std::sync::Arc;
use std::time::Duration;
use token::ServiceState;
use virtual_key::State;

fn expiring() -> Arc<Bench> {
    Bench::with(State::Expiring).0
}

/// A few keys in different states.
fn several(count: usize) -> Arc<Bench> {
    let bench = Bench::empty();
    let owners = ["北京演示科技有限公司", "张练习", "电信测试1"];
    let states = [State::Expiring, State::Valid, State::Locked];
    for n in 0..count {
        let owner = owners.get(n).map_or_else(|| format!("第{n:02}公司"), |owner| (*owner).to_owned());
        let state = states.get(n).copied().unwrap_or(State::Valid);
        bench.insert(&spec(&owner, &format!("102000000168{n:02}")).state(state));
    }
    bench
}

fn main_page(gallery: &mut Gallery) {
    gallery.screen.happens(Event::CaReached { slot: 1, result: Ok(Duration::from_millis(38)) });
    gallery.hang("20-key");
    gallery.screen.happens(Event::CaReached { slot: 1, result: Err(Fault::new(FaultCode::CaNotTrusted)) });
    gallery.hang("20-key-no-ca");
}

fn check(gallery: &mut Gallery) {
    let lines = mixed(gallery.chinese());
    let open = gallery.word("环境检测", "Environment check").to_owned();
    gallery.screen.press_button(&open);
    gallery.screen.happens(Event::CheckBegan(lines.iter().map(|line| line.probe).collect()));
    gallery.hang("21-check-begins");
    for line in &lines[..4] {
        gallery.screen.happens(Event::CheckLine(Box::new(line.clone())));
    }
    gallery.hang("21-check-running");
    run(&mut gallery.screen, &lines);
    gallery.hang("21-check-done");
    gallery.press("如何处理 系统时间", "What to do Clock");
    gallery.press("详情 设备权限", "Details Device permission");
    gallery.hang("21-check-details");
    gallery.press("修复 设备权限", "Repair Device permission");
    gallery.hang("21-check-command");
    gallery.press("继续", "Continue");
    gallery.hang("21-check-repairing");
    gallery.screen.happens(Event::Repaired { probe: ProbeId::Permission, result: Err(fault()) });
    gallery.hang("21-check-not-repaired");
    gallery.press("导出报告", "Save report");
    gallery.hang("21-check-report");
}

fn settings(gallery: &mut Gallery) {
    gallery.press("设置", "Settings");
    gallery.hang("23-settings");
    gallery.screen.happens(Event::Autostart(Ok(Some(true))));
    gallery.screen.happens(Event::DesktopIcon(Ok(Some(true))));
    gallery.screen.happens(Event::Tray(true));
    gallery.press("自己选择", "My own choice");
    gallery.press("指定代理", "This proxy");
    gallery.press("记录详细日志", "Log details");
    gallery.hang("23-settings-more");
    gallery.press("高级：更新源", "Advanced: where updates come from");
    let field = gallery.word("更新源地址", "Address of the feed").to_owned();
    gallery.screen.focus(&field);
    gallery.screen.enter("http://update.example.cn");
    gallery.hang("23-settings-feed");
}

fn about(gallery: &mut Gallery) {
    gallery.press("关于", "About");
    let skipped = SkippedFile {
        file: "/home/user/.config/cert-assistant/roots/readme.txt".into(),
        block: None,
        reason: SkipReason::NoCertificate,
    };
    gallery.screen.happens(Event::Roots(Roots { known: 7, skipped: vec![skipped] }));
    gallery.hang("24-about");
    let file = "/home/user/Downloads/cert-assistant_0.2.0_amd64.deb".into();
    for (name, stage) in [
        ("asking", UpdateStage::Asking),
        ("no-feed", UpdateStage::NoFeed),
        ("up-to-date", UpdateStage::UpToDate),
        ("newer", UpdateStage::Newer(release())),
        ("downloading", UpdateStage::Downloading { release: release(), bytes: 4_800_000 }),
        ("downloaded", UpdateStage::Downloaded { release: release(), file, opened: false }),
        ("turned-off", UpdateStage::TurnedOff),
        ("failed", UpdateStage::Failed(fault())),
    ] {
        gallery.screen.happens(Event::Update(stage));
        gallery.hang(&format!("24-about-{name}"));
    }
    gallery.screen.happens(Event::Replaced);
    gallery.hang("24-new-version");
    gallery.press("稍后", "Later");
    gallery.press("第三方组件许可证", "Licences of the libraries");
    gallery.hang("24-licences");
    gallery.press("返回", "Back");
    gallery.press("查看日志", "Show log");
    gallery.hang("25-log-reading");
    gallery.screen.happens(Event::Log(Vec::new()));
    gallery.hang("25-log-none");
    gallery.screen.happens(Event::Log(some_more()));
    gallery.hang("25-log");
}

fn some_more() -> Vec<cert_assistant::app::desktop::log::LogLine> {
    (0..200).flat_map(|_| log::some()).collect()
}

#[test]
fn the_card_with_the_status_bar() {
    tour(&looks(), expiring, main_page);
}

#[test]
fn the_environment_check() {
    tour(&looks(), expiring, check);
}

#[test]
fn the_settings() {
    tour(&looks(), expiring, settings);
}

#[test]
fn the_settings_an_administrator_has_locked() {
    for look in looks() {
        let bench = expiring();
        let mut gallery = Gallery::planned(look, &bench, |plan| plan.presets(presets::all_locked()));
        gallery.press("设置", "Settings");
        gallery.screen.happens(Event::Tray(true));
        gallery.hang("23-settings-locked");
    }
}

#[test]
fn about_and_log() {
    tour(&looks(), expiring, about);
}

#[test]
fn the_services() {
    let every = "\n[ca.portal]\n".to_owned()
        + &["apply", "renew", "unlock", "reissue", "change", "orders", "services"]
            .map(|page| format!("{page} = \"https://ca.example.cn/{page}\"\n"))
            .concat();
    let own = with_own(&every);
    let here = with_own("order_api = \"https://ca.example.cn/\"\n");
    for look in looks() {
        let cases = [
            ("22-services", expiring(), Some(&own)),
            ("22-services-here", expiring(), Some(&here)),
            ("22-services-unknown", expiring(), None),
            ("22-services-all", Bench::empty(), None),
        ];
        for (name, bench, profiles) in cases {
            let mut gallery = Gallery::planned(look, &bench, |plan| match profiles {
                Some(profiles) => plan.profiles(profiles.clone()),
                None => plan,
            });
            gallery.press("综合服务", "Services");
            gallery.hang(name);
        }
    }
}

#[test]
fn without_a_key_with_three_and_with_sixteen() {
    for look in looks() {
        for (name, bench) in [("none", Bench::empty()), ("three", several(3)), ("sixteen", several(16))] {
            let mut gallery = Gallery::planned(look, &bench, |plan| plan);
            gallery.hang(&format!("19-keys-{name}"));
        }
        let bench = Bench::silent();
        bench.service(ServiceState::Stopped);
        Gallery::planned(look, &bench, |plan| plan).hang("19-keys-no-service");
    }
}

#[test]
fn after_a_crash() {
    for look in looks() {
        let bench = expiring();
        let text = "cert-assistant 0.1.0\nthread main panicked at src/ui/window/mod.rs:1\n".repeat(12);
        let crash = Crash { file: "~/.local/share/cert-assistant/crashes/crash-1.txt".into(), text };
        let mut gallery = Gallery::planned(look, &bench, |plan| plan.crash(crash));
        gallery.hang("26-crash");
        gallery.press("查看报告", "Show report");
        gallery.hang("26-crash-report");
    }
}
