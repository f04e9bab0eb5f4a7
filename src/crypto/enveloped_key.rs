//! An encryption key pair on its way to a key, wrapped for the signing key in it (GM/T 0009 §7.4 SM2EnvelopedKey).

use super::{PublicKey, Sm2Cipher};

/// SM2EnvelopedKey: an encryption key pair that only the holder of a signing key can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopedKey {
    /// The SM4 key, encrypted to the signing key.
    pub wrapped: Sm2Cipher,
    /// Public half of the encryption pair.
    pub public: PublicKey,
    /// Private half, 32 bytes under SM4-ECB.
    pub encrypted: Vec<u8>,
}
