//! 智能卡服务 (pcscd): there, running, of a version this program's library understands, started by its socket.

use super::client_version;
use super::holders;
use crate::check::outside::windows;
use crate::check::{Line, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use std::fs;
use token::ServiceState;

const PROGRAMS: [&str; 3] = ["/usr/sbin/pcscd", "/usr/bin/pcscd", "/usr/local/sbin/pcscd"];
const UNIT_FOLDERS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
const SOCKET_UNIT: &str = "pcscd.socket";
/// Commands a person types, the same in every language.
const INSTALL: &str = "sudo apt install pcscd libccid";
const START: &str = "sudo systemctl enable --now pcscd.socket";
const RESTART: &str = "sudo systemctl restart pcscd.socket pcscd.service";
const UNMASK: &str = "sudo systemctl unmask pcscd.socket pcscd.service";
const BY_HAND: &str = "sudo pcscd";

/// The probe.
pub struct Service;

impl Probe for Service {
    fn id(&self) -> ProbeId {
        ProbeId::Service
    }

    fn run(&self, scene: &Scene) -> Line {
        if scene.practice {
            return Line::new(ProbeId::Service, Verdict::NotApplicable, Statement::new("common.practice"));
        }
        match scene.service() {
            ServiceState::Running { readers } => running(scene, *readers),
            ServiceState::Asleep if windows::service_disabled() => stopped(scene),
            ServiceState::Asleep => Line::new(ProbeId::Service, Verdict::Ok, Statement::new("service.asleep")),
            ServiceState::Denied => Line::waits_for(ProbeId::Service, ProbeId::Permission),
            ServiceState::VersionMismatch { service } => mismatch(scene, *service),
            ServiceState::Stopped if scene.service_report().silent => problem(Statement::new("service.silent"))
                .remedy(Statement::new("service.restart").with("command", RESTART)),
            ServiceState::Stopped => stopped(scene),
        }
    }
}

fn problem(sentence: Statement) -> Line {
    Line::new(ProbeId::Service, Verdict::Problem, sentence)
}

fn shown((major, minor): (i32, i32)) -> String {
    format!("{major}:{minor}")
}

fn running(scene: &Scene, readers: usize) -> Line {
    let line = Line::new(ProbeId::Service, Verdict::Ok, Statement::new("service.running").with("readers", readers));
    match unit(scene) {
        Unit::Installed(path) if scene.path("/run/systemd/system").is_dir() => {
            line.detail(Statement::new("service.by_socket").with("path", path))
        }
        _ => line,
    }
}

fn stopped(scene: &Scene) -> Line {
    if scene.path("/.flatpak-info").exists() {
        return problem(Statement::new("service.sandbox")).remedy(Statement::new("service.sandbox_todo"));
    }
    if !cfg!(unix) {
        return problem(Statement::new("service.stopped")).remedy(Statement::new("service.start_windows"));
    }
    let program = PROGRAMS.iter().find(|path| scene.path(path).exists());
    let socket = holders::socket(scene);
    let left = |line: Line| match socket.exists() {
        true => line.detail(Statement::new("service.left_socket").with("path", socket.display())),
        false => line,
    };
    let Some(program) = program else {
        return left(problem(Statement::new("service.missing")))
            .remedy(Statement::new("service.install").with("command", INSTALL));
    };
    let line = left(problem(Statement::new("service.stopped")))
        .detail(Statement::new("service.program").with("path", program));
    let systemd = scene.path("/run/systemd/system").is_dir();
    match unit(scene) {
        Unit::Masked(path) => line
            .detail(Statement::new("service.masked").with("path", path))
            .remedy(Statement::new("service.unmask").with("command", UNMASK))
            .remedy(Statement::new("service.start_by_hand").with("command", START)),
        Unit::Installed(path) if systemd => line
            .detail(Statement::new("service.by_socket").with("path", path))
            .remedy(Statement::new("service.start").with("command", START))
            .repair(Repair::StartService),
        // without systemd the repair starts the program itself
        _ if !systemd => {
            line.remedy(Statement::new("service.start_by_hand").with("command", BY_HAND)).repair(Repair::StartService)
        }
        _ => line.remedy(Statement::new("service.start_by_hand").with("command", BY_HAND)),
    }
}

fn mismatch(scene: &Scene, service: Option<(i32, i32)>) -> Line {
    let service = service.map_or_else(|| "?".to_owned(), shown);
    let own = client_version::ask(scene).map_or_else(|| "?".to_owned(), shown);
    let sentence = Statement::new("service.mismatch").with("service", service).with("own", own);
    let line = libraries(scene)
        .into_iter()
        .fold(problem(sentence), |line, path| line.detail(Statement::new("service.library").with("path", path)));
    let sandboxed = scene.path("/.flatpak-info").exists() || scene.variables.contains_key("SNAP");
    let line = if sandboxed { line.detail(Statement::new("service.in_sandbox")) } else { line };
    line.remedy(Statement::new("service.mismatch_cause"))
        .remedy(Statement::new("service.mismatch_update").with("command", INSTALL))
        .remedy(Statement::new("service.restart").with("command", RESTART))
}

enum Unit {
    None,
    /// Switched off for good: a link to `/dev/null`.
    Masked(String),
    Installed(String),
}

/// The unit of the service's socket; the folder read first counts.
fn unit(scene: &Scene) -> Unit {
    for folder in UNIT_FOLDERS {
        let path = format!("{folder}/{SOCKET_UNIT}");
        let below = scene.path(&path);
        if fs::read_link(&below).is_ok_and(|to| to.ends_with("dev/null")) {
            return Unit::Masked(path);
        }
        if below.exists() {
            return Unit::Installed(path);
        }
    }
    Unit::None
}

/// Copies of the client library: more than one is how versions drift apart.
fn libraries(scene: &Scene) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec!["/usr/lib".to_owned(), "/usr/lib64".to_owned(), "/usr/local/lib".to_owned()];
    let inner = fs::read_dir(scene.path("/usr/lib")).into_iter().flatten().flatten();
    let triplets =
        inner.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.contains("-linux-"));
    folders.extend(triplets.map(|name| format!("/usr/lib/{name}")));
    for folder in folders {
        let entries = fs::read_dir(scene.path(&folder)).into_iter().flatten().flatten();
        let plain = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let names = plain.filter_map(|entry| entry.file_name().into_string().ok());
        found.extend(names.filter(|name| name.starts_with("libpcsclite.so")).map(|name| format!("{folder}/{name}")));
    }
    found.sort();
    found
}
