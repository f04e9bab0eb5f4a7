//! Reminders of certificates that end soon (W9): at 60, 30, 15, 7, 3 and 1 days, each once per certificate, also when the
//! program was not running on the very day. A small file keeps what was told; without it the memory lasts as long as the
//! program.
//!
//! Invariant: after a reminder at some number of days, only smaller numbers remind of the same certificate again.

use super::json_file;
use crate::cert::Certificate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Days before the end at which the person is reminded.
pub const REMINDER_DAYS: [i64; 6] = [60, 30, 15, 7, 3, 1];

const DAY: i64 = 86_400;

/// What was told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// Smallest number of days told.
    days: i64,
    /// End of the certificate, seconds since 1970: afterwards nothing has to be remembered.
    until: i64,
}

/// What was told of which certificate, by its SM3 fingerprint.
#[derive(Debug)]
pub struct Reminders {
    path: Option<PathBuf>,
    told: BTreeMap<String, Told>,
}

impl Reminders {
    /// Reads what was told; `None` keeps it in memory only. A damaged file is set aside, what was told is told once more.
    #[must_use]
    pub fn at(path: Option<PathBuf>) -> Self {
        let told = path.as_deref().and_then(|path| json_file::load(path).0).unwrap_or_default();
        Self { path, told }
    }

    /// Whether the person is to be reminded of a certificate now (seconds since 1970): the days that are left, once for
    /// each of [`REMINDER_DAYS`].
    pub fn due(&mut self, certificate: &Certificate, now: i64) -> Option<i64> {
        let left = certificate.validity.days_left(now);
        if now > certificate.validity.not_after {
            return None;
        }
        let at = REMINDER_DAYS.into_iter().filter(|days| left <= *days).min()?;
        let name = certificate.fingerprint_hex();
        if self.told.get(&name).is_some_and(|told| told.days <= at) {
            return None;
        }
        self.told.insert(name, Told { days: at, until: certificate.validity.not_after });
        self.told.retain(|_, told| told.until + DAY > now);
        self.store();
        Some(left)
    }

    fn store(&self) {
        let Some(path) = &self.path else { return };
        if let Err(error) = json_file::store(path, &self.told) {
            // the reminder itself matters more than that it comes only once
            tracing::warn!(%error, "what was reminded of could not be stored");
        }
    }
}
