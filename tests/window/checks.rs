//! What probes could have found, for the page 环境检测. A sentence that is no key of assets/checks.toml stands for itself.

use crate::screen::Screen;
use cert_assistant::app::Event;
use cert_assistant::app::check::{Line, Page, ProbeId, Repair, Statement, Verdict};
use std::time::Duration;

/// Looked at and good.
pub fn good(probe: ProbeId, sentence: &'static str) -> Line {
    Line { took: Duration::from_millis(12), ..Line::new(probe, Verdict::Ok, Statement::new(sentence)) }
}

/// One of each kind, in no order.
pub fn mixed(chinese: bool) -> Vec<Line> {
    let pick = |zh, en| if chinese { zh } else { en };
    let of = |probe, verdict, zh, en| Line {
        took: Duration::from_millis(34),
        ..Line::new(probe, verdict, Statement::new(pick(zh, en)))
    };
    vec![
        good(
            ProbeId::Service,
            pick("服务正在运行，版本 1.9.9，协议相符。", "The service runs, version 1.9.9, and fits."),
        ),
        good(ProbeId::Usb, pick("找到 1 个 UKey（UKEY-G-RS(C3201)）。", "Found 1 UKey (UKEY-G-RS(C3201))."))
            .detail(Statement::new("USB 1-1.2 · 096e:0309")),
        of(
            ProbeId::Permission,
            Verdict::Problem,
            "当前用户没有权限访问 USB 设备 6588:1501，所以看不到第二个 UKey。",
            "This user may not open the USB device 6588:1501, so the second UKey is not seen.",
        )
        .detail(Statement::new("/dev/bus/usb/001/004 root:root 0600"))
        .remedy(Statement::new(pick("点“修复”安装 udev 规则。", "Press Repair to install a udev rule.")))
        .remedy(Statement::new(pick("重新插入 UKey。", "Insert the UKey again.")))
        .repair(Repair::InstallUdevRule),
        good(ProbeId::Keys, "").detail(
            Statement::new("{owner} {serial}")
                .with_private("owner", "北京演示科技有限公司")
                .with_private("serial", "10200000016873"),
        ),
        of(ProbeId::Certificates, Verdict::Notice, "证书还有 20 天到期。", "A certificate ends in 20 days.")
            .repair(Repair::Open(Page::Renew)),
        of(
            ProbeId::Clock,
            Verdict::Notice,
            "比 CA 服务慢 6 分 12 秒，登录网站时可能提示“证书尚未生效”。",
            "6 minutes 12 seconds behind the CA: web sites may say that the certificate is not yet valid.",
        )
        .remedy(Statement::new(pick("打开系统设置，校准时间。", "Set the clock in the system settings."))),
        Line::waits_for(ProbeId::CaService, ProbeId::Network),
        of(ProbeId::Storage, Verdict::Notice, "设置文件曾损坏，已另存。", "Damaged settings were set aside.")
            .repair(Repair::CleanStorage),
    ]
    .into_iter()
    .map(|line| match line.probe {
        ProbeId::Keys => {
            Line { sentence: Statement::new(pick("1 个 UKey 应答正常。", "1 UKey answers.")), ..line }
        }
        ProbeId::Permission => {
            let command =
                "pkexec install -m 0644 /tmp/70-cert-assistant.rules /etc/udev/rules.d/70-cert-assistant.rules";
            Line { repair_command: Some(command.to_owned()), ..line }
        }
        _ => line,
    })
    .collect()
}

/// The whole check, done.
pub fn run(screen: &mut Screen, lines: &[Line]) {
    let probes = lines.iter().map(|line| line.probe).collect();
    screen.happens(Event::CheckBegan(probes));
    for line in lines {
        screen.happens(Event::CheckLine(Box::new(line.clone())));
    }
    screen.happens(Event::CheckEnded(Duration::from_millis(1840)));
}
