//! Keyed hashes.

use super::sm3;
use zeroize::Zeroizing;

/// Length of a block of SM3, bytes.
const BLOCK: usize = 64;

/// HMAC with SM3 (RFC 2104).
#[must_use]
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK]);
    if key.len() > BLOCK {
        block.iter_mut().zip(sm3(&[key])).for_each(|(to, from)| *to = from);
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    let inner_key = Zeroizing::new(block.map(|byte| byte ^ 0x36));
    let outer_key = Zeroizing::new(block.map(|byte| byte ^ 0x5C));
    let inner: Vec<&[u8]> = std::iter::once(inner_key.as_slice()).chain(parts.iter().copied()).collect();
    sm3(&[outer_key.as_slice(), &sm3(&inner)])
}

#[cfg(test)]
mod tests {
    use super::hmac;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn the_keyed_hash_is_that_of_openssl() {
        // printf 'message' | openssl dgst -sm3 -mac HMAC -macopt hexkey:…
        assert_eq!(
            hex(&hmac(b"key", &[b"mess", b"age"])),
            "34C90B291A80B7FD7F2BE43D683935BAB9D149164666C4EF8857C815CF2EF832"
        );
        assert_eq!(
            hex(&hmac(&[0x61; 100], &[b"message"])),
            "EC46AEDA0E534DD7AC77E96C96A0B6E2C4C69BF9D59BC3C12BF7930954FC89A3"
        );
    }
}
