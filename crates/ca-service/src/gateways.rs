//! The sections `[mail]` and `[sms]` of `service.toml`. Passwords stand in files of their own.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Name or address of the server.
    pub host: String,
    /// Port; without it 587 for STARTTLS, 465 for TLS from the start, 25 for none.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: MailTls,
    /// Certificates to be trusted instead of those of the system, PEM.
    pub root_file: Option<PathBuf>,
    /// Name to log in with; without it nobody logs in.
    pub user: Option<String>,
    /// File with the password; without it the systemd credential `mail-password`.
    pub password_file: Option<PathBuf>,
    /// Address the mails come from; the name in front of it is that of the CA.
    pub from: String,
    /// Address answers go to.
    pub reply_to: Option<String>,
    /// Longest time of one mail in seconds, 1 to 90.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    /// TLS after STARTTLS (RFC 3207); a server without it gets nothing.
    #[default]
    Starttls,
    /// TLS from the start (RFC 8314 §3.3).
    Implicit,
    /// None, to this machine only.
    NoneLoopbackOnly,
}

/// Who sends SMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gateway", rename_all = "snake_case", deny_unknown_fields)]
pub enum SmsSettings {
    /// Nobody: the console shows them.
    Outbox {},
    /// An HTTP interface.
    Http(Box<HttpSmsSettings>),
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self::Outbox {}
    }
}

/// A gateway that takes one HTTP request for each SMS. In the values of `headers`, `query`, `json` and `form` the words
/// `{to}`, `{text}`, `{id}` (the same when a message is sent again) and `{secret}` are filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSmsSettings {
    /// Address; `http:` to this machine only.
    pub url: String,
    /// Method.
    #[serde(default)]
    pub method: Method,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Behind the address.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Body as JSON.
    pub json: Option<serde_json::Value>,
    /// Body as a form.
    pub form: Option<BTreeMap<String, String>>,
    /// File with what stands for `{secret}`; without it the systemd credential `sms-secret`.
    pub secret_file: Option<PathBuf>,
    /// Certificates to be trusted instead of those of the system, PEM.
    pub root_file: Option<PathBuf>,
    /// Status of success; any of 200 to 299 without it.
    pub success_status: Option<u16>,
    /// Place in the answer (JSON pointer, RFC 6901) that holds `success_value` on success.
    pub success_pointer: Option<String>,
    /// See `success_pointer`.
    pub success_value: Option<serde_json::Value>,
    /// Longest time of one SMS in seconds, 1 to 90.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

/// Methods of a request that sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// POST.
    #[default]
    Post,
    /// GET, as some gateways want.
    Get,
    /// PUT.
    Put,
}

const fn half_a_minute() -> u64 {
    30
}
