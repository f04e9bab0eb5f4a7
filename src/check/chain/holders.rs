//! Who uses the smart-card service or a key's device, as far as `/proc` tells this user: names of processes.
//!
//! A client's end of the service's socket has no name, so a client is told by the client library in its memory together
//! with an open socket. The processes of other users can't be looked into.

use crate::check::Scene;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SOCKET: &str = "/run/pcscd/pcscd.comm";
const LIBRARY: &str = "libpcsclite.so";
const SERVICE: &str = "pcscd";

/// The socket of the service, below the scene's root unless the environment names another.
pub fn socket(scene: &Scene) -> PathBuf {
    scene.variables.get("PCSCLITE_CSOCK_NAME").map_or_else(|| scene.path(SOCKET), PathBuf::from)
}

/// `name (id)` of other processes that have the service's client library loaded and a socket open, or one of these device
/// nodes.
pub fn others(scene: &Scene, nodes: &[String]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(scene.path("/proc")).into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let own = entry.path();
        let Some(name) = name(&own).filter(|name| id != std::process::id() && name != SERVICE) else { continue };
        let open = open_files(&own);
        let holds_node = open.iter().any(|file| nodes.iter().any(|node| Path::new(node) == file));
        let is_client = || {
            let maps = fs::read(own.join("maps")).unwrap_or_default();
            String::from_utf8_lossy(&maps).contains(LIBRARY)
        };
        let has_socket = open.iter().any(|file| file.to_string_lossy().starts_with("socket:"));
        if holds_node || has_socket && is_client() {
            found.insert((name, id));
        }
    }
    found.into_iter().map(|(name, id)| format!("{name} ({id})")).collect()
}

fn name(process: &Path) -> Option<String> {
    let text = fs::read(process.join("comm")).ok()?;
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

fn open_files(process: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

/// `0660 root:lp`, with `+` when there is an access list; names from `/etc`.
#[cfg(target_os = "linux")]
pub fn mode(scene: &Scene, path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path).ok()?;
    let user = account(scene, "/etc/passwd", about.uid());
    let group = account(scene, "/etc/group", about.gid());
    let mut none: [u8; 0] = [];
    let listed = rustix::fs::getxattr(path, "system.posix_acl_access", &mut none).is_ok_and(|size| size > 0);
    Some(format!("{:04o} {user}:{group}{}", about.mode() & 0o7777, if listed { "+" } else { "" }))
}

/// Other systems have other rules.
#[cfg(not(target_os = "linux"))]
pub fn mode(_: &Scene, _: &Path) -> Option<String> {
    None
}

/// The name of an id in `passwd` or `group`, else the id.
#[cfg(target_os = "linux")]
fn account(scene: &Scene, file: &str, id: u32) -> String {
    let text = fs::read(scene.path(file)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let named = text.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| id.to_string())
}
