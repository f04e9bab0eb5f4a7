//! The certificates a check starts from: trusted roots, and intermediates that only help to reach them.
//!
//! The program ships no root of its own (assets/roots/README.md). An empty store therefore makes every chain end in
//! "issuer not known", never in "ok". Whoever may write the folder decides whom the program trusts.

use super::fields::{Certificate, MAX_CERTIFICATE};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use x509_parser::pem::Pem;

/// More files than this in one folder are not read.
const MAX_FILES: usize = 1000;
const EXTENSIONS: [&str; 4] = ["pem", "crt", "cer", "der"];

/// Roots and intermediates.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// Which one.
    pub file: PathBuf,
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
    /// No certificate in it, or one that can't be read.
    NoCertificate,
    /// Whoever asked does not believe who may write it.
    NotBelieved,
}

impl TrustStore {
    /// Reads the files `*.pem`, `*.crt`, `*.cer` and `*.der` of a folder, PEM or DER, and tells which it passed over.
    /// A folder that is not there is an empty one.
    #[must_use]
    pub fn from_folder(folder: &Path) -> (Self, Vec<SkippedFile>) {
        Self::believed(folder, &|_| true)
    }

    /// As [`TrustStore::from_folder`], of those files only that are believed by what the system says of the opened file.
    #[must_use]
    pub fn believed(folder: &Path, believe: &dyn Fn(&Metadata) -> bool) -> (Self, Vec<SkippedFile>) {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        files.retain(|file| {
            let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
            EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
        });
        files.sort();
        let (mut store, mut skipped) = (Self::default(), Vec::new());
        for file in files.into_iter().take(MAX_FILES) {
            match read_file(&file, believe) {
                Ok(certificates) => certificates.into_iter().for_each(|certificate| store.add(certificate)),
                Err(reason) => skipped.push(SkippedFile { file, reason }),
            }
        }
        (store, skipped)
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

    /// Adds everything of another store.
    pub fn extend(&mut self, other: Self) {
        other.roots.into_iter().chain(other.intermediates).for_each(|certificate| self.add(certificate));
    }

    /// The trusted roots.
    #[must_use]
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    pub(super) fn is_root(&self, certificate: &Certificate) -> bool {
        self.roots.iter().any(|root| root.der() == certificate.der())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().chain(&self.intermediates)
    }
}

fn read_file(file: &Path, believe: &dyn Fn(&Metadata) -> bool) -> Result<Vec<Certificate>, SkipReason> {
    let mut bytes = Vec::new();
    let limit = MAX_CERTIFICATE as u64 + 1;
    let opened = File::open(file).map_err(|_| SkipReason::Unreadable)?;
    if !opened.metadata().is_ok_and(|data| believe(&data)) {
        return Err(SkipReason::NotBelieved);
    }
    opened.take(limit).read_to_end(&mut bytes).map_err(|_| SkipReason::Unreadable)?;
    if bytes.len() > MAX_CERTIFICATE {
        return Err(SkipReason::TooLarge);
    }
    let certificates = if bytes.windows(10).any(|window| window == b"-----BEGIN") {
        let blocks = Pem::iter_from_buffer(&bytes).map(|block| Certificate::parse(&block.ok()?.contents).ok());
        blocks.collect::<Option<Vec<_>>>()
    } else {
        Certificate::parse(&bytes).ok().map(|certificate| vec![certificate])
    };
    certificates.filter(|found| !found.is_empty()).ok_or(SkipReason::NoCertificate)
}
