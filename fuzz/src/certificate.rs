//! Certificates and revocation lists from a key, a file or the network: anything may be in them.

pub fn run(data: &[u8]) {
    certificate::read_any(data);
}
