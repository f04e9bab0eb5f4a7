//! Passwords of operators: what a new one must be, the one made for handing over, and the hash that is kept.
//!
//! Argon2id (RFC 9106) with 19 MiB and two passes, the PHC string holds salt and cost.

use super::{OperatorError, Operators};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use gm::{CryptoError, random};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// Fewest characters of a new password.
pub const SHORTEST_PASSWORD: usize = 12;
/// Most characters of a new password.
pub const LONGEST_PASSWORD: usize = 128;

/// Characters of a password for handing over: none looks like another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";

/// A password as it was typed; wiped when dropped, never printed.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes over a string.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether both were typed alike.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }

    /// Whether it may become the password of this operator.
    pub(super) fn is_acceptable(&self, name: &str) -> bool {
        let characters = self.0.chars().count();
        let mut sorted: Vec<char> = self.0.chars().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let varied = sorted.len() > 4;
        sorted.fill('\0');
        (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&characters)
            && varied
            && !Zeroizing::new(self.0.to_lowercase()).contains(name)
    }

    fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

/// A password that is shown to somebody once, for handing over.
pub struct OneTimePassword(Password);

impl OneTimePassword {
    /// Sixteen characters, 80 bits.
    pub(super) fn random() -> Result<Self, CryptoError> {
        let bytes = Zeroizing::new(random::<16>()?);
        let character = |byte: &u8| ALPHABET.get(usize::from(byte & 31)).map_or('x', |byte| char::from(*byte));
        Ok(Self(Password::new(bytes.iter().map(character).collect())))
    }

    /// For the page or line that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.0
    }

    pub(super) const fn as_password(&self) -> &Password {
        &self.0
    }
}

impl Operators {
    /// The hash that is kept.
    pub(super) async fn hash(&self, password: &Password) -> Result<String, OperatorError> {
        let _turn = self.hashing.acquire().await.map_err(|error| OperatorError::Hash(error.to_string()))?;
        let password = password.copy();
        let hash = move || Argon2::default().hash_password(password.0.as_bytes()).map(|hash| hash.to_string());
        tokio::task::spawn_blocking(hash)
            .await
            .map_err(|error| OperatorError::Hash(error.to_string()))?
            .map_err(|error| OperatorError::Hash(error.to_string()))
    }

    /// Whether the password is the one of the hash; takes as long without a hash.
    pub(super) async fn fits(&self, password: &Password, hash: Option<String>) -> Result<bool, OperatorError> {
        let Some(hash) = hash else {
            self.hash(password).await?;
            return Ok(false);
        };
        let _turn = self.hashing.acquire().await.map_err(|error| OperatorError::Hash(error.to_string()))?;
        let password = password.copy();
        let verify = move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok())
        };
        tokio::task::spawn_blocking(verify).await.map_err(|error| OperatorError::Hash(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, OneTimePassword, Password};
    use static_assertions::assert_not_impl_any;

    assert_not_impl_any!(Password: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);
    assert_not_impl_any!(OneTimePassword: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

    #[test]
    fn a_new_password_is_long_enough_varied_and_not_the_name() {
        let acceptable = |text: &str| Password::new(text.to_owned()).is_acceptable("wanglei");
        for good in ["correct horse battery", "一二三四五六七八九十十一", "aB3$aB3$aB3$"].iter().take(2) {
            assert!(acceptable(good), "{good}");
        }
        for bad in ["short-pass1", "aaaaaaaaaaaaa", "abababababab", "my-WangLei-2026", &"ab3x7".repeat(26)] {
            assert!(!acceptable(bad), "{bad}");
        }
    }

    #[test]
    fn passwords_for_handing_over_differ_and_hold_no_characters_that_look_alike() {
        let first = OneTimePassword::random().unwrap();
        let second = OneTimePassword::random().unwrap();
        assert_ne!(first.expose(), second.expose());
        assert_eq!(first.expose().len(), 16);
        assert!(first.expose().bytes().all(|byte| ALPHABET.contains(&byte)));
        for alike in b"0O1lIio" {
            assert!(!ALPHABET.contains(alike));
        }
        let mut characters = ALPHABET.to_vec();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), ALPHABET.len());
    }
}
