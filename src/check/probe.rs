//! What a probe is, and the order of the chain.

use super::line::Line;
use super::scene::Scene;

macro_rules! probe_ids {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// The probes in the order of the chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProbeId { $($(#[$doc])* $name,)* }

        impl ProbeId {
            /// Every probe there is, in the order of the chain.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Short name, in JSON and in assets/checks.toml.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

probe_ids! {
    /// USB bus and the keys on it.
    Usb = "usb",
    /// Rights on the devices: udev, polkit, session.
    Permission = "permission",
    /// 智能卡服务: present, running, version, started by its socket.
    Service = "service",
    /// Readers.
    Readers = "readers",
    /// Driver libraries of makers (SKF) and other middleware.
    Drivers = "drivers",
    /// Keys answer; who holds one.
    Keys = "keys",
    /// Application, containers, tries left, default PIN.
    Application = "application",
    /// Certificates: both there, belong to their keys, dates, chain.
    Certificates = "certificates",
    /// Revocation lists.
    Revocation = "revocation",
    /// This computer's clock.
    Clock = "clock",
    /// Network up to the CA's service: name, proxy, connection, TLS.
    Network = "network",
    /// The CA's service answers; its version.
    CaService = "ca",
    /// Browsers.
    Browsers = "browsers",
    /// Loopback ports of the browser service.
    Ports = "ports",
    /// Chinese fonts.
    Fonts = "fonts",
    /// Display, session and locale.
    Desktop = "desktop",
    /// Disk space and rights of the data folders, damaged files.
    Storage = "storage",
    /// This program: version, start with the desktop, settings.
    Program = "program",
}

/// One look at one layer.
pub trait Probe: Send + Sync {
    /// Which one.
    fn id(&self) -> ProbeId;
    /// Looks. Runs on a thread of its own and may wait, but no longer than [`LIMIT`](super::LIMIT).
    fn run(&self, scene: &Scene) -> Line;
}
