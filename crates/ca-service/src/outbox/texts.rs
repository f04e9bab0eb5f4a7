//! The texts of messages, from `assets/ca-service/messages.toml`.
//!
//! Invariant: a value is data wherever it stands. It is put in once, so that braces in it mean nothing; it has no control
//! characters, so that it ends no line of a mail's head; and in HTML it is escaped.

use base::display::is_deceptive;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Texts of the messages, in the language of the CA's customers.
const TEXTS: &str = include_str!("../../../../assets/ca-service/messages.toml");

#[derive(Deserialize)]
struct File {
    sms: HashMap<String, String>,
    frame: Frame,
    mail: HashMap<String, Mail>,
}

#[derive(Deserialize)]
struct Frame {
    html: String,
}

#[derive(Deserialize)]
struct Mail {
    subject: String,
    text: String,
    html: String,
}

static FILE: LazyLock<Option<File>> = LazyLock::new(|| toml::from_str(TEXTS).ok());

/// A message as its recipient gets it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// Empty for an SMS.
    pub subject: String,
    pub body: String,
    /// Empty for an SMS.
    pub html: String,
}

/// An SMS; `None` when there is no such text or it needs another value.
pub(super) fn sms(template: &str, values: &[(&str, &str)]) -> Option<Text> {
    let body = filled(FILE.as_ref()?.sms.get(template)?, values, one_line)?;
    Some(Text { subject: String::new(), body, html: String::new() })
}

/// A mail; `None` when there is no such text or it needs another value.
pub(super) fn mail(template: &str, values: &[(&str, &str)]) -> Option<Text> {
    let file = FILE.as_ref()?;
    let mail = file.mail.get(template)?;
    let content = filled(mail.html.trim(), values, escaped)?;
    Some(Text {
        subject: filled(&mail.subject, values, one_line)?,
        body: filled(mail.text.trim_start(), values, one_line)?,
        html: filled(file.frame.html.trim_start(), &[("content", &content)], str::to_owned)?,
    })
}

/// A text with its holes filled, each by its value after `shape`; `None` when a value is missing.
pub(crate) fn filled(text: &str, values: &[(&str, &str)], shape: fn(&str) -> String) -> Option<String> {
    let mut whole = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}')?;
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        whole.push_str(before);
        whole.push_str(&shape(value));
        rest = after;
    }
    whole.push_str(rest);
    Some(whole)
}

fn one_line(value: &str) -> String {
    value.chars().map(|character| if is_deceptive(character) { ' ' } else { character }).collect()
}

/// A value as it stands in HTML.
pub(crate) fn escaped(value: &str) -> String {
    one_line(value).chars().fold(String::new(), |mut text, character| {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            other => text.push(other),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{FILE, filled, mail, one_line, sms};

    /// Every text and the values it takes, as long as they get.
    const SMS: &[(&str, &[&str])] = &[
        ("renewal_code", &["ca", "code", "order", "minutes"]),
        ("unlock_code", &["ca", "code", "order", "minutes"]),
        ("unlock_authorization", &["ca", "code", "order", "hours"]),
        ("unlock_done", &["ca", "device", "time", "telephone"]),
        ("unlock_rejected", &["ca", "order", "telephone"]),
    ];
    const MAIL: &[(&str, &[&str])] = &[
        ("unlock_authorization", &["ca", "name", "code", "order", "hours", "device", "telephone"]),
        ("unlock_done", &["ca", "name", "device", "order", "time", "telephone"]),
        ("unlock_rejected", &["ca", "name", "order", "reason", "telephone"]),
    ];
    const VALUES: &[(&str, &str)] = &[
        ("ca", "数字认证中心"),
        ("code", "NDK4MDG4"),
        ("order", "20261120-000001"),
        ("minutes", "10"),
        ("hours", "24"),
        ("device", "7012345678901234"),
        ("time", "2026-11-20 12:00"),
        ("telephone", "400-000-0000"),
        ("name", "示例单位"),
        ("reason", "营业执照不清晰"),
    ];

    fn of(names: &[&str]) -> Vec<(&'static str, &'static str)> {
        VALUES.iter().copied().filter(|(name, _)| names.contains(name)).collect()
    }

    #[test]
    fn every_text_is_known_here() {
        let file = FILE.as_ref().unwrap();
        assert_eq!((file.sms.len(), file.mail.len()), (SMS.len(), MAIL.len()));
    }

    #[test]
    fn an_sms_uses_all_its_values_has_no_holes_and_is_one_message() {
        for (template, names) in SMS {
            let values = of(names);
            assert_eq!(values.len(), names.len(), "{template}");
            let body = sms(template, &values).unwrap().body;
            for (name, value) in &values {
                assert!(body.contains(value), "{template}: {name}: {body}");
            }
            assert!(!body.contains(['{', '}', '\n']), "{template}: {body}");
            // 70 UCS-2 characters travel as one message
            assert!(body.encode_utf16().count() <= 70, "{template}: {} {body}", body.encode_utf16().count());
            for left_out in 0..values.len() {
                let mut fewer = values.clone();
                fewer.remove(left_out);
                assert_eq!(sms(template, &fewer), None, "{template}: {left_out}");
            }
        }
    }

    #[test]
    fn a_mail_uses_all_its_values_in_both_parts_and_has_no_holes() {
        for (template, names) in MAIL {
            let values = of(names);
            assert_eq!(values.len(), names.len(), "{template}");
            let text = mail(template, &values).unwrap();
            for (name, value) in &values {
                assert!(text.body.contains(value), "{template}: {name}: {}", text.body);
                assert!(text.html.contains(value), "{template}: {name}: {}", text.html);
            }
            assert!(text.subject.contains("20261120-000001") && text.subject.contains("数字认证中心"));
            // the code stands on no lock screen
            assert!(!text.subject.contains("NDK4MDG4"), "{}", text.subject);
            for part in [&text.subject, &text.body, &text.html] {
                assert!(!part.contains(['{', '}']), "{template}: {part}");
            }
            assert!(!text.subject.contains('\n') && text.html.starts_with("<!DOCTYPE html>"));
            for left_out in 0..values.len() {
                let mut fewer = values.clone();
                fewer.remove(left_out);
                assert_eq!(mail(template, &fewer), None, "{template}: {left_out}");
            }
        }
    }

    #[test]
    fn a_value_is_data() {
        let mut values = of(MAIL[0].1);
        values.retain(|(name, _)| !["ca", "name"].contains(name));
        values.push(("ca", "CA\r\nBcc: all@example.com"));
        values.push(("name", "<script>alert('{code}')</script> & \"x\""));
        let text = mail("unlock_authorization", &values).unwrap();
        assert!(text.subject.starts_with("【CA  Bcc: all@example.com】"), "{}", text.subject);
        assert!(text.body.contains("<script>alert('{code}')</script>"), "{}", text.body);
        assert!(
            text.html.contains("&lt;script&gt;alert(&#39;{code}&#39;)&lt;/script&gt; &amp; &quot;x&quot;"),
            "{}",
            text.html
        );
        assert!(!text.html.contains("<script"));
    }

    #[test]
    fn what_is_not_there_is_no_text() {
        assert_eq!(sms("nothing", &[]), None);
        assert_eq!(mail("nothing", &[]), None);
        assert_eq!(filled("a {b", &[("b", "c")], one_line), None);
        assert_eq!(filled("a {b}{b} c", &[("b", "{b}")], one_line).unwrap(), "a {b}{b} c");
    }
}
