//! Private keys at rest: PKCS#8 under PBES2 (RFC 5958, RFC 8018) with scrypt and AES-256-CBC, as PEM. `openssl pkey` reads
//! what is written here, and its own files are read. The costs in a file are bounded before anything is computed.

use super::key_file::pkcs8_der;
use super::{CryptoError, PrivateKey, random};
use der::Decode;
use der::pem::{self, LineEnding};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// scrypt with 16 MiB, the most that OpenSSL 3 reads without being told, and so often that it is as dear as 128 MiB once.
const COST: (u8, u32, u32) = (14, 8, 5);
/// Longest file that is read.
const LONGEST: usize = 64 * 1024;
/// Most memory and work of scrypt in a file: N·r·128 bytes, p times.
const MOST_SCRYPT: u64 = 1 << 30;
/// Most rounds of PBKDF2 in a file.
const MOST_ROUNDS: u32 = 10_000_000;

/// Seals a private key with a passphrase.
///
/// # Errors
/// [`CryptoError::Random`].
pub fn seal(key: &PrivateKey, passphrase: &[u8]) -> Result<Zeroizing<String>, CryptoError> {
    let (log_n, r, p) = COST;
    let cost = scrypt::Params::new(log_n, r, p).map_err(|_| CryptoError::Value)?;
    let parameters =
        Parameters::generate_scrypt_aes256cbc(cost, &random::<16>()?, random()?).map_err(|_| CryptoError::Value)?;
    let encrypted = parameters.encrypt(passphrase, &pkcs8_der(key)).map_err(|_| CryptoError::Value)?;
    let encrypted_data = der::asn1::OctetStringRef::new(&encrypted)?;
    let info = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data };
    let der = der::Encode::to_der(&info)?;
    pem::encode_string(LABEL, LineEnding::LF, &der).map(Zeroizing::new).map_err(|_| CryptoError::Encoding)
}

/// Opens a sealed private key.
///
/// # Errors
/// [`CryptoError::Verification`] for a wrong passphrase, [`CryptoError::Encoding`] unless it is a PEM file of this kind,
/// [`CryptoError::Unsupported`] for other algorithms, curves, or costs out of bounds.
pub fn open(pem: &str, passphrase: &[u8]) -> Result<PrivateKey, CryptoError> {
    if pem.len() > LONGEST {
        return Err(CryptoError::Encoding);
    }
    let (label, der) = pem::decode_vec(pem.as_bytes()).map_err(|_| CryptoError::Encoding)?;
    if label != LABEL {
        return Err(CryptoError::Encoding);
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|error| match error.kind() {
        der::ErrorKind::OidUnknown { .. } => CryptoError::Unsupported,
        _ => CryptoError::Encoding,
    })?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else { return Err(CryptoError::Unsupported) };
    if !bounded(&parameters.kdf) {
        return Err(CryptoError::Unsupported);
    }
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let plain = parameters.decrypt_in_place(passphrase, &mut buffer).map_err(|error| match error {
        pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. } => CryptoError::Unsupported,
        _ => CryptoError::Verification,
    })?;
    // by chance a wrong passphrase may leave a right padding
    PrivateKeyInfoRef::from_der(plain).map_err(|_| CryptoError::Verification)?;
    PrivateKey::from_pkcs8(plain).map_err(|_| CryptoError::Unsupported)
}

fn bounded(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(cost) => cost.iteration_count <= MOST_ROUNDS,
        Kdf::Scrypt(cost) => {
            let parts = [cost.block_size.into(), cost.parallelization.into(), 128];
            let work = parts.into_iter().try_fold(cost.cost_parameter, u64::checked_mul);
            cost.cost_parameter.is_power_of_two() && work.is_some_and(|work| (1..=MOST_SCRYPT).contains(&work))
        }
        _ => false,
    }
}
