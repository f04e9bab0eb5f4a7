//! Folders of this person: they can be written, have room, are not open to others, and hold no damaged files.
//!
//! Only folders of this program's name are judged by their rights and cleaned: without a home the program falls back to a
//! folder it shares with others.

use crate::check::{Folders, Line, Probe, ProbeId, Repair, Scene, Statement, Verdict};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Less free space is a fault.
const ROOM: u64 = 20 << 20;
/// A file being written is younger.
const STALE: Duration = Duration::from_secs(60);
/// Files that are looked at.
const MOST: usize = 2_000;
/// Folders in folders that are looked into.
const DEEPEST: usize = 3;
/// Name of the program's folders, on every system a part of their path.
const OWN: &str = "cert-assistant";

/// What is wrong with a folder or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) enum Finding {
    /// Can't be made or written; in words of the system.
    NotWritable(PathBuf, String),
    /// So few bytes are free.
    NoRoom(PathBuf, u64),
    /// Does not read as what it must be.
    Damaged(PathBuf),
    /// Other people may change what is in this folder.
    OthersWrite(PathBuf),
    /// Other people may read this file.
    OthersRead(PathBuf),
    /// Left behind by a write that was cut.
    Stale(PathBuf),
    /// Set aside earlier.
    SetAside(PathBuf),
}

pub(super) struct Storage;

impl Probe for Storage {
    fn id(&self) -> ProbeId {
        ProbeId::Storage
    }

    fn run(&self, scene: &Scene) -> Line {
        let mut findings = survey(&scene.folders);
        findings.sort_by_key(Finding::rank);
        let Some((first, rest)) = findings.split_first() else {
            return Line::new(self.id(), Verdict::Ok, Statement::new("storage.ok"));
        };
        let (verdict, repairable) = match first {
            Finding::NotWritable(..) | Finding::NoRoom(..) => (Verdict::Problem, false),
            Finding::Damaged(_) | Finding::OthersWrite(_) => (Verdict::Problem, true),
            Finding::OthersRead(_) | Finding::Stale(_) => (Verdict::Notice, true),
            Finding::SetAside(_) => (Verdict::Ok, false),
        };
        let line = match first {
            Finding::SetAside(_) => {
                Line::new(self.id(), verdict, Statement::new("storage.ok")).detail(first.statement())
            }
            _ => Line::new(self.id(), verdict, first.statement()),
        };
        let line = match first {
            Finding::NotWritable(..) => line.remedy(Statement::new("storage.todo_rights")),
            Finding::NoRoom(..) => line.remedy(Statement::new("storage.todo_room")),
            _ if repairable => line.remedy(Statement::new("storage.todo_clean")),
            _ => line,
        };
        let line = if repairable { line.repair(Repair::CleanStorage) } else { line };
        rest.iter().map(Finding::statement).fold(line, Line::detail)
    }
}

impl Finding {
    /// The worst first.
    const fn rank(&self) -> u8 {
        match self {
            Self::NotWritable(..) => 0,
            Self::NoRoom(..) => 1,
            Self::Damaged(_) => 2,
            Self::OthersWrite(_) => 3,
            Self::OthersRead(_) => 4,
            Self::Stale(_) => 5,
            Self::SetAside(_) => 6,
        }
    }

    fn statement(&self) -> Statement {
        let (key, path) = match self {
            Self::NotWritable(path, _) => ("storage.not_writable", path),
            Self::NoRoom(path, _) => ("storage.no_room", path),
            Self::Damaged(path) => ("storage.damaged", path),
            Self::OthersWrite(path) => ("storage.others_write", path),
            Self::OthersRead(path) => ("storage.others_read", path),
            Self::Stale(path) => ("storage.stale", path),
            Self::SetAside(path) => ("storage.set_aside", path),
        };
        let statement = Statement::new(key).with_private("path", path.display());
        match self {
            Self::NotWritable(_, reason) => statement.with("reason", reason),
            Self::NoRoom(_, bytes) => statement.with("free", bytes >> 20),
            _ => statement,
        }
    }
}

/// True for a folder that belongs to this program alone.
pub(in crate::check) fn is_own(folder: &Path) -> bool {
    folder.components().rev().take(2).any(|part| part.as_os_str() == OWN)
}

/// Looks at all folders; nothing is changed.
pub(in crate::check) fn survey(folders: &Folders) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in [&folders.config, &folders.data, &folders.cache] {
        if folder.as_os_str().is_empty() {
            continue;
        }
        match writable(folder) {
            Err(reason) => found.push(Finding::NotWritable(folder.clone(), reason)),
            Ok(existing) => found
                .extend(free(existing).filter(|free| *free < ROOM).map(|free| Finding::NoRoom(folder.clone(), free))),
        }
        if is_own(folder) && folder.is_dir() {
            if others(folder) & 0o022 != 0 {
                found.push(Finding::OthersWrite(folder.clone()));
            }
            if *folder != folders.cache {
                look_into(folder, DEEPEST, *folder == folders.data, &mut MOST.clone(), &mut found);
            }
        }
    }
    found
}

/// The folder that exists: this one, or the one it would be made in. An error says why neither can be written.
fn writable(folder: &Path) -> Result<&Path, String> {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    if !existing.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.to_string());
    }
    may_write(existing).map(|()| existing)
}

#[cfg(target_os = "linux")]
fn may_write(folder: &Path) -> Result<(), String> {
    use rustix::fs::{Access, access};
    let answer = access(folder, Access::WRITE_OK | Access::EXEC_OK);
    answer.map_err(|error| std::io::Error::from(error).kind().to_string())
}

#[cfg(not(target_os = "linux"))]
fn may_write(folder: &Path) -> Result<(), String> {
    let data = fs::metadata(folder).map_err(|error| error.kind().to_string())?;
    // the flag of a folder means nothing on Windows
    if cfg!(unix) && data.permissions().readonly() { Err("read-only".to_owned()) } else { Ok(()) }
}

/// Bytes this person may still write.
#[cfg(target_os = "linux")]
fn free(folder: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(not(target_os = "linux"))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Rights of group and others.
#[cfg(unix)]
fn others(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).map_or(0, |data| data.permissions().mode() & 0o077)
}

#[cfg(not(unix))]
fn others(_: &Path) -> u32 {
    0
}

fn look_into(folder: &Path, depth: usize, data: bool, left: &mut usize, found: &mut Vec<Finding>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            look_into(&path, depth - 1, data, left, found);
        }
        if !kind.is_file() {
            continue;
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        match ending.as_str() {
            "json" if is_damaged(&path) => found.push(Finding::Damaged(path.clone())),
            "new" if is_stale(&path) => found.push(Finding::Stale(path.clone())),
            "damaged" => found.push(Finding::SetAside(path.clone())),
            _ => {}
        }
        // what the person wrote by hand beside the settings is no secret
        if (data || ending == "json") && others(&path) & 0o044 != 0 {
            found.push(Finding::OthersRead(path));
        }
    }
}

/// The program's own files are JSON objects.
fn is_damaged(path: &Path) -> bool {
    let object = |bytes: Vec<u8>| serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes);
    // a file that can't be read is told by its rights
    fs::read(path).is_ok_and(|bytes| object(bytes).is_err())
}

fn is_stale(path: &Path) -> bool {
    let written = fs::metadata(path).and_then(|data| data.modified());
    written.is_ok_and(|written| SystemTime::now().duration_since(written).is_ok_and(|age| age > STALE))
}
