//! Order API v1 over HTTP.

use super::adapter::CaError;
use super::http::Proxy;
use super::profiles::CaProfile;

/// The service of a CA that speaks order API v1.
pub struct OrderApi {}

impl OrderApi {
    /// A client for the service of a profile. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CaError::NotHere`] when the profile has no service, [`CaError::Network`] when proxy address or private roots are
    /// unusable.
    pub fn new(_profile: &CaProfile, _proxy: &Proxy) -> Result<Self, CaError> {
        Ok(Self {})
    }
}
