//! The blocks that carry a PIN: VerifyPIN form A (wire-format/pins.md#verifypin) and ChangePIN with its MAC
//! (wire-format/pins.md#new-pin-block).
//!
//! Invariant: nothing here outlives its block but the block itself; padded PINs and keys are wiped. The key K of a PIN
//! is made once and the PIN dropped before the first block leaves.

use super::TokenError;
use super::profile::PinRules;
use base::odd_pin::OddPin;
use base::secret::{Pin, SecretBytes};
use gm::{CryptoError, Sm4Key, ecb_encrypt, pad80, pin_key, protect_new_pin};
use std::ops::RangeInclusive;

/// No block was made of a PIN; nothing was sent.
pub const UNSEALED: TokenError = TokenError::Unwritable { what: "PIN" };

/// Random bytes of the key that a block answers; single use.
pub type Challenge = [u8; 8];

/// Length of an admin PIN in bytes: some keys are issued with a short word.
pub const ADMIN_LENGTH: RangeInclusive<usize> = 1..=16;

/// Refuses what can't be the PIN of a key before a try is spent on it: every PIN that is verified passes here.
///
/// # Errors
/// [`TokenError::OddPin`], [`TokenError::PinLength`].
pub fn check_present(lengths: &RangeInclusive<usize>, pin: &Pin) -> Result<(), TokenError> {
    if let Some(odd) = OddPin::of(pin) {
        return Err(TokenError::OddPin(odd));
    }
    if !lengths.contains(&pin.len()) {
        return Err(TokenError::PinLength { min: *lengths.start(), max: *lengths.end() });
    }
    Ok(())
}

/// K of a present PIN or an admin PIN of these lengths; the PIN is wiped here.
///
/// # Errors
/// [`check_present`]: a PIN is never cut.
#[allow(clippy::needless_pass_by_value)] // consumed: a PIN is used once
pub fn present_key(lengths: &RangeInclusive<usize>, pin: Pin) -> Result<Sm4Key, TokenError> {
    check_present(lengths, &pin)?;
    Ok(pin_key(pin.expose()))
}

/// Refuses a new PIN the key can't store safely. `lengths` is that of the model ([`super::Token::pin_length`]), bytes.
///
/// # Errors
/// [`TokenError::NewPinLength`], [`TokenError::NewPinCharacters`].
pub fn check_new(lengths: &RangeInclusive<usize>, new: &Pin) -> Result<(), TokenError> {
    if OddPin::of(new).is_some() {
        return Err(TokenError::NewPinCharacters);
    }
    if !lengths.contains(&new.len()) {
        return Err(TokenError::NewPinLength { min: *lengths.start(), max: *lengths.end() });
    }
    Ok(())
}

/// Data of VerifyPIN: app2 ‖ SM4-ECB(K, 08 00 ‖ RND8 ‖ 80 00…).
///
/// # Errors
/// [`CryptoError`] never in practice: the block is whole.
pub fn verify_data(
    rules: &PinRules,
    key: &Sm4Key,
    challenge: &Challenge,
    application: [u8; 2],
) -> Result<SecretBytes, CryptoError> {
    let plain = pad80(&[rules.challenge_prefix.as_slice(), challenge].concat());
    let block = SecretBytes::from_vec(ecb_encrypt(key, &plain)?);
    Ok(SecretBytes::concat(&[&application, block.expose()]))
}

/// Data of ChangePIN and UnblockPIN: app2 ‖ the new PIN under the key of the present or the admin PIN ‖ MAC4.
///
/// # Errors
/// [`CryptoError`] never in practice: the blocks are whole.
pub fn change_data(
    key: &Sm4Key,
    challenge: &Challenge,
    new: &Pin,
    application: [u8; 2],
) -> Result<SecretBytes, CryptoError> {
    let block = protect_new_pin(key, challenge, new.expose())?;
    Ok(SecretBytes::concat(&[&application, block.expose()]))
}

#[cfg(test)]
mod tests {
    use super::{ADMIN_LENGTH, change_data, check_new, present_key, verify_data};
    use crate::TokenError;
    use crate::profile::{GM3000, PinRules};
    use base::odd_pin::OddPin;
    use base::secret::Pin;

    fn rules() -> &'static PinRules {
        const { GM3000.pin.as_ref().unwrap() }
    }

    fn pin(text: &str) -> Pin {
        Pin::new(text.as_bytes()).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn changed(new: &str) -> String {
        let key = present_key(&rules().present, pin("111111")).unwrap();
        let challenge = [0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8];
        hex(change_data(&key, &challenge, &pin(new), [0x10, 0]).unwrap().expose())
    }

    #[test]
    fn verify_pin_is_the_observed_block() {
        let key = present_key(&rules().present, pin("111111")).unwrap();
        let data = verify_data(rules(), &key, &[1, 2, 3, 4, 5, 6, 7, 8], [0x10, 0]).unwrap();
        assert_eq!(hex(data.expose()), "1000FB0A24425A24A0713A7CCCF82D15CE7E", "wire-format/pins.md#verifypin");
    }

    #[test]
    fn change_pin_is_the_observed_block_and_mac() {
        assert_eq!(changed("222222"), "1000E87F4AC7B1959DC310AA4DD1C09BC28F1D85B834", "wire-format/pins.md#changepin");
    }

    #[test]
    fn a_new_pin_of_15_is_the_block_and_mac_openssl_computes() {
        // openssl enc -sm4-ecb / -sm4-cbc -nopad over the plain texts of wire-format/pins.md#new-pin-block
        let block = "B1C6C8E7A20972F74274083687909A09DD1BC5D798F9FB0506A04C08B96D9918";
        assert_eq!(changed("777777777777777"), format!("1000{block}16D27BCC"));
    }

    #[test]
    fn a_new_pin_of_13_fills_one_block_and_14_or_15_take_two() {
        for (length, data) in [(6, 0x16), (13, 0x16), (14, 0x26), (15, 0x26)] {
            assert_eq!(changed(&"7".repeat(length)).len() / 2, data, "new PIN of {length}");
        }
    }

    #[test]
    fn a_present_pin_of_6_to_16_bytes_is_taken_and_another_refused_not_cut() {
        for length in [6, 16] {
            assert!(present_key(&rules().present, pin(&"7".repeat(length))).is_ok());
        }
        for length in [0, 1, 5, 17, 32] {
            let refused = Some(TokenError::PinLength { min: 6, max: 16 });
            assert_eq!(present_key(&rules().present, pin(&"7".repeat(length))).err(), refused, "{length}");
        }
        assert!(present_key(&ADMIN_LENGTH, pin("admin")).is_ok());
    }

    #[test]
    fn an_odd_present_pin_is_refused_whatever_its_length() {
        for (text, odd) in
            [("1234567890123456\n", OddPin::Control), ("１", OddPin::FullWidth), (" 12345", OddPin::OuterBlank)]
        {
            assert_eq!(present_key(&rules().present, pin(text)).err(), Some(TokenError::OddPin(odd)));
        }
        assert!(present_key(&rules().present, pin("a b!~1")).is_ok(), "a blank inside");
    }

    #[test]
    fn a_new_pin_has_6_to_15_printable_ascii_characters() {
        for good in ["123456", "Aa1!~ _z", "123456789012345"] {
            assert_eq!(check_new(&rules().new, &pin(good)), Ok(()));
        }
        let length = Err(TokenError::NewPinLength { min: 6, max: 15 });
        for bad in ["", "12345", "1234567890123456"] {
            assert_eq!(check_new(&rules().new, &pin(bad)), length);
        }
        for bad in ["密码密码", "12345\u{7f}", "1234\n56", "12345é", " 12345a", "12345a "] {
            assert_eq!(check_new(&rules().new, &pin(bad)), Err(TokenError::NewPinCharacters));
        }
    }
}
