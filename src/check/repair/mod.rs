//! 修复: what the program can do about a finding when the person asks for it.
//!
//! Invariants: what runs with an administrator's rights is exactly the line that was shown; it is run once; a person who
//! cancels is told so and nothing has changed.

mod clean;
mod elevation;
mod rule;
mod service;

use super::outside::autostart;
use super::scene::Scene;
use base::fault::{Fault, FaultCode};
use elevation::Powers;
pub use rule::contents as udev_rule;

/// Where the person goes on by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// 设置.
    Settings,
    /// 证书更新 of the key in a reader.
    Renew,
    /// 找回密码.
    Unlock,
    /// 修改密码.
    ChangePin,
    /// The keys.
    Keys,
}

/// Something that mends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Start the smart-card service.
    StartService,
    /// Install the udev rule that lets the person at the desk use known keys.
    InstallUdevRule,
    /// Start with the desktop.
    AddAutostart,
    /// Set damaged files aside and clear what may be lost.
    CleanStorage,
    /// Nothing to carry out: another page of this program helps.
    Open(Page),
}

impl Repair {
    /// Short name, in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartService => "start-service",
            Self::InstallUdevRule => "install-udev-rule",
            Self::AddAutostart => "add-autostart",
            Self::CleanStorage => "clean-storage",
            Self::Open(_) => "open-page",
        }
    }

    /// The command that will be run with an administrator's rights, exactly; shown before it is carried out. `None` when no
    /// such rights are needed.
    #[must_use]
    pub fn command(self, scene: &Scene) -> Option<String> {
        let line = match self {
            Self::StartService => service::line(scene),
            Self::InstallUdevRule => rule::line(scene),
            Self::AddAutostart | Self::CleanStorage | Self::Open(_) => return None,
        };
        Some(Powers::of(scene).shown(&line))
    }
}

/// Carries a repair out. Called on a thread of its own: it may ask the person for a password through the system.
///
/// # Errors
/// The fault to show.
pub fn carry_out(repair: Repair, scene: &Scene) -> Result<(), Fault> {
    tracing::info!(repair = repair.as_str(), "a repair begins");
    match repair {
        Repair::StartService => service::start(scene, &Powers::of(scene)),
        Repair::InstallUdevRule => rule::install(scene, &Powers::of(scene)),
        Repair::AddAutostart => match autostart(scene) {
            Some(autostart) => autostart.set(true),
            None => Err(Fault::new(FaultCode::AutostartNotSet)),
        },
        Repair::CleanStorage => clean::clean(&scene.folders),
        Repair::Open(_) => Ok(()),
    }
}
