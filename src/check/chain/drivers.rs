//! Libraries of makers (SKF, GM/T 0016) and other middleware. This program reads CCID keys without them; other programs
//! need them, and they get into each other's way.
//!
//! A library that fails is a problem only when a key is in that can't be read without it.

use super::driver_child::Step;
use super::driver_file::{DriverFile, Kind};
use super::driver_run::{self, End};
use super::usb_bus::{Bus, look};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// `*` stands for one folder (wire-format/vendor-libraries.md#places).
const FOLDERS: [&str; 6] =
    ["/opt/apps/*/files/lib*", "/opt/*/lib*", "/usr/lib64", "/usr/lib", "/usr/lib/*-linux-gnu*", "/usr/local/lib"];
/// Parts of the names of libraries.
const NAMES: [&str; 4] = ["gm3000", "3000gm", "skf", "_gm"];
/// A list of devices is never longer; one that claims to be has no device to list.
const LONGEST_LIST: u32 = 64 << 10;
/// More libraries than these are not tried.
const MOST: usize = 12;
/// Parts of the names of packages of other certificate tools and drivers.
const MIDDLEWARE: [&str; 24] = [
    "bjca",
    "certaide",
    "xtx",
    "longmai",
    "gm3000",
    "mplugin",
    "feitian",
    "ftsafe",
    "epass",
    "watchdata",
    "haitai",
    "mingwah",
    "wellhope",
    "cfca",
    "netca",
    "gdca",
    "sheca",
    "itrus",
    "szca",
    "lnca",
    "hbca",
    "infosec",
    "koal",
    "ukey",
];

/// The probe.
pub struct Drivers;

/// A library that was tried.
struct Tried {
    path: String,
    hash: String,
    debug_build: bool,
    outcome: Outcome,
}

/// What became of it.
enum Outcome {
    /// Loads, has what is needed, finds this many bytes of device names.
    Good {
        exported: usize,
        length: u32,
    },
    /// Not for this machine.
    Architecture(Kind),
    NotLoaded(String),
    Missing(String),
    /// Crashes, or claims a list no computer holds: it can't reach USB.
    NoUsb,
    Crashed(Option<i32>),
    Hung,
    Refused(u32),
    /// The child could not be started.
    Untried,
}

impl Probe for Drivers {
    fn id(&self) -> ProbeId {
        ProbeId::Drivers
    }

    fn run(&self, scene: &Scene) -> Line {
        let line = |verdict, sentence| Line::new(ProbeId::Drivers, verdict, sentence);
        if scene.practice {
            return line(Verdict::NotApplicable, Statement::new("common.practice"));
        }
        let tried = try_all(scene);
        let needed = match look(scene) {
            Bus::Devices(devices) => devices.into_iter().find(|device| !device.ccid),
            Bus::Missing | Bus::OtherSystem => None,
        };
        let bad = tried.iter().find(|tried| !matches!(tried.outcome, Outcome::Good { .. }));
        let good = tried.iter().any(|tried| matches!(tried.outcome, Outcome::Good { .. }));
        let found = match (bad, &needed) {
            (_, Some(device)) if tried.is_empty() => {
                let sentence = Statement::new("drivers.needed").with("name", device.name()).with("id", device.id);
                line(Verdict::Notice, sentence).remedy(Statement::new("drivers.needed_todo"))
            }
            (None, _) if tried.is_empty() => line(Verdict::Ok, Statement::new("drivers.none")),
            (None, _) => line(Verdict::Ok, Statement::new("drivers.good").with("count", tried.len())),
            (Some(bad), Some(_)) if !good => with_remedy(line(Verdict::Problem, bad.sentence()), bad),
            (Some(bad), _) => with_remedy(line(Verdict::Notice, bad.sentence()), bad),
        };
        let found = tried.iter().fold(found, |line, tried| line.detail(tried.sentence()).detail(tried.file()));
        let found = debug_builds(&tried, found);
        let found = doubles(&tried, found);
        middleware(scene, &tried, found)
    }
}

/// A finding beside the verdict on the libraries: it takes the line when that is good.
fn beside(mut line: Line, finding: Statement, remedy: Statement) -> Line {
    if line.verdict < Verdict::Notice {
        line.verdict = Verdict::Notice;
        line.sentence = finding;
    } else {
        line = line.detail(finding);
    }
    line.remedy(remedy)
}

fn debug_builds(tried: &[Tried], line: Line) -> Line {
    let debug: Vec<_> = tried.iter().filter(|tried| tried.debug_build).map(|tried| tried.path.as_str()).collect();
    if debug.is_empty() {
        return line;
    }
    let finding = Statement::new("drivers.debug").with("path", debug.join(", "));
    beside(line, finding, Statement::new("drivers.debug_todo"))
}

/// Two files of one name that differ: which one a program gets is chance.
fn doubles(tried: &[Tried], line: Line) -> Line {
    let mut by_name: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for one in tried {
        by_name.entry(one.path.rsplit('/').next().unwrap_or_default()).or_default().push(one);
    }
    by_name.into_iter().fold(line, |line, (name, copies)| {
        if copies.iter().all(|copy| copies.first().is_some_and(|first| first.hash == copy.hash)) {
            return line;
        }
        let paths: Vec<_> = copies.iter().map(|copy| copy.path.as_str()).collect();
        let finding = Statement::new("drivers.double").with("name", name).with("paths", paths.join(", "));
        beside(line, finding, Statement::new("drivers.double_todo"))
    })
}

/// Packages of other tools, but not those the tried libraries belong to.
fn middleware(scene: &Scene, tried: &[Tried], line: Line) -> Line {
    let mut names = Vec::new();
    for folder in ["/opt", "/opt/apps"] {
        for name in entries(scene, folder) {
            let lower = name.to_lowercase();
            let path = format!("{folder}/{name}/");
            let is_driver = tried.iter().any(|tried| tried.path.starts_with(&path));
            if !is_driver && MIDDLEWARE.iter().any(|part| lower.contains(part)) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return line;
    }
    let finding = Statement::new("drivers.middleware").with("names", names.join(", "));
    beside(line, finding, Statement::new("drivers.middleware_todo"))
}

fn with_remedy(line: Line, bad: &Tried) -> Line {
    match bad.outcome {
        Outcome::Architecture(_) => line.remedy(Statement::new("drivers.architecture_todo")),
        Outcome::NotLoaded(_) => line.remedy(Statement::new("drivers.not_loaded_todo")),
        Outcome::NoUsb | Outcome::Crashed(_) | Outcome::Hung | Outcome::Refused(_) => {
            line.remedy(Statement::new("drivers.no_usb_todo")).remedy(Statement::new("drivers.reinstall"))
        }
        Outcome::Missing(_) => line.remedy(Statement::new("drivers.reinstall")),
        Outcome::Untried | Outcome::Good { .. } => line,
    }
}

impl Tried {
    fn sentence(&self) -> Statement {
        let statement = match &self.outcome {
            Outcome::Good { exported, length: 0 | 1 } => Statement::new("drivers.loads").with("exported", exported),
            Outcome::Good { exported, .. } => Statement::new("drivers.sees_key").with("exported", exported),
            Outcome::Architecture(kind) => {
                Statement::new("drivers.architecture").with("theirs", kind.name()).with("ours", Kind::ours().name())
            }
            Outcome::NotLoaded(reason) => Statement::new("drivers.not_loaded").with("reason", reason),
            Outcome::Missing(names) => Statement::new("drivers.missing").with("names", names),
            Outcome::NoUsb => Statement::new("drivers.no_usb"),
            Outcome::Crashed(Some(signal)) => Statement::new("drivers.crashed").with("signal", signal),
            Outcome::Crashed(None) => Statement::new("drivers.broke_off"),
            Outcome::Hung => Statement::new("drivers.hung"),
            Outcome::Refused(code) => Statement::new("drivers.refused").with("code", format!("0x{code:08X}")),
            Outcome::Untried => Statement::new("drivers.untried"),
        };
        statement.with("path", &self.path)
    }

    fn file(&self) -> Statement {
        Statement::new("drivers.file").with("path", &self.path).with("hash", &self.hash)
    }
}

/// Tries every library side by side.
fn try_all(scene: &Scene) -> Vec<Tried> {
    let candidates = candidates(scene);
    std::thread::scope(|scope| {
        let running: Vec<_> = candidates
            .into_iter()
            .filter_map(|(path, file, below)| {
                let thread = std::thread::Builder::new().name("driver".to_owned());
                let program = &scene.program;
                thread.spawn_scoped(scope, move || tried(program, path, &file, &below)).ok()
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn tried(program: &Path, path: String, file: &DriverFile, below: &Path) -> Tried {
    let outcome = if file.kind.is_ours() {
        let (steps, end) = driver_run::load(program, below);
        judge(&steps, end)
    } else {
        Outcome::Architecture(file.kind.clone())
    };
    Tried { path, hash: file.hash.clone(), debug_build: file.debug_build, outcome }
}

fn judge(steps: &[Step], end: End) -> Outcome {
    let mut exported = 0;
    for step in steps {
        match step {
            Step::NotLoaded(reason) => return Outcome::NotLoaded(reason.clone()),
            Step::Loaded { missing, .. } if !missing.is_empty() => return Outcome::Missing(missing.join(", ")),
            Step::Loaded { exported: count, .. } => exported = *count,
            Step::Enumerated { code: 0, length } if *length > LONGEST_LIST => return Outcome::NoUsb,
            Step::Enumerated { code: 0, length } => return Outcome::Good { exported, length: *length },
            Step::Enumerated { code, .. } => return Outcome::Refused(*code),
        }
    }
    match end {
        End::Crashed(signal) => Outcome::Crashed(signal),
        End::Hung => Outcome::Hung,
        End::NotStarted | End::Done => Outcome::Untried,
    }
}

/// Files that look like libraries of GM/T 0016, each once, with its path as people see it and where it lies.
fn candidates(scene: &Scene) -> Vec<(String, DriverFile, PathBuf)> {
    let mut found: BTreeMap<PathBuf, (String, DriverFile)> = BTreeMap::new();
    for folder in FOLDERS.iter().flat_map(|pattern| folders(scene, pattern)) {
        for name in entries(scene, &folder) {
            let lower = name.to_lowercase();
            if !lower.contains(".so") || !NAMES.iter().any(|part| lower.contains(part)) {
                continue;
            }
            let path = format!("{folder}/{name}");
            let Ok(below) = fs::canonicalize(scene.path(&path)) else { continue };
            if found.contains_key(&below) || found.len() >= MOST {
                continue;
            }
            // nothing is loaded that does not even name the functions
            let Some(file) = DriverFile::read(&below).filter(|file| !file.names.is_empty()) else { continue };
            found.insert(below, (path, file));
        }
    }
    let mut found: Vec<_> = found.into_iter().map(|(below, (path, file))| (path, file, below)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The folders of a pattern that exist.
fn folders(scene: &Scene, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').skip(1) {
        found = match part.split_once('*') {
            None => found.into_iter().map(|folder| format!("{folder}/{part}")).collect(),
            Some((before, behind)) => {
                let behind = behind.trim_end_matches('*');
                let fits = |name: &String| name.starts_with(before) && name.contains(behind);
                let below = |folder: String| {
                    entries(scene, &folder)
                        .into_iter()
                        .filter(fits)
                        .map(|name| format!("{folder}/{name}"))
                        .collect::<Vec<_>>()
                };
                found.into_iter().flat_map(below).collect()
            }
        };
    }
    found
}

fn entries(scene: &Scene, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(scene.path(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
