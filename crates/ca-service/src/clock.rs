//! The service's clock, and the calendar of Beijing (UTC+8, no daylight saving) in which its rules count days.

use std::sync::Arc;

/// Gives the present moment in seconds since 1970; tests give their own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Seconds of a day.
pub const DAY: i64 = 86_400;
const BEIJING: i64 = 8 * 3600;

/// The clock of the machine.
#[must_use]
pub fn system() -> Clock {
    Arc::new(certificate::now)
}

/// First second of the day in Beijing.
#[must_use]
pub const fn day_start(moment: i64) -> i64 {
    (moment + BEIJING).div_euclid(DAY) * DAY - BEIJING
}

/// Last second of the day in Beijing.
#[must_use]
pub const fn day_end(moment: i64) -> i64 {
    day_start(moment) + DAY - 1
}

/// The day in Beijing as `yyyymmdd`.
#[must_use]
pub fn day_text(moment: i64) -> String {
    let day = certificate::beijing_day(moment);
    format!("{:04}{:02}{:02}", day.year, day.month, day.day)
}

/// The minute in Beijing as people read it: `2026-11-20 12:00`.
#[must_use]
pub fn minute_text(moment: i64) -> String {
    let (day, of_day) = (certificate::beijing_day(moment), moment - day_start(moment));
    let (hour, minute) = (of_day / 3600, of_day % 3600 / 60);
    format!("{:04}-{:02}-{:02} {hour:02}:{minute:02}", day.year, day.month, day.day)
}

#[cfg(test)]
mod tests {
    use super::{DAY, day_end, day_start, day_text, minute_text};

    /// 2026-11-20 00:00:00 in Beijing.
    const MIDNIGHT: i64 = 1_795_104_000;

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_beijing() {
        for moment in [MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + DAY - 1] {
            assert_eq!(day_start(moment), MIDNIGHT);
            assert_eq!(day_end(moment), MIDNIGHT + DAY - 1);
            assert_eq!(day_text(moment), "20261120");
        }
        assert_eq!(day_start(MIDNIGHT - 1), MIDNIGHT - DAY);
        assert_eq!(day_text(MIDNIGHT - 1), "20261119");
        assert_eq!(day_text(MIDNIGHT + DAY), "20261121");
    }

    #[test]
    fn minutes_are_those_of_beijing() {
        assert_eq!(minute_text(MIDNIGHT), "2026-11-20 00:00");
        assert_eq!(minute_text(MIDNIGHT + DAY - 1), "2026-11-20 23:59");
    }
}
