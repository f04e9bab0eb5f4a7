//! Rules for a new PIN, checked while the person types. Pure functions over what was typed.

use gm::PublicKey;
use net::ServiceUrl;
use std::ops::RangeInclusive;

/// At so few tries left a second confirmation is asked for.
pub const FEW_TRIES: u8 = 2;

/// How a new PIN does against the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPinRules {
    /// Within the length the key can store.
    pub length: bool,
    /// Only characters the key stores safely: printable ASCII, no blank at the ends.
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
        let outer_blank = new.first() == Some(&' ') || new.last() == Some(&' ');
        Self {
            length: length.contains(&new.iter().map(|c| c.len_utf8()).sum()),
            characters: ascii && !outer_blank,
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

/// PINs that keys are issued with (wire-format/key-contents.md#factory-pins); a key still using one gets a warning.
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

/// Why an address of a proxy can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// Nothing stands there.
    Empty,
    /// Another kind than http or https.
    Scheme,
    /// With a user name or a password: it would be stored readable.
    Login,
    /// It does not read as host and port.
    Malformed,
}

/// The address of a proxy as it is used: `http://host:port`; the kind may be left out.
///
/// # Errors
/// [`AddressFault`].
pub fn proxy_address(text: &str) -> Result<String, AddressFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressFault::Empty);
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Err(AddressFault::Scheme);
    }
    if rest.contains('@') {
        return Err(AddressFault::Login);
    }
    let authority = rest.trim_end_matches('/');
    let (host, port) = match authority.rsplit_once(':') {
        // the colons of an address in brackets are its own
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let good_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good_host = match inner {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let part = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            host.split('.').all(part)
        }
    };
    if !good_port || !good_host {
        return Err(AddressFault::Malformed);
    }
    Ok(format!("{}://{authority}", scheme.to_ascii_lowercase()))
}

/// True for the address of a feed: that of a service.
#[must_use]
pub fn feed_address(text: &str) -> bool {
    ServiceUrl::parse(text.trim()).is_ok()
}

/// The public key of a feed, 04 ‖ X ‖ Y in hex, without the spaces and colons it may be written with; `None` when it is none.
#[must_use]
pub fn feed_key(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect::<String>().to_lowercase();
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| pair.filter(|pair| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    PublicKey::from_uncompressed(bytes?.as_slice()).is_ok().then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::{AddressFault, NewPinRules, feed_address, feed_key, is_known_default, may_open, proxy_address};

    #[test]
    fn the_address_of_a_proxy_is_host_and_port() {
        for (text, good) in [
            ("proxy.example.cn:3128", "http://proxy.example.cn:3128"),
            (" HTTP://10.0.0.1:8080/ ", "http://10.0.0.1:8080"),
            ("https://proxy:443", "https://proxy:443"),
            ("[::1]:3128", "http://[::1]:3128"),
            ("[::1]", "http://[::1]"),
        ] {
            assert_eq!(proxy_address(text).as_deref(), Ok(good), "{text}");
        }
        for (text, fault) in [
            (" ", AddressFault::Empty),
            ("socks5://127.0.0.1:1080", AddressFault::Scheme),
            ("http://me:secret@proxy:3128", AddressFault::Login),
            ("proxy:99999", AddressFault::Malformed),
            ("proxy:0", AddressFault::Malformed),
            ("proxy:+80", AddressFault::Malformed),
            ("proxy:", AddressFault::Malformed),
            ("proxy example:80", AddressFault::Malformed),
            ("http://proxy:80/path", AddressFault::Malformed),
            ("a..b:80", AddressFault::Malformed),
            ("[::g]:80", AddressFault::Malformed),
            ("http://", AddressFault::Malformed),
        ] {
            assert_eq!(proxy_address(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_feed_has_a_secure_address_and_a_key_on_the_curve() {
        assert!(feed_address(" https://update.example.cn/feed.json "));
        assert!(!feed_address("http://update.example.cn/feed.json"));
        assert!(!feed_address("update.example.cn"));
        // GM/T 0003.5 appendix A: the base point of the recommended curve
        let (x, y) = (
            "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7",
            "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0",
        );
        let key = format!("04{x}{y}");
        assert_eq!(feed_key(&key), Some(key.to_lowercase()));
        assert_eq!(feed_key(&format!("04 {x}:{y}\n")), Some(key.to_lowercase()));
        assert_eq!(feed_key(&key.replace("139F0A0", "139F0A1")), None, "not on the curve");
        assert_eq!(feed_key(&key[..128]), None);
        assert_eq!(feed_key(&format!("{key}00")), None);
        assert_eq!(feed_key("04xyz"), None);
        assert_eq!(feed_key(""), None);
    }

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
