//! What a key keeps without power: its file system, PINs, keys and counters, as one value that is stored as JSON.
//!
//! The file holds the secrets of a virtual key (that is what it is for), so it belongs to its owner alone; the types here
//! still can't be printed or cloned.

use gm::PrivateKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Version of the state file's layout.
pub const FORMAT: u32 = 1;
/// Id of the first application.
pub const FIRST_APPLICATION: u16 = 0x1000;
/// Id of the first container.
pub const FIRST_CONTAINER: u16 = 0x3001;
/// Most containers, certificates and files of one application, as the key states them.
pub const MOST_CONTAINERS: u8 = 64;
/// Two for each container.
pub const MOST_CERTIFICATES: u8 = 2 * MOST_CONTAINERS;
/// Files are counted in two bytes.
pub const MOST_FILES: u16 = 64;

/// Everything a key keeps.
#[derive(Serialize, Deserialize)]
pub struct KeyState {
    /// Layout version, [`FORMAT`].
    pub format: u32,
    /// The device itself.
    pub device: Device,
    /// Its applications.
    pub applications: Vec<Application>,
}

impl KeyState {
    /// A second key with the same content, as a maker's tool might make one.
    ///
    /// # Errors
    /// [`serde_json::Error`] when the state can't be written down.
    pub fn copy(&self) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(&Zeroizing::new(serde_json::to_vec(self)?))
    }
}

/// The device.
#[derive(Serialize, Deserialize)]
pub struct Device {
    /// Maker, at most 64 bytes.
    pub manufacturer: String,
    /// Issuer, at most 64 bytes.
    pub issuer: String,
    /// Label, at most 31 bytes.
    pub label: String,
    /// Serial number of the device, at most 32 bytes.
    pub serial: String,
    /// Vendor's string, at most 128 bytes (wire-format/vendor-commands.md#model-string).
    pub oem: String,
    /// Hardware version.
    pub hardware: (u8, u8),
    /// Firmware version.
    pub firmware: (u8, u8),
    /// Memory in bytes.
    pub total_space: u32,
    /// Longest command data, at most 0x400: above, the vendor's host aborts (wire-format/commands.md#lengths).
    pub max_apdu_data: u16,
    /// Data bytes of one answer before `6A9E`; 0 answers in one piece.
    pub answer_chunk: u16,
    /// Shortest and longest PIN it stores.
    pub pin_length: (u8, u8),
    /// True for a key that asks for the PIN before every signature (GM/T 0027 §9.2).
    pub login_per_signature: bool,
    /// Device authentication key.
    pub auth_key: Secret,
    /// Its retry counter.
    pub auth_tries: Tries,
}

/// A retry counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Tries after a success.
    pub max: u8,
    /// Tries left.
    pub left: u8,
}

/// A PIN with its counter.
#[derive(Serialize, Deserialize)]
pub struct PinState {
    /// The PIN.
    pub value: Secret,
    /// Its counter.
    pub tries: Tries,
    /// True until it is changed for the first time.
    pub is_default: bool,
}

/// An application.
#[derive(Serialize, Deserialize)]
pub struct Application {
    /// Id on the wire.
    pub id: u16,
    /// Name.
    pub name: String,
    /// PIN of the authority.
    pub admin: PinState,
    /// PIN of the person.
    pub user: PinState,
    /// Who may create files.
    pub create_rights: u32,
    /// Containers.
    pub containers: Vec<Container>,
    /// Files.
    pub files: Vec<File>,
    /// Id of the next container.
    pub next_container: u16,
}

/// A container.
#[derive(Serialize, Deserialize)]
pub struct Container {
    /// Id on the wire.
    pub id: u16,
    /// Name.
    pub name: String,
    /// Signing pair and certificate.
    pub sign: Slot,
    /// Encryption pair and certificate.
    pub encrypt: Slot,
}

/// A key pair and its certificate.
#[derive(Default, Serialize, Deserialize)]
pub struct Slot {
    /// Private key d, 32 bytes.
    pub key: Option<Secret>,
    /// Certificate as imported, not checked.
    #[serde(with = "hexed_option")]
    pub certificate: Option<Vec<u8>>,
}

/// A file.
#[derive(Serialize, Deserialize)]
pub struct File {
    /// Name.
    pub name: String,
    /// Who may read: bits of GM/T 0016 table 14.
    pub read_rights: u32,
    /// Who may write.
    pub write_rights: u32,
    /// Contents, always as long as the file was created.
    #[serde(with = "hexed")]
    pub data: Vec<u8>,
}

/// Secret bytes of a virtual key: wiped, not printable, but stored in its state file.
#[derive(PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Copies the bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Tries {
    /// A full counter.
    #[must_use]
    pub const fn full(max: u8) -> Self {
        Self { max, left: max }
    }
}

impl PinState {
    /// A fresh PIN with a full counter.
    #[must_use]
    pub fn new(pin: &[u8], max: u8, is_default: bool) -> Self {
        Self { value: Secret::new(pin), tries: Tries::full(max), is_default }
    }
}

impl Slot {
    /// A slot with a key and without certificate.
    #[must_use]
    pub fn with_key(key: &PrivateKey) -> Self {
        Self { key: Some(Secret::new(key.to_bytes().as_slice())), certificate: None }
    }

    /// The private key.
    #[must_use]
    pub fn private_key(&self) -> Option<PrivateKey> {
        PrivateKey::from_bytes(self.key.as_ref()?.expose()).ok()
    }

    fn size(&self) -> usize {
        self.key.as_ref().map_or(0, |_| 96) + self.certificate.as_ref().map_or(0, Vec::len)
    }
}

impl Container {
    /// Bytes of memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        128 + self.sign.size() + self.encrypt.size()
    }
}

impl KeyState {
    /// Bytes of memory left.
    #[must_use]
    pub fn free_space(&self) -> u32 {
        let application = |one: &Application| {
            let containers: usize = one.containers.iter().map(Container::size).sum();
            let files: usize = one.files.iter().map(|file| 64 + file.data.len()).sum();
            256 + containers + files
        };
        let used: usize = self.applications.iter().map(application).sum();
        self.device.total_space.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// The application with this id.
    #[must_use]
    pub fn application(&self, id: u16) -> Option<&Application> {
        self.applications.iter().find(|one| one.id == id)
    }

    /// The application with this id, to change it.
    pub fn application_mut(&mut self, id: u16) -> Option<&mut Application> {
        self.applications.iter_mut().find(|one| one.id == id)
    }
}

/// Hexadecimal text of bytes; JSON has none.
fn to_hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// Inverse of [`to_hex`].
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |c: &u8| char::from(*c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
            _ => None,
        })
        .collect()
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hexed::deserialize(deserializer).map(|bytes| Self(Zeroizing::new(bytes)))
    }
}

mod hexed {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_hex(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        super::from_hex(&text).ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

mod hexed_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&*super::to_hex(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::from_hex(&text).ok_or_else(|| D::Error::custom("not hexadecimal"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyState, PinState, Secret, Slot};
    use static_assertions::assert_not_impl_any;

    assert_not_impl_any!(Secret: std::fmt::Debug, std::fmt::Display, Clone);
    assert_not_impl_any!(PinState: std::fmt::Debug, Clone);
    assert_not_impl_any!(Slot: std::fmt::Debug, Clone);
    assert_not_impl_any!(KeyState: std::fmt::Debug, Clone);

    #[test]
    fn secrets_and_certificates_survive_the_state_file() {
        let slot = Slot { key: Some(Secret::new(&[0, 0xAB])), certificate: Some(vec![0x30, 0xFF]) };
        let text = serde_json::to_string(&slot).unwrap();
        assert_eq!(text, r#"{"key":"00ab","certificate":"30ff"}"#);
        let back: Slot = serde_json::from_str(&text).unwrap();
        assert!(back.key == slot.key);
        assert_eq!(back.certificate, slot.certificate);
        assert!(serde_json::from_str::<Slot>(r#"{"key":"0","certificate":null}"#).is_err());
    }
}
