//! The period of validity as people count it: in calendar days of Beijing (UTC+8, no daylight saving).
//!
//! Rule: a certificate is expired from the first second after notAfter. Until then `days_left` is the number of midnights
//! in Beijing between now and notAfter, so it is 0 on the last day.

use std::time::{SystemTime, UNIX_EPOCH};

/// From this many days on a certificate counts as expiring.
pub const EXPIRING_DAYS: i64 = 90;

const DAY: i64 = 86_400;
const BEIJING_OFFSET: i64 = 8 * 3600;
/// Julian day of 1970-01-01.
const EPOCH_JULIAN: i64 = 2_440_588;

/// notBefore and notAfter, both inclusive, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second of validity.
    pub not_before: i64,
    /// Last second of validity.
    pub not_after: i64,
}

/// Where a moment lies in the period of validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidityState {
    /// Starts in so many days (0 = later today).
    NotYetValid {
        /// Days until it starts.
        days: i64,
    },
    /// More than [`EXPIRING_DAYS`] left.
    Valid {
        /// Days left.
        days_left: i64,
    },
    /// At most [`EXPIRING_DAYS`] left, 0 = ends today.
    Expiring {
        /// Days left.
        days_left: i64,
    },
    /// Over since so many days (0 = ended today).
    Expired {
        /// Days since the end.
        days_ago: i64,
    },
}

/// A calendar day in Beijing, in pieces for the texts of any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year, such as 2026.
    pub year: i32,
    /// Month, 1–12.
    pub month: u8,
    /// Day of the month, 1–31.
    pub day: u8,
}

impl Validity {
    /// First day of validity.
    #[must_use]
    pub fn first_day(&self) -> Day {
        beijing_day(self.not_before)
    }

    /// Last day of validity.
    #[must_use]
    pub fn last_day(&self) -> Day {
        beijing_day(self.not_after)
    }

    /// Days until the last day; negative when it is over.
    #[must_use]
    pub const fn days_left(&self, now: i64) -> i64 {
        day_number(self.not_after) - day_number(now)
    }

    /// Where `now` lies. An end before the start counts as expired once the end is over.
    #[must_use]
    pub const fn state(&self, now: i64) -> ValidityState {
        let days_left = self.days_left(now);
        if now > self.not_after {
            ValidityState::Expired { days_ago: -days_left }
        } else if now < self.not_before {
            ValidityState::NotYetValid { days: day_number(self.not_before) - day_number(now) }
        } else if days_left <= EXPIRING_DAYS {
            ValidityState::Expiring { days_left }
        } else {
            ValidityState::Valid { days_left }
        }
    }

    /// Part of the period that is used, 0.0–1.0.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // a bar on the window needs no more than three digits
    pub fn used(&self, now: i64) -> f32 {
        let whole = self.not_after.saturating_sub(self.not_before);
        if whole <= 0 {
            return 1.0;
        }
        (now.saturating_sub(self.not_before) as f32 / whole as f32).clamp(0.0, 1.0)
    }
}

const fn day_number(unix: i64) -> i64 {
    unix.saturating_add(BEIJING_OFFSET).div_euclid(DAY)
}

/// The calendar day in Beijing of a moment (seconds since 1970 UTC); moments beyond the year 9999 give its last day.
#[must_use]
pub fn beijing_day(unix: i64) -> Day {
    let date = i32::try_from(day_number(unix).saturating_add(EPOCH_JULIAN))
        .ok()
        .and_then(|julian| time::Date::from_julian_day(julian).ok())
        .unwrap_or(if unix < 0 { time::Date::MIN } else { time::Date::MAX });
    Day { year: date.year(), month: date.month().into(), day: date.day() }
}

/// The clock of this computer, in seconds since 1970 UTC.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|past| i64::try_from(past.as_secs()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Day, Validity, ValidityState, beijing_day};

    /// 2023-07-18 00:00:00 to 2023-09-18 23:59:59 in Beijing.
    const PERIOD: Validity = Validity { not_before: 1_689_609_600, not_after: 1_695_052_799 };
    const DAY: i64 = 86_400;

    #[test]
    fn days_are_those_of_beijing() {
        assert_eq!(PERIOD.first_day(), Day { year: 2023, month: 7, day: 18 });
        assert_eq!(PERIOD.last_day(), Day { year: 2023, month: 9, day: 18 });
        assert_eq!(beijing_day(PERIOD.not_after + 1), Day { year: 2023, month: 9, day: 19 });
        assert_eq!(beijing_day(-1), Day { year: 1970, month: 1, day: 1 });
        assert_eq!(beijing_day(-8 * 3600 - 1), Day { year: 1969, month: 12, day: 31 });
    }

    #[test]
    fn a_moment_beyond_the_calendar_gives_its_end() {
        // 9999-12-31 23:59:59 UTC, "no end" of RFC 5280: already the year 10000 in Beijing
        assert_eq!(beijing_day(253_402_300_799), Day { year: 9999, month: 12, day: 31 });
        assert_eq!(beijing_day(i64::MAX).year, 9999);
        assert_eq!(beijing_day(i64::MIN).year, -9999);
    }

    #[test]
    fn the_last_second_is_valid_and_the_next_is_not() {
        assert_eq!(PERIOD.state(PERIOD.not_after), ValidityState::Expiring { days_left: 0 });
        assert_eq!(PERIOD.state(PERIOD.not_after + 1), ValidityState::Expired { days_ago: 1 });
        assert_eq!(PERIOD.state(PERIOD.not_before), ValidityState::Expiring { days_left: 62 });
        assert_eq!(PERIOD.state(PERIOD.not_before - 1), ValidityState::NotYetValid { days: 1 });
    }

    #[test]
    fn an_end_at_noon_expires_that_day() {
        let noon = Validity { not_after: PERIOD.not_after - DAY / 2, ..PERIOD };
        assert_eq!(noon.state(noon.not_after + 1), ValidityState::Expired { days_ago: 0 });
        let midnight = noon.not_after + 1 - DAY / 2;
        assert_eq!(noon.state(midnight), ValidityState::Expiring { days_left: 0 });
        assert_eq!(noon.state(midnight - 1), ValidityState::Expiring { days_left: 1 });
    }

    #[test]
    fn ninety_days_are_the_border_between_valid_and_expiring() {
        let long = Validity { not_before: PERIOD.not_after - 400 * DAY, ..PERIOD };
        assert_eq!(long.state(long.not_after - 90 * DAY), ValidityState::Expiring { days_left: 90 });
        assert_eq!(long.state(long.not_after - 91 * DAY), ValidityState::Valid { days_left: 91 });
    }

    #[test]
    fn the_used_part_stays_between_zero_and_one() {
        assert!((PERIOD.used(PERIOD.not_before + (PERIOD.not_after - PERIOD.not_before) / 2) - 0.5).abs() < 1e-3);
        assert!(PERIOD.used(0) == 0.0 && PERIOD.used(i64::MAX) == 1.0);
        assert!(Validity { not_before: 5, not_after: 5 }.used(5) == 1.0);
    }
}
