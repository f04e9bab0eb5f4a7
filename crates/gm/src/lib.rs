//! SM2, SM3 and SM4 on the PC, as thin layers over RustCrypto that close its traps: the identity of SM2 is always
//! given, private keys are wiped and can't be printed, signatures have one byte form each for wire (r‖s) and
//! certificates (DER). Judge in tests: the `openssl` command and the vectors of GB/T 32918, wire-format/pins.md#pin-key
//! and wire-format/crypto-commands.md#key-import-example.

mod asn1;
pub mod csr;
pub mod csr_response;
pub mod enveloped_data;
pub mod enveloped_key;
mod hmac;
mod holder;
pub mod issue;
mod key_file;
mod key_info;
mod new_pin;
mod pin_key;
pub mod sealed_key;
pub mod signed_data;
mod sm2;
mod sm4;

pub use enveloped_key::EnvelopedKey;
pub use hmac::hmac;
pub use holder::Holder;
pub use new_pin::protect_new_pin;
pub use pin_key::pin_key;
pub use sm2::{CryptoError, DEFAULT_ID, PrivateKey, PublicKey, Sm2Cipher, signature_from_der, signature_to_der};
pub use sm4::{Sm4Key, cbc_decrypt, cbc_encrypt, cbc_mac, ecb_decrypt, ecb_encrypt, pad80};

use ::sm3::{Digest, Sm3};

/// SM3 over the joined parts.
#[must_use]
pub fn sm3(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sm3::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Fills an array from the system's random source.
///
/// # Errors
/// [`CryptoError::Random`] when the system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| CryptoError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::sm3;

    #[test]
    fn the_standard_vector_of_sm3_holds_however_the_message_is_cut() {
        let whole: String = sm3(&[b"abc"]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(whole, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", "GB/T 32905, example 1");
        assert_eq!(sm3(&[b"a", b"", b"bc"]), sm3(&[b"abc"]));
    }
}
