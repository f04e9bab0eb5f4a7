//! From the model to the words of the chosen language.

use super::icons::Icon;
use super::widgets::Tone;
use crate::app::{FaultCode, KeyModel, KeyState, KeyView, LineState, Standing};
use base::display::line;
use certificate::{Certificate, Day, Holder, PublicKeyInfo, Usage, beijing_day};
use order_api::{OrderKind, Period};
use rust_i18n::t;
use std::borrow::Cow;

/// Shown where a field is absent: nothing is guessed.
pub const ABSENT: &str = "—";

/// Owner of a key: the certificate's, else the label of the key, else what the standing says.
#[must_use]
pub fn owner(view: &KeyView) -> String {
    let from_certificate = view.leading().and_then(|certificate| certificate.owner.clone());
    from_certificate
        .or_else(|| Some(view.contents.device.label.clone()).filter(|label| !label.is_empty()))
        .map_or_else(|| t!("key.nameless").into_owned(), |name| line(&name))
}

/// Characters of a name within a sentence or a line.
pub const NAME: usize = 40;

/// The beginning of a text, with "…" when there is more.
#[must_use]
pub fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// 密码卡序列号.
#[must_use]
pub fn card_number(view: &KeyView) -> String {
    view.leading()
        .and_then(|certificate| certificate.identity.card_number.as_ref())
        .map_or_else(|| ABSENT.to_owned(), |number| number.value.clone())
}

/// Text of an optional value.
#[must_use]
pub fn or_absent(value: Option<&str>) -> &str {
    value.filter(|text| !text.is_empty()).unwrap_or(ABSENT)
}

/// A calendar day.
#[must_use]
pub fn day(day: Day) -> String {
    let Day { year, month, day } = day;
    t!("date.day", year = year, month = format!("{month:02}"), day = format!("{day:02}")).into_owned()
}

/// 证书有效期, in the wording people know.
#[must_use]
pub fn validity(certificate: &Certificate) -> String {
    let Some(validity) = certificate.validity else { return t!("date.unreadable").into_owned() };
    t!("date.period", from = day(validity.first_day()), to = day(validity.last_day())).into_owned()
}

/// 证书类型, such as 单位证书 (SM2).
#[must_use]
pub fn certificate_type(certificate: &Certificate) -> String {
    let holder = match certificate.identity.holder {
        Some(Holder::Person) => t!("type.person"),
        Some(Holder::Organisation) => t!("type.organisation"),
        None => t!("type.other"),
    };
    format!("{holder} ({})", key_type(certificate))
}

/// The kind of public key, such as SM2 or RSA 2048.
#[must_use]
pub fn key_type(certificate: &Certificate) -> String {
    match &certificate.key {
        PublicKeyInfo::Sm2(_) => "SM2".to_owned(),
        PublicKeyInfo::Rsa(bits) => format!("RSA {bits}"),
        PublicKeyInfo::Other(oid) => oid.clone(),
    }
}

/// 密钥用途.
#[must_use]
pub fn usage(certificate: &Certificate) -> String {
    let word = |usage: &Usage| match usage {
        Usage::DigitalSignature => t!("usage.digital_signature"),
        Usage::NonRepudiation => t!("usage.non_repudiation"),
        Usage::KeyEncipherment => t!("usage.key_encipherment"),
        Usage::DataEncipherment => t!("usage.data_encipherment"),
        Usage::KeyAgreement => t!("usage.key_agreement"),
        Usage::CertificateSigning => t!("usage.certificate_signing"),
        Usage::CrlSigning => t!("usage.crl_signing"),
        Usage::EncipherOnly => t!("usage.encipher_only"),
        Usage::DecipherOnly => t!("usage.decipher_only"),
    };
    match &certificate.usage {
        None => t!("usage.unrestricted").into_owned(),
        Some(list) => list.iter().map(word).collect::<Vec<_>>().join(&t!("common.list_separator")),
    }
}

/// A period of validity.
#[must_use]
pub fn period(period: Period) -> String {
    t!("date.period", from = day_of(period.from), to = day_of(period.until)).into_owned()
}

/// The day of a moment.
#[must_use]
pub fn day_of(unix: i64) -> String {
    day(beijing_day(unix))
}

/// Day and time of a moment, in Beijing.
#[must_use]
pub fn moment(unix: i64) -> String {
    const BEIJING: i64 = 8 * 3600;
    let minutes = (unix + BEIJING).rem_euclid(86_400) / 60;
    let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    t!("date.moment", day = day_of(unix), time = time).into_owned()
}

/// Whole seconds; minutes from a minute on.
#[must_use]
pub fn seconds(count: u64) -> String {
    if count < 60 {
        t!("date.seconds", n = count).into_owned()
    } else {
        t!("date.minutes", minutes = count / 60, seconds = count % 60).into_owned()
    }
}

/// A short time with one decimal.
#[must_use]
pub fn tenths(time: std::time::Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    t!("date.seconds", n = format!("{}.{}", tenths / 10, tenths % 10)).into_owned()
}

/// An amount, given in fen.
#[must_use]
pub fn money(fen: i64) -> String {
    if fen == 0 {
        return t!("money.free").into_owned();
    }
    t!("money.yuan", amount = format!("{}.{:02}", fen / 100, fen.rem_euclid(100))).into_owned()
}

/// Why the PIN of a key can't be used here; `None` when it can.
#[must_use]
pub fn pin_obstacle(view: &KeyView) -> Option<Cow<'static, str>> {
    match view.contents.pin {
        None => Some(t!("obstacle.no_pin")),
        Some(_) if !view.contents.known_model => Some(t!("obstacle.unknown_model")),
        Some(pin) if pin.is_locked() => Some(t!("obstacle.locked")),
        Some(_) => None,
    }
}

/// How far an order is: icon, tone, word.
#[must_use]
pub fn order_state(kind: OrderKind, state: LineState) -> (Icon, Tone, Cow<'static, str>) {
    match state {
        LineState::Interrupted if kind == OrderKind::Unlock => {
            (Icon::Warning, Tone::Warn, t!("order.unlock_interrupted"))
        }
        LineState::CodeSent => (Icon::Info, Tone::Ok, t!("order.code_sent")),
        LineState::ReportMissing => (Icon::Warning, Tone::Warn, t!("order.report_missing")),
        LineState::Sending => (Icon::Clock, Tone::Quiet, t!("order.sending")),
        LineState::VerifyMobile => (Icon::Info, Tone::Warn, t!("order.verify_mobile")),
        LineState::Reviewing => (Icon::Clock, Tone::Quiet, t!("order.reviewing")),
        LineState::Payment => (Icon::Info, Tone::Warn, t!("order.payment")),
        LineState::Ready => (Icon::Check, Tone::Ok, t!("order.ready")),
        LineState::Interrupted => (Icon::Warning, Tone::Warn, t!("order.interrupted")),
        LineState::Done => (Icon::Check, Tone::Ok, t!("order.done")),
        LineState::Rejected => (Icon::Cross, Tone::Danger, t!("order.rejected")),
        LineState::Expired => (Icon::Cross, Tone::Danger, t!("order.expired")),
        LineState::Refused => (Icon::Cross, Tone::Danger, t!("order.refused")),
        LineState::Cancelled => (Icon::Cross, Tone::Quiet, t!("order.cancelled")),
    }
}

/// Days with the right plural.
#[must_use]
pub fn days(count: i64) -> String {
    if count == 1 { t!("date.one_day").into_owned() } else { t!("date.days", n = count).into_owned() }
}

/// Tries left of a PIN.
#[must_use]
pub fn tries(left: u8) -> String {
    match left {
        0 => t!("pin.tries_none").into_owned(),
        1 => t!("pin.tries_one").into_owned(),
        _ => t!("pin.tries", n = left).into_owned(),
    }
}

/// How a key stands: icon, tone, long and short words.
pub struct StandingWords {
    /// Beside the words.
    pub icon: Icon,
    /// Colour, never alone.
    pub tone: Tone,
    /// For the pill on the card.
    pub long: String,
    /// For the list of keys.
    pub short: String,
}

/// Words for a key in the list and on its card.
#[must_use]
pub fn standing(key: &KeyModel, now: i64) -> StandingWords {
    let same = |icon, tone, text: Cow<'_, str>| StandingWords {
        icon,
        tone,
        long: text.clone().into_owned(),
        short: text.into_owned(),
    };
    match &key.state {
        KeyState::Reading => same(Icon::Clock, Tone::Quiet, t!("standing.reading")),
        KeyState::Failed(fault) => match fault.code {
            FaultCode::KeyUnsupported => same(Icon::Question, Tone::Quiet, t!("standing.unsupported")),
            FaultCode::KeyHeld => same(Icon::Lock, Tone::Warn, t!("standing.held")),
            _ => same(Icon::Warning, Tone::Danger, t!("standing.failed")),
        },
        KeyState::Ready(view) => match view.standing(now) {
            Standing::Locked => same(Icon::Lock, Tone::Danger, t!("standing.locked")),
            Standing::Empty => same(Icon::Circle, Tone::Quiet, t!("standing.empty")),
            Standing::Damaged => same(Icon::Warning, Tone::Danger, t!("standing.damaged")),
            Standing::DatesUnreadable => same(Icon::Warning, Tone::Warn, t!("standing.dates_unreadable")),
            Standing::NotYetValid => same(Icon::Clock, Tone::Warn, t!("standing.not_yet_valid")),
            Standing::Expired(_) => same(Icon::Cross, Tone::Danger, t!("standing.expired")),
            Standing::Expiring(0) => same(Icon::Clock, Tone::Warn, t!("standing.last_day")),
            Standing::Expiring(left) => StandingWords {
                icon: Icon::Clock,
                tone: Tone::Warn,
                long: t!("standing.expiring_long", days = days(left)).into_owned(),
                short: t!("standing.expiring_short", days = days(left)).into_owned(),
            },
            Standing::Valid(left) => same(Icon::Check, Tone::Ok, t!("standing.valid", days = days(left))),
        },
    }
}
