//! The paths of the API. Client, router and checks of signatures take them from here: a signature covers the path it was made for.

/// Version of the API; every path begins with it.
pub const VERSION: &str = "v1";
/// How the service presents itself.
pub const CA: &str = "/v1/ca";
/// A picture with characters.
pub const CAPTCHAS: &str = "/v1/captchas";
/// A challenge, good once.
pub const CHALLENGES: &str = "/v1/challenges";
/// A session of the key on the token.
pub const SESSIONS: &str = "/v1/sessions";
/// Orders of renewals.
pub const ORDERS: &str = "/v1/orders";
/// Applications for unlocks.
pub const UNLOCKS: &str = "/v1/unlocks";

/// What is done with one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The order itself.
    Look,
    /// A code is sent.
    Codes,
    /// A code is checked.
    Verify,
    /// How it is paid.
    Payment,
    /// It is withdrawn.
    Cancel,
    /// Certificates for a CSR.
    Issue,
    /// The new certificates work.
    Confirm,
    /// The answer that unlocks a key.
    Unlock,
    /// The key is unlocked.
    UnlockFinish,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 9] = [
        Self::Look,
        Self::Codes,
        Self::Verify,
        Self::Payment,
        Self::Cancel,
        Self::Issue,
        Self::Confirm,
        Self::Unlock,
        Self::UnlockFinish,
    ];

    const fn behind(self) -> &'static str {
        match self {
            Self::Look => "",
            Self::Codes => "/codes",
            Self::Verify => "/codes/verify",
            Self::Payment => "/payment",
            Self::Cancel => "/cancel",
            Self::Issue => "/issue",
            Self::Confirm => "/confirm",
            Self::Unlock => "/unlock",
            Self::UnlockFinish => "/unlock/finish",
        }
    }

    /// The path for one order. The number must be one that is safe in an address.
    #[must_use]
    pub fn of(self, no: &str) -> String {
        format!("{ORDERS}/{no}{}", self.behind())
    }

    /// The path with a hole for the number, as routers take it.
    #[must_use]
    pub fn route(self) -> String {
        self.of("{no}")
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn every_step_has_a_path_of_its_own() {
        let paths: Vec<String> = Step::ALL.iter().map(|step| step.of("20260101-000001")).collect();
        for (at, path) in paths.iter().enumerate() {
            assert!(path.starts_with("/v1/orders/20260101-000001"), "{path}");
            assert!(!paths[..at].contains(path), "{path}");
        }
        assert_eq!(Step::UnlockFinish.route(), "/v1/orders/{no}/unlock/finish");
    }
}
