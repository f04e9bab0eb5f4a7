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

pub use clock::is_wrong as clock_is_wrong;
pub use ports::Ports;
pub(in crate::check) use reach::Reached;
pub(crate) use reach::time as reach_ca;

use super::probe::Probe;
use super::scene::Scene;
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

/// Whether the program starts with the desktop; `None` where it can't.
fn autostart(_: &Scene) -> Option<bool> {
    None
}
