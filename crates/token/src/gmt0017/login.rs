//! A login as a type: what needs the user's right can be called on nothing else.

use super::{Gmt0017, Known, Session, current, effects, sign};
use crate::{ContainerInfo, KeyUse, Token, TokenError};
use gm::{EnvelopedKey, PublicKey, Sm2Cipher};
use std::mem::ManuallyDrop;
use zeroize::Zeroizing;

/// A login: the user's right on a key from [`Token::login`] until [`Login::close`] or the drop, which both give it back.
/// It lies on the card; between two calls other programs of the same user may use the key. What sends a PIN of its own,
/// and so would end the login, can't be called meanwhile.
///
/// Calls that need the right give [`TokenError::NotLoggedIn`] without sending their command after a reset, a broken
/// connection or another program took it: a new login is needed then.
///
/// ```
/// fn sign(key: &mut dyn token::Token, pin: base::secret::Pin, e: &[u8; 32]) -> Result<[u8; 64], token::TokenError> {
///     let mut login = key.login(pin)?;
///     login.sign("container", e)
/// }
/// ```
///
/// The key itself has no such method:
/// ```compile_fail,E0599
/// fn sign(key: &mut dyn token::Token, pin: base::secret::Pin, e: &[u8; 32]) -> Result<[u8; 64], token::TokenError> {
///     let mut login = key;
///     login.sign("container", e)
/// }
/// ```
///
/// Nobody makes a login for himself:
/// ```compile_fail,E0451
/// fn sign(key: &mut token::Gmt0017, pin: base::secret::Pin, e: &[u8; 32]) -> Result<[u8; 64], token::TokenError> {
///     let mut login = token::Login { key };
///     login.sign("container", e)
/// }
/// ```
///
/// Nor does he use one that is closed:
/// ```compile_fail,E0382
/// fn sign(key: &mut dyn token::Token, pin: base::secret::Pin, e: &[u8; 32]) -> Result<[u8; 64], token::TokenError> {
///     let mut login = key.login(pin)?;
///     login.close()?;
///     login.sign("container", e)
/// }
/// ```
#[must_use = "a login ends when it is dropped"]
pub struct Login<'a> {
    key: &'a mut Gmt0017,
}

impl<'a> Login<'a> {
    /// The login of a key whose PIN was verified just now.
    pub(super) const fn of(key: &'a mut Gmt0017) -> Self {
        Self { key }
    }

    /// Runs an operation that needs the user's right, and sends nothing for it when that was lost.
    fn run<T>(
        &mut self,
        operation: impl FnOnce(&mut Session<'_>, &Known) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let (mut session, known) = self.key.begin()?;
        session.need_right()?;
        let result = operation(&mut session, &known);
        if matches!(result, Err(TokenError::NotLoggedIn)) {
            session.doubt_right();
        }
        result
    }

    /// Gives the user's right back. Sends nothing when there is none any more.
    ///
    /// # Errors
    /// See [`TokenError`]; after a failure no call relies on the right any more, and dropping the token tries once again.
    pub fn close(self) -> Result<(), TokenError> {
        // the drop would try it again at once
        ManuallyDrop::new(self).key.give_right_back()
    }

    /// Makes an empty container. The name has 1 to 62 printable ASCII characters.
    ///
    /// # Errors
    /// [`TokenError::ContainerExists`], [`TokenError::NoSpace`], [`TokenError::Unwritable`] for a name no key takes.
    pub fn create_container(&mut self, name: &str) -> Result<(), TokenError> {
        effects::check_container_name(name)?;
        self.run(|session, known| effects::create_container(session, known, name))
    }

    /// Deletes a container with its keys and certificates.
    ///
    /// # Errors
    /// [`TokenError::NoContainer`].
    pub fn delete_container(&mut self, name: &str) -> Result<(), TokenError> {
        self.run(|session, known| effects::delete_container(session, known, name))
    }

    /// Makes an SM2 signing pair inside the key. A pair that is there is never replaced.
    ///
    /// # Errors
    /// [`TokenError::KeyPairExists`], [`TokenError::NoContainer`], [`TokenError::NoSpace`].
    pub fn generate_key_pair(&mut self, container: &str) -> Result<PublicKey, TokenError> {
        self.run(|session, _| effects::generate_key_pair(session, container))
    }

    /// Signs a digest e with the signing key. Returns r‖s.
    ///
    /// # Errors
    /// [`TokenError::NotLoggedIn`] also on keys that want the PIN before every signature; [`TokenError::NoContainer`].
    pub fn sign(&mut self, container: &str, e: &[u8; 32]) -> Result<[u8; 64], TokenError> {
        self.run(|session, known| {
            let name = session.container_name(container);
            sign(session, known, &name, e)
        })
    }

    /// Stores an encryption pair that was wrapped for the container's signing key; one that was there is replaced, its
    /// certificate with it.
    ///
    /// # Errors
    /// [`TokenError::Refused`] when the pair was wrapped for another key, [`TokenError::NoContainer`],
    /// [`TokenError::NoSpace`], [`TokenError::Unwritable`] for a package with wrong lengths.
    pub fn import_key_pair(&mut self, container: &str, key: &EnvelopedKey) -> Result<(), TokenError> {
        effects::check_key_package(key)?;
        self.run(|session, _| effects::import_key_pair(session, container, key))
    }

    /// Stores a certificate beside its pair; the key does not look into it. Cut off before the last piece, the previous
    /// certificate stays.
    ///
    /// # Errors
    /// [`TokenError::NoContainer`], [`TokenError::NoSpace`], [`TokenError::Unwritable`] when it is empty or longer than
    /// 65 536 bytes.
    pub fn import_certificate(&mut self, container: &str, key_use: KeyUse, der: &[u8]) -> Result<(), TokenError> {
        effects::check_certificate(der)?;
        self.run(|session, known| effects::import_certificate(session, known, container, key_use, der))
    }

    /// Decrypts with the encryption key.
    ///
    /// # Errors
    /// [`TokenError::Refused`] when it was encrypted for another key, [`TokenError::NoContainer`],
    /// [`TokenError::Unwritable`] when it is longer than one command carries.
    pub fn decrypt(&mut self, container: &str, cipher: &Sm2Cipher) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        self.run(|session, known| effects::decrypt(session, known, container, cipher))
    }

    /// Makes `data`, followed by zero bytes up to the file's size, the contents of a file.
    ///
    /// What fits one command is switched in one command: after a cut the file has its old or its new contents. Longer
    /// contents and a file that is missing or too small are written in several: after a cut the file may be missing, empty
    /// or mixed, and is written again by the same call. A new file has at least 128 bytes; everyone may read it, the user
    /// may write it.
    ///
    /// # Errors
    /// [`TokenError::NoSpace`], [`TokenError::Unwritable`] for a name of more than 32 bytes or contents of more than
    /// 65 535 bytes.
    pub fn write_file(&mut self, name: &str, data: &[u8]) -> Result<(), TokenError> {
        effects::check_file(name, data)?;
        self.run(|session, known| effects::write_file(session, known, name, data))
    }

    /// Makes ready for [`Login::switch_current`] to `next`: states `current` as the current container, in a way that the
    /// switch replaces by one command. Writes nothing when it is so.
    ///
    /// # Errors
    /// As [`Login::write_file`].
    pub fn prepare_switch(&mut self, current: &str, next: &str) -> Result<(), TokenError> {
        self.run(|session, known| current::prepare(session, known, current, next))
    }

    /// Makes a container the current one. After [`Login::prepare_switch`] and a cut the key states the old or the new one.
    /// Writes nothing when it is so.
    ///
    /// # Errors
    /// As [`Login::write_file`].
    pub fn switch_current(&mut self, container: &str) -> Result<(), TokenError> {
        self.run(|session, known| current::switch(session, known, container))
    }

    /// The current container as [`Token::current_container`] gives it.
    ///
    /// # Errors
    /// As there.
    pub fn current_container(&mut self) -> Result<Option<String>, TokenError> {
        self.key.current_container()
    }

    /// The containers as [`Token::containers`] gives them.
    ///
    /// # Errors
    /// As there.
    pub fn containers(&mut self) -> Result<Vec<ContainerInfo>, TokenError> {
        self.key.containers()
    }

    /// The public key as [`Token::public_key`] gives it.
    ///
    /// # Errors
    /// As there.
    pub fn public_key(&mut self, container: &str, key_use: KeyUse) -> Result<PublicKey, TokenError> {
        self.key.public_key(container, key_use)
    }

    /// The certificate as [`Token::read_certificate`] gives it.
    ///
    /// # Errors
    /// As there.
    pub fn read_certificate(&mut self, container: &str, key_use: KeyUse) -> Result<Option<Vec<u8>>, TokenError> {
        self.key.read_certificate(container, key_use)
    }
}

impl Drop for Login<'_> {
    /// Gives the user's right back on every way out.
    fn drop(&mut self) {
        // whoever drops a login expects no answer, and dropping the token tries it again
        let _ = self.key.give_right_back();
    }
}
