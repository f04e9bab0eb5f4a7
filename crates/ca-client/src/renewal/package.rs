//! The package of new certificates, checked completely before anything of it reaches the key (GM/T 0092 §8).

use crate::authorities::under_root;
use certificate::{Certificate, Usage, certificate_of, chain};
use gm::csr_response::CsrResponse;
use gm::{EnvelopedKey, PublicKey};
use order_api::{CLOCK_TOLERANCE, Order, Period};

/// What goes into the key.
pub(super) struct Package {
    /// Signing certificate, DER.
    pub sign: Vec<u8>,
    /// Encryption certificate, DER.
    pub encrypt: Vec<u8>,
    /// The encryption pair, wrapped for the new signing key.
    pub pair: EnvelopedKey,
}

/// What was ordered.
pub(super) struct Expected<'a> {
    /// The new signing key.
    pub key: &'a PublicKey,
    /// The old signing certificate, DER.
    pub old: &'a [u8],
    /// What the CA says of itself now: operation CA first, root last; DER.
    pub chain: &'a [Vec<u8>],
    /// The order as it came with the package.
    pub order: &'a Order,
    /// Validity the person was shown.
    pub shown: Period,
    /// The computer's clock.
    pub now: i64,
}

impl Package {
    /// Reads a package that was checked before.
    pub(super) fn read(der: &[u8], key: &PublicKey) -> Result<Self, &'static str> {
        let response = CsrResponse::from_der(der).map_err(|_| "package does not read")?;
        let sign = certificate_of(key, &response.sign).ok_or("no signing certificate for the new key")?;
        let pair = response.key.as_ref().ok_or("no encryption pair")?.clone();
        let encrypt =
            certificate_of(&pair.public, &response.encrypt).ok_or("no certificate for the encryption pair")?;
        Ok(Self { sign: sign.der().to_vec(), encrypt: encrypt.der().to_vec(), pair })
    }

    /// Reads a package and checks all of it.
    pub(super) fn checked(der: &[u8], expected: &Expected<'_>) -> Result<Self, &'static str> {
        let package = Self::read(der, expected.key)?;
        // who issued them may have been followed by another since, so that the package names its own way to the root
        let response = CsrResponse::from_der(der).map_err(|_| "package does not read")?;
        let named = response.sign.iter().chain(&response.encrypt).chain(expected.chain).map(Vec::as_slice);
        let authorities = under_root(expected.chain, named).ok_or("the CA names no root")?;
        let old = Certificate::parse(expected.old).map_err(|_| "the old certificate does not read")?;
        let mut serials = Vec::new();
        for (certificate, usages) in [
            (&package.sign, [Usage::DigitalSignature].as_slice()),
            (&package.encrypt, &[Usage::KeyEncipherment, Usage::DataEncipherment, Usage::KeyAgreement]),
        ] {
            let read = Certificate::parse(certificate).map_err(|_| "certificate does not read")?;
            if chain(&read, &authorities, expected.now).fault.is_some() {
                return Err("not issued under the root of the CA");
            }
            if read.subject.der() != old.subject.der() {
                return Err("another subject");
            }
            let validity =
                read.validity.map(|validity| Period { from: validity.not_before, until: validity.not_after });
            if validity != Some(expected.order.new) {
                return Err("another validity than the order says");
            }
            if read.allows_any(usages) == Some(false) {
                return Err("key usage does not fit");
            }
            serials.push(read.serial_hex());
        }
        let named = &expected.order.issued;
        if !named.is_empty() && !named.iter().map(|serial| serial.to_ascii_uppercase()).eq(serials) {
            return Err("other serial numbers than the order says");
        }
        if expected.order.new.until < expected.shown.until {
            return Err("a shorter validity than was promised");
        }
        if expected.order.new.from > expected.now + CLOCK_TOLERANCE {
            return Err("not valid yet");
        }
        Ok(package)
    }
}
