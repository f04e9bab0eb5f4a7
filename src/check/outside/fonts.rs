//! A font with Chinese characters for what the program's own does not have: rare characters in names.

use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Parts of the file names of fonts that hold Chinese characters, lower case.
const CHINESE: &[&str] = &[
    "notosanscjk",
    "notoserifcjk",
    "notosanssc",
    "notoserifsc",
    "notosanstc",
    "sourcehan",
    "wqy",
    "droidsansfallback",
    "uming",
    "ukai",
    "gbsn00lp",
    "gkai00mp",
    "simsun",
    "simhei",
    "simkai",
    "simfang",
    "msyh",
    "dengxian",
    "deng.ttf",
    "stsong",
    "stkaiti",
    "pingfang",
    "lxgw",
    "harmonyos_sans_sc",
    "fangsong",
    "fzsong",
    "fzhei",
    "fzkai",
    "hanazono",
    "plangothic",
    "tsanger",
    "smileysans",
    "arphic",
    "hyqihei",
    "notosanshans",
    "unifont",
];
const FOLDERS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts", "/Windows/Fonts"];
/// Below the home folder.
const OWN: &[&str] = &[".fonts", ".local/share/fonts"];
/// Folders in folders that are looked into.
const DEEPEST: usize = 6;

pub(super) struct Fonts;

impl Probe for Fonts {
    fn id(&self) -> ProbeId {
        ProbeId::Fonts
    }

    fn run(&self, scene: &Scene) -> Line {
        let mut found = Vec::new();
        for folder in FOLDERS {
            search(&scene.path(folder), DEEPEST, &mut found);
        }
        if let Some(home) = scene.variables.get("HOME") {
            OWN.iter().for_each(|folder| search(&scene.path(home).join(folder), DEEPEST, &mut found));
        }
        if found.is_empty() && scene.root == Path::new("/") {
            found = listed();
        }
        found.sort();
        found.dedup();
        if found.is_empty() {
            return Line::new(self.id(), Verdict::Notice, Statement::new("fonts.none"))
                .detail(Statement::new("fonts.own"))
                .remedy(Statement::new("fonts.todo_install"));
        }
        let shown: Vec<&str> = found.iter().map(String::as_str).take(4).collect();
        Line::new(self.id(), Verdict::Ok, Statement::new("fonts.found").with("count", found.len()))
            .detail(Statement::new("fonts.names").with("names", shown.join(", ")))
    }
}

fn search(folder: &Path, depth: usize, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                search(&path, depth - 1, found);
            }
        } else if is_font(&lower) && CHINESE.iter().any(|part| lower.replace('-', "").contains(part)) {
            found.push(name);
        }
    }
}

fn is_font(name: &str) -> bool {
    [".ttf", ".ttc", ".otf", ".otc", ".pcf.gz"].iter().any(|end| name.ends_with(end))
}

/// What the font configuration knows besides, where its tool is installed.
fn listed() -> Vec<String> {
    let mut tool = Command::new("fc-list");
    let output = tool.args([":lang=zh", "family"]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(|line| line.split(',').next()).map(str::to_owned).filter(|name| !name.is_empty()).collect()
}
