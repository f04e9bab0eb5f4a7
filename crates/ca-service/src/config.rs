//! How a service presents itself and what it asks of its customers: `service.toml` in its folder.

use super::error::ServiceError;
use super::gateways::{MailSettings, SmsSettings};
use order_api::Support;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Name of the file in the service's folder.
pub const FILE: &str = "service.toml";

/// The whole file; what it does not name is as in [`Config::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the CA as people know it.
    pub name: String,
    /// Address under which the service is reached from outside, without a slash at the end; stands in certificates.
    pub public_url: String,
    /// Whether an order needs the answer to a captcha.
    pub captcha: bool,
    /// Whether requests come through a reverse proxy that says in `X-Forwarded-For` who asks.
    pub behind_proxy: bool,
    /// Whom to call.
    pub support: Support,
    /// How much one customer may ask for.
    pub limits: Limits,
    /// Who sends SMS.
    pub sms: SmsSettings,
    /// Who sends mails; without it they wait in the outbox, where the console shows them.
    pub mail: Option<MailSettings>,
}

/// How much one customer may ask for; 0 = no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second from one address, on average.
    pub per_address_second: u32,
    /// Requests from one address at once.
    pub per_address_burst: u32,
    /// Sessions of one certificate within a minute.
    pub sessions_minute: u32,
    /// Sessions of one certificate within a day.
    pub sessions_day: u32,
    /// Orders of one certificate within a day.
    pub orders_day: u32,
    /// Codes to one mobile number within a day.
    pub codes_day: u32,
    /// Applications for an unlock of one certificate within a day.
    pub unlocks_day: u32,
    /// Codes of unlocks to one mobile number or e-mail address within a day.
    pub unlock_codes_day: u32,
}

impl Limits {
    /// Nothing is limited.
    pub const NONE: Self = Self {
        per_address_second: 0,
        per_address_burst: 0,
        sessions_minute: 0,
        sessions_day: 0,
        orders_day: 0,
        codes_day: 0,
        unlocks_day: 0,
        unlock_codes_day: 0,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_address_second: 10,
            per_address_burst: 60,
            sessions_minute: 6,
            sessions_day: 60,
            orders_day: 10,
            codes_day: 10,
            unlocks_day: 5,
            unlock_codes_day: 5,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Demo Trust Centre".to_owned(),
            public_url: "http://127.0.0.1:8443".to_owned(),
            captcha: true,
            behind_proxy: false,
            support: Support::default(),
            limits: Limits::default(),
            sms: SmsSettings::default(),
            mail: None,
        }
    }
}

impl Config {
    /// Reads the file of a folder; a folder without it has the defaults.
    ///
    /// # Errors
    /// [`ServiceError`] when the file can't be read or is not this.
    pub fn load(dir: &Path) -> Result<Self, ServiceError> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ServiceError::File { path, source }),
        };
        toml::from_str(&text).map_err(|error| ServiceError::Unacceptable(format!("{}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, FILE};

    #[test]
    fn a_file_may_name_some_things_and_nothing_unknown() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Config::load(dir.path()).unwrap(), Config::default());
        let text = "name = \"CA\"\n[limits]\norders_day = 3\n[support]\ntelephone = \"1\"\nhours = \"\"\n";
        std::fs::write(dir.path().join(FILE), text).unwrap();
        let config = Config::load(dir.path()).unwrap();
        assert_eq!((config.name.as_str(), config.limits.orders_day, config.support.telephone.as_str()), ("CA", 3, "1"));
        assert!(config.captcha);
        std::fs::write(dir.path().join(FILE), "nmae = \"CA\"\n").unwrap();
        assert!(Config::load(dir.path()).is_err());
    }
}
