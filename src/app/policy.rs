//! Rules for a new PIN, checked while the person types (P4, P5). Pure functions over what was typed.

use std::ops::RangeInclusive;

/// At so few tries left a second confirmation is asked for.
pub const FEW_TRIES: u8 = 2;

/// How a new PIN does against the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPinRules {
    /// Within the length the key can store.
    pub length: bool,
    /// Only characters the key stores safely: printable ASCII.
    pub characters: bool,
    /// At least one letter and one digit.
    pub letters_and_digits: bool,
    /// Not the current PIN.
    pub differs: bool,
    /// Advice only: no run like 123 or abc, nothing three times in a row.
    pub no_runs: bool,
}

impl NewPinRules {
    /// Judges `new`, given the current PIN and the key's limits.
    #[must_use]
    pub fn judge(new: &[char], current: &[char], length: &RangeInclusive<usize>) -> Self {
        let ascii = new.iter().all(|c| matches!(c, ' '..='~'));
        Self {
            length: length.contains(&new.iter().map(|c| c.len_utf8()).sum()),
            characters: ascii,
            letters_and_digits: new.iter().any(char::is_ascii_alphabetic) && new.iter().any(char::is_ascii_digit),
            differs: !new.is_empty() && new != current,
            no_runs: !new.is_empty() && !has_run(new),
        }
    }

    /// True when every rule that is not only advice holds.
    #[must_use]
    pub const fn acceptable(&self) -> bool {
        self.length && self.characters && self.letters_and_digits && self.differs
    }
}

fn has_run(pin: &[char]) -> bool {
    pin.windows(3).any(|three| match three {
        [a, b, c] => {
            let (a, b, c) = (*a as i64, *b as i64, *c as i64);
            let step = b - a;
            step.abs() <= 1 && c - b == step
        }
        _ => false,
    })
}

/// PINs that keys are issued with (requirements P3); a key still using one gets a warning.
const KNOWN_DEFAULTS: [&str; 4] = ["111111", "123456", "12345678", "000000"];

/// True when the typed PIN is one that keys are issued with.
#[must_use]
pub fn is_known_default(pin: &[char]) -> bool {
    KNOWN_DEFAULTS.iter().any(|known| known.chars().eq(pin.iter().copied()))
}

/// True for an address the browser may be sent to: https, or http on this machine (a service that is tried out).
#[must_use]
pub fn may_open(url: &str) -> bool {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].into_iter().any(|host| {
        url.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?', '#']))
    });
    let named = url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    // what stands before an @ is no host, but looks like one
    let authority = url.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    plain && (named || loopback) && !authority.contains('@')
}

#[cfg(test)]
mod tests {
    use super::{NewPinRules, is_known_default, may_open};

    #[test]
    fn the_browser_is_sent_to_https_or_to_this_machine_only() {
        for (url, allowed) in [
            ("https://userweb.bjca.org.cn/renew?a=1", true),
            ("http://127.0.0.1:8443/pay/1", true),
            ("http://localhost/pay", true),
            ("http://[::1]:80/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://127.0.0.1:80@example.com/", false),
            ("https://bank.example@evil.example/", false),
            ("http://example.com/", false),
            ("https:///etc", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("https://example.com/\n--flag", false),
            ("https://example.com/ x", false),
            ("", false),
        ] {
            assert_eq!(may_open(url), allowed, "{url}");
        }
    }

    fn judge(new: &str, current: &str) -> NewPinRules {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        NewPinRules::judge(&chars(new), &chars(current), &(6..=15))
    }

    #[test]
    fn the_length_limits_are_those_of_the_key_in_bytes() {
        for (pin, fits) in [("a1234", false), ("a12345", true), ("a12345678901234", true), ("a123456789012345", false)]
        {
            assert_eq!(judge(pin, "").length, fits, "{pin}");
        }
        assert!(!judge("密码密码1a", "").characters);
    }

    #[test]
    fn letters_and_digits_are_both_needed() {
        assert!(!judge("777777", "").acceptable());
        assert!(!judge("abcdef", "").acceptable());
        assert!(judge("k7m2x9", "123456").acceptable());
    }

    #[test]
    fn the_current_pin_is_not_a_new_pin() {
        assert!(!judge("k7m2x9", "k7m2x9").acceptable());
        assert!(judge("K7m2x9", "k7m2x9").differs, "upper and lower case differ");
    }

    #[test]
    fn runs_and_repeats_are_only_advice() {
        for pin in ["a123x9", "cba7x1", "x777k1"] {
            let rules = judge(pin, "");
            assert!(!rules.no_runs, "{pin}");
            assert!(rules.acceptable(), "{pin}");
        }
        assert!(judge("a1b2c3", "").no_runs);
    }

    #[test]
    fn the_defaults_of_issuers_are_known() {
        assert!(is_known_default(&['1'; 6]));
        assert!(!is_known_default(&['1'; 7]));
    }
}
