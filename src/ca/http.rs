//! The HTTP client underneath.

/// How the service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As the system is set.
    #[default]
    System,
    /// Directly.
    None,
    /// Through the proxy at this address.
    Given(String),
}
