//! What signed and enveloped data need to know of a certificate. X.509 itself is read by the crate `certificate`.

use super::PublicKey;

/// The holder of a certificate: by which names it is known in signed and enveloped data, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// Issuer of the certificate: DER Name, as it stands there.
    pub issuer: &'a [u8],
    /// Serial number of the certificate: content of an INTEGER.
    pub serial: Vec<u8>,
    /// The key the certificate speaks for.
    pub key: PublicKey,
}
