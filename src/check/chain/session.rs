//! Whether the person sits at this computer: the rules of most systems let only such a session use keys.

use crate::check::Scene;

/// How a session came here from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// ssh.
    Ssh,
    /// A remote desktop.
    Desktop,
    /// The session manager calls it remote.
    Listed,
}

/// `None` when nothing says that the session is remote.
pub fn remote(scene: &Scene) -> Option<Remote> {
    let set = |name: &str| scene.variables.get(name).is_some_and(|value| !value.is_empty());
    if set("SSH_CONNECTION") || set("SSH_TTY") {
        return Some(Remote::Ssh);
    }
    if set("XRDP_SESSION") {
        return Some(Remote::Desktop);
    }
    let id = scene.variables.get("XDG_SESSION_ID")?;
    let is_name = !id.is_empty() && id.chars().all(|character| character.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    let text = std::fs::read_to_string(scene.path(&format!("/run/systemd/sessions/{id}"))).ok()?;
    text.lines().any(|line| line == "REMOTE=1").then_some(Remote::Listed)
}
