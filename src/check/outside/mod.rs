//! The probes of what lies around the key: clock, network, CA, browsers, desktop, this program.

mod browsers;
mod ca;
mod clock;
mod desktop;
mod fonts;
mod network;
mod ports;
mod program;
mod reach;
pub(super) mod storage;
pub(super) mod windows;

pub use clock::is_wrong as clock_is_wrong;
pub use ports::Ports;
pub(in crate::check) use reach::Reached;
pub(crate) use reach::time as reach_ca;

use super::probe::Probe;
use super::scene::Scene;
use crate::desktop::autostart::Autostart;
use std::path::PathBuf;
use std::sync::Arc;

/// All of them.
#[must_use]
pub fn probes() -> Vec<Arc<dyn Probe>> {
    vec![
        Arc::new(clock::Clock),
        Arc::new(network::Network),
        Arc::new(ca::CaService),
        Arc::new(browsers::Browsers),
        Arc::new(Ports::default()),
        Arc::new(fonts::Fonts),
        Arc::new(desktop::Desktop),
        Arc::new(storage::Storage),
        Arc::new(program::Program),
    ]
}

/// Files of a name in the folders of `PATH`, in their order.
pub(super) fn in_path<'a>(scene: &'a Scene, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    let path = scene.variables.get("PATH").map_or("", String::as_str);
    path.split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(move |folder| scene.path(folder).join(name))
        .filter(|file| file.is_file())
}

/// Where the start with the desktop is written down; `None` without a home.
pub(super) fn autostart(scene: &Scene) -> Option<Autostart> {
    if cfg!(windows) {
        return Autostart::here();
    }
    let get = |name: &str| scene.variables.get(name).filter(|value| value.starts_with('/')).cloned();
    let own = get("XDG_CONFIG_HOME").or_else(|| get("HOME").map(|home| format!("{home}/.config")))?;
    let system = get("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
    Some(Autostart {
        folder: scene.path(&own).join("autostart"),
        system: system.split(':').map(|folder| scene.path(folder).join("autostart")).collect(),
        program: scene.program.clone(),
    })
}
