//! Certificates in signed data, envelopes and responses of a CA: found by what names them there.

use super::fields::Certificate;
use super::name::Name;
use super::serial::CertificateSerial;
use gm::signed_data::{self, SignerId, Verified};
use gm::{CryptoError, Holder, PublicKey};

impl Certificate {
    /// By which names the holder is known in signed and enveloped data; `None` when the key is no SM2 key.
    #[must_use]
    pub fn holder(&self) -> Option<Holder<'_>> {
        Some(Holder { issuer: self.issuer.der(), serial: self.serial.to_integer(), key: *self.sm2_key()? })
    }
}

/// Reads signed data and checks the signature of its only signer by the certificate in it ([`signed_data::verify`]). Issuer
/// and serial number are compared by value. Whether the certificate is trusted is not looked at.
///
/// # Errors
/// As [`signed_data::verify`]; [`CryptoError::Encoding`] for not exactly one certificate of the signer.
pub fn verify_signed_data(p7: &[u8], detached: Option<&[u8]>) -> Result<Verified, CryptoError> {
    signed_data::verify(p7, detached, signer)
}

fn signer<'a>(id: SignerId<'a>, certificates: &[&'a [u8]]) -> Result<(&'a [u8], PublicKey), CryptoError> {
    let (issuer, serial) = (Name::from_der(id.issuer), CertificateSerial::from_integer(id.serial));
    // others may be of any kind
    let read = certificates.iter().filter_map(|der| Some((*der, Certificate::parse(der).ok()?)));
    let mut found = read.filter(|(_, one)| one.serial == serial && one.issuer.matches(&issuer));
    match (found.next(), found.next()) {
        (Some((der, one)), None) => Ok((der, *one.sm2_key().ok_or(CryptoError::Unsupported)?)),
        _ => Err(CryptoError::Encoding),
    }
}

/// The first of several certificates (DER) that speaks for a key.
#[must_use]
pub fn certificate_of(key: &PublicKey, certificates: &[Vec<u8>]) -> Option<Certificate> {
    certificates.iter().filter_map(|der| Certificate::parse(der).ok()).find(|one| one.sm2_key() == Some(key))
}
