//! Binary values inside JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gm::PublicKey;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes written as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String, format = Byte))]
pub struct Base64(pub Vec<u8>);

impl Base64 {
    /// The text of some bytes.
    #[must_use]
    pub fn text(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    /// Reads a text; `None` when it is not base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().map(Self)
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::text(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not base64"))
    }
}

/// An SM2 public key, written as base64 of X ‖ Y (64 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String, format = Byte))]
pub struct SessionKey(pub PublicKey);

impl Serialize for SessionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::text(&self.0.0))
    }
}

impl<'de> Deserialize<'de> for SessionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Base64::deserialize(deserializer)?.0;
        let uncompressed = [&[4], bytes.as_slice()].concat();
        PublicKey::from_uncompressed(&uncompressed).map(Self).map_err(|_| D::Error::custom("not an SM2 public key"))
    }
}
