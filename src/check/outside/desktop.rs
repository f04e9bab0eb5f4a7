//! Display, kind of session, and locale.

use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};

pub(super) struct Desktop;

impl Probe for Desktop {
    fn id(&self) -> ProbeId {
        ProbeId::Desktop
    }

    #[cfg(windows)]
    fn run(&self, _: &Scene) -> Line {
        super::windows::add_system(Line::new(self.id(), Verdict::Ok, Statement::new("desktop.windows")))
    }

    #[cfg(not(windows))]
    fn run(&self, scene: &Scene) -> Line {
        session(scene)
    }
}

/// Display and locale of a session of freedesktop.org.
#[cfg(not(windows))]
fn session(scene: &Scene) -> Line {
    let get = |name: &str| scene.variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let display = get("WAYLAND_DISPLAY").map(|_| "Wayland").or_else(|| get("DISPLAY").map(|_| "X11"));
    // the first that is set rules (POSIX.1-2017 XBD 8.2)
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get).unwrap_or("C");
    let utf8 = locale.to_ascii_uppercase().replace('-', "").contains("UTF8");
    let line = match display {
        None => Line::new(ProbeId::Desktop, Verdict::Notice, Statement::new("desktop.no_display"))
            .remedy(Statement::new("desktop.todo_display")),
        Some(_) if !utf8 => {
            Line::new(ProbeId::Desktop, Verdict::Notice, Statement::new("desktop.not_utf8").with("locale", locale))
                .remedy(Statement::new("desktop.todo_locale"))
        }
        Some(display) => {
            let name = get("XDG_CURRENT_DESKTOP").unwrap_or("-");
            let found = Statement::new("desktop.ok").with("display", display).with("desktop", name);
            Line::new(ProbeId::Desktop, Verdict::Ok, found)
        }
    };
    let line = line.detail(Statement::new("desktop.locale").with("locale", locale));
    let line = match get("XDG_SESSION_TYPE") {
        Some(kind) => line.detail(Statement::new("desktop.session").with("kind", kind)),
        None => line,
    };
    let remote = ["SSH_CONNECTION", "SSH_CLIENT", "XRDP_SESSION", "VNCDESKTOP"].into_iter().any(|v| get(v).is_some());
    if remote { line.detail(Statement::new("desktop.remote")) } else { line }
}
