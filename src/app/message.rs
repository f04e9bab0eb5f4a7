//! Between window and workers: commands go down, events come up.

use super::seal::Picture;
use super::view::KeyView;
use crate::cert;
use crate::fault::Fault;
use crate::secret::Pin;
use crate::token::{KeyUse, PinInfo, ServiceState, Slot};
use std::path::PathBuf;

/// What the person asks for. Not `Clone` and not `Debug`: it can carry PINs.
pub enum Command {
    /// Read this key again.
    Refresh(u64),
    /// Read every key again.
    RefreshAll,
    /// Replace the user PIN of the key in this slot.
    ChangePin {
        /// The slot of the key.
        slot: u64,
        /// PIN that holds now.
        current: Pin,
        /// PIN that shall hold.
        new: Pin,
    },
    /// 检查证书.
    Check {
        /// The slot of the key.
        slot: u64,
        /// Which of the two certificates.
        key_use: KeyUse,
        /// The certificate, DER.
        certificate: Vec<u8>,
    },
    /// Write a file the person chose.
    Save {
        /// What to write.
        content: Content,
        /// Where to.
        path: PathBuf,
    },
}

/// What a file is made of.
pub enum Content {
    /// A certificate, DER, in the format of the file.
    Certificate(Vec<u8>, cert::Format),
    /// Text, such as a diagnosis.
    Text(String),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The smart-card service changed its state.
    Service(ServiceState),
    /// A card was put in.
    Inserted(Slot),
    /// The card of a slot is gone.
    Removed(u64),
    /// A key was read, or could not be.
    Contents {
        /// The slot of the key.
        slot: u64,
        /// What was read.
        result: Result<Box<KeyView>, Fault>,
    },
    /// The key holds a seal picture.
    Seal {
        /// The slot of the key.
        slot: u64,
        /// The picture.
        picture: Picture,
    },
    /// A PIN change ended.
    PinChanged {
        /// The slot of the key.
        slot: u64,
        /// Success or why not.
        result: Result<(), Fault>,
        /// State of the PIN afterwards, when it could be read.
        pin: Option<PinInfo>,
    },
    /// A certificate check ended.
    Checked {
        /// The slot of the key.
        slot: u64,
        /// Which certificate.
        key_use: KeyUse,
        /// The findings.
        result: Result<Vec<cert::Finding>, Fault>,
    },
    /// A file was written, or could not be.
    Saved(Result<PathBuf, Fault>),
}
