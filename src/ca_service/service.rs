//! What all parts of a running service share.

use super::clock::Clock;
use super::store::Store;
use crate::ca::protocol::Support;
use serde::{Deserialize, Serialize};

/// How this service presents itself and what it asks of its customers; `service.toml` in its folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the CA as people know it.
    pub name: String,
    /// Address under which the service is reached from outside, without a slash at the end; stands in certificates.
    pub public_url: String,
    /// Whom to call.
    pub support: Support,
    /// Whether an order needs the answer to a captcha.
    pub captcha: bool,
    /// How much one customer may ask for.
    pub limits: Limits,
}

/// How much one customer may ask for; 0 = no limit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Demo Trust Centre".to_owned(),
            public_url: "http://127.0.0.1:8443".to_owned(),
            support: Support::default(),
            captcha: true,
            limits: Limits::default(),
        }
    }
}

/// A service: books, keys and rules.
pub struct Service {
    /// How it presents itself.
    pub config: Config,
    /// The books.
    pub store: Store,
    /// The present moment.
    pub clock: Clock,
}

impl Service {
    /// The present moment, seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }
}
