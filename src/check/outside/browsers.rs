//! Browsers of this desktop: menu entries of the category `WebBrowser` (freedesktop.org desktop entry and menu
//! specifications), well-known names in `PATH`, and which one opens links.

use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Programs by the name people know, for those without a menu entry.
const KNOWN: &[(&str, &[&str])] = &[
    ("Chromium", &["chromium", "chromium-browser"]),
    ("Google Chrome", &["google-chrome", "google-chrome-stable"]),
    ("Microsoft Edge", &["microsoft-edge", "microsoft-edge-stable"]),
    ("Firefox", &["firefox"]),
    ("Firefox ESR", &["firefox-esr"]),
    ("360 Browser", &["browser360-cn", "browser360-cn-stable"]),
    ("Qaxbrowser", &["qaxbrowser-safe", "qaxbrowser-safe-stable"]),
    ("UOS Browser", &["uos-browser"]),
];
/// Menu entries outside the folders of the base directory specification.
const EXPORTED: &[&str] = &["/var/lib/flatpak/exports/share", "/var/lib/snapd/desktop"];

pub(super) struct Browsers;

/// A menu entry of a browser.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    program: String,
}

impl Probe for Browsers {
    fn id(&self) -> ProbeId {
        ProbeId::Browsers
    }

    fn run(&self, scene: &Scene) -> Line {
        let entries = entries(scene);
        let mut names: Vec<String> = entries.values().map(|entry| entry.name.clone()).collect();
        let listed = |program: &str| entries.values().any(|entry| entry.program == program);
        for (name, programs) in KNOWN {
            if !programs.iter().any(|program| listed(program))
                && programs.iter().any(|program| super::in_path(scene, program).next().is_some())
            {
                names.push((*name).to_owned());
            }
        }
        names.sort();
        names.dedup();
        let line = if names.is_empty() {
            Line::new(self.id(), Verdict::Notice, Statement::new("browsers.none"))
                .remedy(Statement::new("browsers.todo_install"))
        } else {
            Line::new(self.id(), Verdict::Ok, Statement::new("browsers.found").with("names", names.join(", ")))
        };
        let line = match default_browser(scene) {
            Some(id) => {
                let name = entries.get(&id).map_or(id.as_str(), |entry| entry.name.as_str());
                line.detail(Statement::new("browsers.usual").with("name", name))
            }
            None => line,
        };
        #[cfg(windows)]
        let line = super::windows::add_zones(line);
        line.detail(Statement::new("browsers.no_bridge")).detail(Statement::new("browsers.local_network"))
    }
}

/// Folders with `applications` in them, the person's own first.
fn data_folders(scene: &Scene) -> Vec<PathBuf> {
    let variable = |name: &str| scene.variables.get(name).filter(|value| !value.is_empty()).cloned();
    let home = variable("HOME").map(|home| format!("{home}/.local/share"));
    let own = variable("XDG_DATA_HOME").or(home);
    let shared = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let all = own.into_iter().chain(shared.split(':').map(str::to_owned));
    let all = all.chain(EXPORTED.iter().map(|folder| (*folder).to_owned()));
    all.map(|folder| scene.path(&folder).join("applications")).collect()
}

/// Menu entries of browsers by their id; the first folder counts.
fn entries(scene: &Scene) -> BTreeMap<String, Entry> {
    let mut all = BTreeMap::new();
    for folder in data_folders(scene) {
        for file in fs::read_dir(folder).into_iter().flatten().flatten() {
            let id = file.file_name().to_string_lossy().into_owned();
            if !id.ends_with(".desktop") || all.contains_key(&id) {
                continue;
            }
            if let Some(entry) = fs::read_to_string(file.path()).ok().as_deref().and_then(entry) {
                all.insert(id, entry);
            }
        }
    }
    all
}

fn entry(text: &str) -> Option<Entry> {
    let main = text.split("\n[").find(|group| group.trim_start_matches(['[', '\n']).starts_with("Desktop Entry]"))?;
    let value = |name: &str| {
        main.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let hidden = ["Hidden", "NoDisplay"].iter().any(|name| value(name).as_deref() == Some("true"));
    let browser = value("Categories")?.split(';').any(|category| category == "WebBrowser");
    let command = value("Exec").unwrap_or_default();
    let program = command.split_whitespace().next().unwrap_or_default().trim_matches('"');
    let program = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    (browser && !hidden).then_some(Entry { name: value("Name")?, program })
}

/// Id of the entry that opens links (mime-apps specification): the person's choice before the system's.
fn default_browser(scene: &Scene) -> Option<String> {
    let variable = |name: &str| scene.variables.get(name).filter(|value| !value.is_empty()).cloned();
    let home = variable("HOME").map(|home| format!("{home}/.config"));
    let own = variable("XDG_CONFIG_HOME").or(home);
    let shared = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
    let configured = own.into_iter().chain(shared.split(':').map(str::to_owned)).map(|folder| scene.path(&folder));
    configured.chain(data_folders(scene)).find_map(|folder| {
        let text = fs::read_to_string(folder.join("mimeapps.list")).ok()?;
        let defaults = text.split_once("[Default Applications]")?.1;
        let defaults = defaults.split("\n[").next()?;
        let line = defaults.lines().find_map(|line| line.strip_prefix("x-scheme-handler/https="))?;
        line.split(';').map(str::trim).find(|id| !id.is_empty()).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::{Entry, entry};

    #[test]
    fn a_menu_entry_counts_when_it_is_a_browser_that_is_shown() {
        let text = "# comment\n[Desktop Entry]\nName=Firefox ESR\nName[zh_CN]=x\nExec=/usr/lib/firefox/firefox %u\n\
                    Categories=Network;WebBrowser;\n[Desktop Action new]\nName=New Window\n";
        let firefox = Entry { name: "Firefox ESR".to_owned(), program: "firefox".to_owned() };
        assert_eq!(entry(text), Some(firefox));
        assert_eq!(entry(&text.replace("WebBrowser", "Email")), None);
        assert_eq!(entry(&text.replace("Exec", "NoDisplay=true\nExec")), None);
        assert_eq!(entry("Name=x\nCategories=WebBrowser;"), None, "no menu entry");
    }
}
