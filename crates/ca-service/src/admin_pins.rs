//! Admin PINs of keys: each made from a master secret of this CA and the serial number of the device, so that nobody has to
//! keep them. A new master can be made at any time; devices keep the one they were personalised with.
//!
//! PIN = 16 characters of 5 bits from HMAC-SM3(master, "admin pin" ‖ 0 ‖ serial number): 80 bits.

use base::secret::SecretBytes;
use gm::{PrivateKey, hmac};
use zeroize::Zeroizing;

/// Characters that people and machines do not take for one another: no I, O, 0, 1.
pub const CHARACTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Length of an admin PIN; the longest a key takes.
pub const LENGTH: usize = 16;

/// The master secrets of a CA, the oldest first, numbered from 1.
pub struct Masters(Vec<Zeroizing<[u8; 32]>>);

impl Masters {
    /// From the keys kept for them.
    #[must_use]
    pub fn new(keys: &[PrivateKey]) -> Self {
        Self(keys.iter().map(PrivateKey::to_bytes).collect())
    }

    /// Number of the one new devices get; `None` when the CA has none.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        i64::try_from(self.0.len()).ok().filter(|number| *number > 0)
    }

    /// The admin PIN of a device; `None` when the master is not there.
    #[must_use]
    pub fn admin_pin(&self, master: i64, serial: &str) -> Option<SecretBytes> {
        let index = usize::try_from(master).ok()?.checked_sub(1)?;
        let secret = self.0.get(index)?;
        let bytes = Zeroizing::new(hmac(secret.as_slice(), &[b"admin pin", &[0], serial.as_bytes()]));
        Some(letters::<LENGTH>(&bytes))
    }
}

/// The first bytes as characters, 5 bits each.
#[must_use]
pub fn letters<const N: usize>(bytes: &[u8; 32]) -> SecretBytes {
    let mut text = Zeroizing::new([0; N]);
    for (to, byte) in text.iter_mut().zip(bytes) {
        *to = CHARACTERS.get(usize::from(byte % 32)).copied().unwrap_or_default();
    }
    SecretBytes::copy_of(text.as_slice())
}

#[cfg(test)]
mod tests {
    use super::{CHARACTERS, LENGTH, Masters};
    use gm::PrivateKey;

    fn keys(last: &[u8]) -> Vec<PrivateKey> {
        let key = |&last: &u8| {
            let mut bytes = [0; 32];
            bytes[31] = last;
            PrivateKey::from_bytes(&bytes).unwrap()
        };
        last.iter().map(key).collect()
    }

    fn pin(masters: &Masters, master: i64, serial: &str) -> Option<String> {
        masters.admin_pin(master, serial).map(|pin| String::from_utf8(pin.expose().to_vec()).unwrap())
    }

    #[test]
    fn it_is_the_documented_function_of_master_and_serial_number() {
        // printf 'admin pin\0A1' | openssl dgst -sm3 -mac HMAC -macopt hexkey:00…01, each of the first 16 bytes mod 32
        assert_eq!(pin(&Masters::new(&keys(&[1])), 1, "A1").as_deref(), Some("5TNLKP4W68DL9ANJ"));
    }

    #[test]
    fn every_device_and_every_master_has_its_own_and_old_masters_stay() {
        let old = Masters::new(&keys(&[1]));
        let both = Masters::new(&keys(&[1, 2]));
        assert_eq!((old.newest(), both.newest(), Masters::new(&[]).newest()), (Some(1), Some(2), None));
        let first = pin(&old, 1, "A1").unwrap();
        assert_eq!(pin(&both, 1, "A1").unwrap(), first);
        assert_ne!(pin(&both, 2, "A1").unwrap(), first);
        assert_ne!(pin(&both, 1, "A2").unwrap(), first);
        assert_eq!(first.len(), LENGTH);
        assert!(first.bytes().all(|byte| CHARACTERS.contains(&byte)));
        for none in [0, 3, -1, i64::MAX] {
            assert!(pin(&both, none, "A1").is_none(), "{none}");
        }
    }
}
