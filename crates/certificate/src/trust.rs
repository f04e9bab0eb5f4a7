//! The certificates a check starts from: trusted roots, and intermediates that only help to reach them.
//!
//! The program ships no root of its own (assets/roots/README.md). An empty store therefore makes every chain end in
//! "issuer not known", never in "ok". Whoever may write the folder decides whom the program trusts.

use super::bundle::{Block, read_bundle};
use super::fields::Certificate;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

/// More files than this in one folder are not read.
const MAX_FILES: usize = 1000;
/// Longest file that is read: a bundle of all roots of a country.
pub const MAX_ROOT_FILE: usize = 1024 * 1024;
/// Endings of files with certificates; some have none.
const EXTENSIONS: [&str; 7] = ["pem", "crt", "cer", "der", "p7b", "p7c", "p7s"];

/// Roots and intermediates.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
    skipped: Vec<SkippedFile>,
}

/// A file, or a part of one, that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// Which one.
    pub file: PathBuf,
    /// Which block of a bundle, from 1; `None` for the whole file.
    pub block: Option<usize>,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file of the folder was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The system did not let it be read.
    Unreadable,
    /// Longer than a certificate may be.
    TooLarge,
    /// No certificate in it.
    NoCertificate,
    /// Meant to be a certificate, but it can't be read.
    Damaged,
    /// Whoever asked does not believe who may write it.
    NotBelieved,
}

impl TrustStore {
    /// Reads the files of a folder that end as files with certificates do or have no ending, in every form that CAs hand out
    /// (DER, PEM, Base64, PKCS#7; one certificate or many); [`TrustStore::skipped`] tells what it passed over. A folder that
    /// is not there is an empty one.
    #[must_use]
    pub fn from_folder(folder: &Path) -> Self {
        Self::believed(folder, &|_| true)
    }

    /// As [`TrustStore::from_folder`], of those files only that are believed by what the system says of the opened file.
    #[must_use]
    pub fn believed(folder: &Path, believe: &dyn Fn(&Metadata) -> bool) -> Self {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        files.retain(|file| {
            let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            match file.extension() {
                None => !hidden && file.is_file(),
                Some(end) => EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)),
            }
        });
        files.sort();
        let mut store = Self::default();
        for file in files.into_iter().take(MAX_FILES) {
            let blocks = match read_file(&file, believe) {
                Ok(bytes) => read_bundle(&bytes),
                Err(reason) => {
                    store.skipped.push(SkippedFile { file, block: None, reason });
                    continue;
                }
            };
            let several = blocks.len() > 1;
            if blocks.is_empty() {
                store.skipped.push(SkippedFile { file: file.clone(), block: None, reason: SkipReason::NoCertificate });
            }
            for (index, block) in blocks.into_iter().enumerate() {
                let reason = match block {
                    Block::Certificate(certificate) => {
                        store.add(*certificate);
                        continue;
                    }
                    Block::Damaged => SkipReason::Damaged,
                    Block::Other => SkipReason::NoCertificate,
                };
                store.skipped.push(SkippedFile { file: file.clone(), block: several.then_some(index + 1), reason });
            }
        }
        store
    }

    /// Adds a certificate: as a root when it is signed by itself, else as an intermediate.
    pub fn add(&mut self, certificate: Certificate) {
        if self.all().any(|known| known.der() == certificate.der()) {
            return;
        }
        if certificate.is_self_signed() {
            self.roots.push(certificate);
        } else {
            self.intermediates.push(certificate);
        }
    }

    /// Adds a certificate that only helps to find the way to a root, also when it signed itself.
    pub fn add_intermediate(&mut self, certificate: Certificate) {
        if self.all().all(|known| known.der() != certificate.der()) {
            self.intermediates.push(certificate);
        }
    }

    /// Adds everything of another store.
    pub fn extend(&mut self, other: Self) {
        self.skipped.extend(other.skipped);
        other.roots.into_iter().chain(other.intermediates).for_each(|certificate| self.add(certificate));
    }

    /// The trusted roots.
    #[must_use]
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// What was passed over in the folders.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedFile] {
        &self.skipped
    }

    pub(super) fn is_root(&self, certificate: &Certificate) -> bool {
        self.roots.iter().any(|root| root.der() == certificate.der())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().chain(&self.intermediates)
    }
}

fn read_file(file: &Path, believe: &dyn Fn(&Metadata) -> bool) -> Result<Vec<u8>, SkipReason> {
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|_| SkipReason::Unreadable)?;
    if !opened.metadata().is_ok_and(|data| believe(&data)) {
        return Err(SkipReason::NotBelieved);
    }
    opened.take(MAX_ROOT_FILE as u64 + 1).read_to_end(&mut bytes).map_err(|_| SkipReason::Unreadable)?;
    if bytes.len() > MAX_ROOT_FILE {
        return Err(SkipReason::TooLarge);
    }
    Ok(bytes)
}
