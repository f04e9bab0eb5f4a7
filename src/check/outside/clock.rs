//! This computer's clock against the service's, else against what can't lie in the future.
//!
//! TLS and certificates judge by this clock, so a wrong one looks like many other faults; the probes of those ask
//! [`is_wrong`] before they blame anything else.

use super::reach::{self, Failure, TlsFailure};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use time::Date;
use time::format_description::well_known::Iso8601;

/// A difference people need not care about, seconds.
const HARMLESS: i64 = 120;
/// The newest entry of the changelog has the day of this version.
const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// What is known of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Judgement {
    /// As the service's; how far off, seconds, and whose.
    AsService(i64, String),
    /// Off by so many seconds; positive = ahead.
    Off(i64, String),
    /// Before this version of the program was made.
    BeforeProgram,
    /// Before the certificate of a service begins, which is good but for that.
    BeforeService(String, String),
    /// Before the certificate of an inserted key begins.
    BeforeKey(String),
    /// Nothing to compare with says otherwise.
    Plausible,
}

impl Judgement {
    const fn verdict(&self) -> Verdict {
        match self {
            Self::AsService(..) | Self::Plausible => Verdict::Ok,
            // a certificate may be given out before its time
            Self::BeforeKey(_) => Verdict::Notice,
            Self::Off(..) | Self::BeforeProgram | Self::BeforeService(..) => Verdict::Problem,
        }
    }
}

/// This version was made after that, seconds since 1970 UTC: the beginning of the day before the one in the changelog, since days
/// begin earlier in the east.
fn made() -> i64 {
    day_of(CHANGELOG).map_or(0, |day| day.midnight().assume_utc().unix_timestamp() - DAY)
}

const DAY: i64 = 86_400;

/// The day of the newest entry that has one: `## [1.2.3] - 2026-11-21`.
fn day_of(changelog: &str) -> Option<Date> {
    let dated = |line: &str| Date::parse(line.strip_prefix("## [")?.split_once("] - ")?.1.trim(), &Iso8601::DATE).ok();
    changelog.lines().find_map(dated)
}

pub(super) struct Clock;

fn judge(scene: &Scene) -> Judgement {
    let ways = reach::all(scene);
    if let Some((way, time)) = ways.iter().find_map(|way| Some((way, way.clock()?))) {
        let off = way.asked.saturating_sub(time);
        let host = way.host.clone();
        return if off.abs() <= HARMLESS { Judgement::AsService(off, host) } else { Judgement::Off(off, host) };
    }
    let now = (scene.now)();
    if now < made() {
        return Judgement::BeforeProgram;
    }
    let early = ways.iter().find_map(|way| match &way.failure {
        Some(Failure::Tls(TlsFailure::NotYetValid { day, only_time: true, .. })) => Some((&way.host, day)),
        _ => None,
    });
    if let Some((host, day)) = early {
        return Judgement::BeforeService(host.clone(), day.clone());
    }
    let certificates = scene.keys().iter().filter_map(|key| reach::leading(key.result.as_ref().ok()?));
    let last = certificates.filter_map(|certificate| Some(certificate.validity?.not_before)).max().unwrap_or(0);
    if last > now { Judgement::BeforeKey(reach::day(last)) } else { Judgement::Plausible }
}

/// True when something trustworthy contradicts this computer's clock. May ask the service.
#[must_use]
pub fn is_wrong(scene: &Scene) -> bool {
    judge(scene).verdict() == Verdict::Problem
}

impl Probe for Clock {
    fn id(&self) -> ProbeId {
        ProbeId::Clock
    }

    fn run(&self, scene: &Scene) -> Line {
        let judgement = judge(scene);
        let verdict = judgement.verdict();
        let zone = matches!(judgement, Judgement::Off(off, _) if is_of_zone(off));
        let mut line = Line::new(ProbeId::Clock, verdict, sentence(judgement)).detail(Statement::new(keeper(scene)));
        if verdict != Verdict::Ok {
            line = line.remedy(Statement::new("clock.todo_settings"));
            if scene.path("/usr/bin/timedatectl").exists() {
                line = line.remedy(Statement::new("clock.todo_command"));
            }
            if zone {
                line = line.remedy(Statement::new("clock.todo_zone"));
            }
        }
        line
    }
}

fn sentence(judgement: Judgement) -> Statement {
    match judgement {
        Judgement::AsService(off, host) => {
            Statement::new("clock.right").with("host", host).with("seconds", off.unsigned_abs())
        }
        Judgement::Off(off, host) => {
            let (key, amount) = match (off > 0, off.unsigned_abs()) {
                (true, by @ ..7_200) => ("clock.ahead_minutes", by / 60),
                (false, by @ ..7_200) => ("clock.behind_minutes", by / 60),
                (true, by @ ..172_800) => ("clock.ahead_hours", by / 3_600),
                (false, by @ ..172_800) => ("clock.behind_hours", by / 3_600),
                (true, by) => ("clock.ahead_days", by / 86_400),
                (false, by) => ("clock.behind_days", by / 86_400),
            };
            Statement::new(key).with("host", host).with("amount", amount)
        }
        Judgement::BeforeProgram => Statement::new("clock.before_program").with("day", reach::day(made())),
        Judgement::BeforeService(host, day) => {
            Statement::new("clock.before_service").with("host", host).with("day", day)
        }
        Judgement::BeforeKey(day) => Statement::new("clock.before_key").with("day", day),
        Judgement::Plausible => Statement::new("clock.plausible"),
    }
}

/// Off by whole half hours: the right time of another time zone.
const fn is_of_zone(off: i64) -> bool {
    let rest = off.unsigned_abs() % 1_800;
    off.unsigned_abs() >= 1_700 && off.unsigned_abs() <= 14 * 3_600 + 120 && (rest <= 120 || rest >= 1_680)
}

/// Who sets the clock.
fn keeper(scene: &Scene) -> &'static str {
    if cfg!(windows) {
        return "clock.keeper_unknown";
    }
    let exists = |path: &str| scene.path(path).exists();
    if exists("/run/systemd/timesync/synchronized") {
        "clock.keeper_synchronized"
    } else if ["/run/systemd/timesync", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"]
        .iter()
        .any(|path| exists(path))
    {
        "clock.keeper_running"
    } else {
        "clock.keeper_none"
    }
}

#[cfg(test)]
mod tests {
    use super::{CHANGELOG, Judgement, day_of, is_of_zone, made, sentence};

    #[test]
    fn a_difference_is_told_in_the_unit_people_would_use() {
        for (off, key, amount) in [
            (121, "clock.ahead_minutes", "2"),
            (-7_199, "clock.behind_minutes", "119"),
            (7_200, "clock.ahead_hours", "2"),
            (-172_799, "clock.behind_hours", "47"),
            (172_800, "clock.ahead_days", "2"),
            (i64::MIN, "clock.behind_days", "106751991167300"),
        ] {
            let sentence = sentence(Judgement::Off(off, "ca.example".to_owned()));
            assert_eq!((sentence.key, sentence.values[1].1.text.as_str()), (key, amount));
        }
    }

    #[test]
    fn whole_half_hours_are_another_time_zone() {
        for off in [3_600, -28_800, 28_790, 5 * 3_600 + 1_800] {
            assert!(is_of_zone(off), "{off}");
        }
        for off in [600, 4_500, 86_400, i64::MIN] {
            assert!(!is_of_zone(off), "{off}");
        }
    }

    #[test]
    fn the_day_this_version_was_made_is_that_of_the_newest_entry_of_the_changelog() {
        let day = |text: &str| day_of(text).map(|day| day.to_string());
        let text = "# Changelog\n\n## [Unreleased]\n- x\n## [1.2.0] - 2026-12-31\n\n## [1.1.0] - 2026-01-01\n";
        assert_eq!(day(text).as_deref(), Some("2026-12-31"));
        for none in ["", "## [1.2.0]", "## [1.2.0] - soon", "## [1.2.0] - 2026-02-30", "## 1.2.0 - 2026-02-03"] {
            assert_eq!(day(none), None, "{none}");
        }
        let written = CHANGELOG.lines().find(|line| line.contains("] - ")).unwrap();
        assert_eq!(super::reach::day(made() + super::DAY), written.split("] - ").nth(1).unwrap());
    }
}
