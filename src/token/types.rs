//! What a key tells about itself.

/// Device information (token-standards §2.4, short form vendor-wire §7).
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
    /// Index of the container in use: named by the file `BJCAENVSN`, else the last one with a
    /// certificate.
    pub current: Option<usize>,
    /// Names of the files of the application.
    pub files: Vec<String>,
    /// 介质类型 of assets/media.toml; `None` when the model is not in the table.
    pub medium: Option<String>,
    /// False when the PIN format of the model is not proven: then only reading is offered.
    pub known_model: bool,
}

impl KeyContents {
    /// The container in use.
    #[must_use]
    pub fn current_container(&self) -> Option<&Container> {
        self.containers.get(self.current?)
    }
}
