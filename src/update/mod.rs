//! 检查更新: a small signed feed says which version is newest and where it is.
//!
//! The feed is `{"feed": "<JSON text>", "signature": "<base64>"}`: an SM2 signature (DER, GM/T 0009 §7.3, identity
//! `1234567812345678`) over the UTF-8 bytes of the text.
//!
//! Invariants: nothing of the feed is believed before its signature is verified; a feed older than one that was seen is
//! refused, so that nobody can hold the program back or offer an old version; a file is offered only when its checksum is the
//! one of the feed; nothing is ever installed by itself.

mod feed;
mod fetch;

use base::fault::{Fault, FaultCode};
use gm::PublicKey;
use net::{Proxy, ServiceUrl};
use std::path::{Path, PathBuf};

/// Where the feed is and who signs it; from the settings, else from the CA profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSource {
    /// Address of the feed.
    pub address: ServiceUrl,
    /// SM2 public key that signs it.
    pub key: PublicKey,
}

impl FeedSource {
    /// Reads an address and a key in hex, 04 ‖ X ‖ Y.
    ///
    /// # Errors
    /// [`FaultCode::FeedUnusable`].
    pub fn parse(address: &str, key: &str) -> Result<Self, Fault> {
        let unusable = |detail: String| Fault::new(FaultCode::FeedUnusable).detail(detail);
        let address = ServiceUrl::parse(address).map_err(|why| unusable(why.to_string()))?;
        let key = PublicKey::from_hex(key).map_err(|why| unusable(why.to_string()))?;
        Ok(Self { address, key })
    }
}

/// A version that can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As in Cargo.toml.
    pub version: String,
    /// Day of publication, `2026-11-21`.
    pub date: String,
    /// What is new, in both languages.
    pub notes_zh: String,
    /// As above.
    pub notes_en: String,
    /// The file for this computer; `None` when the feed has none for it.
    pub file: Option<ReleaseFile>,
}

/// A file to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Where.
    pub url: String,
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// What the feed said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This version is the newest.
    UpToDate,
    /// There is a newer one.
    Newer(Release),
}

/// Name of what this computer installs, by where the program is: what was installed from a package of an application store
/// below `/opt/apps` (UOS, Kylin) goes on with such packages.
#[must_use]
pub fn target() -> &'static str {
    target_at(&std::env::current_exe().unwrap_or_default())
}

fn target_at(program: &Path) -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("windows", "x86_64") => "windows-x86_64-exe",
        ("linux", "x86_64") if program.starts_with("/opt/apps") => "linux-x86_64-uos",
        ("linux", "x86_64") => "linux-x86_64-deb",
        _ => "other",
    }
}

/// Asks the feed. `seen` keeps what was seen last, against older feeds.
///
/// # Errors
/// The fault to show.
pub fn ask(source: &FeedSource, proxy: &Proxy, seen: Option<&Path>) -> Result<Answer, Fault> {
    let bytes = fetch::feed(&source.address, proxy)?;
    let now = time::OffsetDateTime::now_utc();
    let feed = feed::read(&bytes, &source.key, now)?;
    feed::not_older(&feed, &source.key, seen)?;
    feed.answer(env!("CARGO_PKG_VERSION"), target())
}

/// Downloads a file into a folder; `progress` hears the bytes so far and says whether to go on.
///
/// # Errors
/// The fault to show; nothing is left behind.
pub fn download(
    file: &ReleaseFile,
    proxy: &Proxy,
    folder: &Path,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<PathBuf, Fault> {
    fetch::file(file, proxy, folder, progress)
}

/// The downloaded file, opened, when it is still the one of the feed. It shall stay open until the system has taken it.
///
/// # Errors
/// The fault to show: [`FaultCode::UpdateDamaged`] when it was changed, [`FaultCode::UpdateNotFetched`] when it is gone.
pub fn unaltered(file: &ReleaseFile, path: &Path) -> Result<std::fs::File, Fault> {
    fetch::unaltered(file, path)
}

/// The folder 下载 of this person.
#[must_use]
pub fn downloads() -> Option<PathBuf> {
    let dirs = directories::UserDirs::new()?;
    Some(dirs.download_dir().map_or_else(|| dirs.home_dir().to_owned(), Path::to_owned))
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use crate::update::target_at;
    use std::path::Path;

    #[test]
    fn what_came_from_a_store_goes_on_with_packages_of_the_store() {
        for (program, target) in [
            ("/usr/bin/cert-assistant", "linux-x86_64-deb"),
            ("/opt/apps/org.certassistant.client/files/bin/cert-assistant", "linux-x86_64-uos"),
            ("/opt/apps/org.certassistant.client/files/bin/cert-assistant (deleted)", "linux-x86_64-uos"),
            ("/opt/applications/cert-assistant", "linux-x86_64-deb"),
            ("", "linux-x86_64-deb"),
        ] {
            assert_eq!(target_at(Path::new(program)), target, "{program}");
        }
    }
}
