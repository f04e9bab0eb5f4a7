//! Tests through the wire, one file per subject; certificates and signatures are judged by the `openssl` command.

mod access;
mod host;
mod judge;
