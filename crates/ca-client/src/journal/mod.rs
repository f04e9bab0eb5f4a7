//! The journal of orders: one JSON file an order, in a folder of this person.
//!
//! Invariants
//! * A file is written to a temporary file, flushed, and renamed, its folder flushed after: a cut leaves the old or the new.
//! * Files are for this person only (0600): they hold the token that opens the order, and the contact.
//! * A damaged file is set aside as `….damaged` and told, never fatal.
//! * One program at a time works on an order: an open entry holds a lock that ends with the process.

use super::entry::Entry;
use base::fault::{Fault, FaultCode};
use base::files::{self, Access};
use gm::random;
use order_api::Order;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Longest file that is read.
const LARGEST: u64 = 1 << 20;
/// What this program writes; a file of a later one is left alone.
const FORMAT: u32 = 1;

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Where it lies now.
    pub file: PathBuf,
}

impl From<&Damaged> for Fault {
    fn from(damaged: &Damaged) -> Self {
        let name = damaged.file.file_name().unwrap_or_default().to_string_lossy();
        Self::new(FaultCode::JournalDamaged).detail(name)
    }
}

/// The folder with the entries.
#[derive(Clone, Debug)]
pub struct Journal {
    folder: PathBuf,
}

/// An entry that only this program works on, until it is dropped.
pub struct OpenEntry {
    folder: PathBuf,
    entry: Entry,
    /// Holds the lock.
    _lock: File,
}

#[derive(serde::Serialize)]
struct Out<'a> {
    format: u32,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

impl Journal {
    /// The journal in a folder; it is made when the first entry is written.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All entries, newest first, and what was set aside now.
    ///
    /// # Errors
    /// [`FaultCode::JournalNotUsable`] when the folder can't be read.
    pub fn entries(&self) -> Result<(Vec<Entry>, Vec<Damaged>), Fault> {
        let (mut entries, mut damaged) = (Vec::new(), Vec::new());
        let files = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((entries, damaged)),
            files => files.map_err(|error| unusable(&error))?,
        };
        for file in files {
            let path = file.map_err(|error| unusable(&error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(entry) => entries.push(entry),
                // gone since the folder was read, or of a later program
                Err(Unread::Missing | Unread::Later) => {}
                Err(Unread::Failed(error)) => return Err(unusable(&error)),
                Err(Unread::Damaged) => damaged.push(set_aside(&path)?),
            }
        }
        entries.sort_by(|a: &Entry, b: &Entry| (b.created, &b.id).cmp(&(a.created, &a.id)));
        Ok((entries, damaged))
    }

    /// Takes an entry to work on it.
    ///
    /// # Errors
    /// [`FaultCode::OrderInUse`] while another program has it, [`FaultCode::OrderNotFound`],
    /// [`FaultCode::JournalDamaged`], [`FaultCode::JournalNotUsable`].
    pub fn open(&self, id: &str) -> Result<OpenEntry, Fault> {
        let path = entry_file(&self.folder, id, "json").ok_or_else(|| missing(id))?;
        if !path.exists() {
            return Err(missing(id));
        }
        let lock = self.lock(id)?;
        // read under the lock: whoever held it may have changed or removed it
        match read(&path) {
            Ok(entry) if entry.id == id => Ok(OpenEntry { folder: self.folder.clone(), entry, _lock: lock }),
            Err(Unread::Missing) => Err(missing(id)),
            Err(Unread::Failed(error)) => Err(unusable(&error)),
            Err(Unread::Later) => Err(Fault::new(FaultCode::JournalNotUsable).detail("written by a later version")),
            Ok(_) | Err(Unread::Damaged) => Err(Fault::from(&set_aside(&path)?)),
        }
    }

    /// Removes an entry: of an order that ended, or of which nothing is on the key yet.
    ///
    /// # Errors
    /// [`FaultCode::OrderOnKey`], and as [`Journal::open`].
    pub fn forget(&self, id: &str) -> Result<(), Fault> {
        self.open(id)?.forget()
    }

    /// Removes an entry whatever it says: what the person is warned of before is lost.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn give_up(&self, id: &str) -> Result<(), Fault> {
        self.open(id)?.remove()
    }

    /// Writes a new entry; its id is set here.
    pub(super) fn create(&self, mut entry: Entry) -> Result<OpenEntry, Fault> {
        let bytes =
            random::<16>().map_err(|error| Fault::new(FaultCode::JournalNotUsable).detail(error.to_string()))?;
        entry.id = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        files::private_folder(&self.folder).map_err(|error| unusable(&error))?;
        let lock = self.lock(&entry.id)?;
        let open = OpenEntry { folder: self.folder.clone(), entry, _lock: lock };
        open.store(&open.entry)?;
        Ok(open)
    }

    fn lock(&self, id: &str) -> Result<File, Fault> {
        let path = entry_file(&self.folder, id, "lock").ok_or_else(|| missing(id))?;
        let mut options = files::options(Access::Owner);
        let file = options.create(true).write(true).truncate(false).open(path).map_err(|error| unusable(&error))?;
        is_ours(file.try_lock())?;
        Ok(file)
    }
}

fn is_ours(locked: Result<(), TryLockError>) -> Result<(), Fault> {
    match locked {
        Err(TryLockError::WouldBlock) => Err(Fault::new(FaultCode::OrderInUse)),
        // folders of a network may know no locks
        Err(TryLockError::Error(error)) => files::supported(Err(error)).map_err(|error| unusable(&error)),
        Ok(()) => Ok(()),
    }
}

impl OpenEntry {
    /// What stands in it.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Changes the entry; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`FaultCode::JournalNotUsable`]; the entry is then as before.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Entry)) -> Result<(), Fault> {
        let mut changed = self.entry.clone();
        change(&mut changed);
        if changed != self.entry {
            self.store(&changed)?;
            self.entry = changed;
        }
        Ok(())
    }

    /// Takes in a newer view of the order that needs no place on the disk before the next change.
    pub(super) fn keep(&mut self, order: Order) {
        self.entry.order = Some(order);
    }

    /// Removes the entry when the key holds nothing of an unfinished order.
    pub(super) fn forget(self) -> Result<(), Fault> {
        if self.entry.is_on_key() {
            let no = self.entry.order.as_ref().map(|order| order.no.clone()).unwrap_or_default();
            return Err(Fault::new(FaultCode::OrderOnKey).with("order", no));
        }
        self.remove()
    }

    /// Removes the entry.
    pub(super) fn remove(self) -> Result<(), Fault> {
        for extension in ["json", "lock"] {
            let path = entry_file(&self.folder, &self.entry.id, extension).ok_or_else(|| missing(&self.entry.id))?;
            std::fs::remove_file(path).map_err(|error| unusable(&error))?;
        }
        files::flush_folder(&self.folder).map_err(|error| unusable(&error))
    }

    fn store(&self, entry: &Entry) -> Result<(), Fault> {
        let path = entry_file(&self.folder, &entry.id, "json").ok_or_else(|| missing(&entry.id))?;
        write(&path, &Out { format: FORMAT, entry }).map_err(|error| unusable(&error))
    }
}

/// A file of an entry; `None` for an id that is none, which could lead elsewhere.
fn entry_file(folder: &Path, id: &str, extension: &str) -> Option<PathBuf> {
    let well_formed = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| folder.join(format!("{id}.{extension}")))
}

enum Unread {
    Missing,
    Later,
    Damaged,
    Failed(io::Error),
}

fn read(path: &Path) -> Result<Entry, Unread> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unread::Missing,
        _ => Unread::Failed(error),
    })?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(Unread::Failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unread::Damaged);
    }
    let Format { format } = serde_json::from_slice(&bytes).map_err(|_| Unread::Damaged)?;
    if format > FORMAT {
        return Err(Unread::Later);
    }
    let entry: Entry = serde_json::from_slice(&bytes).map_err(|_| Unread::Damaged)?;
    let named = path.file_stem().is_some_and(|stem| stem.to_str() == Some(&entry.id));
    if named { Ok(entry) } else { Err(Unread::Damaged) }
}

fn set_aside(path: &Path) -> Result<Damaged, Fault> {
    let file = files::set_aside(path).map_err(|error| unusable(&error))?;
    tracing::warn!(file = %file.display(), "damaged entry of the journal set aside");
    Ok(Damaged { file })
}

fn write(path: &Path, content: &impl serde::Serialize) -> io::Result<()> {
    files::replace(path, &serde_json::to_vec_pretty(content)?, Access::Owner)
}

fn unusable(error: &io::Error) -> Fault {
    Fault::new(FaultCode::JournalNotUsable).detail(error.to_string())
}

fn missing(id: &str) -> Fault {
    Fault::new(FaultCode::OrderNotFound).detail(id.chars().filter(char::is_ascii_hexdigit).take(64).collect::<String>())
}

#[cfg(test)]
mod tests;
