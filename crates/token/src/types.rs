//! What a key tells about itself, and what is told to it.

use base::secret::{Pin, SecretBytes};

/// Device information (wire-format/objects.md#device-information).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Maker as the key states it.
    pub manufacturer: String,
    /// Issuer as the key states it.
    pub issuer: String,
    /// Label set at issuance.
    pub label: String,
    /// USB-Key 序列号: serial number of the device.
    pub serial: String,
    /// Hardware version, major.minor.
    pub hardware: (u8, u8),
    /// Firmware version, major.minor.
    pub firmware: (u8, u8),
    /// Bytes of memory in all.
    pub total_space: u32,
    /// Bytes of memory that were left when the key was recognised.
    pub free_space: u32,
    /// Longest data field of one command, in bytes.
    pub max_apdu_data: u16,
}

/// Whose PIN (`ADMIN_TYPE` 0, `USER_TYPE` 1 of GM/T 0016).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinKind {
    /// Of the certificate authority.
    Admin,
    /// Of the person.
    User,
}

/// State of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinInfo {
    /// Tries after a success.
    pub max_tries: u8,
    /// Tries left now; 0 = locked.
    pub tries_left: u8,
    /// The key reports that the PIN was never changed.
    pub is_default: bool,
}

impl PinInfo {
    /// True when no try is left.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        self.tries_left == 0
    }
}

/// What a key says at the beginning of a remote unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlockChallenge {
    /// For whoever makes the answer.
    pub challenge: [u8; 8],
    /// State of the user PIN.
    pub user: PinInfo,
    /// State of the admin PIN.
    pub admin: PinInfo,
}

/// What unlocks a key whose admin PIN is known elsewhere.
pub struct RemoteUnlock<'a> {
    /// The challenge the answer was made for.
    pub challenge: [u8; 8],
    /// The answer, C ‖ MAC, which goes to the key unchanged.
    pub response: SecretBytes,
    /// The PIN it sets.
    pub transport_pin: Pin,
    /// The PIN that takes its place at once.
    pub new_pin: Pin,
    /// Container whose signing key reports.
    pub container: &'a str,
    /// Digest of the report.
    pub digest: &'a [u8; 32],
}

/// What came of it: the new PIN holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlocked {
    /// State of the user PIN.
    pub pin: PinInfo,
    /// Signature over the digest, r‖s; `None` when the key could not be brought to sign, the PIN holds nevertheless.
    pub signature: Option<[u8; 64]>,
}

/// Which of the two key pairs of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// 签名证书.
    Sign,
    /// 加密证书.
    Encrypt,
}

/// A container with the certificates in it, DER as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name on the key.
    pub name: String,
    /// Type byte: 0 empty, 1 RSA, 2 SM2; not reliable on every model, shown in diagnostics only.
    pub kind: u8,
    /// Signing certificate.
    pub sign: Option<Vec<u8>>,
    /// Encryption certificate.
    pub encrypt: Option<Vec<u8>>,
}

/// What is in a container, without its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerInfo {
    /// Its name on the key.
    pub name: String,
    /// It has a signing pair.
    pub sign_key: bool,
    /// It has an encryption pair.
    pub encrypt_key: bool,
    /// It has a signing certificate.
    pub sign_certificate: bool,
    /// It has an encryption certificate.
    pub encrypt_certificate: bool,
}

/// The file that names the current container (wire-format/key-contents.md#current-container).
pub(crate) const CURRENT_FILE: &str = "BJCAENVSN";

/// One pass over the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContents {
    /// Device information.
    pub device: DeviceInfo,
    /// Name of the application that was opened; `None` on a key without any.
    pub application: Option<String>,
    /// State of the user PIN; `None` without application.
    pub pin: Option<PinInfo>,
    /// All containers in the key's order.
    pub containers: Vec<Container>,
    /// Index of the current container: the one the key states, else the last one with a certificate.
    pub current: Option<usize>,
    /// Names of the files of the application.
    pub files: Vec<String>,
    /// 介质类型 of assets/media.toml; `None` when the model is not in the table.
    pub medium: Option<String>,
    /// False when the PIN format of the model is not proven: then only reading is offered.
    pub known_model: bool,
}

impl KeyContents {
    /// The current container.
    #[must_use]
    pub fn current_container(&self) -> Option<&Container> {
        self.containers.get(self.current?)
    }

    /// Names of the files, without the one in which the key states its current container.
    pub fn other_files(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|name| *name != CURRENT_FILE)
    }
}
