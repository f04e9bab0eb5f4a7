//! What a start, a link or the tray wants to see, as a strict line of text: it can only choose what is shown.

/// What the person wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The window.
    #[default]
    Window,
    /// 证书更新, of the key with this serial number if one is given.
    Renew(Option<String>),
    /// 找回密码.
    Unlock(Option<String>),
    /// 环境检测.
    Check,
    /// 订单.
    Orders,
}

/// Longest serial number in a wish.
const LONGEST_SERIAL: usize = 64;
/// Scheme of links to the program.
const SCHEME: &str = "cert-assistant:";

impl Target {
    /// Reads `renew`, `unlock`, `check`, `orders`, `window`, or a link such as `cert-assistant:renew?serial=12ab`. A serial
    /// number is letters, digits and `-`; anything else is refused.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = match text.strip_prefix(SCHEME) {
            Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
            None => text,
        };
        let (name, query) = match rest.split_once('?') {
            Some((name, query)) => (name, Some(query)),
            None => (rest, None),
        };
        let name = name.strip_suffix('/').filter(|_| rest.len() < text.len()).unwrap_or(name);
        let serial = match query {
            Some(query) => Some(query.strip_prefix("serial=").filter(|serial| is_serial(serial))?.to_owned()),
            None => None,
        };
        match (name, serial) {
            ("window", None) => Some(Self::Window),
            ("renew", serial) => Some(Self::Renew(serial)),
            ("unlock", serial) => Some(Self::Unlock(serial)),
            ("check", None) => Some(Self::Check),
            ("orders", None) => Some(Self::Orders),
            _ => None,
        }
    }

    /// As [`Target::parse`] reads it.
    #[must_use]
    pub fn line(&self) -> String {
        let (name, serial) = match self {
            Self::Window => ("window", &None),
            Self::Renew(serial) => ("renew", serial),
            Self::Unlock(serial) => ("unlock", serial),
            Self::Check => ("check", &None),
            Self::Orders => ("orders", &None),
        };
        match serial {
            Some(serial) => format!("{SCHEME}{name}?serial={serial}"),
            None => format!("{SCHEME}{name}"),
        }
    }
}

fn is_serial(text: &str) -> bool {
    (1..=LONGEST_SERIAL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn wishes_are_read_strictly() {
        for (text, target) in [
            ("renew", Target::Renew(None)),
            ("cert-assistant:renew", Target::Renew(None)),
            ("cert-assistant://renew/", Target::Renew(None)),
            ("cert-assistant:renew?serial=AB-12", Target::Renew(Some("AB-12".to_owned()))),
            ("cert-assistant://unlock/?serial=7", Target::Unlock(Some("7".to_owned()))),
            ("unlock", Target::Unlock(None)),
            ("check", Target::Check),
            ("orders", Target::Orders),
            ("window", Target::Window),
        ] {
            assert_eq!(Target::parse(text), Some(target), "{text}");
        }
        let long = format!("renew?serial={}", "1".repeat(65));
        for text in [
            "",
            " renew",
            "renew ",
            "Renew",
            "renew/",
            "renew?",
            "renew?serial=",
            "renew?serial=1&a=b",
            "renew?pin=1",
            "renew?serial=../x",
            "renew?serial=%31",
            "renew#a",
            "check?serial=1",
            "http://renew",
            "cert-assistant:",
            "cert-assistant:renew/x",
            "cert-assistant:renew\n",
            "renew?serial=一",
            "cert-assistant:cert-assistant:renew",
            &long,
        ] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_line_is_read_as_something_that_does_not_read_the_same_again() {
        let pieces =
            ["cert-assistant:", "//", "renew", "unlock", "check", "?", "serial=", "1a", "/", "&", "\u{0}", "é", "-"];
        let mut seed = 1u64;
        let mut read = 0;
        for n in 0..50_000 {
            let mut text = String::new();
            for _ in 0..n % 6 + 1 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if let Some(piece) = pieces.get((seed >> 33) as usize % (pieces.len() + 3)) {
                    text.push_str(piece);
                }
            }
            if let Some(target) = Target::parse(&text) {
                read += 1;
                assert_eq!(Target::parse(&target.line()), Some(target), "{text}");
            }
        }
        assert!(read > 100, "the generator must reach good lines: {read}");
    }
}
