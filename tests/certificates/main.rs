//! Certificates, read, checked and exported, with the `openssl` command as the judge.

mod fields;
mod pki;
