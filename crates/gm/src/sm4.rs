//! SM4 in the modes the keys use: ECB for single blocks of the wire protocol, CBC, and CBC-MAC.

use super::CryptoError;
use cbc::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
    block_padding::NoPadding,
};
use zeroize::Zeroizing;

/// A 128-bit SM4 key, wiped when dropped.
pub type Sm4Key = Zeroizing<[u8; 16]>;

const BLOCK: usize = 16;

/// Appends `80 00…` up to a multiple of 16 bytes, always at least the `80`.
#[must_use]
pub fn pad80(data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity((data.len() / BLOCK + 1) * BLOCK));
    padded.extend_from_slice(data);
    padded.push(0x80);
    let whole = padded.len().next_multiple_of(BLOCK);
    padded.resize(whole, 0);
    padded
}

/// SM4-ECB over whole blocks.
///
/// # Errors
/// [`CryptoError::Length`] unless the data is a multiple of 16 bytes.
pub fn ecb_encrypt(key: &Sm4Key, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let cipher = sm4::Sm4::new((&**key).into());
    each_block(data, |block| cipher.encrypt_block(block))
}

/// Inverse of [`ecb_encrypt`]; the result may be secret and is wiped.
///
/// # Errors
/// [`CryptoError::Length`] unless the data is a multiple of 16 bytes.
pub fn ecb_decrypt(key: &Sm4Key, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let cipher = sm4::Sm4::new((&**key).into());
    each_block(data, |block| cipher.decrypt_block(block)).map(Zeroizing::new)
}

fn each_block(data: &[u8], step: impl Fn(&mut Block<sm4::Sm4>)) -> Result<Vec<u8>, CryptoError> {
    if !data.len().is_multiple_of(BLOCK) {
        return Err(CryptoError::Length);
    }
    let mut out = data.to_vec();
    for chunk in out.chunks_exact_mut(BLOCK) {
        let block: &mut Block<sm4::Sm4> = chunk.try_into().map_err(|_| CryptoError::Length)?;
        step(block);
    }
    Ok(out)
}

/// SM4-CBC over whole blocks, no padding.
///
/// # Errors
/// [`CryptoError::Length`] unless the data is a multiple of 16 bytes.
pub fn cbc_encrypt(key: &Sm4Key, iv: &[u8; 16], data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut out = data.to_vec();
    cbc::Encryptor::<sm4::Sm4>::new((&**key).into(), iv.into())
        .encrypt_padded::<NoPadding>(&mut out, data.len())
        .map_err(|_| CryptoError::Length)?;
    Ok(out)
}

/// Inverse of [`cbc_encrypt`]; the result may be secret and is wiped.
///
/// # Errors
/// [`CryptoError::Length`] unless the data is a multiple of 16 bytes.
pub fn cbc_decrypt(key: &Sm4Key, iv: &[u8; 16], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut out = Zeroizing::new(data.to_vec());
    cbc::Decryptor::<sm4::Sm4>::new((&**key).into(), iv.into())
        .decrypt_padded::<NoPadding>(&mut out)
        .map_err(|_| CryptoError::Length)?;
    Ok(out)
}

/// The last block of SM4-CBC over whole blocks; the wire uses its first four bytes.
///
/// # Errors
/// [`CryptoError::Length`] unless the message is a non-empty multiple of 16 bytes.
pub fn cbc_mac(key: &Sm4Key, iv: &[u8; 16], message: &[u8]) -> Result<[u8; 16], CryptoError> {
    let all = Zeroizing::new(cbc_encrypt(key, iv, message)?);
    all.last_chunk().copied().ok_or(CryptoError::Length)
}

#[cfg(test)]
mod tests {
    use super::{CryptoError, Sm4Key, cbc_decrypt, cbc_encrypt, cbc_mac, ecb_decrypt, ecb_encrypt, pad80};

    const KEY: [u8; 16] =
        [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];

    #[test]
    fn the_standard_vector_of_sm4_holds() {
        let key = Sm4Key::new(KEY);
        let cipher = ecb_encrypt(&key, &KEY).unwrap();
        let hex: String = cipher.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "681edf34d206965e86b3e94f536e4246", "GB/T 32907, example 1");
        assert_eq!(*ecb_decrypt(&key, &cipher).unwrap(), KEY);
        assert_eq!(cbc_encrypt(&key, &[0; 16], &KEY).unwrap(), cipher, "one block with a zero IV equals ECB");
        assert_eq!(*cbc_decrypt(&key, &[0; 16], &cipher).unwrap(), KEY);
        assert_eq!(cbc_mac(&key, &[0; 16], &KEY).unwrap(), *cipher);
    }

    #[test]
    fn only_whole_blocks_are_taken() {
        let key = Sm4Key::new(KEY);
        assert_eq!(ecb_encrypt(&key, &[0; 15]).err(), Some(CryptoError::Length));
        assert_eq!(cbc_encrypt(&key, &[0; 16], &[0; 17]).err(), Some(CryptoError::Length));
        assert_eq!(cbc_mac(&key, &[0; 16], &[]).err(), Some(CryptoError::Length));
    }

    #[test]
    fn padding_adds_at_least_one_byte() {
        assert_eq!(pad80(&[1; 15]).len(), 16);
        assert_eq!(pad80(&[1; 16]).len(), 32);
        assert_eq!(pad80(&[])[0], 0x80);
    }
}
