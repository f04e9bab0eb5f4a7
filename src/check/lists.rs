//! Revocation lists by the way the person chose, for 检查证书 and for the probe of revocation.

use certificate::{ListSource, RevocationGap};
use net::{FetchError, Fetcher};

/// Fetches lists.
pub struct Lists(pub Fetcher);

impl ListSource for Lists {
    fn accepts(&self, uri: &str) -> Result<(), RevocationGap> {
        self.0.accepts(uri).map_err(gap)
    }

    fn fetch(&self, uri: &str) -> Result<Vec<u8>, RevocationGap> {
        self.0.get(uri).map_err(gap)
    }
}

fn gap(error: FetchError) -> RevocationGap {
    match error {
        FetchError::OtherScheme(scheme) => RevocationGap::OtherScheme(scheme),
        FetchError::Unreachable => RevocationGap::Unreachable,
        FetchError::TimedOut => RevocationGap::TimedOut,
        FetchError::TooLarge => RevocationGap::TooLarge,
        FetchError::Status(status) => RevocationGap::Status(status),
        FetchError::RedirectRefused => RevocationGap::RedirectRefused,
    }
}
