//! This program: version, whether there are several, what it runs in, start with the desktop.

use crate::check::{Line, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use base::fault::FaultCode;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Its name in `PATH`.
const NAME: &str = "cert-assistant";

pub(super) struct Program;

impl Probe for Program {
    fn id(&self) -> ProbeId {
        ProbeId::Program
    }

    fn run(&self, scene: &Scene) -> Line {
        let found = super::in_path(scene, NAME).chain(scene.program.is_file().then(|| scene.program.clone()));
        let programs: BTreeSet<PathBuf> = found.filter_map(|file| file.canonicalize().ok()).collect();
        let version = env!("CARGO_PKG_VERSION");
        let sandbox = sandbox(scene);
        let line = match sandbox {
            Some(key) => Line::new(self.id(), Verdict::Notice, Statement::new(key))
                .remedy(Statement::new("program.todo_package")),
            None if programs.len() > 1 => {
                let several = Statement::new("program.several").with("count", programs.len());
                let line = Line::new(self.id(), Verdict::Notice, several);
                let line = line.remedy(Statement::new("program.todo_several"));
                programs
                    .iter()
                    .map(|file| file.display())
                    .fold(line, |line, file| line.detail(Statement::new("program.also").with_private("path", file)))
            }
            None if !scene.preset_faults.is_empty() => {
                Line::new(self.id(), Verdict::Notice, Statement::new("program.presets_wrong"))
            }
            None => Line::new(self.id(), Verdict::Ok, Statement::new("program.ok").with("version", version)),
        };
        let line = presets(scene, line);
        let bits = if cfg!(target_pointer_width = "64") { 64 } else { 32 };
        let kind = Statement::new("program.kind").with("version", version).with("bits", bits);
        let line = line.detail(kind.with("machine", std::env::consts::ARCH));
        let line = line.detail(Statement::new("program.path").with_private("path", scene.program.display()));
        let line = if in_container(scene) { line.detail(Statement::new("program.container")) } else { line };
        match super::autostart(scene).and_then(|autostart| autostart.state()) {
            Some(true) => line.detail(Statement::new("program.autostart_on")),
            Some(false) => line.detail(Statement::new("program.autostart_off")).repair(Repair::AddAutostart),
            None => line.detail(Statement::new("program.autostart_none")),
        }
    }
}

/// What the administrator set is named, so that nobody looks for it elsewhere.
fn presets(scene: &Scene, line: Line) -> Line {
    let line = scene.presets.iter().fold(line, |line, preset| {
        let key = if preset.what.is_empty() { "program.preset_folder" } else { "program.preset" };
        let statement = Statement::new(key).with("path", preset.path.display());
        line.detail(if preset.what.is_empty() { statement } else { statement.with("what", preset.what.join(", ")) })
    });
    if scene.preset_faults.is_empty() {
        return line;
    }
    let line = line.remedy(Statement::new("program.todo_presets"));
    scene.preset_faults.iter().fold(line, |line, fault| {
        let key = match fault.code {
            FaultCode::PresetsOpen => "program.preset_open",
            _ => "program.preset_wrong",
        };
        line.detail(Statement::new(key).with("code", fault.code.as_str()).with("detail", &fault.detail))
    })
}

fn sandbox(scene: &Scene) -> Option<&'static str> {
    let set = |name: &str| scene.variables.get(name).is_some_and(|value| !value.is_empty());
    if set("FLATPAK_ID") || scene.path("/.flatpak-info").exists() {
        Some("program.flatpak")
    } else if set("SNAP") && set("SNAP_NAME") {
        Some("program.snap")
    } else {
        None
    }
}

fn in_container(scene: &Scene) -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| scene.path(mark).exists())
        || scene.variables.get("container").is_some_and(|kind| !kind.is_empty() && kind != "flatpak")
}
