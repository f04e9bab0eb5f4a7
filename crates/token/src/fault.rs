//! From the errors of a key to the faults people see.

use crate::apdu::Meaning;
use crate::{TokenError, TransportError};
use base::fault::{Fault, FaultCode};

/// A smart-card service that does not run: every system has another way out.
pub const SERVICE_STOPPED: FaultCode =
    if cfg!(windows) { FaultCode::ServiceUnusable } else { FaultCode::ServiceStopped };

impl From<&TokenError> for Fault {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Transport(transport) => transport.into(),
            TokenError::Unsupported => Self::new(FaultCode::KeyUnsupported),
            TokenError::UnprovenModel => Self::new(FaultCode::ModelUnproven),
            TokenError::NoApplication => Self::new(FaultCode::KeyEmpty),
            TokenError::WrongPin { left } => Self::new(FaultCode::WrongPin).with("left", left.to_string()),
            TokenError::Locked => Self::new(FaultCode::PinLocked),
            TokenError::PinLength { min, max } => {
                Self::new(FaultCode::PinLength).with("min", min.to_string()).with("max", max.to_string())
            }
            TokenError::OddPin(odd) => (*odd).into(),
            TokenError::NewPinLength { min, max } => {
                Self::new(FaultCode::NewPinLength).with("min", min.to_string()).with("max", max.to_string())
            }
            TokenError::NewPinCharacters => Self::new(FaultCode::NewPinCharacters),
            TokenError::ChangeUncertain => Self::new(FaultCode::PinUncertain),
            TokenError::NotLoggedIn => Self::new(FaultCode::NotLoggedIn),
            TokenError::NoSpace => Self::new(FaultCode::KeyFull),
            TokenError::NoContainer => Self::new(FaultCode::ContainerMissing),
            TokenError::ContainerExists => Self::new(FaultCode::ContainerExists),
            TokenError::KeyPairExists => Self::new(FaultCode::KeyPairExists),
            TokenError::AdminLocked => Self::new(FaultCode::AdminLocked),
            TokenError::WrongAdminPin { left } => Self::new(FaultCode::WrongAdminPin).with("left", left.to_string()),
            TokenError::AdminTriesLow { left } => Self::new(FaultCode::AdminTriesLow).with("left", left.to_string()),
            TokenError::ChallengeLost => Self::new(FaultCode::UnlockChallengeLost),
            TokenError::UnlockUncertain => Self::new(FaultCode::UnlockUncertain),
            TokenError::Unwritable { what } => Self::new(FaultCode::KeyUnwritable).detail(*what),
            TokenError::Refused { command, sw } => {
                let code = match sw.meaning() {
                    Meaning::NoSpace => FaultCode::KeyFull,
                    Meaning::MemoryFault => FaultCode::KeyMemory,
                    _ => FaultCode::KeyRefused,
                };
                Self::new(code).detail(format!("{command} {sw}"))
            }
            TokenError::Malformed { command, what } => {
                Self::new(FaultCode::KeyGarbage).detail(format!("{command}: {what}"))
            }
        }
    }
}

impl From<&TransportError> for Fault {
    fn from(error: &TransportError) -> Self {
        Self::new(match error {
            TransportError::Removed => FaultCode::KeyRemoved,
            TransportError::Held => FaultCode::KeyHeld,
            TransportError::ServiceGone => SERVICE_STOPPED,
            TransportError::Denied => FaultCode::ServiceDenied,
            TransportError::Mute => FaultCode::KeyMute,
            TransportError::Garbage => FaultCode::KeyGarbage,
            TransportError::TooLong => FaultCode::CommandTooLong,
        })
    }
}
