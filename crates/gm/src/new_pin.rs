//! A new PIN on its way to the key under the key of the present or the admin PIN, with its MAC
//! (wire-format/pins.md#new-pin-block): made by the host for ChangePIN and UnblockPIN, by the authority for the remote
//! form.

use super::{CryptoError, Sm4Key, cbc_mac, ecb_encrypt, pad80};
use base::secret::SecretBytes;

/// Length of the MAC at the end.
const MAC: usize = 4;

/// SM4-ECB(K, length of the new PIN, little-endian ‖ new PIN ‖ 80 00…) ‖ MAC4, where MAC = first 4 bytes of
/// SM4-CBC-MAC(K, IV = challenge ‖ 00…, new PIN ‖ 80 00…).
///
/// # Errors
/// [`CryptoError::Length`] for a challenge of more than 16 bytes or a PIN of more than 65 535.
pub fn protect_new_pin(key: &Sm4Key, challenge: &[u8], new: &[u8]) -> Result<SecretBytes, CryptoError> {
    let mut iv = [0; 16];
    iv.get_mut(..challenge.len()).ok_or(CryptoError::Length)?.copy_from_slice(challenge);
    let length = u16::try_from(new.len()).map_err(|_| CryptoError::Length)?.to_le_bytes();
    let framed = SecretBytes::concat(&[&length, new]);
    let block = SecretBytes::from_vec(ecb_encrypt(key, &pad80(framed.expose()))?);
    let mac = cbc_mac(key, &iv, &pad80(new))?;
    let mac = mac.first_chunk::<MAC>().ok_or(CryptoError::Length)?;
    Ok(SecretBytes::concat(&[block.expose(), mac]))
}

#[cfg(test)]
mod tests {
    use super::protect_new_pin;
    use crate::{CryptoError, pin_key};

    #[test]
    fn it_is_the_observed_block_with_its_mac() {
        let challenge = [0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8];
        let made = protect_new_pin(&pin_key(b"111111"), &challenge, b"222222").unwrap();
        let hex: String = made.expose().iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, "E87F4AC7B1959DC310AA4DD1C09BC28F1D85B834", "wire-format/pins.md#changepin");
    }

    #[test]
    fn a_challenge_of_8_bytes_is_one_of_16_with_zeroes_behind_it() {
        let key = pin_key(b"111111");
        let padded = [[7; 8], [0; 8]].concat();
        let short = protect_new_pin(&key, &[7; 8], b"222222").unwrap();
        assert_eq!(short.expose(), protect_new_pin(&key, &padded, b"222222").unwrap().expose());
        assert!(matches!(protect_new_pin(&key, &[7; 17], b"222222"), Err(CryptoError::Length)));
    }
}
