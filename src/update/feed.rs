//! The feed: its signature first, then what it says.

use super::{Answer, Release, ReleaseFile};
use base::fault::{Fault, FaultCode};
use base::files::{self, Access};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gm::{PublicKey, signature_from_der};
use net::ServiceUrl;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The only format there is.
const FORMAT: u32 = 1;
/// Largest file that is offered, bytes.
const LARGEST_FILE: u64 = 1 << 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    feed: String,
    signature: String,
}

/// Which format; the rest is read only when it is known.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// What the feed says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Feed {
    /// Grows with every feed.
    pub serial: u64,
    issued: String,
    expires: String,
    version: String,
    #[serde(default)]
    notes: Notes,
    files: Vec<File>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Notes {
    zh: String,
    en: String,
}

#[derive(Clone, Debug, Deserialize)]
struct File {
    target: String,
    url: String,
    name: String,
    size: u64,
    sha256: String,
}

fn unreadable(detail: impl Into<String>) -> Fault {
    Fault::new(FaultCode::FeedUnreadable).detail(detail)
}

/// Verifies the signature, then reads.
pub(super) fn read(bytes: &[u8], key: &PublicKey, now: OffsetDateTime) -> Result<Feed, Fault> {
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| unreadable("envelope"))?;
    let forged = || Fault::new(FaultCode::FeedForged);
    let signature = BASE64_STANDARD.decode(&envelope.signature).map_err(|_| forged())?;
    let signature = signature_from_der(&signature).map_err(|_| forged())?;
    key.verify_message(envelope.feed.as_bytes(), &signature).map_err(|_| forged())?;
    let format: Format = serde_json::from_str(&envelope.feed).map_err(|_| unreadable("format"))?;
    if format.format != FORMAT {
        return Err(unreadable(format!("format {}", format.format)));
    }
    let feed: Feed = serde_json::from_str(&envelope.feed).map_err(|error| unreadable(error.to_string()))?;
    let time = |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| unreadable("time"));
    let (issued, expires) = (time(&feed.issued)?, time(&feed.expires)?);
    if now > expires || issued > expires {
        return Err(Fault::new(FaultCode::FeedOld).detail(format!("expired {}", feed.expires)));
    }
    // a day for clocks that differ
    if issued > now + time::Duration::days(1) {
        return Err(Fault::new(FaultCode::FeedOld).detail(format!("issued {}", feed.issued)));
    }
    Ok(feed)
}

/// The last serial seen of each key that signs.
#[derive(Default, Serialize, Deserialize)]
struct Seen(BTreeMap<String, u64>);

/// Refuses a feed older than one that was seen, and keeps this one in mind.
pub(super) fn not_older(feed: &Feed, key: &PublicKey, seen: Option<&Path>) -> Result<(), Fault> {
    let Some(path) = seen else { return Ok(()) };
    let mut known: Seen = match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            let aside = files::set_aside(path);
            tracing::warn!(kept = aside.is_ok(), "which feeds of updates were seen can't be read");
            Seen::default()
        }),
        Err(_) => Seen::default(),
    };
    let name: String = key.x().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let last = known.0.get(&name).copied().unwrap_or(0);
    if feed.serial < last {
        return Err(Fault::new(FaultCode::FeedOld).detail(format!("{} < {last}", feed.serial)));
    }
    if feed.serial > last {
        known.0.insert(name, feed.serial);
        if let Err(error) = store(path, &known) {
            tracing::warn!(%error, "which feed of updates was seen could not be stored");
        }
    }
    Ok(())
}

fn store(path: &Path, seen: &Seen) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    files::replace(path, &serde_json::to_vec(seen)?, Access::Owner)
}

impl Feed {
    /// What it means for this version and computer.
    pub(super) fn answer(self, own: &str, target: &str) -> Result<Answer, Fault> {
        let (Some(offered), Some(own)) = (numbers(&self.version), numbers(own)) else {
            return Err(unreadable("version"));
        };
        if offered <= own {
            return Ok(Answer::UpToDate);
        }
        let file = self.files.into_iter().find(|file| file.target == target).map(File::checked).transpose()?;
        let date = self.issued.get(..10).unwrap_or_default().to_owned();
        Ok(Answer::Newer(Release {
            version: self.version,
            date,
            notes_zh: self.notes.zh,
            notes_en: self.notes.en,
            file,
        }))
    }
}

impl File {
    fn checked(self) -> Result<ReleaseFile, Fault> {
        // an address of a file may have a query; nothing else of it may differ from one of a service
        let bare = self.url.split('?').next().unwrap_or_default();
        ServiceUrl::parse(bare).map_err(|why| unreadable(format!("url: {why}")))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+~".contains(&byte);
        if self.name.is_empty() || self.name.len() > 100 || self.name.starts_with('.') || !self.name.bytes().all(plain)
        {
            return Err(unreadable("name of the file"));
        }
        let is_hex = self.sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if self.sha256.len() != 64 || !is_hex {
            return Err(unreadable("sha256"));
        }
        if self.size == 0 || self.size > LARGEST_FILE {
            return Err(unreadable("size"));
        }
        Ok(ReleaseFile { url: self.url, name: self.name, size: self.size, sha256: self.sha256 })
    }
}

/// `1.10.0` as numbers, so that it is newer than `1.9.3`; `None` for anything but three numbers.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = version
        .split('.')
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten())
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(numbers("1.10.0") > numbers("1.9.3"));
        assert!(numbers("0.2.0") > numbers("0.1.99"));
        assert_eq!(numbers("01.2.3"), numbers("1.2.3"));
        for wrong in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "1.2.+3", "1.2.3-beta", "99999999999.0.0"] {
            assert_eq!(numbers(wrong), None, "{wrong}");
        }
    }
}
