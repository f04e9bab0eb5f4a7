//! Errors of the API: RFC 9457 problem details with our code.

use serde::{Deserialize, Serialize};

macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal;)*) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode { $($(#[doc = $doc])+ $name,)* }

        impl ProblemCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As written in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// HTTP status it comes with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, for the description of the API.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

problem_codes! {
    /// The body is not what this path takes.
    InvalidRequest = "invalid_request", 400;
    /// A field of the contact is not acceptable; `field` says which.
    InvalidContact = "invalid_contact", 422;
    /// The body is too large.
    TooLarge = "too_large", 413;
    /// The challenge is unknown, used, expired or for another purpose.
    ChallengeInvalid = "challenge_invalid", 401;
    /// The signature is missing or does not fit body, method, path or certificate.
    SignatureInvalid = "signature_invalid", 401;
    /// The client's clock is too far off.
    ClockSkew = "clock_skew", 401;
    /// The certificate is not one of this CA (非本系统用户).
    CertificateUnknown = "certificate_unknown", 403;
    /// The certificate is revoked.
    CertificateRevoked = "certificate_revoked", 403;
    /// The certificate was renewed before.
    CertificateSuperseded = "certificate_superseded", 409;
    /// It is too early to renew.
    TooEarly = "too_early", 409;
    /// The certificate expired too long ago.
    TooLate = "too_late", 409;
    /// The validity shown to the person no longer holds.
    TermsChanged = "terms_changed", 409;
    /// The session is unknown or ended.
    SessionExpired = "session_expired", 401;
    /// The characters of the picture are wrong.
    CaptchaWrong = "captcha_wrong", 422;
    /// The picture is too old or was used.
    CaptchaStale = "captcha_stale", 422;
    /// No such order, or the token does not open it.
    OrderNotFound = "order_not_found", 404;
    /// The order belongs to another key.
    OrderOtherKey = "order_other_key", 403;
    /// The order is not in a state for this.
    OrderState = "order_state", 409;
    /// Another order for this certificate is not finished; `order` names it.
    OrderExists = "order_exists", 409;
    /// The order has a package for another key than that of the CSR.
    OtherRequest = "other_request", 409;
    /// The same Idempotency-Key came with another body.
    IdempotencyConflict = "idempotency_conflict", 422;
    /// The code is wrong; `left` tries remain.
    CodeWrong = "code_wrong", 422;
    /// The code is too old or no tries are left; a new one is needed.
    CodeExpired = "code_expired", 422;
    /// The key is being unlocked by another order; `retry_after` says when that one no longer counts.
    UnlockInProgress = "unlock_in_progress", 409;
    /// The key did not take an earlier answer: the CA does not know its admin PIN, and another try could lock it.
    KeyRefused = "key_refused", 409;
    /// Too many requests; `retry_after` says when to come again.
    RateLimited = "rate_limited", 429;
    /// The limit of this day is reached (明日再试).
    DailyLimit = "daily_limit", 429;
    /// No such path.
    NotFound = "not_found", 404;
    /// The service failed; nothing changed.
    Internal = "internal", 500;
    /// The service can't issue now (database, key store); nothing changed.
    Unavailable = "unavailable", 503;
}

/// Body of an error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank#<code>`-like address of the description, relative to the service.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short English title.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What the program acts on.
    pub code: ProblemCode,
    /// One English sentence for logs and support, never secret.
    pub detail: String,
    /// Number under which the service logged it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// Field that is not acceptable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Order meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Tries left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// First and last moment at which a renewal is possible, for `too_early` and `too_late`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewable: Option<super::Period>,
    /// The service's clock, for `clock_skew`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

impl Problem {
    /// A problem without details.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/docs/problems#{}", code.as_str()),
            title: code.as_str().replace('_', " "),
            status: code.status(),
            code,
            detail: detail.into(),
            instance: String::new(),
            field: None,
            order: None,
            left: None,
            retry_after: None,
            renewable: None,
            time: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, ProblemCode};

    #[test]
    fn the_code_in_json_is_the_code_of_the_table() {
        for &code in ProblemCode::ALL {
            let json = serde_json::to_value(Problem::new(code, "")).unwrap();
            assert_eq!(json["code"], code.as_str());
            assert_eq!(json["status"], code.status());
        }
    }
}
