//! Rights: may this person talk to the smart-card service (polkit), to the card, and to the device nodes of keys the
//! service does not open (udev).
//!
//! A CCID key needs no rule: the service opens it with its own rights. Only a key without a reader's interface is opened by
//! the person's programs.

use super::session::{Remote, remote};
use super::usb_bus::{Bus, Device, look};
use super::{blame, holders};
use crate::check::{Line, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use std::fs;
use token::ServiceState;

/// Where udev reads rules; the first counts most.
const RULES: [&str; 3] = ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];
/// pcsc-lite's actions for polkit.
const POLICY: &str = "/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy";

/// The probe.
pub struct Permission;

impl Probe for Permission {
    fn id(&self) -> ProbeId {
        ProbeId::Permission
    }

    fn run(&self, scene: &Scene) -> Line {
        let line = |verdict, sentence| Line::new(ProbeId::Permission, verdict, sentence);
        if scene.practice {
            return line(Verdict::NotApplicable, Statement::new("common.practice"));
        }
        let state = scene.service();
        if *state == ServiceState::Denied {
            return with_session(scene, refused(scene));
        }
        let own = match look(scene) {
            Bus::Devices(devices) => devices.into_iter().filter(|device| !device.ccid).collect(),
            Bus::Missing | Bus::OtherSystem => Vec::new(),
        };
        if let Some(closed) = closed_node(scene, &own) {
            return with_session(scene, closed);
        }
        if !matches!(state, ServiceState::Running { .. } | ServiceState::Asleep) {
            return Line::waits_for(ProbeId::Permission, ProbeId::Service);
        }
        let keys = scene.keys();
        if !keys.is_empty() && keys.iter().any(blame::is_denied) {
            let closed = line(Verdict::Problem, Statement::new("permission.card"));
            return with_session(scene, closed.remedy(Statement::new("permission.card_todo")));
        }
        let fine = line(Verdict::Ok, Statement::new("permission.fine"));
        own.iter().fold(fine, |line, device| match node(scene, device) {
            Some(node) => line.detail(node.describe(device)),
            None => line,
        })
    }
}

/// The service refuses this user: by its socket, or by the rules of polkit.
fn refused(scene: &Scene) -> Line {
    let problem = |sentence| Line::new(ProbeId::Permission, Verdict::Problem, sentence);
    let report = scene.service_report();
    let socket = holders::socket(scene);
    if !report.hangs_up {
        let access = holders::mode(scene, &socket);
        let line = problem(Statement::new("permission.socket").with("path", socket.display()));
        let line = match access {
            Some(access) => line.detail(Statement::new("permission.mode").with("mode", access)),
            None => line,
        };
        return line.remedy(Statement::new("permission.socket_todo"));
    }
    let line = problem(Statement::new("permission.polkit"));
    let line = if scene.path(POLICY).exists() {
        line.detail(Statement::new("permission.polkit_action").with("path", POLICY))
    } else {
        line
    };
    line.remedy(Statement::new("permission.polkit_local")).remedy(Statement::new("permission.polkit_rule"))
}

fn with_session(scene: &Scene, line: Line) -> Line {
    match remote(scene) {
        Some(Remote::Ssh) => line.detail(Statement::new("permission.ssh")),
        Some(Remote::Desktop) => line.detail(Statement::new("permission.remote_desktop")),
        Some(Remote::Listed) => line.detail(Statement::new("permission.remote")),
        None => line,
    }
}

/// A device node as this process sees it.
struct Node {
    path: String,
    mode: Option<String>,
    open: bool,
}

impl Node {
    fn describe(&self, device: &Device) -> Statement {
        let statement = match self.open {
            true => Statement::new("permission.node_open"),
            false => Statement::new("permission.node_closed"),
        };
        let mode = self.mode.clone().unwrap_or_else(|| "?".to_owned());
        statement.with("id", device.id).with("path", &self.path).with("mode", mode)
    }
}

fn node(scene: &Scene, device: &Device) -> Option<Node> {
    let path = device.node.clone()?;
    let below = scene.path(&path);
    let open = may_use(&below)?;
    Some(Node { mode: holders::mode(scene, &below), path, open })
}

/// May this process read and write there? `None` when nobody can say; nothing is opened.
#[cfg(target_os = "linux")]
fn may_use(path: &std::path::Path) -> Option<bool> {
    use rustix::fs::{Access, access};
    use rustix::io::Errno;
    match access(path, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => Some(true),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Some(false),
        Err(_) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn may_use(_: &std::path::Path) -> Option<bool> {
    None
}

fn closed_node(scene: &Scene, devices: &[Device]) -> Option<Line> {
    let nodes: Vec<_> = devices.iter().filter_map(|device| Some((device, node(scene, device)?))).collect();
    let closed: Vec<_> = nodes.iter().filter(|(_, node)| !node.open).collect();
    let (device, _) = closed.first()?;
    let ruled = closed.iter().all(|(device, _)| rule(scene, device.id.vendor).is_some());
    let sentence = Statement::new("permission.closed").with("name", device.name()).with("id", device.id);
    let line = Line::new(ProbeId::Permission, Verdict::Problem, sentence);
    let line = nodes.iter().fold(line, |line, (device, node)| line.detail(node.describe(device)));
    let rules = closed.iter().filter_map(|(device, _)| rule(scene, device.id.vendor));
    let line = rules.fold(line, |line, path| line.detail(Statement::new("permission.rule").with("path", path)));
    Some(if ruled {
        line.remedy(Statement::new("permission.rule_todo")).remedy(Statement::new("permission.rule_local"))
    } else {
        line.detail(Statement::new("permission.no_rule"))
            .remedy(Statement::new("permission.no_rule_todo"))
            .repair(Repair::InstallUdevRule)
    })
}

/// A file with a rule that names the maker.
fn rule(scene: &Scene, vendor: u16) -> Option<String> {
    let wanted = format!("{vendor:04x}");
    let names = |line: &str| {
        let line = line.trim_start();
        let after = line.split("idVendor}").nth(1).unwrap_or_default();
        !line.starts_with('#') && after.trim_start_matches(['=', ' ', '"']).to_lowercase().starts_with(&wanted)
    };
    RULES.iter().find_map(|folder| {
        let files = fs::read_dir(scene.path(folder)).ok()?.flatten().map(|entry| entry.path());
        let mut rules: Vec<_> = files.filter(|file| file.extension().is_some_and(|kind| kind == "rules")).collect();
        rules.sort();
        let found = rules.into_iter().find(|file| {
            let text = fs::read(file).unwrap_or_default();
            String::from_utf8_lossy(&text).lines().any(names)
        })?;
        Some(format!("{folder}/{}", found.file_name()?.to_string_lossy()))
    })
}
