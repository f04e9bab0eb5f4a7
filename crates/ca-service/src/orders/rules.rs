//! When a certificate can be renewed and what the new one's validity is. Days are those of Beijing.
//!
//! * Renewal is possible from the first second of the day `before` days ahead of the last day of validity until the last
//!   second of the day `after` days behind it.
//! * The new certificate can be used at once: its validity starts with the day of issue. Of a certificate that is not
//!   expired nothing is lost: the term is added to its end. Of an expired one the term counts from the day of issue,
//!   which comes on top, to the end of that day.

use crate::clock::{DAY, day_end, day_start};
use crate::error::ServiceError;
use order_api::{Period, Problem, ProblemCode};

/// First and last moment at which a certificate can be renewed.
#[must_use]
pub const fn renewable(old: Period, before_days: i64, after_days: i64) -> Period {
    Period { from: day_start(old.until) - before_days * DAY, until: day_end(old.until) + after_days * DAY }
}

/// Validity of the certificate that would be issued at `now`.
#[must_use]
pub const fn renewed(old: Period, term_days: i64, now: i64) -> Period {
    let end = if now <= old.until { old.until } else { day_end(now) };
    Period { from: day_start(now), until: end + term_days * DAY }
}

/// Refuses outside of the time of renewal.
///
/// # Errors
/// `too_early`, `too_late`.
pub fn check(renewable: Period, now: i64) -> Result<(), ServiceError> {
    let (code, detail) = if now < renewable.from {
        (ProblemCode::TooEarly, "the certificate can't be renewed yet")
    } else if now > renewable.until {
        (ProblemCode::TooLate, "the certificate expired too long ago")
    } else {
        return Ok(());
    };
    let mut problem = Problem::new(code, detail);
    problem.renewable = Some(renewable);
    Err(problem.into())
}

#[cfg(test)]
mod tests {
    use super::{check, renewable, renewed};
    use order_api::{Period, ProblemCode, RenewalWindow};
    use time::macros::datetime;

    const fn at(moment: time::OffsetDateTime) -> i64 {
        moment.unix_timestamp()
    }

    /// 2025-12-31 00:00:00 to 2026-12-31 23:59:59 in Beijing.
    const OLD: Period =
        Period { from: at(datetime!(2025-12-31 00:00:00 +8)), until: at(datetime!(2026-12-31 23:59:59 +8)) };

    fn code(before: i64, after: i64, now: i64) -> Option<ProblemCode> {
        check(renewable(OLD, before, after), now).err().and_then(|error| error.code())
    }

    #[test]
    fn what_is_said_in_public_is_what_is_kept() {
        for (until, before, after) in [(OLD.until, 90, 365), (OLD.until - 3600, 0, 0), (OLD.from, 30, 1)] {
            let public = RenewalWindow { days_before: before, days_after: after };
            assert_eq!(public.around(until), renewable(Period { until, ..OLD }, before, after));
        }
    }

    #[test]
    fn renewal_opens_90_days_before_the_last_day_at_midnight() {
        let opens = at(datetime!(2026-10-02 00:00:00 +8));
        assert_eq!(code(90, 365, opens), None);
        assert_eq!(code(90, 365, opens - 1), Some(ProblemCode::TooEarly));
        assert_eq!(code(90, 365, at(datetime!(2026-10-01 12:00:00 +8))), Some(ProblemCode::TooEarly), "91 days before");
    }

    #[test]
    fn renewal_closes_365_or_30_days_after_the_last_day_at_midnight() {
        let closes = at(datetime!(2027-12-31 23:59:59 +8));
        assert_eq!(code(90, 365, closes), None);
        assert_eq!(code(90, 365, closes + 1), Some(ProblemCode::TooLate));
        let closes = at(datetime!(2027-01-30 23:59:59 +8));
        assert_eq!(code(90, 30, closes), None);
        assert_eq!(code(90, 30, closes + 1), Some(ProblemCode::TooLate));
        assert_eq!(code(90, 30, at(datetime!(2027-01-31 00:00:00 +8))), Some(ProblemCode::TooLate), "31 days after");
    }

    #[test]
    fn the_refusal_says_from_when_until_when() {
        let problem = check(renewable(OLD, 90, 30), 0).unwrap_err().problem();
        let (from, until) = (at(datetime!(2026-10-02 00:00:00 +8)), at(datetime!(2027-01-30 23:59:59 +8)));
        assert_eq!(problem.renewable, Some(Period { from, until }));
    }

    #[test]
    fn an_end_in_the_middle_of_a_day_counts_by_its_day() {
        let old = Period { from: OLD.from, until: at(datetime!(2026-12-31 12:00:00 +8)) };
        assert_eq!(renewable(old, 90, 365), renewable(OLD, 90, 365));
        assert_eq!(renewed(old, 365, old.until).until, at(datetime!(2027-12-31 12:00:00 +8)));
    }

    #[test]
    fn of_a_valid_certificate_the_term_is_added_to_its_end_to_the_last_second() {
        for now in [at(datetime!(2026-10-02 00:00:00 +8)), at(datetime!(2026-12-31 00:00:00 +8)), OLD.until] {
            assert_eq!(renewed(OLD, 365, now).until, at(datetime!(2027-12-31 23:59:59 +8)));
        }
        let noon = at(datetime!(2026-11-20 12:00:00 +8));
        assert_eq!(renewed(OLD, 365, noon).from, at(datetime!(2026-11-20 00:00:00 +8)));
    }

    #[test]
    fn of_an_expired_certificate_the_term_counts_from_the_day_of_issue() {
        let first = OLD.until + 1;
        let expected =
            Period { from: at(datetime!(2027-01-01 00:00:00 +8)), until: at(datetime!(2028-01-01 23:59:59 +8)) };
        assert_eq!(renewed(OLD, 365, first), expected);
    }

    #[test]
    fn days_change_at_midnight_in_beijing_not_in_greenwich() {
        let before = renewed(OLD, 365, at(datetime!(2027-03-01 15:59:59 UTC)));
        let after = renewed(OLD, 365, at(datetime!(2027-03-01 16:00:00 UTC)));
        assert_eq!(before.from, at(datetime!(2027-03-01 00:00:00 +8)));
        assert_eq!(after.from, at(datetime!(2027-03-02 00:00:00 +8)));
        assert_eq!(after.until - before.until, 86_400);
    }

    #[test]
    fn a_leap_day_is_a_day_of_the_term() {
        let old = Period { from: 0, until: at(datetime!(2027-12-31 23:59:59 +8)) };
        assert_eq!(renewed(old, 365, old.until).until, at(datetime!(2028-12-30 23:59:59 +8)));
        assert_eq!(renewable(old, 90, 365).until, at(datetime!(2028-12-30 23:59:59 +8)));
        let leap = at(datetime!(2028-02-29 08:00:00 +8));
        assert_eq!(renewed(OLD, 365, leap).until, at(datetime!(2029-02-28 23:59:59 +8)));
    }
}
