//! Certificates and revocation lists from a key, a file or the network: anything may be in them.

use cert_assistant::cert;

pub fn run(data: &[u8]) {
    cert::read_any(data);
}
