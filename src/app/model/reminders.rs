//! Reminders of certificates that end soon: at the days the person chose, else those of the CA, else at 60, 30, 15, 7,
//! 3 and 1, each once per certificate, also when the program was not running on the very day. A small file keeps what
//! was told; without it the memory lasts as long as the program.
//!
//! Invariant: after a reminder at some number of days, only smaller numbers remind of the same certificate again.

use crate::app::config::json_file;
use certificate::Certificate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Days before the end at which the person is reminded when neither the person nor the CA says.
pub const REMINDER_DAYS: [u32; 6] = [60, 30, 15, 7, 3, 1];

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
    damaged: bool,
    told: BTreeMap<String, Told>,
}

impl Reminders {
    /// Reads what was told; `None` keeps it in memory only. A damaged file is set aside, what was told is told once more.
    #[must_use]
    pub fn at(path: Option<PathBuf>) -> Self {
        let (told, damaged) = path.as_deref().map(json_file::load).unwrap_or_default();
        Self { path, damaged, told: told.unwrap_or_default() }
    }

    /// The file that was damaged and set aside.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.path.as_deref().filter(|_| self.damaged)
    }

    /// Whether the person is to be reminded of a certificate now (seconds since 1970): the days that are left, once for
    /// each of `days`.
    pub fn due(&mut self, certificate: &Certificate, days: &[u32], now: i64) -> Option<i64> {
        let validity = certificate.validity.filter(|validity| now <= validity.not_after)?;
        let left = validity.days_left(now);
        let at = days.iter().map(|days| i64::from(*days)).filter(|days| left <= *days).min()?;
        let name = certificate.fingerprint_hex();
        if self.told.get(&name).is_some_and(|told| told.days <= at) {
            return None;
        }
        self.told.insert(name, Told { days: at, until: validity.not_after });
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

#[cfg(test)]
mod tests {
    use super::{DAY, REMINDER_DAYS, Reminders};
    use certificate::Certificate;
    use virtual_key::personalise::personalise;
    use virtual_key::{Spec, TestCa};

    /// A certificate and the last second of its validity.
    fn certificate() -> (Certificate, i64) {
        ending_in(100)
    }

    fn ending_in(days: i64) -> (Certificate, i64) {
        let ca = TestCa::create().unwrap();
        let key = personalise(&Spec { days: Some(days), ..Spec::new("北京演示科技有限公司", "1") }, &ca).unwrap();
        let der = key.applications[0].containers[0].sign.certificate.clone().unwrap();
        let certificate = Certificate::parse(&der).unwrap();
        let end = certificate.validity.unwrap().not_after;
        (certificate, end)
    }

    /// Days told when the program looks once a day, from 100 days before the end to three after it.
    fn told(reminders: &mut Reminders, certificate: &Certificate, end: i64) -> Vec<i64> {
        (-100..=3).filter_map(|day| reminders.due(certificate, &REMINDER_DAYS, end + day * DAY)).collect()
    }

    #[test]
    fn each_number_of_days_reminds_once_and_the_end_does_not() {
        let (certificate, end) = certificate();
        let mut reminders = Reminders::at(None);
        assert_eq!(told(&mut reminders, &certificate, end), [60, 30, 15, 7, 3, 1]);
        assert_eq!(told(&mut reminders, &certificate, end), [0; 0], "nothing twice");
    }

    #[test]
    fn sixty_one_days_are_too_early_and_the_last_second_is_not_too_late() {
        let (certificate, end) = certificate();
        let mut reminders = Reminders::at(None);
        assert_eq!(reminders.due(&certificate, &REMINDER_DAYS, end - 61 * DAY), None);
        assert_eq!(reminders.due(&certificate, &REMINDER_DAYS, end - 60 * DAY), Some(60));
        assert_eq!(reminders.due(&certificate, &REMINDER_DAYS, end), Some(0));
        assert_eq!(Reminders::at(None).due(&certificate, &REMINDER_DAYS, end + 1), None);
    }

    #[test]
    fn the_days_can_be_chosen_and_a_clock_that_jumps_back_reminds_of_nothing_twice() {
        let (certificate, end) = certificate();
        let mut reminders = Reminders::at(None);
        let days = (-100..=3).filter_map(|day| reminders.due(&certificate, &[10, 90], end + day * DAY));
        assert_eq!(days.collect::<Vec<_>>(), [90, 10]);
        assert_eq!(reminders.due(&certificate, &[10, 90], end - 90 * DAY), None, "the clock went back");
        assert_eq!(Reminders::at(None).due(&certificate, &[], end), None, "never");
    }

    #[test]
    fn a_missed_day_is_made_up_for_once_with_the_days_that_are_left() {
        let (certificate, end) = certificate();
        let mut reminders = Reminders::at(None);
        let days = [58, 57, 12, 8, 2, 0];
        let told: Vec<_> =
            days.into_iter().filter_map(|day| reminders.due(&certificate, &REMINDER_DAYS, end - day * DAY)).collect();
        assert_eq!(told, [58, 12, 2, 0], "at 8 days the 15 were told already; 0 comes after 1");
    }

    #[test]
    fn what_was_told_outlives_the_program_and_each_certificate_counts_for_itself() {
        let (first, end) = certificate();
        let (second, other_end) = certificate();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/reminders.json");
        let open = || Reminders::at(Some(path.clone()));
        assert_eq!(open().due(&first, &REMINDER_DAYS, end - 30 * DAY), Some(30));
        assert_eq!(open().due(&first, &REMINDER_DAYS, end - 30 * DAY), None);
        assert_eq!(open().due(&second, &REMINDER_DAYS, other_end - 30 * DAY), Some(30));
        assert_eq!(open().due(&first, &REMINDER_DAYS, end - 7 * DAY), Some(7));
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_a_reminder_comes_once_more() {
        let (certificate, end) = certificate();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reminders.json");
        std::fs::write(&path, "[").unwrap();
        assert_eq!(Reminders::at(Some(path.clone())).due(&certificate, &REMINDER_DAYS, end), Some(0));
        assert_eq!(std::fs::read(path.with_extension("damaged")).unwrap(), b"[");
        assert_eq!(Reminders::at(Some(path)).due(&certificate, &REMINDER_DAYS, end), None);
    }

    #[test]
    fn ended_certificates_are_forgotten_and_a_file_that_cannot_be_written_stops_no_reminder() {
        let (first, end) = certificate();
        let (second, other_end) = ending_in(110);
        let mut reminders = Reminders::at(Some("/dev/null/reminders.json".into()));
        assert_eq!(reminders.due(&first, &REMINDER_DAYS, end), Some(0));
        assert_eq!(reminders.told.len(), 1);
        assert_eq!(reminders.due(&second, &REMINDER_DAYS, other_end - 7 * DAY), Some(7));
        assert_eq!(reminders.told.len(), 1, "the first is over");
    }
}
