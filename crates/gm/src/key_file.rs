//! The PEM forms of certificates and of private keys that lie in the open, in files only their owner can read.

use super::issue::IssueError;
use super::{CryptoError, PrivateKey};
use der::pem::{self, LineEnding};
use zeroize::Zeroizing;

/// Everything of a PKCS#8 SM2 key in front of d: version, id-ecPublicKey with sm2p256v1, then ECPrivateKey version 1.
const PKCS8_HEAD: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
    0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D, 0x04, 0x6D, 0x30, 0x6B, 0x02, 0x01, 0x01, 0x04, 0x20,
];
/// `[1] BIT STRING` with the uncompressed public key.
const PKCS8_TAIL: [u8; 6] = [0xA1, 0x44, 0x03, 0x42, 0x00, 0x04];

/// A private key as PKCS#8 (RFC 5958) with its public half.
pub(super) fn pkcs8_der(key: &PrivateKey) -> Zeroizing<Vec<u8>> {
    let d = key.to_bytes();
    Zeroizing::new([PKCS8_HEAD.as_slice(), d.as_slice(), &PKCS8_TAIL, &key.public().0].concat())
}

/// A private key as unencrypted PKCS#8 PEM, for a file only its owner can read.
///
/// # Errors
/// [`IssueError::Pem`] never in practice.
pub fn private_key_to_pem(key: &PrivateKey) -> Result<Zeroizing<String>, IssueError> {
    pem::encode_string("PRIVATE KEY", LineEnding::LF, &pkcs8_der(key)).map(Zeroizing::new).map_err(|_| IssueError::Pem)
}

/// Inverse of [`private_key_to_pem`].
///
/// # Errors
/// [`IssueError::Pem`], [`IssueError::Crypto`] for a scalar outside the range.
pub fn private_key_from_pem(text: &str) -> Result<PrivateKey, IssueError> {
    let der = Zeroizing::new(from_pem("PRIVATE KEY", text)?);
    PrivateKey::from_pkcs8(&der).map_err(|error| match error {
        CryptoError::Value => error.into(),
        _ => IssueError::Pem,
    })
}

/// A certificate as PEM.
///
/// # Errors
/// [`IssueError::Pem`] never in practice.
pub fn certificate_to_pem(der: &[u8]) -> Result<String, IssueError> {
    pem::encode_string("CERTIFICATE", LineEnding::LF, der).map_err(|_| IssueError::Pem)
}

/// The DER of a certificate in PEM.
///
/// # Errors
/// [`IssueError::Pem`].
pub fn certificate_from_pem(text: &str) -> Result<Vec<u8>, IssueError> {
    from_pem("CERTIFICATE", text)
}

fn from_pem(label: &str, text: &str) -> Result<Vec<u8>, IssueError> {
    match pem::decode_vec(text.as_bytes()) {
        Ok((found, der)) if found == label => Ok(der),
        _ => Err(IssueError::Pem),
    }
}
