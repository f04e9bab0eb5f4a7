//! A CA that is reached by its pages only.

use super::adapter::{CaAdapter, CaError, Capabilities, OrderAnswer, Submission, Way};
use super::profiles::{CaProfile, PortalPages};
use order_api::{
    CaInfo, Captcha, Challenge, IssueResponse, Order, OrderCreated, Payment, Purpose, Session, Support, UnlockAnswer,
};
use std::time::Duration;

/// A CA without a service this program can talk to: it names the page and the telephone, every call is refused.
pub struct Portal {
    pages: PortalPages,
    support: Support,
}

impl Portal {
    /// The CA of a profile and its pages.
    #[must_use]
    pub fn new(profile: &CaProfile, pages: &PortalPages) -> Self {
        Self { pages: pages.clone(), support: profile.support() }
    }
}

impl CaAdapter for Portal {
    fn capabilities(&self) -> Capabilities {
        let way = |page: &Option<String>| page.clone().map_or(Way::Unknown, Way::Page);
        Capabilities {
            kinds: Vec::new(),
            renew: way(&self.pages.renew),
            unlock: way(&self.pages.unlock),
            services: way(&self.pages.services),
        }
    }

    fn support(&self) -> Support {
        self.support.clone()
    }

    fn info(&self) -> Result<CaInfo, CaError> {
        Err(CaError::NotHere)
    }

    fn captcha(&self) -> Result<Captcha, CaError> {
        Err(CaError::NotHere)
    }

    fn challenge(&self, _: Purpose) -> Result<Challenge, CaError> {
        Err(CaError::NotHere)
    }

    fn open_session(&self, _: &[u8], _: &[u8]) -> Result<Session, CaError> {
        Err(CaError::NotHere)
    }

    fn create_order(&self, _: &Submission) -> Result<OrderCreated, CaError> {
        Err(CaError::NotHere)
    }

    fn order(&self, _: &str, _: &str, _: Option<&str>, _: Option<Duration>) -> Result<OrderAnswer, CaError> {
        Err(CaError::NotHere)
    }

    fn send_code(&self, _: &str, _: &str) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn verify_code(&self, _: &str, _: &str, _: &str) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn payment(&self, _: &str, _: &str) -> Result<Payment, CaError> {
        Err(CaError::NotHere)
    }

    fn cancel(&self, _: &str, _: &str) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn issue(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<IssueResponse, CaError> {
        Err(CaError::NotHere)
    }

    fn confirm(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }

    fn create_unlock(&self, _: &Submission) -> Result<OrderCreated, CaError> {
        Err(CaError::NotHere)
    }

    fn begin_unlock(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<UnlockAnswer, CaError> {
        Err(CaError::NotHere)
    }

    fn finish_unlock(&self, _: &str, _: &str, _: &[u8], _: &[u8]) -> Result<Order, CaError> {
        Err(CaError::NotHere)
    }
}
